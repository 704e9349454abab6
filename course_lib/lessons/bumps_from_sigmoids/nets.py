"""The nets that lesson 02 builds by hand: bumps from pairs of sigmoid units, and the folding net."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import torch
from torch import Tensor, nn

from course_lib.datasets import Data, Split, load
from course_lib.lessons.bumps_from_sigmoids.predictions import HILLS, LEVEL, PEAKS, STRAIGHT
from course_lib.nets import MLP

OPENS, CLOSES = 8.0, 18.0
"""Hours of the day between which the coffee is measured."""


@cache
def coffee() -> tuple[Tensor, Tensor]:
    """The 140 training rows of coffee: hour (140, 1) in h, litres (140,); read once."""
    x, y = load("coffee").train
    return x, y


def coffee_between(low: float, high: float) -> Data:
    """The coffee with x running from `low` at 8 h to `high` at 18 h; x (N, 1), y (N,)."""

    def change(split: Split) -> Split:
        return Split(low + (high - low) * (split.x - OPENS) / (CLOSES - OPENS), split.y)

    data = load("coffee")
    return replace(data, train=change(data.train), val=change(data.val), test=change(data.test))


def looks_like(curve: Tensor) -> str:
    """Which of four curves is nearest to `curve` (140,), a net's litres at the training hours.

    The four: the points themselves, their mean over three hours (soft hills), their best straight line, their mean.
    """
    hour, litres = coffee()
    columns = torch.cat([hour, torch.ones_like(hour)], 1)  # (140, 2)
    near = ((hour - hour.T).abs() < 1.5).float()  # (140, 140)
    curves = {
        PEAKS: litres,
        HILLS: near @ litres / near.sum(1),
        STRAIGHT: columns @ torch.linalg.lstsq(columns, litres).solution,
        LEVEL: litres.mean().expand_as(litres),
    }
    return min(curves, key=lambda name: rmse(curve - curves[name]))


def rmse(difference: Tensor) -> float:
    """Root of the mean square, in the unit of what is given."""
    return float(difference.square().mean().sqrt())


def bump_net(edges: Tensor, heights: Tensor, w: float) -> nn.Sequential:
    """A 1-2n-1 sigmoid net that draws n bumps: one unit steps up, the next one steps down again.

    Args:
        edges: (n, 2), where each bump begins and ends.
        heights: (n,), how far each pair of units steps.
        w: steepness of all units, per unit of the input.
    """
    with torch.random.fork_rng(devices=[]):  # the weights an MLP starts with are thrown away
        net = MLP(1, 2 * len(edges), 1, activation=nn.Sigmoid)
    with torch.no_grad():
        net[0].weight.fill_(w)  # (2n, 1)
        net[0].bias.copy_(-w * edges.flatten())  # (2n,): left, right, left, right, ...
        net[2].weight.copy_(torch.stack([heights, -heights], 1).view(1, -1))  # up, down, up, down, ...
        net[2].bias.zero_()
    return net


def equal_pieces(n: int, x: Tensor, y: Tensor, lo: float = OPENS, hi: float = CLOSES) -> tuple[Tensor, Tensor]:
    """Edges (n, 2) of n equal pieces from lo to hi, and the mean of y in each, (n,).

    A piece without a single point takes the value of the point that is nearest to its middle.
    """
    marks = torch.linspace(lo, hi, n + 1)
    edges = torch.stack([marks[:-1], marks[1:]], 1)
    inside = (x >= edges[:, 0]) & (x <= edges[:, 1])  # (N, n)
    nearest = (x - edges.mean(1)).abs().argmin(0)  # (n,)
    inside[nearest, torch.arange(n)] |= ~inside.any(0)
    return edges, (y[:, None] * inside).sum(0) / inside.sum(0)


def best_pieces(n: int, x: Tensor, y: Tensor) -> float:
    """RMSE of the best n flat pieces, wherever their edges are; by dynamic programming over the sorted points.

    Args:
        n: how many pieces.
        x: (N, 1); y: (N,).
    """
    y = y[x[:, 0].argsort()].double()
    zero = torch.zeros(1, dtype=y.dtype)
    sums, squares = torch.cat([zero, y.cumsum(0)]), torch.cat([zero, y.square().cumsum(0)])
    i, j = torch.meshgrid(torch.arange(len(y) + 1), torch.arange(len(y) + 1), indexing="ij")
    cost = squares[j] - squares[i] - (sums[j] - sums[i]) ** 2 / (j - i).clamp(min=1)  # of one piece, rows i to j - 1
    cost[j <= i] = torch.inf
    total = cost[0]
    for _ in range(n - 1):
        total = (total[:, None] + cost).min(0).values
    return float((total[-1] / len(y)).sqrt())


def widest(layers: int, budget: int) -> list[int]:
    """The widths of the widest net from 2 inputs to 2 outputs, with equal hidden layers, that the budget pays for.

    Args:
        layers: how many hidden layers.
        budget: parameters at most, biases included.
    """
    sizes, hidden = [], 1
    while _parameters(wider := [2, *[hidden] * layers, 2]) <= budget:
        sizes, hidden = wider, hidden + 1
    if not sizes:
        raise ValueError(f"{budget} parameters do not pay for {layers} layers of one unit each")
    return sizes


def _parameters(sizes: list[int]) -> int:
    return sum((a + 1) * b for a, b in pairwise(sizes))


def fold_net(depth: int, place: float = 0.5, height: float = 1.0) -> nn.Sequential:
    """A net of `depth` layers with two ReLU units each, whose every layer folds the interval from 0 to 1 once.

    Args:
        depth: how many folds.
        place: where a fold bends, between 0 and 1.
        height: where the bend is mapped to.
    """
    up, down = height / place, height / (1 - place)  # the two slopes
    with torch.random.fork_rng(devices=[]):
        net = MLP(1, *[2] * depth, 1, activation=nn.ReLU).double()
    with torch.no_grad():
        for number, layer in enumerate(net[::2]):
            layer.bias.copy_(torch.tensor([0.0, -place][: len(layer.bias)]))  # the units bend at 0 and at `place`
            layer.weight.copy_(torch.tensor([[1.0]] if number == 0 else [[up, -up - down]]).expand_as(layer.weight))
    return net
