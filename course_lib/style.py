"""The look of every figure, and the large mode for a lecture hall."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path

import matplotlib

HOUSE = Path(__file__).with_name("house.mplstyle")
LECTURE = {
    "font.size": 18,
    "axes.titlesize": 19,
    "lines.linewidth": 3,
    "lines.markersize": 9,
    "lines.markeredgewidth": 1.6,
    "axes.linewidth": 1.25,
    "grid.linewidth": 1.25,
    "xtick.major.width": 1.25,
    "ytick.major.width": 1.25,
    "xtick.major.size": 5.5,
    "ytick.major.size": 5.5,
    "figure.figsize": (10, 5.6),
}
"""What the large mode changes: readable from the last row."""

_lecture = False


def lecture_wish() -> bool:
    """Whether ``COURSE_LECTURE`` asks for the large mode, as `course lab --lecture` does.

    Raises:
        ValueError: when it is neither 0 nor 1.
    """
    wish = os.environ.get("COURSE_LECTURE", "").strip() or "0"
    if wish not in ("0", "1"):
        raise ValueError(f"COURSE_LECTURE is {wish!r}; 1 asks for the large mode, 0 for the usual one.")
    return wish == "1"


def use_style(*, lecture: bool = False) -> None:
    """Give all figures made from now on the house style.

    Args:
        lecture: large mode (font 18, thick lines, 10 x 5.6 inches), for figures and explorers alike.
    """
    global _lecture
    _lecture = bool(lecture)
    matplotlib.rcParams.update(_settings())


def in_house_style() -> AbstractContextManager[None]:
    """A context in which figures get the house style whatever the notebook has set; used by the explorers."""
    settings, now = _settings(), matplotlib.rcParams
    if all(now[name] == value for name, value in settings.items()):
        return nullcontext()  # as it nearly always is: copying all settings costs a millisecond of every move
    return matplotlib.rc_context(settings)


def scale() -> float:
    """How much larger than usual a figure is drawn: 1, or about 1.56 in the large mode."""
    return LECTURE["figure.figsize"][0] / 6.4 if _lecture else 1.0


def inches(width: float, height: float) -> tuple[float, float]:
    """A figure's size: what is given is that of the usual mode, and grows with the large one."""
    return width * scale(), height * scale()


def text_size() -> str:
    """CSS for the size of words that we put on the page: the page's own, in the large mode 22 px at least.

    A page whose text is large already (`course lab --lecture`) is not enlarged once more.
    """
    page = "var(--jp-content-font-size1, 14px)"
    return f"max({14 * scale():.0f}px, {page})" if _lecture else page


def widget_css() -> str:
    """A ``<style>`` that gives explorers and predictions the page's text size, or more in the large mode."""
    size = text_size()
    lengths = f"--jp-widgets-font-size:{size};--jp-widgets-inline-height:calc(2 * {size})"
    return (
        f"<style>.course-explorer,.course-prediction{{{lengths}}}"
        ".course-explorer .widget-html-content,.course-prediction .widget-html-content"
        "{font-size:var(--jp-widgets-font-size);line-height:1.45}"
        ".course-explorer code,.course-prediction code{font-size:.9em}"
        ".course-explorer .widget-readout,.course-prediction .widget-readout{min-width:4.2em}"
        ".course-board .jupyter-button{border:1px solid #8c8c8c;background:white}"
        ".course-board .jupyter-button.mod-active{background:black}</style>"
    )


def _settings() -> dict:
    return {**_house(), **(LECTURE if _lecture else {})}


@cache
def _house() -> dict:
    return dict(matplotlib.rc_params_from_file(HOUSE, use_default_template=False))
