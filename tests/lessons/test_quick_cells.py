"""The quick cells of each notebook, without the long trainings between them: the truths they reveal, and their claims.

nbval runs every cell, which takes half a minute a lesson, and compares what claims print. What a reveal says is true is
compared here and nowhere else, and what the claims of quick cells print is compared in seconds.
"""

import ast
import contextlib
import io

import nbformat
import pytest

from course_lib.commands.checkout import ROOT
from course_lib.prediction import Prediction
from course_lib.tidy import CHECKED
from tests.lessons.cells import lessons

# in the order of the notebook; the set-up cell comes first by itself
CELLS = {
    "00_start_here": "program sheet read-reveal shifted memory-reveal shape-reveal claim-reads claim-moved",
    "01_single_layer": "coffee-look rmse-mean floor-coffee softmax-reveal claim-floor",
    "02_bumps_from_sigmoids": "data net-by-hand-cell equal-bumps shelf-reveal handover-reveal claim-handover",
    "03_learning_rates": "limit-measure limit-reveal claim-guessing",
    "04_backprop": "twice-reveal engine engine-compare engine-train by-hand cost-reveal claim-engine",
    "05_vanishing_gradients": "net spread same-reveal dies-all by-hand claim-everything",
    "06_convolutions": "shuffle-show shuffle-train places-reveal learn-code learn-reveal work-reveal claim-windows",
    "07_skip_connections": "explosion-reveal",
    "08_transfer_learning": "net zeros-reveal claim-zeros",
}
# what is revealed there: the very answer, or the bounds between which the text stays true
TRUTHS = {
    "start_here/read": (176, 199),
    "start_here/memory": "3",
    "start_here/shape": "(3, 3)",
    "single_layer/shifted": "the same",
    "bumps_from_sigmoids/halved": 16,
    "bumps_from_sigmoids/handover": "it is higher",
    "learning_rates/limit": (0.49, 0.51),
    "backprop/twice": 10,
    "backprop/cost": (1.8, 2),
    "vanishing_gradients/unit_spread": (0, 1e-5),
    "convolutions/places": 24,
    "convolutions/found": "only for the small digits",
    "convolutions/work": (12, 12.5),
    "skip_connections/initial_loss": (1e8, 1e18),
    "transfer_learning/zeros": (0.6, 1),
}
VALUES = {"05_vanishing_gradients/by-hand": True}  # of a cell's last line


@pytest.fixture
def revealed(monkeypatch):
    """What is revealed, id -> truth; nothing is judged, kept or drawn."""
    found = {}
    monkeypatch.setattr(Prediction, "reveal", lambda self, truth: found.update({self.id: truth}))
    monkeypatch.setattr(Prediction, "draw", lambda self, ax, truth=None, axis="x": ax)
    return found


@pytest.mark.parametrize("lesson", lessons())
def test_quick_cells_reveal_the_truth_and_their_claims_print_what_is_stored(lesson, revealed):
    nb = nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", 4)
    cells = {cell.id: cell for cell in nb.cells if cell.cell_type == "code"}
    names = {}
    for id in ["setup", *CELLS[lesson].split()]:
        with contextlib.redirect_stdout(io.StringIO()) as said:
            value = run(cells[id].source, names)
        names["show"] = lambda *_args, **_options: None
        if CHECKED in cells[id].metadata.get("tags", []):
            assert said.getvalue() == "".join(output.text for output in cells[id].outputs), id
        assert value == VALUES.get(f"{lesson}/{id}", value), id
    own = {id: truth for id, truth in TRUTHS.items() if id.partition("/")[0] == lesson[3:]}
    assert set(revealed) == set(own)
    for id, truth in own.items():
        assert fits(revealed[id], truth), f"{id}: {revealed[id]!r} is not {truth}"


def run(source: str, names: dict) -> object:
    """Runs a cell in `names`; the value of its last line, if that is an expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return last and eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def fits(found: object, truth: object) -> bool:
    """Whether a truth is the one expected, or lies between two bounds."""
    return truth[0] <= found <= truth[1] if isinstance(truth, tuple) else found == truth


@pytest.mark.parametrize("truth", ["4", 3, (3.1, 4)])
def test_another_truth_is_noticed(truth):
    assert not fits("3" if isinstance(truth, str) else 3.05, truth)
