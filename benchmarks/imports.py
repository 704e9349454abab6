"""`import course_lib` and the set-up of a lesson, against importing the four packages that it stands on."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

from benchmarks.measure import Row, Target
from course_lib.commands.checkout import ROOT

OURS = "import course_lib as course\ncourse.setup(seed=0)"
OTHER = "import torch, numpy, matplotlib, ipywidgets"
STEP = """
import torch
number = torch.zeros(1, requires_grad=True)
number.grad = torch.zeros(1)
torch.optim.SGD([number], lr=0.0).step()
"""
PROGRAM = """
import json, resource, sys, time
start = time.perf_counter()
{body}
seconds = time.perf_counter() - start
if sys.platform == "linux":  # ru_maxrss would begin with the peak of the process that started this one
    peak = next(int(line.split()[1]) / 1e3 for line in open("/proc/self/status") if line.startswith("VmHWM"))
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
print(json.dumps([seconds, peak]))
"""


def rows(*, quick: bool) -> list[Row]:
    if sys.platform == "win32":
        return [Row("import: course_lib and set-up", None, None, "s", None, "not measured on Windows")]
    rounds = 1 if quick else 7
    return [
        *_pair("import: course_lib and set-up", OURS, OTHER, rounds),
        *_pair("import: the same and a first optimiser step", OURS + STEP, OTHER + STEP, rounds),
    ]


def _pair(name: str, ours: str, other: str, rounds: int) -> list[Row]:
    """Seconds and megabytes of two programs, each in a fresh process; the first of each warms the disk's cache."""
    measured: dict[str, list[list[float]]] = {ours: [], other: []}
    for k in range(rounds + 1):
        for program in (ours, other)[:: -1 if k % 2 else 1]:
            measured[program] += [_fresh(program)] * (k > 0)
    (seconds, peak), (other_seconds, other_peak) = (_medians(measured[program]) for program in (ours, other))
    note = "against torch, numpy, matplotlib, ipywidgets"
    return [
        Row(f"{name}, time", seconds, other_seconds, "s", Target("ratio", 1.3), note),
        Row(f"{name}, memory", peak, other_peak, "MB", Target("ratio", 1.3), note),
    ]


def _fresh(body: str) -> list[float]:
    """[seconds, peak MB] when the body is done, in a Python of its own."""
    command = [sys.executable, "-c", PROGRAM.format(body=body)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _medians(measured: list[list[float]]) -> list[float]:
    return [statistics.median(column) for column in zip(*measured, strict=True)]
