"""Stamps look like matplotlib's own texts, stand where they are put, and take no part in what stands still."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from course_lib.stamp import Stamp


def ink(draw, **options):
    """Which pixels of an empty figure are dark after `draw(axes)`, (height, width) float, 0 to 1."""
    fig = Figure(figsize=(3, 1), dpi=125, layout="none")
    canvas = FigureCanvasAgg(fig)
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.set_axis_off()
    draw(ax, **options)
    canvas.draw()
    return 1 - np.asarray(canvas.buffer_rgba())[..., :3].mean(-1) / 255


def stamp(ax, text="−0.264", at=(0.5, 0.5), **options):
    one = Stamp(size=11, **options)
    ax.add_artist(one)
    one.say(text, at=at)
    return one


def written(ax, text="−0.264", at=(0.5, 0.5), bold=False):
    ax.text(*at, text, ha="center", va="center", fontsize=11, weight="bold" if bold else "normal")


def box(dark):
    rows, columns = np.nonzero(dark > 0.2)
    return np.array([rows.min(), rows.max(), columns.min(), columns.max()])


@pytest.mark.parametrize("text", ["−0.264", "×1.5", "tanh", "8.07 + …", "?"])
@pytest.mark.parametrize("bold", [False, True])
def test_a_stamp_looks_like_a_text(text, bold):
    ours, theirs = ink(stamp, text=text, bold=bold), ink(written, text=text, bold=bold)
    assert ours.sum() == pytest.approx(theirs.sum(), rel=0.06)
    assert np.abs(box(ours) - box(theirs)).max() <= 4  # pixels: letters stand on whole ones


def test_a_stamp_stands_where_it_is_put():
    (top, bottom, left, right), (_, _, lower_left, _) = box(ink(stamp)), box(ink(stamp, at=(0.3, 0.2)))
    assert abs((left + right) / 2 - 375 / 2) <= 2 and abs((top + bottom) / 2 - 125 / 2) <= 4
    assert left - lower_left == pytest.approx(0.2 * 375, abs=1)


def test_it_may_begin_at_its_place():
    left, right = box(ink(stamp, ha="left"))[2:]
    assert left == pytest.approx(375 / 2, abs=3) and right > left + 20


def test_a_face_covers_what_is_behind():
    def line_below(ax, face):
        ax.plot([0, 1], [0.5, 0.5], color="black", linewidth=20, zorder=1)
        stamp(ax, text="8", face=face)

    assert ink(line_below, face="white").sum() < ink(line_below, face="").sum()


def test_an_empty_or_hidden_stamp_leaves_nothing():
    assert ink(stamp, text="").sum() == 0

    def hidden(ax):
        stamp(ax).set_visible(False)

    assert ink(hidden).sum() == 0


def test_a_word_marks_its_figure_as_changed_unless_it_moves():
    fig = Figure()
    FigureCanvasAgg(fig)
    ax = fig.subplots()
    one = stamp(ax)
    fig.canvas.draw()
    one.say("1")
    assert fig.stale
    one.set_animated(True)
    fig.canvas.draw()
    one.say("2")
    assert not fig.stale
