"""What the learner drags in lesson 02 to meet one unit, two units, and a net that folds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from course_lib import style
from course_lib.colors import BLACK, BLUE, GREY, NOTE, ORANGE, TRUTH
from course_lib.controls import Choice, Slider
from course_lib.explorer import Explorer
from course_lib.lessons.bumps_from_sigmoids.nets import CLOSES, OPENS, fold_net

DAY = torch.linspace(0, 24, 721)


def under(x: Any, y: Any, floor: float = 0.0) -> np.ndarray:
    """The corners of the area between a curve and a level, (N + 2, 2)."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    return np.concatenate([[[x[0], floor]], np.stack([x, y], 1), [[x[-1], floor]]])


class OneSigmoid(Explorer):
    """One unit: what sets the hour of its step, and what sets how sudden it is?"""

    controls = {
        "w": Slider(-12, 12, start=1, step=0.1, label="weight w, per hour"),
        "b": Slider(-150, 150, start=-5, step=0.5, label="bias b"),
    }
    figsize = (6.8, 3.2)

    def compute(self, w: float, b: float) -> dict[str, Any]:
        says = torch.sigmoid(w * DAY + b)
        place = -b / w + 0.0 if abs(w) > 0.01 else None  # the hour at which w * hour + b is 0
        return {"w": w, "b": b, "place": place, "says": says.numpy()}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        ax = fig.subplots()
        ax.set(xlim=(0, 24), ylim=(-0.06, 1.12), xlabel="hour of the day", ylabel="the unit says")
        ax.set_xticks(range(0, 25, 2))
        ax.axvspan(OPENS, CLOSES, color=GREY, alpha=0.1, linewidth=0)
        ax.text((OPENS + CLOSES) / 2, 1.05, "the foyer is open", ha="center", fontsize="small", color=NOTE)
        area = ax.add_patch(Polygon(under([0, 24], [0, 0]), facecolor=BLUE, alpha=0.16, linewidth=0))
        (curve,) = ax.plot([], [], color=BLUE, linewidth=2.6 * style.scale())
        (stem,) = ax.plot([], [], color=ORANGE, linestyle="--", linewidth=1.6 * style.scale())
        (spot,) = ax.plot(
            [], [], color=ORANGE, marker="D", markersize=8 * style.scale(), linestyle="none", clip_on=False
        )
        moving = [area, curve, stem, spot]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        area, curve, stem, spot = moving
        area.set_xy(under(DAY.numpy(), result["says"]))
        curve.set_data(DAY.numpy(), result["says"])
        place = result["place"]
        seen = place is not None and 0 <= place <= 24
        stem.set_data(*(([place, place], [0, 0.5]) if seen else ([], [])))
        spot.set_data(*(([place], [0.5]) if seen else ([], [])))

    def describe(self, result: dict[str, Any]) -> str:
        w, b, place = result["w"], result["b"], result["place"]
        if place is None:
            return f"w is 0: the unit does not look at the hour. It says {result['says'][0]:.2f} all day (b = {b:g})."
        rise = math.log(81) / abs(w)  # from 0.1 to 0.9
        way = "from no to yes" if w > 0 else "from yes to no"
        where = f"at {place:.2f} h" if 0 <= place <= 24 else f"at {place:.1f} h, outside the day"
        return f"w = {w:.3g}, b = {b:.4g}: the step {way} lies {where}; from 0.1 to 0.9 it takes {rise:.2f} h."

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        w, place = result["w"], result["place"]
        met = w >= 8 and place is not None and abs(place - 10.5) < 0.1
        now = "no place at all" if place is None else f"now {place:.2f} h with w = {w:.3g}"
        return bool(met), f"answer “is it later than half past ten?”, with w at least 8; {now}"


class TwoSigmoids(Explorer):
    """Two units: what does their sum draw, and what does their difference?"""

    controls = {
        "second": Choice("added", "subtracted", label="second unit"),
        "distance": Slider(0.2, 6, start=3, step=0.1, unit="h", label="distance d"),
        "w": Slider(0.5, 50, start=4, log=True, label="weight w, per hour"),
    }
    figsize = (6.8, 3.4)

    def compute(self, second: str, distance: float, w: float) -> dict[str, Any]:
        left, right = 13 - distance / 2, 13 + distance / 2
        hour = torch.linspace(OPENS, CLOSES, 501)
        one, two = torch.sigmoid(w * (hour - left)), torch.sigmoid(w * (hour - right))
        both = one + two if second == "added" else one - two
        return {"hour": hour, "one": one, "two": two, "both": both, "second": second, "d": distance, "w": w}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        ax = fig.subplots()
        ax.set(xlim=(OPENS, CLOSES), ylim=(-0.1, 2.15), xlabel="hour of the day", ylabel="output")
        ax.set_xticks(range(8, 19))
        area = ax.add_patch(Polygon(under([8, 18], [0, 0]), facecolor=BLACK, alpha=0.1, linewidth=0))
        (one,) = ax.plot([], [], color=BLUE, linestyle="--", linewidth=1.8 * style.scale(), label="first unit")
        (two,) = ax.plot([], [], color=ORANGE, linestyle="-.", linewidth=1.8 * style.scale(), label="second unit")
        (both,) = ax.plot([], [], color=BLACK, linewidth=2.8 * style.scale(), label="together")
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
        moving = [area, one, two, both]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        area, *lines = moving
        hour, one, two, both = (result[name].numpy() for name in ("hour", "one", "two", "both"))
        area.set_xy(under(hour, both))
        for line, outputs in zip(lines, (one, two, both), strict=True):
            line.set_data(hour, outputs)

    def describe(self, result: dict[str, Any]) -> str:
        top, d, w = float(result["both"].max()), result["d"], result["w"]
        at = f"d = {d:.2g} h, w = {w:.3g} per hour"
        ends = f"from {float(result['both'][0]):.2f} to {float(result['both'][-1]):.2f}"
        if result["second"] == "added" and w * d < 4:
            return f"Added, {at}: the two steps run into one, {ends}. Hardly a landing between them."
        if result["second"] == "added" and w * d < 8:
            return f"Added, {at}: the second step begins before the first is done, {ends}. The landing still climbs."
        if result["second"] == "added":
            return f"Added, {at}: up to 1, and up again to {float(result['both'][-1]):.2f}. A staircase."
        return f"Subtracted, {at}: a bump that reaches {top:.2f} and is {_width(result):.2f} h wide at half its height."

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        top, width = float(result["both"].max()), _width(result)
        bump = result["second"] == "subtracted"
        now = f"now {top:.2f} and {width:.2f} h" if bump else "this is no bump yet"
        return bool(bump and top >= 0.95 and width <= 1.0), f"a bump at least 0.95 high, at most 1 h wide; {now}"


