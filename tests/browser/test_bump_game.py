"""The bump game of lesson 02 by keyboard alone: choose a bump, move it, and beat the mean."""

import nbformat
import pytest

from course_lib.lessons import bumps_from_sigmoids as lesson
from tests.browser.moves import press, readout, shown, wait_for

PLACE, HEIGHT = 0, 1  # the sliders, in the order of the page


@pytest.fixture(scope="module")
def game(lab, browser):
    cell = nbformat.v4.new_code_cell(
        "from course_lib.lessons import bumps_from_sigmoids as lesson\n\nlesson.BumpGame()"
    )
    nb = nbformat.v4.new_notebook(cells=[cell])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nb, lab.folder / "game.ipynb")
    opened = lab.open(browser, "game.ipynb")
    opened.run_all()
    place = opened.page.locator(".course-explorer")
    wait_for(place, "true")
    yield place
    opened.close()


def choose(game, bump):
    """By keyboard: the button of a bump gets the focus, and a space presses it."""
    if shown(game).says.startswith(f"Bump {bump} "):
        return
    game.get_by_role("button", name=str(bump), exact=True).focus()
    game.page.keyboard.press("Space")
    wait_for(game, "now.says.startsWith(what)", f"Bump {bump} ")


def move(game, slider, value):
    """With the arrow keys, step by step, until the slider shows the value; from afar five steps at a time."""
    for _ in range(120):
        now = readout(game, slider=slider)
        if abs(now - value) < 0.05:
            return
        before = shown(game)
        back, on = ("PageDown", "PageUp") if abs(now - value) > 0.6 else ("ArrowLeft", "ArrowRight")
        press(game, on if now < value else back, slider=slider)
        wait_for(game, "now.says !== what", before.says)
    raise AssertionError(f"slider {slider} stays at {now}, {value} was asked for")


def test_bumps_keep_their_places_while_another_one_moves(game):
    start = lesson.BumpGame().values["bumps"]
    choose(game, 1)
    move(game, PLACE, start.rows[0][0] - 0.4)
    choose(game, 5)
    assert readout(game, slider=PLACE) == pytest.approx(start.rows[4][0], abs=0.05)
    choose(game, 1)
    assert readout(game, slider=PLACE) == pytest.approx(start.rows[0][0] - 0.4, abs=0.05)


def test_the_goal_can_be_reached_by_keyboard(game, keep):
    for bump, (hour, litres) in enumerate([(8.6, 3.0), (10.5, 4.6), (12.8, 3.0), (15.0, 2.0), (16.5, 2.0)], start=1):
        choose(game, bump)
        move(game, PLACE, hour)
        move(game, HEIGHT, litres)
    game.get_by_text("Goal reached").wait_for()
    keep(game)
