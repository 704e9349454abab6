"""A pytest plugin that closes the holes through which nbval 0.11.0 lets a broken notebook pass.

Without it, nbval passes a cell that an unknown magic aborted, hangs up to the whole time limit on a dead kernel, and
passes a cell marked as raising that raises nothing, one that warns, and a figure without its alternative text. It
patches private names, so it is held to the very version it was written for; test_hardening.py shows with small bad
notebooks that each of them fails.

Loaded by name: `pytest -p tests.notebooks.hardening --nbval-lax ...` (see course_lib/commands/test.py).
"""

import html
import re
import time
from queue import Empty

import nbval
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell

if nbval.__version__ != "0.11.0":
    raise RuntimeError(f"tests/notebooks/hardening.py mends nbval 0.11.0, found {nbval.__version__}")

FEWEST_WORDS = 4  # of an alternative text
_runtest = IPyNbCell.runtest


def execute_cell_input(self, cell_input, allow_stdin=None):
    """As nbval's own, but with a history: a trailing `;` then means what it means in JupyterLab."""
    return self.kc.execute(cell_input, store_history=True, allow_stdin=allow_stdin, stop_on_error=False)


def await_reply(self, msg_id, timeout=None):
    """As nbval's own, but it looks once a second whether the kernel still lives, and keeps the reply."""
    end = None if timeout is None else time.monotonic() + timeout
    while True:
        try:
            message = self.get_message("shell", timeout=1)
        except Empty:
            if not self.km.is_alive():
                raise RuntimeError("the kernel died (out of memory?)") from None
            if end is not None and time.monotonic() > end:
                raise
            continue
        if message["parent_header"].get("msg_id") == msg_id:
            self.last_reply = message["content"]
            return


def runtest(self):
    """As nbval's own, but all that the kernel said counts: an error fails, a raising cell has to raise, no cell warns,
    and a cell that shows a figure shows it with its alternative text."""
    self.parent.kernel.last_reply = {}
    _runtest(self)
    status = self.parent.kernel.last_reply.get("status")
    if self.options["check_exception"] and status == "ok":
        self.raise_cell_error("marked as raising, but it ran")
    if not self.options["check_exception"] and status == "error":
        self.raise_cell_error("failed without traceback")
    for problem in problems(self.cell, self.test_outputs):
        self.raise_cell_error(problem)


def problems(cell, outputs):
    """What is wrong with what a cell has put out, in sentences."""
    warned = "".join(each["text"] for each in outputs if each.get("name") == "stderr")
    if warned:
        yield f"printed to stderr: {warned}"
    pages = ["".join(each["data"].get("text/html", "")) for each in outputs if "data" in each]
    images = [image for page in pages for image in re.findall(r"<img\b[^>]*>", page)]
    if not images and ("show(" in cell.source or "explorer" in cell.metadata.get("tags", [])):
        yield "shows no figure"
    for image in images:
        alt = html.unescape("".join(re.findall(r'\balt="([^"]*)"', image)))
        if len(alt.split()) < FEWEST_WORDS:
            yield f"shows a figure whose alternative text is {alt!r}"


RunningKernel.execute_cell_input = execute_cell_input
RunningKernel.await_reply = await_reply
IPyNbCell.runtest = runtest
