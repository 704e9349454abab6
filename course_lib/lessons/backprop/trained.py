"""What the learner drags in lesson 04 on nets that are trained by hand: wrong gradients, and forgotten ones."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import torch.nn.functional as F
from matplotlib.figure import Figure

from course_lib import style
from course_lib.colors import BLACK, NOTE, ORANGE, TRAIN
from course_lib.controls import Choice, Slider
from course_lib.datasets import load
from course_lib.explorer import Explorer
from course_lib.lessons.backprop.by_hand import NAMES, loss_by_hand, slipped
from course_lib.lessons.backprop.measures import angles, train_by_hand
from course_lib.plots import plot_guessing

# ------------------------------------------------------------------------------------------------------ wrong gradients
IN_WORDS = {  # what is wrong, in a few words; p: the probabilities that the net says, y: the truth
    "z for h": "dW is built from z instead of h",
    "bias averaged": "db is a mean over the rows instead of a sum",
    "1/B missing": "the mean over the batch is forgotten",
    "1/B twice": "the mean over the batch is taken twice",
    "no slope": "the nonlinearities are forgotten in the backward pass",
    "slope at h": "the sigmoid's slope is taken at h instead of z",
    "p for p - y": "the truth is not subtracted at the end",
    "y - p": "the sign is turned round",
}
SIZES = (64, 16, 16, 10)
STEPS = 200
HIGHEST = 3  # loss, where the picture of both trainings ends


@lru_cache(maxsize=64)
def loss_on_the_way(slip: str, rows: int, rate: float) -> np.ndarray:
    """Loss on the 200 validation digits after every tenth of 200 steps, (20,): a net trained by hand, with a slip."""
    digits = load("digits")
    _last, on_the_way = train_by_hand(*digits.train, SIZES, lr=rate, batch_size=rows, steps=STEPS, slip=slip)
    return np.array([float(loss_by_hand(*digits.val, *weights)) for weights in on_the_way])


def first_angles(slip: str, rows: int) -> dict[str, float]:
    """Angle in degrees between the wrong and the right gradient, part by part, at the initial weights."""
    digits = load("digits")
    weights, _ = train_by_hand(*digits.train, SIZES, lr=0, batch_size=1, steps=0)
    batch = (digits.train.x[:rows], digits.train.y[:rows])
    return angles(slipped(slip)(*batch, *weights), slipped()(*batch, *weights))


class Mistakes(Explorer):
    """Train with a wrong gradient: would you notice?"""

    controls = {
        "slip": Choice(*IN_WORDS, label="mistake"),
        "rows": Slider(1, 64, start=32, integer=True, label="batch size B"),
        "rate": Slider(0.005, 2, start=0.5, log=True, label="rate α"),
    }
    figsize = (8.0, 3.4)
    also_show = (first_angles, loss_on_the_way, train_by_hand)
    trains = True

    def compute(self, slip: str, rows: int, rate: float) -> dict[str, Any]:
        return {
            "slip": slip,
            "angles": first_angles(slip, rows),
            "right": loss_on_the_way("", rows, rate),
            "wrong": loss_on_the_way(slip, rows, rate),
        }

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        left, right = fig.subplots(1, 2, width_ratios=(1, 1.5))
        left.set(xlim=(-7, 188), ylim=(5.6, -0.6), xlabel="degrees off", title="direction, at the start")
        left.set_yticks(range(6), NAMES)
        left.set_xticks((0, 45, 90, 135, 180))
        left.axvline(90, color=BLACK, linestyle="--", linewidth=style.scale())
        left.annotate("this part goes\nuphill →", (93, 0.3), fontsize="small", color=NOTE)
        (points,) = left.plot([], [], color=ORANGE, marker="o", markersize=8 * style.scale(), linestyle="none")
        stems = [left.plot([], [], color=ORANGE, linewidth=2 * style.scale())[0] for _ in NAMES]
        right.set(
            xlim=(0, STEPS + 5), ylim=(0, HIGHEST), xlabel="step", ylabel="loss on new digits", title="and training"
        )
        plot_guessing(right, 10)
        (good,) = right.plot([], [], label="right gradient", **TRAIN)
        (bad,) = right.plot(
            [], [], label="with the mistake", color=ORANGE, linestyle="--", marker="o", markersize=3 * style.scale()
        )
        moving = [points, *stems, good, bad, right.legend(loc="upper right")]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        points, *stems, good, bad, _legend = moving
        off = np.array(list(result["angles"].values()))
        known = np.isfinite(off)
        points.set_data(off[known], np.arange(6)[known])
        for k, stem in enumerate(stems):
            stem.set_data([0, off[k]] if known[k] else [], [k, k] if known[k] else [])
        steps = np.arange(10, STEPS + 1, 10)
        for line, name in ((good, "right"), (bad, "wrong")):
            drawn = np.isfinite(result[name])
            line.set_data(steps[drawn], result[name][drawn].clip(0, 9))  # what is off the scale leaves the frame

    def describe(self, result: dict[str, Any]) -> str:
        right, wrong = result["right"][-1], result["wrong"][-1]
        known = [each for each in result["angles"].values() if math.isfinite(each)]
        off = (
            f"a part of it is {max(known):.0f} degrees off" if known and max(known) >= 0.5 else "each part points right"
        )
        out = [name for name in ("right", "wrong") if not (result[name] <= HIGHEST).any()]
        unseen = {1: " One of the curves lies above the picture.", 2: " Both curves lie above the picture."}
        return (
            f"“{result['slip']}” ({IN_WORDS[result['slip']]}): {off}. After {STEPS} steps the loss on new digits is "
            f"{_loss(wrong)}; with the right gradient it is {_loss(right)}.{unseen.get(len(out), '')}"
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        wrong = result["wrong"][-1]
        met = bool(wrong < 0.4) and result["slip"] == "1/B missing"
        return met, f"let “1/B missing” come below 0.4 all the same; now “{result['slip']}”, {_loss(wrong)}"


# -------------------------------------------------------------------------------------------------- forgotten gradients
KEEP = {"nothing (zero_grad)": 0.0, "0.5": 0.5, "0.9": 0.9, "0.97": 0.97, "all (no zero_grad)": 1.0}


@lru_cache(maxsize=64)
def train_spirals(rate: float, keep: float) -> tuple[np.ndarray, float]:
    """Trains 2-32-32-2 by hand on the spirals for 600 steps of 32 rows; each gradient keeps a share of the one before.

    Returns:
        Loss on all training points after every tenth step, (60,), and the share of new points named correctly.
    """
    spirals = load("spirals")
    last, on_the_way = train_by_hand(*spirals.train, (2, 32, 32, 2), lr=rate, batch_size=32, steps=600, keep=keep)
    W1, b1, W2, b2, W3, b3 = last
    h2 = ((spirals.val.x @ W1.T + b1).relu() @ W2.T + b2).sigmoid()
    right = float((F.linear(h2, W3, b3).argmax(1) == spirals.val.y).double().mean())
    return np.array([float(loss_by_hand(*spirals.train, *weights)) for weights in on_the_way]), right


class Forget(Explorer):
    """How much of the old gradient should a step keep?"""

    controls = {
        "rate": Slider(1e-4, 1, start=0.01, log=True, label="rate α"),
        "keep": Choice(*KEEP, label="keep"),
    }
    figsize = (6.4, 3.5)
    also_show = (train_spirals, train_by_hand)
    trains = True

    def compute(self, rate: float, keep: str) -> dict[str, Any]:
        losses, right = train_spirals(rate, KEEP[keep])
        return {"rate": rate, "keep": keep, "losses": losses, "right": right}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        ax = fig.subplots()
        ax.set(xlim=(0, 610), ylim=(0, 1.5), xlabel="step", ylabel="training loss")
        plot_guessing(ax, 2)
        moving = ax.plot([], [], **TRAIN)
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        drawn = np.isfinite(result["losses"])
        steps = np.arange(10, 601, 10)
        moving[0].set_data(steps[drawn], result["losses"][drawn].clip(0, 9))

    def describe(self, result: dict[str, Any]) -> str:
        losses = result["losses"]
        if not np.isfinite(losses[-1]):
            return f"At rate {result['rate']:.2g}, keeping {result['keep']}, the loss overflows: it diverges."
        restless = np.abs(np.diff(losses[-20:])).mean() > 0.05
        ends = "still jumps, now" if restless else "ends"
        return (
            f"At rate {result['rate']:.2g}, keeping {result['keep']}, the loss {ends} at {_loss(losses[-1])}; "
            f"{100 * result['right']:.0f} % of the new points are named correctly."
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        last = result["losses"][-1]
        met = bool(result["rate"] < 0.05 and last < 0.03)
        return met, f"below 0.03 in 600 steps, at a rate below 0.05; now {_loss(last)} at {result['rate']:.2g}"


def _loss(value: float) -> str:
    if not math.isfinite(value):
        return "not finite"
    return f"{value:.2f}" if value < 1000 else f"{value:.2g}"
