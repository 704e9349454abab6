"""A sweep, trained as one computation, equals the same runs trained one by one with nothing but torch."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import course_lib as course
from course_lib.datasets import Data, Split
from course_lib.optimizers import DEFAULTS, torch_optimizer

BATCH = 32  # 105 rows of Iris: the last batch has 9


def iris(dtype: torch.dtype = torch.float64) -> Data:
    data = course.load("iris").standardise()
    train, val, test = (Split(split.x.to(dtype), split.y) for split in (data.train, data.val, data.test))
    return Data("iris", train, val, test, classes=data.classes)


def alone(
    make: Callable[[], nn.Module], data: Data, *, hyper: dict, seed: int, optimizer: str = "sgd", epochs: int
) -> tuple[torch.Tensor, torch.Tensor, nn.Module]:
    """One run by hand: the loss of every step, the validation loss of every epoch, and the net."""
    (x, y), (x_val, y_val) = data.train, data.val
    torch.manual_seed(seed)
    net = make()
    defaults = {key: value for key, value in DEFAULTS[optimizer].items() if key != "lr"}
    steps, validation = torch_optimizer(optimizer, net.parameters(), defaults | hyper), []
    generator, losses = torch.Generator().manual_seed(seed), []
    for _ in range(epochs):
        net.train()
        for batch in torch.randperm(len(x), generator=generator).split(BATCH):
            loss = F.cross_entropy(net(x[batch]), y[batch])
            steps.zero_grad()
            loss.backward()
            steps.step()
            losses.append(loss.detach())
        net.eval()
        with torch.no_grad():
            validation.append(F.cross_entropy(net(x_val), y_val))
    return torch.stack(losses), torch.stack(validation), net


def mlp(dtype: torch.dtype = torch.float64) -> nn.Module:
    return course.MLP(4, 16, 16, 3).to(dtype)


class Named(nn.Module):
    """Not a sequence of layers, so it takes the way through vmap."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(4, 16), nn.Linear(16, 3)
        self.double()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(x).tanh())


def batch_norm() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3)).double()


def layer_norm() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 16), nn.LayerNorm(16), nn.GELU(), nn.Linear(16, 3)).double()


def no_bias() -> nn.Module:
    return nn.Sequential(nn.Sequential(nn.Linear(4, 8, bias=False), nn.Tanh()), nn.Identity(), nn.Linear(8, 3)).double()


def tied() -> nn.Module:
    middle = nn.Linear(8, 8)
    return nn.Sequential(nn.Linear(4, 8), middle, nn.ReLU(), middle, nn.Linear(8, 3)).double()


def frozen() -> nn.Module:
    net = mlp()
    net[0].requires_grad_(False)
    return net


class Unused(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.used, self.unused, self.scale = nn.Linear(4, 3), nn.Linear(4, 3), nn.Parameter(torch.ones(()))
        self.double()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.scale * self.used(x)


def convolution() -> nn.Module:
    return nn.Sequential(
        nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 4, 2, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(36, 3)
    ).double()


def assert_equal_to_the_runs_alone(runs: course.Runs, make, data: Data, *, optimizer: str = "sgd", epochs: int) -> None:
    names, seeds = [name for name in runs.axes if name != "seed"], runs.axes["seed"].tolist()
    for place in torch.cartesian_prod(*[torch.arange(size) for size in runs.shape]).view(-1, len(runs.shape)).tolist():
        hyper = {name: float(runs.axes[name][k]) for name, k in zip(names, place, strict=False)}
        losses, validation, net = alone(
            make, data, hyper=hyper, seed=seeds[place[-1]], optimizer=optimizer, epochs=epochs
        )
        where = (slice(None), *place)
        torch.testing.assert_close(runs.step_loss[where], losses, rtol=0, atol=1e-9)
        torch.testing.assert_close(runs["val_loss"][where], validation, rtol=0, atol=1e-9)
        ours = runs.model(**dict(zip(runs.axes, place, strict=True))).state_dict()
        for name, value in net.state_dict().items():  # running statistics too
            torch.testing.assert_close(ours[name], value, rtol=0, atol=1e-9)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    ("optimizer", "grid"),
    [
        ("sgd", {"lr": [1e-3, 0.1], "weight_decay": [0.0, 0.01]}),
        ("sgd", {"momentum": [0.0, 0.9], "lr": [1e-3, 0.05]}),
        ("momentum", {"lr": [1e-3, 0.02]}),
        ("rmsprop", {"lr": [1e-4, 1e-3], "alpha": [0.9, 0.99], "weight_decay": [0.0, 0.01]}),
        ("adam", {"lr": [1e-4, 1e-3], "beta1": [0.5, 0.9], "beta2": [0.9, 0.999]}),
        ("adam", {"lr": [1e-3], "weight_decay": [0.0, 0.1], "eps": [1e-8, 1e-3]}),
    ],
)
def test_float64_below_the_edge(optimizer: str, grid: dict, together: bool) -> None:
    data, epochs = iris(), 8
    runs = course.fit_many(
        mlp, data, epochs=epochs, batch_size=BATCH, grid=grid, seeds=[0, 3], optimizer=optimizer, together=together
    )
    assert runs.together is together
    assert_equal_to_the_runs_alone(runs, mlp, data, optimizer=optimizer, epochs=epochs)


