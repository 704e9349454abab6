"""Can the tests fail? Breaks a copy of the tree in one place at a time, and demands that the named tests go red.

A breakage is a row of table.toml: a file, a text in it that stands there exactly once, what replaces it, and the tests
that must notice. The same tests must be green without the change, and all named tests must fail, not just one of them.
"""

import compileall
import os
import py_compile
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tqdm import tqdm

from course_lib.commands.checkout import ROOT
from course_lib.commands.test import NBVAL
from tests.warm import LIBRARIES, Warm

TABLE = Path(__file__).with_name("table.toml")
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis", ".ipynb_checkpoints", "*.egg-info"
)
AT_A_TIME = 2
# What the tests need beside what every Warm has. Plugins that no test here needs stay out: they take seconds to load.
ALSO = ("hypothesis", "jupyter_client")
NO_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
QUIET = ["-q", "--tb=no", "--color=no", "-rpfE", "-p", "no:cacheprovider"]


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


class Tree:
    """A copy of the checkout in which pytest runs; everything that Python starts there takes course_lib from it."""

    def __init__(self, path: Path, warm: Warm) -> None:
        self.path, self._warm = path, warm

    def outcomes(self, tests: Iterable[str], *more: str) -> dict[str, str]:
        """Test id -> 'passed', 'failed' (with any of its parameters) or 'not run'; `more` are options of pytest."""
        tests = list(dict.fromkeys(tests))
        notebooks = [name for name in tests if name.startswith("notebooks/")]
        others = [name for name in tests if not name.startswith("notebooks/")]
        lines = []
        for names, options in ((others, []), (notebooks, NBVAL)):
            if names:
                arguments = [*QUIET, *more, *options, *names]
                done = self._warm.run("pytest", *arguments, cwd=self.path, env=environment(self.path))
                lines += done.stdout.splitlines()
        return {name: _outcome(name, lines) for name in tests}


def environment(tree: Path) -> dict[str, str]:
    """Everything that Python starts from here, kernels included, takes course_lib from `tree` and caches nothing."""
    return os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"} | NO_PLUGINS


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


def unnoticed(tree: Tree, breakage: Breakage) -> str:
    """Break `tree`, run the tests, mend it again. "" when all named tests failed, otherwise what was wrong."""
    path = tree.path / breakage.file
    text = path.read_bytes().decode()
    try:
        changed = broken(text, breakage)
    except ValueError as problem:
        return str(problem)
    path.write_bytes(changed.encode())
    try:
        # one by one, each up to its first red parameter, which is all that is asked
        found = {test: tree.outcomes([test], "-x")[test] for test in breakage.tests}
    finally:
        path.write_bytes(text.encode())
    return "; ".join(f"{test} {outcome}" for test, outcome in found.items() if outcome != "failed")


def run(breakages: list[Breakage], root: Path = ROOT, libraries: Iterable[str] = (*LIBRARIES, *ALSO)) -> int:
    """Check that all named tests are green, then that each breakage turns its own red. Returns how many did not."""
    start, wrong = time.perf_counter(), 0
    with ExitStack() as stack:
        free: SimpleQueue[Tree] = SimpleQueue()
        for path in _copies(root, Path(stack.enter_context(tempfile.TemporaryDirectory()))):
            free.put(Tree(path, stack.enter_context(Warm(libraries))))
        pool = stack.enter_context(ThreadPoolExecutor(AT_A_TIME))
        green: dict[str, str] = {}
        for part in pool.map(lambda tests: _in_a_free(free, Tree.outcomes, tests), _by_file(breakages)):
            green |= part
        for test, outcome in green.items():
            if outcome != "passed":
                wrong += 1
                print(f"✗ {test} {outcome} without any breakage", flush=True)
        results = pool.map(lambda breakage: _in_a_free(free, unnoticed, breakage), breakages)
        for breakage, problem in zip(breakages, tqdm(results, total=len(breakages), disable=None), strict=True):
            wrong += bool(problem)
            print(f"✗ {breakage.name}: {problem}" if problem else f"✓ noticed: {breakage.name}", flush=True)
    total = len(breakages) + len(green)
    print(f"{total - wrong} passed, {wrong} failed in {time.perf_counter() - start:.0f} s")
    return wrong


def _copies(root: Path, folder: Path) -> list[Path]:
    """AT_A_TIME copies, compiled: Python looks at the text of a file, not at its time, before it takes such a one."""
    first = Path(shutil.copytree(root, folder / "tree0", ignore=LEFT_OUT))
    compileall.compile_dir(first, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
    copies = [first, *(Path(shutil.copytree(first, folder / f"tree{k}")) for k in range(1, AT_A_TIME))]
    for path in copies:
        if (found := imported_from(path)).resolve() != path.resolve():
            raise RuntimeError(f"course_lib was imported from {found}, not from the copy: nothing to test")
    return copies


def _by_file(breakages: Iterable[Breakage]) -> list[list[str]]:
    """All named tests, those of one file together, as they share what they set up; first notebooks, which take long."""
    files: dict[str, list[str]] = {}
    for test in dict.fromkeys(test for breakage in breakages for test in breakage.tests):
        files.setdefault(test.partition("::")[0], []).append(test)
    return sorted(files.values(), key=lambda tests: not tests[0].startswith("notebooks/"))


def _in_a_free(free: "SimpleQueue[Tree]", work: Callable[[Tree, Any], Any], what: object) -> Any:
    tree = free.get()
    try:
        return work(tree, what)
    finally:
        free.put(tree)
