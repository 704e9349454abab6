"""Run a lesson's notebook in a kernel of its own, as JupyterLab would, and say how long and how much memory it took.

nbclient is used rather than nbval: it follows clear_output, Output widgets and dead kernels, and gives outputs back.
"""

import os
import subprocess
import tempfile
import threading
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from tqdm import tqdm

from course_lib.commands.checkout import notebook

CELL_SECONDS = 180  # a cell that takes longer is stopped, as in the tests
CORES = 2  # the machine that the lessons promise to run on


@dataclass
class Execution:
    """What came of one run of a notebook."""

    lesson: str  # "03_learning_rates"
    seconds: float  # wall clock, start of the kernel not counted
    peak_mb: float  # largest resident memory of the kernel and its children together, in MB (10^6 bytes)
    cells: int  # code cells that were run
    error: str  # "" when every cell ran
    notebook: nbformat.NotebookNode  # with the outputs of this run


def execute(
    path: Path,
    *,
    env: dict[str, str] | None = None,
    twice: bool = False,
    bar: bool = True,
    cell_seconds: int = CELL_SECONDS,
    memory: bool = True,
) -> Execution:
    """Run every cell of the notebook at `path` in a fresh kernel whose working folder is the notebook's own.

    Args:
        path: the notebook; the file itself is not changed.
        env: variables added to the kernel's environment.
        twice: run all cells a second time in the same kernel, as a learner does who starts again at the top.
        bar: show a progress bar over the cells (only on a terminal).
        cell_seconds: a cell that takes longer is stopped, and is the error.
        memory: watch it, which costs a few percent of a core; otherwise ``peak_mb`` is 0.

    Raises:
        Trouble: the file is no notebook.
    """
    nb = notebook(path)
    folder = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(nb, timeout=cell_seconds, kernel_name="python3", resources=folder)
    code = [(i, cell) for i, cell in enumerate(nb.cells) if cell.cell_type == "code"] * (2 if twice else 1)
    error, done, start = "", 0, time.perf_counter()
    with tempfile.TemporaryDirectory() as own:
        # a run by machine is no answer of the learner's: it keeps its progress to itself
        environment = os.environ | {"COURSE_PROGRESS": str(Path(own) / "progress.jsonl")} | (env or {})
        with (
            client.setup_kernel(env=environment, stderr=subprocess.DEVNULL),
            Memory(_pid(client)) if memory else nullcontext() as watched,
        ):
            _on_cores(_pid(client))
            start = time.perf_counter()
            try:
                for i, cell in tqdm(code, desc=path.stem, unit="cell", leave=False, disable=None if bar else True):
                    client.execute_cell(cell, i)
                    done += 1
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as problem:
                error = _sentence(problem, cell)
            seconds = time.perf_counter() - start
    return Execution(path.stem, seconds, watched.peak / 1e6 if watched else 0.0, done, error, nb)


def _pid(client: NotebookClient) -> int:
    return client.km.provisioner.pid


def _on_cores(pid: int) -> None:
    """Hold the kernel to as many cores as the lessons promise to need. (macOS cannot.)"""
    process = psutil.Process(pid)
    if hasattr(process, "cpu_affinity"):
        process.cpu_affinity(process.cpu_affinity()[:CORES])


def _sentence(problem: Exception, cell: nbformat.NotebookNode) -> str:
    first = next((line for line in cell.source.splitlines() if line.strip()), "")
    where = f"in the cell that begins `{first[:60]}`"
    if isinstance(problem, CellExecutionError):
        return f"{problem.ename}: {problem.evalue} ({where})"
    if isinstance(problem, CellTimeoutError):
        return f"a cell took too long and was stopped ({where})"
    return f"the kernel died, out of memory perhaps ({where})"


class Memory:
    """Watches the resident memory of a process and its children while the `with` block runs; `peak` is in bytes."""

    def __init__(self, pid: int, *, every: float = 0.05):
        self.process, self.every, self.peak = psutil.Process(pid), every, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._stop.wait(self.every):
            self.peak = max(self.peak, _resident(self.process))

    def __enter__(self) -> "Memory":
        self.peak = _resident(self.process)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()


def _resident(process: psutil.Process) -> int:
    """Bytes of `process` and its children; 0 for what has gone meanwhile."""
    total = 0
    try:
        for one in [process, *process.children(recursive=True)]:
            total += one.memory_info().rss
    except psutil.Error:
        pass
    return total
