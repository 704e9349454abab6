"""What every explorer of every lesson promises; found, not listed.

`broken_promises` says what an explorer does not keep; the tests at the end feed it bad ones, so that it can fail.
"""

import inspect
import math
import pickle
import re
from collections.abc import Iterator
from random import Random

import numpy as np
import pytest
from matplotlib.axes import Axes

from course_lib.controls import Choice, Slider
from course_lib.explorer import Explorer
from tests.contracts.lessons import subclasses
from tests.lessons.cells import lessons

EXPLORERS = subclasses(Explorer)
RANDOM = 9  # places of all controls, beside both ends and the middle
RANDOM_SLOW = 4  # the same where a move may take over 100 ms
ENOUGH = 0.4  # of these settings give another result and another picture
OTHER_PIXELS = 0.005  # of all pixels
SAYS_WHY = ("overflow", "infinite", "not finite", "diverge", "off the map", "left", "not one epoch")


def settings(explorer: type[Explorer]) -> list[dict]:
    """Both ends, the middle, and random places of all controls."""
    rng, controls = Random(0), explorer.controls
    ends = [{name: control.places()[i] for name, control in controls.items()} for i in range(3)]
    count = RANDOM_SLOW if explorer.allowed_ms() > 100 else RANDOM
    return ends + [{name: control.random(rng) for name, control in controls.items()} for _ in range(count)]


def broken_promises(kind: type[Explorer], seconds: list[float] | None = None) -> list[str]:
    """Everything that is wrong with an explorer, in sentences; `seconds` takes how long each move took."""
    problems = [*_texts(kind)]
    moved, results, pictures, words = kind(), [], [], []
    first, before = pickle.dumps(moved.result), moved.pixels()
    for setting in settings(kind):
        try:
            moved.set(**setting)
        except Exception as error:  # noqa: BLE001  (whatever it is, the learner would meet it)
            problems.append(f"raises at {setting}: {error!r}")
            continue
        results.append(moved.result)
        pictures.append(moved.pixels())
        words.append(moved.describe(moved.result))
        problems += [f"at {setting}: {problem}" for problem in _not_finite(moved)]
        if seconds is not None:
            seconds.append(moved.seconds)
    problems += [f"its words end in the middle of a sentence: {said!r}" for said in words if not _ends(said)]
    if len(results) < len(settings(kind)):
        return problems
    if (painted := sum(moved.paths.values())) != 1 + len(results):
        problems.append(f"painted {painted} times for the first picture and {len(results)} moves")
    problems += _changes(first, before, results, pictures, words)
    problems += _depends_on_the_path(kind, moved)
    problems += _lives(moved)
    return problems


def _ends(said: str) -> bool:
    return said.rstrip("”)").endswith((".", "?", "!"))


def _lives(live: Explorer) -> Iterator[str]:
    """As a widget it takes a move: a name of its own may stand in the engine's way."""
    live.widget()
    live._moved()
    if "No picture for" in live._picture.value:
        yield f"as a widget it fails: {live._picture.value.partition('No picture for')[2]}"


def _texts(kind: type[Explorer]) -> Iterator[str]:
    if not kind.question().endswith(("?", ".")):
        yield "has no docstring that asks its question"
    sliders = [control for control in kind.controls.values() if not isinstance(control, Choice)]
    if not kind.controls or len(kind.controls) > 3 or len(sliders) > 3:
        yield f"has {len(kind.controls)} controls; at most three"
    read = set(re.findall(r"\bself\.(\w+)", inspect.getsource(kind.compute)))
    if read - {"steps", *kind.given}:
        yield "compute reads the explorer: it must be pure"


def _not_finite(explorer: Explorer) -> Iterator[str]:
    """Drawn numbers that are not finite, unless the words say why."""
    said = explorer.describe(explorer.result).lower()
    if any(word in said for word in SAYS_WHY):
        return
    for axes in explorer.fig.axes:
        for name, values in _drawn(axes):
            if not np.isfinite(np.asarray(values, dtype=float)).all():
                yield f"{name} holds numbers that are not finite, and the words do not say why"


