"""The same work on the CPU and on the accelerator of this machine, where it has one, timed here and now."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import torch
from torch import Tensor

from course_lib.datasets import Data, Split, load
from course_lib.device import device_wish, set_threads, thread_wish
from course_lib.fit import fit
from course_lib.lessons.transfer_learning.small_table import SmallTable
from course_lib.nets.mlp import MLP
from course_lib.nets.resnet import resnet18

NO_GPU = "not run here: no GPU that PyTorch can use"
WANTS_CPU = "not run here: COURSE_DEVICE asks for the CPU"
REPEATS = 3

Work = Callable[[torch.device], Tensor]
"""Does something on a device, and returns numbers by which it can be told whether it was the same."""


@dataclass(frozen=True)
class Timed:
    """One piece of work on two devices.

    Attributes:
        what: in words.
        cpu, gpu: seconds, each the median of several runs.
        difference: the largest between the results, relative to the largest number in them.
    """

    what: str
    cpu: float
    gpu: float
    difference: float

    @property
    def ratio(self) -> float:
        """How many times as long the CPU takes; below 1 the CPU is the faster one."""
        return self.cpu / self.gpu


@dataclass(frozen=True, repr=False)
class CpuAgainstGpu:
    """What was timed; a notebook shows a table.

    Attributes:
        device: the accelerator.
        name: what its maker calls it.
        threads: with which the CPU computed.
        rows: a ``Timed`` for each piece of work.
    """

    device: torch.device
    name: str
    threads: int
    rows: tuple[Timed, ...]

    @property
    def table(self) -> SmallTable:
        """What the notebook shows."""
        head = ("the same work", f"CPU, {self.threads} thread{'s' * (self.threads > 1)}", self.name, "the CPU takes")
        rows = tuple(
            (row.what, _time(row.cpu), _time(row.gpu), f"{_two_digits(row.ratio)} times as long") for row in self.rows
        )
        off = max(row.difference for row in self.rows)
        same = f"the results differ by up to {off:.0e} of the largest" if off else "the results are equal bit by bit"
        notes = (
            f"Medians of {REPEATS} runs after one to warm up, measured now; other programs that run here count, too.",
            f"Both compute the same: {same}.",
        )
        return SmallTable(head, rows, notes)

    def __repr__(self) -> str:
        return str(self.table)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return self.table._repr_mimebundle_()


def cpu_against_gpu(*, width: int = 2048, pictures: int = 64) -> CpuAgainstGpu | None:
    """Time a matrix product and ``course.fit`` on the CPU and on the accelerator; without one, print a line.

    The CPU computes with all its cores, or with ``COURSE_THREADS``: one thread alone would flatter the GPU.

    Args:
        width: of the two square matrices.
        pictures: of 64 x 64 pixels, on which ResNet-18 trains for an epoch.

    Raises:
        ValueError: ``COURSE_DEVICE`` names a device that is not in this machine.
    """
    device = accelerator()
    if device is None:
        print(NO_GPU if not torch.accelerator.is_available() else WANTS_CPU)
        return None
    cpu, before = torch.device("cpu"), torch.get_num_threads()
    threads = set_threads(_threads())
    try:
        rows = tuple(timed(what, work, cpu, device) for what, work in works(width, pictures).items())
    finally:
        set_threads(before)
    return CpuAgainstGpu(device, _name(device), threads, rows)


def accelerator() -> torch.device | None:
    """Return the device to hold against the CPU: ``COURSE_DEVICE``, else the machine's own; None where that is none.

    Raises:
        ValueError: ``COURSE_DEVICE`` names a device that is not in this machine.
    """
    device = device_wish()
    if device is None and torch.accelerator.is_available():
        device = torch.accelerator.current_accelerator()
    return None if device is None or device.type == "cpu" else device


def works(width: int, pictures: int) -> dict[str, Work]:
    """Return what is timed, name -> work: large and regular, of the size of a real net, and small."""
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, width, width, generator=generator)
    x = torch.randn(pictures, 3, 64, 64, generator=generator)
    y = torch.arange(pictures) % 10
    nothing = Split(x[:0], y[:0])
    random, iris = Data("pictures", Split(x, y), nothing, nothing), load("iris")
    there: dict[torch.device, tuple[Tensor, Tensor]] = {}  # the matrices travel once, the data of fit each time

    def product(device: torch.device) -> Tensor:
        if device not in there:
            there[device] = a.to(device), b.to(device)
        a_there, b_there = there[device]
        return a_there @ b_there

    def small(device: torch.device) -> Tensor:
        return fit(lambda: MLP(4, 16, 3), iris, epochs=3, lr=0.1, device=device, progress=False).step_loss

    def large(device: torch.device) -> Tensor:
        options = {"epochs": 1, "lr": 0.01, "batch_size": 32, "progress": False}
        return fit(lambda: resnet18(10), random, device=device, **options).step_loss

    return {
        f"one product of two {width} × {width} matrices": product,
        f"course.fit, ResNet-18, {pictures} pictures of 64 × 64, an epoch": large,
        "course.fit, 4-16-3 on Iris, three epochs": small,
    }


def timed(what: str, work: Work, cpu: torch.device, gpu: torch.device, repeats: int = REPEATS) -> Timed:
    """Time the same work on two devices, and compare what comes out."""
    (on_cpu, one), (on_gpu, other) = (seconds(work, device, repeats) for device in (cpu, gpu))
    off = (one.cpu() - other.cpu()).abs().max() / one.cpu().abs().max()
    return Timed(what, on_cpu, on_gpu, float(off))


def seconds(work: Work, device: torch.device, repeats: int = REPEATS) -> tuple[float, Tensor]:
    """Return the median of ``repeats`` times after one run to warm up, and what the work returned.

    A GPU takes orders and computes later: the clock is read only when all that was ordered is done.
    """
    work(device)
    times = []
    for _ in range(repeats):
        wait(device)
        start = perf_counter()
        result = work(device)
        wait(device)
        times.append(perf_counter() - start)
    return median(times), result


def wait(device: torch.device) -> None:
    """Return when ``device`` has computed all that it was told to."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def _threads() -> int:
    import psutil  # here: only who has a GPU asks

    return thread_wish() if os.environ.get("COURSE_THREADS", "").strip() else psutil.cpu_count(logical=False) or 1


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper()


def _time(seconds: float) -> str:
    return f"{_two_digits(seconds)} s" if seconds >= 0.1 else f"{_two_digits(1000 * seconds)} ms"


def _two_digits(value: float) -> str:
    """As 0.34, 12 and 123: from 100 on two digits would be written as a power of ten."""
    return f"{value:.0f}" if value >= 99.5 else f"{value:.2g}"
