"""The nets of lesson 07: how they are made, what is measured in them before the first step, and the trained ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.datasets import load
from course_lib.fit_many import fit_many
from course_lib.nets import ResidualMLP
from course_lib.nets.residual import Stack
from course_lib.number_checks import is_whole
from course_lib.runs import Runs
from course_lib.uninterrupted import uninterrupted
from course_lib.variation import shifted

SEEDS = range(3)
RATES = (1e-3, 4e-3, 3e-2)
"""For Adam. From 32 layers on the last is left out: tried beforehand, no plain net of that depth learns at it."""
DEEP = RATES[:2]


def stack(depth: int, *, width: int = 32, identity: bool = False, **options: object) -> Stack:
    """Return a net of `depth` linear layers for the digits: one in front, two in each block, one at the end.

    Args:
        depth: an even number from 2.
        width: units in each layer.
        identity: the layers of all blocks begin as the identity matrix, so that a plain net begins by handing through.
        **options: norm, zero_start, alpha and init of `ResidualMLP`; alpha=0 makes it plain.

    Raises:
        ValueError: another depth, or an option that makes no net.
    """
    if not is_whole(depth, least=2) or depth % 2:
        raise ValueError(f"depth is {depth!r}; it is an even number from 2: each block has two of the layers.")
    net = ResidualMLP(64, width, 10, blocks=(depth - 2) // 2, **options)
    for layer in net.blocks.modules() if identity else ():
        if isinstance(layer, nn.Linear):
            nn.init.eye_(layer.weight)
            nn.init.zeros_(layer.bias)
    return net


def seeded(make: Callable[[], nn.Module], seed: int) -> nn.Module:
    """The net that `make` makes under a seed; the notebook's random numbers stay where they are."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(shifted(seed))
        return make()


def some_digits(rows: int = 256) -> tuple[Tensor, Tensor]:
    """The first training digits, (rows, 64) and (rows,)."""
    x, y = load("digits").train
    return x[:rows], y[:rows]


# ---------------------------------------------------------------------------------------------- before the first step
def first_gradient(net: Stack) -> float:
    """Length of the gradient that comes back to the outputs of the first layer, divided by that at the last hidden one.

    At the outputs, because the gradient of the *weights* hides it: in a ReLU net without biases weights half as large
    make the signal as much smaller as the gradient, and the ratio of the weights' gradients stays what it was. In
    float64, because float32 loses what is smaller than 1e-38 once it is squared.
    """
    x, y = some_digits()
    net = net.double()
    first = net.stem(x.double())
    last = net.blocks(first)
    there, back = torch.autograd.grad(F.cross_entropy(net.head(last), y), [first, last], materialize_grads=True)
    return float(there.norm() / back.norm())


@torch.no_grad()
def untrained_loss(net: nn.Module) -> float:
    """Loss on 256 digits, before any step."""
    x, y = some_digits()
    return float(F.cross_entropy(net(x), y))


def over_depths(
    measure: Callable[[Stack], float], depths: list[int], *, seeds: range = SEEDS, **options: object
) -> np.ndarray:
    """A measure of untrained nets, (depths, seeds).

    Args:
        measure: `first_gradient` or `untrained_loss`.
        depths: of the nets.
        seeds: of the weights, shifted when `course claims` asks for it.
        **options: of `stack`.
    """
    makes = [partial(stack, depth, **options) for depth in depths]
    return np.array([[measure(seeded(make, seed)) for seed in seeds] for make in makes])


# ------------------------------------------------------------------------------------------------------------- trained
@lru_cache(maxsize=64)
def trained(depth: int, *, epochs: int = 10, rates: tuple[float, ...] = DEEP, **options: object) -> Runs:
    """Train a stack on the digits once for each rate and each of three seeds: Adam, batches of 128.

    Args:
        depth: linear layers.
        epochs: passes over the 1,397 training digits, 11 steps each.
        rates: Adam's.
        **options: of `stack`.
    """
    settings = {"batch_size": 128, "optimizer": "adam", "progress": False}
    make = partial(stack, depth, **options)
    runs = fit_many(make, load("digits"), epochs=epochs, grid={"lr": rates}, seeds=SEEDS, **settings)
    return uninterrupted(runs, epochs)


def last_losses(runs: Runs, rate: float | None = None) -> np.ndarray:
    """Training loss of the last epoch, (S,); infinite where a run diverged.

    Args:
        runs: from `trained`.
        rate: one of its rates; None takes the rate whose median over the seeds is lowest.

    Raises:
        ValueError: for a rate at which nothing was trained.
    """
    last = runs["train_loss"][-1].nan_to_num(nan=torch.inf)  # (R, S)
    rates = runs.axes["lr"].tolist()
    if rate is not None and rate not in rates:
        raise ValueError(f"rate is {rate!r}; these runs were trained at {', '.join(f'{each:g}' for each in rates)}.")
    if rate is not None:
        return last[rates.index(rate)].numpy()
    return last[last.median(1).values.argmin()].numpy()
