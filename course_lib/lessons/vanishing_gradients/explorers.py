"""What the learner drags in lesson 05 before anything is trained: slopes, fifty layers, products in four formats."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from torch import Tensor, nn

from course_lib import style
from course_lib.colors import BLACK, BLUE, GREY, ORANGE, TRUTH, WINE
from course_lib.controls import Choice, Slider
from course_lib.datasets import load
from course_lib.explorer import Explorer
from course_lib.lessons.vanishing_gradients.nets import ACTIVATIONS, deep_net, fill, fit_k, gain

ROWS = 64
"""Digits that go through a net at each move."""


@cache
def some_digits() -> tuple[Tensor, Tensor]:
    """The first training digits, (64, 64) and (64,)."""
    x, y = load("digits").train
    return x[:ROWS], y[:ROWS]


@cache
def unit_net() -> nn.Sequential:
    """A hundred layers and the last one, at gain 1: the explorer below multiplies what they put out."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return fill(deep_net(100, nn.Identity), gain(1.0))


# ---------------------------------------------------------------------------------------------------------- saturation
class Slopes(Explorer):
    """One layer and all its slopes: how much of a gradient does the nonlinearity let through?"""

    controls = {
        "units": Choice("sigmoid", "tanh", "ReLU"),
        "factor": Slider(0.1, 30, start=1, log=True, label="gain of the weights"),
        "bias": Slider(-4, 4, start=0, step=0.1, label="bias of all units"),
    }
    figsize = (7.0, 3.3)

    def compute(self, units: str, factor: float, bias: float) -> dict[str, Any]:
        x, _ = some_digits()
        with torch.no_grad():
            z = factor * unit_net()[0](x) + bias  # (64 digits, 128 units)
        z.requires_grad_()
        out = ACTIVATIONS[units]()(z)
        (slopes,) = torch.autograd.grad(out.sum(), z)  # the derivative at each of the 8,192 places
        count, _ = np.histogram(z.detach().clamp(-9.99, 9.99), bins=80, range=(-10, 10))
        near = {"sigmoid": (out < 0.01) | (out > 0.99), "tanh": out.abs() > 0.98, "ReLU": out == 0}[units]
        return {
            "units": units,
            "count": count / count.max(),
            "shut": float((slopes < 0.05).float().mean()),
            "flat": float(near.float().mean()),
            "dead": float((slopes == 0).all(0).float().mean()),
            "factor": factor,
            "bias": bias,
        }

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        ax = fig.subplots()
        ax.set(xlim=(-10, 10), ylim=(-1.15, 1.5), xlabel="z, what goes into the nonlinearity", ylabel="out, slope")
        ax.set_xticks((-10, -5, 0, 5, 10), ("beyond", "−5", "0", "5", "beyond"))
        ax.axhline(0, color=GREY, linewidth=0.8 * style.scale())
        area = ax.add_patch(Polygon([[0, 0], [1, 0], [1, 1]], facecolor=ORANGE, alpha=0.35, linewidth=0))
        area.set_label("where the z lie")
        (out,) = ax.plot([], [], label="what comes out", **TRUTH)
        (slope,) = ax.plot([], [], color=BLUE, linewidth=2.6 * style.scale(), label="slope")
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
        moving = [area, out, slope]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        area, out, slope = moving
        z = torch.linspace(-10, 10, 201, requires_grad=True)
        value = ACTIVATIONS[result["units"]]()(z)
        (derivative,) = torch.autograd.grad(value.sum(), z)
        out.set_data(z.detach().numpy(), value.detach().numpy())
        slope.set_data(z.detach().numpy(), derivative.numpy())
        edges = np.linspace(-10, 10, 81).repeat(2)
        heights = np.concatenate([[0], result["count"].repeat(2), [0]])
        area.set_xy(np.stack([edges, heights], 1))

    def describe(self, result: dict[str, Any]) -> str:
        words = f"{result['units']}, gain {result['factor']:.3g}, bias {result['bias']:.2g}: "
        words += f"{100 * result['shut']:.0f} % of the slopes are below 0.05; "
        if result["units"] != "ReLU":
            return words + f"{100 * result['flat']:.0f} % of the outputs lie within 1 % of an end, where it is flat."
        words += f"{100 * result['flat']:.0f} % of the outputs are 0, "
        return words + f"and {100 * result['dead']:.0f} % of the units are dead: 0 for all {ROWS} digits."

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        dead = result["dead"] if result["units"] == "ReLU" else 0.0
        now = f"now {100 * dead:.0f} %" if result["units"] == "ReLU" else "only ReLU units can die"
        return dead >= 0.5, f"kill half of the units for all {ROWS} digits; {now}"


