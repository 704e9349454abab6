"""The loss around a trained net: two random directions, a grid of nets, the loss of each."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, vmap

from course_lib.datasets import load

POINTS = 21  # places along each direction


def directions(net: nn.Module, seed: int) -> list[dict[str, Tensor]]:
    """Two random directions in the space of all weights.

    Every row of a weight matrix is as long in them as it is in the net, so that 1 means "as far away as 0 is" for
    each unit, and nets of different sizes can be compared (Li et al. 2018, filter by filter). Biases and norms stay.
    """
    generator = torch.Generator().manual_seed(seed)
    both = []
    for _ in range(2):
        direction = {}
        for name, weight in net.named_parameters():
            random = torch.randn(weight.shape, generator=generator)
            if weight.ndim < 2:
                direction[name] = torch.zeros_like(random)
                continue
            length = weight.detach().flatten(1).norm(dim=1) / random.flatten(1).norm(dim=1)
            direction[name] = random * length.view(-1, *[1] * (weight.ndim - 1))
        both.append(direction)
    return both


@torch.no_grad()
def loss_slice(net: nn.Module, *, span: float = 1.0, seed: int = 0, rows: int = 500, points: int = POINTS) -> Tensor:
    """Loss of `points` x `points` nets around this one; the net itself stands in the middle.

    Args:
        net: a trained net for the digits.
        span: how far the grid goes in each direction.
        seed: of the directions.
        rows: training digits.
        points: an odd number.

    Returns:
        (points, points) losses; infinite numbers stay in.
    """
    x, y = load("digits").train
    x, y = x[:rows], y[:rows]
    first, second = directions(net, seed)
    steps = torch.linspace(-span, span, points)
    base = {name: weight.detach() for name, weight in net.named_parameters()}

    def loss(a: Tensor, b: Tensor) -> Tensor:
        weights = {name: weight + a * first[name] + b * second[name] for name, weight in base.items()}
        return F.cross_entropy(functional_call(net, weights, (x,)), y)

    line = vmap(loss, in_dims=(0, None))
    return torch.stack([line(steps, b) for b in steps])


def better_than_guessing(losses: Tensor) -> float:
    """Share of a slice whose loss is below ln 10, that of saying a tenth to everything."""
    return float((losses < torch.log(torch.tensor(10.0))).double().mean())
