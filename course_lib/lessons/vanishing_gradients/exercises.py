"""What the learner writes in lesson 05, and what is said to the usual wrong answers."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.exercise import Exercise


# ------------------------------------------------------------------------------------------------- what is left of it
def _left_oracle(k: float, layer: int, depth: int) -> float:
    left = 1.0
    for _ in range(layer, depth):  # from the last layer down to this one
        left = left * k
    return left


def left_solution(k, layer, depth):
    return k ** (depth - layer)


def _left_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    cases = []
    for depth in (10, 30, 50):
        k = round(float(torch.rand((), generator=g)) * 0.8 + 0.6, 2)
        k = k if abs(k - 1) > 0.03 else 1.1
        cases.append((k, int(torch.randint(2, depth - 3, (), generator=g)), depth))
    return cases


left = Exercise(
    "vanishing_gradients/left",
    question="Each layer multiplies the gradient that comes back through it by `k`. It is 1 after the last of `depth` "
    "layers; layers are counted from 1. How large is it after layer number `layer`? Return a number.",
    cases=[(0.9, 1, 101)],
    hidden=_left_cases,
    oracle=_left_oracle,
    solution=left_solution,
    hints=(
        "It is 1 after the last layer. Which layers does it pass until it is just above this one? Try layer 2 of 3.",
        "It passes depth - layer layers, and each of them multiplies it once more.",
        "Multiplying by the same number again and again is a power: k to the number of layers it has passed.",
    ),
    why="A hundred layers at k = 0.9 leave 0.0000266, not ten percent less. And k = 1.1 makes more than "
    "13,000 of it. There is hardly any room around 1.",
    another="`math.prod([k] * (depth - layer))` does it one layer at a time.",
    rtol=1e-4,
    atol=0,
    wrong={
        "only once": (
            lambda k, layer, depth: k,
            "That is a single layer. Every layer on the way multiplies once more.",
        ),
        "in proportion": (
            lambda k, layer, depth: 1 - (1 - k) * (depth - layer),
            "You take the same amount away in each layer. A factor takes away a share of what is left.",
        ),
        "times the number": (
            lambda k, layer, depth: k * (depth - layer),
            "You multiply by the number of layers. Each layer multiplies by k: that makes a power.",
        ),
        "all layers": (
            lambda k, layer, depth: k**depth,
            "Your gradient has passed all layers. Here it has yet to pass this one and those below it.",
        ),
        "the layer taken away": (
            lambda k, layer, depth: k**depth - layer,
            "The power goes first: you take `layer` from the result. Put depth - layer into brackets.",
        ),
        "forwards": (
            lambda k, layer, depth: k ** (layer - depth),
            "Your exponent is negative, so a k below 1 makes the gradient grow. Count the layers it has passed.",
        ),
        "counted from the bottom": (
            lambda k, layer, depth: k**layer,
            "You count the layers from the bottom up to this one. The gradient comes from above and has passed those "
            "above.",
        ),
        "one layer too many": (
            lambda k, layer, depth: k ** (depth - layer + 1),
            "You count one layer too many. After the last layer the gradient has passed none yet: there it is 1.",
        ),
        "one layer too few": (
            lambda k, layer, depth: k ** (depth - layer - 1),
            "You count one layer too few. After the last but one, the gradient has passed one layer already.",
        ),
    },
)


# -------------------------------------------------------------------------------------------------- the gain that keeps
def _keep_oracle(slopes: Tensor) -> Tensor:
    """Bisection on a gradient of ones: the factor with which its mean square comes through unchanged."""
    low, high = 0.0, 1e4
    for _ in range(80):
        factor = (low + high) / 2
        through = factor * slopes.double()
        low, high = (factor, high) if float((through**2).sum()) < slopes.numel() else (low, factor)
    return torch.tensor(low, dtype=slopes.dtype)


def keep_solution(slopes):
    return 1 / slopes.square().mean().sqrt()


def _keep_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    z = torch.randn(40, 16, generator=g)
    return [((z > 0).float(),), (1 - torch.tanh(z) ** 2,), (torch.sigmoid(2 * z) * torch.sigmoid(-2 * z),)]


keep = Exercise(
    "vanishing_gradients/keep",
    question="`slopes` (B, H) holds the slope of the nonlinearity at each unit of a layer, for each row. A linear "
    "layer of gain g, with as many outputs as inputs, multiplies the length of a gradient by about g; the "
    "nonlinearity multiplies each entry by its slope. "
    "Return the gain at which the length is kept, as a tensor ().",
    cases=[(torch.tensor([[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 1.0]]),)],
    hidden=_keep_cases,
    oracle=_keep_oracle,
    solution=keep_solution,
    hints=(
        "A length is the root of a sum of squares. So look at what happens to the squares.",
        "With entries that are about equally large, their mean square is multiplied by that of the slopes.",
        "The length is multiplied by the root mean square of the slopes. The gain has to undo exactly that.",
    ),
    why="For ReLU half of the slopes are 1 and half are 0: the mean square is ½, and the gain √2. One "
    "initialisation is named after the man who wrote down this line.",
    another="`(slopes.numel() / (slopes ** 2).sum()) ** 0.5` does it without a mean.",
    rtol=1e-3,
    wrong={
        "the mean slope": (
            lambda slopes: 1 / slopes.mean(),
            "You undo the mean slope, which gives 2 for ReLU. Lengths go with the squares.",
        ),
        "no root": (
            lambda slopes: 1 / slopes.square().mean(),
            "That undoes the mean square. The length is its root.",
        ),
        "upside down": (
            lambda slopes: slopes.square().mean().sqrt(),
            "That is what the nonlinearity leaves of the length. The gain has to undo it.",
        ),
        "the sum of squares": (
            lambda slopes: 1 / slopes.norm(),
            "You add up the squares of all entries, so the same slopes in a larger layer would ask for a smaller gain. "
            "Take their mean.",
        ),
        "the steepest": (
            lambda slopes: 1 / slopes.max(),
            "You make up for the steepest slope only. Most units have a smaller one.",
        ),
        "root of the mean": (
            lambda slopes: (1 / slopes.mean()).sqrt(),
            "That is right where slopes are only 0 or 1, since these are their own squares. Square the slopes before "
            "you take the mean.",
        ),
        "always the root of 2": (
            lambda slopes: torch.tensor(2.0, dtype=slopes.dtype).sqrt(),
            "The root of 2 belongs to a ReLU layer with just half of its slopes at 1. Compute it from these slopes.",
        ),
        "row by row": (
            lambda slopes: (1 / slopes.square().mean(1).sqrt()).mean(),
            "You find a gain for each row and take their mean. One gain serves all rows: take the mean square over all "
            "entries first.",
        ),
        "nothing is lost": (
            lambda slopes: torch.ones((), dtype=slopes.dtype),
            "Gain 1 is right for a linear layer alone. Here each entry is multiplied by a slope as well.",
        ),
    },
)


# ----------------------------------------------------------------------------------------------- where a product dies
def _dies_oracle(dtype: torch.dtype) -> int:
    bits = torch.full((400,), 0.1, dtype=dtype)
    value = torch.tensor([1.0], dtype=dtype)
    for k in range(400):
        value = value * bits[k : k + 1]
        if not bool(value.any()):
            return k + 1
    raise AssertionError("no format lasts that long")


def dies_solution(dtype):
    product, factors = torch.tensor(1.0, dtype=dtype), 0
    while product > 0:
        product = product * torch.tensor(0.1, dtype=dtype)
        factors += 1
    return factors


def _count(start: float, factor: float, end: Callable[[Tensor], bool], dtype: torch.dtype) -> int:
    value, step, k = torch.tensor(start, dtype=dtype), torch.tensor(factor, dtype=dtype), 0
    while not end(value):
        value, k = value * step, k + 1
    return k


dies = Exercise(
    "vanishing_gradients/dies",
    question="Start at 1 and multiply by 0.1 again and again, all in the number format `dtype`, such as "
    "`torch.float16`. After how many factors is the product exactly 0? Return an int.",
    cases=[(torch.float32,)],
    hidden=lambda seed: [(dtype,) for dtype in (torch.float16, torch.bfloat16, torch.float64)],
    oracle=_dies_oracle,
    solution=dies_solution,
    hints=(
        "Do not reason about bits: let the format do it, one factor after the other.",
        "Make the 1 and the 0.1 tensors of that dtype, and multiply in a loop until the product is 0.",
        "`torch.tensor(1.0, dtype=dtype)` is the start. Count how often you multiply before `product > 0` is false.",
    ),
    why="float16 and bfloat16 have 16 bits each and die at 8 and at 41. bfloat16 spends its bits on range, as much "
    "as float32 has, and keeps only two to three digits.",
    another="With `for factors in range(1, 400):` and a `return factors` inside, no counter is needed.",
    counts="factors",
    wrong={
        "in float32 all the time": (
            lambda dtype: _count(1.0, 0.1, lambda v: v == 0, torch.float32),
            "You multiply in float32 whatever the format is. Make both numbers tensors of that dtype.",
        ),
        "in Python's numbers": (
            lambda dtype: _count(1.0, 0.1, lambda v: v == 0, torch.float64),
            "Python multiplies in float64. Make both numbers tensors of that dtype.",
        ),
        "16 bits are 16 bits": (
            lambda dtype: _count(1.0, 0.1, lambda v: v == 0, torch.float16 if dtype == torch.bfloat16 else dtype),
            "You treat bfloat16 like float16. Both have 16 bits, but bfloat16 uses more of them for the exponent.",
        ),
        "the smallest normal number": (
            lambda dtype: _count(1.0, 0.1, lambda v: v < torch.finfo(dtype).tiny, dtype),
            "You stop at `finfo(dtype).tiny`. Below it a format still keeps smaller numbers, with ever fewer digits.",
        ),
        "too small to be added": (
            lambda dtype: _count(1.0, 0.1, lambda v: 1 + v == 1, dtype),
            "You stop where 1 + product is 1. That is about the digits of numbers near 1; the product itself lives on.",
        ),
        "the other wall": (
            lambda dtype: _count(1.0, 10.0, lambda v: v.isinf(), dtype),
            "That many factors of 10 make it infinite. Asked for are factors of 0.1, until it is 0.",
        ),
        "one too few": (
            lambda dtype: _count(1.0, 0.1, lambda v: v == 0, dtype) - 1,
            "That is the last product that is not 0. One more factor makes it 0.",
        ),
    },
)


# ------------------------------------------------------------------------------------------------------ initialisation
def _stds_oracle(fan_in: int, fan_out: int) -> tuple[float, float]:
    """As PyTorch counts fans and gains: a gain over the root of a fan, for Glorot of the mean fan."""
    weight = torch.empty(fan_out, fan_in, device="meta")
    there, back = torch.nn.init._calculate_fan_in_and_fan_out(weight)
    mean = (there + back) / 2
    return mean**-0.5, torch.nn.init.calculate_gain("relu") * there**-0.5


def stds_solution(fan_in, fan_out):
    glorot = (2 / (fan_in + fan_out)) ** 0.5
    he = (2 / fan_in) ** 0.5
    return glorot, he


def _stds_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    return [tuple(int(n) for n in torch.randint(3, 600, (2,), generator=g)) for _ in range(2)]


stds = Exercise(
    "vanishing_gradients/stds",
    question="A linear layer has `fan_in` inputs and `fan_out` outputs. Return two standard deviations for its "
    "weights: Glorot's and He's.",
    cases=[(64, 32)],
    hidden=_stds_cases,
    oracle=_stds_oracle,
    solution=stds_solution,
    hints=(
        "The formulas in the text are variances. What turns a variance into a standard deviation?",
        "Glorot shares out a 2 among the inputs and the outputs together, He among the inputs alone. Then take roots.",
        "Two roots: of 2 over the sum of both fans, and of 2 over the first one. Return them with a comma between.",
    ),
    why="`normal_(std=...)` wants a deviation, papers write variances. Whoever mixes them up has weights that are far "
    "too small, and nothing complains.",
    another="`torch.nn.init.xavier_normal_(w)` and `kaiming_normal_(w, nonlinearity='relu')` use these two.",
    rtol=1e-4,
    wrong={
        "variances": (
            lambda fan_in, fan_out: (2 / (fan_in + fan_out), 2 / fan_in),
            "These are the variances. A standard deviation is the root.",
        ),
        "half of it": (
            lambda fan_in, fan_out: (2 / (fan_in + fan_out) / 2, 2 / fan_in / 2),
            "These are half of the variances. In Python `a ** 1/2` is half of `a`; the root is `a ** 0.5`.",
        ),
        "twice the fans": (
            lambda fan_in, fan_out: ((1 / (2 * (fan_in + fan_out))) ** 0.5, (1 / (2 * fan_in)) ** 0.5),
            "Your 2 stands below the line. It is 2 over the fans, not 1 over twice the fans.",
        ),
        "the 2 in the wrong place, once": (
            lambda fan_in, fan_out: ((1 / (2 * (fan_in + fan_out))) ** 0.5, (2 / fan_in) ** 0.5),
            "He's is right. In Glorot's your 2 stands below the line: it is 2 over the sum of both fans.",
        ),
        "brackets": (
            lambda fan_in, fan_out: ((2 / fan_in + fan_out) ** 0.5, (2 / fan_in) ** 0.5),
            "He's is right. In Glorot's the sum of both fans stands below the line: put it into brackets.",
        ),
        "uniform": (
            lambda fan_in, fan_out: ((6 / (fan_in + fan_out)) ** 0.5, (6 / fan_in) ** 0.5),
            "With a 6 these are the ends of an even (uniform) distribution with that variance. Asked for is the "
            "standard deviation.",
        ),
        "where it goes": (
            lambda fan_in, fan_out: ((2 / (fan_in + fan_out)) ** 0.5, (2 / fan_out) ** 0.5),
            "For He count what comes into a unit, fan_in: that many products are added up in its sum.",
        ),
        "without ReLU's half": (
            lambda fan_in, fan_out: ((2 / (fan_in + fan_out)) ** 0.5, (1 / fan_in) ** 0.5),
            "1 over fan_in keeps the size through a linear layer. ReLU halves the mean square, hence the 2.",
        ),
        "in the other order": (
            lambda fan_in, fan_out: ((2 / fan_in) ** 0.5, (2 / (fan_in + fan_out)) ** 0.5),
            "Both are right, in the other order. Glorot's comes first.",
        ),
    },
)


# ------------------------------------------------------------------------------------------------------------- the clip
def _clip_oracle(first: Tensor, second: Tensor, longest: float) -> tuple[Tensor, Tensor]:
    weights = [torch.nn.Parameter(torch.zeros_like(each)) for each in (first, second)]
    for weight, gradient in zip(weights, (first, second), strict=True):
        weight.grad = gradient.clone()
    torch.nn.utils.clip_grad_norm_(weights, longest)
    return weights[0].grad, weights[1].grad


def clip_solution(first, second, longest):
    length = (first.square().sum() + second.square().sum()).sqrt()
    factor = (longest / length).clamp(max=1)
    return first * factor, second * factor


def _clip_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    pairs = [(torch.randn(3, 4, generator=g), torch.randn(4, generator=g)) for _ in range(3)]
    return [(*pairs[0], 0.5), (*pairs[1], 100.0), (5 * pairs[2][0], 0.1 * pairs[2][1], 2.0)]


def _each_alone(first: Tensor, second: Tensor, longest: float) -> tuple[Tensor, Tensor]:
    return tuple(each * (longest / each.norm()).clamp(max=1) for each in (first, second))


def _sum_of_norms(first: Tensor, second: Tensor, longest: float) -> tuple[Tensor, Tensor]:
    factor = (longest / (first.norm() + second.norm())).clamp(max=1)
    return first * factor, second * factor


def _always(first: Tensor, second: Tensor, longest: float) -> tuple[Tensor, Tensor]:
    factor = longest / torch.cat([first.flatten(), second.flatten()]).norm()
    return first * factor, second * factor


def _squared(first: Tensor, second: Tensor, longest: float) -> tuple[Tensor, Tensor]:
    factor = (longest / (first.square().sum() + second.square().sum())).clamp(max=1)
    return first * factor, second * factor


def _to_length_one(first: Tensor, second: Tensor, longest: float) -> tuple[Tensor, Tensor]:
    length = torch.cat([first.flatten(), second.flatten()]).norm()
    return first / length, second / length


clip = Exercise(
    "vanishing_gradients/clip",
    question="`first` and `second` are the gradients of a net's two tensors of weights. If the whole gradient, both "
    "together, is longer than `longest`, shorten it to that length; if not, leave it. Its direction must stay. Return "
    "both.",
    cases=[(torch.tensor([[3.0, 0.0], [0.0, 0.0]]), torch.tensor([4.0, 0.0]), 2.0)],
    hidden=_clip_cases,
    oracle=_clip_oracle,
    solution=clip_solution,
    hints=(
        "The whole gradient is one long vector: all entries of both, one after the other. What is its length?",
        "Square all entries of both, add them all up, take the root. One factor for both keeps the direction.",
        "The factor is longest over the length, but never above 1: `clamp(max=1)` does that for a tensor.",
    ),
    why="One common factor changes how far the step goes, not where to. Cutting entry by entry would turn it.",
    another="`torch.nn.utils.clip_grad_norm_(net.parameters(), longest)` does this to all gradients of a net, and "
    "`course.ClipGradNorm(longest)` calls it before each step.",
    rtol=1e-4,
    atol=1e-5,
    returns=("first", "second"),
    wrong={
        "length 1": (
            _to_length_one,
            "You bring the gradient to length 1. It may be as long as `longest`, and shorter ones stay as they are.",
        ),
        "each by itself": (
            _each_alone,
            "You shorten each tensor by its own length. With two factors, the whole changes its direction.",
        ),
        "entry by entry": (
            lambda first, second, longest: (first.clamp(-longest, longest), second.clamp(-longest, longest)),
            "You cut the single entries. Large ones become small, small ones stay: the direction changes.",
        ),
        "entry by entry, above only": (
            lambda first, second, longest: (first.clamp(max=longest), second.clamp(max=longest)),
            "You cut the single entries, and of these only the positive ones. One factor for all keeps the direction.",
        ),
        "each by itself, always": (
            lambda first, second, longest: (longest * first / first.norm(), longest * second / second.norm()),
            "You bring each tensor to the length `longest` by itself. Asked for is the length of both together, and "
            "only if it is too long.",
        ),
        "lengths added": (
            _sum_of_norms,
            "You add two lengths. The length of the whole is the root of the sum of all squares, and that is shorter.",
        ),
        "always": (
            _always,
            "Short gradients become longer in your function. Clipping only shortens: the factor is at most 1.",
        ),
        "without the root": (
            _squared,
            "You divide by the sum of squares. The length is its root.",
        ),
    },
)