def _width(result: dict[str, Any]) -> float:
    """How long the curve is above half of its top, in h."""
    high = result["both"] >= result["both"].max() / 2
    return float(high.float().sum() - 1) * (CLOSES - OPENS) / (len(high) - 1)


def corners(depth: int, place: float, height: float) -> torch.Tensor:
    """Where the curve of `fold_net` has its corners, both ends included, and points between them: (N,) from 0 to 1."""
    found = level = torch.tensor([place], dtype=torch.float64)
    for _ in range(depth - 1):  # what one more fold maps to a corner is a corner, too
        level = level[level <= height] / height
        level = torch.cat([place * level, 1 - (1 - place) * level])
        found = torch.cat([found, level])
    between = torch.linspace(0, 1, 1025, dtype=torch.float64)
    return torch.cat([found, between]).unique()


class Fold(Explorer):
    """Two ReLU units fold the line once. What do two units a layer draw, layer upon layer?"""

    controls = {
        "depth": Slider(1, 6, start=4, integer=True, label="layers of two units"),
        "height": Slider(0.5, 1, start=0.8, step=0.01, label="height of a fold"),
        "place": Slider(0.3, 0.7, start=0.5, step=0.01, label="place of the bend"),
    }
    figsize = (7.6, 3.2)
    also_show = (fold_net,)

    def compute(self, depth: int, height: float, place: float) -> dict[str, Any]:
        x = corners(depth, place, height)[:, None]
        with torch.no_grad():
            once, curve = fold_net(1, place, height)(x)[:, 0], fold_net(depth, place, height)(x)[:, 0]
        rises = curve.diff() > 0
        top = rises[:-1] & ~rises[1:]  # up before, down after
        where, tops = x[1:-1, 0][top].numpy(), curve[1:-1][top].numpy()
        pieces = 1 + int((rises[:-1] != rises[1:]).sum())
        x, once, curve = x[:, 0].numpy(), once.numpy(), curve.numpy()
        return {"x": x, "once": once, "curve": curve, "where": where, "tops": tops, "pieces": pieces, "depth": depth}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        left, right = fig.subplots(1, 2, width_ratios=(1, 2.6))
        left.set(xlim=(0, 1), ylim=(0, 1.04), xlabel="x", ylabel="output", title="one layer")
        right.set(xlim=(0, 1), ylim=(0, 1.04), xlabel="x", title="all layers")
        left.set_aspect("equal")
        left.set(xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
        left.plot([0, 1], [0, 1], linewidth=style.scale(), **{key: TRUTH[key] for key in ("color", "linestyle")})
        left.text(0.3, 0.16, "output = x", rotation=45, fontsize="small", color=NOTE)
        area = right.add_patch(Polygon(under([0, 1], [0, 0]), facecolor=BLUE, alpha=0.16, linewidth=0))
        (once,) = left.plot([], [], color=ORANGE, linewidth=2.4 * style.scale())
        (curve,) = right.plot([], [], color=BLUE, linewidth=1.8 * style.scale())
        moving = [once, area, curve]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        once, area, curve = moving
        once.set_data(result["x"], result["once"])
        area.set_xy(under(result["x"], result["curve"]))
        curve.set_data(result["x"], result["curve"])

    def describe(self, result: dict[str, Any]) -> str:
        depth, teeth = result["depth"], len(result["tops"])
        return (
            f"{_count(depth, 'layer', 'layers')}, {2 * depth} units: {_count(teeth, 'tooth', 'teeth')}, the lowest "
            f"{result['tops'].min():.2f} high. One single layer needs {result['pieces']} units for this: one for each "
            "straight piece."
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        teeth, lowest = len(result["tops"]), result["tops"].min()
        gaps = np.diff(result["where"])
        equal = teeth == 16 and np.ptp(gaps) < 1e-3
        now = f"now {teeth}, the lowest {lowest:.2f} high" + ("" if equal or teeth != 16 else ", not equally wide")
        return bool(equal and lowest > 0.999), f"16 equal teeth that all reach 1; {now}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
