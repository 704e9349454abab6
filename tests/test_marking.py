"""The learner's mark and the truth in a plot: at the right place on any scale, seen, and told apart without colour."""

import matplotlib
import matplotlib.pyplot as plt
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from course_lib.answers import Choice, Marks, Number
from course_lib.marking import draw_answer
from course_lib.style import use_style

NUMBER = Number(0.01, 100, log=True, unit="s")


@pytest.fixture
def restored_style():
    with matplotlib.rc_context():
        yield
        use_style()


def new_axes(xscale="linear", yscale="linear"):
    ax = Figure().subplots()
    ax.plot([1, 2], [1, 2])
    ax.set(xscale=xscale, yscale=yscale)
    return ax


def lines_at(ax, axis):
    """Places of the lines that cross the whole axes."""
    read = (lambda line: line.get_xdata()) if axis == "x" else (lambda line: line.get_ydata())
    return [float(read(line)[0]) for line in ax.lines if len(set(map(float, read(line)))) == 1 and len(read(line)) == 2]


def words(ax):
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("axis", ["x", "y"])
@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("answer", [0.01, 1.5, 100])
def test_mark_and_truth_lie_where_they_should_and_are_seen(axis, scale, reverse, answer):
    ax = new_axes(**{f"{axis}scale": scale})
    get, flip = (ax.get_xlim, ax.invert_xaxis) if axis == "x" else (ax.get_ylim, ax.invert_yaxis)
    if reverse:
        flip()
    assert draw_answer(ax, NUMBER, answer, 1.2, axis=axis) is ax
    assert lines_at(ax, axis) == [1.2, answer] or lines_at(ax, axis) == [answer, 1.2]
    assert min(get()) <= min(answer, 1.2) and max(answer, 1.2) <= max(get())
    assert (get()[0] > get()[1]) == reverse
    assert sorted(words(ax)) == ["truth: 1.2 s", f"you: {NUMBER.words(answer)}"]
    FigureCanvasAgg(ax.figure).draw()


@pytest.mark.parametrize("answer", [None, (0.5, 0.72, 0.75)])
@pytest.mark.parametrize("lecture", [False, True])
def test_labels_of_marks_that_came_out_alike_stand_beside_each_other(lecture, answer, restored_style):
    use_style(lecture=lecture)
    ax = plt.figure().subplots()
    ax.set(ylim=(0, 1))
    draw_answer(ax, Marks("scratch", "frozen", "fine-tuned", lo=0, hi=1), answer, (0.53, 0.74, 0.738), axis="y")
    FigureCanvasAgg(ax.figure).draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    plt.close(ax.figure)
    assert len(boxes) == (3 if answer is None else 6)
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])


def test_limits_that_show_both_are_left_alone():
    ax = new_axes()
    before = ax.get_xlim()
    draw_answer(ax, NUMBER, 1.3, 1.7)
    assert ax.get_xlim() == before


def test_unanswered_shows_the_truth_only_and_no_truth_the_mark_only():
    assert words(draw_answer(new_axes(), NUMBER, None, 1.2)) == ["truth: 1.2 s"]
    assert words(draw_answer(new_axes(), NUMBER, 1.2, None)) == ["you: 1.2 s"]
    empty = new_axes()
    assert words(draw_answer(empty, NUMBER, None, None)) == [] and len(empty.lines) == 1


def test_line_style_and_marker_differ_so_that_greyscale_is_enough():
    ax = draw_answer(new_axes(), NUMBER, 1.2, 1.7)
    crossing, feet = ax.lines[1::2], ax.lines[2::2]
    assert len({line.get_linestyle() for line in crossing}) == 2
    assert len({line.get_marker() for line in feet}) == 2


def test_zero_on_a_log_axis_leaves_the_limits_alone():
    ax = new_axes(xscale="log")
    before = ax.get_xlim()
    draw_answer(ax, Number(0, 1), 0, None)
    assert ax.get_xlim() == before


@pytest.mark.parametrize("axis", ["x", "y"])
@pytest.mark.parametrize("lecture", [False, True])
@pytest.mark.parametrize(("answer", "truth"), [(1.2, 1.2), (1.0, 1.01), (1.99, 2.0), (1.5, 1.5001), (1.01, 1.0)])
def test_labels_do_not_hide_each_other(answer, truth, lecture, axis, restored_style):
    use_style(lecture=lecture)
    ax = draw_answer(new_axes(), NUMBER, answer, truth, axis=axis)
    canvas = FigureCanvasAgg(ax.figure)
    canvas.draw()
    one, other = (text.get_window_extent(canvas.get_renderer()) for text in ax.texts)
    assert not one.overlaps(other)


def test_marks_are_drawn_label_by_label():
    kind = Marks("slow", "fast", lo=0.1, hi=10, log=True)
    ax = draw_answer(new_axes(xscale="log"), kind, (0.5, 3.0), (1.0, 2.0))
    assert sorted(words(ax)) == ["fast (truth)", "fast (you)", "slow (truth)", "slow (you)"]
    assert sorted(lines_at(ax, "x")) == [0.5, 1.0, 2.0, 3.0]


def test_a_choice_is_written():
    ax = draw_answer(new_axes(), Choice("a", "b"), "a", "b")
    assert words(ax) == ["truth: “b”", "you: “a”"] and len(ax.lines) == 1


def test_another_axis_is_refused():
    with pytest.raises(ValueError, match="axis='z'"):
        draw_answer(new_axes(), NUMBER, 1, 2, axis="z")
