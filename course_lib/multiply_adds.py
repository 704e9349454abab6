"""How many multiply-adds one call of a layer takes: an input times a weight, added to a sum, is one."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor, nn

CONV = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
RECURRENT = (nn.RNN, nn.LSTM, nn.GRU, nn.RNNCell, nn.LSTMCell, nn.GRUCell)
# Weights that scale, shift or are looked up: no sums of products, so 0.
NO_SUMS = (
    *(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm),
    *(nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d),
    *(nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.Embedding, nn.EmbeddingBag, nn.PReLU),
)


def multiply_adds(layer: nn.Module, x: Tensor | None, out: Tensor | None) -> int | None:
    """The multiply-adds of one call of ``layer``, for all examples of the batch.

    Counted: linear layers, convolutions of any kind (the zeros of the padding included), recurrent layers. Biases are
    not, nor is what recurrent layers do between their products. Layers without weights, norms and embeddings: 0.

    Args:
        layer: which.
        x: the first tensor that it was given.
        out: the first that it put out, of a packed sequence its data.

    Returns:
        The number; None for a layer with weights of whose forward this file knows nothing.
    """
    if x is not None and out is not None:
        for kinds, rule in RULES.items():
            if computes_as(layer, kinds):
                return rule(layer, x, out)
    return 0 if computes_as(layer, NO_SUMS) or not own_parameters(layer) else None


def own_parameters(layer: nn.Module) -> list[nn.Parameter]:
    """The parameters of ``layer`` itself; of a layer that is one whole, those of its parts too."""
    return list(layer.parameters(recurse=computes_as(layer, WHOLE)))


def computes_as(layer: nn.Module, kinds: tuple[type[nn.Module], ...]) -> bool:
    """Whether ``layer`` is of one of ``kinds`` and has its forward: a subclass with one of its own may do anything."""
    return any(isinstance(layer, kind) and type(layer).forward is kind.forward for kind in kinds)


def _linear(layer: nn.Linear, _x: Tensor, out: Tensor) -> int:
    return out.numel() * layer.in_features


def _conv(layer: nn.Conv2d, _x: Tensor, out: Tensor) -> int:
    return out.numel() * layer.in_channels // layer.groups * math.prod(layer.kernel_size)


def _transposed(layer: nn.ConvTranspose2d, x: Tensor, _out: Tensor) -> int:
    """Each input is spread over a window of each of its outputs' maps."""
    return x.numel() * layer.out_channels // layer.groups * math.prod(layer.kernel_size)


def _recurrent(layer: nn.RNNBase | nn.RNNCellBase, _x: Tensor, out: Tensor) -> int:
    """Every matrix, of all gates, layers and directions, once for each step of each sequence."""
    steps = out.numel() // out.shape[-1]
    return steps * sum(weight.numel() for weight in layer.parameters() if weight.ndim == 2)


RULES: dict[tuple[type[nn.Module], ...], Callable[..., int]] = {
    (nn.Linear,): _linear,
    CONV: _conv,
    TRANSPOSED: _transposed,
    RECURRENT: _recurrent,
}
# What is inside of these is part of them, such as the weight that a parametrization makes another one of.
WHOLE = (nn.Linear, *CONV, *TRANSPOSED, *RECURRENT, *NO_SUMS, nn.MultiheadAttention)
