"""The still figures of lesson 01, each of which takes what the notebook computed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import torch

from course_lib import style
from course_lib.axes import bare, beside, level
from course_lib.colors import BAND, BLACK, BLUE, GREY, NOTE, ORANGE, SIGNED, TRUTH, WINE
from course_lib.lessons.single_layer.nets import best_line, rmse
from course_lib.plots import plot_guessing
from course_lib.show import says

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from course_lib.datasets import Data
    from course_lib.runs import Runs

STYLES = (
    {"color": BLACK, "linestyle": "-"},
    {"color": ORANGE, "linestyle": "--"},
    {"color": WINE, "linestyle": "-."},
    {"color": GREY, "linestyle": ":"},
)
"""Of the curves in one figure, in this order."""


def plot_coffee(data: Data, curves: dict[str, Callable] | None = None, *, title: str = "") -> Axes:
    """Draws the measured litres, and over them what some functions or nets say, each with its RMSE.

    Args:
        data: the coffee, hours counted from 13:00.
        curves: name -> function of hours (N, 1) that gives litres, (N, 1) or (N,).
        title: of the axes.
    """
    x, y = data.train
    ax = plt.figure().subplots()
    ax.plot(x[:, 0] + 13, y, "o", color=BLUE, markersize=3.5 * style.scale(), alpha=0.8)
    hours, words = torch.linspace(-5, 5, 401)[:, None], []
    for (name, curve), look in zip((curves or {}).items(), STYLES, strict=False):
        with torch.no_grad():
            said, error = curve(hours).reshape(-1), rmse(curve(x).reshape(-1), y)
        ax.plot(hours[:, 0] + 13, said, label=f"{name}: RMSE {error:.2f}", **look)
        words.append(f"{name} runs between {float(said.min()):.1f} and {float(said.max()):.1f}, RMSE {error:.2f}")
    ax.set(xlabel="hour of the day", ylabel="coffee in litres", xlim=(7.8, 18.2), title=title)
    if words:
        ax.legend(loc="upper right")
    found = f" {'; '.join(words)}." if words else ""
    peaks = f"between {float(y.min()):.2g} and {float(y.max()):.2g} litres, with five peaks, the highest before 11"
    return says(ax, f"{len(y)} measurements from 8:00 to 18:00, {peaks}.{found}")


def plot_weights(weights: torch.Tensor) -> Axes:
    """Draws the weights of each output as a picture: what it adds up, and what it takes away.

    Args:
        weights: (10, 64), one row a digit.
    """
    top = float(weights.abs().max()) / 2
    figure = plt.figure(figsize=style.inches(7.68, 2.9))
    axes = figure.subplots(2, 5)
    for digit, ax in enumerate(axes.flat):
        image = ax.imshow(weights[digit].view(8, 8).numpy(), cmap=SIGNED, vmin=-top, vmax=top)
        bare(ax).set_title(str(digit))
    figure.colorbar(image, ax=axes, label="weight", ticks=(-top, 0, top), format="{x:.2f}")
    return says(axes[0, 0], "Ten pictures of 8 by 8 weights, one a digit: blue counts for the digit, red against it.")


def plot_kinds(runs: dict[str, Runs], data: Data) -> Axes:
    """Draws, for each nonlinearity, the curves of all its nets at its best rate, over the measured litres.

    Args:
        runs: name -> runs over rates and seeds.
        data: what they were trained on.
    """
    x, y = data.train
    axes = plt.figure(figsize=style.inches(7.68, 2.7)).subplots(1, len(runs), sharey=True)
    hours, words = torch.linspace(-5, 5, 401)[:, None], []
    for ax, (name, each) in zip(axes, runs.items(), strict=True):
        errors, place = _errors(each), _best(each)
        ax.plot(x[:, 0] + 13, y, "o", color=BLUE, markersize=2.5 * style.scale(), alpha=0.6)
        for seed in range(errors.shape[1]):
            with torch.no_grad():
                ax.plot(
                    hours[:, 0] + 13,
                    each.model(lr=place, seed=seed)(hours)[:, 0],
                    color=BLACK,
                    linewidth=0.9 * style.scale(),
                )
        best = np.sort(errors[place])
        ax.set(title=f"{name}: {best[0]:.2f} to {best[-1]:.2f}", xlabel="hour", xticks=(8, 13, 18))
        words.append(f"{name} {best[0]:.2f} to {best[-1]:.2f}")
    axes[0].set_ylabel("coffee in litres")
    return says(axes[0], f"Five nets a panel over the coffee; RMSE at the best rate: {', '.join(words)}.")


def plot_ends(runs: dict[str, Runs], data: Data) -> Axes:
    """Draws the RMSE against the rate for each end of the net: median and band of all seeds, and two baselines.

    A star marks the best median of a final sigmoid, which the learner was asked for.
    """
    x, y = data.train
    ax = plt.figure().subplots()
    for (name, each), look, marker in zip(
        runs.items(), (STYLES[0], *STYLES[1:3], {"color": BLUE}), "osD^", strict=True
    ):
        errors, rates = _errors(each), np.asarray(each.axes["lr"])
        ax.fill_between(rates, errors.min(1), errors.max(1), color=look["color"], **BAND)
        ax.plot(rates, np.median(errors, 1), marker=marker, markersize=5 * style.scale(), label=name, **look)
    slope, offset = best_line(x, y)
    lines = {"mean": rmse(y.mean(), y), "best line": rmse(slope * x[:, 0] + offset, y)}
    for name, error in lines.items():
        level(ax, error, name)
    place = _best(runs["sigmoid"])
    asked = (float(runs["sigmoid"].axes["lr"][place]), float(np.median(_errors(runs["sigmoid"])[place])))
    ax.plot(*asked, marker="*", color=ORANGE, markersize=15 * style.scale(), zorder=4)
    beside(ax, asked[1], f"best with a\nsigmoid: {asked[1]:.2f}", va="bottom")
    ax.set(xscale="log", xlabel="learning rate, log scale", ylabel="RMSE in litres", ylim=(0, 2.15))
    ax.legend(loc="upper left", ncols=2, title="after the last layer")
    best = ", ".join(f"{name} {np.median(_errors(each)[_best(each)]):.2f}" for name, each in runs.items())
    return says(ax, f"RMSE against the rate; medians at each best rate: {best}. The mean has {lines['mean']:.2f}.")


def plot_silent(start: list[float], end: list[float], mean: float, zero: float) -> Axes:
    """Draws the RMSE of many nets with a final ReLU, marks those that said 0 for every hour before their first step.

    Args:
        start: the highest litres that each untrained net says.
        end: its RMSE after training.
        mean: RMSE of the mean.
        zero: RMSE of saying 0.
    """
    ax = plt.figure().subplots()
    seeds, silent, end = np.arange(len(end)), np.array(start) <= 0, np.array(end)
    larger = 9 * style.scale()
    for group, look, name in (
        (~silent, {"color": BLUE, "marker": "o"}, "speaks at the start"),
        (silent, {"color": ORANGE, "marker": "X", "markersize": larger}, "says 0 for all hours at the start"),
    ):
        ax.plot(seeds[group], end[group], linestyle="none", label=name, **look)
    for name, error in (("mean", mean), ("saying 0", zero)):
        level(ax, error, name)
    ax.set(xlabel="seed", ylabel="RMSE after training, in litres", ylim=(0, 2.6), xticks=seeds[::2])
    ax.legend(loc="upper center", ncols=2)
    return says(ax, f"RMSE of {len(end)} nets: {int(silent.sum())} say 0 at the start, and end at {zero:.2f}.")


def plot_surprise() -> Axes:
    """Draws what cross-entropy charges for a row, against the probability that the right class got."""
    ax = plt.figure().subplots()
    p = np.linspace(0.004, 1, 500)
    ax.plot(p, -np.log(p), color=BLACK)
    ax.plot(p, 1 - p, color=GREY, linestyle="--")
    ax.annotate("1 − p", (0.3, 0.7), xytext=(-4, -4), textcoords="offset points", ha="right", va="top", color=NOTE)
    for share, name in ((1 / 10, "a tenth each: ln 10"), (1 / 2, "a coin: ln 2")):
        ax.plot([share], [-math.log(share)], "o", color=ORANGE, markersize=8 * style.scale())
        ax.annotate(
            f"{name} = {-math.log(share):.2f}",
            (share, -math.log(share)),
            xytext=(9, 4),
            textcoords="offset points",
        )
    ax.set(xlabel="probability p of the right class", ylabel="loss of this row", xlim=(0, 1.02), ylim=(0, 5.5))
    return says(ax, "Minus ln p against p: 0 at p = 1, 0.69 at one half, 2.30 at a tenth, and steeper towards 0.")


def plot_staircase(shifts: torch.Tensor, loss: torch.Tensor, accuracy: torch.Tensor) -> Axes:
    """Draws accuracy and cross-entropy against a shift of one bias, one above the other.

    Args:
        shifts: (S,).
        loss, accuracy: (S,) on the same rows.
    """
    width, height = plt.rcParams["figure.figsize"]
    top, bottom = plt.figure(figsize=(width, 1.35 * height)).subplots(2, 1, sharex=True)
    top.step(shifts, accuracy, where="mid", color=BLUE, linewidth=1.4 * style.scale())
    bottom.plot(shifts, loss, color=BLACK)
    for ax in (top, bottom):
        ax.axvline(0, color=GREY, linewidth=style.scale(), linestyle=":")
    top.set(ylabel="accuracy")
    bottom.set(ylabel="cross-entropy", xlabel="added to one bias (0: as trained)")
    levels = len(accuracy.unique())
    return says(top, f"Accuracy is a staircase of {levels} levels; cross-entropy is a smooth valley below it.")


def plot_twice(once: Runs, twice: Runs, floor: float) -> Axes:
    """Draws validation accuracy and loss of both nets at their best rates, a dot a seed. Returns the axes of the loss.

    Args:
        once, twice: runs over rates and seeds; softmax in the loss alone, and in the net as well.
        floor: the lowest loss possible with two of them.
    """
    left, right = plt.figure(figsize=style.inches(7.68, 3.4)).subplots(1, 2)
    words = []
    for k, (runs, look) in enumerate(
        ((once, {"color": BLUE, "marker": "o"}), (twice, {"color": ORANGE, "marker": "s"}))
    ):
        place = _best(runs, "val_loss")
        for ax, key, name in ((left, "val_acc", "accuracy"), (right, "val_loss", "loss")):
            values = runs[key][-1][place].numpy()
            ax.plot(k + np.linspace(-0.12, 0.12, len(values)), values, linestyle="none", **look)
            words.append(f"{name} {values.min():.2f} to {values.max():.2f}")
    for ax in (left, right):
        ax.set(xlim=(-0.6, 1.6), xticks=(0, 1))
        ax.set_xticklabels(("once", "twice"))
        ax.set_xlabel("softmax")
    left.set(ylim=(0, 1.02), ylabel="accuracy on new digits")
    left.axhline(0.1, **TRUTH)
    left.annotate("guessing", (0.02, 0.1), xycoords=("axes fraction", "data"), xytext=(0, 3), **_POINTS)
    right.set(ylim=(0, 2.5), ylabel="cross-entropy on new digits")
    right.set_xlim(-0.6, 2.6)  # room for the words on the learner's line
    plot_guessing(right, 10)
    level(right, floor, f"with two,\nno lower\nthan {floor:.2f}")
    return says(right, f"Softmax once: {words[0]}, {words[1]}; twice: {words[2]}, {words[3]}, floor {floor:.2f}.")


def _errors(runs: Runs) -> np.ndarray:
    """(R, seeds) RMSE at the end, of runs trained with the squared error."""
    return runs["train_loss"][-1].sqrt().nan_to_num(nan=99).numpy()


def _best(runs: Runs, key: str = "train_loss") -> int:
    """Place of the rate whose median seed ends lowest."""
    return int(runs[key][-1].nan_to_num(nan=99).median(1).values.argmin())


_POINTS = {"textcoords": "offset points", "fontsize": "small", "color": NOTE}
