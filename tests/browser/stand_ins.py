"""Explorers that do on purpose what a lesson's explorer does only now and then: take long, and fail.

The notebooks of the tests import this very file, so that the test can draw the picture it expects.
"""

import time
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from course_lib.controls import Slider
from course_lib.explorer import Explorer

STARTS = Path("starts.txt")
"""In the notebook's folder: when each computation began (seconds since 1970) and for which value."""
COMPUTE_SECONDS = 0.2
BREAKS_ABOVE = 6


class Ruler(Explorer):
    """How long is this line?"""

    controls = {"length": Slider(0, 10, start=1, step=0.1)}
    figsize = (6, 2)

    def compute(self, length: float) -> float:
        return length

    def draw(self, fig: Figure, result: float) -> Any:
        ax = fig.subplots()
        ax.set(xlim=(0, 10), ylim=(-1, 1))
        (line,) = ax.plot([0, result], [0, 0], linewidth=8)
        return line

    def update(self, moving: Any, result: float) -> None:
        moving.set_data([0, result], [0, 0])

    def describe(self, result: float) -> str:
        return f"The line is {result:.1f} long."


class Slow(Ruler):
    """How long does this line take?"""

    def compute(self, length: float) -> float:
        with STARTS.open("a", encoding="utf-8") as file:
            file.write(f"{time.time()} {length}\n")
        time.sleep(COMPUTE_SECONDS)
        return length


class Fragile(Ruler):
    """How long can this line be?"""

    def compute(self, length: float) -> float:
        if length > BREAKS_ABOVE:
            raise ValueError(f"{length:g} is more than this line bears")
        return length
