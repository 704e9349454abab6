"""Predictions are kept, judged by closeness, and neutral when there is none."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from course_lib import prediction, progress
from course_lib.prediction import Choice, Marks, Number, Prediction


@pytest.fixture(autouse=True)
def nothing_kept():
    forget()
    yield
    forget()


def forget():
    """As a restarted kernel does."""
    prediction._kept.clear()


def limit(**options):
    usual = {"one over": (0.4, "1/λ lands on the bottom in one step.")}
    return Prediction(
        "rates/limit", "Where?", Number(0.1, 10, log=True), **{"usual": usual, "tolerance": 0.5, **options}
    )


LINEAR, LOG = Number(0, 100), Number(0.01, 100, log=True)


@pytest.mark.parametrize(
    ("kind", "truth", "answer", "score", "word"),
    [
        (LINEAR, 50, 50, 1.0, "close"),
        (LINEAR, 50, 37.5, 0.5, "close"),
        (LINEAR, 50, 30, 0.2, "right direction"),
        (LINEAR, 50, 0, 0.0, "surprised"),
        (LINEAR, 50, 100, 0.0, "surprised"),
        (LINEAR, 0, 0, 1.0, "close"),
        (LOG, 1, 1, 1.0, "close"),
        (LOG, 1, math.sqrt(10), 0.5, "close"),
        (LOG, 10, 2, 1 - math.log10(5), "right direction"),
        (LOG, 1, 0.01, 0.0, "surprised"),
        (LOG, 1, 100, 0.0, "surprised"),
        (LOG, 1e-9, 0.01, 0.0, "surprised"),
        (LOG, 0, 0.01, 0.0, "surprised"),
        (Choice("a", "b"), "a", "a", 1.0, "close"),
        (Choice("a", "b"), "a", "b", 0.0, "surprised"),
        (Marks("m", "n", lo=0, hi=100), (10, 90), (10, 90), 1.0, "close"),
        (Marks("m", "n", lo=0, hi=100), (10, 90), (10, 0), 0.5, "close"),
        (Marks("m", "n", lo=0, hi=100), (10, 90), (30, 0), 0.1, "surprised"),  # turned round
        (Marks("m", "n", lo=0, hi=100), (10, 90), (30, 65), 0.1, "right direction"),
        (Marks("m", "n", lo=0, hi=100), (0, 0), (100, 100), 0.0, "surprised"),
    ],
)
def test_scores(kind, truth, answer, score, word):
    guess = Prediction("a/b", "Where?", kind)
    guess.answer(answer)
    verdict = guess.reveal(truth)
    assert verdict.score == pytest.approx(score, abs=1e-9) and verdict.verdict == word
    assert word.capitalize() in str(verdict) and f"{100 * score:.0f} %" in str(verdict)


@given(st.floats(0.01, 100), st.floats(0.01, 100), st.floats(0.01, 100))
def test_the_nearer_answer_scores_no_less(truth, one, other):
    guess = Prediction("a/b", "Where?", LOG)
    near, far = sorted((one, other), key=lambda answer: LOG.distance(answer, truth))
    assert 0 <= guess.judge(far, truth)[0] <= guess.judge(near, truth)[0] <= 1


def test_the_side_of_the_reference_is_a_right_direction():
    guess = limit(reference=1)
    guess.answer(0.1)
    assert guess.reveal(0.8).verdict == "right direction"
    assert guess.reveal(1.5).verdict == "surprised"


def test_unanswered_is_neutral_and_the_lesson_runs_on():
    guess = limit()
    assert guess.value is None and "runs on" in str(guess)
    assert guess.draw(Figure().subplots(), truth=0.8).texts[0].get_text() == "truth: 0.8"
    verdict = guess.reveal(torch.tensor(0.8))
    assert (verdict.score, verdict.verdict, verdict.misconception) == (None, "", "")
    assert "0.8" in str(verdict) and progress.read() == ({}, 0)


def test_a_usual_wrong_answer_is_named():
    guess = limit()
    guess.answer(0.41)
    verdict = guess.reveal(0.8)
    assert verdict.misconception == "one over" and "“one over”. 1/λ lands" in str(verdict)
    guess.answer(0.75)
    assert guess.reveal(0.8).misconception == ""
    guess.answer(0.4)
    assert guess.reveal(0.4).misconception == ""  # where it is the truth, it is no wrong answer


def test_a_usual_wrong_option_is_named():
    guess = Prediction("a/b", "Which?", Choice("a", "b", "c"), usual={"reads the shape": ("a", "Read the axis.")})
    guess.answer("a")
    assert guess.reveal("c").misconception == "reads the shape"
    guess.answer("b")
    assert guess.reveal("c").misconception == ""


def test_an_answer_outlives_the_kernel_and_the_disk_is_not_needed(monkeypatch):
    limit().answer(0.3)
    forget()
    assert limit().value == 0.3 and "Kept: 0.3. Run the next cells" in str(limit())
    forget()
    monkeypatch.delenv("COURSE_PROGRESS")
    monkeypatch.setenv("CI", "1")
    assert limit().value is None
    limit().answer(0.5)
    assert limit().value == 0.5


def test_marks_and_choices_outlive_the_kernel():
    Prediction("a/m", "Where?", Marks("m", "n", lo=0, hi=1)).answer({"n": 0.5, "m": 0.25})
    Prediction("a/c", "Which?", Choice("a", "b")).answer("b")
    forget()
    assert Prediction("a/m", "Where?", Marks("m", "n", lo=0, hi=1)).value == (0.25, 0.5)
    assert Prediction("a/c", "Which?", Choice("a", "b")).value == "b"
    forget()
    assert Prediction("a/c", "Which?", Choice("x", "y")).value is None  # kept for an older form of the question
    forget()
    assert Prediction("a/c", "Which?", Number(0, 1)).value is None


def test_changing_the_mind_before_the_reveal_is_free_and_after_it_is_said():
    guess = limit()
    guess.answer(0.3)
    guess.answer(0.5)
    assert guess.value == 0.5 and not guess.late
    guess.reveal(0.8)
    assert "already known" in str(guess) and not guess.late
    kept = guess.answer(0.8)
    assert guess.late and "already known" in str(kept) and "already known" in str(guess.reveal(0.8))
    forget()
    assert limit().late and "already known" in str(limit())


def test_a_reveal_is_remembered_by_a_restarted_kernel():
    guess = limit()
    guess.answer(0.3)
    guess.reveal(0.8)
    forget()
    again = limit()
    again.answer(0.8)
    assert again.late


def test_drawing_the_truth_reveals_it_and_drawing_the_own_mark_does_not():
    guess = limit()
    guess.answer(0.3)
    assert guess.draw(Figure().subplots()).texts[0].get_text() == "you: 0.3"
    guess.answer(0.4)
    assert not guess.late
    guess.draw(Figure().subplots(), truth=0.8)
    guess.answer(0.5)
    assert guess.late


def test_what_is_recorded():
    guess = limit()
    guess.answer(0.4)
    for _ in range(3):
        guess.reveal(0.8)  # the cell is run again: no new event
    first, second = progress.events()[0]
    assert first["id"] == "rates/limit" and first["kind"] == "prediction" and first["value"] == 0.4
    assert second["score"] == pytest.approx(0.3979) and second["word"] == "right direction"
    assert second["misconception"] == "one over" and second["value"] == 0.4


@pytest.mark.parametrize("value", [0, 11, "x", None, math.nan])
def test_a_bad_answer_is_refused_and_nothing_changes(value):
    guess = limit()
    guess.answer(0.3)
    with pytest.raises(ValueError, match="between 0.1 and 10"):
        guess.answer(value)
    assert guess.value == 0.3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"id": "limit"}, "lesson/name"),
        ({"id": "a b/c"}, "lesson/name"),
        ({"tolerance": 0}, "tolerance=0"),
        ({"tolerance": math.nan}, "tolerance=nan"),
        ({"usual": {"off": (99, "no")}}, "99 is off the axis"),
    ],
)
def test_what_is_no_prediction(options, said):
    with pytest.raises(ValueError, match=said):
        Prediction(**{"id": "a/b", "question": "Where?", "kind": Number(0.1, 10, log=True), **options})


@pytest.mark.parametrize("truth", [math.nan, None, "somewhere"])
def test_a_reveal_without_a_truth_is_refused(truth):
    with pytest.raises(ValueError, match="truth"):
        limit().reveal(truth)


def test_live_in_a_notebook_and_still_in_print():
    guess = limit()
    bundle = guess._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert "Where?" in bundle["text/html"] and "between 0.1 and 10" in bundle["text/plain"]
    again = guess._repr_mimebundle_()
    key = "application/vnd.jupyter.widget-view+json"
    assert bundle[key]["model_id"] == again[key]["model_id"]  # two views of one control
