"""What every test starts from: the same random numbers, one thread, a progress file and a cache of its own."""

import sys
from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def _same_start(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for name in ("SEED_SHIFT", "WEIGHT_NOISE", "THREADS", "REMOTE"):
        monkeypatch.delenv(f"COURSE_{name}", raising=False)
    if "on_the_cpu" not in request.fixturenames:
        monkeypatch.delenv("COURSE_DEVICE", raising=False)
    own = tmp_path_factory.mktemp("start")
    monkeypatch.setenv("COURSE_PROGRESS", str(own / "progress.jsonl"))
    monkeypatch.setenv("COURSE_DATA", str(own / "cache"))  # what this user has fetched must change no test
    torch.manual_seed(0)
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _no_figures_for_the_next_test() -> Iterator[None]:
    """Who looks at what is open, as a test of `show` does, sees its own figures only."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


@pytest.fixture(scope="module")
def on_the_cpu() -> Iterator[None]:
    """Large nets stay there where a GPU is: it rounds what a convolution multiplies to fewer digits."""
    with pytest.MonkeyPatch.context() as patch:
        if torch.accelerator.is_available():
            patch.setenv("COURSE_DEVICE", "cpu")
        yield
