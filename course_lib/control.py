"""What an explorer asks of a control, whatever kind it is."""

from __future__ import annotations

from random import Random
from typing import Any

import ipywidgets as widgets


class Control:
    """What an explorer asks of a control; `start` is its value before anyone touches it."""

    start: Any
    tall: bool = False
    """Whether it stands beside the picture, and not above it."""

    def check(self, value: Any) -> Any:
        """The value as `compute` gets it; ValueError names it when it lies outside."""
        raise NotImplementedError

    def places(self) -> tuple[Any, Any, Any]:
        """Lowest, highest and middle value, for tests."""
        raise NotImplementedError

    def random(self, rng: Random) -> Any:
        """Any valid value, for tests."""
        raise NotImplementedError

    def widgets(self, name: str) -> tuple[widgets.Widget, list[widgets.Widget]]:
        """The widget to show, and the inputs inside it whose `value` can change."""
        raise NotImplementedError

    def read(self, inputs: list[widgets.Widget]) -> Any:
        """The value that the inputs show."""
        return inputs[0].value

    def write(self, inputs: list[widgets.Widget], value: Any) -> None:
        """Let the inputs show a value."""
        inputs[0].value = value
