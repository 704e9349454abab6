"""Small pictures whose pixels are seen as squares, and which move: drawn in a tenth of the time of `imshow`.

Matplotlib resamples the numbers of a picture to the pixels of the screen and colours those, a hundred thousand of them,
each time it is drawn. A picture of eight by eight has 64 colours: here they are looked up first and then repeated.
Source: ours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import Colormap, Normalize
from matplotlib.image import AxesImage


class Tiles(AxesImage):
    """A matrix as a picture in axes, as `Axes.imshow` with ``interpolation="nearest"`` shows it.

    Args:
        axes: where it stands; they get its limits and its aspect.
        data: (rows, columns), finite, the first row on top.
        vmin, vmax: values at the ends of the colours.
        cmap: the colours, or their name; fixed from then on.
        extent: left, right, bottom and top of the picture in data coordinates; one unit a pixel unless given.
        aspect: as `Axes.set_aspect` takes it.

    ``set_data`` takes another matrix. It draws for Agg, on a screen's pixels, as the explorers do.
    """

    def __init__(
        self,
        axes: Axes,
        data: np.ndarray,
        *,
        vmin: float,
        vmax: float,
        cmap: str | Colormap,
        extent: tuple[float, float, float, float] | None = None,
        aspect: str = "equal",
    ) -> None:
        super().__init__(axes, cmap=cmap, norm=Normalize(vmin, vmax), origin="upper", extent=extent)
        self._table = self.cmap(np.arange(self.cmap.N), bytes=True).view(np.uint32)[:, 0]  # (N,), a colour a number
        self.set_data(data)
        axes.set_aspect(aspect)
        axes.add_image(self)
        self.set_clip_path(axes.patch)
        self.set_extent(self.get_extent())  # sets the limits of the axes

    def make_image(
        self, renderer: RendererAgg, magnification: float = 1.0, unsampled: bool = False
    ) -> tuple[np.ndarray, float, float, Any]:
        """What Matplotlib asks for: the pixels (height, width, 4) uint8, the lowest row first; left; bottom; None."""
        left, right, bottom, top = self.get_extent()
        corners = self.axes.transData.transform([(left, bottom), (right, top)])
        (left, bottom), (right, top) = corners.round().astype(int).tolist()
        colors = self._colors()[::-1]
        rows, columns = _repeated(colors.shape[0], top - bottom), _repeated(colors.shape[1], right - left)
        pixels = colors.take(rows, 0).take(columns, 1)
        return pixels.view(np.uint8).reshape(*pixels.shape, 4), left, bottom, None

    def _colors(self) -> np.ndarray:
        """(rows, columns), four bytes each; values beyond the ends get the end. Half of the time of `to_rgba`."""
        share = (np.asarray(self._A, dtype=float) - self.norm.vmin) / (self.norm.vmax - self.norm.vmin)
        return self._table[(self.cmap.N * share).clip(0, self.cmap.N - 1).astype(int)]


def _repeated(cells: int, pixels: int) -> np.ndarray:
    """(pixels,) the cell that each pixel lies in."""
    return ((np.arange(max(pixels, 1)) + 0.5) * cells / max(pixels, 1)).astype(int)
