"""What `python -m benchmarks memory` measures by: a kernel moved as a page moves it, in which a leak shows.

All explorers take a quarter of an hour; here one that keeps what it should let go, and one that fails.
"""

import os

import numpy as np
import pytest

from benchmarks import memory
from course_lib.controls import Choice, Slider
from course_lib.explorer import Explorer


class Leaks(Explorer):
    """Where does the line end?"""

    controls = {"a": Slider(-1, 1, start=0.5), "kind": Choice("up", "down")}
    kept: list[bytes] = []

    def compute(self, a, kind):
        return np.array([0, a if kind == "up" else -a])

    def draw(self, fig, result):
        axes = fig.subplots()
        axes.set(xlim=(0, 1), ylim=(-1, 1))
        return axes.plot([0, 1], result)

    def update(self, moving, result):
        self.kept.append(os.urandom(2_000_000))
        moving[0].set_ydata(result)

    def describe(self, result):
        return f"It ends at {result[1]:.3f}."


class Fails(Leaks):
    """Where does it end?"""

    def compute(self, a, kind):
        return np.array([0, 1 / (a > -1)])  # at its lowest place: a division by 0


@pytest.fixture(scope="module")
def page():
    """One kernel for both: it takes longer to start than to move."""
    with memory.kernel() as page:
        yield page


@pytest.mark.slow
def test_an_explorer_that_keeps_its_results_is_noticed(page):
    assert memory.growth_of(page, Leaks, warm_up=5, moves=30) > memory.BOUND_MB


@pytest.mark.slow
def test_a_move_without_a_picture_is_an_error(page):
    page.inputs.clear()  # those of the other explorer
    with pytest.raises(RuntimeError, match="No picture for a = -1"):
        memory.growth_of(page, Fails, warm_up=5, moves=1)


@pytest.mark.parametrize(
    ("model", "state", "sent"),
    [
        ("IntSliderModel", {"min": 1, "max": 4}, [{"value": 1}, {"value": 2}, {"value": 4}]),
        ("FloatSliderModel", {"min": -1.0, "max": 1.0}, [{"value": -1}, {"value": 0}, {"value": 1}]),
        (
            "FloatLogSliderModel",
            {"min": -2.0, "max": 0.0, "base": 10.0},
            [{"value": 0.01}, {"value": 0.1}, {"value": 1}],
        ),
        ("ToggleButtonModel", {}, [{"value": False}, {"value": True}, {"value": True}]),
        ("ToggleButtonsModel", {"_options_labels": ["a", "b", "c"]}, [{"index": 0}, {"index": 1}, {"index": 2}]),
        ("ButtonModel", {}, [None, None, None]),
    ],
)
def test_a_place_of_a_widget_is_sent_as_a_page_sends_it(model, state, sent):
    found = [memory.Input("id", model, state).value(place) for place in (0, 0.5, 1)]
    assert found == [value and {name: pytest.approx(each) for name, each in value.items()} for value in sent]
