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


def largest_curvature(model: nn.Module, x: Tensor, y: Tensor, *, rounds: int = 25) -> float:
    """The largest curvature of the loss at the model's weights: the top eigenvalue of its Hessian.

    Lanczos iteration: the Hessian is multiplied onto a random vector, then onto what is new in each result. It is never
    written down; its product with a vector v is the gradient of (gradient · v). In the few directions found this way it
    is a small matrix, whose top eigenvalue is as good as that of the Hessian itself. (Power iteration needs several
    times as many products where the two largest curvatures lie close together.)

    Args:
        model: its parameters are left as they are.
        x: (B, D) float32.
        y: (B,) int64 class numbers.
        rounds: products; 25 give three digits on the nets of this lesson.

    Returns:
        The curvature λ; gradient descent on a bowl with it tips over at a rate of 2/λ.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    gradients = torch.autograd.grad(nn.functional.cross_entropy(model(x), y), parameters, create_graph=True)
    gradient = torch.cat([g.flatten() for g in gradients])

    def bend(vector: Tensor) -> Tensor:
        rows = torch.autograd.grad(gradient @ vector, parameters, retain_graph=True)
        return torch.cat([row.flatten() for row in rows])

    vector = torch.randn(len(gradient), generator=torch.Generator().manual_seed(0))
    basis, bent = [], []
    for _ in range(min(rounds, len(gradient))):
        for _twice in range(2):  # once leaves rounding errors that grow
            for known in basis:
                vector = vector - (known @ vector) * known
        if vector.norm() < 1e-6:  # nothing new: all curved directions are found
            break
        basis.append(vector / vector.norm())
        bent.append(bend(basis[-1]))
        vector = bent[-1]
    small = torch.stack(basis) @ torch.stack(bent).T
    return float(torch.linalg.eigvalsh((small + small.T) / 2)[-1])


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
