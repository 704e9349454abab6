"""The still figures of lesson 08, each of which takes what the notebook computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np

from course_lib import style
from course_lib.axes import bare, level
from course_lib.colors import BAND, BLACK, BLUE, GREY, ORANGE, WINE
from course_lib.letters import CLASSES
from course_lib.show import says

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from torch import Tensor

LOOKS = {
    "nearest by pixels": {"color": GREY, "linestyle": "--", "marker": "x"},
    "scratch": {"color": ORANGE, "linestyle": "--", "marker": "s"},
    "frozen": {"color": BLUE, "linestyle": "-", "marker": "o"},
    "fine-tuned": {"color": WINE, "linestyle": "-.", "marker": "^"},
}


def plot_letters(letters: tuple[Tensor, Tensor], digits: tuple[Tensor, Tensor]) -> Axes:
    """Draws two rows of printed letters above two rows of handwritten digits, each with its class below it.

    Args:
        letters, digits: x (N, 64) and y (N,) each; half of N a row.
    """
    figure = plt.figure(figsize=style.inches(7.4, 4.0))
    parts = {
        "printed letters, bent: what the net was trained on": (*letters, CLASSES),
        "what it has never seen: digits": (*digits, "0123456789"),
    }
    for part, (title, (pictures, labels, names)) in zip(figure.subfigures(2, 1), parts.items(), strict=True):
        part.suptitle(title, x=0.01, ha="left", fontweight="bold")
        axes = part.subplots(2, len(pictures) // 2)
        for ax, x, label in zip(axes.flat, pictures, labels, strict=True):
            ax.imshow(x.reshape(8, 8).numpy(), cmap="Greys", vmin=0, vmax=1)
            bare(ax).set_frame_on(False)
            ax.set_xlabel(names[label], fontfamily="serif", labelpad=1)
    return says(
        axes[0, 0], f"{len(letters[0])} small grey pictures of printed letters, {len(digits[0])} of written digits."
    )


def plot_called(shares: Tensor, *, named: int = 4) -> Axes:
    """Draws, for each digit, the letters that it is called most, as one bar in parts.

    Args:
        shares: (10, 52), each row adds up to 1.
        named: how many letters are named; the others are the open rest of the bar.

    Returns:
        The axes; a digit's bar lies at y = digit.
    """
    ax, words = plt.figure(figsize=style.inches(7.4, 4.4)).subplots(), []
    shades = ("#7fb3d5", "#a9cce3", "#c9dff0", "#e4eff8")
    for digit, row in enumerate(shares):
        begin, order = 0.0, row.argsort(descending=True)[:named].tolist()
        for place, letter in enumerate(order):
            share = float(row[letter])
            ax.barh(digit, share, left=begin, height=0.8, color=shades[place % 4], edgecolor="white")
            if share >= 0.035:
                ax.text(
                    begin + share / 2,
                    digit,
                    CLASSES[letter],
                    ha="center",
                    va="center",
                    fontweight="bold",
                    fontfamily="serif",
                )
            begin += share
        ax.barh(digit, 1 - begin, left=begin, height=0.8, color="none", edgecolor="#c0c0c0")
        words.append(f"{digit} {CLASSES[order[0]]} {100 * float(row[order[0]]):.0f} %")
    ax.set(xlim=(0, 1), ylim=(9.6, -1.3), yticks=range(10))  # above the bars is room for the words of a prediction
    ax.set(ylabel="handwritten digit", xlabel="share of its pictures")
    ax.grid(False)
    return says(ax, f"What the letters net calls each digit most often: {', '.join(words)}.")


def plot_arms(ks: Sequence[int], arms: Mapping[str, np.ndarray]) -> Axes:
    """Draws accuracy against the labels a class: mean over the draws, and all draws as a band.

    Args:
        ks: labels a class, (K,).
        arms: name -> (K, S) accuracies.
    """
    ax, words = plt.figure(figsize=style.inches(6.8, 4.0)).subplots(), []
    for name, found in arms.items():
        look = LOOKS[name]
        ax.fill_between(ks, found.min(1), found.max(1), color=look["color"], **BAND)
        ax.plot(ks, found.mean(1), label=name, **look)
        words.append(f"{name} {found.mean(1)[0]:.2f} to {found.mean(1)[-1]:.2f}")
    level(ax, 0.1, "guessing")
    ax.set(xscale="log", xlabel="labels a class, log scale", ylabel="accuracy on new digits", ylim=(0, 1.02))
    ax.set_xticks(ks, [str(k) for k in ks])
    ax.minorticks_off()
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)  # above: the learner's marks stand among the curves
    return says(ax, f"Accuracy with {ks[0]} to {ks[-1]} labels a class: {'; '.join(words)}. Bands: all draws.")


def plot_gaps(ks: Sequence[int], gaps: Mapping[str, np.ndarray]) -> Axes:
    """Draws the differences from scratch, draw by draw, as dots, and their mean as a line.

    Args:
        ks: labels a class, (K,).
        gaps: name -> (K, S) differences in accuracy.
    """
    ax, words = plt.figure().subplots(), []
    for k, (name, gap) in enumerate(gaps.items()):
        look = LOOKS[name]
        at = np.array(ks) * 1.07 ** (2 * k - len(gaps) + 1)
        ax.plot(at, gap.mean(1), label=name, **look)
        ax.plot(
            np.repeat(at, gap.shape[1]), gap.ravel(), "o", color=look["color"], alpha=0.4, markersize=4 * style.scale()
        )
        words.append(f"{name} {gap.mean(1)[0]:+.2f} to {gap.mean(1)[-1]:+.2f}")
    ax.axhline(0, color=BLACK, linewidth=style.scale())
    ax.set(xscale="log", xlabel="labels a class, log scale", ylabel="accuracy ahead of scratch")
    ax.set_xticks(ks, [str(k) for k in ks])
    ax.minorticks_off()
    ax.legend(loc="upper right")
    return says(ax, f"Accuracy minus that of scratch with the same labels, mean over the draws: {'; '.join(words)}.")


def plot_leak(gaps: Mapping[str, Tensor]) -> Axes:
    """Draws by how much the body that has seen all letters is ahead, a dot for each draw, a bar for the mean.

    Args:
        gaps: what the task was -> (S,) differences in accuracy.
    """
    ax, words = plt.figure(figsize=style.inches(6.4, 3.2)).subplots(), []
    for place, (name, gap) in enumerate(gaps.items()):
        color = ORANGE if not place else BLUE
        ax.barh(place, float(gap.mean()), height=0.55, color=color, alpha=0.45)
        spots = place + np.linspace(-0.2, 0.2, len(gap))
        ax.plot(gap.numpy(), spots, "o", color=color, markersize=5 * style.scale())
        words.append(f"{name} {float(gap.mean()):+.3f}")
    ax.axvline(0, color=BLACK, linewidth=style.scale())
    ax.set_yticks(range(len(gaps)), list(gaps))
    ax.set(ylim=(len(gaps) - 0.5, -0.9), xlabel="ahead, share of letters read")  # above the bars: words of a prediction
    ax.locator_params(axis="x", nbins=5)
    return says(ax, f"Lead of the body that has seen all 52 letters, mean over the draws: {'; '.join(words)}.")


def plot_kept(passes: Sequence[int], kept: Mapping[str, Sequence[float]]) -> Axes:
    """Draws the share of answers that are as before against the batches read.

    Args:
        passes: (P,).
        kept: what was read, and in which mode -> P shares.
    """
    ax, words = plt.figure().subplots(), []
    looks = (
        {"color": BLACK, "linestyle": ":"},
        {"color": BLUE},
        {"color": WINE, "linestyle": "-."},
        {"color": ORANGE, "linestyle": "--"},
    )
    for (name, shares), look in zip(kept.items(), looks, strict=False):
        ax.plot(passes, shares, label=name, **look)
        words.append(f"{name} {shares[-1]:.2f}")
    ax.set(xlabel="batches read", ylabel="share of answers as before", ylim=(0, 1.04))
    ax.legend(loc="center right", bbox_to_anchor=(1, 0.36))
    return says(ax, f"Share of 400 answers that are as before, after {passes[-1]} batches: {'; '.join(words)}.")
