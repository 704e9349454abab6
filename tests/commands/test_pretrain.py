"""course pretrain: the nets again, their figures, and no file written or replaced that nobody asked for."""

import hashlib
import re

import pytest

from course_lib.cli import main
from course_lib.commands import pretrain
from course_lib.lessons.transfer_learning import nets, pretraining
from course_lib.lessons.transfer_learning.nets import FILES, reader

NAMES = list(FILES.values())


@pytest.fixture
def untrained(monkeypatch):
    """Nets that cost nothing, in place of trained ones; gives the list of what was asked for."""
    asked = []

    def made(which, **budget):
        asked.append((which, budget))
        return reader(52 if which == "all" else 42)

    monkeypatch.setattr(pretraining, "pretrained", made)
    monkeypatch.setattr(pretraining, "accuracy", lambda net, which, each: 0.5)
    return asked


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A data folder of its own, with two old files."""
    monkeypatch.setattr(pretrain, "ROOT", tmp_path)
    (tmp_path / "data").mkdir()
    for name in NAMES:
        (tmp_path / "data" / name).write_bytes(b"old")
    return tmp_path / "data"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


OLD = dict.fromkeys(NAMES, b"old")


def test_fast_trains_both_and_writes_them_into_a_folder(tmp_path, capsys, data, monkeypatch):
    monkeypatch.setattr(pretraining, "FAST", {"each": 24, "epochs": 1})
    where = tmp_path / "new" / "nets"
    assert main(["pretrain", "letters", "--fast", "--folder", str(where)]) == 0
    said = capsys.readouterr()
    assert sorted(contents(where)) == sorted(NAMES) and contents(data) == OLD
    found = re.findall(
        r"(\S+): ([\d.]+) s, reads ([\d.]+) % of .*\n +(\d+) bytes, SHA-256 (\w+)\n +written: (.*)", said.out
    )
    assert [row[0] for row in found] == NAMES
    for name, seconds, share, size, digest, path in found:
        assert float(seconds) > 0 and 5 < float(share) < 95
        assert path == str(where / name)
        content = (where / name).read_bytes()
        assert (int(size), digest) == (len(content), hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(nets, "FOLDER", where)
    nets._weights.cache_clear()
    try:
        assert nets.letters_net("fewer").head.out_features == 42
    finally:
        nets._weights.cache_clear()


def test_unasked_it_writes_nothing(untrained, data, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["pretrain", "letters"]) == 0
    assert contents(data) == OLD and [path.name for path in tmp_path.iterdir()] == ["data"]
    assert capsys.readouterr().out.splitlines()[-1].startswith("Nothing was written. --folder FOLDER")
    assert untrained == [(which, {"each": pretraining.EACH, "epochs": pretraining.EPOCHS}) for which in FILES]


def test_write_replaces_the_files_of_data(untrained, data, capsys):
    assert main(["pretrain", "letters", "--write"]) == 0
    assert sorted(contents(data)) == sorted(NAMES)
    assert all(len(content) > 100_000 for content in contents(data).values())
    assert "put the new one there" in capsys.readouterr().out


def test_check_holds_each_net_against_the_one_that_ships(untrained, data, capsys, monkeypatch):
    reads = {True: 0.55, False: 0.5}  # what ships is in evaluation mode, the stand-in is not
    monkeypatch.setattr(pretraining, "accuracy", lambda net, which, each=500: reads[not net.training])
    assert main(["pretrain", "letters", "--check"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[2] == f"✗ {NAMES[0]} of data/ reads 55.0 %: more than 3 points away"
    assert said[-1] == "0 passed, 2 failed" and contents(data) == OLD
    reads[True] = 0.52
    assert main(["pretrain", "letters", "--check"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-2:] == [f"✓ {NAMES[1]} of data/ reads 52.0 %: nearly as many", "2 passed, 0 failed"]


def test_check_notices_a_file_that_is_not_there_and_one_that_is_no_net(untrained, data, capsys, monkeypatch):
    monkeypatch.setattr(nets, "FOLDER", data)
    (data / NAMES[1]).unlink()
    nets._weights.cache_clear()
    try:
        assert main(["pretrain", "letters", "--check"]) == 1
    finally:
        nets._weights.cache_clear()
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("✗")]
    assert len(said) == 2 and f"{NAMES[1]} is missing" in said[1]


def test_a_fast_net_is_not_compared(untrained, capsys):
    assert main(["pretrain", "letters", "--check", "--fast"]) == 2
    assert "too poor to be compared" in capsys.readouterr().err and untrained == []


def test_a_fast_net_does_not_get_into_data(untrained, data, capsys):
    assert main(["pretrain", "letters", "--write", "--fast"]) == 2
    assert "too poor for data/" in capsys.readouterr().err
    assert contents(data) == OLD and untrained == []


@pytest.mark.parametrize("there", [NAMES, NAMES[:1], NAMES[1:]])
def test_a_file_that_is_there_is_not_replaced(untrained, tmp_path, capsys, there):
    for name in there:
        (tmp_path / name).write_bytes(b"mine")
    assert main(["pretrain", "letters", "--folder", str(tmp_path)]) == 2
    assert f"{tmp_path} holds {' and '.join(there)}, and nothing is replaced" in capsys.readouterr().err
    assert contents(tmp_path) == dict.fromkeys(there, b"mine") and untrained == [], "said before a minute of training"


def test_both_places_at_once_are_refused(untrained, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["pretrain", "letters", "--write", "--folder", str(tmp_path)])
    assert stopped.value.code == 2 and "not allowed with" in capsys.readouterr().err


def test_an_unknown_name_trains_nothing(untrained, capsys):
    assert main(["pretrain", "digits"]) == 2
    assert capsys.readouterr().err == "course pretrain: There are no nets 'digits' to train. There are: letters.\n"
    assert untrained == []


def test_a_folder_that_is_a_file_is_said_before_training(untrained, tmp_path, capsys):
    (tmp_path / "mine").write_text("a file")
    assert main(["pretrain", "letters", "--folder", str(tmp_path / "mine")]) == 2
    assert f"Cannot write {tmp_path / 'mine'}: " in capsys.readouterr().err
    assert untrained == []


def test_a_missing_data_folder_is_not_made(untrained, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pretrain, "ROOT", tmp_path)
    assert main(["pretrain", "letters", "--write"]) == 2
    assert "Cannot write" in capsys.readouterr().err
    assert untrained == [] and not list(tmp_path.iterdir())


def test_a_disk_that_fills_up_is_a_sentence_and_the_old_file_stays(untrained, data, capsys, monkeypatch):
    def full(*paths):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    assert main(["pretrain", "letters", "--write"]) == 2
    assert f"Cannot write {data / NAMES[0]}: No space left on device" in capsys.readouterr().err
    assert contents(data) == OLD


def test_ctrl_c_keeps_what_is_written_and_what_was_there(untrained, data, capsys, monkeypatch):
    made = pretraining.pretrained

    def second_is_interrupted(which, **budget):
        if which == "fewer":
            raise KeyboardInterrupt
        return made(which, **budget)

    monkeypatch.setattr(pretraining, "pretrained", second_is_interrupted)
    assert main(["pretrain", "letters", "--write"]) == 130
    found = contents(data)
    assert set(found) == set(NAMES)
    assert len(found[NAMES[0]]) > 100_000 and found[NAMES[1]] == b"old"
    said = capsys.readouterr()
    assert f"Written before: {data / NAMES[0]}. Nothing else was changed." in said.out
    assert said.err == "course pretrain: interrupted\n"


def test_a_wrong_number_of_threads_is_a_sentence(untrained, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_THREADS", "many")
    assert main(["pretrain", "letters"]) == 2
    assert "COURSE_THREADS is 'many'" in capsys.readouterr().err
