"""An interrupted training goes on to the last bit, and a checkpoint of another training is refused."""

import os

import pytest
import torch
from torch import nn

from course_lib import checkpoint
from course_lib.callbacks import Callback, EarlyStopping
from course_lib.datasets import Data, load
from course_lib.fit import fit
from course_lib.nets import MLP

IRIS = load("iris")
STEPS = 7  # an epoch


def noisy_net():
    """Everything that has a state of its own: batch norm has statistics, dropout draws random numbers."""
    return nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 3))


def train(path=None, *, model=noisy_net, data=IRIS, callbacks=(), **changes):
    options = {"epochs": 6, "lr": 0.01, "optimizer": "adam", "seed": 1} | changes
    return fit(model, data, checkpoint=path, callbacks=callbacks, **options)


def press_stop(step, hook="on_step_end"):
    """Return a callback that presses the stop button in a chosen step, at a chosen hook.

    Of the plain kind: a checkpoint knows the kinds of its callbacks, and is resumed with a plain one.
    """

    def press(run):
        if run.step >= step:
            raise KeyboardInterrupt

    callback = Callback()
    setattr(callback, hook, press)
    return callback


def same(a, b):
    tensors = zip(a.model.state_dict().values(), b.model.state_dict().values(), strict=True)
    histories = (torch.equal(a.history[name], b.history[name]) for name in a.history)
    return all(torch.equal(x, y) for x, y in tensors) and all(histories) and torch.equal(a.step_loss, b.step_loss)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "rmsprop", "adam"])
@pytest.mark.parametrize("step", [1, 2, STEPS, STEPS + 1, 3 * STEPS + 4, 6 * STEPS])
def test_interrupted_and_resumed_is_as_if_nothing_had_happened(tmp_path, optimizer, step):
    whole = train(optimizer=optimizer, callbacks=[Callback()])
    broken = train(tmp_path / "c.pt", optimizer=optimizer, callbacks=[press_stop(step)])
    assert broken.stopped == "interrupted" and broken.step == step
    torch.rand(13)  # whatever happens in between
    resumed = train(tmp_path / "c.pt", optimizer=optimizer, callbacks=[Callback()])
    assert resumed.stopped == "finished" and same(resumed, whole)


@pytest.mark.parametrize("hook", ["on_epoch_begin", "on_grad_computed", "on_epoch_end"])
def test_it_may_be_interrupted_anywhere(tmp_path, hook):
    whole = train(callbacks=[Callback()])
    assert train(tmp_path / "c.pt", callbacks=[press_stop(2 * STEPS, hook)]).stopped == "interrupted"
    assert same(train(tmp_path / "c.pt", callbacks=[Callback()]), whole)


def test_a_net_given_as_an_object_goes_on_too(tmp_path):
    torch.manual_seed(3)
    whole = train(model=noisy_net())
    torch.manual_seed(3)
    train(tmp_path / "c.pt", model=noisy_net(), epochs=2)
    torch.manual_seed(99)
    other = noisy_net()
    resumed = train(tmp_path / "c.pt", model=other)
    assert same(resumed, whole) and resumed.model is other


def test_twice_interrupted(tmp_path):
    whole = train(callbacks=[Callback()])
    train(tmp_path / "c.pt", callbacks=[press_stop(9)])
    train(tmp_path / "c.pt", callbacks=[press_stop(30)])
    assert same(train(tmp_path / "c.pt", callbacks=[Callback()]), whole)


def test_a_finished_training_is_given_back_without_training(tmp_path):
    whole = train(tmp_path / "c.pt")
    again = train(tmp_path / "c.pt", model=noisy_net)
    assert same(again, whole) and again.stopped == "finished"


def test_more_epochs_go_on_and_fewer_are_refused(tmp_path):
    train(tmp_path / "c.pt", epochs=4)
    assert same(train(tmp_path / "c.pt", epochs=6), train())
    with pytest.raises(ValueError, match="already has 6 epochs; this call has epochs = 4"):
        train(tmp_path / "c.pt", epochs=4)


def test_the_settings_may_be_shifted_together(tmp_path, monkeypatch):
    train(tmp_path / "c.pt", epochs=2)
    monkeypatch.setenv("COURSE_SEED_SHIFT", "1")
    with pytest.raises(ValueError, match="seed = 1; this call has seed = 2"):
        train(tmp_path / "c.pt")


