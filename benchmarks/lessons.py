"""How long each lesson takes from top to bottom, and how much memory: in a kernel of its own, as `course run` does."""

from __future__ import annotations

from benchmarks.measure import Row, Target
from course_lib.commands import checkout
from course_lib.commands.execution import execute
from course_lib.commands.run import BUDGET_MB, BUDGET_SECONDS


def rows(*, quick: bool) -> list[Row]:
    """Once, also when quick: a lesson has no shorter form."""
    found = []
    for path in checkout.lessons()[: 1 if quick else None]:
        done = execute(path, bar=False)
        if done.error:
            raise RuntimeError(f"{done.lesson} does not run: {done.error}")
        found += [
            Row(f"lesson: {done.lesson}, time", done.seconds, None, "s", Target("ours", BUDGET_SECONDS)),
            Row(f"lesson: {done.lesson}, memory", done.peak_mb, None, "MB", Target("ours", BUDGET_MB)),
        ]
    return found
