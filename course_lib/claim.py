"""A sentence of the lesson that the code holds true: it prints a tick, or it stops the notebook."""

from __future__ import annotations

import json
import math
import os
from typing import Any

Exact = int | bool | str | tuple[int, ...]


class NotSo(AssertionError):
    """A claim that is false here; a notebook shows one sentence instead of our frames."""

    def _render_traceback_(self) -> list[str]:
        return [f"✗ not so: {self}.", "If you changed something above on purpose, that is an answer, and no fault."]


def claim(
    text: str,
    value: Any,
    *,
    above: float | None = None,
    below: float | None = None,
    between: tuple[float, float] | None = None,
    equals: Exact | None = None,
    unit: str = "",
) -> None:
    """Print ``✓ text: bound`` when it is true; raise when it is not.

    The measured value is not printed: it differs from machine to machine, the sentence does not. Exact counts are the
    exception (``equals``), and there the number itself is the news.

    Args:
        text: the sentence, without the bound.
        value: one number: a Python or NumPy number, a 0-d tensor, a bool; with `equals` also a string or a shape.
        above: true when ``value > above``.
        below: true when ``value < below``.
        between: (low, high), both included.
        equals: an exact integer, bool, string or shape. Numbers that were measured are never exactly equal to
            anything: use `between`.
        unit: written behind the bound.

    Raises:
        NotSo: an AssertionError, when it is false; NaN makes every bound false. With ``COURSE_CLAIMS_LOG`` set,
            nothing is raised: the result is appended to that file as one line of JSON (text, value, bound, ok).
        ValueError: unless exactly one bound is given.
        TypeError: when value is no single number, or `equals` is no exact thing.

    Example:
        >>> claim("LeNet-5 parameters", 61_706, equals=61_706)
        ✓ LeNet-5 parameters: 61,706
    """
    name, bound = _only_bound(above=above, below=below, between=between, equals=equals)
    value = _single(value)
    ok, words = _CHECKS[name](value, bound)
    words = f"{words} {unit}".rstrip()
    if log := os.environ.get("COURSE_CLAIMS_LOG"):
        with open(log, "a", encoding="utf-8") as file:
            file.write(json.dumps({"text": text, "value": value, "bound": words, "ok": ok}, ensure_ascii=False) + "\n")
    elif not ok:
        exact = f"{value:.10g}" if isinstance(value, float) else _number(value)  # 0.7999999, not 0.8
        raise NotSo(f"{text}: {exact} is not {words}")
    print(f"{'✓' if ok else '✗ not so:'} {text}: {words}")


def _only_bound(**bounds: Any) -> tuple[str, Any]:
    given = [(name, bound) for name, bound in bounds.items() if bound is not None]
    if len(given) != 1:
        named = " and ".join(name for name, _ in given) or "none"
        raise ValueError(f"a claim takes exactly one of above, below, between, equals; got {named}")
    return given[0]


def _single(value: Any) -> Any:
    """Tensors and NumPy scalars as Python numbers; everything else unchanged."""
    shape = getattr(value, "shape", None)
    if shape is not None and len(shape) > 0:
        raise TypeError(f"a claim is about one number, got shape {tuple(shape)}: take .mean(), .all() or one entry")
    if hasattr(value, "detach"):
        value = value.detach()
    return value.item() if hasattr(value, "item") else value


def _above(value: Any, bound: float) -> tuple[bool, str]:
    return _real(value) > _bound(bound), f"above {_number(bound)}"


def _below(value: Any, bound: float) -> tuple[bool, str]:
    return _real(value) < _bound(bound), f"below {_number(bound)}"


def _between(value: Any, bound: tuple[float, float]) -> tuple[bool, str]:
    low, high = _bound(bound[0]), _bound(bound[1])
    if not low <= high:
        raise ValueError(f"between=({low!r}, {high!r}) holds nothing: the first must be the lower one")
    return low <= _real(value) <= high, f"between {_number(low)} and {_number(high)}"


def _equals(value: Any, bound: Exact) -> tuple[bool, str]:
    if isinstance(bound, tuple):
        return isinstance(value, tuple | list) and tuple(value) == bound, str(tuple(bound))
    if not isinstance(bound, int | str):
        raise TypeError(f"equals={bound!r} is no exact integer, bool, string or shape; measured numbers need between=")
    same_sort = isinstance(value, bool) == isinstance(bound, bool)  # for Python True == 1, for a reader it is not
    return same_sort and value == bound, _number(bound)


_CHECKS = {"above": _above, "below": _below, "between": _between, "equals": _equals}


def _real(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number; a yes or no is claimed with equals=True")
    return value


def _bound(value: Any) -> float:
    if not math.isfinite(_real(value)):
        raise ValueError(f"{value!r} is no bound: nothing lies beyond it")
    return value


def _number(value: Any) -> str:
    """As a reader writes it: 61,706 and 0.8 and yes."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and 1 <= abs(value) < 1e6 else f"{value:.4g}"
    return str(value)
