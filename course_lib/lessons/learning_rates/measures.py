"""What lesson 03 measures inside a net: how curved its loss is, which units are dead, how noisy a batch is."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from course_lib.units import RELU, dead_units, recorded


def dead_shares(model: nn.Module, x: Tensor) -> dict[str, float]:
    """For each ReLU layer, the share of its units that give 0 for every row of x.

    Args:
        model: any net.
        x: (B, ...) what the net is asked about.

    Returns:
        Layer name -> share, 0 to 1.
    """
    with torch.no_grad():
        shares = recorded(model, lambda: model(x), RELU, lambda out: dead_units(out).double().mean())
    return {name: float(share) for name, share in shares.items()}


def largest_dead_share(model: nn.Module, x: Tensor) -> float:
    """The share of dead units in the layer that has most of them; 0 for a net without ReLU."""
    return max(dead_shares(model, x).values(), default=0.0)


def largest_curvature(model: nn.Module, x: torch.Tensor, y: torch.Tensor, *, rounds: int = 30) -> float:
    """The largest curvature of the loss at the model's weights: the top eigenvalue of the Hessian.

    Power iteration: a vector is multiplied by the Hessian again and again until it points along the steepest bend. The
    Hessian itself is never made; its product with a vector v is the gradient of (gradient · v).

    Args:
        model: its parameters are left as they are.
        x: (B, D) float32.
        y: (B,) int64 class numbers.
        rounds: multiplications; 30 give two digits on the nets of this lesson.

    Returns:
        The curvature λ of largest absolute value; gradient descent on a bowl with it tips over at a rate of 2/λ.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    loss = nn.functional.cross_entropy(model(x), y)
    gradients = torch.autograd.grad(loss, parameters, create_graph=True)
    generator = torch.Generator().manual_seed(0)
    vector = [torch.randn(p.shape, generator=generator) for p in parameters]
    curvature = 0.0
    for _ in range(rounds):
        length = math.sqrt(sum(float((v * v).sum()) for v in vector))
        vector = [v / length for v in vector]
        along = sum((g * v).sum() for g, v in zip(gradients, vector, strict=True))
        bent = torch.autograd.grad(along, parameters, retain_graph=True)
        curvature = sum(float((b * v).sum()) for b, v in zip(bent, vector, strict=True))
        vector = list(bent)
    return curvature


def gradient_noise(
    model: nn.Module, x: Tensor, y: Tensor, batch_size: int, *, batches: int = 200, seed: int = 0
) -> float:
    """How far the gradient of a random batch lies from that of all rows, as a share of the latter.

    Args:
        model: at the weights where the slope is taken; left as it is.
        x, y: (N, D) float32 and (N,) int64, all training rows.
        batch_size: rows in a batch, drawn with replacement, so that the noise has no end effect near N.
        batches: how many batches to average over.
        seed: of the draws.

    Returns:
        Root of the mean squared distance, divided by the length of the full gradient.
    """
    full = _gradient(model, x, y)
    generator = torch.Generator().manual_seed(seed)
    draws = (torch.randint(len(x), (batch_size,), generator=generator) for _ in range(batches))
    square = sum(float(((_gradient(model, x[rows], y[rows]) - full) ** 2).sum()) for rows in draws)
    return math.sqrt(square / batches) / float(full.norm())


def _gradient(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    loss = nn.functional.cross_entropy(model(x), y)
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(model.parameters()))])
