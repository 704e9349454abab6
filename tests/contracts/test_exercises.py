"""What every exercise of every lesson promises; found, not listed.

`broken_promises` says what an exercise does not keep; the tests at the end feed it bad ones, so that it can fail.
"""

import itertools
import math
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from course_lib.attempt import fixed_random
from course_lib.comparison import mismatch, same
from course_lib.exercise import Exercise, source
from course_lib.feedback import judge
from tests.contracts.lessons import Found, found, misplaced

EXERCISES = found(Exercise)
OURS = ("course_lib", "feedback.py", "attempt.py", "Traceback (most recent call last)")


def broken_promises(exercise: Exercise) -> list[str]:
    """Everything that is wrong with an exercise, in sentences."""
    checks = (_outcomes, _oracle, _cases, _wrong_answers, _hints, _texts, _bad_answers)
    with fixed_random(0):
        return [problem for check in checks for problem in check(exercise)]


def as_answer(exercise: Exercise, body):
    """A function with the exercise's parameters that returns `body(*arguments)`."""
    scope = {"_does": body}
    exec(f"def answer({', '.join(exercise.parameters)}): return _does({', '.join(exercise.parameters)})", scope)
    return scope["answer"]


def _outcomes(exercise):
    for placeholder in (..., as_answer(exercise, lambda *args: ...)):
        if judge(exercise, placeholder).kind != "not attempted":
            yield f"the placeholder is {judge(exercise, placeholder).kind}"
    if judge(exercise, exercise.right).kind != "correct":
        yield f"the shown solution is {judge(exercise, exercise.right)}"


def _oracle(exercise):
    pairs = zip(exercise.results(exercise.oracle), exercise.results(exercise.right), strict=True)
    for number, (expected, got) in enumerate(pairs):
        for who, result in (("oracle", expected), ("solution", got)):
            if result.error is not None:
                yield f"the {who} raises on case {number}: {result.error!r}"
            if result.changed:
                yield f"the {who} changes its arguments on case {number}"
        if problem := mismatch(got.value, expected.value):
            yield f"on case {number} the solution gives {problem} by the oracle"
        elif not same(got.value, expected.value, **exercise.tolerance):
            yield f"on case {number} oracle and solution differ: {expected.value} and {got.value}"
    if exercise.oracle is exercise.right:
        yield "the oracle is the solution itself"


def _cases(exercise):
    cases = exercise.all_cases()
    if exercise.parameters and len(cases) < 3:
        yield f"{len(cases)} cases are too few to hide anything from the learner"
    if str(cases) != str(exercise.all_cases()):
        yield "the cases change from call to call"


def _wrong_answers(exercise):
    right = [result.value for result in exercise.results(exercise.right)]
    if len(exercise.wrong) < 2:
        yield f"{len(exercise.wrong)} named wrong answers, at least 2 are expected"
    said = [message.strip() for _, message in exercise.wrong.values()]
    if len(set(said)) < len(said):
        yield "two wrong answers get the same message"
    for name, (function, message) in exercise.wrong.items():
        results = exercise.results(function)
        errors = [result.error for result in results if result.error is not None]
        if len(errors) == len(results):
            yield f"wrong answer {name!r} raises {errors[0]!r} on every case"
            continue
        pairs = [(result.value, value) for result, value in zip(results, right, strict=True) if result.error is None]
        any_shape = "shape" in message  # then the learner is told why it does not fit
        if not all(alike(*pair, any_shape=any_shape) for pair in pairs):
            yield f"wrong answer {name!r} gives another type or dtype than the solution, or a shape it does not mention"
        outcome = judge(exercise, function)
        if outcome.kind == "correct":
            yield f"wrong answer {name!r} is right on every case"
        elif outcome.misconceptions != (name,):
            yield f"wrong answer {name!r} is taken for {outcome.misconceptions}"
        elif not message.strip() or message not in outcome.message:
            yield f"wrong answer {name!r} is not told its message"
        elif judge(exercise, function, misses=1).message == outcome.message:
            yield f"wrong answer {name!r} hears the same words at the second miss"


