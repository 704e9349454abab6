"""Controls: their ranges, their errors, and the widgets that stand for them."""

import re
from random import Random

import pytest

from course_lib import style
from course_lib.controls import Choice, Chosen, Grid, Number, Rows, Slider, Switches

ALL = {
    "linear": Slider(-1, 3, start=0.5),
    "log": Slider(1e-4, 10, start=0.3, log=True),
    "integer": Slider(1, 9, start=4, integer=True),
    "choice": Choice("a", "b", "c"),
    "switches": Switches(5),
    "board": Switches(6, columns=3),
    "rows": Rows(3, start=((1, 2), (8, -1), (9, 0)), place=Slider(1, 9), height=Slider(-2, 2)),
    "grid": Grid(2, 3, lo=-2, hi=2),
    "number": Number(-5, 5),
}


@pytest.mark.parametrize("name", ALL)
def test_places_and_random_values_are_valid(name):
    control, rng = ALL[name], Random(0)
    for value in (control.start, *control.places(), *(control.random(rng) for _ in range(50))):
        assert control.check(value) == value


@pytest.mark.parametrize("name", ALL)
def test_widgets_hold_what_is_written(name):
    control = ALL[name]
    _, inputs = control.widgets("x")
    assert control.read(inputs) == control.start
    for value in control.places()[:2]:
        control.write(inputs, value)
        assert flat(control.read(inputs)) == pytest.approx(flat(value))


def flat(value):
    """A board as one list, so that approx can compare it."""
    if isinstance(value, Chosen):
        return [value.row, *flat(value.rows)]
    grid = isinstance(value, tuple) and isinstance(value[0], tuple)
    return [number for row in value for number in row] if grid else value


def test_ends_of_a_log_slider_survive_the_way_through_the_widget():
    """The widget computes 10 ** exponent, which can lie a hair outside."""
    control = Slider(0.02, 4, start=2, log=True)
    _, (slider,) = control.widgets("α")
    for exponent, end in ((slider.min, 0.02), (slider.max, 4)):
        slider.value = 10**exponent
        assert control.check(slider.value) == pytest.approx(end)


def rows(*, chosen=0):
    """Rows with their parts: the state, the buttons and the two sliders."""
    control = Rows(2, start=((1, 2), (8, -1)), chosen=chosen, place=Slider(1, 9, step=1), height=Slider(-2, 2, step=1))
    shown, (state,) = control.widgets("bumps")
    chooser, place, height = shown.children
    return control, state, chooser.children[1], place, height


def test_sliders_of_rows_move_the_chosen_row_and_no_other():
    _, state, buttons, place, height = rows()
    place.value = 4
    assert state.value == Chosen(0, ((4, 2), (8, -1)))
    buttons.value = 2
    assert (place.value, height.value) == (8, -1)
    height.value = 2
    assert state.value == Chosen(1, ((4, 2), (8, 2)))


def test_choosing_a_row_is_one_move_and_what_is_written_shows_on_the_sliders():
    control, state, buttons, place, height = rows(chosen=1)
    assert (buttons.value, place.value, height.value) == (2, 8, -1)
    seen = []
    state.observe(lambda change: seen.append(change.new), "value")
    buttons.value = 1
    assert seen == [Chosen(0, ((1, 2), (8, -1)))]
    control.write([state], Chosen(1, ((3, 0), (5, 1))))
    assert (buttons.value, place.value, height.value) == (2, 5, 1)
    assert len(seen) == 2


def test_a_board_of_switches_has_rows_of_small_buttons_with_names():
    shown, inputs = Switches(6, columns=3, start=(True,) + (False,) * 5).widgets("ink")
    assert [len(row.children) for row in shown.children] == [3, 3]
    assert inputs[4].tooltip == "ink: row 2, column 2"
    inputs[4].value = True
    assert Switches(6, columns=3).read(inputs) == (True, False, False, False, True, False)


def test_a_long_label_and_the_large_mode_leave_the_slider_its_track():
    def width(label):
        return int(Slider(0, 1, label=label).widgets("x")[0].layout.width.removesuffix("px"))

    short, long = width("rate"), width("added to every logit")
    assert long - short >= 6 * (len("added to every logit") - len("rate"))
    style.use_style(lecture=True)
    try:
        assert width("rate") > 1.4 * short
    finally:
        style.use_style()


def test_name_unit_and_label_are_on_the_widget():
    _, (slider,) = Slider(0, 1, unit="cm", label="length").widgets("x")
    assert slider.description == "length in cm"
    _, (box,) = Number(0, 1).widgets("β")
    assert box.description == "β"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Slider(2, 1), "lo=2 and hi=1"),
        (lambda: Slider(0, 1, log=True), "starts above 0, got lo=0"),
        (lambda: Slider(0, 1, start=3), "3 lies outside 0 to 1"),
        (lambda: Slider(0, 1).check(True), "True is not a number"),
        (lambda: Slider(0, 1).check(float("inf")), "inf is not a number"),
        (lambda: Choice("a"), "at least two options"),
        (lambda: Choice("a", "b").check("c"), "'c' is none of 'a', 'b'"),
        (lambda: Switches(3).check((True, False)), "not a row of 3 switches"),
        (lambda: Switches(2).check((True, 7)), "not a row of 2 switches"),
        (lambda: Switches(7, columns=3), "7 switches do not fill rows of 3"),
        (lambda: Rows(2, start=((1,),), a=Slider(0, 1)), "not 2 rows of a"),
        (lambda: Rows(1, start=((3,),), a=Slider(0, 1)), "3 lies outside 0 to 1"),
        (lambda: Rows(1, start=((1,),), chosen=1, a=Slider(0, 1)), "1 is none of the rows 0 to 0"),
        (lambda: Grid(2, 2).check(((1, 2),)), "not 2 rows of 2 numbers"),
        (lambda: Grid(1, 1).check((("x",),)), "'x' is not a number"),
        (lambda: Number(3, 3), "lo=3 and hi=3"),
    ],
)
def test_errors_name_the_value(make, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        make()
