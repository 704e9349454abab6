"""Files that are too large to ship: fetched once, checked, and kept on the learner's own disk.

A file has its final name only when every byte of it is there and its SHA-256 is right.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from course_lib.transfer import TransferFailed, transfer
from course_lib.unfinished import unfinished
from course_lib.user_folder import user_folder

TIMEOUT = 20.0  # seconds for a connection, and for each further piece
DISK_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}  # EDQUOT: no more room for this user


class DownloadError(RuntimeError):
    """A file could not be fetched; says why, and what to do by hand."""


@dataclass(frozen=True)
class RemoteFile:
    """A file somewhere else, and how to know that it is the right one.

    Attributes:
        name: what it is called in ``cache_folder()``; a plain file name.
        urls: addresses of the same bytes, tried in turn.
        sha256: 64 hexadecimal digits, in lower case.
        size: in bytes.
        what: what is in it, one sentence.
        licence: under which it may be used.
    """

    name: str
    urls: tuple[str, ...]
    sha256: str
    size: int
    what: str
    licence: str


def cache_folder() -> Path:
    """Return where fetched files are kept; the folder need not exist yet.

    Returns:
        The folder named by ``COURSE_DATA``; without it, the usual folder of this system for what can be fetched again.
        Never the repository: a fresh clone must not fetch again, and git must not see the files.
    """
    named = os.environ.get("COURSE_DATA")
    return Path(named).expanduser().absolute() if named else user_folder("cache") / "course"


def kept(file: RemoteFile) -> Path | None:
    """Return where the file lies, or None when it is not there or is not what it should be.

    It is trusted by size and SHA-256, whoever put it there: 47 MB take some hundredths of a second, once a process.
    """
    path = cache_folder() / file.name
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size != file.size:
            return None
        return path if _sha256_once(path, found.st_ino, found.st_mtime_ns) == file.sha256 else None
    except OSError:
        return None


@lru_cache(maxsize=64)
def _sha256_once(path: Path, inode: int, changed: int) -> str:
    """The hash of a file as it was when it had this inode and this time; another of either is another file."""
    return _sha256(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(file: RemoteFile, *, progress: bool = True, timeout: float = TIMEOUT) -> Path:
    """Return where the file lies, after fetching what is missing of it.

    Every address is tried once, in turn, and each goes on from the bytes that are there. An interrupted fetch keeps
    them for the next; a second process waits for the first.

    Args:
        file: what to fetch.
        progress: show a bar on stderr.
        timeout: seconds to wait for a connection, and for each further piece.

    Raises:
        DownloadError: no address gave the file, or it cannot be written; says what to do by hand.

    Source: ours.
    """
    if found := kept(file):
        return found
    final = cache_folder() / file.name
    try:
        with unfinished(final) as part:
            if found := kept(file):
                return found  # another process fetched it while this one waited
            _check_room(file, part)
            _try_each(file, part, progress=progress, timeout=timeout)
            os.replace(part, final)
    except OSError as error:
        raise DownloadError(_cannot_write(file, error)) from error
    return final


def _check_room(file: RemoteFile, part: Path) -> None:
    """Say that the disk is too full before the network is used, not after."""
    missing = file.size - (part.stat().st_size if part.exists() else 0)
    free = shutil.disk_usage(part.parent).free
    if free < missing:
        raise OSError(errno.ENOSPC, f"{_mb(missing)} are missing and {_mb(free)} are free on the disk")


def _try_each(file: RemoteFile, part: Path, *, progress: bool, timeout: float) -> None:
    from tqdm import tqdm  # here: most who import this only ask what is kept

    tried = {}
    bar = tqdm(total=file.size, desc=file.name, unit="B", unit_scale=True, file=sys.stderr, disable=not progress)
    with bar:
        for url in file.urls:
            try:
                _try(file, url, part, timeout=timeout, tell=lambda there: bar.update(there - bar.n))
                return
            except TransferFailed as failed:
                tried[url] = str(failed)
    raise DownloadError(_no_address(file, tried, part))


def _try(file: RemoteFile, url: str, part: Path, **options: object) -> None:
    """Fetch from one address and check; twice when the first bytes came from elsewhere and may be what is wrong."""
    while True:
        went_on = transfer(url, part, size=file.size, **options)
        if (found := _sha256(part)) == file.sha256:
            return
        part.unlink()
        if not went_on:
            raise TransferFailed(
                f"what came is another file: its SHA-256 begins with {found[:8]}, not {file.sha256[:8]}"
            )


def _no_address(file: RemoteFile, tried: dict[str, str], part: Path) -> str:
    lines = [f"{file.name} could not be fetched.", *(f"  {url}: {why}" for url, why in tried.items())]
    if part.exists() and part.stat().st_size:
        lines.append(f"  {_mb(part.stat().st_size)} of {_mb(file.size)} are here: the next attempt goes on from there.")
    return "\n".join([*lines, _by_hand(file)])


def _cannot_write(file: RemoteFile, error: OSError) -> str:
    where = error.filename or cache_folder()
    why = "The disk is full" if error.errno in DISK_FULL else "It cannot be written"
    lines = [
        f"{file.name} could not be fetched. {why}: {where} ({error.strerror or error}).",
        "  Make room or get the right to write there, or name another folder in the environment variable COURSE_DATA.",
    ]
    return "\n".join([*lines, _by_hand(file)])


def _by_hand(file: RemoteFile) -> str:
    folder = cache_folder()
    lines = [
        f"By hand: open {' or '.join(file.urls)} in a browser, on any computer, and save it under the name {file.name} "
        f"in the folder {folder}. It has {file.size:,} bytes; the course checks it and finds it there."
    ]
    if (path := folder / file.name).exists():
        has = f"{path.stat().st_size:,} bytes" if path.stat().st_size != file.size else "another SHA-256"
        lines.append(f"What lies there under that name now is something else: it has {has}.")
    return "\n".join(lines)


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
