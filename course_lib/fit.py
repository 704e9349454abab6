"""Train one net: the loop of lesson 03, with a record of what happened and a word on why it failed.

Read ``_one_epoch`` first: it is the whole of training. The rest is what a notebook needs around it: the history, an
interruption that loses nothing, and a way back to the step where a number became infinite.
"""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import nn

from course_lib.bar import Bar
from course_lib.callbacks import Callback, StopTraining
from course_lib.checkpoint import check_path, fingerprint, put_back, resume, save, snapshot
from course_lib.checks import check_callbacks, made_model, placed
from course_lib.datasets import Data, Split
from course_lib.diagnose import Bad, Inspector, can_overflow, weight_sizes, why, why_not_finite
from course_lib.evaluate import Loss, default_loss, evaluate, modes_kept, squared_error
from course_lib.number_checks import real_number, whole_number
from course_lib.optimizers import DEFAULTS, torch_optimizer
from course_lib.run import History, Run
from course_lib.trial import check_fits
from course_lib.variation import perturb, shifted

__all__ = ["History", "Run", "default_loss", "evaluate", "fit", "make_optimizer", "squared_error"]

_SMALL = 2**24  # numbers in x, 64 MB in float32
_LOOK = 10  # epochs in which to look for an overflow, from the first with enormous weights on

