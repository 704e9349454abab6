"""A level is a dashed line with its name at its own height; an axes for a picture shows nothing but a frame."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_lib.axes import bare, beside, level
from course_lib.colors import BLUE, NOTE, TRUTH


@pytest.fixture
def ax():
    return plt.figure().subplots()


def test_a_level_lies_behind_the_curves_with_its_name_at_its_height(ax):
    (curve,) = ax.plot([0, 1], [0, 1])
    assert level(ax, 0.1, "guessing") is ax
    line, words = ax.lines[1], ax.texts[0]
    assert list(line.get_ydata()) == [0.1, 0.1] and line.get_linestyle() == TRUTH["linestyle"]
    assert line.get_zorder() < curve.get_zorder()
    assert words.get_text() == "guessing" and words.xy == (1.01, 0.1) and words.get_color() == NOTE


def test_a_name_in_the_margin_stays_there_when_the_limits_change(ax):
    beside(ax, 0.5, "kept", color=BLUE)
    ax.set(xlim=(-40, 90), ylim=(0, 2))
    ax.get_figure().draw_without_rendering()
    box, frame = ax.texts[0].get_window_extent(), ax.get_window_extent()
    assert frame.x1 < box.x0 < frame.x1 + 0.05 * frame.width
    assert (box.y0 + box.y1) / 2 == pytest.approx(ax.transData.transform((0, 0.5))[1], abs=3)
    assert ax.texts[0].get_color() == BLUE


def test_an_axes_for_a_picture_has_a_frame_and_nothing_else(ax):
    bare(ax).imshow(np.zeros((2, 2)))
    assert len(ax.get_xticks()) == len(ax.get_yticks()) == 0
    assert [spine.get_visible() for spine in ax.spines.values()] == [True] * 4
    assert not any(line.get_visible() for line in ax.get_xgridlines() + ax.get_ygridlines())
