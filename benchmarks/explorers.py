"""What an explorer of a lesson takes in the kernel, from a new setting to the picture that is sent."""

from __future__ import annotations

import inspect
import statistics
from collections.abc import Iterator
from random import Random
from typing import Any

from benchmarks.measure import Row, Target, timed
from benchmarks.pace import at_a_pace
from course_lib.explorer import Explorer
from tests.contracts.lessons import subclasses


def rows(*, quick: bool) -> Iterator[Row]:
    """One after the other, so that each is printed when it is measured. Where a move may take long, fewer do."""
    for kind in subclasses(Explorer):
        yield row(kind, settings=2 if quick else 12 if kind.allowed_ms() > 100 else 40)


def row(kind: type[Explorer], *, settings: int) -> Row:
    """Median over random settings, each of them new, so that nothing an explorer remembers is of any help."""
    (seconds, computing), slower = at_a_pace(lambda: _measured(kind, settings))
    target = Target("ours", kind.allowed_ms())
    lesson = kind.__module__.split(".")[2]
    note = f"compute {1000 * computing:.1f} ms, " + ("trains" if kind.trains else "trains nothing")
    return Row(f"explorer: {lesson}.{kind.__name__}", 1000 * seconds, None, "ms", target, note, slower)


def _measured(kind: type[Explorer], settings: int) -> tuple[float, float]:
    """Median seconds of a whole move, and of its computation."""
    explorer, rng = kind(), Random(1)
    seconds, computing = [], []
    for k in range(settings + 2):
        values = {name: control.random(rng) for name, control in kind.controls.items()}
        computing.append(timed(lambda values=values: _without_memory(explorer).compute(**values)))
        took = timed(lambda values=values: _picture(explorer, values))
        seconds += [took] * (k >= 2)  # the first ones are warm-up
    return statistics.median(seconds), statistics.median(computing)


def _picture(explorer: Explorer, values: dict[str, Any]) -> str:
    _without_memory(explorer).set(**values)
    return explorer._html()  # what the front end gets: the encoded picture, its words, the goal


def _without_memory(explorer: Explorer) -> Explorer:
    """Empties the caches of the functions that an explorer stands on.

    A function without arguments is left alone: a net that is trained once serves every setting, also at the first one.
    """
    for function in explorer.also_show:
        if hasattr(function, "cache_clear") and inspect.signature(function).parameters:
            function.cache_clear()
    return explorer
