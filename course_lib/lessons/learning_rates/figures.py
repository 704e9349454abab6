"""The still figures of lesson 03, each of which takes what the notebook computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import torch

from course_lib import style
from course_lib.axes import beside
from course_lib.colors import BAND, BLACK, BLUE, GREY, NOTE, ORANGE, TRAIN, VAL, WINE, swept
from course_lib.fit import fit
from course_lib.plots import plot_guessing, plot_sweep
from course_lib.run import Run
from course_lib.show import says

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from torch import nn

    from course_lib.datasets import Data
    from course_lib.runs import Runs

QUIZ_RATES = {"A": 2.0, "B": 1e-6, "C": 1e-2}
"""1e-6, not 1e-8 as in the talk that the quiz comes from: float32 rounds such a step away, and no weight moves."""
LINES = {
    "A": {"color": WINE, "linestyle": "-"},
    "B": {"color": ORANGE, "linestyle": "--"},
    "C": {"color": BLUE, "linestyle": "-."},
}


def run_quiz(make_net: Callable[[], nn.Module], data: Data) -> dict[str, Run]:
    """Trains the three nets of the quiz: same initial weights, same batches, three rates (which are hidden in here)."""
    return {
        name: fit(make_net, data, epochs=100, lr=rate, batch_size=16, seed=0, progress=False)
        for name, rate in QUIZ_RATES.items()
    }


def plot_quiz(runs: dict[str, Run]) -> Axes:
    """Draws each net's validation loss on axes of its own: the trap of the quiz. Returns the first axes."""
    axes = plt.figure(figsize=style.inches(8.96, 2.6)).subplots(1, 3)
    for ax, (name, run) in zip(axes, runs.items(), strict=True):
        ax.plot(np.arange(1, 101), run.history["val_loss"], **LINES[name])
        ax.set(title=f"net {name}", xlabel="epoch")
        ax.locator_params(axis="y", nbins=5)
        ax.ticklabel_format(axis="y", useOffset=False)  # "+1.093" above an axis is too easy to miss
    axes[0].set_ylabel("loss")
    spans = (f"{name} runs between {float(c.min()):.4f} and {float(c.max()):.4f}" for name, c in _curves(runs).items())
    return says(axes[0], f"Three loss curves, each on an axis of its own: {', '.join(spans)}.")


def plot_quiz_together(runs: dict[str, Run]) -> Axes:
    """Draws the same three curves on one pair of axes that begins at 0."""
    ax = plt.figure().subplots()
    for name, run in runs.items():
        curve = run.history["val_loss"]
        ax.plot(np.arange(1, len(curve) + 1), curve, **LINES[name])
        up = style.scale() * {"A": 9, "B": -9, "C": 0}[name]  # points; A and B end at nearly the same loss
        end = (len(curve), float(curve[-1]))
        ax.annotate(
            name,
            end,
            xytext=(5, up),
            textcoords="offset points",
            va="center",
            color=LINES[name]["color"],
            weight="bold",
        )
    ax.set(xlabel="epoch", ylabel="loss", ylim=(0, 1.35), xlim=(0, 106), title="the same curves on one axis")
    ends = ", ".join(f"{name} at {float(curve[-1]):.2f}" for name, curve in _curves(runs).items())
    return says(plot_guessing(ax, 3), f"The three curves on one axis from 0, and guessing at 1.10. They end: {ends}.")


def _curves(runs: dict[str, Run]) -> dict[str, torch.Tensor]:
    return {name: run.history["val_loss"] for name, run in runs.items()}


