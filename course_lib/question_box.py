"""The live form of a prediction in a notebook: question, control, a button, and the line that says what is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets

from course_lib.answers import Choice, Marks, Number, format_number
from course_lib.panel import Panel, prose

if TYPE_CHECKING:
    from course_lib.prediction import Prediction


class QuestionBox:
    """Widgets of one prediction. All of them work by keyboard."""

    def __init__(self, prediction: Prediction) -> None:
        self._prediction = prediction
        self._control, self._read = _control(prediction.kind, prediction.value)
        self._button = ipywidgets.Button(description="Commit", tooltip="Keep this answer")
        self._button.on_click(self._commit)
        self._line = ipywidgets.HTML()
        head = ipywidgets.HTMLMath(Panel("?", "Your prediction", (prediction.question,), "ask").html())
        below = ipywidgets.HBox([self._button, self._line], layout={"align_items": "center"})
        self._view = ipywidgets.VBox([head, self._control, below])
        self._view.add_class("course-prediction")
        self.refresh()

    def mimebundle(self) -> dict[str, Any]:
        """What the notebook needs to show the live widget."""
        return self._view._repr_mimebundle_()

    def refresh(self, words: str | None = None) -> None:
        """Show what is kept, or `words`."""
        self._line.value = prose(words or self._prediction.status())

    def _commit(self, _: object) -> None:
        try:
            self._prediction.answer(self._read())
        except ValueError as error:
            self.refresh(f"{error}.")


def _control(kind: Any, kept: Any) -> tuple[ipywidgets.Widget, Any]:
    """The control and a function that reads it."""
    if isinstance(kind, Choice):
        buttons = ipywidgets.RadioButtons(options=kind.options, value=kept, layout={"width": "auto"})
        return buttons, lambda: _chosen(buttons.value)
    if isinstance(kind, Marks):
        starts = kept or _spread(kind)
        sliders = [_slider(kind.axis, label, at) for label, at in zip(kind.labels, starts, strict=True)]
        return ipywidgets.VBox([*sliders, _scale(kind.axis)]), lambda: [each.value for each in sliders]
    slider = _slider(kind, "your answer", kind.start if kept is None else kept)
    return ipywidgets.VBox([slider, _scale(kind)]), lambda: slider.value


def _chosen(value: str | None) -> str:
    if value is None:
        raise ValueError("Choose one first")
    return value


def _slider(kind: Number, label: str, at: float) -> ipywidgets.Widget:
    look = {"description": label, "layout": {"width": "32em"}, "style": {"description_width": "9em"}}
    look["continuous_update"] = False
    if kind.integer and not kind.log:
        return ipywidgets.IntSlider(at, min=kind.lo, max=kind.hi, **look)
    low, high = kind.place(kind.lo), kind.place(kind.hi)
    make = ipywidgets.FloatLogSlider if kind.log else ipywidgets.FloatSlider
    return make(at, min=low, max=high, step=(high - low) / 200, readout_format=".3g", **look)


def _scale(kind: Number) -> ipywidgets.HTML:
    """The ends of the axis below the slider."""
    left, right = format_number(kind.lo), kind.words(kind.hi)
    row = "display:flex;justify-content:space-between;width:17.5em;margin-left:9.3em;font-size:.85em;opacity:.75"
    return ipywidgets.HTML(f'<div style="{row}"><span>{left}</span><span>{right}</span></div>')


def _spread(kind: Marks) -> list[float]:
    """Starting places, evenly over the axis, so that no two marks hide each other."""
    low, high = kind.axis.place(kind.axis.lo), kind.axis.place(kind.axis.hi)
    shares = [(number + 1) / (len(kind.labels) + 1) for number in range(len(kind.labels))]
    places = [low + share * (high - low) for share in shares]
    return [10**place if kind.axis.log else place for place in places]
