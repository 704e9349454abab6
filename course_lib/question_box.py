"""The live form of a prediction in a notebook: question, control, a button, and the line that says what is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import ipywidgets

from course_lib.answers import Choice, Kind, Marks, Number, format_number
from course_lib.panel import Panel, prose
from course_lib.style import scale, widget_css

if TYPE_CHECKING:
    from course_lib.prediction import Prediction

WIDTH = 416  # px of a slider, before the large mode
ROOM = 24  # px on the left, before the large mode: half of "0.00001", the longest number at an end of a scale
EDGE, READOUT = 6, 59  # px beside the track of a slider: half a handle, and the number that it shows (4.2em)

UNCUT = {"overflow": "visible"}  # the numbers at the ends of a scale reach beyond its box


class Control(NamedTuple):
    """A widget, how to read the answer from it, and how to show an answer in it."""

    widget: ipywidgets.Widget
    read: Callable[[], Any]
    write: Callable[[Any], None]


class QuestionBox:
    """Widgets of one prediction. All of them work by keyboard, in JupyterLab's command mode too."""

    def __init__(self, prediction: Prediction) -> None:
        self._prediction = prediction
        self._control = _control(prediction.kind)
        button = ipywidgets.Button(
            description="Commit", tooltip="Keep this answer", layout={"width": "auto", "flex": "0 0 auto"}
        )
        button.on_click(self._commit)
        self._line = ipywidgets.HTML()
        head = ipywidgets.HTMLMath(
            widget_css() + Panel("?", "Your prediction", (prediction.question,), "ask").html(sized=True)
        )
        below = ipywidgets.HBox([button, self._line], layout={"align_items": "center", "grid_gap": ".8em"})
        body = ipywidgets.VBox(
            [self._control.widget, below], layout={"padding": f"0 0 0 {_room()}", "grid_gap": ".4em"}
        )
        self._view = ipywidgets.VBox([head, body])
        self._view.add_class("course-prediction")
        self.refresh()

    def mimebundle(self) -> dict[str, Any]:
        """What the notebook needs to show the live widget."""
        return self._view._repr_mimebundle_()

    def refresh(self) -> None:
        """Show what is kept."""
        if self._prediction.value is not None:
            self._control.write(self._prediction.value)
        self._line.value = prose(self._prediction.status())

    def _commit(self, _: object) -> None:
        try:
            self._prediction.answer(self._control.read())
        except ValueError as error:
            self._line.value = prose(f"{error}.")


def _control(kind: Kind) -> Control:
    if isinstance(kind, Choice):
        return _buttons(kind)
    return _sliders(kind) if isinstance(kind, Marks) else _slider(kind)


def _buttons(kind: Choice) -> Control:
    """Buttons, of which the chosen one has a tick: JupyterLab takes the arrow keys that radio buttons would need."""
    look = {"style": {"button_width": "auto"}, "layout": {"width": "auto"}}
    named = [(f"{option}\u2002", option) for option in kind.options]  # a space between words and tick
    buttons = ipywidgets.ToggleButtons(options=named, value=None, **look)

    def tick(_: object = None) -> None:
        buttons.icons = ["check" if option == buttons.value else "circle-o" for option in kind.options]

    def read() -> str:
        if buttons.value is None:
            raise ValueError("Choose one first")
        return buttons.value

    buttons.observe(tick, "value")
    tick()
    return Control(buttons, read, lambda value: setattr(buttons, "value", value))


def _slider(kind: Number) -> Control:
    slider = _bare_slider(kind, kind.start)
    box = ipywidgets.VBox([slider, _scale(kind)], layout=UNCUT)
    return Control(box, lambda: _whole(kind, slider.value), lambda value: setattr(slider, "value", value))


def _sliders(kind: Marks) -> Control:
    """One slider for each mark, below each other, over one common scale."""
    sliders = [_bare_slider(kind.axis, at) for at in _spread(kind)]
    labels = [ipywidgets.HTML(prose(label)) for label in kind.labels]
    rows = [each for pair in zip(labels, sliders, strict=True) for each in pair]

    def write(values: tuple[float, ...]) -> None:
        for slider, value in zip(sliders, values, strict=True):
            slider.value = value

    box = ipywidgets.VBox([*rows, _scale(kind.axis)], layout=UNCUT)
    return Control(box, lambda: [each.value for each in sliders], write)


def _bare_slider(kind: Number, at: float) -> ipywidgets.Widget:
    look = {"layout": {"width": _width(), "margin": "0"}, "continuous_update": False}
    if kind.integer and not kind.log:
        return ipywidgets.IntSlider(at, min=kind.lo, max=kind.hi, **look)
    low, high = kind.place(kind.lo), kind.place(kind.hi)
    make = ipywidgets.FloatLogSlider if kind.log else ipywidgets.FloatSlider
    digits = ".0f" if kind.integer else ".3g"
    return make(at, min=low, max=high, step=(high - low) / 200, readout_format=digits, **look)


def _whole(kind: Number, value: float) -> float:
    """A log slider stops between whole numbers; what it shows is the rounded one."""
    return round(value) if kind.integer else value


def _scale(kind: Number) -> ipywidgets.HTML:
    """Numbers below the track: the ends, and between them the powers of ten or the middle."""
    low, high = kind.place(kind.lo), kind.place(kind.hi)
    # Six numbers beside each other at most, and four of the long ones: more run into one another.
    every = 1 if high - low <= 6 else 3 if high - low <= 12 else 5
    between = (
        {10.0**power: power for power in range(-30, 30, every)}
        if kind.log
        else {(kind.lo + kind.hi) / 2: (low + high) / 2}
    )
    places = {kind.lo: low, **between, kind.hi: high}
    shares = {value: (place - low) / (high - low) for value, place in places.items()}
    shares = {value: share for value, share in shares.items() if share in (0, 1) or 0.12 < share < 0.85}
    mark = '<span style="position:absolute;white-space:nowrap;left:{:.1f}%;transform:translateX(-50%)">{}</span>'
    marks = "".join(mark.format(100 * share, format_number(value)) for value, share in shares.items())
    beside = '<span style="position:absolute;white-space:nowrap;left:calc(100% + 2.5em)">{}</span>'
    unit = beside.format(prose(kind.unit)) if kind.unit else ""
    row = "position:relative;height:1.3em;line-height:1.3;font-size:.85em;opacity:.8"
    row += f";margin:0 {10 + READOUT * scale():.0f}px 0 {EDGE}px"
    return ipywidgets.HTML(f'<div style="{row}">{marks}{unit}</div>', layout={"width": _width(), "margin": "0"})


def _width() -> str:
    """In px, for slider and scale alike: an em is not the same length in both."""
    return f"{WIDTH * scale():.0f}px"


def _room() -> str:
    """Left of all controls, in px, for the first number of a scale: what reaches beyond is cut."""
    return f"{ROOM * scale():.0f}px"


def _spread(kind: Marks) -> list[float]:
    """Starting places, evenly over the axis, so that no two marks hide each other."""
    low, high = kind.axis.place(kind.axis.lo), kind.axis.place(kind.axis.hi)
    places = [low + (number + 1) / (len(kind.labels) + 1) * (high - low) for number in range(len(kind.labels))]
    return [10**place if kind.axis.log else place for place in places]
