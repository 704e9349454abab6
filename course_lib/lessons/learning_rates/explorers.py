"""What the learner drags in lesson 03: the hiker, the bowl, the valley, and the rate of a real net."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from torch import nn

from course_lib import style
from course_lib.colors import BLUE, ORANGE, TRAIN, TRUTH, VAL
from course_lib.controls import Choice, Slider
from course_lib.datasets import load
from course_lib.explorer import Explorer
from course_lib.fit import fit
from course_lib.lessons.learning_rates.measures import largest_dead_share
from course_lib.nets import MLP
from course_lib.plots import plot_guessing
from course_lib.run import Run
from course_lib.uninterrupted import uninterrupted

OFF_THE_MAP = 1e6
"""Beyond this a walk is cut off, so that a picture never has to draw infinity."""


def walk(gradient: Any, theta: Any, rate: float, steps: int) -> np.ndarray:
    """Gradient descent: theta <- theta - rate * gradient(theta), again and again.

    Args:
        gradient: function of theta, which is a number or a vector (D,).
        theta: where the walk starts.
        rate: the learning rate.
        steps: how many steps at most; the walk ends early once it is farther than `OFF_THE_MAP` from 0.

    Returns:
        All places visited, the start included: (steps + 1,) or (steps + 1, D).
    """
    places = [np.asarray(theta, dtype=float)]
    for _ in range(steps):
        places.append(places[-1] - rate * gradient(places[-1]))
        if np.abs(places[-1]).max() > OFF_THE_MAP:
            break
    return np.array(places)


def height(theta: np.ndarray) -> np.ndarray:
    """The hiker's landscape: two valleys, the left one deeper, and walls that get steeper outwards."""
    return (theta**2 - 4) ** 2 / 16 + 0.3 * theta + 1


def slope(theta: np.ndarray) -> np.ndarray:
    """The derivative of `height`."""
    return theta * (theta**2 - 4) / 4 + 0.3


