"""Makes README's picture of an explorer, as it looks in JupyterLab: python -m tests.browser.picture."""

import tempfile
from pathlib import Path

import nbformat

from course_lib.commands.checkout import ROOT
from tests.browser.lab import Lab, browser_window
from tests.browser.moves import wait_for

PICTURE = ROOT / ".github" / "explorer.png"
SOURCE = """from course_lib.lessons import learning_rates as lesson

lesson.Hiker(start=3.4, rate=0.5, fog="clear sky")"""


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
            place.screenshot(path=PICTURE)
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
