"""README's pictures: which cells of which lesson they show, and what a learner does there before they are taken."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageChops

from course_lib.commands.checkout import ROOT
from tests.browser.moves import choose, commit, move_to, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.lab import Lab, Notebook

FOLDER = ROOT / ".github" / "pictures"
HEIGHT = 1800  # CSS pixels of the page: all of a picture is on it at once
DENSITY = 1.5  # pixels of the picture in a CSS pixel
MARGIN = 8  # CSS pixels around what is shown


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        lesson: the notebook, "03_learning_rates".
        run: ids of the cells that are run first, in this order.
        do: what a learner does then.
        cells: ids of the cells that are in the picture, from the first to the last.
        code: whether their code is in the picture, too.
        width: of the page, CSS pixels. At 940 a picture is about as wide as README; longer lines of code need more.
    """

    lesson: str
    run: tuple[str, ...]
    cells: tuple[str, ...]
    do: Callable[[Notebook], None] = lambda notebook: None
    code: bool = True
    width: int = 940


def place_five_bumps(notebook: Notebook) -> None:
    """Lesson 02: by keyboard, a bump on each peak of the coffee."""
    game = notebook.output("bump-game").locator(".course-explorer")
    wait_for(game, "true")
    for bump, (hour, litres) in enumerate(((8.6, 3), (10.5, 4.8), (12.8, 3.2), (15, 2), (16.5, 1.9)), start=1):
        choose(game, str(bump))
        wait_for(game, "now.says.startsWith(what)", f"Bump {bump} ")
        move_to(game, hour, slider=0)
        move_to(game, litres, slider=1)
    game.get_by_text("Goal reached").wait_for()


def mark_the_window(notebook: Notebook) -> None:
    """Lesson 03: say between which rates a net learns, then train 320 nets and look."""
    box = notebook.output("window-predict")
    for slider, rate in enumerate((1e-4, 0.1)):
        move_to(box, rate, slider=slider)
    commit(box)
    notebook.run("sweep", "curvature-raw", "sweep-reveal")


TWO_SLIPS = """def gradients(x, y, W1, b1, W2, b2, W3, b3):
    z1 = x @ W1.T + b1  # (B, H1)
    h1 = z1.relu()
    z2 = h1 @ W2.T + b2  # (B, H2)
    h2 = z2.sigmoid()
    z3 = h2 @ W3.T + b3  # (B, K), the logits
    dz3 = (z3.softmax(1) - torch.nn.functional.one_hot(y, z3.shape[1])) / len(y)
    dW3, db3 = dz3.T @ h2, dz3.sum(0)
    dz2 = dz3 @ W3 * h2 * (1 - h2)
    dW2, db2 = dz2.T @ h1, dz2.mean(0)
    dz1 = dz2 @ W2
    dW1, db1 = dz1.T @ x, dz1.sum(0)
    return dW1, db1, dW2, db2, dW3, db3


lesson.net.check(gradients)"""


def make_two_slips(notebook: Notebook) -> None:
    """Lesson 04: forget a ReLU on the way back, and average where slopes add up."""
    notebook.type("net", TWO_SLIPS)
    notebook.output("net").locator(".jp-RenderedHTMLCommon").first.wait_for()


PICTURES = {
    "bumps": Picture("02_bumps_from_sigmoids", ("setup", "bump-game"), ("bump-game",), place_five_bumps, code=False),
    "prediction": Picture(
        "03_learning_rates",
        ("setup", "look-at-data", "loop", "window-predict"),
        ("sweep-reveal",),
        mark_the_window,
        code=False,
    ),
    "slips": Picture("04_backprop", ("setup",), ("net",), make_two_slips),
    "diagnosis": Picture(
        "03_learning_rates", ("setup", "look-at-data", "loop", "quiz-curves", "why-stuck"), ("why-stuck",), width=1100
    ),
    "claims": Picture(
        "00_start_here",
        ("setup", "program", "sheet", "shifted", "shape-reveal", "claim-reads", "claim-moved"),
        ("claim-reads", "claim-moved"),
        width=1160,
    ),
}
"""In the order of README, by the name of the file."""


LOOK = ".jp-cell-toolbar {display: none} .jp-OutputArea-output pre {word-break: normal}"
"""Without the buttons that lie over the active cell; and lines that are too long break between words, not within."""


def take(picture: Picture, lab: Lab, browser: Browser, file: Path) -> Path:
    """Opens the notebook, does what a learner does, and writes what is then to be seen.

    Args:
        picture: which.
        lab: over a copy of the notebooks.
        browser: of `browser_window`.
        file: where to.

    Raises:
        RuntimeError: a cell failed.
    """
    notebook = lab.open(browser, f"{picture.lesson}.ipynb", width=picture.width, height=HEIGHT, density=DENSITY)
    try:
        notebook.page.add_style_tag(content=LOOK)
        notebook.run(*picture.run)
        picture.do(notebook)
        if notebook.errors():
            raise RuntimeError("\n".join(notebook.errors()))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_small(_seen(notebook, picture)))
    finally:
        notebook.close()
    return file


def _seen(notebook: Notebook, picture: Picture) -> bytes:
    """The page from the first cell to the last, without what JupyterLab draws beside them."""
    notebook.page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex = 0")  # its mark is none of ours
    for cell in (picture.cells[-1], picture.cells[0]):
        notebook.cell(cell).scroll_into_view_if_needed()
    parts = ".jp-OutputArea-output" + (", .jp-InputArea-editor" if picture.code else "")
    boxes = [part.bounding_box() for cell in picture.cells for part in notebook.cell(cell).locator(parts).all()]
    boxes = [box for box in boxes if box and box["height"]]
    x, y = (min(box[side] for box in boxes) for side in "xy")
    right, bottom = (max(box[a] + box[b] for box in boxes) for a, b in (("x", "width"), ("y", "height")))
    clip = {"x": x, "y": y, "width": right - x, "height": bottom - y}
    return notebook.page.screenshot(clip=clip, animations="disabled", caret="hide")


def _small(png: bytes) -> bytes:
    """Without the white around it, in 256 colours."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    left, top, right, bottom = ImageChops.difference(image, Image.new("RGB", image.size, "white")).getbbox()
    edge = round(MARGIN * DENSITY)
    sheet = Image.new("RGB", (right - left + 2 * edge, bottom - top + 2 * edge), "white")
    sheet.paste(image.crop((left, top, right, bottom)), (edge, edge))
    file = io.BytesIO()
    sheet.quantize(256, dither=Image.Dither.NONE).save(file, "png", optimize=True)
    return file.getvalue()
