"""What is said to each sort of answer, and that the words grow more concrete."""

import numpy as np
import pytest
import torch

from course_lib.exercise import Exercise
from course_lib.feedback import judge


def step(theta, grad, lr):
    return theta - lr * grad


def climb(theta, grad, lr):
    return theta + lr * grad


EXERCISE = Exercise(
    "rates/step",
    question="Write one step.",
    cases=[(torch.tensor([1.0, 2.0]), torch.tensor([0.5, 1.0]), 0.1)],
    hidden=lambda seed: [(torch.randn(seed + 1, 3), torch.randn(seed + 1, 3), 0.3)],
    oracle=lambda theta, grad, lr: theta.sub(grad, alpha=lr),
    solution=step,
    hints=("Which way is down?", "The gradient points up.", "Subtract rate times slope."),
    why="All training is this line.",
    wrong={"uphill": (climb, "You climb."), "no rate": (lambda theta, grad, lr: theta - grad, "The rate is missing.")},
)
COUNT = Exercise(
    "rates/steps",
    question="How many updates?",
    oracle=lambda: 700,
    solution=lambda: 700,
    hints=("a", "b", "c"),
    why="Budgets count steps.",
    wrong={
        "epochs": (100, "One an epoch."),
        "passes": (lambda: 100, "One a pass."),
        "dropped": (600, "The last batch."),
    },
    counts="steps",
)


@pytest.mark.parametrize("exercise", [EXERCISE, COUNT])
def test_the_placeholder_is_not_attempted(exercise):
    for answer in (..., lambda *args: ..., lambda *args: ... + 1, lambda *args: (..., ...)):
        outcome = judge(exercise, answer)
        assert outcome.kind == "not attempted" and outcome.misconceptions == ()
        assert f"lesson.{exercise.name}.hint()" in outcome.message


def test_the_right_answer_says_why():
    outcome = judge(EXERCISE, step)
    assert outcome.kind == "correct" and outcome.message == "All training is this line."
    assert (
        judge(COUNT, 700).kind == judge(COUNT, torch.tensor(700)).kind == judge(COUNT, lambda: 700.0).kind == "correct"
    )


def test_a_usual_wrong_answer_gets_its_own_words_and_then_the_case():
    outcome = judge(EXERCISE, climb)
    assert outcome.kind == "not yet" and outcome.misconceptions == ("uphill",) and outcome.message == "You climb."
    second = judge(EXERCISE, climb, misses=1).message
    assert "You climb." in second and "you get 1.05 at [0]; expected is 0.95." in second
    assert "hint()" not in second
    third = judge(EXERCISE, climb, misses=2).message
    assert "lesson.step.hint()" in third and "lesson.step.solution()" in third


def test_an_answer_of_another_shape_is_told_the_way_on_at_the_third_miss_too():
    said = [judge(EXERCISE, lambda theta, grad, lr: theta[None], misses=misses).message for misses in range(3)]
    assert "hint()" not in said[0] + said[1]
    assert "shape (2,) is expected" in said[2] and "lesson.step.solution()" in said[2]


def test_an_unknown_wrong_answer_shows_the_case_and_the_own_value_only():
    first = judge(EXERCISE, lambda theta, grad, lr: theta * 0)
    assert first.misconceptions == ()
    assert "For theta = [1, 2], grad = [0.5, 1], lr = 0.1 you get 0 at [0]" in first.message
    assert "0.95" not in first.message
    assert "expected is 0.95" in judge(EXERCISE, lambda theta, grad, lr: theta * 0, misses=1).message


def test_where_two_slips_give_the_same_both_are_named():
    outcome = judge(COUNT, 100)
    assert outcome.misconceptions == ("epochs", "passes")
    assert (
        "One an epoch." in outcome.message and "One a pass." in outcome.message and "More than one" in outcome.message
    )


