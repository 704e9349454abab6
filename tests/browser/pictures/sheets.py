"""Contact sheets: all figures and explorers of a lesson side by side, to see whether they look like one hand's.

An explorer stands there as it begins, then with each slider at both ends, and after each of its buttons.
"""

from __future__ import annotations

import base64
import io
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageDraw, ImageFont

from course_lib.commands.checkout import ROOT
from tests.browser.moves import press, shown, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

    from tests.browser.lab import Lab, Notebook

SIZES = {"normal": "", "lecture": ", lecture=True"}
"""Of the figures: what `course.setup` is told besides the seed."""
COLUMN, COLUMNS, LONG, GAP = 760, 2, 1500, 12  # pixels: a column, how many, where a sheet ends, between two tiles
SETTLE = 250  # ms, in which a key reaches the kernel


class Tile(NamedTuple):
    """One picture on a sheet, and what is written above it."""

    words: str
    picture: Image.Image


def copy_notebooks(folder: Path, size: str) -> Path:
    """Copies the lessons, with figures of a size, and returns the folder."""
    shutil.copytree(ROOT / "notebooks", folder, ignore=shutil.ignore_patterns(".*"))
    for path in folder.glob("*.ipynb"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("course.setup(seed=0)", f"course.setup(seed=0{SIZES[size]})"), encoding="utf-8")
    return folder


def tiles(lesson: str, lab: Lab, browser: Browser) -> Iterator[Tile]:
    """Runs a lesson, and yields every figure and every explorer."""
    notebook = lab.open(browser, f"{lesson}.ipynb")
    try:
        notebook.run_all()
        for error in notebook.errors():
            print(f"{lesson}: {error}")
        for cell in notebook.cells():
            if "explorer" in cell["metadata"].get("tags", []):
                yield from _explorer(notebook, cell["id"])
            elif cell["cell_type"] == "code":
                yield from _figures(cell)
    finally:
        notebook.close()


def _figures(cell: dict) -> Iterator[Tile]:
    for output in cell["outputs"]:
        html = "".join(output.get("data", {}).get("text/html", ""))
        for data in re.findall(r'src="data:image/png;base64,([^"]*)"', html):
            yield Tile(cell["id"], _image(base64.b64decode(data)))


def _explorer(notebook: Notebook, cell: str) -> Iterator[Tile]:
    notebook.cell(cell).scroll_into_view_if_needed()
    place = notebook.output(cell).locator(".course-explorer")
    seen = {wait_for(place, "true").src}
    yield Tile(f"{cell}: start", _image(place.screenshot()))
    moves = [(f"slider {k + 1} {key}", k, key) for k in range(place.locator(".noUi-handle").count()) for key in ENDS]
    buttons = place.locator(".jupyter-button:not(.course-board *)")
    names = [name for name in map(str.strip, buttons.all_inner_texts()) if name != "Reset"]
    for words, slider, key in moves:
        press(place, key, slider=slider)
        yield from _new(notebook, place, f"{cell}: {words}", seen)
    for name in names:
        place.get_by_role("button", name=name, exact=True).first.click()
        yield from _new(notebook, place, f"{cell}: {name}", seen)


ENDS = ("Home", "End")


def _new(notebook: Notebook, place: Locator, words: str, seen: set[str]) -> Iterator[Tile]:
    """What is shown after a move, unless it has been seen; then back to the start."""
    _settle(notebook)
    now = shown(place)
    if now.src not in seen:
        seen.add(now.src)
        yield Tile(words, _image(now.png))
    place.get_by_role("button", name="Reset").click()
    _settle(notebook)


def _settle(notebook: Notebook) -> None:
    notebook.page.wait_for_timeout(SETTLE)
    notebook.wait_until_idle()
    notebook.page.wait_for_timeout(SETTLE // 5)


def _image(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def lay(found: list[Tile], *, columns: int = COLUMNS) -> list[Image.Image]:
    """Lays tiles on sheets, each into the shortest column."""
    font = ImageFont.load_default(15)
    sheets, heights = [], None
    for tile in found:
        width = min(COLUMN, tile.picture.width)
        picture = tile.picture.resize((width, round(tile.picture.height * width / tile.picture.width)), Image.LANCZOS)
        if heights is None or min(heights) + picture.height + 30 > LONG:
            sheets.append(Image.new("RGB", (columns * (COLUMN + GAP), LONG + 400), "#f4f4f4"))
            heights = [0] * columns
        column = heights.index(min(heights))
        left, top = column * (COLUMN + GAP), heights[column]
        ImageDraw.Draw(sheets[-1]).text((left + 4, top + 4), tile.words, fill="#882255", font=font)
        sheets[-1].paste(picture, (left, top + 24))
        heights[column] += picture.height + 24 + GAP
        sheets[-1].info["used"] = max(heights)
    return [sheet.crop((0, 0, sheet.width, sheet.info["used"])) for sheet in sheets]


def write(tiles: Iterable[Tile], folder: Path, name: str) -> list[Path]:
    """Writes the sheets in colour and in grey, NAME-1.png, NAME-grey-1.png and so on.

    A lesson takes minutes: each picture is told when it is there, and those that are there are kept when a later one
    fails or Ctrl+C stops it.

    Returns:
        The files.
    """
    found, files = [], []
    try:
        for tile in tiles:
            print(f"{name}: {tile.words}", flush=True)
            found.append(tile)
    finally:
        for look in ("", "-grey"):
            for number, sheet in enumerate(lay(found), start=1):
                files.append(folder / f"{name}{look}-{number}.png")
                (sheet.convert("L") if look else sheet).save(files[-1])
    return files
