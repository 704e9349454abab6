"""What fit_many gives back, what it refuses, and what it does with runs that fail.

That its numbers are right is in test_fit_many_equality.py.
"""

import warnings

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

import course_lib as course
import course_lib.together
from course_lib.datasets import Data, Split
from course_lib.fit_many import fit_many
from course_lib.stacked import Stacked


def mlp() -> nn.Module:
    return course.MLP(4, 8, 3)


@pytest.fixture(scope="module")
def iris() -> Data:
    return course.load("iris").standardise()


# --- what comes back -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("together", [True, False])
def test_axes_stand_in_the_order_of_the_call(iris: Data, together: bool) -> None:
    grid = {"weight_decay": [0, 0.1], "lr": torch.tensor([0.01, 0.1, 1.0]), "momentum": (0.5,)}
    runs = fit_many(mlp, iris, epochs=2, batch_size=50, grid=grid, seeds=range(4), together=together)
    assert list(runs.axes) == ["weight_decay", "lr", "momentum", "seed"]
    assert runs.shape == (2, 3, 1, 4)
    assert runs.axes["lr"].tolist() == torch.tensor([0.01, 0.1, 1.0]).tolist()
    assert runs.axes["seed"].tolist() == [0, 1, 2, 3]
    assert list(runs) == ["train_loss", "val_loss", "val_acc"]
    for name in runs:
        assert runs[name].shape == (2, 2, 3, 1, 4) and runs[name].dtype == torch.float64
    assert runs.step_loss.shape == (6, 2, 3, 1, 4)
    torch.testing.assert_close(runs["train_loss"][1], runs.step_loss[3:].double().mean(0))
    assert runs.diverged.shape == runs.dead_net.shape == runs.dead["1"].shape == (2, 3, 1, 4)
    assert repr(runs).startswith("Runs: 2 weight_decay x 3 lr x 1 momentum x 4 seed = 24 runs of 2 epochs")
    with pytest.raises(KeyError, match="'test_loss' was not recorded; there are train_loss, val_loss, val_acc"):
        runs["test_loss"]


def test_all_points_of_a_seed_start_from_the_same_weights_and_batches(iris: Data) -> None:
    runs = fit_many(mlp, iris, epochs=1, grid={"lr": [0, 0.1, 1]}, seeds=[3, 8], together=True)
    first = runs.step_loss[0]
    assert (first == first[0]).all() and first[0, 0] != first[0, 1]
    still = runs.step_loss[:, 0]  # lr 0: the losses of the batches under the first weights
    assert len(still[:, 0].unique()) == len(still)


def test_model_is_the_net_of_that_run(iris: Data) -> None:
    for together in (True, False):
        runs = fit_many(mlp, iris, epochs=3, grid={"lr": [0.01, 0.3]}, seeds=[0, 5, 6], together=together)
        for i, j in [(0, 0), (1, 0), (1, 2)]:
            net = runs.model(lr=i, seed=j)
            score = course.evaluate(net, iris.val)
            assert score["loss"] == pytest.approx(float(runs["val_loss"][-1, i, j]), abs=1e-6)
            assert net.training  # as it came out of make_net
        with torch.no_grad():
            runs.model(lr=0, seed=0)[0].weight.zero_()  # a copy
        assert runs.model(lr=0, seed=0)[0].weight.any()


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ({"lr": 0}, r"Which seed\? Give its place, 0 to 1"),
        ({"lr": 3, "seed": 0}, "lr is 3; it must be a place on that axis, 0 to 2"),
        ({"lr": 0.1, "seed": 0}, "lr is 0.1; it must be a place on that axis, 0 to 2"),
        ({"lr": 0, "seed": 0, "depth": 1}, "There is no axis 'depth'; there are lr, momentum, seed"),
    ],
)
def test_model_says_which_places_there_are(iris: Data, place: dict, words: str) -> None:
    runs = fit_many(mlp, iris, epochs=0, grid={"lr": [0.1, 0.2, 0.3], "momentum": [0.9]}, seeds=[0, 1])
    with pytest.raises(ValueError, match=words):
        runs.model(**place)


