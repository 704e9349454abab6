"""The deep nets of lesson 05: how they are made and filled, and what is measured in them layer by layer."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.datasets import load
from course_lib.fit import fit
from course_lib.runs import Runs
from course_lib.uninterrupted import uninterrupted
from course_lib.variation import shifted
from course_lib.watch import watch

ACTIVATIONS = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "ReLU": nn.ReLU, "linear": nn.Identity}
WIDTH = 128
"""Units in a layer. At 16, seeds of a ReLU net of 100 layers differ by factors of ten and more in their gradient."""

Std = Callable[[int, int], float]  # fan_in, fan_out -> standard deviation of the weights


def deep_net(depth: int, activation: Callable[[], nn.Module], width: int = WIDTH, norm: bool = False) -> nn.Sequential:
    """Return `depth` layers of `width` units for the digits, 64 numbers in, 10 out.

    Args:
        depth: hidden layers.
        activation: makes the nonlinearity after each of them.
        width: H, units in each hidden layer.
        norm: put batch normalisation between the linear layer and its nonlinearity.
    """
    layers, fan_in = [], 64
    for _ in range(depth):
        layers += [nn.Linear(fan_in, width), *([nn.BatchNorm1d(width)] if norm else []), activation()]
        fan_in = width
    return nn.Sequential(*layers, nn.Linear(fan_in, 10))


def fill(net: nn.Module, std: Std) -> nn.Module:
    """Draw all weights of the linear layers anew: normal, with std(fan_in, fan_out); biases 0. Returns the net."""
    for layer in net.modules():
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=std(layer.in_features, layer.out_features))
            nn.init.zeros_(layer.bias)
    return net


def gain(factor: float) -> Std:
    """Weights that keep the size of what passes up through a linear layer, times `factor`.

    Where a layer has as many outputs as inputs, the same holds for the gradient on its way back.
    """
    return lambda fan_in, fan_out: factor / math.sqrt(fan_in)


def glorot(fan_in: int, fan_out: int) -> float:
    """Glorot and Bengio 2010, equation 12: a variance of 2 / (fan_in + fan_out)."""
    return math.sqrt(2 / (fan_in + fan_out))


def he(fan_in: int, fan_out: int) -> float:
    """He et al. 2015, equation 10: a variance of 2 / fan_in, because ReLU lets half of it through."""
    return math.sqrt(2 / fan_in)


def fixed(std: float) -> Std:
    """The same standard deviation in every layer, whatever its size."""
    return lambda fan_in, fan_out: std


# ------------------------------------------------------------------------------------------------------- layer by layer
def layer_by_layer(net: nn.Sequential, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """One forward and one backward pass, and what was seen after each hidden nonlinearity.

    Args:
        net: from `deep_net`.
        x, y: (B, 64) float and (B,) class numbers.

    Returns:
        "std" over everything, "unit_std" over the batch, mean over the units, and "grad_norm" of the loss with respect
        to what the layer puts out; each (depth,) float64. Infinite numbers and nan stay in.
    """
    with watch(net) as seen:
        nn.functional.cross_entropy(net(x), y).backward()
    kind = type(net[-2])  # the last nonlinearity stands before the last linear layer
    return seen.columns("std", "unit_std", "grad_norm", only=kind)


def fit_k(norms: np.ndarray | Tensor, *, least: float = 1e-37) -> tuple[float, float]:
    """The factor by which a gradient changes from one layer to the layer below, and how well one factor explains it.

    A straight line through the logarithms, by least squares; norms that are infinite, nan, or `least` and below are
    left out.

    Args:
        norms: (L,) of the gradient after each layer, first layer first.
        least: below this the format of the net has too few digits left; the default is for float32.

    Returns:
        k, and R² of the line; both nan where fewer than two norms can be used. A norm that grows towards the first
        layer gives a k above 1.
    """
    norms = np.asarray(norms)
    usable = np.isfinite(norms) & (norms > least)
    if usable.sum() < 2:
        return math.nan, math.nan
    layer, logs = np.arange(len(norms))[usable], np.log(norms[usable])
    line = np.polyfit(layer, logs, 1)
    rest = logs - np.polyval(line, layer)
    spread = np.square(logs - logs.mean()).sum()
    return float(np.exp(-line[0])), float(1 - np.square(rest).sum() / spread) if spread else 1.0


def measure_k(activation: str, gains: Sequence[float], *, depth: int = 50, seeds: range = range(5)) -> np.ndarray:
    """k of real nets of width 128, (gains, seeds). In float64, where nothing under- or overflows on the way.

    Args:
        activation: a name in `ACTIVATIONS`.
        gains: G gains of the weights. The nets of one seed differ in nothing else.
        depth: hidden layers.
        seeds: of the weights, shifted when `course claims` asks for it.
    """
    x, y = load("digits").train
    x, y, found = x[:32].double(), y[:32], np.empty((len(gains), len(seeds)))
    for place, seed in enumerate(seeds):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(shifted(seed))
            net = fill(deep_net(depth, ACTIVATIONS[activation]), gain(1.0)).double()
        before = 1.0
        for row, factor in enumerate(gains):
            _scale(net, float(factor) / before)
            before = float(factor)
            found[row, place] = fit_k(_grad_norms(net, x, y), least=1e-300)[0]
    return found


def fading(
    activation: str, factor: float, *, depth: int = 100, width: int = 256, seeds: range = range(5)
) -> np.ndarray:
    """How much a unit varies from digit to digit after each layer, mean over the units: (seeds, depth).

    Twice the usual width: where k is nearly 1, chance in the weights of narrow layers adds up over a hundred of them.

    Args:
        activation: a name in `ACTIVATIONS`.
        factor: the gain.
        depth, width: of the nets.
        seeds: of the weights, shifted when `course claims` asks for it.
    """
    found = []
    for seed in seeds:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(shifted(seed))
            net = fill(deep_net(depth, ACTIVATIONS[activation], width), gain(factor))
        with watch(net) as seen, torch.no_grad():
            net(load("digits").train.x[:64])
        found.append(seen.columns("unit_std", only=ACTIVATIONS[activation])["unit_std"].numpy())
    return np.stack(found)


def _scale(net: nn.Module, factor: float) -> None:
    with torch.no_grad():
        for layer in net.modules():
            if isinstance(layer, nn.Linear):
                layer.weight.mul_(factor)


def _grad_norms(net: nn.Sequential, x: Tensor, y: Tensor) -> np.ndarray:
    """What `layer_by_layer` finds as "grad_norm", without the hooks: a fourth of the time, for hundreds of nets."""
    outs, h = [], x
    for layer in net[:-1]:
        h = layer(h)
        if not isinstance(layer, nn.Linear | nn.BatchNorm1d):
            outs.append(h)
    grads = torch.autograd.grad(nn.functional.cross_entropy(net[-1](h), y), outs)
    return np.array([float(grad.norm()) for grad in grads])


def crossing(gains: Sequence[float], k: np.ndarray) -> float:
    """The gain at which k passes 1, on the line between the two nearest gains; nan where it does not.

    Args:
        gains: (G,), ascending.
        k: (G,) or (G, S); of seeds the median is taken.
    """
    k = np.median(k, 1) if k.ndim > 1 else k
    gains = np.asarray(gains, dtype=float)
    above = np.nonzero((k[:-1] < 1) & (k[1:] >= 1))[0]
    if not len(above):
        return math.nan
    i = int(above[0])
    return float(gains[i] + (1 - k[i]) / (k[i + 1] - k[i]) * (gains[i + 1] - gains[i]))


# -------------------------------------------------------------------------------------------------------- whole sweeps
class Best(NamedTuple):
    """What a sweep over rates and seeds reached at its best rate.

    Attributes:
        acc: (S,) validation accuracy of each seed at that rate; a run that diverged stays in, as nan.
        rate: the one whose median accuracy is highest.
        diverged: share of all runs of the sweep, at whatever rate, that overflowed.
    """

    acc: np.ndarray
    rate: float
    diverged: float

    @property
    def median(self) -> float:
        """Median accuracy over the seeds; a run that diverged counts as 0."""
        return float(np.median(np.nan_to_num(self.acc)))


def best_rate(runs: Runs) -> Best:
    """The rate of a sweep whose seeds have the best median of validation accuracy, so that no rival is held back."""
    final = runs["val_acc"][-1].masked_fill(runs.diverged, 0.0)  # (R, S)
    best = int(final.median(1).values.argmax())
    acc = final[best].masked_fill(runs.diverged[best], torch.nan)
    return Best(acc.numpy(), float(runs.axes["lr"][best]), float(runs.diverged.double().mean()))


# ------------------------------------------------------------------------------------------------- batch normalisation
@cache
def normed_net() -> nn.Sequential:
    """Three ReLU layers of 32 units with batch normalisation, trained on the digits for ten epochs at rate 0.1."""

    def make() -> nn.Sequential:
        return fill(deep_net(3, nn.ReLU, 32, norm=True), he)

    run = fit(make, load("digits"), epochs=10, lr=0.1, batch_size=32, seed=0, progress=False)
    return uninterrupted(run, 10).model


def answers(net: nn.Module, x: Tensor, order: Tensor, batch_size: int, *, training: bool) -> Tensor:
    """What a net answers when it is asked in batches, (N,) class numbers in the order of x; the net stays as it is.

    Args:
        net: with or without batch normalisation.
        x: (N, D).
        order: (N,), in which the rows come.
        batch_size: rows a batch; a last batch of a single row is put to the one before.
        training: in train mode, where each batch is normalised with its own statistics; else in eval mode.
    """
    asked, found = copy.deepcopy(net).train(training), torch.empty(len(x), dtype=torch.int64)
    batches = list(order.split(batch_size))
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    with torch.inference_mode():
        for rows in batches:
            found[rows] = asked(x[rows]).argmax(1)
    return found
