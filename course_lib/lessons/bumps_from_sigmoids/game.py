"""The bump game of lesson 02, and the construction that is handed over to training."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from course_lib import style
from course_lib.colors import BLACK, BLUE, GREEN, GREY, ORANGE
from course_lib.controls import Choice, Chosen, Rows, Slider
from course_lib.explorer import Explorer
from course_lib.lessons.bumps_from_sigmoids.explorers import under
from course_lib.lessons.bumps_from_sigmoids.nets import CLOSES, OPENS, bump_net, coffee, equal_pieces, rmse
from course_lib.stamp import Stamp

W = 6.0
"""Steepness of the game's units, per hour: from 0.1 to 0.9 in three quarters of an hour."""
PICKET_FENCE = tuple((place, 2.0) for place in (9.0, 11.0, 13.0, 15.0, 17.0))


class BumpGame(Explorer):
    """Five bumps, ten sigmoid units: can you brew the right amount of coffee for every hour?"""

    controls = {
        "bumps": Rows(
            5,
            label="bump",
            start=PICKET_FENCE,
            chosen=1,
            place=Slider(8, 18, step=0.1, unit="h"),
            height=Slider(-1, 6, step=0.1, unit="litres"),
        ),
        "width": Slider(0.2, 3, start=1, step=0.1, unit="h", label="width of all bumps"),
    }
    figsize = (8.4, 4.0)
    also_show = (bump_net,)

    def compute(self, bumps: Chosen, width: float) -> dict[str, Any]:
        hour, litres = coffee()
        fine = torch.linspace(OPENS, CLOSES, 301)[:, None]
        places, heights = torch.tensor(bumps.rows).T  # (5,) each
        edges = torch.stack([places - width / 2, places + width / 2], 1)  # (5, 2)
        net = bump_net(edges, heights, W)  # a 1-10-1 net of sigmoid units
        with torch.no_grad():
            units = net[1](net[0](fine)) * net[2].weight  # (301, 10): what each unit adds
            error = rmse(net(hour)[:, 0] - litres)
        singles = units.view(301, 5, 2).sum(2)  # a bump is two units
        return {
            "fine": fine[:, 0].numpy(),
            "singles": singles.numpy(),
            "sum": singles.sum(1).numpy(),
            "chosen": bumps.row,
            "at": bumps.rows[bumps.row],
            "tip": bumps.rows[bumps.row][1] * math.tanh(W * width / 4),  # what the bump reaches in its middle
            "error": error,
            "mean_error": rmse(litres - litres.mean()),
        }

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        ax, gauge = fig.subplots(1, 2, width_ratios=(16, 1))
        ax.set(xlim=(OPENS, CLOSES), ylim=(-1.2, 6.4), xlabel="hour of the day", ylabel="coffee in litres")
        ax.set_xticks(range(8, 19))
        hour, litres = coffee()
        ax.axhline(0, color=GREY, linewidth=style.scale())
        ax.plot(hour, litres, "o", color=GREY, markersize=4 * style.scale(), markeredgewidth=0, alpha=0.75)
        areas = [ax.add_patch(Polygon(under([8, 18], [0, 0]), linewidth=1.2 * style.scale())) for _ in range(5)]
        (outline,) = ax.plot([], [], color=ORANGE, linewidth=1.4 * style.scale())
        (total,) = ax.plot([], [], color=BLACK, linewidth=2.6 * style.scale())
        (knob,) = ax.plot(
            [], [], color=ORANGE, marker="D", markersize=8 * style.scale(), linestyle="none", markeredgecolor="white"
        )
        label = ax.add_artist(Stamp(size=9 * style.scale(), bold=True, face="white", color="#a04000"))
        top = 1.5 * result["mean_error"]
        gauge.set(xlim=(0, 1), ylim=(0, top), xticks=[], title="RMSE")
        gauge.yaxis.tick_right()
        gauge.grid(visible=False)
        gauge.set_yticks((0, result["mean_error"] / 2, result["mean_error"]), ("0", "goal", "mean"))
        bar = gauge.add_patch(Polygon(under([0.1, 0.9], [0, 0]), linewidth=0))
        for level in (result["mean_error"] / 2, result["mean_error"]):
            gauge.axhline(level, color=GREY, linestyle="--", linewidth=1.2 * style.scale())
        score = gauge.add_artist(Stamp(size=9 * style.scale(), bold=True))
        moving = [*areas, outline, total, knob, label, bar, score]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        *areas, outline, total, knob, label, bar, score = moving
        for k, area in enumerate(areas):
            color, alpha = (ORANGE, 0.42) if k == result["chosen"] else (BLUE, 0.2)
            area.set_xy(under(result["fine"], result["singles"][:, k]))
            area.set(facecolor=to_rgba(color, alpha), edgecolor=to_rgba(color, 0.75))
        single = result["singles"][:, result["chosen"]]
        there = np.abs(single) > 0.01  # not along the whole axis
        outline.set_data(result["fine"][there], single[there])
        total.set_data(result["fine"], result["sum"])
        place, _height = result["at"]
        tip = result["tip"]
        knob.set_data([place], [tip])
        label.say(f"bump {result['chosen'] + 1}", at=(min(max(place, 8.5), 17.5), max(tip, 0) + 0.45))
        shown = min(result["error"], 1.36 * result["mean_error"])  # the bar ends where its axis does
        bar.set_xy(under([0.1, 0.9], [shown, shown]))
        bar.set_facecolor(GREEN if result["error"] < result["mean_error"] / 2 else ORANGE)
        score.say(f"{result['error']:.2f}", at=(0.5, shown + 0.04 * result["mean_error"]))

    def describe(self, result: dict[str, Any]) -> str:
        (place, height), error, mean = result["at"], result["error"], result["mean_error"]
        return (
            f"Bump {result['chosen'] + 1} stands at {place:.1f} h; its units step by {height:.1f} litres, and it "
            f"reaches {result['tip']:.2f}. The net's RMSE is {error:.2f} litres; the mean all day has {mean:.2f}."
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        error, half = result["error"], result["mean_error"] / 2
        return bool(error < half), f"half of the mean's RMSE, {half:.2f} litres; now {error:.2f}"


RECIPES = {
    "SGD 0.01": lambda weights: torch.optim.SGD(weights, lr=0.01),
    "SGD 0.1": lambda weights: torch.optim.SGD(weights, lr=0.1),
    "Adam 0.01": lambda weights: torch.optim.Adam(weights, lr=0.01, fused=True),
}


def built_net(w: float) -> torch.nn.Sequential:
    """16 equal bumps, 32 units, for x = the share of the day that is over: 0 at 8 h, 1 at 18 h."""
    hour, litres = coffee()
    edges, heights = equal_pieces(16, (hour - OPENS) / (CLOSES - OPENS), litres, 0, 1)
    return bump_net(edges, heights, w)


@lru_cache(maxsize=64)
def train_built(w: float, recipe: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Trains the weights of `built_net` for 1,000 steps, all 140 points in each; no output bias.

    Returns:
        before and after: the curve (501,) in litres, the place -b/w of each unit (32,) as a share of the day, the RMSE.
    """
    hour, litres = coffee()
    x, fine = (hour - OPENS) / (CLOSES - OPENS), torch.linspace(0, 1, 501)[:, None]
    net = built_net(w)
    weights = torch.stack([net[0].weight[:, 0], net[0].bias, net[2].weight[0]]).detach()  # (3, 32)
    before = weights.clone()
    optimizer = RECIPES[recipe]([weights.requires_grad_()])

    def draw(weights: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        w, b, height = weights
        return torch.sigmoid(x * w + b) @ height  # (N, 1) -> (N, 32) -> (N,)

    for _step in range(1000):
        loss = (draw(weights, x) - litres).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def look(weights: torch.Tensor) -> dict[str, np.ndarray]:
        curve, error = draw(weights, fine), rmse(draw(weights, x) - litres)
        return {"curve": curve.numpy(), "places": (-weights[1] / weights[0]).numpy(), "error": np.float64(error)}

    return look(before), look(weights.detach())


class BuiltVsLearned(Explorer):
    """Training begins at the net you built. Does it keep your bumps, move them, or tear them down?"""

    controls = {
        "recipe": Choice("SGD 0.01", "SGD 0.1", "Adam 0.01", start="SGD 0.1", label="optimiser, rate"),
        "w": Slider(20, 2000, start=320, log=True, label="weight w, per day"),
    }
    figsize = (7.6, 4.4)
    also_show = (train_built, built_net)
    trains = True

    def compute(self, recipe: str, w: float) -> dict[str, Any]:
        before, after = train_built(w, recipe)
        moved = np.abs(after["places"] - before["places"]) * (CLOSES - OPENS)  # in h
        return {"recipe": recipe, "w": w, "before": before, "after": after, "moved": moved}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        ax, strings = fig.subplots(2, 1, height_ratios=(3, 1), sharex=True)
        ax.set(xlim=(OPENS, CLOSES), ylim=(-2.2, 7), ylabel="coffee in litres")
        hour, litres = coffee()
        ax.plot(hour, litres, "o", color=GREY, markersize=3.5 * style.scale(), markeredgewidth=0, alpha=0.75)
        (start,) = ax.plot([], [], color=BLUE, linestyle="--", linewidth=1.4 * style.scale(), label="built")
        (end,) = ax.plot([], [], color=BLACK, linewidth=2.2 * style.scale(), label="after training")
        strings.set(ylim=(-0.08, 1.08), xlabel="hour of the day", xticks=range(8, 19))
        strings.set_yticks((1, 0), ("built", "after"))
        strings.set_title("where the 32 edges are")
        lines = [
            strings.plot([], [], color=BLUE if k % 2 == 0 else ORANGE, linewidth=style.scale())[0] for k in range(32)
        ]
        for k, line in enumerate(lines):
            line.set(marker="o", markersize=3.5 * style.scale(), linestyle="-" if k % 2 == 0 else "--")
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
        moving = [start, end, *lines]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        start, end, *lines = moving
        before, after = result["before"], result["after"]
        fine = np.linspace(OPENS, CLOSES, len(before["curve"]))
        start.set_data(fine, before["curve"])
        end.set_data(fine, np.clip(after["curve"], -50, 50))
        hours = [OPENS + (CLOSES - OPENS) * np.clip(look["places"], -5, 6) for look in (after, before)]
        for line, low, high in zip(lines, *hours, strict=True):
            line.set_data([low, high], [0, 1])

    def describe(self, result: dict[str, Any]) -> str:
        before, after, moved = result["before"], result["after"], result["moved"]
        gone = int(((after["places"] < 0) | (after["places"] > 1)).sum())
        left = f"; {gone} edges have left the day" if gone > 2 else ""
        return (
            f"{result['recipe']}, w = {result['w']:,.0f}: RMSE {before['error']:.2f} before, {after['error']:.2f} "
            f"after 1,000 steps. The median edge has moved by {_hours(np.median(moved))}, "
            f"the farthest by {_hours(moved.max())}{left}."
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        error = result["after"]["error"]
        return bool(error < 0.15), f"train it to an RMSE below 0.15 litres; now {error:.2f}"


def _hours(value: float) -> str:
    return f"{60 * value:.1f} minutes" if value < 1 else f"{value:.1f} h"
