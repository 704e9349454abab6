"""Pictures in folders, a folder a class: what is there, what had to be left out, and which part is for what.

Introduced in lesson 08 (transfer_learning).
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image

from course_lib.class_folders import check_classes, existing_folder, files_in, folders_in, parts_in, some, visible
from course_lib.datasets import Words
from course_lib.picture import NotAPicture, as_bytes, check_picture, read_picture

_SHOWN = 10  # skipped files that describe() names
_UNBALANCED = 1.5  # times as many pictures in the largest class as in the smallest


class PictureFolder:
    """A folder that holds one folder of pictures for each class.

    Making one looks at names and at the beginning of each file. Pixels are read when they are asked for, so that 400
    pictures need no memory; a file that turns out to be broken then moves from ``files`` to ``skipped``, and the rest
    goes on. What programs leave in folders (hidden files, ``Thumbs.db``, ``__MACOSX``) is passed over without a word.

    Attributes:
        path: the folder.
        classes: the names of the class folders, in alphabetical order; a label is an index into them.
        files: (N) paths of the pictures.
        labels: (N,) int64.
        skipped: pairs (path, why) of all other files.

    Raises:
        FileNotFoundError, NotADirectoryError: there is no such folder.
        ValueError: it holds fewer than two class folders, or one without a single picture that can be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = existing_folder(path)
        self.skipped: list[tuple[Path, str]] = []
        self._rows: list[tuple[Path, int]] = []
        folders = folders_in(self.path)
        if found := parts_in(folders):
            names = " and ".join(part.name for part in found.values())
            raise ValueError(
                f"{str(self.path)!r} holds {names}, which are parts and no classes: open it with open_pictures(path)."
            )
        beside = visible(path for path in self.path.iterdir() if not path.is_dir())
        check_classes(self.path, folders, beside)
        self.classes = tuple(folder.name for folder in folders)
        for label, folder in enumerate(folders):
            self._list(folder, label)
        self.skipped += [(path, "it lies beside the class folders, not in one") for path in beside]

    def _list(self, folder: Path, label: int) -> None:
        before = len(self._rows), len(self.skipped)
        for path in files_in(folder):
            try:
                check_picture(path)
            except NotAPicture as error:
                self.skipped.append((path, error.why))
            else:
                self._rows.append((path, label))
        if len(self._rows) == before[0]:
            skipped = [f"{path.name} ({why})" for path, why in self.skipped[before[1] :]]
            what = f"it holds only {some(skipped, 3)}" if skipped else "it is empty"
            raise ValueError(
                f"The class {folder.name!r} has no picture that can be read: {what}. Put pictures into "
                f"{str(folder)!r}, or remove that folder."
            )

    @property
    def files(self) -> list[Path]:
        """(N) paths of the pictures, class by class."""
        return [path for path, _ in self._rows]

    @property
    def labels(self) -> torch.Tensor:
        """(N,) int64, an index into `classes` for each of `files`."""
        return torch.tensor([label for _, label in self._rows], dtype=torch.int64)

    @property
    def counts(self) -> dict[str, int]:
        """Class -> how many pictures, in the order of the labels."""
        numbers = self.labels.bincount(minlength=len(self.classes)).tolist()
        return dict(zip(self.classes, numbers, strict=True))

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"PictureFolder({self._sizes()})"

    def read(self, k: int) -> Image.Image:
        """Return picture ``k`` upright and in RGB.

        Raises:
            NotAPicture: it turns out to be broken.
        """
        return read_picture(self._rows[k][0])

    def batches(
        self, *, size: int, channels: int = 3, batch_size: int = 32
    ) -> Iterator[tuple[list[Path], torch.Tensor, torch.Tensor]]:
        """Yield all pictures once, in order: files (B), bytes (B, channels, size, size) uint8, and labels (B,) int64.

        B is ``batch_size``; the last batch, and one with a broken picture, which is skipped by name, may be smaller.
        """
        yield from read_batches(list(self._rows), self._skip, size=size, channels=channels, batch_size=batch_size)

    def _skip(self, row: tuple[Path, int], why: str) -> None:
        self._rows.remove(row)
        self.skipped.append((row[0], why))

    def split(self, fraction: float = 0.25, seed: int = 0) -> tuple[PictureFolder, PictureFolder]:
        """Return two parts, the second with ``fraction`` of each class (rounded, and one picture at least).

        Args:
            fraction: above 0 and below 1.
            seed: decides who is in which part.

        Raises:
            ValueError: the fraction is none, or a class has a single picture.
        """
        if not 0 < fraction < 1:
            raise ValueError(f"fraction is the share of the second part, above 0 and below 1; {fraction!r} is not.")
        generator, labels, second = torch.Generator().manual_seed(seed), self.labels, set()
        for label, (name, count) in enumerate(self.counts.items()):
            if count < 2:
                raise ValueError(f"The class {name!r} has {count} picture, and two parts need two: add more.")
            rows = (labels == label).nonzero().flatten()[torch.randperm(count, generator=generator)]
            second |= set(rows[: min(max(round(fraction * count), 1), count - 1)].tolist())
        first = self._with([row for k, row in enumerate(self._rows) if k not in second])
        first.skipped = list(self.skipped)  # said once
        return first, self._with([row for k, row in enumerate(self._rows) if k in second])

    def _with(self, rows: list[tuple[Path, int]]) -> PictureFolder:
        part = copy.copy(self)
        part._rows, part.skipped = rows, []
        return part

    def describe(self) -> Words:
        """Return in words what is there: pictures per class, what guessing scores, and the files that were skipped."""
        lines = [self._sizes()]
        most, least = max(self.counts.values()), min(self.counts.values())
        if most >= _UNBALANCED * max(least, 1):
            largest = max(self.counts, key=self.counts.get)
            lines.append(
                f"The classes are unbalanced: always to guess {largest!r} would be right "
                f"for {100 * most / len(self):.0f} %."
            )
        if self.skipped:
            lines.append(f"Skipped {len(self.skipped)} file{'s' * (len(self.skipped) > 1)}:")
            lines += [f"  {self._short(path)}: {why}" for path, why in self.skipped[:_SHOWN]]
            if (more := len(self.skipped) - _SHOWN) > 0:
                lines.append(f"  and {more} more, in .skipped")
        return Words("\n".join(lines))

    def _sizes(self) -> str:
        named = ", ".join(f"{name}: {count}" for name, count in self.counts.items())
        return f"{self.path.name}: {len(self)} pictures in {len(self.classes)} classes; {named}"

    def _short(self, path: Path) -> str:
        return path.relative_to(self.path).as_posix() if path.is_relative_to(self.path) else str(path)


