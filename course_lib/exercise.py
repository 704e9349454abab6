"""An exercise: a question, a check that knows the usual wrong answers, three hints, a solution and why it is so.

Behaviour is checked, never form: the learner's function runs on the cases that are shown and on others that are not.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from course_lib import progress
from course_lib.attempt import (
    Result,
    call,
    fixed_random,
    is_placeholder,
    is_untouched,
    own_traceback,
    signature_problem,
)
from course_lib.comparison import first_difference, mismatch, same, show, sort
from course_lib.panel import Code, Panel

NOT_ATTEMPTED, NOT_YET, CORRECT, ERROR = "not attempted", "not yet", "correct", "error"
LOOKS = {NOT_ATTEMPTED: ("…", "neutral"), NOT_YET: ("↻", "retry"), CORRECT: ("✓", "good"), ERROR: ("!", "error")}

Cases = Sequence[tuple] | Callable[[int], Sequence[tuple]]


@dataclass(frozen=True, repr=False)
class Outcome(Panel):
    """What a check says: a `Panel` with the reason behind it.

    Attributes:
        kind: not attempted, not yet, correct, error.
        misconceptions: names of the wrong answers that give the learner's results.
    """

    kind: str = NOT_ATTEMPTED
    misconceptions: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """The sentences in plain text."""
        return "\n".join(self.parts)


class Exercise:
    """One exercise of a lesson.

    Args:
        id: "lesson/name", equal to the module and the variable that hold it.
        question: what is asked; `backticks` mark code.
        cases: argument tuples, or a function from a seed to argument tuples. None for an answer without arguments.
        hidden: further cases, which the learner has not seen: a function from a seed to argument tuples.
        oracle: an independent, slow and plain way to the right result.
        solution: the function that is shown as the solution.
        hints: three: where to look, the idea, almost the line.
        why: one or two sentences on why it matters; said with "correct" and with the solution.
        another: another way to the same result, as source or words.
        wrong: the usual wrong answers: name -> (function or value, what is said to it).
        rtol, atol: how close numbers must be.
        counts: what a number of the answer counts ("steps"), used in the feedback.

    Raises:
        ValueError: when the id has another form.
    """

    def __init__(
        self,
        id: str,
        *,
        question: str,
        oracle: Callable,
        solution: Callable,
        hints: tuple[str, str, str],
        why: str,
        wrong: dict[str, tuple[Any, str]],
        cases: Cases | None = None,
        hidden: Callable[[int], Sequence[tuple]] | None = None,
        another: str = "",
        rtol: float = 1e-4,
        atol: float = 1e-6,
        counts: str = "",
    ) -> None:
        if not re.fullmatch(r"\w+/\w+", id):
            raise ValueError(f"the id {id!r} is not of the form lesson/name")
        self.id, self.question, self.why, self.another, self.counts = id, question, why, another, counts
        self.oracle, self.shown_solution, self.hints = oracle, solution, tuple(hints)
        self.wrong = {name: (as_function(answer), say) for name, (answer, say) in wrong.items()}
        self.tolerance = {"rtol": rtol, "atol": atol}
        self._cases, self._hidden = cases, hidden
        self._hints_given, self._misses = 0, 0

    @property
    def name(self) -> str:
        """The part of the id behind the slash."""
        return self.id.split("/")[1]

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the arguments."""
        return tuple(inspect.signature(self.oracle).parameters)

    def all_cases(self) -> list[tuple]:
        """The shown cases first, then the hidden ones; the same on every call."""
        makers = [self._cases] if callable(self._cases) else []
        makers += [self._hidden] if self._hidden else []
        found = [] if callable(self._cases) else list(self._cases or [()])
        for maker in makers:
            for seed in range(3):
                with fixed_random(seed):
                    found += list(maker(seed))
        return found

    def results(self, function: Callable) -> list[Result]:
        """What a function gives on every case, each call from the same seed."""
        return [call(function, args, seed=number) for number, args in enumerate(self.all_cases())]

    def check(self, answer: Any = ...) -> Outcome:
        """Judge an answer; never raises, except when the learner interrupts it.

        Args:
            answer: the learner's function; where there are no arguments, the value itself will do.
        """
        outcome = self._judge(answer)
        named = ", ".join(outcome.misconceptions)
        progress.record({"id": self.id, "kind": "exercise", "outcome": outcome.kind, "misconception": named})
        return outcome

    def hint(self) -> Panel:
        """The next of three hints."""
        self._hints_given += 1
        if self._hints_given > len(self.hints):
            return Panel(
                "→", "No further hint", (self.hints[-1], f"That was the last. {self._call('solution')} shows the way.")
            )
        number = self._hints_given
        return Panel("→", f"Hint {number} of {len(self.hints)}", (self.hints[number - 1],), "ask")

    def solution(self) -> Panel:
        """The solution, why it is so, and another way."""
        parts = [Code(source(self.shown_solution)), self.why]
        if self.another:
            parts += [
                "Another way:",
                Code(self.another) if "\n" in self.another or "=" in self.another else self.another,
            ]
        return Panel("✓", "One solution", tuple(parts), "good")

    def _judge(self, answer: Any) -> Outcome:
        if is_placeholder(answer):
            return self._not_attempted()
        if not callable(answer) and self.parameters:
            return self._passed_a_result(answer)
        function, cases = as_function(answer), self.all_cases()
        if problem := signature_problem(function, cases[0], self.parameters):
            return _outcome(ERROR, problem)
        got = [call(function, args, seed=number) for number, args in enumerate(cases)]
        if any(is_untouched(each) for each in got):
            return self._not_attempted()
        expected = self.results(self.oracle)
        for check in (self._raised, self._another_sort, self._wrong_value, self._changed_input):
            if outcome := check(cases, got, expected):
                self._misses += 1
                return outcome
        self._misses = 0
        return _outcome(CORRECT, self.why)

    def _not_attempted(self) -> Outcome:
        return _outcome(NOT_ATTEMPTED, f"Put your answer where `...` stands. {self._call('hint')} gives a hint.")

    def _passed_a_result(self, answer: Any) -> Outcome:
        takes = ", ".join(self.parameters)
        words = f"This check wants your function itself and calls it with ({takes}); it was given {sort(answer)}."
        return _outcome(ERROR, f"{words} Write the function's name without parentheses behind it.")

    def _raised(self, cases: list, got: list[Result], expected: list[Result]) -> Outcome | None:
        for args, mine in zip(cases, got, strict=True):
            if mine.error is not None:
                said = f"Your code stopped with an error{self._at(args)}:"
                return _outcome(ERROR, said, Code(own_traceback(mine.error)))
        return None

    def _another_sort(self, cases: list, got: list[Result], expected: list[Result]) -> Outcome | None:
        for args, mine, right in zip(cases, got, expected, strict=True):
            if problem := mismatch(mine.value, right.value):
                return _outcome(NOT_YET, f"Your answer{self._at(args)} is {problem}.")
        return None

    def _wrong_value(self, cases: list, got: list[Result], expected: list[Result]) -> Outcome | None:
        for args, mine, right in zip(cases, got, expected, strict=True):
            if not same(mine.value, right.value, **self.tolerance):
                break
        else:
            return None
        names = self.misconceptions(got)
        said = [self.wrong[name][1] for name in names]
        if len(names) > 1:
            said = [
                "Different slips lead to these results; which is yours?",
                *(f"{self.wrong[name][1]}" for name in names),
            ]
        return _outcome(NOT_YET, *said, *self._concrete(args, mine.value, right.value, bool(names)), names=names)

    def _changed_input(self, cases: list, got: list[Result], expected: list[Result]) -> Outcome | None:
        for mine in got:
            if mine.changed:
                name = self.parameters[mine.changed[0]]
                words = f"The result is right, but the call changes its argument `{name}`, which belongs to the caller."
                return _outcome(NOT_YET, f"{words} Work on a new tensor: `a = a - b` makes one, `a -= b` does not.")
        return None

    def misconceptions(self, got: list[Result]) -> tuple[str, ...]:
        """Names of the wrong answers that give the same results on all cases."""
        values = [each.value for each in got]
        return tuple(name for name, (function, _) in self.wrong.items() if self._gives(function, values))

    def _gives(self, function: Callable, values: list) -> bool:
        mine = [each.value for each in self.results(function)]
        return all(same(a, b, **self.tolerance) for a, b in zip(values, mine, strict=True))

    def _concrete(self, args: tuple, mine: Any, right: Any, named: bool) -> list[str]:
        """The case, more of it with every miss: own value, then the expected one, then the way on."""
        place = first_difference(mine, right, **self.tolerance)
        where = f" at {list(place)}" if place is not None else ""
        own, wanted = (mine, right) if place is None else (mine[place], right[place])
        unit = f" {self.counts}" if self.counts else ""
        said = []
        if not named or self._misses:
            said += [f"{self._at(args).strip().capitalize() or 'Here'} you get {show(own)}{unit}{where}."]
        if self._misses:
            said = [said[0][:-1] + f"; expected is {show(wanted)}{unit}."]
        if self._misses >= 2:
            said += [f"{self._call('hint')} gives a hint, {self._call('solution')} shows the way."]
        return said

    def _at(self, args: tuple) -> str:
        pairs = [f"{name} = {show(value)}" for name, value in zip(self.parameters, args, strict=False)]
        return f" for {', '.join(pairs)}" if pairs else ""

    def _call(self, method: str) -> str:
        return f"`lesson.{self.name}.{method}()`"

    def _panel(self) -> Panel:
        return Panel("✎", "Exercise", (self.question,), "ask")

    def __repr__(self) -> str:
        return str(self._panel())

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return self._panel()._repr_mimebundle_()


def source(function: Callable) -> str:
    """The source of a function as it stands in its file, without its common indent."""
    return textwrap.dedent(inspect.getsource(function)).strip()


def as_function(answer: Any) -> Callable:
    """The answer itself when it can be called, else a function without arguments that returns it."""
    return answer if callable(answer) else lambda: answer


def _outcome(kind: str, *parts: str, names: tuple[str, ...] = ()) -> Outcome:
    symbol, tone = LOOKS[kind]
    return Outcome(symbol, kind[0].upper() + kind[1:], parts, tone, kind, names)
