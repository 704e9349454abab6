"""Whatever cannot be trained is refused before the first step, in a sentence that names both sides."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.datasets import Data, Split, load
from course_lib.fit import fit
from course_lib.nets import MLP

IRIS = load("iris")


def mlp():
    return MLP(4, 8, 3)


def data(x=None, y=None, *, val=None) -> Data:
    """Iris, with some of it exchanged."""
    train = Split(IRIS.train.x if x is None else x, IRIS.train.y if y is None else y)
    return Data("mine", train, IRIS.val if val is None else val, IRIS.test)


def rows(n: int) -> Data:
    return data(IRIS.train.x[:n], IRIS.train.y[:n])


def batch_norm():
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))


def frozen():
    net = mlp()
    net.requires_grad_(False)
    return net


X, Y = IRIS.train
EMPTY = Split(X[:0], Y[:0])

# what is given -> every phrase that the sentence must hold
REFUSED = {
    "lr nan": ({"lr": math.nan}, ["lr is nan", "finite number of 0 or more"]),
    "lr -1": ({"lr": -1}, ["lr is -1", "0 or more"]),
    "lr inf": ({"lr": math.inf}, ["lr is inf"]),
    "lr text": ({"lr": "0.1"}, ["lr is '0.1'"]),
    "lr None": ({"lr": None}, ["lr is None"]),
    "many lrs": ({"lr": torch.logspace(-2, 0, 3)}, ["lr is tensor(", "use fit_many"]),
    "list of lrs": ({"lr": [0.1, 1]}, ["lr is [0.1, 1]", "use fit_many"]),
    "epochs -1": ({"epochs": -1}, ["epochs is -1", "whole number of 0 or more"]),
    "epochs 2.5": ({"epochs": 2.5}, ["epochs is 2.5", "whole number"]),
    "epochs True": ({"epochs": True}, ["epochs is True"]),
    "batch_size 0": ({"batch_size": 0}, ["batch_size is 0", "1 or more"]),
    "batch_size None": ({"batch_size": None}, ["batch_size is None"]),
    "seed 0.5": ({"seed": 0.5}, ["seed is 0.5", "whole number"]),
    "momentum -1": ({"momentum": -1}, ["momentum is -1"]),
    "weight_decay nan": ({"weight_decay": math.nan}, ["weight_decay is nan"]),
    "optimizer": ({"optimizer": "adamw"}, ["optimizer is 'adamw'", "'sgd', 'momentum', 'rmsprop', 'adam'"]),
    "optimizer list": ({"optimizer": ["sgd"]}, ["optimizer is ['sgd']"]),
    "adam momentum": ({"optimizer": "adam", "momentum": 0.9}, ["momentum is 0.9", "'adam'"]),
    "own momentum": (
        {"optimizer": torch.optim.SGD, "momentum": 0.9},
        ["momentum and weight_decay", "your own function"],
    ),
    "progress": ({"progress": "yes"}, ["progress is 'yes'"]),
    "device": ({"device": "tpu"}, ["device is 'tpu'", "Here you can use"]),
    "model text": ({"model": "mlp"}, ["The model is 'mlp'", "nn.Module"]),
    "model class": ({"model": nn.Linear}, ["function Linear", "lambda: Linear(...)"]),
    "model wants an argument": ({"model": lambda width: mlp()}, ["'width'", "without being given anything"]),
    "function of nothing": ({"model": lambda: None}, ["must return an nn.Module", "it returned None"]),
    "no parameters": ({"model": nn.Sequential(nn.ReLU())}, ["Sequential has no parameters", "nothing to train"]),
    "all frozen": ({"model": frozen}, ["All parameters", "frozen"]),
    "no data": ({"data": (X, Y)}, ["a tuple", ".train and .val"]),
    "numpy x": ({"data": data(X.numpy())}, ["x of train is a ndarray", "torch.tensor"]),
    "single number": ({"data": data(y=torch.tensor(3))}, ["y of train is a single number", "one row an example"]),
    "y column": ({"data": data(y=Y[:, None])}, ["(16, 3)", "y has (16, 1) and is int64", "cross_entropy"]),
    "empty": ({"data": rows(0)}, ["training part of the data is empty", "0 rows of x, 0 of y"]),
    "lengths": ({"data": data(X, Y[:-1])}, ["x of train has 105 rows, y has 104"]),
    "val lengths": ({"data": data(val=Split(X[:5], Y[:4]))}, ["x of val has 5 rows, y has 4"]),
    "val features": ({"data": data(val=Split(X[:5, :3], Y[:5]))}, ["(4,) in train and (3,) in val"]),
    "features": ({"model": lambda: MLP(3, 3)}, ["Layer '0', Linear(in_features=3", "shape (16, 4)", "PyTorch says"]),
    "features inside": (
        {"model": lambda: nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(7, 3))},
        ["Layer '2', Linear(in_features=7", "shape (16, 4)", "16x8"],
    ),
    "x float64": ({"data": data(X.double())}, ["x of train is float64", "weights are float32", "x.to(torch.float32)"]),
    "val x float64": ({"data": data(val=Split(X.double(), Y))}, ["x of val is float64", "weights are float32"]),
    "x integer": ({"data": data(X.long())}, ["Layer '0'", "is int64", "PyTorch says"]),
    "y int32": ({"data": data(y=Y.int())}, ["y of train is int32", "int64", "y.long()"]),
    "y bool": ({"data": data(y=Y > 0)}, ["y of train is bool", "int64"]),
    "y float64": (
        {"data": data(y=Y.double(), val=Split(X, Y.double())), "model": lambda: MLP(4, 1)},
        ["y of train is float64", "weights are float32"],
    ),
    "x nan": ({"data": data(X.clone().index_fill_(0, torch.tensor([3]), math.nan))}, ["x of train holds 4 of 420"]),
    "y nan": ({"data": data(y=Y / 0.0), "model": lambda: MLP(4, 1)}, ["y of train holds 105 of 105", "not finite"]),
    "labels high": ({"data": data(y=Y + 1)}, ["labels in y of train run from 1 to 3", "3 outputs", "0 to 2"]),
    "labels low": ({"data": data(y=Y - 1)}, ["labels in y of train run from -1 to 1", "0 to 2"]),
    "val labels": ({"data": data(val=Split(X, Y + 1))}, ["labels in y of val run from 1 to 3", "3 outputs"]),
    "too few outputs": ({"model": lambda: MLP(4, 2)}, ["run from 0 to 2", "2 outputs"]),
    "one output": (
        {"model": lambda: nn.Sequential(nn.Linear(4, 1), nn.Flatten(0))},
        ["one output a class, (B, K)", "gives (16,)", "y.float()"],
    ),
    "too many outputs for values": (
        {"data": data(y=Y.float(), val=Split(X, Y.float()))},
        ["output has the shape (16, 3)", "targets y have (16,)"],
    ),
    "broadcast": (
        {"data": data(y=Y.float(), val=Split(X, Y.float())), "model": lambda: MLP(4, 1), "loss": F.mse_loss},
        ["output has the shape (16, 1)", "y has (16,)", "mse_loss"],
    ),
    "loss refuses": (
        {"loss": F.nll_loss, "data": data(y=Y.float())},
        ["(16, 3)", "y has (16,) and is float32", "nll_loss"],
    ),
    "loss of many": ({"loss": lambda output, y: output}, ["single number", "not (16, 3)"]),
    "loss of none": ({"loss": lambda output, y: None}, ["single number", "a NoneType"]),
    "rows lost": ({"model": lambda: nn.Sequential(nn.Linear(4, 3), nn.Flatten(0))}, ["shape (16, 4) it gave (48,)"]),
    "batch norm, rest of 1": (
        {"model": batch_norm, "batch_size": 13},
        ["Layer '1', BatchNorm1d", "105 rows and batch_size 13", "a batch of one"],
    ),
    "batch norm, size 1": ({"model": batch_norm, "batch_size": 1}, ["BatchNorm1d", "batch_size 1"]),
    "batch norm, one row": ({"model": batch_norm, "data": rows(1)}, ["BatchNorm1d", "1 rows"]),
    "model on meta": ({"model": mlp().to("meta")}, ["the model is on meta", "the training data is on cpu"]),
    "data on meta": ({"data": IRIS.to("meta")}, ["the model is on cpu", "the training data is on meta"]),
    "val on meta": ({"data": data(val=IRIS.val.to("meta"))}, ["the validation data is on meta"]),
    "all on meta": ({"data": IRIS.to("meta"), "model": mlp().to("meta")}, ["the model is on the device 'meta'"]),
    "meta to cpu": ({"model": mlp().to("meta"), "device": "cpu"}, ["the model is on the device 'meta'"]),
    "callback": ({"callbacks": [print]}, ["must be a Callback object", "print"]),
    "checkpoint folder": ({"checkpoint": "."}, ["checkpoint is '.'", "a folder"]),
    "checkpoint nowhere": ({"checkpoint": "nowhere/c.pt"}, ["'nowhere/c.pt'", "no folder 'nowhere'"]),
    "checkpoint number": ({"checkpoint": 5}, ["checkpoint is 5"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_in_a_sentence_that_names_both_sides(case):
    given, phrases = REFUSED[case]
    options = {"model": mlp, "data": IRIS, "epochs": 2, "lr": 0.1} | given
    with pytest.raises(ValueError) as caught:
        fit(options.pop("model"), options.pop("data"), **options)
    sentence = str(caught.value)
    for phrase in phrases:
        assert phrase in sentence
    assert sentence.endswith(".") or "PyTorch says" in sentence


def test_the_device_of_the_environment_is_named(monkeypatch):
    monkeypatch.setenv("COURSE_DEVICE", "cuda:99")
    with pytest.raises(ValueError, match="COURSE_DEVICE is 'cuda:99'"):
        fit(mlp, IRIS, epochs=1, lr=0.1)


def test_a_shift_that_is_no_number_is_named(monkeypatch):
    monkeypatch.setenv("COURSE_SEED_SHIFT", "one")
    with pytest.raises(ValueError, match="COURSE_SEED_SHIFT is 'one'"):
        fit(mlp, IRIS, epochs=1, lr=0.1)


ACCEPTED = {
    "numpy numbers": {
        "epochs": np.int64(2),
        "batch_size": np.int32(16),
        "lr": np.float32(0.1),
        "seed": torch.tensor(3),
    },
    "a rate from a tensor": {"lr": torch.logspace(-2, 0, 3)[1]},
    "a batch larger than the data": {"batch_size": 1000},
    "batch size 1": {"batch_size": 1},
    "batch norm with a rest of 2": {"model": batch_norm, "batch_size": 103},
    "empty validation": {"data": data(val=EMPTY)},
    "a loss module": {"loss": nn.CrossEntropyLoss()},
    "one row": {"data": rows(1)},
    "float64": {"model": lambda: mlp().double(), "data": data(X.double(), val=Split(X.double(), Y))},
    "part of it frozen": {"model": lambda: nn.Sequential(frozen(), nn.Linear(3, 3))},
    "words": {
        "model": lambda: nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(16, 3)),
        "data": data(X.long(), val=Split(X.long(), Y)),
    },
    "lazy layers": {"model": lambda: nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(3))},
    "no name, no classes": {"data": type("Mine", (), {"train": (X, Y), "val": (X, Y)})()},
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_can_be_trained_is_trained(case):
    options = {"model": mlp, "data": IRIS, "epochs": 2, "lr": 0.1} | ACCEPTED[case]
    run = fit(options.pop("model"), options.pop("data"), **options)
    assert run.stopped == "finished"
    assert len(run.history["train_loss"]) == 2 and torch.isfinite(run.history["train_loss"]).all()


def test_the_checks_leave_no_trace():
    """The same weights and random state as without checks: what is tried out must not train, draw or stay."""
    torch.manual_seed(5)
    net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 3))
    before, random = {k: v.clone() for k, v in net.state_dict().items()}, torch.get_rng_state()
    fit(net, IRIS, epochs=0, lr=0.1)
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)
    assert all(p.grad is None for p in net.parameters())


def test_a_net_that_always_draws_draws_nothing_for_the_checks():
    class Noise(nn.Module):
        def forward(self, x):
            return x + torch.randn_like(x)  # in evaluation mode too

    net = nn.Sequential(Noise(), nn.Linear(4, 3))
    random = torch.get_rng_state()
    fit(net, IRIS, epochs=0, lr=0.1)
    assert torch.equal(torch.get_rng_state(), random)


def test_an_error_of_the_learners_own_comes_through():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 3)

        def forward(self, x):
            return self.layer(undefined)  # noqa: F821

    with pytest.raises(NameError, match="undefined"):
        fit(Net, IRIS, epochs=1, lr=0.1)