def test_no_epochs_and_no_validation_data(iris: Data) -> None:
    empty = Data("iris", iris.train, Split(iris.val.x[:0], iris.val.y[:0]), iris.test)
    for together in (True, False):
        runs = fit_many(mlp, iris, epochs=0, grid={"lr": [0.1, 1]}, together=together)
        assert runs["val_loss"].shape == (0, 2, 1) and not runs.diverged.any()
        runs = fit_many(mlp, empty, epochs=1, grid={"lr": [0.1, 1]}, together=together)
        assert runs["val_loss"].isnan().all() and runs["val_acc"].isnan().all() and not runs.diverged.any()


def test_only_seeds(iris: Data) -> None:
    assert fit_many(mlp, iris, epochs=1, grid={}, lr=0.1, seeds=[1, 2])["val_loss"].shape == (1, 2)


def test_the_global_random_state_is_left_alone(iris: Data) -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    for together in (True, False):
        fit_many(mlp, iris, epochs=1, grid={"lr": [0.1]}, seeds=[1], together=together)
        assert torch.equal(torch.get_rng_state(), before)


def test_seeds_and_weights_can_be_shifted_from_outside(iris: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = fit_many(mlp, iris, epochs=1, grid={"lr": [0.1]}, seeds=[4])
    monkeypatch.setenv("COURSE_SEED_SHIFT", "3")
    shifted = fit_many(mlp, iris, epochs=1, grid={"lr": [0.1]}, seeds=[1])
    assert torch.equal(plain.step_loss, shifted.step_loss)
    monkeypatch.setenv("COURSE_WEIGHT_NOISE", "1e-3")
    noisy = [
        fit_many(mlp, iris, epochs=1, grid={"lr": [0.1]}, seeds=[1], together=together) for together in (True, False)
    ]
    assert 0 < (noisy[0].step_loss[0] - plain.step_loss[0]).abs() < 0.1
    torch.testing.assert_close(noisy[0].step_loss, noisy[1].step_loss)


# --- runs that fail --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "rmsprop", "adam"])
def test_a_run_that_overflows_stays_alone(iris: Data, optimizer: str) -> None:
    good = [0.003, 0.01]
    alone = fit_many(mlp, iris, epochs=4, grid={"lr": good}, seeds=[0, 1], optimizer=optimizer, together=True)
    mixed = fit_many(
        mlp, iris, epochs=4, grid={"lr": [good[0], 1e30, good[1]]}, seeds=[0, 1], optimizer=optimizer, together=True
    )
    assert mixed.diverged.tolist() == [[False, False], [True, True], [False, False]]
    torch.testing.assert_close(mixed["val_loss"][:, [0, 2]], alone["val_loss"])
    assert mixed.dead["1"][1].isnan().all() and not mixed.dead_net[1].any()
    loop = fit_many(
        mlp, iris, epochs=4, grid={"lr": [good[0], 1e30, good[1]]}, seeds=[0, 1], optimizer=optimizer, together=False
    )
    assert torch.equal(loop.diverged, mixed.diverged)


def dead_layer() -> nn.Module:
    """Of the first ReLU's 4 units the first 2 are dead, of the second's 3 all."""
    net = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 3))
    with torch.no_grad():
        net[0].bias.copy_(torch.tensor([-99.0, -99.0, 99.0, 99.0]))
        net[2].weight.zero_()
        net[2].bias.fill_(-1)
    return net


@pytest.mark.parametrize("together", [True, False])
def test_dead_units_are_counted_by_layer(iris: Data, together: bool) -> None:
    runs = fit_many(dead_layer, iris, epochs=1, grid={"lr": [0, 0.1]}, seeds=[0, 1], together=together)
    assert runs.dead["1"].tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert runs.dead["3"].tolist() == [[1, 1], [1, 1]]
    assert runs.dead_net.all()


class Twice(nn.Module):
    """One ReLU called twice: alive the first time, dead the second."""

    def __init__(self) -> None:
        super().__init__()
        self.act, self.out = nn.ReLU(), nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.act(-1 - self.act(x)))


@pytest.mark.parametrize("together", [True, False])
def test_a_layer_called_twice_is_counted_twice(iris: Data, together: bool) -> None:
    runs = fit_many(Twice, iris, epochs=1, grid={"lr": [0.1]}, together=together)
    assert runs.dead["act"].item() == 0 and runs.dead["act (call 2)"].item() == 1 and runs.dead_net.all()


