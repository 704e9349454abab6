"""How much a kernel grows while a learner plays with an explorer: 50 moves to warm up, then 500 that count.

The moves come as they do from a page: each is a message that sets the value of one widget, or presses a button.
"""

from __future__ import annotations

import os
import statistics
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any

import psutil
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

from benchmarks.measure import Row, Target
from course_lib.commands.checkout import ROOT
from course_lib.explorer import Explorer
from tests.contracts.lessons import subclasses

BOUND_MB = 20
WARM_UP, MOVES = 50, 500
LOOKS = 25  # of the last moves; the memory is their median
PATIENCE = 120  # seconds for one answer of the kernel
# The optimisers that set-up prepares in the background take 20 MB, and the first 50 moves of a quick explorer are over
# before they are there.
CELL = """
import course_lib as course
from course_lib.warm_up import warm_up
course.setup(seed=0)
warm_up().join()
from {module} import {name}
{name}()
"""


def rows(*, quick: bool) -> Iterator[Row]:
    for kind in subclasses(Explorer)[: 1 if quick else None]:
        yield row(kind, moves=10 if quick else MOVES)


def row(kind: type[Explorer], *, moves: int) -> Row:
    lesson = kind.__module__.split(".")[2]
    name = f"memory: {lesson}.{kind.__name__}, growth in {moves} moves"
    return Row(name, growth(kind, moves=moves), None, "MB", Target("ours", BOUND_MB))


def growth(kind: type[Explorer], *, warm_up: int = WARM_UP, moves: int = MOVES) -> float:
    """By how many MB (10^6 bytes) the resident memory of a kernel grows in so many moves of an explorer.

    Raises:
        RuntimeError: the cell or a move fails in the kernel, or a move leaves the picture as it was with an error.
    """
    with kernel() as page:
        return growth_of(page, kind, warm_up=warm_up, moves=moves)


def growth_of(page: Page, kind: type[Explorer], *, warm_up: int, moves: int) -> float:
    """As `growth`, in a kernel that runs already; all that it has shown before is moved as well."""
    page.run(CELL.format(module=kind.__module__, name=kind.__name__))
    wanted = page.moves(Random(1))
    before = _level(page, islice(wanted, warm_up))
    return (_level(page, islice(wanted, moves)) - before) / 1e6


def _level(page: Page, wanted: Iterable[tuple[Input, dict[str, Any] | None]]) -> float:
    """Makes the moves; the median, in bytes, of the memory after each of the last.

    After one move more is left with the allocator, after the next less: with a hundred layers 30 MB lie between two
    looks, and 1,500 moves make the kernel no larger.
    """
    after = []
    for one, state in wanted:
        page.move(one, state)
        after.append(page.resident())
    return statistics.median(after[-LOOKS:])


@contextmanager
def kernel() -> Iterator[Page]:
    """A kernel of its own that takes the course from this checkout, as a page sees it; it ends with the block."""
    manager = KernelManager(kernel_name="python3")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "CI": "1"}  # CI: answers are kept nowhere
    manager.start_kernel(cwd=str(ROOT), env=environment, stderr=subprocess.DEVNULL)
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=PATIENCE)
        yield Page(client, psutil.Process(manager.provisioner.pid))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@dataclass
class Input:
    """A widget that a learner can move: its id, and the values that the page would send."""

    id: str
    model: str
    state: dict[str, Any]

    def value(self, place: float) -> dict[str, Any] | None:
        """What is sent when it stands at `place`, from 0, its lower end, to 1; None for a button, which is pressed."""
        if self.model == "ButtonModel":
            return None
        if self.model == "ToggleButtonModel":
            return {"value": place >= 0.5}
        if self.model == "ToggleButtonsModel":
            options = len(self.state["_options_labels"])
            return {"index": min(int(place * options), options - 1)}
        value = self.state["min"] + place * (self.state["max"] - self.state["min"])
        if self.model == "FloatLogSliderModel":
            return {"value": self.state["base"] ** value}
        return {"value": round(value) if self.model == "IntSliderModel" else value}


MOVABLE = (
    "IntSliderModel",
    "FloatSliderModel",
    "FloatLogSliderModel",
    "BoundedFloatTextModel",
    "ToggleButtonsModel",
    "ToggleButtonModel",
    "ButtonModel",
)


class Page:
    """What a page does with a kernel: runs a cell, moves the widgets that the cell has shown."""

    def __init__(self, client: BlockingKernelClient, process: psutil.Process) -> None:
        self.client, self.process, self.inputs = client, process, []

    def resident(self) -> int:
        return self.process.memory_info().rss

    def run(self, source: str) -> None:
        self._follow(self.client.execute(source))

    def moves(self, rng: Random) -> Iterator[tuple[Input, dict[str, Any] | None]]:
        """All inputs in turn: to both ends, then to a place at random, again and again; now and then a reset."""
        while True:
            for place in (lambda: 0.0, lambda: 1.0, rng.random, rng.random, rng.random):
                for one in self.inputs:
                    if one.model != "ButtonModel" or rng.random() < 0.1:
                        yield one, one.value(place())

    def send(self, one: Input, state: dict[str, Any] | None) -> str:
        data = {"method": "update", "state": state, "buffer_paths": []}
        if state is None:
            data = {"method": "custom", "content": {"event": "click"}}
        message = self.client.session.msg("comm_msg", {"comm_id": one.id, "data": data})
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def move(self, one: Input, state: dict[str, Any] | None) -> None:
        self._follow(self.send(one, state))

    def _follow(self, message: str) -> None:
        """Reads what the kernel says until it has dealt with a message of ours."""
        while True:
            said = self.client.get_iopub_msg(timeout=PATIENCE)
            content, kind = said["content"], said["msg_type"]
            if kind == "error":
                raise RuntimeError(f"{content['ename']}: {content['evalue']}")
            if kind == "comm_open":
                state = content["data"]["state"]
                if state.get("_model_name") in MOVABLE:
                    self.inputs.append(Input(content["comm_id"], state["_model_name"], state))
            if kind == "comm_msg":
                shown = str(content["data"].get("state", {}).get("value", ""))
                if "No picture for" in shown:
                    raise RuntimeError("No picture for" + shown.partition("No picture for")[2])
            mine = said["parent_header"].get("msg_id") == message
            if mine and kind == "status" and content["execution_state"] == "idle":
                return
