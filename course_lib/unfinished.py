"""A place to build a file or folder before it gets its name, for one process at a time.

Nothing half-done ever stands under the final name: it is built in the folder ``unfinished`` beside it, on the same
disk, so that giving it its name is one step that happens or does not.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

try:  # Linux, macOS
    import fcntl
except ImportError:
    fcntl = None
try:  # Windows
    import msvcrt
except ImportError:
    msvcrt = None

FOLDER = "unfinished"
LOOK_AGAIN = 0.1  # seconds between two looks at a lock that another process holds
SAY_AFTER = 1.0  # seconds of waiting without a word


@contextmanager
def unfinished(final: Path) -> Iterator[Path]:
    """Give the path under which ``final`` is built; who comes second waits until the first is done.

    What the block leaves under that path stays there, so that a later attempt can go on with it.

    The lock is one of the operating system, on a file of its own: it ends with the process that holds it, however that
    process ended, so that none is left behind. (A file that is there or not would need a guess at whether its owner
    still lives; a temporary name for each process would give up resuming, and fetch 47 MB twice.) The lock's file is
    never removed: who waits for a removed file and who makes a new one would both go in. Where a disk knows no locks,
    as some network disks do, each process builds under a name of its own, which is removed at the end.

    Args:
        final: where the file or folder is to stand when it is done. Moving it there is the caller's step.

    Raises:
        OSError: the folder cannot be made, or nothing may be written in it.

    Source: ours.
    """
    folder = final.parent / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{final.name}.lock").open("ab") as lock:
        if not _wait_for(lock, final.name):
            own = folder / f"{final.name}.{os.getpid()}"
            try:
                yield own
            finally:
                _remove(own)
            return
        try:
            yield folder / final.name
        finally:
            _release(lock)  # in words, because a forked child holds the same open file: closing ours would not do


def _wait_for(lock: BinaryIO, name: str) -> bool:
    """Return True as soon as the lock is this process's, False at once where there are no locks."""
    began, said = time.monotonic(), False
    while (taken := _take(lock)) is False:
        if not said and time.monotonic() - began > SAY_AFTER:
            print(f"Another process is at work on {name}; waiting for it.", file=sys.stderr, flush=True)
            said = True
        time.sleep(LOOK_AGAIN)
    return taken is True


def _take(lock: BinaryIO) -> bool | None:
    """Return True when the lock is ours now, False when somebody else holds it, None when this disk has no locks."""
    try:
        if fcntl:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        elif msvcrt:
            lock.seek(0)
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            return None
    except OSError as error:
        return False if error.errno in (errno.EAGAIN, errno.EACCES) else None
    return True


def _release(lock: BinaryIO) -> None:
    if fcntl:
        fcntl.flock(lock, fcntl.LOCK_UN)
    elif msvcrt:
        lock.seek(0)
        msvcrt.locking(lock.fileno(), msvcrt.LK_UNLCK, 1)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
