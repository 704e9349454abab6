"""What a net does on data while nobody trains it, and the two losses the course takes unless told otherwise."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import nn

from course_lib.datasets import Split

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

_ROWS = 1024  # at a time: enough to be fast, few enough for the memory of a small computer


def evaluate(model: nn.Module, split: Split, loss: Loss | None = None) -> dict[str, float]:
    """Return the loss, and for classes the accuracy, of ``model`` on ``split``.

    Runs in evaluation mode and without gradients; afterwards every layer is in the mode it was in.

    Args:
        model: takes (B, ...) and gives logits (B, K) or values (B,) or (B, 1).
        split: x (N, ...) and y (N,) on the model's device.
        loss: of outputs and targets; None means ``default_loss(y)``.

    Returns:
        ``{"loss": ..., "acc": ...}``, acc from 0 to 1 and only for classes; nan when the split is empty.
    """
    loss = default_loss(split.y) if loss is None else loss
    if not len(split.x):
        return {"loss": float("nan")} | ({} if split.y.is_floating_point() else {"acc": float("nan")})
    output = outputs(model, split.x)
    with torch.no_grad():
        numbers = {"loss": loss(output, split.y).item()}
        if is_classification(output, split.y):
            right = output.argmax(1) == split.y
            numbers["acc"] = right.sum().item() / right.numel()
    return numbers


def outputs(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return what ``model`` gives for every row of ``x``, in evaluation mode and without gradients."""
    with eval_mode(model), torch.no_grad():
        if len(x) <= _ROWS:
            return model(x)
        return torch.cat([model(rows) for rows in x.split(_ROWS)])


@contextmanager
def modes_kept(model: nn.Module) -> Iterator[None]:
    """Give every layer back the mode, training or evaluation, that it had before."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Put every layer into evaluation mode for a while."""
    with modes_kept(model):
        model.eval()
        yield


def default_loss(y: torch.Tensor) -> Loss:
    """Return cross entropy for labels (an integer ``y``) and the mean squared error for values (a float ``y``)."""
    return squared_error if y.is_floating_point() else F.cross_entropy


def squared_error(output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the mean squared error, and take outputs (B, 1) for targets (B,).

    Subtracting (B,) from (B, 1) would give a (B, B) table of every output against every target: PyTorch warns and
    goes on, and the net learns the mean.

    Raises:
        ValueError: when the two shapes do not belong together.
    """
    if output.shape != y.shape:
        if output.shape != (*y.shape, 1):
            raise ValueError(
                f"The model's output has the shape {tuple(output.shape)}, the targets y have {tuple(y.shape)}: "
                f"the two must have the same shape, or the output one more dimension of size 1."
            )
        output = output.squeeze(-1)
    return F.mse_loss(output, y)


def is_classification(output: torch.Tensor, y: torch.Tensor) -> bool:
    """Return whether ``output`` (B, K, ...) holds one number a class for the labels ``y`` (B, ...)."""
    return not y.is_floating_point() and output.dim() >= 2 and output[:, 0].shape == y.shape
