"""Why a training did not work, in a sentence: the measured fact, the usual cause, and what to try.

``fit`` asks ``why`` at the end of every training, and ``Inspector`` when a loss is no longer finite. A healthy training
gets the empty string.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import nn

from course_lib.callbacks import Callback, StopTraining
from course_lib.datasets import Split
from course_lib.evaluate import outputs, squared_error

if TYPE_CHECKING:
    from course_lib.run import Run

_ROWS = 4096  # of the training data that the questions about dead layers and equal outputs look at
_STILL = 1e-6  # a relative change of all weights below this is "did not move"; a float32 holds 1.2e-7
_SAME = 1e-6  # outputs that differ by less than this part of their size count as one output
_ENORMOUS = 20  # powers of ten that the largest weights of all layers multiply to; float32 ends at 38
_WORSE = 1.02  # times the loss of guessing; nets that say "a third each" lie a little above it


@dataclass(frozen=True)
class Bad:
    """The first number that was not finite: which step, which layer, and what of it.

    what: "output", "loss", "gradient", "weight" or "running statistic".
    """

    step: int
    layer: str
    what: str


class Inspector(Callback):
    """Looks at every tensor of every step, and stops the training at the first one that is not finite.

    Inside a step the order is: the output of each layer as it is computed, the loss, the gradients from the last layer
    back to the first, then, after the update, the weights and the running statistics from the first layer on.
    As a context manager it takes its hooks off the model again.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.found: tuple[str, str] | None = None  # layer, what
        self._hooks = [m.register_forward_hook(partial(self._look, name)) for name, m in model.named_modules()]

    def __enter__(self) -> Inspector:
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def _look(self, name: str, module: nn.Module, inputs: Any, output: Any) -> None:
        if not all(_finite(tensor) for tensor in _tensors(output)):
            self._note(name or type(module).__name__, "output")

    def _note(self, layer: str, what: str) -> None:
        if self.found is None:
            self.found = layer, what

    def on_grad_computed(self, run: Run) -> None:
        if not _finite(run.losses[-1]):
            self._note("loss", "loss")
        for name, parameter in reversed(list(self.model.named_parameters())):
            if parameter.grad is not None and not _finite(parameter.grad):
                self._note(self._owner(name), "gradient")
        self.stop_if_found()

    def on_step_end(self, run: Run) -> None:
        for what, tensors in (
            ("weight", self.model.named_parameters()),
            ("running statistic", self.model.named_buffers()),
        ):
            for name, tensor in tensors:
                if not _finite(tensor):
                    self._note(self._owner(name), what)
        self.stop_if_found()

    def stop_if_found(self) -> None:
        """End the training when something was found."""
        if self.found is not None:
            raise StopTraining

    def _owner(self, parameter: str) -> str:
        return parameter.rpartition(".")[0] or type(self.model).__name__


def weight_sizes(model: nn.Module) -> torch.Tensor:
    """Return the largest size in each parameter and running statistic, float64 on the CPU; one read for all of them."""
    tensors = [tensor.detach() for tensor in (*model.parameters(), *model.buffers()) if tensor.numel()]
    return torch.stack([tensor.abs().max() for tensor in tensors]).cpu().double()  # a Mac's GPU has no float64


def can_overflow(sizes: torch.Tensor) -> bool:
    """Return whether weights of these sizes can multiply to something infinite inside the net.

    A ReLU turns minus infinity into 0: a net may overflow, die of it, and never show an infinite loss.
    """
    return float(sizes.clamp(min=1).log10().sum()) > _ENORMOUS


def why_not_finite(bad: Bad, *, epoch: int, lr: float) -> str:
    """Return the sentence for the first number that was not finite."""
    where = "the loss" if bad.what == "loss" else f"the {bad.what} of layer {bad.layer!r}"
    fact = f"In step {bad.step} (epoch {epoch}) {where} was the first thing that was no longer a finite number."
    if bad.step == 0 and bad.what in ("output", "loss"):
        return (
            f"{fact} No weight had been changed yet, so the usual cause is inputs or initial weights that are far too "
            f"large, or a logarithm or division of 0. Try data.standardise(), and look at the output of each layer."
        )
    return (
        f"{fact} The usual cause is a learning rate that is too high: each step overshoots further than the one "
        f"before, until the numbers overflow. Try lr={_lower(lr)}."
    )


def _lower(lr: float) -> str:
    """Return a tenth of ``lr``, or 0.1 where a tenth is still far off."""
    return f"{min(lr / 10, 0.1):.3g}"


