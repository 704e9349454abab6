"""A file is there whole and right, or not at all; every way to fail is met by a server that fails in this way."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from course_lib import download
from course_lib.commands.checkout import ROOT
from course_lib.download import DownloadError, RemoteFile, cache_folder, fetch, kept
from tests.alone import ALONE
from tests.misbehaving import Misbehaving
from tests.test_cli import _drop_right_to_write_everywhere

BODY = bytes(range(256)) * 1000


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    return tmp_path / "cache"


@pytest.fixture
def server():
    with Misbehaving() as server:
        server.files["a.bin"] = BODY
        yield server


def part(folder: Path, content: bytes | None = None) -> Path:
    """Where a.bin is built; with `content`, as an interrupted fetch leaves it."""
    path = folder / "unfinished" / "a.bin"
    if content is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return path


def refused(file: RemoteFile, folder: Path, **options) -> str:
    """The words of the DownloadError; nothing may stand under the final name."""
    with pytest.raises(DownloadError) as error:
        fetch(file, progress=False, **options)
    assert not (folder / file.name).exists()
    assert kept(file) is None
    return str(error.value)


# What is kept


def test_a_file_is_fetched_once(server, folder):
    file = server.remote("good")
    assert kept(file) is None
    assert fetch(file, progress=False) == folder / "a.bin" == kept(file) == fetch(file, progress=False)
    assert (folder / "a.bin").read_bytes() == BODY
    assert server.asked == [("good", None)]
    assert sorted(path.name for path in folder.rglob("*")) == ["a.bin", "a.bin.lock", "unfinished"]


def test_a_right_file_put_there_by_hand_is_kept(server, folder):
    folder.mkdir()
    (folder / "a.bin").write_bytes(BODY)
    assert fetch(server.remote("not found"), progress=False) == folder / "a.bin"
    assert server.asked == []


@pytest.mark.parametrize("wrong", [b"short", bytes(len(BODY))], ids=["of another size", "of the same size"])
def test_a_wrong_file_put_there_by_hand_is_not_trusted_and_is_replaced(server, folder, wrong):
    folder.mkdir()
    (folder / "a.bin").write_bytes(wrong)
    assert kept(server.remote("good")) is None
    with pytest.raises(DownloadError, match="What lies there under that name now is something else"):
        fetch(server.remote("not found"), progress=False)
    assert (folder / "a.bin").read_bytes() == wrong  # somebody's own file goes only when the right one is here
    assert fetch(server.remote("good"), progress=False).read_bytes() == BODY


def test_a_file_that_changes_afterwards_is_noticed(server, folder):
    file = server.remote("good")
    fetch(file, progress=False)
    (folder / "a.bin").unlink()
    (folder / "a.bin").write_bytes(bytes(len(BODY)))
    assert kept(file) is None


def test_a_folder_of_that_name_is_no_file(server, folder):
    (folder / "a.bin").mkdir(parents=True)
    assert kept(server.remote("good")) is None
    with pytest.raises(DownloadError, match="It cannot be written"):
        fetch(server.remote("good"), progress=False)


@pytest.mark.parametrize(
    ("system", "variables", "expected"),
    [
        ("linux", {}, "HOME/.cache/course"),
        ("linux", {"XDG_CACHE_HOME": "/cache"}, "/cache/course"),
        ("darwin", {}, "HOME/Library/Caches/course"),
        ("win32", {}, "HOME/AppData/Local/course"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/course"),
        ("linux", {"COURSE_DATA": "~/mine"}, "HOME/mine"),
        ("win32", {"COURSE_DATA": "HOME/mine", "LOCALAPPDATA": "/local"}, "HOME/mine"),
    ],
)
def test_the_cache_folder_of_each_system(monkeypatch, tmp_path, system, variables, expected):
    for name in ("COURSE_DATA", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.replace("HOME", str(tmp_path)))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setattr(sys, "platform", system)
    assert cache_folder().as_posix() == expected.replace("HOME", tmp_path.as_posix())
    assert not cache_folder().is_relative_to(ROOT)


def test_a_relative_cache_folder_is_said_in_full(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_DATA", "mine")
    assert cache_folder() == tmp_path / "mine"


# Mirrors


@pytest.mark.parametrize(
    "first",
    ["not found", "broken", "hangs up", "a page", "another file", "cuts off", "cuts off a short one", "too much"],
)
def test_the_next_mirror_is_tried(server, first):
    file = server.remote(first, "good")
    assert fetch(file, progress=False).read_bytes() == BODY
    assert [behaviour for behaviour, _ in server.asked] == [first, "good"]


def test_a_mirror_that_hangs_is_left_for_the_next(server):
    assert fetch(server.remote("hangs", "good"), progress=False, timeout=0.2).read_bytes() == BODY


def test_the_next_mirror_goes_on_where_the_first_broke_off(server):
    assert fetch(server.remote("cuts off", "good"), progress=False).read_bytes() == BODY
    assert server.asked == [("cuts off", None), ("good", f"bytes={len(BODY) // 2}-")]


def test_each_mirror_is_tried_once(server, folder):
    words = refused(server.remote("not found", "broken", "a page"), folder)
    assert [behaviour for behaviour, _ in server.asked] == ["not found", "broken", "a page"]
    for behaviour, why in [("not found", "404"), ("broken", "503"), ("a page", "web page")]:
        assert f"{server.url(behaviour, 'a.bin')}: " in words and why in words


# Wrong content


def test_a_wrong_hash_is_refused(server, folder):
    words = refused(server.remote("another file"), folder)
    assert "another file: its SHA-256 begins with" in words
    assert not part(folder).exists()  # the next attempt begins anew


def test_a_web_page_is_not_the_file(server, folder):
    for behaviour in ("a page", "a page in disguise"):
        assert "does this network want you to log in first?" in refused(server.remote(behaviour), folder)


def test_a_file_cut_short_is_refused_and_its_beginning_kept(server, folder):
    words = refused(server.remote("cuts off"), folder)
    assert "ended after 128,000 of 256,000 bytes" in words
    assert "0.1 MB of 0.3 MB are here: the next attempt goes on from there" in words
    assert part(folder).read_bytes() == BODY[:128_000]


def test_the_error_says_what_to_do_by_hand(server, folder):
    file = server.remote("not found", "broken")
    words = refused(file, folder)
    assert f"open {file.urls[0]} or {file.urls[1]} in a browser" in words
    assert f"save it under the name a.bin in the folder {folder}" in words
    assert "256,000 bytes" in words


# Resuming


def test_an_interrupted_fetch_goes_on(server, folder):
    part(folder, BODY[:100_000])
    assert fetch(server.remote("good"), progress=False).read_bytes() == BODY
    assert server.asked == [("good", "bytes=100000-")]


def test_ctrl_c_keeps_what_has_come(server, folder, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("course_lib.transfer._read", interrupted_after(100))
        with pytest.raises(KeyboardInterrupt):
            fetch(server.remote("good"), progress=False)
    assert not (folder / "a.bin").exists()
    assert part(folder).read_bytes() == BODY[:100]
    assert fetch(server.remote("good"), progress=False).read_bytes() == BODY
    assert server.asked[-1] == ("good", "bytes=100-")


def interrupted_after(count):
    answers = iter([BODY[:count]])

    def read(reply, timeout):
        for answer in answers:
            return answer
        raise KeyboardInterrupt

    return read


def test_a_server_that_ignores_range_begins_again(server, folder):
    part(folder, BODY[:100_000])
    assert fetch(server.remote("knows no range"), progress=False).read_bytes() == BODY
    assert [behaviour for behaviour, _ in server.asked] == ["knows no range"]  # at the first go: nothing was appended


def test_a_spoilt_beginning_is_not_blamed_on_the_server(server, folder):
    part(folder, bytes(100_000))
    assert fetch(server.remote("good"), progress=False).read_bytes() == BODY
    assert server.asked == [("good", "bytes=100000-"), ("good", None)]


def test_a_whole_file_that_only_lacked_its_name_is_not_fetched_again(server, folder):
    part(folder, BODY)
    assert fetch(server.remote("good"), progress=False).read_bytes() == BODY
    assert server.asked == []


# The disk


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up(server, folder, monkeypatch, number):
    file = server.remote("good", "good")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", failing_open(OSError(number, os.strerror(number))))
        words = refused(file, folder)
    assert "The disk is full" in words and "COURSE_DATA" in words and "By hand" in words
    assert len(server.asked) == 1  # another mirror would not help
    assert fetch(file, progress=False).read_bytes() == BODY  # after making room


def failing_open(error, real=Path.open):
    """Path.open, with files that take 1000 bytes, and then raise."""

    class Full:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, chunk):
            self.file.write(chunk[:1000])
            raise error

    def opened(path, mode="r", *rest, **options):
        file = real(path, mode, *rest, **options)
        return Full(file) if mode in ("wb", "ab") and path.name == "a.bin" else file

    return opened


def test_a_full_disk_is_said_before_the_network_is_used(server, folder, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 200_000}))
    words = refused(server.remote("good"), folder)
    assert "The disk is full" in words and "0.3 MB are missing and 0.2 MB are free" in words
    assert server.asked == []
    part(folder, BODY[:100_000])  # what is here already needs no room
    assert fetch(server.remote("good"), progress=False).read_bytes() == BODY


@pytest.mark.parametrize("step", ["mkdir", "open", "replace"])
def test_no_permission(server, folder, monkeypatch, step):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    monkeypatch.setattr(*{"mkdir": (Path, "mkdir"), "open": (Path, "open"), "replace": (os, "replace")}[step], refuse)
    words = refused(server.remote("good"), folder)
    assert f"It cannot be written: {folder} (Permission denied)" in words
    assert "COURSE_DATA" in words and "By hand" in words


def test_no_permission_for_real(server, folder):
    """In a process of its own, from which root's right to write everywhere can be taken."""
    if not hasattr(os, "geteuid"):
        pytest.skip("folders are protected in another way here")
    folder.mkdir(mode=0o555)
    drop = {"preexec_fn": _drop_right_to_write_everywhere} if os.geteuid() == 0 else {}
    done = process(server.remote("good"), **drop)
    out, err = done.communicate(timeout=30)
    if done.returncode == 77:
        pytest.skip("root may write everywhere here, and that right cannot be dropped")
    assert f"It cannot be written: {folder / 'unfinished'} (Permission denied)" in err
    assert list(folder.iterdir()) == []


