"""What lesson 04 measures: how far a nudge is from a slope, what a backward pass costs, what autograd keeps."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_lib.lessons.backprop.by_hand import NAMES, initial_weights, slipped


def random_function(seed: int) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
    """A smooth function and its slope: five waves of random height, length and shift, added up.

    Both work in the precision of what they are given, entry by entry.
    """
    g = torch.Generator().manual_seed(seed)
    height, often, shift = (torch.rand(5, generator=g, dtype=torch.float64) for _ in range(3))
    height, often, shift = 2 * height - 1, 0.5 + 3 * often, 6 * shift

    def f(x: Tensor) -> Tensor:
        return (height.to(x) * torch.sin(often.to(x) * x[..., None] + shift.to(x))).sum(-1)

    def slope(x: Tensor) -> Tensor:
        return (height.to(x) * often.to(x) * torch.cos(often.to(x) * x[..., None] + shift.to(x))).sum(-1)

    return f, slope


def nudged(f: Callable[[Tensor], Tensor], x: Tensor, h: float, *, both_sides: bool = True) -> Tensor:
    """The slope of f at x from two values of f: a step h to both sides, or to the right only."""
    if both_sides:
        return (f(x + h) - f(x - h)) / (2 * h)
    return (f(x + h) - f(x)) / h


def nudge_errors(seed: int, steps: Tensor, dtype: torch.dtype, *, both_sides: bool = True) -> Tensor:
    """How wrong nudging a random function is, for each step: (len(steps),) float64.

    Root of the mean square over 200 places, as a share of the root of the mean square of the true slope there.
    """
    f, slope = random_function(seed)
    x = torch.rand(200, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 4 - 2
    true, x = slope(x), x.to(dtype)
    found = torch.stack([nudged(f, x, h, both_sides=both_sides).double() for h in steps.tolist()])
    return (found - true).square().mean(1).sqrt() / true.square().mean().sqrt()


def kept_for_backward(net: nn.Module, x: Tensor, y: Tensor) -> int:
    """How many bytes PyTorch keeps from a forward pass for the backward pass, without the weights themselves.

    Args:
        net: (B, D) -> (B, K).
        x, y: (B, D) float and (B,) class numbers.
    """
    weights = {parameter.data_ptr() for parameter in net.parameters()}
    kept: dict[int, int] = {}  # where it lies: bytes

    def look(tensor: Tensor) -> Tensor:
        if tensor.data_ptr() not in weights:
            kept[tensor.data_ptr()] = tensor.numel() * tensor.element_size()
        return tensor.detach()  # its numbers only: with its history it would hold itself, and never be let go

    with torch.autograd.graph.saved_tensors_hooks(look, lambda tensor: tensor):
        loss = nn.functional.cross_entropy(net(x), y)
    del loss  # until here it held everything that was kept, so that no place was used twice
    return sum(kept.values())


def multiplications(work: Callable[[], object]) -> int:
    """How many multiply-adds the matrix products in `work()` do, backward passes included."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops() // 2  # it counts a multiplication and an addition as two


def angles(one: tuple[Tensor, ...], other: tuple[Tensor, ...]) -> dict[str, float]:
    """The angle between two gradients, in degrees from 0 to 180, for each of the six parts; nan where one is 0."""
    found = {}
    for name, a, b in zip(NAMES, one, other, strict=True):
        a, b = a.flatten().double(), b.flatten().double()
        size = float(a.norm() * b.norm())
        cosine = float(a @ b) / size if size else math.nan
        found[name] = math.degrees(math.acos(max(-1.0, min(1.0, cosine)))) if size else math.nan
    return found


def train_by_hand(
    x: Tensor,
    y: Tensor,
    sizes: tuple[int, int, int, int],
    *,
    lr: float,
    batch_size: int,
    steps: int,
    slip: str = "",
    keep: float = 0.0,
) -> tuple[list[Tensor], list[list[Tensor]]]:
    """Trains the three-layer net with gradients by hand, and no autograd.

    Args:
        x, y: all training rows.
        sizes: (D, H1, H2, K).
        lr, batch_size, steps: of plain gradient descent on random batches; weights and batches come from seed 0.
        slip: a mistake in every gradient, one of `by_hand.SLIPS`; none unless given.
        keep: the share of the old gradient that stays in the new one: 0 forgets it, as zero_grad does; 1 keeps it all.

    Returns:
        The last weights, and those after every tenth step.
    """
    gradients = slipped(slip)
    g = torch.Generator().manual_seed(0)
    weights = [each.clone() for each in initial_weights(sizes, g)]
    piles = [torch.zeros_like(each) for each in weights]
    on_the_way = []
    for step in range(1, steps + 1):
        rows = torch.randint(len(x), (batch_size,), generator=g)
        for weight, pile, new in zip(weights, piles, gradients(x[rows], y[rows], *weights), strict=True):
            pile.mul_(keep).add_(new)
            weight.sub_(pile, alpha=lr)
        if step % 10 == 0:
            on_the_way.append([each.clone() for each in weights])
    return weights, on_the_way
