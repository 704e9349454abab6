"""Every concept of concepts.toml stands on a cell tag of each lesson that teaches it, and no other tag is used."""

import re
import tomllib

import nbformat
import pytest

from course_lib.commands.checkout import ROOT
from tests.lessons.cells import lessons

CONCEPTS = tomllib.loads((ROOT / "tests" / "lessons" / "concepts.toml").read_text(encoding="utf-8"))


def findings(lesson: str, nb: nbformat.NotebookNode, concepts: dict[str, dict] = CONCEPTS) -> list[str]:
    """What is missing, unknown, or out of place in the tags of one lesson."""
    number = lesson[:2]
    tags = {tag for cell in nb.cells for tag in cell.metadata.get("tags", []) if tag.startswith("concept:")}
    there = {tag.removeprefix("concept:") for tag in tags}
    owed = {name for name, concept in concepts.items() if number in concept["lessons"]}
    missing = [name for name in concepts if name in owed - there]
    found = [f"{lesson}: no cell has the tag of {', '.join(missing)}"] if missing else []
    found += [f"{lesson}: {name!r} is no concept of concepts.toml" for name in sorted(there - set(concepts))]
    elsewhere = sorted((there & set(concepts)) - owed)
    found += [f"{lesson}: {name!r} belongs to {', '.join(concepts[name]['lessons'])}" for name in elsewhere]
    return found


@pytest.mark.parametrize("lesson", lessons())
def test_a_lesson_teaches_its_concepts(lesson):
    assert findings(lesson, nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", 4)) == []


def test_a_concept_has_lessons_and_a_line():
    for name, concept in CONCEPTS.items():
        assert set(concept) == {"lessons", "is"}, name
        assert concept["lessons"] and all(re.fullmatch(r"\d\d", number) for number in concept["lessons"]), name
        assert 10 < len(concept["is"]) < 100, name


SMALL = {"bump": {"lessons": ["02"]}, "dead-unit": {"lessons": ["03", "05"]}, "lenet": {"lessons": ["06"]}}


@pytest.mark.parametrize(
    ("lesson", "tags", "words"),
    [
        ("02_bumps", ["concept:bump", "explorer"], []),
        ("05_vanishing", ["concept:dead-unit"], []),  # taught again
        ("09_tricks", [], []),  # teaches nothing of this list
        ("02_bumps", [], ["02_bumps: no cell has the tag of bump"]),
        ("02_bumps", ["bump"], ["02_bumps: no cell has the tag of bump"]),
        ("05_vanishing", ["explorer"], ["05_vanishing: no cell has the tag of dead-unit"]),
        ("02_bumps", ["concept:bump", "concept:bumps"], ["02_bumps: 'bumps' is no concept of concepts.toml"]),
        ("02_bumps", ["concept:bump", "concept:dead-unit"], ["02_bumps: 'dead-unit' belongs to 03, 05"]),
    ],
)
def test_what_is_missing_or_unknown_is_found(lesson, tags, words):
    cells = [nbformat.v4.new_markdown_cell("", metadata={"tags": [tag]}) for tag in tags]
    assert findings(lesson, nbformat.v4.new_notebook(cells=cells), SMALL) == words
