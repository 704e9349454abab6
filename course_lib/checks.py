"""What ``fit`` refuses before it starts, each in a sentence that names both sides.

PyTorch finds the same mistakes, but late, deep inside, and in its own words.
"""

import inspect
import math
import operator
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from course_lib.callbacks import Callback
from course_lib.checkpoint import random_state, set_random_state
from course_lib.datasets import Data, Split
from course_lib.device import check_device, device_wish
from course_lib.evaluate import Loss, eval_mode, is_classification


def whole_number(name: str, value: Any, *, least: int | None = None) -> int:
    """Return ``value`` as an int.

    Raises:
        ValueError: when it is not a whole number, or lower than ``least``.
    """
    wanted = "a whole number" + (f" of {least} or more" if least is not None else "")
    try:
        number = operator.index(value)  # takes NumPy's and PyTorch's integers too, and no 2.5
    except TypeError:
        raise ValueError(f"{name} is {value!r}; it must be {wanted}.") from None
    if isinstance(value, bool) or (least is not None and number < least):
        raise ValueError(f"{name} is {value!r}; it must be {wanted}.")
    return number


def real_number(name: str, value: Any) -> float:
    """Return ``value`` as a float.

    Raises:
        ValueError: when it is not one finite number of 0 or more.
    """
    try:
        number = math.nan if isinstance(value, str) else float(value)
    except (TypeError, ValueError, RuntimeError):  # RuntimeError: a tensor with several numbers
        number = math.nan
    if not 0 <= number < math.inf:
        several = (
            " To try several, use fit_many." if getattr(value, "ndim", 0) or isinstance(value, list | tuple) else ""
        )
        raise ValueError(f"{name} is {value!r}; it must be one finite number of 0 or more.{several}")
    return number


def made_model(model: nn.Module | Callable[[], nn.Module], seed: int) -> nn.Module:
    """Return ``model`` itself, or the net that the function ``model`` makes under ``torch.manual_seed(seed)``.

    Raises:
        ValueError: when it is neither, or the net has nothing to train.
    """
    if not isinstance(model, nn.Module):
        if not callable(model):
            raise ValueError(f"The model is {model!r}; it must be an nn.Module, or a function that makes one.")
        _check_takes_nothing(model)
        torch.manual_seed(seed)
        net = model()
        if not isinstance(net, nn.Module):
            raise ValueError(f"The function {_name(model)} must return an nn.Module; it returned {net!r}.")
        model = net
    if not any(True for _ in model.parameters()):
        raise ValueError(f"The model {_name(model)} has no parameters, so there is nothing to train.")
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ValueError(
            f"All parameters of the model {_name(model)} are frozen (requires_grad is False): nothing to train."
        )
    return model


def placed(model: nn.Module, data: Data, device: str | torch.device | None) -> tuple[Split, Split]:
    """Return train and val where they are to be used; moves the model along when a device is asked for.

    Args:
        device: where; None means ``COURSE_DEVICE``, or, when that is not set, where model and data are.

    Raises:
        ValueError: for data that no model could be trained on, or a model and data on two devices.
    """
    if not hasattr(data, "train") or not hasattr(data, "val"):
        raise ValueError(
            f"The data is a {type(data).__name__}; fit needs one with .train and .val, such as load('iris')."
        )
    train, val = Split(*data.train), Split(*data.val)
    _check_data(train, val)
    wanted = device_wish() if device is None else check_device(device)
    if wanted is None:
        _check_one_device(_places(model, train, val))
    _check_not_meta(_places(model, train, val))
    if wanted is not None:
        model.to(wanted)
        train, val = train.to(wanted), val.to(wanted)
    return train, val


