"""Printed letters, 52 classes, drawn from the fonts that matplotlib brings and shrunk as the digits of the course were.

The handwritten digits began as bitmaps of 32 x 32, and each of their 8 x 8 pixels counts the ink in a block of 4 x 4.
So does each of these: a letter is drawn large, turned, slanted, made thinner or thicker, fitted into 32 x 32
and counted. Nothing is read but the fonts, so there is nothing to download and no licence to mind.

Introduced in lesson 08 (transfer_learning). Source: ours; the counting is that of Alpaydin and Kaynak, "Optical
Recognition of Handwritten Digits", 1998.
"""

from __future__ import annotations

import string
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.datasets import Data, Split
from course_lib.number_checks import is_whole

CLASSES = tuple(string.ascii_uppercase + string.ascii_lowercase)
FONTS = (
    *(f"DejaVuSans{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSansMono{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic")),
    *("cmr10", "cmb10", "cmss10"),
)
NEW_FONTS = ("DejaVuSerif-Italic", "STIXGeneralBolIta", "cmti10", "cmtt10")
"""Fonts of val and test: a letter there has a shape that no training letter has."""
LARGE, BITMAP, BLOCK = 64, 32, 4  # pixels: the letter as drawn; as fitted; and what one pixel of a picture counts
TURN, SLANT = 0.3, 0.35  # at most, either way: radians; part of the height
BEND = 0.16
"""How far each of 4 x 4 places is pushed, as a standard deviation, in halves of the letter's size: printed letters are
straighter than what a hand writes, and a net that has seen straight ones only is of little use for handwriting."""
WIDTH, SPREAD = 0.65, 0.15
"""Every letter fills the height of its bitmap. One that is wider than this share of it, give or take the spread, is
made narrower, for the handwritten digits are narrow: their outer columns are empty."""


def letters(*, each: int = 60, seed: int = 0) -> Data:
    """Return printed letters: pictures of 8 x 8 pixels from 0 (paper) to 1 (ink), as (N, 64), and 52 classes.

    Args:
        each: training pictures of each class; val and test hold a sixth of that each, in fonts that train has not.
        seed: of the fonts and of all that is drawn for each letter. (It is not shifted by `course claims`.)

    Raises:
        ValueError: fewer than 6 of each.
    """
    if not is_whole(each, least=6):
        raise ValueError(f"each is a whole number of 6 or more, so that val and test get letters; {each!r} is not.")
    generator = torch.Generator().manual_seed(seed)
    train = printed(each, FONTS, generator)
    val, test = (printed(each // 6, NEW_FONTS, generator) for _ in range(2))
    features = tuple(f"pixel {row},{column}" for row in range(8) for column in range(8))
    return Data("letters", train, val, test, classes=CLASSES, features=features, target="letter")


def printed(each: int, fonts: tuple[str, ...], generator: torch.Generator) -> Split:
    """Return `each` pictures of every letter in some of the fonts, in a random order: (52 each, 64) and (52 each,)."""
    large = drawn(fonts)  # (fonts, 52, LARGE, LARGE)
    y = torch.arange(len(CLASSES)).repeat_interleave(each)
    font = torch.randint(len(fonts), y.shape, generator=generator)
    x = torch.cat([shrunk(part, generator) for part in large[font, y].split(4096)])
    order = torch.randperm(len(y), generator=generator)
    return Split(x[order].flatten(1), y[order])


@cache
def drawn(fonts: tuple[str, ...]) -> Tensor:
    """Every letter in every font, large: (fonts, 52, 64, 64) float32, 1 is ink."""
    import matplotlib
    from PIL import Image, ImageDraw, ImageFilter, ImageFont

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    sheets = []
    for name in fonts:
        font = ImageFont.truetype(str(folder / f"{name}.ttf"), 40)
        for letter in CLASSES:
            page = Image.new("L", (LARGE, LARGE))
            ImageDraw.Draw(page).text((LARGE / 2, LARGE / 2), letter, fill=255, font=font, anchor="mm")
            if not any(bold in name for bold in ("Bol", "cmb")):
                page = page.filter(ImageFilter.MaxFilter(3))  # else hairlines are lost when 4 x 4 pixels become one
            sheets.append(torch.frombuffer(bytearray(page.tobytes()), dtype=torch.uint8))
    return (torch.stack(sheets).float() / 255).view(len(fonts), len(CLASSES), LARGE, LARGE)


def shrunk(large: Tensor, generator: torch.Generator) -> Tensor:
    """Turn, slant, bend and thicken each letter by its own draw, fit it into 32 x 32, count the ink in blocks of 4 x 4.

    Args:
        large: (B, 64, 64), 1 is ink.
        generator: of the draws.

    Returns:
        (B, 8, 8) float32, in sixteenths from 0 to 1, as the handwritten digits are.
    """
    count = len(large)
    turn, slant, width, thick = (2 * torch.rand(4, count, generator=generator) - 1).unbind()
    cos, sin, slant = (TURN * turn).cos(), (TURN * turn).sin(), SLANT * slant
    # x' = x + slant y, then a turn: (B, 2, 2)
    change = torch.stack([cos, cos * slant - sin, sin, sin * slant + cos], 1).view(count, 2, 2)
    middle, half = _box(large, change)
    half[:, 0] = torch.maximum(half[:, 0] / (WIDTH + SPREAD * width), half[:, 1])
    back = torch.linalg.inv(change)  # where each place of the bitmap lies in the drawing
    theta = torch.cat([back * half[:, None], back @ middle[:, :, None]], 2)  # (B, 2, 3)
    grid = F.affine_grid(theta, [count, 1, BITMAP, BITMAP], align_corners=False)
    grid = grid + half.mean(1)[:, None, None, None] * _bent(count, generator)
    soft = F.avg_pool2d(large[:, None], 5, stride=1, padding=2)  # a blurred edge: where it is cut says how thick
    ink = F.grid_sample(soft, grid, align_corners=False) > (0.45 - 0.2 * thick)[:, None, None, None]
    return F.avg_pool2d(ink.float(), BLOCK)[:, 0]


def _bent(count: int, generator: torch.Generator) -> Tensor:
    """A smooth push for every pixel of the bitmap, a different one for each letter: (B, 32, 32, 2)."""
    pushes = BEND * torch.randn(count, 2, 4, 4, generator=generator)
    return F.interpolate(pushes, BITMAP, mode="bicubic", align_corners=True).permute(0, 2, 3, 1)


def _box(large: Tensor, change: Tensor) -> tuple[Tensor, Tensor]:
    """Middle (B, 2) and half of width and height (B, 2) of each changed letter; the drawing is 2 wide and 2 high."""
    places = (torch.arange(LARGE) + 0.5) * 2 / LARGE - 1
    y, x = torch.meshgrid(places, places, indexing="ij")
    at = change @ torch.stack([x.flatten(), y.flatten()])  # (B, 2, 4096)
    paper = (large.flatten(1) < 0.5)[:, None]
    low, high = at.masked_fill(paper, 9).amin(2), at.masked_fill(paper, -9).amax(2)
    return (low + high) / 2, (high - low) / 2 + 1 / LARGE
