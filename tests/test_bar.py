"""The progress bar shows when it is asked for, or when a training takes over a second."""

import sys

import pytest

from course_lib.bar import Bar
from course_lib.callbacks import Callback
from course_lib.datasets import load
from course_lib.fit import fit
from course_lib.nets import MLP


def train(**options):
    return fit(lambda: MLP(4, 3), load("iris"), **({"epochs": 4, "lr": 0.1} | options))


class Clock(Callback):
    """Makes every epoch take a while, on a clock of its own."""

    def __init__(self, monkeypatch, seconds):
        self.now, self.seconds = 0.0, seconds
        monkeypatch.setattr(sys.modules[Bar.__module__].time, "time", lambda: self.now)

    def on_epoch_end(self, run):
        self.now += self.seconds


def test_a_short_training_shows_no_bar(capsys):
    train()
    assert capsys.readouterr() == ("", "")


def test_a_long_one_shows_how_far_it_is(capsys, monkeypatch):
    train(callbacks=[Clock(monkeypatch, 0.6)])
    shown = capsys.readouterr().err
    assert "2/4" in shown and "0/4" not in shown


def test_never_means_never(capsys, monkeypatch):
    train(callbacks=[Clock(monkeypatch, 100)], progress=False)
    assert capsys.readouterr().err == ""


def test_at_once_means_after_the_first_epoch(capsys, monkeypatch):
    train(callbacks=[Clock(monkeypatch, 0.2)], progress=True)
    assert "1/4" in capsys.readouterr().err


def test_a_bar_goes_on_where_the_checkpoint_is(capsys, monkeypatch, tmp_path):
    train(epochs=2, checkpoint=tmp_path / "c.pt", callbacks=[Clock(monkeypatch, 0)])
    train(epochs=6, checkpoint=tmp_path / "c.pt", callbacks=[Clock(monkeypatch, 3)])
    shown = capsys.readouterr().err
    assert "3/6" in shown and "1/6" not in shown


@pytest.mark.parametrize("lr", [0.1, 1e30])
def test_it_is_closed_however_the_training_ends(monkeypatch, lr):
    closed = []
    original = Bar.close
    monkeypatch.setattr(Bar, "close", lambda self: (closed.append(1), original(self)))
    fit(lambda: MLP(4, 8, 3), load("iris"), epochs=3, lr=lr, progress=True)
    assert closed == [1]
