"""What course_lib says to a learner keeps to the words of the course, as the lessons' prose does."""

import ast
from collections.abc import Iterator

import pytest

from course_lib.commands.checkout import ROOT
from tests.words import EVERYWHERE, findings


def said(source: str) -> Iterator[str]:
    """The texts of a file, f-strings with a dot for each value; no docstrings, no markup, no single words."""
    tree = ast.parse(source)
    notes = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(part.value if isinstance(part, ast.Constant) else _value(part) for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in notes | parts:
            text = node.value
        else:
            continue
        if " " in text and "<" not in text:
            yield text


def _value(part: ast.FormattedValue) -> str:
    """A dot for a value, `0%` for one that Python writes as a percentage: without the space."""
    return "0%" if part.format_spec and ast.unparse(part.format_spec).strip("'\"").endswith("%") else "·"


def test_the_library_keeps_to_the_words_of_the_course():
    found = [
        f"{file.relative_to(ROOT)}: {what}"
        for file in sorted((ROOT / "course_lib").rglob("*.py"))
        for text in said(file.read_text(encoding="utf-8"))
        for what in findings(text, EVERYWHERE)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('x = "in train mode"', 1),
        ('x = f"{share:.0%} are read"', 1),
        ('x = f"{100 * share:.0f} % of {image} are read"', 0),
        ('"""Docstrings may say train mode."""', 0),
        ('class A:\n    size = 3\n    """In eval mode."""', 0),
        ("x = '<img width=\"100%\"> image'", 0),
        ('x = ("a long text in two parts, "\n     f"{n} neurons")', 1),
    ],
)
def test_what_is_said_is_found(source: str, found: int):
    assert len([what for text in said(source) for what in findings(text, EVERYWHERE)]) == found