def test_dead_units_are_looked_for_a_part_of_the_data_at_a_time(iris: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fit_many(mlp, iris, epochs=20, grid={"lr": [0.1, 3.0]}, seeds=range(4), together=True)
    monkeypatch.setattr(course_lib.together, "_ROWS", 80)  # 10 rows of 8 runs
    parts = fit_many(mlp, iris, epochs=20, grid={"lr": [0.1, 3.0]}, seeds=range(4), together=True)
    assert torch.equal(whole.dead["1"].nan_to_num(-1), parts.dead["1"].nan_to_num(-1))
    by_hand = [
        [float((runs_net[1](runs_net[0](iris.train.x)) == 0).all(0).double().mean()) for runs_net in row]
        for row in [[whole.model(lr=i, seed=j) for j in range(4)] for i in range(2)]
    ]
    assert whole.dead["1"].tolist() == by_hand and whole.dead["1"].any()


# --- together or not -------------------------------------------------------------------------------------------------


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.out = nn.GRU(1, 5, batch_first=True), nn.Linear(5, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.rnn(x[..., None])[0][:, -1])


class Branch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.out = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        z = self.out(x)
        return 2 * z if z.sum() > 0 else z


def large_convolution() -> nn.Module:
    return nn.Sequential(
        nn.Linear(4, 17 * 17), nn.Unflatten(1, (1, 17, 17)), nn.Conv2d(1, 1, 17), nn.Flatten(), nn.Linear(1, 3)
    )


def small_convolution() -> nn.Module:
    return nn.Sequential(
        nn.Linear(4, 16 * 16), nn.Unflatten(1, (1, 16, 16)), nn.Conv2d(1, 1, 16), nn.Flatten(), nn.Linear(1, 3)
    )


def different_layers() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 5), nn.ReLU() if torch.rand(()) < 0.5 else nn.Tanh(), nn.Linear(5, 3))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (Recurrent, "vmap has no rule for nn.GRU (layer 'rnn')"),
        (Branch, "vmap refuses the net or the loss"),
        (large_convolution, "convolutions on inputs of 17x17 are faster that way"),
        (different_layers, "make_net makes other layers for other seeds"),
    ],
)
def test_auto_takes_the_loop_and_says_why(iris: Data, make, why: str, capsys: pytest.CaptureFixture) -> None:
    runs = fit_many(make, iris, epochs=1, batch_size=50, grid={"lr": [0.1, 0.2]}, seeds=range(6))
    said = capsys.readouterr().out
    assert not runs.together and runs.why_not_together.startswith(why)
    assert said.startswith(f"fit_many trains its 12 runs one after the other: {why}") and said.count("\n") == 1
    assert runs["val_loss"].isfinite().all()


def test_auto_says_nothing_when_all_is_well(iris: Data, capsys: pytest.CaptureFixture) -> None:
    runs = fit_many(small_convolution, iris, epochs=1, grid={"lr": [0.1]})
    assert runs.together and runs.why_not_together == "" and capsys.readouterr().out == ""


def test_together_is_insisted_on(iris: Data) -> None:
    assert fit_many(large_convolution, iris, epochs=1, batch_size=50, grid={"lr": [0.1]}, together=True).together
    with pytest.raises(ValueError, match="cannot be trained together: vmap refuses the net"):
        fit_many(Branch, iris, epochs=1, grid={"lr": [0.1]}, together=True)


def test_a_plain_sequence_and_vmap_give_the_same(iris: Data) -> None:
    torch.manual_seed(0)
    stacked = Stacked([course.MLP(4, 8, 8, 3).double() for _ in range(3)], 2)
    assert stacked.layers is not None
    x = torch.randn(6, 10, 4, dtype=torch.float64)
    for batch, shared in ((x, False), (x[0], True)):
        fast = stacked(batch, shared=shared)
        layers, stacked.layers = stacked.layers, None
        torch.testing.assert_close(fast, stacked(batch, shared=shared), rtol=0, atol=1e-12)
        stacked.layers = layers


def test_hooks_of_the_learner_take_the_way_through_vmap(iris: Data) -> None:
    def make() -> nn.Module:
        net = mlp()
        net[1].register_forward_hook(lambda module, inputs, out: 2 * out)
        return net

    both = [fit_many(make, iris, epochs=2, grid={"lr": [0.1]}, together=together) for together in (True, False)]
    torch.testing.assert_close(both[0].step_loss, both[1].step_loss)


