"""The live question: the button keeps what the control shows, and the line below says so."""

import ipywidgets
import pytest

from course_lib import prediction, style
from course_lib.prediction import Choice, Marks, Number, Prediction
from course_lib.question_box import QuestionBox


@pytest.fixture(autouse=True)
def nothing_kept():
    prediction._kept.clear()
    yield
    prediction._kept.clear()


def ask(kind):
    """The prediction and its widgets by class name."""
    guess = Prediction("a/b", "Where?", kind)
    guess._repr_mimebundle_()
    found, waiting = {}, [guess._box._view]
    while waiting:
        widget = waiting.pop(0)
        found.setdefault(type(widget).__name__, []).append(widget)
        waiting += getattr(widget, "children", ())
    return guess, found


@pytest.mark.parametrize(
    ("kind", "slider"),
    [
        (Number(0.1, 10, log=True, start=0.5), "FloatLogSlider"),
        (Number(0, 10, start=0.5), "FloatSlider"),
        (Number(0, 10, integer=True, start=3), "IntSlider"),
    ],
)
def test_a_slider_starts_where_it_should_and_the_button_keeps_its_place(kind, slider):
    guess, found = ask(kind)
    (control,) = found[slider]
    assert control.value == pytest.approx(kind.start)
    control.value = 4
    assert guess.value is None  # moving is not committing
    found["Button"][0].click()
    assert guess.value == pytest.approx(4) and "Kept: 4." in guess._box._line.value


@pytest.mark.parametrize("end", ["lo", "hi"])
@pytest.mark.parametrize("kind", [Number(0.02, 4, log=True), Number(-1, 0.3), Number(1, 700, integer=True, log=True)])
def test_both_ends_of_a_slider_can_be_kept(kind, end):
    guess, found = ask(kind)
    control = next(each for each in (w for group in found.values() for w in group) if hasattr(each, "readout_format"))
    power = isinstance(control, ipywidgets.FloatLogSlider)
    place = control.min if end == "lo" else control.max
    control.value = 10**place if power else place
    found["Button"][0].click()
    assert guess.value == pytest.approx(getattr(kind, end))


def test_a_choice_must_be_made_before_it_is_kept():
    guess, found = ask(Choice("left", "right"))
    found["Button"][0].click()
    assert guess.value is None and "Choose one first." in guess._box._line.value
    (buttons,) = found["ToggleButtons"]
    buttons.value = "right"
    assert buttons.icons[1] == "check" != buttons.icons[0]  # not by colour alone
    found["Button"][0].click()
    assert guess.value == "right"


def test_marks_have_a_slider_each_and_do_not_start_on_each_other():
    guess, found = ask(Marks("slow", "fast", lo=1e-3, hi=1, log=True))
    slow, fast = found["FloatLogSlider"]
    assert slow.value < fast.value
    slow.value, fast.value = 0.01, 0.1
    found["Button"][0].click()
    assert guess.value == pytest.approx((0.01, 0.1))


@pytest.mark.parametrize("kind", [Number(0, 9), Choice("a", "b"), Marks("a", "b", lo=0, hi=9)])
def test_an_answer_from_code_moves_the_control(kind):
    guess, _ = ask(kind)
    value = {Number: 2.5, Choice: "b", Marks: (2.5, 3.5)}[type(kind)]
    guess.answer(value)
    read = guess._box._control.read()
    assert (tuple(read) if isinstance(read, list) else read) == value


def test_the_line_follows_the_reveal():
    guess, _ = ask(Number(0, 9))
    guess.answer(3)
    assert "next cell" in guess._box._line.value
    guess.reveal(4)
    assert "already known" in guess._box._line.value


def test_a_kept_answer_is_shown_from_the_start():
    Prediction("a/b", "Where?", Number(0, 9)).answer(7)
    guess, found = ask(Number(0, 9))
    assert found["FloatSlider"][0].value == 7 and "Kept: 7." in guess._box._line.value
    assert isinstance(guess._box, QuestionBox)


@pytest.mark.parametrize("lecture", [False, True])
def test_the_numbers_below_a_slider_are_as_wide_as_its_track(lecture):
    """Measured in JupyterLab: the track ends 10 px before the number that a slider shows, and that is 59 px wide."""
    style.use_style(lecture=lecture)
    try:
        _, found = ask(Number(0, 10, start=5))
        (slider,), scale = found["FloatSlider"], next(each for each in found["HTML"] if "translateX" in each.value)
        assert slider.layout.width == scale.layout.width == f"{416 * style.scale():.0f}px"
        assert f"margin:0 {10 + 59 * style.scale():.0f}px 0 6px" in scale.value
    finally:
        style.use_style()


@pytest.mark.parametrize("lecture", [False, True])
def test_the_first_number_of_a_scale_has_room_on_the_left(lecture):
    """Half of it reaches beyond the track, and is cut where the box ends; in the large mode it is larger."""
    style.use_style(lecture=lecture)
    try:
        guess, _ = ask(Number(1e-5, 10, log=True))
        room = int(guess._box._view.children[1].layout.padding.split()[-1].removesuffix("px"))
        widest = len("0.00001") * 0.6 * 0.85 * 14 * style.scale()  # px: characters, their width and size, in em
        assert room >= widest / 2 - 6 * style.scale()  # the track begins half a handle further right
    finally:
        style.use_style()