def plot_limit(rates: torch.Tensor, far: torch.Tensor) -> Axes:
    """Draws how far from the bottom a walk ends, against its rate; both axes logarithmic.

    Args:
        rates: (R,).
        far: (R,) distance from the bottom after the walk; the walk began at distance 1.
    """
    ax = plt.figure().subplots()
    ax.plot(rates, far.clamp(1e-8, 1e6), color=BLUE)
    ax.axhline(1, color=GREY, linewidth=style.scale())
    ax.annotate("as far as at the start", (0.01, 1), xycoords=("axes fraction", "data"), xytext=(0, 3), **_POINTS)
    ax.set(xscale="log", yscale="log", ylim=(1e-8, 1e6), xlabel="learning rate α, log scale")
    ax.set(ylabel="distance from the bottom, log scale", title="where 6 steps from 1 away end")
    nearest, first = float(rates[far.argmin()]), float(rates[far > 1].min())
    return says(ax, f"Distance after 6 steps against the rate: smallest at {nearest:.2g}, above 1 from {first:.2g} on.")


def plot_band(ax: Axes, limits: list[float], *, label: str) -> Axes:
    """Shades the range of 2/λ: from the smallest to the largest of the seeds.

    Args:
        ax: with rates on a logarithmic horizontal axis.
        limits: 2/λ at the initial weights, one a seed.
        label: what stands above it.
    """
    ax.axvspan(min(limits), max(limits), facecolor=GREY, edgecolor=BLACK, alpha=0.22, linewidth=0.8 * style.scale())
    middle = float(np.sqrt(min(limits) * max(limits)))
    ax.annotate(label, (middle, 1.01), xycoords=("data", "axes fraction"), ha="center", fontsize="small")
    return ax


def plot_two_sweeps(raw: Runs, scaled: Runs) -> Axes:
    """Draws both sweeps on one pair of axes: raw inputs and standardised ones."""
    ax = plt.figure().subplots()
    plot_sweep(raw, ax, top=2, color=BLUE, label="raw inputs", dead=False)
    plot_sweep(scaled, ax, top=2, color=ORANGE, label="standardised inputs", dead=False)
    ax.lines[-1].set_linestyle("--")
    ax.set(ylim=(0, 2.05), ylabel="validation loss after 100 epochs", title="both sweeps on one axis")
    ax.legend(loc="lower left")
    lows = [float(runs["val_loss"][-1].median(1).values.nan_to_num(nan=9).min()) for runs in (raw, scaled)]
    words = (
        f"Validation loss against the rate, twice: raw inputs come down to {lows[0]:.2g}, standardised to {lows[1]:.2g}"
    )
    return says(plot_guessing(ax, 3), f"{words}, over a much wider range of rates.")


def plot_overfit(runs: Runs) -> Axes:
    """Draws training and validation loss of several seeds at one rate: thin lines for seeds, thick for their median.

    Args:
        runs: with one rate and some seeds.
    """
    ax = plt.figure().subplots()
    for key, look, name in (("train_loss", TRAIN, "train"), ("val_loss", VAL, "validation")):
        curves = runs[key][:, 0]  # (epochs, seeds)
        epochs = np.arange(1, len(curves) + 1)
        ax.plot(epochs, curves, color=look["color"], linewidth=0.7 * style.scale(), alpha=0.45)
        ax.plot(epochs, curves.median(1).values, label=name, markevery=20, **look)
    ax.set(xlabel="epoch", ylabel="loss, log scale", yscale="log", xlim=(0, len(epochs) + 1))
    ax.legend(loc="lower left")
    train, val = (runs[key][:, 0].median(1).values for key in ("train_loss", "val_loss"))
    turn = int(val.argmin())
    words = f"Medians of five seeds: the training loss falls to {float(train[-1]):.2g}; the validation loss falls to "
    return says(ax, words + f"{float(val[turn]):.2g} at epoch {turn + 1} and ends at {float(val[-1]):.2g}.")