@pytest.mark.parametrize("seeds", [[5], [1, 2, 4]])
@pytest.mark.parametrize(
    "make", [Named, batch_norm, layer_norm, no_bias, tied, frozen, Unused, convolution], ids=lambda make: make.__name__
)
def test_every_kind_of_net_float64(make: Callable[[], nn.Module], seeds: list[int]) -> None:
    data, epochs = iris(), 5
    runs = course.fit_many(
        make, data, epochs=epochs, batch_size=BATCH, grid={"lr": [0.01, 0.1], "weight_decay": [0.0, 0.1]}, seeds=seeds
    )
    assert runs.together
    assert_equal_to_the_runs_alone(runs, make, data, epochs=epochs)


def test_float32_at_first_and_mostly_to_the_end_even_beyond_the_edge() -> None:
    data, epochs = iris(torch.float32), 60
    grid, seeds = {"lr": torch.logspace(-4, 1, 14)}, [0, 1]
    runs = course.fit_many(lambda: mlp(torch.float32), data, epochs=epochs, batch_size=BATCH, grid=grid, seeds=seeds)
    same_at_first, same_at_the_end = [], []
    for i, lr in enumerate(grid["lr"].tolist()):
        for j, seed in enumerate(seeds):
            losses, _, _ = alone(lambda: mlp(torch.float32), data, hyper={"lr": lr}, seed=seed, epochs=epochs)
            gap = (runs.step_loss[:, i, j] - losses).abs() / losses.abs().clamp(min=1)
            same_at_first.append(bool((gap[:20] <= 1e-5).all()))
            same_at_the_end.append(bool(gap[-1] <= 1e-5) or not losses[-1].isfinite() and runs.diverged[i, j])
    assert runs["train_loss"][-1].nan_to_num(9.0).max() > 1  # the grid does go beyond the edge
    assert sum(same_at_first[: 2 * 11]) == 2 * 11  # lr up to 0.7: below the edge of this net
    assert sum(same_at_the_end) >= 0.85 * len(same_at_the_end)


def test_the_loop_is_fit() -> None:
    data = course.load("iris").standardise()
    make = lambda: nn.Sequential(nn.Linear(4, 32), nn.Dropout(0.4), nn.ReLU(), nn.Linear(32, 3))  # noqa: E731
    runs = course.fit_many(make, data, epochs=4, grid={"lr": [0.05, 0.2]}, seeds=[0, 7], together=False)
    for i, lr in enumerate([0.05, 0.2]):
        for j, seed in enumerate([0, 7]):
            run = course.fit(make, data, epochs=4, lr=lr, seed=seed)
            assert torch.equal(run.step_loss, runs.step_loss[:, i, j])
            for name in ("train_loss", "val_loss", "val_acc"):
                torch.testing.assert_close(run.history[name], runs[name][:, i, j])
            for p, q in zip(run.model.parameters(), runs.model(lr=i, seed=j).parameters(), strict=True):
                assert torch.equal(p, q)


def test_dropout_is_the_same_in_distribution() -> None:
    data, seeds = course.load("iris").standardise(), range(64)
    make = lambda: nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 3))  # noqa: E731
    ends = []
    for together in (True, False):
        runs = course.fit_many(make, data, epochs=8, grid={"lr": [0.1]}, seeds=seeds, together=together)
        ends.append(runs["train_loss"][-2:].mean((0, 1)))  # (seeds,)
    error = sum(end.var() / len(end) for end in ends) ** 0.5
    assert abs(ends[0].mean() - ends[1].mean()) < 3 * error
    assert len(ends[0].unique()) == 64  # the masks are drawn for each run


def test_dropout_draws_a_mask_for_each_run_of_a_seed() -> None:
    make = lambda: nn.Sequential(nn.Linear(4, 32), nn.Dropout(0.5), nn.Linear(32, 3))  # noqa: E731
    data = course.load("iris").standardise()
    runs = course.fit_many(make, data, epochs=1, grid={"lr": [0.1], "weight_decay": [0.0] * 3}, together=True)
    assert len(runs.step_loss[0].unique()) == 3


@pytest.mark.parametrize(
    "loss",
    [nn.functional.mse_loss, nn.functional.l1_loss, lambda z, y: ((z - y) ** 2).mean() * 0.5, None],
    ids=["mse", "l1", "own", "default"],
)
@pytest.mark.parametrize("outputs", [1, 2])
def test_losses_of_values(loss, outputs: int) -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(50, 3, generator=generator)
    y = torch.stack([x.sum(1), x.prod(1)], 1)[:, :outputs]
    y = y[:, 0] if loss is None and outputs == 1 else y  # targets (B,) for outputs (B, 1): the default loss takes them
    data = Data("made up", Split(x[:40], y[:40]), Split(x[40:], y[40:]), Split(x[:0], y[:0]))
    both = [
        course.fit_many(
            lambda: course.MLP(3, 8, outputs), data, epochs=5, grid={"lr": [0.01, 0.1]}, loss=loss, together=together
        )
        for together in (True, False)
    ]
    assert list(both[0]) == ["train_loss", "val_loss"]
    for name in both[0]:
        torch.testing.assert_close(both[0][name], both[1][name], rtol=1e-5, atol=1e-6)


def test_cross_entropy_at_several_places_of_each_row() -> None:
    x, y = torch.randn(30, 4), torch.randint(3, (30, 5))
    data = Data("made up", Split(x[:20], y[:20]), Split(x[20:], y[20:]), Split(x[:0], y[:0]))
    make = lambda: nn.Sequential(nn.Linear(4, 15), nn.Unflatten(1, (3, 5)))  # noqa: E731
    both = [course.fit_many(make, data, epochs=3, grid={"lr": [0.1]}, together=together) for together in (True, False)]
    for name in ("train_loss", "val_loss", "val_acc"):
        torch.testing.assert_close(both[0][name], both[1][name], rtol=1e-5, atol=1e-6)
