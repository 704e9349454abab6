"""Taking trained nets apart: blocks out, blocks swapped, all blocks in reverse."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from course_lib.datasets import new_digits
from course_lib.lessons.skip_connections.nets import trained
from course_lib.nets.residual import Stack
from course_lib.runs import Runs

BLOCKS = 8
KINDS = {
    "plain": {"alpha": 0.0, "rates": (2e-3,)},
    "residual": {"norm": "before", "zero_start": True, "rates": (1e-3,)},
}
"""Each at the rate that was best for it, of 1e-3 and 2e-3, with nothing taken out."""
BEGUN_WITH_HE = "residual, He's weights"
CONTROL = {BEGUN_WITH_HE: {"norm": "before", "rates": (1e-3,)}}
"""The residual net in all but one thing: its branches do not begin at 0."""


@cache
def readers(kind: str) -> Runs:
    """Eight blocks of two layers of 64 units, trained on the digits for ten epochs, three seeds.

    Args:
        kind: "plain", or "residual": with a norm in the branch and every branch beginning at 0; or the control.
    """
    return trained(2 * BLOCKS + 2, width=64, **(KINDS | CONTROL)[kind])


@torch.no_grad()
def right(net: Stack, order: Sequence[int]) -> Tensor:
    """Which of the 400 new digits a net reads correctly when its blocks run in another order, bool (400,).

    Args:
        net: a trained stack; it stays as it is.
        order: the numbers of the blocks, from 0, in the order in which they run. A block that is not in it is gone.
    """
    x, y = new_digits()
    h = net.stem(x)
    for block in order:
        h = net.blocks[block](h)
    return net.head(h).argmax(1) == y


def accuracy(net: Stack, order: Sequence[int]) -> float:
    """Share of the 400 new digits read correctly with the blocks in that order."""
    return float(right(net, order).double().mean())


def without(*gone: int) -> list[int]:
    """The order as trained, without some of the blocks."""
    return [block for block in range(BLOCKS) if block not in gone]


def swapped(first: int) -> list[int]:
    """The order as trained, but block `first` and the next one have changed places."""
    order = without()
    order[first : first + 2] = order[first + 1], order[first]
    return order


def reversed_order() -> list[int]:
    """The last block first."""
    return without()[::-1]


def some_gone(net: Stack, count: int, tries: int = 20) -> float:
    """Mean accuracy with `count` blocks gone, over random choices of them; the same choices for every net."""
    generator = torch.Generator().manual_seed(count)
    choices = [torch.randperm(BLOCKS, generator=generator)[:count].tolist() for _ in range(tries)]
    return sum(accuracy(net, without(*gone)) for gone in choices) / tries
