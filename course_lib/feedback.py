"""What is said to an answer of an exercise: one of four outcomes, with the words that help at this attempt.

The order matters: an answer that raised is not compared, one of another shape is not compared by value, and only a
right result is asked whether it left its arguments alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from course_lib.attempt import Result, call, is_placeholder, is_untouched, own_traceback, signature_problem
from course_lib.comparison import first_difference, mismatch, same, show, sort
from course_lib.panel import Code, Panel
from course_lib.slips import explained, matching

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
    expected = exercise.results(exercise.oracle)
    if _is_begun(exercise, got):
        return _begun(exercise, cases, got, expected, misses)
    if any(is_untouched(each) for each in got):
        return _stopped(exercise, cases, got, expected) or _not_attempted(exercise)
    for args, mine, right in zip(cases, got, expected, strict=True):
        if problem := _unusable(exercise, args, mine, right):
            return _known(exercise, got, expected, problem, misses)
    for args, mine, right in zip(cases, got, expected, strict=True):
        if not same(mine.value, right.value, **exercise.tolerance):
            return _wrong(exercise, args, (mine.value, right.value), got, expected, misses)
    changed = [place for mine in got for place in mine.changed]
    if changed:
        return _changed_input(exercise.parameters[changed[0]], cases[0][changed[0]])
    return _outcome(CORRECT, exercise.why)


def as_function(answer: Any) -> Callable:
    """The answer itself when it can be called, else a function without arguments that returns it."""
    return answer if callable(answer) else lambda: answer


def _part_problem(exercise: Exercise, part: int, got: Any, expected: Sequence[Any]) -> str:
    """Why one of several results cannot be compared; "" when it can."""
    name = exercise.returns[part]
    if got is None:
        return f"{name} is None. Put `...` where you are not yet."
    problem = mismatch(got, expected[part])
    shape = getattr(got, "shape", None)
    others = zip(exercise.returns, expected, strict=True) if problem and shape is not None else ()
    twins = [other for other, value in others if other != name and getattr(value, "shape", None) == shape]
    twin = f" {twins[0]} has that shape: is the order right?" if twins else ""
    return f"{name} is {problem}.{twin}" if problem else ""


def _not_attempted(exercise: Exercise) -> Outcome:
    where = f"Put your answer where `...` stands. {exercise.how('hint')} gives a hint."
    return _outcome(NOT_ATTEMPTED, exercise.question, where)


def _stopped(exercise: Exercise, cases: list[tuple], got: list[Result], expected: list[Result]) -> Outcome | None:
    """The error of an answer that is begun, `...` still in it, and stops in some of the cases; None without one."""
    for args, mine, right in zip(cases, got, expected, strict=True):
        if mine.error is not None and not is_untouched(mine):
            return _unusable(exercise, args, mine, right)
    return None


def _not_a_function(exercise: Exercise, answer: Any) -> Outcome:
    takes = ", ".join(exercise.parameters)
    given = f"This check wants your function itself, to call it with ({takes}); it was given {sort(answer)}."
    return _outcome(ERROR, given, "Write the name of the function without parentheses after it.")


def _unusable(exercise: Exercise, args: tuple, mine: Result, right: Result) -> Outcome | None:
    """When the call raised, or gave something that cannot be compared."""
    if mine.error is not None:
        at = _case(exercise, args, shapes=True)
        said = f"For {at} your code stopped with an error:" if at else "Your code stopped with an error:"
        return _outcome(ERROR, said, Code(own_traceback(mine.error)))
    at = _case(exercise, args)
    if mine.value is None and exercise.nothing:
        return _outcome(NOT_YET, exercise.nothing)
    if _complete(exercise, [mine]):
        problems = [_part_problem(exercise, part, got, right.value) for part, got in enumerate(mine.value)]
        problem = next(filter(None, problems), "")
        return _outcome(NOT_YET, f"For {at}: {problem}") if problem else None
    if problem := mismatch(mine.value, right.value):
        return _outcome(NOT_YET, f"For {at} your function returns {problem}." if at else f"Your answer is {problem}.")
    return None


def _known(exercise: Exercise, got: list[Result], expected: list[Result], problem: Outcome, misses: int) -> Outcome:
    """What cannot be compared may be a usual slip, too: an overflow, a matrix turned round, a sum left out.

    Then its own words come first, and the general ones next; an error is always shown.
    """
    names = matching(exercise, got)
    said = _slips(exercise, names)
    if not names and _complete(exercise, got):
        said, names = _by_part(exercise, got, expected)
    if not names:
        way_on = (f"{exercise.how('hint')} gives a hint.",) if problem.kind == ERROR else ()
        way_on = (_way_on(exercise),) if misses > 1 else way_on
        return _outcome(problem.kind, *problem.parts, *way_on)
    general = problem.parts if misses or problem.kind == ERROR else ()
    general += (_way_on(exercise),) if misses and problem.kind == ERROR else ()
    return _outcome(NOT_YET, *said, *general, names=names)


def _wrong(
    exercise: Exercise, args: tuple, pair: tuple[Any, Any], got: list[Result], expected: list[Result], misses: int
) -> Outcome:
    """First the misunderstanding, or the case and the learner's value; then the expected value; then the way on."""
    names = matching(exercise, got)
    said = _slips(exercise, names)
    if exercise.returns and not names:
        said, names = _by_part(exercise, got, expected)
    if misses or not names:
        said.append(_compare(exercise, args, *pair, reveal=misses > 0))
    if misses > 1:
        said.append(_way_on(exercise))
    return _outcome(NOT_YET, *said, names=names)


