"""The engine of the explorers, on small ones of its own; what lessons promise is in contracts/."""

import re

import ipywidgets as widgets
import numpy as np
import pytest
import torch

from course_lib import style
from course_lib.controls import Choice, Slider, Switches
from course_lib.explorer import Explorer


class Curve(Explorer):
    """What does k do?"""

    controls = {"k": Slider(0, 6, start=1), "kind": Choice("sin", "cos")}

    def compute(self, k, kind):
        if k > 5.9:
            raise OverflowError("k is too large for this curve")
        return getattr(np, kind)(np.linspace(0, 6, 50) + k)

    def draw(self, fig, result):
        self.axes = fig.subplots()
        self.axes.set(xlim=(0, 6), ylim=(-1.2, 1.2))
        return self.axes.plot(np.linspace(0, 6, 50), result)

    def update(self, moving, result):
        moving[0].set_ydata(result)

    def describe(self, result):
        return f'begins at {result[0]:.2f}, "higher" & <lower>'

    def goal(self, result):
        return bool(result[0] > 0.99), "begin at 1"


class Number(Curve):
    """How many lines?"""

    controls = {"n": Slider(1, 9, start=3, integer=True)}

    def compute(self, n):
        return n

    def draw(self, fig, result):
        self.axes = fig.subplots()
        self.axes.set(xlim=(0, 1), ylim=(0, 10))
        return self._lines(result)

    def _lines(self, n):
        return [self.axes.plot([0, 1], [i, i], color="black")[0] for i in range(n)]

    def update(self, moving, result):
        for line in moving:
            line.remove()
        return self._lines(result)

    def describe(self, result):
        return f"{result} lines"

    def goal(self, result):
        return None


class Title(Curve):
    """What does the title say?"""

    def update(self, moving, result):
        super().update(moving, result)
        self.axes.set_title(f"{result[0]:.2f}")  # stands still by the engine's rule: the whole figure is drawn

    def draw(self, fig, result):
        moving = super().draw(fig, result)
        self.axes.set_title(f"{result[0]:.2f}")
        return moving


def test_moving_artists_take_the_fast_path():
    explorer = Curve()
    for k in np.linspace(0, 5, 11):
        explorer.set(k=float(k))
    assert explorer.paths == {"fast": 11, "full": 1} and explorer.path == "fast"


class Legend(Curve):
    """Where does it begin?"""

    def draw(self, fig, result):
        (line,) = super().draw(fig, result)
        line.set_label("curve")
        return [line, self.axes.legend(loc="upper right")]


def test_a_legend_that_moves_along_does_not_cost_a_full_drawing():
    explorer = Legend()
    for k in (1.0, 2.0, 3.0):
        explorer.set(k=k)
    assert explorer.paths == {"fast": 3, "full": 1}
    assert np.array_equal(explorer.pixels(), Legend(k=3.0).pixels())


@pytest.mark.parametrize(("kind", "name"), [(Number, "n"), (Title, "k")])
def test_whatever_else_changes_takes_the_full_path_and_is_right(kind, name):
    explorer = kind()
    for value in (1, 5, 2, 4):
        explorer.set(**{name: value})
        assert explorer.path == "full"
        assert np.array_equal(explorer.pixels(), kind(**{name: value}).pixels())


def test_a_kept_background_does_not_keep_what_moved():
    explorer = Curve()
    there = explorer.set(k=2.0).pixels()
    explorer.set(k=4.0)
    assert np.array_equal(explorer.set(k=2.0).pixels(), there)
    assert np.array_equal(Curve(k=2.0).pixels(), there)


def test_a_failed_compute_changes_nothing():
    explorer = Curve()
    before, values, result = explorer.pixels(), dict(explorer.values), explorer.result
    with pytest.raises(OverflowError):
        explorer.set(k=6.0)
    assert explorer.values == values and explorer.result is result
    assert np.array_equal(explorer.pixels(), before)


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ({"k": 7.0}, ValueError, "k: 7.0 lies outside 0 to 6"),
        ({"k": float("nan")}, ValueError, "k: nan is not a number"),
        ({"k": "two"}, ValueError, "k: 'two' is not a number"),
        ({"kind": "tan"}, ValueError, "'tan' is none of 'sin', 'cos'"),
        ({"j": 1}, TypeError, "Curve has no control 'j'; it has k, kind"),
    ],
)
def test_bad_values_are_named(values, error, words):
    with pytest.raises(error, match=re.escape(words)):
        Curve(**values)
    with pytest.raises(error, match=re.escape(words)):
        Curve().set(**values)


def test_png_is_small_and_close_to_the_pixels():
    import io

    from PIL import Image

    explorer = Curve()
    data = explorer.png()
    picture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    assert len(data) < 60_000
    assert (
        np.abs(picture - explorer.pixels()[..., :3]).mean() < 2
    )  # levels of 255; Pillow 11 finds other colours than 13


