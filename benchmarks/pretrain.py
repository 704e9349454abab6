"""How long the nets that ship take to train again, as `course pretrain` does it: on one thread, letters drawn anew."""

from __future__ import annotations

from benchmarks.measure import Row, Target, timed
from course_lib.lessons.transfer_learning import pretraining
from course_lib.lessons.transfer_learning.nets import FILES

SECONDS = 60  # for each net: who waits for both has time for a coffee, and no longer


def rows(*, quick: bool) -> list[Row]:
    """Each net once; quick trains few letters for few epochs."""
    budget = pretraining.FAST if quick else {"each": pretraining.EACH, "epochs": pretraining.EPOCHS}
    found = []
    for which, file in FILES.items():
        pretraining._data.cache_clear()  # else the second net would find its letters drawn
        seconds = timed(lambda which=which: pretraining.pretrained(which, **budget, progress=False))
        found.append(Row(f"pretrain: {file}", seconds, None, "s", Target("ours", SECONDS), "printed letters, 1 thread"))
    return found