class Parts(NamedTuple):
    """train to learn from, val to choose by, test (None where there is none) to judge once, at the end."""

    train: PictureFolder
    val: PictureFolder
    test: PictureFolder | None


def open_pictures(path: str | os.PathLike[str], *, fraction: float = 0.25, seed: int = 0) -> Parts:
    """Return the parts of a folder of pictures, all with the same classes.

    A folder that holds ``train`` and ``val`` (or ``valid``), each with the class folders in it, has its parts already.
    One that holds the class folders themselves, or ``train`` without ``val``, is split by ``fraction`` and ``seed``.

    Args:
        path: the folder.
        fraction, seed: as of ``PictureFolder.split``.

    Raises:
        FileNotFoundError, NotADirectoryError: there is no such folder.
        ValueError: as for ``PictureFolder``; or parts that differ in their classes, with the names.
    """
    folder = existing_folder(path)
    found = parts_in(folders_in(folder))
    if not found:
        return Parts(*PictureFolder(folder).split(fraction, seed), None)
    parts = {part: PictureFolder(place) for part, place in found.items()}
    _check_same_classes(parts)
    if "val" not in parts:
        parts["train"], parts["val"] = parts["train"].split(fraction, seed)
    return Parts(parts["train"], parts["val"], parts.get("test"))


def read_batches(
    rows: Sequence[tuple[Path, int]],
    skip: Callable[[tuple[Path, int], str], None],
    *,
    size: int,
    channels: int,
    batch_size: int,
) -> Iterator[tuple[list[Path], torch.Tensor, torch.Tensor]]:
    """Yield files (B), bytes (B, channels, size, size) and labels (B,); call ``skip`` with what cannot be read."""
    for start in range(0, len(rows), batch_size):
        read = []
        for path, label in rows[start : start + batch_size]:
            try:
                read.append((path, as_bytes(read_picture(path), size=size, channels=channels), label))
            except NotAPicture as error:
                skip((path, label), error.why)
        if read:
            files, pixels, labels = zip(*read, strict=True)
            yield list(files), torch.stack(pixels), torch.tensor(labels)


def _check_same_classes(parts: dict[str, PictureFolder]) -> None:
    for name, part in parts.items():
        if part.classes != parts["train"].classes:
            more = sorted(set(part.classes) - set(parts["train"].classes))
            less = sorted(set(parts["train"].classes) - set(part.classes))
            said = [f"only {part.path.name!r} has {some(more, 5)}"] if more else []
            said += [f"only {parts['train'].path.name!r} has {some(less, 5)}"] if less else []
            raise ValueError(f"The classes of train and {name} differ: {'; '.join(said)}. Give folders the same names.")
