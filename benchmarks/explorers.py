"""What an explorer of a lesson takes in the kernel, from a new setting to the picture that is sent."""

from __future__ import annotations

import inspect
import statistics
from random import Random
from typing import Any

from benchmarks.measure import Row, Target, timed
from course_lib.explorer import Explorer
from tests.contracts.lessons import subclasses


def rows(*, quick: bool) -> list[Row]:
    return [row(kind, settings=2 if quick else 40) for kind in subclasses(Explorer)]


def row(kind: type[Explorer], *, settings: int) -> Row:
    """Median over random settings, each of them new, so that nothing an explorer remembers is of any help."""
    explorer, rng = kind(), Random(1)
    seconds, computing = [], []
    for k in range(settings + 2):
        values = {name: control.random(rng) for name, control in kind.controls.items()}
        computing.append(timed(lambda values=values: _without_memory(explorer).compute(**values)))
        took = timed(lambda values=values: _picture(explorer, values))
        seconds += [took] * (k >= 2)  # the first ones are warm-up
    target = Target("ours", kind.allowed_ms())
    lesson = kind.__module__.split(".")[2]
    note = f"compute {1000 * statistics.median(computing):.1f} ms, " + ("trains" if kind.trains else "trains nothing")
    return Row(f"explorer: {lesson}.{kind.__name__}", 1000 * statistics.median(seconds), None, "ms", target, note)


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
