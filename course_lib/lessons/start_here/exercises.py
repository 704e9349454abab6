"""What the learner writes in lesson 00, and what is said to the usual wrong answers."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.exercise import Exercise


# -------------------------------------------------------------------------------------------------- mean squared error
def _mse_oracle(outputs: Tensor, targets: Tensor) -> float:
    total = 0.0
    for (output,), target in zip(outputs.tolist(), targets.tolist(), strict=True):
        total += (output - target) ** 2
    return total / len(targets)


def mse_solution(outputs, targets):
    return ((outputs[:, 0] - targets) ** 2).mean()


def _mse_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    return [(torch.randn(b, 1, generator=g) * 2, torch.randn(b, generator=g) * 2 + 0.5) for b in (5, 2, 9)]


mse = Exercise(
    "start_here/mse",
    question="`outputs` (B, 1) is what a net says, `targets` (B,) what is true. Return the mean of the squared "
    "errors: one number.",
    cases=[(torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([1.0, 3.0, 2.0]))],
    hidden=_mse_cases,
    oracle=_mse_oracle,
    solution=mse_solution,
    hints=(
        "How many errors are there for B outputs? Ask for the shape of `outputs - targets` before you go on.",
        "Give both tensors the same shape first. `outputs[:, 0]` is the first column of `outputs`, of shape (B,).",
        "Take the first column, subtract the targets, square with `**2`, and take the `.mean()` of it all.",
    ),
    why="A loss over all pairs looks like a loss and even falls. But it is lowest for a net that says the mean "
    "every time. So compare shapes before you trust a loss.",
    another="`torch.nn.functional.mse_loss(outputs.squeeze(1), targets)`; it warns when the two shapes differ.",
    wrong={
        "every pair": (
            lambda outputs, targets: ((outputs - targets) ** 2).mean(),
            "You compare every output with every target: (B, 1) minus (B,) is (B, B). Only B of these pairs "
            "belong together.",
        ),
        "every pair, divided by B": (
            lambda outputs, targets: ((outputs - targets) ** 2).sum() / len(targets),
            "You add up B times B squared differences: every output with every target. Give both tensors the same "
            "shape first.",
        ),
        "sum": (
            lambda outputs, targets: ((outputs[:, 0] - targets) ** 2).sum(),
            "That is the sum. Divide it by how many there are, or the loss grows with the number of rows.",
        ),
        "absolute": (
            lambda outputs, targets: (outputs[:, 0] - targets).abs().mean(),
            "You take the size of each error. Squared is asked for: then a large error counts most.",
        ),
        "not squared": (
            lambda outputs, targets: (outputs[:, 0] - targets).mean(),
            "Errors with a plus and errors with a minus cancel. Squaring makes all of them count.",
        ),
        "squared too late": (
            lambda outputs, targets: (outputs[:, 0] - targets).mean() ** 2,
            "You take the mean first and the square after it. By then plus and minus have cancelled.",
        ),
        "root": (
            lambda outputs, targets: ((outputs[:, 0] - targets) ** 2).mean().sqrt(),
            "That is its square root, the RMSE: in the units of the targets, and one step too far here.",
        ),
    },
)


# -------------------------------------------------------------------------------------------- the slope of any function
def square(x: Tensor) -> Tensor:
    """Slope 2x."""
    return x**2


def cube(x: Tensor) -> Tensor:
    """Slope 3x²."""
    return x**3


def sine(x: Tensor) -> Tensor:
    """Slope cos x."""
    return torch.sin(x)


def exponential(x: Tensor) -> Tensor:
    """Slope equal to its own value."""
    return torch.exp(x)


def _slope_oracle(f: Callable, x: float) -> float:
    """The slope of a very short chord, in double precision: right to eight digits, and no autograd in it."""
    left, right = (f(torch.tensor(x + h, dtype=torch.float64)).item() for h in (-1e-5, 1e-5))
    return (right - left) / 2e-5


def slope_of_solution(f, x):
    place = torch.tensor(float(x), requires_grad=True)
    f(place).backward()
    return place.grad


def _slope_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    places = (torch.rand(4, generator=g) * 2 - 1.2).tolist()
    return list(zip((square, cube, sine, exponential), places, strict=True))


def _slope_at(f: Callable, x: float) -> Tensor:
    return torch.autograd.functional.jacobian(f, torch.tensor(float(x)))


slope_of = Exercise(
    "start_here/slope_of",
    question="`f` is a function of a tensor, `x` a number. Return the slope of `f` at `x`, by autograd: one number.",
    cases=[(square, 2.0)],
    hidden=_slope_cases,
    oracle=_slope_oracle,
    solution=slope_of_solution,
    hints=(
        "The cell that begins with `knob =` does it for x² at 3. Two things in it have to change: 3.0 and `knob**2`.",
        "Make a tensor from `x` that remembers what happens to it, with `requires_grad=True`. Give it to `f`.",
        "Call `backward()` on what `f` gives back, and return the `grad` of your tensor. Before that it is None.",
    ),
    why="The loss of a net is such an f, with thousands of numbers in the place of x. One backward pass gives the "
    "slope in every one of them.",
    nothing="You return None. Either `backward()` was not called yet, or you return what `backward()` gives back, "
    "which is nothing. The slope lies in the `.grad` of the tensor that you made from `x`. (Or `return` is missing.)",
    another="`torch.autograd.grad(f(place), place)[0]` returns the slope, and leaves nothing in `.grad`.",
    wrong={
        "the value": (
            lambda f, x: f(torch.tensor(float(x))),
            "That is the height of the curve at x. The slope says how fast the height changes there.",
        ),
        "a step of 1": (
            lambda f, x: f(torch.tensor(x + 1.0)) - f(torch.tensor(float(x))),
            "You went a whole step to the right and looked how far you rose. On the way the slope has changed.",
        ),
        "always at 3": (
            lambda f, x: _slope_at(f, 3.0),
            "That is the slope at 3, wherever x is. The 3.0 of the example has to give way to `x`.",
        ),
        "always x squared": (
            lambda f, x: torch.tensor(2.0 * x),
            "That is the slope of x², whatever f is. The `knob**2` of the example has to give way to `f(knob)`.",
        ),
        "backward twice": (
            lambda f, x: 2 * _slope_at(f, x),
            "That is twice the slope. `.grad` adds up: where two `backward()` calls reached it, it holds both.",
        ),
        "value over place": (
            lambda f, x: f(torch.tensor(float(x))) / x,
            "Height divided by x is the slope of a line from the origin to the curve, not along the curve.",
        ),
        "a small step": (
            lambda f, x: (f(torch.tensor(x + 0.01)) - f(torch.tensor(float(x)))) / 0.01,
            "Nearly: a small step gives the slope roughly. `backward()` gives it to the last digits.",
        ),
        "downhill": (
            lambda f, x: -_slope_at(f, x),
            "The sign is turned round. A positive slope means that the curve rises to the right.",
        ),
    },
)