def _check_data(train: Split, val: Split) -> None:
    """Refuse data that no model could be trained on.

    Raises:
        ValueError: for an empty training part, x and y of different lengths, or numbers that are not finite.
    """
    for name, (x, y) in (("train", train), ("val", val)):
        for letter, tensor in (("x", x), ("y", y)):
            if not isinstance(tensor, torch.Tensor):
                raise ValueError(
                    f"{letter} of {name} is a {_name(tensor)}; it must be a torch.Tensor: torch.tensor(...)."
                )
            if not tensor.dim():
                raise ValueError(f"{letter} of {name} is a single number, {tensor}; it must hold one row an example.")
        if len(x) and x.shape[1:] != train.x.shape[1:]:
            raise ValueError(
                f"A row of x has the shape {tuple(train.x.shape[1:])} in train and {tuple(x.shape[1:])} in {name}: "
                f"the model needs them alike."
            )
        if len(x) != len(y):
            raise ValueError(f"x of {name} has {len(x)} rows, y has {len(y)}: each row of x needs one target in y.")
    if not len(train.x):
        raise ValueError("The training part of the data is empty: 0 rows of x, 0 of y. There is nothing to learn from.")


def _places(model: nn.Module, train: Split, val: Split) -> dict[str, set[torch.device]]:
    return {
        "the model": {p.device for p in model.parameters()} | {b.device for b in model.buffers()},
        "the training data": {train.x.device, train.y.device},
        "the validation data": {val.x.device, val.y.device},
    }


def _check_one_device(places: dict[str, set[torch.device]]) -> None:
    if len(set.union(*places.values())) > 1:
        said = ", ".join(f"{what} is on {' and '.join(sorted(map(str, where)))}" for what, where in places.items())
        raise ValueError(f"The model and the data must be on one device, but {said}. Move them, or give device=.")


def _check_not_meta(places: dict[str, set[torch.device]]) -> None:
    for what, where in places.items():
        if torch.device("meta") in where:
            raise ValueError(
                f"One can train on numbers only, but {what} is on the device 'meta', which knows shapes and no numbers."
            )


def _check_takes_nothing(make: Callable[[], nn.Module]) -> None:
    try:
        inspect.signature(make).bind()
    except TypeError as error:
        raise ValueError(
            f"The function {_name(make)} must make the net without being given anything ({error}): "
            f"write lambda: {_name(make)}(...), or give the net itself."
        ) from None
    except ValueError:  # some built-in functions do not say what they take
        pass


def check_callbacks(callbacks: Callback | Iterable[Callback]) -> list[Callback]:
    """Return the callbacks as a list; one alone will do.

    Raises:
        ValueError: when one of them is not a ``Callback``.
    """
    callbacks = [callbacks] if isinstance(callbacks, Callback) else list(callbacks)
    for callback in callbacks:
        if not isinstance(callback, Callback):
            raise ValueError(f"A callback must be a Callback object, such as EarlyStopping(5); {callback!r} is not.")
    return callbacks


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
        where = open_layers[-1] if open_layers else f"The model {_name(model)}"
        raise ValueError(
            f"{where} cannot take what it is given. A batch of x has the shape {tuple(x.shape)} and is {_dtype(x)}. "
            f"PyTorch says: {error}"
        ) from error
    finally:
        for handle in hooks:
            handle.remove()
    if not isinstance(output, torch.Tensor) or output.shape[:1] != x.shape[:1]:
        got = tuple(output.shape) if isinstance(output, torch.Tensor) else f"a {_name(output)}"
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
        raise ValueError(f"{both}; the loss {_name(loss)} cannot compare them. PyTorch says: {error}") from error
    if not isinstance(value, torch.Tensor) or value.numel() != 1:
        got = tuple(value.shape) if isinstance(value, torch.Tensor) else f"a {_name(value)}"
        raise ValueError(f"{both}; the loss {_name(loss)} must give a single number for a batch, not {got}.")


def _layer(name: str, module: nn.Module) -> str:
    return f"Layer {name!r}, {module}," if name and not list(module.children()) else f"The model {_name(module)}"


def _name(thing: Any) -> str:
    return getattr(thing, "__name__", type(thing).__name__)


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _dtype(tensor: torch.Tensor) -> str:
    return _short(tensor.dtype)