OTHER = {
    "lr": {"lr": 0.02},
    "batch_size": {"batch_size": 15},
    "seed": {"seed": 2},
    "optimizer": {"optimizer": "sgd"},
    "momentum": {"optimizer": "rmsprop", "momentum": 0.5},
    "weight_decay": {"weight_decay": 0.1},
    "loss": {"loss": nn.CrossEntropyLoss()},
    "callbacks": {"callbacks": [EarlyStopping(5)]},
    "weights": {"model": lambda: MLP(4, 8, 3)},
    "training data": {"data": IRIS.standardise()},
    "validation data": {"data": Data("iris", IRIS.train, IRIS.test, IRIS.val, classes=IRIS.classes)},
}


@pytest.mark.parametrize("setting", OTHER)
def test_a_checkpoint_of_other_settings_is_refused_by_name(tmp_path, setting):
    first = {"optimizer": "rmsprop"} if setting == "momentum" else {}
    train(tmp_path / "c.pt", epochs=2, **first)
    kept = (tmp_path / "c.pt").read_bytes()
    with pytest.raises(ValueError, match=f"was made with {setting} = .*; this call has {setting} = .*delete the file"):
        train(tmp_path / "c.pt", **OTHER[setting])
    assert (tmp_path / "c.pt").read_bytes() == kept


@pytest.mark.parametrize("left", [0.0, 0.01, 0.3, 0.7, 0.99])
def test_a_checkpoint_cut_short_is_a_sentence(tmp_path, left):
    path = tmp_path / "c.pt"
    train(path, epochs=2)
    path.write_bytes(path.read_bytes()[: int(left * path.stat().st_size)])
    with pytest.raises(ValueError, match=r"c\.pt' cannot be read: it was cut short.*Delete it"):
        train(path)


@pytest.mark.parametrize("content", [{"weights": torch.ones(3)}, [1, 2], torch.ones(2), {"format": 99}])
def test_another_file_is_not_taken_for_a_checkpoint(tmp_path, content):
    torch.save(content, tmp_path / "c.pt")
    with pytest.raises(ValueError, match="is not a checkpoint that this version"):
        train(tmp_path / "c.pt")


def test_a_file_with_code_in_it_is_not_run(tmp_path):
    torch.save(noisy_net(), tmp_path / "c.pt")
    with pytest.raises(ValueError, match="cannot be read"):
        train(tmp_path / "c.pt")


@pytest.mark.parametrize(("module", "function"), [(torch, "save"), (os, "replace")])
def test_a_write_that_breaks_leaves_the_old_file_whole(tmp_path, module, function):
    path = tmp_path / "c.pt"
    train(path, epochs=2)
    kept = path.read_bytes()

    def breaks(*_):
        path.with_name("c.pt.part").write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, function, breaks)
        assert train(path).stopped == "interrupted"
    assert path.read_bytes() == kept
    assert same(train(path), train())


def test_nothing_but_the_checkpoint_is_left_in_the_folder(tmp_path):
    train(tmp_path / "c.pt", epochs=2)
    assert [p.name for p in tmp_path.iterdir()] == ["c.pt"]


def test_a_read_only_folder_is_said_before_training(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ValueError, match="is read-only"):
        train(tmp_path / "c.pt")


def test_an_overflow_keeps_the_last_good_epoch(tmp_path):
    path = tmp_path / "c.pt"
    assert fit(lambda: MLP(4, 8, 3), IRIS, epochs=3, lr=1e30, checkpoint=path).stopped == "not finite"
    assert not path.exists()


def test_a_snapshot_shares_no_memory_with_the_run():
    run = train(epochs=1)
    state = checkpoint.snapshot(run)
    weight = state["weights"]["0.weight"].clone()
    moments = state["optimizer"]["state"][0]["exp_avg"].clone()
    with torch.no_grad():
        run.model[0].weight.zero_()
        run.optimizer.state_dict()["state"][0]["exp_avg"].zero_()
    assert torch.equal(state["weights"]["0.weight"], weight)
    assert torch.equal(state["optimizer"]["state"][0]["exp_avg"], moments)
    checkpoint.put_back(run, state)
    assert torch.equal(run.model[0].weight, weight)


def test_the_random_state_of_a_device_is_taken_and_put_back():
    device = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    state = checkpoint.random_state(device)
    first = torch.rand(3, device=device), torch.rand(3)
    checkpoint.set_random_state(state, device)
    again = torch.rand(3, device=device), torch.rand(3)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
