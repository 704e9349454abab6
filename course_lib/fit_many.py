"""Many trainings in one call: every point of a grid of hyperparameters, times every seed.

The runs of one seed share their initial weights and their batches, so that only the hyperparameters differ. Where the
net allows it, all runs are one batched computation, 10 to 40 times faster than one after the other.

Introduced in lesson 03 (learning_rates). Source: ours; torch.func's ensembling for the stacked weights.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_lib.datasets import Data
from course_lib.one_by_one import OneByOne
from course_lib.sweep import Sweep, plan
from course_lib.together import Together, why_not
from course_lib.variation import perturb, shifted

Loss = Callable[[Tensor, Tensor], Tensor]


def fit_many(
    make_net: Callable[[], nn.Module],
    data: Data,
    *,
    epochs: int,
    grid: Mapping[str, Iterable[float]],
    seeds: Iterable[int] = (0,),
    batch_size: int = 32,
    optimizer: str = "sgd",
    lr: float | None = None,
    momentum: float | None = None,
    weight_decay: float | None = None,
    beta1: float | None = None,
    beta2: float | None = None,
    eps: float | None = None,
    alpha: float | None = None,
    loss: Loss | None = None,
    together: bool | str = "auto",
    progress: bool | None = None,
) -> "Runs":
    """Train a net once for every point of ``grid`` and every seed.

    Args:
        make_net: makes the net; called under ``torch.manual_seed(seed)``, so a seed means initial weights and batches.
        data: has ``train`` and ``val``, each a pair x (N, ...), y (N,) or (N, ...).
        epochs: passes over the training data.
        grid: hyperparameter -> the values to try, such as ``{"lr": torch.logspace(-5, 1, 64)}``; of several,
            all combinations.
        seeds: whole numbers; how often, and from where, each point is repeated.
        batch_size: examples in a step.
        optimizer: "sgd", "momentum" (SGD with momentum 0.9), "rmsprop" or "adam".
        lr, momentum, weight_decay, beta1, beta2, eps, alpha: for all runs, where the grid does not have it; None: as in
            ``torch.optim``.
        loss: (outputs, y) -> mean loss; None: cross entropy for whole numbers, mean squared error for floats.
        together: "auto": as one batched computation where that works and is faster, else one after the other, saying
            why in a line. True, False: insist.
        progress: False: no bar. Otherwise one appears when it takes longer than a second.

    Raises:
        ValueError, TypeError: in a sentence, for what cannot be trained.
    """
    given = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
    given |= {"beta1": beta1, "beta2": beta2, "eps": eps, "alpha": alpha}
    sweep = plan(optimizer, grid, given, seeds)
    with torch.random.fork_rng(devices=[]):
        engine, reason = _engine(sweep, make_net, data, loss or _usual_loss(data.train[1]), batch_size, together)
        return Runs(sweep, engine, reason, *_train(sweep, engine, data, epochs, batch_size, progress))


def _usual_loss(y: Tensor) -> Loss:
    return F.mse_loss if y.is_floating_point() else F.cross_entropy


def _engine(
    sweep: Sweep, make_net: Callable[[], nn.Module], data: Data, loss: Loss, batch_size: int, together: bool | str
) -> tuple[Together | OneByOne, str]:
    def make(place: int) -> nn.Module:
        torch.manual_seed(shifted(sweep.seeds[place]))
        net = make_net()
        perturb(net)
        return net

    x, y = data.train
    reason = "together=False asks for it" if together is False else why_not(make(0), x)
    if not reason or together is True:
        engine = Together(sweep, make, loss)
        try:
            engine.try_out(x[:batch_size], y[:batch_size])
        except Exception as error:  # noqa: BLE001  (vmap refuses with errors of many kinds)
            if together is True:
                raise
            reason = f"vmap refuses the net: {str(error).splitlines()[0]}"
        else:
            return engine, ""
    if together == "auto":
        print(f"fit_many trains the {len(sweep)} runs one after the other: {reason}.")
    return OneByOne(sweep, make, loss), reason


def _train(
    sweep: Sweep, engine: Together | OneByOne, data: Data, epochs: int, batch_size: int, progress: bool | None
) -> tuple[dict[str, Tensor], Tensor, dict[str, Tensor]]:
    """Train; returns history (epochs, M) each, the loss of every step (steps, M), and the dead units."""
    (x, y), (x_val, y_val) = data.train, data.val
    kept, steps, history = engine.snapshot(), [], {"train_loss": [], "val_loss": [], "val_acc": []}
    bar = tqdm(
        _orders(sweep.seeds, len(x), epochs),
        total=epochs,
        desc=f"{len(sweep)} runs",
        unit="epoch",
        delay=1,
        disable=progress is False,
    )
    try:
        for orders in bar:
            losses = engine.epoch(x, y, orders, batch_size)
            val_loss, val_acc = engine.evaluate(x_val, y_val)
            kept, _ = engine.snapshot(), steps.append(losses)
            for name, value in zip(history, (losses.double().mean(0), val_loss, val_acc), strict=True):
                history[name].append(value)
    except KeyboardInterrupt:
        engine.restore(kept)
        print(f"Stopped after {len(steps)} of {epochs} epochs; the cells after this one go on with those.")
    found = {name: torch.stack(values).double() for name, values in history.items() if values and values[0] is not None}
    return found, torch.cat(steps), engine.dead(x)


def _orders(seeds: list[int], n: int, epochs: int) -> Iterator[Tensor]:
    """The order of the n examples in each epoch, (S, N), drawn as ``fit`` does it for each seed."""
    generators = [torch.Generator().manual_seed(shifted(seed)) for seed in seeds]
    for _ in range(epochs):
        yield torch.stack([torch.randperm(n, generator=generator) for generator in generators])


class Runs:
    """What ``fit_many`` returns: the curves of all runs, by axis.

    Attributes:
        axes: name -> the places on that axis, in the order of the call; the last is "seed".
        step_loss: the training loss of every step, (steps, *axes).
        dead: name of a ReLU layer -> share of its units that are 0 for all training data at the end, (*axes) in 0..1;
            NaN where a run diverged.
        dead_net: some ReLU layer is entirely dead, (*axes) bool.
        diverged: a loss became infinite or NaN, (*axes) bool.
        together: whether the runs were one batched computation.
        why_not_together: the reason when they were not, else "".
    """

    def __init__(
        self,
        sweep: Sweep,
        engine: Together | OneByOne,
        reason: str,
        history: dict[str, Tensor],
        step_loss: Tensor,
        dead: dict[str, Tensor],
    ) -> None:
        self._sweep, self._engine = sweep, engine
        self.axes, shape = sweep.axes, sweep.shape
        self.together, self.why_not_together = not reason, reason
        self._history = {name: values.unflatten(1, shape) for name, values in history.items()}
        self.step_loss = step_loss.unflatten(1, shape)
        bad = ~step_loss.isfinite().all(0)
        if "val_loss" in history:
            bad |= ~history["val_loss"].isfinite().all(0)
        self.diverged = bad.view(shape)
        shares = {name: units.float().mean(1).masked_fill(bad, torch.nan).view(shape) for name, units in dead.items()}
        self.dead = shares
        self.dead_net = torch.zeros(shape, dtype=torch.bool)
        for share in shares.values():
            self.dead_net |= share == 1

    def __getitem__(self, name: str) -> Tensor:
        """A curve of every run, (epochs, *axes) float64: "train_loss", "val_loss", and for classes "val_acc"."""
        if name not in self._history:
            raise KeyError(f"There is no {name!r} here; there is {', '.join(map(repr, self._history))}.")
        return self._history[name]

    def keys(self) -> list[str]:
        return list(self._history)

    def model(self, **place: int) -> nn.Module:
        """The net of one run, by its index on every axis: ``runs.model(lr=3, seed=0)``."""
        index = torch.arange(len(self._sweep)).view(self._sweep.shape)[tuple(place[name] for name in self.axes)]
        return self._engine.one(int(index))

    def __repr__(self) -> str:
        axes = " x ".join(f"{name} {len(places)}" for name, places in self.axes.items())
        size = f"{len(self._sweep)} runs of {len(self['train_loss'])} epochs"
        return f"Runs({axes}: {size}, {int(self.diverged.sum())} diverged)"
