"""Pays the price of PyTorch's first optimiser step while the learner is still reading.

The first step of any ``torch.optim`` optimiser imports about a second of machinery (``torch._dynamo``). Without this,
the first training of every lesson would look slow for a reason that has nothing to do with training.
"""

from __future__ import annotations

import threading

import torch

_thread: threading.Thread | None = None


def warm_up() -> threading.Thread:
    """Makes one optimiser step on a number of its own, in the background; once a process.

    Returns:
        The thread, for those who want to wait for it. Whoever trains earlier waits inside Python's import lock.
    """
    global _thread
    if _thread is None:
        # Not a daemon: one that is stopped in the middle of an import can bring the interpreter down at its end.
        _thread = threading.Thread(target=_first_step, name="course warm-up", daemon=False)
        _thread.start()
    return _thread


def _first_step() -> None:
    number = torch.zeros(1, requires_grad=True)
    number.grad = torch.zeros(1)
    torch.optim.SGD([number], lr=0.0).step()
