"""``fit`` is the loop that a learner writes, to the last bit, and nothing slower or stranger."""

import ast
import inspect
import sys
import textwrap
from contextlib import nullcontext
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from course_lib.callbacks import Callback
from course_lib.datasets import Data, Split, load
from course_lib.fit import fit
from course_lib.fit_many import fit_many
from course_lib.nets import MLP

MODULE = sys.modules["course_lib.fit"]  # course_lib.fit is the function, once the package has lifted it
IRIS = load("iris")


def mlp():
    return MLP(4, 16, 3)


def noisy_net():
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 3))


class Fails(Callback):
    def on_step_end(self, run):
        raise ZeroDivisionError


def bare_loop(make, data, optimizer, *, epochs, batch_size, seed):
    """The loop of lesson 03."""
    torch.manual_seed(seed)
    net, order, losses = make(), torch.Generator().manual_seed(seed), []
    update = optimizer(net.parameters())
    loss_of = F.cross_entropy if data.classes else lambda output, y: F.mse_loss(output[:, 0], y)
    for _ in range(epochs):
        for batch in torch.randperm(len(data.train.x), generator=order).split(batch_size):
            loss = loss_of(net(data.train.x[batch]), data.train.y[batch])
            update.zero_grad()
            loss.backward()
            update.step()
            losses.append(loss.detach())
    return net, torch.stack(losses)