def alike(one, other, *, any_shape=False) -> bool:
    """Same type, dtype and, unless any will do, shape; entry by entry."""
    if type(one) is not type(other):
        return False
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(
            alike(*pair, any_shape=any_shape) for pair in zip(one, other, strict=True)
        )
    if isinstance(one, torch.Tensor | np.ndarray):
        return one.dtype == other.dtype and (any_shape or one.shape == other.shape)
    return True


def _hints(exercise):
    squeezed = [re.sub(r"\s", "", hint) for hint in exercise.hints]
    if len(squeezed) != 3 or not all(squeezed) or len(set(squeezed)) != 3:
        yield "there are not three different hints"
    try:
        lines = source(exercise.right).splitlines()
    except (OSError, TypeError) as error:
        yield f"the solution cannot be shown: {error}"
        return
    for line in lines:
        code = re.sub(r"\s", "", re.sub(r"^\s*return\b", "", line))
        for number, hint in enumerate(squeezed, start=1):
            if len(code) >= 12 and code in hint:
                yield f"hint {number} holds the solution's line {line.strip()!r}"


def _texts(exercise):
    for name in ("question", "why"):
        if len(getattr(exercise, name).split()) < 3:
            yield f"{name} is not a sentence"


def _bad_answers(exercise):
    """Answers of a sort that the exercise did not ask for: words, and nothing of ours."""

    def changed(*args):
        for each in args:
            if isinstance(each, torch.Tensor) and each.is_floating_point():
                each.add_(1)
        return exercise.right(*args)

    bodies = {
        "raises": (lambda *args: [][3], "error"),
        "returns None": (lambda *args: None, "not yet"),
        "returns a string of its own": (lambda *args: "no such answer", "not yet"),
        "returns NaN": (lambda *args: math.nan, "not yet"),
        "returns another shape": (lambda *args: torch.zeros(2, 1, 3, 1), "not yet"),
        "returns four results": (lambda *args: (1, 2, 3, 4), "not yet"),
        "returns a function": (lambda *args: len, "not yet"),
        "changes its input": (changed, "not yet"),
    }
    tensors = any(isinstance(each, torch.Tensor) for each in exercise.all_cases()[0])
    for name, (body, kind) in bodies.items():
        if name == "changes its input" and not tensors:
            continue
        outcome = judge(exercise, as_answer(exercise, body))
        if outcome.kind != kind or not outcome.message.strip():
            yield f"an answer that {name} is {outcome.kind!r}: {outcome.message}"
        if any(word in str(outcome) for word in OURS):
            yield f"an answer that {name} is shown something of ours: {outcome}"
    if exercise.parameters and judge(exercise, 1.5).kind != "error":
        yield "a result in the place of a function is not told apart"


@pytest.mark.parametrize("each", EXERCISES, ids=[each.thing.id for each in EXERCISES])
def test_every_exercise_keeps_its_promises(each):
    assert misplaced(each) + broken_promises(each.thing) == []


def test_there_are_exercises():
    assert EXERCISES, "no lesson has an exercise: the search must be broken"


def double(x):
    return torch.add(x, x)


def make(**changes):
    """An exercise that keeps every promise, with some of them broken."""
    good = {
        "id": "good/double",
        "question": "Return twice `x`.",
        "cases": [(torch.tensor([1.0, 2.0]),)],
        "hidden": lambda seed: [(torch.randn(seed + 2),)],
        "oracle": lambda x: torch.tensor([2 * each for each in x.tolist()]),
        "solution": double,
        "hints": ("How often does it count?", "Twice.", "Add it to itself."),
        "why": "Two is more than one.",
        "wrong": {"same": (lambda x: x.clone(), "That is x."), "squared": (lambda x: x * x, "That is x times x.")},
    }
    return Exercise(**{**good, **changes})


