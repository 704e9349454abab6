"""The way back to the first number that was not finite: epochs are gone through again, and every tensor looked at."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch

from course_lib.callbacks import Callback, StopTraining
from course_lib.checkpoint import put_back, snapshot
from course_lib.datasets import Split
from course_lib.diagnose import Bad, Inspector, why_not_finite
from course_lib.epoch import one_epoch
from course_lib.evaluate import evaluate
from course_lib.run import Run

_LOOK = 10  # epochs in which to look for an overflow, from the first with enormous weights on


def go_back_to_first_bad(run: Run, start: dict[str, Any], train: Split, val: Split, batch_size: int) -> None:
    """Find the first number of the last epoch that was not finite, and leave the model as it was at that step.

    Args:
        run: the training, whose ``bad_step``, ``bad_layer`` and ``why`` are set.
        start: the snapshot from before that epoch.
        train, val: what it learned from, and was measured on.
        batch_size: rows a step.
    """
    bad_losses = (~torch.isfinite(run.step_loss)).nonzero()
    found = _replay(run, start, train, val, batch_size)
    if found is None and len(bad_losses):  # a GPU does not repeat itself to the last bit
        _note(run, Bad(int(bad_losses[0]), "loss", "loss"), train, batch_size)
    else:
        _note(run, found or Bad(run.step - 1, "loss", "loss"), train, batch_size)


def find_overflow(run: Run, train: Split, val: Split, batch_size: int) -> None:
    """Find out whether a training that ended badly, with finite losses, had an overflow inside.

    Args:
        run: the training, with the snapshot ``suspect``. Nothing is changed but its words: ``bad_step``, ``bad_layer``
            and ``why``, where an overflow was found.
        train, val: what it learned from, and was measured on.
        batch_size: rows a step.
    """
    twin, end = copy.copy(run), snapshot(run)
    twin.rewind(run.suspect["epoch"] * _steps(train, batch_size))
    found = _replay(twin, run.suspect, train, val, batch_size, epochs=min(run.epoch - run.suspect["epoch"], _LOOK))
    put_back(run, end)
    if found is not None:
        _note(run, found, train, batch_size)


def _replay(
    run: Run, start: dict[str, Any], train: Split, val: Split, batch_size: int, *, epochs: int = 1
) -> Bad | None:
    """Go through epochs again from a snapshot and look at every tensor; stop at the first that is not finite.

    The callbacks take part as copies: they may change gradients, and one that keeps a record keeps it once.
    """
    put_back(run, start)
    run.losses, callbacks = [], run.callbacks
    with Inspector(run.model) as inspector:
        run.callbacks = [inspector, *_copies(callbacks)]
        try:
            for run.epoch in range(start["epoch"], start["epoch"] + epochs):
                one_epoch(run, train.x, train.y, batch_size)
                evaluate(run.model, val, run.loss)
                inspector.stop_if_found()
        except StopTraining:
            pass
        finally:
            run.callbacks = callbacks
    return Bad(run.step - 1, *inspector.found) if inspector.found else None


def _note(run: Run, bad: Bad, train: Split, batch_size: int) -> None:
    run.bad_step, run.bad_layer = bad.step, bad.layer
    run.why = why_not_finite(bad, epoch=bad.step // _steps(train, batch_size), lr=run.lr)


def _steps(train: Split, batch_size: int) -> int:
    return math.ceil(len(train.x) / batch_size)  # an epoch


def _copies(callbacks: list[Callback]) -> list[Callback]:
    try:
        return copy.deepcopy(callbacks)
    except Exception:  # whatever a learner's callback holds that cannot be copied: then the original takes part
        return callbacks