# --------------------------------------------------------------------------------------------------------- fifty layers
def there_and_back(activation: nn.Module, factor: float, depth: int) -> tuple[list[Tensor], tuple[Tensor, ...]]:
    """One batch through `depth` layers, and the gradient of the loss after each of them on its way back."""
    (h, y), outs = some_digits(), []
    for layer in unit_net()[: 2 * depth : 2]:
        h = activation(factor * layer(h))  # the biases are 0, so this is a layer with `factor` times its weights
        outs.append(h)
    loss = nn.functional.cross_entropy(factor * unit_net()[-1](h), y)
    return outs, torch.autograd.grad(loss, outs)


class Depth(Explorer):
    """Which gain carries a signal to the top, and its gradient back to the bottom?"""

    controls = {
        "units": Choice("sigmoid", "tanh", "ReLU", "linear"),
        "factor": Slider(0.3, 6, start=1, log=True, label="gain"),
        "depth": Slider(2, 100, start=50, integer=True, label="layers"),
    }
    figsize = (8.4, 3.6)
    also_show = (there_and_back,)
    budget_ms = 100
    """A hundred layers of 128 units, there and back at each move: 1.6 million weights."""

    def compute(self, units: str, factor: float, depth: int) -> dict[str, Any]:
        outs, grads = there_and_back(ACTIVATIONS[units](), factor, depth)
        outs = torch.stack([out.detach() for out in outs]).double()  # (layers, digits, units)
        norms = torch.stack(grads).double().flatten(1).norm(dim=1).numpy()
        all_std, unit_std = outs.flatten(1).std(1).numpy(), outs.std(1).mean(1).numpy()
        named = {"units": units, "factor": factor, "depth": depth, "k": fit_k(norms)[0]}
        return {**named, "std": all_std, "unit_std": unit_std, "norms": norms}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        left, right = fig.subplots(1, 2)
        for ax in (left, right):
            ax.set(xlim=(0, 101), xlabel="layer")
        left.set(title="forward: std of the outputs", ylim=(-13.5, 7.5))
        left.set_yticks(
            [-13, -12, -9, -6, -3, 0, 3, 6, 7], ["< 1e-12", "", "1e-9", "1e-6", "0.001", "1", "1000", "", "> 1e6"]
        )
        right.set(title="backward: norm of the gradient", ylim=(-52, 47))
        right.set_yticks(
            [-50, -40, -30, -20, -10, 0, 10, 20, 30, 45], ["0", *(f"1e{n}" for n in range(-40, 31, 10)), "∞"]
        )
        size = 3 * style.scale()
        (wide,) = left.plot(
            [], [], marker="s", markersize=size, color=GREY, linewidth=style.scale(), label="over everything"
        )
        (unit,) = left.plot(
            [], [], marker="o", markersize=size, color=BLUE, linewidth=style.scale(), label="unit by unit"
        )
        (grad,) = right.plot([], [], marker="o", markersize=size, color=BLUE, linewidth=style.scale())
        (odd,) = right.plot(
            [], [], marker="x", markersize=1.6 * size, color=WINE, linestyle="none", label="0, ∞ or nan"
        )
        left.legend(loc="upper right")
        right.legend(loc="upper right")
        moving = [wide, unit, grad, odd]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        wide, unit, grad, odd = moving
        layer, norms = np.arange(1, result["depth"] + 1), result["norms"]
        for line, name in ((wide, "std"), (unit, "unit_std")):
            line.set_data(layer, _decades(result[name], low=(-12, -13), high=(6, 7)))
        strange = ~np.isfinite(norms) | (norms == 0)
        places = _decades(norms, low=(-46, -50), high=(39, 45))
        grad.set_data(layer[~strange], places[~strange])
        odd.set_data(layer[strange], places[strange])

    def describe(self, result: dict[str, Any]) -> str:
        norms, depth = result["norms"], result["depth"]
        words = f"{result['units']}, gain {result['factor']:.3g}, {depth} layers. After the last one: std "
        words += f"{_number(result['std'][-1])} over everything, {_number(result['unit_std'][-1])} unit by unit. "
        if not np.isfinite(norms).all():
            return words + "The forward pass overflows, so the loss is not finite and there is no gradient."
        words += f"Gradient: {_number(norms[-1])} after the last layer, {_number(norms[0])} after the first"
        return words + (f"; about k = {result['k']:.3g} a layer." if math.isfinite(result["k"]) else ".")

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        first, last = result["norms"][[0, -1]]
        ratio = first / last if last > 0 else math.nan
        found = _number(ratio) if math.isfinite(ratio) else "there is no such ratio"
        now = f"now {found} with {result['depth']} layers"
        met = result["depth"] == 100 and 0.1 <= ratio <= 10
        return bool(met), f"100 layers, and the gradient of the first 0.1 to 10 times that of the last; {now}"


def _decades(values: np.ndarray, *, low: tuple[float, float], high: tuple[float, float]) -> np.ndarray:
    """Powers of ten; what is 0 or below low[0] is put to low[1], what is infinite, nan or above high[0] to high[1]."""
    with np.errstate(divide="ignore"):
        places = np.log10(values)
    places = np.where(places < low[0], low[1], places)
    return np.where(np.isfinite(values) & (places <= high[0]), places, high[1])


