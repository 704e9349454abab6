"""One JupyterLab and one Chromium for all tests of a worker, and a folder for what they looked like."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from course_lib.commands.checkout import ROOT
from tests.browser.lab import NO_CHROMIUM, Lab, Notebook, browser_window, chromium


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator:
    if chromium() is None:
        required = "browser" in os.environ.get("COURSE_REQUIRE", "")
        (pytest.fail if required else pytest.skip)(NO_CHROMIUM)
    with browser_window() as browser:
        yield browser


@pytest.fixture(scope="session")
def lab(browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Depends on the browser, so that nothing is started where there is none."""
    folder = tmp_path_factory.mktemp("lab") / "notebooks"
    shutil.copytree(ROOT / "notebooks", folder, ignore=shutil.ignore_patterns(".*"))
    with Lab(folder) as lab:
        yield lab


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """COURSE_SCREENSHOTS names the folder; the usual one is not under version control."""
    folder = Path(os.environ.get("COURSE_SCREENSHOTS") or ROOT / "tests" / "browser" / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def keep(screenshots: Path, request: pytest.FixtureRequest):
    """Keeps what a page, or a place on it, looks like, under the name of the test."""

    def keep_picture(place, name: str = "") -> None:
        place = place.page if isinstance(place, Notebook) else place
        place.screenshot(path=screenshots / f"{request.node.name}{name and '-' + name}.png")

    return keep_picture
