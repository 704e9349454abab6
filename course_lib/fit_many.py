"""Many trainings in one call: every point of a grid of hyperparameters, times every seed.

The runs of one seed share their initial weights and their batches, so that nothing but the hyperparameters differs.
Where the net allows it, all runs are one batched computation, 20 to 50 times as fast as one after the other.

Introduced in lesson 03 (learning_rates). Source: ours; the stacked weights are those of torch.func's ensembling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import torch
from torch import Tensor, nn

from course_lib import interrupted_cell
from course_lib.checks import made_model, placed
from course_lib.datasets import Data, Split
from course_lib.evaluate import Loss, default_loss
from course_lib.number_checks import whole_number
from course_lib.one_by_one import OneByOne
from course_lib.runs import Engine, Runs
from course_lib.sweep import Sweep, plan
from course_lib.together import Together, why_not
from course_lib.trial import check_fits
from course_lib.variation import perturb, shifted


def fit_many(
    make_net: Callable[[], nn.Module],
    data: Data,
    *,
    epochs: int,
    grid: Mapping[str, Iterable[float]],
    seeds: Iterable[int] = (0,),
    batch_size: int = 16,
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
    device: str | torch.device | None = None,
    progress: bool | None = None,
) -> Runs:
    """Train a net once for every point of ``grid`` and every seed.

    Args:
        make_net: makes a net; called under ``torch.manual_seed(seed)``.
        data: has ``train`` and ``val``, as for ``fit``.
        epochs: passes over the training data.
        grid: name -> the values to try, such as ``{"lr": torch.logspace(-5, 1, 64)}``; of several names, all
            combinations.
        seeds: whole numbers; a seed means initial weights and order of batches, as in ``fit``.
        batch_size: rows a step; the last batch of an epoch may be smaller.
        optimizer: "sgd", "momentum" (SGD with momentum 0.9 unless given), "rmsprop" or "adam".
        lr, momentum, weight_decay, beta1, beta2, eps, alpha: of all runs; None is torch.optim's own value.
        loss: of outputs and targets; None is cross entropy for an integer y, and the mean squared error for a float y.
        together: "auto" trains all runs as one computation where that works and is faster, and else one after the
            other and says why in a line; True and False insist. Dropout then differs in its draws, not on average.
        device: where to train; None means ``COURSE_DEVICE``, of which ``Runs.model`` brings nets back, or, when that is
            not set, where model and data are.
        progress: a bar after one second (None), at once (True) or never (False).

    Returns:
        The ``Runs``. A run that diverges stays among them. Interrupting the kernel keeps the epochs that are complete.
        The CPU's global random state is the same before and after.

    Raises:
        ValueError: for anything that cannot be trained, with both sides named.
        CellStopped: when a training before this one, in the same run of a notebook's cell, was interrupted.
    """
    interrupted_cell.begin()
    epochs, batch_size = whole_number("epochs", epochs, least=0), whole_number("batch_size", batch_size, least=1)
    if together not in ("auto", True, False) or progress not in (None, True, False):
        raise ValueError(
            f"together is {together!r}, progress is {progress!r}; see help(fit_many) for what they can be."
        )
    given = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
    given |= {"beta1": beta1, "beta2": beta2, "eps": eps, "alpha": alpha}
    sweep = plan(optimizer, grid, given, seeds)
    with torch.random.fork_rng(devices=[]):
        make = _maker(make_net, sweep.seeds)
        net = make(0)
        home = next(net.parameters()).device if device is None else None
        train, val = placed(net, data, device)
        loss = default_loss(train.y) if loss is None else loss
        classes = check_fits(net, train, val, loss=loss, batch_size=batch_size)
        engine, reason = _engine(sweep, make, train, loss, batch_size, together)
        sizes = {"epochs": epochs, "batch_size": batch_size, "classes": classes is not None}
        record = _train(sweep, engine, train, val, progress=progress, **sizes)
        return Runs(sweep, engine, reason, *record, home=home)


def _maker(make_net: Callable[[], nn.Module], seeds: list[int]) -> Callable[[int], nn.Module]:
    """Return a function that makes the net for a place among the seeds."""
    if isinstance(make_net, nn.Module):
        name = type(make_net).__name__
        raise ValueError(
            f"make_net is a net, {name}(...); every run needs one of its own, so give a function that makes one: "
            f"write lambda: {name}(...)."
        )

    def make(place: int) -> nn.Module:
        return made_model(make_net, shifted(seeds[place]))

    return make


def _engine(
    sweep: Sweep, make: Callable[[int], nn.Module], train: Split, loss: Loss, batch_size: int, together: bool | str
) -> tuple[Engine, str]:
    """Return what trains the runs, and why it is the loop, if it is."""
    device = train.x.device

    def ready(place: int) -> nn.Module:
        net = make(place).to(device)
        perturb(net)
        return net

    nets = [ready(place) for place in range(len(sweep.seeds))]
    _check_alike(nets, ready(0), sweep.seeds)
    x, y = train.x[:batch_size], train.y[:batch_size]
    reason = "together=False asks for it" if together is False else why_not(nets, x)
    if together is True or not reason:
        try:
            engine = Together(sweep, nets, loss)
            engine.try_out(x, y)
            return engine, ""
        except (
            Exception
        ) as error:  # vmap refuses with errors of many kinds; what is wrong otherwise, the loop meets too
            words = (str(error).splitlines() or [type(error).__name__])[0].removeprefix("vmap: ").split(". ")[0]
            reason = f"vmap refuses the net or the loss ({words})"
            if together is True:
                raise ValueError(f'These runs cannot be trained together: {reason}. Write together="auto".') from error
    if together == "auto":
        print(f"fit_many trains its {len(sweep)} runs one after the other: {reason}.")
    return OneByOne(sweep, ready, loss, device), reason


def _check_alike(nets: list[nn.Module], again: nn.Module, seeds: list[int]) -> None:
    """Refuse nets that share weights, or that have other shapes for other seeds."""
    owned = [{id(p) for p in net.parameters()} for net in [*nets, again]]
    if len(set.union(*owned)) < sum(map(len, owned)):
        raise ValueError("make_net gives the same weights each time; make the net, and all its layers, inside of it.")
    shapes = [{name: tuple(value.shape) for name, value in net.state_dict().items()} for net in nets]
    for seed, other in zip(seeds, shapes, strict=True):
        for name in shapes[0] | other:
            a, b = shapes[0].get(name, "none"), other.get(name, "none")
            if a != b:
                raise ValueError(
                    f"make_net makes nets of different shapes: {name!r} is {a} for seed {seeds[0]} and {b} for seed "
                    f"{seed}. A sweep needs one shape."
                )


def _train(
    sweep: Sweep,
    engine: Engine,
    train: Split,
    val: Split,
    *,
    epochs: int,
    batch_size: int,
    classes: bool,
    progress: bool | None,
) -> tuple[dict[str, Tensor], Tensor, dict[str, Tensor], Tensor]:
    """Train all runs; return history (epochs, M) each, step losses (steps, M), dead units, and which runs diverged."""
    room: list[Tensor] = []
    latest = (0, engine.snapshot())
    try:
        for orders in _shown(_orders(sweep.seeds, len(train.x), epochs), epochs, len(sweep), progress):
            losses = engine.epoch(train.x, train.y, orders.to(train.x.device), batch_size)
            found = (losses, *_validated(engine, val, len(sweep), classes))
            # Room for all epochs at once: a small tensor kept from every epoch would pin the memory around it, and
            # 3,000 epochs took 400 MB.
            room = room or [each.new_empty(epochs, *each.shape) for each in found]
            for place, each in zip(room, found, strict=True):
                place[latest[0]] = each
            latest = (latest[0] + 1, engine.snapshot())  # one assignment: an interruption finds both or neither
    except KeyboardInterrupt:
        interrupted_cell.interrupted()
        engine.restore(latest[1])
        print(f"stopped at epoch {latest[0]}; run it again for the whole training")
    done = [place[: latest[0]] for place in room] if latest[0] else None
    return _record(done, engine, train, val, classes, len(sweep))


def _validated(engine: Engine, val: Split, m: int, classes: bool) -> tuple[Tensor, Tensor]:
    if len(val.x):
        return engine.evaluate(val.x, val.y, classes=classes)
    nan = torch.full((m,), torch.nan, device=val.x.device)
    return nan, nan


def _record(
    done: list[Tensor] | None, engine: Engine, train: Split, val: Split, classes: bool, m: int
) -> tuple[dict[str, Tensor], Tensor, dict[str, Tensor], Tensor]:
    """The same, from step losses (epochs, steps, M), validation loss and accuracy (epochs, M); None without epochs."""
    losses, val_loss, val_acc = done or (torch.empty(0, 1, m), torch.empty(0, m), torch.empty(0, m))
    steps = losses.flatten(0, 1).cpu()
    history = {"train_loss": losses.cpu().double().mean(1), "val_loss": val_loss}
    if classes:
        history["val_acc"] = val_acc
    history = {name: values.cpu().double() for name, values in history.items()}
    finite = engine.finite().cpu() & steps.isfinite().all(0)
    if len(val.x):
        finite &= history["val_loss"].isfinite().all(0)
    return history, steps, {name: dead.cpu() for name, dead in engine.dead(train.x).items()}, ~finite


def _orders(seeds: list[int], n: int, epochs: int) -> Iterator[Tensor]:
    """The order of the n rows in each epoch, (S, n), drawn for each seed as ``fit`` does it."""
    generators = [torch.Generator().manual_seed(shifted(seed)) for seed in seeds]
    for _ in range(epochs):
        yield torch.stack([torch.randperm(n, generator=generator) for generator in generators])


def _shown(orders: Iterator[Tensor], epochs: int, m: int, progress: bool | None) -> Iterable[Tensor]:
    """The same, with a progress bar."""
    if progress is False:
        return orders
    from tqdm.auto import tqdm  # here, because a notebook that never sweeps need not import it

    delay = 1 if progress is None else 0
    return tqdm(orders, total=epochs, desc=f"{m} runs", unit="epoch", leave=False, delay=delay)
