"""What the learner drags on trained nets: which blocks run and in which order, and the loss around a net."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from matplotlib.collections import LineCollection
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_lib import style
from course_lib.axes import beside
from course_lib.colors import BLACK, BLUE, ORANGE
from course_lib.controls import Choice, Slider, Switches
from course_lib.datasets import new_digits
from course_lib.digit_bars import DigitBars
from course_lib.explorer import Explorer
from course_lib.lessons.skip_connections.lesion import (
    BLOCKS,
    KINDS,
    readers,
    reversed_order,
    right,
    swapped,
    without,
)
from course_lib.lessons.skip_connections.nets import DEEP, RATES, trained
from course_lib.lessons.skip_connections.slices import better_than_guessing, loss_slice
from course_lib.stamp import Stamp

ORDERS = {"as trained": without(), "4 and 5 swapped": swapped(3), "reversed": reversed_order()}


class Lesion(Explorer):
    """Two trained nets of eight blocks: how much may you take out, swap or reverse before they stop reading?"""

    controls = {
        "keep": Switches(BLOCKS, start=(True,) * 3 + (False,) + (True,) * 4),
        "order": Choice(*ORDERS, label="order"),
        "seed": Choice(0, 1, 2, label="seed"),
    }
    figsize = (8.4, 3.9)
    also_show = (right, readers)
    budget_ms = 60
    """Two nets of 18 layers read 400 digits at each move."""

    def compute(self, keep: tuple[bool, ...], order: str, seed: int) -> dict[str, Any]:
        running, (_, y) = [block for block in ORDERS[order] if keep[block]], new_digits()
        result = {"running": running, "order": ORDERS[order], "seed": seed}
        for kind in KINDS:
            found = right(readers(kind).model(seed=seed), running).double()
            each = [float(found[y == digit].mean()) for digit in range(10)]
            result[kind] = {"each": np.array(each), "all": float(found.mean())}
        return result

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        top, *below = fig.subplot_mosaic([["order"] * 2, list(KINDS)], height_ratios=(1, 4)).values()
        top.set(xlim=(-0.5, BLOCKS - 0.5), ylim=(-0.5, 0.5), title="blocks, in the order in which they run")
        top.axis("off")
        top.title.set_visible(True)
        size, moving, self._bars = 12 * style.scale(), [], {}
        for place in range(BLOCKS):
            box = top.add_patch(Rectangle((place - 0.4, -0.42), 0.8, 0.84, edgecolor=BLACK))
            moving += [box, top.add_artist(Stamp(size=size, bold=True))]
        for ax, kind, color in zip(below, KINDS, (ORANGE, BLUE), strict=True):
            ax.set_title(kind)
            self._bars[kind] = DigitBars(ax, color=color)
            moving += self._bars[kind].moving
        below[0].set_ylabel("share read correctly")
        below[1].set_yticklabels([])
        beside(below[1], 0.1, "guessing")
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        for place, block in enumerate(result["order"]):
            box, number = moving[2 * place : 2 * place + 2]
            runs = block in result["running"]
            box.set_facecolor("#c9dcea" if runs else "white")
            box.set_linestyle("-" if runs else ":")
            number.say(str(block + 1) if runs else "", at=(place, 0))
        for kind, bars in self._bars.items():
            bars.show(result[kind]["each"], result[kind]["all"])

    def describe(self, result: dict[str, Any]) -> str:
        order = " ".join(str(block + 1) for block in result["running"]) or "none"
        plain, residual = (f"{100 * result[kind]['all']:.1f} %" for kind in KINDS)
        words = f"Of 400 new digits, the plain net reads {plain} correctly and the residual net {residual} (lines)"
        return f"Blocks that run: {order}. {words}; guessing gets 10 %."

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        gone, now = BLOCKS - len(result["running"]), result["residual"]["all"]
        return (
            gone >= 6 and now >= 0.8,
            f"six blocks gone, and the residual net still at 80 %; now {gone} gone, {100 * now:.1f} %",
        )


@lru_cache(maxsize=64)
def around(kind: str, depth: int, span: float) -> torch.Tensor:
    """The loss on 60 digits around a net of the lesson, (15, 15)."""
    runs = {  # the very runs of the notebook, where it has them
        "plain": lambda: trained(depth, alpha=0, rates=RATES if depth <= 8 else DEEP),
        "skips, begun at 0": lambda: trained(depth, zero_start=True, rates=(4e-3,)),
        "skips, He": lambda: trained(depth, rates=(4e-3,)),
    }[kind]()
    at = runs.axes["lr"].tolist().index(4e-3)
    return loss_slice(runs.model(lr=at, seed=0), span=span, rows=60, points=15)


class Slice(Explorer):
    """How far can you walk away from a trained net, in a random direction, before it only guesses?"""

    controls = {
        "kind": Choice("plain", "skips, begun at 0", "skips, He", label="net"),
        "depth": Choice(8, 32, label="layers"),
        "span": Slider(0.1, 1.2, start=0.6, step=0.05, label="how far"),
    }
    figsize = (5.8, 3.9)
    also_show = (around, loss_slice)
    budget_ms = 400
    """225 nets of up to 32 layers at each move."""

    def compute(self, kind: str, depth: int, span: float) -> dict[str, Any]:
        losses = around(kind, depth, span)
        return {"kind": kind, "depth": depth, "span": span, "losses": losses.numpy()}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        ax = fig.subplots()
        extent = reach(1, len(result["losses"]))
        ax.set(xlabel="along one direction", ylabel="along another", xlim=extent[:2], ylim=extent[2:])
        for set_ticks in (ax.set_xticks, ax.set_yticks):
            set_ticks((-1, 0, 1), ("−“how far”", "0", "“how far”") if set_ticks == ax.set_xticks else ("", "0", ""))
        ax.set_aspect("equal")
        ax.grid(False)
        image = ax.imshow(shade(result["losses"]), extent=extent, origin="lower", **SHADES)
        (here,) = ax.plot([0], [0], "D", color=BLACK, markersize=6 * style.scale(), label="the trained net")
        shade_axis(fig.colorbar(image, ax=ax))
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1))
        edge = ax.add_collection(LineCollection([], colors=["white"], linewidths=2 * style.scale()))
        moving = [image, edge, here]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        image, edge, _ = moving
        shown = shade(result["losses"])
        image.set_data(shown)
        edge.set_segments(line_of_guessing(shown))

    def describe(self, result: dict[str, Any]) -> str:
        losses = torch.tensor(result["losses"])
        middle = float(losses[len(losses) // 2, len(losses) // 2])
        return (
            f"{result['kind']}, {result['depth']} layers: loss {middle:.2g} in the middle; of {losses.numel()} nets, "
            f"up to {result['span']:.2f} along each direction, {100 * better_than_guessing(losses):.1f} % are better "
            f"than guessing."
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        share = better_than_guessing(torch.tensor(result["losses"]))
        met = share > 0.9 and result["span"] >= 0.3
        return met, f"a square of 0.3 or more with 90 % of its nets better than guessing; now {100 * share:.1f} %"


def line_of_guessing(shown: np.ndarray) -> list[np.ndarray]:
    """Where a shaded slice has the loss of guessing: pieces of line, (points, 2) from -1 to 1.

    On axes that nobody sees: a contour cannot be moved, only made anew, and would have the whole picture redrawn.
    """
    places = np.linspace(-1, 1, len(shown))
    return Figure().subplots().contour(places, places, shown, levels=[math.log10(math.log(10))]).allsegs[0]


def reach(span: float, points: int) -> tuple[float, float, float, float]:
    """The extent of a picture of nets at `points` places from -span to span: each is the middle of its square."""
    end = span * points / (points - 1)
    return -end, end, -end, end


SHADES = {"cmap": "viridis_r", "vmin": -1, "vmax": 3, "interpolation": "nearest"}


def shade_axis(bar: Colorbar) -> None:
    """Writes losses beside a bar of shades, and what the white line is."""
    bar.set_ticks(np.log10([0.1, 0.3, 1, 2.3, 10, 100, 1000]), labels=["0.1", "0.3", "1", "2.3", "10", "100", "more"])
    bar.set_label("loss; white line: 2.3, guessing")


def shade(losses: np.ndarray) -> np.ndarray:
    """log10 of the losses, cut to what the bar of colours shows."""
    return np.log10(np.nan_to_num(losses, nan=1e3, posinf=1e3).clip(0.1, 1e3))
