"""The record of one training: what was measured, where it is, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import nn

from course_lib.callbacks import Callback
from course_lib.evaluate import Loss


class History(Mapping):
    """What was measured in each epoch: ``history["val_loss"]`` is a float64 tensor of shape (epochs,)."""

    def __init__(self, *names: str) -> None:
        self._lists: dict[str, list[float]] = {name: [] for name in names}

    def __getitem__(self, name: str) -> torch.Tensor:
        if name not in self._lists:
            raise KeyError(f"{name!r} was not recorded; there are {', '.join(self._lists)}")
        return torch.tensor(self._lists[name], dtype=torch.float64)

    def __iter__(self) -> Iterator[str]:
        return iter(self._lists)

    def __len__(self) -> int:
        return len(self._lists)

    def __contains__(self, name: object) -> bool:
        return name in self._lists

    def record(self, **numbers: float) -> None:
        """Append one number to each list."""
        for name, values in self._lists.items():
            values.append(numbers[name])

    def last(self, name: str) -> float:
        """Return the newest number of ``name``."""
        return self._lists[name][-1]

    def lists(self) -> dict[str, list[float]]:
        """Return plain lists, for a file."""
        return {name: list(values) for name, values in self._lists.items()}

    def take_back(self, lists: dict[str, list[float]]) -> None:
        """Take back what ``lists`` gave."""
        self._lists = {name: list(lists[name]) for name in self._lists}

    def __repr__(self) -> str:
        ends = [f"{name} {v[0]:.3g} to {v[-1]:.3g}" for name, v in self._lists.items() if v]
        return "History: " + ("; ".join(ends) or "empty")


class Run:
    """One training: what the hooks of a callback see while it goes on, and what ``fit`` returns.

    Attributes:
        model: the net, trained.
        history: train_loss (mean of the epoch's step losses), val_loss and, for classes, val_acc; one number an epoch.
        step_loss: (steps,) the loss of every batch before its step.
        stopped: "finished", "interrupted", "not finite" or "stopped" (by a callback); "" while it runs.
        why: what is wrong, in a sentence; "" when nothing is.
        bad_step, bad_layer: where a number first was not finite: an index into ``step_loss``, and the name of a layer.
            The model is then left as it was at that step. None when all stayed finite.
        epoch: how many epochs are complete; inside a hook, the index of the epoch that is going on.
        optimizer, lr, start_lrs, loss, callbacks, device, classes: what it is trained with.
        generator: of the order of the batches; it starts at ``seed``, shifted or not, as ``fit`` gives it.
        losses: the step losses of the epoch that is going on, as tensors on the device.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        lr: float,
        seed: int,
        loss: Loss,
        device: torch.device,
        classes: int | None,
        callbacks: Iterable[Callback],
    ) -> None:
        self.model, self.optimizer, self.lr, self.loss, self.device = model, optimizer, lr, loss, device
        self.classes, self.callbacks = classes, list(callbacks)
        self.start_lrs = [group["lr"] for group in optimizer.param_groups]
        self.generator = torch.Generator().manual_seed(seed)  # on the CPU: one order of batches on every device
        self.history = History("train_loss", "val_loss", *(["val_acc"] if classes else []))
        self.epoch = 0
        self.losses: list[torch.Tensor] = []
        self._parts: list[torch.Tensor] = []  # the step losses of each complete epoch, on the CPU
        self._steps_before = 0  # how many they are
        self.stopped = self.why = ""
        self.bad_step: int | None = None
        self.bad_layer: str | None = None
        self.suspect: dict[str, Any] | None = None  # the snapshot before the first epoch that made enormous weights

    @property
    def step(self) -> int:
        """How many steps have begun; inside a hook, that of the hook is the last of them."""
        return self._steps_before + len(self.losses)

    @property
    def step_loss(self) -> torch.Tensor:
        """(steps,) the loss of every batch before its step, on the CPU."""
        parts = self._parts + ([torch.stack(self.losses).cpu()] if self.losses else [])
        return torch.cat(parts) if parts else torch.empty(0)

    def keep_losses(self, losses: torch.Tensor) -> None:
        """Put the step losses of complete epochs away, and begin a new list."""
        self._parts.append(losses)
        self._steps_before += len(losses)
        self.losses = []

    def rewind(self, steps: int) -> None:
        """Forget all step losses, and say that ``steps`` steps lie behind."""
        self._parts, self._steps_before, self.losses = [], steps, []

    def __repr__(self) -> str:
        text = f"Run ({self.stopped}): {self.epoch} epochs, {self.step} steps. {self.history}"
        return f"{text}\n{self.why}" if self.why else text
