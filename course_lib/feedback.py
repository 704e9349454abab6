"""What is said to an answer of an exercise: one of four outcomes, with the words that help at this attempt.

The order matters: an answer that raised is not compared, one of another shape is not compared by value, and only a
right result is asked whether it left its arguments alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from course_lib.attempt import Result, call, is_placeholder, is_untouched, own_traceback, signature_problem
from course_lib.comparison import first_difference, mismatch, same, show, sort
from course_lib.panel import Code, Panel

if TYPE_CHECKING:
    from course_lib.exercise import Exercise

NOT_ATTEMPTED, NOT_YET, CORRECT, ERROR = "not attempted", "not yet", "correct", "error"
LOOKS = {NOT_ATTEMPTED: ("…", "neutral"), NOT_YET: ("↻", "retry"), CORRECT: ("✓", "good"), ERROR: ("!", "error")}


@dataclass(frozen=True, repr=False)
class Outcome(Panel):
    """What a check says: a `Panel` with the reason behind it.

    Attributes:
        kind: not attempted, not yet, correct, error.
        misconceptions: names of the wrong answers that give the learner's results on every case.
    """

    kind: str = NOT_ATTEMPTED
    misconceptions: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """The sentences in plain text."""
        return "\n".join(self.parts)


def judge(exercise: Exercise, answer: Any, *, misses: int = 0) -> Outcome:
    """The outcome of an answer.

    Args:
        exercise: what was asked.
        answer: a function, or a plain value where there are no arguments.
        misses: wrong results so far; the words grow more concrete with them.

    Raises:
        Stopped: when the learner interrupts the check.
    """
    if is_placeholder(answer):
        return _not_attempted(exercise)
    if not callable(answer) and exercise.parameters:
        return _not_a_function(exercise, answer)
    function, cases = as_function(answer), exercise.all_cases()
    if problem := signature_problem(function, cases[0], exercise.parameters):
        return _outcome(ERROR, problem)
    got = [call(function, args, seed=number, quiet=number > 0) for number, args in enumerate(cases)]
    if any(is_untouched(each) for each in got):
        return _not_attempted(exercise)
    expected = exercise.results(exercise.oracle)
    for args, mine, right in zip(cases, got, expected, strict=True):
        if problem := _unusable(exercise, args, mine, right):
            return _known(exercise, got, problem, misses)
    for args, mine, right in zip(cases, got, expected, strict=True):
        if not same(mine.value, right.value, **exercise.tolerance):
            return _wrong(exercise, args, mine.value, right.value, matching(exercise, got), misses)
    changed = [place for mine in got for place in mine.changed]
    return _changed_input(exercise.parameters[changed[0]]) if changed else _outcome(CORRECT, exercise.why)


def as_function(answer: Any) -> Callable:
    """The answer itself when it can be called, else a function without arguments that returns it."""
    return answer if callable(answer) else lambda: answer


def matching(exercise: Exercise, got: list[Result]) -> tuple[str, ...]:
    """Names of the wrong answers that give these results on all cases; several where the cases cannot tell."""

    def agrees(function: Callable) -> bool:
        wrong = exercise.results(function)
        return all(same(a.value, b.value, **exercise.tolerance) for a, b in zip(got, wrong, strict=True))

    return tuple(name for name, (function, _) in exercise.wrong.items() if agrees(function))


def _not_attempted(exercise: Exercise) -> Outcome:
    where = f"Put your answer where `...` stands. {exercise.how('hint')} gives a hint."
    return _outcome(NOT_ATTEMPTED, exercise.question, where)


def _not_a_function(exercise: Exercise, answer: Any) -> Outcome:
    takes = ", ".join(exercise.parameters)
    given = f"This check wants your function itself, to call it with ({takes}); it was given {sort(answer)}."
    return _outcome(ERROR, given, "Write the name of the function without parentheses behind it.")


def _unusable(exercise: Exercise, args: tuple, mine: Result, right: Result) -> Outcome | None:
    """When the call raised, or gave something that cannot be compared."""
    at = _case(exercise, args)
    if mine.error is not None:
        said = f"For {at} your code stopped with an error:" if at else "Your code stopped with an error:"
        return _outcome(ERROR, said, Code(own_traceback(mine.error)))
    if mine.value is None and exercise.nothing:
        return _outcome(NOT_YET, exercise.nothing)
    if problem := mismatch(mine.value, right.value):
        return _outcome(NOT_YET, f"For {at} your function returns {problem}." if at else f"Your answer is {problem}.")
    return None


def _known(exercise: Exercise, got: list[Result], problem: Outcome, misses: int) -> Outcome:
    """A NaN may be a usual slip, too (an overflow, a log of 0): then its own words come first, and the general next."""
    names = matching(exercise, got)
    said = [exercise.wrong[name][1] for name in names]
    return _outcome(NOT_YET, *said, *(problem.parts if misses else ()), names=names) if names else problem


def _wrong(exercise: Exercise, args: tuple, mine: Any, right: Any, names: tuple[str, ...], misses: int) -> Outcome:
    """First the misunderstanding, or the case and the learner's value; then the expected value; then the way on."""
    said = [exercise.wrong[name][1] for name in names]
    if len(names) > 1:
        said = ["More than one slip leads to exactly these results. Which is yours?", *said]
    if misses or not names:
        said.append(_compare(exercise, args, mine, right, reveal=misses > 0))
    if misses > 1:
        said.append(f"{exercise.how('hint')} gives a hint, {exercise.how('solution')} shows a way.")
    return _outcome(NOT_YET, *said, names=names)


def _compare(exercise: Exercise, args: tuple, mine: Any, right: Any, *, reveal: bool) -> str:
    at, where = _case(exercise, args), ""
    place = first_difference(mine, right, **exercise.tolerance)
    if place is not None:
        mine, right, where = mine[place], right[place], f" at {list(place)}"
    unit = f" {exercise.counts}" if exercise.counts else ""
    words = f"{f'For {at} you' if at else 'You'} get {show(mine)}{unit}{where}"
    return f"{words}; expected is {show(right)}{unit}." if reveal else f"{words}. That is not it yet."


def _changed_input(name: str) -> Outcome:
    words = f"The result is right, but the call changes its argument `{name}`, which belongs to the caller."
    return _outcome(NOT_YET, words, "Make a new tensor: `a = a - b` does, `a -= b` changes the old one.")


def _case(exercise: Exercise, args: tuple) -> str:
    return ", ".join(f"{name} = {show(value)}" for name, value in zip(exercise.parameters, args, strict=False))


def _outcome(kind: str, *parts: str, names: tuple[str, ...] = ()) -> Outcome:
    symbol, tone = LOOKS[kind]
    return Outcome(symbol, kind[0].upper() + kind[1:], parts, tone, kind, names)
