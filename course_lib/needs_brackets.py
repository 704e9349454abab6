"""What a notebook shows when the brackets of a method are forgotten: how to call it, instead of its address."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from course_lib.panel import Panel


class NeedsBrackets:
    """Decorates a method without arguments of an object that says `how` a notebook calls its methods.

    Called, it is that method. As the last line of a cell without its brackets, where Python shows a bound method, it
    says what to write.
    """

    def __init__(self, method: Callable[[Any], Any]) -> None:
        update_wrapper(self, method)

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        return self if owner is None else _Bound(self.__wrapped__, owner)


class _Bound:
    def __init__(self, method: Callable[[Any], Any], owner: Any) -> None:
        self._method, self._owner = method, owner

    def __call__(self) -> Any:
        return self._method(self._owner)

    def _panel(self) -> Panel:
        how = self._owner.how(self._method.__name__)
        return Panel("→", "The brackets are missing", (f"Write {how}, with its brackets: they run it.",), "neutral")

    def __repr__(self) -> str:
        return str(self._panel())

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return self._panel()._repr_mimebundle_()
