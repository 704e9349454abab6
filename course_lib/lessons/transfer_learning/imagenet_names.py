"""What an ImageNet net calls ants and bees before anybody has trained it on them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from course_lib.evaluate import outputs
from course_lib.features import Features
from course_lib.lessons.transfer_learning.shares import Share, percent
from course_lib.lessons.transfer_learning.small_table import SmallTable

CLASSES = 1000
KNOWN = {"ant": 310, "ants": 310, "bee": 309, "bees": 309}
"""Folder -> which of the 1,000 outputs it is, counted from 0. Source: the order of torchvision's categories."""


@dataclass(frozen=True, repr=False)
class AlreadyNamed:
    """Top-1 of all 1,000 outputs, for the pictures of each class.

    Attributes:
        named: class -> how many of its pictures the net calls by the right one of the 1,000 names.
        other: class -> how many it calls by the name of another class of the folder.
    """

    named: dict[str, Share]
    other: dict[str, int]

    @property
    def table(self) -> SmallTable:
        """A row for each class."""
        rows = tuple(
            (name, f"{share.right} of {share.of}", percent(share.accuracy), str(self.other[name]))
            for name, share in self.named.items()
        )
        note = "The answer is the largest of 1,000 outputs, and nothing has been trained here: guessing is right once "
        note += "in a thousand."
        return SmallTable(("pictures of", "named correctly", "share", "named as the other"), rows, (note,))

    def __repr__(self) -> str:
        return str(self.table)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return self.table._repr_mimebundle_()


def why_not(net: nn.Module, classes: tuple[str, ...]) -> str:
    """Return in words why a net cannot be asked for these classes, or ''."""
    last = getattr(net, "fc", None)
    if not isinstance(last, nn.Linear) or last.out_features != CLASSES:
        return "Not run here: this net does not end in a layer fc with ImageNet's 1,000 outputs."
    if not set(classes) <= set(KNOWN):
        return f"Not run here: of ImageNet's 1,000 classes this cell knows ants and bees, not {', '.join(classes)}."
    return ""


def already_named(net: nn.Module, seen: Features) -> AlreadyNamed:
    """Return how many pictures the untouched net calls by their names.

    Args:
        net: ends in ``fc``, which makes 1,000 logits of the features.
        seen: features of the pictures, in front of ``fc``, with classes of ``KNOWN``.
    """
    top = outputs(net.fc, seen.x.to(net.fc.weight.device)).argmax(1).cpu()  # (N,), from 0 to 999
    numbers = torch.tensor([KNOWN[name] for name in seen.classes])
    named, other = {}, {}
    for label, name in enumerate(seen.classes):
        said = top[seen.y == label]
        right = int((said == numbers[label]).sum())
        named[name] = Share(right, len(said))
        other[name] = int(torch.isin(said, numbers).sum()) - right
    return AlreadyNamed(named, other)
