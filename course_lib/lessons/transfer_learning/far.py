"""A far transfer: a net that was trained on ImageNet's photos, and a folder of other pictures.

Nothing here goes over the network. What is too large to ship was fetched before with ``course data``, or it is missing,
and then one line says so.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from time import perf_counter
from typing import NamedTuple

import torch
from torch import nn

from course_lib.ants_bees import ants_bees_folder
from course_lib.backbone import Backbone
from course_lib.datasets import Words
from course_lib.download import kept
from course_lib.features import Features
from course_lib.lessons.transfer_learning.imagenet_names import AlreadyNamed, already_named, why_not
from course_lib.lessons.transfer_learning.own_pictures import MOST, Answers, answers
from course_lib.lessons.transfer_learning.shares import Share
from course_lib.lessons.transfer_learning.small_table import SmallTable
from course_lib.lessons.transfer_learning.tuned import Tuned, tuned
from course_lib.nets.resnet import resnet18
from course_lib.picture_folder import Parts, open_pictures
from course_lib.pretrained import load_published
from course_lib.remote_files import remote
from course_lib.run import Run
from course_lib.variation import shifted

NOT_READY = Words("not run here: far_transfer() above says what is missing")
_NAMED = 10  # skipped files that the table names
_WHAT = {"resnet18": "the weights of ResNet-18", "ants_bees": "the photos of ants and bees"}


class Seen(NamedTuple):
    """Features of the pictures to train with, and of those to measure with."""

    train: Features
    val: Features


class FarTransfer:
    """A new head on a frozen net, measured beside what needs no net or no training of it; a notebook shows a table.

    Attributes:
        ready: whether there was all that it takes. If not, the rest is None, and the methods return a line.
        why: that line; '' when ready.
        backbone: the net.
        pictures: ``train`` and ``val``.
        features: ``train`` and ``val``, what the frozen net sees in them; computed once.
        seconds: how long that took.
        run: the training of the head.
        head: how many of the validation pictures the head names correctly.
        control: the same for an equal head on the features of the same net with its initial weights.
        baseline: the same for the best answer that is always the same, such as "bees".
    """

    def __init__(self, backbone: Backbone | None = None, pictures: Parts | None = None, *, why: str = "") -> None:
        self.backbone, self.pictures, self.why, self.ready = backbone, pictures, why, not why
        self.features = self.seconds = self.run = self.head = self.control = self.baseline = None
        if not self.ready:
            return
        start = perf_counter()
        self.features = Seen(*(backbone.features(part) for part in (pictures.train, pictures.val)))
        self.seconds = perf_counter() - start
        self.run, self.head = _head(backbone, self.features)
        frozen = copy.copy(backbone)  # and not a new Backbone, which would say once more where it computes
        frozen.module = untrained(backbone.module)
        self.control = _head(frozen, Seen(*(frozen.features(part) for part in (pictures.train, pictures.val))))[1]
        counts = self.features.val.y.bincount(minlength=len(self.classes))
        self.baseline = Share(int(counts.max()), len(self.features.val))
        self._constant = self.classes[int(counts.argmax())]

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The names of the class folders."""
        return self.features.val.classes if self.ready else None

    @property
    def accuracy(self) -> float | None:
        """Of the head, on the validation pictures, from 0 to 1."""
        return self.head.accuracy if self.ready else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of ``accuracy``."""
        return self.head.interval if self.ready else None

    @property
    def skipped(self) -> list[tuple[os.PathLike[str], str]]:
        """Pairs (path, why) of the files that are no pictures."""
        return [*self.pictures.train.skipped, *self.pictures.val.skipped] if self.ready else []

    def already_named(self) -> AlreadyNamed | Words:
        """Return how many validation pictures the untouched net, with its 1,000 outputs, calls by their names."""
        if not self.ready:
            return NOT_READY
        why = why_not(self.backbone.module, self.classes)
        return Words(why) if why else already_named(self.backbone.module, self.features.val)

    def mistakes(self) -> Answers | Words:
        """Return the validation pictures that the head names wrongly, the surest first, at most twelve."""
        if not self.ready:
            return NOT_READY
        val = self.features.val
        told = self.backbone.predict(val, self.run)
        names = [self.classes[label] for label in val.y.tolist()]
        wrong = [k for k, guess in enumerate(told) if guess.name != names[k]]
        if not wrong:
            return Words(f"No mistake among {len(val)} pictures.")
        shown = sorted(wrong, key=lambda k: -told[k].score)[:MOST]
        which = f"the {len(shown)} surest mistakes" if len(wrong) > len(shown) else "the surest mistake first"
        opening = f"Named wrongly: {len(wrong)} of {len(val)} validation pictures; {which}."
        files = [val.files[k] for k in shown]
        return answers(self.backbone, self.run, files, truths=[names[k] for k in shown], opening=opening)

    def classify(
        self, path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]], run: Run | None = None
    ) -> Answers | Words:
        """Return what the head calls a picture of your own, several, or a folder of them.

        Args:
            path: what is no picture is named and skipped.
            run: another training than that of the head, such as ``far.fine_tune().run``.

        Raises:
            ValueError: ``path`` holds something that is no path.
        """
        if not self.ready:
            return NOT_READY
        if isinstance(path, str | os.PathLike) and not os.path.exists(os.path.expanduser(path)):
            return Words(f"There is no {os.fspath(path)!r} here. Write the path of a picture, or of a folder of them.")
        return answers(self.backbone, run or self.run, path)

    def fine_tune(self, epochs: int = 1) -> Tuned | Words:
        """Say how long it will take, then train all layers of a copy of the net, from the trained head on.

        Args:
            epochs: passes over the training pictures; with 0 it says how long one would take, and trains nothing.

        Raises:
            ValueError: ``epochs`` is no whole number; there are more pictures than memory should hold.
        """
        return tuned(self, epochs) if self.ready else NOT_READY

    @property
    def table(self) -> SmallTable:
        """What the notebook shows."""
        rows = {
            f'always "{self._constant}"': self.baseline,
            "new head, net with initial weights": self.control,
            "new head, net as it was trained": self.head,
        }
        notes = [f"{name}: {_counted(part)}." for name, part in self.features._asdict().items()]
        notes.append(f"The features of the trained net took {self.seconds:.1f} s, once; every head starts from them.")
        notes.append(f"One picture of {self.head.of} is {100 / self.head.of:.2g} percentage points.")
        notes += [f"{path.name}: skipped, {why}" for path, why in self.skipped[:_NAMED]]
        if (more := len(self.skipped) - _NAMED) > 0:
            notes.append(f"and {more} more, in .skipped")
        cells = tuple((name, *share.cells) for name, share in rows.items())
        return SmallTable(("on the validation pictures", "right", "accuracy", "95 % interval"), cells, tuple(notes))

    def __repr__(self) -> str:
        return str(self.table) if self.ready else self.why

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return self.table._repr_mimebundle_() if self.ready else {"text/plain": self.why}


def far_transfer(
    folder: str | os.PathLike[str] | None = None, *, net: nn.Module | None = None, size: int = 224
) -> FarTransfer:
    """Train a new head on a frozen net, and measure it beside two trivial answers.

    Args:
        folder: holds a folder of pictures for each class, or ``train`` and ``val`` with such folders; None is the ants
            and bees that ``course data ants_bees`` keeps.
        net: another net whose layer ``avgpool`` makes features of colour pictures; None is ResNet-18 with the weights
            that ``course data resnet18`` keeps.
        size: height and width in pixels to which pictures are brought; a smaller one is faster and sees less.

    Raises:
        ValueError: the folder, the net or the size is none, in the words of who noticed it.
    """
    names = [name for name, given in (("resnet18", net), ("ants_bees", folder)) if given is None]
    try:
        pictures = None if folder is None else open_pictures(folder)
        if why := missing(names):
            return FarTransfer(why=why)
        if net is None:
            net = load_published(resnet18(), kept(remote("resnet18")))
        backbone = Backbone(net, size=size)
        return FarTransfer(backbone, pictures or open_pictures(ants_bees_folder()))
    except (ValueError, OSError) as error:  # one frame instead of ten, and one kind of error
        raise ValueError(str(error)) from None


def missing(names: Sequence[str]) -> str:
    """Return the line that says which of the sets are not kept, and what to do; '' when all are."""
    try:
        files = {name: remote(name) for name in names}
    except (ValueError, OSError) as error:  # a catalogue of the learner's own
        return f"not run here: {error}"
    files = {name: file for name, file in files.items() if kept(file) is None}
    if not files:
        return ""
    what = " and ".join(_WHAT[name] for name in files)
    size = sum(file.size for file in files.values()) / 1e6
    return f"not run here: {what} are missing. Fetch them once: course data {' '.join(files)} ({size:.0f} MB)"


def untrained(net: nn.Module) -> nn.Module:
    """Return a copy of a net with initial weights, as ``course.resnet18()`` has them."""
    fresh = copy.deepcopy(net)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(shifted(0))
        for layer in fresh.modules():
            if hasattr(layer, "reset_parameters"):
                layer.reset_parameters()  # of a batch norm, its statistics as well
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return fresh


def _head(backbone: Backbone, features: Seen) -> tuple[Run, Share]:
    run = backbone.train_head(*features)
    return run, Share(round(backbone.evaluate(features.val, run)["acc"] * len(features.val)), len(features.val))


def _counted(features: Features) -> str:
    counts = features.y.bincount(minlength=len(features.classes)).tolist()
    named = ", ".join(f"{name} {count}" for name, count in zip(features.classes, counts, strict=True))
    return f"{len(features)} pictures ({named})"
