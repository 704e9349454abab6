"""Runs Python modules in forks of a Python that has loaded the libraries already, but nothing of the course.

Loading torch and what else a test or a command needs takes seconds of a core; a fork of what has loaded it, a few
milliseconds. A fork knows nothing of the one before it: it is as `python -m MODULE` in all but its start.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# What nearly every test needs. pytest's plugins are not here: pytest rewrites their assertions when it loads them.
LIBRARIES = ("pytest", "numpy", "torch", "torch._dynamo", "matplotlib.pyplot", "IPython", "ipywidgets", "nbformat")


@dataclass(frozen=True)
class Done:
    """What came of one run, with the names of subprocess.CompletedProcess."""

    returncode: int
    stdout: str
    stderr: str


class Warm:
    """Runs one module after the other, each as `python -m` would in a given folder. Use it in a `with` block.

    On Linux the runs are forks; elsewhere there is no fork, or one that does not go with threads, and each run starts a
    Python of its own.

    Args:
        libraries: what is loaded before the forks.
    """

    def __init__(self, libraries: Iterable[str] = LIBRARIES) -> None:
        self.libraries = libraries

    def __enter__(self) -> "Warm":
        self._folder = tempfile.TemporaryDirectory()
        self._process = None
        if sys.platform == "linux":
            command = [sys.executable, "-P", __file__, *self.libraries]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.communicate()  # the end of its input is its own end
        self._folder.cleanup()

    def run(self, module: str, *arguments: str, cwd: Path, env: dict[str, str]) -> Done:
        """What `python -m MODULE ARGUMENTS` does in the folder `cwd`, with `env` as its whole environment."""
        if self._process is None:
            command = [sys.executable, "-m", module, *arguments]
            done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)
            return Done(done.returncode, done.stdout, done.stderr)
        outputs = [Path(self._folder.name) / name for name in ("stdout", "stderr")]
        order = {"module": module, "arguments": arguments, "cwd": str(cwd), "env": env, "outputs": [*map(str, outputs)]}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        if not (code := self._process.stdout.readline()):
            raise RuntimeError(f"{__file__} has ended, with exit code {self._process.wait()}")
        return Done(int(code), *(path.read_text(encoding="utf-8", errors="replace") for path in outputs))


def _serve(libraries: list[str]) -> None:
    for name in libraries:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a fork that searched all of this for garbage would copy all of it
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(_become(**json.loads(line)))  # so would one that took all of it down
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(module: str, arguments: list[str], cwd: str, env: dict[str, str], outputs: list[str]) -> int:
    """In the fork: what `python -m` does, with the outputs in files and no input. Returns the exit code."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.dont_write_bytecode = bool(env.get("PYTHONDONTWRITEBYTECODE"))
    sys.path.insert(0, cwd)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, path in enumerate(outputs, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    sys.argv = [module, *arguments]
    code = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int | None) else 1
        if code != end.code:
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code or 0


if __name__ == "__main__":
    _serve(sys.argv[1:])
