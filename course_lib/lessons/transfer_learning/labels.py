"""What the learner drags in lesson 08 on frozen features: labels a class, and the depth of nearest neighbours."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from torch import Tensor, nn

from course_lib import style
from course_lib.axes import beside
from course_lib.colors import BLACK, BLUE, ORANGE
from course_lib.controls import Choice, Slider
from course_lib.datasets import new_digits
from course_lib.digit_bars import DigitBars
from course_lib.explorer import Explorer
from course_lib.lessons.transfer_learning.few_labels import DRAWS, accuracies_of, head_on, trained_at_once
from course_lib.lessons.transfer_learning.few_labels import draw as labels_of
from course_lib.lessons.transfer_learning.nets import DEPTHS, letters_net, reader
from course_lib.stamp import Stamp
from course_lib.tiles import Tiles

BODIES = ("pixels", "initial weights", "trained on letters")
RATE = 1e-2
"""Of the head, on features whose standard deviation is 1."""
SHOWN, FEW, HARD = 8, 5, 30
"""Neighbours that are drawn; labels of each class among them; new digits to choose from."""


@cache
def seen_by(body: str) -> Tensor:
    """What a body makes of the 400 new digits, computed once: (400, F)."""
    return body_of(body, new_digits()[0])


def body_of(body: str, x: Tensor) -> Tensor:
    """What a body makes of pictures (N, 64): (N, F), F is 64 or 384.

    Args:
        body: "pixels" (no body at all), "initial weights" (the letters net before any training) or
            "trained on letters".
        x: the pictures.
    """
    if body == "pixels":
        return x
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = letters_net() if body == "trained on letters" else reader().eval()
        return net[:-1](x)


class Labels(Explorer):
    """A new head on a frozen body: how many labels does it need?"""

    controls = {
        "k": Slider(1, 20, start=1, integer=True, label="labels a class"),
        "draw": Slider(0, 9, start=0, integer=True, label="draw"),
        "body": Choice(*BODIES, start="trained on letters", label="features"),
    }
    figsize = (8.2, 3.3)
    trains = True
    also_show = (body_of, labels_of)

    def compute(self, k: int, draw: int, body: str) -> dict[str, Any]:
        x, y = labels_of(k, draw)
        labelled = body_of(body, x)
        size = labelled.std()  # untrained features are 30 times as small: without this, one rate could not suit all
        head = trained_at_once(head_on(labelled.shape[1]), [(labelled / size, y)], [draw], (RATE,))
        seen, digits = seen_by(body) / size, new_digits()[1]
        each = [float(accuracies_of(head, seen[digits == digit], digits[digits == digit])) for digit in range(10)]
        first = torch.stack([x[y == digit][0] for digit in range(10)])
        result = {"k": k, "draw": draw, "body": body, "each": np.array(each), "all": float(np.mean(each))}
        return {**result, "first": first.view(10, 8, 8).numpy()}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        top, below = fig.subplots(2, 1, height_ratios=(1, 3), sharex=True)
        strip = Tiles(top, np.zeros((8, 80)), cmap="Greys", vmin=0, vmax=1, extent=(-0.5, 9.5, 0, 1), aspect="auto")
        top.axis("off")
        top.set_title("the first labelled picture of each class")
        top.title.set_visible(True)
        below.set_ylabel("share read correctly")
        self._bars = DigitBars(below)
        beside(below, 0.1, "guessing")
        moving = [strip, *self._bars.moving]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        moving[0].set_data(np.concatenate(list(result["first"]), 1))
        self._bars.show(result["each"], result["all"])

    def describe(self, result: dict[str, Any]) -> str:
        worst = int(result["each"].argmin())
        return (
            f"Features: {result['body']}. {result['k']} label{'s' if result['k'] > 1 else ''} a class, draw "
            f"{result['draw']}: {100 * result['all']:.1f} % of 400 new digits are read correctly (line), of the "
            f"{worst}s only {100 * result['each'][worst]:.0f} %. Guessing gets 10 %."
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        met = result["k"] <= 4 and result["all"] >= 0.9
        return met, f"90 % with 4 labels a class or fewer; now {100 * result['all']:.1f} % with {result['k']}"


# ---------------------------------------------------------------------------------------------------------- neighbours
@cache
def letters_layers() -> tuple[tuple[str, nn.Module], ...]:
    """The layers of the letters net, from the picture on: made once, since a net takes longer to make than to run."""
    return tuple(letters_net().named_children())


@torch.no_grad()
def flat(depth: str, x: Tensor) -> Tensor:
    """What the letters net makes of pictures (N, 64) at a depth, flattened; "pixels" are the pictures themselves."""
    for name, layer in letters_layers() if depth != "pixels" else ():
        x = layer(x)
        if name == depth:
            break
    return x.flatten(1)


@cache
def new_at(depth: str) -> Tensor:
    """The 400 new digits at a depth, computed once."""
    return flat(depth, new_digits()[0])


@cache
def neighbours(depth: str) -> Tensor:
    """For each draw and each new digit the nearest of 50 labelled ones at a depth, nearest first: (draws, 400, 8)."""
    few = flat(depth, torch.cat([labels_of(FEW, seed)[0] for seed in DRAWS]))  # all draws in one pass
    few = few.view(len(DRAWS), -1, few.shape[1])
    return torch.cdist(new_at(depth), few).topk(SHOWN, largest=False).indices


@cache
def fifty() -> tuple[Tensor, Tensor]:
    """The labelled digits of the first draw, drawn once."""
    return labels_of(FEW, 0)


@cache
def hard_ones() -> list[int]:
    """Numbers of new digits whose nearest labelled one, by pixels, is of another class: the first 30 there are."""
    wrong = fifty()[1][neighbours("pixels")[0, :, 0]] != new_digits()[1]
    return [int(row) for row in wrong.nonzero()[:HARD, 0]]


@cache
def share_right(depth: str) -> float:
    """Share of new digits whose nearest labelled one is of their class, over the draws of the lesson's table."""
    y, nearest = new_digits()[1], neighbours(depth)[..., 0]
    found = [labels_of(FEW, seed)[1][each] == y for seed, each in zip(DRAWS, nearest, strict=True)]
    return float(torch.stack(found).double().mean())


