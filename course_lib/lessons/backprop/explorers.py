"""What the learner drags in lesson 04 where nothing is trained: the graph, the nudge, what backward needs."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure

from course_lib import style
from course_lib.colors import BLUE, GREY, ORANGE, TRUTH, WINE
from course_lib.controls import Choice, Slider
from course_lib.datasets import load
from course_lib.explorer import Explorer
from course_lib.lessons.backprop.engine import Value
from course_lib.lessons.backprop.graphs import FINAL, GraphPicture, Node, graph
from course_lib.lessons.backprop.measures import (
    kept_for_backward,
    nudge_errors,
    nudged,
    random_function,
)
from course_lib.nets import MLP
from course_lib.stamp import Stamp


# ------------------------------------------------------------------------------------------------------------ the graph
def one_unit(w: float) -> Value:
    """A single tanh unit that is asked for -0.9 at x = 1.5: its squared error."""
    product = named(Value(w, name="w") * Value(1.5, name="x"), "product")
    unit = named(product.tanh(), "unit")
    error = named(unit - Value(-0.9, name="y"), "error")
    return named(error**2, "loss")


def shortcut(w: float) -> Value:
    """The same unit with a path around it: the product is used twice."""
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
            return says + f"Its slope with respect to w has arrived, at w = {weight.data:.2g}: {weight.grad:.3g}."
        if not known:
            return says + "No slope is known yet, not even that of the loss with respect to itself."
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
        return bool(met), f"one unit with a large loss (above 3) and hardly any slope at w (below 0.01); {now}"


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
        (curve,) = left.plot([], [], color=BLUE, linewidth=4 * style.scale(), label="the curve f")
        (true,) = left.plot([], [], label="true slope", **TRUTH)
        (line,) = left.plot([], [], color=ORANGE, linewidth=1.5 * style.scale(), label="nudged slope")
        (compared,) = left.plot([], [], color=ORANGE, marker="o", linestyle="none")
        right.set(xscale="log", yscale="log", xlim=(5e-16, 2), ylim=(1e-12, 1e2), title="how wrong, at every h")
        right.set(xlabel="nudge h, log scale", ylabel="error of the slope, log scale")
        (all_of_them,) = right.plot([], [], color=GREY)
        (here,) = right.plot([], [], color=ORANGE, marker="o", markersize=9 * style.scale(), linestyle="none")
        left.legend(loc="upper left")  # it stands still: the curve hardly ever comes there
        moving = [curve, true, line, compared, all_of_them, here]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        curve, true, line, compared, all_of_them, here = moving
        ends = np.array([-1.6, 1.6])
        curve.set_data(result["near"], result["curve"].clip(-50, 50))
        true.set_data(ends, result["true"] * ends)
        at = np.interp(result["compared"], result["near"], result["curve"])
        # Through the places that are compared: from both sides it need not pass the middle.
        beside = at.mean() - result["found"] * result["compared"].mean()
        line.set_data(ends, np.clip(beside + result["found"] * ends, -50, 50))
        compared.set_data(result["compared"], np.clip(at, -50, 50))
        all_of_them.set_data(NUDGES.numpy(), result["all"].clip(1e-12, 1e2))
        here.set_data([result["h"]], [min(max(result["error"], 1e-12), 1e2)])

    def describe(self, result: dict[str, Any]) -> str:
        seen = len(np.unique(result["curve"]))
        says = f"With h = {result['h']:.2g}, slopes at 200 places are off by {result['error']:.2g} of their size. "
        if seen < 40:
            takes = f"only {seen} values" if seen > 1 else "a single value"
            return says + f"The curve is a staircase: among 161 places it takes {takes}."
        if result["error"] > 1e-3 and result["h"] > 1e-3:
            return says + "The curve bends between the places that are compared."
        return says + "From this close, the curve looks straight."

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        error = result["error"]
        return error < 1e-10, f"bring the error below 1e-10; now {error:.2g}"


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
        "kept for the backward pass": kept_for_backward(net, x, y),
    }


class Kept(Explorer):
    """What fills the memory while a net trains?"""

    controls = {
        "rows": Slider(1, 256, start=64, integer=True, label="batch size B"),
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
        ax.set_yticks(range(3), [name.replace("the ", "the\n") for name in result])
        looks = ((BLUE, "s"), (WINE, "D"), (ORANGE, "o"))  # points, not bars: a log axis has no 0 to begin a bar at
        points = [ax.plot([], [], color=color, marker=mark, markersize=10 * style.scale())[0] for color, mark in looks]
        texts = [ax.add_artist(Stamp(size=9 * style.scale(), ha="left")) for _ in points]
        moving = [*points, *texts]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, int]) -> None:
        for k, (point, text, size) in enumerate(zip(moving[:3], moving[3:], result.values(), strict=True)):
            point.set_data([size], [k])
            text.say(_bytes(size), at=(size * 1.35, k))

    def describe(self, result: dict[str, int]) -> str:
        weights, kept = result["weights"], result["kept for the backward pass"]
        return (
            f"The weights take {_bytes(weights)}, and their gradients as much again. From the forward pass "
            f"{_bytes(kept)} are kept for the backward pass, the batch included: {kept / weights:.2g} times the "
            "weights."
        )

    def goal(self, result: dict[str, int]) -> tuple[bool, str]:
        ratio = result["kept for the backward pass"] / result["weights"]
        return ratio > 20, f"let what is kept outgrow the weights 20 times; now {ratio:.2g} times"


def _bytes(size: int) -> str:
    return f"{size / 1e6:.2g} MB" if size >= 1e6 else f"{size / 1e3:.3g} kB"
