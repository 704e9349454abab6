"""Ten bars are as high as the shares, the line lies at the share of all, and ten shares are needed."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from course_lib.colors import ORANGE
from course_lib.digit_bars import DigitBars


@pytest.fixture
def bars():
    return DigitBars(Figure().subplots(), color=ORANGE)


def test_they_show_what_they_are_given(bars):
    for each in (np.linspace(0, 0.9, 10), np.linspace(1, 0, 10)):
        bars.show(each, each.mean())
        assert [bar.get_height() for bar in bars.bars] == pytest.approx(each)
        assert list(bars.line.get_ydata()) == pytest.approx([each.mean()] * 2)


def test_all_that_moves_is_named_and_the_level_of_guessing_stays(bars):
    assert bars.moving == [*bars.bars, bars.line] and len(bars.moving) == 11
    (guessing,) = [line for line in bars.line.axes.lines if line not in bars.moving]
    assert list(guessing.get_ydata()) == [0.1, 0.1]


def test_a_share_for_each_digit_is_needed(bars):
    with pytest.raises(ValueError):
        bars.show(np.ones(9), 1.0)
