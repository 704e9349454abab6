"""course lessons: the page of lessons is made from the notebooks, and notebooks/README.md is that page."""

import argparse
import json
import re

import nbformat
import pytest

from course_lib import tidy
from course_lib.commands import checkout, lessons
from course_lib.commands.run import BUDGET_MB, BUDGET_SECONDS

PROMISE = """# Bumps

**The question.** Can a sum of
sigmoids | steps draw a curve?

Some words.

**The moment.** It draws
every curve.

**You need** school maths, and lesson 0.1. **Time:** about 50 minutes; the end is optional.
"""
TAGS = [["explorer", "concept:bump"], ["explorer"], ["prediction"], ["concept:sum"], []]
MACHINE = {"system": "Linux x86_64", "cores": 4, "memory_gb": 8, "python": "3.11.2", "torch": "2.13.0"}


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    """Makes a lesson with the given first cell, in a course of its own."""
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    (tmp_path / "notebooks").mkdir()

    def make(promise=PROMISE, name="02_bumps", tags=TAGS):
        cells = [nbformat.v4.new_markdown_cell(promise)]
        cells += [nbformat.v4.new_markdown_cell("", metadata={"tags": each}) for each in tags]
        ticks = nbformat.v4.new_output("stream", text="✓ It is small: below 2\n✓ It is one: 1\n")
        cells.append(nbformat.v4.new_code_cell("claim()", metadata={"tags": ["claim", tidy.CHECKED]}, outputs=[ticks]))
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        tidy.write(nbformat.v4.new_notebook(cells=cells), path)
        return path

    return make


@pytest.fixture
def report(tmp_path):
    """Makes a report of `course run`, with one row for 02_bumps."""

    def make(*, twice=False, **row):
        row = {"lesson": "02_bumps", "seconds": 20.01, "peak_mb": 500, "ok": True} | row
        file = tmp_path / "run.json"
        file.write_text(json.dumps({"machine": MACHINE, "twice": twice, "rows": [row]}))
        return str(file)

    return make


def course(**given) -> int:
    return lessons.main(argparse.Namespace(**{"write": False, "check": False, "seconds": None} | given))


def written() -> str:
    return (checkout.ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")


def test_a_lesson_is_read_from_its_first_cell_and_its_tags(lesson):
    found = lessons.read(lesson())
    assert (found.name, found.title, found.minutes) == ("02_bumps", "Bumps", "50")
    assert found.question == "Can a sum of sigmoids | steps draw a curve?"
    assert found.moment == "It draws every curve."
    assert found.needs == "school maths, and lesson 0.1"
    assert found.concepts == ["bump", "sum"]
    assert dict(zip(lessons.COUNTED, found.counts, strict=True)) == {
        "explorers": 2,
        "predictions": 1,
        "exercises": 0,
        "claims": 2,
    }


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("# Bumps", "Bumps", "lacks its title (# ...)."),
        ("curve?", "curve.", "lacks its question (a paragraph **The question.** ...?)."),
        ("\n\n**The question", " **The question", "lacks its question"),
        ("**The moment.**", "The moment.", "lacks its moment"),
        ("**You need**", "You need", "lacks its needs"),
        ("50", "fifty", "lacks its time (**Time:** about NN minutes)."),
        (PROMISE, "# Bumps", "lacks its question (a paragraph **The question.** ...?) and its moment"),
    ],
)
def test_a_part_of_the_promise_that_is_missing_is_named(lesson, old, new, words):
    path = lesson(PROMISE.replace(old, new))
    with pytest.raises(checkout.Trouble) as trouble:
        lessons.read(path)
    assert str(trouble.value).startswith("The first cell of 02_bumps lacks ")
    assert words in str(trouble.value)


def test_what_is_written_passes_the_check_until_a_lesson_changes(lesson, report, capsys):
    lesson()
    assert course(seconds=report()) == 0
    assert course(check=True) == 0
    for changed in ({"promise": PROMISE.replace("50", "55")}, {"tags": TAGS[1:]}, {"name": "03_more"}):
        path = lesson(**changed)
        capsys.readouterr()
        assert course(check=True) == 1
        assert "`course lessons --write` makes it so" in capsys.readouterr().out
        if path.stem == "02_bumps":
            assert course(write=True) == course(check=True) == 0


def test_the_page_has_every_column_and_its_links(lesson, report):
    lesson()
    course(seconds=report())
    assert "| [02 Bumps](02_bumps.ipynb) | Can a sum of sigmoids \\| steps draw a curve? | It draws" in written()
    assert "| It draws every curve. | bump, sum |" in written()
    assert "| [02 Bumps](02_bumps.ipynb) | 2 | 1 | 0 | 2 | 50 | 25 | 500 |" in written()
    assert "- [02 Bumps](02_bumps.ipynb): school maths, and lesson 0.1." in written()
    assert "on two cores (Linux x86_64, Python 3.11.2, torch 2.13.0)." in written()


def test_seconds_stay_until_the_next_report(lesson, report):
    lesson()
    course(seconds=report())
    lesson(PROMISE.replace("50", "55"))
    assert course(write=True) == 0
    assert "| 55 | 25 | 500 |" in written()
    course(seconds=report(seconds=31.0, peak_mb=501))
    assert "| 55 | 35 | 550 |" in written()


def test_a_lesson_that_nobody_measured_is_found(lesson, capsys):
    lesson()
    assert course(write=True) == 0
    assert "| 50 | ? | ? |" in written()
    assert course(check=True) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("Nobody has measured 02_bumps: `course run --report")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"ok": False}, "holds no whole single run of 02_bumps"),
        ({"twice": True}, "holds no whole single run of 02_bumps"),
        ({"lesson": "03_more"}, "holds no whole single run of 02_bumps"),
        ({"seconds": None}, "is not readable as a report"),
    ],
)
def test_a_report_that_does_not_fit_is_refused(lesson, report, given, words):
    lesson()
    with pytest.raises(checkout.Trouble, match=words):
        course(seconds=report(**given))
    assert not (checkout.ROOT / "notebooks" / "README.md").exists()


@pytest.mark.parametrize("content", [None, "{}", "no report"])
def test_a_file_that_is_no_report_is_refused(lesson, tmp_path, content):
    lesson()
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(checkout.Trouble, match="is not readable as a report"):
        course(seconds=str(tmp_path / "run.json"))


def test_the_list_on_the_terminal(lesson, capsys):
    lesson()
    assert course() == 0
    assert capsys.readouterr().out.splitlines() == [
        "02  Bumps, 50 minutes",
        "    Can a sum of sigmoids | steps draw a curve?",
    ]
    assert not (checkout.ROOT / "notebooks" / "README.md").exists()


def test_the_page_of_this_course_is_what_its_notebooks_say():
    there = [lessons.read(path) for path in checkout.lessons()]
    assert lessons.findings(there, written()) == []


def test_every_lesson_was_measured_within_its_budget():
    cost, _ = lessons.kept(written())
    over = {name: row for name, row in cost.items() if int(row[0]) > BUDGET_SECONDS or int(row[1]) > BUDGET_MB}
    assert cost
    assert over == {}, f"over {BUDGET_SECONDS} s or {BUDGET_MB} MB"


def test_the_links_of_the_page_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", written())
    assert links
    assert [link for link in links if not (checkout.ROOT / "notebooks" / link).exists()] == []
