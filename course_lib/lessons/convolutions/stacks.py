"""What the learner drags in lesson 06 about sizes: three layers in a row, and what one unit at the top can see."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_lib import style
from course_lib.colors import BLUE, GREY, ORANGE
from course_lib.controls import Chosen, Rows, Slider
from course_lib.explorer import Explorer
from course_lib.stamp import Stamp

PLACES = 28
"""A row of pixels, as wide as a picture of MNIST."""


def stack_of(layers: tuple, x: torch.Tensor) -> list[torch.Tensor]:
    """The row of pixels and what each layer makes of it; it ends where a window is longer than what it slides over.

    Args:
        layers: (kernel, stride, padding, dilation) of each.
        x: (1, 1, 28).
    """
    rows = [x]
    for kernel, stride, padding, dilation in layers:
        if dilation * (kernel - 1) + 1 > rows[-1].shape[-1] + 2 * padding:
            break
        weights = torch.ones(1, 1, kernel, dtype=x.dtype)
        rows.append(F.conv1d(rows[-1], weights, stride=stride, padding=padding, dilation=dilation))
    return rows


class Field(Explorer):
    """Three layers on a row of 28 pixels: how many of the pixels does one unit at the top see?"""

    controls = {
        "layers": Rows(
            3,
            label="layer",
            start=((3, 1, 0, 1),) * 3,
            kernel=Slider(1, 7, integer=True),
            stride=Slider(1, 3, integer=True),
            padding=Slider(0, 3, integer=True),
            dilation=Slider(1, 3, integer=True),
        )
    }
    figsize = (7.6, 3.5)
    also_show = (stack_of,)

    def compute(self, layers: Chosen) -> dict[str, Any]:
        x = torch.zeros(1, 1, PLACES, dtype=torch.float64, requires_grad=True)
        rows = stack_of(layers.rows, x)
        top = rows[-1].shape[-1]
        seen = torch.autograd.grad(rows[-1][0, 0, top // 2], rows, allow_unused=True)  # whom the middle unit depends on
        seen = [grad[0, 0] != 0 for grad in seen]
        used = [kernel for kernel, *_ in layers.rows[: len(rows) - 1]]
        return {
            "layers": layers.rows,
            "where": _places([row.shape[-1] for row in rows], layers.rows),
            "seen": [each.numpy() for each in seen],
            "width": [row.shape[-1] for row in rows],
            "weights": sum(used),
        }

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        ax = fig.subplots()
        ax.set(xlim=(-6, 39), ylim=(-0.5, 3.6), xlabel="pixel", xticks=(0, 9, 18, 27))
        ax.set_yticks(range(4), ["pixels", "layer 1", "layer 2", "layer 3"])
        ax.grid(visible=False)
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0)
        lines = ax.add_collection(LineCollection([], colors=[ORANGE], linewidths=1.0 * style.scale(), zorder=1))
        size = 5 * style.scale()
        (idle,) = ax.plot([], [], "o", color=GREY, markersize=size, markerfacecolor="white", label="not seen")
        (seen,) = ax.plot([], [], "o", color=BLUE, markersize=1.2 * size, label="seen by the middle unit at the top")
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
        widths = [ax.add_artist(Stamp(size=11 * style.scale(), bold=True)) for _ in range(4)]
        room = Rectangle((-6, -1), 41, 6, transform=ax.transData)
        for artist in (lines, idle, seen):  # padding can put units far outside: they end where the counts begin
            artist.set_clip_path(room)
        moving = [lines, idle, seen, *widths]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        lines, idle, seen, *widths = moving
        marks = [
            (x, height, on)
            for height, (row, mask) in enumerate(zip(result["where"], result["seen"], strict=True))
            for x, on in zip(row, mask, strict=True)
        ]
        for artist, wanted in ((idle, False), (seen, True)):
            spots = [(x, height) for x, height, on in marks if on == wanted]
            artist.set_data(*(zip(*spots, strict=True) if spots else ([], [])))
        lines.set_segments(_cone(result))
        for height, stamp in enumerate(widths):
            there = height < len(result["width"])
            stamp.say(str(result["width"][height]) if there else "nothing", at=(37, height))

    def describe(self, result: dict[str, Any]) -> str:
        widths = " → ".join(map(str, result["width"]))
        words = f"Places in each row: {widths}. "
        if len(result["width"]) < 4:
            broken = len(result["width"])
            kernel, _, padding, dilation = result["layers"][broken - 1]
            return words + (
                f"The window of layer {broken} is {dilation * (kernel - 1) + 1} places long, and with its padding of "
                f"{padding} there are only {result['width'][-1] + 2 * padding}: nothing comes out."
            )
        if not _seen(result):
            return words + "The middle unit at the top sees nothing but padding."
        words += f"The middle unit at the top sees {_seen(result)} of 28 pixels"
        if _reach(result) != _seen(result):
            words += f", with holes, from end to end {_reach(result)}"
        return words + f", with {result['weights']} weights."

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        whole = len(result["width"]) == 4
        met = whole and _reach(result) >= 24 and result["weights"] <= 9
        pixels = f"{_reach(result)} pixel{'' if _reach(result) == 1 else 's'}"
        now = f"now {pixels}, {result['weights']} weights" if whole else "nothing comes out now"
        return met, f"from end to end at least 24 pixels, with 9 weights at most; {now}"


def _places(widths: list[int], layers: tuple) -> list[np.ndarray]:
    """The middle of each unit's window, in pixels, row by row."""
    places, step, first = [np.arange(widths[0], dtype=float)], 1.0, 0.0
    for (kernel, stride, padding, dilation), width in zip(layers, widths[1:], strict=False):
        first += step * (dilation * (kernel - 1) / 2 - padding)
        step *= stride
        places.append(first + step * np.arange(width))
    return places


def _seen(result: dict[str, Any]) -> int:
    return int(result["seen"][0].sum())


def _reach(result: dict[str, Any]) -> int:
    """From the first pixel seen to the last, those left out in between included."""
    seen = np.nonzero(result["seen"][0])[0]
    return int(seen[-1] - seen[0] + 1) if len(seen) else 0


def _cone(result: dict[str, Any]) -> list:
    """Lines from every seen unit to the units of the row below that stand in its window."""
    lines = []
    for height in range(1, len(result["where"])):
        kernel, stride, padding, dilation = result["layers"][height - 1]
        below, here = result["where"][height - 1], result["where"][height]
        for unit in np.nonzero(result["seen"][height])[0]:
            for place in unit * stride - padding + dilation * np.arange(kernel):
                if 0 <= place < len(below):
                    lines.append([(below[place], height - 1), (here[unit], height)])
    return lines
