"""PNG pictures of 256 colours for an explorer: sharper than JPEG, smaller than a full PNG, and quick to make."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

RLE = 3  # zlib's strategy for long runs of one value, which is what a figure is made of: as quick, and 15 % smaller


COLOURS = 224
"""Found in the picture. The rest of the 256 are greys from black to white: ink and shares are grey, and the nearest
colour of those found was often a tinted one, because it was the mean of a grey and of the edge of a coloured line."""


class PalettePng:
    """Encodes picture after picture with one palette, which is learned again when it no longer fits.

    Finding the 256 colours takes 4 ms; putting a picture into known ones takes half of one. While a slider is dragged
    the colours stay the same, so the palette of the last picture nearly always fits. Whether it does is looked up on
    every eighth pixel both ways.
    """

    EVERY = 8
    """Pixels between two that are looked at."""
    WORSE = 12
    """Levels (of 255) by which the worst pixel looked at may be further off than when the palette was learned."""

    def __init__(self) -> None:
        self._known = None
        self._off = 0

    def __call__(self, rgba: np.ndarray) -> bytes:
        """The PNG of a picture (height, width, 4) uint8; its alpha is dropped."""
        from PIL import Image

        picture = Image.fromarray(rgba).convert("RGB")
        if self._known is not None:
            indexed = picture.quantize(palette=self._known, dither=Image.Dither.NONE)
        if self._known is None or self._error(rgba, indexed) > self._off + self.WORSE:
            self._known = _with_greys(
                picture.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
            )
            indexed = picture.quantize(palette=self._known, dither=Image.Dither.NONE)  # as for all that follow
            self._off = self._error(rgba, indexed)
        file = io.BytesIO()
        indexed.save(file, "png", compress_level=1, compress_type=RLE)
        return file.getvalue()

    def _error(self, rgba: np.ndarray, indexed: object) -> int:
        """The largest difference of a colour channel, on the pixels looked at."""
        colours = np.zeros((256, 3), dtype=np.int16)
        flat = np.asarray(indexed.getpalette(), dtype=np.int16).reshape(-1, 3)
        colours[: len(flat)] = flat
        some = slice(None, None, self.EVERY)
        return int(np.abs(colours[np.asarray(indexed)[some, some]] - rgba[some, some, :3]).max())


def _with_greys(found: Image.Image) -> Image.Image:
    """The picture whose palette has the colours found and an even ramp of greys."""
    greys = np.linspace(0, 255, 256 - COLOURS).round().astype(np.uint8).repeat(3)
    found.putpalette(found.getpalette()[: 3 * COLOURS] + greys.tolist())
    return found
