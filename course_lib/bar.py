"""A progress bar for a training that takes over a second."""

from __future__ import annotations

import math
import time

from course_lib.run import Run

EVERY = 0.1  # seconds between two looks of the bar: nobody reads faster, and each costs as much as a step


class Bar:
    """Shows epochs and loss after one second (None), at once (True) or never (False).

    Before that it costs nothing, not even the import of tqdm; in a notebook each bar is a widget of 6 ms.
    """

    def __init__(self, run: Run, epochs: int, progress: bool | None) -> None:
        self.epochs, self.first, self.began, self.bar, self.shown = epochs, run.epoch, time.time(), None, 0.0
        if progress not in (None, True, False):
            raise ValueError(f"progress is {progress!r}; it must be True, False, or None for a bar after one second.")
        self.delay = {None: 1.0, True: 0.0, False: math.inf}[progress]

    def advance(self, run: Run) -> None:
        """Show that one more epoch is complete."""
        if self.bar is None:
            if time.time() - self.began < self.delay or run.epoch >= self.epochs:
                return
            from tqdm.auto import tqdm

            # The delay keeps it from showing itself, at epoch 0, before it knows when the training began.
            self.bar = tqdm(total=self.epochs, initial=self.first, desc="fit", unit="epoch", leave=False, delay=1e-9)
            self.bar.start_t, self.bar.last_print_t = self.began, self.began
        now = time.time()
        if now - self.shown < EVERY and run.epoch < self.epochs:
            return
        self.shown = now
        self.bar.set_postfix_str(f"train_loss {run.history.last('train_loss'):.3g}", refresh=False)
        self.bar.update(run.epoch - self.bar.n)

    def close(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.close()