class NoReads(TorchDispatchMode):
    """Refuses to read a number off a tensor: on a GPU that would make every step wait for the one before."""

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        assert function is not torch.ops.aten._local_scalar_dense.default, "a number was read in the batch loop"
        return function(*arguments, **(options or {}))


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "rmsprop", "adam"])
def test_the_batch_loop_reads_no_numbers(iris: Data, optimizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    train, watched = course_lib.together.Together.epoch, []

    def epoch(self, *arguments):
        with NoReads():
            watched.append(1)
            return train(self, *arguments)

    monkeypatch.setattr(course_lib.together.Together, "epoch", epoch)
    grid = {"lr": [0.1, 0.2], "weight_decay": [0.0, 0.1]}
    fit_many(mlp, iris, epochs=2, grid=grid, seeds=[0, 1], optimizer=optimizer)
    assert watched == [1, 1]
    with pytest.raises(AssertionError, match="a number was read"), NoReads():
        torch.ones(1).item()


# --- interruption and progress ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("at", [0, 1, 3])
def test_an_interruption_keeps_the_epochs_that_are_complete(
    iris: Data, together: bool, at: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    kind = course_lib.together.Together if together else course_lib.one_by_one.OneByOne
    whole, train = fit_many(mlp, iris, epochs=max(at, 1), grid={"lr": [0.1, 0.2]}, together=together), kind.epoch
    begun = []

    def epoch(self, *arguments):
        losses = train(self, *arguments)  # the weights have moved on when the interruption comes
        begun.append(1)
        if len(begun) > at:
            raise KeyboardInterrupt
        return losses

    monkeypatch.setattr(kind, "epoch", epoch)
    capsys.readouterr()
    runs = fit_many(mlp, iris, epochs=9, grid={"lr": [0.1, 0.2]}, together=together)
    assert capsys.readouterr().out == f"stopped at epoch {at}; run it again for the whole training\n"
    assert len(runs["val_loss"]) == at
    if at:
        assert torch.equal(runs["val_loss"], whole["val_loss"])
        for p, q in zip(runs.model(lr=1).parameters(), whole.model(lr=1).parameters(), strict=True):
            assert torch.equal(p, q)


def test_progress(iris: Data, capsys: pytest.CaptureFixture) -> None:
    fit_many(mlp, iris, epochs=2, grid={"lr": [0.1]})
    fit_many(mlp, iris, epochs=2, grid={"lr": [0.1]}, progress=False)
    assert capsys.readouterr().err == ""  # over within a second
    fit_many(mlp, iris, epochs=2, grid={"lr": [0.1, 1]}, progress=True)
    assert "2 runs" in capsys.readouterr().err


# --- what is refused -------------------------------------------------------------------------------------------------

SHARED = nn.Linear(4, 3)
TABLE = [
    ({"grid": {"learning_rate": [0.1]}}, "'sgd' has no hyperparameter 'learning_rate'; it has 'lr', 'momentum', 'wei"),
    ({"grid": {"lr": [0.1], "beta1": [0.9]}}, "'sgd' has no hyperparameter 'beta1'"),
    ({"optimizer": "adam", "momentum": 0.9}, "'adam' has no hyperparameter 'momentum'; it has 'lr', 'beta1'"),
    ({"grid": {"lr": []}}, r"grid\['lr'\] is empty"),
    ({"grid": {"lr": torch.empty(0)}}, r"grid\['lr'\] is empty"),
    ({"grid": {"lr": 0.1}}, r"grid\['lr'\] is 0.1; it must be a list of numbers"),
    ({"grid": {"lr": torch.tensor(0.5)}}, r"grid\['lr'\] is 0.5; it must be a list of numbers"),
    ({"grid": {"lr": "0.1"}}, r"grid\['lr'\] is '0.1'; it must be a list"),
    ({"grid": {"lr": [0.1, float("nan")]}}, "lr is nan; it must be a number of 0 or more, and finite"),
    ({"grid": {"lr": [0.1, float("inf")]}}, "lr is inf; it must be"),
    ({"grid": {"lr": [-0.1]}}, "lr is -0.1; it must be a number of 0 or more"),
    ({"grid": {"lr": ["fast"]}}, "lr is 'fast', which is not a number"),
    ({"grid": {"lr": [None]}}, "lr is None, which is not a number"),
    ({"grid": {"lr": [True]}}, "lr is True, which is not a number"),
    ({"grid": {"lr": torch.ones(2, 2)}}, r"lr is \[1.0, 1.0\], which is not a number"),
    ({"grid": {"lr": [0.1], "momentum": [-1]}}, "momentum is -1; it must be"),
    (
        {"optimizer": "adam", "grid": {"lr": [0.1], "beta2": [1.0]}},
        "beta2 is 1; it must be a number of 0 or more",
    ),
    ({"optimizer": "rmsprop", "alpha": 1.5}, "alpha is 1.5; it must be a number of 0 or more, and up to 1"),
    ({"weight_decay": -1}, "weight_decay is -1; it must be"),
    ({"grid": [0.1]}, "grid is a list; write a dictionary"),
    ({"grid": {"momentum": [0.9]}}, 'No learning rate: put "lr" into grid, or give one'),
    ({"lr": 0.1}, "lr is in the grid and is also given as 0.1"),
    ({"grid": {"lr": [0.1], "seed": [0, 1]}}, r"seeds=range\(5\) beside grid"),
    ({"seeds": []}, "seeds is empty"),
    ({"seeds": 5}, "seeds is 5; it must be a list of whole numbers"),
    ({"seeds": [0, 1, 0]}, "The seed 0 occurs twice in seeds"),
    ({"seeds": [0.5]}, "A seed is 0.5; it must be a whole number"),
    ({"seeds": "01"}, "seeds is '01'; it must be a list"),
    ({"optimizer": "adamw"}, "optimizer is 'adamw'; fit_many has 'sgd', 'momentum', 'rmsprop', 'adam'"),
    ({"optimizer": torch.optim.SGD}, "Any other can be used in fit"),
    ({"epochs": -1}, "epochs is -1; it must be a whole number of 0 or more"),
    ({"epochs": 1.5}, "epochs is 1.5; it must be a whole number"),
    ({"batch_size": 0}, "batch_size is 0; it must be a whole number of 1 or more"),
    ({"together": "always"}, "together is 'always'"),
    ({"progress": "yes"}, "progress is 'yes'"),
    ({"make_net": nn.Linear(4, 3)}, r"make_net is a net, Linear\(...\); every run needs one of its own"),
    ({"make_net": lambda: SHARED}, "make_net gives the same weights each time"),
    ({"make_net": lambda: nn.Sequential(SHARED, nn.Linear(3, 3))}, "make_net gives the same weights each time"),
    ({"make_net": lambda: "net"}, "must return an nn.Module; it returned 'net'"),
    ({"make_net": lambda size: mlp()}, "must make the net without being given anything"),
    ({"make_net": nn.ReLU}, "has no parameters"),
    (
        {"make_net": lambda: course.MLP(4, int(torch.randint(3, 90, ())), 3), "seeds": [0, 1]},
        "nets of different shapes: '0",
    ),
    ({"make_net": lambda: course.MLP(5, 8, 3)}, r"cannot take what it is given. A batch of x has the shape"),
    ({"make_net": lambda: course.MLP(4, 8, 2)}, "labels in y of train run from 0 to 2, but the model has 2"),
    ({"make_net": lambda: mlp().double()}, "x of train is float32, the model's weights are float64"),
    ({"data": torch.ones(3)}, r"needs one with .train and .val"),
    ({"device": "abacus"}, "no device that PyTorch knows"),
]


@pytest.mark.parametrize(("wrong", "words"), TABLE, ids=[words[:40] for _, words in TABLE])
def test_what_cannot_be_trained_is_said_in_a_sentence(iris: Data, wrong: dict, words: str) -> None:
    call = {"make_net": mlp, "data": iris, "epochs": 1, "grid": {"lr": [0.1]}, "seeds": [0]} | wrong
    with pytest.raises(ValueError, match=words) as error:
        fit_many(**call)
    assert str(error.value).endswith((".", ").")) or "PyTorch says" in str(error.value)


def test_no_warnings(iris: Data) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for make in (mlp, small_convolution, lambda: nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout())):
            fit_many(make, iris, epochs=1, grid={"lr": [0.1, 1.0]}, seeds=[0, 1], together=True)
