"""How a summary of a net is drawn: as text, and as a table of a notebook, in light and dark themes."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from course_lib.style import text_size

if TYPE_CHECKING:
    from course_lib.summary import Row, Summary

HEAD = ("layer", "kind", "output", "parameters", "multiply-adds")
TEXT_COLUMNS = 3  # the others are numbers, and end at the right
UNITS = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))
NAMES = 6  # how many layers a note names


def as_text(summary: Summary) -> str:
    """Columns of the width of their longest entry, and the notes."""
    lines = [HEAD, *(_cells(row) for row in summary.rows), _total(summary)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ["  ".join(_aligned(cell, k, widths[k]) for k, cell in enumerate(line)).rstrip() for line in lines]
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    return "\n".join([text[0], rule, *text[1:-1], rule, text[-1], *_notes(summary)])


def as_html(summary: Summary) -> str:
    """A table without a colour of its own; a long one scrolls below its head, and its total stays in sight."""
    rows = "".join(f"<tr>{_line(_cells(row), 'td')}</tr>" for row in summary.rows)
    head = f'<thead style="{_STICKY};top:0"><tr>{_line(HEAD, "th")}</tr></thead>'
    foot = f'<tfoot style="{_STICKY};{_SUM}"><tr>{_line(_total(summary), "td")}</tr></tfoot>'
    table = f'<table style="font-size:inherit;margin:0">{head}<tbody>{rows}</tbody>{foot}</table>'
    notes = "".join(f'<div style="margin-top:.3em">{html.escape(note)}</div>' for note in _notes(summary))
    size = f"font-size:{text_size()}"
    return (
        f'<div class="course-summary" style="{size};line-height:1.45">'
        f'<div style="max-height:34em;overflow:auto;width:fit-content;max-width:100%">{table}</div>{notes}</div>'
    )


_STICKY = "position:sticky;background:var(--jp-layout-color0, Canvas)"
_SUM = "bottom:0;box-shadow:inset 0 1px;font-weight:bold"  # a border would scroll away


def _aligned(cell: str, column: int, width: int) -> str:
    return cell.ljust(width) if column < TEXT_COLUMNS else cell.rjust(width)


def _line(cells: tuple[str, ...], tag: str) -> str:
    sides = ["left" if k < TEXT_COLUMNS else "right" for k in range(len(cells))]
    style = "white-space:nowrap;font-variant-numeric:tabular-nums"
    pairs = zip(sides, cells, strict=True)
    return "".join(f'<{tag} style="text-align:{side};{style}">{html.escape(cell)}</{tag}>' for side, cell in pairs)


def _cells(row: Row) -> tuple[str, ...]:
    kind = row.kind if row.calls < 2 else f"{row.kind}, {row.calls} calls"
    output = " × ".join(map(str, row.shape)) if row.shape else ("not called" if not row.calls else "–")
    count = "not counted" if row.multiply_adds is None else f"{row.multiply_adds:,}"
    return row.name, kind, output, _parameters(row), count


def _parameters(row: Row) -> str:
    if row.shared and not row.parameters:
        return "(shared)"
    words = "" if row.trainable == row.parameters else "(frozen) " if not row.trainable else "(partly frozen) "
    return f"{words}{'(rest shared) ' if row.shared else ''}{row.parameters:,}"


def _total(summary: Summary) -> tuple[str, ...]:
    return "total", "", "", f"{summary.parameters:,}", f"{summary.multiply_adds:,}"


def _notes(summary: Summary) -> list[str]:
    """What the totals leave open."""
    count = summary.multiply_adds
    size = next((f" ({count / unit:.4g} {name})" for unit, name in UNITS if count >= unit), "")
    notes = [f"Input {' × '.join(map(str, summary.input_shape))}, the batch first{': ' if size else '.'}"]
    if size:
        notes[0] += f"{count:,} multiply-adds{size}."
    if summary.trainable < summary.parameters:
        notes.append(f"{summary.trainable:,} of the parameters are trained, the others are frozen.")
    if summary.buffers:
        notes.append(f"Besides, {summary.buffers:,} numbers in buffers, which no gradient trains.")
    if summary.not_counted:
        more = f" and {left} more" if (left := len(summary.not_counted) - NAMES) > 0 else ""
        notes.append(f"Not in the total of multiply-adds: {', '.join(summary.not_counted[:NAMES])}{more}.")
    return notes
