"""What the learner answered is kept, by several kernels at once and after a crash, or a sentence says why not."""

import json
import subprocess
import sys

import pytest
import torch

from course_lib import progress
from tests.alone import ALONE

WRITER = f"""{ALONE}
from course_lib.progress import record
for number in range(200):
    record({{"id": f"{{sys.argv[1]}}/{{number}}"}})
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "somewhere" / "progress.jsonl"
    monkeypatch.setenv("COURSE_PROGRESS", str(path))
    return path


def test_newest_event_of_an_id_wins(file):
    progress.record({"id": "a/b", "kind": "prediction", "value": 1})
    progress.record({"id": "a/c", "kind": "prediction", "value": 2})
    progress.record({"id": "a/b", "kind": "prediction", "value": 3})
    newest, broken = progress.read()
    assert {name: event["value"] for name, event in newest.items()} == {"a/b": 3, "a/c": 2}
    assert broken == 0
    assert [event["value"] for event in progress.events()[0]] == [1, 2, 3]
    assert newest["a/b"]["time"].endswith("+00:00")


def test_four_processes_keep_all_800_answers(file):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, f"writer{number}"]) for number in range(4)]
    assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
    newest, broken = progress.read()
    assert len(newest) == 800 and broken == 0


def test_a_cut_last_line_loses_one(file):
    for number in range(3):
        progress.record({"id": f"a/{number}"})
    file.write_bytes(file.read_bytes()[:-9])  # a crash in the middle of the third
    newest, broken = progress.read()
    assert list(newest) == ["a/0", "a/1"] and broken == 1
    progress.record({"id": "a/3"})  # and the next one is not swallowed by the rest of it
    newest, broken = progress.read()
    assert list(newest) == ["a/0", "a/1", "a/3"] and broken == 1


@pytest.mark.parametrize("line", [b"\xff\xfe", b"[1, 2]", b'{"kind": "no id"}', b'{"id": 3}', b"}"])
def test_lines_of_another_kind_are_counted_and_skipped(file, line):
    progress.record({"id": "a/b"})
    file.write_bytes(file.read_bytes() + line + b"\n")
    newest, broken = progress.read()
    assert list(newest) == ["a/b"] and broken == 1


def test_tensors_and_arrays_become_numbers(file):
    progress.record({"id": "a/b", "value": torch.tensor([1.0, 2.0]), "text": "α"})
    assert json.loads(file.read_text(encoding="utf-8"))["value"] == [1.0, 2.0]


def test_a_file_that_cannot_be_written_is_said_once_and_the_lesson_goes_on(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "file" / "progress.jsonl"))
    monkeypatch.setattr(progress, "_silent", False)
    progress.record({"id": "a/b"})
    progress.record({"id": "a/c"})
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and "cannot be written" in said and str(tmp_path) in said
    assert progress.read() == ({}, 0)


def test_a_read_only_folder_is_said_once(file, monkeypatch, capsys):
    monkeypatch.setattr(progress, "_silent", False)

    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(progress.os, "open", refuse)  # the tests may run as a user whom no folder refuses
    progress.record({"id": "a/b"})
    progress.record({"id": "a/b"})
    assert capsys.readouterr().out.count("Permission denied") == 1


def test_a_full_disk_is_said(file, monkeypatch, capsys):
    monkeypatch.setattr(progress, "_silent", False)
    monkeypatch.setattr(progress.os, "write", lambda file, line: len(line) - 1)
    progress.record({"id": "a/b"})
    assert "took only a part" in capsys.readouterr().out


def test_nothing_is_kept_in_continuous_integration(monkeypatch):
    monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    monkeypatch.setenv("CI", "true")
    assert progress.progress_file() is None
    progress.record({"id": "a/b"})
    assert progress.read() == ({}, 0)


@pytest.mark.parametrize(
    ("system", "variable", "expected"),
    [
        ("linux", "XDG_DATA_HOME", "x"),
        ("win32", "LOCALAPPDATA", "x"),
        ("darwin", "HOME", "x/Library/Application Support"),
    ],
)
def test_the_usual_folder_of_each_system(system, variable, expected, monkeypatch, tmp_path):
    for name in ("CI", "COURSE_PROGRESS", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(tmp_path / "x"))
    monkeypatch.setattr(sys, "platform", system)
    assert progress.progress_file() == tmp_path / expected / "course" / "progress.jsonl"
