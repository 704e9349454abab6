"""The catalogue: what ships is right, and what is wrong in another one is said with its place."""

import re

import pytest

from course_lib import remote_files
from course_lib.remote_files import remote, sets
from tests.catalogue import own_catalogue, write_catalogue

TABLE = {
    "file": "a.bin",
    "urls": ["https://example.org/a.bin"],
    "sha256": "0" * 64,
    "size": 10,
    "what": "Bytes.",
    "licence": "none",
}


@pytest.fixture
def catalogue(tmp_path, monkeypatch):
    return own_catalogue(tmp_path, monkeypatch, "mirror.toml")


def test_the_sets_of_the_course():
    assert {name: len(files) for name, files in sets().items()} == {"resnet18": 1, "ants_bees": 1, "mnist": 4}
    assert {name: sum(file.size for file in files) for name, files in sets().items()} == {
        "resnet18": 46_830_571,
        "ants_bees": 47_286_322,
        "mnist": 11_594_722,
    }


def test_the_name_of_the_weights_begins_with_their_hash():
    """PyTorch writes the first eight digits of the SHA-256 into the name: the two must agree."""
    file = remote("resnet18")
    assert re.search(r"-([0-9a-f]{8})\.pth$", file.name)[1] == file.sha256[:8]


def test_every_file_of_the_course_has_what_is_needed():
    for files in sets().values():
        for file in files:
            assert all(url.startswith("https://") and url.endswith(f"/{file.name}") for url in file.urls)
            assert file.what.endswith(".") and file.licence
    assert all(len(file.urls) == 2 for file in sets()["mnist"])


def test_another_catalogue_takes_its_place(catalogue):
    both = {"b": TABLE | {"file": "b.bin", "set": "both"}, "c": TABLE | {"file": "c.bin", "set": "both"}}
    write_catalogue(catalogue, {"a": TABLE, **both})
    assert remote("a").name == "a.bin" and remote("a").urls == ("https://example.org/a.bin",)
    assert {name: [file.name for file in files] for name, files in sets().items()} == {
        "a": ["a.bin"],
        "both": ["b.bin", "c.bin"],
    }
    with pytest.raises(ValueError, match=r"mirror\.toml has no table \[resnet18\]. It has: a, b, c"):
        remote("resnet18")


def test_a_missing_catalogue_says_who_names_it(catalogue, monkeypatch, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"mirror\.toml; COURSE_REMOTE names it"):
        sets()
    monkeypatch.delenv("COURSE_REMOTE")
    monkeypatch.setattr(remote_files, "CATALOGUE", tmp_path / "remote.toml")
    with pytest.raises(FileNotFoundError, match=r"git checkout -- data/remote\.toml"):
        sets()


@pytest.mark.parametrize("content", [b"[resnet18\n", b"\xff\xfe", b"a = 1\na = 2"])
def test_a_catalogue_that_is_no_toml(catalogue, content):
    catalogue.write_bytes(content)
    with pytest.raises(ValueError, match=r"mirror\.toml is not readable as TOML"):
        sets()


def test_something_that_is_no_table(catalogue):
    catalogue.write_text('resnet18 = "https://example.org"')
    with pytest.raises(ValueError, match=r"table \[resnet18\]: this is 'https://example.org', and not a table"):
        sets()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        *[({key: None}, f"{key} is None") for key in TABLE],
        *[({key: wrong}, f"{key} is ") for key, wrong in zip(TABLE, [1, "x", 1, "10", 1, []], strict=True)],
        *[({key: empty}, f"{key} is ") for key, empty in zip(TABLE, ["", [], "", 0, "", ""], strict=True)],
        ({"size": True}, "size is True"),
        ({"size": -1}, "size is -1"),
        ({"sha256": "0" * 63}, "sha256 is '0+'; 64 digits"),
        ({"sha256": "A" * 64}, "in lower case"),
        ({"file": "../a.bin"}, "file is '../a.bin'; a plain name"),
        ({"file": "a/b.bin"}, "plain name"),
        ({"file": "C:a.bin"}, "plain name"),
        ({"file": ".hidden"}, "plain name"),
        ({"file": "unfinished"}, "plain name"),
        ({"urls": ["ftp://example.org/a.bin"]}, "'ftp://example.org/a.bin' among urls is no address"),
        ({"urls": ["example.org/a.bin"]}, "no address"),
        ({"urls": [1]}, "1 among urls is no address"),
        ({"set": 1}, "set is 1"),
        ({"url": "https://example.org"}, "url means nothing here"),
    ],
)
def test_what_is_wrong_in_a_table_is_said_with_its_place(catalogue, change, words):
    table = {key: value for key, value in (TABLE | change).items() if value is not None}
    write_catalogue(catalogue, {"a": table})
    with pytest.raises(ValueError, match=rf"mirror\.toml, table \[a\]: .*{words}"):
        sets()


def test_two_tables_with_one_file(catalogue):
    write_catalogue(catalogue, {"a": TABLE, "b": TABLE | {"file": "A.BIN"}})
    with pytest.raises(ValueError, match=r"several tables have the same file: a\.bin"):
        sets()