def why(run: Run, train: Split, start: dict[str, torch.Tensor]) -> str:
    """Return what is wrong with a training that ended with finite numbers, or "" when nothing is.

    Args:
        run: the training, at least one step long.
        train: what it learned from.
        start: the weights before the first step, by name.
    """
    if not run.step:
        return ""
    x = train.x[:_ROWS]
    for sentence in (
        _no_step(run),
        _dead_layer(run.model, x, run.lr),
        _one_output(run.model, Split(x, train.y[:_ROWS]), run.lr),
        _did_not_move(run, start),
        _worse_than_guessing(run, train.y),
    ):
        if sentence:
            return sentence
    return ""


def _no_step(run: Run) -> str:
    if run.lr:
        return ""
    return "The learning rate is 0, so no weight has moved: every step is 0 times the gradient. Try lr=0.1."


def _dead_layer(model: nn.Module, x: torch.Tensor, lr: float) -> str:
    alive: dict[str, bool] = {}

    def look(name: str, module: nn.Module, inputs: Any, output: torch.Tensor) -> None:
        alive[name] = alive.get(name, False) or bool((output > 0).any())

    layers = [(name, module) for name, module in model.named_modules() if isinstance(module, nn.ReLU)]
    hooks = [module.register_forward_hook(partial(look, name)) for name, module in layers]
    if not hooks:
        return ""
    try:
        outputs(model, x)
    finally:
        for hook in hooks:
            hook.remove()
    dead = [name for name, lives in alive.items() if not lives]
    if not dead:
        return ""
    return (
        f"All units of the ReLU layer {dead[0]!r} are dead: they give 0 for each of the {len(x)} training rows, so no "
        f"gradient passes, and they and the layers before them cannot learn any more. The usual cause is a step that "
        f"was too long and pushed every unit below 0. Start again with new weights and a lower learning rate: "
        f"try lr={_lower(lr)}."
    )


def _one_output(model: nn.Module, train: Split, lr: float) -> str:
    if len(train.x) < 2 or bool((train.y == train.y[0]).all()) or bool((train.x == train.x[0]).all()):
        return ""
    output = outputs(model, train.x)
    spread = (output.amax(0) - output.amin(0)).max()
    if spread > _SAME * output.abs().max():
        return ""
    return (
        f"The model gives one and the same output for all {len(train.x)} training rows, whatever is in them. The usual "
        f"cause is units that are stuck, at 0 or at the flat ends of their nonlinearity, after steps that were too "
        f"long. Start again with new weights and a lower learning rate: try lr={_lower(lr)}."
    )


def _did_not_move(run: Run, start: dict[str, torch.Tensor]) -> str:
    moved = math.sqrt(sum(float((p.detach() - start[n]).cpu().double().square().sum()) for n, p in _trained(run.model)))
    size = math.sqrt(sum(float(start[n].cpu().double().square().sum()) for n, _ in _trained(run.model)))
    if moved > _STILL * size:
        return ""
    return (
        f"The weights did not move: {run.step} steps changed them by less than a millionth of their size. The usual "
        f"cause is a learning rate that is too low (lr={run.lr:g}), or gradients that are 0. Try lr=0.1; if that "
        f"changes nothing, look at the gradient of each layer."
    )


def _worse_than_guessing(run: Run, y: torch.Tensor) -> str:
    if len(run.history["train_loss"]) < 2:  # the mean over a first epoch says nothing yet
        return ""
    first, last = (float(run.history["train_loss"][k]) for k in (0, -1))
    guess, how = _guess(run, y)
    if last <= _WORSE * guess:
        return ""
    fact = f"The training loss of the last epoch, {last:.3g}, is worse than guessing: {how} = {guess:.3g}."
    if last < first:
        return f"{fact} It was still falling. The usual cause is too few steps: try more epochs or a higher lr."
    return (
        f"{fact} The usual cause is a learning rate that is too high: the steps jump across the valley, or have "
        f"thrown the weights far away. Try lr={_lower(run.lr)}."
    )


def _guess(run: Run, y: torch.Tensor) -> tuple[float, str]:
    """Return the loss of not looking at x at all, and how one gets it in words; infinite when nobody knows."""
    if run.loss is F.cross_entropy:
        k = run.classes
        return math.log(k), f"to give each of the {k} classes a probability of 1/{k} costs ln {k}"
    if run.loss is squared_error:
        return float(y.cpu().double().var(0, correction=0).mean()), "always to answer the mean costs the variance of y"
    return math.inf, ""


def _trained(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    return ((name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad)


def _tensors(tree: Any) -> Iterator[torch.Tensor]:
    if isinstance(tree, torch.Tensor):
        yield tree
    elif isinstance(tree, dict):
        yield from _tensors(list(tree.values()))
    elif isinstance(tree, list | tuple):
        for branch in tree:
            yield from _tensors(branch)


def _finite(tensor: torch.Tensor) -> bool:
    return bool(torch.isfinite(tensor).all())