def _way_on(exercise: Exercise) -> str:
    return f"{exercise.how('hint')} gives a hint, {exercise.how('solution')} shows a way."


def _slips(exercise: Exercise, names: tuple[str, ...]) -> list[str]:
    several = ["More than one slip leads to exactly these results. Which is yours?"] if len(names) > 1 else []
    return several + [exercise.wrong[name][1] for name in names]


def _by_part(exercise: Exercise, got: list[Result], expected: list[Result]) -> tuple[list[str], tuple[str, ...]]:
    """Several results: which are right, and which usual slip each of the others shows, if any."""
    wrong = [part for part in range(len(exercise.returns)) if not _part_right(exercise, part, got, expected)]
    right = [name for part, name in enumerate(exercise.returns) if part not in wrong]
    found = explained(exercise, got, wrong)
    said = [f"Right: {', '.join(right)}."] if right else []
    said = [" ".join([*said, f"Not yet: {', '.join(exercise.returns[part] for part in wrong)}."])]
    said += _said_of_parts(exercise, found)
    return said if right or found else [], tuple(found)


def _complete(exercise: Exercise, got: list[Result]) -> bool:
    """Whether each call returned as many results as have names, whatever their shapes."""
    several = [isinstance(each.value, tuple | list) and len(each.value) == len(exercise.returns) for each in got]
    return bool(exercise.returns) and all(several)


def _part_right(exercise: Exercise, part: int, got: list[Result], expected: list[Result]) -> bool:
    pairs = zip(got, expected, strict=True)
    return all(same(mine.value[part], right.value[part], **exercise.tolerance) for mine, right in pairs)


def _is_begun(exercise: Exercise, got: list[Result]) -> bool:
    """Whether each call returns as many results as asked for, some of them there, and `...` for the others."""

    open_ones = [sum(map(is_placeholder, each.value)) for each in got] if _complete(exercise, got) else [0]
    return all(0 < count < len(exercise.returns) for count in open_ones)


def _begun(exercise: Exercise, cases: list[tuple], got: list[Result], expected: list[Result], misses: int) -> Outcome:
    """The results that are there are judged; those for which `...` stands are named."""
    first = got[0].value
    there = [part for part, value in enumerate(first) if not is_placeholder(value)]
    right = [part for part in there if _part_right(exercise, part, got, expected)]
    wrong = [part for part in there if part not in right]
    found = explained(exercise, got, wrong)
    said = [f"Right so far: {', '.join(exercise.returns[part] for part in right)}."] if right else []
    said += _said_of_parts(exercise, found)
    for part in wrong:
        if misses or not any(part in parts for parts in found.values()):
            problem = _part_problem(exercise, part, first[part], expected[0].value)
            words = _compare(exercise, cases[0], first[part], expected[0].value[part], reveal=misses > 0)
            said.append(problem or f"{exercise.returns[part]}: {words}")
    still = ", ".join(name for part, name in enumerate(exercise.returns) if part not in there)
    return _outcome(NOT_YET, *said, f"`...` still stands for {still}.", names=tuple(found))


def _said_of_parts(exercise: Exercise, found: dict[str, list[int]]) -> list[str]:
    named = ((", ".join(exercise.returns[part] for part in parts), name) for name, parts in found.items())
    return [f"{results}: {exercise.wrong[name][1]}" for results, name in named]


def _compare(exercise: Exercise, args: tuple, mine: Any, right: Any, *, reveal: bool) -> str:
    at, where = _case(exercise, args), ""
    if exercise.returns and isinstance(right, tuple):
        part = next(k for k, (a, b) in enumerate(zip(mine, right, strict=True)) if not same(a, b, **exercise.tolerance))
        mine, right, where = mine[part], right[part], f" in {exercise.returns[part]}"
    place = first_difference(mine, right, **exercise.tolerance)
    if place is not None:
        mine, right, where = mine[place], right[place], f"{where} at {list(place)}"
    unit = f" {exercise.counts}" if exercise.counts else ""
    words = f"{f'For {at} you' if at else 'You'} get {show(mine)}{unit}{where}"
    return f"{words}; expected is {show(right)}{unit}." if reveal else f"{words}. That is not it yet."


def _changed_input(name: str, value: Any) -> Outcome:
    words = f"The result is right, but the call changes its argument `{name}`, which belongs to the caller."
    if isinstance(value, list):
        return _outcome(
            NOT_YET, words, "Read a list without changing it: `reversed(a)` goes backwards, `a[:]` is a copy."
        )
    return _outcome(NOT_YET, words, "Make a new tensor: `a = a - b` does, `a -= b` changes the old one.")


def _case(exercise: Exercise, args: tuple, *, shapes: bool = False) -> str:
    """The arguments in words; `shapes`: tables by their shapes alone, which is what an error speaks of."""
    pairs = list(zip(exercise.parameters, args, strict=False))
    many = len(pairs) > 4 or bool(exercise.returns)  # nobody reads eight tensors: their shapes will do

    def words(name: str, value: Any) -> str:
        table = getattr(value, "ndim", 0) > 1 or (exercise.returns and getattr(value, "ndim", 0) > 0)
        long = getattr(value, "ndim", 0) > 0 and len(value) > 6
        if (shapes and table) or (many and (table or long)):
            return f"{name} {tuple(value.shape)}"
        return f"{name} = {show(value)}"

    return ", ".join(words(name, value) for name, value in pairs)


def _outcome(kind: str, *parts: str, names: tuple[str, ...] = ()) -> Outcome:
    symbol, tone = LOOKS[kind]
    return Outcome(symbol, kind[0].upper() + kind[1:], parts, tone, kind, names)
