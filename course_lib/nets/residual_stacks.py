"""Stacks of residual blocks of any depth: fully connected, and convolutional.

Introduced in lesson 07 (skip_connections). Source: ours, after He et al. 2015 and 2016.
"""

from __future__ import annotations

from functools import partial

from torch import nn

from course_lib.nets.residual import Residual, Stack, check, start


def ResidualMLP(
    inputs: int,
    width: int,
    outputs: int,
    *,
    blocks: int,
    norm: str | None = None,
    zero_start: bool = False,
    alpha: float = 1.0,
    init: str = "he",
) -> Stack:
    """Return a net of 2 x blocks + 2 linear layers: one in front, two in each block, one after them.

    Args:
        inputs, width, outputs: D, H and K.
        blocks: 0 or more.
        norm: None, "before" (in the branch) or "after" (the addition): `nn.LayerNorm`, which looks at one
            row at a time. With "before" there is one more in front of the last layer.
        zero_start: the second layer of each branch begins at 0.
        alpha: 1 is the residual net; 0 is the plain net of the same layers.
        init: "he", or "torch" for what PyTorch draws by itself.

    Returns:
        A net that takes (B, D) float and gives logits (B, K); it has the parts `stem`, `blocks` and `head`.

    Raises:
        ValueError: names the value that makes no net.

    >>> net = ResidualMLP(64, 32, 10, blocks=3)
    >>> len(net.blocks), sum(isinstance(layer, nn.Linear) for layer in net.modules())
    (3, 8)
    """
    sizes = {"inputs": inputs, "width": width, "outputs": outputs}
    check(place=norm, alpha=alpha, init=init, zero_start=zero_start, blocks=blocks, **sizes)
    layer, normed = partial(nn.Linear, width, width), partial(nn.LayerNorm, width)
    stack = [Residual(layer(), layer(), normed, norm, alpha) for _ in range(blocks)]
    last = [normed()] if norm == "before" else []
    stem = nn.Sequential(nn.Linear(inputs, width), nn.ReLU())
    return start(Stack(stem, stack, nn.Sequential(*last, nn.Linear(width, outputs))), init=init, zero_start=zero_start)


def ResidualCNN(
    channels: int,
    width: int,
    outputs: int,
    *,
    blocks: int,
    norm: str | None = None,
    zero_start: bool = False,
    alpha: float = 1.0,
    init: str = "he",
) -> Stack:
    """Return a net of 2 x blocks + 1 convolutions of 3 x 3, which keep height and width, and one linear layer.

    Args:
        channels: C of the pictures.
        width: maps in every layer.
        outputs: K.
        blocks, zero_start, alpha, init: as for `ResidualMLP`.
        norm: None, "before" or "after": `nn.GroupNorm` with one group, which is layer norm for maps.

    Returns:
        A net that takes (B, C, H, W) float and gives logits (B, K); the head takes the mean of every map.

    Raises:
        ValueError: names the value that makes no net.

    >>> net = ResidualCNN(1, 8, 10, blocks=3)
    >>> len(net.blocks), sum(isinstance(layer, nn.Conv2d) for layer in net.modules())
    (3, 7)
    """
    sizes = {"channels": channels, "width": width, "outputs": outputs}
    check(place=norm, alpha=alpha, init=init, zero_start=zero_start, blocks=blocks, **sizes)
    layer, normed = partial(nn.Conv2d, width, width, 3, padding=1), partial(nn.GroupNorm, 1, width)
    stack = [Residual(layer(), layer(), normed, norm, alpha) for _ in range(blocks)]
    last = [normed()] if norm == "before" else []
    stem = nn.Sequential(nn.Conv2d(channels, width, 3, padding=1), nn.ReLU())
    head = nn.Sequential(*last, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, outputs))
    return start(Stack(stem, stack, head), init=init, zero_start=zero_start)
