"""How fast this machine is at this moment, so that a target in milliseconds means the same everywhere.

Shared machines change: on the one that these benchmarks run on, a bare loop took 411 ms one day and 1226 ms another.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import course_lib as course
from benchmarks.measure import timed
from benchmarks.training import BATCH, LR, bare_loop, net

Measured = TypeVar("Measured")
REFERENCE = 0.0082  # seconds of one epoch of the bare loop, on the machine whose milliseconds the targets mean
EPOCHS = 5


def pace() -> float:
    """How many times as long the bare loop of lesson 03 takes here and now as on the reference machine; at least 1."""
    digits, train = _ready()

    def epochs() -> float:
        return train(net(), *digits.train, epochs=EPOCHS, lr=LR, batch_size=BATCH)

    return max(1.0, statistics.median(timed(epochs) for _ in range(3)) / EPOCHS / REFERENCE)


def at_a_pace(measure: Callable[[], Measured]) -> tuple[Measured, float]:
    """What ``measure`` gives, and the pace around it: the mean of the paces before and after."""
    before = pace()
    measured = measure()
    return measured, (before + pace()) / 2


@cache
def _ready() -> tuple[course.Data, Callable[..., float]]:
    digits, train = course.load("digits"), bare_loop()
    train(net(), *digits.train, epochs=1, lr=LR, batch_size=BATCH)  # the first step of all takes a second
    return digits, train
