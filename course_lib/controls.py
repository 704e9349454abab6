"""The five kinds of control an explorer may have: Slider, Choice, Switches, Grid, Number.

A control knows its range, what a valid value is, and the ipywidgets that stand for it. All of them work by keyboard.
Whoever needs a sixth kind has probably two explorers in one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random
from typing import Any

import ipywidgets as widgets


class Control:
    """What an explorer asks of a control; `start` is its value before anyone touches it."""

    start: Any

    def check(self, value: Any) -> Any:
        """The value as `compute` gets it; ValueError names it when it lies outside."""
        raise NotImplementedError

    def places(self) -> tuple[Any, Any, Any]:
        """Lowest, highest and middle value, for tests."""
        raise NotImplementedError

    def random(self, rng: Random) -> Any:
        """Any valid value, for tests."""
        raise NotImplementedError

    def widgets(self, name: str) -> tuple[widgets.Widget, list[widgets.Widget]]:
        """The widget to show, and the inputs inside it whose `value` can change."""
        raise NotImplementedError

    def read(self, inputs: list[widgets.Widget]) -> Any:
        return inputs[0].value

    def write(self, inputs: list[widgets.Widget], value: Any) -> None:
        inputs[0].value = value


@dataclass
class Slider(Control):
    """A number on a track: linear, logarithmic, or whole numbers only.

    Args:
        lo, hi: both ends; positive when `log`.
        start: value at the beginning, `lo` unless given.
        log: equal steps multiply.
        integer: whole numbers only.
        step: distance of two neighbouring values; a power of ten when `log`. About 100 steps unless given.
        unit: shown behind the name.
        label: shown instead of the name in `controls`.
    """

    lo: float
    hi: float
    start: float | None = None
    log: bool = False
    integer: bool = False
    step: float | None = None
    unit: str = ""
    label: str = ""

    def __post_init__(self) -> None:
        if not self.lo < self.hi:
            raise ValueError(f"a Slider needs lo < hi, got lo={self.lo!r} and hi={self.hi!r}")
        if self.log and self.lo <= 0:
            raise ValueError(f"a logarithmic Slider starts above 0, got lo={self.lo!r}")
        self.start = self.check(self.lo if self.start is None else self.start)

    def check(self, value: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"{value!r} is not a number between {self.lo:g} and {self.hi:g}")
        slack = 1e-9 * max(abs(self.lo), abs(self.hi))
        if not self.lo - slack <= value <= self.hi + slack:
            raise ValueError(f"{value!r} lies outside {self.lo:g} to {self.hi:g}")
        value = min(max(value, self.lo), self.hi)
        return int(round(value)) if self.integer else float(value)

    def places(self) -> tuple[float, float, float]:
        middle = math.sqrt(self.lo * self.hi) if self.log else (self.lo + self.hi) / 2
        return self.check(self.lo), self.check(self.hi), self.check(middle)

    def random(self, rng: Random) -> float:
        if self.log:
            return self.check(math.exp(rng.uniform(math.log(self.lo), math.log(self.hi))))
        return self.check(rng.uniform(self.lo, self.hi))

    def widgets(self, name: str) -> tuple[widgets.Widget, list[widgets.Widget]]:
        look = {
            "description": f"{self.label or name}{' in ' + self.unit if self.unit else ''}",
            "style": {"description_width": "initial"},
            "layout": widgets.Layout(width="340px"),
        }
        if self.integer:
            step = int(self.step or 1)
            slider = widgets.IntSlider(self.start, int(self.lo), int(self.hi), step=step, **look)
        elif self.log:
            lo, hi = math.log10(self.lo), math.log10(self.hi)
            step = self.step or _step(lo, hi, math.log10(self.start))
            slider = widgets.FloatLogSlider(
                self.start, base=10, min=lo, max=hi, step=step, readout_format=".3g", **look
            )
        else:
            step = self.step or _step(self.lo, self.hi, self.start)
            slider = widgets.FloatSlider(self.start, min=self.lo, max=self.hi, step=step, readout_format=".3g", **look)
        return slider, [slider]


def _step(lo: float, hi: float, start: float) -> float:
    """About a hundredth of the track, and such that `start` lies on a step: the front end moves what lies between."""
    usual, way = (hi - lo) / 100, start - lo
    return way / max(1, round(way / usual)) if way > 0 else usual


class Choice(Control):
    """One of a few named options, shown as buttons side by side.

    Args:
        options: what to choose from; the first is chosen at the beginning unless `start` says otherwise.
    """

    def __init__(self, *options: Any, start: Any = None, label: str = "") -> None:
        if len(options) < 2:
            raise ValueError(f"a Choice needs at least two options, got {options!r}")
        self.options, self.label = options, label
        self.start = options[0] if start is None else self.check(start)

    def check(self, value: Any) -> Any:
        if value not in self.options:
            raise ValueError(f"{value!r} is none of {', '.join(map(repr, self.options))}")
        return value

    def places(self) -> tuple[Any, Any, Any]:
        return self.options[0], self.options[-1], self.options[len(self.options) // 2]

    def random(self, rng: Random) -> Any:
        return rng.choice(self.options)

    def widgets(self, name: str) -> tuple[widgets.Widget, list[widgets.Widget]]:
        options = [(str(option), option) for option in self.options]
        buttons = widgets.ToggleButtons(
            options=options,
            value=self.start,
            tooltips=[f"{self.label or name}: {text}" for text, _ in options],
            style={"button_width": "auto"},
            layout=widgets.Layout(width="auto"),
        )
        return widgets.HBox([widgets.Label(self.label or name), buttons]), [buttons]


class Switches(Control):
    """A row of n on/off switches; the value is a tuple of n bools.

    Args:
        n: how many.
        start: which are on at the beginning; all unless given.
        labels: one a switch; its number unless given.
    """

    def __init__(self, n: int, *, start: tuple[bool, ...] | None = None, labels: tuple[str, ...] = ()) -> None:
        self.n = n
        self.labels = labels or tuple(str(i + 1) for i in range(n))
        self.start = self.check((True,) * n if start is None else start)

    def check(self, value: tuple[bool, ...]) -> tuple[bool, ...]:
        if not isinstance(value, list | tuple) or len(value) != self.n or any(v not in (0, 1) for v in value):
            raise ValueError(f"{value!r} is not a row of {self.n} switches, each True or False")
        return tuple(bool(v) for v in value)

    def places(self) -> tuple[tuple[bool, ...], ...]:
        return (False,) * self.n, (True,) * self.n, tuple(i % 2 == 0 for i in range(self.n))

    def random(self, rng: Random) -> tuple[bool, ...]:
        return tuple(rng.random() < 0.5 for _ in range(self.n))

    def widgets(self, name: str) -> tuple[widgets.Widget, list[widgets.Widget]]:
        look = widgets.Layout(width="auto")
        inputs = [
            widgets.ToggleButton(value=on, description=text, tooltip=f"{name}: {text}", layout=look)
            for on, text in zip(self.start, self.labels, strict=True)
        ]
        return widgets.HBox([widgets.Label(name), *inputs]), inputs

    def read(self, inputs: list[widgets.Widget]) -> tuple[bool, ...]:
        return tuple(i.value for i in inputs)

    def write(self, inputs: list[widgets.Widget], value: tuple[bool, ...]) -> None:
        for box, on in zip(inputs, value, strict=True):
            box.value = on


@dataclass
class Grid(Control):
    """A table of typed numbers, r rows by c columns; the value is a tuple of rows.

    Args:
        rows, columns: its size.
        lo, hi: limits of every number.
        start: tuple of rows; zeros unless given.
        step: of the small arrows beside each number.
    """

    rows: int
    columns: int
    lo: float = -10
    hi: float = 10
    start: tuple[tuple[float, ...], ...] = field(default=())
    step: float = 0.1

    def __post_init__(self) -> None:
        self.start = self.check(self.start or ((0.0,) * self.columns,) * self.rows)

    def check(self, value: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
        shape = f"{self.rows} rows of {self.columns} numbers"
        if len(value) != self.rows or any(len(row) != self.columns for row in value):
            raise ValueError(f"{value!r} is not {shape}")
        one = Number(self.lo, self.hi)
        return tuple(tuple(one.check(v) for v in row) for row in value)

    def places(self) -> tuple[Any, Any, Any]:
        return tuple(((v,) * self.columns,) * self.rows for v in Number(self.lo, self.hi).places())

    def random(self, rng: Random) -> tuple[tuple[float, ...], ...]:
        return tuple(tuple(rng.uniform(self.lo, self.hi) for _ in range(self.columns)) for _ in range(self.rows))

    def widgets(self, name: str) -> tuple[widgets.Widget, list[widgets.Widget]]:
        look = widgets.Layout(width="74px")
        inputs = [
            widgets.BoundedFloatText(v, min=self.lo, max=self.hi, step=self.step, layout=look)
            for row in self.start
            for v in row
        ]
        rows = [widgets.HBox(inputs[i : i + self.columns]) for i in range(0, len(inputs), self.columns)]
        return widgets.VBox([widgets.Label(name), *rows]), inputs

    def read(self, inputs: list[widgets.Widget]) -> tuple[tuple[float, ...], ...]:
        flat = [i.value for i in inputs]
        return tuple(tuple(flat[i : i + self.columns]) for i in range(0, len(flat), self.columns))

    def write(self, inputs: list[widgets.Widget], value: tuple[tuple[float, ...], ...]) -> None:
        for box, v in zip(inputs, (v for row in value for v in row), strict=True):
            box.value = v


@dataclass
class Number(Control):
    """One typed number between lo and hi, for values that nobody wants to drag to.

    Args:
        lo, hi: limits; a value typed beyond is set to the nearer one by the front end.
        start: value at the beginning, the limit nearest to 0 unless given.
        step: of the small arrows.
    """

    lo: float
    hi: float
    start: float | None = None
    step: float = 0.1
    unit: str = ""
    label: str = ""

    check = Slider.check
    places = Slider.places
    random = Slider.random
    log = integer = False

    def __post_init__(self) -> None:
        if not self.lo < self.hi:
            raise ValueError(f"a Number needs lo < hi, got lo={self.lo!r} and hi={self.hi!r}")
        self.start = self.check(min(max(0.0, self.lo), self.hi) if self.start is None else self.start)

    def widgets(self, name: str) -> tuple[widgets.Widget, list[widgets.Widget]]:
        text = f"{self.label or name}{' in ' + self.unit if self.unit else ''}"
        box = widgets.BoundedFloatText(
            self.start,
            min=self.lo,
            max=self.hi,
            step=self.step,
            description=text,
            style={"description_width": "initial"},
        )
        return box, [box]
