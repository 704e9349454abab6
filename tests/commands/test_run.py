"""course run: a real kernel, its seconds and memory, and claims that are stored only when they may be."""

import argparse
import json

import nbformat
import pytest

from course_lib import tidy
from course_lib.commands import checkout, run
from course_lib.commands.execution import execute

pytestmark = pytest.mark.slow  # a kernel each

CLAIM = ("print('✓ one and one:', 1 + 1)", [tidy.CHECKED])


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    """Makes a lesson of (source, tags) cells, in a course of its own."""
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    (tmp_path / "notebooks").mkdir()
    path = tmp_path / "notebooks" / "01_tiny.ipynb"

    def make(*cells):
        nb = nbformat.v4.new_notebook(
            cells=[
                nbformat.v4.new_code_cell(source, metadata={"tags": tags}, id=f"cell-{i}")
                for i, (source, tags) in enumerate(cells)
            ]
        )
        tidy.write(nb, path)
        return path

    return make


def arguments(**given):
    return argparse.Namespace(**{"lessons": [], "store": False, "report": None, "twice": False} | given)


def test_cells_share_one_kernel_in_the_folder_of_the_notebook(lesson):
    done = execute(lesson(("x = 1", []), ("import os; assert x == 1 and os.path.exists('01_tiny.ipynb')", [])))
    assert (done.error, done.cells, done.lesson) == ("", 2, "01_tiny")


def test_an_error_names_itself_and_its_cell(lesson):
    done = execute(lesson(("x = 1", []), ("x / 0", []), ("y = 2", [])))
    assert done.error == "ZeroDivisionError: division by zero (in the cell that begins `x / 0`)"
    assert done.cells == 1


def test_a_dead_kernel_is_no_mystery(lesson):
    assert "the kernel died" in execute(lesson(("import os; os._exit(1)", []))).error


def test_twice_is_in_the_same_kernel(lesson):
    count = "from pathlib import Path\nn = globals().get('n', 0) + 1\nPath('count').write_text(str(n))"
    path = lesson((count, []))
    assert execute(path, twice=True).cells == 2
    assert (path.parent / "count").read_text() == "2"


def test_memory_of_the_kernel_and_its_children_counts(lesson):
    hold = "x = b'x' * 200_000_000; import time; time.sleep(.5)"
    child = f'import subprocess, sys\nsubprocess.run([sys.executable, "-c", "{hold}"])'
    idle = execute(lesson(("import time; time.sleep(.3)", []))).peak_mb
    assert execute(lesson((hold, []))).peak_mb > idle + 150
    assert execute(lesson((child, []))).peak_mb > idle + 150


def test_a_run_leaves_the_learners_progress_alone(lesson, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "mine"))
    path = lesson(("import os; open(os.environ['COURSE_PROGRESS'], 'w').write('an answer')", []))
    assert execute(path).error == ""
    assert not (tmp_path / "mine").exists()


def test_claims_are_stored_and_nothing_else(lesson):
    path = lesson(("print('no claim')", []), CLAIM)
    assert run.main(arguments(store=True)) == 0
    nb = tidy.read(path)
    assert tidy.tidy(nb) == nb
    assert [cell.outputs for cell in nb.cells][0] == []
    assert nb.cells[1].outputs[0].text == "✓ one and one: 2\n"


@pytest.mark.parametrize(
    ("source", "tags", "words"),
    [
        ("raise AssertionError('not so')", [tidy.CHECKED], "AssertionError: not so"),
        ("print('no tick')", [tidy.CHECKED], "printed no ✓"),
        ("import sys; print('✓'); print('bar', file=sys.stderr)", [tidy.CHECKED], "also writes warnings"),
        ("1 / 0", [], "ZeroDivisionError"),
    ],
)
def test_nothing_is_stored_when_anything_is_wrong(lesson, source, tags, words, capsys):
    path = lesson(CLAIM, (source, tags))
    before = path.read_bytes()
    assert run.main(arguments(store=True)) == 1
    assert words in capsys.readouterr().out
    assert path.read_bytes() == before


def test_without_store_the_notebook_is_left_as_it_is(lesson):
    path = lesson(CLAIM)
    before = path.read_bytes()
    assert run.main(arguments()) == 0
    assert path.read_bytes() == before


def test_the_report_has_seconds_and_megabytes(lesson, tmp_path):
    lesson(("import time; time.sleep(.3)", []))
    report = tmp_path / "report.json"
    run.main(arguments(report=str(report)))
    (row,) = json.loads(report.read_text())["rows"]
    assert row["ok"] is row["within_budget"] is True
    assert row["seconds"] >= 0.3
    assert row["peak_mb"] > 10
