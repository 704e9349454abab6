"""Naming a usual slip: on some cases it may raise, and of several results each may show another one."""

import pytest
import torch

from course_lib.attempt import call
from course_lib.exercise import Exercise
from course_lib.feedback import judge
from course_lib.slips import explained, matching


def pair(x, W):
    return x @ W.T, x.sum(0)


def turned(x, W):
    return x @ W, x.sum(0)


SPEAKS = {
    "turned": (turned, "W is not turned round."),
    "mean": (lambda x, W: (x @ W.T, x.mean(0)), "You take the mean."),
    "not summed": (lambda x, W: (x @ W.T, x.clone()), "The shape still has the rows: add them up."),
    "all doubled": (lambda x, W: (2 * x @ W.T, 2 * x.sum(0)), "You count everything twice."),
}
SHAPES = ((4, 3, 2), (5, 3, 3), (2, 4, 6))
EXERCISE = Exercise(
    "good/pair",
    question="Return the product and the sum.",
    cases=lambda seed: [(torch.randn(b, d), torch.randn(h, d)) for b, d, h in SHAPES],
    oracle=lambda x, W: (torch.einsum("bd,hd->bh", x, W), torch.einsum("bd->d", x)),
    solution=pair,
    hints=("a", "b", "c"),
    why="Both are needed.",
    wrong=SPEAKS,
    returns=("product", "total"),
)


def results(function):
    return [call(function, args, seed=k) for k, args in enumerate(EXERCISE.all_cases())]


@pytest.mark.parametrize("name", SPEAKS)
def test_each_slip_is_recognised_by_its_results(name):
    assert matching(EXERCISE, results(SPEAKS[name][0])) == (name,)
    outcome = judge(EXERCISE, SPEAKS[name][0])
    assert outcome.kind == "not yet" and SPEAKS[name][1] in outcome.message


def test_a_slip_that_raises_where_it_does_not_fit_is_named_and_the_error_is_shown():
    assert results(turned)[0].error is not None and results(turned)[3].error is not None
    outcome = judge(EXERCISE, turned)
    assert "W is not turned round" in outcome.message and "RuntimeError" in outcome.message


def test_an_answer_that_is_begun_and_stops_where_it_does_not_fit_shows_the_error():
    def begun(x, W):
        return x @ W, ...

    assert results(begun)[0].error is not None and results(begun)[1].error is None  # (5, 3) and (3, 3) do fit
    outcome = judge(EXERCISE, begun)
    assert outcome.kind == "error" and "in begun:  return x @ W, ..." in outcome.message


def test_an_error_on_every_case_is_taken_for_no_slip():
    def broken(x, W):
        return x @ torch.ones(99), x.sum(0)

    assert matching(EXERCISE, results(broken)) == ()
    assert judge(EXERCISE, broken).kind == "error"


def test_several_results_are_judged_one_by_one():
    outcome = judge(EXERCISE, lambda x, W: (2 * x @ W.T, x.mean(0)))
    assert outcome.misconceptions == ("mean", "all doubled") or outcome.misconceptions == ("all doubled", "mean")
    assert "product: You count everything twice." in outcome.message and "total: You take the mean." in outcome.message
    outcome = judge(EXERCISE, lambda x, W: (x @ W.T, x.sum(0) + 7))
    assert outcome.misconceptions == () and "Right: product. Not yet: total." in outcome.message
    assert "in total at [0]" in outcome.message and "expected" not in outcome.message
    assert "expected" in judge(EXERCISE, lambda x, W: (x @ W.T, x.sum(0) + 7), misses=1).message


def test_as_few_slips_as_possible_explain_what_is_wrong():
    got = results(lambda x, W: (2 * x @ W.T, 2 * x.sum(0)))
    assert explained(EXERCISE, got, [0, 1]) == {"all doubled": [0, 1]}
    assert explained(EXERCISE, results(lambda x, W: (x @ W.T + 1, x.mean(0))), [0, 1]) == {"mean": [1]}
    assert explained(EXERCISE, results(pair), []) == {}


def test_results_that_are_there_are_judged_while_others_are_open():
    outcome = judge(EXERCISE, lambda x, W: (..., x.sum(0)))
    assert outcome.kind == "not yet" and "Right so far: total." in outcome.message
    assert "still stands for product" in outcome.message
    outcome = judge(EXERCISE, lambda x, W: (..., x.mean(0)))
    assert "total: You take the mean." in outcome.message and outcome.misconceptions == ("mean",)
    outcome = judge(EXERCISE, lambda x, W: (x, ...))
    assert "product is a tensor of shape (4, 3), where shape (4, 2) is expected" in outcome.message
    outcome = judge(EXERCISE, lambda x, W: (None, ...))
    assert "product is None. Put `...` where you are not yet." in outcome.message
    for nothing in (lambda x, W: (..., ...), lambda x, W: ..., lambda x, W: (..., x, x)):
        assert judge(EXERCISE, nothing).kind == "not attempted"


def test_a_result_that_is_missing_or_in_the_place_of_another_is_named():
    assert "total is None" in judge(EXERCISE, lambda x, W: (x @ W.T, None)).message
    outcome = judge(EXERCISE, lambda x, W: (x.sum(0), x @ W.T))
    assert "For x (4, 3), W (2, 3): product is a tensor of shape (3,)" in outcome.message
    assert "total has that shape: is the order right?" in outcome.message
    assert "Right" not in outcome.message


def test_many_arguments_are_shown_by_their_shapes():
    many = Exercise(
        "good/many",
        question="Add them all up.",
        cases=lambda seed: [tuple(torch.randn(k + 21) for k in range(5))],
        oracle=lambda a, b, c, d, e: sum(each.sum() for each in (a, b, c, d, e)),
        solution=lambda a, b, c, d, e: torch.cat([a, b, c, d, e]).sum(),
        hints=("a", "b", "c"),
        why="A sum.",
        wrong={},
    )
    assert "For a (21,), b (22,), c (23,), d (24,), e (25,) you get" in judge(many, lambda a, b, c, d, e: 1e3).message
