"""An interruption ends the whole cell. One that trains five nets would else go on with the second, and hand out a half.

`fit` and `fit_many` keep what there is when the learner presses stop, so the cell goes on after them: right for one
training, whose curve may still be plotted, and wrong for the next one.
"""

from __future__ import annotations

import sys

WORDS = "Stopped: this cell would go on to train another net. Run it again for all of them."

_interrupted: str | None = None


class CellStopped(KeyboardInterrupt):
    """A training begins in a cell that was interrupted; a notebook shows a sentence instead of our frames."""

    def _render_traceback_(self) -> list[str]:
        return [WORDS]


def interrupted() -> None:
    """Note that what runs now was interrupted."""
    global _interrupted
    _interrupted = _running()


def begin() -> None:
    """To be called before a training.

    Raises:
        CellStopped: when a training before it, in the same run of the same cell, was interrupted.
    """
    if _interrupted is not None and _interrupted == _running():
        raise CellStopped


def _running() -> str | None:
    """The id of the message that the kernel is working on: one for each run of a cell, each move of a slider.

    None where there is no kernel.
    """
    ipython = sys.modules.get("IPython")  # who has not loaded it is in no notebook
    shell = ipython and ipython.get_ipython()
    if not hasattr(shell, "get_parent"):
        return None
    return shell.get_parent().get("header", {}).get("msg_id")
