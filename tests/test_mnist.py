"""MNIST's four files: read as they are, refused where they are not, fetched from a local server."""

import gzip
import struct

import numpy as np
import pytest
import torch

from course_lib import download, mnist
from course_lib.datasets import load
from course_lib.mnist import read_idx, read_mnist
from course_lib.remote_files import remote, sets
from tests.catalogue import offered, own_catalogue, write_catalogue
from tests.misbehaving import Misbehaving

RANDOM = np.random.default_rng(0)
TRAIN = RANDOM.integers(0, 256, (50, 28, 28), np.uint8), RANDOM.permutation(np.repeat(np.arange(10, dtype=np.uint8), 5))
TEST = RANDOM.integers(0, 256, (20, 28, 28), np.uint8), RANDOM.integers(0, 10, 20, np.uint8)


def packed(content: bytes) -> bytes:
    """As gzip writes it, without the time of day: test workers have to make the same bytes."""
    return gzip.compress(content, mtime=0)


def idx(array: np.ndarray) -> bytes:
    """As MNIST writes it, unpacked: two zeros, 8 for unsigned bytes, the number of axes, their lengths, the bytes."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Gives four small files of MNIST's form, which the catalogue names as it does the real ones."""
    own_catalogue(tmp_path, monkeypatch)
    with Misbehaving() as server:
        offer(server, tmp_path)
        yield server


def offer(server, tmp_path, train=TRAIN, test=TEST):
    tables = {}
    for part, (pictures, labels) in {"train": train, "test": test}.items():
        for what, array in {"images": pictures, "labels": labels}.items():
            name, content = f"{part}-{what}.gz", packed(idx(array))
            tables[f"mnist_{part}_{what}"] = offered(server, name, content, "not found", "good", set="mnist")
    write_catalogue(tmp_path / "remote.toml", tables)


def fetch_all():
    for file in sets()["mnist"]:
        download.fetch(file, progress=False)


def test_mnist_through_the_whole_path(server):
    fetch_all()
    data = load("mnist")
    assert [len(split.x) for split in (data.train, data.val, data.test)] == [45, 5, 20]
    for split in (data.train, data.val, data.test):
        assert split.x.dtype == torch.float32 and split.y.dtype == torch.int64
        assert split.x.shape == (len(split.y), 784) and 0 <= split.x.min() and split.x.max() <= 1
    assert data.classes == tuple("0123456789") and len(data.features) == 784
    assert data.features[0] == "pixel 0,0" and data.features[-1] == "pixel 27,27"
    assert "mnist: train 45, val 5, test 20 rows of 784 numbers" in data.describe()


def test_each_digit_is_in_one_part_with_its_own_label(server):
    fetch_all()
    data = load("mnist")
    known = {picture.tobytes(): label for picture, label in zip(*TRAIN, strict=True)}
    x, y = torch.cat([data.train.x, data.val.x]), torch.cat([data.train.y, data.val.y])
    found = {(row * 255).round().to(torch.uint8).numpy().tobytes(): int(label) for row, label in zip(x, y, strict=True)}
    assert found == known
    assert torch.equal(data.test.x, torch.tensor(TEST[0]).flatten(1) / 255)
    assert data.test.y.tolist() == TEST[1].tolist()


def test_the_split_is_always_the_same_and_touches_no_random_state(server):
    fetch_all()
    torch.manual_seed(1)
    state = torch.get_rng_state()
    one = load("mnist")
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    two = load("mnist")
    assert torch.equal(one.val.x, two.val.x) and torch.equal(one.train.y, two.train.y)


def test_a_tenth_of_the_real_ones_would_be_6000():
    """Of 60,000: what `load` promises, by the arithmetic that it uses."""
    assert 60_000 // 10 == 6_000 and "54,000 + 6,000 + 10,000" in load.__doc__


def test_without_the_files_it_says_how_to_fetch_them(server):
    with pytest.raises(FileNotFoundError, match="course data mnist") as error:
        load("mnist")
    assert "train-images.gz, train-labels.gz, test-images.gz, test-labels.gz" in str(error.value)
    download.fetch(remote("mnist_train_images"), progress=False)
    with pytest.raises(FileNotFoundError, match=r"missing: train-labels\.gz"):
        load("mnist")


def test_the_files_are_read_as_they_are(server):
    fetch_all()
    for found, expected in zip(read_mnist(), (TRAIN, TEST), strict=True):
        assert np.array_equal(found.pictures, expected[0]) and np.array_equal(found.labels, expected[1])


@pytest.mark.parametrize(
    ("train", "words"),
    [
        ((TRAIN[0], TRAIN[1][:-1]), "50 pictures and .* 49 labels"),
        ((TRAIN[0], TRAIN[1] + 1), "label 10"),
        ((TRAIN[1], TRAIN[0]), "an array of 1 axes, not 3"),
    ],
)
def test_files_that_do_not_belong_together(server, tmp_path, train, words):
    offer(server, tmp_path, train=train)
    fetch_all()
    with pytest.raises(ValueError, match=words):
        load("mnist")


GOOD = idx(TRAIN[1])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (GOOD, "cannot be unpacked by gzip"),
        (b"", "ends too early: 0 bytes where 4 should be"),
        (packed(GOOD)[:-20], "cannot be unpacked by gzip"),
        (packed(GOOD)[:15] + b"\xff" * 20, "cannot be unpacked by gzip"),
        (packed(b""), "ends too early: 0 bytes where 4"),
        (packed(GOOD[:6]), "ends too early: 2 bytes where 4"),
        (packed(GOOD[:-1]), "ends too early: 49 bytes where 50"),
        (packed(GOOD + b"x"), r"longer than the \(50,\)"),
        (packed(b"\x00\x00\x0d" + GOOD[3:]), "0, 8 expected, 0, 13 found"),
        (packed(b"\x93NUMPY"), "does not begin like an IDX file"),
        (packed(struct.pack(">HBBI", 0, 8, 1, 2**32 - 1)), "more than any MNIST"),
    ],
    ids="raw nothing short garbage empty six-bytes one-less one-more floats numpy huge".split(),
)
def test_a_file_that_is_no_idx_is_said(tmp_path, content, words):
    path = tmp_path / "labels.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=words) as error:
        read_idx(path, axes=1)
    assert str(path) in str(error.value)


def test_one_flipped_byte_is_noticed(tmp_path):
    content = bytearray(packed(idx(TEST[0])))
    content[len(content) // 2] ^= 1
    (tmp_path / "images.gz").write_bytes(content)
    with pytest.raises(ValueError, match="cannot be unpacked by gzip"):
        read_idx(tmp_path / "images.gz", axes=3)


def test_the_tables_that_it_reads_are_in_the_catalogue_of_the_course(monkeypatch):
    monkeypatch.delenv("COURSE_REMOTE", raising=False)
    monkeypatch.setattr(mnist, "kept", lambda file: None)
    with pytest.raises(FileNotFoundError, match=r"train-images-idx3-ubyte\.gz.*t10k-labels-idx1-ubyte\.gz"):
        read_mnist()
