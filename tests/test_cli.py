"""The `course` command: its arguments, and what it says when something is not as it should be."""

import ctypes
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from course_lib import tidy
from course_lib.cli import parser
from course_lib.commands.checkout import ROOT
from tests.warm import Warm


@pytest.fixture
def clone(tmp_path):
    """A copy of the library with one tiny lesson, to be spoilt."""
    shutil.copytree(ROOT / "course_lib", tmp_path / "course_lib")  # compiled files too: each command starts anew
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "tests").mkdir()
    cells = [nbformat.v4.new_markdown_cell(PROMISE), nbformat.v4.new_code_cell("1 + 1")]
    tidy.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "notebooks" / "03_learning_rates.ipynb")
    (tmp_path / "notebooks" / "README.md").write_text("# Lessons")
    return tmp_path


PROMISE = """# Sums

**The question.** How much is one and one?

**The moment.** Two.

**You need** nothing. **Time:** about 1 minutes."""


# How a clone is spoilt. Each is given the clone and may give back arguments of subprocess.run or a thing to keep open.
def as_it_is(clone):
    pass


def no_notebooks(clone):
    shutil.rmtree(clone / "notebooks")


def no_lessons(clone):
    (clone / "notebooks" / "03_learning_rates.ipynb").unlink()


def spoilt_lesson(clone):
    (clone / "notebooks" / "03_learning_rates.ipynb").write_text("<<<<<<< HEAD")


def no_promise(clone):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    tidy.write(nb, clone / "notebooks" / "03_learning_rates.ipynb")


def no_tests(clone):
    (clone / "tests").rmdir()


def without(package):
    """Python starts as if `package` were not installed."""

    def condition(clone):
        (clone / "sitecustomize.py").write_text(f"import sys; sys.modules[{package!r}] = None")

    condition.__name__ = f"without_{package}"
    return condition


def port_taken(clone):
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen()
    return server


def read_only(clone):
    """A folder that cannot be written, even by root: the right to write everywhere is taken from the command."""
    if not hasattr(os, "geteuid"):
        pytest.skip("folders are protected in another way here")
    (clone / "mine").mkdir(mode=0o555)
    for path in (clone / "notebooks").iterdir():
        path.write_text(path.read_text() + "\n")  # not tidy: there is something to store
        path.chmod(0o444)
    return {"preexec_fn": _drop_right_to_write_everywhere} if os.geteuid() == 0 else None


def _drop_right_to_write_everywhere():
    drop_from_bounding_set, dac_override = 24, 1  # linux/prctl.h, linux/capability.h
    if ctypes.CDLL(None).prctl(drop_from_bounding_set, dac_override, 0, 0, 0) != 0:
        os._exit(77)


# Conditions that ask nothing of how Python starts: a fork of one that has loaded the libraries fails the same way.
WARM = (as_it_is, no_notebooks, no_lessons, spoilt_lesson, no_promise, no_tests, port_taken)

