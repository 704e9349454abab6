"""The nets of lesson 01: one that fits while you drag, one that reads digits, and what can be known about a net."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.datasets import Data, Split, load
from course_lib.nets import MLP
from course_lib.uninterrupted import uninterrupted


class FiveTimes(nn.Module):
    """Five times a sigmoid: any number between 0 and 5."""

    def forward(self, z: Tensor) -> Tensor:
        """(...) float to the same shape, from 0 to 5."""
        return 5 * torch.sigmoid(z)


ENDS = {"nothing": nn.Identity, "sigmoid": nn.Sigmoid, "ReLU": nn.ReLU, "5 × sigmoid": FiveTimes}
"""What may stand after the last linear layer."""


def centred_coffee() -> Data:
    """The coffee with hours counted from 13:00, -5 to 5: what the notebook makes in its first cell."""
    raw = load("coffee")
    parts = (Split(part.x - 13, part.y) for part in (raw.train, raw.val, raw.test))
    return Data("coffee", *parts, features=raw.features, target=raw.target)


def rmse(prediction: Tensor, y: Tensor) -> float:
    """Root of the mean squared error, in the unit of y; `prediction` is (N,), or one number for all."""
    return float((prediction - y).square().mean().sqrt())


def best_line(x: Tensor, y: Tensor) -> tuple[float, float]:
    """Slope and offset of the straight line with the lowest RMSE (x is (N, 1), y is (N,))."""
    table = torch.cat([x, torch.ones_like(x)], 1)
    slope, offset = torch.linalg.lstsq(table, y[:, None]).solution.flatten().tolist()
    return slope, offset


def folded(net: nn.Module) -> tuple[Tensor, Tensor]:
    """The one linear layer that is left of the linear layers of a net: its weights (H, D) and biases (H,).

    Args:
        net: D inputs, H outputs; whatever stands between its linear layers is left out.
    """
    first, *others = (layer for layer in net.modules() if isinstance(layer, nn.Linear))
    W, b = first.weight, first.bias
    for layer in others:
        W, b = layer.weight @ W, layer.weight @ b + layer.bias
    return W, b


def lowest_rmse(y: Tensor, low: float, high: float) -> float:
    """The lowest RMSE of anything that says only numbers from `low` to `high` (y is (N,), in litres)."""
    return rmse(y.clamp(low, high), y)


LOOKS = tuple(range(0, 601, 20))
"""After which steps `train_with` looks at the curve."""


@lru_cache(maxsize=64)
def train_with(end: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Trains 1-16-16-1 (tanh) with one of four ends for 600 steps, Adam at 0.03, and looks at it every 20 steps.

    Returns:
        The litres it says at 201 hours from 8 to 18, (31, 201), and its RMSE, (31,), after 0, 20, ... 600 steps.
    """
    x, y = centred_coffee().train
    hours = torch.linspace(-5, 5, 201)[:, None]
    torch.manual_seed(seed)
    net = nn.Sequential(*MLP(1, 16, 16, 1, activation=nn.Tanh), ENDS[end]())
    optimizer = torch.optim.Adam(net.parameters(), lr=0.03, fused=True)
    curves, errors = [], []
    for step in range(LOOKS[-1] + 1):
        loss = (net(x)[:, 0] - y).square().mean()
        if step in LOOKS:
            curves.append(net(hours).detach()[:, 0].numpy())
            errors.append(loss.item() ** 0.5)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return np.array(curves), np.array(errors)


@lru_cache(maxsize=1)
def reader() -> nn.Linear:
    """One linear layer, 64 pixels to ten logits, trained with cross-entropy: 20 epochs of Adam at 0.01."""
    from course_lib.fit import fit

    options = {"epochs": 20, "lr": 0.01, "batch_size": 32, "optimizer": "adam", "progress": False}
    return uninterrupted(fit(lambda: nn.Linear(64, 10), load("digits"), **options), 20).model
