"""Comparing what an answer returned with what was expected: first of the same sort, then of the same value.

The words name what came and what was expected, in the learner's terms (shape, type, how many), and never a value.
"""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np
import torch

Array = torch.Tensor | np.ndarray


def mismatch(got: Any, expected: Any) -> str | None:
    """Why `got` cannot be compared with `expected` at all, or None when it can.

    Args:
        got: what the learner's function returned.
        expected: what a right one returns: a number, bool, string, tensor, array, or a tuple of these.

    Returns:
        A sentence without its subject ("a tensor of shape (3,), where one of shape (3, 1) is expected").
    """
    if got is None:
        return f"None, where {sort(expected)} is expected: a `return` may be missing"
    if callable(got) and not isinstance(got, torch.nn.Module):
        return f"a function ({_name(got)}), where {sort(expected)} is expected: a call may lack its parentheses"
    if isinstance(expected, tuple | list):
        return _count_mismatch(got, expected)
    if _sort_of(got) != _sort_of(expected):
        return f"{sort(got)}, where {sort(expected)} is expected"
    if _sort_of(expected) != "numbers":
        return _nan_mismatch(got, expected)
    if tuple(got.shape) != tuple(expected.shape):
        return f"{sort(got)}, where shape {tuple(expected.shape)} is expected"
    if _family(got) != _family(expected):
        return f"{_family(got)} ({_dtype(got)}), where {_family(expected)} ({_dtype(expected)}) are expected"
    return _nan_mismatch(got, expected)


def same(got: Any, expected: Any, *, rtol: float = 1e-4, atol: float = 1e-6) -> bool:
    """Whether two results are equal within the tolerance; NaN equals NaN, a 0-d tensor equals a number.

    Args:
        got, expected: results that `mismatch` found comparable; others are simply not the same.
        rtol, atol: as of `torch.allclose`.
    """
    if isinstance(expected, tuple | list):
        if not isinstance(got, tuple | list) or len(got) != len(expected):
            return False
        return all(same(a, b, rtol=rtol, atol=atol) for a, b in zip(got, expected, strict=True))
    if mismatch(got, expected) is not None:
        return False
    if _sort_of(expected) in ("number", "numbers"):
        return bool(_near(got, expected, rtol, atol).all())
    return bool(_plain(got) == _plain(expected))


def sort(value: Any) -> str:
    """What sort of thing it is, in words: 'a tensor of shape (3, 2)', 'the number', 'a string'."""
    name = _sort_of(value)
    if name == "numbers":
        return f"{'a tensor' if isinstance(value, torch.Tensor) else 'an array'} of shape {tuple(value.shape)}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)} entries"
    words = {"number": "one number", "yes or no": "True or False", "text": "a string", "nothing": "None"}
    return words.get(name, f"a {name}")


def show(value: Any) -> str:
    """The value in a few characters: small ones in full with four digits, large ones by their shape."""
    if isinstance(value, tuple | list) and len(value) <= 4:
        inside = ", ".join(show(each) for each in value)
        if isinstance(value, tuple):
            return f"({inside},)" if len(value) == 1 else f"({inside})"
        return f"[{inside}]"
    if isinstance(value, Array) and _sort_of(value) in ("numbers", "number", "yes or no"):
        values = _values(value)
        return sort(value) if values.size > 12 else _rounded(values.tolist())
    if isinstance(value, float | np.floating):
        return f"{float(value):.5g}"
    if callable(value):
        return _name(value)
    try:
        text = repr(value)
    except Exception:  # whatever a learner's class may do
        text = sort(value)
    return text if len(text) <= 80 else text[:77] + "..."


def first_difference(got: Any, expected: Any, *, rtol: float = 1e-4, atol: float = 1e-6) -> tuple[int, ...] | None:
    """Where two tensors of one shape first differ, or None."""
    if not (isinstance(got, Array) and isinstance(expected, Array)) or mismatch(got, expected) or expected.ndim == 0:
        return None
    near = _near(got, expected, rtol, atol)
    return None if near.all() else tuple(int(each) for each in np.argwhere(~near)[0])


def _count_mismatch(got: Any, expected: tuple | list) -> str | None:
    if not isinstance(got, tuple | list):
        return f"{sort(got)}, where {len(expected)} results are expected: `return` them with commas between"
    if len(got) != len(expected):
        return f"{len(got)} results, where {len(expected)} are expected"
    for number, (one, other) in enumerate(zip(got, expected, strict=True), start=1):
        if problem := mismatch(one, other):
            return f"as result {number} {problem}"
    return None


def _nan_mismatch(got: Any, expected: Any) -> str | None:
    if _sort_of(expected) not in ("number", "numbers"):
        return None
    if np.isnan(_values(got)).any() and not np.isnan(_values(expected)).any():
        return "nan (not a number), where every value is a number: look for 0/0, inf - inf or the log of a negative"
    return None


def _sort_of(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes or no"
    if isinstance(value, Array):
        return _sort_of_array(value)
    if isinstance(value, numbers.Number):
        return "number"
    return "nothing" if value is None else "text" if isinstance(value, str) else type(value).__name__


def _sort_of_array(value: Array) -> str:
    try:
        plain = _values(value)
    except (TypeError, RuntimeError):  # sparse, nested, quantised, on the meta device
        return f"{type(value).__name__} without plain numbers"
    if plain.dtype.kind not in "biufc":
        return f"{type(value).__name__} of {plain.dtype} entries"
    if plain.ndim > 0:
        return "numbers"
    return "yes or no" if plain.dtype.kind == "b" else "number"


def _family(value: Array) -> str:
    names = {"b": "yes/no values", "i": "whole numbers", "u": "whole numbers", "c": "complex numbers"}
    return names.get(_values(value).dtype.kind, "floats")


def _dtype(value: Array) -> str:
    return str(value.dtype).removeprefix("torch.")


def _values(value: Any) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        value = value.float() if value.dtype in (torch.bfloat16, torch.float16) else value
        return value.resolve_conj().resolve_neg().numpy()
    plain = np.asarray(value)
    if plain.dtype == object and isinstance(value, numbers.Number):  # fractions, decimals, very large whole numbers
        try:
            return np.asarray(float(value))
        except OverflowError:
            return np.asarray(math.inf)
    return plain


def _near(got: Any, expected: Any, rtol: float, atol: float) -> np.ndarray:
    """Entry by entry; a count is right or wrong: 61,710 parameters are not 61,706, though they differ by 1e-4."""
    got, expected = _values(got), _values(expected)
    if expected.dtype.kind in "biu":
        return np.asarray(got == expected)
    return np.isclose(got, expected, rtol=rtol, atol=atol, equal_nan=True)


def _plain(value: Any) -> Any:
    if isinstance(value, Array) or isinstance(value, np.bool_):
        return _values(value).tolist()
    return value.strip().casefold() if isinstance(value, str) else value


def _rounded(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_rounded(each) for each in value) + "]"
    return f"{value:.5g}" if isinstance(value, float) and math.isfinite(value) else str(value)


def _name(value: Any) -> str:
    return f"`{getattr(value, '__name__', type(value).__name__)}`"