# command, condition, exit code, words on stderr ({port}: the one that is taken)
ERRORS = [
    ("run 42", as_it_is, 2, "There is no lesson '42'. The lessons here are: 03_learning_rates."),
    ("claims nonsense", as_it_is, 2, "There is no lesson 'nonsense'"),
    ("run", no_notebooks, 2, "There is no notebooks folder beside course_lib"),
    ("lab", no_notebooks, 2, "git checkout -- notebooks"),
    ("progress", no_notebooks, 2, "There is no notebooks folder"),
    ("run", no_lessons, 2, "holds no lesson"),
    ("run", spoilt_lesson, 2, "is not readable as a notebook"),
    ("test", no_tests, 2, "There is no tests folder"),
    ("run 03", without("nbclient"), 2, "The package nbclient is not installed"),
    ("doctor", without("torch"), 1, "PyTorch is not installed in this Python"),
    ("lab", without("jupyterlab"), 2, "The package jupyterlab is not installed"),
    ("test", without("nbval"), 2, 'pip install -c constraints.txt -e ".[test]"'),
    ("lab --port {port}", port_taken, 2, "Port {port} is in use"),
    ("lab --port 99999", as_it_is, 2, "a port is a number from 1 to 65535"),
    ("lessons", no_notebooks, 2, "There is no notebooks folder"),
    ("lessons", no_lessons, 2, "holds no lesson"),
    ("lessons", spoilt_lesson, 2, "is not readable as a notebook"),
    ("lessons --check", no_promise, 2, "The first cell of 03_learning_rates lacks its title"),
    ("lessons --write", read_only, 2, "README.md: Permission denied"),
    ("lessons --seconds nowhere.json", as_it_is, 2, "nowhere.json is not readable as a report"),
    ("lessons 42", as_it_is, 2, "course lessons does not know 42"),
    ("data", as_it_is, 2, "There is no catalogue of files to fetch"),
    ("pretrain digits", as_it_is, 2, "There are no nets 'digits' to train. There are: letters."),
    ("pretrain letters --folder mine", read_only, 2, "Cannot write mine: Permission denied"),
    ("pretrain letters --folder mine/new", read_only, 2, "Cannot write mine/new: Permission denied"),
    ("run --report mine/report.json", read_only, 2, "Cannot write mine/report.json: Permission denied"),
    ("run --store", read_only, 2, "03_learning_rates.ipynb: Permission denied"),
    ("claims --json nowhere/claims.json", as_it_is, 2, "Cannot write nowhere/claims.json: No such file"),
    ("claims --jobs 0", as_it_is, 2, "'0' is no number of runs"),
    ("run --stor", as_it_is, 2, "course run does not know --stor"),
    ("fly", as_it_is, 2, "invalid choice: 'fly'"),
    ("", as_it_is, 2, "open the lessons in JupyterLab"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("command", "condition", "code", "words"), ERRORS, ids=lambda x: getattr(x, "__name__", None))
def test_trouble_is_a_sentence(clone, warm, command, condition, code, words):
    spoilt = condition(clone)
    port = spoilt.getsockname()[1] if isinstance(spoilt, socket.socket) else ""
    arguments = command.format(port=port).split()
    if condition in WARM:
        done = warm.run("course_lib.cli", *arguments, cwd=clone, env=environment(clone))
    else:
        done = course(clone, *arguments, **(spoilt if isinstance(spoilt, dict) else {}))
    if done.returncode == 77:
        pytest.skip("root may write everywhere here, and that right cannot be dropped")
    assert words.format(port=port) in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    longest = 3 if arguments else 30  # argparse adds its usage; `course` alone lists the commands
    assert len(done.stderr.strip().splitlines()) <= longest
    assert done.returncode == code


@pytest.fixture(scope="module")
def warm():
    """Most commands fail long before what they would need is loaded."""
    with Warm() as warm:
        yield warm


def environment(clone: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(clone), "COURSE_PROGRESS": str(clone / "progress.jsonl")}


def course(clone: Path, *arguments: str, **options) -> subprocess.CompletedProcess:
    """In a Python of its own: whether it starts at all is the question."""
    command = [sys.executable, "-m", "course_lib.cli", *arguments]
    return subprocess.run(
        command, cwd=clone, env=environment(clone), capture_output=True, text=True, timeout=60, **options
    )


@pytest.mark.slow
def test_the_unspoilt_clone_runs(clone):
    """Without this, the table above could pass because nothing works at all."""
    done = course(clone, "run", "3")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "1 passed, 0 failed"


def test_lessons_are_found_by_number_and_name():
    from course_lib.commands.checkout import _find

    there = [Path("03_learning_rates.ipynb"), Path("10_sequences.ipynb")]
    for name in ("3", "03", "learning_rates", "03_learning_rates", "notebooks/03_learning_rates.ipynb"):
        assert _find(name, there) is there[0]
    assert _find("10", there) is there[1]


def test_every_command_has_help_and_a_file():
    for name, command in parser()._subparsers._group_actions[0].choices.items():
        assert command.description
        assert (ROOT / "course_lib" / "commands" / f"{name}.py").is_file()


def test_arguments_for_pytest_and_jupyterlab_are_handed_on():
    assert parser().parse_known_args(["test", "-k", "resume"])[1] == ["-k", "resume"]
    args, rest = parser().parse_known_args(["test", "tests/test_fit.py", "-x", "--fast"])
    assert (args.fast, rest) == (True, ["tests/test_fit.py", "-x"])
    assert parser().parse_known_args(["lab", "--no-browser"])[1] == ["--no-browser"]
