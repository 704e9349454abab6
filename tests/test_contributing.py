"""The examples of CONTRIBUTING are complete and right: taken from the page, run, dragged, and answered both ways."""

import contextlib
import importlib.util
import io
import re
import sys
import tomllib

import jupytext
import nbformat
import pytest

import course_lib.lessons
from course_lib import tidy
from course_lib.commands.checkout import ROOT
from course_lib.commands.lessons import read
from course_lib.exercise import Exercise
from course_lib.explorer import Explorer
from course_lib.prediction import Prediction
from tests.contracts import test_exercises, test_explorers
from tests.contracts.lessons import Found, misplaced
from tests.lessons.test_concepts import findings
from tests.notebooks import hygiene

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
PARTS = [block for block in BLOCKS if not block.startswith("# %%")]
(NOTEBOOK,) = [block for block in BLOCKS if block.startswith("# %%")]


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    """The parts of the page as one file, which the notebook of the page can import."""
    path = tmp_path / "momentum.py"
    path.write_text("\n\n".join(PARTS), encoding="utf-8")
    name = "course_lib.lessons.momentum"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(course_lib.lessons, "momentum", module, raising=False)
    spec.loader.exec_module(module)
    return module


def test_the_code_on_the_page_is_as_wide_as_all_code():
    assert [line for block in BLOCKS for line in block.splitlines() if len(line) > 120] == []


def test_what_the_page_makes_is_called_as_the_contracts_want_it(lesson):
    assert issubclass(lesson.Coast, Explorer)
    for name, kind in (("distance", Exercise), ("carried", Prediction)):
        assert isinstance(getattr(lesson, name), kind)
        assert misplaced(Found(lesson, lesson, name, getattr(lesson, name))) == []


def test_the_explorer_keeps_the_contract_and_its_goal_can_be_met(lesson):
    assert test_explorers.broken_promises(lesson.Coast) == []
    explorer = lesson.Coast()
    before, (met, _) = explorer.pixels(), explorer.goal(explorer.result)
    assert not met
    explorer.set(momentum=0.9, steps=60)
    assert explorer.goal(explorer.result)[0] and (explorer.pixels() != before).any()
    assert "9.98" in explorer.describe(explorer.result)


def test_the_exercise_keeps_the_contract_names_a_mistake_and_takes_the_answer(lesson):
    assert test_exercises.broken_promises(lesson.distance) == []
    assert lesson.distance.check(lambda momentum: ...).kind == "not attempted"
    outcome = lesson.distance.check(lambda momentum: 1 + momentum)
    assert (outcome.kind, outcome.misconceptions) == ("not yet", ("two steps",))
    assert lesson.distance.check(lambda momentum: 1 / (1 - momentum)).kind == "correct"


def test_the_prediction_names_the_usual_answer_and_knows_the_right_one(lesson):
    assert lesson.carried.reveal(10).verdict == ""  # unanswered
    lesson.carried.answer(1.9)
    assert lesson.carried.reveal(10).misconception == "one more step"
    lesson.carried.answer(10)
    assert lesson.carried.reveal(10).verdict == "close"


@pytest.fixture
def notebook(lesson):
    """The lesson of the page, run from top to bottom, with what its claim has printed."""
    nb, names = jupytext.reads(NOTEBOOK, fmt="py:percent"), {}
    for cell in nb.cells:
        if cell.cell_type == "code":
            with contextlib.redirect_stdout(io.StringIO()) as said:
                exec(cell.source, names)
            cell.outputs = [nbformat.v4.new_output("stream", text=said.getvalue())]
    return tidy.tidy(nb)


def test_the_lesson_runs_and_keeps_to_every_rule(notebook):
    assert [finding for rule in hygiene.RULES for finding in rule(notebook)] == []
    tags = [tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])]
    assert {"setup", "prediction", "explorer", "reveal", "exercise", "claim"} < set(tags)
    assert tags.index("prediction") < tags.index("reveal")


def test_its_first_cell_keeps_the_promise_of_the_page_of_lessons(notebook, tmp_path):
    tidy.write(notebook, tmp_path / "13_momentum.ipynb")
    found = read(tmp_path / "13_momentum.ipynb")
    assert (found.title, found.minutes, found.concepts, found.counts) == ("Momentum", "5", ["momentum"], [1, 1, 1, 1])


def test_its_concept_is_the_one_that_the_page_adds(notebook):
    (block,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    concepts = tomllib.loads(block)
    assert findings("13_momentum", notebook, concepts) == []
    assert all(set(concept) == {"lessons", "is"} and 10 < len(concept["is"]) < 100 for concept in concepts.values())
