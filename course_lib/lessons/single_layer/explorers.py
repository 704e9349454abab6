"""What the learner drags in lesson 01: a line by hand, nonlinearities, what stands at the end, and temperature."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from course_lib import style
from course_lib.axes import bare, level
from course_lib.colors import BLUE, GREY, MODEL, ORANGE
from course_lib.controls import Choice, Slider
from course_lib.datasets import load
from course_lib.explorer import Explorer
from course_lib.lessons.single_layer.nets import LOOKS, best_line, centred_coffee, reader, rmse, train_with
from course_lib.tiles import Tiles

DOTS = {"color": BLUE, "marker": "o", "linestyle": "none", "alpha": 0.7}


class Line(Explorer):
    """Which straight line fits the coffee best, and how much better is it than no slope at all?"""

    controls = {
        "slope": Slider(-1, 1, start=0.4, step=0.01, label="slope w", unit="litres per hour"),
        "offset": Slider(-1, 4, start=1, step=0.05, label="bias b", unit="litres"),
    }
    figsize = (6.4, 3.6)
    also_show = (rmse, best_line)

    def compute(self, slope: float, offset: float) -> dict[str, Any]:
        x, y = centred_coffee().train
        w, b = best_line(x, y)
        said = slope * x[:, 0] + offset
        return {
            "hour": x[:, 0].numpy() + 13,
            "litres": y.numpy(),
            "said": said.numpy(),
            "rmse": rmse(said, y),
            "mean": rmse(y.mean(), y),
            "best": rmse(w * x[:, 0] + b, y),
            "line": (slope, offset),
        }

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        ax = fig.subplots()
        ax.set(xlim=(7.8, 18.2), ylim=(-3.2, 7), xlabel="hour of the day", ylabel="coffee in litres")
        errors = ax.add_collection(LineCollection([], color=ORANGE, linewidth=0.8 * style.scale(), alpha=0.6))
        ax.plot(result["hour"], result["litres"], markersize=3 * style.scale(), **DOTS)
        (line,) = ax.plot([], [], **MODEL)
        moving = [errors, line]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        errors, line = moving
        hour, litres, said = result["hour"], result["litres"], result["said"]
        errors.set_segments(np.stack([np.stack([hour, litres], 1), np.stack([hour, said], 1)], 1))
        slope, offset = result["line"]
        ends = np.array([8.0, 18.0])
        line.set_data(ends, slope * (ends - 13) + offset)

    def describe(self, result: dict[str, Any]) -> str:
        slope, offset = result["line"]
        sign = "−" if offset < 0 else "+"
        gap = result["rmse"] - result["mean"]
        versus = "as good as" if abs(gap) < 5e-4 else "worse than" if gap > 0 else "better than"
        return (
            f"litres = {slope:.2f} · (hour − 13) {sign} {abs(offset):.2f} has an RMSE of {result['rmse']:.3f} litres. "
            f"That is {versus} always saying the mean, which has {result['mean']:.3f}."
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        away = result["rmse"] / result["best"] - 1
        return bool(away <= 0.01), f"come within 1 % of the best line there is; now {100 * away:.1f} % above it"


FUNCTIONS = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "ReLU": torch.relu, "none": torch.clone}


class Nonlinearities(Explorer):
    """What does each nonlinearity let through, and where is it steep?"""

    controls = {
        "name": Choice("sigmoid", "tanh", "ReLU", "none", label="nonlinearity"),
        "place": Slider(-5, 5, start=4.5, step=0.1, label="place z"),
    }
    figsize = (7.2, 3.4)

    def compute(self, name: str, place: float) -> dict[str, Any]:
        z = torch.cat([torch.linspace(-5, 5, 401), torch.tensor([place])]).requires_grad_()
        value = FUNCTIONS[name](z)
        value.sum().backward()  # autograd finds the slope at each place
        return {"name": name, "z": z.detach().numpy(), "value": value.detach().numpy(), "slope": z.grad.numpy()}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        left, right = fig.subplots(1, 2)
        left.set(
            xlim=(-5.3, 5.3), ylim=(-1.6, 5.4), xlabel="z, the weighted sum", ylabel="output", title="what comes out"
        )
        right.set(xlim=(-5.3, 5.3), ylim=(-0.08, 1.12), xlabel="z", ylabel="slope", title="how steep it is there")
        for height in (0, 1):
            left.axhline(height, color=GREY, linewidth=0.8 * style.scale(), linestyle=":")
        (tangent,) = left.plot([], [], color=ORANGE, linewidth=1.5 * style.scale())
        (curve,) = left.plot([], [], **MODEL)
        (point,) = left.plot([], [], color=ORANGE, marker="o", linestyle="none", markersize=8 * style.scale())
        (slope,) = right.plot([], [], color=BLUE)
        (here,) = right.plot([], [], color=ORANGE, marker="o", linestyle="none", markersize=8 * style.scale())
        moving = [tangent, curve, point, slope, here]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        tangent, curve, point, slope, here = moving
        z, value, steep = result["z"], result["value"], result["slope"]
        reach = np.array([-1.5, 1.5])
        tangent.set_data(z[-1] + reach, value[-1] + steep[-1] * reach)
        curve.set_data(z[:-1], value[:-1])
        point.set_data(z[-1:], value[-1:])
        slope.set_data(z[:-1], steep[:-1])
        here.set_data(z[-1:], steep[-1:])

    def describe(self, result: dict[str, Any]) -> str:
        z, value, slope = (float(result[key][-1]) for key in ("z", "value", "slope"))
        ranges = {"sigmoid": "between 0 and 1", "tanh": "between −1 and 1", "ReLU": "0 or more", "none": "any number"}
        name = "no nonlinearity" if result["name"] == "none" else result["name"]
        return (
            f"{name[0].upper() + name[1:] if name != 'ReLU' else name} at z = {z:.1f} gives {value:.3g}, with slope "
            f"{slope:.3g}. Its output is {ranges[result['name']]}; its steepest slope in the picture is "
            f"{result['slope'][:-1].max():.3g}."
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        slope = float(result["slope"][-1])
        met = result["name"] == "sigmoid" and slope > 0.2495
        now = f"now {slope:.3f}" if result["name"] == "sigmoid" else f"now {result['name']}"
        return met, f"stand where the sigmoid is steepest; {now}"


class OutputLayer(Explorer):
    """The same net with four different ends: what can it still say?"""

    controls = {
        "end": Choice("sigmoid", "nothing", "ReLU", "5 × sigmoid", label="after the last layer"),
        "seed": Slider(0, 9, start=0, integer=True, label="seed"),
        "steps": Slider(0, 600, start=600, integer=True, step=20, label="steps of training"),
    }
    figsize = (6.4, 3.6)
    also_show = (train_with,)
    trains = True

    def compute(self, end: str, seed: int, steps: int) -> dict[str, Any]:
        curves, errors = train_with(end, seed)
        x, y = centred_coffee().train
        look = round(steps / 20)
        return {
            "end": end,
            "steps": LOOKS[look],
            "hour": x[:, 0].numpy() + 13,
            "litres": y.numpy(),
            "curve": curves[look],
            "rmse": float(errors[look]),
            "mean": rmse(y.mean(), y),
        }

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        ax = fig.subplots()
        ax.set(xlim=(7.8, 18.2), ylim=(-1, 6), xlabel="hour of the day", ylabel="coffee in litres")
        ax.plot(result["hour"], result["litres"], markersize=3 * style.scale(), **DOTS)
        level(ax, result["litres"].mean(), "mean")
        (curve,) = ax.plot([], [], **MODEL)
        moving = [curve]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        moving[0].set_data(np.linspace(8, 18, 201), result["curve"])

    def describe(self, result: dict[str, Any]) -> str:
        curve, end = result["curve"], result["end"]
        last = "nothing after its last linear layer" if end == "nothing" else f"a {end} at its end"
        versus = "worse" if result["rmse"] > result["mean"] else "better"
        silent = " It says 0 at every hour." if np.abs(curve).max() == 0 else ""
        return (
            f"A net with {last}, after {result['steps']} steps: it says between {curve.min():.2f} and "
            f"{curve.max():.2f} litres. RMSE {result['rmse']:.3f}, {versus} than the mean "
            f"({result['mean']:.3f}).{silent}"
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        return bool(result["rmse"] < 0.15), f"bring the RMSE below 0.15 litres; now {result['rmse']:.3f}"


def ten_pictures() -> tuple[torch.Tensor, torch.Tensor]:
    """Ten digits the reader was not trained on: (10, 64) and (10,), from the one it doubts most to the surest."""
    (x, y), net = load("digits").val, reader()
    with torch.no_grad():
        sure = net(x).softmax(1).max(1).values
    rows = sure.argsort()[torch.linspace(0, len(x) - 1, 10).long()]
    return x[rows], y[rows]


class Temperature(Explorer):
    """Ten logits of a real net become ten probabilities: what does the temperature do to them, and what a constant?"""

    controls = {
        "temperature": Slider(0.05, 20, start=1, log=True, label="temperature T"),
        "constant": Slider(-20, 20, start=-20, integer=True, label="added to every logit"),
        "picture": Slider(1, 10, start=5, integer=True, label="picture"),
    }
    figsize = (7.2, 3.6)
    also_show = (ten_pictures, reader)

    def compute(self, temperature: float, constant: int, picture: int) -> dict[str, Any]:
        x, y = ten_pictures()
        with torch.no_grad():
            logits = reader()(x[picture - 1]) + constant
        return {
            "pixels": x[picture - 1].view(8, 8).numpy(),
            "digit": int(y[picture - 1]),
            "logits": logits.numpy(),
            "probabilities": torch.softmax(logits / temperature, 0).numpy(),
            "temperature": temperature,
        }

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        grid = fig.add_gridspec(2, 2, width_ratios=(1, 2.6))
        image, top = fig.add_subplot(grid[:, 0]), fig.add_subplot(grid[0, 1])
        bottom = fig.add_subplot(grid[1, 1], sharex=top)
        bare(image).set_title("the picture")
        top.set(ylim=(-42, 42), ylabel="logit")
        top.tick_params(labelbottom=False)
        top.axhline(0, color=GREY, linewidth=style.scale())
        bottom.set(ylim=(0, 1.05), xticks=range(10), xlabel="digit", ylabel="probability")
        ink = Tiles(image, result["pixels"], cmap="gray_r", vmin=0, vmax=1)
        bars = [*top.bar(range(10), np.zeros(10), color=BLUE), *bottom.bar(range(10), np.zeros(10), color=ORANGE)]
        moving = [ink, *bars, *image.spines.values()]  # a moving picture would cover its frame
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        ink, *bars = moving[:21]
        ink.set_data(result["pixels"])
        for bar, height in zip(bars, [*result["logits"], *result["probabilities"]], strict=True):
            bar.set_height(height)

    def describe(self, result: dict[str, Any]) -> str:
        logits, p = result["logits"], result["probabilities"]
        named = int(logits.argmax())
        return (
            f"A handwritten {result['digit']}. The logits lie between {logits.min():.1f} and {logits.max():.1f}; the "
            f"largest is that of {named}. At temperature {result['temperature']:.3g} its probability is "
            f"{p[named]:.4f}, and all ten sum to {p.sum():.2f}."
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        top = float(result["probabilities"].max())
        return 0.47 <= top <= 0.53, f"bring the largest probability to one half; now {top:.2f}"
