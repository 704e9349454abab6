"""One contract for all callbacks, and each of them against what it says."""

import copy
import inspect
import math
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib import callbacks
from course_lib.callbacks import Callback, ClipGradNorm, EarlyStopping, Schedule, StopTraining, cosine, steps
from course_lib.datasets import load
from course_lib.fit import fit
from course_lib.nets import MLP

HOOKS = ("on_epoch_begin", "on_grad_computed", "on_step_end", "on_epoch_end")

# One of each kind; a new callback has to be entered here.
EXAMPLES = {
    "Callback": Callback,
    "ClipGradNorm": lambda: ClipGradNorm(0.5),
    "EarlyStopping": lambda: EarlyStopping(2),
    "Schedule": lambda: Schedule(cosine(8)),
}
ALL = [name for name, kind in inspect.getmembers(callbacks, inspect.isclass) if issubclass(kind, Callback)]


def net():
    return MLP(4, 8, 3)


def train(*some, epochs=6, **options):
    return fit(net, load("iris"), epochs=epochs, lr=0.05, callbacks=some, **options)


class Recorder(Callback):
    """Writes down which hook was called, and what it could see."""

    def __init__(self):
        self.calls = []

    def on_epoch_begin(self, run):
        self.calls.append(("begin", run.epoch, run.step, len(run.history["train_loss"])))

    def on_grad_computed(self, run):
        self.calls.append(("grad", run.epoch, run.step, float(run.model[0].weight.grad.norm()) > 0))

    def on_step_end(self, run):
        self.calls.append(("step", run.epoch, run.step, len(run.losses)))

    def on_epoch_end(self, run):
        self.calls.append(("end", run.epoch, run.step, len(run.history["train_loss"])))


def test_every_callback_has_an_example():
    assert set(ALL) == set(EXAMPLES)


@pytest.mark.parametrize("name", ALL)
def test_every_hook_takes_the_run_and_gives_nothing(name):
    callback = EXAMPLES[name]()
    run = train(epochs=2)
    run.epoch = 0
    for hook in HOOKS:
        assert getattr(callback, hook)(run) is None
        assert getattr(type(callback), hook).__doc__ or getattr(Callback, hook).__doc__


@pytest.mark.parametrize("name", ALL)
def test_every_state_survives_a_file_and_a_copy(name, tmp_path):
    callback = EXAMPLES[name]()
    train(callback, epochs=3)
    state = callback.state_dict()
    torch.save(state, tmp_path / "state.pt")
    again = EXAMPLES[name]()
    again.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert again.state_dict() == state == copy.deepcopy(callback).state_dict()


@pytest.mark.parametrize("name", ALL)
def test_every_callback_resumes_exactly(name, tmp_path):
    whole = train(EXAMPLES[name](), epochs=8)
    train(EXAMPLES[name](), epochs=3, checkpoint=tmp_path / "c.pt")
    resumed = train(EXAMPLES[name](), epochs=8, checkpoint=tmp_path / "c.pt")
    assert resumed.stopped == whole.stopped
    assert torch.equal(resumed.step_loss, whole.step_loss)


@pytest.mark.parametrize("name", ALL)
def test_every_callback_serves_a_second_training_as_the_first(name):
    callback = EXAMPLES[name]()
    assert torch.equal(train(callback).step_loss, train(callback).step_loss)


def test_the_hooks_come_in_the_promised_order():
    recorder = Recorder()
    train(recorder, epochs=2, batch_size=40)  # 105 rows: 3 steps an epoch
    expected = []
    for epoch in range(2):
        expected.append(("begin", epoch, 3 * epoch, epoch))
        for step in range(3):
            expected.append(("grad", epoch, 3 * epoch + step + 1, True))
            expected.append(("step", epoch, 3 * epoch + step + 1, step + 1))
        expected.append(("end", epoch, 3 * epoch + 3, epoch + 1))
    assert recorder.calls == expected


def test_a_hook_can_change_the_gradient():
    class Zero(Callback):
        def on_grad_computed(self, run):
            for parameter in run.model.parameters():
                parameter.grad.zero_()

    start = train(epochs=0).model
    end = train(Zero(), epochs=2).model
    assert all(torch.equal(a, b) for a, b in zip(start.parameters(), end.parameters(), strict=True))


@pytest.mark.parametrize("hook", HOOKS)
def test_any_hook_can_stop_the_training(hook):
    callback = Callback()

    def stop(run):
        if run.epoch == 2:
            raise StopTraining

    setattr(callback, hook, stop)
    run = train(callback)
    assert run.stopped == "stopped"
    assert len(run.history["val_loss"]) == run.epoch == (3 if hook == "on_epoch_end" else 2)


def test_early_stopping_stops_patience_epochs_after_the_best(monkeypatch):
    values = iter([5.0, 4.0, 4.5, 3.0, 3.0, 3.1, 2.9, 1.0])
    monkeypatch.setattr(sys.modules["course_lib.fit"], "evaluate", lambda *_: {"loss": next(values), "acc": 0.5})
    stopping = EarlyStopping(2)
    run = train(stopping, epochs=8)
    assert run.stopped == "stopped"
    assert run.history["val_loss"].tolist() == [5, 4, 4.5, 3, 3, 3.1]
    assert (stopping.best, stopping.best_epoch) == (3.0, 3)