def _drawn(axes: Axes) -> Iterator[tuple[str, np.ndarray]]:
    yield from (("a line", line.get_xydata()) for line in axes.lines if line.get_visible())
    yield from (("a picture", image.get_array().filled(np.nan)) for image in axes.images)
    yield from (("points", np.ma.filled(group.get_offsets(), np.nan)) for group in axes.collections)


def _changes(first: bytes, before: np.ndarray, results: list, pictures: list, words: list[str]) -> Iterator[str]:
    """`first` and `before` are result and picture of the start."""
    other = [
        pickle.dumps(result) != first and (picture != before).any(-1).mean() >= OTHER_PIXELS
        for result, picture in zip(results, pictures, strict=True)
    ]
    enough = math.ceil(ENOUGH * len(results))
    if sum(other) < enough:
        yield f"only {sum(other)} of {len(other)} settings change both result and picture"
    said = {pickle.dumps(result): text for result, text in zip(results, words, strict=True)}
    if len(set(said.values())) < min(enough, len(said)):
        yield f"{len(said)} results share {len(set(said.values()))} alternative texts"


def _depends_on_the_path(kind: type[Explorer], moved: Explorer) -> Iterator[str]:
    """After any sequence of moves the picture is that of a fresh explorer at the same setting."""
    rng = Random(1)
    for setting in rng.sample(settings(kind), 2):
        fresh = kind(**setting)
        off = (moved.set(**setting).pixels() != fresh.pixels()).any(-1).sum()
        if off:
            yield f"after many moves {off} pixels differ from a fresh explorer at {setting}"


@pytest.mark.parametrize("kind", EXPLORERS, ids=lambda kind: kind.__name__)
def test_keeps_its_promises(kind, record_property):
    seconds = []
    assert broken_promises(kind, seconds) == []
    record_property("median_ms", round(1e3 * float(np.median(seconds)), 1))


def test_every_lesson_is_searched():
    """How many each must have is counted in its notebook, by tests/lessons/test_every_lesson.py."""
    searched = {kind.__module__.split(".")[2] for kind in EXPLORERS}
    assert searched == {name.partition("_")[2] for name in lessons()}


class Good(Explorer):
    """Where is the line?"""

    controls = {"a": Slider(-1, 1, start=0.5)}

    def compute(self, a):
        return np.array([0, a])

    def draw(self, fig, result):
        axes = fig.subplots()
        axes.set(xlim=(0, 1), ylim=(-1, 1))
        return axes.plot([0, 1], result)

    def update(self, moving, result):
        moving[0].set_ydata(result)

    def describe(self, result):
        return f"It ends at {result[1]:.3f}."


class Raises(Good):
    """Where is it?"""

    def compute(self, a):
        return np.array([0, 1 / (a > 0)])


class Still(Good):
    """Where is it?"""

    def update(self, moving, result):
        pass


class Forgets(Good):
    """Where is it?"""

    def draw(self, fig, result):
        moving = super().draw(fig, result)
        moving[0].set_linewidth(2 + 3 * abs(result[1]))  # update leaves it as it was
        return moving


class Infinite(Good):
    """Where is it?"""

    def compute(self, a):
        return np.array([0, np.inf if a > 0.6 else a])


class Silent(Good):
    """Where is it?"""

    def describe(self, result):
        return "A line."


class Breaks(Good):
    """Where is it?"""

    def describe(self, result):
        return f"It ends at {result[1]:.3f}, and there is no "


class Collides(Good):
    """Where is it?"""

    def draw(self, fig, result):
        self._picture = fig
        return super().draw(fig, result)

    def update(self, moving, result):
        self._picture.set_label("a figure, not the engine's widget")
        super().update(moving, result)


class Impure(Good):
    """Where is it?"""

    memory = 0.0

    def compute(self, a):
        self.memory += a
        return np.array([0, a])


def test_good_explorer_passes():
    assert broken_promises(Good) == []


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (Raises, "raises"),
        (Still, "change both result and picture"),
        (Forgets, "differ from a fresh explorer"),
        (Infinite, "not finite"),
        (Silent, "alternative text"),
        (Breaks, "in the middle of a sentence"),
        (Impure, "pure"),
        (Collides, "as a widget it fails"),
    ],
)
def test_bad_explorer_is_found(bad, words):
    assert any(words in problem for problem in broken_promises(bad))
