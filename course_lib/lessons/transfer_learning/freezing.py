"""What the learner drags in lesson 08 on whole nets: which parts train, how fast, and what batch norm does."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure

from course_lib import style
from course_lib.axes import bare, level
from course_lib.colors import BLACK, BLUE, GREY, ORANGE
from course_lib.controls import Choice, Slider, Switches
from course_lib.datasets import new_digits
from course_lib.explorer import Explorer
from course_lib.lessons.transfer_learning.few_labels import draw
from course_lib.lessons.transfer_learning.nets import DEPTHS, letters_net, with_new_head
from course_lib.lessons.transfer_learning.norms import (
    PASSES,
    SHOWN,
    after_reading,
    answers,
    frozen_letters_net,
    statistics,
)
from course_lib.tiles import Tiles

STEPS, LABELS = 20, 5
PARTS = (*DEPTHS, "head")


def fine_tune(train: tuple[bool, ...], head_rate: float, body_rate: float) -> tuple[list[float], torch.nn.Module]:
    """20 steps of Adam on all 50 labelled digits: the new head at one rate, the chosen parts of the body at another.

    A part that is frozen stays in evaluation mode, so that its running statistics stay, too.

    Returns:
        The loss before each step, and the net.
    """
    (x, y), net = draw(LABELS, 0), with_new_head(letters_net(), 0)
    chosen = [getattr(net, name) for name, on in zip(DEPTHS, train, strict=True) if on]
    groups = [{"params": net.head.parameters(), "lr": head_rate}]
    groups += [{"params": part.parameters(), "lr": body_rate} for part in chosen]
    optimizer, losses = torch.optim.Adam(groups), []
    net.requires_grad_(False).eval()
    for part in (net.head, *chosen):
        part.requires_grad_(True).train()
    for _ in range(STEPS):
        loss = F.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses, net.eval()


class Freeze(Explorer):
    """Five labels of each digit: which parts of the body should train, and how fast?"""

    controls = {
        "train": Switches(4, labels=DEPTHS),
        "head": Slider(1e-4, 0.1, start=1e-2, log=True, label="head's rate"),
        "body": Slider(1e-5, 0.1, start=3e-2, log=True, label="body's rate"),
    }
    figsize = (8.2, 3.4)
    trains = True
    also_show = (fine_tune,)

    def compute(self, train: tuple[bool, ...], head: float, body: float) -> dict[str, Any]:
        losses, net = fine_tune(train, head, body)
        before, (x, y) = with_new_head(letters_net(), 0), new_digits()
        change = [_relative(getattr(net, name), getattr(before, name)) for name in PARTS]
        with torch.no_grad():
            right = float((net(x).argmax(1) == y).double().mean())
        named = {"train": train, "head": head, "body": body, "losses": np.array(losses)}
        return {**named, "change": np.array(change), "right": right}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        left, right = fig.subplots(1, 2)
        left.set(xlim=(0, STEPS), ylim=(-4.3, 1.2), xlabel="step", title="loss on the 50 labels, log scale")
        left.set_yticks([-4.2, -3, -2, -1, 0, 1], ["less", "0.001", "0.01", "0.1", "1", "10"])
        level(left, np.log10(np.log(10)), "guessing")
        (curve,) = left.plot([], [], color=BLUE)
        right.set(xlim=(-0.5, 4.5), ylim=(-4.2, 1.2), title="how far the weights moved")
        right.set_ylabel("share of their length, log scale")
        right.set_xticks(range(5), PARTS)
        right.set_yticks([-4, -3, -2, -1, 0, 1], ["none", "0.1 %", "1 %", "10 %", "100 %", "more"])
        (points,) = right.plot([], [], "o", color=ORANGE, markersize=9 * style.scale())
        moving = [curve, points]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        curve, points = moving
        losses = np.nan_to_num(result["losses"], nan=1e9, posinf=1e9)
        curve.set_data(np.arange(STEPS), np.log10(losses.clip(1e-9)).clip(-4.2, 1.15))
        points.set_data(range(5), np.log10(result["change"].clip(1e-9)).clip(-4, 1))

    def describe(self, result: dict[str, Any]) -> str:
        parts = ", ".join(name for name, on in zip(DEPTHS, result["train"], strict=True) if on) or "nothing"
        return (
            f"Trains, besides the head: {parts}. Head's rate {result['head']:.3g}, body's rate {result['body']:.3g}. "
            f"Loss on the labels at the last step {result['losses'][-1]:.2g}; of 400 new digits, "
            f"{100 * result['right']:.1f} % are read correctly."
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        far, loss = float(result["change"][:4].max()), float(result["losses"][-1])
        met = all(result["train"]) and loss < 0.01 and far <= 0.1
        asked = "all parts thawed, a loss below 0.01, and no part of the body moved by more than 10 % of its length"
        return met, f"{asked}; now loss {loss:.2g}, {100 * far:.1f} %"


def _relative(after: torch.nn.Module, before: torch.nn.Module) -> float:
    """Length of the change of a part's weights over the length of what they were."""
    old = torch.cat([p.detach().flatten() for p in before.parameters()])
    new = torch.cat([p.detach().flatten() for p in after.parameters()])
    return float((new - old).norm() / old.norm())


