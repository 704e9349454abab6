"""The palette of an explorer's pictures: close to the pixels, kept while it fits, learned again when it does not."""

import io

import numpy as np
import pytest
from PIL import Image

from course_lib.palette import PalettePng


def figure(ink):
    """A white picture (90, 160, 4) with a smooth-edged bar of one colour, as a figure has them."""
    picture = np.full((90, 160, 4), 255, dtype=np.uint8)
    for column, share in zip(
        range(40, 72), np.clip(np.concatenate([np.arange(16), np.arange(16)[::-1]]) / 8, 0, 1), strict=True
    ):
        picture[20:70, column, :3] = (1 - share) * 255 + share * np.array(ink)
    return picture


def decoded(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def off(png, picture):
    return np.abs(decoded(png) - picture[..., :3]).max()


@pytest.fixture
def learned(monkeypatch):
    """Counts how often a palette is found anew."""
    times, quantize = [], Image.Image.quantize

    def counted(self, *args, **kwargs):
        if "palette" not in kwargs:
            times.append(1)
        return quantize(self, *args, **kwargs)

    monkeypatch.setattr(Image.Image, "quantize", counted)
    return times


def test_first_picture_is_close():
    assert off(PalettePng()(figure((0, 114, 178))), figure((0, 114, 178))) <= 16


def test_grey_stays_grey_among_many_colours():
    """Pale ink on a canvas came out pink, because a frame on the same picture is orange."""
    picture, ramp = figure((213, 94, 0)), np.linspace(0, 1, 140)[:, None]
    for row, ink in enumerate([(0, 0, 0), (213, 94, 0), (0, 114, 178), (178, 24, 43), (33, 102, 172)]):
        picture[2 * row : 2 * row + 2, 10:150, :3] = (255 - ramp * (255 - np.array(ink))).round()
    greys = decoded(PalettePng()(picture))[:2, 10:150]
    assert (greys.max(-1) - greys.min(-1)).max() == 0


def test_palette_is_kept_while_it_fits(learned):
    encode = PalettePng()
    for shift in range(6):
        moved = np.roll(figure((0, 114, 178)), 3 * shift, axis=1)
        assert off(encode(moved), moved) <= 16
    assert len(learned) == 1


def test_new_colours_are_learned(learned):
    encode = PalettePng()
    encode(figure((0, 114, 178)))
    other = figure((213, 94, 0))
    assert off(encode(other), other) <= 16
    assert len(learned) == 2


def test_the_same_picture_gives_the_same_bytes():
    encode = PalettePng()
    assert encode(figure((0, 0, 0))) == encode(figure((0, 0, 0)))


def test_noise_of_all_colours_does_not_make_it_learn_for_ever(learned):
    encode, rng = PalettePng(), np.random.default_rng(0)
    for _ in range(5):
        encode(rng.integers(0, 255, (90, 160, 4), dtype=np.uint8))
    assert len(learned) <= 3
