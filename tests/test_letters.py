"""Printed letters: as many of each, in sixteenths, fitted into their box, and tested in fonts that train has not."""

from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from course_lib import letters as module
from course_lib.datasets import PARTS, load
from course_lib.letters import BITMAP, CLASSES, FONTS, LARGE, NEW_FONTS, drawn, letters, shrunk

STILL = {"TURN": 0.0, "SLANT": 0.0, "SPREAD": 0.0, "BEND": 0.0}  # only the thickness is drawn
seeds, places = st.integers(0, 2**32), st.integers(0, len(CLASSES) - 1)


@pytest.fixture(scope="module")
def few():
    return letters(each=12, seed=3)


def bitmaps(large, seed, **changed):
    """What `shrunk` counts the ink of: (B, 32, 32), 0 or 1. `changed`: constants of the module, for this call."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ({"BLOCK": 1} | changed).items():
            patch.setattr(module, name, value)
        return shrunk(large, torch.Generator().manual_seed(seed))


def thickness(count, seed):
    """The draw of each letter, from -1 (thin) to 1."""
    return 2 * torch.rand(4, count, generator=torch.Generator().manual_seed(seed))[3] - 1


# ------------------------------------------------------------------------------------------------------- the data set
def test_it_has_the_form_of_the_handwritten_digits(few):
    digits = load("digits")
    assert len(few.features) == len(digits.features) == 64
    assert few.classes == CLASSES and len(set(CLASSES)) == 52
    for part, count in zip(PARTS, (12, 2, 2), strict=True):
        x, y = getattr(few, part)
        assert x.shape == (52 * count, 64) and x.dtype == digits.train.x.dtype == torch.float32
        assert y.bincount().tolist() == [count] * 52
        assert x.min() == 0 and x.max() == 1
        assert torch.equal(x * 16, (x * 16).round()), "sixteenths, as in the digits"


def test_rows_are_in_a_random_order(few):
    assert all(len(getattr(few, part).y[:50].unique()) > 20 for part in PARTS)


def test_val_and_test_are_in_fonts_that_train_has_not(monkeypatch):
    used = []
    monkeypatch.setattr(module, "drawn", lambda fonts: used.append(fonts) or drawn(fonts))
    letters(each=6)
    assert used == [FONTS, NEW_FONTS, NEW_FONTS]
    assert not set(FONTS) & set(NEW_FONTS)
    train, new = drawn(FONTS), drawn(NEW_FONTS)
    same = (train[:, None] == new[None]).flatten(3).all(3)  # (fonts, new fonts, 52)
    assert not same.any(), "a font under two names"


def test_val_and_test_are_different_letters(few):
    assert not torch.equal(few.val.x, few.test.x)


def test_every_font_comes_with_matplotlib_and_has_every_letter():
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for fonts in (FONTS, NEW_FONTS):
        assert all((folder / f"{name}.ttf").is_file() for name in fonts) and len(set(fonts)) == len(fonts)
        large = drawn(fonts)
        assert large.shape == (len(fonts), 52, LARGE, LARGE)
        for font, name in zip(large, fonts, strict=True):
            assert len({letter.numpy().tobytes() for letter in font}) == 52, f"{name} draws two letters alike"
        edge = torch.cat([large[..., 0, :], large[..., -1, :], large[..., 0], large[..., -1]], -1)
        assert not edge.any(), "a letter is larger than its page"


def test_the_seed_decides_and_nothing_else():
    state = torch.get_rng_state()
    one, same, other = (letters(each=6, seed=seed) for seed in (1, 1, 2))
    for part in PARTS:
        x, y = getattr(one, part)
        assert torch.equal(x, getattr(same, part).x) and torch.equal(y, getattr(same, part).y)
        assert not torch.equal(x, getattr(other, part).x)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("each", [5, 0, -6, 6.0, True, None, "60"])
def test_too_few_or_no_number_of_each_is_named(each):
    with pytest.raises(ValueError, match=f"a whole number of 6 or more.*; {each!r} is not"):
        letters(each=each)


# --------------------------------------------------------------------------------------------------------- one letter
@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_ink_is_counted_in_blocks_of_4_by_4(seed):
    large = drawn(NEW_FONTS)[0, ::9]
    small = shrunk(large, torch.Generator().manual_seed(seed))
    ink = bitmaps(large, seed)
    assert set(ink.unique().tolist()) == {0, 1} and ink.shape == (len(large), 32, 32)
    slow = np.zeros(small.shape)
    for letter, row, column in np.ndindex(slow.shape):
        for down in range(4):
            for right in range(4):
                slow[letter, row, column] += ink[letter, 4 * row + down, 4 * column + right].item() / 16
    assert np.array_equal(small.numpy(), slow)


def reaches(ink):
    """Whether a letter has ink in the first four and in the last four rows of its 32 x 32: (B,)."""
    return ink[:, :4].flatten(1).any(1) & ink[:, -4:].flatten(1).any(1)


@settings(max_examples=20, deadline=None)
@given(seed=seeds, place=places)
def test_a_letter_fills_the_height_of_its_box(seed, place):
    """When it was not made thinner: then an outermost hairline may be gone."""
    large = drawn(NEW_FONTS)[:, place].repeat(4, 1, 1)
    assert reaches(bitmaps(large, seed, BEND=0.0))[thickness(len(large), seed) >= 0].all()


def test_most_letters_fill_the_height(few):
    """Bending moves the ends of a few."""
    rows = few.train.x.view(-1, 8, 8) > 0
    assert (rows[:, 0].any(1) & rows[:, -1].any(1)).float().mean() > 0.8


@settings(max_examples=20, deadline=None)
@given(seed=seeds, place=places)
def test_little_of_a_letter_is_cut_off(seed, place):
    """In a box one and a half times as large, at the same scale, all ink lies near the middle 32 x 32.

    The box is that of the letter as it was drawn: a thick draw may add ink outside of it.
    """
    large = drawn(NEW_FONTS)[:, place]
    ink = bitmaps(large, seed, _box=lambda *given: widened(1.5, *given), BITMAP=48, BEND=0.0)
    assert (ink[:, 8:40, 8:40].sum((1, 2)) > 0.85 * ink.sum((1, 2))).all()
    assert not ink[:, :4].any() and not ink[:, -4:].any() and not ink[..., :4].any() and not ink[..., -4:].any()


def widened(times, large, change, box=module._box):
    middle, half = box(large, change)
    return middle, times * half


@settings(max_examples=20, deadline=None)
@given(seed=seeds, place=places)
def test_a_wide_letter_is_made_as_narrow_as_a_digit(seed, place):
    large = drawn(NEW_FONTS)[:, place].repeat(4, 1, 1)
    columns = bitmaps(large, seed, BEND=0.0).any(1)
    first, last = columns.int().argmax(1), 31 - columns.flip(1).int().argmax(1)
    most = 32 * (module.WIDTH + module.SPREAD)
    assert (last - first + 1 <= most + 3).all(), "3: a thick draw adds ink outside of the box"
    middle = (first + last + 1) / 2  # of a thin one, a stroke on one side may be gone
    assert ((middle - 16).abs() <= 3)[thickness(len(large), seed) >= 0].all()


@settings(max_examples=20, deadline=None)
@given(seed=seeds, place=places)
def test_a_larger_draw_only_adds_ink(seed, place):
    many = drawn(NEW_FONTS)[:1, place].expand(8, -1, -1)
    ink = bitmaps(many, seed, **STILL)[thickness(8, seed).argsort()]
    assert (ink[1:] >= ink[:-1]).all()


def test_the_thickest_has_much_more_ink_than_the_thinnest():
    large = drawn(NEW_FONTS)[0, :1].expand(200, -1, -1)
    ink = bitmaps(large, 0, **STILL).mean((1, 2))[thickness(200, 0).argsort()]
    assert ink[-1] > 1.2 * ink[0]


@settings(max_examples=20, deadline=None)
@given(seed=seeds, place=places)
def test_an_upright_letter_is_the_one_that_pillow_cuts_out(seed, place):
    """Pillow blurs, cuts and shrinks by its own code; pixels whose blurred edge lies on the threshold may differ."""
    large = drawn(NEW_FONTS)[0, place]
    (ink,) = bitmaps(large[None], seed, **STILL)
    rows, columns = (large >= 0.5).any(1).nonzero(), (large >= 0.5).any(0).nonzero()
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    wide, high = max((right - left) / module.WIDTH, bottom - top).item(), (bottom - top).item()
    x, y = (left + right).item() / 2 - wide / 2, top.item()
    padded = np.pad(large.numpy(), 2)
    soft = sum(padded[i : i + LARGE, j : j + LARGE] for i in range(5) for j in range(5)) / 25
    cut = Image.fromarray(soft.astype(np.float32)).transform(
        (BITMAP, BITMAP), Image.Transform.EXTENT, (x, y, x + wide, y + high), Image.Resampling.BILINEAR
    )
    expected = np.asarray(cut) > 0.45 - 0.2 * thickness(1, seed).item()
    assert (ink.numpy().astype(bool) != expected).mean() < 0.01


@settings(max_examples=20, deadline=None)
@given(seed=seeds, place=places)
def test_a_letter_is_slanted_then_turned_and_its_box_is_that_of_its_ink(seed, place):
    """The box by a loop over the inked pixels, with the matrix written out."""
    large = drawn(NEW_FONTS)[0, place]
    turn, slant, *_ = (2 * torch.rand(4, generator=torch.Generator().manual_seed(seed)) - 1).double().tolist()
    turn, slant = module.TURN * turn, module.SLANT * slant
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ [[1, slant], [0, 1]]
    at = np.array([matrix @ ((x + 0.5) / 32 - 1, (y + 0.5) / 32 - 1) for y, x in (large >= 0.5).nonzero().tolist()])
    used, box = [], module._box
    bitmaps(large[None], seed, _box=lambda large, change: used.append(change) or box(large, change))
    np.testing.assert_allclose(used[0][0], matrix, atol=1e-6)
    middle, half = box(large[None], used[0])
    np.testing.assert_allclose(middle[0], (at.min(0) + at.max(0)) / 2, atol=1e-5)
    np.testing.assert_allclose(half[0], np.ptp(at, axis=0) / 2 + 1 / LARGE, atol=1e-5)


def test_no_two_pictures_of_a_letter_are_alike():
    same = drawn(NEW_FONTS)[0, :1].expand(200, -1, -1)
    assert len(shrunk(same, torch.Generator().manual_seed(0)).unique(dim=0)) == 200


def test_a_letter_is_bent_smoothly_and_as_far_as_said():
    pushes = module._bent(2000, torch.Generator().manual_seed(0))
    assert pushes.shape == (2000, BITMAP, BITMAP, 2)
    corners = pushes[:, :: BITMAP - 1, :: BITMAP - 1]  # where the 4 x 4 places and the pixels meet
    assert corners.std().item() == pytest.approx(module.BEND, rel=0.05) and abs(corners.mean()) < 0.01
    steps = (pushes[:, 1:] - pushes[:, :-1]).abs().amax()
    assert steps < module.BEND, "two neighbours go nearly the same way"


def test_bending_changes_a_letter_and_leaves_it_one():
    large = drawn(NEW_FONTS).flatten(0, 1)
    bent, straight = bitmaps(large, 0), bitmaps(large, 0, BEND=0.0)
    both, either = (bent * straight).sum((1, 2)), torch.maximum(bent, straight).sum((1, 2))
    assert 0.3 < (both / either).mean() < 0.8