def test_a_usual_slip_that_ends_in_nan_is_named():
    exercise = Exercise(
        "lesson/share",
        question="Return the share of each.",
        cases=[(torch.tensor([1.0, 2.0]),), (torch.tensor([1000.0, 1000.0]),)],
        oracle=lambda z: torch.softmax(z, 0),
        solution=lambda z: torch.softmax(z, 0),
        hints=("Look.", "Think.", "Subtract."),
        why="It overflows otherwise.",
        wrong={"overflow": (lambda z: z.exp() / z.exp().sum(), "Too large."), "raw": (lambda z: z + 0, "That is z.")},
    )
    outcome = judge(exercise, lambda z: z.exp() / z.exp().sum())
    assert outcome.misconceptions == ("overflow",) and outcome.message == "Too large."
    second = judge(exercise, lambda z: z.exp() / z.exp().sum(), misses=1).message
    assert "Too large." in second and "your function returns nan" in second
    assert "your function returns nan" in judge(exercise, lambda z: z * float("nan")).message


def test_an_answer_right_on_the_shown_case_only_is_not_yet():
    outcome = judge(EXERCISE, lambda theta, grad, lr: theta - 0.1 * grad)
    assert outcome.kind == "not yet" and "theta = [" in outcome.message and "lr = 0.3" in outcome.message


def test_what_is_counted_is_named():
    assert "You get 3 steps." in judge(COUNT, 3).message
    assert "expected is 700 steps." in judge(COUNT, 3, misses=1).message


def in_place(theta, grad, lr):
    theta -= lr * grad
    return theta


def broken(theta, grad, lr):
    return theta @ torch.ones(7)


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (in_place, "not yet", "changes its argument `theta`"),
        (broken, "error", "in broken:  return theta @ torch.ones(7)\nRuntimeError"),
        (lambda theta, grad, lr: None, "not yet", "your function returns None"),
        (lambda theta, grad, lr: "down", "not yet", "your function returns a string"),
        (lambda theta, grad, lr: theta * float("nan"), "not yet", "your function returns nan"),
        (lambda theta, grad, lr: theta[None], "not yet", "shape (1, 2), where shape (2,) is expected"),
        (lambda theta, grad, lr: theta.int(), "not yet", "whole numbers (int32), where floats (float32)"),
        (lambda theta, grad, lr: (theta, grad), "not yet", "a tuple of 2 entries, where a tensor of shape (2,)"),
        (lambda theta, grad, lr: theta.sum, "not yet", "a function (`sum`)"),
        (lambda theta: theta, "error", "takes (theta); it is called with 3: (theta, grad, lr)"),
        (
            torch.ones(2),
            "error",
            "wants your function itself, to call it with (theta, grad, lr); it was given a tensor",
        ),
        (0.5, "error", "it was given one number"),
        (None, "error", "it was given None"),
    ],
)
def test_answers_that_cannot_be_right_are_told_in_words(answer, kind, said):
    outcome = judge(EXERCISE, answer)
    assert outcome.kind == kind and said in outcome.message
    for ours in ("course_lib", "attempt.py", "Traceback"):
        assert ours not in str(outcome)


def test_words_for_values():
    assert judge(COUNT, "many").message == "Your answer is a string, where one number is expected."
    assert judge(COUNT, None).message.startswith("Your answer is None")
    assert judge(COUNT, True).kind == "not yet"
    assert judge(COUNT, lambda rows: 700).message == "`<lambda>` takes (rows); it is called with nothing."


def test_an_exercise_may_have_words_of_its_own_for_none():
    from course_lib.lessons.start_here import slope_of

    def before_backward(f, x):
        place = torch.tensor(float(x), requires_grad=True)
        f(place)
        return place.grad

    outcome = judge(slope_of, before_backward)
    assert outcome.kind == "not yet" and "`backward()`" in outcome.message
    assert judge(EXERCISE, lambda theta, grad, lr: None).message != outcome.message


