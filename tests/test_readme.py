"""README's two commands are the ones that the build machine and the workflows run, and what it names exists."""

import re
import shutil
import subprocess
import sysconfig

import pytest
import yaml

from course_lib.cli import parser
from course_lib.commands.checkout import ROOT
from course_lib.exercise import Exercise
from course_lib.explorer import Explorer
from course_lib.prediction import Prediction
from tests.breakages.runner import table
from tests.browser.pictures.readme import PICTURES
from tests.contracts.lessons import found, subclasses
from tests.lessons.cells import code_cells, lessons

README = (ROOT / "README.md").read_text(encoding="utf-8")
LINES = [line for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
START, TEST = LINES[:2]
WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROOT / ".github/workflows").glob("*.yml")
}


def test_two_commands_set_everything_up():
    assert START.startswith("python3 -m venv .venv && . .venv/*/activate && pip install -c constraints.txt -e . && ")
    assert START.endswith("course lab")
    assert TEST == START.replace("-e .", '-e ".[test]"').replace("course lab", "course test")


def test_they_stand_on_the_first_screen():
    place = README.splitlines().index(TEST)
    assert place < 35


def test_the_build_machine_runs_readmes_test_command():
    assert TEST in (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()


def test_the_build_machine_demands_a_browser_and_everything_else():
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    for words in ("COURSE_REQUIRE=browser", "course test --breakages", "course claims", "python -m benchmarks --quick"):
        assert words in script


def steps(workflow):
    return [step for job in WORKFLOWS[workflow]["jobs"].values() for step in job["steps"]]


def test_the_workflow_runs_readmes_test_command_on_three_systems_and_three_pythons():
    assert [step["run"].strip() for step in steps("ci") if "run" in step] == [TEST]
    matrix = WORKFLOWS["ci"]["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["os"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    assert matrix["python"] == ["3.11", "3.12", "3.13"]


def test_the_weekly_workflow_takes_the_newest_of_everything():
    (command,) = [step["run"].strip() for step in steps("weekly") if "run" in step]
    assert command == TEST.replace("-c constraints.txt", "--upgrade")


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_has_few_rights_and_fixed_actions(name):
    workflow = WORKFLOWS[name]
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["cancel-in-progress"] is True
    assert all(job["timeout-minutes"] <= 60 for job in workflow["jobs"].values())
    used = [step for step in steps(name) if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"]) for step in used)
    assert [step["with"]["persist-credentials"] for step in used if "checkout" in step["uses"]] == [False]


def test_zizmor_finds_nothing():
    zizmor = shutil.which("zizmor", path=sysconfig.get_path("scripts"))
    assert zizmor, "zizmor is not installed: pip install -e '.[test]'"
    done = subprocess.run([zizmor, "--offline", ".github"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("folder", ["bin", "Scripts"])
def test_the_environment_is_activated_on_unix_and_in_git_bash(folder, tmp_path):
    if not shutil.which("sh"):
        pytest.skip("no sh here")
    (tmp_path / ".venv" / folder).mkdir(parents=True)
    (tmp_path / ".venv" / folder / "activate").write_text("echo activated\n")
    activate = TEST.split(" && ")[1]
    assert subprocess.run(["sh", "-c", activate], cwd=tmp_path, capture_output=True, text=True).stdout == "activated\n"


def test_every_command_named_exists():
    known = set(parser()._subparsers._group_actions[0].choices)
    assert set(re.findall(r"`course (\w+)", README)) == known


def test_download_sizes_are_said():
    assert "192 MB" in README
    assert "2.7 GB" in README


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in targets if not (ROOT / link).exists()] == []


SHOWN = re.findall(r"!\[([^\]]*)\]\(\.github/pictures/(\w+)\.png\)", README)


def test_the_command_makes_every_picture_and_no_other():
    assert [name for _, name in SHOWN] == list(PICTURES)
    assert README.count("![") == len(SHOWN)
    assert sorted(path.stem for path in (ROOT / ".github/pictures").iterdir()) == sorted(PICTURES)
    assert "python -m tests.browser.pictures" in README


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_small_and_its_cells_exist(name):
    picture = PICTURES[name]
    assert picture.lesson in lessons()
    assert set(picture.run + picture.cells) <= {cell.id for cell in code_cells(picture.lesson)}
    assert (ROOT / ".github/pictures" / f"{name}.png").stat().st_size < 150_000


def test_pictures_have_alternative_texts():
    assert [name for words, name in SHOWN if len(words.split()) < 12] == []


def test_what_is_counted_is_there():
    exercises, predictions = found(Exercise), found(Prediction)
    counts = {
        "Over {} times you commit": len(predictions),
        "to over {} exercises": len(exercises),
        "Over {} usual wrong answers": sum(len(each.thing.wrong) for each in exercises),
        "Over {} pictures follow": len(subclasses(Explorer)),
    }
    for words, count in counts.items():
        (said,) = re.findall(words.replace("{}", r"(\d+)"), README)
        assert int(said) < count <= int(said) * 1.5, words
    (breakages,) = re.findall(r"in over (\d+) ways", README)
    assert int(breakages) < len(table()) <= int(breakages) * 1.5
