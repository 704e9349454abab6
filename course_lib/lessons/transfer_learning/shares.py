"""How many of so many were right, and what that says about pictures nobody has counted yet."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple


class Share(NamedTuple):
    """So many right out of so many."""

    right: int
    of: int

    @property
    def accuracy(self) -> float:
        """From 0 to 1; nan when there is nothing to count."""
        return self.right / self.of if self.of else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval; see ``wilson``."""
        return wilson(self.right, self.of)

    @property
    def cells(self) -> tuple[str, str, str]:
        """As a table shows it: '145 of 153', '95 %', '90 to 97 %'."""
        if not self.of:
            return "0 of 0", "–", "–"
        low, high = self.interval
        return f"{self.right} of {self.of}", percent(self.accuracy), f"{100 * low:.0f} to {percent(high)}"


def wilson(right: int, of: int, level: float = 0.95) -> tuple[float, float]:
    """Return the interval in which the accuracy on endless such pictures lies, as far as so few can tell.

    It never leaves 0 to 1, and has a width even where all are right. It knows the chance of which pictures were
    counted, and nothing of pictures of another kind.

    Args:
        right, of: counts.
        level: the share of such intervals that hold the accuracy.

    >>> [round(end, 3) for end in wilson(145, 153)]
    [0.9, 0.973]

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    if not of:
        return 0.0, 1.0
    z, share = NormalDist().inv_cdf((1 + level) / 2), right / of
    middle = (share + z**2 / (2 * of)) / (1 + z**2 / of)
    half = z / (1 + z**2 / of) * math.sqrt(share * (1 - share) / of + z**2 / (4 * of**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def percent(share: float) -> str:
    """As '95 %'."""
    return f"{100 * share:.0f} %"
