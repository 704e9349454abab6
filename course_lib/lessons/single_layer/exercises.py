"""What the learner writes in lesson 01, and what is said to the usual wrong answers."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from course_lib.exercise import Exercise


# --------------------------------------------------------------------------------------------------- one linear layer
def _linear_oracle(x: Tensor, W: Tensor, b: Tensor) -> Tensor:
    rows = []
    for row in x.tolist():
        rows.append(
            [
                sum(w * v for w, v in zip(unit, row, strict=True)) + c
                for unit, c in zip(W.tolist(), b.tolist(), strict=True)
            ]
        )
    return torch.tensor(rows, dtype=x.dtype)


def linear_solution(x, W, b):
    return x @ W.T + b


def _linear_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    sizes = ((5, 2, 3), (4, 6, 2), (3, 3, 3), (1, 4, 5))  # rows, inputs, outputs
    return [
        (torch.randn(n, d, generator=g), torch.randn(h, d, generator=g), torch.randn(h, generator=g))
        for n, d, h in sizes
    ]


linear = Exercise(
    "single_layer/linear",
    question="Write a linear layer: `x` is (B, D), one row per example; `W` is (H, D), one row of weights per output; "
    "`b` is (H,). Return the outputs, (B, H).",
    cases=_linear_cases(11)[:1],
    hidden=_linear_cases,
    oracle=_linear_oracle,
    solution=linear_solution,
    hints=(
        "One output for one example: multiply each input by its weight, add the products up, add the bias.",
        "`@` does this for all rows and all outputs at once, if the two inner sizes agree. Look at (B, D) and (H, D).",
        "Turn `W` over with `.T`, so that (B, D) meets (D, H). The bias is added to every row by itself.",
    ),
    why="One matrix product does B times H weighted sums at once. Processors are built for it, and nearly every "
    "layer of this course rests on it.",
    another="`torch.nn.functional.linear(x, W, b)`; `nn.Linear` keeps its weights in this shape, too.",
    wrong={
        "no bias": (
            lambda x, W, b: x @ W.T,
            "The bias is missing. Without it, an input of zeros can only give zeros.",
        ),
        "bias taken away": (
            lambda x, W, b: x @ W.T - b,
            "You subtract the bias. It is added to the weighted sum.",
        ),
        "mean instead of sum": (
            lambda x, W, b: x @ W.T / x.shape[1] + b,
            "You take the mean of the products. A weighted sum adds them and divides by nothing.",
        ),
        "reshaped": (
            lambda x, W, b: x @ W.reshape(x.shape[1], -1) + b,
            "You reshaped `W`. That gives it the right shape and mixes its numbers up: the weights of one output no "
            "longer stand together. Turning a matrix over is `.T`.",
        ),
        "bias inside the sum": (
            lambda x, W, b: x @ W.T + b * x.sum(1, keepdim=True),
            "You add the bias to every weight, so it is multiplied by the inputs. It stands alone, once per output.",
        ),
        "not turned over": (
            lambda x, W, b: x @ W + b,
            "`x @ W` multiplies by the columns of `W`, and (B, D) fits (H, D) only by accident. The weights of one "
            "output are a row of `W`: turn it over first.",
        ),
        "as on paper": (
            lambda x, W, b: W @ x + b,
            "`W @ x` is for an x that is a column. Here each row of `x` is an example, so `x` stands first, and `W` "
            "is turned over.",
        ),
        "entry by entry": (
            lambda x, W, b: x * W + b,
            "`*` multiplies entry by entry and adds nothing up. The matrix product is `@`.",
        ),
        "a nonlinearity": (
            lambda x, W, b: torch.relu(x @ W.T + b),
            "Your outputs are never below 0: there is a nonlinearity in it. This is the linear part alone.",
        ),
    },
)


# ------------------------------------------------------------------------------------------------- two layers into one
def _collapse_oracle(W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor) -> tuple[Tensor, Tensor]:
    """Asks the two layers: what comes out for zeros is the bias, what each unit vector adds is a column."""

    def both(x: Tensor) -> Tensor:
        hidden = (W1.double() * x).sum(1) + b1.double()
        return (W2.double() * hidden).sum(1) + b2.double()

    units = torch.eye(W1.shape[1], dtype=torch.float64)
    bias = both(torch.zeros_like(units[0]))
    return torch.stack([both(unit) - bias for unit in units], 1).to(W1.dtype), bias.to(b1.dtype)


def collapse_solution(W1, b1, W2, b2):
    return W2 @ W1, W2 @ b1 + b2


def _collapse_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    # All square, so that a product the wrong way round gives numbers, which can be talked about, and no shape error.
    return [tuple(torch.randn(*s, generator=g) for s in ((n, n), (n,), (n, n), (n,))) for n in (2, 3, 5)]


collapse = Exercise(
    "single_layer/collapse",
    question="Two linear layers in a row: `W1`, `b1`, then `W2`, `b2` (weights (n, n), biases (n,)). Return `W` and "
    "`b` of the one linear layer that does the same.",
    cases=_collapse_cases(5)[:1],
    hidden=_collapse_cases,
    oracle=_collapse_oracle,
    solution=collapse_solution,
    hints=(
        "What comes out of layer 1 goes into layer 2. What does W2 multiply then: only W1 x, or something more?",
        "Whatever stands next to x is `W`, everything else is `b`. The matrix that acts first stands on the right.",
        "W2 (W1 x + b1) + b2 has three parts: W2 W1 x, then W2 b1, then b2. In code the matrix product is `@`.",
    ),
    why="A weighted sum of weighted sums is a weighted sum. However many you stack, nothing new can be said.",
    another="Ask the two layers: what they give for zeros is `b`, and what they add for each unit vector is a column "
    "of `W`.",
    rtol=1e-3,
    atol=1e-4,
    returns=("W", "b"),
    wrong={
        "the other way round": (
            lambda W1, b1, W2, b2: (W1 @ W2, W2 @ b1 + b2),
            "`W` is the wrong way round. The layer that sees x first stands next to x, on the right.",
        ),
        "biases added": (
            lambda W1, b1, W2, b2: (W2 @ W1, b1 + b2),
            "The first bias passes through the second layer on its way out, and is multiplied there.",
        ),
        "order and bias": (
            lambda W1, b1, W2, b2: (W1 @ W2, b1 + b2),
            "Two things: the layer that sees x first stands on the right of the product, and its bias passes through "
            "the second layer.",
        ),
        "only the last bias": (
            lambda W1, b1, W2, b2: (W2 @ W1, b2.clone()),
            "The first layer's bias has not vanished: the second layer receives it and multiplies it.",
        ),
        "second bias lost": (
            lambda W1, b1, W2, b2: (W2 @ W1, W2 @ b1),
            "The first bias is right. The second layer has one of its own.",
        ),
        "bias through the wrong layer": (
            lambda W1, b1, W2, b2: (W2 @ W1, W1 @ b2 + b1),
            "The bias goes through the wrong layer: `b2` comes out last, nothing multiplies it any more.",
        ),
        "turned over": (
            lambda W1, b1, W2, b2: ((W2 @ W1).T, W2 @ b1 + b2),
            "The numbers of `W` are right, but turned over. On paper a row of `W` belongs to an output: no `.T`.",
        ),
        "layers swapped": (
            lambda W1, b1, W2, b2: (W1 @ W2, W1 @ b2 + b1),
            "That is layer 2 first and layer 1 after it. `W1` and `b1` see x first.",
        ),
        "entry by entry": (
            lambda W1, b1, W2, b2: (W2 * W1, W2 @ b1 + b2),
            "For `W` you multiply entry by entry, which `*` does; the matrix product is `@`.",
        ),
        "bias from the left": (
            lambda W1, b1, W2, b2: (W2 @ W1, b1 @ W2 + b2),
            "`b1 @ W2` multiplies by the columns of `W2`; a layer multiplies by its rows.",
        ),
        "weights added": (
            lambda W1, b1, W2, b2: (W1 + W2, b1 + b2),
            "You add the layers, as if they stood side by side. They come one after the other: that is a product.",
        ),
    },
)


# ----------------------------------------------------------------------------------------------- what a range allows
def _floor_oracle(y: Tensor, low: float, high: float) -> Tensor:
    """Tries a fine grid of answers for every row and keeps the best."""
    answers = torch.linspace(low, high, 20001, dtype=torch.float64)
    total = 0.0
    for value in y.tolist():
        total += float(((answers - value) ** 2).min())
    return torch.tensor(math.sqrt(total / len(y)), dtype=y.dtype)


def floor_solution(y, low, high):
    nearest = y.clamp(low, high)
    return (nearest - y).square().mean().sqrt()


def _floor_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    return [
        (torch.randn(n, generator=g) * 2 + 1, low, high)
        for n, low, high in ((30, 0.0, 1.0), (50, -1.0, 1.0), (25, 0.5, 2.0))
    ]


floor = Exercise(
    "single_layer/floor",
    question="A net can give any number from `low` to `high` (two floats), and no other. `y` (N,) is what it should "
    "give. Return the lowest RMSE that it can possibly reach, as a tensor ().",
    cases=[(torch.tensor([0.5, 3.0, -1.0]), 0.0, 1.0)],
    hidden=_floor_cases,
    oracle=_floor_oracle,
    solution=floor_solution,
    hints=(
        "Take one row. If the net could choose its answer for this row freely within the range, which would it take?",
        "A value inside the range can be hit exactly. For a value outside, the nearest end is the best there is.",
        "`clamp` pushes values into a range. The rest is the RMSE between that and `y`.",
    ),
    why="No training gets below this number, with any rate, any number of steps or any number of units. So compute it "
    "before you train.",
    another="`(torch.relu(y - high) + torch.relu(low - y)).square().mean().sqrt()`: what sticks out at either end.",
    rtol=1e-3,
    atol=1e-3,
    wrong={
        "only the upper end": (
            lambda y, low, high: (y.clamp(max=high) - y).square().mean().sqrt(),
            "You think of the ceiling. There is a lower end as well, and some values lie below it.",
        ),
        "only the lower end": (
            lambda y, low, high: (y.clamp(min=low) - y).square().mean().sqrt(),
            "You think of the lower end. There is a ceiling as well.",
        ),
        "sum": (
            lambda y, low, high: (y.clamp(low, high) - y).square().sum().sqrt(),
            "You add the squares up. The M of RMSE is their mean.",
        ),
        "always the upper end": (
            lambda y, low, high: (high - y).square().mean().sqrt(),
            "That is a net which says `high` to everything. It could do better wherever y lies below `high`.",
        ),
        "no root": (
            lambda y, low, high: (y.clamp(low, high) - y).square().mean(),
            "That is the mean squared error, in squared litres. The R of RMSE is missing.",
        ),
        "absolute error": (
            lambda y, low, high: (y.clamp(low, high) - y).abs().mean(),
            "You average the absolute errors. RMSE squares first, so large errors count more.",
        ),
        "only the misses": (
            lambda y, low, high: (y.clamp(low, high) - y).square().sum().div(((y < low) | (y > high)).sum()).sqrt(),
            "You average over the rows that cannot be reached. The others count too, with an error of 0.",
        ),
        "one answer for all": (
            lambda y, low, high: (y.mean().clamp(low, high) - y).square().mean().sqrt(),
            "That is the best single number for all rows. A net may give each row an answer of its own.",
        ),
    },
)


# ------------------------------------------------------------------------------------------------------------- softmax
def _softmax_oracle(z: Tensor, T: float) -> Tensor:
    rows = []
    for row in z.tolist():
        top = max(row)
        powers = [math.exp((v - top) / T) for v in row]
        rows.append([p / sum(powers) for p in powers])
    return torch.tensor(rows, dtype=z.dtype)


def softmax_solution(z, T):
    powers = torch.exp((z - z.max(1, keepdim=True).values) / T)
    return powers / powers.sum(1, keepdim=True)


def _softmax_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    cases = [(torch.randn(n, k, generator=g) * 2, T) for n, k, T in ((3, 4, 0.5), (4, 4, 2.0), (2, 6, 3.0))]
    far_apart = torch.tensor([[1000.0], [0.0], [-1000.0]])  # e to the power of 1000 overflows, of -1000 is 0
    wide = torch.tensor([[1000.0, 0.0, -1000.0], [2.0, 1.0, 0.0]])  # a row whose own logits lie far apart
    return [*cases, (torch.randn(3, 3, generator=g) * 2 + far_apart, 0.5), (wide, 0.5)]


softmax = Exercise(
    "single_layer/softmax",
    question="`z` (B, K) holds the logits of B pictures, `T` is the temperature, a float above 0. Return the "
    "probabilities, (B, K): each row sums to 1. It must survive logits of 1,000.",
    cases=[(torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 4.0]]), 2.0)],
    hidden=_softmax_cases,
    oracle=_softmax_oracle,
    solution=softmax_solution,
    hints=(
        "Divide by T, take the exponential, divide by the sum of the row. Which of these may overflow?",
        "A constant added to a whole row changes nothing. Choose it so that the largest logit of the row becomes 0.",
        "Subtract the row's largest value first: `max(1, keepdim=True).values` has the shape (B, 1), and so should "
        "the sum.",
    ),
    why="Softmax only knows differences of logits. That is why the constant does no harm, and why it can be used to "
    "keep the numbers small.",
    another="`torch.softmax(z / T, 1)`, which subtracts the maximum for you.",
    wrong={
        "overflow": (
            lambda z, T: torch.exp(z / T) / torch.exp(z / T).sum(-1, keepdim=True),
            "Right for small logits. For logits near 1,000 the exponential is too large for float32: it becomes "
            "infinite, and infinite divided by infinite is nan. Subtract the largest logit of each row first. If you "
            "do so already: put the difference into brackets, then divide by T.",
        ),
        "another constant": (
            lambda z, T: (lambda e: e / e.sum(-1, keepdim=True))(torch.exp((z - z.min(-1, keepdim=True).values) / T)),
            "You subtract the row's smallest logit. Where the row is wide, the largest still overflows. Subtract the "
            "largest.",
        ),
        "the mean": (
            lambda z, T: (lambda e: e / e.sum(-1, keepdim=True))(torch.exp((z - z.mean(-1, keepdim=True)) / T)),
            "You subtract the row's mean. Where the row is wide, the largest logit still overflows. Subtract the "
            "largest.",
        ),
        "one maximum for all": (
            lambda z, T: torch.exp((z - z.max()) / T) / torch.exp((z - z.max()) / T).sum(-1, keepdim=True),
            "You subtract the largest logit of the whole table. A row far below it becomes 0/0, which is nan. Each row "
            "needs its own.",
        ),
        "over the batch": (
            lambda z, T: torch.softmax(z / T, 0),
            "Your columns sum to 1, not your rows: the pictures compete with each other. The classes of one picture "
            "should.",
        ),
        "over everything": (
            lambda z, T: torch.softmax((z / T).flatten(), 0).view_as(z),
            "The whole table sums to 1. Every picture needs a sum of 1 of its own.",
        ),
        "multiplied by T": (
            lambda z, T: torch.softmax(z * T, -1),
            "You multiply by T, so a high temperature makes it sharper. Heat melts: divide.",
        ),
        "temperature too late": (
            lambda z, T: torch.softmax(z, -1) / T,
            "You divide the probabilities by T. Their sum is then 1/T. The temperature acts on the logits.",
        ),
        "temperature cancelled": (
            lambda z, T: torch.softmax(z, -1),
            "T has no effect in your function. If you divided the exponentials by T, the sum in the denominator has "
            "cancelled it again.",
        ),
        "not normalised": (
            lambda z, T: torch.exp((z - z.max(-1, keepdim=True).values) / T),
            "The largest entry of each row is 1. They are not yet shares of a whole: divide by the sum of the row.",
        ),
        "exponentials only": (
            lambda z, T: torch.exp(z / T),
            "These are the exponentials. They are not yet shares of a whole (divide by the sum of the row), and some "
            "of them are infinite.",
        ),
    },
)


# ------------------------------------------------------------------------------------------------------- cross-entropy
def _cross_entropy_oracle(z: Tensor, y: Tensor) -> Tensor:
    total = 0.0
    for row, right in zip(z.tolist(), y.tolist(), strict=True):
        powers = [math.exp(v - max(row)) for v in row]
        total += -math.log(powers[right] / sum(powers))
    return torch.tensor(total / len(y), dtype=z.dtype)


def cross_entropy_solution(z, y):
    p = torch.softmax(z, 1)
    right = p[torch.arange(len(y)), y]  # (B,) the probability of each row's own class
    return -right.log().mean()


def _cross_entropy_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    return [
        (torch.randn(n, k, generator=g) * 2, torch.randint(k, (n,), generator=g)) for n, k in ((6, 3), (4, 10), (9, 4))
    ]


cross_entropy = Exercise(
    "single_layer/cross_entropy",
    question="`z` (B, K) holds logits, `y` (B,) the numbers of the right classes. Return the cross-entropy, averaged "
    "over the batch, as a tensor ().",
    cases=[(torch.tensor([[2.0, 0.0, 1.0], [0.0, 0.0, 0.0]]), torch.tensor([0, 2]))],
    hidden=_cross_entropy_cases,
    oracle=_cross_entropy_oracle,
    solution=cross_entropy_solution,
    hints=(
        "Turn logits into probabilities. Of each row only one number counts. Which?",
        "`p[torch.arange(len(y)), y]` picks, in each row, the entry of its own class.",
        "Take minus the natural logarithm of those, then their mean.",
    ),
    why="It is the loss of most classifiers in this course. Knowing nothing costs ln K, being sure and right costs "
    "nothing, being sure and wrong costs without limit.",
    another="`torch.nn.functional.cross_entropy(z, y)`, which never forms the probabilities, so none can round to 0.",
    wrong={
        "softmax twice": (
            lambda z, y: torch.nn.functional.cross_entropy(torch.softmax(z, -1), y),
            "`nn.functional.cross_entropy` contains the softmax. You hand it probabilities, and it takes the softmax "
            "of those.",
        ),
        "softmax over the batch": (
            lambda z, y: -torch.softmax(z, 0)[torch.arange(len(y)), y].log().mean(),
            "Your softmax runs down the columns, so the pictures compete with each other. `torch.softmax(z, 1)` works "
            "along each row.",
        ),
        "all pairs": (
            lambda z, y: -torch.softmax(z, -1)[:, y].log().mean(),
            "`p[:, y]` takes all the columns named in `y` from every row: a table (B, B). Each row has one right "
            "class: `p[torch.arange(len(y)), y]` takes one entry a row.",
        ),
        "sum": (
            lambda z, y: torch.nn.functional.cross_entropy(z, y, reduction="sum"),
            "You add the rows up. A loss that grows with the batch cannot be compared between batches: take the mean.",
        ),
        "base 2": (
            lambda z, y: -torch.softmax(z, -1)[torch.arange(len(y)), y].log2().mean(),
            "You measure in bits, with the logarithm to base 2. The convention here is the natural one.",
        ),
        "base 10": (
            lambda z, y: -torch.softmax(z, -1)[torch.arange(len(y)), y].log10().mean(),
            "That is the logarithm to base 10. The convention is the natural one, `log` in torch.",
        ),
        "no minus": (
            lambda z, y: torch.softmax(z, -1)[torch.arange(len(y)), y].log().mean(),
            "The logarithm of a probability is negative, and a loss should grow when things go wrong. Turn the sign.",
        ),
        "probability": (
            lambda z, y: -torch.softmax(z, -1)[torch.arange(len(y)), y].mean(),
            "You average the probability of the right class, without its logarithm.",
        ),
        "one minus": (
            lambda z, y: (1 - torch.softmax(z, -1)[torch.arange(len(y)), y]).mean(),
            "1 − p is what is missing to certainty. It never exceeds 1, so with ten classes being sure and wrong would "
            "cost hardly more than guessing. The logarithm makes it expensive.",
        ),
        "log of the mean": (
            lambda z, y: -torch.softmax(z, -1)[torch.arange(len(y)), y].mean().log(),
            "You take the mean first and the logarithm after it. Each row has a loss of its own; average those.",
        ),
        "all classes": (
            lambda z, y: -torch.log_softmax(z, -1).mean(),
            "You average over all classes. Only the right class of each row counts; use `y`.",
        ),
    },
)
