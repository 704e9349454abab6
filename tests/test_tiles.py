"""Tiles show what `imshow` shows, where it shows it."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from course_lib.tiles import Tiles

LOOK = {"cmap": "RdBu", "vmin": -2, "vmax": 2}


def pixels(draw, *, xlim=None):
    """The picture of axes of 250 by 250 pixels after `draw(axes)`, (height, width, 3) int."""
    fig = Figure(figsize=(3, 2.5), dpi=125, layout="none")
    canvas = FigureCanvasAgg(fig)
    draw(ax := fig.add_axes((0.1, 0.1, 0.6, 0.72)))
    ax.set_axis_off()
    if xlim:
        ax.set_xlim(xlim)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].astype(int)


@pytest.mark.parametrize("shape", [(8, 8), (3, 10), (36, 36), (1, 1)])
@pytest.mark.parametrize("place", [{}, {"extent": (-0.5, 9.5, 0, 1), "aspect": "auto"}])
@pytest.mark.parametrize("xlim", [None, (1.3, 5)])
def test_they_look_as_imshow_does(shape, place, xlim):
    data = np.random.default_rng(0).normal(size=shape)
    ours = pixels(lambda ax: Tiles(ax, data, **LOOK, **place), xlim=xlim)
    theirs = pixels(lambda ax: ax.imshow(data, interpolation="nearest", **LOOK, **place), xlim=xlim)
    off = np.abs(ours - theirs).max(-1) > 8
    # Only at the edges of squares, each of which may lie a pixel farther on.
    assert off.sum() <= 2 * sum(shape) * max(off.shape)
    assert not (off[1:, 1:] & off[:-1, :-1] & off[1:, :-1] & off[:-1, 1:]).any()


def test_other_data_are_drawn_at_the_next_drawing():
    def drawn_twice(ax):
        tiles = Tiles(ax, np.full((2, 2), -2.0), **LOOK)
        ax.figure.canvas.draw()
        tiles.set_data(np.full((2, 2), 2.0))

    red, green, blue = pixels(drawn_twice)[150, 100]
    assert blue > red  # RdBu: high is blue


def test_the_first_row_is_on_top():
    picture = pixels(lambda ax: Tiles(ax, np.array([[2.0], [-2.0]]), **LOOK, aspect="auto"))
    top, bottom = picture[90, 100], picture[220, 100]
    assert top[2] > top[0] and bottom[0] > bottom[2]  # RdBu: high is blue
