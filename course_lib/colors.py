"""What each colour of a figure means; the one place to look for "the blue".

A colour never speaks alone: every role also has a line style or a marker, so that the figure reads in greyscale and
with any colour vision. Use a role as keyword arguments: ``ax.plot(loss, **TRAIN)``.

Source: ours. Closest pair of the first five roles: CIEDE2000 distance 21 over normal sight and three kinds of
colour-vision deficiency (matplotlib's default orange and green come as close as 1).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.colors import Colormap

BLUE, ORANGE, WINE, BLACK, GREY, GREEN = "#0072B2", "#D55E00", "#882255", "#000000", "#8c8c8c", "#117733"
NOTE = "#5c5c5c"
"""Words beside curves and pictures: letters in GREY would be too pale."""

TRAIN = {"color": BLUE, "linestyle": "-"}
VAL = {"color": ORANGE, "linestyle": "-", "marker": "o", "markerfacecolor": "white"}
TEST = {"color": WINE, "linestyle": "none", "marker": "D"}
"""One point, never a curve: the test set is used once."""
MODEL = {"color": BLACK, "linestyle": "-"}
TRUTH = {"color": GREY, "linestyle": "--"}
GUESS = {"color": GREEN, "linestyle": ":", "marker": "v"}
"""The learner's own mark."""
BAND = {"alpha": 0.22, "linewidth": 0}
"""Uncertainty; the caption says of what."""

CLASSES = (
    {"color": "#004488", "marker": "o"},
    {"color": "#DDAA33", "marker": "s", "markeredgecolor": "#5a4200"},
    {"color": "#BB5566", "marker": "^"},
)

SIGNED = "RdBu"
"""Colour map of signed values, centred on 0."""


def swept(share: float) -> tuple[float, float, float, float]:
    """Colour of a swept quantity (a rate, a depth, a width).

    Args:
        share: place on the sweep, 0 (lowest) to 1 (highest).

    Returns:
        RGBA of viridis, of which only the darker 70 % are used: the yellow end is too pale on white.
    """
    return _map("viridis")(0.7 * min(max(share, 0.0), 1.0))


def signed(share: np.ndarray) -> np.ndarray:
    """Colours of signed values, on the map SIGNED.

    Args:
        share: (...) from -1 (the darkest red) over 0 (white) to 1 (the darkest blue).

    Returns:
        (..., 4), RGBA.
    """
    return _map(SIGNED)(0.5 + 0.5 * share)


@cache
def _map(name: str) -> Colormap:
    """Matplotlib hands out a copy each time, which computes its colours anew: a third of a millisecond."""
    from matplotlib import colormaps

    return colormaps[name]
