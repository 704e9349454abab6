"""The net of lesson 08: how it is built, and the two that come trained, one on all letters and one on 42 of them."""

from __future__ import annotations

from collections import OrderedDict
from functools import cache

import torch
from torch import nn

from course_lib.datasets import FOLDER
from course_lib.letters import CLASSES
from course_lib.nets.resnet import BasicBlock
from course_lib.variation import shifted

WIDTHS = (16, 24, 24)
FEATURES = 384
"""Numbers that the body makes of a picture: 24 maps of 4 x 4."""
DEPTHS = ("stem", "block1", "block2", "block3")
LEFT_OUT = tuple("AEHKRaehkr")
"""Letters that the second net has never seen."""
FILES = {"all": "letters.safetensors", "fewer": "letters_42.safetensors"}


def reader(classes: int = len(CLASSES)) -> nn.Sequential:
    """Return a small residual net for pictures of 8 x 8 pixels, with batch norm, as in ResNet-18.

    (B, 64) float to logits (B, classes). Parts: `stem` (B, 16, 8, 8), `block1` to `block3` (B, 16 or 24, 4, 4),
    `flatten` (B, 384) and `head`. The maps are flattened and not averaged: of 4 x 4 places, it matters at which one a
    stroke is.
    """
    one, two, three = WIDTHS
    stem = nn.Sequential(nn.Conv2d(1, one, 3, padding=1, bias=False), nn.BatchNorm2d(one), nn.ReLU())
    parts = {
        "picture": nn.Unflatten(1, (1, 8, 8)),
        "stem": stem,
        "block1": BasicBlock(one, one, stride=2),
        "block2": BasicBlock(one, two),
        "block3": BasicBlock(two, three),
        "flatten": nn.Flatten(),
        "head": nn.Linear(FEATURES, classes),
    }
    return nn.Sequential(OrderedDict(parts))


@cache
def _weights(which: str) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    path = FOLDER / FILES[which]
    try:
        return load_file(path)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path.name} is missing from {str(FOLDER)!r}: bring it back with git checkout -- data, or make it again "
            f"with course pretrain letters."
        ) from None


def letters_net(which: str = "all") -> nn.Sequential:
    """Return a net that has been trained on printed letters and on nothing else, in evaluation mode.

    Args:
        which: "all", trained on 52 letters, or "fewer", trained on the 42 that are not in `LEFT_OUT`.

    Raises:
        ValueError: another name.
        FileNotFoundError: its file is missing.
    """
    if which not in FILES:
        raise ValueError(f'which is {which!r}; it is "all" or "fewer".')
    net = reader(len(CLASSES) - (len(LEFT_OUT) if which == "fewer" else 0))
    net.load_state_dict(_weights(which))
    return net.eval()


def untrained(seed: int) -> nn.Sequential:
    """The same net with initial weights, for the ten digits; the notebook's random numbers stay where they are."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(shifted(seed))
        return reader(10)


def with_new_head(net: nn.Sequential, seed: int) -> nn.Sequential:
    """A copy of a net with a new last layer for the ten digits. The body keeps its weights."""
    fresh = untrained(seed)
    body = {name: value for name, value in net.state_dict().items() if not name.startswith("head.")}
    head = {name: value for name, value in fresh.state_dict().items() if name.startswith("head.")}
    fresh.load_state_dict(body | head)
    return fresh
