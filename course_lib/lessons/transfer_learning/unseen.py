"""What the letters net says to pictures that it was never trained on: handwritten digits, and letters left out."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor, nn

from course_lib.datasets import Split, load
from course_lib.lessons.transfer_learning.few_labels import (
    DRAWS,
    accuracies_of,
    apart,
    features,
    head_on,
    trained_at_once,
)
from course_lib.lessons.transfer_learning.nets import FEATURES, LEFT_OUT, letters_net
from course_lib.letters import CLASSES, NEW_FONTS, printed

OTHERS = (tuple("BDFNTbdfnt"), tuple("GLMQUglmqu"), tuple("CIJPScijps"))
"""Ten letters each that both nets have seen: the control."""


@torch.no_grad()
def called(net: nn.Module) -> Tensor:
    """Which letter a net calls each handwritten digit: shares, (10, 52), each row adds up to 1."""
    x, y = load("digits").train
    said = net.eval()(x).argmax(1)
    counts = torch.zeros(10, len(CLASSES)).index_put_((y, said), torch.ones(len(y)), accumulate=True)
    return counts / counts.sum(1, keepdim=True)


@cache
def _new_letters() -> Split:
    """100 letters of each class, in fonts that no net was trained on: (5200, 64) and (5200,)."""
    return printed(100, NEW_FONTS, torch.Generator().manual_seed(1))


def task(names: tuple[str, ...]) -> tuple[Tensor, Tensor]:
    """New printed letters of some classes: x (N, 64), and y (N,), which counts the names from 0."""
    x, y = _new_letters()
    places = torch.full((len(CLASSES),), -1)
    places[[CLASSES.index(name) for name in names]] = torch.arange(len(names))
    rows = places[y] >= 0
    return x[rows], places[y[rows]]


def with_few(which: str, names: tuple[str, ...], k: int = 5) -> Tensor:
    """Share of printed letters that a new head on a frozen body reads, with k labels a class, for each draw: (S,).

    Args:
        which: the body: "all" or "fewer", see `letters_net`.
        names: the ten letters of the task.
        k: labels of each.
    """
    x, y = task(names)
    x = features(letters_net(which), x)
    rows = [_drawn(y, k, seed) for seed in DRAWS]
    heads = trained_at_once(head_on(FEATURES), [(x[each], y[each]) for each in rows], DRAWS, (3e-3,))
    new = torch.ones(len(rows), len(y), dtype=torch.bool)
    for mask, each in zip(new, rows, strict=True):
        mask[each] = False
    return accuracies_of(heads, x, y, among=new)


def _drawn(y: Tensor, k: int, seed: int) -> Tensor:
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(apart(seed)))
    return torch.cat([order[y[order] == label][:k] for label in y.unique()])


def leak(names: tuple[str, ...] = LEFT_OUT, k: int = 5) -> Tensor:
    """By how much the body that has seen these letters is ahead of the one that has not, draw by draw: (S,)."""
    return with_few("all", names, k) - with_few("fewer", names, k)
