"""`course lessons`: what every lesson asks and holds, read from the notebooks; --write makes notebooks/README.md of it.

An author writes each word once, in the lesson. Seconds and MB alone are measured: they come from a report of
`course run --report FILE`, and stay on the page until the next report.
"""

import argparse
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from course_lib.commands.checkout import Trouble, cannot_write, lessons, notebook, notebooks
from course_lib.tidy import CHECKED

COUNTED = {"explorers": "explorer", "predictions": "prediction", "exercises": "exercise", "claims": "claim"}  # tags
PROMISE = {  # the parts of a lesson's first cell, sought in its paragraphs, each joined to one line
    "its title (# ...)": re.compile(r"\A# (.+)"),
    "its question (a paragraph **The question.** ...?)": re.compile(r"(?m)^\*\*The question\.\*\* (.+\?)$"),
    "its moment (a paragraph **The moment.** ...)": re.compile(r"(?m)^\*\*The moment\.\*\* (.+)$"),
    "its needs (a paragraph **You need** ... .)": re.compile(r"(?m)^\*\*You need\*\* (.+?)\.(?: |$)"),
    "its time (**Time:** about NN minutes)": re.compile(r"\*\*Time:\*\* about (\d+) minutes"),
}
Cost = dict[str, tuple[str, str]]  # lesson -> seconds and MB, rounded up, as the page writes them
NOT_MEASURED = ("?", "?")
MEASURE = "`course run --report run.json`, then `course lessons --seconds run.json`"
STEP_SECONDS, STEP_MB = 5, 50  # coarse: the next run, or the next machine, is a little faster or slower


@dataclass
class Lesson:
    """One notebook, as its first cell and its tags describe it."""

    name: str  # "03_learning_rates"
    title: str
    question: str
    moment: str
    needs: str
    minutes: str
    concepts: list[str]  # ids, in the order of the notebook
    counts: list[int]  # of the cells with each tag of COUNTED

    @property
    def link(self) -> str:
        """The notebook in Markdown, as the page names it."""
        return f"[{self.name[:2]} {self.title}]({self.name}.ipynb)"


def main(args: argparse.Namespace) -> int:
    """Print the lessons, or write or check the page; 1 when a check finds that it is not what the notebooks say."""
    there = [read(path) for path in lessons()]
    file = notebooks() / "README.md"
    old = file.read_text(encoding="utf-8") if file.exists() else ""
    if args.write or args.seconds:
        new = page(there, *(reported(args.seconds, there) if args.seconds else kept(old)))
        _write(file, new)
        print(f"{file}: {'unchanged' if new == old else 'written'}")
    elif args.check:
        problems = findings(there, old)
        print("\n".join(problems) or f"{file} is what the notebooks say.")
        return int(problems != [])
    else:
        for lesson in there:
            print(f"{lesson.name[:2]}  {lesson.title}, {lesson.minutes} minutes\n    {lesson.question}")
    return 0


def findings(there: list[Lesson], old: str) -> list[str]:
    """What is wrong with a page, in sentences that name the command to run; [] when it is as it should be."""
    cost, machine = kept(old)
    found = [f"Nobody has measured {each.name}: {MEASURE}." for each in there if each.name not in cost]
    if old != page(there, cost, machine):
        found.append("notebooks/README.md is not what the notebooks say: `course lessons --write` makes it so.")
    return found


def _write(file: Path, words: str) -> None:
    try:
        file.write_text(words, encoding="utf-8", newline="\n")
    except OSError as error:
        raise cannot_write(file, error) from error


def read(path: Path) -> Lesson:
    """What a notebook says about itself.

    Raises:
        Trouble: the file is no notebook, or its first cell lacks a part of the promise.
    """
    nb = notebook(path)
    first = nb.cells[0].source if nb.cells and nb.cells[0].cell_type == "markdown" else ""
    promise = "\n".join(" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", first))
    parts = {part: pattern.search(promise) for part, pattern in PROMISE.items()}
    if missing := [part for part, match in parts.items() if not match]:
        raise Trouble(f"The first cell of {path.stem} lacks {' and '.join(missing)}.")
    tags = [tag for cell in nb.cells for tag in cell.metadata.get("tags", [])]
    concepts = dict.fromkeys(tag.removeprefix("concept:") for tag in tags if tag.startswith("concept:"))
    counts = [_ticks(nb) if tag == "claim" else tags.count(tag) for tag in COUNTED.values()]
    return Lesson(path.stem, *(match[1].strip() for match in parts.values()), list(concepts), counts)


