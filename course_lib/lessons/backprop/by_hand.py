"""The three-layer net whose gradients lesson 04 computes by hand, and every usual way to get them wrong.

Shapes: x (B, D), y (B,) class numbers, W1 (H1, D), b1 (H1,), W2 (H2, H1), b2 (H2,), W3 (K, H2), b3 (K,). ReLU stands
after the first layer, a sigmoid after the second, softmax with cross-entropy at the end; the loss is the batch mean.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

Gradients = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
NAMES = ("dW1", "db1", "dW2", "db2", "dW3", "db3")
FIXED = 8  # the batch size that a careless division has built in


def loss_by_hand(x: Tensor, y: Tensor, *weights: Tensor) -> Tensor:
    """The loss of the net, () float: what the gradients are gradients of."""
    W1, b1, W2, b2, W3, b3 = weights
    h1 = (x @ W1.T + b1).relu()
    h2 = (h1 @ W2.T + b2).sigmoid()
    return F.cross_entropy(h2 @ W3.T + b3, y)


def initial_weights(sizes: tuple[int, int, int, int], generator: torch.Generator | None = None) -> tuple[Tensor, ...]:
    """W1, b1, W2, b2, W3, b3 for (D, H1, H2, K): normal, scaled so that no layer is dead or saturated.

    Args:
        sizes: inputs, units of both hidden layers, classes.
        generator: of the random numbers; PyTorch's own unless given.
    """
    weights: list[Tensor] = []
    for inputs, outputs in zip(sizes[:-1], sizes[1:], strict=True):
        weights.append(torch.randn(outputs, inputs, generator=generator) * (2 / inputs) ** 0.5)
        weights.append(torch.randn(outputs, generator=generator) * 0.3)
    return tuple(weights)


def slipped(slip: str = "", layers: tuple[int, ...] = (1, 2, 3)) -> Callable[..., Gradients]:
    """The gradients by hand with one mistake in them; without a name they are right.

    Args:
        slip: one of `SLIPS`, or "".
        layers: in which layers it is made.

    Returns:
        A function of (x, y, W1, b1, W2, b2, W3, b3) that returns six tensors, in the order of `NAMES`.
    """

    def here(name: str, layer: int) -> bool:
        return slip == name and layer in layers

    def gradients(x, y, W1, b1, W2, b2, W3, b3):
        z1 = x @ W1.T + b1
        h1 = z1.relu()
        z2 = h1 @ W2.T + b2
        h2 = z2.sigmoid()
        z3 = h2 @ W3.T + b3
        weights, z, h = {1: W1, 2: W2, 3: W3}, (x, z1, z2), (x, h1, h2)
        dz, results = _at_the_end(slip, z3, y), []
        for layer in (3, 2, 1):
            came_in = z[layer - 1] if here("z for h", layer) else h[layer - 1]
            dW = came_in.T @ dz if here("turned", layer) else dz.T @ came_in
            dW = dz[:, :, None] * came_in[:, None, :] if here("not summed", layer) else dW
            db = dz.mean(0) if here("bias averaged", layer) else dz.sum(0)
            db = dz.clone() if here("bias not reduced", layer) else db
            results = [dW, db, *results]
            if layer > 1:
                dh = dz @ (weights[layer].T if here("W turned", layer) else weights[layer])
                dz = dh * _slope(slip if layer - 1 in layers else "", layer - 1, z1, h1, z2, h2)
                dz = dh.relu() if slip == "ReLU of dh" and layer == 2 else dz
        return tuple(results)

    return gradients


def _at_the_end(slip: str, z3: Tensor, y: Tensor) -> Tensor:
    """The slope of the loss with respect to the logits, (B, K): (p - y) / B, or what is made of it."""
    p, right = z3.softmax(1), F.one_hot(y, z3.shape[1]).to(z3)
    rows, entries = len(y), z3.numel()
    variants = {
        "p for p - y": p / rows,
        "y - p": (right - p) / rows,
        "logits": (z3 - right) / rows,
        "1/B missing": p - right,
        "1/B twice": (p - right) / rows**2,
        "1/8 for 1/B": (p - right) / FIXED,
        "mean over all": (p - right) / entries,
    }
    return variants.get(slip, (p - right) / rows)


def _slope(slip: str, layer: int, z1: Tensor, h1: Tensor, z2: Tensor, h2: Tensor) -> Tensor:
    """The slope of the nonlinearity after a layer, (B, H), or what is taken for it."""
    relu, sigmoid = (z1 > 0).to(z1), h2 * (1 - h2)
    if slip == "no slope":
        return torch.ones_like((z1, z2)[layer - 1])
    if slip == "slope of the other layer":  # fits only where both are equally wide
        return (z2 > 0).to(z2) if layer == 1 else h1 * (1 - h1)
    if layer == 2:
        of_h = h2.sigmoid() * (1 - h2.sigmoid())
        variants = {
            "slope at h": of_h,
            "half the slope": h2,
            "the other half": 1 - h2,
            "ReLU's slope": (z2 > 0).to(z2),
            "z in the slope": z2 * (1 - z2),
            "tanh's slope": 1 - h2**2,
        }
        return variants.get(slip, sigmoid)
    return h1 if slip == "h1 for its slope" else relu


LAYERED = {  # slip -> (the layers in which it can be made, what is said to it)
    "turned": (
        (1, 2, 3),
        "dW is turned round. It should have the shape of W, outputs before inputs: the slopes of the outputs come "
        "first in the product.",
    ),
    "not summed": (
        (1, 2, 3),
        "there is still one matrix for each row of the batch, so the shape has a dimension too many. All rows share "
        "these weights, so their contributions add up.",
    ),
    "z for h": (
        (2, 3),
        "dW is built from z. What these weights were multiplied by in the forward pass is h, after the nonlinearity.",
    ),
    "bias not reduced": (
        (1, 2, 3),
        "db still has one line for each row of the batch, so its shape does not fit. Every row uses the same bias: "
        "add up over the rows.",
    ),
    "bias averaged": (
        (1, 2, 3),
        "db is averaged over the rows. The 1/B of the mean is in the slopes already; here rows only add up.",
    ),
    "W turned": (
        (2, 3),
        "in the backward pass you multiply by W the wrong way round. Forward it was W.T, so backward it is W; "
        "with a square layer PyTorch cannot notice.",
    ),
    "no slope": (
        (1, 2),
        "you pass the slope through as if there were no nonlinearity. What comes back to h must be multiplied, number "
        "by number, by the slope that the nonlinearity had there.",
    ),
    "slope of the other layer": (
        (1, 2),
        "the slope of the nonlinearity is taken from another layer. Where both layers are equally wide nothing "
        "complains; look at which z the nonlinearity was applied to.",
    ),
}
WHOLE = {
    "p for p - y": "You send back p. The slope of the loss with respect to the logits compares p with the truth: the "
    "right class has one subtracted.",
    "y - p": "These slopes have the wrong sign: with them the loss would climb. Which of p and y comes first?",
    "logits": "You compare the logits with the truth. The softmax stands between them and the loss.",
    "1/B missing": "These slopes are B times too large: the loss is the mean over the batch, and its 1/B belongs "
    "in the slope at the end.",
    "1/B twice": "You divide by B more than once: 1/B comes in once, at the end, and adding up over the rows keeps it.",
    "1/8 for 1/B": "You divide by 8 whatever the batch. The last batch of an epoch is often smaller: use the number of "
    "rows that came.",
    "mean over all": "You divide by the number of all entries, B times K. The loss is the mean over the rows only.",
    "slope at h": "For layer 2 you put h into the sigmoid's slope as if it were z: that is the sigmoid of a sigmoid. "
    "The slope is taken at z; written with h it is h times (1 - h).",
    "half the slope": "For layer 2 your slope is h. The sigmoid's slope has a second factor, which is small where h is "
    "near 1.",
    "the other half": "For layer 2 your slope is 1 - h. The sigmoid's slope has a second factor, h, which is small "
    "where the unit is nearly off.",
    "ReLU's slope": "After layer 2 stands a sigmoid, and you give it the slope of a ReLU.",
    "z in the slope": "For layer 2 you put z into a formula that is written with the output: the sigmoid's slope is h "
    "times (1 - h), with h after the sigmoid.",
    "tanh's slope": "1 minus the square of the output is the slope of a tanh. After layer 2 stands a sigmoid.",
    "h1 for its slope": "For layer 1 you multiply by h1 itself. The slope of a ReLU is 1 where it lets through, "
    "whatever the value is, and 0 elsewhere.",
    "ReLU of dh": "For layer 1 you cut off where the slope that comes back is negative. The ReLU asks about z1, in the "
    "backward pass, too.",
}
SLIPS = (*WHOLE, *LAYERED)
"""Names of all mistakes."""


def usual_slips() -> dict[str, tuple[Callable[..., Gradients], str]]:
    """Every mistake by name: a function that makes it, and what is said to it. In all layers, and in each alone."""
    found = {name: (slipped(name), words) for name, words in WHOLE.items()}
    for name, (layers, words) in LAYERED.items():
        found[name] = (slipped(name, layers), f"In more than one layer: {words}")
        for layer in layers:
            found[f"{name}, layer {layer}"] = (slipped(name, (layer,)), f"In layer {layer}: {words}")
    return found
