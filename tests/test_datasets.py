"""The data is what its README says, is split once, and equals its source."""

import hashlib
import re
import runpy
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits, load_iris

from course_lib import datasets
from course_lib.datasets import BREAKS, FOLDER, PARTS, Data, Split, coffee_curve, load, spirals

NAMES = ("coffee", "digits", "iris", "spirals")
FILES = ("coffee.csv", "digits.npz", "iris.csv")


def together(data: Data) -> Split:
    parts = [getattr(data, part) for part in PARTS]
    return Split(torch.cat([p.x for p in parts]), torch.cat([p.y for p in parts]))


def rows(x, y) -> Counter:
    return Counter((tuple(np.float32(row)), int(label)) for row, label in zip(x, y, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_every_set_has_the_promised_form(name):
    data = load(name)
    for part in PARTS:
        x, y = getattr(data, part)
        assert x.dtype == torch.float32
        assert y.dtype == (torch.int64 if data.classes else torch.float32)
        assert x.dim() == 2 and x.shape == (len(y), len(data.features))
        assert torch.isfinite(x).all()
    if data.classes:
        assert set(together(data).y.tolist()) == set(range(len(data.classes)))


@pytest.mark.parametrize("name", NAMES)
def test_loading_twice_gives_the_same_and_touches_no_random_state(name):
    state = torch.get_rng_state()
    one, two = load(name), load(name)
    assert all(torch.equal(a, b) for a, b in zip(together(one), together(two), strict=True))
    assert torch.equal(torch.get_rng_state(), state)


def test_iris_is_the_real_one():
    iris, real = load("iris"), load_iris()
    assert rows(*together(iris)) == rows(real.data, real.target)
    assert iris.classes == tuple(real.target_names)
    assert iris.features == tuple(name.replace("(cm)", "in cm") for name in real.feature_names)


def test_iris_is_split_by_species_and_shuffled():
    iris = load("iris")
    assert [split.y.bincount().tolist() for split in (iris.train, iris.val, iris.test)] == [[35] * 3, [8] * 3, [7] * 3]
    assert iris.train.y[:35].unique().numel() == 3


def test_digits_are_the_real_ones():
    digits, real = load("digits"), load_digits()
    assert rows(*together(digits)) == rows(real.data / 16, real.target)
    assert [len(split.x) for split in (digits.train, digits.val, digits.test)] == [1397, 200, 200]
    assert digits.val.y.bincount().tolist() == digits.test.y.bincount().tolist() == [20] * 10


def test_coffee_has_five_breaks_the_higher_ones_in_the_morning():
    x, y = together(load("coffee"))
    hours, order = x[:, 0].sort()
    litres = y[order]
    assert len(x) == 200 and hours[0] == 8 and hours[-1] == 18
    assert 4.5 < litres.max() < 5.5 and 1.2 < litres.std() < 1.3 and litres.min() >= 0
    fine = coffee_curve(np.linspace(8, 18, 2001))
    peaks = np.flatnonzero((fine[1:-1] > fine[:-2]) & (fine[1:-1] > fine[2:])) + 1
    np.testing.assert_allclose(8 + peaks / 200, [at for at, _, _ in BREAKS], atol=0.1)
    assert litres[hours < 13].mean() > litres[hours >= 13].mean()


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_what_its_script_makes(name, tmp_path):
    make = runpy.run_path(str(FOLDER / "make.py"))
    made = make[f"make_{name.split('.')[0]}"](tmp_path)
    if name.endswith(".csv"):
        assert made.read_bytes() == (FOLDER / name).read_bytes()
    else:  # the bytes depend on the version of zlib, the numbers do not
        with np.load(made) as ours, np.load(FOLDER / name) as shipped:
            assert set(ours) == set(shipped)
            assert all(np.array_equal(ours[key], shipped[key]) for key in ours)


def test_the_readme_knows_every_file_and_its_sha256():
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    said = dict(re.findall(r"\| `([\w.]+)` \|.*\| `([0-9a-f]{64})` \|", readme))
    here = [p for p in FOLDER.iterdir() if p.is_file() and not p.name.startswith(".")]
    shipped = {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in here if p.suffix not in (".md", ".py", ".toml")
    }
    assert said == shipped
    for name in shipped:
        section = readme.split(f"## {name}")[1].split("\n## ")[0]
        assert all(f"**{word}:**" in section for word in ("Origin", "Licence", "Command"))


@given(
    n=st.integers(5, 300),
    turns=st.floats(0, 5),
    noise=st.floats(0, 1),
    classes=st.integers(1, 4),
    seed=st.integers(0, 9),
)
def test_spirals_share_out_all_points(n, turns, noise, classes, seed):
    data = spirals(n, turns=turns, noise=noise, classes=classes, seed=seed)
    x, y = together(data)
    counts = y.bincount(minlength=classes)
    assert x.shape == (n, 2) and counts.max() - counts.min() <= 1
    assert len(data.val.x) == len(data.test.x) == n // 5


def test_spirals_without_noise_lie_on_their_arms():
    x, y = together(spirals(200, turns=1.5, noise=0, classes=2))
    radius = x.norm(dim=1)
    angle = torch.atan2(x[:, 1], x[:, 0])
    expected = 2 * torch.pi * (1.5 * radius / 3 + y / 2)
    assert torch.allclose(torch.cos(angle - expected), torch.ones(200), atol=1e-4)
    assert radius.max() == pytest.approx(3)


def test_spirals_follow_their_seed():
    assert torch.equal(spirals(seed=1).train.x, spirals(seed=1).train.x)
    assert not torch.equal(spirals(seed=1).train.x, spirals(seed=2).train.x)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"n": 4}, "n is 4; it must be a whole number of 5 or more"), ({"n": 10.5}, "n is 10.5")]
    + [({"turns": -1}, "turns .*-1 is not"), ({"noise": float("nan")}, "noise .*nan is not")]
    + [({"turns": "many"}, "turns .*'many' is not"), ({"seed": "abc"}, "seed is 'abc'; it must be a whole number")]
    + [({"classes": 0}, "classes is 0")],
)
def test_numbers_that_make_no_spiral_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        spirals(**options)


