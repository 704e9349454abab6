"""Which runs a sweep consists of: every point of the grid, times every seed, and the checks of both."""

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.number_checks import whole_number
from course_lib.optimizers import DEFAULTS

# name -> (lowest, highest, the highest itself is allowed); the lowest always is
ALLOWED: dict[str, tuple[float, float, bool]] = {
    "lr": (0.0, math.inf, False),
    "momentum": (0.0, math.inf, False),
    "weight_decay": (0.0, math.inf, False),
    "eps": (0.0, math.inf, False),
    "beta1": (0.0, 1.0, False),
    "beta2": (0.0, 1.0, False),
    "alpha": (0.0, 1.0, True),
}


@dataclass(frozen=True)
class Sweep:
    """The runs of a sweep, in the order of its axes: the grid's, as written in the call, then the seeds.

    Attributes:
        optimizer: a key of ``DEFAULTS``.
        grid: name -> the values tried, in order.
        fixed: name -> the value that all runs share.
        seeds: one whole number a repetition.
    """

    optimizer: str
    grid: dict[str, list[float]]
    fixed: dict[str, float]
    seeds: list[int]

    @property
    def shape(self) -> tuple[int, ...]:
        """Points on each axis: (*grid, seeds)."""
        return (*(len(values) for values in self.grid.values()), len(self.seeds))

    @property
    def axes(self) -> dict[str, Tensor]:
        """Name -> the places on that axis, float64; the last one is "seed", int64."""
        places = {name: torch.tensor(values, dtype=torch.float64) for name, values in self.grid.items()}
        return places | {"seed": torch.tensor(self.seeds)}

    def __len__(self) -> int:
        return math.prod(self.shape)

    def each(self) -> list[tuple[dict[str, float], int]]:
        """The hyperparameters and the place among the seeds of each of the M runs."""
        points = itertools.product(*self.grid.values(), range(len(self.seeds)))
        return [(self.fixed | dict(zip(self.grid, values, strict=True)), seed) for *values, seed in points]

    def stacked(self) -> dict[str, float | Tensor]:
        """Name -> a float where all runs share it, else a float64 tensor (M,)."""
        runs = self.each()
        tried = {name: torch.tensor([run[name] for run, _ in runs], dtype=torch.float64) for name in self.grid}
        return self.fixed | tried


def plan(
    optimizer: str, grid: Mapping[str, Iterable[float]], given: Mapping[str, float | None], seeds: object
) -> Sweep:
    """Check what a sweep was asked for, and lay it out.

    Args:
        optimizer: "sgd", "momentum", "rmsprop" or "adam".
        grid: name -> the values to try.
        given: name -> one value for all runs; None means the optimiser's default.
        seeds: whole numbers, each once.

    Raises:
        ValueError: with a sentence that names the value and what to write instead.
    """
    if not isinstance(optimizer, str) or optimizer not in DEFAULTS:
        raise ValueError(f"optimizer is {optimizer!r}; fit_many has {_listed(DEFAULTS)}. Any other can be used in fit.")
    if not isinstance(grid, Mapping):
        raise ValueError(f'grid is a {type(grid).__name__}; write a dictionary, such as grid={{"lr": [0.01, 0.1]}}.')
    known = DEFAULTS[optimizer]
    given = {name: value for name, value in given.items() if value is not None}
    _check_names(optimizer, grid, given)
    checked = {name: _values(name, values) for name, values in grid.items()}
    fixed = {name: value for name, value in {**known, **given}.items() if name not in grid}
    if fixed.get("lr", 0.0) is None:
        raise ValueError('No learning rate: put "lr" into grid, or give one for all runs, such as lr=0.1.')
    return Sweep(optimizer, checked, {name: _number(name, value) for name, value in fixed.items()}, _seeds(seeds))


def _check_names(optimizer: str, grid: Mapping[str, object], given: Mapping[str, object]) -> None:
    known = DEFAULTS[optimizer]
    for name in [*grid, *given]:
        if name in ("seed", "seeds"):
            raise ValueError("The seeds are an axis of their own: write seeds=range(5) beside grid, not inside it.")
        if name not in known:
            raise ValueError(f"{optimizer!r} has no hyperparameter {name!r}; it has {_listed(known)}.")
        if name in grid and name in given:
            raise ValueError(f"{name} is in the grid and is also given as {given[name]}: leave one of the two out.")


def _values(name: str, values: object) -> list[float]:
    if hasattr(values, "tolist"):  # of PyTorch or NumPy
        values = values.tolist()
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise ValueError(f"grid[{name!r}] is {values!r}; it must be a list of numbers, such as [0.01, 0.1].")
    checked = [_number(name, value) for value in values]
    if not checked:
        raise ValueError(f"grid[{name!r}] is empty, so there is nothing to try: give at least one number.")
    return checked


def _number(name: str, value: object) -> float:
    """Return the value as a float that the optimiser can use.

    Raises:
        ValueError: when it is not a number, or a number outside of ``ALLOWED``.
    """
    try:
        if isinstance(value, str | bool):
            raise TypeError
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):  # RuntimeError: a tensor with several numbers
        raise ValueError(f"{name} is {value!r}, which is not a number.") from None
    low, high, closed = ALLOWED[name]
    if not (low <= number < high or (closed and number == high)):
        upto = "finite" if high == math.inf else f"{'up to' if closed else 'below'} {high:g}"
        raise ValueError(f"{name} is {number:g}; it must be a number of {low:g} or more, and {upto}.")
    return number


def _seeds(seeds: object) -> list[int]:
    if hasattr(seeds, "tolist"):
        seeds = seeds.tolist()
    if isinstance(seeds, str | bytes) or not isinstance(seeds, Iterable):
        raise ValueError(f"seeds is {seeds!r}; it must be a list of whole numbers, such as [0] or range(5).")
    whole = [whole_number("A seed", seed) for seed in seeds]
    if not whole:
        raise ValueError("seeds is empty, so there is nothing to run: seeds=[0] runs each setting once.")
    repeated = sorted({seed for seed in whole if whole.count(seed) > 1})
    if repeated:
        raise ValueError(f"The seed {repeated[0]} occurs twice in seeds; the second run would only repeat the first.")
    return whole


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)
