"""What every prediction of every lesson promises; found, not listed.

`broken_promises` says what a prediction does not keep; the tests at the end feed it bad ones, so that it can fail.
"""

import io

import pytest
from matplotlib.figure import Figure

from course_lib import prediction as module
from course_lib.answers import Choice, Marks, Number
from course_lib.prediction import Prediction
from tests.contracts.lessons import found, misplaced

PREDICTIONS = found(Prediction)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    """Answers stay in memory, where `fresh` can forget them."""
    monkeypatch.delenv("COURSE_PROGRESS")
    monkeypatch.setenv("CI", "1")
    yield
    module._kept.clear()


def broken_promises(guess: Prediction) -> list[str]:
    """Everything that is wrong with a prediction, in sentences."""
    checks = (_texts, _unanswered, _scores, _drawings, _usual, _off_the_axis)
    return [problem for check in checks for problem in check(guess)]


def fresh(guess: Prediction) -> Prediction:
    """The same question, unanswered and unrevealed."""
    module._kept.clear()
    options = {"usual": guess.usual, "tolerance": guess.tolerance, "reference": guess.reference}
    return Prediction(guess.id, guess.question, guess.kind, **options)


def places(kind) -> list:
    """Lowest, middle, highest answer, or every option."""
    if isinstance(kind, Choice):
        return list(kind.options)
    if isinstance(kind, Marks):
        axis, count = kind.axis, len(kind.labels)
        return [(axis.lo,) * count, (axis.start,) * count, (axis.hi,) * count]
    return [kind.lo, kind.start, kind.hi]


def answered(guess: Prediction, answer) -> Prediction:
    """The same question with an answer, or without one for None."""
    again = fresh(guess)
    if answer is not None:
        again.answer(answer)
    return again


def reveal(guess: Prediction, answer, truth):
    """The verdict on an answer."""
    return answered(guess, answer).reveal(truth)


def _texts(guess):
    if not guess.question.strip().endswith("?"):
        yield "the question does not end in a question mark"
    said = [say.strip() for _, say in guess.usual.values()]
    if not all(said) or len(set(said)) < len(said):
        yield "the usual wrong answers have no message each"
    if set(guess._repr_mimebundle_()) != {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}:
        yield "it is not displayed live, still and as text"


def _unanswered(guess):
    for truth in places(guess.kind):
        verdict = reveal(guess, None, truth)
        if (verdict.score, verdict.verdict) != (None, ""):
            yield f"unanswered is judged: {verdict}"
    again = fresh(guess)
    again.answer(places(guess.kind)[0])
    if "Kept" not in str(again):
        yield "an answer is not said to be kept"


def _scores(guess):
    low, *_, high = places(guess.kind)
    for answer in places(guess.kind):
        if reveal(guess, answer, answer).score != 1 or reveal(guess, answer, answer).verdict != "close":
            yield f"{answer} is not close to itself"
    for answer, truth in ((low, high), (high, low)):
        verdict = reveal(guess, answer, truth)
        if verdict.score != 0 or verdict.verdict == "close":
            yield f"{answer} scores {verdict.score:.2f} when the truth is at the other end: the tolerance is too large"


def _drawings(guess):
    """Unanswered, lowest, exact and highest, on linear and log axes, upright and level."""
    low, *_, high = places(guess.kind)
    figure = Figure(figsize=(6, 3))
    for row, scale in zip(figure.subplots(2, 4), ("linear", "log"), strict=True):
        for ax, answer, axis in zip(row, (None, low, high, high), "xxxy", strict=True):
            ax.plot([1, 2], [1, 2])
            ax.set(xscale=scale, yscale=scale)
            before = len(ax.texts)
            if answered(guess, answer).draw(ax, truth=high, axis=axis) is not ax:
                yield "draw does not return the axes"
            marks = len(guess.kind.labels) if isinstance(guess.kind, Marks) else 1
            if len(ax.texts) - before != marks * (1 + (answer is not None)):
                yield f"{answer} beside {high} writes {len(ax.texts) - before} labels on a {scale} axis"
            ax.set(xticks=[], yticks=[])  # matplotlib's own, which take most of the time
            ax.minorticks_off()
    figure.savefig(io.BytesIO(), dpi=30)


def _usual(guess):
    for name, (value, say) in guess.usual.items():
        truth = max(places(guess.kind), key=lambda place, value=value: guess.kind.distance(place, value))
        verdict = reveal(guess, value, truth)
        if verdict.misconception != name or say not in str(verdict):
            yield f"the usual wrong answer {name!r} is taken for {verdict.misconception!r}"


def _off_the_axis(guess):
    for answer in (None, "no such answer", float("nan"), object()):
        try:
            fresh(guess).answer(answer)
        except ValueError as error:
            if guess.kind.range() not in str(error):
                yield f"a bad answer is not told what would be a good one: {error}"
        else:
            yield f"{answer!r} is taken for an answer"


@pytest.mark.parametrize("each", PREDICTIONS, ids=[each.thing.id for each in PREDICTIONS])
def test_every_prediction_keeps_its_promises(each):
    assert misplaced(each) + broken_promises(each.thing) == []


def test_there_are_predictions():
    assert PREDICTIONS, "no lesson has a prediction: the search must be broken"


LINEAR, LOG = Number(0, 10), Number(0.1, 10, log=True)


@pytest.mark.parametrize(
    "kind",
    [LINEAR, LOG, Number(1, 900, integer=True), Choice("a", "b", "c"), Marks("a", "b", lo=0.1, hi=10, log=True)],
)
def test_a_good_prediction_breaks_no_promise(kind):
    usual = {"the lower end": (places(kind)[0], "So low?"), "the upper end": (places(kind)[-1], "So high?")}
    assert broken_promises(Prediction("good/one", "Where is it?", kind, usual=usual)) == []


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        (LINEAR, {"tolerance": 30}, "tolerance is too large"),
        (LOG, {"tolerance": 2.5}, "tolerance is too large"),
        (LINEAR, {"question": "Say where."}, "question mark"),
        (LINEAR, {"usual": {"a": (1, "Far off."), "b": (9, "Far off.")}}, "no message each"),
        (LINEAR, {"usual": {"a": (1, " ")}}, "no message each"),
        (LINEAR, {"usual": {"a": (1, "One."), "b": (1, "The same one.")}}, "'b' is taken for 'a'"),
    ],
)
def test_the_contract_notices(kind, changes, said):
    guess = Prediction(**{"id": "bad/one", "question": "Where is it?", "kind": kind, **changes})
    assert any(said in problem for problem in broken_promises(guess)), broken_promises(guess)


def test_a_judge_that_praises_everything_is_noticed(monkeypatch):
    monkeypatch.setattr(Prediction, "judge", lambda self, value, truth: (1.0, "close"))
    assert broken_promises(Prediction("bad/one", "Where is it?", LINEAR))


def test_a_prediction_that_judges_silence_is_noticed(monkeypatch):
    monkeypatch.setattr(Prediction, "value", property(lambda self: 3))
    assert any("unanswered is judged" in each for each in broken_promises(Prediction("bad/one", "Where?", LINEAR)))


def test_a_drawing_without_the_learners_mark_is_noticed(monkeypatch):
    draw = module.draw_answer
    monkeypatch.setattr(
        module, "draw_answer", lambda ax, kind, answer, truth, axis: draw(ax, kind, None, truth, axis=axis)
    )
    assert any("writes 1 labels" in each for each in broken_promises(Prediction("bad/one", "Where?", LINEAR)))
