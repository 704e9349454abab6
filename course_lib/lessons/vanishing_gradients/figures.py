"""The still figures of lesson 05, each of which takes what the notebook computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np

from course_lib import style
from course_lib.axes import beside, level
from course_lib.colors import BAND, BLACK, BLUE, GREY, NOTE, ORANGE, TRUTH, WINE
from course_lib.show import says

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from torch import Tensor

    from course_lib.lessons.vanishing_gradients.nets import Best

LOOKS = {
    "linear": {"color": GREY, "linestyle": "--", "marker": "D"},
    "tanh": {"color": BLUE, "linestyle": "-", "marker": "o"},
    "ReLU": {"color": ORANGE, "linestyle": "-.", "marker": "s"},
    "sigmoid": {"color": WINE, "linestyle": ":", "marker": "^"},
}


def plot_spread(table: dict[str, Tensor]) -> Axes:
    """Draws the standard deviation over everything, layer by layer, from 0."""
    ax = plt.figure().subplots()
    layer, std = np.arange(1, len(table["std"]) + 1), table["std"].numpy()
    ax.plot(layer, std, color=GREY, marker="s", markersize=3 * style.scale())
    ax.set(xlabel="layer", ylabel="std of its outputs", ylim=(0, 0.2), title="fifty sigmoid layers")
    words = (
        f"Standard deviation of all outputs of each of {len(layer)} layers: between {std.min():.2g} and {std.max():.2g}"
    )
    return says(ax, f"{words}, no trend.")


def plot_both_spreads(table: dict[str, Tensor]) -> Axes:
    """Draws both standard deviations on the left, and the gradient of the backward pass on the right; log scales.

    Returns:
        The axes on the left; what is exactly 0 stands on the lower edge.
    """
    left, right = plt.figure(figsize=style.inches(8.96, 3.4)).subplots(1, 2)
    layer = np.arange(1, len(table["std"]) + 1)
    for name, label, look in (
        ("std", "over everything", {"color": GREY, "marker": "s"}),
        ("unit_std", "unit by unit", {"color": BLUE, "marker": "o"}),
    ):
        left.plot(
            layer,
            table[name].clamp(min=1e-10),
            label=label,
            markersize=3 * style.scale(),
            linewidth=style.scale(),
            **look,
        )
    left.set(yscale="log", ylim=(1e-10, 3), xlabel="layer", title="std of the outputs, log scale")
    left.legend(loc="center right")
    right.plot(layer, table["grad_norm"], color=BLUE, marker="o", markersize=3 * style.scale(), linewidth=style.scale())
    right.set(yscale="log", ylim=(1e-36, 10), xlabel="layer", title="norm of the gradient, log scale")
    first, last = float(table["grad_norm"][0]), float(table["grad_norm"][-1])
    words = f"Left: over everything the spread stays near {float(table['std'][-1]):.2g}; unit by unit it falls to "
    words += f"{float(table['unit_std'][9]):.1g} after layer 10. "
    return says(
        left, words + f"Right: the gradient falls from {last:.1g} after the last layer to {first:.1g} at the first."
    )


def plot_k(sweeps: dict[str, tuple[Sequence[float], np.ndarray]]) -> Axes:
    """Draws the factor k of each layer against the gain: the median of the seeds and, as a band, all of them.

    Args:
        sweeps: name of the nonlinearity -> gains (G,) and k (G, S).
    """
    ax = plt.figure().subplots()
    ends = []
    for name, (gains, k) in sweeps.items():
        gains = np.asarray(gains, dtype=float)
        look, median = LOOKS[name], np.median(k, 1)
        ax.fill_between(gains, k.min(1), k.max(1), color=look["color"], **BAND)
        ax.plot(gains, median, markersize=4 * style.scale(), label=name, **look)
        ends.append(f"{name} from {median[0]:.2g} to {median[-1]:.2g}")
    ax.axhline(1, color=BLACK, linewidth=style.scale())
    beside(ax, 1, "kept")
    ax.set(xscale="log", yscale="log", xlabel="gain of the weights, log scale", ylim=(0.1, 5))
    ax.set(ylabel="k, the factor a layer, log scale")
    ax.set_yticks((0.1, 0.2, 0.5, 1, 2, 5), ("0.1", "0.2", "0.5", "1", "2", "5"))
    ax.set_xticks((0.5, 0.7, 1, 1.4, 2, 3, 4, 6), ("0.5", "0.7", "1", "1.4", "2", "3", "4", "6"))
    ax.minorticks_off()
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1))  # beside the lines: the learner's marks stand among them
    return says(ax, f"The factor k by which a gradient changes per layer, against the gain: {', '.join(ends)}.")


def plot_decay(tables: dict[str, np.ndarray]) -> Axes:
    """Draws how a signal dies, twice: on a log scale against the layer, and with both scales logarithmic.

    Args:
        tables: what the nets are called -> (S, L) spread of their units, one row a seed. Drawn are the geometric mean
            of the seeds and, as a band, all of them.

    Returns:
        The axes on the left.
    """
    left, right = plt.figure(figsize=style.inches(8.96, 3.2)).subplots(1, 2, sharey=True)
    words = []
    for k, (name, spread) in enumerate(tables.items()):
        layer, mean = np.arange(1, spread.shape[1] + 1), np.exp(np.log(spread).mean(0))
        color = (ORANGE, BLUE)[k % 2]
        for ax in (left, right):
            ax.fill_between(layer, spread.min(0), spread.max(0), color=color, **BAND)
            ax.plot(layer, mean, color=color, linestyle=("-.", "-")[k % 2], label=name)
        words.append(f"{name}: {mean[0]:.2g} to {mean[-1]:.2g}")
    left.set(yscale="log", xlabel="layer", ylabel="spread of a unit, log scale", title="layers on a linear axis")
    right.set(xscale="log", xlabel="layer, log scale", title="layers on a log axis")
    right.set_xticks((1, 3, 10, 30, 100), ("1", "3", "10", "30", "100"))
    left.legend(loc="lower left")
    return says(left, f"Spread of a unit over the digits against the layer, on two kinds of axes. {', '.join(words)}.")


def plot_inits(found: dict[str, dict[str, Best]]) -> Axes:
    """Draws the validation accuracy of every seed for each initialisation, each at its own best rate.

    Args:
        found: nonlinearity -> initialisation -> what it reached.

    Returns:
        The axes on the left.
    """
    axes = plt.figure(figsize=style.inches(8.96, 3.3)).subplots(1, len(found), sharey=True)
    words = []
    for ax, (kind, column) in zip(axes, found.items(), strict=True):
        for place, best in enumerate(column.values()):
            middle = np.median(_shown(best.acc))
            ax.plot([place - 0.3, place + 0.3], [middle] * 2, color=BLACK, linewidth=2 * style.scale())
            spots, acc = place + np.linspace(-0.2, 0.2, len(best.acc)), _shown(best.acc)
            ax.plot(spots, acc, color=LOOKS[kind]["color"], marker=LOOKS[kind]["marker"], linestyle="none")
        ax.axhline(0.1, zorder=1, **TRUTH)
        ax.set(title=f"{kind}, 10 layers", xlabel="std of the initial weights", xlim=(-0.6, len(column) - 0.4))
        ax.set_xticks(range(len(column)), list(column))
        words.append(f"{kind}: " + ", ".join(f"{name} {best.median:.2f}" for name, best in column.items()))
    _accuracy_axis(axes[0])
    beside(axes[-1], 0.1, "guessing")
    return says(axes[0], f"Validation accuracy of five seeds for four initialisations, medians. {'; '.join(words)}.")


def plot_scales(scales: Tensor, plain: list[Best], normed: list[Best], marks: dict[str, float]) -> Axes:
    """Draws accuracy against the scale of the initial weights, with and without batch normalisation.

    Args:
        scales: (N,) standard deviations.
        plain, normed: what each reached at its own best rate, in the same order.
        marks: name -> scale of an initialisation, to be written on the axis.
    """
    ax, scales = plt.figure().subplots(), np.asarray(scales)
    for column, look, label in (
        (normed, {"color": BLUE, "linestyle": "-", "marker": "o"}, "normalised"),
        (plain, {"color": ORANGE, "linestyle": "--", "marker": "s"}, "without"),
    ):
        acc = _shown(np.stack([best.acc for best in column]))
        ax.fill_between(scales, acc.min(1), acc.max(1), color=look["color"], **BAND)
        ax.plot(scales, np.median(acc, 1), label=label, markersize=4 * style.scale(), **look)
    level(ax, 0.1, "guessing")
    for name, scale in marks.items():
        ax.axvline(scale, color=GREY, linewidth=0.8 * style.scale(), ymax=0.97)
        ax.annotate(name, (scale, 1.0), xycoords=("data", "axes fraction"), ha="center", fontsize="small")
    ax.set(xscale="log", xlabel="std of the initial weights, log scale")
    _accuracy_axis(ax)
    ax.legend(loc="lower left", bbox_to_anchor=(0.17, 0.28))
    counts = [sum(best.median > 0.9 for best in column) for column in (plain, normed)]
    words = f"Validation accuracy against {len(scales)} scales: the median is above 0.9 at {counts[0]} of them without "
    return says(
        ax, words + f"batch normalisation and at {counts[1]} with it; at the largest scale {normed[-1].median:.2f}."
    )


def plot_growth(tables: dict[str, np.ndarray]) -> Axes:
    """Draws the norm of the gradient after each layer, of several nets, on a log scale."""
    ax = plt.figure().subplots()
    for k, (name, norms) in enumerate(tables.items()):
        layer = np.arange(1, len(norms) + 1)
        color = (ORANGE, BLUE, WINE)[k % 3]
        ax.plot(layer, norms / norms[-1], color=color, linestyle=("--", "-", ":")[k % 3], label=name)
    ax.set(yscale="log", xlabel="layer", ylabel="gradient : last layer's, log scale")
    ax.legend(loc="upper right")
    ends = ", ".join(f"{name} {norms[0] / norms[-1]:.1g}" for name, norms in tables.items())
    return says(ax, f"Gradient after each layer, divided by that after the last. At the first layer: {ends}.")


def plot_sizes(
    sizes: list[int], shuffled: dict[int, float], evaluated: float, by_class: tuple[int, float] | None = None
) -> Axes:
    """Draws the accuracy in training mode against the batch size, and that in evaluation mode.

    Args:
        sizes: batch sizes.
        shuffled: size -> accuracy in training mode, pictures in random order.
        evaluated: accuracy in evaluation mode.
        by_class: a batch size and the accuracy in training mode with pictures sorted by class.
    """
    ax = plt.figure().subplots()
    ax.plot(sizes, [shuffled[size] for size in sizes], color=BLUE, marker="o", label="training mode, shuffled")
    ax.axhline(evaluated, color=ORANGE, linestyle="-.", label="evaluation mode")
    sorted_too = ""
    if by_class is not None:
        ax.plot(
            *by_class, color=WINE, marker="D", markersize=9 * style.scale(), linestyle="none", label="sorted by class"
        )
        sorted_too = f" Sorted by class, in batches of {by_class[0]}: {by_class[1]:.2f}."
    level(ax, 0.1, "guessing")
    ax.set(xscale="log", ylim=(0, 1.03), xlabel="batch size, log scale", ylabel="accuracy on 400 new digits")
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.minorticks_off()
    ax.legend(loc="center right", bbox_to_anchor=(1, 0.55))
    ends = ", ".join(f"{shuffled[size]:.2f} at {size}" for size in sizes)
    words = f"Accuracy in training mode against the batch size: {ends}; in evaluation mode {evaluated:.2f}.{sorted_too}"
    return says(ax, words)


def plot_clipping(rates: list[float], arms: dict[str, list[list[float]]]) -> Axes:
    """Draws validation accuracy against the rate, with and without clipping: all seeds, and their median.

    Args:
        rates: (R,).
        arms: name -> (R, S) accuracies, nan where a run diverged.
    """
    ax = plt.figure().subplots()
    words = []
    for k, (name, acc) in enumerate(arms.items()):
        acc = np.asarray(acc)
        color, mark = (ORANGE, BLUE)[k % 2], ("s", "o")[k % 2]
        shift, shown = (0.93, 1.07)[k % 2], _shown(acc)
        median = np.median(shown, 1)
        ax.plot(shift * np.array(rates), median, color=color, linestyle=("--", "-")[k % 2], label=name)
        places = np.repeat(shift * np.array(rates), acc.shape[1])
        ax.plot(places, shown.flatten(), mark, color=color, markersize=5 * style.scale(), alpha=0.6)
        for rate, lost in zip(rates, np.isnan(acc).sum(1), strict=True):
            if lost:
                ax.annotate(f"{lost} of {acc.shape[1]}", (rate * shift, DIVERGED), xytext=(0, 6), **_POINTS)
        ends = (f"{'diverged' if m < 0 else f'{m:.2f}'} at {rate:g}" for m, rate in zip(median, rates, strict=True))
        words.append(f"{name}: {', '.join(ends)}")
    level(ax, 0.1, "guessing")
    ax.set(xscale="log", xlabel="learning rate, log scale", xlim=(rates[0] / 1.7, rates[-1] * 1.4))
    _accuracy_axis(ax)
    ax.set_xticks(rates, [f"{rate:g}" for rate in rates])
    ax.minorticks_off()
    ax.legend(loc="upper left")
    return says(ax, f"Validation accuracy after five epochs, median of the seeds. {'; '.join(words)}.")


_WHITE = {"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none"}
DIVERGED = -0.1
"""Where a run that overflowed stands on an axis of accuracies: it has none, and it is not left out."""
_POINTS = {
    "textcoords": "offset points",
    "ha": "center",
    "va": "bottom",
    "fontsize": "small",
    "color": NOTE,
    "bbox": _WHITE,
}


def _shown(acc: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(acc), DIVERGED, acc)


def _accuracy_axis(ax: Axes) -> None:
    """From 0 to 1, and below it a place for what diverged."""
    ax.set(ylim=(-0.16, 1.03), ylabel="validation accuracy")
    ax.set_yticks((DIVERGED, 0, 0.2, 0.4, 0.6, 0.8, 1), ("diverged", "0", "0.2", "0.4", "0.6", "0.8", "1"))
