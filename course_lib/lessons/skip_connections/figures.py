"""The still figures of lesson 07, each of which takes what the notebook computed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np

from course_lib import style
from course_lib.axes import level
from course_lib.colors import BAND, BLACK, BLUE, ORANGE, WINE
from course_lib.lessons.skip_connections.surgery import SHADES, reach, shade, shade_axis
from course_lib.show import says

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

LOOKS = (
    {"color": ORANGE, "linestyle": "--", "marker": "s"},
    {"color": BLUE, "linestyle": "-", "marker": "o"},
    {"color": WINE, "linestyle": ":", "marker": "^"},
    {"color": BLACK, "linestyle": "-.", "marker": "D"},
)


def plot_gradients(depths: list[int], arms: dict[str, np.ndarray]) -> Axes:
    """Draws the first layer's gradient over the last hidden one's against the depth.

    Args:
        depths: (D,).
        arms: name -> (D, S) ratios.
    """
    ax, words = plt.figure().subplots(), []
    for (name, ratio), look in zip(arms.items(), LOOKS, strict=False):
        ax.fill_between(depths, ratio.min(1), ratio.max(1), color=look["color"], **BAND)
        ax.plot(depths, np.median(ratio, 1), label=name, **look)
        words.append(f"{name} {', '.join(f'{value:.1g}' for value in np.median(ratio, 1))}")
    _depth_axis(ax, depths)
    ax.set(yscale="log", ylim=(1e-28, 1e4), ylabel="first : last gradient, log scale")
    ax.set_yticks([10.0**power for power in range(-28, 5, 4)])
    ax.minorticks_off()
    ax.legend(loc="center left", bbox_to_anchor=(0.02, 0.4))
    return says(ax, f"Gradient of the first layer over the last, at {_listed(depths)} layers: {'; '.join(words)}.")


def plot_losses(
    arms: dict[str, dict[int, np.ndarray]], *, what: str = "training loss", top: float = 4, bottom: float = 0.01
) -> Axes:
    """Draws a loss against the depth, median and range of the seeds, on log scales; guessing is the dashed line.

    Args:
        arms: name -> depth -> (S,) losses.
        what: the label of the axis.
        top, bottom: limits of the axis.
    """
    ax, words = plt.figure().subplots(), []
    every = sorted({depth for arm in arms.values() for depth in arm})
    for (name, arm), look in zip(arms.items(), LOOKS, strict=False):
        losses = np.stack(list(arm.values())).clip(bottom, top)
        ax.fill_between(list(arm), losses.min(1), losses.max(1), color=look["color"], **BAND)
        ax.plot(list(arm), np.median(losses, 1), label=name, **look)
        found = (f"{np.median(loss):.2g} at {depth}" for depth, loss in arm.items())
        words.append(f"{name}: {', '.join(found)}")
    level(ax, math.log(10), "guessing")
    _depth_axis(ax, every)
    ax.set(yscale="log", ylim=(bottom, top), ylabel=f"{what}, log scale")
    if top < 100:
        ax.set_yticks((0.01, 0.1, 1), ("0.01", "0.1", "1"))
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return says(ax, f"{what} against the number of layers, medians of three seeds. {'; '.join(words)}.")


def plot_gate(alphas: Sequence[float], arms: dict[str, list[np.ndarray]]) -> Axes:
    """Draws the training loss against the gate, median and range of the seeds.

    Args:
        alphas: (A,).
        arms: name -> A arrays (S,) of losses.
    """
    ax, words = plt.figure().subplots(), []
    for (name, arm), look in zip(arms.items(), LOOKS, strict=False):
        losses = np.stack(arm).clip(0, 3.2)
        ax.fill_between(alphas, losses.min(1), losses.max(1), color=look["color"], **BAND)
        ax.plot(alphas, np.median(losses, 1), label=name, **look)
        words.append(f"{name} from {np.median(losses[0]):.2g} to {np.median(losses[-1]):.2g}")
    level(ax, math.log(10), "guessing")
    ax.set(xlabel="α, how much of x is added", ylabel="training loss", ylim=(0, 3.25), xticks=list(alphas))
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return says(ax, f"Training loss against the gate: {'; '.join(words)}. Guessing is {math.log(10):.2f}.")


def plot_surgery(found: dict[str, dict[str, list[float]]]) -> Axes:
    """Draws accuracy under each operation, a mark for every seed.

    Args:
        found: operation -> kind of net -> (S,) accuracies.
    """
    ax, words = plt.figure().subplots(), []
    for place, (name, kinds) in enumerate(found.items()):
        for k, (kind, values) in enumerate(kinds.items()):
            look = {**LOOKS[k], "linestyle": "none"}
            spots = place + 0.22 * (k - (len(kinds) - 1) / 2) + np.linspace(-0.06, 0.06, len(values))
            ax.plot(spots, values, label=kind if not place else None, **look)
        words.append(name.replace("\n", " ") + ": " + ", ".join(f"{k} {np.mean(v):.2f}" for k, v in kinds.items()))
    level(ax, 0.1, "guessing")
    ax.set(ylim=(0, 1.03), ylabel="accuracy on new digits")
    ax.set_xlim(-0.5, len(found) + 0.15)  # the words of a prediction stand on the right, over no mark
    ax.set_xticks(range(len(found)), list(found))
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    return says(ax, f"Accuracy of trained nets after surgery, mean of three seeds. {'; '.join(words)}.")


def plot_slices(slices: dict[str, np.ndarray], span: float) -> Axes:
    """Draws the loss around nets, one panel each, in the same colours; the white line is the loss of guessing.

    Args:
        slices: name -> (P, P) losses.
        span: how far the grid goes.

    Returns:
        The first axes.
    """
    figure = plt.figure(figsize=style.inches(8.4, 2.9))
    axes, words = figure.subplots(1, len(slices), sharey=True), []
    for ax, (name, losses) in zip(axes, slices.items(), strict=True):
        image = ax.imshow(shade(losses), extent=reach(span, len(losses)), origin="lower", **SHADES)
        places = np.linspace(-span, span, len(losses))
        ax.contour(places, places, shade(losses), levels=[math.log10(math.log(10))], colors="white")
        ax.set(title=name, xlabel="along one direction", xticks=(-span, 0, span), yticks=(-span, 0, span))
        ax.plot(0, 0, "D", color=BLACK, markersize=5 * style.scale())
        ax.grid(False)
        middle = losses[len(losses) // 2, len(losses) // 2]
        better = 100 * np.mean(losses < math.log(10))
        words.append(f"{name}: {middle:.2g} in the middle, {better:.0f} % better than guessing")
    axes[0].set_ylabel("along another")
    bar = figure.colorbar(image, ax=axes)
    shade_axis(bar)
    return says(axes[0], f"Loss of 441 nets around a trained one, on 500 digits. {'; '.join(words)}.")


def _depth_axis(ax: Axes, depths: Sequence[int]) -> None:
    ax.set(xscale="log", xlabel="layers, log scale")
    ax.set_xticks(depths, [str(depth) for depth in depths])
    ax.minorticks_off()


def _listed(values: Sequence[object]) -> str:
    return ", ".join(map(str, values))
