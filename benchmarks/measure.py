"""What a benchmark is made of: timing two sides in turn, and a row that says who won and by how much."""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from course_lib.commands.run import machine as system

PACED = ("ours", "later")  # kinds of target that are in units of time: a slow machine is allowed as many times more


@dataclass(frozen=True)
class Target:
    """What a row has to reach.

    Attributes:
        kind: "ratio" (ours / other, at most `bound`), "faster" (other / ours, at least `bound`), "ours" (at most
            `bound`, whatever the other side does), or "later" (ours - other, at most `bound`).
        bound: the number.
    """

    kind: str
    bound: float

    def __post_init__(self) -> None:
        if self.kind not in ("ratio", "faster", "ours", "later"):
            raise ValueError(f"{self.kind!r} is no kind of target; there are ratio, faster, ours and later")

    def __str__(self) -> str:
        if self.kind == "faster":
            return f">= {self.bound:g}x faster"
        return f"{self.kind} <= {self.bound:g}"


@dataclass(frozen=True)
class Row:
    """One thing measured.

    Attributes:
        name: "family: what", unique.
        ours, other: both sides in `unit`; None where there is nothing to measure.
        unit: "ms", "s" or "MB".
        target: what must be reached, or None for a row that only informs.
        note: what a reader must know to read the row.
        pace: how many times slower than the reference machine this one was meanwhile (pace.py); a target of kind
            "ours" or "later" allows as many times more.
    """

    name: str
    ours: float | None
    other: float | None
    unit: str
    target: Target | None = None
    note: str = ""
    pace: float = 1.0

    @property
    def ratio(self) -> float | None:
        """Ours / other; other / ours where the target is to be so many times faster."""
        if self.ours is None or self.other is None:
            return None
        faster = self.target is not None and self.target.kind == "faster"
        return self.other / self.ours if faster else self.ours / self.other

    @property
    def ok(self) -> bool | None:
        """Whether the target is met; None when there is no target, or nothing was measured."""
        reached = self._reached()
        if self.target is None or reached is None:
            return None
        return reached >= self.target.bound if self.target.kind == "faster" else reached <= self.target.bound

    def _reached(self) -> float | None:
        """The number that is held against the bound."""
        kind = "" if self.target is None else self.target.kind
        if kind == "ours" and self.ours is not None:
            return self.ours / self.pace
        if kind == "later" and self.ratio is not None:
            return (self.ours - self.other) / self.pace
        return self.ratio if kind in ("ratio", "faster") else None

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "ours": _rounded(self.ours),
            "other": _rounded(self.other),
            "unit": self.unit,
            "ratio": _rounded(self.ratio),
            "target": None if self.target is None else str(self.target),
            "ok": self.ok,
            "note": self.note,
            "pace": _rounded(self.pace),
        }

    def __str__(self) -> str:
        """A line of the table."""
        numbers = [_short(self.ours), _short(self.other), self.unit, _short(self.ratio)]
        mark = {True: "✓", False: "✗", None: " "}[self.ok]
        cells = "{:>9} {:>9} {:4} {:>6}".format(*numbers)
        counts = self.target is not None and self.target.kind in PACED
        pace = f" x {self.pace:.2g}" if counts and self.pace > 1 else ""
        return f"{mark} {self.name:60} {cells}  {f'{self.target or str()}{pace}':20} {self.note}".rstrip()


HEADER = f"  {'':60} {'ours':>9} {'other':>9} {'':4} {'ratio':>6}  target"


def interleaved(sides: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    """Times all sides in turn, after each has run once unmeasured; what slows the machine slows all of them.

    Args:
        sides: name -> what to run.
        rounds: how often each is measured; every other round runs them in the opposite order.

    Returns:
        Name -> median seconds.
    """
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for run in sides.values():
        run()
    for k in range(rounds):
        for name in list(sides)[:: -1 if k % 2 else 1]:
            seconds[name].append(timed(sides[name]))
    return {name: statistics.median(each) for name, each in seconds.items()}


def timed(run: Callable[[], object]) -> float:
    """Seconds of one call, without a garbage collection that another call has made due."""
    gc.collect()
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def machine() -> dict[str, Any]:
    """What the numbers were measured on; the load says how busy it was with other things."""
    load = [round(each, 1) for each in os.getloadavg()] if hasattr(os, "getloadavg") else None
    return {**system(), "cpu": _cpu(), "threads": torch.get_num_threads(), "load_average": load}


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return platform.processor()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def _short(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"
