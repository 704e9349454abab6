"""A JupyterLab of one's own, the Chromium that looks at it, and a notebook open in both.

The server gets folders of its own for everything it reads or writes, so that it neither sees nor changes what the
person at this machine has set. The benchmarks use these classes too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_lib.commands.lecture_settings import SETTINGS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
NO_CHROMIUM = "There is no Chromium here: install it (Debian and Ubuntu: apt-get install chromium) and run again."
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_SECONDS, CELLS_SECONDS = 90, 180  # at most, on two busy cores
EXTENSION = "@jupyterlab/apputils-extension"


def chromium() -> str | None:
    """Where the browser is, None when there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def browser_window() -> Iterator[Browser]:
    """Starts Chromium without a window on the screen; its profile is empty and is thrown away."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


class Lab:
    """A JupyterLab server on a free port, over a folder.

    Args:
        folder: what it shows; notebooks run in here.
        theme: "JupyterLab Light" or "JupyterLab Dark".
        lecture: with the settings and the environment that `course lab --lecture` gives it.

    Use it in a `with` block. Raises RuntimeError, with the server's last words, when it does not start.
    """

    def __init__(self, folder: Path, *, theme: str = "JupyterLab Light", lecture: bool = False) -> None:
        self.folder, self.theme, self.lecture, self.url = folder, theme, lecture, ""
        self._pages: dict[tuple[Browser, float, float, float], list[Page]] = {}  # those that show no notebook

    def __enter__(self) -> Lab:
        self._own = Path(tempfile.mkdtemp(prefix="course-lab-"))
        self._settings()
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"]
        command += [f"--ServerApp.root_dir={self.folder}", "--IdentityProvider.token=", "--ServerApp.password="]
        with (self._own / "log").open("wb") as log:
            self._server = subprocess.Popen(command, env=self._environment(), stdout=log, stderr=log)
        try:
            self.url = self._wait_for_url()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate()  # it ends its kernels itself
        try:
            self._server.wait(20)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        shutil.rmtree(self._own, ignore_errors=True)

    def _settings(self) -> None:
        """Nothing may pop up over the notebook: no news, no question about updates."""
        settings = {
            "notification": {"fetchNews": "false", "checkForUpdates": False},
            "themes": {"theme": self.theme, **(SETTINGS["themes"] if self.lecture else {})},
        }
        folder = self._own / "config" / "lab" / "user-settings" / EXTENSION
        folder.mkdir(parents=True)
        for name, content in settings.items():
            (folder / f"{name}.jupyterlab-settings").write_text(json.dumps(content), encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        own = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "IPYTHONDIR": "ipython",
            "COURSE_PROGRESS": "progress.jsonl",
        }
        places = {name: str(self._own / place) for name, place in own.items()}
        return os.environ | places | {"COURSE_LECTURE": str(int(self.lecture))}

    def _wait_for_url(self) -> str:
        """The address, once the server answers there; it writes it down itself, so no port has to be guessed."""
        end = time.monotonic() + START_SECONDS
        note = self._own / "runtime" / f"jpserver-{self._server.pid}.json"
        while time.monotonic() < end and self._server.poll() is None:
            try:
                return json.loads(note.read_text(encoding="utf-8"))["url"]
            except (OSError, ValueError):  # not there yet, or half written
                time.sleep(0.1)
        raise RuntimeError(f"JupyterLab did not start:\n{(self._own / 'log').read_text(errors='replace')[-2000:]}")

    def open(
        self, browser: Browser, name: str, *, width: int = 1300, height: int = 1100, density: float = 1
    ) -> Notebook:
        """Opens the notebook `name` of the folder, and waits until its kernel is idle.

        A page of this size that showed a notebook before shows this one, as if it were chosen in the list of files: to
        load JupyterLab takes longer than most lessons. Where there is none, or none left, a new one is loaded.

        Args:
            browser: of `browser_window`.
            name: file name.
            width, height: of the page, CSS pixels.
            density: pixels of the screen in a CSS pixel, each way.
        """
        free = self._pages.setdefault((browser, width, height, density), [])
        if free:
            page = free.pop()
            page.evaluate("async path => { await jupyterapp.commands.execute('docmanager:open', {path}); }", name)
        else:
            page = browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=density)
            page.set_default_timeout(1000 * START_SECONDS)
            page.goto(f"{self.url}lab/tree/{name}?reset")
        notebook = Notebook(page, name, free)
        notebook.wait_until_idle()
        page.evaluate("jupyterapp.shell.collapseLeft()")
        return notebook


PANEL = "jupyterapp.shell.currentWidget"
IDS = f"Array.from({PANEL}.content.model.cells, cell => cell.id)"
IDLE = """name => {
    const panel = window.jupyterapp?.shell?.currentWidget;
    return panel?.context?.path === name && panel.content?.model?.cells?.length > 0
        && panel.sessionContext?.session?.kernel?.status === 'idle';
}"""
RUN = f"""async cells => {{
    const book = {PANEL}.content, ids = {IDS};
    book.deselectAll();
    book.activeCellIndex = ids.indexOf(cells[0]);
    for (const cell of cells) book.select(book.widgets[ids.indexOf(cell)]);
    await jupyterapp.commands.execute('notebook:run-cell');
}}"""
CLOSE = f"""async () => {{
    const panel = {PANEL};
    await panel.sessionContext.shutdown();
    panel.context.model.dirty = false;  // or it would ask whether to save
    await panel.close();
}}"""


class Notebook:
    """A notebook in a page of JupyterLab; `page` is playwright's, for all that is not here."""

    def __init__(self, page: Page, name: str, free: list[Page]) -> None:
        self.page, self._name, self._free = page, name, free

    def close(self) -> None:
        """Ends the kernel and closes the notebook, unsaved. A kernel left alive would greet whoever opens it next."""
        try:
            self.page.evaluate(CLOSE)
        except BaseException:
            self.page.close()
            raise
        self._free.append(self.page)

    def wait_until_idle(self) -> None:
        self.page.wait_for_function(IDLE, arg=self._name, timeout=1000 * CELLS_SECONDS)

    def run_all(self) -> None:
        """Run > Run All Cells, as the menu does it; returns when the last cell is done."""
        self.page.set_default_timeout(1000 * CELLS_SECONDS)
        self.page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
        self.wait_until_idle()

    def run(self, *cells: str) -> None:
        """Selects cells, by their ids, and runs them, one after the other until one fails; returns when all are done.

        Each cell on its own would take half a second more, in which the page scrolls to it and draws it.
        """
        self.page.set_default_timeout(1000 * CELLS_SECONDS)
        self.page.evaluate(RUN, cells)
        self.wait_until_idle()

    def index(self, cell: str | int) -> int:
        """Where a cell stands, by its id; asked often, so the outputs, megabytes of pictures, stay in the page."""
        return cell if isinstance(cell, int) else self.page.evaluate(IDS).index(cell)

    def cells(self) -> list[dict[str, Any]]:
        """All cells with their outputs, in the form of the file."""
        return self.page.evaluate(f"{PANEL}.content.model.toJSON().cells")

    def content(self, cell: str | int) -> dict[str, Any]:
        """One cell with its outputs, in the form of the file."""
        return self.page.evaluate(f"i => {PANEL}.content.model.cells.get(i).toJSON()", self.index(cell))

    def cell(self, cell: str | int) -> Locator:
        """A cell on the page."""
        return self.page.locator(f".jp-Notebook .jp-Cell[data-windowed-list-index='{self.index(cell)}']")

    def output(self, cell: str | int) -> Locator:
        return self.cell(cell).locator(".jp-Cell-outputArea")

    def type(self, cell: str | int, source: str) -> None:
        """Replaces what stands in a code cell by typing into it, and runs it by Shift+Enter."""
        place = self.cell(cell)
        place.scroll_into_view_if_needed()
        place.locator(".cm-content").click()
        before = self.content(cell)["execution_count"]
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)
        self.page.keyboard.press("Shift+Enter")
        self.page.wait_for_function(
            f"([i, before]) => ![null, before].includes({PANEL}.content.model.cells.get(i).executionCount)",
            arg=[self.index(cell), before],
        )
        self.wait_until_idle()

    def errors(self) -> list[str]:
        """What cells raised, a line each."""
        outputs = [(cell["id"], output) for cell in self.cells() for output in cell.get("outputs", [])]
        return [f"{id}: {o['ename']}: {o['evalue']}" for id, o in outputs if o["output_type"] == "error"]
