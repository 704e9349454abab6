"""show: alternative text, one copy of the figure, clear errors."""

import re

import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure

from course_lib.show import img, says, show


@pytest.fixture
def shown(monkeypatch):
    """What was displayed."""
    outputs = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: outputs.append(data))
    return outputs


def test_alternative_text_arrives_escaped(shown):
    axes = plt.figure().subplots()
    show(axes, alt='six curves "a" & b < c')
    (output,) = shown
    assert 'alt="six curves &quot;a&quot; &amp; b &lt; c"' in output["text/html"]
    assert output["text/plain"] == '[figure] six curves "a" & b < c'
    assert re.search(r'width="\d+" height="\d+"', output["text/html"])


def test_figure_is_closed_and_shown_once(shown):
    figure = plt.figure()
    figure.subplots()
    show(figure, alt="an empty pair of axes")
    assert plt.get_fignums() == [] and len(shown) == 1


def test_takes_a_figure_without_pyplot(shown):
    figure = Figure()
    show(figure.subplots(), alt="an empty pair of axes")
    assert len(shown) == 1


def test_a_function_that_draws_may_say_it_itself(shown):
    show(says(Figure().subplots(), "the loss falls from 3 to 1"))
    show(says(Figure().subplots(), "the loss falls from 3 to 1"), alt="what the caller says goes first")
    assert [output["text/plain"] for output in shown] == [
        "[figure] the loss falls from 3 to 1",
        "[figure] what the caller says goes first",
    ]


@pytest.mark.parametrize("alt", ["", "a plot", None])
def test_alternative_text_is_demanded(alt):
    with pytest.raises(ValueError, match="what is to be seen"):
        show(Figure().subplots(), alt=alt)


def test_other_things_are_named():
    with pytest.raises(TypeError, match="got list"):
        show([1, 2], alt="a list of two numbers")


def test_grey_is_for_old_pictures():
    assert "opacity" in img(b"x", alt="old", inches=(1, 1), grey=True)
    assert "opacity" not in img(b"x", alt="new", inches=(1, 1))
