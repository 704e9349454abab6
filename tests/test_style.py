"""The look: one file, one large mode, and colours that can be told apart."""

import re

import matplotlib
import numpy as np
import pytest

from course_lib import colors, style
from course_lib.commands.checkout import ROOT


@pytest.fixture(autouse=True)
def _usual_style():
    yield
    style.use_style()


def test_large_mode_goes_on_and_off():
    style.use_style(lecture=True)
    assert matplotlib.rcParams["font.size"] == 18 and style.scale() > 1.5
    style.use_style()
    assert matplotlib.rcParams["font.size"] == 11 and style.scale() == 1


def test_all_that_grows_goes_back_to_what_the_house_says():
    """A setting that only the large mode knows would stay large in a notebook that leaves it."""
    assert set(style.LECTURE) <= set(matplotlib.rc_params_from_file(style.HOUSE, use_default_template=False))


def test_what_is_drawn_grows_with_the_large_mode():
    """A line width or marker size that is set to a number would stay as thin as it is at a desk."""
    fixed = re.compile(
        r"(?<![.\w])(?:markersize|markeredgewidth|linewidth)(?:=|\": )(?!0\b(?!\.))\d[\d.]*(?! *\*)\s*[,)}]"
    )
    files = sorted((ROOT / "course_lib").rglob("*.py"))
    assert [(path.name, found) for path in files for found in fixed.findall(path.read_text(encoding="utf-8"))] == []
    assert fixed.search("plot(x, markersize=8)") and fixed.search("axhline(0, linewidth=0.8, color=GREY)")
    assert fixed.search('plot(x, **{"marker": "o", "markersize": 4.5})')
    assert not fixed.search("plot(x, markersize=8 * style.scale())") and not fixed.search("patch(linewidth=0)")


def test_code_in_a_question_is_as_large_as_the_words_around_it():
    """JupyterLab gives it 13 px, half as large as the words of the large mode."""
    assert ".course-prediction code{font-size:.9em}" in style.widget_css()


@pytest.mark.parametrize(("wish", "large"), [("", False), ("0", False), ("1", True), (" 1 ", True)])
def test_the_environment_may_ask_for_the_large_mode(monkeypatch, wish, large):
    monkeypatch.setenv("COURSE_LECTURE", wish)
    assert style.lecture_wish() is large


def test_a_wish_that_is_none_is_named(monkeypatch):
    monkeypatch.setenv("COURSE_LECTURE", "yes")
    with pytest.raises(ValueError, match="COURSE_LECTURE is 'yes'; 1 asks for the large mode"):
        style.lecture_wish()


def test_context_is_left_behind():
    matplotlib.rcParams["font.size"] = 7
    with style.in_house_style():
        assert matplotlib.rcParams["font.size"] == 11
    assert matplotlib.rcParams["font.size"] == 7


def test_roles_differ_by_more_than_colour():
    """In greyscale a line style or a marker still tells train, validation, truth and guess apart."""
    roles = (colors.TRAIN, colors.VAL, colors.TRUTH, colors.GUESS)
    assert len({(role["linestyle"], role.get("marker")) for role in roles}) == len(roles)
    assert len({look["marker"] for look in colors.CLASSES}) == len(colors.CLASSES)


def test_lines_stand_out_from_white():
    """Contrast of at least 3 to 1 (WCAG 2.2, graphical objects)."""
    for name in ("BLUE", "ORANGE", "WINE", "BLACK", "GREY", "GREEN"):
        assert _contrast_with_white(getattr(colors, name)) >= 3, name


def test_words_beside_curves_can_be_read():
    """Contrast of at least 4.5 to 1 (WCAG 2.2, text), which GREY does not reach."""
    assert _contrast_with_white(colors.NOTE) >= 4.5 > _contrast_with_white(colors.GREY)


def test_swept_colours_go_from_dark_to_light():
    first, last = colors.swept(0), colors.swept(1)
    assert sum(first[:3]) < sum(last[:3]) and colors.swept(-1) == first and colors.swept(2) == last


def test_signed_colours_are_white_at_zero_and_red_below():
    red, white, blue = colors.signed(np.array([-1.0, 0.0, 1.0]))[:, :3]
    assert white.min() > 0.95 and red[0] > red[2] + 0.2 and blue[2] > blue[0] + 0.2
    assert np.array_equal(colors.signed(np.array([-2.0]))[0, :3], red)  # what lies beyond has the colour of the end


def _contrast_with_white(color):
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _rgb(color)]
    luminance = 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
    return 1.05 / (luminance + 0.05)


def _rgb(hexed):
    return [int(hexed[i : i + 2], 16) / 255 for i in (1, 3, 5)]
