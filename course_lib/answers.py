"""The kinds of answer a prediction takes: a number on an axis, one of a few choices, marks on an axis.

Each kind reads what the learner gives, measures how far it is from the truth (in the units of the plot: decades on a
log axis), and makes its control. Source: ours.
"""

from __future__ import annotations

import math
from typing import Any


class Number:
    """One place on an axis.

    Args:
        lo, hi: the ends of the axis, both allowed as answers.
        log: distances are measured in decades.
        integer: whole numbers only.
        unit: written behind the number.
        start: where the slider stands at first; the middle of the axis if not given.

    Raises:
        ValueError: when the ends are no axis.
    """

    def __init__(
        self,
        lo: float,
        hi: float,
        *,
        log: bool = False,
        integer: bool = False,
        unit: str = "",
        start: float | None = None,
    ) -> None:
        if not (math.isfinite(lo) and math.isfinite(hi) and lo < hi):
            raise ValueError(f"an axis from {lo!r} to {hi!r} has no length: give lo < hi, both finite")
        if log and lo <= 0:
            raise ValueError(f"a log axis cannot start at {lo!r}: give lo > 0")
        self.lo, self.hi, self.log, self.integer, self.unit = lo, hi, log, integer, unit
        self.start = self.parse(self._middle() if start is None else start)

    def parse(self, value: Any) -> float:
        """The value as a number of this axis, or a ValueError that names it and the axis."""
        number = _real(value)
        if number is None or not math.isfinite(number):
            raise ValueError(f"{value!r} is no number; answer with a number {self.range()}")
        if self.integer and number != round(number):
            raise ValueError(f"{value!r} is not a whole number; answer with a whole number {self.range()}")
        slack = 1e-9 * max(abs(self.lo), abs(self.hi))  # a log slider's last step may miss the end by rounding
        if not self.lo - slack <= number <= self.hi + slack:
            raise ValueError(f"{value!r} is off the axis; answer with a number {self.range()}")
        number = min(max(number, self.lo), self.hi)
        return round(number) if self.integer else number

    def place(self, value: float) -> float:
        """Position in the units of the plot: decades on a log axis; minus infinity at or below its zero."""
        if not self.log:
            return float(value)
        return math.log10(value) if value > 0 else -math.inf

    def distance(self, one: float, other: float) -> float:
        """How far apart two values are, in the units of the plot."""
        return abs(self.place(one) - self.place(other))

    def tolerance(self) -> float:
        """A quarter of the axis: what a prediction uses unless it says otherwise."""
        return (self.place(self.hi) - self.place(self.lo)) / 4

    def truth(self, value: Any) -> float:
        """A true value as a number; it may lie off the axis, but it must exist."""
        number = _real(value)
        if number is None or not math.isfinite(number):
            raise ValueError(f"truth={value!r} is no finite number")
        return number

    def words(self, value: float) -> str:
        """The value as a reader writes it, with its unit."""
        return f"{format_number(value)} {self.unit}".rstrip()

    def outcome(self, answer: float, truth: float) -> str:
        """'You said 0.4; it came out at 0.8. Yours is lower by a factor of 2.'"""
        said = f"You said {self.words(answer)}; it came out at {self.words(truth)}."
        if self.distance(answer, truth) < self.tolerance() / 100:
            return said  # nobody is told to be off "by a factor of 1"
        ratio = max(answer / truth, truth / answer) if self.log and truth > 0 else 0
        gap = f"a factor of {format_number(float(f'{ratio:.2g}'))}" if ratio else ""
        gap = gap or self.words(abs(answer - truth))
        return f"{said} Yours is {'higher' if answer > truth else 'lower'} by {gap}."

    def range(self) -> str:
        """'between 0.1 and 10'."""
        return f"between {format_number(self.lo)} and {self.words(self.hi)}"

    def _middle(self) -> float:
        middle = math.sqrt(self.lo * self.hi) if self.log else (self.lo + self.hi) / 2
        return round(middle) if self.integer else middle


