"""What the learner drags in lesson 06 on one digit: a window that slides, and a kernel of their own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from course_lib import style
from course_lib.axes import bare
from course_lib.colors import BLACK, ORANGE, SIGNED, signed
from course_lib.controls import Choice, Grid, Slider
from course_lib.explorer import Explorer
from course_lib.lessons.convolutions.pictures import KERNELS, one_of_each
from course_lib.stamp import Stamp
from course_lib.tiles import Tiles


def three() -> Tensor:
    """A handwritten 3 that no net was trained on: (8, 8), ink from 0 to 16."""
    return (16 * one_of_each()[3]).reshape(8, 8)


# ----------------------------------------------------------------------------------------------- a window that slides
class Window(Explorer):
    """Nine products and one sum: where on this digit does the window answer most strongly?"""

    controls = {
        "kernel": Choice(*KERNELS, start="right bend"),
        "row": Slider(0, 5, start=2, integer=True),
        "column": Slider(0, 5, start=1, integer=True),
    }
    figsize = (8.6, 3.5)

    def compute(self, kernel: str, row: int, column: int) -> dict[str, Any]:
        picture, weights = three(), torch.tensor(KERNELS[kernel], dtype=torch.float32)
        answers = torch.empty(6, 6)
        for i in range(6):
            for j in range(6):
                answers[i, j] = (picture[i : i + 3, j : j + 3] * weights).sum()
        patch = picture[row : row + 3, column : column + 3]
        return {
            "kernel": kernel,
            "place": (row, column),
            "patch": patch.int().tolist(),
            "weights": KERNELS[kernel],
            "answers": answers.int().numpy(),
        }

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        left, middle, right = fig.subplots(1, 3, width_ratios=(1, 0.78, 1))
        picture = three().numpy()
        left.imshow(picture, cmap="Greys", vmin=0, vmax=26)
        for (i, j), ink in np.ndenumerate(picture):
            left.text(j, i, f"{ink:.0f}", ha="center", va="center", fontsize="x-small")
        left.set_title("the picture, ink 0 to 16")
        middle.set(xlim=(-0.5, 2.5), ylim=(3.2, -0.5), aspect="equal", title="ink × weight")
        right.set_title("all answers: the map")
        shown = Tiles(right, np.zeros((6, 6)), cmap=SIGNED, vmin=-60, vmax=60)
        for ax in (left, middle, right):
            bare(ax).spines[:].set_visible(False)
        look = {"fill": False, "edgecolor": ORANGE, "linewidth": 3 * style.scale()}
        frame = left.add_patch(Rectangle((0, 0), 3, 3, **look))
        cell = right.add_patch(Rectangle((0, 0), 1, 1, **look))
        corners = 0.47 * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
        squares = PolyCollection([corners + (j, i) for i, j in np.ndindex(3, 3)], linewidth=0)
        middle.add_collection(squares, autolim=False)
        size = 9 * style.scale()
        products = [middle.add_artist(Stamp(size=size)) for _ in range(9)]
        total = middle.add_artist(Stamp(size=1.3 * size, bold=True))
        numbers = [right.add_artist(Stamp(size=size)) for _ in range(36)]
        moving = [frame, shown, cell, squares, *products, total, *numbers]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        frame, shown, cell, squares = moving[:4]
        products, total, numbers = moving[4:13], moving[13], moving[14:]
        (row, column), answers = result["place"], result["answers"]
        frame.set_xy((column - 0.5, row - 0.5))
        cell.set_xy((column - 0.5, row - 0.5))
        shown.set_data(_reach(answers, 60))
        squares.set_facecolor(_signed(np.array(result["patch"]) * np.array(result["weights"]), 32).reshape(9, 4))
        for k, (i, j) in enumerate(np.ndindex(3, 3)):
            ink, weight = result["patch"][i][j], result["weights"][i][j]
            products[k].say(f"{ink} × {_minus(weight)}", at=(j, i))
        total.say(f"sum: {_minus(answers[row, column])}", at=(1, 2.9))
        for k, (i, j) in enumerate(np.ndindex(6, 6)):
            pale = abs(answers[i, j]) > 45
            numbers[k].say(_minus(answers[i, j]), at=(j, i), color="white" if pale else BLACK)

    def describe(self, result: dict[str, Any]) -> str:
        (row, column), answers = result["place"], result["answers"]
        return (
            f"Kernel “{result['kernel']}”, window at row {row}, column {column}: the sum of nine products is "
            f"{_minus(answers[row, column])}. Over the whole digit the answers go from {_minus(answers.min())} to "
            f"{_minus(answers.max())}."
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        here, best = int(result["answers"][result["place"]]), int(result["answers"].max())
        met = here == best and result["kernel"] == "right bend"
        other = result["kernel"] != "right bend"
        now = "another kernel is chosen" if other else _minus(here)
        return met, f"put the window where “right bend” answers most strongly; now {now}"


def _minus(number: float) -> str:
    """A whole number with a real minus sign."""
    return f"{int(number)}".replace("-", "−")


def _signed(values: np.ndarray, most: float) -> np.ndarray:
    """The colours of values, (..., 4)."""
    return signed(0.7 * (values / most).clip(-1, 1))


def _reach(values: np.ndarray, most: float) -> np.ndarray:
    """Values held within the colours: the darkest ones would swallow the numbers on them."""
    return values.clip(-most, most)


# ----------------------------------------------------------------------------------------------- a kernel of your own
TARGETS = {
    "shadow": ((1, 0.5, 0), (0.5, 0, -0.5), (0, -0.5, -1)),
    "outline": ((0, -1, 0), (-1, 4, -1), (0, -1, 0)),
    "down strokes": ((-1, 2, -1), (-1, 2, -1), (-1, 2, -1)),
}
"""What the learner is to find; shown as pictures only."""


def explained(mine: Tensor, target: Tensor) -> float:
    """How much of a picture another one accounts for: 1 is all, 0 as much as one even colour, below 0 less."""
    return float(1 - (mine - target).square().mean() / (target - target.mean()).square().mean())


class Design(Explorer):
    """Which nine weights make the picture on the right out of the digit?"""

    controls = {
        "target": Choice(*TARGETS),
        "weights": Grid(3, 3, lo=-9, hi=9, start=((0, 0, 0), (0, 1, 0), (0, 0, 0)), step=0.5),
    }
    figsize = (7.4, 2.7)
    also_show = (explained,)

    def compute(self, target: str, weights: tuple) -> dict[str, Any]:
        picture = three().reshape(1, 1, 8, 8) / 16
        wanted = F.conv2d(picture, torch.tensor(TARGETS[target], dtype=torch.float32).reshape(1, 1, 3, 3))[
            0, 0
        ]  # (6, 6)
        mine = F.conv2d(picture, torch.tensor(weights, dtype=torch.float32).reshape(1, 1, 3, 3))[0, 0]
        score = explained(mine, wanted)
        return {"target": target, "wanted": wanted.numpy(), "mine": mine.numpy(), "score": score}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        left, middle, right = fig.subplots(1, 3)
        left.imshow(three().numpy(), cmap="Greys", vmin=0, vmax=16)
        moving = []
        for ax, title in ((left, "the digit"), (middle, "yours"), (right, "the target")):
            bare(ax).set_title(title)
        for ax in (middle, right):
            moving.append(Tiles(ax, np.zeros((6, 6)), cmap=SIGNED, vmin=-2.5, vmax=2.5))
        moving += [*middle.spines.values(), *right.spines.values()]  # a moving picture would cover its frame
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        for shown, name in zip(moving[:2], ("mine", "wanted"), strict=True):
            shown.set_data(result[name].clip(-2.5, 2.5))

    def describe(self, result: dict[str, Any]) -> str:
        low, high = float(result["mine"].min()), float(result["mine"].max())
        nearer = "" if result["score"] >= 0 else ": a picture of one even colour is nearer"
        words = f"Your picture goes from {_number(low)} to {_number(high)}; "
        return words + f"it accounts for {_share(result['score'])} of the target “{result['target']}”{nearer}."

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        return result["score"] >= 0.99, f"account for 99 % of the target; now {_share(result['score'])}"


def _share(score: float) -> str:
    """A share as a percentage; below 0 the digits say nothing."""
    tenths = math.floor(1000 * score) / 10  # not rounded: what is shown as 99.0 has reached it
    return f"{tenths:.1f} %" if score >= 0 else "nothing"


def _number(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")
