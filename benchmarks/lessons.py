"""How long each lesson takes from top to bottom, and how much memory: in a kernel of its own, as `course run` does."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import Row, Target
from benchmarks.pace import at_a_pace
from course_lib.commands import checkout
from course_lib.commands.execution import execute
from course_lib.commands.run import BUDGET_MB, BUDGET_SECONDS


def rows(*, quick: bool) -> Iterator[Row]:
    """Once, also when quick: a lesson has no shorter form."""
    for path in checkout.lessons()[: 1 if quick else None]:
        done, slower = at_a_pace(lambda path=path: execute(path, bar=False))
        if done.error:
            raise RuntimeError(f"{done.lesson} does not run: {done.error}")
        yield Row(f"lesson: {done.lesson}, time", done.seconds, None, "s", Target("ours", BUDGET_SECONDS), pace=slower)
        yield Row(f"lesson: {done.lesson}, memory", done.peak_mb, None, "MB", Target("ours", BUDGET_MB))