def plot_product(products: dict[float, torch.Tensor], every: int) -> Axes:
    """Draws rate times curvature during trainings: for each rate the mean of two neighbouring steps, and their range.

    Two neighbouring steps, because at the edge of stability the weights hop between a steeper and a flatter place, and
    measuring after each even number of steps would see the same one of them every time.

    Args:
        products: rate -> (measurements, 2), rate times the largest curvature before and after a single step.
        every: steps between two measurements.
    """
    ax = plt.figure().subplots()
    for k, (rate, pairs) in enumerate(products.items()):
        color, steps = swept(k / max(1, len(products) - 1)), np.arange(len(pairs)) * every
        ax.fill_between(steps, pairs.min(1).values, pairs.max(1).values, color=color, **BAND)
        ax.plot(steps, pairs.mean(1), color=color, marker="osD^"[k % 4], markersize=4 * style.scale())
        height = float(pairs[-1].mean()) + (0.3 * (k - 1) if pairs[-1].mean() > 1 else 0)  # two ends lie close together
        beside(ax, height, f"α = {rate:g}", color=color)
    ax.axhline(2, color=BLACK, linestyle="--", linewidth=style.scale())
    ax.set(xlabel="step (all rows in one batch)", ylabel="rate × largest curvature", ylim=(0, 4), xlim=(0, steps[-1]))
    ends = ", ".join(f"{float(pairs[-5:].mean()):.1f} at rate {rate:g}" for rate, pairs in products.items())
    return says(ax, f"Rate times largest curvature during three trainings; it ends near {ends}.")


def plot_noise(sizes: list[int], noise: list[float]) -> Axes:
    """Draws the noise of a batch's gradient against the batch size, with the line 1/√B for comparison."""
    ax = plt.figure().subplots()
    ax.plot(sizes, noise, color=BLUE, marker="o", label="measured")
    ax.plot(sizes, noise[0] * np.sqrt(sizes[0] / np.array(sizes)), color=GREY, linestyle="--", label="1/√B")
    ax.set(xscale="log", yscale="log", xlabel="batch size B, log scale", ylabel="noise : gradient, log scale")
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.set_yticks((0.3, 1, 3), ("0.3", "1", "3"))
    ax.minorticks_off()
    ax.legend()
    return says(ax, f"Noise of a batch's gradient: {noise[0]:.2g} at {sizes[0]} row, {noise[-1]:.2g} at {sizes[-1]}.")


def plot_optimisers(sweeps: dict[str, Runs]) -> Axes:
    """Draws the final training loss of the worst seed against the rate, for each optimiser, and marks its best rate."""
    ax = plt.figure().subplots()
    for k, (name, runs) in enumerate(sweeps.items()):
        rates, loss = np.asarray(runs.axes["lr"]), _worst_seed(runs).clip(max=100)
        color = (BLUE, ORANGE, WINE, BLACK)[k % 4]
        ax.plot(rates, loss, color=color, linestyle=("-", "--", "-.", ":")[k % 4], label=name)
        ax.plot(rates[loss.argmin()], loss.min(), "osD^"[k % 4], color=color, markersize=8 * style.scale())
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="learning rate, log scale",
        ylabel="worst seed's training loss, log scale",
    )
    ax.set_ylim(bottom=1e-4)  # room below the lowest point, where the mark of the truth stands
    ax.legend(loc="lower left")
    words = ", ".join(f"{name} {rate:.2g}" for name, (rate, _) in best_rates(sweeps).items())
    return says(
        ax, f"Training loss of the worst seed against the rate for {len(sweeps)} optimisers; best rates: {words}."
    )


def best_rates(sweeps: dict[str, Runs]) -> dict[str, tuple[float, float]]:
    """For each optimiser the rate whose worst seed does best, and the training loss of that seed; three digits."""
    found = {}
    for name, runs in sweeps.items():
        loss = _worst_seed(runs)
        found[name] = (float(f"{runs.axes['lr'][int(loss.argmin())]:.3g}"), float(f"{loss.min():.3g}"))
    return found


def _worst_seed(runs: Runs) -> np.ndarray:
    """(R,) training loss of the worst seed, mean of the last five epochs; a run that overflowed counts as infinite."""
    last = runs["train_loss"][-5:].mean(0).numpy()
    return np.where(np.isfinite(last), last, np.inf).max(1)


_POINTS = {"textcoords": "offset points", "fontsize": "small", "color": NOTE}