@pytest.mark.parametrize("answer", [..., step, climb, broken])
def test_symbol_and_word_tell_the_outcome_without_colour(answer):
    outcome = judge(EXERCISE, answer)
    bundle = outcome._repr_mimebundle_()
    for text in bundle.values():
        assert outcome.symbol in text and outcome.kind.capitalize() in text
    assert len({judge(EXERCISE, each).symbol for each in (..., step, climb, broken)}) == 4


def test_an_interrupt_is_no_wrong_answer():
    def endless(theta, grad, lr):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge(EXERCISE, endless)


class Odd:
    """An object that answers to nothing."""

    __hash__ = None

    def __eq__(self, other):
        raise RuntimeError("no comparison")

    def __repr__(self):
        raise RuntimeError("no words")


ODD = {
    "sparse": lambda: torch.eye(2).to_sparse(),
    "meta": lambda: torch.ones(2, device="meta"),
    "float8": lambda: torch.ones(2).to(torch.float8_e4m3fn),
    "objects": lambda: np.array([None, 1], dtype=object),
    "strings": lambda: np.array(["a", "b"]),
    "dictionary": lambda: {"a": torch.ones(2)},
    "set": lambda: {1, 2},
    "odd": Odd,
    "tuple of odd": lambda: (Odd(),),
    "class": lambda: Odd,
    "module": lambda: torch.nn.Linear(2, 2),
    "generator": lambda: (each for each in "ab"),
    "complex": lambda: 1j,
    "huge": lambda: 10**400,
    "ragged": lambda: [[1, 2], [3]],
    "bytes": lambda: b"x",
    "shape": lambda: torch.Size([2]),
    "empty": lambda: torch.empty(0),
}


@pytest.mark.parametrize("expected", [1.5, 700, True, "a", torch.ones(2) * 3, torch.tensor(2.0), (1.5, torch.ones(2))])
@pytest.mark.parametrize("odd", ODD)
def test_whatever_is_returned_is_answered_in_words(odd, expected):
    made = {"hints": ("a", "b", "c"), "why": "w", "wrong": {}, "question": "q", "cases": [(1,)]}
    exercise = Exercise("a/b", oracle=lambda x: expected, solution=lambda x: expected, **made)
    outcome = judge(exercise, lambda x: ODD[odd](), misses=1)
    assert outcome.kind == "not yet" and len(outcome.message) > 20
    assert set(outcome._repr_mimebundle_()) == {"text/html", "text/plain"}


def test_a_print_is_shown_once_not_for_every_hidden_case(capsys):
    from course_lib.lessons.learning_rates import step

    def talks(theta, gradient, lr):
        print("shape", tuple(theta.shape))
        return theta - lr * gradient

    assert judge(step, talks).kind == "correct"
    assert capsys.readouterr().out == "shape (2,)\n"


def test_what_is_asked_stands_in_the_first_answer():
    from course_lib.lessons.learning_rates import limit_rate

    assert limit_rate.question in judge(limit_rate, lambda curvatures: ...).message


def test_an_error_speaks_of_shapes_and_says_where_help_is():
    exercise = Exercise(
        "lesson/product",
        question="Return the product.",
        cases=[(torch.ones(5, 2), torch.ones(3, 2), torch.tensor([1.0, 2.0, 3.0]))],
        oracle=lambda x, W, b: x @ W.T + b,
        solution=lambda x, W, b: x @ W.T + b,
        hints=("Look.", "Think.", "Turn it over."),
        why="So it is.",
        wrong={},
    )
    outcome = judge(exercise, lambda x, W, b: x @ W + b)
    assert outcome.parts[0].startswith("For x (5, 2), W (3, 2), b = [1, 2, 3] your code stopped")
    assert "cannot be multiplied (5x2 and 3x2)" in outcome.parts[1]
    assert outcome.parts[2] == "`lesson.product.hint()` gives a hint."
    wrong = judge(exercise, lambda x, W, b: x @ W.T).message
    assert "x = [[1, 1]" in wrong  # numbers where a number is wrong
