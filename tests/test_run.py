"""The record of a training: what was measured can be read as tensors, and is shown in words."""

import pytest
import torch

from course_lib.datasets import load
from course_lib.fit import fit
from course_lib.nets import MLP
from course_lib.run import History


def train(name="iris", make=lambda: MLP(4, 8, 3), **options):
    return fit(make, load(name), **({"epochs": 3, "lr": 0.05} | options))


def test_a_history_gives_float64_tensors_one_number_an_epoch():
    history = train().history
    assert list(history) == ["train_loss", "val_loss", "val_acc"]
    assert all(values.dtype == torch.float64 and values.shape == (3,) for values in history.values())


def test_values_have_no_accuracy():
    assert list(train("coffee", lambda: MLP(1, 8, 1)).history) == ["train_loss", "val_loss"]


def test_a_history_cannot_be_changed_through_what_it_gives():
    history = train().history
    history["val_loss"].zero_()
    history.lists()["val_loss"].clear()
    assert (history["val_loss"] > 0).all() and len(history["val_loss"]) == 3


def test_a_name_that_was_not_recorded_is_answered_with_those_that_were():
    with pytest.raises(KeyError, match="'train_acc' was not recorded; there are train_loss, val_loss, val_acc"):
        train().history["train_acc"]


def test_a_history_is_written_and_taken_back_as_lists():
    history = History("loss")
    history.record(loss=1.5, more=7.0)
    again = History("loss")
    again.take_back(history.lists())
    assert again["loss"].tolist() == [1.5] and again.last("loss") == 1.5


def test_the_train_loss_is_the_mean_of_the_epochs_step_losses():
    run = train(batch_size=16)
    assert run.step_loss.shape == (21,) and run.step == 21
    assert torch.allclose(run.history["train_loss"], run.step_loss.double().view(3, 7).mean(1))


def test_without_an_epoch_there_is_an_empty_record():
    run = train(epochs=0)
    assert run.step == run.epoch == 0 and run.step_loss.shape == (0,)
    assert all(values.shape == (0,) for values in run.history.values())
    assert run.stopped == "finished" and "empty" in repr(run)


def test_it_is_shown_in_words():
    text = repr(train())
    assert text.startswith("Run (finished): 3 epochs, 21 steps. History: train_loss ") and "val_acc" in text
    assert "learning rate is 0" in repr(train(lr=0))
