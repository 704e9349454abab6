"""Ten bars, one a digit: the share of its pictures that a net reads correctly, and a line for all digits together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from course_lib import style
from course_lib.colors import BLACK, BLUE, TRUTH

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes


class DigitBars:
    """The bars of an explorer, drawn once and then moved; guessing, a tenth, is the dashed line.

    Args:
        ax: gets its limits and the label of its horizontal axis here.
        color: of the bars.
    """

    def __init__(self, ax: Axes, *, color: str = BLUE) -> None:
        ax.set(xlim=(-0.6, 9.6), ylim=(0, 1.04), xlabel="digit", xticks=range(10))
        ax.axhline(0.1, **TRUTH)
        self.bars = list(ax.bar(range(10), np.ones(10), width=0.7, color=color))
        (self.line,) = ax.plot([-0.6, 9.6], [1, 1], color=BLACK, linewidth=2 * style.scale())

    @property
    def moving(self) -> list[Artist]:
        """What `Explorer.draw` returns of it."""
        return [*self.bars, self.line]

    def show(self, each: Iterable[float], together: float) -> None:
        """Moves them.

        Args:
            each: ten shares, from 0 to 1.
            together: the share of all digits.
        """
        for bar, share in zip(self.bars, each, strict=True):
            bar.set_height(share)
        self.line.set_ydata([together] * 2)
