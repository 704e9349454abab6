"""The learner's mark and the truth, drawn into a plot: lines labelled on the spot, told apart by style and marker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib import rcParams

from course_lib.answers import Choice, Kind, Marks
from course_lib.colors import BLACK, GUESS, TRUTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOP, ROW = 1.0, 1.7  # middle of the first row of labels below the edge, and distance to the next, in font sizes
ROOM = 0.3  # share of the axes that a label may need beside its line
EDGE = 0.12  # share of the axes that a label may need above or below its line
WIDE, HIGH = 0.3, 0.08  # shares of the axes that a label takes, across and upwards: nearer ones would overlap
BOX = {"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 1.5}  # readable over curves


class Line(NamedTuple):
    """One place to mark: where, what is written beside it, how it looks, and in which colour the words are."""

    value: float
    text: str
    style: dict
    ink: str


def draw_answer(ax: Axes, kind: Kind, answer: Any, truth: Any, *, axis: str = "x") -> Axes:
    """Draw what was said and what was found; None for either leaves it out.

    Args:
        ax: the axes, on a log scale as well as on a linear one.
        kind: what sort of answer it is.
        answer, truth: a value of that kind, or None.
        axis: "x" for upright lines, "y" for level ones.

    Returns:
        ax, with its limits widened where a mark would not be seen.

    Raises:
        ValueError: when axis is neither "x" nor "y".
    """
    if axis not in ("x", "y"):
        raise ValueError(f'axis={axis!r}: give "x" or "y"')
    row, taken = 0, []
    for pair in _pairs(kind, answer, truth):
        if isinstance(kind, Choice):
            row = _write(ax, pair, row)
            continue
        shares = [_show(ax, line.value, axis) for line in pair]  # both first: the second may widen the axis
        shares = [_show(ax, line.value, axis) for line in pair]
        lines = sorted(zip(shares, pair, strict=True), key=lambda each: each[0])
        if axis == "x":
            row = _upright(ax, lines, row)
        else:
            _level(ax, lines, taken)
    return ax


def _pairs(kind: Kind, answer: Any, truth: Any) -> list[list[Line]]:
    """What belongs together: the truth and the answer, for every label of `Marks` on its own."""
    who = (("truth", truth, TRUTH, BLACK), ("you", answer, GUESS, GUESS["color"]))  # grey words were too pale
    given = [each for each in who if each[1] is not None]
    if not isinstance(kind, Marks):
        return [[Line(value, f"{name}: {kind.words(value)}", look, ink) for name, value, look, ink in given]]
    return [
        [Line(value[number], f"{label} ({name})", look, ink) for name, value, look, ink in given]
        for number, label in enumerate(kind.labels)
    ]


def _upright(ax: Axes, pair: list[tuple[float, Line]], row: int) -> int:
    """Upright lines with their labels outside of the pair, or one row further down where there is no room."""
    frame, taken = ax.get_xaxis_transform(), set()
    for number, (share, line) in enumerate(pair):
        ax.axvline(line.value, **_line_style(line), zorder=3)
        ax.plot([line.value], [0], transform=frame, **_foot_style(line))
        outside = "right" if number == len(pair) - 1 else "left"
        side = "right" if share < ROOM else "left" if share > 1 - ROOM else outside
        row += side in taken
        taken.add(side)
        beside, align = (6, "left") if side == "right" else (-6, "right")
        _label(ax, line, (line.value, 1), frame, (beside, _down(row)), {"ha": align, "va": "center"})
    return row + 1


def _level(ax: Axes, pair: list[tuple[float, Line]], taken: list[tuple[float, float]]) -> None:
    """Level lines with their labels above the upper one and below the lower one; beside those of other pairs.

    Args:
        taken: where labels are, (across, up) as shares of the axes; those of this pair are added.
    """
    frame = ax.get_yaxis_transform()
    for number, (share, line) in enumerate(pair):
        ax.axhline(line.value, **_line_style(line), zorder=3)
        ax.plot([0], [line.value], transform=frame, **_foot_style(line))
        above = (number == len(pair) - 1 and share < 1 - EDGE) or share < EDGE
        across = 0.98 if EDGE < share < 1 - EDGE else 0.98 - 0.4 * number  # two at one edge stand side by side
        beside, align = ((0, 4), "bottom") if above else ((0, -4), "top")
        up = share + (HIGH if above else -HIGH) / 2
        while across > 2 * WIDE and any(abs(across - a) < WIDE and abs(up - b) < HIGH for a, b in taken):
            across -= WIDE
        taken.append((across, up))
        _label(ax, line, (across, line.value), frame, beside, {"ha": "right", "va": align})


def _write(ax: Axes, lines: list[Line], row: int) -> int:
    for line in lines:
        _label(ax, line, (0.02, 1), ax.transAxes, (0, _down(row)), {"ha": "left", "va": "center"})
        row += 1
    return row


def _down(row: int) -> float:
    """Points from the upper edge to the middle of a row of labels; in the large mode the rows are larger too."""
    return -(TOP + ROW * row) * rcParams["font.size"]


def _label(ax: Axes, line: Line, at: tuple, frame: Any, beside: tuple, align: dict) -> None:
    label = ax.annotate(line.text, at, xycoords=frame, xytext=beside, textcoords="offset points", **align)
    label.set(color=line.ink, zorder=5, bbox=BOX)


def _line_style(line: Line) -> dict:
    return {key: each for key, each in line.style.items() if key != "marker"}


def _foot_style(line: Line) -> dict:
    marker = line.style.get("marker", "d")
    return {"color": line.style["color"], "marker": marker, "linestyle": "none", "clip_on": False, "zorder": 4}


def _show(ax: Axes, value: float, axis: str) -> float:
    """Widen the axis until the value is on it; return its place on the axis as a share, 0 to 1.

    A value that the scale cannot show (0 on a log axis) leaves the limits alone.
    """
    this = ax.xaxis if axis == "x" else ax.yaxis
    get, put = (ax.get_xlim, ax.set_xlim) if axis == "x" else (ax.get_ylim, ax.set_ylim)
    if this.get_scale() == "log" and value <= 0:
        return 0.0
    scale = this.get_transform()
    low, high, at = (float(each) for each in scale.transform([*get(), value]))
    if not min(low, high) <= at <= max(low, high):
        bottom, top = min(low, high, at), max(low, high, at)
        room = 0.03 * (top - bottom)
        ends = [float(each) for each in scale.inverted().transform([bottom - room, top + room])]
        put(ends if low <= high else ends[::-1])
        low, high = (float(each) for each in scale.transform([*get()]))
    return (at - low) / (high - low)
