"""Makes README's picture of an explorer, as it looks in JupyterLab: python -m tests.browser.picture."""

import tempfile
from pathlib import Path

import nbformat

from course_lib.commands.checkout import ROOT
from tests.browser.lab import Lab, browser_window
from tests.browser.moves import wait_for

PICTURE = ROOT / ".github" / "explorer.png"
SOURCE = """from course_lib.controls import Chosen
from course_lib.lessons import bumps_from_sigmoids as lesson

placed = ((8.6, 3.0), (10.5, 4.8), (12.8, 3.2), (15.0, 2.0), (16.5, 1.9))  # place and height of each bump
lesson.BumpGame(bumps=Chosen(row=3, rows=placed))"""


def main() -> None:
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SOURCE)])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    with tempfile.TemporaryDirectory() as folder:
        nbformat.write(nb, Path(folder) / "picture.ipynb")
        with browser_window() as browser, Lab(Path(folder)) as lab:
            notebook = lab.open(browser, "picture.ipynb")
            notebook.run_all()
            place = notebook.page.locator(".course-explorer")
            wait_for(place, "now.width > 0")
            box, picture = place.bounding_box(), place.locator("img").bounding_box()
            notebook.page.screenshot(path=PICTURE, clip=box | {"width": picture["width"] + 10})  # no white beside it
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