def test_what_lies_in_a_folder_that_cannot_be_written_is_used(server, folder, monkeypatch):
    """A university may keep the files once for all, where only its staff writes."""
    fetch(server.remote("good"), progress=False)
    monkeypatch.setattr(Path, "mkdir", lambda *_, **__: pytest.fail("it writes"))
    assert fetch(server.remote("not found"), progress=False) == folder / "a.bin"


def test_the_cache_folder_is_a_file(server, folder):
    folder.write_text("not a folder")
    assert "It cannot be written" in refused(server.remote("good"), folder)


# Several processes


def process(file: RemoteFile, **options) -> subprocess.Popen:
    code = f"{ALONE}\nfrom course_lib.download import RemoteFile, fetch\nprint(fetch({file!r}, progress=False))"
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", code], **streams, **options)


def test_two_processes_fetch_it_once(server, folder):
    file = server.remote("waits")
    first = process(file)
    server.wait_for(1)
    second = process(file)
    assert not (folder / "a.bin").exists()
    while "waiting for it" not in second.stderr.readline():  # until it has found the lock taken
        assert second.poll() is None
    server.go_on.set()
    for each in (first, second):
        out, err = each.communicate(timeout=30)
        assert (out.strip(), each.returncode) == (str(folder / "a.bin"), 0), err
    assert (folder / "a.bin").read_bytes() == BODY
    assert server.asked == [("waits", None)]


