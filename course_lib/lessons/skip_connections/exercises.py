"""What the learner writes in lesson 07, and what is said to the usual wrong answers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.exercise import Exercise


# ----------------------------------------------------------------------------------------------- through all the skips
def _through_oracle(slopes: Tensor) -> Tensor:
    x = torch.ones((), dtype=slopes.dtype, requires_grad=True)
    y = x
    for slope in slopes:
        y = y + slope * y  # a block whose branch has this slope
    return torch.autograd.grad(y, x)[0]


def through_solution(slopes):
    return (1 + slopes).prod()


def _through_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    return [((torch.randn(n, generator=g) * 0.7).clamp(min=-0.9),) for n in (3, 5)]


through = Exercise(
    "skip_connections/through",
    question="A block is y = x + f(x), with one number going in and out. `slopes` (n,) holds the slope f' of each of n "
    "blocks. Return the derivative of what comes out of the last block with respect to what goes into the first.",
    cases=[(torch.tensor([0.5, -0.2, 0.1]),)],
    hidden=_through_cases,
    oracle=_through_oracle,
    solution=through_solution,
    hints=(
        "Begin with one block. What is the derivative of x + f(x)?",
        "The x gives 1 and the branch gives its slope. The blocks stand one behind the other: what does the chain "
        "rule do with their derivatives?",
        "One factor a block, each of them 1 and the slope together. `prod` multiplies all entries of a tensor.",
    ),
    why="The skip adds an identity to every block: 1 + f', in many dimensions I + J. The gradient is not one. Its "
    "factors lie around 1 and no longer around 0, so small branches cannot make it vanish. A hundred factors of 1.2 "
    "explode all the same.",
    another="`torch.exp(torch.log1p(slopes).sum())` does it for slopes above -1.",
    rtol=1e-4,
    wrong={
        "the gradient is one": (
            lambda slopes: torch.ones((), dtype=slopes.dtype),
            "That is one way through, the one along all skips. The branches carry a gradient as well.",
        ),
        "no skip": (
            lambda slopes: slopes.prod(),
            "That is the plain net, which has the branches only. What does the x in x + f(x) add to each factor?",
        ),
        "one skip around everything": (
            lambda slopes: 1 + slopes.prod(),
            "You lead a single skip around all blocks together. Here every block has its own.",
        ),
        "added up": (
            lambda slopes: 1 + slopes.sum(),
            "That adds the ways through one branch at most. A gradient can pass several branches: multiply.",
        ),
        "only the slopes, added": (
            lambda slopes: slopes.sum(),
            "The blocks stand one behind the other, not side by side, and each of them has a skip.",
        ),
        "minus": (
            lambda slopes: (1 - slopes).prod(),
            "The branch is added to x, so its slope is added to 1.",
        ),
    },
)


# ------------------------------------------------------------------------------------------------------- another order
def _branches(seed: int, count: int, width: int) -> list[Callable]:
    g = torch.Generator().manual_seed(seed)
    branches = []
    for _ in range(count):
        layer = nn.Linear(width, width)
        with torch.no_grad():
            for weight in layer.parameters():
                weight.copy_(0.7 * torch.randn(weight.shape, generator=g))
        branches.append(nn.Sequential(layer.requires_grad_(False), nn.Tanh()))
    return branches


def _rewired_oracle(x: Tensor, branches: list, order: list) -> Tensor:
    for place in order:
        x = x + branches[place](x)
    return x


def rewired_solution(x, branches, order):
    h = x
    for number in order:
        f = branches[number]
        h = h + f(h)
    return h


def _plain_order(x: Tensor, branches: list, order: list) -> Tensor:
    for place in order:
        x = branches[place](x)
    return x


def _onto_the_input(x: Tensor, branches: list, order: list) -> Tensor:
    h = x
    for place in order:
        h = x + branches[place](h)
    return h


def _side_by_side(x: Tensor, branches: list, order: list) -> Tensor:
    return x + sum((branches[place](x) for place in order), torch.zeros_like(x))


def _others_silent(x: Tensor, branches: list, order: list) -> Tensor:
    """A block that is gone passes nothing at all."""
    h = _rewired_oracle(x, branches, order)
    return h if len(set(order)) == len(branches) else torch.zeros_like(h)


def _rewired_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(3, 4, generator=g)
    return [(x, _branches(seed, 4, 4), [3, 1, 0]), (x, _branches(seed + 5, 3, 4), [2, 0, 1])]


rewired = Exercise(
    "skip_connections/rewired",
    question="`branches` is a list of functions, the branches f of the blocks y = x + f(x) of a net. Send `x` (B, H) "
    "through the blocks in the order of the numbers in `order`, which count from 0. Blocks that are not in it are "
    "gone. Return what comes out.",
    cases=[(torch.tensor([[1.0, -1.0, 0.5, 2.0]]), _branches(9, 3, 4), [2, 0])],
    hidden=_rewired_cases,
    oracle=_rewired_oracle,
    solution=rewired_solution,
    hints=(
        "A loop over `order`. What does one block do with what reaches it?",
        "Keep what goes from block to block in a variable of its own. Each block adds its branch to it.",
        "In the loop, the new h is the old h and the branch of the old h together. A block that is gone does nothing.",
    ),
    why="A deleted residual block still hands on all that reaches it. In a plain net the same surgery "
    "cuts the only way there is.",
    another="`functools.reduce(lambda h, k: h + branches[k](h), order, x)` is the same loop.",
    rtol=1e-4,
    atol=1e-5,
    wrong={
        "no skip": (
            _plain_order,
            "You put what the branch says in the place of h. A block with a skip adds it to h.",
        ),
        "onto the input of the net": (
            _onto_the_input,
            "You add each branch to the x that entered the net, and lose what the blocks before have added.",
        ),
        "side by side": (
            _side_by_side,
            "All your branches look at the x that entered the net. Each looks at what the block before it gave.",
        ),
        "as trained": (
            lambda x, branches, order: _rewired_oracle(x, branches, sorted(order)),
            "You run the blocks in the order in which they were trained. `order` says in which order they run now.",
        ),
        "nobody is gone": (
            lambda x, branches, order: _rewired_oracle(
                x, branches, [*order, *(k for k in range(len(branches)) if k not in order)]
            ),
            "You run the blocks that are not in `order` as well. They are gone.",
        ),
        "a missing block stops everything": (
            _others_silent,
            "With a block gone, your net passes nothing on. Only its branch is gone; the skip remains.",
        ),
    },
)


# ------------------------------------------------------------------------------------------------------------- the ways
def _paths_oracle(blocks: int, branches: int) -> int:
    return sum(sum(way) == branches for way in itertools.product((0, 1), repeat=blocks))


def paths_solution(blocks, branches):
    return math.comb(blocks, branches)


def _paths_cases(seed: int) -> list[tuple]:
    return [[(5, 2), (7, 3)], [(6, 5), (9, 4)], [(8, 0), (10, 7)]][seed % 3]


paths = Exercise(
    "skip_connections/paths",
    question="At each of `blocks` blocks a way through the net takes the skip or the branch. How many ways take the "
    "branch exactly `branches` times? Return an int.",
    cases=[(4, 1)],
    hidden=_paths_cases,
    oracle=_paths_oracle,
    solution=paths_solution,
    hints=(
        "Write down all ways for three blocks, as rows of S and B. How many rows have two Bs?",
        "You choose at which of the blocks the branch is taken. The order in which you choose them does not matter.",
        "That is a binomial coefficient: blocks over branches. Python's `math` has a function for it.",
    ),
    why="Added up over all numbers of branches this gives 2 to the power of n: eight blocks hold 256 ways. One block "
    "gone closes half of them, and leaves the other half as it was.",
    another="`len(list(itertools.combinations(range(blocks), branches)))` counts them one by one.",
    counts="ways",
    wrong={
        "one for each": (
            lambda blocks, branches: blocks + 1,
            "You count the possible numbers of branches, 0 to n. For most of them there are many ways.",
        ),
        "all ways": (
            lambda blocks, branches: 2**blocks,
            "Those are all ways, with any number of branches. Asked for are the ones with exactly this number.",
        ),
        "in proportion": (
            lambda blocks, branches: blocks * branches,
            "You multiply. Choosing the second block, some pairs come up twice, and blocks differ from one another.",
        ),
        "with an order": (
            lambda blocks, branches: math.perm(blocks, branches),
            "You count the same blocks once for each order in which they can be named. A way has them in one order.",
        ),
        "up to": (
            lambda blocks, branches: sum(math.comb(blocks, k) for k in range(branches + 1)),
            "You count the ways with this number of branches or fewer.",
        ),
        "two to the branches": (
            lambda blocks, branches: 2**branches,
            "That counts ways through `branches` blocks. There are `blocks` of them to choose from.",
        ),
    },
)


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
    branch = second(F.relu(first(x)))
    return F.relu(shortcut(x) + branch)


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
        "Two ways lead from x to the addition: through both layers, and through the shortcut. What happens on each?",
        "The branch is layer, ReLU, layer. Add the shortcut of x to it. The last ReLU sees the sum.",
        "Three steps: the branch, the sum with shortcut(x), `torch.relu` of the sum. No ReLU directly behind `second`.",
    ),
    why="With the last ReLU before the addition, a block could only ever add, never take away. Behind it, the sum can "
    "go both ways first.",
    another="`(second(first(x).relu()) + shortcut(x)).relu()` is the same in one line.",
    rtol=1e-3,
    atol=1e-4,
    wrong={
        "ReLU before the addition": (
            lambda x, first, second, shortcut: shortcut(x) + F.relu(second(F.relu(first(x)))),
            "Your last ReLU stands in the branch, before the addition, and none behind it. The branch can then only "
            "add.",
        ),
        "no ReLU at the end": (
            lambda x, first, second, shortcut: shortcut(x) + second(F.relu(first(x))),
            "Behind the addition comes one more ReLU.",
        ),
        "ReLU in both places": (
            lambda x, first, second, shortcut: F.relu(shortcut(x) + F.relu(second(F.relu(first(x))))),
            "There is a ReLU too many directly behind `second`. With it the branch can only add.",
        ),
        "no ReLU inside": (
            lambda x, first, second, shortcut: F.relu(shortcut(x) + second(first(x))),
            "Without a ReLU between them, two layers are one.",
        ),
        "ReLU on the way in": (
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
    return [(a, a, 1), (a, a + b, 2), (b, b, 2)]


count = Exercise(
    "skip_connections/count",
    question="How many parameters has a block of ResNet-18? Its two 3 x 3 convolutions have no biases; the first goes "
    "from `inputs` to `channels` maps. Each convolution has a batch norm behind it, with two parameters a map. "
    "Where `stride` is not 1 or the number of maps changes, the shortcut is a 1 x 1 convolution with a batch norm of "
    "its own; else it has none. Return an int.",
    cases=[(64, 128, 2)],
    hidden=_count_cases,
    oracle=_count_oracle,
    solution=count_solution,
    hints=(
        "A convolution has one number for each place of its kernel, each map that comes in, and each that goes out.",
        "Add up two convolutions and two norms. The stride changes how often a kernel is used, not how large it is.",
        "9 for each pair of maps in the big ones, 1 for each pair in the small one, and 2 for each map of each norm.",
    ),
    why="The skip itself costs nothing, except at the three places where the shape changes. A net with skips has the "
    "parameters of the plain net with the same layers, and a few more.",
    another="`sum(p.numel() for p in BasicBlock(inputs, channels, stride).parameters())`, on the device meta.",
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
            "Your shortcut has 3 x 3 kernels. It only has to make the number of maps fit: 1 x 1.",
        ),
        "both convolutions alike": (
            lambda inputs, channels, stride: _count(inputs, channels, stride) + 9 * inputs * channels - 9 * channels**2,
            "The second convolution takes what the first has given: it goes from `channels` to `channels` maps.",
        ),
        "only where the maps change": (
            lambda inputs, channels, stride: _count(inputs, channels, stride, never=inputs == channels),
            "With a stride of 2 the height and width change too, and x fits no more, whatever the number of maps.",
        ),
    },
)
