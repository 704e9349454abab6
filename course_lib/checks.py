"""What ``fit`` refuses to take: a model, data, a device or callbacks that no training could use, each in a sentence.

Whether they fit together is tried out in ``course_lib.trial``.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from course_lib.callbacks import Callback
from course_lib.datasets import Data, Split
from course_lib.device import check_device, device_wish


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
            raise ValueError(f"The function {name_of(model)} must return an nn.Module; it returned {net!r}.")
        model = net
    if not any(True for _ in model.parameters()):
        raise ValueError(f"The model {name_of(model)} has no parameters, so there is nothing to train.")
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ValueError(
            f"All parameters of the model {name_of(model)} are frozen (requires_grad is False): nothing to train."
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


@contextmanager
def brought_back(model: nn.Module, device: str | torch.device | None) -> Iterator[None]:
    """At the end, bring the model back to where it was, if only ``COURSE_DEVICE`` sent it elsewhere.

    The cells of a lesson ask a trained net about data on the CPU; on a GPU by ``COURSE_DEVICE`` they do so as well.

    Args:
        device: as for ``placed``; who gives one wants the model there.
    """
    home = next(model.parameters()).device
    away = device is None and device_wish() is not None
    try:
        yield
    finally:
        if away:
            model.to(home)


def _check_data(train: Split, val: Split) -> None:
    """Refuse data that no model could be trained on.

    Raises:
        ValueError: for an empty training part, x and y of different lengths, or numbers that are not finite.
    """
    for name, (x, y) in (("train", train), ("val", val)):
        for letter, tensor in (("x", x), ("y", y)):
            if not isinstance(tensor, torch.Tensor):
                raise ValueError(
                    f"{letter} of {name} is a {name_of(tensor)}; it must be a torch.Tensor: torch.tensor(...)."
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
            f"The function {name_of(make)} must make the net without being given anything ({error}): "
            f"write lambda: {name_of(make)}(...), or give the net itself."
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


def name_of(thing: Any) -> str:
    """How an error calls a function, a class or an object: by its own name, or by that of its class."""
    return getattr(thing, "__name__", type(thing).__name__)