OPTIMIZERS = {
    "sgd": ({}, lambda p: torch.optim.SGD(p, lr=0.03)),
    "sgd with momentum": ({"momentum": 0.5}, lambda p: torch.optim.SGD(p, lr=0.03, momentum=0.5)),
    "momentum": ({"optimizer": "momentum"}, lambda p: torch.optim.SGD(p, lr=0.03, momentum=0.9)),
    "momentum 0.5": (
        {"optimizer": "momentum", "momentum": 0.5, "weight_decay": 0.01},
        lambda p: torch.optim.SGD(p, lr=0.03, momentum=0.5, weight_decay=0.01),
    ),
    "rmsprop": (
        {"optimizer": "rmsprop", "momentum": 0.5, "weight_decay": 0.01},
        lambda p: torch.optim.RMSprop(p, lr=0.03, momentum=0.5, weight_decay=0.01),
    ),
    "adam": ({"optimizer": "adam", "weight_decay": 0.01}, lambda p: torch.optim.Adam(p, lr=0.03, weight_decay=0.01)),
    "a function": ({"optimizer": lambda p, lr: torch.optim.AdamW(p, lr)}, lambda p: torch.optim.AdamW(p, 0.03)),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize(("make", "data"), [(noisy_net, "iris"), (lambda: MLP(1, 8, 1), "coffee")])
def test_it_is_the_bare_loop_to_the_last_bit(name, make, data):
    options, optimizer = OPTIMIZERS[name]
    if make is noisy_net:  # without a validation part: its dropout is off, so it draws nothing, but let it show
        options = options | {"loss": F.cross_entropy}
    net, losses = bare_loop(make, load(data), optimizer, epochs=4, batch_size=20, seed=5)
    run = fit(make, load(data), epochs=4, lr=0.03, batch_size=20, seed=5, **options)
    assert torch.equal(run.step_loss, losses)
    assert all(torch.equal(a, b) for a, b in zip(run.model.parameters(), net.parameters(), strict=True))


def test_the_val_loss_is_that_of_the_net_after_each_epoch():
    losses, accuracies = [], []

    class Judge(Callback):
        def on_epoch_end(self, run):
            logits = run.model.eval()(IRIS.val.x)
            losses.append(F.cross_entropy(logits, IRIS.val.y).item())
            accuracies.append((logits.argmax(1) == IRIS.val.y).float().mean().item())

    run = fit(noisy_net, IRIS, epochs=3, lr=0.1, callbacks=[Judge()])
    assert run.history["val_loss"].tolist() == pytest.approx(losses)
    assert run.history["val_acc"].tolist() == pytest.approx(accuracies)


def test_a_net_given_as_an_object_is_trained_in_place_and_not_reseeded():
    net = mlp()
    start, random = net[0].weight.detach().clone(), torch.get_rng_state()
    run = fit(net, IRIS, epochs=2, lr=0.1, seed=7)
    assert run.model is net and not torch.equal(net[0].weight, start)
    assert torch.equal(torch.get_rng_state(), random)


def test_the_seed_decides_weights_and_order():
    def first(seed):
        return fit(mlp, IRIS, epochs=1, lr=0.1, seed=seed)

    assert torch.equal(first(1).step_loss, first(1).step_loss)
    assert not torch.equal(first(1).step_loss, first(2).step_loss)

    def batches(seed):
        net = mlp()
        net.load_state_dict({k: torch.ones_like(v) for k, v in net.state_dict().items()})
        return fit(net, IRIS, epochs=1, lr=1e-3, seed=seed).step_loss

    assert torch.equal(batches(1), batches(1)) and not torch.equal(batches(1), batches(2))


def test_every_epoch_has_an_order_of_its_own():
    net = mlp()
    losses = fit(net, IRIS, epochs=2, lr=0).step_loss.view(2, 7)
    assert not torch.allclose(losses[0], losses[1])
    sizes = torch.tensor([16.0] * 6 + [9])
    assert torch.allclose((losses * sizes).sum(1) / 105, F.cross_entropy(net(IRIS.train.x), IRIS.train.y).expand(2))


def test_the_environment_shifts_seed_and_weights(monkeypatch):
    plain, other = fit(mlp, IRIS, epochs=1, lr=0.1, seed=2), fit(mlp, IRIS, epochs=1, lr=0.1, seed=5)
    monkeypatch.setenv("COURSE_SEED_SHIFT", "3")
    assert torch.equal(fit(mlp, IRIS, epochs=1, lr=0.1, seed=2).step_loss, other.step_loss)
    monkeypatch.delenv("COURSE_SEED_SHIFT")
    monkeypatch.setenv("COURSE_WEIGHT_NOISE", "1e-4")
    noisy = fit(mlp, IRIS, epochs=1, lr=0.1, seed=2)
    assert not torch.equal(noisy.step_loss, plain.step_loss)
    assert torch.allclose(noisy.step_loss, plain.step_loss, atol=1e-2)


def test_every_layer_gets_its_mode_back():
    net = noisy_net().eval()
    net[3].train()
    modes = [module.training for module in net.modules()]
    seen = []
    watch = Callback()
    watch.on_step_end = lambda run: seen.append(all(module.training for module in run.model.modules()))
    fit(net, IRIS, epochs=2, lr=0.1, callbacks=watch)
    assert [module.training for module in net.modules()] == modes
    assert seen == [True] * 14, "training mode in every step, after each evaluation too"


def test_an_empty_validation_part_has_no_numbers_but_trains():
    empty = Split(IRIS.val.x[:0], IRIS.val.y[:0])
    run = fit(mlp, Data("mine", IRIS.train, empty, empty), epochs=3, lr=0.1)
    assert run.stopped == "finished" and run.why == ""
    assert run.history["val_loss"].isnan().all() and run.history["val_loss"].shape == (3,)
    assert torch.equal(run.step_loss, fit(mlp, IRIS, epochs=3, lr=0.1).step_loss)


def test_interrupting_keeps_model_and_history_and_says_so(capsys):
    class Press(Callback):
        def on_step_end(self, run):
            if run.step == 7 * 7 + 3:
                raise KeyboardInterrupt

    run = fit(mlp, IRIS, epochs=20, lr=0.05, callbacks=[Press()])
    assert capsys.readouterr().out == "stopped at epoch 7; run it again for the whole training\n"
    assert run.stopped == "interrupted" and run.epoch == 7
    assert len(run.history["val_loss"]) == 7 and len(run.step_loss) == 52
    assert torch.equal(run.step_loss, fit(mlp, IRIS, epochs=20, lr=0.05).step_loss[:52])
    assert all(module.training for module in run.model.modules())


def test_interrupting_a_training_that_has_overflowed_still_says_where():
    class Press(Callback):
        def on_step_end(self, run):
            if run.step == 5:
                raise KeyboardInterrupt

    run = fit(lambda: MLP(4, 16, 16, 3), IRIS, epochs=20, lr=1e30, callbacks=[Press()])
    assert run.stopped == "interrupted" and run.bad_step == 1 and "In step 1" in run.why


def test_another_error_of_a_callback_comes_through_and_leaves_the_modes_alone():
    net = noisy_net().eval()
    with pytest.raises(ZeroDivisionError):
        fit(net, IRIS, epochs=2, lr=0.1, callbacks=[Fails()])
    assert not any(module.training for module in net.modules())


def test_a_device_given_moves_model_and_data():
    device = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    net = mlp()
    run = fit(net, IRIS, epochs=2, lr=0.1, device=str(device))
    assert {parameter.device.type for parameter in net.parameters()} == {device.type} == {run.device.type}
    assert run.step_loss.device.type == run.history["val_loss"].device.type == "cpu"


def test_the_environment_chooses_the_device(monkeypatch):
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    assert fit(mlp, IRIS, epochs=1, lr=0.1).device == torch.device("cpu")


class Travels(nn.Linear):
    """Notes where it is sent, and stays."""

    def __init__(self):
        super().__init__(4, 3)
        self.sent = []

    def to(self, device):
        self.sent.append(str(device))
        return self


@pytest.mark.parametrize("fails", [False, True])
def test_a_model_that_only_the_environment_sent_away_is_brought_back(monkeypatch, fails):
    """The next cell of a lesson asks it about data on the CPU."""
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    callbacks = [Fails()] if fails else []
    with pytest.raises(ZeroDivisionError) if fails else nullcontext():
        fit(net := Travels(), IRIS, epochs=1, lr=0.1, callbacks=callbacks)
    assert net.sent == ["cpu", "cpu"]  # there and back
    fit(net := Travels(), IRIS, epochs=1, lr=0.1, device="cpu")
    assert net.sent == ["cpu"]  # who gives a device wants it there


def test_a_net_of_a_sweep_that_only_the_environment_sent_away_is_brought_back(monkeypatch):
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    runs = fit_many(Travels, IRIS, epochs=1, grid={"lr": [0.1]}, seeds=[0], together=False)
    assert runs.model(seed=0).sent[-2:] == ["cpu", "cpu"]  # when it was made, and when it was asked for
    runs = fit_many(Travels, IRIS, epochs=1, grid={"lr": [0.1]}, seeds=[0], together=False, device="cpu")
    assert runs.model(seed=0).sent == ["cpu"]


class OnAMac(torch.Tensor):
    """Lies on a GPU that has no float64, as a Mac's; what is computed from it does, until it is fetched."""

    def double(self):
        raise TypeError("Cannot convert a MPS Tensor to float64")

    def cpu(self):
        return self.as_subclass(torch.Tensor)


@pytest.mark.parametrize("train", [fit, partial(fit_many, grid={"lr": [0.1]}, seeds=[0], together=False)])
def test_no_float64_is_asked_of_a_gpu(train):
    """It would end lesson 08 on every Mac, where a large net goes to the GPU by itself."""
    there = [Split(split.x.as_subclass(OnAMac), split.y.as_subclass(OnAMac)) for split in (IRIS.train, IRIS.val)]
    with pytest.raises(TypeError, match="MPS"):
        there[0].x.mean(0).double()
    settings = {"epochs": 1} | ({"lr": 0.1} if train is fit else {})
    done = train(mlp, Data("iris", *there, Split(IRIS.test.x, IRIS.test.y), classes=IRIS.classes), **settings)
    assert not isinstance(done.step_loss, OnAMac)


gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU that CUDA can use")


@gpu
def test_a_net_trained_on_a_gpu_by_the_environment_answers_on_the_cpu(monkeypatch):
    monkeypatch.setenv("COURSE_DEVICE", "cuda")
    run = fit(mlp, IRIS, epochs=1, lr=0.1)
    assert run.device.type == "cuda" and run.model(IRIS.val.x).device.type == "cpu"
    runs = fit_many(mlp, IRIS, epochs=1, grid={"lr": [0.1]}, seeds=[0])
    assert runs.model(seed=0)(IRIS.val.x).device.type == "cpu"


@gpu
def test_a_gpu_trains_alike_and_never_waits_in_the_batch_loop(monkeypatch):
    def strict(*arguments):
        torch.cuda.set_sync_debug_mode("error")
        try:
            original(*arguments)
        finally:
            torch.cuda.set_sync_debug_mode("default")

    cpu = fit(mlp, IRIS, epochs=3, lr=0.05)
    original = MODULE.one_epoch
    fit(mlp, IRIS, epochs=1, lr=0.05, device="cuda")  # the first call allocates, which waits
    monkeypatch.setattr(MODULE, "one_epoch", strict)
    gpu = fit(mlp, IRIS, epochs=3, lr=0.05, device="cuda")
    assert torch.allclose(gpu.step_loss, cpu.step_loss, atol=1e-4)


class NoReading(TorchDispatchMode):
    """Refuses to read a single number off a tensor, as .item(), bool() and print do."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if function is torch.ops.aten._local_scalar_dense.default:
            raise AssertionError("a number was read in the batch loop")
        return function(*args, **(kwargs or {}))


def strict_epochs(monkeypatch):
    original = MODULE.one_epoch

    def strict(*arguments):
        with NoReading():
            original(*arguments)

    monkeypatch.setattr(MODULE, "one_epoch", strict)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "rmsprop"])
@pytest.mark.parametrize("make", [mlp, noisy_net])
def test_the_batch_loop_reads_no_number(monkeypatch, optimizer, make):
    strict_epochs(monkeypatch)
    assert fit(make, IRIS, epochs=2, lr=0.01, optimizer=optimizer).stopped == "finished"


def test_a_callback_that_reads_one_would_be_seen(monkeypatch):
    class Read(Callback):
        def on_step_end(self, run):
            run.losses[-1].item()

    strict_epochs(monkeypatch)
    with pytest.raises(AssertionError, match="a number was read"):
        fit(mlp, IRIS, epochs=1, lr=0.1, callbacks=[Read()])


def test_nor_does_it_turn_a_tensor_into_numbers_in_a_way_that_is_not_seen():
    """.tolist() and .numpy() of a CPU tensor pass by the dispatcher."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(MODULE.one_epoch)))
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not used & {"item", "tolist", "numpy", "cpu"} and not called & {"float", "int", "bool", "print"}
