"""What moves in a net whose weights are all frozen: the running statistics of batch norm."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor, nn

from course_lib.datasets import load, new_digits
from course_lib.lessons.transfer_learning.nets import letters_net
from course_lib.variation import shifted

SHOWN = ("digits", "pale digits", "only fives")
PASSES, BATCH = 100, 32


def shown(what: str) -> Tensor:
    """Training digits to read: as they are, with half the ink, or the fives alone; (N, 64)."""
    x, y = load("digits").train
    return {"digits": x, "pale digits": x / 2, "only fives": x[y == 5]}[what]


def frozen_letters_net() -> nn.Sequential:
    """The letters net; no parameter of it wants a gradient."""
    return letters_net().requires_grad_(False)


def read_batches(net: nn.Module, x: Tensor, passes: int = PASSES, *, seed: int = 0) -> None:
    """Send batches of 32 pictures through a net, and do nothing else: no loss, no gradient, no step."""
    generator = torch.Generator().manual_seed(shifted(seed))
    with torch.no_grad():
        for _ in range(passes):
            net(x[torch.randint(len(x), (BATCH,), generator=generator)])


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


def moved(what: str, passes: int) -> nn.Module:
    """The frozen net after so many passes, in evaluation mode."""
    net = frozen_letters_net()
    net.load_state_dict(states(what)[passes], strict=False)
    return net
