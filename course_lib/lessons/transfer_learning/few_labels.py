"""A few labelled digits of each class, and the three ways to use them: from scratch, frozen, fine-tuned.

All nets of one arm are trained at once (one for each draw of the labels, and each rate), as `course.fit_many` does it;
here every net has its own training pictures as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.datasets import load, new_digits
from course_lib.lessons.transfer_learning.nets import FEATURES, letters_net, untrained, with_new_head
from course_lib.number_checks import whole_number
from course_lib.optimizers import DEFAULTS, RULES
from course_lib.stacked import Stacked
from course_lib.variation import perturb, shifted

DRAWS = range(8)
CHOOSING = range(100, 104)
"""Draws by which the rates are chosen; the table is made with others."""
KEPT = 400
"""Training digits that are never drawn: the rates are chosen by them, so that the new digits choose nothing."""
MOST = 80
"""Labels a class, at most: of some digits there are hardly more, and a draw would then have fewer of them."""
STEPS, BATCH = 50, 32
RATES = {"scratch": (1e-3, 3e-3, 1e-2), "frozen": (1e-3, 3e-3, 1e-2), "fine-tuned": (5e-4, 2e-3, 5e-3)}


@cache
def _pool() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Digits to draw labels from, and those to choose rates by: x, y, x, y."""
    x, y = load("digits").train
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    return x[order[KEPT:]], y[order[KEPT:]], x[order[:KEPT]], y[order[:KEPT]]


def draw(k: int, seed: int) -> tuple[Tensor, Tensor]:
    """k labelled digits of every class, in a random order: (10 k, 64) and (10 k,).

    Args:
        k: from 1 to 80.
        seed: of the draw. With the same seed, the digits of a smaller k are among those of a larger one.

    Raises:
        ValueError: for another k, or a seed that is no whole number.
    """
    if not 1 <= whole_number("k", k, least=1) <= MOST:
        raise ValueError(f"k is {k}; it must be a whole number from 1 to {MOST}.")
    x, y, *_ = _pool()
    generator = torch.Generator().manual_seed(apart(whole_number("seed", seed)))
    order = torch.randperm(len(y), generator=generator)
    rows = torch.cat([order[y[order] == digit][:k] for digit in range(10)])
    rows = rows[torch.randperm(len(rows), generator=generator)]
    return x[rows], y[rows]


def apart(seed: int) -> int:
    """The seed of a draw. Shifted by one, eight draws in a row would be seven old ones and a new one."""
    return seed + 1000 * shifted(0)


def head_on(inputs: int) -> Callable[[int], nn.Module]:
    """What makes a new last layer for a seed: (B, inputs) to (B, 10)."""

    def make(seed: int) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(shifted(seed))
            return nn.Linear(inputs, 10)

    return make


@torch.no_grad()
def features(net: nn.Sequential, x: Tensor) -> Tensor:
    """What the body of a net makes of pictures, (N, 64) to (N, 384), in evaluation mode."""
    body = net[:-1]
    mode = net.training
    seen = body.eval()(x)
    net.train(mode)
    return seen


def trained_at_once(
    make: Callable[[int], nn.Module], sets: list[tuple[Tensor, Tensor]], seeds: Iterable[int], rates: tuple[float, ...]
) -> Stacked:
    """Train a net for each rate and each seed, each seed on its own pictures: Adam, 50 steps, batches of up to 32.

    Args:
        make: makes the net of a seed.
        sets: (N, ...) and (N,), one of each for each seed, all of one size.
        seeds: of the nets and of the order of the batches.
        rates: learning rates.

    Returns:
        The trained nets, rate by rate, in evaluation mode.
    """
    nets = [make(seed) for seed in seeds]
    for net in nets:
        perturb(net)
    nets = Stacked(nets, len(rates))
    nets.net.train()
    each = torch.tensor(rates, dtype=torch.float64).repeat_interleave(len(sets))
    rule = RULES["adam"](nets.weights, {**DEFAULTS["adam"], "lr": each})
    x, y = (torch.stack(part) for part in zip(*sets, strict=True))  # (S, N, ...) and (S, N)
    generators = [torch.Generator().manual_seed(shifted(seed)) for seed in seeds]
    row = torch.arange(len(sets))[:, None]
    for rows in _batches(x.shape[1], generators):  # (S, B)
        xb, yb = x[row, rows].repeat(len(rates), 1, 1), y[row, rows].repeat(len(rates), 1)
        loss = F.cross_entropy(nets(xb, shared=False).transpose(1, 2), yb, reduction="none").mean(1)  # (R S,)
        gradients = nets.gradients(loss)
        with torch.no_grad():
            rule.step(nets.weights, gradients)
    nets.net.eval()
    return nets


