"""What the learner drags in lesson 04: the graph, wrong gradients, the nudge, forgotten gradients, kept values."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure

from course_lib.colors import BLACK, BLUE, GREY, ORANGE, TRAIN, TRUTH, WINE
from course_lib.controls import Choice, Slider
from course_lib.datasets import load
from course_lib.explorer import Explorer
from course_lib.lessons.backprop.by_hand import NAMES, loss_by_hand, slipped
from course_lib.lessons.backprop.engine import Value
from course_lib.lessons.backprop.graphs import FINAL, GraphPicture, Node, graph
from course_lib.lessons.backprop.measures import (
    angles,
    kept_for_backward,
    nudge_errors,
    nudged,
    random_function,
    train_by_hand,
)
from course_lib.nets import MLP
from course_lib.plots import plot_guessing


# ------------------------------------------------------------------------------------------------------------ the graph
def one_unit(w: float) -> Value:
    """A single tanh unit that is asked for -0.9 at x = 1.5: its squared error."""
    product = named(Value(w, name="w") * Value(1.5, name="x"), "product")
    unit = named(product.tanh(), "unit")
    error = named(unit - Value(-0.9, name="y"), "error")
    return named(error**2, "loss")


def shortcut(w: float) -> Value:
    """The same unit with a way around it: the product is used twice."""
    product = named(Value(w, name="w") * Value(1.5, name="x"), "product")
    both = named(named(product.tanh(), "unit") + product, "sum")
    return named(both**2, "loss")


def named(value: Value, name: str) -> Value:
    """The same value, with a name of its own instead of that of its operation."""
    value.name = name
    return value


class Graph(Explorer):
    """How does the loss find out how fast it moves with w?"""

    controls = {
        "net": Choice("one unit", "with a shortcut", label="graph"),
        "w": Slider(-3, 3, start=0.5, step=0.1),
        "steps": Slider(0, 7, start=1, integer=True, label="steps back"),
    }
    figsize = (8.4, 3.4)
    also_show = (one_unit, shortcut, graph)

    def compute(self, net: str, w: float, steps: int) -> tuple[Node, ...]:
        end = one_unit(w) if net == "one unit" else shortcut(w)
        return graph(end, steps)

    def draw(self, fig: Figure, result: tuple[Node, ...]) -> list:
        self._boxes = GraphPicture(fig.subplots(), nodes=7)
        self._boxes.show(result)
        return self._boxes.moving

    def update(self, moving: list, result: tuple[Node, ...]) -> None:
        self._boxes.show(result)

    def describe(self, result: tuple[Node, ...]) -> str:
        known = [node for node in result if node.state == FINAL]
        says = f"The loss is {result[0].data:.3g}. "
        weight = next(node for node in result if node.name == "w")
        if weight.state == FINAL:
            return says + f"Its slope in w = {weight.data:.2g} has arrived: {weight.grad:.3g}."
        if not known:
            return says + "No slope is known yet, not even that of the loss in itself."
        now = next(node for node in result if node.turn)
        return (
            says + f"{len(known)} of {len(result)} slopes are known; it is the turn of “{now.name}” ({now.grad:.3g})."
        )

    def goal(self, result: tuple[Node, ...]) -> tuple[bool, str]:
        weight = next(node for node in result if node.name == "w")
        arrived = weight.state == FINAL
        now = f"now {result[0].data:.2g} and {weight.grad:.2g}" if arrived else "no slope has reached w yet"
        alone = any(node.name == "y" for node in result)
        met = alone and arrived and result[0].data > 3 and abs(weight.grad) < 0.01
        return bool(met), f"one unit with a large loss (above 3) and hardly any slope in w (below 0.01); {now}"


# ------------------------------------------------------------------------------------------------------ wrong gradients
SLIPS = {  # what is wrong, in a few words; p: the probabilities that the net says, y: the truth
    "z for h": "dW is built from z instead of h",
    "bias averaged": "db is a mean over the rows instead of a sum",
    "1/B missing": "the mean over the batch is forgotten",
    "1/B twice": "the mean over the batch is taken twice",
    "no slope": "the nonlinearities are forgotten on the way back",
    "slope at h": "the sigmoid's slope is taken at h instead of z",
    "p for p - y": "the truth is not subtracted at the end",
    "y - p": "the sign is turned round",
}
SIZES = (64, 16, 16, 10)
STEPS = 200


@lru_cache(maxsize=64)
def loss_on_the_way(slip: str, rows: int, rate: float) -> np.ndarray:
    """Loss on the 200 validation digits after every tenth of 200 steps, (20,): a net trained by hand, with a slip."""
    digits = load("digits")
    _last, on_the_way = train_by_hand(*digits.train, SIZES, lr=rate, batch_size=rows, steps=STEPS, slip=slip)
    return np.array([float(loss_by_hand(*digits.val, *weights)) for weights in on_the_way])


def first_angles(slip: str, rows: int) -> dict[str, float]:
    """Angle in degrees between the wrong and the right gradient, part by part, at the first weights."""
    digits = load("digits")
    weights, _ = train_by_hand(*digits.train, SIZES, lr=0, batch_size=1, steps=0)
    batch = (digits.train.x[:rows], digits.train.y[:rows])
    return angles(slipped(slip)(*batch, *weights), slipped()(*batch, *weights))


class Mistakes(Explorer):
    """Train with a wrong gradient: would you notice?"""

    controls = {
        "slip": Choice(*SLIPS, label="mistake"),
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
        left.set(xlim=(0, 188), ylim=(5.6, -0.6), xlabel="degrees off", title="direction, at the start")
        left.set_yticks(range(6), NAMES)
        left.set_xticks((0, 45, 90, 135, 180))
        left.axvline(90, color=BLACK, linestyle="--", linewidth=1)
        left.annotate("this part goes\nuphill →", (93, 0.3), fontsize="small", color="#5c5c5c")
        (points,) = left.plot([], [], color=ORANGE, marker="o", markersize=8, linestyle="none")
        stems = [left.plot([], [], color=ORANGE, linewidth=2)[0] for _ in NAMES]
        right.set(xlim=(0, STEPS + 5), ylim=(0, 3), xlabel="step", ylabel="loss on new digits", title="and training")
        plot_guessing(right, 10)
        (good,) = right.plot([], [], label="right gradient", **TRAIN)
        (bad,) = right.plot([], [], label="with the mistake", color=ORANGE, linestyle="--", marker="o", markersize=3)
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
        return (
            f"“{result['slip']}” ({SLIPS[result['slip']]}): {off}. After {STEPS} steps the loss on new digits is "
            f"{_loss(wrong)}; with the right gradient it is {_loss(right)}."
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        wrong = result["wrong"][-1]
        met = bool(wrong < 0.4) and result["slip"] == "1/B missing"
        return met, f"let “1/B missing” come below 0.4 all the same; now “{result['slip']}”, {_loss(wrong)}"


# -------------------------------------------------------------------------------------------------------------- nudging
PRECISION = {"float64": torch.float64, "float32": torch.float32}
NUDGES = torch.logspace(-15, 0, 61, dtype=torch.float64)
PLACE = 0.7


@lru_cache(maxsize=8)
def all_errors(precision: str, sides: str) -> np.ndarray:
    """The error of nudging at each of 61 steps, (61,)."""
    return nudge_errors(3, NUDGES, PRECISION[precision], both_sides=sides == "both sides").numpy()


class Nudge(Explorer):
    """Look at a curve through a magnifying glass of width h: where does its slope get lost?"""

    controls = {
        "h": Slider(1e-15, 1, start=1e-15, log=True, step=0.25, label="nudge h"),
        "sides": Choice("both sides", "one side", label="step to"),
        "precision": Choice("float64", "float32"),
    }
    figsize = (8.0, 3.4)
    also_show = (nudged, nudge_errors)

    def compute(self, h: float, sides: str, precision: str) -> dict[str, Any]:
        f, slope = random_function(3)
        x = torch.tensor(PLACE, dtype=PRECISION[precision])
        near = torch.linspace(-1.6, 1.6, 161, dtype=x.dtype)  # in units of h
        both = sides == "both sides"
        error = nudge_errors(3, torch.tensor([h]), x.dtype, both_sides=both)
        return {
            "h": h,
            "error": float(error),
            "near": near.numpy(),
            # Divided by h, a straight curve has the same picture at every magnification: its slope.
            "curve": ((f(x + h * near) - f(x)) / h).double().numpy(),
            "true": float(slope(x.double())),
            "found": float(nudged(f, x, h, both_sides=both)),
            "compared": np.array([-1.0, 1.0] if both else [0.0, 1.0]),
            "all": all_errors(precision, sides),
        }

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        left, right = fig.subplots(1, 2)
        left.set(xlim=(-1.6, 1.6), ylim=(-4, 4), xlabel="distance from x, in units of h", title="seen from close by")
        left.set_ylabel("change of f, in units of h")
        (curve,) = left.plot([], [], color=BLUE, linewidth=4, label="the curve f")
        (true,) = left.plot([], [], label="true slope", **TRUTH)
        (line,) = left.plot([], [], color=ORANGE, linewidth=1.5, label="nudged slope")
        (compared,) = left.plot([], [], color=ORANGE, marker="o", linestyle="none")
        right.set(xscale="log", yscale="log", xlim=(5e-16, 2), ylim=(1e-12, 1e2), title="how wrong, at every h")
        right.set(xlabel="nudge h, log scale", ylabel="error of the slope, log scale")
        (all_of_them,) = right.plot([], [], color=GREY)
        (here,) = right.plot([], [], color=ORANGE, marker="o", markersize=9, linestyle="none")
        moving = [curve, true, line, compared, all_of_them, here, left.legend(loc="upper left")]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        curve, true, line, compared, all_of_them, here, _legend = moving
        ends = np.array([-1.6, 1.6])
        curve.set_data(result["near"], result["curve"].clip(-50, 50))
        true.set_data(ends, result["true"] * ends)
        line.set_data(ends, np.clip(result["found"] * ends, -50, 50))
        compared.set_data(result["compared"], np.clip(result["found"] * result["compared"], -50, 50))
        all_of_them.set_data(NUDGES.numpy(), result["all"].clip(1e-12, 1e2))
        here.set_data([result["h"]], [min(max(result["error"], 1e-12), 1e2)])

    def describe(self, result: dict[str, Any]) -> str:
        seen = len(np.unique(result["curve"]))
        says = f"With h = {result['h']:.2g} the slope is off by {result['error']:.2g} of its size. "
        if seen < 40:
            return says + f"The curve is a staircase: among 161 places it takes only {seen} values."
        if result["error"] > 1e-3 and result["h"] > 1e-3:
            return says + "The curve bends between the places that are compared."
        return says + "From this close, the curve looks straight."

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        error = result["error"]
        return error < 1e-10, f"bring the error below 1e-10; now {error:.2g}"


# -------------------------------------------------------------------------------------------------- forgotten gradients
KEEP = {"nothing (zero_grad)": 0.0, "0.5": 0.5, "0.9": 0.9, "0.97": 0.97, "all (forgotten)": 1.0}


@lru_cache(maxsize=64)
def train_spirals(rate: float, keep: float) -> tuple[np.ndarray, float]:
    """Trains 2-32-32-2 by hand on the spirals for 600 steps of 32 rows; each gradient keeps a share of the one before.

    Returns:
        Loss on all training points after every tenth step, (60,), and the share of new points named rightly.
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
            f"{result['right']:.0%} of the new points are named rightly."
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        last = result["losses"][-1]
        met = bool(result["rate"] < 0.05 and last < 0.03)
        return met, f"below 0.03 in 600 steps, at a rate below 0.05; now {_loss(last)} at {result['rate']:.2g}"


