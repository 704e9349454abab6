"""Key press to picture, in JupyterLab in Chromium, against the floor and against `ipywidgets.interact`.

A picture counts when it is decoded, a text when it is in the page; the screen shows either with its next frame. Frames
are not waited for: they come every 16.7 ms, so that two things that are a millisecond apart could measure one frame
apart, or none.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat

from benchmarks.measure import Row, Target
from benchmarks.pace import at_a_pace
from course_lib.controls import Slider
from course_lib.explorer import Explorer
from tests.browser.lab import IDS, NO_CHROMIUM, PANEL, Lab, Notebook, browser_window, chromium
from tests.contracts.lessons import subclasses

if TYPE_CHECKING:
    from playwright.sync_api import Page

SETUP = """
import course_lib as course, ipywidgets as widgets, matplotlib.pyplot as plt
from course_lib.controls import Slider
from course_lib.explorer import DPI
course.setup(seed=0)

def interact(explorer):
    def shown(**moved):
        figure = plt.figure(figsize=explorer.figsize, dpi=DPI)
        explorer.draw(figure, explorer.compute(**{**explorer.start, **moved}))
        plt.show()

    name, control = next((name, each) for name, each in explorer.controls.items() if isinstance(each, Slider))
    peer = widgets.interactive(shown, **{name: control.widgets(name)[0]})
    peer.add_class(f"interact-{type(explorer).__name__}")
    return peer

label = widgets.Label("0")
slider = widgets.FloatSlider(min=0, max=10, step=0.1, value=5)
slider.observe(lambda change: setattr(label, "value", str(change["new"])), "value")
box = widgets.VBox([slider, label])
box.add_class("floor")
label.add_class("words")
box
"""
PRESS = """async ([box, words, key]) => {
    const handle = box.querySelector('.noUi-handle');
    const picture = () => box.querySelector('img');
    const seen = () => {
        if (words) return box.querySelector(words).innerText;
        return picture()?.complete && picture().naturalWidth > 0 ? picture().src : null;
    };
    const before = seen(), start = performance.now();
    const observer = new MutationObserver(() => look());
    let look, timer;
    const there = new Promise((resolve, reject) => {
        look = () => [null, before].includes(seen()) || resolve();
        timer = setTimeout(() => reject(new Error('nothing new after 5 s')), 5000);
    });
    observer.observe(box, {subtree: true, childList: true, characterData: true});
    box.addEventListener('load', look, true);
    try {
        handle.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
        await there;
        if (!words) await picture().decode();
        return performance.now() - start;
    } finally {
        clearTimeout(timer);
        observer.disconnect();
        box.removeEventListener('load', look, true);
    }
}"""
CLEAR = f"""async cells => {{
    const book = {PANEL}.content, ids = {IDS};
    for (const cell of cells) book.widgets[ids.indexOf(cell)].outputArea.model.clear();
}}"""
FRAME = 16.7  # ms, of a screen with 60 frames a second
FASTER = 3
PAUSE = 250  # ms between two keys, for the rest of the page to come to rest


def rows(*, quick: bool) -> Iterator[Row]:
    """One explorer after the other on the same page, each gone from it before the next one is there."""
    light = [kind for kind in subclasses(Explorer) if kind.allowed_ms() == Explorer.allowed_ms()]
    kinds = [kind for kind in light if _has_a_slider(kind)][: 1 if quick else None]
    if chromium() is None:
        yield Row("page: key to picture", None, None, "ms", Target("later", FRAME), NO_CHROMIUM)
        return
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder) / "page.ipynb", kinds)
        with Lab(Path(folder)) as lab, browser_window() as browser:
            notebook = lab.open(browser, "page.ipynb")
            _run(notebook, "setup")
            for kind in kinds:
                cells = (f"ours-{kind.__name__}", f"interact-{kind.__name__}")
                _run(notebook, *cells)
                yield from _rows(notebook.page, kind, rounds=1 if quick else 3)
                notebook.page.evaluate(CLEAR, cells)


def _has_a_slider(kind: type[Explorer]) -> bool:
    """A switch of a board takes the same way as a slider, and `interact` has no board to compare it with."""
    return any(isinstance(control, Slider) for control in kind.controls.values())


def _write(path: Path, kinds: list[type[Explorer]]) -> None:
    cells = {"setup": SETUP}
    for kind in kinds:
        name = kind.__name__
        cells[f"ours-{name}"] = f"from {kind.__module__} import {name}\n{name}()"
        cells[f"interact-{name}"] = f"interact({name}())"
    nb = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source.strip(), id=id) for id, source in cells.items()]
    )
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nb, path)


def _run(notebook: Notebook, *cells: str) -> None:
    notebook.run(*cells)
    if notebook.errors():
        raise RuntimeError("\n".join(notebook.errors()))


def _rows(page: Page, kind: type[Explorer], *, rounds: int) -> list[Row]:
    (floor, ours, interact), slower = at_a_pace(lambda: _measured(page, kind, rounds))
    what, peer = f"page: key to picture, {kind.__name__}", "same draw, new pyplot figure"
    one_frame, label = Target("later", FRAME), "a slider that moves a Label"
    return [
        Row(f"{what}, against a Label", ours, floor, "ms", one_frame, label, slower),
        Row(f"{what}, against interact", ours, interact, "ms", Target("faster", FASTER), peer, slower),
    ]


def _measured(page: Page, kind: type[Explorer], rounds: int) -> list[float]:
    """Presses in turn the floor's slider, ours and interact's, eight times each a round; the median ms of each."""
    sides = {"floor": (".floor", ".words"), "ours": (f".course-{kind.__name__}", "")}
    sides["interact"] = (f".interact-{kind.__name__}", "")
    took: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds + 1):
        for name, (place, words) in sides.items():
            box = page.locator(place)
            box.scroll_into_view_if_needed()
            page.wait_for_timeout(PAUSE)
            handle = box.element_handle()
            for k in range(8):
                took[name].append(page.evaluate(PRESS, [handle, words, ("ArrowRight", "ArrowLeft")[k % 2]]))
                page.wait_for_timeout(PAUSE)
    return [statistics.median(each[8:]) for each in took.values()]
