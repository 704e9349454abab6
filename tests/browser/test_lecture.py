"""`course lab --lecture`: words, code, figures and explorers are large, and the words of an explorer not twice so."""

import nbformat
import pytest

from tests.browser.lab import Lab

SIZE = "e => parseFloat(getComputedStyle(e).fontSize)"  # in pixels
CELLS = {
    "setup": "import course_lib as course\nfrom course_lib.lessons import start_here as lesson\ncourse.setup()",
    "move": "lesson.Slope()",
    "guess": "lesson.read",
}


@pytest.fixture
def lecture(tmp_path):
    with Lab(tmp_path, lecture=True) as lab:
        yield lab


def test_everything_is_large(lecture, browser, keep):
    cells = [nbformat.v4.new_code_cell(code, id=id) for id, code in CELLS.items()]
    nb = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("Some words.\n\n| a table |\n|---|\n| of one cell |", id="words"), *cells]
    )
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nb, lecture.folder / "large.ipynb")
    notebook = lecture.open(browser, "large.ipynb")
    notebook.run_all()
    keep(notebook)
    assert notebook.errors() == []
    assert "lecture mode" in notebook.output("setup").inner_text()

    def size(cell, place):
        return notebook.cell(cell).locator(place).first.evaluate(SIZE)

    sizes = {
        "Markdown": size("words", "p"),
        "table": size("words", "td"),
        "code": size("move", ".cm-content"),
        "name of a slider": size("move", ".widget-label"),
        "sentence below the picture": size("move", ".widget-html-content"),
        "question": size("guess", ".widget-html-content"),
    }
    assert {name: value for name, value in sizes.items() if not 17 <= value <= 24} == {}
    picture = notebook.output("move").locator(".course-explorer img").first.bounding_box()
    assert picture["width"] > 900  # usually 640
    notebook.close()
