"""The makers of README's pictures and of contact sheets, on a small notebook: what they make is what was to be seen."""

import io
import shutil
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image, ImageColor

from course_lib.colors import BLUE
from tests.browser import stand_ins
from tests.browser.moves import move_to, shown
from tests.browser.pictures.readme import Picture, take
from tests.browser.pictures.sheets import Tile, tiles, write

SOURCES = {
    "setup": "import matplotlib.pyplot as plt\nimport stand_ins\nfrom course_lib import show",
    "figure": 'ax = plt.figure().subplots()\nax.plot([0, 1])\nshow(ax, alt="One line that rises.")',
    "ruler": "stand_ins.Ruler()",
    "broken": "1 / 0",
}


@pytest.fixture(scope="module")
def small(lab):
    """A notebook with a figure, an explorer, and a cell that fails; its name."""
    shutil.copy(Path(stand_ins.__file__), lab.folder / "stand_ins.py")
    cells = [nbformat.v4.new_code_cell(source, id=name) for name, source in SOURCES.items()]
    cells[2].metadata["tags"] = ["explorer"]
    nb = nbformat.v4.new_notebook(cells=cells)
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nb, lab.folder / "small.ipynb")
    return "small"


def blue(picture):
    """How many pixels have the colour of the line, or nearly so: an explorer's picture has 256 colours."""
    off = np.abs(np.asarray(picture.convert("RGB")).astype(int) - ImageColor.getrgb(BLUE))
    return int((off.max(-1) < 32).sum())


def test_a_picture_shows_what_a_learner_did(small, lab, browser, tmp_path):
    seen = []

    def drag(notebook):
        ruler = notebook.output("ruler").locator(".course-explorer")
        move_to(ruler, 1.3)
        notebook.wait_until_idle()
        ruler.get_by_text("is 1.3 long").wait_for()
        seen.append(shown(ruler).png)

    picture = Picture(small, ("setup", "ruler"), ("ruler",), drag, code=False)
    image = Image.open(take(picture, lab, browser, tmp_path / "new" / "ruler.png"))
    inside = Image.open(io.BytesIO(seen[0]))
    assert image.width > inside.width * 0.9  # the picture of the explorer is all on it, and its sliders above
    assert image.height > inside.height
    assert (tmp_path / "new" / "ruler.png").stat().st_size < 150_000


def test_a_picture_of_a_cell_that_fails_is_not_taken(small, lab, browser, tmp_path):
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        take(Picture(small, ("broken",), ("broken",)), lab, browser, tmp_path / "broken.png")
    assert list(tmp_path.iterdir()) == []


def test_sheets_hold_figures_and_both_ends_of_each_slider(small, lab, browser, tmp_path, capsys):
    found = list(tiles(small, lab, browser))
    assert [tile.words for tile in found] == ["figure", "ruler: start", "ruler: slider 1 Home", "ruler: slider 1 End"]
    assert "ZeroDivisionError" in capsys.readouterr().out
    home, end = found[2].picture, found[3].picture
    assert blue(end) > 5 * blue(home)
    files = write(found, tmp_path, "small")
    assert [file.name for file in files] == ["small-1.png", "small-grey-1.png"]
    assert Image.open(files[1]).mode == "L"


def test_pictures_that_are_there_are_kept_when_a_later_one_fails(tmp_path, capsys):
    def tiles():
        yield Tile("first", Image.new("RGB", (50, 20)))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tiles(), tmp_path, "half")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["half-1.png", "half-grey-1.png"]
    assert "half: first" in capsys.readouterr().out
