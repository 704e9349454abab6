"""What the learner works out in lesson 06: sizes, counts, how far a stack sees; and the usual wrong answers."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from course_lib.exercise import Exercise


# ------------------------------------------------------------------------------------------------- how large a map is
def _size_oracle(n: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    row = F.conv1d(torch.zeros(1, 1, n), torch.zeros(1, 1, kernel), stride=stride, padding=padding, dilation=dilation)
    return row.shape[-1]


def size_solution(n, kernel, stride, padding, dilation):
    window = dilation * (kernel - 1) + 1  # from its first pixel to its last
    return (n + 2 * padding - window) // stride + 1


def _size_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    draw = lambda lo, hi: int(torch.randint(lo, hi, (), generator=g))  # noqa: E731
    return [(draw(17, 40), draw(2, 6), draw(2, 4), draw(1, 4), draw(2, 4)) for _ in range(4)]


size = Exercise(
    "convolutions/size",
    question="A row of `n` pixels, `padding` zeros added at each end. A window of `kernel` weights, `dilation` pixels "
    "from one weight to the next, moves on by `stride` pixels at a time. How many places does it take? Return an int.",
    cases=[(28, 5, 1, 0, 1), (28, 2, 2, 0, 1), (28, 3, 1, 1, 1), (14, 3, 2, 1, 1), (28, 3, 1, 0, 2)],
    hidden=_size_cases,
    oracle=_size_oracle,
    solution=size_solution,
    hints=(
        "First the window: with dilation 1 it is as long as it has weights. How long is it when every second pixel is "
        "left out?",
        "The window has room to move: the length of the padded row minus its own length.",
        "It takes one place, and one more for each whole stride in that room: room // stride + 1.",
    ),
    why="Every map of a net has its size from this one line. 28 and 5 give 24; padding 1 keeps the size under a "
    "window of 3; stride 2 halves it.",
    another="`len(range(0, n + 2 * padding - dilation * (kernel - 1), stride))` lists the places and counts them.",
    counts="places",
    wrong={
        "no place to begin": (
            lambda n, kernel, stride, padding, dilation: (n + 2 * padding - dilation * (kernel - 1) - 1) // stride,
            "You count the moves. The place where the window begins counts too: one more.",
        ),
        "padding at one end": (
            lambda n, kernel, stride, padding, dilation: (n + padding - dilation * (kernel - 1) - 1) // stride + 1,
            "The padding is added at both ends of the row. You add it once.",
        ),
        "no padding": (
            lambda n, kernel, stride, padding, dilation: (n - dilation * (kernel - 1) - 1) // stride + 1,
            "You leave the padding out: the row is longer by it at each end.",
        ),
        "a last half step": (
            lambda n, kernel, stride, padding, dilation: (
                math.ceil((n + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1
            ),
            "You round up. Where the last stride would lead beyond the end, the window does not go there.",
        ),
        "dilation forgotten": (
            lambda n, kernel, stride, padding, dilation: (n + 2 * padding - kernel) // stride + 1,
            "You treat the window as if it had no gaps. With gaps between its weights it is longer.",
        ),
        "a gap too many": (
            lambda n, kernel, stride, padding, dilation: (n + 2 * padding - dilation * kernel) // stride + 1,
            "You count a gap after the last weight, too. Between the weights there is one gap fewer than there are "
            "weights.",
        ),
        "stride forgotten": (
            lambda n, kernel, stride, padding, dilation: n + 2 * padding - dilation * (kernel - 1),
            "That is right for a window that moves on one pixel at a time. This one takes steps of `stride`.",
        ),
        "the window and nothing else": (
            lambda n, kernel, stride, padding, dilation: n - kernel + 1,
            "That is right without padding, stride and dilation. Each of the three changes the count.",
        ),
        "divided too late": (
            lambda n, kernel, stride, padding, dilation: (n + 2 * padding - dilation * (kernel - 1)) // stride,
            "You divide the number of places. Divide the distance that the window travels, and add the place where it "
            "begins.",
        ),
        "both sides": (
            lambda n, kernel, stride, padding, dilation: (
                ((n + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1) ** 2
            ),
            "That is the whole map. Count along one side only.",
        ),
        "parts instead of places": (
            lambda n, kernel, stride, padding, dilation: (n + 2 * padding) // (dilation * (kernel - 1) + 1),
            "You cut the row into pieces as long as the window. Its places overlap: it moves on by the stride.",
        ),
        "rounded": (
            lambda n, kernel, stride, padding, dilation: int(
                round((n + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1)
            ),
            "You round to the nearest whole number. Half a place is none: `//` rounds down.",
        ),
    },
)


# --------------------------------------------------------------------------------------------------- what a layer costs
def _counts_oracle(inputs: int, outputs: int, kernel: int, n: int) -> tuple[int, int]:
    """Counted on a real layer: its parameters, and its weights times the places of its map."""
    with torch.device("meta"):
        layer = nn.Conv2d(inputs, outputs, kernel)
        places = layer(torch.empty(1, inputs, n, n))[0, 0].numel()
    return sum(p.numel() for p in layer.parameters()), layer.weight.numel() * places


def counts_solution(inputs, outputs, kernel, n):
    weights = kernel * kernel * inputs * outputs  # a window over all input maps, for each output map
    places = (n - kernel + 1) ** 2
    return weights + outputs, weights * places


def _counts_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    draw = lambda lo, hi: int(torch.randint(lo, hi, (), generator=g))  # noqa: E731
    return [(draw(2, 9), draw(10, 30), draw(2, 7), draw(9, 40)) for _ in range(2)]


counts = Exercise(
    "convolutions/counts",
    question="A convolution takes `inputs` maps of `n` × `n` and makes `outputs` maps with windows of `kernel` × "
    "`kernel`; stride 1, no padding, with biases. Return two ints: its parameters, and its multiplications for one "
    "picture (biases are added, not multiplied).",
    cases=[(1, 20, 5, 28), (6, 16, 5, 14)],
    hidden=_counts_cases,
    oracle=_counts_oracle,
    solution=counts_solution,
    hints=(
        "One window for one output map: over how many input maps does it reach?",
        "Each output map has a window of kernel × kernel over every input map, and one bias.",
        "All weights are used at each of the (n − kernel + 1)² places, once.",
    ),
    why="Parameters belong to the window, multiplications to the window times its places. So a layer can be small and "
    "slow: 520 parameters, 288,000 multiplications.",
    another="`sum(p.numel() for p in layer.parameters())` counts the parameters of any layer, and `course.summary` "
    "counts both for a whole net.",
    returns=("parameters", "multiplications"),
    wrong={
        "biases forgotten": (
            lambda inputs, outputs, kernel, n: (
                kernel**2 * inputs * outputs,
                kernel**2 * inputs * outputs * (n - kernel + 1) ** 2,
            ),
            "The biases are missing: one for each output map.",
        ),
        "one input map": (
            lambda inputs, outputs, kernel, n: (
                (kernel**2 + 1) * outputs,
                kernel**2 * outputs * (n - kernel + 1) ** 2,
            ),
            "You let each window look at one input map. It looks at all of them at once, with weights for each.",
        ),
        "a bias for each input map": (
            lambda inputs, outputs, kernel, n: (
                (kernel**2 + 1) * inputs * outputs,
                (kernel**2 + 1) * inputs * outputs * (n - kernel + 1) ** 2,
            ),
            "You add a bias for each input map. A unit has one bias, added to the sum over all its input maps.",
        ),
        "a window for each place": (
            lambda inputs, outputs, kernel, n: (
                (kernel**2 * inputs + 1) * outputs * (n - kernel + 1) ** 2,
                kernel**2 * inputs * outputs,
            ),
            "You have turned it round: the weights are shared by all places, and multiplied at each of them.",
        ),
        "as many as pixels": (
            lambda inputs, outputs, kernel, n: (
                (kernel**2 * inputs + 1) * outputs,
                kernel**2 * inputs * outputs * n**2,
            ),
            "You let the window stand at every pixel. Without padding it fits in fewer places.",
        ),
        "each weight once": (
            lambda inputs, outputs, kernel, n: ((kernel**2 * inputs + 1) * outputs, kernel**2 * inputs * outputs),
            "You multiply with each weight once. The window stops at many places, and multiplies at each.",
        ),
        "one bias in all": (
            lambda inputs, outputs, kernel, n: (
                kernel**2 * inputs * outputs + 1,
                kernel**2 * inputs * outputs * (n - kernel + 1) ** 2 + 1,
            ),
            "You add one for the bias. There is a bias for each output map, and adding it is no multiplication.",
        ),
        "biases multiplied": (
            lambda inputs, outputs, kernel, n: (
                (kernel**2 * inputs + 1) * outputs * 2,
                (kernel**2 * inputs + 1) * outputs * (n - kernel + 1) ** 2,
            ),
            "You multiply with the biases, too. They are added.",
        ),
        "a place too few": (
            lambda inputs, outputs, kernel, n: (
                kernel**2 * inputs * outputs - outputs,
                kernel**2 * inputs * outputs * (n - kernel) ** 2,
            ),
            "The map has one place more along each side: n − kernel counts the moves.",
        ),
        "turned round": (
            lambda inputs, outputs, kernel, n: (
                kernel**2 * inputs * outputs * (n - kernel + 1) ** 2,
                (kernel**2 * inputs + 1) * outputs,
            ),
            "The two numbers stand the wrong way round: parameters come first.",
        ),
        "one side": (
            lambda inputs, outputs, kernel, n: (
                (kernel * inputs + 1) * outputs,
                kernel * inputs * outputs * (n - kernel + 1),
            ),
            "You count along one side only. Window and map have two.",
        ),
        "one output map": (
            lambda inputs, outputs, kernel, n: (kernel**2 * inputs + 1, kernel**2 * inputs * (n - kernel + 1) ** 2),
            "That is one output map. Each of them has a window and a bias of its own.",
        ),
    },
)


# ------------------------------------------------------------------------------------------------ how far a stack sees
def _reach_oracle(kernels: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Asked of a real stack: how many inputs have a slope in one output?"""
    n = 1
    for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
        n = (n - 1) * stride + kernel  # pixels that just suffice for one output
    x = torch.zeros(1, 1, n + 4, dtype=torch.float64, requires_grad=True)  # and a few that it does not see
    row = x
    for kernel, stride in zip(kernels, strides, strict=True):
        row = F.conv1d(row, torch.ones(1, 1, kernel, dtype=x.dtype), stride=stride)
    (slope,) = torch.autograd.grad(row[0, 0, 0], x)
    seen = slope[0, 0].nonzero().flatten()
    return int(seen.max() - seen.min() + 1)


