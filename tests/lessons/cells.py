"""The code cells of a lesson's notebook, for tests that run them."""

import ast
import dis
from collections.abc import Collection, Iterator
from types import CodeType

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


def with_what_they_need(lesson: str, tags: Collection[str]) -> list[nbformat.NotebookNode]:
    """The code cells with one of the tags, the first one, and all cells that bind a name which these use; in order."""
    cells = code_cells(lesson)
    names = [names_in(cell.source) for cell in cells]
    wanted = [i for i, cell in enumerate(cells) if i == 0 or set(tags) & set(cell.metadata.get("tags", []))]
    found = set()
    while wanted:
        found.add(i := wanted.pop())
        makers = [[j for j in range(i) if name in names[j][0]] for name in names[i][1]]
        wanted += {those[-1] for those in makers if those} - found
    return [cells[i] for i in sorted(found)]


def names_in(source: str) -> tuple[set[str], set[str]]:
    """The names that a cell binds, and those that it uses."""
    bound, used = set(), set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                used.add(name)
            case ast.Name(id=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.alias(name=name, asname=other):
                bound.add(other or name.partition(".")[0])
    return bound, used


def globals_in(source: str) -> tuple[set[str], set[str]]:
    """The notebook's names that a cell makes or makes anew, and those that it takes from other cells.

    Unlike `names_in`, it leaves out what lives inside a function or a comprehension only. What Python compiles says so;
    its table of symbols does not, since 3.12 lists the names of a comprehension among those around it.
    """
    cell = compile(source, "cell", "exec")
    made = _named(cell, "STORE_NAME")
    return made, set(_globals_used(cell)) - made


def _globals_used(code: CodeType) -> Iterator[str]:
    yield from _named(code, "LOAD_GLOBAL") | (_named(code, "LOAD_NAME") - _own(code))
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _globals_used(inner)


def _own(code: CodeType) -> set[str]:
    """The names of a class, which are not the notebook's."""
    return set() if code.co_name == "<module>" else _named(code, "STORE_NAME") | {"__name__"}


def _named(code: CodeType, operation: str) -> set[str]:
    return {each.argval for each in dis.get_instructions(code) if each.opname == operation}


def lessons() -> list[str]:
    """The names of all lessons: "03_learning_rates"."""
    return sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
