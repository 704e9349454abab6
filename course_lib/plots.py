"""Still figures that more than one lesson draws: each takes what it shows, perhaps an `ax`, and returns the axes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import torch

from course_lib import style
from course_lib.axes import level
from course_lib.colors import BAND, BLACK, BLUE, CLASSES, TRAIN, VAL
from course_lib.datasets import Data
from course_lib.show import says

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from course_lib.run import Run
    from course_lib.runs import Runs


def plot_history(run: Run, ax: Axes | None = None, *, title: str = "") -> Axes:
    """Draws the loss of a run after each epoch, on training and validation data.

    Args:
        run: what `fit` returned.
        ax: where to draw; a new figure unless given.
        title: of the axes.

    Returns:
        The axes; the curves carry their names at their ends.
    """
    ax = ax or plt.figure().subplots()
    epochs = np.arange(1, len(run.history["train_loss"]) + 1)
    ax.plot(epochs, run.history["train_loss"], label="train", **TRAIN)
    if "val_loss" in run.history:
        every = max(1, len(epochs) // 12)
        ax.plot(epochs, run.history["val_loss"], label="validation", markevery=every, **VAL)
    ax.set(xlabel="epoch", ylabel="loss", title=title)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="upper right")
    ends = ", ".join(f"{key.replace('_', ' ')} {float(run.history[key][-1]):.2g}" for key in run.history)
    return says(ax, f"Loss after each of {len(epochs)} epochs; at the end: {ends}.") if len(epochs) else ax


def plot_data(data: Data, ax: Axes | None = None, *, features: tuple[int, int] = (2, 3)) -> Axes:
    """Draws the training rows of a classification set, one marker a class, in two of their features.

    Args:
        data: with `classes`.
        ax: where to draw; a new figure unless given.
        features: which two columns of x to draw.
    """
    ax = ax or plt.figure().subplots()
    first, second = features
    if max(features) >= data.train.x.shape[1]:
        first, second = 0, 1
    for number, name in enumerate(data.classes):
        rows = data.train.x[data.train.y == number]
        ax.plot(rows[:, first], rows[:, second], linestyle="none", label=name, **CLASSES[number % len(CLASSES)])
    names = data.features or tuple(f"x{i}" for i in range(data.train.x.shape[1]))
    ax.set(xlabel=names[first], ylabel=names[second], title=data.name)
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1))  # beside the points, not over them
    centres = [
        f"{name} around {float(x[:, first].mean()):.2g} and {float(x[:, second].mean()):.2g}"
        for name, x in ((name, data.train.x[data.train.y == k]) for k, name in enumerate(data.classes))
    ]
    return says(ax, f"{names[second]} against {names[first]}, one marker a class: {'; '.join(centres)}.")


def plot_guessing(ax: Axes, classes: int) -> Axes:
    """Marks the loss of a net that gives every class the same chance: ln K, about 1.0986 for three classes.

    Args:
        ax: with the loss (cross-entropy, natural logarithm) on the vertical axis.
        classes: K.
    """
    return level(ax, math.log(classes), f"guessing:\nln {classes}")


def _cross() -> dict[str, float]:
    """A small cross, larger in the large mode."""
    return {"markersize": 5 * style.scale(), "markeredgewidth": 1.2 * style.scale()}


def plot_sweep(
    runs: Runs,
    ax: Axes | None = None,
    *,
    x: str = "lr",
    y: str = "val_loss",
    top: float | None = None,
    color: str = BLUE,
    label: str = "",
    dead: bool = True,
) -> Axes:
    """Draws the last value of `y` against a swept setting: the median over seeds, and the band of all seeds.

    Args:
        runs: what `fit_many` returned, with `x` as its only swept setting besides the seeds.
        ax: where to draw; a new figure unless given.
        top: values above, and runs that overflowed, are drawn at this height; the highest finite value unless given.
        color, label: of this sweep, when several share the axes.
        dead: mark single runs that ended with a layer of dead units by small crosses.

    Raises:
        ValueError: `runs` has other axes than `x` and the seed.
    """
    if list(runs.axes) != [x, "seed"]:
        raise ValueError(f"plot_sweep draws sweeps over {x!r} and seeds; these runs have {', '.join(runs.axes)}")
    ax = ax or plt.figure().subplots()
    swept = np.asarray(runs.axes[x], dtype=float)
    last = runs[y][-1].double()
    top = float(last[torch.isfinite(last)].max()) if top is None else top
    last = last.nan_to_num(nan=top, posinf=top).clamp(max=top).numpy()
    ax.fill_between(swept, last.min(1), last.max(1), color=color, **BAND)
    ax.plot(swept, np.median(last, 1), color=color, label=label or None)
    if dead and runs.dead_net.any():
        place, seed = np.nonzero(runs.dead_net.numpy())
        ax.plot(swept[place], last[place, seed], "x", color=BLACK, zorder=3, **_cross())
    name = {"lr": "learning rate"}.get(x, x.replace("_", " "))  # a figure is read away from its code
    what = {"val_loss": "validation loss", "train_loss": "training loss"}.get(y, y.replace("_", " "))
    ax.set(xscale="log", xlabel=f"{name}, log scale", ylabel=what)
    best, median = int(np.median(last, 1).argmin()), np.median(last, 1)
    words = f"{what} against the {name}, median of {last.shape[1]} seeds: {median[0]:.2g} at "
    words += f"{swept[0]:.2g}, lowest, {median[best]:.2g}, at {swept[best]:.2g}, "
    words += f"and {median[-1]:.2g} at {swept[-1]:.2g}."
    count = int(runs.dead_net.sum())
    return says(ax, words + (f" {count} of {last.size} nets end dead." if count else ""))
