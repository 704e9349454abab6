"""Predictions and exercises under a learner's hands, in lesson 03: committed, revealed, typed, checked."""

import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageColor

from course_lib.colors import GUESS
from course_lib.lessons import learning_rates as lesson
from tests.browser.moves import readout

NAME = "03_learning_rates.ipynb"
ANSWER = 0.25


@pytest.fixture(scope="module")
def notebook(lab, browser):
    """The lesson with one prediction committed before it was revealed, and another one revealed without an answer."""
    opened = lab.open(browser, NAME)
    opened.run("setup", "limit-predict")
    _commit(opened)
    opened.run("limit-measure", "limit-reveal", "look-at-data", "loop", "sweep", "curvature-raw", "sweep-reveal")
    assert opened.errors() == []
    yield opened
    opened.close()


def _commit(notebook):
    """By keyboard: the slider to 0.02, its lower end, and then up to about 0.25."""
    box = notebook.output("limit-predict")
    handle = box.locator(".noUi-handle")
    handle.focus()
    notebook.page.keyboard.press("Home")
    while readout(box) < ANSWER:
        before = readout(box)
        notebook.page.keyboard.press("PageUp" if before < 0.7 * ANSWER else "ArrowRight")  # a page is five steps
        notebook.page.wait_for_function(
            "([box, before]) => Number(box.innerText) > before",
            arg=[box.locator(".widget-readout").element_handle(), before],
        )
    box.get_by_role("button", name="Commit").click()
    box.get_by_text("Kept:").wait_for()


def test_a_prediction_that_was_committed_is_judged_and_drawn(notebook, keep):
    says = notebook.output("limit-reveal")
    says.scroll_into_view_if_needed()
    keep(says)
    words = says.inner_text()
    assert "Score:" in words
    assert "No answer was kept" not in words
    assert "already known" not in words  # it was committed before the reveal
    (name,) = [name for name in lesson.limit.usual if name.replace("_", " ") in words.lower()]
    assert lesson.limit.usual[name][0] == pytest.approx(ANSWER, rel=0.1)
    assert _pixels_of(says.locator("img"), GUESS["color"]) > 100  # the own mark


def _pixels_of(image, color):
    """How many pixels of a picture on the page have a colour, such as "#117733"."""
    data = base64.b64decode(image.get_attribute("src").partition(",")[2])
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    return int((pixels == ImageColor.getrgb(color)).all(-1).sum())


def test_a_prediction_without_an_answer_stays_neutral(notebook):
    says = notebook.output("sweep-reveal")
    says.scroll_into_view_if_needed()  # what is far away has no text on the page
    says.get_by_text("No answer was kept").wait_for()
    assert _pixels_of(says.locator("img"), GUESS["color"]) == 0


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("theta + lr * gradient", lesson.step.wrong["uphill"][1]),
        ("theta - lr * gradient", lesson.step.why),
    ],
    ids=["wrong", "right"],
)
def test_an_answer_typed_into_an_exercise_is_understood(notebook, keep, line, expected):
    cell = "step-exercise-cell"
    source = f"def step(theta, gradient, lr):\n    return {line}\n\n\nlesson.step.check(step)\n"
    notebook.type(cell, source)
    says = notebook.output(cell)
    says.get_by_text(expected[:40]).wait_for()
    assert ("Correct" in says.inner_text()) == (expected == lesson.step.why)
    keep(notebook)
