"""An explorer under a learner's hands, on notebooks made for it."""

import io
import shutil
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

from course_lib import style
from tests.browser import stand_ins
from tests.browser.moves import drag, press, readout, shown, wait_for


@pytest.fixture(scope="module")
def notebook(lab, browser):
    """One notebook with each of the stand-ins, all cells run."""
    shutil.copy(Path(stand_ins.__file__), lab.folder / "stand_ins.py")
    sources = ["import stand_ins", *(f"stand_ins.{name}()" for name in ("Ruler", "Slow", "Fragile"))]
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nb, lab.folder / "stand_ins.ipynb")
    opened = lab.open(browser, "stand_ins.ipynb")
    opened.run_all()
    assert opened.errors() == []
    yield opened
    opened.close()


@pytest.fixture
def explorer(notebook):
    """Finds one of the stand-ins on the page and brings it into view."""

    def find(name):
        place = notebook.page.locator(f".course-{name}")
        place.scroll_into_view_if_needed()
        wait_for(place, "true")
        return place

    return find


def test_a_fast_drag_over_a_slow_explorer_ends_at_the_slider_s_value(notebook, explorer, lab, keep):
    place = explorer("Slow")
    starts = lab.folder / stand_ins.STARTS
    starts.unlink()
    released = drag(place, to=0.85, seconds=1.5)
    value = readout(place)
    assert value > 5
    last = wait_for(place, "now.says.includes(what)", f"is {value:.1f} long")
    notebook.wait_until_idle()
    began = [tuple(map(float, line.split())) for line in starts.read_text().splitlines()]
    after = [value for when, value in began if when > released]
    assert 4 <= len(began) <= 15  # it followed the hand, and left out what it had no time for
    assert len(after) <= 1, after
    assert began[-1][1] == pytest.approx(value)
    assert shown(place) == last  # nothing came later
    keep(place)


def test_the_picture_is_the_one_the_kernel_would_draw_afresh(notebook, explorer):
    place = explorer("Ruler")
    before = shown(place)
    press(place, "End")
    after = wait_for(place, "now.src !== what", before.src)
    with style.in_house_style():
        fresh = stand_ins.Ruler(length=10).pixels()[..., :3].astype(int)
    shown_now = np.asarray(Image.open(io.BytesIO(after.png)).convert("RGB")).astype(int)
    assert np.abs(shown_now - fresh).max() <= 32  # 256 colours; a line elsewhere would differ by 200
    assert after.alt == after.says == "The line is 10.0 long."


def test_reset_goes_back_to_the_first_picture(notebook, explorer):
    place = explorer("Ruler")
    place.get_by_role("button", name="Reset").click()
    first = wait_for(place, "now.says.includes('is 1.0 long')")
    press(place, "End")
    wait_for(place, "now.says.includes('is 10.0 long')")
    place.get_by_role("button", name="Reset").click()
    assert wait_for(place, "now.says.includes('is 1.0 long')") == first
    assert readout(place) == 1


def test_what_goes_wrong_in_the_kernel_is_said_and_the_old_picture_fades(notebook, explorer, keep):
    place = explorer("Fragile")
    good = shown(place)
    press(place, "End")
    bad = wait_for(place, "now.opacity < 0.5")
    assert bad.png == good.png
    assert "No picture for length = 10" in bad.says
    assert "10 is more than this line bears" in bad.says
    assert "Traceback" not in place.inner_text()
    keep(place)
    press(place, "Home")
    back = wait_for(place, "now.opacity === 1 && now.says.includes('is 0.0 long')")
    assert back.png != good.png


def test_every_control_is_named_and_can_be_reached_by_keyboard(notebook, explorer):
    place = explorer("Ruler")
    assert place.locator(".noUi-handle").first.get_attribute("tabindex") == "0"  # reached by Tab
    assert place.get_by_text("length", exact=True).is_visible()
    assert place.get_by_role("button", name="Reset").is_visible()