def test_early_stopping_lets_a_training_that_improves_go_on():
    assert train(EarlyStopping(1), epochs=5).stopped == "finished"


def test_early_stopping_without_the_number_it_watches_is_a_sentence():
    with pytest.raises(ValueError, match="watches 'valid_loss'.*train_loss, val_loss, val_acc"):
        train(EarlyStopping(1, monitor="valid_loss"))


def test_early_stopping_without_validation_data_is_a_sentence():
    iris = load("iris")
    empty = type(iris.val)(iris.val.x[:0], iris.val.y[:0])
    bare = type(iris)("mine", iris.train, empty, empty, classes=iris.classes)
    with pytest.raises(ValueError, match="it has no value: is that split empty"):
        fit(net, bare, epochs=3, lr=0.1, callbacks=EarlyStopping(1))


@pytest.mark.parametrize("patience", [0, -1, 2.5, True])
def test_a_patience_that_makes_no_sense_is_named(patience):
    with pytest.raises(ValueError, match=f"patience is {patience}; it must be a whole number of 1 or more"):
        EarlyStopping(patience)


def rates_of(schedule, torch_schedule, epochs):
    """Return the learning rates of ours and of PyTorch's, epoch by epoch."""
    seen = []

    class Look(Callback):
        def on_step_end(self, run):
            seen.append(run.optimizer.param_groups[0]["lr"])

    train(schedule, Look(), epochs=epochs, batch_size=105)
    optimizer = torch.optim.SGD(net().parameters(), lr=0.05)
    scheduler, expected = torch_schedule(optimizer), []
    for _ in range(epochs):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return seen, expected


def test_cosine_is_pytorchs():
    seen, expected = rates_of(Schedule(cosine(9)), lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 9), 9)
    assert seen == pytest.approx(expected)


def test_steps_are_pytorchs():
    make = lambda o: torch.optim.lr_scheduler.StepLR(o, 3, gamma=0.5)  # noqa: E731
    seen, expected = rates_of(Schedule(steps(3, by=0.5)), make, 9)
    assert seen == pytest.approx(expected)


@given(epochs=st.integers(1, 500), epoch=st.integers(0, 600))
def test_cosine_falls_from_one_to_zero_and_stays(epochs, epoch):
    factor = cosine(epochs)
    assert 0 <= factor(epoch + 1) <= factor(epoch) <= factor(0) == 1
    assert factor(epochs) == pytest.approx(0, abs=1e-12)


def test_a_schedule_moves_every_group_from_its_own_rate():
    def two_rates(parameters, lr):
        first, *rest = parameters
        return torch.optim.SGD([{"params": [first], "lr": 10 * lr}, {"params": rest}], lr=lr)

    run = train(Schedule(lambda epoch: 0.5), optimizer=two_rates, epochs=1)
    assert [group["lr"] for group in run.optimizer.param_groups] == pytest.approx([0.25, 0.025])


@pytest.mark.parametrize("factor", [-1, math.nan, math.inf])
def test_a_factor_that_makes_no_sense_is_named(factor):
    with pytest.raises(ValueError, match=f"gives {float(factor)} for epoch 0"):
        train(Schedule(lambda epoch: factor))


@pytest.mark.parametrize(("make", "value"), [(cosine, 0), (cosine, 2.5), (steps, 0), (steps, True)])
def test_a_length_that_makes_no_sense_is_named(make, value):
    with pytest.raises(ValueError, match=f"is {value}; it must be a whole number of 1 or more"):
        make(value)


class Gradients(Callback):
    """Keeps the whole gradient of every step, as one vector."""

    def __init__(self):
        self.seen = []

    def on_grad_computed(self, run):
        self.seen.append(torch.cat([p.grad.flatten() for p in run.model.parameters()]).clone())


@pytest.mark.parametrize("max_norm", [0.01, 0.7, 1000])
def test_clipping_shortens_the_whole_gradient_and_keeps_its_direction(max_norm):
    before, after = Gradients(), Gradients()
    train(before, ClipGradNorm(max_norm), after, epochs=2)
    for a, b in zip(before.seen, after.seen, strict=True):
        assert torch.nn.functional.cosine_similarity(a, b, dim=0) == pytest.approx(1, abs=1e-5)
        assert float(b.norm()) == pytest.approx(min(float(a.norm()), max_norm), rel=1e-4)
    if max_norm == 0.7:  # some are longer, some are not
        assert {bool(a.norm() > max_norm) for a in before.seen} == {True, False}


def test_clipping_far_above_every_gradient_changes_nothing():
    assert torch.equal(train(ClipGradNorm(1e6), epochs=3).step_loss, train(epochs=3).step_loss)


@pytest.mark.parametrize("max_norm", [0, -1, math.nan, math.inf, True, "1", None])
def test_a_length_to_clip_to_that_makes_no_sense_is_named(max_norm):
    with pytest.raises(ValueError, match=f"max_norm is a number above 0; {max_norm!r} is not"):
        ClipGradNorm(max_norm)


@pytest.mark.parametrize("wrong", [[print], ["early"], [EarlyStopping]])
def test_what_is_no_callback_is_named(wrong):
    with pytest.raises(ValueError, match="must be a Callback object"):
        train(*wrong)