class Hiker(Explorer):
    """You are blindfolded. Can you find the lowest valley?"""

    controls = {
        "start": Slider(-3.6, 3.6, start=3.4, step=0.1, label="start θ"),
        "rate": Slider(0.01, 2, start=0.03, log=True, label="rate α"),
        "fog": Choice("fog", "clear sky", label="weather"),
    }
    figsize = (6.4, 3.4)
    also_show = (walk, height, slope)
    steps = 15

    def compute(self, start: float, rate: float, fog: str) -> dict[str, Any]:
        places = walk(slope, start, rate, self.steps)
        return {"places": places, "heights": height(places), "slopes": slope(places), "fog": fog == "fog"}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        ax = fig.subplots()
        ax.set(xlim=(-5, 5), ylim=(-0.6, 7.4), xlabel="position θ (the parameter)", ylabel="height (the loss)")
        theta = np.linspace(-5, 5, 300)
        (land,) = ax.plot(theta, height(theta), **TRUTH)
        # What a blindfolded hiker knows: the height here, and which way the ground slopes.
        feet = [
            ax.plot([], [], color=BLUE, linewidth=3 * style.scale(), solid_capstyle="round")[0]
            for _ in range(self.steps + 1)
        ]
        (path,) = ax.plot(
            [], [], color=BLUE, linestyle=":", linewidth=style.scale(), marker="o", markersize=5 * style.scale()
        )
        (first,) = ax.plot([], [], color=ORANGE, marker="s", linestyle="none", markersize=9 * style.scale())
        (last,) = ax.plot([], [], color="black", marker="D", linestyle="none", markersize=8 * style.scale())
        moving = [land, *feet, path, first, last]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        land, *feet, path, first, last = moving
        places, heights, slopes = result["places"], result["heights"], result["slopes"]
        land.set_visible(not result["fog"])
        for k, line in enumerate(feet):
            line.set_visible(k < len(places))
            if k < len(places):
                reach = 0.35 / math.hypot(1, slopes[k])  # a stick of one length, laid along the slope
                line.set_data(
                    [places[k] - reach, places[k] + reach],
                    [heights[k] - reach * slopes[k], heights[k] + reach * slopes[k]],
                )
        path.set_data(places, heights)
        first.set_data(places[:1], heights[:1])
        last.set_data(places[-1:], heights[-1:])

    def describe(self, result: dict[str, Any]) -> str:
        places, heights = result["places"], result["heights"]
        if abs(places[-1]) > 5:
            return (
                f"Off the map: after {len(places) - 1} steps the hiker is at θ = {places[-1]:.3g}. "
                "Each wall was steeper than the last, so each step was longer."
            )
        moves, steep = np.diff(places)[-2:], abs(result["slopes"][-1]) > 0.1
        jumps = abs(moves[-1]) > 0.2 and moves[0] * moves[-1] < 0
        doing = "is still jumping about, now" if jumps else "is still on the way, now" if steep else "stands"
        return (
            f"After {self.steps} steps from θ = {places[0]:.2g} (orange square) the hiker {doing} at "
            f"θ = {places[-1]:.2f} (black diamond), height {heights[-1]:.2f}."
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        end, right = result["heights"][-1], result["places"][0] > 1
        now = f"now {_short(end)}" if end < 100 else "now off the map"
        now = now if right else "you began on the left"
        return bool(right and end < 0.45), f"begin on the right (θ above 1) and end below height 0.45; {now}"


class Bowl(Explorer):
    """One bowl, one rate: slow, straight to the bottom, over and back, or out?"""

    controls = {
        "rate": Slider(1 / 32, 4, start=2, log=True, step=math.log10(2) / 12, label="rate α"),
        "curvature": Slider(0.25, 4, start=1, step=0.05, label="curvature λ"),
    }
    figsize = (7.2, 3.4)
    also_show = (walk,)
    steps = 25

    def compute(self, rate: float, curvature: float) -> dict[str, Any]:
        def gradient(theta: float) -> float:
            return curvature * theta  # of the loss curvature * theta**2 / 2

        return {"places": walk(gradient, 1.5, rate, self.steps), "rate": rate, "curvature": curvature}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        left, right = fig.subplots(1, 2)
        left.set(xlim=(-3, 3), ylim=(-0.2, 6), xlabel="θ", ylabel="loss", title="where it steps")
        right.set(xlim=(-0.5, self.steps + 0.5), ylim=(1e-6, 1e6), yscale="log")
        right.set(xlabel="step", ylabel="distance from the bottom", title="how far it is, log scale")
        (bowl,) = left.plot([], [], **TRUTH)
        (path,) = left.plot([], [], marker="o", markersize=5 * style.scale(), linewidth=style.scale(), color=BLUE)
        (distance,) = right.plot([], [], marker="o", markersize=4 * style.scale(), **TRAIN)
        moving = [bowl, path, distance]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        bowl, path, distance = moving
        places, curvature = result["places"], result["curvature"]
        theta = np.linspace(-3, 3, 200)
        bowl.set_data(theta, curvature * theta**2 / 2)
        path.set_data(places, curvature * places**2 / 2)
        distance.set_data(np.arange(len(places)), np.abs(places).clip(1e-6))  # 0 has no place on a log axis

    def describe(self, result: dict[str, Any]) -> str:
        product = result["rate"] * result["curvature"]
        places = result["places"]
        says = f"α·λ = {product:.3g}: "
        if abs(places[1]) < 0.01:
            return says + "the first step lands on the bottom."
        if product < 1:
            return says + f"it creeps down one side; after {self.steps} steps it is {abs(places[-1]):.2g} away."
        if abs(product - 2) < 1e-6:
            return says + "over and back by the same distance, for ever."
        if product < 2:
            return says + f"it jumps across the bottom and comes closer; at the end it is {abs(places[-1]):.2g} away."
        return says + f"it jumps across and lands farther away each time; after {len(places) - 1} steps {_far(places)}."

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        near = abs(result["places"][1])
        return bool(near < 0.05), f"land on the bottom in one step; the first step ends {near:.2g} away"


class Valley(Explorer):
    """A valley that is steep across and flat along: which rate suits both?"""

    controls = {
        "rate": Slider(0.01, 2.2, start=0.13, log=True, label="rate α"),
        "ratio": Slider(1, 30, start=14, log=True, label="steep : flat"),
    }
    figsize = (6.4, 3.4)
    also_show = (walk,)
    steps = 40

    def compute(self, rate: float, ratio: float) -> dict[str, Any]:
        def gradient(theta: np.ndarray) -> np.ndarray:
            return np.array([1.0, ratio]) * theta  # curvature 1 along the valley, `ratio` across it

        places = walk(gradient, (-2.6, 0.9), rate, self.steps)
        near = np.linalg.norm(places, axis=1) < 0.1
        return {"places": places, "ratio": ratio, "rate": rate, "arrived": int(near.argmax()) if near.any() else None}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        ax = fig.subplots()
        ax.set(xlim=(-3, 3), ylim=(-1.6, 1.6), xlabel="θ₁, along the valley", ylabel="θ₂, across it")
        rings = [ax.plot([], [], color="#b5b5b5", linewidth=style.scale())[0] for _ in range(6)]
        (path,) = ax.plot([], [], marker="o", markersize=4 * style.scale(), linewidth=1.2 * style.scale(), color=BLUE)
        (bottom,) = ax.plot([0], [0], marker="*", markersize=12 * style.scale(), linestyle="none", color="black")
        moving = [*rings, path, bottom]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        *rings, path, _bottom = moving
        angle = np.linspace(0, 2 * np.pi, 80)
        for k, ring in enumerate(rings, start=1):  # where the loss is k**2 / 5: ellipses
            radius = math.sqrt(2 * k**2 / 5)
            ring.set_data(radius * np.cos(angle), radius / math.sqrt(result["ratio"]) * np.sin(angle))
        path.set_data(*result["places"].T)

    def describe(self, result: dict[str, Any]) -> str:
        says, arrived, far = f"At α = {result['rate']:.3g} ", result["arrived"], np.linalg.norm(result["places"][-1])
        if arrived is not None:
            return says + f"the walk comes within 0.1 of the bottom after {arrived} step{'s' if arrived > 1 else ''}."
        if far > 3:  # only now: before, this would answer the question
            limit = 2 / result["ratio"]
            side = (
                "on all sides: both have the limit" if result["ratio"] == 1 else "across its steep side, whose limit is"
            )
            return says + f"it leaves the valley {side} 2/{result['ratio']:.3g} = {limit:.3g}."
        return says + f"the walk is still {far:.2g} away after {self.steps} steps."

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        steps = result["arrived"]
        now = "not there yet" if steps is None else f"now {steps}"
        return steps is not None and steps <= 8, f"arrive within 8 steps; {now}"


ACTIVATIONS = {"ReLU": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


@lru_cache(maxsize=64)
def train_iris(rate: float, units: str, inputs: str) -> tuple[Run, float]:
    """Trains 4-16-16-3 on Iris for 100 epochs, batches of 16, SGD, seed 0: 700 real steps.

    Returns:
        The run, and the share of units that no training flower can wake in the layer with most of them (0 unless ReLU).
    """
    iris = load("iris") if inputs == "raw" else load("iris").standardise()
    run = fit(
        lambda: MLP(4, 16, 16, 3, activation=ACTIVATIONS[units]),
        iris,
        epochs=100,
        lr=rate,
        batch_size=16,
        seed=0,
        progress=False,
    )
    return uninterrupted(run, 100), largest_dead_share(run.model, iris.train.x)


class Rate(Explorer):
    """Train a real net at any rate: what does a rate that is too high look like?"""

    controls = {
        "rate": Slider(1e-4, 10, start=10**-0.5, log=True, label="rate α"),
        "units": Choice("ReLU", "sigmoid", "tanh"),
        "inputs": Choice("raw", "standardised"),
    }
    figsize = (6.4, 3.6)
    also_show = (train_iris,)
    trains = True

    def compute(self, rate: float, units: str, inputs: str) -> dict[str, Any]:
        run, dead = train_iris(rate, units, inputs)
        history = {key: np.asarray(run.history[key], dtype=float) for key in ("train_loss", "val_loss", "val_acc")}
        return {"rate": rate, "dead": dead, "why": run.why, "relu": units == "ReLU", **history}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        ax = fig.subplots()
        ax.set(xlim=(0, 101), ylim=(0, 2), xlabel="epoch", ylabel="loss")
        plot_guessing(ax, 3)
        (train,) = ax.plot([], [], label="train", **TRAIN)
        (val,) = ax.plot([], [], label="validation", markevery=8, **VAL)
        moving = [train, val, ax.legend(loc="upper right")]  # the legend as well, or the curves would lie above it
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        train, val, _legend = moving
        epochs = np.arange(1, len(result["train_loss"]) + 1)
        train.set_data(epochs, result["train_loss"])
        val.set_data(epochs, result["val_loss"])

    def describe(self, result: dict[str, Any]) -> str:
        if len(result["train_loss"]) == 0:
            return f"At rate {result['rate']:.3g} not one epoch was finished. {result['why']}"
        says = (
            f"At rate {result['rate']:.3g} the training loss ends at {_short(result['train_loss'][-1])} "
            f"and {100 * result['val_acc'][-1]:.0f} % of the validation flowers are named correctly."
        )
        if result["dead"] == 1:
            return says + " One layer is dead: no flower wakes any of its units."
        return says

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        last = result["val_loss"][-1] if len(result["val_loss"]) else math.nan
        return bool(last < 0.15), f"bring the validation loss below 0.15; now {_short(last)}"


def _short(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) and abs(value) < 1000 else f"{value:.2g}"


def _far(places: np.ndarray) -> str:
    far = abs(places[-1])
    return f"it is {far:.2g} away" if far <= OFF_THE_MAP else "it has left every map"
