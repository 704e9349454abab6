"""An interruption ends the cell, however many nets it would still train, and nothing but that run of that cell."""

import sys
from queue import Empty

import pytest
from jupyter_client.manager import KernelManager

from course_lib import interrupted_cell
from course_lib.commands.checkout import ROOT
from course_lib.datasets import load
from course_lib.fit import fit
from course_lib.fit_many import fit_many
from course_lib.interrupted_cell import CellStopped
from course_lib.nets.mlp import MLP

IRIS = load("iris").standardise()


def mlp():
    return MLP(4, 4, 3)


def train():
    return fit(mlp, IRIS, epochs=1, lr=0.1, progress=False)


def sweep():
    return fit_many(mlp, IRIS, epochs=1, grid={"lr": [0.1]}, progress=False)


class Shell:
    """A notebook's shell as far as it counts: what it was asked for last."""

    def __init__(self):
        self.asked = "first run"

    def get_parent(self):
        return {"header": {"msg_id": self.asked}} if self.asked else {}


@pytest.fixture
def shell(monkeypatch):
    shell = Shell()
    monkeypatch.setattr(interrupted_cell, "_interrupted", None)
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: shell)
    return shell


@pytest.fixture
def press_stop(monkeypatch):
    def press(*_):
        raise KeyboardInterrupt

    def stopped(training):
        with monkeypatch.context() as during:
            during.setitem(fit.__globals__, "one_epoch", press)
            during.setattr("course_lib.together.Together.epoch", press)
            return training()

    return stopped


@pytest.mark.parametrize("first", [train, sweep])
@pytest.mark.parametrize("second", [train, sweep])
def test_a_second_training_does_not_begin(shell, press_stop, capsys, first, second):
    press_stop(first)
    assert "stopped at epoch 0" in capsys.readouterr().out
    with pytest.raises(CellStopped):
        second()
    shell.asked = "second run"
    second(), second()


def test_without_an_interruption_a_cell_trains_on(shell):
    train(), sweep(), train()


def test_outside_a_notebook_the_next_training_begins(shell, press_stop):
    shell.asked = None
    press_stop(train)
    assert train().stopped == "finished"


def test_without_ipython_the_next_training_begins(press_stop, monkeypatch):
    monkeypatch.setattr(interrupted_cell, "_interrupted", None)
    monkeypatch.delitem(sys.modules, "IPython")
    press_stop(train)
    assert train().stopped == "finished"


CELL = """\
import course_lib as course

class Say(course.Callback):
    def on_epoch_end(self, run):
        print("epoch", flush=True)

iris = course.load("iris")
for seed in range(3):
    course.fit(lambda: course.MLP(4, 4, 3), iris, epochs=10**6, lr=0.1, seed=seed, progress=False, callbacks=[Say()])
    print("next", flush=True)
"""


@pytest.mark.slow
def test_one_press_of_stop_ends_a_cell_with_three_trainings():
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(ROOT))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(60)
        asked, said, error = client.execute(CELL), "", {}
        while True:
            message = client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != asked:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                if "epoch" not in said and "epoch" in content["text"]:
                    manager.interrupt_kernel()
                said += content["text"]
            elif kind == "error":
                error = content
            elif kind == "status" and content["execution_state"] == "idle":
                break
    except Empty:
        pytest.fail(f"the cell goes on after it was interrupted; it said {said[-200:]!r}")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert said.count("stopped at epoch") == 1 and said.count("next") == 1
    assert error["traceback"] == [interrupted_cell.WORDS]
