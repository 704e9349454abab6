"""Which of the usual wrong answers gave the learner's results: all of them, or one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from course_lib.attempt import Result
from course_lib.comparison import same

if TYPE_CHECKING:
    from course_lib.exercise import Exercise


def matching(exercise: Exercise, got: Sequence[Result]) -> tuple[str, ...]:
    """Names of the wrong answers that give these results on all cases; several where the cases cannot tell.

    A slip may raise on some of the cases (a matrix that is not turned round fits only where it is square). It is
    recognised by the others; where all of them raise, nothing is.
    """

    def agrees(function: Callable) -> bool:
        pairs = list(zip(got, exercise.results(function), strict=True))
        return any(mine.error is None for mine, _ in pairs) and all(_alike(exercise, *pair) for pair in pairs)

    return tuple(name for name, (function, _) in exercise.wrong.items() if agrees(function))


def explained(exercise: Exercise, got: Sequence[Result], parts: Sequence[int]) -> dict[str, list[int]]:
    """For an answer of several results: which slip gives which of its wrong ones.

    Args:
        exercise: what was asked.
        got: on every case, without errors.
        parts: places of the results that are wrong.

    Returns:
        Name of a wrong answer -> the places that it gives on every case. As few names as possible, each place once; a
        place that no wrong answer gives is in none of them.
    """
    right = exercise.results(exercise.oracle)

    def gives(function: Callable, part: int) -> bool:
        triples = list(zip(got, exercise.results(function), right, strict=True))
        if any(slip.error is not None for _, slip, _ in triples):
            return False
        close = exercise.tolerance
        if all(same(slip.value[part], correct.value[part], **close) for _, slip, correct in triples):
            return False  # a slip that leaves this part right explains nothing here
        return all(same(mine.value[part], slip.value[part], **close) for mine, slip, _ in triples)

    left = set(parts)
    covers = {name: {part for part in parts if gives(f, part)} for name, (f, _) in exercise.wrong.items()}
    found: dict[str, list[int]] = {}
    while left and (name := max(covers, key=lambda each: len(covers[each] & left))) and covers[name] & left:
        found[name] = sorted(covers[name] & left)
        left -= covers[name]
    return found


def _alike(exercise: Exercise, one: Result, other: Result) -> bool:
    if one.error is not None or other.error is not None:
        return type(one.error) is type(other.error)
    return same(one.value, other.value, **exercise.tolerance)
