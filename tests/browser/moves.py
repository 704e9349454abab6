"""What a learner does with an explorer, and what can then be seen of it."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator

SHOWN = """box => {
    const img = box.querySelector('img');
    return {src: img?.src ?? '', alt: img?.alt ?? '', width: img?.complete ? img.naturalWidth : 0,
            opacity: img ? Number(getComputedStyle(img).opacity) : 0,
            says: box.querySelector('.course-says')?.innerText ?? ''};
}"""
MOVES = 60  # of the mouse, in one drag
STEPS = 250  # of a slider from one end to the other, at most


@dataclass(frozen=True)
class Shown:
    """What an explorer shows at one moment.

    Attributes:
        src: the picture, as a data address.
        alt: its alternative text.
        width: of the decoded picture in its own pixels; 0 while it is not decoded.
        opacity: 1, less for a picture that is out of date.
        says: the sentence below it.
    """

    src: str
    alt: str
    width: int
    opacity: float
    says: str

    @property
    def png(self) -> bytes:
        return base64.b64decode(self.src.partition(",")[2])


def shown(explorer: Locator) -> Shown:
    return Shown(**explorer.evaluate(SHOWN))


def wait_for(explorer: Locator, test: str, what: object = None) -> Shown:
    """Waits until a JavaScript expression in `now` (as `Shown`, without png) and `what` is true, and says what then is.

    Args:
        explorer: one explorer.
        test: such as ``now.says.includes(what)``.
        what: a value that the expression may use.
    """
    explorer.page.wait_for_function(
        f"([box, what]) => {{ const now = ({SHOWN})(box); return now.width > 0 && ({test}); }}",
        arg=[explorer.element_handle(), what],
    )
    return shown(explorer)


def press(explorer: Locator, key: str, *, slider: int = 0) -> None:
    """A key for the handle of one of the explorer's sliders."""
    handle = explorer.locator(".noUi-handle").nth(slider)
    handle.focus()
    explorer.page.keyboard.press(key)


def readout(explorer: Locator, *, slider: int = 0) -> float:
    """The number beside a slider."""
    return float(explorer.locator(".widget-readout").nth(slider).inner_text().replace("−", "-"))


def move_to(place: Locator, value: float, *, slider: int = 0) -> None:
    """With the arrow keys, step by step, until a slider has come to the value or just beyond it.

    Args:
        place: an explorer, or the output that holds a prediction.
        value: as the slider shows it.
        slider: which of them, in the order of the page.
    """
    before = readout(place, slider=slider)
    key, shown_now = "ArrowRight" if before < value else "ArrowLeft", place.locator(".widget-readout").nth(slider)
    for _ in range(STEPS):
        now = readout(place, slider=slider)
        if now == value or (now > value) == (key == "ArrowRight"):
            return
        press(place, key, slider=slider)
        place.page.wait_for_function(
            "([box, before]) => Number(box.innerText.replace('−', '-')) !== before",
            arg=[shown_now.element_handle(), now],
        )
    raise AssertionError(f"slider {slider} has come from {before} to {now}, and {value} was asked for")


def choose(explorer: Locator, option: str) -> None:
    """A button by keyboard: it gets the focus, and a space presses it."""
    explorer.get_by_role("button", name=option, exact=True).focus()
    explorer.page.keyboard.press("Space")


def commit(prediction: Locator) -> None:
    """Keeps the answer that the sliders or buttons of a prediction show."""
    prediction.get_by_role("button", name="Commit").click()
    prediction.get_by_text("Kept:").wait_for()


def drag(explorer: Locator, *, to: float, seconds: float) -> float:
    """Drags the first slider with the mouse.

    Args:
        explorer: one explorer.
        to: where to let go, as a share of the track.
        seconds: how long it takes, about.

    Returns:
        The moment before the button was released, in seconds since 1970.
    """
    mouse = explorer.page.mouse
    handle = explorer.locator(".noUi-handle").first.bounding_box()
    track = explorer.locator(".noUi-base").first.bounding_box()
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    end = track["x"] + to * track["width"]
    mouse.move(x, y)
    mouse.down()
    begin = time.monotonic()
    for k in range(1, MOVES + 1):
        mouse.move(x + (end - x) * k / MOVES, y)
        time.sleep(max(0, begin + seconds * k / MOVES - time.monotonic()))  # a hand takes its time
    released = time.time()
    mouse.up()
    return released
