"""What a cell's claims would print, read from its code without running it: texts and bounds stand there as literals."""

import ast
import contextlib
import io
import re
from collections.abc import Iterator

from course_lib.claim import claim


def printed(tree: ast.Module) -> Iterator[re.Pattern[str]]:
    """For each claim of a cell, in order, what its line looks like; a computed part of the text may be anything."""
    for call in _in_order(tree):
        yield re.compile(_text(call.args[0]) + _bound(call))


def _in_order(tree: ast.Module) -> list[ast.Call]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    claims = [call for call in calls if ast.unparse(call.func).rpartition(".")[2] == "claim"]
    return sorted(claims, key=lambda call: (call.lineno, call.col_offset))


def _text(text: ast.expr) -> str:
    """A pattern for the sentence: its letters, and anything where the cell computes a part or all of it."""
    if isinstance(text, ast.Constant):
        return re.escape(f"✓ {text.value}")
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    return "✓ " + "".join(re.escape(part.value) if isinstance(part, ast.Constant) else ".*" for part in parts)


def _bound(call: ast.Call) -> str:
    """A pattern for ": above 0.8 litres", as `claim` writes it; for anything where the bound is no literal."""
    try:
        options = {each.arg: ast.literal_eval(each.value) for each in call.keywords}
        (name, bound), *_ = [each for each in options.items() if each[0] != "unit"]
    except ValueError:
        return ": .*"
    holds = {"above": lambda: bound + abs(bound) + 1, "below": lambda: bound - abs(bound) - 1}
    value = holds[name]() if name in holds else bound[0] if name == "between" else bound
    with contextlib.redirect_stdout(io.StringIO()) as said:
        claim("", value, **options)
    return re.escape(said.getvalue().removeprefix("✓ ").rstrip("\n"))
