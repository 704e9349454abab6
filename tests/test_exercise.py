"""An exercise: its cases, its hints, its solution, and what is recorded of a check."""

import pytest
import torch

from course_lib import progress
from course_lib.exercise import Exercise


def double(x):
    # twice as much
    return 2 * x


def make(**options):
    standard = {
        "id": "a/double",
        "question": "Double `x`.",
        "cases": [(1.5,), (2.0,)],
        "oracle": lambda x: x + x,
        "solution": double,
        "hints": ("one", "two", "three"),
        "why": "It matters.",
        "wrong": {"square": (lambda x: x * x, "You square."), "same": (lambda x: x, "You do nothing.")},
    }
    return Exercise(**{**standard, **options})


def test_the_question_is_what_is_displayed():
    exercise = make()
    assert str(exercise) == "✎ Exercise\nDouble `x`."
    assert "<code>x</code>" in exercise._repr_mimebundle_()["text/html"]


def test_hints_come_one_after_the_other_and_end():
    exercise = make()
    said = [str(exercise.hint()) for _ in range(5)]
    for number, hint in enumerate(("one", "two", "three")):
        assert f"Hint {number + 1} of 3" in said[number] and hint in said[number]
    assert "last hint" in said[3] and said[3] == said[4]
    assert "lesson.double.solution()" in said[4]


@pytest.mark.parametrize("method", ["hint", "solution"])
def test_forgotten_brackets_are_named_and_use_up_no_hint(method):
    exercise = make()
    for shown in (repr(getattr(exercise, method)), getattr(exercise, method)._repr_mimebundle_()["text/html"]):
        assert "brackets are missing" in shown and f"lesson.double.{method}()" in shown
    assert "Hint 1 of 3" in str(exercise.hint())


def test_the_solution_shows_its_source_why_and_another_way():
    shown = str(make(another="`x + x`.").solution())
    assert "    def double(x):\n        # twice as much\n        return 2 * x" in shown
    assert "It matters." in shown and "Another way:\n`x + x`." in shown
    assert "return 2 * x" in str(make(another=double).solution()).split("Another way:")[1]
    assert "Another way" not in str(make().solution())


def test_shown_cases_come_first_then_hidden_ones_from_three_seeds():
    exercise = make(hidden=lambda seed: [(torch.rand(()).item() + seed,)])
    cases = exercise.all_cases()
    assert cases[:2] == [(1.5,), (2.0,)] and len(cases) == 5
    assert cases == exercise.all_cases()  # torch.rand inside starts from the seed, too
    assert len(make(cases=lambda seed: [(seed,), (seed + 10,)]).all_cases()) == 6
    assert make(oracle=lambda: 3, cases=None).all_cases() == [()]


def test_words_grow_more_concrete_with_every_miss_and_start_anew_after_a_right_answer():
    exercise = make()
    first, second, third = (exercise.check(lambda x: 0.0).message for _ in range(3))
    assert "expected" not in first and "expected is 3" in second and "hint()" not in second and "hint()" in third
    exercise.check(double)
    assert exercise.check(lambda x: 0.0).message == first


def test_looking_without_an_attempt_is_no_miss():
    exercise = make()
    for answer in (..., lambda x: 1 / 0, lambda: 1, 3.0):
        exercise.check(answer)
    assert "expected" not in exercise.check(lambda x: 0.0).message


@pytest.mark.parametrize(
    ("answer", "outcome", "misconception"),
    [
        (..., "not attempted", ""),
        (double, "correct", ""),
        (lambda x: x * x, "not yet", "square"),
        (lambda x: 0.0, "not yet", ""),
        (lambda x: 1 / 0, "error", ""),
    ],
)
def test_every_check_is_recorded(answer, outcome, misconception):
    make().check(answer)
    (event,), broken = progress.events()
    assert (event["id"], event["kind"]) == ("a/double", "exercise") and broken == 0
    assert (event["outcome"], event["misconception"]) == (outcome, misconception) and "time" in event


def test_a_check_leaves_the_random_numbers_alone():
    exercise = make(hidden=lambda seed: [(torch.rand(()).item(),)])
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    exercise.check(lambda x: x + torch.rand(()).item())
    assert torch.equal(torch.rand(2), expected)


def test_an_answer_with_random_numbers_meets_the_same_ones_as_the_solution():
    noisy = make(oracle=lambda x: x + torch.rand(()).item(), solution=lambda x: x + float(torch.rand(())))
    assert noisy.check(lambda x: float(torch.rand(())) + x).kind == "correct"


def test_tolerances_are_those_asked_for():
    assert make(rtol=0.1).check(lambda x: 2.1 * x).kind == "correct"
    assert make().check(lambda x: 2.1 * x).kind == "not yet"


@pytest.mark.parametrize("id", ["double", "a/b/c", "a b/c", ""])
def test_the_id_has_a_form(id):
    with pytest.raises(ValueError, match="lesson/name"):
        make(id=id)
