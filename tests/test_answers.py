"""The kinds of answer: what they take, what they refuse in words, how far apart two answers are."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.answers import Choice, Marks, Number, format_number

LOG = Number(0.1, 10, log=True)
WHOLE = Number(0, 1000, integer=True, unit="steps")
CHOICE = Choice("left", "right")
MARKS = Marks("slow", "fast", lo=1e-3, hi=1, log=True, unit="s")


@pytest.mark.parametrize("value", [0.1, 10, 1, np.float64(0.5), np.int64(3), torch.tensor(2.0, requires_grad=True)])
def test_a_number_takes_every_sort_of_number(value):
    assert LOG.parse(value) in (0.1, 0.5, 1, 2, 3, 10) and type(LOG.parse(value)) in (int, float)


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (LOG, 150, "150 is off the axis; answer with a number between 0.1 and 10"),
        (LOG, 0.0999, "off the axis"),
        (LOG, math.nan, "nan is no number"),
        (LOG, "1", "'1' is no number"),
        (LOG, None, "None is no number"),
        (LOG, True, "True is no number"),
        (LOG, [1.0], "no number"),
        (LOG, torch.ones(3), "no number"),
        (WHOLE, 3.5, "3.5 is not a whole number"),
        (WHOLE, 1001, "between 0 and 1,000 steps"),
        (CHOICE, "up", "'up' is none of the options; answer with one of “left”, “right”"),
        (CHOICE, 0, "0 is none of the options"),
        (CHOICE, ["left"], "none of the options"),
        (MARKS, 0.5, "0.5 is one value; answer with 2 places between 0.001 and 1 s: slow, fast"),
        (MARKS, (0.1,), "not one place for each mark"),
        (MARKS, (0.1, 0.2, 0.3), "not one place for each mark"),
        (MARKS, "ab", "not one place for each mark"),
        (MARKS, (0.1, 7), "7 is off the axis"),
        (MARKS, {"slow": 0.1, "quick": 0.2}, "quick"),
    ],
)
def test_bad_answers_are_refused_naming_value_and_range(kind, value, said):
    with pytest.raises(ValueError) as error:
        kind.parse(value)
    assert said in str(error.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Number(1, 1),
        lambda: Number(2, 1),
        lambda: Number(0, 1, log=True),
        lambda: Number(0, math.inf),
        lambda: Number(0, 1, start=2),
        lambda: Choice("one"),
        lambda: Choice("one", "one"),
        lambda: Marks(lo=0, hi=1),
        lambda: Marks("a", "a", lo=0, hi=1),
    ],
)
def test_what_is_no_axis_and_no_choice(make):
    with pytest.raises(ValueError):
        make()


def test_a_slider_that_misses_the_end_by_rounding_is_taken():
    assert LOG.parse(10.000000001) == 10 and LOG.parse(0.0999999999) == 0.1


def test_the_start_is_the_middle_of_the_axis():
    assert LOG.start == pytest.approx(1) and Number(0, 10).start == 5 and Number(1, 10, integer=True).start == 6


def test_distance_is_in_decades_on_a_log_axis():
    assert LOG.distance(0.1, 10) == pytest.approx(2) and Number(0, 10).distance(2, 5) == 3
    assert MARKS.distance((0.001, 1), (0.01, 1)) == pytest.approx(1)
    assert CHOICE.distance("left", "left") == 0 and CHOICE.distance("left", "right") == math.inf


@given(st.floats(0.1, 10), st.floats(0.1, 10), st.floats(0.1, 10))
def test_distance_is_a_distance(a, b, c):
    assert LOG.distance(a, a) == 0 and LOG.distance(a, b) == LOG.distance(b, a)
    assert LOG.distance(a, c) <= LOG.distance(a, b) + LOG.distance(b, c) + 1e-12


@given(st.floats(0.1, 10))
def test_reading_an_answer_twice_changes_nothing(value):
    assert LOG.parse(LOG.parse(value)) == LOG.parse(value) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [(61706, "61,706"), (0.8, "0.8"), (0.00012345, "0.000123"), (1e-8, "1e-08"), (12.34, "12.3"), (1234.5, "1,234")]
    + [(0.0, "0"), (-0.5, "-0.5"), (3e9, "3e+09"), (100.0, "100"), (0.1 + 0.2, "0.3")],
)
def test_numbers_are_written_as_a_reader_would(value, written):
    assert format_number(value) == written


@pytest.mark.parametrize(
    ("kind", "answer", "truth", "said"),
    [
        (LOG, 0.4, 0.8, "lower by a factor of 2."),
        (LOG, 8, 0.8, "higher by a factor of 10."),
        (LOG, 0.8, 0.8, "You said 0.8; it came out at 0.8."),
        (WHOLE, 600, 700, "lower by 100 steps."),
        (LOG, 0.4, 0, "higher by 0.4."),
        (CHOICE, "left", "left", "You said “left”, and so it is."),
        (CHOICE, "left", "right", "it is “right”."),
        (MARKS, (0.1, 0.2), (0.1, 0.5), "slow 0.1 s, fast 0.5 s."),
    ],
)
def test_the_outcome_says_by_how_much(kind, answer, truth, said):
    assert kind.outcome(answer, truth).endswith(said)


def test_marks_take_names_in_any_order():
    assert MARKS.parse({"fast": 0.5, "slow": 0.25}) == (0.25, 0.5) == MARKS.parse(torch.tensor([0.25, 0.5]))


@pytest.mark.parametrize("truth", [math.nan, math.inf, None, "x"])
def test_a_truth_must_exist(truth):
    with pytest.raises(ValueError, match="truth="):
        LOG.truth(truth)
    assert LOG.truth(50) == 50  # though it may lie off the axis


def test_ordered_marks_send_a_turned_answer_back():
    marks = Marks("lowest", "highest", lo=1e-5, hi=10, log=True, ordered=True)
    assert marks.parse((0.001, 0.5)) == (0.001, 0.5)
    with pytest.raises(ValueError, match="lowest 0.5, highest 0.001: the order is turned round; lowest ≤ highest"):
        marks.parse((0.5, 0.001))
