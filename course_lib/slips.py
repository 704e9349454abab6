"""Which of the usual wrong answers gave the learner's results: all of them, or one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from course_lib.attempt import Result, is_placeholder
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
        Name of a wrong answer -> the places that it gives on every case. As few names as possible, each place once, and
        rather a slip that leaves right what is right, and that says least about what is not there yet; a place that no
        wrong answer gives is in none of them.
    """
    right = exercise.results(exercise.oracle)
    places = [part for part, value in enumerate(got[0].value) if not is_placeholder(value)]
    gives, against, spread = {}, {}, {}
    for name, (function, _) in exercise.wrong.items():
        slip = exercise.results(function)
        if all(each.error is None for each in slip):
            agrees = {part for part in places if _part_same(exercise, part, got, slip)}
            gives[name] = {part for part in agrees & set(parts) if not _part_same(exercise, part, slip, right)}
            against[name] = len(places) - len(agrees)
            spread[name] = sum(not _part_same(exercise, part, slip, right) for part in range(len(right[0].value)))
    left, found = set(parts), {}
    while gives and (name := max(gives, key=lambda each: (len(gives[each] & left), -against[each], -spread[each]))):
        if not gives[name] & left:
            break
        found[name] = sorted(gives[name] & left)
        left -= gives[name]
    return found


def _part_same(exercise: Exercise, part: int, one: Sequence[Result], other: Sequence[Result]) -> bool:
    pairs = zip(one, other, strict=True)
    return all(same(a.value[part], b.value[part], **exercise.tolerance) for a, b in pairs)


def _alike(exercise: Exercise, one: Result, other: Result) -> bool:
    if one.error is not None or other.error is not None:
        return type(one.error) is type(other.error)
    return same(one.value, other.value, **exercise.tolerance)