class Choice:
    """One of a few options.

    Raises:
        ValueError: for fewer than two options or two equal ones.
    """

    def __init__(self, *options: str) -> None:
        if len(set(options)) != len(options) or len(options) < 2:
            raise ValueError(f"a choice needs at least two different options, got {options!r}")
        self.options = options

    def parse(self, value: Any) -> str:
        """The option, or a ValueError that lists the options."""
        if value not in self.options:
            raise ValueError(f"{value!r} is none of the options; answer with {self.range()}")
        return value

    truth = parse

    def distance(self, one: str, other: str) -> float:
        """0 for the same option, infinite for another."""
        return 0.0 if one == other else math.inf

    def tolerance(self) -> float:
        """There is no almost among options."""
        return 1.0

    def words(self, value: str) -> str:
        """The option in quotes."""
        return f"“{value}”"

    def outcome(self, answer: str, truth: str) -> str:
        """'You said “a”, and so it is.'"""
        return (
            f"You said {self.words(answer)}{', and so it is' if answer == truth else f'; it is {self.words(truth)}'}."
        )

    def range(self) -> str:
        """'one of “a”, “b”'."""
        return "one of " + ", ".join(self.words(option) for option in self.options)


class Marks:
    """Several named places on one axis.

    Args:
        labels: what each mark stands for.
        lo, hi, log, unit: the axis, as of `Number`.
        ordered: each mark lies above the one before; an answer the other way round is sent back.

    Raises:
        ValueError: when the ends are no axis, or without different labels.
    """

    def __init__(
        self, *labels: str, lo: float, hi: float, log: bool = False, unit: str = "", ordered: bool = False
    ) -> None:
        if not labels or len(set(labels)) != len(labels):
            raise ValueError(f"marks need different labels, got {labels!r}")
        self.labels, self.axis, self.ordered = labels, Number(lo, hi, log=log, unit=unit), ordered

    def parse(self, value: Any) -> tuple[float, ...]:
        """One place per label (a sequence in their order, or a dictionary), or a ValueError that says what is wrong."""
        places = tuple(self.axis.parse(each) for each in self._in_order(value))
        if self.ordered and list(places) != sorted(places):
            raise ValueError(f"{self.words(places)}: the order is turned round; {' ≤ '.join(self.labels)} is asked for")
        return places

    def truth(self, value: Any) -> tuple[float, ...]:
        """The true places, in the order of the labels."""
        return tuple(self.axis.truth(each) for each in self._in_order(value))

    def distance(self, one: tuple[float, ...], other: tuple[float, ...]) -> float:
        """The largest distance of any two marks of the same label."""
        return max(self.axis.distance(a, b) for a, b in zip(one, other, strict=True))

    def tolerance(self) -> float:
        """A quarter of the axis."""
        return self.axis.tolerance()

    def words(self, value: tuple[float, ...]) -> str:
        """'too slow 0.001, diverges 2'."""
        return ", ".join(f"{label} {self.axis.words(each)}" for label, each in zip(self.labels, value, strict=True))

    def outcome(self, answer: tuple[float, ...], truth: tuple[float, ...]) -> str:
        """'You said: a 0.1, b 2. It came out at: a 0.2, b 2.'"""
        return f"You said: {self.words(answer)}. It came out at: {self.words(truth)}."

    def range(self) -> str:
        """'2 places between 0.1 and 10: a, b'."""
        return f"{len(self.labels)} places {self.axis.range()}: {', '.join(self.labels)}"

    def _in_order(self, value: Any) -> list:
        wanted = f"answer with {self.range()}"
        if isinstance(value, dict):
            if set(value) != set(self.labels):
                raise ValueError(f"the marks {', '.join(map(str, value))} are not those asked for; {wanted}")
            return [value[label] for label in self.labels]
        try:
            places = list(value)
        except TypeError:
            raise ValueError(f"{value!r} is one value; {wanted}") from None
        if isinstance(value, str) or len(places) != len(self.labels):
            raise ValueError(f"{value!r} has not one place for each mark; {wanted}")
        return places


Kind = Number | Choice | Marks


def format_number(value: float) -> str:
    """Three digits, no exponent where a reader would not write one: 0.00012, 61,706, 3.2e-08."""
    if value == round(value) and abs(value) < 1e7:
        return f"{round(value):,}"
    if 1e-5 <= abs(value) < 1e7:
        digits = max(0, 2 - math.floor(math.log10(abs(value))))
        text = f"{value:,.{digits}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.3g}"


def _real(value: Any) -> float | None:
    """A Python number from a number, a NumPy number or a 0-d tensor; None for anything else."""
    if isinstance(value, bool | str) or value is None:
        return None
    if hasattr(value, "detach"):
        value = value.detach()
    try:
        return value.item() if hasattr(value, "item") else float(value) if not isinstance(value, int) else value
    except (TypeError, ValueError, RuntimeError):
        return None