def _ticks(nb: NotebookNode) -> int:
    """How many claims the notebook has stored: a cell may hold more than one."""
    checked = [cell for cell in nb.cells if CHECKED in cell.metadata.get("tags", [])]
    said = "\n".join(output.get("text", "") for cell in checked for output in cell.get("outputs", []))
    return sum(line.startswith("✓") for line in said.splitlines())


def reported(file: str, there: list[Lesson]) -> tuple[Cost, str]:
    """Seconds and MB out of a report, and the sentence that says what they were measured on.

    Raises:
        Trouble: it is no report of one whole run of every lesson.
    """
    try:
        report = json.loads(Path(file).read_text(encoding="utf-8"))
        rows = {row["lesson"]: row for row in report["rows"] if row["ok"] and not report["twice"]}
        cost = {name: (_up(row["seconds"], STEP_SECONDS), _up(row["peak_mb"], STEP_MB)) for name, row in rows.items()}
        machine = "{system}, Python {python}, torch {torch}".format(**report["machine"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Trouble(f"{file} is not readable as a report ({error}). Make one: {MEASURE}.") from error
    if missing := [lesson.name for lesson in there if lesson.name not in rows]:
        raise Trouble(f"{file} holds no whole single run of {', '.join(missing)}. Make one: {MEASURE}.")
    return cost, f"Measured with `course run` on two cores ({machine})."


def _up(number: float, step: int) -> str:
    return str(math.ceil(number / step) * step)


def kept(old: str) -> tuple[Cost, str]:
    """Seconds, MB and their sentence as they stand on the page."""
    rows = re.findall(r"^\| \[\d\d .*\]\((\w+)\.ipynb\) \|.*\| (\d+) \| (\d+) \|$", old, re.MULTILINE)
    machine = re.search(r"^Measured with .*$", old, re.MULTILINE)
    return {name: (seconds, mb) for name, seconds, mb in rows}, machine[0] if machine else "Not measured yet."


def page(there: list[Lesson], cost: Cost, machine: str) -> str:
    """The whole of notebooks/README.md."""
    words = [[each.link, each.question, each.moment, ", ".join(each.concepts)] for each in there]
    numbers = [[each.link, *each.counts, each.minutes, *cost.get(each.name, NOT_MEASURED)] for each in there]
    return PAGE.format(
        words=_table(["lesson", "its question", "its moment", "concepts"], words),
        numbers=_table(["lesson", *COUNTED, "minutes", "seconds", "MB"], numbers),
        needs="\n".join(f"- {each.link}: {each.needs}." for each in there),
        machine=machine,
        steps=f"{STEP_SECONDS} s and {STEP_MB} MB",
    )


def _table(head: list[str], rows: list[list[object]]) -> str:
    """Markdown, with the numbers to the right of their columns."""
    right = {*COUNTED, "minutes", "seconds", "MB"}
    lines = [head, ["--:" if name in right else "---" for name in head], *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", r"\|") for cell in line) + " |" for line in lines)


PAGE = """\
<!-- Made by `course lessons --write` from the notebooks: change those, not this. -->

# The lessons

`course lab` opens this folder. Open a lesson there and run it from the top, one cell at a time, with Shift+Enter. Stop
where you are asked something, answer before you go on, and change whatever you like: it is your copy, and
`git checkout -- notebooks` brings the lessons back as they were.

The square ■ in the toolbar stops a cell, the round arrow ↻ restarts the kernel, which then has forgotten everything. A
`NameError` mostly means that a cell above has not been run since: run the first cell, and those you need.

## What each lesson asks

{words}

The *moment* is what you will want to tell somebody afterwards.

## What each lesson holds

{numbers}

*Minutes* are about what you will need, answers included. *Seconds* and *MB* are what the machine needs for all cells,
from top to bottom, rounded up to steps of {steps}.
{machine}

## In which order

The numbers are the order. Every lesson also stands alone: it loads its own data, trains its own nets (those of
08 come trained, in `data/`), and needs no file or variable of another. Begin wherever you know what it builds on:

{needs}

## Where you are

`course progress` lists, lesson by lesson, the predictions you have made and the exercises you have solved. Solved once
is solved, and all of it stays on your own disk.
"""
