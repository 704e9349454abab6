"""What figures and explorers of many lessons do to their axes: a level to compare with, and room for a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from course_lib import style
from course_lib.colors import GREY, NOTE, TRUTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def level(ax: Axes, value: float, name: str) -> Axes:
    """Draws a level to compare with, such as that of guessing: dashed, behind the curves, its name in the right margin.

    Args:
        ax: with the quantity on its vertical axis.
        value: of that quantity.
        name: a word or two.
    """
    ax.axhline(value, zorder=1, **TRUTH)
    return beside(ax, value, name)


def beside(ax: Axes, value: float, name: str, *, va: str = "center", color: str = NOTE) -> Axes:
    """Writes a word or two into the right margin, at the height of `value`.

    Args:
        ax: with the quantity on its vertical axis.
        value: of that quantity.
        name: what is written.
        va: "center", or "bottom" to let the words begin there.
        color: of the words; that of a curve where they belong to one.
    """
    place = {"xycoords": ("axes fraction", "data"), "va": va}
    ax.annotate(name, (1.01, value), **place, fontsize="small", color=color)
    return ax


def bare(ax: Axes) -> Axes:
    """Leaves room for a picture alone: no ticks, no grid, a thin frame."""
    ax.set(xticks=(), yticks=())
    ax.spines[:].set(visible=True, linewidth=0.6 * style.scale(), color=GREY)
    ax.grid(visible=False)
    return ax
