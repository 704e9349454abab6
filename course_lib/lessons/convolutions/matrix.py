"""What the learner drags in lesson 06 to see that a convolution is a dense layer: tied weights and many zeros."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from course_lib import style
from course_lib.axes import bare
from course_lib.colors import GREY, ORANGE, swept
from course_lib.controls import Choice, Slider
from course_lib.explorer import Explorer
from course_lib.tiles import Tiles

SMALL = 6
"""Pixels a side: 36 in all, so that every entry of the matrix can be seen."""


def matrix_of(kernel: Tensor, side: int, *, stride: int = 1, padding: int = 0) -> Tensor:
    """The matrix of a convolution: one row for each output, one column for each pixel.

    Column p is what comes out for a picture of zeros with a 1 at pixel p.

    Args:
        kernel: (k, k).
        side: pixels a side of the picture.
        stride, padding: as of `torch.nn.functional.conv2d`.

    Returns:
        (outputs, side * side).
    """
    each_pixel = torch.eye(side * side, dtype=kernel.dtype).reshape(-1, 1, side, side)
    out = F.conv2d(each_pixel, kernel[None, None], stride=stride, padding=padding)
    return out.flatten(1).T


class Tied(Explorer):
    """One row of this matrix is one place of the window: how many different weights are in all of it?"""

    controls = {
        "unit": Slider(0, 35, start=5, integer=True, label="unit (a row of the matrix)"),
        "stride": Choice(1, 2, 3),
        "padding": Choice(0, 1),
    }
    figsize = (7.4, 3.7)
    also_show = (matrix_of,)

    def compute(self, unit: int, stride: int, padding: int) -> dict[str, Any]:
        kernel = torch.arange(1.0, 10).reshape(3, 3)  # nine weights, numbered so that they can be told apart
        matrix = matrix_of(kernel, SMALL, stride=stride, padding=padding)
        shown = {"unit": min(unit, len(matrix) - 1), "asked": unit, "matrix": matrix.int().numpy()}
        return {**shown, "stride": stride, "padding": padding}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        left, right = fig.subplots(1, 2, width_ratios=(1, 1.3))
        colors = ListedColormap([(1, 1, 1, 1), *(swept(k / 8) for k in range(9))])
        look = {"cmap": colors, "vmin": -0.5, "vmax": 9.5}
        window = Tiles(bare(left), np.zeros((SMALL, SMALL)), **look)
        left.set_title("the window of this unit")
        edges = np.arange(0.5, SMALL - 1)
        lines = [
            line(edge, color=GREY, linewidth=0.5 * style.scale())
            for line in (left.axhline, left.axvline)
            for edge in edges
        ]
        shown = Tiles(right, np.zeros((36, 36)), **look)
        shown.set_extent((-0.5, 35.5, 35.5, -0.5))
        right.set(xlim=(-0.5, 35.5), ylim=(35.5, -0.5), xlabel="pixel", ylabel="unit", title="the matrix")
        right.set(xticks=(0, 12, 24, 35), yticks=(0, 12, 24, 35))
        right.grid(visible=False)
        frame = right.add_patch(
            Rectangle((-0.5, 0), 36, 1, fill=False, edgecolor=ORANGE, linewidth=1.6 * style.scale())
        )
        spines = [*left.spines.values(), *right.spines.values()]
        moving = [window, shown, frame, *lines, *spines]  # what lies on a moving picture moves along
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        window, shown, frame = moving[:3]
        matrix, unit = result["matrix"], result["unit"]
        window.set_data(matrix[unit].reshape(SMALL, SMALL))
        shown.set_data(matrix)
        shown.set_extent((-0.5, 35.5, len(matrix) - 0.5, -0.5))
        frame.set_xy((-0.5, unit - 0.5))

    def describe(self, result: dict[str, Any]) -> str:
        matrix = result["matrix"]
        zeros = (matrix == 0).mean()
        used = len(np.unique(matrix[matrix != 0]))
        unit, asked = result["unit"], result["asked"]
        which = f"Unit {unit}" if unit == asked else f"There is no unit {asked}; the last one, unit {unit},"
        return (
            f"Stride {result['stride']}, padding {result['padding']}: {len(matrix)} units × {matrix.shape[1]} pixels = "
            f"{matrix.size} places, {100 * zeros:.0f} % of them empty, the others filled from {used} weights. "
            f"{which} uses {int((matrix[unit] != 0).sum())} of them."
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        used = int((result["matrix"][result["unit"]] != 0).sum())
        return used <= 4, f"find a unit that uses only four of the nine weights; now {used}"
