"""A table of a few rows with notes below it, as text and for a notebook, in light and dark themes."""

from __future__ import annotations

import html
from dataclasses import dataclass

from course_lib.style import text_size


@dataclass(frozen=True, repr=False)
class SmallTable:
    """Rows of words; the first column stands at the left, the others, which hold numbers, at the right.

    Attributes:
        head: the names of the columns.
        rows: a cell for each column.
        notes: sentences below.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [self.head, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = ["  ".join(_aligned(cell, k, widths[k]) for k, cell in enumerate(line)).rstrip() for line in lines]
        return "\n".join([text[0], "-" * (sum(widths) + 2 * (len(widths) - 1)), *text[1:], *self.notes])

    __repr__ = __str__

    def html(self) -> str:
        """As HTML without a colour of its own; it grows in the large mode."""
        rows = "".join(f"<tr>{_line(row, 'td')}</tr>" for row in self.rows)
        table = f"<thead><tr>{_line(self.head, 'th')}</tr></thead><tbody>{rows}</tbody>"
        size = f"font-size:{text_size()}"
        return (
            f'<div class="course-table" style="{size};line-height:1.45;max-width:48em">'
            f'<table style="font-size:inherit;margin:0">{table}</table>{lines_html(self.notes)}</div>'
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": str(self)}


def lines_html(lines: tuple[str, ...]) -> str:
    """Each line as a paragraph of its own."""
    return "".join(f'<div style="margin-top:.3em">{html.escape(line)}</div>' for line in lines)


def _aligned(cell: str, column: int, width: int) -> str:
    return cell.rjust(width) if column else cell.ljust(width)


def _line(cells: tuple[str, ...], tag: str) -> str:
    style = "padding:.2em .8em .2em 0;font-variant-numeric:tabular-nums"
    sides = ("left", *["right"] * (len(cells) - 1))
    pairs = zip(sides, cells, strict=True)
    return "".join(f'<{tag} style="text-align:{side};{style}">{html.escape(cell)}</{tag}>' for side, cell in pairs)
