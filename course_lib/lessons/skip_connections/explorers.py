"""What the learner drags in lesson 07: the gate of untrained nets, and the number of paths through a net."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor

from course_lib import style
from course_lib.colors import BLUE, GREY, TRUTH
from course_lib.controls import Choice, Slider
from course_lib.explorer import Explorer
from course_lib.lessons.skip_connections.nets import seeded, some_digits, stack
from course_lib.nets.residual import Stack

BLOCKS = 31
"""Of the gate explorer: 64 layers."""
TITLES = ("forward: size of the outputs", "backward: norm of the gradient")
LIMITS = ((-7, 9), (-13, 9))
"""Powers of ten that the two pictures reach to; below the lowest stands "less", above the highest "more"."""


@cache
def gated(norm: str | None, zero_start: bool) -> Stack:
    """64 untrained layers of 32 units, whose gate the explorer moves."""
    return seeded(lambda: stack(2 * BLOCKS + 2, norm=norm, zero_start=zero_start), 0)


def there_and_back(net: Stack, alpha: float) -> tuple[Tensor, Tensor, Tensor]:
    """One batch of 64 digits through the net with this gate in each block, and its gradient back.

    Returns:
        The loss (); the size of what each block puts out, and the norm of the gradient there, (blocks,) each.
    """
    x, y = some_digits(64)
    h, outs = net.stem(x), []
    for block in net.blocks:
        block.alpha = alpha
        h = block(h)
        outs.append(h)
    loss = F.cross_entropy(net.head(h), y)
    grads = torch.stack(torch.autograd.grad(loss, outs)).double()
    sizes = torch.stack([out.detach() for out in outs]).double().square().mean((1, 2)).sqrt()
    return loss.detach(), sizes, grads.flatten(1).norm(dim=1)


class Gate(Explorer):
    """y = αx + f(x): how much of x should a block hand on, and what keeps the sum in bounds?"""

    controls = {
        "alpha": Slider(0, 1.2, start=1, step=0.05, label="α"),
        "norm": Choice("none", "before", "after", label="normalisation"),
        "begin": Choice("He", "branch at 0", label="initial weights"),
    }
    figsize = (8.4, 3.5)
    also_show = (there_and_back,)
    budget_ms = 100
    """64 layers, there and back at each move."""

    def compute(self, alpha: float, norm: str, begin: str) -> dict[str, Any]:
        net = gated(None if norm == "none" else norm, begin == "branch at 0")
        loss, sizes, grads = there_and_back(net, alpha)
        named = {"alpha": alpha, "norm": norm, "begin": begin, "loss": float(loss)}
        return {**named, "sizes": sizes.numpy(), "grads": grads.numpy()}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        left, right = fig.subplots(1, 2)
        for ax, title, (low, high) in zip((left, right), TITLES, LIMITS, strict=True):
            powers = range(low + 4, high - 2, 3)
            ax.set(xlim=(0, BLOCKS + 1), ylim=(low, high), xlabel="block", title=title)
            names = [{0: "1", 3: "1000"}.get(power, f"1e{power}") for power in powers]
            ax.set_yticks([low + 0.5, *powers, high - 0.5], ["less", *names, "more"])
            ax.axhline(0, color=GREY, linewidth=0.8 * style.scale())
        look = {"marker": "o", "markersize": 4 * style.scale(), "linewidth": style.scale(), "color": BLUE}
        moving = [left.plot([], [], **look)[0], right.plot([], [], **look)[0]]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        block = np.arange(1, BLOCKS + 1)
        for line, name, (low, high) in zip(moving, ("sizes", "grads"), LIMITS, strict=True):
            with np.errstate(divide="ignore"):
                powers = np.log10(result[name])
            line.set_data(block, np.nan_to_num(powers, nan=high - 0.5).clip(low + 0.5, high - 0.5))

    def describe(self, result: dict[str, Any]) -> str:
        sizes, grads = result["sizes"], result["grads"]
        words = f"α = {result['alpha']:.2f}, norm {result['norm']}, initial weights {result['begin']}: loss "
        words += f"{_number(result['loss'])} before the first step. Outputs: {_number(sizes[0])} after the first "
        words += f"block, {_number(sizes[-1])} after the last. Gradient: {_number(grads[-1])} after the last block, "
        return words + f"{_number(grads[0])} after the first."

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        first, last = result["grads"][[0, -1]]
        even = last > 0 and 0.2 <= first / last <= 5
        met = result["norm"] == "none" and result["alpha"] >= 0.95 and result["loss"] < 4 and even
        asked = "no norm, α at 1, and a loss below 4 with about as much gradient below as above (0.2 to 5 times)"
        return bool(met), f"{asked}; now loss {_number(result['loss'])}"


# ----------------------------------------------------------------------------------------------------------- the paths
def lengths(blocks: int, slope: float) -> tuple[np.ndarray, np.ndarray]:
    """Paths through `blocks` blocks by the number of branches they take: their share, and that of their gradient.

    A path that takes k branches hands on slope^k of a gradient. Added up over all paths this is (1 + slope)^blocks.

    Returns:
        Two arrays (blocks + 1,), each of which adds up to 1.
    """
    k = np.arange(blocks + 1)
    paths = np.array([math.lgamma(blocks + 1) - math.lgamma(j + 1) - math.lgamma(blocks - j + 1) for j in k])
    share = paths - blocks * math.log(2)
    carried = paths + k * math.log(slope) - blocks * math.log1p(slope)
    return np.exp(share), np.exp(carried)


class Paths(Explorer):
    """2ⁿ paths through n blocks: which of them carry the gradient?"""

    controls = {
        "blocks": Slider(1, 75, start=54, integer=True, label="blocks"),
        "slope": Slider(0.01, 1, start=0.1, log=True, label="what a branch hands on"),
    }
    figsize = (7.4, 3.3)
    also_show = (lengths,)

    def compute(self, blocks: int, slope: float) -> dict[str, Any]:
        share, carried = lengths(blocks, slope)
        return {"blocks": blocks, "slope": slope, "share": share, "carried": carried}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        ax = fig.subplots()
        ax.set(xlim=(-1, 76), ylim=(0, 1.05), xlabel="branches that a path takes", ylabel="share, tallest = 1")
        size = 4 * style.scale()
        (paths,) = ax.plot([], [], **{**TRUTH, "marker": "s"}, markersize=size, label="of the paths")
        (carried,) = ax.plot([], [], color=BLUE, marker="o", markersize=size, label="of the gradient")
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
        moving = [paths, carried]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        for line, name in zip(moving, ("share", "carried"), strict=True):
            line.set_data(np.arange(result["blocks"] + 1), result[name] / result[name].max())

    def describe(self, result: dict[str, Any]) -> str:
        n, s = result["blocks"], result["slope"]
        return (
            f"{n} block{'s' if n > 1 else ''}, so {float(2**n):.3g} paths; on average they take {n / 2:g} branches. A "
            f"branch hands on {s:.2g} of a gradient, so it comes through paths with {n * s / (1 + s):.3g} branches on "
            "average."
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        few = float(result["carried"][:6].sum())
        met = result["blocks"] >= 70 and few >= 0.9
        return met, f"70 blocks, and 90 % of the gradient through paths of 5 branches or fewer; now {100 * few:.1f} %"


def _number(value: float) -> str:
    if value == 0 or not math.isfinite(value):
        return "exactly 0" if value == 0 else "not finite"
    return f"{value:.2g}"