def test_a_good_exercise_breaks_no_promise():
    assert broken_promises(make()) == []


CALLS = itertools.count()
WRONG = {"same": (lambda x: x.clone(), "That is x."), "squared": (lambda x: x * x, "That is x times x.")}


def test_a_wrong_answer_may_have_another_shape_and_raise_where_it_does_not_fit():
    rows = (lambda x: x[None], "The shape has one dimension too many.")
    fits = (lambda x: x @ torch.ones(3, 3), "That fits three numbers only.")
    assert broken_promises(make(wrong={**WRONG, "rows": rows, "fits": fits})) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"solution": lambda x: x + x + 0.1}, "shown solution is"),
        ({"solution": lambda x: x + x + 0.1}, "oracle and solution differ"),
        ({"solution": lambda x: x.add_(x)}, "solution changes its arguments"),
        ({"oracle": lambda x: 1 / 0}, "oracle raises"),
        ({"oracle": double}, "oracle is the solution itself"),
        ({"oracle": lambda x: (2 * x).tolist()}, "by the oracle"),
        ({"hidden": None}, "too few"),
        ({"hidden": lambda seed: [(torch.rand(2) + next(CALLS),)], "rtol": 1}, "change from call to call"),
        ({"wrong": {"same": WRONG["same"]}}, "at least 2"),
        ({"wrong": {**WRONG, "half": (lambda x: x / 2, "That is x.")}}, "same message"),
        ({"wrong": {**WRONG, "right": (lambda x: 2 * x, "No.")}}, "'right' is right on every case"),
        ({"wrong": {**WRONG, "cube": (lambda x: x * x, "That is a cube.")}}, "is taken for ('squared', 'cube')"),
        ({"wrong": {**WRONG, "none": (lambda x: None, "Nothing.")}}, "another type"),
        ({"wrong": {**WRONG, "rows": (lambda x: x[None], "A row.")}}, "a shape it does not mention"),
        ({"wrong": {**WRONG, "wide": (lambda x: x.double(), "Another shape.")}}, "another type or dtype"),
        ({"wrong": {**WRONG, "number": (lambda x: 3.0, "A number.")}}, "another type"),
        ({"wrong": {**WRONG, "error": (lambda x: x @ torch.ones(99), "No.")}}, "on every case"),
        ({"wrong": {**WRONG, "mute": (lambda x: x + 1, "")}}, "not told its message"),
        ({"hints": ("one", "two")}, "three different hints"),
        ({"hints": ("one", "two", "two ")}, "three different hints"),
        ({"hints": ("one", "two", "Write `torch.add(x,x)`.")}, "hint 3 holds"),
        ({"why": ""}, "why is not a sentence"),
        ({"question": "Go"}, "question is not a sentence"),
        ({"solution": torch.neg}, "cannot be shown"),
    ],
)
def test_the_contract_notices(changes, said):
    problems = broken_promises(make(**changes))
    assert any(said in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("id", "variable", "reachable", "said"),
    [
        ("good/double", "double", True, None),
        ("good/twice", "double", True, "the id is 'good/twice'"),
        ("other/double", "double", True, "the id is 'other/double'"),
        ("good/double", "double", False, "does not bring"),
    ],
)
def test_the_contract_notices_another_name(id, variable, reachable, said):
    exercise = make(id=id)
    lesson = SimpleNamespace(__name__="course_lib.lessons.good", **({variable: exercise} if reachable else {}))
    problems = misplaced(Found(lesson, lesson, variable, exercise))
    assert problems == [] if said is None else any(said in problem for problem in problems)


def test_a_checker_that_praises_everything_is_noticed(monkeypatch):
    exercise = make()
    praise = judge(exercise, double)
    monkeypatch.setattr(sys.modules[__name__], "judge", lambda *args, **options: praise)
    assert len(broken_promises(exercise)) > 8
