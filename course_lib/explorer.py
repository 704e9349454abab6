"""The picture that follows the slider: say controls, compute, draw, update and describe; the rest is done here.

How it is fast and never wrong at the same time: what `draw` returns is set *animated*. An animated artist does not
mark its figure as stale when it changes; everything else (limits, titles, ticks, new artists) does. So `figure.stale`
says whether the kept background is still right: if it is, only the moving artists are drawn again (2-4 ms); if not, the
whole figure is (9-25 ms). Nobody has to decide it, and a wrong guess is slow, never wrong.

Why a plain synchronous observer: the front end keeps one unanswered message per widget and merges the ones that come
meanwhile, until the kernel is idle again. So the newest value wins by itself; a queue of ours would take that brake
away.
"""

from __future__ import annotations

import html
import time
from typing import TYPE_CHECKING, Any, ClassVar

import ipywidgets as widgets
import numpy as np

from course_lib import style
from course_lib.code_view import code_view
from course_lib.controls import Control
from course_lib.palette import PalettePng
from course_lib.show import img, minus

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

DPI = 125
"""Dots an inch of the picture that is sent; shown at 100 CSS pixels an inch. More is sharper on dense screens and later
on all: with 150, a move took a frame of the screen longer in two of three measurements."""


class Explorer:
    """One idea that a learner can drag.

    A subclass has a docstring (its first paragraph is the question it answers), `controls`, and these five methods:

    - ``compute(**values)``: the real computation; pure; shown to the learner under "The code behind this picture".
    - ``draw(fig, result)``: draws everything once and returns the artists that move.
    - ``update(moving, result)``: moves them; may return a new list of moving artists.
    - ``describe(result)``: one or two sentences; the alternative text, and what stands below the picture.
    - ``goal(result)``: optional; ``(met, words)``, shown as a running score.

    Args:
        **start: values of controls to begin with, in place of their own start.

    Raises:
        ValueError: a start value that its control refuses.
        TypeError: a start value for a control that this explorer does not have.
    """

    controls: ClassVar[dict[str, Control]] = {}
    figsize: ClassVar[tuple[float, float]] = (6.4, 3.6)
    """Inches; larger in the large mode."""
    trains: ClassVar[bool] = False
    """Whether `compute` trains a net: then a move may take up to 400 ms, else 15."""
    budget_ms: ClassVar[int] = 0
    """What a move may take where neither fits: no net is trained, but a large one is computed. The class says why."""
    given: ClassVar[tuple[str, ...]] = ()
    """Attributes that a notebook hands over when it makes the explorer, such as nets that it has trained: they stay as
    they are, so `compute` may read them and still depends on the controls alone."""
    also_show: ClassVar[tuple[Any, ...]] = ()
    """Functions whose code is shown below that of `compute`, because it stands on them."""

    def compute(self, **values: Any) -> Any:
        """What the picture shows, at one setting of the controls; it depends on nothing else.

        Args:
            **values: one for each of `controls`, by its name there.

        Returns:
            The result: whatever the other four methods want, such as a dictionary. It can be pickled.
        """
        raise NotImplementedError

    def draw(self, fig: Figure, result: Any) -> Any:
        """Draws everything, once.

        Args:
            fig: empty, of the size `figsize`.
            result: of `compute`, at the first setting.

        Returns:
            The artists that move: a list or a dictionary of them, or of such lists.
        """
        raise NotImplementedError

    def update(self, moving: Any, result: Any) -> Any:
        """Moves what `draw` returned, so that it shows another result; all else stands still.

        Args:
            moving: what `draw` returned.
            result: of `compute`, at the new setting.

        Returns:
            None, or the artists that move from now on, where these are others.
        """
        raise NotImplementedError

    def describe(self, result: Any) -> str:
        """One or two sentences about the result, with its numbers: the alternative text, and the words below."""
        raise NotImplementedError

    def goal(self, result: Any) -> tuple[bool, str] | None:
        """Whether the result meets the goal, and what that is, with the number reached now; None without a goal."""
        return None

    @classmethod
    def allowed_ms(cls) -> int:
        """What a move may take in the kernel, in ms: 15 is what a hand does not notice, 400 what it waits for."""
        return cls.budget_ms or (400 if cls.trains else 15)

    @classmethod
    def question(cls) -> str:
        """The first paragraph of the docstring, which stands above the picture."""
        first = (cls.__doc__ or "").strip().partition("\n\n")[0]
        return " ".join(first.split())

    # ------------------------------------------------------------------------------------------ engine, without widgets
    def __init__(self, **start: Any) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.values = {name: control.start for name, control in self.controls.items()}
        self.paths = {"fast": 0, "full": 0}
        self.seconds = 0.0
        self._png = PalettePng()
        with style.in_house_style():
            size = style.scale() * np.array(self.figsize)
            self.fig = Figure(figsize=tuple(size), dpi=DPI, layout="constrained")
            self.canvas = FigureCanvasAgg(self.fig)
            places = self._draw_everything()
            if self._checked(start) != self.values:
                # Wherever it begins, the layout is that of the usual start: a picture depends on the values alone.
                self.values = self._checked(start)
                self.fig.clear()
                self._draw_everything(places)
            self.start = dict(self.values)
            self._paint()
        self._widget: widgets.Widget | None = None

    def set(self, **values: Any) -> Explorer:
        """Moves controls and draws the picture; what a slider does, without a slider.

        Returns:
            The explorer, so that ``explorer.set(lr=2).pixels()`` reads well.

        Raises:
            Whatever `compute` raises; `values` and `result` then stay as they were.
        """
        begin = time.perf_counter()
        checked = self._checked(values)
        result = self._computed(checked)
        self.values, self.result = checked, result
        with style.in_house_style():
            moving = self.update(self._moving, result)
            if moving is not None:
                self._own(moving)
            self._paint()
        self.seconds = time.perf_counter() - begin
        return self

    @property
    def path(self) -> str:
        """How the last picture was drawn: "fast" (moving artists only) or "full"."""
        return self._path

    def pixels(self) -> np.ndarray:
        """The picture: (height, width, 4) uint8, RGBA."""
        return np.asarray(self.canvas.buffer_rgba()).copy()

    def png(self) -> bytes:
        """The picture as a PNG of at most 256 colours: sharp, small, 3 ms."""
        return self._png(np.asarray(self.canvas.buffer_rgba()))

    def _checked(self, values: dict[str, Any]) -> dict[str, Any]:
        for name in values:
            if name not in self.controls:
                raise TypeError(f"{type(self).__name__} has no control {name!r}; it has {', '.join(self.controls)}")
        checked = dict(self.values)
        for name, value in values.items():
            try:
                checked[name] = self.controls[name].check(value)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        return checked

    def _computed(self, values: dict[str, Any]) -> Any:
        """The result at a setting. Random numbers that `compute` seeds or draws are none of the notebook's business."""
        import torch

        with torch.random.fork_rng(devices=[]):
            return self.compute(**values)

    def _draw_everything(self, places: list | None = None) -> list:
        """Draws all artists, lays the axes out once (or puts them to `places`) and freezes the layout."""
        self.result = self._computed(self.values)
        self._own(self.draw(self.fig, self.result))
        if places is None:
            self.fig.draw_without_rendering()
        self.fig.set_layout_engine("none")
        for axes, place in zip(self.fig.axes, places or [], strict=False):
            axes.set_position(place)
        self.fig.stale = True
        return [axes.get_position() for axes in self.fig.axes]

    def _own(self, moving: Any) -> None:
        self._moving = moving
        self._artists = sorted(_flat(moving), key=lambda artist: artist.get_zorder())
        for artist in self._artists:
            if not artist.get_animated():
                artist.set_animated(True)

    def _paint(self) -> None:
        self._path = "full" if self.fig.stale else "fast"
        self.paths[self._path] += 1
        if self.fig.stale:
            self.canvas.draw()
            self._still = self.canvas.copy_from_bbox(self.fig.bbox)
        else:
            self.canvas.restore_region(self._still)
        renderer = self.canvas.get_renderer()  # asked for once: of fifty artists, each would ask for its own
        for artist in self._artists:
            artist.draw(renderer)
        self.fig.stale = False  # a legend lays itself out while it is drawn; that is no change of the picture

    # ------------------------------------------------------------------------------------------ engine, with widgets
    def widget(self) -> widgets.Widget:
        """The live explorer as an ipywidget: controls, picture, sentence, code. Made once."""
        if self._widget is None:
            self._inputs, rows = {}, []
            for name, control in self.controls.items():
                row, self._inputs[name] = control.widgets(name)
                control.write(self._inputs[name], self.values[name])
                rows.append(row)
            for inputs in self._inputs.values():
                for box in inputs:
                    box.observe(self._moved, "value")
            again = widgets.Button(description="Reset", tooltip="Back to the first picture", icon="undo")
            again.layout.width = "auto"
            again.on_click(self._reset)
            self._picture = widgets.HTML(self._html())
            code = widgets.HTML(code_view(type(self).compute, *self.also_show))
            question = widgets.HTML(f"{style.widget_css()}<b>{html.escape(type(self).question())}</b>")
            self._quiet = False
            self._widget = widgets.VBox([question, self._arranged([*rows, again]), code])
            self._widget.add_class("course-explorer")
            self._widget.add_class(f"course-{type(self).__name__}")
        return self._widget

    def _arranged(self, controls: list[widgets.Widget]) -> widgets.Widget:
        """Controls in a row above the picture, or in a column beside it where one of them is tall."""
        gap = "0.4em 1.2em"
        if any(control.tall for control in self.controls.values()):
            column = widgets.VBox(controls, layout=widgets.Layout(grid_gap=gap, align_items="flex-start"))
            # As wide as the picture, not as its longest sentence: else the sentence pushes it below the board.
            self._picture.layout.flex = f"1 1 {100 * self.fig.get_size_inches()[0]:.0f}px"
            return widgets.HBox([column, self._picture], layout=widgets.Layout(flex_flow="row wrap", grid_gap=gap))
        look = widgets.Layout(flex_flow="row wrap", align_items="center", grid_gap="0 1.2em")
        return widgets.VBox([widgets.HBox(controls, layout=look), self._picture])

    def _moved(self, _change: Any = None) -> None:
        if self._quiet:
            return
        wanted = {name: control.read(self._inputs[name]) for name, control in self.controls.items()}
        try:
            self.set(**wanted)
            self._picture.value = self._html()
        except KeyboardInterrupt:
            self._picture.value = self._html(failed="It was interrupted; move once more.", wanted=wanted)
        except Exception as error:  # else it would vanish in the log, and slider and picture would disagree
            self._picture.value = self._html(failed=f"{type(error).__name__}: {error}", wanted=wanted)

    def _reset(self, _button: Any = None) -> None:
        self._quiet = True
        for name, control in self.controls.items():
            control.write(self._inputs[name], self.start[name])
        self._quiet = False
        self._moved()

    def _html(self, *, failed: str = "", wanted: dict[str, Any] | None = None) -> str:
        says = minus(self.describe(self.result))
        words = f'<div class="course-says">{_escaped(says)}</div>' + self._goal_html()
        if failed:
            setting = ", ".join(f"{name} = {_short(value)}" for name, value in (wanted or {}).items())
            words = (
                f'<div class="course-says"><b>No picture for {html.escape(setting)}</b>, so the one above is still the '
                f"old one. {html.escape(failed)}</div>"
            )
        return img(self.png(), alt=says, inches=self.fig.get_size_inches(), grey=bool(failed)) + words

    def _goal_html(self) -> str:
        goal = self.goal(self.result)
        if goal is None:
            return ""
        met, words = goal[0], minus(goal[1])
        mark, word = ("✓", "Goal reached") if met else ("○", "Goal")
        return f'<div class="course-goal" style="font-weight:600">{mark} {word}: {_escaped(words)}</div>'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, str]:
        """Live in JupyterLab; a still picture with its alternative text wherever no kernel runs."""
        live = self.widget()._repr_mimebundle_()
        live = live[0] if isinstance(live, tuple) else live
        return {**live, "text/html": self._html(), "text/plain": f"[explorer] {self.describe(self.result)}"}


def _flat(artists: Any) -> list[Artist]:
    from matplotlib.artist import Artist

    if isinstance(artists, Artist):
        return [artists]
    parts = artists.values() if isinstance(artists, dict) else artists
    return [artist for part in parts for artist in _flat(part)]


def _escaped(words: str) -> str:
    """As HTML, in which no line ends between a number and its %."""
    return html.escape(words).replace(" %", "\u00a0%")


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
