"""The runner notices what goes unnoticed, and its table fits the tree."""

import contextlib
import io

import pytest

from course_lib.commands.checkout import ROOT
from tests.breakages import runner
from tests.breakages.runner import Breakage
from tests.lessons.cells import lessons
from tests.warm import Warm

TABLE = runner.table()

SUM = "def add(a, b):\n    return a + b\n"
TESTS = """
from course_lib import add
def test_add(): assert add(2, 3) == 5
def test_lazy(): assert add(2, 2) == 4
def test_red(): assert add(2, 3) == 7
"""


def times(name, test, old="a + b", new="a * b"):
    return Breakage(name, "course_lib/__init__.py", old, new, (f"tests/test_sum.py::{test}",))


CHANGES = [
    times("seen", "test_add"),
    times("unseen", "test_lazy"),
    times("red anyway", "test_red"),
    times("no such text", "test_add", old="a - b"),
    times("text twice", "test_add", old="a"),
    times("no Python", "test_add", new="a +"),  # a tree that cannot be imported shows nothing
]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """What the runner says about a tiny project: a good test, one that a product passes too, and a red one."""
    tree = tmp_path_factory.mktemp("project")
    (tree / "course_lib").mkdir()
    (tree / "course_lib" / "__init__.py").write_text(SUM)
    (tree / "tests").mkdir()
    (tree / "tests" / "test_sum.py").write_text(TESTS)
    (tree / "pyproject.toml").write_text("[tool.pytest.ini_options]\npythonpath = ['.']\n")
    with contextlib.redirect_stdout(io.StringIO()) as said:
        wrong = runner.run(CHANGES, root=tree, libraries=["pytest"])
    assert (tree / "course_lib" / "__init__.py").read_text() == SUM
    with Warm(["pytest"]) as warm:
        assert runner.Tree(tree, warm).outcomes(["tests/test_sum.py::test_gone"]) == {
            "tests/test_sum.py::test_gone": "not run"
        }
    return said.getvalue().splitlines(), wrong


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        "✓ noticed: seen",
        "✗ unseen: tests/test_sum.py::test_lazy passed",
        "✗ tests/test_sum.py::test_red failed without any breakage",
        "✗ no such text: course_lib/__init__.py holds 'a - b' 0 times, not once: mend table.toml",
        "✗ text twice: course_lib/__init__.py holds 'a' 3 times, not once: mend table.toml",
        "✗ no Python: tests/test_sum.py::test_add not run",
    ],
)
def test_only_a_test_that_goes_red_by_the_change_counts(report, line):
    assert line in report[0]


@pytest.mark.slow
def test_what_is_wrong_is_counted(report):
    assert report[1] == 5
    assert report[0][-1].startswith("4 passed, 5 failed in ")


def test_there_are_enough_and_each_has_a_name():
    assert len(TABLE) >= 12
    assert len({row.name for row in TABLE}) == len(TABLE)
    assert all(row.tests for row in TABLE)


def lesson_of(file: str) -> str:
    """The package of the lesson that a file belongs to, be it the package's own or the notebook; "" for all others."""
    folder, _, name = file.rpartition("/")
    if folder == "notebooks":
        return name.removesuffix(".ipynb")[3:]
    return folder.removeprefix("course_lib/lessons/") if folder.startswith("course_lib/lessons/") else ""


@pytest.mark.parametrize("lesson", lessons())
def test_a_lesson_is_broken_in_at_least_three_places_and_its_notebook_in_one(lesson):
    files = [row.file for row in TABLE if lesson_of(row.file) == lesson[3:]]
    assert len(files) >= 3
    assert f"notebooks/{lesson}.ipynb" in files


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_a_row_fits_the_tree(row):
    text = (ROOT / row.file).read_bytes().decode()
    assert runner.broken(text, row) != text
    for test in row.tests:
        assert (ROOT / test.partition("::")[0]).exists(), test