def reach_solution(kernels, strides):
    seen, step = 1, 1  # pixels that a unit sees, and pixels from one unit to the next
    for kernel, stride in zip(kernels, strides, strict=True):
        seen += (kernel - 1) * step
        step *= stride
    return seen


def _reach_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    cases = []
    for depth in (3, 4):
        kernels = torch.randint(2, 6, (depth,), generator=g).tolist()
        strides = torch.randint(1, 4, (depth,), generator=g).tolist()
        strides[0] = max(2, strides[0])
        kernels = [max(k, s) for k, s in zip(kernels, strides, strict=True)]  # no pixel is left out
        cases.append((tuple(kernels), tuple(strides)))
    return cases


reach = Exercise(
    "convolutions/reach",
    question="A stack of convolutions without padding, the first one at the bottom; `kernels` and `strides` are "
    "tuples with a number for each layer. How many pixels of a row, from the first to the last, does one unit at the "
    "top see? Return an int.",
    cases=[((3, 3), (1, 1)), ((3, 3, 3), (1, 1, 1)), ((5, 2, 5, 2), (1, 2, 1, 2))],
    hidden=_reach_cases,
    oracle=_reach_oracle,
    solution=reach_solution,
    hints=(
        "One layer of 3 sees 3. The unit above it looks at three of those, which stand next to each other: how many "
        "pixels do these see together?",
        "A layer adds kernel − 1 neighbours. How far apart, in pixels, do its neighbours stand?",
        "From the bottom, keep two numbers: how much is seen, and the step from one unit to the next. Each layer adds "
        "(kernel − 1) steps; then its stride makes the step longer.",
    ),
    why="Two layers of 3 × 3 see what one of 5 × 5 sees, with 18 weights in place of 25, and a nonlinearity more. The "
    "last shown case is LeNet-5 up to its second pooling: 16 pixels.",
    another="From the top down: begin with 1, and for each layer, the last one first, "
    "`seen = (seen - 1) * stride + kernel`.",
    counts="pixels",
    wrong={
        "added up": (
            lambda kernels, strides: sum(kernels),
            "You add the windows. Those of neighbouring units overlap: each layer adds kernel − 1 steps, and after a "
            "stride a step is longer.",
        ),
        "the largest window": (
            lambda kernels, strides: max(kernels),
            "That is one layer alone. A unit higher up sees through the units below it, and those reach farther.",
        ),
        "multiplied": (
            lambda kernels, strides: math.prod(kernels),
            "You multiply, as if the windows of neighbouring units lay side by side. They overlap.",
        ),
        "strides forgotten": (
            lambda kernels, strides: 1 + sum(kernel - 1 for kernel in kernels),
            "Right while all strides are 1. After a stride of 2, neighbours stand two pixels apart.",
        ),
        "its own stride first": (
            lambda kernels, strides: (
                1 + sum((kernel - 1) * math.prod(strides[: k + 1]) for k, kernel in enumerate(kernels))
            ),
            "You let a layer's own stride spread its own window. It spreads what stands above it.",
        ),
        "its own stride alone": (
            lambda kernels, strides: (
                1 + sum((kernel - 1) * stride for kernel, stride in zip(kernels, strides, strict=True))
            ),
            "You spread each window by the stride of its own layer. It is spread by the strides of all layers below.",
        ),
        "from the top": (
            lambda kernels, strides: _reach_oracle(tuple(reversed(kernels)), tuple(reversed(strides))),
            "You begin with the top layer. The strides of the layers below it spread a window, so begin at the bottom.",
        ),
        "only the stride below": (
            lambda kernels, strides: (
                1 + sum((kernel - 1) * stride for kernel, stride in zip(kernels, (1, *strides), strict=False))
            ),
            "You use the stride of the layer below alone. Strides multiply, all the way up.",
        ),
        "without the unit itself": (
            lambda kernels, strides: sum((kernel - 1) * math.prod(strides[:k]) for k, kernel in enumerate(kernels)),
            "You count the steps between the first pixel and the last. The pixels are one more.",
        ),
    },
)
