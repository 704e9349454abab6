"""A half-trained net is kept nowhere: neither handed out by `uninterrupted` nor by any function of a lesson."""

import ast
from collections.abc import Iterator

import pytest

import course_lib as course
from course_lib.commands.checkout import ROOT
from course_lib.lessons.learning_rates.explorers import train_iris
from course_lib.lessons.skip_connections.nets import trained
from course_lib.lessons.vanishing_gradients.trained import train_clipped
from course_lib.run import Run
from course_lib.uninterrupted import uninterrupted

IRIS = course.load("iris")


class Stop(course.Callback):
    """Presses stop in the second epoch."""

    def on_epoch_end(self, run):
        if run.epoch == 1:
            raise KeyboardInterrupt


def net():
    return course.MLP(4, 3)


def test_a_whole_training_is_handed_on():
    run = course.fit(net, IRIS, epochs=2, lr=0.1, progress=False)
    runs = course.fit_many(net, IRIS, epochs=2, grid={"lr": [0.1, 1e6]}, seeds=range(2), progress=False)
    assert uninterrupted(run, 2) is run and uninterrupted(runs, 2) is runs
    lost = course.fit(net, IRIS, epochs=9, lr=1e30, progress=False)
    assert lost.stopped != "interrupted" and uninterrupted(lost, 9) is lost  # it stopped by itself, if it did


def test_an_interrupted_run_is_not(capsys):
    run = course.fit(net, IRIS, epochs=3, lr=0.1, callbacks=[Stop()], progress=False)
    with pytest.raises(KeyboardInterrupt) as stopped:
        uninterrupted(run, 3)
    (said,) = stopped.value._render_traceback_()  # what a notebook shows, in the place of our frames
    assert said.startswith("Stopped: ") and said.endswith("Run the cell again.")
    assert "go on" not in said + capsys.readouterr().out  # the cells below cannot


def stop_after(calls, work):
    """`work`, which the learner stops at a later call."""
    count = iter(range(calls))

    def stopped(*args, **options):
        if next(count, None) is None:
            raise KeyboardInterrupt
        return work(*args, **options)

    return stopped


@pytest.mark.parametrize("train", [lambda: train_iris(0.01, "tanh", "raw"), lambda: train_clipped(1.0, 0.01, 5.0)])
def test_a_training_that_was_stopped_is_done_anew_the_next_time(monkeypatch, train):
    with monkeypatch.context() as patch:
        patch.setattr(Run, "keep_losses", stop_after(2, Run.keep_losses))
        with pytest.raises(KeyboardInterrupt):
            train()
    run, _ = train()
    assert run.stopped == "finished"


def test_so_is_a_sweep(monkeypatch):
    names = course.fit_many.__globals__
    with monkeypatch.context() as patch:
        patch.setitem(names, "_validated", stop_after(1, names["_validated"]))
        with pytest.raises(KeyboardInterrupt):
            trained(2, epochs=2, rates=(0.001,))
    assert len(trained(2, epochs=2, rates=(0.001,))["train_loss"]) == 2


def careless(source: str) -> Iterator[str]:
    """The functions with a cache that train with `fit` or `fit_many` and take what comes."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and any("cache" in ast.unparse(each) for each in node.decorator_list):
            called = {ast.unparse(each.func) for each in ast.walk(node) if isinstance(each, ast.Call)}
            if called & {"fit", "fit_many"} and "uninterrupted" not in called:
                yield node.name


FILES = sorted((ROOT / "course_lib" / "lessons").rglob("*.py"))


def test_no_function_of_a_lesson_keeps_half_a_training():
    assert [f"{path.name}: {name}" for path in FILES for name in careless(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("line", "found"), [("fit(net)", ["train"]), ("uninterrupted(fit(net), 3)", []), ("net.fit()", [])]
)
def test_a_function_that_does_is_found(line, found):
    assert list(careless(f"@lru_cache(maxsize=4)\ndef train(rate):\n    return {line}\n")) == found
    assert list(careless(f"def train(rate):\n    return {line}\n")) == []
