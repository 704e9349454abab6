"""What a trained net says to pictures, one guess for each, in words.

Introduced in lesson 08 (transfer_learning).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor


class Guess(NamedTuple):
    """One picture: its file (or its number, where it came as a tensor), the likeliest class, and its score.

    score: the softmax probability of that class, from 1 / K to 1. It compares the classes that the net knows, and is
    high for many a picture that shows none of them.
    """

    file: str
    name: str
    score: float


class Guesses(list[Guess]):
    """A list of guesses that prints itself as lines.

    Attributes:
        skipped: pairs (path, why) of the files that could not be read.
    """

    def __init__(self, guesses: Iterable[Guess], skipped: Iterable[tuple[Path, str]] = ()) -> None:
        super().__init__(guesses)
        self.skipped = list(skipped)

    def __repr__(self) -> str:
        wide = max((len(guess.file) for guess in self), default=0)
        lines = [f"{file:{wide}}  {name} ({100 * score:.0f} %)" for file, name, score in self]
        return "\n".join(lines + [f"{path.name}: skipped, {why}" for path, why in self.skipped])


def guesses(
    logits: Tensor, classes: tuple[str, ...], files: list[Path], skipped: Iterable[tuple[Path, str]] = ()
) -> Guesses:
    """Return the guesses that logits (N, K) stand for."""
    scores, labels = torch.softmax(logits.cpu().double(), 1).max(1)
    names = [path.name for path in files] or [str(k) for k in range(len(logits))]
    told = zip(names, labels.tolist(), scores.tolist(), strict=True)
    return Guesses((Guess(file, classes[label], score) for file, label, score in told), skipped)
