"""Lesson 03 from a fresh start to its end, as a learner works through it."""

import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageColor

from course_lib.colors import GUESS
from course_lib.lessons import learning_rates as lesson
from tests.browser.moves import press, readout, shown, wait_for

NAME = "03_learning_rates.ipynb"
ANSWER = 0.25


@pytest.fixture(scope="module")
def notebook(lab, browser):
    """The lesson with one prediction committed before anything was revealed, and then every cell run."""
    opened = lab.open(browser, NAME)
    opened.run("setup")
    opened.run("limit-predict")
    _commit(opened)
    opened.run_all()
    yield opened
    opened.page.close()


def _commit(notebook):
    """By keyboard: the slider to 0.02, its lower end, and then up to about 0.25."""
    box = notebook.output("limit-predict")
    handle = box.locator(".noUi-handle")
    handle.focus()
    notebook.page.keyboard.press("Home")
    while readout(box) < ANSWER:
        before = readout(box)
        notebook.page.keyboard.press("ArrowRight")
        notebook.page.wait_for_function(
            "([box, before]) => Number(box.innerText) > before",
            arg=[box.locator(".widget-readout").element_handle(), before],
        )
    box.get_by_role("button", name="Commit").click()
    box.get_by_text("Kept:").wait_for()


def _explorers(notebook):
    cells = [cell["id"] for cell in notebook.cells() if "explorer" in cell["metadata"].get("tags", [])]
    assert len(cells) >= 3
    return cells


def _explorer(notebook, cell):
    notebook.cell(cell).scroll_into_view_if_needed()
    place = notebook.output(cell).locator(".course-explorer")
    wait_for(place, "true")
    return place


def test_every_cell_runs(notebook, keep):
    assert notebook.errors() == []
    assert all(cell["execution_count"] for cell in notebook.cells() if cell["cell_type"] == "code")
    warned = [
        (cell["id"], output["text"])
        for cell in notebook.cells()
        for output in cell.get("outputs", [])
        if output.get("name") == "stderr"
    ]
    assert warned == []
    keep(notebook)


def test_every_still_figure_is_there_with_its_alternative_text(notebook):
    notebook.page.wait_for_function("[...document.querySelectorAll('.jp-Notebook img')].every(img => img.complete)")
    images = notebook.page.eval_on_selector_all(
        ".jp-Notebook img", "all => all.map(img => ({alt: img.alt, width: img.naturalWidth}))"
    )
    shows = [cell for cell in notebook.cells() if cell["cell_type"] == "code" and "show(" in cell["source"]]
    assert len(images) >= len(shows) + len(_explorers(notebook))
    assert [image for image in images if len(image["alt"].split()) < 4 or not image["width"]] == []


def test_every_explorer_follows_a_key(notebook, keep):
    for cell in _explorers(notebook):
        place = _explorer(notebook, cell)
        before = shown(place)
        assert before.width > 0 and len(before.alt.split()) >= 4, cell
        value = readout(place)
        press(place, "ArrowRight" if value < 1 else "ArrowLeft")
        after = wait_for(place, "now.src !== what.src && now.alt !== what.alt", {"src": before.src, "alt": before.alt})
        assert readout(place) != value, cell
        assert after.says != before.says, cell
        keep(place, cell)


def test_reset_brings_every_explorer_to_its_start(notebook):
    """The front end moves a value that lies between two steps, and then slider, sentence and picture disagree."""
    for cell in _explorers(notebook):
        place = _explorer(notebook, cell)
        place.get_by_role("button", name="Reset").click()
        explorer = getattr(lesson, notebook.cells()[notebook.index(cell)]["source"].split(".")[-1].strip("()\n"))()
        wait_for(place, "now.alt === what", explorer.describe(explorer.result))
        sliders = [name for name, control in explorer.controls.items() if hasattr(control, "lo")]
        for k, name in enumerate(sliders):
            assert readout(place, slider=k) == pytest.approx(explorer.values[name], rel=6e-3), (cell, name)


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
