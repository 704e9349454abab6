"""One batch, tried before the training starts: whether model, data and loss belong together.

PyTorch finds the same mistakes, but late, deep inside, and in its own words.
"""

import warnings
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from course_lib.checkpoint import random_state, set_random_state
from course_lib.checks import name_of
from course_lib.datasets import Split
from course_lib.evaluate import Loss, eval_mode, is_classification


def check_fits(model: nn.Module, train: Split, val: Split, *, loss: Loss, batch_size: int) -> int | None:
    """Refuse a model, data and loss that do not belong together, by trying one batch in evaluation mode.

    Nothing is changed by that: no gradients, no running statistics, and the random state is put back.

    Returns:
        The number of classes, K of the outputs (B, K), or None when the targets are no labels.

    Raises:
        ValueError: with both sides named.
    """
    _check_dtypes(model, train, val, loss)
    _check_finite(train, val)
    device = train.x.device
    state = random_state(device)
    try:
        output = _trial(model, train, batch_size)
        _check_lone_row(model, train.x, batch_size)
        if loss is F.cross_entropy:
            _check_classes(output, {"train": train, "val": val})
        _trial_loss(loss, output, train.y[: len(output)])
    finally:
        set_random_state(state, device)
    return output.shape[1] if is_classification(output, train.y[: len(output)]) else None


def _check_dtypes(model: nn.Module, train: Split, val: Split, loss: Loss) -> None:
    weights = next(p.dtype for p in model.parameters())
    for name, (x, y) in (("train", train), ("val", val)):
        if x.is_floating_point() and x.dtype != weights:
            raise ValueError(
                f"x of {name} is {_dtype(x)}, the model's weights are {_short(weights)}: make them the same, "
                f"with x.to({weights}) or model.to({x.dtype})."
            )
        if loss is F.cross_entropy and y.dtype != torch.int64:
            raise ValueError(f"y of {name} is {_dtype(y)}; cross entropy needs labels of int64: write y.long().")
        if y.is_floating_point() and y.dtype != weights:
            raise ValueError(
                f"y of {name} is {_dtype(y)}, the model's weights are {_short(weights)}: write y.to({weights})."
            )


def _check_finite(train: Split, val: Split) -> None:
    for name, split in (("train", train), ("val", val)):
        for letter, tensor in zip("xy", split, strict=True):
            bad = int((~torch.isfinite(tensor)).sum()) if tensor.is_floating_point() else 0
            if bad:
                raise ValueError(
                    f"{letter} of {name} holds {bad} of {tensor.numel()} numbers that are not finite (nan or inf). "
                    f"Find them with torch.isfinite, and leave those rows out."
                )


def _trial(model: nn.Module, train: Split, batch_size: int) -> torch.Tensor:
    """Return what the model says to the first batch; refuse what it cannot take."""
    x = train.x[:batch_size]
    open_layers: list[str] = []  # names of the layers that have begun and not ended
    hooks = [
        handle
        for name, module in model.named_modules()
        for handle in (
            module.register_forward_pre_hook(lambda m, i, name=name: open_layers.append(_layer(name, m))),
            module.register_forward_hook(lambda m, i, o: open_layers.pop() and None),
        )
    ]
    try:
        with eval_mode(model), torch.no_grad():
            output = model(x)
    except (RuntimeError, ValueError, IndexError) as error:
        where = open_layers[-1] if open_layers else f"The model {name_of(model)}"
        raise ValueError(
            f"{where} cannot take what it is given. A batch of x has the shape {tuple(x.shape)} and is {_dtype(x)}. "
            f"PyTorch says: {error}"
        ) from error
    finally:
        for handle in hooks:
            handle.remove()
    if not isinstance(output, torch.Tensor) or output.shape[:1] != x.shape[:1]:
        got = tuple(output.shape) if isinstance(output, torch.Tensor) else f"a {name_of(output)}"
        raise ValueError(f"The model must give one output a row: for a batch of shape {tuple(x.shape)} it gave {got}.")
    return output


def _check_lone_row(model: nn.Module, x: torch.Tensor, batch_size: int) -> None:
    """Refuse batch norm over a single number: it fails in the last batch, after an epoch of work."""
    if batch_size != 1 and len(x) % batch_size != 1:
        return
    lonely: list[str] = []

    def look(name: str, layer: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        if inputs[0][:1, :1].numel() == 1:  # one row, one channel: a single number to take the mean of
            lonely.append(_layer(name, layer))

    norms = [(name, m) for name, m in model.named_modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    hooks = [norm.register_forward_pre_hook(partial(look, name)) for name, norm in norms]
    try:
        with eval_mode(model), torch.no_grad():
            model(x[:1])
    finally:
        for hook in hooks:
            hook.remove()
    if lonely:
        raise ValueError(
            f"{lonely[0]} needs two rows or more in every batch, but with {len(x)} rows and batch_size {batch_size} "
            f"there is a batch of one. Choose another batch_size."
        )


def _check_classes(output: torch.Tensor, splits: dict[str, Split]) -> None:
    if output.dim() < 2:
        raise ValueError(
            f"Cross entropy needs one output a class, (B, K); the model gives {tuple(output.shape)}. "
            f"If y holds values and not classes, write y.float()."
        )
    classes = output.shape[1]
    for name, (_, y) in splits.items():
        if len(y) and (int(y.min()) < 0 or int(y.max()) >= classes):
            raise ValueError(
                f"The labels in y of {name} run from {int(y.min())} to {int(y.max())}, but the model has {classes} "
                f"outputs, for the labels 0 to {classes - 1}."
            )


def _trial_loss(loss: Loss, output: torch.Tensor, y: torch.Tensor) -> None:
    both = f"The model's output has the shape {tuple(output.shape)}, y has {tuple(y.shape)} and is {_dtype(y)}"
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.filterwarnings("error", message="Using a target size")  # (B, 1) against (B,): all against all
            value = loss(output, y)
    except (RuntimeError, IndexError, UserWarning) as error:
        raise ValueError(f"{both}; the loss {name_of(loss)} cannot compare them. PyTorch says: {error}") from error
    if not isinstance(value, torch.Tensor) or value.numel() != 1:
        got = tuple(value.shape) if isinstance(value, torch.Tensor) else f"a {name_of(value)}"
        raise ValueError(f"{both}; the loss {name_of(loss)} must give a single number for a batch, not {got}.")


def _layer(name: str, module: nn.Module) -> str:
    return f"Layer {name!r}, {module}," if name and not list(module.children()) else f"The model {name_of(module)}"


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _dtype(tensor: torch.Tensor) -> str:
    return _short(tensor.dtype)
