"""pyproject.toml is the one list of what the course needs; constraints.txt and environment.yml are held against it."""

import ast
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from course_lib.commands.checkout import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
DIRECT = [Requirement(line) for line in PROJECT["dependencies"]]
ALL = DIRECT + [Requirement(line) for lines in EXTRAS.values() for line in lines]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): number for name, number in pairs}


def test_constraints_are_exact_versions_and_nothing_else():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", line)] == []
    assert len(pins()) == len(lines)
    assert pins()["torch"] == "2.13.0"  # without +cpu: it then means the CPU build and the CUDA build


@pytest.mark.parametrize("requirement", ALL, ids=str)
def test_a_range_has_a_tested_floor_and_holds_the_pinned_version(requirement):
    kinds = {part.operator for part in requirement.specifier}
    assert kinds & {">=", "=="}, f"{requirement} has no lower bound"
    assert requirement.specifier.contains(pins()[canonicalize_name(requirement.name)])


def test_the_version_of_nbval_is_the_one_that_the_hardening_mends():
    assert "nbval==0.11.0" in EXTRAS["test"]


def installed(name: str) -> str | None:
    """The version that is here, without a build's own suffix such as +cpu; None when it is not here."""
    try:
        return Version(version(name)).public
    except PackageNotFoundError:
        return None


def test_everything_that_is_needed_indirectly_is_pinned_too():
    """Follows the requirements of what is installed here: an unpinned one could change under our feet."""
    if others := [name for name, pin in pins().items() if installed(name) not in (pin, None)]:
        pytest.skip(
            f"about the versions of constraints.txt, and other ones are installed here: {', '.join(others[:3])}"
        )
    pending = [(r.name, extra) for r in ALL for extra in (r.extras or {""})]
    seen, loose = set(), set()
    while pending:
        name, extra = pending.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            needed = requires(name) or []
        except PackageNotFoundError:
            continue  # of an extra that is not installed here
        if canonicalize_name(name) not in pins():
            loose.add(name)
        for line in needed:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                pending += [(requirement.name, one) for one in (requirement.extras or {""})]
    loose -= {"setuptools", "pip", "wheel"}  # they come with Python's venv or build what has no wheel
    loose = {name for name in loose if not name.startswith(("nvidia", "cuda", "triton"))}  # the CUDA build pins its own
    assert loose == set()


def test_this_environment_has_the_pinned_versions_of_what_matters():
    """Says in plain words when the tests run with other versions than those that constraints.txt promises."""
    if not (ROOT / ".venv").exists() and sys.prefix == sys.base_prefix:
        pytest.skip("no virtual environment: the versions are somebody else's choice")
    assert Version(version("nbval")) == Version(pins()["nbval"])


def test_every_package_that_course_lib_imports_is_declared():
    declared = {canonicalize_name(r.name) for r in DIRECT} | {
        "ipython",
        "jupyter-core",
    }  # ipykernel, jupyterlab bring them
    homes = packages_distributions()
    undeclared = set()
    for path in (ROOT / "course_lib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            for name in (name.partition(".")[0] for name in names):
                if name in sys.stdlib_module_names or name == "course_lib":
                    continue
                if not declared & {canonicalize_name(home) for home in homes.get(name, [name])}:
                    undeclared.add(f"{path.name}: {name}")
    assert undeclared == set()


def test_environment_yml_has_no_list_of_its_own():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, pip, by_pip = environment["dependencies"]
    assert pip == "pip"
    assert by_pip == {"pip": ["-c constraints.txt", "-e ."]}
    assert python.startswith("python=")
    assert PROJECT["requires-python"] == ">=3.11"
    assert Version(python.removeprefix("python=")) >= Version("3.11")


def test_the_command_is_installed():
    assert PROJECT["scripts"] == {"course": "course_lib.cli:main"}


def test_both_licences_are_there():
    assert PROJECT["license"] == "MIT AND CC-BY-4.0"
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in PROJECT["license-files"]]
    assert "MIT License" in texts[0]
    assert "CC BY 4.0" in texts[1]


def test_the_changelog_begins_with_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\S+?),? ", text, re.MULTILINE)[1] == PROJECT["version"]


def test_hooks_are_local():
    """A hook from elsewhere would be fetched at the first commit, in a version that constraints.txt does not know."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    hooks = {hook["id"]: hook for repo in config["repos"] for hook in repo["hooks"]}
    assert set(hooks) == {"ruff-check", "ruff-format", "tidy"}
    assert {hook["language"] for hook in hooks.values()} == {"system"}
