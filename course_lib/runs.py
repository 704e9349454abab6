"""What a sweep leaves behind: the curves of all its runs, by axis, and their nets."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.one_by_one import OneByOne
from course_lib.sweep import Sweep
from course_lib.together import Together

Engine = Together | OneByOne


class Runs(Mapping):
    """What ``fit_many`` returns: the curves of all runs, ``runs["val_loss"]``, by axis.

    A curve is (epochs, *axes) float64: "train_loss" (mean of the epoch's step losses), "val_loss", and for classes
    "val_acc". The axes stand in the order of the call; the last is "seed".

    Attributes:
        axes: name -> the places on that axis; float64, the seeds int64.
        shape: how many places each axis has.
        step_loss: the loss of every batch before its step, (steps, *axes).
        dead: name of a ReLU layer -> share of its units that give 0 for every training row at the end, (*axes) from 0
            to 1; nan where the run diverged. A layer that is called twice has two entries, "act" and "act (call 2)".
        dead_net: some ReLU layer is entirely dead, (*axes) bool.
        diverged: a loss or a weight became infinite or nan, (*axes) bool.
        together: whether the runs were trained as one computation.
        why_not_together: the reason when they were not, else "".

    Args:
        sweep, engine, reason: the plan, what trained the runs, and why that was the plain loop ("" where it was not).
        history, step_loss, dead, diverged: as above, with one axis of all runs in place of the axes of the sweep.
        home: the device that ``model`` brings nets to; None leaves them where they were trained.
    """

    def __init__(
        self,
        sweep: Sweep,
        engine: Engine,
        reason: str,
        history: dict[str, Tensor],
        step_loss: Tensor,
        dead: dict[str, Tensor],
        diverged: Tensor,
        *,
        home: torch.device | None = None,
    ) -> None:
        self._engine, self.axes, self.shape, self._home = engine, sweep.axes, sweep.shape, home
        self.together, self.why_not_together = not reason, reason
        self._history = {name: values.unflatten(1, self.shape) for name, values in history.items()}
        self.step_loss, self.diverged = step_loss.unflatten(1, self.shape), diverged.view(self.shape)
        self.dead = {
            name: units.double().mean(1).masked_fill(diverged, torch.nan).view(self.shape)
            for name, units in dead.items()
        }
        self.dead_net = torch.zeros(self.shape, dtype=torch.bool)
        for share in self.dead.values():
            self.dead_net |= share == 1

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._history:
            raise KeyError(f"{name!r} was not recorded; there are {', '.join(self._history)}")
        return self._history[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._history)

    def __len__(self) -> int:
        return len(self._history)

    def model(self, **place: int) -> nn.Module:
        """Return the net of one run, by its place on every axis that has several: ``runs.model(lr=3, seed=0)``.

        Raises:
            ValueError: when an axis is missing or unknown, or has no such place.
        """
        for name in place:
            if name not in self.axes:
                raise ValueError(f"There is no axis {name!r}; there are {', '.join(self.axes)}.")
        index = tuple(self._place(name, place.get(name)) for name in self.axes)
        net = self._engine.one(int(torch.arange(self.diverged.numel()).view(self.shape)[index]))
        return net if self._home is None else net.to(self._home)

    def _place(self, name: str, place: Any) -> int:
        places = self.axes[name]
        if place is None and len(places) == 1:
            return 0
        if place is None:
            raise ValueError(f"Which {name}? Give its place, 0 to {len(places) - 1}, as in runs.model({name}=0).")
        try:
            index = operator.index(place)
        except TypeError:
            index = -len(places) - 1
        if not -len(places) <= index < len(places):
            raise ValueError(f"{name} is {place!r}; it must be a place on that axis, 0 to {len(places) - 1}.")
        return index

    def __repr__(self) -> str:
        axes = " x ".join(f"{len(places)} {name}" for name, places in self.axes.items())
        runs, epochs = self.diverged.numel(), len(self["train_loss"])
        ends = f"{int(self.diverged.sum())} diverged, {int(self.dead_net.sum())} with a dead layer"
        return f"Runs: {axes} = {runs} runs of {epochs} epochs; {', '.join(self)}. {ends}"
