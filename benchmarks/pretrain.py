"""How long the nets that ship take to train again, as `course pretrain` does it: on one thread, letters drawn anew."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import Row, Target, timed
from benchmarks.pace import at_a_pace
from course_lib.lessons.transfer_learning import pretraining
from course_lib.lessons.transfer_learning.nets import FILES

SECONDS = 60  # for each net: who waits for both has time for a coffee, and no longer


def rows(*, quick: bool) -> Iterator[Row]:
    """Each net once; quick trains few letters for few epochs."""
    budget = pretraining.FAST if quick else {"each": pretraining.EACH, "epochs": pretraining.EPOCHS}
    for which, file in FILES.items():
        pretraining._data.cache_clear()  # else the second net would find its letters drawn

        def train(which: str = which) -> float:
            return timed(lambda: pretraining.pretrained(which, **budget, progress=False))

        seconds, slower = at_a_pace(train)
        note = "printed letters, 1 thread"
        yield Row(f"pretrain: {file}", seconds, None, "s", Target("ours", SECONDS), note, slower)
