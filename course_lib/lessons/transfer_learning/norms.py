"""What moves in a net whose weights are all frozen: the running statistics of batch norm."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor, nn

from course_lib.datasets import load, new_digits
from course_lib.lessons.transfer_learning.nets import letters_net
from course_lib.number_checks import whole_number
from course_lib.variation import shifted

SHOWN = ("digits", "pale digits", "only fives")
PASSES, BATCH = 100, 32
"""Batches that are read at most, and digits in each."""


def shown(what: str) -> Tensor:
    """Training digits to read: as they are, with half the ink, or the fives alone; (N, 64).

    Raises:
        ValueError: for anything that is not in `SHOWN`.
    """
    if what not in SHOWN:
        raise ValueError(f"{what!r} is not shown here; what can be read is {', '.join(map(repr, SHOWN))}.")
    x, y = load("digits").train
    return {"digits": x, "pale digits": x / 2, "only fives": x[y == 5]}[what]


def frozen_letters_net() -> nn.Sequential:
    """The letters net; no parameter of it wants a gradient."""
    return letters_net().requires_grad_(False)


def answers(net: nn.Module) -> Tensor:
    """What a net says to the 400 new digits in evaluation mode, (400,); its mode is put back."""
    mode = net.training
    with torch.no_grad():
        said = net.eval()(new_digits()[0]).argmax(1)
    net.train(mode)
    return said


def statistics(net: nn.Module) -> dict[str, Tensor]:
    """The running means and variances of a net, by name."""
    return {name: value for name, value in net.named_buffers() if "running" in name}


@lru_cache(maxsize=8)
def states(what: str, seed: int = 0) -> list[dict[str, Tensor]]:
    """Running statistics after 0, 1, ... 100 passes in training mode, over what `shown` names."""
    net, generator, x = frozen_letters_net().train(), torch.Generator().manual_seed(shifted(seed)), shown(what)
    kept = [{name: value.clone() for name, value in statistics(net).items()}]
    with torch.no_grad():
        for _ in range(PASSES):
            net(x[torch.randint(len(x), (BATCH,), generator=generator)])
            kept.append({name: value.clone() for name, value in statistics(net).items()})
    return kept


def after_reading(what: str, passes: int) -> nn.Module:
    """The frozen net after it has read so many batches in training mode; it is in evaluation mode again.

    Raises:
        ValueError: for anything that is not in `SHOWN`, or a number of batches that is not from 0 to `PASSES`.
    """
    if whole_number("passes", passes, least=0) > PASSES:
        raise ValueError(f"passes is {passes}; it must be a whole number from 0 to {PASSES}.")
    net = frozen_letters_net()
    net.load_state_dict(states(what)[passes], strict=False)
    return net