def test_a_killed_process_blocks_nobody_and_the_next_goes_on(server, folder):
    first = process(server.remote("waits"))
    server.wait_for(1)
    while not (part(folder).exists() and part(folder).stat().st_size):
        assert first.poll() is None
    first.kill()
    first.communicate()
    there = part(folder).stat().st_size
    assert fetch(server.remote("good"), progress=False).read_bytes() == BODY
    assert server.asked == [("waits", None), ("good", f"bytes={there}-")]


def test_while_it_comes_nothing_stands_under_the_final_name(server, folder, monkeypatch):
    seen, real = [], os.replace
    monkeypatch.setattr(
        os, "replace", lambda old, new: (seen.append((Path(old).read_bytes(), new.exists())), real(old, new))
    )
    told = server.remote("good")
    transfer = download.transfer

    def watched(*arguments, **options):
        assert not (folder / "a.bin").exists()
        result = transfer(*arguments, **options)
        assert not (folder / "a.bin").exists()
        return result

    monkeypatch.setattr(download, "transfer", watched)
    fetch(told, progress=False)
    assert seen == [(BODY, False)]


# The bar


def test_the_bar_is_on_stderr_and_counts_what_was_there(server, folder, capsys):
    part(folder, BODY[:128_000])
    fetch(server.remote("good"), progress=True)
    said = capsys.readouterr()
    assert said.out == ""
    assert "a.bin" in said.err and "100%" in said.err and "256k/256k" in said.err


def test_no_bar_no_word(server, capsys):
    fetch(server.remote("good"), progress=False)
    assert capsys.readouterr() == ("", "")
