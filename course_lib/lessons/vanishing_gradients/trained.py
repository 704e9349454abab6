"""What the learner drags in lesson 05 on nets that are trained: who is asked together, and where gradients are cut."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from course_lib import style
from course_lib.axes import beside, level
from course_lib.callbacks import Callback, ClipGradNorm
from course_lib.colors import BLUE, ORANGE
from course_lib.controls import Choice, Slider
from course_lib.datasets import load, new_digits
from course_lib.digit_bars import DigitBars
from course_lib.explorer import Explorer
from course_lib.fit import fit
from course_lib.lessons.vanishing_gradients.nets import answers, deep_net, fill, gain, normed_net
from course_lib.run import Run
from course_lib.uninterrupted import uninterrupted


# ------------------------------------------------------------------------------------------------- batch normalisation
class Batches(Explorer):
    """One trained net, the same 400 pictures: does it matter which of them are asked about together?"""

    controls = {
        "mode": Choice("net.eval()", "net.train()", start="net.train()", label="mode"),
        "size": Slider(2, 100, start=8, integer=True, label="batch size"),
        "order": Choice("shuffled", "sorted by class", label="pictures"),
    }
    figsize = (7.0, 3.3)
    also_show = (answers,)

    def compute(self, mode: str, size: int, order: str) -> dict[str, Any]:
        x, y = new_digits()
        shuffled = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
        rows = shuffled if order == "shuffled" else y.argsort(stable=True)
        right = answers(normed_net(), x, rows, size, training=mode == "net.train()") == y
        shares = torch.stack([right[y == digit].float().mean() for digit in range(10)])
        return {"mode": mode, "size": size, "order": order, "all": float(right.float().mean()), "each": shares.numpy()}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        ax = fig.subplots()
        self._bars = DigitBars(ax)
        self._bars.line.set_label("all digits together")
        beside(ax, 0.1, "guessing").set_ylabel("share read correctly")
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1))
        self.update(self._bars.moving, result)
        return self._bars.moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        self._bars.show(result["each"], result["all"])

    def describe(self, result: dict[str, Any]) -> str:
        worst = int(result["each"].argmin())
        return (
            f"{result['mode']}, batches of {result['size']}, {result['order']}: {100 * result['all']:.1f} % of the "
            f"pictures are read correctly; worst is the {worst} with {100 * result['each'][worst]:.0f} %."
        )

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        percent = round(100 * result["all"], 1)  # as it is shown
        met = result["size"] >= 32 and percent <= 11.5
        return met, f"down to guessing, 11.5 % or less, with batches of 32 or more; now {percent:.1f} %"


# ------------------------------------------------------------------------------------------------------------ clipping
class Norms(Callback):
    """Keeps the norm of the whole gradient at each step, before anything shortens it."""

    def __init__(self) -> None:
        self.norms: list[Tensor] = []

    def on_grad_computed(self, run: Run) -> None:
        grads = [p.grad for p in run.model.parameters() if p.grad is not None]
        self.norms.append(torch.stack(torch._foreach_norm(grads)).norm())


@lru_cache(maxsize=16)  # a run keeps 0.4 MB
def train_clipped(factor: float, rate: float, longest: float) -> tuple[Run, np.ndarray]:
    """Trains ten ReLU layers of 32 units on the digits for five epochs: 110 real steps.

    Returns:
        The run, and the norm of the gradient at each step, before it was clipped.
    """
    norms = Norms()
    run = fit(
        lambda: fill(deep_net(10, nn.ReLU, 32), gain(factor)),
        load("digits"),
        epochs=5,
        lr=rate,
        batch_size=64,
        seed=0,
        callbacks=[norms, ClipGradNorm(longest)],
        progress=False,
    )
    return uninterrupted(run, 5), torch.stack(norms.norms).double().cpu().numpy()


class Clipping(Explorer):
    """Cut every gradient that is longer than a limit: when does that save a training, and when does it cost one?"""

    controls = {
        "longest": Slider(0.01, 500, start=500, log=True, label="limit"),
        "rate": Slider(1e-3, 1, start=0.1, log=True, label="rate"),
        "factor": Slider(1, 3, start=2.2, label="gain"),
    }
    figsize = (8.0, 3.4)
    also_show = (train_clipped,)
    trains = True

    def compute(self, longest: float, rate: float, factor: float) -> dict[str, Any]:
        run, norms = train_clipped(factor, rate, longest)
        acc = float(run.history["val_acc"][-1]) if run.stopped == "finished" else math.nan
        clipped = float((norms > longest).mean())
        named = {"longest": longest, "rate": rate, "factor": factor, "acc": acc, "clipped": clipped}
        return {**named, "loss": run.step_loss.double().numpy(), "norms": norms}

    def draw(self, fig: Figure, result: dict[str, Any]) -> list:
        left, right = fig.subplots(1, 2)
        left.set(xlim=(0, 111), ylim=(0, 6), xlabel="step", ylabel="loss of the batch", title="loss")
        level(left, math.log(10), "guessing")
        right.set(xlim=(0, 111), ylim=(1e-3, 1e6), yscale="log", xlabel="step", title="norm of the gradient, log scale")
        (loss,) = left.plot([], [], color=BLUE)
        look = {"marker": "o", "markersize": 3 * style.scale(), "linewidth": 0.8 * style.scale()}
        (norms,) = right.plot([], [], color=BLUE, label="before the cut", **look)
        (limit,) = right.plot([0, 111], [1, 1], color=ORANGE, linestyle="--", label="limit")
        right.legend(loc="upper right")
        moving = [loss, norms, limit]
        self.update(moving, result)
        return moving

    def update(self, moving: list, result: dict[str, Any]) -> None:
        loss, norms, limit = moving
        for line, values, top in ((loss, result["loss"], 6.0), (norms, result["norms"], 1e6)):
            values = np.nan_to_num(values, nan=top, posinf=top).clip(1e-3, top)
            line.set_data(np.arange(1, len(values) + 1), values)
        limit.set_ydata([result["longest"]] * 2)

    def describe(self, result: dict[str, Any]) -> str:
        words = f"Gain {result['factor']:.2f}, rate {result['rate']:.3g}, limit {result['longest']:.3g}: "
        if not math.isfinite(result["acc"]):
            return words + "the loss is not finite any more, and the training has stopped."
        words += f"{100 * result['acc']:.0f} % of the validation digits are read correctly after 110 steps; "
        return words + f"{100 * result['clipped']:.0f} % of the gradients were longer and were cut."

    def goal(self, result: dict[str, Any]) -> tuple[bool, str]:
        percent, factor = round(100 * result["acc"], 1), round(result["factor"], 2)  # as they are shown
        now = "diverged" if math.isnan(percent) else f"now {percent:.1f} % at gain {factor:.2f}"
        return bool(factor >= 2.2 and percent >= 50), f"50 % at a gain of 2.2 or more; {now}"