# ----------------------------------------------------------------------------------------------------------- precision
FORMATS = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32, "float64": torch.float64}
MOST = 400  # factors


def products(first: float, factor: float, dtype: torch.dtype) -> Tensor:
    """first, first * factor, first * factor * factor, ...: each product rounded to `dtype`; (401,) float64."""
    factors = torch.full((MOST + 1,), factor, dtype=dtype)
    factors[0] = first
    if dtype != torch.bfloat16:
        with np.errstate(all="ignore"):  # zeros and infinities are what we are after
            return torch.from_numpy(np.multiply.accumulate(factors.numpy())).double()
    found = [factors[0]]  # NumPy has no bfloat16, and torch.cumprod would round at the end only
    for step in factors[1:]:
        found.append(found[-1] * step)
    return torch.stack(found).double()


class Products(Explorer):
    """The same product in four number formats: which of them loses it first?"""

    controls = {
        "factor": Slider(0.01, 100, start=0.3, log=True, label="factor"),
        "first": Slider(1, 65536, start=1, log=True, label="first number"),
    }
    figsize = (7.2, 3.4)
    also_show = (products,)

    def compute(self, factor: float, first: float) -> dict[str, Any]:
        exact = math.log2(first) + math.log2(factor) * np.arange(MOST + 1)  # as a logarithm nothing is lost
        kept, dies = {}, {}
        for name, dtype in FORMATS.items():
            values = products(first, factor, dtype).numpy()
            with np.errstate(divide="ignore"):
                kept[name] = np.exp2(np.clip(np.log2(values) - exact, -60, math.log2(1.7)))
            gone = np.nonzero((values == 0) | ~np.isfinite(values))[0]
            stuck = len(gone) == 0 and factor < 1 and values[-1] == values[-2]
            dies[name] = float(values[-1]) if stuck else None
            if len(gone):
                dies[name] = (int(gone[0]), bool(values[gone[0]] == 0))
            kept[name][~np.isfinite(values)] = 2.0
        return {"kept": kept, "dies": dies, "factor": factor, "first": first}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        ax = fig.subplots()
        ax.set(xscale="log", xlim=(0.9, MOST), ylim=(-0.1, 2.12), xlabel="factors, log scale")
        ax.set(ylabel="computed : exact")
        ax.set_xticks([1, 2, 5, 10, 20, 50, 100, 200, 400], ["1", "2", "5", "10", "20", "50", "100", "200", "400"])
        ax.set_yticks([0, 0.5, 1, 1.7, 2], ["0", "0.5", "1", "more", "∞"])
        ax.minorticks_off()
        looks = ((ORANGE, "-", "o"), (WINE, "--", "s"), (BLUE, "-", "^"), (BLACK, "-.", "D"))
        moving = []
        for name, (color, line, mark) in zip(FORMATS, looks, strict=True):
            moving += ax.plot([], [], color=color, linestyle=line, label=name)
            moving += ax.plot([], [], color=color, marker=mark, markersize=8 * style.scale(), linestyle="none")
            moving[-1].set_clip_on(False)  # the first factor stands at the edge
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4)
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        for k, name in enumerate(FORMATS):
            line, mark = moving[2 * k : 2 * k + 2]
            kept, dies = result["kept"][name], result["dies"][name]
            gone = isinstance(dies, tuple)
            end = dies[0] if gone else MOST
            line.set_data(np.arange(1, end + 1), kept[1 : end + 1])
            mark.set_data(*(([max(end, 0.9)], [kept[end]]) if gone else ([], [])))

    def describe(self, result: dict[str, Any]) -> str:
        ends = ", ".join(f"{name} {_end(dies)}" for name, dies in result["dies"].items())
        return f"{result['first']:.5g} times {result['factor']:.3g}, again and again: {ends}."

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        dies = result["dies"]["float16"]
        small = result["factor"] <= 0.1001
        lasts = isinstance(dies, tuple) and dies[1] and dies[0] > 12
        now = f"now {dies[0] - 1}" if isinstance(dies, tuple) and dies[1] else "it overflows"
        now = now if small else "your factor is above 0.1"
        return small and lasts, f"let float16 survive 12 factors of 0.1 or less; {now}"


def _end(dies: tuple[int, bool] | float | None) -> str:
    """None: it lasts. A number: it is stuck there. Else after how many factors it is gone, and whether that is to 0."""
    if not isinstance(dies, tuple):
        return f"lasts all {MOST}" if dies is None else f"is stuck at {dies:.1g}"
    return f"is {'0' if dies[1] else 'infinite'} {f'after {dies[0]}' if dies[0] else 'from the start'}"


def _number(value: float) -> str:
    if value == 0 or not math.isfinite(value):
        return "exactly 0" if value == 0 else "∞" if value > 0 else "nan"
    return f"{value:.2g}"
