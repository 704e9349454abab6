"""Blocks with a skip: y = alpha x + f(x), where the branch f holds two layers. At alpha = 0 the same net is plain.

Introduced in lesson 07 (skip_connections). Source: He et al., "Deep residual learning for image recognition", 2015
(the block, and its nonlinearity after the addition), and "Identity mappings in deep residual networks", 2016 (the norm
before the layers); the branch that starts at zero: Goyal et al., 2017, and Zhang et al., "Fixup", 2019.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_lib.number_checks import whole_number

NORMS = (None, "before", "after")
INITS = ("he", "torch")


class Residual(nn.Module):
    """One block around a branch of two layers.

    With norm None it is relu(alpha x + f(x)); with "after" relu(norm(alpha x + f(x))): everything passes the norm.
    With "before" it is alpha x + f(norm(x)): only the branch passes it, and x itself goes through untouched.

    Args:
        first, second: the layers of the branch, such as two `nn.Linear`; f(x) = second(relu(first(x))).
        norm: makes the normalisation; called once. Not called where `place` is None.
        place: None, "before" or "after".
        alpha: how much of x is added: 1 is the residual block, 0 the plain layers without a skip.

    Shape: (B, ...) float to the same, as `first` and `second` take and give it.
    """

    def __init__(
        self, first: nn.Module, second: nn.Module, norm: Callable[[], nn.Module], place: str | None, alpha: float
    ) -> None:
        super().__init__()
        check(place=place, alpha=alpha)
        self.first, self.second, self.place, self.alpha = first, second, place, float(alpha)
        self.norm = nn.Identity() if place is None else norm()
        self.inner, self.outer = nn.ReLU(), nn.Identity() if place == "before" else nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...) float to the same shape."""
        y = self.second(self.inner(self.first(self.norm(x) if self.place == "before" else x)))
        if self.alpha:  # where x overflows, 0 times x would be nan
            y = torch.add(y, x, alpha=self.alpha)  # one operation: a deep net spends its time on their number
        return self.outer(self.norm(y) if self.place == "after" else y)

    def extra_repr(self) -> str:
        """What stands in the brackets when the net is printed."""
        return f"alpha={self.alpha:g}, norm={self.place!r}"


class Stack(nn.Module):
    """A stem, blocks one after the other, and a head: `head(blocks(stem(x)))`.

    Attributes:
        stem, head: modules.
        blocks: an `nn.Sequential` of `Residual`; take some out, or change their order, and see what happens.
    """

    def __init__(self, stem: nn.Module, blocks: list[Residual], head: nn.Module) -> None:
        super().__init__()
        self.stem, self.blocks, self.head = stem, nn.Sequential(*blocks), head

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...) as the stem takes it, to what the head gives."""
        return self.head(self.blocks(self.stem(x)))


def start(net: Stack, *, init: str, zero_start: bool) -> Stack:
    """Draw the initial weights.

    Args:
        net: its linear and convolutional layers get new weights.
        init: "he" is a normal with variance 2 / fan_in and biases of 0; "torch" leaves what PyTorch has drawn.
        zero_start: the last layer of every branch begins at exactly 0, and so every block as alpha x.
    """
    for layer in net.modules():
        if init == "he" and isinstance(layer, nn.Linear | nn.Conv2d):
            nn.init.normal_(layer.weight, std=math.sqrt(2 / layer.weight[0].numel()))
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    for block in net.blocks if zero_start else ():
        for parameter in block.second.parameters():
            nn.init.zeros_(parameter)
    return net


def check(
    *,
    place: object = None,
    alpha: object = 1.0,
    init: object = "he",
    zero_start: object = False,
    blocks: object = 0,
    **sizes: object,
) -> None:
    """Raise a ValueError that names the first value that makes no net."""
    if place is not None and place not in NORMS:
        raise ValueError(f'norm is {place!r}; it is None, "before" (in the branch) or "after" (the addition).')
    if init not in INITS:
        raise ValueError(f'init is {init!r}; it is "he", or "torch" for what PyTorch draws by itself.')
    if not isinstance(zero_start, bool):
        raise ValueError(f"zero_start is {zero_start!r}; it is True or False.")
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not math.isfinite(alpha):
        raise ValueError(f"alpha is {alpha!r}; it is a number: 1 adds x, 0 leaves it out.")
    for name, value, least in (("blocks", blocks, 0), *((name, value, 1) for name, value in sizes.items())):
        whole_number(name, value, least=least)
