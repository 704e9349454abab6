"""Still figures: they draw what they are given, on axes they are given, and leave nothing open."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from course_lib.datasets import load
from course_lib.fit import fit
from course_lib.fit_many import fit_many
from course_lib.nets import MLP
from course_lib.plots import plot_data, plot_guessing, plot_history, plot_sweep
from course_lib.style import use_style


@pytest.fixture(autouse=True)
def _house_style_and_nothing_left_open():
    use_style()
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def runs():
    return fit_many(lambda: MLP(4, 8, 3), load("iris"), epochs=3, grid={"lr": [0.01, 1e30]}, seeds=range(2))


def test_history_draws_both_losses():
    run = fit(lambda: MLP(4, 8, 3), load("iris"), epochs=4, lr=0.01, progress=False)
    ax = plot_history(run, title="four epochs")
    train, val = ax.lines
    assert np.allclose(train.get_ydata(), run.history["train_loss"]) and list(train.get_xdata()) == [1, 2, 3, 4]
    assert np.allclose(val.get_ydata(), run.history["val_loss"]) and ax.get_title(loc="left") == "four epochs"


def test_data_draws_every_training_row_once():
    iris = load("iris")
    ax = plot_data(iris)
    assert [len(line.get_xdata()) for line in ax.lines] == [35, 35, 35]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(iris.classes)
    assert len({line.get_marker() for line in ax.lines}) == 3  # not by colour alone


def test_data_with_two_features_takes_those():
    spirals = load("spirals")
    assert plot_data(spirals).get_xlabel() == spirals.features[0]


def test_guessing_is_ln_k():
    ax = plot_guessing(plt.figure().subplots(), classes=10)
    assert ax.lines[0].get_ydata()[0] == pytest.approx(math.log(10))


def test_sweep_draws_median_and_band_and_keeps_runs_that_overflowed(runs):
    assert runs.diverged[1].all()
    ax = plot_sweep(runs, top=5)
    median = ax.lines[0].get_ydata()
    assert median[0] == pytest.approx(float(runs["val_loss"][-1][0].median()), abs=0.2)
    assert median[1] == 5  # at the top, not left out
    assert ax.get_xscale() == "log"


def test_sweep_over_something_else_is_refused(runs):
    with pytest.raises(ValueError, match="'momentum'"):
        plot_sweep(runs, x="momentum")


def test_plots_use_given_axes(runs):
    ax = plt.figure().subplots()
    assert plot_sweep(runs, ax) is ax and plot_data(load("iris"), ax) is ax
    assert plt.get_fignums() == [1]


def test_dead_nets_are_crosses(runs):
    runs_with_dead = fit_many(
        lambda: MLP(4, 16, 16, 3),
        load("iris"),
        epochs=10,
        batch_size=16,
        grid={"lr": torch.tensor([0.01, 5.0])},
        seeds=[0],
    )
    assert runs_with_dead.dead_net.tolist() == [[False], [True]]
    crosses = [line for line in plot_sweep(runs_with_dead, top=3).lines if line.get_marker() == "x"]
    assert list(crosses[0].get_xdata()) == [5.0]
