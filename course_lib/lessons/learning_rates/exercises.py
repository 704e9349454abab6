"""What the learner writes in lesson 03, and what is said to the usual wrong answers."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from course_lib.exercise import Exercise


# ---------------------------------------------------------------------------------------------------- one step downhill
def _step_oracle(theta: Tensor, gradient: Tensor, lr: float) -> Tensor:
    moved = torch.nn.Parameter(theta.clone())
    moved.grad = gradient.clone()
    torch.optim.SGD([moved], lr=lr).step()
    return moved.detach()


def step_solution(theta, gradient, lr):
    return theta - lr * gradient


def _step_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    sizes = ((3,), (2, 4), (1,), (5,))
    return [
        (torch.randn(s, generator=g), torch.randn(s, generator=g), r)
        for s, r in zip(sizes, (0.3, 0.01, 2.0, 0.5), strict=True)
    ]


step = Exercise(
    "learning_rates/step",
    question="`theta` and `gradient` are tensors of the same shape, `lr` is the learning rate. Return the parameters "
    "after one step of gradient descent, as a new tensor.",
    cases=[(torch.tensor([1.0, -2.0]), torch.tensor([4.0, 1.0]), 0.1)],
    hidden=_step_cases,
    oracle=_step_oracle,
    solution=step_solution,
    hints=(
        "The gradient points to where the loss grows fastest. Where do you want to go?",
        "The step is the gradient times the learning rate. It changes the parameters you have.",
        "New place = old place, minus rate times slope. One line; it works for any shape.",
    ),
    why="Every training in this course builds on this line. Some optimisers change the step first; all the rest is "
    "where the gradient comes from and which rate to take.",
    another="`theta.add(gradient, alpha=-lr)` does the same without a temporary tensor.",
    wrong={
        "uphill": (
            lambda theta, gradient, lr: theta + lr * gradient,
            "You go uphill: the gradient points to where the loss grows. Which sign takes you to where it falls?",
        ),
        "no rate": (
            lambda theta, gradient, lr: theta - gradient,
            "You take the whole gradient as the step. The rate has no effect in your function.",
        ),
        "only the step": (
            lambda theta, gradient, lr: -lr * gradient,
            "That is the step itself. The new parameters are the old ones plus that step.",
        ),
        "the step alone, uphill": (
            lambda theta, gradient, lr: lr * gradient,
            "That is how far you move, not where you end. Take it away from the parameters you have.",
        ),
        "divided by the rate": (
            lambda theta, gradient, lr: theta - gradient / lr,
            "You divide by the rate, so a larger rate makes your step smaller.",
        ),
        "sign only": (
            lambda theta, gradient, lr: theta - lr * gradient.sign(),
            "You use the direction of the slope and forget how steep it is.",
        ),
    },
)


# ------------------------------------------------------------------------------------------------ the limit of the rate
def _limit_oracle(curvatures: Tensor) -> Tensor:
    """Bisection on real walks: the largest rate at which no direction of the bowl grows."""
    low, high = 0.0, 1e3
    for _ in range(60):
        rate = (low + high) / 2
        grows = bool(((1 - rate * curvatures.double()).abs() > 1).any())
        low, high = (low, rate) if grows else (rate, high)
    return torch.tensor(low, dtype=curvatures.dtype)


def limit_rate_solution(curvatures):
    return 2 / curvatures.max()


def _limit_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    return [(torch.rand(n, generator=g) * 9 + 0.2,) for n in (2, 3, 7, 12)]


limit_rate = Exercise(
    "learning_rates/limit_rate",
    question="A valley has several directions, each with its own curvature, all positive: `curvatures` is a tensor "
    "(D,). Return the rate beyond which gradient descent moves away from the bottom, one number.",
    cases=[(torch.tensor([1.0, 14.0]),)],
    hidden=_limit_cases,
    oracle=_limit_oracle,
    solution=limit_rate_solution,
    hints=(
        "Each direction has a limit of its own. Which of them is broken first?",
        "In one direction the limit is two over its curvature. All directions share one rate.",
        "The steepest direction decides: divide 2 by the largest curvature.",
    ),
    why="One steep direction holds back all the others. So it pays to make the steep direction less steep. Section 5 "
    "does that.",
    another="`(2 / curvatures).min()`: the smallest of all the single limits.",
    wrong={
        "one over": (
            lambda curvatures: 1 / curvatures.max(),
            "In the steepest direction 1/λ lands on the bottom in one step. Beyond it the walk jumps across and still "
            "comes closer, up to twice that.",
        ),
        "the flat direction": (
            lambda curvatures: 2 / curvatures.min(),
            "That is the limit of the flattest direction. The steepest one has left the valley long before.",
        ),
        "the mean": (
            lambda curvatures: 2 / curvatures.mean(),
            "The directions do not share the work: each follows its own curvature, and the steepest one lies "
            "above the mean.",
        ),
        "the sum": (
            lambda curvatures: 2 / curvatures.sum(),
            "Curvatures of different directions do not add up. Your rate is safe, and smaller than it need be.",
        ),
        "one for each direction": (
            lambda curvatures: 2 / curvatures,
            "These are the limits of all directions, one by one, in the shape of `curvatures`. All directions share "
            "one rate: which limit is broken first?",
        ),
        "upside down": (
            lambda curvatures: 2 * curvatures.max(),
            "More curvature needs a smaller rate, and yours grows with it.",
        ),
    },
)


# -------------------------------------------------------------------------------------------------------- standardising
def _standardise_oracle(train: Tensor, new: Tensor) -> Tensor:
    columns = []
    for d in range(train.shape[1]):
        column = train[:, d].double()
        mean = column.sum() / len(column)
        variance = ((column - mean) ** 2).sum() / len(column)
        columns.append((new[:, d].double() - mean) / variance.sqrt())
    return torch.stack(columns, 1).to(train.dtype)


def standardise_solution(train, new):
    return (new - train.mean(0)) / train.std(0)


def _standardise_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    cases = []
    for n, m, d in ((80, 20, 4), (60, 60, 2), (120, 5, 3)):
        scale, shift = torch.rand(d, generator=g) * 6 + 0.3, torch.randn(d, generator=g) * 5
        train = torch.randn(n, d, generator=g) * scale + shift
        new = torch.randn(m, d, generator=g) * scale * 1.4 + shift + 0.5 * scale
        cases.append((train, new))
    return cases


standardise = Exercise(
    "learning_rates/standardise",
    question="`train` is (N, D), `new` is (M, D): flowers the net is trained on, and flowers it will meet later. "
    "Return `new`, standardised as the net expects it, feature by feature.",
    cases=_standardise_cases(7)[:1],
    hidden=_standardise_cases,
    oracle=_standardise_oracle,
    solution=standardise_solution,
    hints=(
        "Each feature should have mean 0 and standard deviation 1 on the flowers that the net is trained on. Which "
        "ones are those?",
        "Subtract a mean, divide by a standard deviation: one of each per feature, so along dimension 0. "
        "(`x.mean(0)` of a tensor (N, D) is (D,).)",
        "Both statistics come from `train`, over its rows. Only the numbers that you shift and scale come from `new`.",
    ),
    why="The net has learned with the ruler of the training set. New data must be measured with that ruler, and a "
    "validation set that sets its own ruler has told you something about itself too early.",
    another="Whether you divide by N or by N - 1 inside the deviation does not matter here: both are accepted.",
    rtol=0.03,
    atol=0.03,
    wrong={
        "own statistics": (
            lambda train, new: (new - new.mean(0)) / new.std(0),
            "You measure the new flowers with a ruler of their own. To the net, a large flower among large flowers "
            "then looks average.",
        ),
        "variance": (
            lambda train, new: (new - train.mean(0)) / train.var(0),
            "You divide by the variance. Its unit is cm², and dividing by it leaves 1/cm; the standard deviation "
            "is its root.",
        ),
        "one for all": (
            lambda train, new: (new - train.mean()) / train.std(),
            "One mean for all features: a petal of 0.2 cm is measured against a mean that sepals of 6 cm have raised. "
            "Each feature needs its own.",
        ),
        "mean only": (
            lambda train, new: new - train.mean(0),
            "That moves the mean of the training flowers to 0. The features still differ in how widely they spread.",
        ),
        "pooled": (
            lambda train, new: (new - torch.cat([train, new]).mean(0)) / torch.cat([train, new]).std(0),
            "You let the new flowers help to set the ruler. They are not there yet when the net is trained, and they "
            "would tell it something about themselves.",
        ),
        "parentheses": (
            lambda train, new: new - train.mean(0) / train.std(0),
            "Division goes first: you divide the mean, not the difference. Put the difference into parentheses.",
        ),
        "wrong way round": (
            lambda train, new: new / train.std(0) - train.mean(0),
            "You divide first and subtract the mean in centimetres after it. Subtract first, then divide.",
        ),
    },
)


# ------------------------------------------------------------------------------------------------------ what to report
def _report_oracle(val_loss: Tensor, test_loss: Tensor) -> Tensor:
    best = 0
    for i in range(len(val_loss)):
        if val_loss[i] < val_loss[best]:
            best = i
    return test_loss[best]


def report_solution(val_loss, test_loss):
    return test_loss[val_loss.argmin()]


def _report_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    cases = []
    for n in (6, 9, 20):
        val = torch.rand(n, generator=g) + 0.1
        cases.append((val, (val + 0.4 * torch.rand(n, generator=g)).flip(0)))
    return cases


report = Exercise(
    "learning_rates/report",
    question="You trained one net per rate. `val_loss` and `test_loss`, both (R,), say how each does on the validation "
    "and on the test set. Choose one net, and return the loss that you may print in your report, as a tensor ().",
    cases=[(torch.tensor([0.9, 0.30, 0.35]), torch.tensor([0.8, 0.42, 0.28]))],
    hidden=_report_cases,
    oracle=_report_oracle,
    solution=report_solution,
    hints=(
        "Two questions, two sets: which net do I take, and how good is it?",
        "Choosing uses up a set: the winner looks better on it than it is. So choose on one and measure on the other.",
        "Find the place of the smallest validation loss with `argmin`, and look up that place in the other tensor.",
    ),
    why="The smallest of many noisy numbers is too small. A set that was used to choose can no longer say how good the "
    "choice is; the test set can, once.",
    another="`test_loss[torch.sort(val_loss).indices[0]]`.",
    wrong={
        "best test loss": (
            lambda val_loss, test_loss: test_loss.min(),
            "You chose on the test set. The best of many test losses is partly luck, and there is no set left to "
            "show it.",
        ),
        "validation loss": (
            lambda val_loss, test_loss: val_loss.min(),
            "You report the loss on the set you chose on. It was chosen for being small, so it flatters.",
        ),
        "mean": (
            lambda val_loss, test_loss: test_loss.mean(),
            "The mean over all nets says how a net with a random rate does. You ship one net: the chosen one.",
        ),
        "the place": (
            lambda val_loss, test_loss: val_loss.argmin().to(test_loss.dtype),
            "That is the place of the net to choose, not a loss. Look up the loss of that net.",
        ),
        "the place, on the test set": (
            lambda val_loss, test_loss: test_loss.argmin().to(test_loss.dtype),
            "That is a place, not a loss, and it was chosen on the test set.",
        ),
        "worst": (
            lambda val_loss, test_loss: test_loss[val_loss.argmax()],
            "You took the net with the largest validation loss. For a loss, small is good.",
        ),
    },
)


# --------------------------------------------------------------------------------------------------- how many updates
def _steps_oracle(rows: int, batch_size: int, epochs: int) -> int:
    return epochs * len(torch.arange(rows).split(batch_size))


def steps_solution(rows, batch_size, epochs):
    return epochs * math.ceil(rows / batch_size)


def _steps_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    return [
        tuple(int(torch.randint(lo, hi, (), generator=g)) for lo, hi in ((90, 400), (7, 60), (3, 40))) for _ in range(5)
    ]


steps = Exercise(
    "learning_rates/steps",
    question="How many updates does a training make with `rows` rows, batches of `batch_size`, and `epochs` passes? "
    "No row is left out. Return an int.",
    cases=[(105, 16, 100)],
    hidden=_steps_cases,
    oracle=_steps_oracle,
    solution=steps_solution,
    hints=(
        "An epoch is a pass over all rows; a step is one update. How many batches does one pass need?",
        "105 rows in batches of 16: six full ones, and some rows are left over. They are trained on too.",
        "Round the number of batches up, within each epoch, and then multiply.",
    ),
    why="Rates, schedules and budgets count steps. Halve the batch and the same number of epochs makes about twice as "
    "many.",
    another="`epochs * -(-rows // batch_size)`: floor division of the negative rounds up.",
    counts="steps",
    wrong={
        "epochs": (
            lambda rows, batch_size, epochs: epochs,
            "That counts epochs. A pass over the data makes one update per batch.",
        ),
        "full batches only": (
            lambda rows, batch_size, epochs: epochs * (rows // batch_size),
            "You drop the rows that do not fill a last batch. They make one more, smaller batch.",
        ),
        "round at the end": (
            lambda rows, batch_size, epochs: int(epochs * rows / batch_size),
            "You let a batch reach from one epoch into the next. Each epoch ends with a smaller batch of its own.",
        ),
        "rounded up at the end": (
            lambda rows, batch_size, epochs: math.ceil(epochs * rows / batch_size),
            "You round up once, at the end of the whole training. Every epoch ends with a smaller batch: round up "
            "before you multiply.",
        ),
        "rounded to the nearest": (
            lambda rows, batch_size, epochs: epochs * round(rows / batch_size),
            "Your rounding drops a last batch that is less than half full. Every row is trained on, so round up.",
        ),
        "always one more": (
            lambda rows, batch_size, epochs: epochs * (rows // batch_size + 1),
            "You count one more batch in every epoch. Where the rows fill their batches exactly, there is none.",
        ),
        "rows": (
            lambda rows, batch_size, epochs: epochs * rows,
            "That counts the rows seen. A whole batch makes one update together.",
        ),
    },
)
