"""The digits of lesson 06 as pictures: small, on a larger canvas, enlarged; and the kernels that slide over them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.datasets import Data, Split, new_digits

SIDE = 14
"""Pixels of the canvas: a digit of 8 x 8 in its middle can move by 3 in each direction."""

KERNELS = {
    "left edge": ((-1, 1, 0), (-1, 1, 0), (-1, 1, 0)),
    "upper edge": ((-1, -1, -1), (1, 1, 1), (0, 0, 0)),
    "right bend": ((1, 1, -2), (-2, 1, 2), (1, 1, -2)),
    "all ones": ((1, 1, 1), (1, 1, 1), (1, 1, 1)),
}
"""Three by three weights each."""


def square(x: Tensor) -> Tensor:
    """Rows of 64 pixels as pictures: (N, 64) -> (N, 1, 8, 8)."""
    return x.reshape(-1, 1, 8, 8)


def on_canvas(x: Tensor, *, right: int = 0, down: int = 0, side: int = SIDE) -> Tensor:
    """Digits in the middle of an empty canvas, moved by some pixels.

    Args:
        x: (N, 64) ink from 0 to 1.
        right, down: pixels, -3 to 3 on the usual canvas.
        side: of the canvas, an even number of pixels.

    Returns:
        (N, 1, side, side).

    Raises:
        ValueError: when a digit would leave the canvas.
    """
    edge = (side - 8) // 2
    if max(abs(right), abs(down)) > edge:
        raise ValueError(f"a digit can move by {edge} pixels at most; {right=}, {down=} would cut it off")
    return F.pad(square(x), (edge + right, edge - right, edge + down, edge - down))


def enlarged(x: Tensor, side: int = 32) -> Tensor:
    """Digits drawn larger, new pixels in between: (N, 64) -> (N, 1, side, side), bilinear."""
    return F.interpolate(square(x), size=(side, side), mode="bilinear")


def as_pictures(data: Data, draw) -> Data:
    """A data set of digits with every x put through `draw`, such as `on_canvas` or `enlarged`."""
    train, val, test = (Split(draw(split.x), split.y) for split in (data.train, data.val, data.test))
    return replace(data, train=train, val=val, test=test, features=())


@cache
def one_of_each() -> Tensor:
    """A usual digit of each class, (10, 64): of the new ones, the one nearest to the mean of its class."""
    x, y = new_digits()
    of_class = [x[y == digit] for digit in range(10)]
    return torch.stack([rows[(rows - rows.mean(0)).norm(dim=1).argmin()] for rows in of_class])
