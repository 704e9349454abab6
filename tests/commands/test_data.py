"""course data: what is here and what is not, fetching what is named, and going on where one fails."""

import io
import zipfile

import pytest

from course_lib.cli import main
from tests.catalogue import offered, own_catalogue, write_catalogue
from tests.misbehaving import Misbehaving


@pytest.fixture
def server(tmp_path, monkeypatch):
    own_catalogue(tmp_path, monkeypatch)
    with Misbehaving() as server:
        yield server


def offer(server, tmp_path, *rows):
    """A catalogue of (table, behaviour, content, set)."""
    tables = {}
    for name, behaviour, content, set in rows:
        file = f"{name}.zip" if content[:2] == b"PK" else f"{name}.bin"
        words = {"what": f"What {name} is.", "licence": f"licence of {name}", "set": set}
        tables[name] = offered(server, file, content, behaviour, **words)
    write_catalogue(tmp_path / "remote.toml", tables)


THREE = [
    ("weights", "good", bytes(2_000_000), "weights"),
    ("one", "good", b"one", "pair"),
    ("two", "good", b"two", "pair"),
]


def test_the_list_says_what_is_where(server, tmp_path, capsys):
    offer(server, tmp_path, *THREE)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "two.bin").write_bytes(b"two")
    assert main(["data"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["weights", "2.0", "MB", "not", "kept"]
    assert lines[1].strip() == "What weights is."
    assert lines[2].strip() == f"Licence: licence of weights. Place: {tmp_path / 'cache' / 'weights.bin'}"
    assert lines[3].split() == ["pair", "0.0", "MB", "1", "of", "2", "kept"]
    assert lines[5].endswith(f"Place: {tmp_path / 'cache'}")
    assert server.asked == []  # listing needs no network


def test_a_named_set_is_fetched_and_only_that(server, tmp_path, capsys):
    offer(server, tmp_path, *THREE)
    assert main(["data", "pair"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f"pair: {tmp_path / 'cache' / 'one.bin'}",
        f"pair: {tmp_path / 'cache' / 'two.bin'}",
        "0 here already, 2 fetched, 0 failed",
    ]
    assert said.err == ""  # no bar where nobody looks
    assert main(["data"]) == 0
    assert "pair            0.0 MB  kept\n" in capsys.readouterr().out


def test_all_of_them_and_twice(server, tmp_path, capsys):
    offer(server, tmp_path, *THREE)
    assert main(["data", "--all"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "0 here already, 3 fetched, 0 failed"
    assert main(["data", "--all", "pair"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "3 here already, 0 fetched, 0 failed"
    assert len(server.asked) == 3


def test_one_that_fails_does_not_stop_the_others(server, tmp_path, capsys):
    offer(server, tmp_path, ("bad", "not found", b"bad", "bad"), *THREE)
    assert main(["data", "bad", "weights"]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "0 here already, 1 fetched, 1 failed"
    assert said.err.startswith("bad: bad.bin could not be fetched.") and "By hand" in said.err
    assert "Traceback" not in said.err


def test_a_zip_is_unpacked_ahead_too(server, tmp_path, capsys):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zip:
        zip.writestr("a.txt", "a")
    offer(server, tmp_path, ("photos", "good", content.getvalue(), "photos"))
    assert main(["data", "photos"]) == 0
    assert (tmp_path / "cache" / "photos" / "a.txt").read_text() == "a"
    assert f"photos: {tmp_path / 'cache' / 'photos'}" in capsys.readouterr().out


def test_a_zip_that_cannot_be_unpacked_has_failed(server, tmp_path, capsys):
    offer(server, tmp_path, ("photos", "good", b"PK but no zip", "photos"), *THREE)
    assert main(["data", "photos", "pair"]) == 1
    said = capsys.readouterr()
    assert "photos.zip cannot be unpacked" in said.err
    assert said.out.splitlines()[-1] == "0 here already, 2 fetched, 1 failed"


def test_an_unknown_name_fetches_nothing(server, tmp_path, capsys):
    offer(server, tmp_path, *THREE)
    assert main(["data", "weights", "wieghts"]) == 2
    assert capsys.readouterr().err == "course data: There is no set 'wieghts' to fetch. There are: weights, pair.\n"
    assert server.asked == []


@pytest.mark.parametrize("content", [None, "broken ["])
def test_a_catalogue_that_cannot_be_read_is_a_sentence(server, tmp_path, capsys, content):
    if content:
        (tmp_path / "remote.toml").write_text(content)
    assert main(["data"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("course data: ") and "remote.toml" in said and len(said.splitlines()) == 1


def test_ctrl_c_keeps_what_has_come(server, tmp_path, capsys, monkeypatch):
    offer(server, tmp_path, *THREE)
    answers = [bytes(1_000_000)]

    def read(reply, timeout):
        if answers:
            return answers.pop()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("course_lib.transfer._read", read)
        assert main(["data", "weights"]) == 130
    said = capsys.readouterr().err
    assert "What has come is kept: the same command goes on from there." in said
    assert said.endswith("course data: interrupted\n")
    assert (tmp_path / "cache" / "unfinished" / "weights.bin").stat().st_size == 1_000_000
    assert main(["data", "weights"]) == 0
    assert server.asked[-1] == ("good", "bytes=1000000-")


def test_a_bar_where_somebody_looks(server, tmp_path, capsys, monkeypatch):
    offer(server, tmp_path, *THREE)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(["data", "weights"]) == 0
    assert "weights.bin: 100%" in capsys.readouterr().err
