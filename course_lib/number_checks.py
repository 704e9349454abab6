"""A number that somebody gave: is it a whole one, is it finite, is it large enough? If not, a sentence names it."""

from __future__ import annotations

import math
import operator
from typing import Any


def is_whole(value: Any, *, least: int | None = None) -> bool:
    """Whether ``value`` is a whole number, of Python, NumPy or PyTorch, and not lower than ``least``.

    >>> is_whole(3, least=1), is_whole(0, least=1), is_whole(2.5), is_whole(True)
    (True, False, False, False)
    """
    try:
        number = operator.index(value)
    except TypeError:
        return False
    return not isinstance(value, bool) and (least is None or number >= least)


def whole_number(name: str, value: Any, *, least: int | None = None) -> int:
    """Return ``value`` as an int.

    Args:
        name: of the value, for the sentence.
        value: anything.
        least: the lowest number allowed; None allows all.

    Raises:
        ValueError: when it is not a whole number, or lower than ``least``.
    """
    if not is_whole(value, least=least):
        bound = "" if least is None else f" of {least} or more"
        raise ValueError(f"{name} is {value!r}; it must be a whole number{bound}.")
    return operator.index(value)


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
