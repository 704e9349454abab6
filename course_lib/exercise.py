"""An exercise: a question, a check that knows the usual wrong answers, three hints, a solution and why it is so.

Behaviour is checked, never form: the learner's function runs on the cases that are shown and on others that are not.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

from course_lib import progress
from course_lib.attempt import Result, call, fixed_random
from course_lib.feedback import CORRECT, ERROR, NOT_ATTEMPTED, NOT_YET, Outcome, as_function, judge
from course_lib.needs_brackets import NeedsBrackets
from course_lib.panel import Code, Panel

__all__ = ["CORRECT", "ERROR", "NOT_ATTEMPTED", "NOT_YET", "Exercise", "Outcome"]

SEEDS = range(3)  # how many times a function that makes cases is asked for them


class Exercise:
    """One exercise of a lesson.

    Args:
        id: "lesson/name", equal to the module and the variable that hold it.
        question: what is asked; `backticks` mark code.
        cases: the shown cases: argument tuples, or a function from a seed to argument tuples. None where the answer
            has no arguments.
        hidden: further cases, which the learner has not seen: a function from a seed to argument tuples of random
            shapes and values.
        oracle: an independent, slow and plain way to the right result; its parameters name the arguments.
        solution: the function whose source is shown as the solution.
        hints: three: where to look, the idea, almost the line.
        why: one or two sentences on why it matters; said with "correct" and with the solution.
        another: another way to the same result: a function, or words.
        wrong: the usual wrong answers: name -> (function or value, what is said to it). It may raise in some cases,
            and give a result of another shape: then its words speak of the shape.
        rtol, atol: how close numbers must be; whole numbers must be equal.
        counts: what a number of the answer counts ("steps"), used in the feedback.
        nothing: what is said to None, where a forgotten `return` is not the usual reason for it.
        returns: names of the results, where there are several: the feedback then says which of them are right.

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
        hints: Sequence[str],
        why: str,
        wrong: dict[str, tuple[Any, str]],
        cases: Sequence[tuple] | Callable[[int], Sequence[tuple]] | None = None,
        hidden: Callable[[int], Sequence[tuple]] | None = None,
        another: str | Callable = "",
        rtol: float = 1e-4,
        atol: float = 1e-6,
        counts: str = "",
        nothing: str = "",
        returns: Sequence[str] = (),
    ) -> None:
        if not re.fullmatch(r"\w+/\w+", id):
            raise ValueError(f"the id {id!r} is not of the form lesson/name")
        self.id, self.question, self.why, self.another, self.counts = id, question, why, another, counts
        self.oracle, self.right, self.hints = oracle, solution, tuple(hints)
        self.wrong = {name: (as_function(answer), say) for name, (answer, say) in wrong.items()}
        self.tolerance = {"rtol": rtol, "atol": atol}
        self.nothing, self.returns = nothing, tuple(returns)
        self._cases, self._hidden = cases, hidden
        self._hints_given, self._misses = 0, 0
        self._own_results: dict[Callable, list[Result]] = {}

    @property
    def name(self) -> str:
        """The part of the id behind the slash."""
        return self.id.split("/")[1]

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the arguments; none where a plain value answers."""
        return tuple(inspect.signature(self.oracle).parameters)

    def all_cases(self) -> list[tuple]:
        """The shown cases first, then the hidden ones; the same at every call."""
        if callable(self._cases):
            return _made(self._cases) + _made(self._hidden)
        return [*(self._cases or [()]), *_made(self._hidden)]

    def results(self, function: Callable) -> list[Result]:
        """What a function of the exercise's own gives on every case; random numbers start anew for each.

        Computed once: the oracle and forty wrong answers on fifteen nets took a second of every check.
        """
        if function not in self._own_results:
            cases = enumerate(self.all_cases())
            self._own_results[function] = [call(function, args, seed=number) for number, args in cases]
        return self._own_results[function]

    def check(self, answer: Any = ...) -> Outcome:
        """Judge an answer and record the outcome; never raises, except `Stopped` when the learner interrupts it.

        Args:
            answer: the learner's function; where there are no arguments, the value itself will do.
        """
        outcome = judge(self, answer, misses=self._misses)
        self._misses = {CORRECT: 0, NOT_YET: self._misses + 1}.get(outcome.kind, self._misses)
        named = ", ".join(outcome.misconceptions)
        progress.record({"id": self.id, "kind": "exercise", "outcome": outcome.kind, "misconception": named})
        return outcome

    @NeedsBrackets
    def hint(self) -> Panel:
        """The next hint; after the last one it says so."""
        total = len(self.hints)
        self._hints_given += 1
        if self._hints_given > total:
            words = f"That was the last hint. {self.how('solution')} shows a way."
            return Panel("→", "No further hint", (*self.hints[-1:], words))
        return Panel("→", f"Hint {self._hints_given} of {total}", (self.hints[self._hints_given - 1],), "ask")

    @NeedsBrackets
    def solution(self) -> Panel:
        """One solution, why it is so, and another way."""
        parts = [Code(source(self.right)), self.why]
        if self.another:
            parts += ["Another way:", Code(source(self.another)) if callable(self.another) else self.another]
        return Panel("✓", "One solution", tuple(parts), "good")

    def how(self, method: str) -> str:
        """How a notebook calls a method, such as "hint": `lesson.collapse.hint()`."""
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


def _made(maker: Callable[[int], Sequence[tuple]] | None) -> list[tuple]:
    cases = []
    for seed in SEEDS if maker else ():
        with fixed_random(seed):
            cases += maker(seed)
    return cases
