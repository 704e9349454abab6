"""The learner's mark and the truth, drawn into a plot: lines labelled on the spot, told apart by style and marker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from course_lib.answers import Choice, Kind, Marks
from course_lib.colors import GUESS, TRUTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = 0.085  # height of a label in shares of the axes


def draw_answer(ax: Axes, kind: Kind, answer: Any, truth: Any, *, axis: str = "x") -> Axes:
    """Draw what was said and what was found; None for either leaves it out.

    Args:
        ax: the axes; on a log scale as well as on a linear one.
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
    if isinstance(kind, Choice):
        _write_choice(ax, kind, answer, truth)
        return ax
    lines = [*_named(kind, truth, "truth", TRUTH), *_named(kind, answer, "you", GUESS)]
    for row, (value, text, style) in enumerate(lines):
        _mark(ax, value, text, style, axis=axis, row=row)
    return ax


def _named(kind: Kind, value: Any, who: str, style: dict) -> list[tuple[float, str, dict]]:
    if value is None:
        return []
    if not isinstance(kind, Marks):
        return [(value, f"{who}: {kind.words(value)}", style)]
    pairs = zip(kind.labels, value, strict=True)
    return [(each, f"{who}, {label}: {kind.axis.words(each)}", style) for label, each in pairs]


def _mark(ax: Axes, value: float, text: str, style: dict, *, axis: str, row: int) -> None:
    """One line across the axes, a marker at its foot, its label beside it on a row of its own."""
    share = _show(ax, value, axis)
    line = {key: each for key, each in style.items() if key != "marker"}
    foot = {"color": style.get("color"), "marker": style.get("marker", "d"), "linestyle": "none", "clip_on": False}
    height, beside, side = 0.95 - ROW * row, (6, 0), "left"
    if share > 0.6:  # no room to the right
        beside, side = (-6, 0), "right"
    if axis == "x":
        frame = ax.get_xaxis_transform()
        ax.axvline(value, **line, zorder=3)
        ax.plot([value], [0], transform=frame, zorder=4, **foot)
        place, align = (value, height), {"ha": side, "va": "center"}
    else:
        frame = ax.get_yaxis_transform()
        ax.axhline(value, **line, zorder=3)
        ax.plot([0], [value], transform=frame, zorder=4, **foot)
        place, beside = (0.98, value), (0, -4 if share > 0.6 else 4)
        align = {"ha": "right", "va": "top" if share > 0.6 else "bottom"}
    label = ax.annotate(text, place, xycoords=frame, xytext=beside, textcoords="offset points", zorder=5, **align)
    label.set(color=style.get("color"), bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 1.5})


def _show(ax: Axes, value: float, axis: str) -> float:
    """Widen the axis until the value is on it; return its place on the axis as a share, 0 to 1."""
    this = ax.xaxis if axis == "x" else ax.yaxis
    get, put = (ax.get_xlim, ax.set_xlim) if axis == "x" else (ax.get_ylim, ax.set_ylim)
    scale = this.get_transform().transform
    if not min(get()) <= value <= max(get()):
        low, high = sorted([*(float(each) for each in scale(list(get()))), float(scale([value])[0])])[::2]
        room = 0.03 * (high - low)
        edges = this.get_transform().inverted().transform([low - room, high + room])
        put(edges if get()[0] <= get()[1] else edges[::-1])
    low, high, at = (float(each) for each in scale([*get(), value]))
    return (at - low) / (high - low)


def _write_choice(ax: Axes, kind: Choice, answer: Any, truth: Any) -> None:
    lines = [("truth", truth, TRUTH), ("you", answer, GUESS)]
    said = [(f"{who}: {kind.words(value)}", style) for who, value, style in lines if value is not None]
    for row, (text, style) in enumerate(said):
        label = ax.text(0.02, 0.95 - ROW * row, text, transform=ax.transAxes, va="center", zorder=5)
        label.set(color=style.get("color"), bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 1.5})