# ------------------------------------------------------------------------------------------------------ with widgets
def live(explorer):
    explorer.widget()
    return {name: inputs[0] for name, inputs in explorer._inputs.items()}


def test_a_slider_moves_picture_words_and_goal():
    explorer = Curve()
    controls = live(explorer)
    before = explorer._picture.value
    assert "○ Goal: begin at 1" in before
    controls["k"].value = 1.57
    after = explorer._picture.value
    assert explorer.values["k"] == pytest.approx(1.57)
    assert after != before and "begins at 1.00" in after and "✓ Goal reached: begin at 1" in after


def test_no_line_ends_between_a_number_and_its_percent():
    class Percent(Curve):
        def describe(self, result):
            return "12 % are right"

        def goal(self, result):
            return False, "at least 90 %"

    words = Percent()._html()
    assert "12\u00a0% are right</div>" in words and "90\u00a0%</div>" in words


def test_one_move_is_one_computation():
    explorer = Curve()
    controls, counted = live(explorer), []
    compute = explorer.compute
    explorer.compute = lambda **values: counted.append(values) or compute(**values)
    controls["k"].value = 2.0
    controls["kind"].value = "cos"
    assert counted == [{"k": 2.0, "kind": "sin"}, {"k": 2.0, "kind": "cos"}]


def test_a_failure_is_said_and_greys_the_old_picture_and_the_next_move_mends_it():
    explorer = Curve()
    controls = live(explorer)
    controls["k"].value = 6.0
    html = explorer._picture.value
    assert "opacity" in html and "No picture for k = 6" in html and "k is too large for this curve" in html
    controls["k"].value = 2.0
    assert "opacity" not in explorer._picture.value and "No picture" not in explorer._picture.value


def test_an_interruption_is_said_too(monkeypatch):
    """The learner presses stop while a move computes: slider and picture disagree, and nothing else would say so."""
    explorer = Curve()
    controls = live(explorer)

    def stopped(**values):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(explorer, "compute", stopped)
        try:
            controls["k"].value = 2.0
        except KeyboardInterrupt:
            pytest.fail("nobody caught the interruption")  # uncaught, it would end all tests
    assert "No picture for k = 2" in explorer._picture.value and "interrupted" in explorer._picture.value
    controls["k"].value = 3.0
    assert "No picture" not in explorer._picture.value and explorer.values["k"] == 3.0


def test_reset_goes_back_to_the_first_picture_with_one_computation():
    explorer = Curve(k=3.0)
    controls, first = live(explorer), explorer.pixels()
    controls["k"].value, controls["kind"].value = 1.0, "cos"
    moves = sum(explorer.paths.values())
    explorer._reset()
    assert (controls["k"].value, controls["kind"].value) == (3.0, "sin")
    assert sum(explorer.paths.values()) == moves + 1
    assert np.array_equal(explorer.pixels(), first)


def test_output_is_live_still_and_text():
    bundle = Curve()._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    still = bundle["text/html"]
    assert 'alt="begins at 0.84, &quot;higher&quot; &amp; &lt;lower&gt;"' in still
    assert "<lower>" not in still and bundle["text/plain"].startswith("[explorer] begins at 0.84")


def test_code_behind_the_picture_is_compute():
    widget = Curve().widget()
    code = re.sub("<[^>]+>", "", widget.children[-1].value)
    assert "The code behind this picture" in code and "def compute(self, k, kind):" in code


def test_switches_are_read_as_one_value():
    class Board(Number):
        """Which are on?"""

        controls = {"on": Switches(4)}

        def compute(self, on):
            return sum(on)

    explorer = Board()
    explorer.widget()
    explorer._inputs["on"][2].value = False
    assert explorer.values["on"] == (True, True, False, True) and explorer.result == 3


def test_dragging_leaves_the_random_numbers_of_the_notebook_alone():
    class Noise(Curve):
        controls = {"seed": Slider(0, 9, integer=True)}

        def compute(self, seed):
            torch.manual_seed(seed)
            return torch.rand(50).numpy()

    before = torch.get_rng_state()
    explorer = Noise()
    assert not np.array_equal(explorer.result, explorer.set(seed=3).result)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_board_stands_beside_the_picture_and_sliders_above_it():
    class Board(Curve):
        controls = {"on": Switches(4, columns=2)}

        def compute(self, on):
            return np.linspace(0, sum(on), 50)

    for explorer, beside in ((Board(), widgets.HBox), (Curve(), widgets.VBox)):
        (both,) = [child for child in explorer.widget().children if isinstance(child, widgets.Box)]
        assert type(both) is beside
        assert both.children[1] is explorer._picture


def test_large_mode_makes_explorers_larger():
    usual = Curve().pixels().shape
    style.use_style(lecture=True)
    try:
        large = Curve().pixels().shape
    finally:
        style.use_style()
    assert large[0] > 1.5 * usual[0] and large[1] > 1.5 * usual[1]
