"""Fine-tuning that says beforehand how long it will take."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from course_lib.datasets import Words
from course_lib.lessons.transfer_learning.shares import Share
from course_lib.lessons.transfer_learning.small_table import SmallTable
from course_lib.number_checks import whole_number

if TYPE_CHECKING:
    from course_lib.features import Features
    from course_lib.lessons.transfer_learning.far import FarTransfer
    from course_lib.picture_folder import PictureFolder
    from course_lib.run import Run

BATCH = 16
_FORWARD = 1 / 3  # of a training step: measuring on val needs no gradients


@dataclass(frozen=True, repr=False)
class Tuned:
    """All layers trained, beside the head on the frozen net; a notebook shows a table.

    Attributes:
        run: the training.
        all: how many of the validation pictures are named correctly now.
        head: the same for the head on the frozen net.
        only_all, only_head: how many of the pictures only one of the two names correctly.
        seconds: how long the training took.
        expected: how long it was said to take.
    """

    run: Run
    all: Share
    head: Share
    only_all: int
    only_head: int
    seconds: float
    expected: float

    @property
    def accuracy(self) -> float:
        """On the validation pictures, from 0 to 1."""
        return self.all.accuracy

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of ``accuracy``."""
        return self.all.interval

    @property
    def table(self) -> SmallTable:
        """What the notebook shows."""
        rows = (("new head on the frozen net", *self.head.cells), ("all layers", *self.all.cells))
        notes = (
            f"It took {self.seconds:.0f} s; {self.expected:.0f} s were expected.",
            f"Named correctly by all layers only: {self.only_all} pictures; by the head only: {self.only_head}. Both "
            f"saw the same pictures, so these counts tell more than the intervals: where they are close, nobody can "
            f"say which is better.",
        )
        return SmallTable(("on the validation pictures", "right", "accuracy", "95 % interval"), rows, notes)

    def __repr__(self) -> str:
        return str(self.table)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return self.table._repr_mimebundle_()


def tuned(far: FarTransfer, epochs: int) -> Tuned | Words:
    """Measure a batch, say how long all of it will take, and fine-tune from the trained head on.

    Raises:
        ValueError: ``epochs`` is no whole number of 0 or more; there are more pictures than memory should hold.
    """
    whole_number("epochs", epochs, least=0)
    asked, epochs = epochs, epochs or 1
    train, val = (len(part) for part in far.features)
    reading, step = seconds_a_batch(far)
    batches = max(1, round(epochs * (train + _FORWARD * val) / BATCH))
    expected = reading * (train + val) / BATCH + step * batches
    steps = f"{batches} training step{'s' * (batches > 1)}"
    said = f"about {_time(expected)}: the work of {steps}, and one takes {step:.2g} s here"
    if not asked:
        return Words(f"one epoch would take {said}")
    print(said)
    start = perf_counter()
    run = far.backbone.fine_tune(
        far.pictures.train, far.pictures.val, head=far.run.model, epochs=epochs, batch_size=BATCH
    )
    seconds = perf_counter() - start
    now, before = _right(far, far.pictures.val, run), _right(far, far.features.val, far.run)
    share = Share(len(now), val)
    return Tuned(run, share, far.head, len(now - before), len(before - now), seconds, expected)


def _right(far: FarTransfer, pictures: Features | PictureFolder, run: Run) -> set[int]:
    """Which of the validation pictures a training names correctly; both ways of reading them keep their order."""
    names = [far.classes[label] for label in far.features.val.y.tolist()]
    told = far.backbone.predict(pictures, run)
    return {row for row, (guess, name) in enumerate(zip(told, names, strict=True)) if guess.name == name}


def seconds_a_batch(far: FarTransfer) -> tuple[float, float]:
    """Return how long it takes to read the first batch, and to train a copy of the net on it."""
    backbone, head = far.backbone, copy.copy(far.run.model)
    head.classes = tuple(str(label) for label in range(len(far.classes)))  # as those of tensors are called
    start = perf_counter()
    _, x, y = next(far.pictures.train.batches(size=backbone.size, channels=backbone.channels, batch_size=BATCH))
    reading = perf_counter() - start
    for _ in range(2):  # the first time is for what is done only once
        start = perf_counter()
        backbone.fine_tune((x, y), head=head, epochs=1, batch_size=BATCH, progress=False)
    return reading, perf_counter() - start


def _time(seconds: float) -> str:
    return f"{max(seconds, 1):.0f} s" if seconds < 100 else f"{seconds / 60:.0f} minutes"