def _batches(n: int, generators: list[torch.Generator]) -> Iterable[Tensor]:
    steps = 0
    while True:
        orders = torch.stack([torch.randperm(n, generator=generator) for generator in generators])
        for rows in orders.split(BATCH, 1):
            if rows.shape[1] == 1:  # batch norm has nothing to compare a single row with
                continue
            yield rows
            steps += 1
            if steps == STEPS:
                return


@torch.no_grad()
def accuracies_of(nets: Stacked, x: Tensor, y: Tensor, *, among: Tensor | None = None) -> Tensor:
    """Share of right answers of every net, (M,) float64.

    Args:
        nets: M of them.
        x, y: (N, ...) and (N,).
        among: (M, N) bool; each net is asked about its own rows only.
    """
    right = (nets(x, shared=True).argmax(2) == y).double()
    return right.mean(1) if among is None else (right * among).sum(1) / among.sum(1)


def arm(name: str, k: int, *, seeds: Iterable[int] = DRAWS, rates: tuple[float, ...], choosing: bool = False) -> Tensor:
    """Train one arm on k labels a class and read other digits.

    Args:
        name: "scratch" (all layers, from initial weights), "frozen" (a new head on the letters net's features, which
            are computed once) or "fine-tuned" (all layers, from the letters net's weights, with a new head).
        k: labels a class.
        seeds: draws.
        rates: of Adam.
        choosing: read the digits kept for choosing rates, not the new ones.

    Returns:
        Accuracies, (R, S).
    """
    if name not in RATES:
        raise ValueError(f"The arms are {', '.join(map(repr, RATES))}; {name!r} is none of them.")
    seeds = list(seeds)
    sets = [draw(k, seed) for seed in seeds]
    x, y = _pool()[2:] if choosing else new_digits()
    letters = letters_net()
    if name == "frozen":
        sets, x = [(features(letters, a), b) for a, b in sets], features(letters, x)
    makes = {"scratch": untrained, "frozen": head_on(FEATURES), "fine-tuned": lambda seed: with_new_head(letters, seed)}
    nets = trained_at_once(makes[name], sets, seeds, rates)
    return accuracies_of(nets, x, y).view(len(rates), len(seeds))


def best_rate(name: str, k: int = 5) -> float:
    """The rate of an arm that reads most of the digits kept for this, with four draws that the table does not use.

    Raises:
        ValueError: for an arm that there is not.
    """
    if name not in RATES:
        raise ValueError(f"There is no arm {name!r}; there are {', '.join(map(repr, RATES))}.")
    found = arm(name, k, seeds=CHOOSING, rates=RATES[name], choosing=True)
    return RATES[name][int(found.mean(1).argmax())]


def nearest_by_pixels(k: int) -> Tensor:
    """The trivial baseline, without any net: each new digit gets the class of the nearest labelled one, (S,)."""
    x, y = new_digits()
    found = []
    for seed in DRAWS:
        labelled, classes = draw(k, seed)
        found.append((classes[torch.cdist(x, labelled).argmin(1)] == y).double().mean())
    return torch.stack(found)


def table(ks: Iterable[int], rates: dict[str, float]) -> dict[str, np.ndarray]:
    """Accuracies on 400 new digits, arm -> (K, S); the same draws of labels for all arms, and the trivial baseline.

    Args:
        ks: labels a class.
        rates: arm -> its rate.
    """
    found = {"nearest by pixels": np.stack([nearest_by_pixels(k).numpy() for k in ks])}
    for name, rate in rates.items():
        found[name] = np.stack([arm(name, k, rates=(rate,))[0].numpy() for k in ks])
    return found
