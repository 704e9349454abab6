"""One process at a time builds a file; a lock ends with whoever holds it."""

import errno
import os
import subprocess
import sys

import pytest

from course_lib import unfinished as module
from course_lib.unfinished import unfinished
from tests.test_download import ALONE


def test_what_is_half_done_stays_for_the_next(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        with unfinished(tmp_path / "new" / "a.bin") as part:
            part.write_bytes(b"half")
            raise KeyboardInterrupt
    with unfinished(tmp_path / "new" / "a.bin") as part:
        assert part.read_bytes() == b"half"
        os.replace(part, tmp_path / "new" / "a.bin")
    assert (tmp_path / "new" / "a.bin").read_bytes() == b"half"


HOLD = """
from pathlib import Path
from course_lib.unfinished import unfinished
with unfinished(Path(PATH)):
    print("in", flush=True)
    input()
"""


def holder(path):
    """A process that holds the lock of `path`."""
    script = ALONE + HOLD.replace("PATH", repr(str(path)))
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "in\n"
    return process


def test_a_second_process_waits_and_says_so(tmp_path, monkeypatch, capsys):
    first, looks = holder(tmp_path / "a.bin"), []

    def look(seconds):
        looks.append(seconds)
        if len(looks) == 2:
            first.communicate("go on\n")

    monkeypatch.setattr(module.time, "sleep", look)
    monkeypatch.setattr(module, "SAY_AFTER", 0)
    with unfinished(tmp_path / "a.bin"):
        assert first.returncode == 0
    assert len(looks) >= 2
    assert capsys.readouterr().err == "Another process is at work on a.bin; waiting for it.\n"


def test_another_file_need_not_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(module.time, "sleep", lambda seconds: pytest.fail("it waits"))
    first = holder(tmp_path / "a.bin")
    with unfinished(tmp_path / "b.bin"):
        pass
    first.communicate("go on\n")


def test_the_lock_of_a_killed_process_holds_nobody(tmp_path, monkeypatch):
    first = holder(tmp_path / "a.bin")
    first.kill()
    first.wait()
    first.stdin.close()
    first.stdout.close()
    monkeypatch.setattr(module.time, "sleep", lambda seconds: pytest.fail("it waits"))
    with unfinished(tmp_path / "a.bin"):
        pass


@pytest.mark.parametrize("why", ["no module", "no locks on this disk"])
def test_without_locks_each_has_a_name_of_its_own(tmp_path, monkeypatch, why):
    if why == "no module":
        monkeypatch.setattr(module, "fcntl", None)
        monkeypatch.setattr(module, "msvcrt", None)
    else:
        monkeypatch.setattr(module, "fcntl", NoLocks())
    with unfinished(tmp_path / "a.bin") as part:
        part.write_bytes(b"half")
        assert str(os.getpid()) in part.name
    assert not part.exists()
    with unfinished(tmp_path / "a") as part:
        (part / "folder").mkdir(parents=True)
    assert not part.exists()


class NoLocks:
    """What fcntl offers, on a disk that knows no locks."""

    LOCK_EX = LOCK_NB = LOCK_UN = 0

    def flock(self, file, what):
        raise OSError(errno.ENOLCK, "No locks available")


class WindowsLocks:
    """What msvcrt offers: it refuses once, as it does while another process holds the lock."""

    LK_NBLCK, LK_UNLCK = 1, 0

    def __init__(self):
        self.calls = []

    def locking(self, file, what, count):
        self.calls.append((what, count))
        if len(self.calls) == 1:
            raise PermissionError(errno.EACCES, "Permission denied")


def test_windows_has_locks_of_its_own(tmp_path, monkeypatch):
    locks, waited = WindowsLocks(), []
    monkeypatch.setattr(module, "fcntl", None)
    monkeypatch.setattr(module, "msvcrt", locks)
    monkeypatch.setattr(module.time, "sleep", waited.append)
    with unfinished(tmp_path / "a.bin") as part:
        assert part.name == "a.bin"
    assert locks.calls == [(1, 1), (1, 1), (0, 1)]
    assert waited == [module.LOOK_AGAIN]
