"""What the learner writes about skips in lesson 07, and what is said to the usual wrong answers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import torch
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
    question="A block is y = x + f(x), without a ReLU after the sum; one number goes in and one comes out. `slopes` "
    "(n,) holds the slope f' of each of n blocks. Return the derivative of what comes out of the last block with "
    "respect to what goes into the first.",
    cases=[(torch.tensor([0.5, -0.2, 0.1]),)],
    hidden=_through_cases,
    oracle=_through_oracle,
    solution=through_solution,
    hints=(
        "Begin with one block. What is the derivative of x + f(x)?",
        "The x gives 1 and the branch gives its slope. The blocks stand one after the other: what does the chain "
        "rule do with their derivatives?",
        "One factor a block, each of them 1 and the slope together. `prod` multiplies all entries of a tensor.",
    ),
    why="The skip adds 1 to the slope of every block. The gradient is not one. Its factors lie around 1 and no "
    "longer around 0, so small branches cannot make it vanish. A hundred factors of 1.2 explode all the same.",
    another="`torch.exp(torch.log1p(slopes).sum())` does it for slopes above −1.",
    rtol=1e-4,
    wrong={
        "the gradient is one": (
            lambda slopes: torch.ones((), dtype=slopes.dtype),
            "That is one path through, the one along all skips. The branches carry a gradient as well.",
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
            "That adds the paths through one branch at most. A gradient can pass several branches: multiply.",
        ),
        "only the slopes, added": (
            lambda slopes: slopes.sum(),
            "The blocks stand one after the other, not side by side, and each of them has a skip.",
        ),
        "minus": (
            lambda slopes: (1 - slopes).prod(),
            "The branch is added to x, so its slope is added to 1.",
        ),
        "a product that begins at 0": (
            lambda slopes: torch.zeros((), dtype=slopes.dtype),
            "A product that begins at 0 stays at 0, whatever you multiply it by. Begin at 1.",
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
    why="A block that is gone hands on all that reaches it.",
    another="After `import functools`, `functools.reduce(lambda h, k: h + branches[k](h), order, x)` is the same loop.",
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
        "no order at all": (
            lambda x, branches, order: _rewired_oracle(x, branches, list(range(len(branches)))),
            "You run all blocks, as the net was trained. `order` says which of them run now, and which comes first.",
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
        "the last alone": (
            lambda x, branches, order: _rewired_oracle(x, branches, order[-1:]),
            "Only the last block counts, since each round begins again from x.",
        ),
        "the first alone": (
            lambda x, branches, order: _rewired_oracle(x, branches, order[:1]),
            "Only the first block runs: a return stands inside the loop.",
        ),
        "places in place of numbers": (
            lambda x, branches, order: _rewired_oracle(x, branches, list(range(len(order)))),
            "You use the places 0, 1, ... and not the numbers in `order`.",
        ),
        "counted from 1": (
            lambda x, branches, order: _rewired_oracle(x, branches, [number - 1 for number in order]),
            "You subtract 1 from each number. They count from 0, as the places of a list do.",
        ),
    },
)


# ------------------------------------------------------------------------------------------------------------ the paths
def _paths_oracle(blocks: int, branches: int) -> int:
    return sum(sum(path) == branches for path in itertools.product((0, 1), repeat=blocks))


def paths_solution(blocks, branches):
    import math

    return math.comb(blocks, branches)


def _paths_cases(seed: int) -> list[tuple]:
    return [[(5, 2), (7, 3)], [(6, 5), (9, 4)], [(8, 0), (10, 7)]][seed % 3]


paths = Exercise(
    "skip_connections/paths",
    question="At each of `blocks` blocks a path through the net takes the skip or the branch. Return the number of "
    "paths that take exactly `branches` branches, an int.",
    cases=[(4, 1)],
    hidden=_paths_cases,
    oracle=_paths_oracle,
    solution=paths_solution,
    hints=(
        "Write down all paths for three blocks, as rows of S and B. How many rows have two Bs?",
        "You choose at which of the blocks the branch is taken. The order in which you choose them does not matter.",
        'That is the binomial coefficient, read "blocks choose branches". Python\'s `math` computes it as `comb`.',
    ),
    why="Added up over all numbers of branches this gives 2 to the power of n: eight blocks hold 256 paths. One block "
    "gone closes half of them.",
    another="After `import itertools`, `len(list(itertools.combinations(range(blocks), branches)))` counts them one by "
    "one.",
    counts="paths",
    wrong={
        "one for each": (
            lambda blocks, branches: blocks + 1,
            "You count the possible numbers of branches, from 0 to `blocks`. For most of them there are many paths.",
        ),
        "all paths": (
            lambda blocks, branches: 2**blocks,
            "Those are all paths, with any number of branches. Asked for are the ones with exactly this number.",
        ),
        "in proportion": (
            lambda blocks, branches: blocks * branches,
            "You multiply the two numbers: right for one branch. With more, count the sets of blocks, each once.",
        ),
        "with an order": (
            lambda blocks, branches: math.perm(blocks, branches),
            "You count the same blocks once for each order in which they can be named. A path has them in one order.",
        ),
        "up to": (
            lambda blocks, branches: sum(math.comb(blocks, k) for k in range(branches + 1)),
            "You count the paths with this number of branches or fewer.",
        ),
        "two to the branches": (
            lambda blocks, branches: 2**branches,
            "Those are all paths through a net of `branches` blocks. Here as many are chosen out of `blocks`.",
        ),
        "divided": (
            lambda blocks, branches: blocks // branches,
            "You divide. Try it on two blocks: one path takes no branch, two paths take one, and one path takes both.",
        ),
    },
)
