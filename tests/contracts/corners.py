"""Both ends of every control of an explorer, in every combination: the corners of what a learner can set.

test_explorers.py goes along the diagonal and to places at random; where two controls are extreme at once is where a
picture breaks. `python -m tests.contracts.corners [NAME ...]` goes to the corners of all explorers, or of those named,
in the usual size and in the large one; with those that train, that takes some minutes. The tests go to those of the
quick ones.
"""

import itertools
import re
import sys
import warnings
from collections.abc import Iterator
from random import Random
from typing import Any

from matplotlib.text import Text

from course_lib import style
from course_lib.controls import Choice, Control
from course_lib.explorer import Explorer
from course_lib.stamp import Stamp
from tests.contracts.lessons import subclasses

AGAIN = 2  # corners that are gone to a second time, from elsewhere
NO_NUMBER = re.compile(r"\b(nan|inf)\b|(?<![\w.\])])[-−]0(\.0+)?(?!\.?\d|\w)", re.IGNORECASE)
"""What no picture and no sentence says: nan, inf, or a 0 with a minus."""


def extremes(control: Control) -> list[Any]:
    """Every option, or the lowest and the highest value."""
    return list(control.options) if isinstance(control, Choice) else list(control.places()[:2])


def corners(kind: type[Explorer]) -> list[dict[str, Any]]:
    """All combinations of the extremes of all controls."""
    combinations = itertools.product(*(extremes(control) for control in kind.controls.values()))
    return [dict(zip(kind.controls, values, strict=True)) for values in combinations]


def findings(kind: type[Explorer]) -> list[str]:
    """What is wrong in the corners, each with the setting where it is; some are gone to twice."""
    found, pictures = [], {}
    with warnings.catch_warnings(action="error"):
        explorer, settings = kind(), corners(kind)
        for k, setting in enumerate(settings):
            try:
                explorer.set(**setting)
                found += [f"{each} at {setting}" for each in _shown(explorer)]
                pictures[k] = explorer.pixels()
            except Exception as error:  # noqa: BLE001  (whatever it is, the learner would meet it)
                found.append(f"{error!r} at {setting}")
        for k in Random(0).sample(sorted(pictures), min(AGAIN, len(pictures))):
            if (off := (explorer.set(**settings[k]).pixels() != pictures[k]).any(-1).sum()) > 0:
                found.append(f"{off} pixels are others the second time at {settings[k]}")
    return found


def _shown(explorer: Explorer) -> Iterator[str]:
    """What is wrong with the words below the picture and those in it."""
    explorer._html()
    goal = explorer.goal(explorer.result)
    labels = [text for text in explorer.fig.findobj(Text) if text.get_visible() and text.get_text().strip()]
    stamps = [stamp for stamp in explorer.fig.findobj(Stamp) if stamp.get_visible() and stamp.text]
    written = [*(text.get_text() for text in labels), *(stamp.text for stamp in stamps)]
    for words in (explorer.describe(explorer.result), *(goal or ())[1:], *written):
        if there := NO_NUMBER.search(words):
            yield f"{there[0]!r} in {words!r}"
    renderer, whole = explorer.canvas.get_renderer(), explorer.fig.bbox
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in labels if not text.get_clip_on()]
    boxes += [(stamp.text, stamp.covers(renderer.dpi)) for stamp in stamps]
    for text, box in boxes:
        if box.width and not (whole.x0 - 1 <= box.x0 and box.x1 <= whole.x1 + 1):
            yield f"{text!r} leaves the picture at its side"
        if box.width and not (whole.y0 - 1 <= box.y0 and box.y1 <= whole.y1 + 1):
            yield f"{text!r} leaves the picture at its top or bottom"


def main(names: list[str]) -> int:
    """Prints a line an explorer and size; 1 where anything was found."""
    wrong = 0
    for lecture, kind in itertools.product((False, True), subclasses(Explorer)):
        if names and kind.__name__ not in names:
            continue
        style.use_style(lecture=lecture)
        found = findings(kind)
        wrong += bool(found)
        size = "large" if lecture else "usual"
        print(f"{'✗' if found else '✓'} {kind.__name__}, {len(corners(kind))} corners, {size} size", flush=True)
        for each in found:
            print(f"  {each}", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
