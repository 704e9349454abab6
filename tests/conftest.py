"""What every test starts from: the same random numbers, one thread, and a progress file of its own."""

import sys
from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def _same_start(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in ("SEED_SHIFT", "WEIGHT_NOISE", "DEVICE", "THREADS"):
        monkeypatch.delenv(f"COURSE_{name}", raising=False)
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path_factory.mktemp("progress") / "progress.jsonl"))
    torch.manual_seed(0)
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _no_figures_for_the_next_test() -> Iterator[None]:
    """Who looks at what is open, as a test of `show` does, sees its own figures only."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
