"""What every lesson shows in JupyterLab: its predictions, its exercises, and its explorers and their keys.

Of the other cells only those run that make what these need, and their trainings are short: nbval runs all of them as
they stand, and looks at all that they print.
"""

import html
import importlib
import math
import re

import nbformat
import pytest

from course_lib.controls import Grid, Rows, Slider, Switches
from tests.browser.moves import press, readout, shown, wait_for
from tests.lessons.cells import lessons, with_what_they_need

WIDGETS = ("explorer", "prediction", "exercise")
EPOCHS = re.compile(r"""(\bepochs(?:=|": ))\d+""")


@pytest.fixture(scope="module", params=lessons())
def notebook(request, lab, browser):
    """The lesson with its widgets; `notebook.lesson` is its module, `ran` and `explorers` are ids of cells."""
    opened = lab.open(browser, with_short_trainings(lab.folder, request.param))
    opened.lesson = importlib.import_module(f"course_lib.lessons.{request.param.partition('_')[2]}")
    cells = with_what_they_need(request.param, WIDGETS)
    opened.ran = [cell.id for cell in cells]
    opened.explorers = [cell.id for cell in cells if "explorer" in cell.metadata.get("tags", [])]
    opened.run(*opened.ran)
    yield opened
    opened.close()


def with_short_trainings(folder, lesson):
    """Writes a copy of the lesson in which nets see their examples once: an explorer wants a net, not a good one."""
    nb = nbformat.read(folder / f"{lesson}.ipynb", 4)
    for cell in nb.cells:
        if cell.cell_type == "code" and not set(WIDGETS) & set(cell.metadata.get("tags", [])):
            cell.source = EPOCHS.sub(r"\g<1>1", cell.source)
    name = f"short_{lesson}.ipynb"
    nbformat.write(nb, folder / name)
    return name


def on_the_page(notebook, cell):
    """The explorer of a cell, scrolled into view and drawn."""
    notebook.cell(cell).scroll_into_view_if_needed()
    place = notebook.output(cell).locator(".course-explorer")
    wait_for(place, "true")
    return place


def at_first(notebook, cell):
    """The controls of an explorer, each with the value it begins with: no lesson gives one a start of its own."""
    kind = getattr(notebook.lesson, re.search(r"lesson\.(\w+)\(", notebook.content(cell)["source"])[1])
    return [(control, control.start) for control in kind.controls.values()]


def first_alt(notebook, cell):
    """What the still picture of an explorer says, which its output carries beside the live one."""
    outputs = notebook.content(cell)["outputs"]
    (page,) = ["".join(each["data"]["text/html"]) for each in outputs if "text/html" in each.get("data", {})]
    return html.unescape(re.search(r'alt="([^"]*)"', page)[1])


def test_every_widget_is_on_the_page(notebook, keep):
    assert notebook.errors() == []
    cells = {cell["id"]: cell for cell in notebook.cells()}
    assert all(cells[id]["execution_count"] for id in notebook.ran)
    shown = {kind: [id for id in cells if kind in cells[id]["metadata"].get("tags", [])] for kind in WIDGETS}
    assert all(shown.values())
    for cell in [*shown["explorer"], *shown["prediction"]]:
        notebook.cell(cell).scroll_into_view_if_needed()
        notebook.output(cell).locator(".jupyter-widgets").first.wait_for()
    keep(notebook)


def test_every_explorer_follows_a_key(notebook, keep):
    for cell in notebook.explorers:
        place = on_the_page(notebook, cell)
        before = shown(place)
        assert before.alt == first_alt(notebook, cell), cell
        assert before.width > 0 and len(before.alt.split()) >= 4, cell
        _press_a_key(place, at_first(notebook, cell))
        after = wait_for(place, "now.src !== what.src && now.alt !== what.alt", {"src": before.src, "alt": before.alt})
        assert after.says != before.says, cell
        keep(place, cell)


def _press_a_key(place, controls):
    """An arrow for the first slider, away from the nearer end, or for a typed number; a space on a board."""
    first = next(_sliders(controls), None)
    if first is None and any(isinstance(control, Grid) for control, _ in controls):
        place.locator("input[type=number]").first.focus()
        place.page.keyboard.press("ArrowUp")
        place.page.keyboard.press("Tab")
        return
    if first is None:
        (switches,) = [control for control, _ in controls if isinstance(control, Switches)]
        button = place.locator(".course-board button, .jupyter-button").nth(20 if switches.columns else 0)
        button.focus()
        place.page.keyboard.press("Space")
        return
    slider, value = first
    low, high = (math.log(end) if slider.log else end for end in (slider.lo, slider.hi))
    middle = (low + high) / 2
    press(place, "ArrowRight" if (math.log(value) if slider.log else value) < middle else "ArrowLeft")


def _sliders(controls):
    """The sliders in the order of the page, each with the value it shows at first."""
    for control, value in controls:
        if isinstance(control, Slider):
            yield control, value
        elif isinstance(control, Rows):
            yield from zip(control.columns.values(), value.rows[value.row], strict=True)


def test_reset_brings_every_explorer_to_its_start(notebook):
    """The front end moves a value that lies between two steps, and then slider, sentence and picture disagree."""
    for cell in notebook.explorers:
        place = on_the_page(notebook, cell)
        first = first_alt(notebook, cell)
        if shown(place).alt == first:  # this test runs alone: nobody has moved anything yet
            _press_a_key(place, at_first(notebook, cell))
            wait_for(place, "now.alt !== what", first)
        place.get_by_role("button", name="Reset").click()
        wait_for(place, "now.alt === what", first)
        for k, (_slider, value) in enumerate(_sliders(at_first(notebook, cell))):
            assert readout(place, slider=k) == pytest.approx(value, rel=6e-3), (cell, k)
