"""`course.fit_many` against the same trainings one after the other."""

from __future__ import annotations

import math

import torch
from torch import nn

import course_lib as course
from benchmarks.measure import Row, Target, interleaved
from benchmarks.training import bare_loop

STEPS = 500
RATES = torch.logspace(-5, 1, 64)
SAMPLE = 4  # of the single runs are timed; all of them would take minutes


def rows(*, quick: bool) -> list[Row]:
    return [
        _row(batch_size, seeds, target, quick=quick) for seeds, target in ((1, 10), (5, 18)) for batch_size in (16, 30)
    ]


def net() -> nn.Module:
    return course.MLP(4, 16, 16, 3)


def _row(batch_size: int, seeds: int, target: float, *, quick: bool) -> Row:
    iris, bare = course.load("iris"), bare_loop()
    epochs = math.ceil(STEPS / math.ceil(len(iris.train.x) / batch_size))
    epochs = 2 if quick else epochs
    sample = RATES[:: len(RATES) // SAMPLE][: 1 if quick else SAMPLE]

    def ours() -> None:
        grid = {"lr": RATES}
        course.fit_many(
            net,
            iris,
            epochs=epochs,
            batch_size=batch_size,
            grid=grid,
            seeds=range(seeds),
            together=True,
            progress=False,
        )

    def one_by_one() -> None:
        for rate in sample:
            bare(net(), *iris.train, epochs=epochs, lr=float(rate), batch_size=batch_size)

    seconds = interleaved({"ours": ours, "other": one_by_one}, rounds=1 if quick else 5)
    runs = len(RATES) * seeds
    return Row(
        f"fit_many: Iris 4-16-16-3, batch {batch_size}, {runs} runs",
        seconds["ours"],
        seconds["other"] * runs / len(sample),
        "s",
        Target("faster", target),
        f"other: {len(sample)} bare runs, times {runs // len(sample)}",
    )
