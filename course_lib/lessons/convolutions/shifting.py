"""What the learner drags in lesson 06 on trained nets: a digit, moved over its canvas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from course_lib import style
from course_lib.axes import bare
from course_lib.colors import ORANGE
from course_lib.controls import Slider
from course_lib.explorer import Explorer
from course_lib.lessons.convolutions.nets import trained
from course_lib.lessons.convolutions.pictures import SIDE, on_canvas, one_of_each
from course_lib.stamp import Stamp
from course_lib.tiles import Tiles


class Shift(Explorer):
    """The same digit, a little to one side: which of the four nets still reads it?

    Args:
        nets: name -> trained net, (B, 1, 14, 14) -> (B, 10); those of the lesson unless given.
        **start: values of controls to begin with.
    """

    controls = {
        "digit": Slider(0, 9, start=3, integer=True),
        "right": Slider(-3, 3, start=0, integer=True, label="pixels to the right"),
        "down": Slider(-3, 3, start=0, integer=True, label="pixels down"),
    }
    figsize = (8.2, 3.3)
    given = ("nets",)

    def __init__(self, nets: Mapping[str, nn.Module] | None = None, **start: Any) -> None:
        self.nets = dict(nets or trained())
        super().__init__(**start)

    def compute(self, digit: int, right: int, down: int) -> dict[str, Any]:
        picture = on_canvas(one_of_each()[digit : digit + 1], right=right, down=down)
        with torch.no_grad():
            says = torch.cat([net.eval()(picture).softmax(1) for net in self.nets.values()])  # (nets, 10)
        return {"digit": digit, "right": right, "down": down, "picture": picture[0, 0].numpy(), "says": says.numpy()}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        left, right = fig.subplots(1, 2, width_ratios=(1, 1.7))
        picture = Tiles(bare(left), np.zeros((SIDE, SIDE)), cmap="Greys", vmin=0, vmax=1)
        left.set_title("the canvas")
        shown = Tiles(right, np.zeros((len(self.nets), 10)), cmap="Greys", vmin=0, vmax=1.4, aspect="auto")
        right.set(xticks=range(10), xlabel="class", title="what each net gives each class, in %")
        right.set_yticks(range(len(self.nets)), list(self.nets))
        right.tick_params(length=0)
        right.grid(visible=False)
        (column,) = right.plot([], [], color=ORANGE, linewidth=2.4 * style.scale())
        size = 10 * style.scale()
        shares = [right.add_artist(Stamp(size=size)) for _ in range(10 * len(self.nets))]
        moving = [picture, shown, column, *shares, *left.spines.values()]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        picture, shown, column, *shares = moving
        says, digit = result["says"], result["digit"]
        picture.set_data(result["picture"])
        shown.set_data(says)
        low, high = digit - 0.5, digit + 0.5
        column.set_data([low, high, high, low, low], [-0.47, -0.47, len(says) - 0.53, len(says) - 0.53, -0.47])
        for stamp, (net, kind) in zip(shares, np.ndindex(*says.shape), strict=False):
            share = says[net, kind]
            text = f"{100 * share:.0f}" if share >= 0.095 else ""
            stamp.say(text, at=(kind, net), color="white" if share > 0.75 else "black")

    def describe(self, result: dict[str, Any]) -> str:
        answers = ", ".join(
            f"{name} {row.argmax()} ({100 * row.max():.0f} %)"
            for name, row in zip(self.nets, result["says"], strict=True)
        )
        across, along = _way(result["right"], "right", "left"), _way(result["down"], "down", "up")
        return f"Digit {result['digit']}: {across} and {along}. They read: {answers}."

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        wrong = int((result["says"].argmax(1) != result["digit"]).sum())
        right_one = dict(zip(self.nets, result["says"].argmax(1) == result["digit"], strict=True))
        met = bool(wrong >= 3 and right_one.get("conv + global max", False))
        return met, f"find a place where three nets are wrong and “conv + global max” is right; wrong now: {wrong}"


def _way(pixels: int, one: str, other: str) -> str:
    """A shift in words, without a minus: "2 left" for −2 to the right."""
    return f"{abs(pixels)} {other if pixels < 0 else one}"
