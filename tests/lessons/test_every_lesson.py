"""What holds for the cells of every lesson: any order after the set-up, no network, and a balance of its parts."""

import re
import socket

import matplotlib
import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

from course_lib.commands.checkout import ROOT
from course_lib.exercise import source
from course_lib.feedback import judge
from tests.lessons.cells import code_cells, globals_in, lessons

LESSONS = lessons()
LEAST = {"others": (3, 3, 4), "00_start_here": (1, 1, 1)}  # predictions, explorers, exercises; 00 takes ten minutes


@pytest.fixture
def shell(monkeypatch):
    """An IPython of its own, which may not reach for the network."""

    def refuse(_self, address):
        raise OSError(f"a lesson works offline, and a cell asked for {address}")

    matplotlib.use("agg")
    shell = InteractiveShell()
    monkeypatch.setattr(socket.socket, "connect", refuse)
    yield shell
    InteractiveShell.clear_instance()


def test_there_are_lessons():
    assert LESSONS


@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS)
def test_after_the_setup_alone_each_cell_works_or_misses_a_name(shell, lesson, capsys):
    """Cells with a tag: reveals, claims, widgets that are given something. Others are plain Python, most of them train,
    and nbval runs them; explorers that are given nothing are made alone in tests/contracts/test_explorers.py."""
    setup, *others = code_cells(lesson)
    assert shell.run_cell(setup.source).success
    names = dict(shell.user_ns)
    for cell in others:
        if not cell.metadata.get("tags") or re.fullmatch(r"lesson\.[A-Z]\w*\(\)", cell.source):
            continue
        shell.user_ns.clear()
        shell.user_ns.update(names)
        error = shell.run_cell(cell.source).error_in_exec
        assert error is None or type(error) is NameError, f"{cell.id}: {error!r}"
    assert "offline" not in capsys.readouterr().out


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_shown_solution_works_where_it_is_pasted(lesson):
    """It may use what the lesson's first cell imports, and must import all else."""
    setup, *others = code_cells(lesson)
    imports = "\n".join(line for line in setup.source.splitlines() if re.match("import |from ", line))
    exercises = [name for cell in others for name in re.findall(r"lesson\.(\w+)\.check\(", cell.source)]
    for name in exercises:
        names = {}
        exec(imports, names)
        exercise = getattr(names["lesson"], name)
        exec(source(exercise.right), names)
        outcome = judge(exercise, names[exercise.right.__name__])
        assert outcome.kind == "correct", f"{exercise.id}: {outcome}"


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_cell_means_the_same_when_a_learner_comes_back_to_it(lesson):
    """No later cell makes a name anew that it takes from an earlier one: it would then show another net's figure."""
    cells = [(cell.id, *globals_in(cell.source)) for cell in code_cells(lesson)]
    for place, (cell, _, used) in enumerate(cells):
        before = {name for _, made, _ in cells[:place] for name in made}
        for later, made, _ in cells[place + 1 :]:
            assert not used & before & made, f"{later} makes anew what {cell} uses"


def test_globals_in_a_cell():
    made, used = globals_in("import torch\ny = [x for x in data]\ndef f(a):\n    b = a + c\n    return torch.sum(b)")
    assert made == {"torch", "y", "f"} and used == {"data", "c"}
    assert globals_in("x = x + 1\nx") == ({"x"}, set())


@pytest.mark.parametrize("lesson", LESSONS)
def test_parts_are_in_balance(lesson):
    nb = nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", 4)
    tags = [tag for cell in nb.cells for tag in cell.metadata.get("tags", [])]
    predictions, explorers, exercises = LEAST.get(lesson, LEAST["others"])
    assert predictions <= tags.count("prediction") <= 4, "predictions"
    assert tags.count("explorer") >= explorers, "explorers"
    assert exercises <= tags.count("exercise") <= 5, "exercises"
    assert any(tag.startswith("concept:") for tag in tags), "concepts"
    prose = sum(cell.cell_type == "markdown" for cell in nb.cells)
    assert prose >= len(nb.cells) - prose, "less prose than code"


@pytest.mark.parametrize("lesson", LESSONS)
def test_never_more_than_two_code_cells_in_a_row(lesson):
    nb = nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", 4)
    row = 0
    for cell in nb.cells:
        row = row + 1 if cell.cell_type == "code" else 0
        assert row <= 2, cell.id
