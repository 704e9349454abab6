"""The still figures of lesson 04, each of which takes what the notebook computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np

from course_lib import style
from course_lib.axes import level
from course_lib.colors import BAND, BLACK, BLUE, ORANGE
from course_lib.show import says

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from torch import Tensor

    from course_lib.runs import Runs


def plot_errors(steps: Tensor, errors: dict[str, Tensor], marks: dict[str, float]) -> Axes:
    """Draws how wrong nudging is against its step: for each precision all functions thin, and their median thick.

    Args:
        steps: (S,) nudges.
        errors: precision -> (functions, S).
        marks: precision -> a step to mark by a vertical line: the cube root of its spacing.
    """
    ax = plt.figure().subplots()
    looks = ((BLUE, "-"), (ORANGE, "--"), (BLACK, ":"))
    words = []
    for (name, found), (color, line) in zip(errors.items(), looks, strict=False):
        ax.plot(steps, found.T, color=color, linewidth=0.5 * style.scale(), alpha=0.3)
        median = found.median(0).values
        ax.plot(steps, median, color=color, linestyle=line, label=name)
        ax.axvline(marks[name], color=color, linestyle=line, linewidth=style.scale())
        ax.annotate("∛ε", (marks[name], 1.5e-12), xytext=(4, 0), textcoords="offset points", color=color)
        best = int(median.argmin())
        words.append(f"{name} is best at {float(steps[best]):.1g}, wrong by {float(median[best]):.1g} of the slope")
    ax.set(xscale="log", yscale="log", ylim=(1e-12, 1e3), xlabel="nudge h, log scale")
    ax.set_ylabel("error of the slope, log scale")
    ax.legend(loc="lower left")
    return says(ax, f"Error of the slope against the nudge, median of {len(found)} functions: {'; '.join(words)}.")


def plot_forgotten(runs: Runs) -> Axes:
    """Draws the accuracy on new points against the rate, with zero_grad and without it: median and range of seeds.

    Args:
        runs: with the axes lr, momentum (0 and 1) and seed. Momentum 1 is what forgetting zero_grad does.
    """
    ax = plt.figure().subplots()
    rates, last = np.asarray(runs.axes["lr"]), 100 * runs["val_acc"][-1].numpy()  # (R, 2, S)
    words = []
    for k, (name, color, line, mark) in enumerate((("with", BLUE, "-", "o"), ("without", ORANGE, "--", "s"))):
        median = np.median(last[:, k], 1)
        ax.fill_between(rates, last[:, k].min(1), last[:, k].max(1), color=color, **BAND)
        ax.plot(
            rates,
            median,
            color=color,
            linestyle=line,
            marker=mark,
            markersize=4 * style.scale(),
            label=f"{name} zero_grad",
        )
        words.append(f"{name} zero_grad it is highest, {median.max():.0f} %, at rate {rates[median.argmax()]:.2g}")
    level(ax, 50, "guessing")
    ax.set(xscale="log", xlabel="learning rate, log scale", ylabel="accuracy on new points, in %", ylim=(35, 103))
    ax.legend(loc="lower left")
    return says(ax, f"Accuracy on new points against the rate, median of {last.shape[2]} seeds: {'; '.join(words)}.")


def plot_going_on(runs: Runs, *, steps_per_epoch: int) -> Axes:
    """Draws the accuracy on new points during training: forgetful nets at their best rate, tidy nets at theirs.

    Args:
        runs: with the axes lr (the forgetful nets' rate, then the tidy ones'), momentum (0 and 1) and seed.
        steps_per_epoch: updates in an epoch.
    """
    ax = plt.figure().subplots()
    words = []
    for name, place, color, line in (("tidy", (1, 0), BLUE, "-"), ("forgetful", (0, 1), ORANGE, "--")):
        curves = 100 * runs["val_acc"][:, place[0], place[1]].numpy()  # (epochs, seeds)
        steps = steps_per_epoch * np.arange(1, len(curves) + 1)
        rate = float(runs.axes["lr"][place[0]])
        ax.plot(steps, curves, color=color, linewidth=0.6 * style.scale(), alpha=0.35)
        ax.plot(steps, np.median(curves, 1), color=color, linestyle=line, label=f"{name}, rate {rate:g}")
        median = np.median(curves, 1)
        words.append(f"{name} at rate {rate:g}: {median.max():.0f} % at best, {median[-1]:.0f} % at the end")
    level(ax, 50, "guessing")
    ax.set(xlabel="step", ylabel="accuracy on new points, in %", ylim=(35, 103))
    ax.legend(loc="lower left")
    return says(ax, f"Accuracy on new points during {steps[-1]:,} steps, median of seeds; {'; '.join(words)}.")