def test_standardise_measures_the_training_part_alone():
    iris = load("iris")
    std = iris.standardise()
    mean, deviation = iris.train.x.mean(0), iris.train.x.std(0, correction=0)
    for part in PARTS:
        assert torch.allclose(getattr(std, part).x, (getattr(iris, part).x - mean) / deviation, atol=1e-5)
        assert torch.equal(getattr(std, part).y, getattr(iris, part).y)
    assert torch.allclose(std.train.x.mean(0), torch.zeros(4), atol=1e-5)
    assert torch.allclose(std.train.x.std(0, correction=0), torch.ones(4), atol=1e-5)
    assert not torch.allclose(std.val.x.mean(0), torch.zeros(4), atol=1e-3)
    assert iris.train.x.mean() > 3, "the original is left alone"


def test_a_pixel_that_is_always_empty_stays_finite():
    std = load("digits").standardise()
    assert (std.train.x[:, 0] == 0).all()
    assert torch.isfinite(together(std).x).all()


def test_standardise_without_training_rows_says_so():
    empty = Split(torch.empty(0, 4), torch.empty(0, dtype=torch.int64))
    with pytest.raises(ValueError, match="The training part of 'mine' is empty"):
        Data("mine", empty, empty, empty).standardise()


def test_describe_names_sizes_classes_and_ranges():
    text = load("iris").describe()
    assert "train 105, val 24, test 21" in text and "setosa: 35" in text
    assert "petal width in cm, 0.1 to 2.5" in text
    assert repr(text) == str(text), "a cell shows it as lines"
    assert "litres" in load("coffee").describe()
    assert len(load("digits").describe().splitlines()) == 3


def test_describe_of_an_empty_set_does_not_fail():
    empty = Split(torch.empty(0, 1), torch.empty(0))
    assert "train 0" in Data("mine", empty, empty, empty).describe()


def test_a_part_unpacks_and_moves():
    iris = load("iris")
    x, y = iris.train
    assert x is iris.train.x and y is iris.train.y
    moved = iris.to("meta")
    assert {s.device.type for part in PARTS for s in getattr(moved, part)} == {"meta"}
    assert moved.classes == iris.classes


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="no data set 'flowers'. There are: coffee, digits, iris, mnist, spirals"):
        load("flowers")


@pytest.mark.parametrize("name", ["coffee", "digits", "iris"])
def test_a_missing_folder_is_a_sentence(monkeypatch, tmp_path, name):
    monkeypatch.setattr(datasets, "FOLDER", tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=f"The file of '{name}' is missing.*nowhere.*pip install -e"):
        load(name)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("left", [0.0, 0.1, 0.5, 0.98])
def test_a_file_cut_short_is_a_sentence(monkeypatch, tmp_path, name, left):
    whole = (FOLDER / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * left)])
    monkeypatch.setattr(datasets, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="is broken .*git checkout"):
        load(name.split(".")[0])


def test_a_file_with_a_changed_word_is_a_sentence(monkeypatch, tmp_path):
    text = (FOLDER / "iris.csv").read_text().replace("setosa", "rose", 1)
    (tmp_path / "iris.csv").write_text(text)
    monkeypatch.setattr(datasets, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="is broken"):
        load("iris")
