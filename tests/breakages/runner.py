"""Can the tests fail? Breaks a copy of the tree in one place at a time, and demands that the named tests go red.

A breakage is a row of table.toml: a file, a text in it that stands there exactly once, what replaces it, and the tests
that must notice. The same tests must be green without the change, and all named tests must fail, not just one of them.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from tqdm import tqdm

from course_lib.commands.checkout import ROOT
from course_lib.commands.test import NBVAL

TABLE = Path(__file__).with_name("table.toml")
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis", ".ipynb_checkpoints", "*.egg-info"
)
AT_A_TIME = 2


@dataclass(frozen=True)
class Breakage:
    """One change that must not go unnoticed."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]  # pytest's ids, without parameters; "notebooks/NAME.ipynb" is checked by nbval


def table(path: Path = TABLE) -> list[Breakage]:
    """All rows."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["breakage"]
    return [Breakage(**row | {"tests": tuple(row["tests"])}) for row in rows]


def broken(text: str, breakage: Breakage) -> str:
    """The text of the file after the change.

    Raises:
        ValueError: the old text stands there not at all, or more than once: the table is out of date.
    """
    if (times := text.count(breakage.old)) != 1:
        raise ValueError(f"{breakage.file} holds {breakage.old!r} {times} times, not once: mend table.toml")
    return text.replace(breakage.old, breakage.new)


def outcomes(tree: Path, tests: Iterable[str]) -> dict[str, str]:
    """Test id -> 'passed', 'failed' (with any of its parameters) or 'not run', by running pytest inside `tree`."""
    tests = list(dict.fromkeys(tests))
    notebooks = [name for name in tests if name.startswith("notebooks/")]
    others = [name for name in tests if not name.startswith("notebooks/")]
    lines = []
    for names, options in ((others, []), (notebooks, NBVAL)):
        if names:
            lines += _pytest(tree, [*options, *names])
    return {name: _outcome(name, lines) for name in tests}


def _pytest(tree: Path, arguments: list[str]) -> list[str]:
    quiet = ["-q", "--tb=no", "--color=no", "-rpfE", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *quiet, *arguments]
    done = subprocess.run(command, cwd=tree, env=environment(tree), capture_output=True, text=True)
    return done.stdout.splitlines()


def environment(tree: Path) -> dict[str, str]:
    """Everything that Python starts from here, kernels included, takes course_lib from `tree` and caches nothing."""
    return os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}


def _outcome(name: str, lines: list[str]) -> str:
    mine = [line for line in lines if re.match(rf"(PASSED|FAILED|ERROR) {re.escape(name)}(\[|::| |$)", line)]
    if any(line.startswith(("FAILED", "ERROR")) for line in mine):
        return "failed"
    return "passed" if mine else "not run"


def imported_from(tree: Path) -> Path:
    """Where a Python started inside `tree` takes course_lib from."""
    command = [sys.executable, "-c", "import course_lib; print(course_lib.__file__)"]
    done = subprocess.run(command, cwd=tree, env=environment(tree), capture_output=True, text=True, check=True)
    return Path(done.stdout.strip().splitlines()[-1]).parent.parent


def unnoticed(tree: Path, breakage: Breakage) -> str:
    """Break `tree`, run the tests, mend it again. "" when all named tests failed, otherwise what was wrong."""
    path = tree / breakage.file
    text = path.read_bytes().decode()
    try:
        changed = broken(text, breakage)
    except ValueError as problem:
        return str(problem)
    path.write_bytes(changed.encode())
    try:
        still = {test: outcome for test, outcome in outcomes(tree, breakage.tests).items() if outcome != "failed"}
    finally:
        path.write_bytes(text.encode())
    return "; ".join(f"{test} {outcome}" for test, outcome in still.items())


def run(breakages: list[Breakage], root: Path = ROOT) -> int:
    """Check that all named tests are green, then that each breakage turns its own red. Returns how many did not."""
    with tempfile.TemporaryDirectory() as folder:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(AT_A_TIME):
            trees.put(Path(shutil.copytree(root, Path(folder, f"tree{number}"), ignore=LEFT_OUT)))
        tree = trees.get()
        if imported_from(tree).resolve() != tree.resolve():
            raise RuntimeError(
                f"course_lib was imported from {imported_from(tree)}, not from the copy: nothing to test"
            )
        green = outcomes(tree, [test for breakage in breakages for test in breakage.tests])
        trees.put(tree)
        start, wrong = time.perf_counter(), 0
        for test, outcome in green.items():
            if outcome != "passed":
                wrong += 1
                print(f"✗ {test} {outcome} without any breakage", flush=True)
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            results = pool.map(lambda breakage: _in_a_free(trees, breakage), breakages)
            for breakage, problem in zip(breakages, tqdm(results, total=len(breakages), disable=None), strict=True):
                wrong += bool(problem)
                print(f"✗ {breakage.name}: {problem}" if problem else f"✓ noticed: {breakage.name}", flush=True)
    total = len(breakages) + len(green)
    print(f"{total - wrong} passed, {wrong} failed in {time.perf_counter() - start:.0f} s")
    return wrong


def _in_a_free(trees: "SimpleQueue[Path]", breakage: Breakage) -> str:
    tree = trees.get()
    try:
        return unnoticed(tree, breakage)
    finally:
        trees.put(tree)
