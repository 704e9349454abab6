"""Calling the learner's function: on copies, from a fixed seed, with nothing of ours in what goes wrong."""

from __future__ import annotations

import copy
import inspect
import io
import linecache
import random
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

_OURS = Path(__file__).parent
_LIBRARIES = (str(Path(torch.__file__).parents[1]), str(Path(inspect.__file__).parent))


class Stopped(KeyboardInterrupt):
    """The learner interrupted the check; a notebook shows the word instead of our frames."""

    def _render_traceback_(self) -> list[str]:
        return ["Stopped: the check was interrupted."]


@dataclass(frozen=True)
class Result:
    """What one call gave.

    Attributes:
        value: the returned value; None when it raised.
        changed: positions of the arguments it changed.
        error: the exception it raised, or None.
    """

    value: Any = None
    changed: tuple[int, ...] = ()
    error: Exception | None = None


def call(function: Callable, args: tuple, *, seed: int = 0, quiet: bool = False) -> Result:
    """Call `function` on copies of `args`, with random numbers that start from `seed` and leave no trace.

    Args:
        function: the learner's.
        args: its arguments.
        seed: where random numbers start.
        quiet: drop what it prints; a print is useful once, not for each of a dozen hidden cases.

    Raises:
        Stopped: when the learner interrupts it.
    """
    mine, reference = copied(args), copied(args)
    try:
        with fixed_random(seed), redirect_stdout(io.StringIO()) if quiet else nullcontext():
            value = function(*mine)
    except KeyboardInterrupt:
        raise Stopped from None
    except Exception as error:  # whatever a learner's function may raise
        return Result(error=error)
    changed = tuple(place for place, pair in enumerate(zip(mine, reference, strict=True)) if not _equal(*pair))
    return Result(value, changed)


@contextmanager
def fixed_random(seed: int) -> Iterator[None]:
    """Random numbers of torch, NumPy and Python start from `seed` inside, and go on outside as if nothing had been."""
    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        try:
            # torch.manual_seed seeds the GPUs too, which fork_rng leaves alone here, and writes down the stack three
            # times to do so later: a third of the time of a check.
            torch.default_generator.manual_seed(seed), random.seed(seed), np.random.seed(seed)
            yield
        finally:
            random.setstate(python), np.random.set_state(numpy)


def copied(value: Any) -> Any:
    """A copy that shares nothing; functions stay what they are."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, tuple | list):
        return type(value)(copied(each) for each in value) if type(value) in (tuple, list) else copy.deepcopy(value)
    if isinstance(value, dict):
        return {key: copied(each) for key, each in value.items()}
    try:
        return copy.deepcopy(value)
    except (TypeError, RuntimeError):  # open files, generators: what has no copy is shared
        return value


def is_placeholder(value: Any) -> bool:
    """Whether `...` still stands somewhere in it."""
    if isinstance(value, tuple | list):
        return any(is_placeholder(each) for each in value)
    return value is ...


def is_untouched(result: Result) -> bool:
    """Whether `...` still stands in the function: it returns it, computes with it, or says it is not written."""
    if isinstance(result.error, NotImplementedError):
        return True
    if isinstance(result.error, TypeError | AttributeError) and "ellipsis" in str(result.error):
        return True
    return is_placeholder(result.value)


def signature_problem(function: Callable, args: tuple, names: tuple[str, ...]) -> str | None:
    """Why the function cannot be called with these arguments, or None when it can."""
    try:
        inspect.signature(function).bind(*args)
    except TypeError:
        takes = ", ".join(inspect.signature(function).parameters) or "nothing"
        name = getattr(function, "__name__", "the function")
        given = f"{len(args)}: ({', '.join(names)})" if args else "nothing"
        return f"`{name}` takes ({takes}); it is called with {given}."
    except ValueError:  # some built-in functions have no signature
        return None
    return None


def own_traceback(error: Exception) -> str:
    """The error with the learner's own lines only: no frame of this package, of torch or of Python itself."""
    lines = [_line(frame) for frame in traceback.extract_tb(error.__traceback__) if _is_learners(frame.filename)]
    if len(lines) > 6:  # a function that calls itself
        lines = [*lines[:3], f"... {len(lines) - 6} lines more ...", *lines[-3:]]
    said = "".join(traceback.format_exception_only(error)).strip()
    return "\n".join([*lines, said if len(said) <= 600 else said[:600] + " ..."])


def _line(frame: traceback.FrameSummary) -> str:
    code = (frame.line or linecache.getline(frame.filename, frame.lineno or 0)).strip()
    return f"line {frame.lineno}, in {frame.name}:  {code}"


def _is_learners(filename: str) -> bool:
    foreign = filename.startswith(("<frozen", *_LIBRARIES))
    return not foreign and _OURS not in Path(filename).parents


def _equal(one: Any, other: Any) -> bool:
    """Whether data is unchanged; models and other objects are not looked into."""
    if isinstance(one, torch.Tensor):
        return (
            one.shape == other.shape
            and one.dtype == other.dtype
            and torch.allclose(one.detach(), other.detach(), rtol=0, atol=0, equal_nan=True)
        )
    if isinstance(one, np.ndarray):
        return one.shape == other.shape and one.dtype == other.dtype and bool(((one == other) | (one != one)).all())
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(_equal(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    return one == other if isinstance(one, int | float | str) else True
