"""What the learner paints and drags in lesson 00: a board that a real net reads, and a place on a curve."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from course_lib import style
from course_lib.axes import bare
from course_lib.colors import BLACK, BLUE, GREY, NOTE, ORANGE
from course_lib.controls import Choice, Slider, Switches
from course_lib.datasets import load
from course_lib.explorer import Explorer
from course_lib.stamp import Stamp
from course_lib.tiles import Tiles

A_ONE = "....##.. ...###.. ....##.. ....##.. ....##.. ....##.. ....##.. ...####."
"""A plain 1. The ones of the data stand nearly a column farther left, and their flag comes lower down."""
START = tuple(square == "#" for square in A_ONE if square != " ")
COLUMNS = {"one left": -1, "as painted": 0, "one right": 1}


@lru_cache(maxsize=1)
def trained_net() -> torch.nn.Module:
    """The program of this lesson once more: the net you have seen, trained in the same way."""
    x, y = load("digits").train
    with torch.random.fork_rng(devices=[]):  # leaves the random numbers of your notebook alone
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
        optimizer = torch.optim.SGD(net.parameters(), lr=0.3)
        for _pass in range(20):
            for rows in torch.randperm(len(x)).split(32):
                loss = torch.nn.functional.cross_entropy(net(x[rows]), y[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    return net


def moved(picture: torch.Tensor, columns: int) -> torch.Tensor:
    """The picture (8, 8), so many columns farther right; what leaves it on one side is lost."""
    wide = torch.nn.functional.pad(picture, (1, 1))  # a white column on either side: (8, 10)
    return wide[:, 1 - columns : 9 - columns]


class Paint(Explorer):
    """Anyone sees a 1. What does the net read, and what does it take to change its mind?"""

    controls = {
        "board": Switches(64, columns=8, start=START),
        "place": Choice(*COLUMNS, start="as painted", label="the net sees it"),
    }
    figsize = (6.0, 3.1)
    also_show = (moved, trained_net)

    def compute(self, board: tuple[bool, ...], place: str) -> dict[str, Any]:
        painted = torch.tensor(board, dtype=torch.float32)  # (64,), 1 for black
        picture = moved(painted.view(8, 8), COLUMNS[place])
        scores = trained_net()(picture.reshape(64)).softmax(dim=0)  # (10,) as shares: above 0, together 1
        changed = sum(now != then for now, then in zip(board, START, strict=True))
        return {"picture": picture.numpy(), "scores": scores.detach().numpy(), "changed": changed}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        left, right = fig.subplots(1, 2, width_ratios=(1, 1.25))
        bare(left).set_title("what the net sees")
        picture = Tiles(left, result["picture"], cmap="Greys", vmin=0, vmax=1)
        between = np.arange(0.5, 7.5)
        lines = [left.vlines(between, -0.5, 7.5), left.hlines(between, -0.5, 7.5)]
        for line in lines:
            line.set(color=GREY, linewidth=0.6 * style.scale())
        bars = right.barh(range(10), result["scores"], color=GREY)
        right.set(xlim=(0, 1), ylim=(9.6, -0.6), yticks=range(10), xlabel="share", ylabel="digit")
        right.set_title(" ")  # room for what it reads
        right.grid(False)
        right.axvline(0.1, color=BLACK, linestyle=":", linewidth=style.scale())
        right.annotate("a tenth each", (0.11, 9.5), fontsize="x-small", va="bottom", color=NOTE)
        says = right.add_artist(Stamp(size=11 * style.scale(), ha="left", bold=True))
        moving = [picture, *lines, *bars, says, *left.spines.values()]  # a moving picture would cover its frame
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        picture, _down, _across, *bars, says = moving[:14]
        answer, score = _answer(result)
        picture.set_data(result["picture"])
        for digit, bar in enumerate(bars):
            bar.set_width(float(result["scores"][digit]))
            bar.set_color(BLUE if digit == answer else GREY)
        says.say(f"it reads: {answer}, share {score:.2f}", at=(0, -1.05))

    def describe(self, result: dict[str, Any]) -> str:
        answer, score = _answer(result)
        second = int(np.argsort(result["scores"])[-2])
        ink = int(result["picture"].sum())
        return (
            f"{ink} of the 64 squares are black. The net reads it as {answer}, which gets a share of {score:.3f}; "
            f"next is {second} with {result['scores'][second]:.3f}."
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        one, changed = float(result["scores"][1]), result["changed"]
        words = f"the 1 gets a share above 0.9, at most 3 squares changed; now {one:.2f}"
        return one > 0.9 and changed <= 3, f"{words}, {changed} changed"


def _answer(result: dict[str, Any]) -> tuple[int, float]:
    answer = int(result["scores"].argmax())
    return answer, float(result["scores"][answer])


def curve(x: torch.Tensor) -> torch.Tensor:
    """Two hollows and a hill between them."""
    return x**2 / 6 + torch.cos(2 * x) - x / 3


def slopes(f: Any, places: Any) -> tuple[np.ndarray, np.ndarray]:
    """Heights of f at some places, and its slopes there, which autograd finds in one pass."""
    x = torch.tensor(places, dtype=torch.float64, requires_grad=True)
    heights = f(x)
    heights.sum().backward()  # each place has its own part in the sum, so each gets its own slope
    return heights.detach().numpy(), x.grad.numpy()


class Slope(Explorer):
    """The ground is level here. Is this the lowest place?"""

    controls = {"place": Slider(-3, 3, start=-0.09, step=0.03, label="place x")}
    figsize = (6.4, 3.8)
    also_show = (slopes, curve)

    def compute(self, place: float) -> dict[str, Any]:
        (height,), (slope,) = slopes(curve, [place])
        return {"place": place, "height": float(height), "slope": float(slope)}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        top, low = fig.subplots(2, 1, sharex=True, height_ratios=(1.6, 1))
        x = np.linspace(-3, 3, 241)
        heights, tilts = slopes(curve, x)
        top.plot(x, heights, color=BLACK)
        low.plot(x, tilts, color=BLUE)
        low.axhline(0, color=BLACK, linewidth=style.scale())
        top.set(xlim=(-3.1, 3.1), ylim=(-1.8, 4), ylabel="height")
        low.set(ylim=(-3.6, 3.6), xlabel="place x", ylabel="slope")
        (tangent,) = top.plot([], [], color=ORANGE, linewidth=3 * style.scale(), solid_capstyle="round")
        (here,) = top.plot([], [], "o", color=ORANGE, markersize=8 * style.scale())
        (below,) = low.plot([], [], "o", color=ORANGE, markersize=8 * style.scale())
        (drop,) = low.plot([], [], color=ORANGE, linewidth=2 * style.scale())
        says = top.add_artist(Stamp(size=11 * style.scale(), bold=True))
        moving = [tangent, drop, here, below, says]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        tangent, drop, here, below, says = moving
        place, height, slope = result["place"], result["height"], result["slope"]
        reach = 0.7 / np.hypot(1, slope)  # a line of one length, laid along the curve
        tangent.set_data([place - reach, place + reach], [height - reach * slope, height + reach * slope])
        drop.set_data([place, place], [0, slope])
        here.set_data([place], [height])
        below.set_data([place], [slope])
        says.say(f"slope {slope:+.2f}: {_downhill(slope)}".replace("-", "−"), at=(0, 3.55))

    def describe(self, result: dict[str, Any]) -> str:
        slope = result["slope"]
        return f"At x = {result['place']:.2f} the height is {result['height']:.2f} and the slope {slope:+.2f}: " + (
            f"{_downhill(slope)}."
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        met = abs(result["slope"]) < 0.3 and result["height"] < -1
        return met, f"slope within 0.3 of 0, and a height below -1; now {result['height']:.2f}"


def _downhill(slope: float) -> str:
    if abs(slope) < 0.1:
        return "level, or nearly so"
    return "downhill is to the left" if slope > 0 else "downhill is to the right"