class Neighbours(Explorer):
    """Digits whose nearest picture, by pixels, is of another class: does the net place them better, at which depth?"""

    controls = {
        "digit": Slider(1, HARD, start=1, integer=True, label="digit"),
        "depth": Choice("pixels", *DEPTHS, label="compared by"),
    }
    figsize = (8.2, 1.7)
    also_show = (flat, neighbours, hard_ones, share_right)

    def compute(self, digit: int, depth: str) -> dict[str, Any]:
        (x, y), (others, labels), row = new_digits(), fifty(), hard_ones()[digit - 1]
        near = neighbours(depth)[0, row]
        pictures = torch.cat([x[row : row + 1], others[near]]).view(-1, 8, 8)
        found = {"digit": int(y[row]), "near": labels[near].tolist(), "depth": depth, "share": share_right(depth)}
        return {**found, "number": digit, "pictures": pictures.numpy()}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        ax, moving = fig.subplots(), []
        ax.set_title("a digit that pixels get wrong, and the nearest of 50 labelled ones")
        ax.axis("off")
        ax.title.set_visible(True)
        for place in range(SHOWN + 1):
            at = _place(place)
            extent = (at - 0.42, at + 0.42, -0.42, 0.42)
            moving.append(Tiles(ax, np.zeros((8, 8)), cmap="Greys", vmin=0, vmax=1, extent=extent, aspect="auto"))
            moving.append(ax.add_artist(Stamp(size=11 * style.scale(), bold=True)))
        frames = [_frame(_place(place)) for place in range(SHOWN + 1)]
        look = {"facecolor": "none", "linewidth": 2.5 * style.scale(), "zorder": 3}
        moving.append(ax.add_collection(PolyCollection(frames, **look)))
        ax.set(xlim=(-0.6, SHOWN + 0.9), ylim=(-0.75, 0.5), aspect="equal")  # last: each picture sets limits of its own
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        labels = [result["digit"], *result["near"]]
        for place, (picture, label) in enumerate(zip(result["pictures"], labels, strict=True)):
            image, stamp = moving[2 * place : 2 * place + 2]
            image.set_data(picture)
            stamp.say(str(label), at=(_place(place), -0.6), color=BLACK if label == result["digit"] else ORANGE)
        wrong = [label != result["digit"] for label in labels]
        colors = [ORANGE if each else BLUE if place else BLACK for place, each in enumerate(wrong)]
        moving[-1].set(edgecolor=colors, linestyle=["--" if each else "-" for each in wrong])

    def describe(self, result: dict[str, Any]) -> str:
        same = sum(label == result["digit"] for label in result["near"])
        return (
            f"Digit number {result['number']}, class {result['digit']}, compared by {result['depth']}: {same} of the "
            f"{SHOWN} nearest {'is' if same == 1 else 'are'} of its class (there are only 5 of each). Over all 400 "
            f"new digits and eight draws of labels, the nearest one is of the right class in "
            f"{100 * result['share']:.1f} %."
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        wrong = result["near"][0] != result["digit"]
        met = bool(wrong and result["depth"] == DEPTHS[-1])
        now = f"nearest to this {result['digit']} is now {_a(result['near'][0])}"
        return met, f"find a digit that {DEPTHS[-1]} places wrongly as well; {now}"


def _a(digit: int) -> str:
    """A digit with its article: "a 7", "an 8"."""
    return f"an {digit}" if digit == 8 else f"a {digit}"


def _place(place: int) -> float:
    """Where a picture stands: the new digit first, then a gap."""
    return place + 0.3 * (place > 0)


def _frame(at: float) -> list[tuple[float, float]]:
    """The corners of the frame of a picture that stands at `at`."""
    return [(at - 0.44, -0.44), (at + 0.44, -0.44), (at + 0.44, 0.44), (at - 0.44, 0.44)]
