"""The ways to hand pictures to a net: a folder of classes, tensors with labels, or a few files of one's own.

Introduced in lesson 08 (transfer_learning).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from course_lib.class_folders import files_in
from course_lib.datasets import Split
from course_lib.picture_folder import PictureFolder, read_batches

Pictures = PictureFolder | Split | tuple[Tensor, Tensor]
Batch = tuple[list[Path], Tensor, Tensor]  # files, none for tensors; x (B, ...); y (B,)

_MOST = 2 * 2**30  # bytes of pictures that are held in memory at once


class LooseFiles:
    """Files without classes, such as a learner's own pictures: one path, several, or a folder.

    Attributes:
        paths: the files.
        skipped: pairs (path, why) of those that could not be read, once they were asked for.

    Raises:
        ValueError: there is no file, or something in the list is no path.
    """

    def __init__(self, paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> None:
        several = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
        if not all(isinstance(path, str | os.PathLike) for path in several):
            raise ValueError(f"A picture is named by the path of its file; {several!r} holds something else.")
        self.skipped: list[tuple[Path, str]] = []
        self.paths: list[Path] = []
        for path in map(Path, several):
            path = path.expanduser()
            self.paths += files_in(path) if path.is_dir() else [path]
        if not self.paths:
            raise ValueError(f"There is no file in {', '.join(map(str, several)) or 'an empty list'}.")

    def __len__(self) -> int:
        return len(self.paths)

    def batches(self, *, size: int, channels: int, batch_size: int) -> Iterator[Batch]:
        """As ``PictureFolder.batches``, with 0 for the unknown labels."""
        rows = [(path, 0) for path in self.paths]
        return read_batches(rows, self._skip, size=size, channels=channels, batch_size=batch_size)

    def _skip(self, row: tuple[Path, int], why: str) -> None:
        self.skipped.append((row[0], why))


def batches(pictures: Pictures | LooseFiles, *, size: int, channels: int, batch_size: int) -> Iterator[Batch]:
    """Yield all pictures once, in order. Those from files come as bytes (B, channels, size, size) uint8."""
    if isinstance(pictures, PictureFolder | LooseFiles):
        yield from pictures.batches(size=size, channels=channels, batch_size=batch_size)
    else:
        x, y = as_split(pictures)
        for start in range(0, len(x), batch_size):
            yield [], x[start : start + batch_size], y[start : start + batch_size]


def in_memory(pictures: Pictures, *, size: int, channels: int) -> Split:
    """Return all pictures at once: those from files as bytes (N, channels, size, size) uint8.

    Raises:
        ValueError: they would take more than 2 GB.
    """
    if not isinstance(pictures, PictureFolder):
        return as_split(pictures)
    if (wanted := len(pictures) * channels * size**2) > _MOST:
        raise ValueError(
            f"{len(pictures)} pictures of {size} x {size} take {wanted / 2**30:.1f} GB, and {_MOST / 2**30:.0f} GB "
            f"are held at most. Take fewer, as pictures.split(0.1) does, or a smaller size."
        )
    read = list(pictures.batches(size=size, channels=channels))
    if not read:
        raise ValueError(f"No picture in {str(pictures.path)!r} could be read; why stands in .skipped.")
    _, x, y = zip(*read, strict=True)
    return Split(torch.cat(x), torch.cat(y))


def as_split(pictures: Split | tuple[Tensor, Tensor]) -> Split:
    """Return a pair of tensors as a ``Split``.

    Raises:
        ValueError: it is none, or not one label for each row.
    """
    if not isinstance(pictures, tuple | list) or len(pictures) != 2:
        raise ValueError(
            f"Pictures are a PictureFolder, or a pair of tensors x and y, as in iris.train; not a "
            f"{type(pictures).__name__}."
        )
    for letter, tensor in zip("xy", pictures, strict=True):
        if not isinstance(tensor, Tensor) or not tensor.dim():
            raise ValueError(f"{letter} is a tensor with a row for each picture, not {type(tensor).__name__}.")
    x, y = pictures
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} rows and y has {len(y)}: each row needs one label.")
    if y.dtype != torch.int64 or y.dim() != 1 or (len(y) and int(y.min()) < 0):
        raise ValueError(f"y holds one label for each row, (N,) int64 from 0 on, not {tuple(y.shape)} {y.dtype}.")
    return Split(x, y)


def classes_of(pictures: Pictures) -> tuple[str, ...]:
    """Return the names of the classes; of tensors those are the labels, from 0 to the largest."""
    if isinstance(pictures, PictureFolder):
        return pictures.classes
    y = as_split(pictures).y
    return tuple(str(k) for k in range(int(y.max()) + 1 if len(y) else 0))


def check_same_classes(classes: tuple[str, ...], others: tuple[str, ...], *, whose: str) -> None:
    """Refuse ``others`` whose labels mean something else than those of ``classes``.

    Raises:
        ValueError: with both lists.
    """
    if others != classes[: len(others)]:
        raise ValueError(
            f"The classes of {whose} are {', '.join(others)}; those that were trained are {', '.join(classes)}. "
            f"A label must mean the same in both."
        )


def check_none_empty(y: Tensor, classes: tuple[str, ...]) -> None:
    """Refuse labels (N,) to train with in which a class does not occur.

    Raises:
        ValueError: with the names of those classes.
    """
    missing = [name for name, n in zip(classes, y.bincount(minlength=len(classes)).tolist(), strict=True) if not n]
    if missing:
        raise ValueError(f"There is no picture of {', '.join(missing)} to train with; why may stand in .skipped.")
