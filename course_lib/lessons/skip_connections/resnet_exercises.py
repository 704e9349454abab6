"""What the learner writes about ResNet in lesson 07: its block, and how many parameters that has."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.exercise import Exercise


# ----------------------------------------------------------------------------------------------------- ResNet's block
def _convs(seed: int, inputs: int, outputs: int) -> list[nn.Module]:
    g = torch.Generator().manual_seed(seed)
    layers = [nn.Conv2d(a, b, k, padding=k // 2) for a, b, k in ((inputs, outputs, 3), (outputs, outputs, 3))]
    layers.append(nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity())
    with torch.no_grad():
        for layer in layers:
            for weight in layer.parameters():
                weight.copy_(torch.randn(weight.shape, generator=g) / weight[0].numel() ** 0.5)
    return [layer.requires_grad_(False) for layer in layers]


def _block_oracle(x: Tensor, first: nn.Module, second: nn.Module, shortcut: nn.Module) -> Tensor:
    h = second(first(x).clamp(min=0))
    return (h + shortcut(x)).clamp(min=0)


def block_solution(x, first, second, shortcut):
    branch = second(torch.relu(first(x)))
    return torch.relu(shortcut(x) + branch)


def _shortcut_of_branch(x: Tensor, first: nn.Module, second: nn.Module, shortcut: nn.Module) -> Tensor:
    h = second(F.relu(first(x)))
    return F.relu(h + shortcut(h))


def _shortcut_of_first(x: Tensor, first: nn.Module, second: nn.Module, shortcut: nn.Module) -> Tensor:
    h = F.relu(first(x))
    return F.relu(second(h) + shortcut(h))


def _block_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    return [
        (torch.randn(2, 3, 4, 4, generator=g), *_convs(seed, 3, 3)),
        (torch.randn(2, 2, 5, 4, generator=g), *_convs(seed + 7, 2, 3)),
    ]


block = Exercise(
    "skip_connections/block",
    question="The block of ResNet-18 in the form of 2015. `first` and `second` are its layers (a convolution with its "
    "norm each), `shortcut` makes x fit where the shape changes, and hands it on elsewhere. ReLU comes after the "
    "first layer, and after the addition. Return what the block gives for `x` (B, C, H, W).",
    cases=[(torch.linspace(-1, 1, 18).view(1, 2, 3, 3), *_convs(3, 2, 2))],
    hidden=_block_cases,
    oracle=_block_oracle,
    solution=block_solution,
    hints=(
        "Two paths lead from x to the addition: through both layers, and through the shortcut. What happens on each?",
        "The branch is layer, ReLU, layer. Add the shortcut of x to it. The last ReLU sees the sum.",
        "Three steps: the branch, the sum with shortcut(x), `torch.relu` of the sum. No ReLU directly after `second`.",
    ),
    why="With the last ReLU before the addition, a block could only ever add, never take away. With it after the "
    "addition, the branch may be negative, too.",
    another="`(second(first(x).relu()) + shortcut(x)).relu()` is the same in one line.",
    rtol=1e-3,
    atol=1e-4,
    wrong={
        "ReLU before the addition": (
            lambda x, first, second, shortcut: shortcut(x) + F.relu(second(F.relu(first(x)))),
            "Your last ReLU stands in the branch, before the addition, and none after it. The branch can then only "
            "add.",
        ),
        "no ReLU at the end": (
            lambda x, first, second, shortcut: shortcut(x) + second(F.relu(first(x))),
            "After the addition comes one more ReLU.",
        ),
        "ReLU in both places": (
            lambda x, first, second, shortcut: F.relu(shortcut(x) + F.relu(second(F.relu(first(x))))),
            "There is a ReLU too many directly after `second`. With it the branch can only add.",
        ),
        "no ReLU inside": (
            lambda x, first, second, shortcut: F.relu(shortcut(x) + second(first(x))),
            "Without a ReLU between them, two layers are one.",
        ),
        "ReLU on x": (
            lambda x, first, second, shortcut: F.relu(shortcut(F.relu(x)) + second(F.relu(first(x)))),
            "You cut off the negative part of x before the shortcut. The shortcut hands on x as it comes.",
        ),
        "x itself": (
            lambda x, first, second, shortcut: F.relu(x + second(F.relu(first(x)))),
            "You add x itself. Where the shape changes that does not fit: the shortcut makes it fit.",
        ),
        "no skip": (
            lambda x, first, second, shortcut: F.relu(second(F.relu(first(x)))),
            "That is a plain net. The shortcut is missing.",
        ),
        "shortcut of the branch": (
            _shortcut_of_branch,
            "The shortcut gets the x that entered the block, not what the branch has made of it, which may have "
            "another shape.",
        ),
        "shortcut of the first layer": (
            _shortcut_of_first,
            "You give the shortcut what `first` and its ReLU have made, which may have another shape. It gets the x "
            "that entered the block.",
        ),
        "x itself, no ReLU inside": (
            lambda x, first, second, shortcut: F.relu(x + second(first(x))),
            "Two slips: after `first` comes a ReLU; and where the shape changes, x itself does not fit.",
        ),
        "x itself, no ReLU at the end": (
            lambda x, first, second, shortcut: x + second(F.relu(first(x))),
            "Two slips: after the sum comes a ReLU; and where the shape changes, x itself does not fit.",
        ),
        "x itself, ReLU before the addition": (
            lambda x, first, second, shortcut: x + F.relu(second(F.relu(first(x)))),
            "Two slips: the last ReLU belongs after the sum; and where the shape changes, x itself does not fit.",
        ),
    },
)


# ------------------------------------------------------------------------------------------------------------- counting
def _count_oracle(inputs: int, channels: int, stride: int) -> int:
    with torch.device("meta"):
        from course_lib.nets import BasicBlock

        return sum(weight.numel() for weight in BasicBlock(inputs, channels, stride).parameters())


def count_solution(inputs, channels, stride):
    total = 9 * inputs * channels + 9 * channels * channels + 2 * 2 * channels
    if stride != 1 or inputs != channels:
        total += inputs * channels + 2 * channels
    return total


def _count(inputs: int, channels: int, stride: int, **other: object) -> int:
    """The count with something counted otherwise."""
    kernels, per_norm = other.get("kernels", (9, 9, 1)), other.get("per_norm", 2)
    total = kernels[0] * inputs * channels + kernels[1] * channels**2 + 2 * per_norm * channels
    fits = stride == 1 and inputs == channels
    if other.get("always") or not (fits or other.get("never")):
        total += kernels[2] * inputs * channels + per_norm * channels
    return total + other.get("biases", 0) * channels


def _count_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    a, b = (int(n) for n in torch.randint(3, 40, (2,), generator=g))
    return [(a, a, 1), (a, a + b, 2), (b, b, 2), (a, a + b, 1)]


count = Exercise(
    "skip_connections/count",
    question="How many parameters has a block of ResNet-18? Its two 3 × 3 convolutions have no biases; the first goes "
    "from `inputs` to `channels` maps. Each convolution has a batch norm after it, with two parameters a map. "
    "Where `stride` is not 1 or the number of maps changes, the shortcut is a 1 × 1 convolution with a batch norm of "
    "its own; else it hands x on and has no parameters. Return an int.",
    cases=[(64, 128, 2)],
    hidden=_count_cases,
    oracle=_count_oracle,
    solution=count_solution,
    hints=(
        "For each pair of a map that comes in and a map that goes out, a convolution has a kernel of its own.",
        "Add up two convolutions and two norms. The stride changes how often a kernel is used, not how large it is.",
        "9 for each pair of maps in the big ones, 1 for each pair in the small one, and 2 for each map of each norm.",
    ),
    why="The skip itself costs nothing, except at the three places of ResNet-18 where the shape changes. A net with "
    "skips has the parameters of the plain net with the same layers, and a few more.",
    another="Build the block and let PyTorch count: `BasicBlock`, below, and then "
    "`sum(p.numel() for p in BasicBlock(inputs, channels, stride).parameters())`.",
    counts="parameters",
    wrong={
        "with biases": (
            lambda inputs, channels, stride: _count(
                inputs, channels, stride, biases=2 + (stride != 1 or inputs != channels)
            ),
            "You count a bias for each map. In front of a batch norm it would be subtracted again, so there is none.",
        ),
        "norms forgotten": (
            lambda inputs, channels, stride: _count(inputs, channels, stride, per_norm=0),
            "The batch norms are missing: each has a scale and a shift for every map.",
        ),
        "running statistics": (
            lambda inputs, channels, stride: _count(inputs, channels, stride, per_norm=4),
            "You count four numbers a map. The running mean and variance are kept, not learned: no parameters.",
        ),
        "shortcut forgotten": (
            lambda inputs, channels, stride: _count(inputs, channels, stride, never=True),
            "Where the shape changes, the shortcut has a convolution and a norm of its own.",
        ),
        "shortcut always": (
            lambda inputs, channels, stride: _count(inputs, channels, stride, always=True),
            "Where nothing changes, the shortcut is x itself and has no parameters.",
        ),
        "a large shortcut": (
            lambda inputs, channels, stride: _count(inputs, channels, stride, kernels=(9, 9, 9)),
            "Your shortcut has 3 × 3 kernels. It only has to make the number of maps fit: 1 × 1.",
        ),
        "both convolutions alike": (
            lambda inputs, channels, stride: _count(inputs, channels, stride) + 9 * inputs * channels - 9 * channels**2,
            "The second convolution takes what the first has given: it goes from `channels` to `channels` maps.",
        ),
        "only where the maps change": (
            lambda inputs, channels, stride: _count(inputs, channels, stride, never=inputs == channels),
            "With a stride of 2 the height and width change too, and x fits no more, whatever the number of maps.",
        ),
        "only where the stride is not 1": (
            lambda inputs, channels, stride: _count(inputs, channels, stride, never=stride == 1),
            "With another number of maps x does not fit either, whatever the stride.",
        ),
        "only where both change": (
            lambda inputs, channels, stride: _count(inputs, channels, stride, never=stride == 1 or inputs == channels),
            "You ask for both, a stride that is not 1 and another number of maps. One of them is enough.",
        ),
        "convolutions alone": (
            lambda inputs, channels, stride: _count(inputs, channels, stride, per_norm=0, never=True),
            "Two norms are missing, and the shortcut where the shape changes.",
        ),
    },
)
