"""The corners of the quick explorers; those that train, or take longer than a hand, are gone to by hand."""

import numpy as np
import pytest

from course_lib.controls import Choice, Slider
from course_lib.explorer import Explorer
from course_lib.stamp import Stamp
from tests.contracts.corners import NO_NUMBER, corners, findings
from tests.contracts.lessons import subclasses

# Whoever may be given trained nets trains its own otherwise.
QUICK = [kind for kind in subclasses(Explorer) if kind.allowed_ms() == Explorer.allowed_ms() and not kind.given]


@pytest.mark.parametrize("kind", QUICK, ids=lambda kind: kind.__name__)
def test_nothing_breaks_in_a_corner(kind):
    assert findings(kind) == []


class Good(Explorer):
    """Where does the line end?"""

    controls = {"a": Slider(-1, 1, start=0.5), "b": Slider(0, 1, start=0.5), "way": Choice("up", "down", "level")}

    def compute(self, a, b, way):
        return np.array([0, {"up": a * b, "down": -a * b, "level": 0.0}[way]])

    def draw(self, fig, result):
        axes = fig.subplots()
        axes.set(xlim=(0, 1), ylim=(-1, 1))
        self._label = axes.text(0.5, 0.5, "")
        line, label = axes.plot([0, 1], result)[0], self._label
        self.update([line, label], result)
        return [line, label]

    def update(self, moving, result):
        moving[0].set_ydata(result)
        moving[1].set_text(f"{abs(result[1]):.2f}")

    def describe(self, result):
        return f"It ends at {abs(result[1]):.2f}."


class Divides(Good):
    """Where?"""

    def compute(self, a, b, way):
        return np.array([0, a / b if b or way == "level" else 1 / (a + 1)])  # raises where a = -1 and b = 0


class Warns(Good):
    """Where?"""

    def compute(self, a, b, way):
        return np.array([0, float(np.log(np.float64(b)) / 100 if a < 0 else b)])


class MinusNothing(Good):
    """Where?"""

    def describe(self, result):
        return f"It ends at {-abs(result[1]):.2f}."


class RunsOut(Good):
    """Where?"""

    def update(self, moving, result):
        super().update(moving, result)
        moving[1].set_position((0.5 + 2 * result[1], 0.5))


class StampRunsOut(Good):
    """Where?"""

    def draw(self, fig, result):
        moving = super().draw(fig, result)
        self._stamp = fig.axes[0].add_artist(Stamp(size=9))
        self.update(moving, result)
        return [*moving, self._stamp]

    def update(self, moving, result):
        super().update(moving, result)
        if hasattr(self, "_stamp"):
            self._stamp.say("far away", at=(0.5, 2 * result[1]))


class Remembers(Good):
    """Where?"""

    def update(self, moving, result):
        super().update(moving, result)
        moving[0].set_linewidth(moving[0].get_linewidth() + 1)


def test_all_combinations_are_gone_to_and_a_good_explorer_passes():
    assert len(corners(Good)) == 12 and {"a": -1.0, "b": 1.0, "way": "down"} in corners(Good)
    assert findings(Good) == []


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (Divides, "ZeroDivisionError"),
        (Warns, "divide by zero"),
        (MinusNothing, "'-0.00' in 'It ends at -0.00.'"),
        (RunsOut, "leaves the picture at its side"),
        (StampRunsOut, "'far away' leaves the picture at its top or bottom"),
        (Remembers, "others the second time"),
    ],
)
def test_what_breaks_in_a_corner_is_found(bad, words):
    assert any(words in each for each in findings(bad)), findings(bad)


@pytest.mark.parametrize("words", ["the loss is nan", "RMSE inf", "−0.0 h", "it ends at -0"])
def test_what_is_no_number_is_found(words):
    assert NO_NUMBER.search(words)


@pytest.mark.parametrize("words", ["0 to 1", "−0.01", "the infinite", "1e-07", "10-0", "finance"])
def test_what_is_one_is_not(words):
    assert not NO_NUMBER.search(words)