# ---------------------------------------------------------------------------------------------------------- kept values
def sizes_in_memory(rows: int, layers: int, width: int) -> dict[str, int]:
    """Bytes of a real net while it trains: its weights, their gradients, and what the forward pass leaves to keep."""
    net = MLP(64, *[width] * layers, 10)
    digits = load("digits").train
    x, y = digits.x[:rows].clone(), digits.y[:rows].clone()
    F.cross_entropy(net(x), y).backward()
    return {
        "weights": sum(p.numel() * p.element_size() for p in net.parameters()),
        "gradients": sum(p.grad.numel() * p.grad.element_size() for p in net.parameters()),
        "kept for the way back": kept_for_backward(net, x, y),
    }


class Kept(Explorer):
    """What fills the memory while a net trains?"""

    controls = {
        "rows": Slider(1, 512, start=64, integer=True, label="batch size B"),
        "layers": Slider(1, 8, start=4, integer=True, label="hidden layers"),
        "width": Slider(8, 128, start=32, integer=True, label="units a layer"),
    }
    figsize = (7.2, 2.8)
    also_show = (sizes_in_memory, kept_for_backward)

    def compute(self, rows: int, layers: int, width: int) -> dict[str, int]:
        return sizes_in_memory(rows, layers, width)

    def draw(self, fig: Figure, result: dict[str, int]) -> list:
        ax = fig.subplots()
        ax.set(xlim=(1e2, 3e7), xscale="log", xlabel="bytes, log scale", ylim=(2.6, -0.6))
        ax.set_yticks(range(3), list(result))
        looks = ((BLUE, "s"), (WINE, "D"), (ORANGE, "o"))  # points, not bars: a log axis has no 0 to begin a bar at
        points = [ax.plot([], [], color=color, marker=mark, markersize=10)[0] for color, mark in looks]
        texts = [ax.text(1e2, k, "", va="center", fontsize="small") for k in range(3)]
        moving = [*points, *texts]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, int]) -> None:
        for k, (point, text, size) in enumerate(zip(moving[:3], moving[3:], result.values(), strict=True)):
            point.set_data([size], [k])
            text.set_position((size * 1.35, k))
            text.set_text(_bytes(size))

    def describe(self, result: dict[str, int]) -> str:
        weights, kept = result["weights"], result["kept for the way back"]
        return (
            f"The weights take {_bytes(weights)}, and their gradients as much again. From the forward pass "
            f"{_bytes(kept)} are kept for the way back, the batch included: {kept / weights:.2g} times the weights."
        )

    def goal(self, result: dict[str, int]) -> tuple[bool, str]:
        ratio = result["kept for the way back"] / result["weights"]
        return ratio > 20, f"let what is kept outgrow the weights 20 times; now {ratio:.2g} times"


def _bytes(size: int) -> str:
    return f"{size / 1e6:.2g} MB" if size >= 1e6 else f"{size / 1e3:.3g} kB"


def _loss(value: float) -> str:
    if not math.isfinite(value):
        return "not finite"
    return f"{value:.2f}" if value < 1000 else f"{value:.2g}"
