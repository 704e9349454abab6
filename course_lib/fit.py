"""Train one net: the loop of lesson 03, with a record of what happened and a word on why it failed.

Read ``course_lib.epoch`` first: it is the whole of training. The rest is what a notebook needs around it: the history,
an interruption that loses nothing, and a way back to the step where a number became infinite (``course_lib.replay``).
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from course_lib import interrupted_cell
from course_lib.bar import Bar
from course_lib.callbacks import Callback, StopTraining
from course_lib.checkpoint import check_path, fingerprint, resume, save, snapshot
from course_lib.checks import brought_back, check_callbacks, made_model, name_of, placed
from course_lib.datasets import Data, Split
from course_lib.diagnose import can_overflow, weight_sizes, why
from course_lib.epoch import one_epoch
from course_lib.evaluate import Loss, default_loss, evaluate, modes_kept
from course_lib.number_checks import real_number, whole_number
from course_lib.optimizers import MakeOptimizer, make_optimizer
from course_lib.replay import find_overflow, go_back_to_first_bad
from course_lib.run import Run
from course_lib.trial import check_fits
from course_lib.variation import perturb, shifted


def fit(
    model: nn.Module | Callable[[], nn.Module],
    data: Data,
    *,
    epochs: int,
    lr: float,
    batch_size: int = 16,
    seed: int = 0,
    optimizer: str | MakeOptimizer = "sgd",
    momentum: float | None = None,
    weight_decay: float = 0.0,
    loss: Loss | None = None,
    callbacks: Iterable[Callback] = (),
    device: str | torch.device | None = None,
    progress: bool | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> Run:
    """Train ``model`` on ``data.train``, measure it on ``data.val`` after each epoch, and return the record.

    Args:
        model: a net, which is trained in place, or a function without arguments that makes one; the function is called
            under ``torch.manual_seed(seed)``.
        data: has ``train`` and ``val``; ``val`` may be empty, then its losses are nan.
        epochs: passes over the training data.
        lr: the learning rate.
        batch_size: rows a step; the last batch of an epoch may be smaller.
        seed: of the order of the batches, and of the initial weights where the net is made here. Epoch e takes the
            batches ``torch.randperm(n, generator=g).split(batch_size)``, with one ``g`` for the whole training.
        optimizer: "sgd", "momentum", "rmsprop" or "adam", or a function of parameters and lr.
        momentum: for "sgd", "momentum" (0.9 unless given) and "rmsprop".
        weight_decay: this much of each weight is added to its gradient.
        loss: of outputs and targets; None is cross entropy for an integer y, and the mean squared error for a float y.
        callbacks: called at four moments, see ``course_lib.callbacks``.
        device: where to train; None means ``COURSE_DEVICE``, after which the model is brought back, or, when that is
            not set, where model and data are.
        progress: a bar after one second (None), at once (True) or never (False).
        checkpoint: a file, written after every epoch; the same call goes on from it (``epochs`` may be larger).

    Returns:
        A ``Run``. Interrupting the kernel ends the training and keeps it.

    Raises:
        ValueError: for anything that cannot be trained, with both sides named.
        CellStopped: when a training before this one, in the same run of a notebook's cell, was interrupted.
    """
    interrupted_cell.begin()
    epochs, batch_size = whole_number("epochs", epochs, least=0), whole_number("batch_size", batch_size, least=1)
    lr, seed = real_number("lr", lr), shifted(whole_number("seed", seed))
    make = make_optimizer(optimizer, momentum=momentum, weight_decay=weight_decay)
    model = made_model(model, seed)
    with brought_back(model, device):
        train, val = placed(model, data, device)
        loss = default_loss(train.y) if loss is None else loss
        classes = check_fits(model, train, val, loss=loss, batch_size=batch_size)
        perturb(model)
        run = Run(
            model,
            make(model.parameters(), lr),
            lr=lr,
            seed=seed,
            loss=loss,
            device=train.x.device,
            classes=classes,
            callbacks=check_callbacks(callbacks),
        )
        initial_weights = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
        options = {
            "batch_size": batch_size,
            "seed": seed,
            "optimizer": optimizer if isinstance(optimizer, str) else name_of(optimizer),
        }
        options |= {"momentum": momentum, "weight_decay": weight_decay}
        keep = _keeper(checkpoint, run, epochs, lambda: options | _described(run, train, val))
        with modes_kept(model):
            _train(run, train, val, epochs=epochs, batch_size=batch_size, keep=keep, progress=progress)
        run.why = run.why or why(run, train, initial_weights)
        if run.why and run.suspect and run.bad_step is None:
            find_overflow(run, train, val, batch_size)
        return run


def _train(
    run: Run, train: Split, val: Split, *, epochs: int, batch_size: int, keep: Callable[[], None], progress: bool | None
) -> None:
    bar, start = Bar(run, epochs, progress), None
    try:
        while run.epoch < epochs and not run.stopped:
            start = snapshot(run)
            one_epoch(run, train.x, train.y, batch_size)
            if _measure(run, val, start):
                keep()
                bar.advance(run)
            else:
                run.stopped = "not finite"
        run.stopped = run.stopped or "finished"
    except KeyboardInterrupt:
        interrupted_cell.interrupted()
        run.stopped = "interrupted"
        print(f"stopped at epoch {run.epoch}; run it again for the whole training")
    except StopTraining:
        run.stopped = "stopped"
    finally:
        bar.close()
    if start is not None and (run.stopped == "not finite" or not _finite_so_far(run)):
        go_back_to_first_bad(run, start, train, val, batch_size)


def _measure(run: Run, val: Split, start: dict[str, Any]) -> bool:
    """Write the epoch into the history, unless something in it is not finite; return whether all was.

    Args:
        start: the snapshot from before the epoch.
    """
    losses = torch.stack(run.losses).cpu()  # the one read of the epoch
    scores = {f"val_{name}": value for name, value in evaluate(run.model, val, run.loss).items()}
    val_finite = math.isfinite(scores["val_loss"]) or not len(val.x)
    sizes = weight_sizes(run.model)
    if not (val_finite and bool(torch.isfinite(losses).all()) and bool(torch.isfinite(sizes).all())):
        return False
    if run.suspect is None and can_overflow(sizes):
        run.suspect = start
    run.history.record(train_loss=losses.double().mean().item(), **scores)
    run.keep_losses(losses)
    try:
        for callback in run.callbacks:
            callback.on_epoch_end(run)
    finally:
        run.epoch += 1
    return True


def _finite_so_far(run: Run) -> bool:
    return bool(torch.isfinite(weight_sizes(run.model)).all()) and bool(torch.isfinite(run.step_loss).all())


def _keeper(
    checkpoint: str | os.PathLike[str] | None, run: Run, epochs: int, settings: Callable[[], dict[str, Any]]
) -> Callable[[], None]:
    """Go on from the checkpoint, if there is one; return what writes the next, which does nothing without a file."""
    if checkpoint is None:
        return lambda: None
    path, settings = check_path(checkpoint), settings()
    resume(run, path, settings)
    if run.epoch > epochs:
        raise ValueError(
            f"The checkpoint {str(path)!r} already has {run.epoch} epochs; this call has epochs = {epochs}."
        )
    return lambda: save(run, path, settings)


def _described(run: Run, train: Split, val: Split) -> dict[str, Any]:
    """Return what a checkpoint must agree with, in words that its error can quote."""
    return {
        "lr": run.lr,
        "loss": name_of(run.loss),
        "callbacks": [name_of(callback) for callback in run.callbacks],
        "weights": [f"{name} {tuple(parameter.shape)}" for name, parameter in run.model.named_parameters()],
        "training data": f"{len(train.x)} rows, fingerprint {fingerprint(train)}",
        "validation data": f"{len(val.x)} rows, fingerprint {fingerprint(val)}",
    }
