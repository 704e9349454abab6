"""The four small nets of lesson 06 that are asked about digits in another place than the one they were trained on."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, nn

from course_lib.datasets import load, new_digits
from course_lib.fit import fit
from course_lib.lessons.convolutions.pictures import SIDE, as_pictures, on_canvas
from course_lib.uninterrupted import uninterrupted

SHIFTS = range(-3, 4)
"""Pixels to the right."""


def dense() -> nn.Sequential:
    """All pixels to all units: 2,908 parameters."""
    return nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 14), nn.ReLU(), nn.Linear(14, 10))


def conv_flatten() -> nn.Sequential:
    """Two convolutions, each pooled, then a weight for every place: 2,698 parameters."""
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(16 * 3 * 3, 10)),
    )


def conv_global() -> nn.Sequential:
    """Three convolutions, then the largest answer of each map, wherever it is: 2,834 parameters.

    Without biases empty paper stays 0 in every layer, as padding is: the edge of the canvas then looks like more of it.
    """
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.ReLU()),
        *(nn.Conv2d(8, 12, 3, padding=1, bias=False), nn.ReLU()),
        *(nn.Conv2d(12, 16, 3, padding=1, bias=False), nn.ReLU()),
        *(nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(16, 10)),
    )


def pool_global() -> nn.Sequential:
    """The same with one pooling after the first convolution, and the same 2,834 parameters."""
    net = conv_global()
    return nn.Sequential(*net[:2], nn.MaxPool2d(2), *net[2:])


NETS: dict[str, Callable[[], nn.Sequential]] = {
    "dense": dense,
    "conv + flatten": conv_flatten,
    "conv + global max": conv_global,
    "one pool + global max": pool_global,
}


@torch.no_grad()
def accuracy(net: nn.Module, x: Tensor, y: Tensor) -> float:
    """Share of the pictures that a net reads correctly, in evaluation mode."""
    net.eval()
    return float((net(x).argmax(1) == y).double().mean())


def at_each_shift(net: nn.Module) -> list[float]:
    """Accuracy on the 400 new digits, moved by -3 to 3 pixels to the right, in the order of `SHIFTS`."""
    x, y = new_digits()
    return [accuracy(net, on_canvas(x, right=shift), y) for shift in SHIFTS]


@cache
def trained() -> dict[str, nn.Module]:
    """One of each net, trained on digits in the middle of the canvas as the notebook trains them."""
    canvas = as_pictures(load("digits"), on_canvas)
    options = {"epochs": 8, "lr": 0.01, "optimizer": "adam", "batch_size": 64, "seed": 0, "progress": False}
    return {name: uninterrupted(fit(make, canvas, **options), 8).model.eval() for name, make in NETS.items()}
