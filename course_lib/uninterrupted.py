"""For a training whose result is kept: a learner who stops it halfway must not find half a net there ever after."""

from __future__ import annotations

from typing import TypeVar

from course_lib.run import Run
from course_lib.runs import Runs

Trained = TypeVar("Trained", Run, Runs)
WORDS = "Stopped: what comes below needs the whole training, and nothing of this one is kept. Run the cell again."


class Halfway(KeyboardInterrupt):
    """A training was stopped where the whole of it is needed; a notebook shows a sentence instead of our frames."""

    def _render_traceback_(self) -> list[str]:
        return [WORDS]


def uninterrupted(trained: Trained, epochs: int) -> Trained:
    """The run or the runs as they are, if they went through all epochs or stopped by themselves.

    `fit` and `fit_many` take an interruption for the end of the training and return what there is. That is right in a
    cell, where the learner has pressed stop and sees it, and wrong in a function with a cache: it would hand out the
    half-trained net until the kernel is restarted. An exception is kept by no cache.

    Args:
        trained: what `fit` or `fit_many` returned.
        epochs: how many were asked for.

    Raises:
        Halfway: when the training was interrupted; it is a KeyboardInterrupt.
    """
    halfway = trained.stopped == "interrupted" if isinstance(trained, Run) else len(trained["train_loss"]) < epochs
    if halfway:
        raise Halfway
    return trained
