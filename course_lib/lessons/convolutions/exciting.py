"""What the learner drags in lesson 06 on a trained LeNet-5: which picture excites one of its units most?"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from course_lib import style
from course_lib.axes import bare
from course_lib.colors import ORANGE
from course_lib.controls import Choice, Slider
from course_lib.datasets import load
from course_lib.explorer import Explorer
from course_lib.fit import fit
from course_lib.lessons.convolutions.pictures import as_pictures, enlarged
from course_lib.nets import LeNet5
from course_lib.tiles import Tiles
from course_lib.uninterrupted import uninterrupted

LAYERS = {"first maps": ("act1", 6), "second maps": ("act2", 16), "classes": ("fc3", 10)}
"""What a learner chooses -> name of the layer, and how many units to choose from."""
FIELDS = {"act1": slice(14, 19), "act2": slice(10, 24), "fc3": slice(0, 32)}
"""Layer -> the pixels that a unit in its middle sees, along each side."""
STEPS = 40


@cache
def trained_lenet() -> LeNet5:
    """LeNet-5, trained on enlarged digits as the notebook trains it."""
    data = as_pictures(load("digits"), enlarged)
    run = fit(LeNet5, data, epochs=6, lr=0.003, optimizer="adam", batch_size=32, seed=0, progress=False)
    return uninterrupted(run, 6).model.eval()


def answer(net: nn.Module, x: Tensor, layer: str, unit: int) -> Tensor:
    """What one unit says to each picture: of a map, the place in its middle; (B,)."""
    for name, module in net.named_children():
        x = module(x)
        if name == layer:
            break
    x = x[:, unit]
    return x if x.ndim == 1 else x[:, x.shape[1] // 2, x.shape[2] // 2]


def excite(net: nn.Module, layer: str, unit: int, steps: int) -> tuple[Tensor, list[float]]:
    """Changes a grey picture step by step so that one unit answers more: gradient ascent on the pixels.

    Returns:
        The picture, (32, 32) from 0 to 1, and the unit's answer before each step and at the end.
    """
    picture, answers = torch.full((1, 1, 32, 32), 0.5), []
    for _step in range(steps):
        picture.requires_grad_()
        says = answer(net, picture, layer, unit)
        (slope,) = torch.autograd.grad(says.sum(), picture)  # of the answer, in every pixel; no weight changes
        answers.append(float(says.detach()))
        slope = slope / slope.abs().max().clamp(min=1e-12)
        picture = (picture.detach() + 0.05 * slope).clamp(0, 1)
    with torch.no_grad():
        answers.append(float(answer(net, picture, layer, unit)))
    return picture.detach()[0, 0], answers


class Excite(Explorer):
    """Start from plain grey and change the pixels, never the weights: what does this unit want to see?

    Args:
        net: a trained `LeNet5`; that of the lesson unless given.
        **start: values of controls to begin with.
    """

    controls = {
        "layer": Choice(*LAYERS, start="classes"),
        "unit": Slider(0, 15, start=3, integer=True),
        "steps": Slider(0, STEPS, start=STEPS, integer=True),
    }
    figsize = (8.4, 3.0)
    given = ("net",)
    also_show = (excite, answer)
    budget_ms = 150
    """Up to forty passes through LeNet-5, there and back, at each move."""

    def __init__(self, net: nn.Module | None = None, **start: Any) -> None:
        self.net = (net or trained_lenet()).eval()
        super().__init__(**start)

    def compute(self, layer: str, unit: int, steps: int) -> dict[str, Any]:
        name, units = LAYERS[layer]
        unit = min(unit, units - 1)
        picture, answers = excite(self.net, name, unit, steps)
        digits = enlarged(load("digits").train.x[:300])
        with torch.no_grad():
            on_digits = answer(self.net, digits, name, unit)  # (300,)
        best, field = digits[on_digits.argmax(), 0], FIELDS[name]
        return {
            "layer": layer,
            "unit": unit,
            "steps": steps,
            "picture": picture[field, field].numpy(),
            "answers": answers,
            "digit": best[field, field].numpy(),
            "most": float(on_digits.max()),
        }

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        left, middle, right = fig.subplots(1, 3, width_ratios=(1, 1, 1.25))
        made = Tiles(bare(left), np.zeros((32, 32)), cmap="Greys", vmin=0, vmax=1)
        left.set_title("made for this unit")
        real = Tiles(bare(middle), np.zeros((32, 32)), cmap="Greys", vmin=0, vmax=1)
        middle.set_title("best of 300 digits")
        right.set(xlim=(-1, STEPS + 1), ylim=(-0.25, 1.12), xlabel="step", title="its answer")
        right.set_yticks((0, 1), ("on\ngrey", "most"))
        (path,) = right.plot([], [], marker="o", markersize=3 * style.scale())
        (level,) = right.plot([0, STEPS], [0, 0], color=ORANGE, linestyle="--", label="that digit")
        right.legend(loc="lower right")
        moving = [made, real, path, level, *left.spines.values(), *middle.spines.values()]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        made, real, path, level = moving[:4]
        for shown, name in ((made, "picture"), (real, "digit")):
            shown.set_data(result[name])  # all that the unit sees, as large as the axes
        first = result["answers"][0]
        top = max(*result["answers"], result["most"], first + 1e-6)  # from the first answer to the largest of all
        path.set_data(range(len(result["answers"])), [(a - first) / (top - first) for a in result["answers"]])
        level.set_ydata([max(-0.2, (result["most"] - first) / (top - first))] * 2)

    def describe(self, result: dict[str, Any]) -> str:
        first, last = result["answers"][0], result["answers"][-1]
        side = len(result["picture"])
        units = LAYERS[result["layer"]][1]
        words = f"{result['layer'].capitalize()}, unit {result['unit']} (of 0 to {units - 1}), "
        words += f"which sees {side} × {side} pixels: "
        words += f"from {first:.2f} on plain grey to {last:.2f} after {result['steps']} steps. "
        words += f"The best of 300 real digits gets {result['most']:.2f}."
        return words.replace("-", "−")
