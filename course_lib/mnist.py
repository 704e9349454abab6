"""Reads MNIST from its four files, in the format that they were published in (IDX, packed by gzip).

Source of the format: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", 1998.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from course_lib.download import kept
from course_lib.remote_files import remote

UNSIGNED_BYTES = 8  # the third byte of an IDX file says what its numbers are
LARGEST = 1 << 30  # bytes; MNIST's largest file has 47 million when it is unpacked


class Digits(NamedTuple):
    """Pictures (N, rows, columns) and their digits (N,), both uint8."""

    pictures: np.ndarray
    labels: np.ndarray


def read_mnist() -> tuple[Digits, Digits]:
    """Return MNIST's 60,000 training and 10,000 test digits as they are in its files: ink from 0 to 255.

    Raises:
        FileNotFoundError: not all of the four files are kept on this machine. Nothing is fetched here.
        ValueError: a file is no such file, or pictures and labels do not belong together.
    """
    files = {part: [remote(f"mnist_{part}_{what}") for what in ("images", "labels")] for part in ("train", "test")}
    paths = {file.name: kept(file) for pair in files.values() for file in pair}
    if missing := [name for name, path in paths.items() if path is None]:
        raise FileNotFoundError(
            f"MNIST is not on this machine (missing: {', '.join(missing)}). Fetch it once, in a terminal, with: "
            f"course data mnist"
        )
    train, test = (_pair(paths[images.name], paths[labels.name]) for images, labels in files.values())
    return train, test


def _pair(images: Path, labels: Path) -> Digits:
    pictures, digits = read_idx(images, axes=3), read_idx(labels, axes=1)
    if len(pictures) != len(digits):
        raise ValueError(f"{images} holds {len(pictures)} pictures and {labels} {len(digits)} labels: not of one set.")
    if len(digits) and digits.max() > 9:
        raise ValueError(f"{labels} holds the label {digits.max()}; MNIST's are 0 to 9.")
    return Digits(pictures, digits)


def read_idx(path: Path, *, axes: int) -> np.ndarray:
    """Return what is in one IDX file packed by gzip.

    Args:
        path: the file, ending in ``.gz``.
        axes: how many axes the array must have: 3 for pictures, 1 for labels.

    Returns:
        uint8, in the shape that the file says.

    Raises:
        ValueError: it is not packed by gzip, broken, of another kind, or longer or shorter than it says.
        OSError: it cannot be read.
    """
    try:
        with gzip.open(path) as file:
            zero, kind, found = struct.unpack(">HBB", _exactly(file, 4, path))
            if (zero, kind) != (0, UNSIGNED_BYTES):
                raise ValueError(
                    f"{path} does not begin like an IDX file of bytes: 0, 8 expected, {zero}, {kind} found."
                )
            if found != axes:
                raise ValueError(f"{path} holds an array of {found} axes, not {axes}: pictures and labels mixed up?")
            shape = struct.unpack(f">{axes}I", _exactly(file, 4 * axes, path))
            if (size := math.prod(shape)) > LARGEST:
                raise ValueError(f"{path} says that it holds {shape}, which is {size:,} bytes and more than any MNIST.")
            data = _exactly(file, size, path)
            if file.read(1):
                raise ValueError(f"{path} is longer than the {shape} that it says it holds.")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} cannot be unpacked by gzip ({error}).") from error
    return np.frombuffer(data, np.uint8).reshape(shape)


def _exactly(file: gzip.GzipFile, count: int, path: Path) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise ValueError(f"{path} ends too early: {len(data):,} bytes where {count:,} should be.")
    return data
