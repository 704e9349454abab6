"""The code cells of a lesson's notebook, for tests that run them."""

import nbformat

from course_lib.commands.checkout import ROOT


def code_cells(lesson: str) -> list[nbformat.NotebookNode]:
    """All code cells of notebooks/LESSON.ipynb, in order."""
    nb = nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", 4)
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def code_cell(lesson: str, tag: str) -> str:
    """The source of the one code cell with a tag."""
    (cell,) = [cell for cell in code_cells(lesson) if tag in cell.metadata.get("tags", [])]
    return cell.source


def lessons() -> list[str]:
    """The names of all lessons: "03_learning_rates"."""
    return sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
