"""Controls with one value: a number on a track, a number to type, one of a few options."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Any

import ipywidgets as widgets

from course_lib import style
from course_lib.control import Control


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
        text = f"{self.label or name}{' in ' + self.unit if self.unit else ''}"
        # A track of the same length behind every label, in the large mode too: without, a long label leaves none.
        width = round(style.scale() * (260 + 7 * len(text)))
        look = {
            "description": text,
            "style": {"description_width": "initial"},
            "layout": widgets.Layout(width=f"{width}px"),
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
