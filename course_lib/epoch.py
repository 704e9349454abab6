"""The training loop itself: one pass over the training data. All the rest of ``fit`` stands around it."""

from collections.abc import Iterator

import torch

from course_lib.run import Run

_SMALL = 2**24  # numbers in x, 64 MB in float32


def one_epoch(run: Run, x: torch.Tensor, y: torch.Tensor, batch_size: int) -> None:
    """Go once over the training data, a batch at a time.

    Nothing in here reads a number off a tensor: on a GPU that would make every step wait for the one before.

    Args:
        run: the training; its ``losses`` get that of every batch, before its step.
        x, y: (N, ...) and (N, ...), on the device of the model.
        batch_size: rows a step; the last batch may be smaller.
    """
    model, optimizer, loss, callbacks = run.model, run.optimizer, run.loss, run.callbacks
    for callback in callbacks:
        callback.on_epoch_begin(run)
    model.train()
    order = torch.randperm(len(x), generator=run.generator).to(x.device, non_blocking=x.is_cuda)
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
