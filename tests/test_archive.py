"""A zip is unpacked whole or not at all, once, and never beyond its own folder."""

import os
import shutil
import zipfile

import pytest

from course_lib import archive
from course_lib.archive import ArchiveError, unpacked

FILES = {"top/a.txt": b"a" * 1000, "top/deep/b.txt": b"b", "empty/": b""}


def packed(path, files=FILES):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zip:
        for name, content in files.items():
            info = zipfile.ZipInfo("harmless")
            info.filename = name  # as it is: ZipInfo would tidy some of the names below
            zip.writestr(info, content)
    return path


def there(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_unpacks_beside_the_zip(tmp_path):
    folder = unpacked(packed(tmp_path / "set.zip"))
    assert folder == tmp_path / "set"
    assert there(folder) == {"top/a.txt": b"a" * 1000, "top/deep/b.txt": b"b"}
    assert (folder / "empty").is_dir()


def test_the_second_call_looks_no_further(tmp_path, monkeypatch):
    folder = unpacked(packed(tmp_path / "set.zip"))
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("it opens the zip"))
    assert unpacked(tmp_path / "set.zip") == folder


OUT = ["../out.txt", "a/../../out.txt", "/out.txt", "..\\out.txt", "\\out.txt", "C:\\out.txt", "C:out.txt", "a\\..\\b"]


@pytest.mark.parametrize("name", OUT)
def test_a_name_that_leads_out_is_refused(tmp_path, name):
    (tmp_path / "inner").mkdir()
    path = packed(tmp_path / "inner" / "set.zip", {"good.txt": b"", name: b"x"})
    with pytest.raises(ArchiveError, match="leads out of its folder"):
        unpacked(path)
    assert not (tmp_path / "inner" / "set").exists()
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()].count("out.txt") == 0


def test_a_name_with_dots_may_stay(tmp_path):
    assert there(unpacked(packed(tmp_path / "set.zip", {"a..b/c.": b"x"}))) == {"a..b/c.": b"x"}


@pytest.mark.parametrize("limit", ["LARGEST", "MOST"])
def test_absurd_sizes_are_refused_before_anything_is_written(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(archive, limit, 2)
    with pytest.raises(ArchiveError, match=r"3 files of 1,001 bytes"):
        unpacked(packed(tmp_path / "set.zip"))
    assert not (tmp_path / "set").exists()
    assert there(tmp_path / "unfinished") == {"set.lock": b""}


def no_zip(path):
    path.write_bytes(b"<!DOCTYPE html>")


def cut(path):
    path.write_bytes(path.read_bytes()[:-30])


def flipped(path):
    """One byte of the packed content of the first member."""
    content = bytearray(path.read_bytes())
    content[30 + len("top/a.txt") + 4] ^= 0xFF
    path.write_bytes(content)


def stored_flipped(path):
    """Not packed, so that only the checksum can tell."""
    with zipfile.ZipFile(path, "w") as zip:
        zip.writestr("a.txt", b"right")
    path.write_bytes(path.read_bytes().replace(b"right", b"wrong"))


def locked(path):
    """The mark of a password."""
    content = bytearray(path.read_bytes())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + at] |= 1
    path.write_bytes(content)


@pytest.mark.parametrize("spoil", [no_zip, cut, flipped, stored_flipped, locked])
def test_a_broken_zip_is_said_and_leaves_no_folder(tmp_path, spoil):
    spoil(packed(tmp_path / "set.zip"))
    with pytest.raises(ArchiveError, match=r"set\.zip cannot be unpacked .* Delete it and fetch it again"):
        unpacked(tmp_path / "set.zip")
    assert not (tmp_path / "set").exists()
    packed(tmp_path / "set.zip")  # the right one works, whatever the broken one left
    assert there(unpacked(tmp_path / "set.zip"))["top/a.txt"] == b"a" * 1000


def test_half_a_folder_of_a_killed_process_is_no_part_of_the_result(tmp_path):
    (tmp_path / "unfinished" / "set" / "top").mkdir(parents=True)
    (tmp_path / "unfinished" / "set" / "top" / "a.txt").write_bytes(b"half")
    (tmp_path / "unfinished" / "set" / "left over").write_bytes(b"")
    assert set(there(unpacked(packed(tmp_path / "set.zip")))) == {"top/a.txt", "top/deep/b.txt"}


def test_while_it_unpacks_nothing_stands_under_the_final_name(tmp_path, monkeypatch):
    real, seen = os.replace, []

    def watched(old, new):
        seen.append((there(old).keys(), new.exists()))
        real(old, new)

    monkeypatch.setattr(os, "replace", watched)
    unpacked(packed(tmp_path / "set.zip"))
    assert seen == [({"top/a.txt", "top/deep/b.txt"}, False)]


def test_what_another_process_unpacked_meanwhile_is_taken(tmp_path, monkeypatch):
    """As if the other one held the lock until it was done."""
    real = archive.unfinished

    def late(folder):
        shutil.copytree(tmp_path / "theirs", folder)
        return real(folder)

    (tmp_path / "theirs").mkdir()
    monkeypatch.setattr(archive, "unfinished", late)
    monkeypatch.setattr(archive, "_unpack", lambda *_: pytest.fail("it unpacks again"))
    assert unpacked(packed(tmp_path / "set.zip")) == tmp_path / "set"


def test_a_file_without_an_ending_is_refused(tmp_path):
    with pytest.raises(ArchiveError, match=r"does not end in \.zip"):
        unpacked(tmp_path / "set")
