"""The still figures of lesson 06, each of which takes what the notebook computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import torch

from course_lib import style
from course_lib.axes import bare, level
from course_lib.colors import BAND, BLACK, BLUE, ORANGE, SIGNED, WINE
from course_lib.lessons.convolutions.nets import SHIFTS
from course_lib.show import says

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from torch import Tensor

    from course_lib.nets import LeNet5

LOOKS = {
    "dense": {"color": ORANGE, "linestyle": "--", "marker": "s"},
    "conv + flatten": {"color": WINE, "linestyle": ":", "marker": "^"},
    "conv + global max": {"color": BLUE, "linestyle": "-", "marker": "o"},
    "one pool + global max": {"color": BLACK, "linestyle": "-.", "marker": "D"},
}


def plot_shuffled(before: Tensor, after: Tensor) -> Axes:
    """Draws some digits, and below them the same with their pixels shuffled.

    Args:
        before, after: (N, 64).
    """
    axes = plt.figure(figsize=style.inches(6.4, 2.2)).subplots(2, len(before))
    for row, rows in zip(axes, (before, after), strict=True):
        for ax, x in zip(row, rows, strict=True):
            bare(ax).imshow(x.reshape(8, 8).numpy(), cmap="Greys")
    axes[0, 0].set_ylabel("pixels\nin place", rotation=0, ha="right", va="center")
    axes[1, 0].set_ylabel("pixels\nshuffled", rotation=0, ha="right", va="center")
    return says(axes[0, 0], f"{len(before)} handwritten digits, and the same with all pixels in another order: noise.")


def plot_two_losses(first: Tensor, second: Tensor) -> Axes:
    """Draws the loss after each step of two trainings, (steps,) each, the second one as dots on the first."""
    ax = plt.figure().subplots()
    steps = np.arange(1, len(first) + 1)
    ax.plot(steps, first.numpy(), color=BLUE, label="pixels in place")
    ax.plot(steps[::8], second[::8].numpy(), "o", color=ORANGE, markerfacecolor="white", label="pixels shuffled")
    ax.set(xlabel="step", ylabel="loss of the batch", ylim=(0, None))
    ax.legend(loc="upper right")
    apart = float((first - second).abs().max())
    return says(ax, f"Two loss curves of {len(first)} steps, never farther apart than {apart:.1g}.")


def plot_kernels(made: Tensor, found: Mapping[str, tuple[Tensor, float]]) -> Axes:
    """Draws the kernel that made the targets beside those that were found.

    Args:
        made: (3, 3).
        found: where it was found -> the kernel (3, 3) and the share of the target that its picture leaves unexplained.

    Returns:
        The axes on the left.
    """
    axes = plt.figure(figsize=style.inches(7.4, 3.1)).subplots(1, 1 + len(found))
    kernels = {"made the target": (made, None), **found}
    words = []
    for ax, (name, (kernel, left)) in zip(axes, kernels.items(), strict=True):
        bare(ax).imshow(kernel.numpy(), cmap=SIGNED, vmin=-3.4, vmax=3.4)
        for (i, j), weight in np.ndenumerate(kernel.numpy()):
            ax.text(j, i, f"{weight:.2f}".replace("-", "−"), ha="center", va="center", fontsize="small")
        ax.set_title(name)
        if left is not None:
            off = float((kernel - made).abs().max())
            ax.set_xlabel(f"picture wrong: {100 * left:.1f} %\na weight off by {off:.2f}")
            words.append(f"{name}: {100 * left:.1f} % of the picture is wrong, a weight is off by up to {off:.2f}")
    return says(axes[0], f"The kernel that made the target, and what gradient descent found. {'; '.join(words)}.")


def plot_moving_maps(before: tuple[Tensor, Tensor], after: tuple[Tensor, Tensor]) -> Axes:
    """Draws a picture and a map of it, and both again after the picture has moved.

    Args:
        before, after: picture (H, W) and map (H, W).
    """
    axes = plt.figure(figsize=style.inches(7.4, 2.2)).subplots(1, 4)
    most = float(before[1].abs().max())
    for ax, each, title in zip(axes, (*before, *after), ("picture", "its map", "moved", "its map"), strict=True):
        look = {"cmap": "Greys"} if title in ("picture", "moved") else {"cmap": SIGNED, "vmin": -most, "vmax": most}
        bare(ax).imshow(each.numpy(), **look)
        ax.set_title(title)
    return says(axes[0], "A digit and a map of it; then the digit moved to the right, and its map, moved as far.")


def plot_shifts(shares: Mapping[str, Tensor]) -> Axes:
    """Draws accuracy against the shift: the mean of the seeds and, as a band, all of them.

    Args:
        shares: name of the net -> (S, 7) accuracies.
    """
    ax, words = plt.figure().subplots(), []
    for name, acc in shares.items():
        look, acc = LOOKS[name], np.asarray(acc)
        ax.fill_between(SHIFTS, acc.min(0), acc.max(0), color=look["color"], **BAND)
        ax.plot(SHIFTS, acc.mean(0), label=name, markersize=6 * style.scale(), **look)
        middle = len(SHIFTS) // 2
        words.append(f"{name} {acc.mean(0)[middle]:.2f} in place and {acc.mean(0)[middle + 1]:.2f} one to the right")
    level(ax, 0.1, "guessing")
    ax.set(xlabel="pixels to the right", ylabel="accuracy on 400 new digits", ylim=(0, 1.03), xticks=list(SHIFTS))
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    return says(ax, f"Accuracy against the shift. {'; '.join(words)}.")


def plot_maps(net: LeNet5, picture: Tensor) -> Axes:
    """Draws the six kernels of LeNet-5's first layer, its maps, and the sixteen maps of the second.

    Args:
        net: trained.
        picture: (1, 32, 32).
    """
    with torch.no_grad():
        first = net.act1(net.conv1(picture[None]))  # (1, 6, 28, 28)
        second = net.act2(net.conv2(net.pool1(first)))  # (1, 16, 10, 10)
    figure = plt.figure(figsize=style.inches(8.6, 4.4))
    left, right = figure.subfigures(1, 2, width_ratios=(1, 7))
    seen = left.subplots()
    bare(seen).imshow(picture[0].numpy(), cmap="Greys")
    seen.set_title("input", fontsize="small")
    rows = right.subfigures(3, 1, height_ratios=(1, 1, 1.6))
    for part, title, maps, shape, cmap in (
        (rows[0], "first layer: kernels, 5 × 5", net.conv1.weight.detach()[:, 0], (1, 8), SIGNED),
        (rows[1], "first layer: maps, 28 × 28", first[0], (1, 8), SIGNED),
        (rows[2], "second layer: maps, 10 × 10", second[0], (2, 8), SIGNED),
    ):
        axes = list(part.subplots(*shape).flat)
        most = float(maps.abs().max())
        for ax, each in zip(axes, maps, strict=False):
            bare(ax).imshow(each.numpy(), cmap=cmap, vmin=-most, vmax=most)
        for ax in axes[len(maps) :]:
            ax.set_visible(False)
        part.suptitle(title, x=0.01, ha="left", fontsize="small", fontweight="bold")
    return says(seen, "A digit in LeNet-5: six kernels, six maps of them, sixteen maps of the next layer.")
