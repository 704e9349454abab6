"""`course test`: everything that must hold before a change goes in, from the checkout, in one command.

Style, the tests, and every notebook cell by cell through nbval; with --breakages instead a proof that the tests can
fail. Ends with one line that counts it all.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from course_lib.commands.checkout import INSTALL_TESTS, ROOT, Trouble, need, notebooks

NO_TESTS_RAN = 5  # pytest's exit code
NBVAL = ["-p", "nbval", "-p", "tests.notebooks.hardening"]
NBVAL += ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=180"]
# The cells of one notebook stay in one kernel. Files go out in the order of their folders: browser, contracts and
# lessons, the longest, come first, and no worker waits at the end for the other's long file. (Left to itself, xdist
# begins with the files that have most tests, which are the quick ones.)
TWO_WORKERS = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]


@dataclass
class Part:
    """One thing that was run."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: list[str] = field(default_factory=list)  # the reasons
    seconds: float = 0.0


def main(args: argparse.Namespace) -> int:
    """Run the parts that were asked for; 1 when anything failed in any of them."""
    need("pytest", "xdist", "nbval", "hypothesis", "ruff", how=INSTALL_TESTS)
    if not (ROOT / "tests").is_dir():
        raise Trouble(f"There is no tests folder in {ROOT}: `course test` runs from a clone of the repository.")
    if args.breakages:
        return _python("-m", "tests.breakages", *args.rest)
    parts, left_out = [], []
    if args.rest:
        parts.append(_pytest("tests", [*TWO_WORKERS, *args.rest]))
        left_out.append("ruff and the notebooks, because tests were named")
    else:
        parts += [_ruff("ruff check", "check"), _ruff("ruff format", "format", "--check")]
        parts.append(_pytest("tests", [*TWO_WORKERS, *_FAST * args.fast, "tests"]))
        if args.fast:
            left_out.append("slow and browser tests and the notebooks, because of --fast")
        else:
            parts.append(_pytest("notebooks", [*TWO_WORKERS, *NBVAL, str(notebooks())]))
    print(closing(parts, left_out))
    return int(any(part.failed for part in parts))


_FAST = ["-m", "not slow and not browser"]


def _python(*arguments: str) -> int:
    """Run this Python from the checkout; what it prints goes straight to the terminal."""
    sys.stdout.flush()
    return subprocess.call([sys.executable, *arguments], cwd=ROOT, env=os.environ | {"PYTHONIOENCODING": "utf-8"})


def _ruff(name: str, *arguments: str) -> Part:
    print(f"== {name}", flush=True)
    start = time.perf_counter()
    wrong = _python("-m", "ruff", *arguments, ".") != 0
    return Part(name, passed=int(not wrong), failed=int(wrong), seconds=time.perf_counter() - start)


def _pytest(name: str, arguments: list[str]) -> Part:
    print(f"== pytest: {name}", flush=True)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        code = _python("-m", "pytest", "-q", f"--junitxml={report}", *arguments)
        part = count(name, report, code)
    part.seconds = time.perf_counter() - start
    return part


def count(name: str, report: Path, code: int) -> Part:
    """What pytest's own XML report says, held against its exit code: a crash without a failed test is a failure too."""
    part = Part(name)
    if report.exists():
        for case in ElementTree.parse(report).iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                part.failed += 1
            elif (skip := case.find("skipped")) is not None:
                part.skipped.append(skip.get("message", "no reason given"))
            else:
                part.passed += 1
    if code == NO_TESTS_RAN and not part.failed:
        part.skipped.append(f"no {name} to run")
    elif code != 0 and not part.failed:
        part.failed = 1
    return part


def closing(parts: Iterable[Part], left_out: Iterable[str] = ()) -> str:
    """What was run, what was skipped and why, and as the last line the counts."""
    parts = list(parts)
    lines = ["", "== what was run"]
    for part in parts:
        counts = f"{part.passed} passed, {part.failed} failed, {len(part.skipped)} skipped"
        lines.append(f"{part.name:12} {counts}, {part.seconds:.0f} s")
        lines += [f"  skipped {part.skipped.count(reason)}: {reason}" for reason in dict.fromkeys(part.skipped)]
    lines += [f"left out: {what}" for what in left_out]
    passed, failed = sum(part.passed for part in parts), sum(part.failed for part in parts)
    skipped = sum(len(part.skipped) for part in parts)
    lines.append(f"{passed} passed, {failed} failed, {skipped} skipped in {sum(part.seconds for part in parts):.0f} s")
    return "\n".join(lines)
