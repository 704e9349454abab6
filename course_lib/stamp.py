"""Short texts that move: put together from kept pictures of their letters, in a fiftieth of the time of a `Text`.

Matplotlib lays a text out and renders every letter of it anew each time it is drawn, a millisecond for ten letters. An
explorer full of numbers would need longer for them than for everything else. Source: ours.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from matplotlib.artist import Artist, allow_rasterization
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties
from matplotlib.transforms import Bbox


class Stamp(Artist):
    """One line of text, centred on a place, or beginning there.

    Args:
        size: of the letters, in points.
        ha: "center" or "left", the side of the text that is at the place.
        bold: heavier letters.
        face: colour behind the text; none unless given.
        color: of the letters.
        zorder: as of any artist.

    Add it to axes with ``axes.add_artist``; ``place`` is in data coordinates.
    """

    def __init__(
        self,
        *,
        size: float,
        ha: str = "center",
        bold: bool = False,
        face: str = "",
        color: str = "black",
        zorder: float = 5,
    ) -> None:
        super().__init__()
        self.ha = ha
        self.size, self.bold, self.face, self.color, self.text, self.place = size, bold, face, color, "", (0.0, 0.0)
        self.set_zorder(zorder)

    def say(self, text: str, *, at: tuple[float, float] | None = None, color: str | None = None) -> None:
        """Changes the text, and, where given, its place and colour."""
        self.text = text
        self.place = self.place if at is None else at
        self.color = self.color if color is None else color
        self.stale = True

    def get_window_extent(self, renderer: RendererAgg | None = None) -> Bbox:
        x, y = self.axes.transData.transform(self.place)
        return Bbox.from_bounds(x, y, 0, 0)  # it takes part in no layout

    def covers(self, dpi: float) -> Bbox:
        """The pixels that it covers at so many dots an inch; none when it says nothing."""
        return self._laid_out(dpi)[1] if self.text else self.get_window_extent()

    @allow_rasterization
    def draw(self, renderer: RendererAgg) -> None:
        if self.get_visible() and self.text:
            picture, box = self._laid_out(renderer.dpi)
            gc = renderer.new_gc()
            renderer.draw_image(gc, int(box.x0), int(box.y0), picture)
            gc.restore()
        self.stale = False

    def _laid_out(self, dpi: float) -> tuple[np.ndarray, Bbox]:
        picture = _picture(self.text, self.size, self.bold, self.face, self.color, dpi)
        height, width = picture.shape[:2]
        x, y = self.axes.transData.transform(self.place)
        left = x if self.ha == "left" else x - width / 2
        return picture, Bbox.from_bounds(round(left), round(y - height / 2), width, height)


@lru_cache(maxsize=64)
def _picture(text: str, size: float, bold: bool, face: str, color: str, dpi: float) -> np.ndarray:
    """(height, width, 4) uint8, the lowest row first, as draw_image wants it.

    Kept, because a move changes few; and few are kept, because small ones that stay between the large tensors of an
    explorer keep its memory from being given back: with a thousand, Kept grew by 20 MB.
    """
    ink = np.concatenate([_letter(each, size, bold, dpi) for each in text], 1)
    if face:
        share = ink[..., None] / 255
        colors = np.array(to_rgb(color)) * share + np.array(to_rgb(face)) * (1 - share)
        alpha = np.full(ink.shape, 255)
    else:
        colors, alpha = np.broadcast_to(to_rgb(color), (*ink.shape, 3)), ink
    return np.dstack([255 * colors, alpha]).astype(np.uint8)[::-1]


@lru_cache(maxsize=2048)
def _letter(letter: str, size: float, bold: bool, dpi: float) -> np.ndarray:
    """How much ink a letter leaves in each pixel, (height, advance) uint8; all letters of a font are equally high."""
    font = FontProperties(size=size, weight="bold" if bold else "normal")
    pixels = size * dpi / 72
    height = round(1.35 * pixels)
    renderer = RendererAgg(round(4 * pixels), 3 * height, dpi)
    # The advance of a letter: what it adds to a row of letters. Its own ink may be narrower, or wider.
    two = renderer.get_text_width_height_descent(letter + "0", font, False)[0]
    advance = max(1, round(two - renderer.get_text_width_height_descent("0", font, False)[0]))
    gc = renderer.new_gc()
    base = height + round(1.0 * pixels)
    renderer.draw_text(gc, round(pixels), base, letter, font, 0)
    ink = np.asarray(renderer.buffer_rgba())[height : 2 * height, :, 3]
    return ink[:, round(pixels) : round(pixels) + advance].copy()
