"""What may look at a training, or steer it, while it runs.

A callback is an object with four hooks. ``fit`` calls them in this order, and each gets the ``Run`` itself
(``run.model``, ``run.optimizer``, ``run.epoch``, ``run.step``, ``run.history``):

    on_epoch_begin -> [ loss, backward, on_grad_computed, optimiser step, on_step_end ] for every batch -> on_epoch_end

Two rules: whatever changes from epoch to epoch goes through ``state_dict`` and ``load_state_dict``, or a resumed
training is not the uninterrupted one; and a hook that reads a number off a tensor in every step slows a GPU down.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from course_lib.number_checks import whole_number

if TYPE_CHECKING:
    from course_lib.run import Run


class StopTraining(Exception):
    """Raised by a hook to end the training; ``fit`` returns as usual, with ``run.stopped == "stopped"``."""


class Callback:
    """Does nothing at each of the four moments; inherit from it and write the hooks you need.

    Each hook gets ``run``, the training itself, which it may look at and change.
    """

    def on_epoch_begin(self, run: Run) -> None:
        """Before the first batch of an epoch. ``run.epoch`` counts from 0."""

    def on_grad_computed(self, run: Run) -> None:
        """After backward, before the optimiser's step: the place to look at gradients, or to clip them."""

    def on_step_end(self, run: Run) -> None:
        """After the optimiser's step."""

    def on_epoch_end(self, run: Run) -> None:
        """After the epoch's losses are in ``run.history``."""

    def state_dict(self) -> dict[str, Any]:
        """Return what the callback must know to go on after a break: numbers, strings, tensors."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back the ``state`` that ``state_dict`` gave."""


class EarlyStopping(Callback):
    """Stop when a loss has not become lower for ``patience`` epochs.

    Args:
        patience: how many epochs in a row without a new lowest value are allowed; the training ends at the next one.
        monitor: which history to watch; lower is better.

    Raises:
        ValueError: when ``patience`` is not a whole number of 1 or more.
    """

    def __init__(self, patience: int, *, monitor: str = "val_loss") -> None:
        self.patience, self.monitor = whole_number("patience", patience, least=1), monitor
        self._forget()

    def _forget(self) -> None:
        self.best, self.best_epoch, self.waited = math.inf, -1, 0

    def on_epoch_begin(self, run: Run) -> None:
        if run.epoch == 0:  # the same object may serve a second training
            self._forget()

    def on_epoch_end(self, run: Run) -> None:
        if self.monitor not in run.history:
            names = ", ".join(run.history)
            raise ValueError(f"EarlyStopping watches {self.monitor!r}, but this training records only {names}.")
        value = run.history.last(self.monitor)
        if math.isnan(value):
            raise ValueError(f"EarlyStopping watches {self.monitor!r}, but it has no value: is that split empty?")
        if value < self.best:
            self.best, self.best_epoch, self.waited = value, run.epoch, 0
            return
        self.waited += 1
        if self.waited >= self.patience:
            raise StopTraining

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "best_epoch": self.best_epoch, "waited": self.waited}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best, self.best_epoch, self.waited = state["best"], state["best_epoch"], state["waited"]


class Schedule(Callback):
    """Multiply the learning rate by ``factor(epoch)`` in every epoch (the first is epoch 0).

    >>> Schedule(lambda epoch: 0.9**epoch)  # doctest: +ELLIPSIS
    <course_lib.callbacks.Schedule object at ...>
    """

    def __init__(self, factor: Callable[[int], float]) -> None:
        self.factor = factor

    def on_epoch_begin(self, run: Run) -> None:
        factor = float(self.factor(run.epoch))
        if not 0 <= factor < math.inf:
            raise ValueError(f"The schedule gives {factor} for epoch {run.epoch}; a factor is a number of 0 or more.")
        for group, lr in zip(run.optimizer.param_groups, run.start_lrs, strict=True):
            group["lr"] = lr * factor


class ClipGradNorm(Callback):
    """Shorten the gradient to ``max_norm`` where it is longer, before the optimiser takes its step.

    The norm is that of all parameters together, and all of them are scaled by one number: the direction stays, and a
    gradient that is short enough is left alone. A gradient with an infinite number in it cannot be saved this way.

    Introduced in lesson 05 (vanishing_gradients). Source: Pascanu, Mikolov and Bengio 2013, algorithm 1.

    Args:
        max_norm: the largest length that is let through.

    Raises:
        ValueError: when ``max_norm`` is not a positive number.
    """

    def __init__(self, max_norm: float) -> None:
        real = isinstance(max_norm, int | float) and not isinstance(max_norm, bool)
        if not real or not 0 < max_norm < math.inf:
            raise ValueError(f"max_norm is a number above 0; {max_norm!r} is not.")
        self.max_norm = float(max_norm)

    def on_grad_computed(self, run: Run) -> None:
        torch.nn.utils.clip_grad_norm_(run.model.parameters(), self.max_norm)


def cosine(epochs: int) -> Callable[[int], float]:
    """Return a factor that falls from 1 to 0 like half a wave of a cosine, over ``epochs`` epochs.

    Source: Loshchilov and Hutter 2017, "SGDR", equation 5, without restarts.

    >>> round(cosine(10)(5), 3)
    0.5
    """
    epochs = whole_number("epochs", epochs, least=1)
    return lambda epoch: 0.5 * (1 + math.cos(math.pi * min(epoch, epochs) / epochs))


def steps(every: int, *, by: float = 0.1) -> Callable[[int], float]:
    """Return a factor that is multiplied by ``by`` each ``every`` epochs.

    >>> [round(steps(2)(epoch), 3) for epoch in range(5)]
    [1.0, 1.0, 0.1, 0.1, 0.01]
    """
    every = whole_number("every", every, least=1)
    return lambda epoch: float(by) ** (epoch // every)
