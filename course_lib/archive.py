"""Unpacks a zip once, whole or not at all, and never beyond its own folder."""

from __future__ import annotations

import os
import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from course_lib.unfinished import unfinished

LARGEST = 1_000_000_000  # bytes when unpacked; the course's largest archive has 47 million
MOST = 100_000  # members


class ArchiveError(ValueError):
    """An archive that is broken, or that should not be unpacked; says which one and what to do."""


def unpacked(path: Path) -> Path:
    """Return the folder with what is in a zip: beside it, named like it without its ending.

    It is unpacked at the first call; later ones find the folder and look no further.

    Args:
        path: a zip file that ends in ``.zip``.

    Raises:
        ArchiveError: the zip is broken, protected by a password, absurdly large, or holds a name that leads out of
            the folder.
        OSError: the folder cannot be written, or the disk is full.

    Source: ours; the names that lead out are known as "zip slip" (Snyk, 2018).
    """
    folder = path.with_suffix("")
    if folder == path:
        raise ArchiveError(f"{path} does not end in .zip: its folder would have its own name.")
    if folder.is_dir():
        return folder
    with unfinished(folder) as part:
        if not folder.is_dir():  # else another process unpacked it while this one waited
            shutil.rmtree(part, ignore_errors=True)  # half a folder of a process that was killed
            _unpack(path, part)
            os.replace(part, folder)
    return folder


def _unpack(path: Path, part: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            _check(path, archive.infolist())
            archive.extractall(part)  # compares the CRC of every member
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:  # the last: password
        raise ArchiveError(f"{path} cannot be unpacked ({error}). Delete it and fetch it again.") from error


def _check(path: Path, members: list[zipfile.ZipInfo]) -> None:
    """Refuse what should not be unpacked. A member never gives more bytes than it says here: zipfile stops there."""
    size = sum(member.file_size for member in members)
    if size > LARGEST or len(members) > MOST:
        raise ArchiveError(
            f"{path} would become {len(members):,} files of {size:,} bytes together; the course unpacks up to "
            f"{MOST:,} files and {LARGEST:,} bytes. This is not the archive that the course means: delete it."
        )
    for member in members:
        if _leads_out(member.orig_filename):  # not .filename, which Python has already made harmless in parts
            raise ArchiveError(f"{path} holds {member.orig_filename!r}, which leads out of its folder. Delete the zip.")


def _leads_out(name: str) -> bool:
    """By the rules of both worlds: a name that is harmless on Linux is not on Windows, and the other way round."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return ".." in parts or name.startswith(("/", "\\")) or bool(PureWindowsPath(name).drive)
