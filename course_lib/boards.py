"""Controls with many values on one board: switches, a grid of typed numbers, rows of sliders of which one is chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

import ipywidgets as widgets
import traitlets

from course_lib import style
from course_lib.control import Control
from course_lib.single_controls import Choice, Number, Slider


class Switches(Control):
    """n on/off switches in a row, or on a board of several rows; the value is a tuple of n bools, row by row.

    Args:
        n: how many.
        start: which are on at the beginning; all unless given.
        labels: one a switch; its number unless given.
        columns: switches in a row of a board, whose switches are small squares without labels; 0 for a single row.

    Raises:
        ValueError: a start that is no n switches, or n switches that do not fill the rows of the board.
    """

    def __init__(
        self, n: int, *, start: tuple[bool, ...] | None = None, labels: tuple[str, ...] = (), columns: int = 0
    ) -> None:
        if columns and n % columns:
            raise ValueError(f"{n} switches do not fill rows of {columns}")
        self.n, self.columns, self.tall = n, columns, bool(columns)
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
        return self._board(name) if self.columns else self._row(name)

    def _row(self, name: str) -> tuple[widgets.Widget, list[widgets.Widget]]:
        look = widgets.Layout(width="auto")
        inputs = [
            widgets.ToggleButton(value=on, description=text, tooltip=f"{name}: {text}", layout=look)
            for on, text in zip(self.start, self.labels, strict=True)
        ]
        return widgets.HBox([widgets.Label(name), *inputs]), inputs

    def _board(self, name: str) -> tuple[widgets.Widget, list[widgets.Widget]]:
        side = f"{round(30 * style.scale())}px"
        look = widgets.Layout(width=side, height=side, margin="1px", padding="0")
        inputs = [
            widgets.ToggleButton(
                value=on,
                tooltip=f"{name}: row {i // self.columns + 1}, column {i % self.columns + 1}",
                layout=look,
            )
            for i, on in enumerate(self.start)
        ]
        rows = [widgets.HBox(inputs[i : i + self.columns]) for i in range(0, self.n, self.columns)]
        board = widgets.VBox(rows, layout=widgets.Layout(overflow="visible"))
        board.add_class("course-board")
        return board, inputs

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
        return widgets.VBox([widgets.Label(name), *rows], layout=widgets.Layout(margin="0 0 0.8em 0")), inputs

    def read(self, inputs: list[widgets.Widget]) -> tuple[tuple[float, ...], ...]:
        flat = [i.value for i in inputs]
        return tuple(tuple(flat[i : i + self.columns]) for i in range(0, len(flat), self.columns))

    def write(self, inputs: list[widgets.Widget], value: tuple[tuple[float, ...], ...]) -> None:
        for box, v in zip(inputs, (v for row in value for v in row), strict=True):
            box.value = v


class Chosen(NamedTuple):
    """What `Rows` says: which row is chosen, from 0, and the numbers of all rows."""

    row: int
    rows: tuple[tuple[float, ...], ...]


class Rows(Control):
    """Several things of one kind, of which one is chosen and moved: buttons to choose, and a slider for each column.

    Args:
        n: how many rows.
        start: one tuple a row, a number for each column.
        label: what a row is, such as "bump".
        chosen: which row the sliders move at the beginning.
        **columns: a `Slider` each; its own start is not used.

    The value is a `Chosen`.

    Raises:
        ValueError: a start of another shape, or a number outside its slider.
    """

    def __init__(
        self, n: int, *, start: tuple[tuple[float, ...], ...], label: str = "row", chosen: int = 0, **columns: Slider
    ) -> None:
        self.n, self.label, self.columns = n, label, columns
        self.start = self.check(Chosen(chosen, start))

    def check(self, value: Chosen) -> Chosen:
        chosen, rows = value
        if isinstance(chosen, bool) or not isinstance(chosen, int) or not 0 <= chosen < self.n:
            raise ValueError(f"{chosen!r} is none of the rows 0 to {self.n - 1}")
        if len(rows) != self.n or any(len(row) != len(self.columns) for row in rows):
            raise ValueError(f"{rows!r} is not {self.n} rows of {', '.join(self.columns)}")
        sliders = self.columns.values()
        return Chosen(chosen, tuple(tuple(s.check(v) for s, v in zip(sliders, row, strict=True)) for row in rows))

    def places(self) -> tuple[Chosen, Chosen, Chosen]:
        rows = zip(*(slider.places() for slider in self.columns.values()), strict=True)
        return tuple(Chosen(i, (row,) * self.n) for i, row in zip((0, self.n - 1, self.n // 2), rows, strict=True))

    def random(self, rng: Random) -> Chosen:
        rows = tuple(tuple(slider.random(rng) for slider in self.columns.values()) for _ in range(self.n))
        return Chosen(rng.randrange(self.n), rows)

    def widgets(self, name: str) -> tuple[widgets.Widget, list[widgets.Widget]]:
        chooser, (buttons,) = Choice(*range(1, self.n + 1), label=self.label).widgets(name)
        places = [slider.widgets(column) for column, slider in self.columns.items()]
        state = _RowsState(buttons, [inputs[0] for _, inputs in places], self.start)
        return widgets.VBox([chooser, *(shown for shown, _ in places)]), [state]


class _RowsState(traitlets.HasTraits):
    """Holds all rows, of which the sliders show one; `value` is a `Chosen`, as if it were a widget's."""

    value = traitlets.Any()

    def __init__(self, buttons: widgets.Widget, sliders: list[widgets.Widget], start: Chosen) -> None:
        self._buttons, self._sliders, self._following = buttons, sliders, False
        super().__init__(value=start)
        self._follow()
        self.observe(self._follow, "value")
        buttons.observe(self._choose, "value")
        for slider in sliders:
            slider.observe(self._move, "value")

    def _choose(self, change: Any) -> None:
        if not self._following:
            self.value = Chosen(change.new - 1, self.value.rows)

    def _move(self, _change: Any) -> None:
        if not self._following:
            chosen, rows = self.value
            here = tuple(slider.value for slider in self._sliders)
            self.value = Chosen(chosen, (*rows[:chosen], here, *rows[chosen + 1 :]))

    def _follow(self, _change: Any = None) -> None:
        """Buttons and sliders show the value; what they report meanwhile is no move of the learner's."""
        self._following = True
        try:
            self._buttons.value = self.value.row + 1
            for slider, number in zip(self._sliders, self.value.rows[self.value.row], strict=True):
                slider.value = number
        finally:
            self._following = False