class Drift(Explorer):
    """All weights are frozen, and the net only reads. What does it still answer as before?"""

    controls = {
        "passes": Slider(0, PASSES, start=10, integer=True, label="batches read"),
        "what": Choice(*SHOWN, label="of"),
        "mode": Choice("train", "eval", label="mode"),
    }
    figsize = (8.2, 3.4)
    budget_ms = 80
    """The net reads 400 digits at each move."""
    also_show = (after_reading, answers)

    def compute(self, passes: int, what: str, mode: str) -> dict[str, Any]:
        net, before = after_reading(what, passes if mode == "train" else 0), frozen_letters_net()
        same = (answers(net) == answers(before)).numpy()
        then, now = (statistics(each)["stem.1.running_mean"].numpy().copy() for each in (before, net))
        weights = zip(net.parameters(), before.parameters(), strict=True)
        changed = sum(int((a != b).sum()) for a, b in weights)
        named = {"passes": passes, "what": what, "mode": mode, "same": same, "changed": changed}
        return {**named, "then": then, "now": now}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        left, right = fig.subplots(1, 2, width_ratios=(1.5, 1))
        maps = range(1, 1 + len(result["then"]))
        left.set(xlim=(0, 17), xlabel="map of the first layer", title="running means of its batch norm")
        left.set_xticks([1, 4, 8, 12, 16])
        low = min(-0.1, 1.6 * result["then"].min())
        left.set(ylim=(low, max(0.1, 1.6 * result["then"].max())))
        left.axhline(0, color=GREY, linewidth=0.8 * style.scale())
        left.plot(maps, result["then"], "o", color=BLACK, markerfacecolor="white", label="as trained")
        (now,) = left.plot(maps, result["now"], "D", color=ORANGE, markersize=5 * style.scale(), label="now")
        left.legend(loc="lower left", bbox_to_anchor=(0, 1.08), ncols=2)
        bare(right).set_title("dark: another answer")
        image = Tiles(right, np.zeros((20, 20)), cmap="Greys", vmin=0, vmax=1.15)
        moving = [now, image, *right.spines.values()]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        moving[0].set_ydata(result["now"])
        moving[1].set_data(1 - result["same"].reshape(20, 20).astype(float))

    def describe(self, result: dict[str, Any]) -> str:
        mode = {"train": "training", "eval": "evaluation"}[result["mode"]]
        batches = "batch" if result["passes"] == 1 else "batches"
        return (
            f"{result['passes']} {batches} of {result['what']} read in {mode} mode, no gradient, "
            f"{result['changed']} weights changed. Of 400 answers, {100 * result['same'].mean():.1f} % are the "
            f"same as before."
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        now = float(result["same"].mean())
        met = result["passes"] == PASSES and result["what"] == "pale digits" and now == 1
        return met, f"100 batches of pale digits, and every answer as before; now {100 * now:.1f} %"