MakeOptimizer = Callable[[Iterable[nn.Parameter], float], torch.optim.Optimizer]


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
        seed: of the order of the batches, and of the first weights where the net is made here. Epoch e takes the
            batches ``torch.randperm(n, generator=g).split(batch_size)``, with one ``g`` for the whole training.
        optimizer: "sgd", "momentum", "rmsprop" or "adam", or a function of parameters and lr.
        momentum: for "sgd", "momentum" (0.9 unless given) and "rmsprop".
        weight_decay: this much of each weight is added to its gradient.
        loss: of outputs and targets; None is cross entropy for an integer y, and the mean squared error for a float y.
        callbacks: called at four moments, see ``course_lib.callbacks``.
        device: where to train; None means ``COURSE_DEVICE``, or, when that is not set, where model and data are.
        progress: a bar after one second (None), at once (True) or never (False).
        checkpoint: a file, written after every epoch; the same call goes on from it (``epochs`` may be larger).

    Returns:
        A ``Run``. Interrupting the kernel ends the training and keeps it.

    Raises:
        ValueError: for anything that cannot be trained, with both sides named.
    """
    epochs, batch_size = whole_number("epochs", epochs, least=0), whole_number("batch_size", batch_size, least=1)
    lr, seed = real_number("lr", lr), shifted(whole_number("seed", seed))
    make = make_optimizer(optimizer, momentum=momentum, weight_decay=weight_decay)
    model = made_model(model, seed)
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
    first_weights = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    options = {"batch_size": batch_size, "seed": seed, "optimizer": _name(optimizer)}
    options |= {"momentum": momentum, "weight_decay": weight_decay}
    keep = _keeper(checkpoint, run, epochs, lambda: options | _described(run, train, val))
    with modes_kept(model):
        _train(run, train, val, epochs=epochs, batch_size=batch_size, keep=keep, progress=progress)
    run.why = run.why or why(run, train, first_weights)
    if run.why and run.suspect and run.bad_step is None:
        _find_overflow(run, train, val, batch_size)
    return run


def make_optimizer(
    name: str | MakeOptimizer, *, momentum: float | None = None, weight_decay: float = 0.0
) -> MakeOptimizer:
    """Return a function that makes the optimiser from parameters and a learning rate.

    Raises:
        ValueError: for an unknown name, or a momentum where there is none.
    """
    momentum = None if momentum is None else real_number("momentum", momentum)
    weight_decay = real_number("weight_decay", weight_decay)
    if callable(name):
        if momentum or weight_decay:
            raise ValueError(
                "momentum and weight_decay are for the optimisers by name; set them inside your own function."
            )
        return name
    if not isinstance(name, str) or name not in DEFAULTS:
        raise ValueError(f"optimizer is {name!r}; there are {', '.join(map(repr, DEFAULTS))}, or give a function.")
    hyper = DEFAULTS[name] | {"weight_decay": weight_decay}
    if momentum is not None:
        if "momentum" not in hyper:
            raise ValueError(f"momentum is {momentum}, but {name!r} has moments of its own: leave momentum out.")
        hyper["momentum"] = momentum
    return lambda parameters, lr: torch_optimizer(name, parameters, hyper | {"lr": lr})


def _train(
    run: Run, train: Split, val: Split, *, epochs: int, batch_size: int, keep: Callable[[], None], progress: bool | None
) -> None:
    bar, start = Bar(run, epochs, progress), None
    try:
        while run.epoch < epochs and not run.stopped:
            start = snapshot(run)
            _one_epoch(run, train.x, train.y, batch_size)
            if _measure(run, val, start):
                keep()
                bar.advance(run)
            else:
                run.stopped = "not finite"
        run.stopped = run.stopped or "finished"
    except KeyboardInterrupt:
        run.stopped = "interrupted"
        print(f"stopped at epoch {run.epoch}; the cells after this one go on")
    except StopTraining:
        run.stopped = "stopped"
    finally:
        bar.close()
    if start is not None and (run.stopped == "not finite" or not _finite_so_far(run)):
        _go_back_to_first_bad(run, start, train, val, batch_size)


def _one_epoch(run: Run, x: torch.Tensor, y: torch.Tensor, batch_size: int) -> None:
    """Go once over the training data, a batch at a time.

    Nothing in here reads a number off a tensor: on a GPU that would make every step wait for the one before.
    """
    model, optimizer, loss, callbacks = run.model, run.optimizer, run.loss, run.callbacks
    for callback in callbacks:
        callback.on_epoch_begin(run)
    model.train()
    order = torch.randperm(len(x), generator=run.generator).to(x.device)
    for x_batch, y_batch in _batches(x, y, order, batch_size):
        step_loss = loss(model(x_batch), y_batch)
        run.losses.append(step_loss.detach())
        optimizer.zero_grad()
        step_loss.backward()
        for callback in callbacks:
            callback.on_grad_computed(run)
        optimizer.step()
        for callback in callbacks:
            callback.on_step_end(run)


def _batches(
    x: torch.Tensor, y: torch.Tensor, order: torch.Tensor, batch_size: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """The rows in `order`, a batch at a time.

    Small data are gathered once an epoch, not twice a step: for a tiny net that is a twentieth of its time. Of large
    data a second copy may not fit.
    """
    if x.numel() <= _SMALL:
        return zip(x[order].split(batch_size), y[order].split(batch_size), strict=True)
    return ((x[batch], y[batch]) for batch in order.split(batch_size))


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


def _go_back_to_first_bad(run: Run, start: dict[str, Any], train: Split, val: Split, batch_size: int) -> None:
    """Find the first number of the last epoch that was not finite, and leave the model as it was at that step."""
    bad_losses = (~torch.isfinite(run.step_loss)).nonzero()
    found = _replay(run, start, train, val, batch_size)
    if found is None and len(bad_losses):  # a GPU does not repeat itself to the last bit
        _note(run, Bad(int(bad_losses[0]), "loss", "loss"), train, batch_size)
    else:
        _note(run, found or Bad(run.step - 1, "loss", "loss"), train, batch_size)


def _find_overflow(run: Run, train: Split, val: Split, batch_size: int) -> None:
    """Find out whether a training that ended badly, with finite losses, had an overflow inside; change nothing."""
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
                _one_epoch(run, train.x, train.y, batch_size)
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
        "loss": _name(run.loss),
        "callbacks": [_name(callback) for callback in run.callbacks],
        "weights": [f"{name} {tuple(parameter.shape)}" for name, parameter in run.model.named_parameters()],
        "training data": f"{len(train.x)} rows, fingerprint {fingerprint(train)}",
        "validation data": f"{len(val.x)} rows, fingerprint {fingerprint(val)}",
    }


def _name(thing: Any) -> str:
    return thing if isinstance(thing, str) else getattr(thing, "__name__", type(thing).__name__)
