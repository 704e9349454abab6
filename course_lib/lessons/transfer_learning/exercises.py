"""What the learner writes in lesson 08, and what is said to the usual wrong answers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from course_lib.exercise import Exercise


# -------------------------------------------------------------------------------------------- how many numbers train
def _count_oracle(rest: int, features: int, old: int, new: int) -> int:
    return sum(p.numel() for p in nn.Linear(features, new).parameters())


def count_solution(rest, features, old, new):
    return features * new + new


def _count_cases(seed: int) -> list[tuple]:
    return [(41_000 + 977 * seed, 384, 52, 10), (11_176_512, 512, 1000, 2 + seed)]


count = Exercise(
    "transfer_learning/count",
    question="A net has a body of `rest` parameters, which makes `features` numbers of a picture, and a linear head "
    "for `old` classes. You freeze the body and put a new linear head for `new` classes in the place of the old one. "
    "How many parameters are trained? Return an int.",
    cases=[(100, 4, 5, 3)],
    hidden=_count_cases,
    oracle=_count_oracle,
    solution=count_solution,
    hints=(
        "Which of the three parts wants gradients: the body, the old head, the new one?",
        "A linear layer has a weight for each pair of a feature and a class. Does it have anything else?",
        "One weight for each feature and new class, and one bias for each new class.",
    ),
    why="For the letters net and ten digits these are 3,850 of 28,618, for ResNet-18 and two classes 1,026 of 11 "
    "million. The features do most of the work: a linear layer on the pixels trains fewer still, and reads less.",
    another="`sum(p.numel() for p in torch.nn.Linear(features, new).parameters())` lets PyTorch count.",
    counts="parameters",
    wrong={
        "the old head": (
            lambda rest, features, old, new: features * old + old,
            "That is the head with as many outputs as the old task had classes. It is thrown away.",
        ),
        "without biases": (
            lambda rest, features, old, new: features * new,
            "You count the weights. Each class has a bias, too.",
        ),
        "everything": (
            lambda rest, features, old, new: rest + features * new + new,
            "You count the body as well. It is frozen: its numbers are used, and not trained.",
        ),
        "both heads": (
            lambda rest, features, old, new: features * (old + new) + old + new,
            "You count both heads. The new one takes the place of the old one.",
        ),
        "a head on top of the head": (
            lambda rest, features, old, new: old * new + new,
            "Your new layer reads the old head's outputs. It reads the features; the old head is gone.",
        ),
        "the body": (
            lambda rest, features, old, new: rest,
            "That is the part that is not trained.",
        ),
        "only the difference": (
            lambda rest, features, old, new: (features + 1) * abs(new - old),
            "You count the difference between the two heads. The new one is all new: nothing of the old one stays.",
        ),
        "the whole net, one head exchanged": (
            lambda rest, features, old, new: rest - (features + 1) * old + (features + 1) * new,
            "`rest` is the body alone, without a head, and it is frozen.",
        ),
        "biases for features": (
            lambda rest, features, old, new: features * new + features,
            "You give each feature a bias. Each output has one.",
        ),
        "the outputs": (
            lambda rest, features, old, new: new,
            "Those are the outputs. Each of them is a weighted sum of all features, and its weights are trained.",
        ),
    },
)


# ---------------------------------------------------------------------------------------------------- features, once
def _body(seed: int) -> nn.Sequential:
    """Two layers with a batch norm between them, left in training mode, with statistics of its own."""
    g = torch.Generator().manual_seed(seed)
    body = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.5))
    with torch.no_grad():
        for value in body.parameters():
            value.copy_(torch.randn(value.shape, generator=g))
        body[1].running_mean.copy_(torch.randn(4, generator=g))
        body[1].running_var.copy_(0.5 + torch.rand(4, generator=g))
    return body


def _features_oracle(body: nn.Module, x: Tensor) -> Tensor:
    linear, norm = body[0], body[1]
    h = x @ linear.weight.T + linear.bias
    h = (h - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias
    return h.relu().detach()


def features_solution(body, x):
    body.eval()
    with torch.no_grad():
        return body(x)


def _in_train_mode(body: nn.Module, x: Tensor) -> Tensor:
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        return body.train()(x)


def _no_dropout_only(body: nn.Module, x: Tensor) -> Tensor:
    body.train()[3].eval()
    with torch.no_grad():
        return body(x)


def _features_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    return [(_body(seed), torch.randn(5, 3, generator=g)), (_body(seed + 9), 2 + torch.randn(4, 3, generator=g))]


features = Exercise(
    "transfer_learning/features",
    question="`body` is a frozen part of a net. It holds a batch norm and a dropout (which deletes random features in "
    "training mode), and it comes in training mode. Return "
    "the features of the pictures `x` (B, D) that you would keep for all later epochs.",
    cases=[(_body(3), torch.tensor([[1.0, 0.0, -1.0], [0.5, 2.0, 0.0], [-1.0, 1.0, 1.0]]))],
    hidden=_features_cases,
    oracle=_features_oracle,
    solution=features_solution,
    hints=(
        "What do dropout and batch norm do in training mode that they should not do here?",
        "In evaluation mode the batch norm uses its running statistics, and the dropout lets everything through.",
        "Switch the mode first, then call the body under `torch.no_grad()`, which keeps no graph.",
    ),
    why="In training mode a picture's features depend on the other pictures of its batch and on chance. Kept once and "
    "used a hundred times, they would be one draw, and not what the net says later.",
    another="`body.requires_grad_(False).eval()(x)` needs no `no_grad`: nothing wants a gradient.",
    rtol=1e-4,
    atol=1e-5,
    wrong={
        "in training mode": (
            _in_train_mode,
            "Your body is in training mode: dropout deletes half of the features, and the batch norm takes the mean "
            "and deviation of this batch in the place of its running ones. Switching gradients off does not change "
            "that; the mode is another switch.",
        ),
        "dropout off, batch norm on": (
            _no_dropout_only,
            "The dropout is off, but the batch norm still uses the statistics of this batch.",
        ),
        "normalised again": (
            lambda body, x: (lambda h: (h - h.mean(0)) / (h.std(0) + 1e-5))(features_solution(body, x)),
            "You bring the features to mean 0 and deviation 1 afterwards. Return what the body gives.",
        ),
        "the first layer": (
            lambda body, x: body[0](x).detach(),
            "That is the first layer's output. The features are those at the end of the body.",
        ),
        "before the ReLU": (
            lambda body, x: body[:2].eval()(x).detach(),
            "Negative features: your pictures leave the body before its ReLU.",
        ),
        "own statistics for x": (
            lambda body, x: features_solution(body, (x - x.mean(0)) / (x.std(0) + 1e-5)),
            "You standardise the pictures by their own mean. The body was trained on another scale, and keeps to it.",
        ),
        "a mean over the pictures": (
            lambda body, x: features_solution(body, x).mean(0, keepdim=True).expand(len(x), -1),
            "All your pictures have the same features: there is a mean over the batch.",
        ),
        "probabilities": (
            lambda body, x: features_solution(body, x).softmax(1),
            "Your rows add up to 1. Features are no probabilities; the head reads them as they are.",
        ),
    },
)


# ------------------------------------------------------------------------------------------------- is it a difference
def _paired_oracle(a: Tensor, b: Tensor) -> Tensor:
    gaps = [float(x) - float(y) for x, y in zip(a, b, strict=True)]
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps) / (len(gaps) - 1)
    return torch.tensor([mean, (variance / len(gaps)) ** 0.5])


def paired_solution(a, b):
    gaps = a - b
    return torch.stack([gaps.mean(), gaps.std() / len(gaps) ** 0.5])


def _paired_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    draws = 0.8 + 0.05 * torch.randn(8, generator=g)
    noise = torch.randn(8, generator=g)
    return [(draws + 0.01 + 0.03 * noise, draws), (draws[:5], draws[:5] - 0.04 + 0.01 * noise[:5])]


paired = Exercise(
    "transfer_learning/paired",
    question="`a` and `b` (S,) are the accuracies of two arms, draw by draw: the same labels for both in each draw. "
    "Return a tensor of two numbers: the mean difference a − b, and its standard error.",
    cases=[(torch.tensor([0.90, 0.80, 0.85, 0.95]), torch.tensor([0.88, 0.79, 0.82, 0.91]))],
    hidden=_paired_cases,
    oracle=_paired_oracle,
    solution=paired_solution,
    hints=(
        "A lucky draw of labels is lucky for both arms. In which number does the luck cancel?",
        "Take the differences first, one for each draw. Their mean is the first number.",
        "The standard error of a mean is the standard deviation of what is averaged, divided by the root of how many "
        "there are.",
    ),
    why="A lucky draw of labels is lucky for all arms, most of all with one label a class. In the differences that "
    "cancels, and a lead becomes visible that two error bars side by side would hide.",
    another="`scipy.stats.ttest_rel(a, b)` makes the test of it: the first number over the second.",
    rtol=1e-3,
    atol=1e-5,
    wrong={
        "unpaired": (
            lambda a, b: torch.stack([(a - b).mean(), ((a.var() + b.var()) / len(a)).sqrt()]),
            "Your standard error is that of two arms with draws of their own. Here each draw is shared: take "
            "differences first.",
        ),
        "deviation, not error": (
            lambda a, b: torch.stack([(a - b).mean(), (a - b).std()]),
            "That is how much one difference varies. The mean of S of them varies less, by the root of S.",
        ),
        "divided by S": (
            lambda a, b: torch.stack([(a - b).mean(), (a - b).std() / len(a)]),
            "The error of a mean falls with the root of S, not with S.",
        ),
        "the root of one less": (
            lambda a, b: torch.stack([(a - b).mean(), (a - b).std() / (len(a) - 1) ** 0.5]),
            "Under the root stands S. The S − 1 is already in the standard deviation.",
        ),
        "an interval": (
            lambda a, b: torch.stack([(a - b).mean(), 1.96 * (a - b).std() / len(a) ** 0.5]),
            "That is half of a 95 % interval, nearly two standard errors. One is asked for.",
        ),
        "the variance": (
            lambda a, b: torch.stack([(a - b).mean(), (a - b).var() / len(a)]),
            "That is the square of the standard error. Take the root.",
        ),
        "as if the mean were known": (
            lambda a, b: torch.stack([(a - b).mean(), (a - b).std(correction=0) / len(a) ** 0.5]),
            "Your standard deviation divides the sum of squares by S. The mean is from the same draws, so it is S − 1.",
        ),
        "b minus a": (
            lambda a, b: torch.stack([(b - a).mean(), (a - b).std() / len(a) ** 0.5]),
            "You subtract the other way round: a − b is asked for.",
        ),
        "of absolute differences": (
            lambda a, b: torch.stack([(a - b).abs().mean(), (a - b).abs().std() / len(a) ** 0.5]),
            "You take absolute values. Draws in which b is ahead must count against a.",
        ),
        "of one arm": (
            lambda a, b: torch.stack([(a - b).mean(), a.std() / len(a) ** 0.5]),
            "The mean is right. Your error is that of a alone, with all the luck of the draws in it.",
        ),
    },
)


# ---------------------------------------------------------------------------------------------- what moves when frozen
def _moved_oracle(running: Tensor, batches: Tensor) -> Tensor:
    norm = nn.BatchNorm1d(batches.shape[2])
    with torch.no_grad():
        norm.running_mean.copy_(running)
        for batch in batches:
            norm(batch)
    return norm.running_mean.clone()


def moved_solution(running, batches):
    for batch in batches:
        running = 0.9 * running + 0.1 * batch.mean(0)
    return running


def _moved_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    return [(torch.randn(3, generator=g), 1 + torch.randn(n, 6, 3, generator=g)) for n in (2, 5)]


def _swapped(running: Tensor, batches: Tensor) -> Tensor:
    for batch in batches:
        running = 0.1 * running + 0.9 * batch.mean(0)
    return running


def _added(running: Tensor, batches: Tensor) -> Tensor:
    for batch in batches:
        running = running + 0.1 * batch.mean(0)
    return running


def _all_of_the_new(running: Tensor, batches: Tensor) -> Tensor:
    for batch in batches:
        running = 0.9 * running + batch.mean(0)
    return running


def _no_mean(running: Tensor, batches: Tensor) -> Tensor:
    for batch in batches:
        running = 0.9 * running + 0.1 * batch
    return running


def _last_only(running: Tensor, batches: Tensor) -> Tensor:
    return 0.9 * running + 0.1 * batches[-1].mean(0)


def _from_the_first(running: Tensor, batches: Tensor) -> Tensor:
    """Each batch starts from what was there at the beginning."""
    return 0.9 * running + 0.1 * batches.mean((0, 1))


moved = Exercise(
    "transfer_learning/moved",
    question="A batch norm with `momentum=0.1`, PyTorch's default, holds the running mean `running` (H,). It is in "
    "training mode, and `batches` (N, B, H) pass through it, one after the other. Return the running mean afterwards.",
    cases=[(torch.tensor([1.0, 0.0]), torch.tensor([[[3.0, 1.0], [5.0, 1.0]], [[2.0, 0.0], [2.0, 4.0]]]))],
    hidden=_moved_cases,
    oracle=_moved_oracle,
    solution=moved_solution,
    hints=(
        "No gradient is needed: what does lesson 05 say a batch norm does at every pass in training mode?",
        "It mixes the old running mean with the mean of the batch over its rows. PyTorch's momentum is the share of "
        "the new one.",
        "A loop over the batches; each time nine tenths of the old and one tenth of the batch's mean.",
    ),
    why="After ten batches about a third of the old mean is left, after a hundred nothing to speak of. None of this "
    "asks `requires_grad`: running statistics are buffers, not parameters.",
    another="`torch.nn.BatchNorm1d` itself does it, also under `torch.no_grad()`.",
    rtol=1e-4,
    atol=1e-5,
    wrong={
        "nothing moves": (
            lambda running, batches: running,
            "So it would be in evaluation mode. In training mode every pass mixes in the mean of its batch.",
        ),
        "momentum the other way round": (
            _swapped,
            "You keep a tenth of the old mean. In PyTorch 0.1 is the share of the new one.",
        ),
        "an optimiser's momentum": (
            _all_of_the_new,
            "You keep nine tenths of the old mean and add all of the new one, as an optimiser's momentum does. Here "
            "the two shares add up to 1.",
        ),
        "added up": (
            _added,
            "You add a tenth of each new mean and keep all of the old one. The two shares add up to 1.",
        ),
        "sums for means": (
            lambda running, batches: moved_solution(running, batches.shape[1] * batches),
            "You take the sum over the rows of a batch. Its mean is mixed in.",
        ),
        "the first batch alone": (
            lambda running, batches: moved_solution(running, batches[:1]),
            "Only your first batch counts: a `return` stands inside the loop.",
        ),
        "no mean": (
            _no_mean,
            "The shape shows it: each row of the batch is still there. The mean over the rows is mixed in.",
        ),
        "the last batch alone": (
            _last_only,
            "Only your last batch counts: each step has to start from what the one before left.",
        ),
        "all at once": (
            _from_the_first,
            "You mix in the mean of all batches once. Each batch is mixed in on its own.",
        ),
        "the plain mean": (
            lambda running, batches: batches.mean((0, 1)),
            "That is the mean of all rows. The running mean remembers what it was, and the last batches most.",
        ),
        "a tenth once, n times as much": (
            lambda running, batches: running + 0.1 * (batches.mean(1) - running).sum(0),
            "Every step of yours starts from the mean before all batches. It starts from what the step before left.",
        ),
        "over the units": (
            lambda running, batches: moved_solution(running, batches.mean(2, keepdim=True).expand_as(batches)),
            "You take the mean over the units. The batch norm has a mean for each unit, over the rows.",
        ),
    },
)


# ------------------------------------------------------------------------------------------- as the backbone expects it
MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
"""Of ImageNet's training pictures, red, green and blue, from 0 to 1; published with the weights."""


def _prepare_oracle(pictures: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    planes = [(pictures[..., c].double() / 255 - float(mean[c])) / float(std[c]) for c in range(3)]
    return torch.stack(planes, 1).float()


def prepare_solution(pictures, mean, std):
    x = pictures.permute(0, 3, 1, 2) / 255
    return (x - mean[:, None, None]) / std[:, None, None]


def _prepare_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    sizes = [(2, 4, 5, 3), (3, 3, 3, 3)]  # the square one: a wrong order of axes must fail by its values, too
    return [(torch.randint(0, 256, size, generator=g, dtype=torch.uint8), MEAN, STD) for size in sizes]


def _own_statistics(pictures: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    x = pictures.permute(0, 3, 1, 2) / 255
    return (x - x.mean((0, 2, 3), keepdim=True)) / x.std((0, 2, 3), keepdim=True)


prepare = Exercise(
    "transfer_learning/prepare",
    question="`pictures` (B, H, W, 3) uint8 come from files. The backbone was trained on (B, 3, H, W) floats from 0 to "
    "1, from which `mean` (3,) was subtracted and which were divided by `std` (3,). Return what it expects.",
    cases=[
        (torch.tensor([[[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [128, 128, 128]]]], dtype=torch.uint8), MEAN, STD)
    ],
    hidden=_prepare_cases,
    oracle=_prepare_oracle,
    solution=prepare_solution,
    hints=(
        "Three things have to change: the order of the axes, the range of the values, and their mean and deviation.",
        "`pictures.permute(0, 3, 1, 2)` puts the last axis second. The mean is given on the scale from 0 to 1, so the "
        "range comes first.",
        "Give mean and std two more axes of length 1, `mean[:, None, None]`, so that they meet red, green and blue.",
    ),
    why="The body's weights and statistics belong to pictures on this scale, so the backbone's mean and deviation are "
    "used, not those of your own pictures.",
    another="`course.Backbone(module, mean=..., std=...)` does it for whole folders.",
    rtol=1e-3,
    atol=1e-4,
    wrong={
        "own mean and deviation": (
            _own_statistics,
            "You use the mean and deviation of these pictures. The body knows one scale, that of its own training "
            "pictures.",
        ),
        "values up to 255": (
            lambda pictures, mean, std: (pictures.permute(0, 3, 1, 2) - mean[:, None, None]) / std[:, None, None],
            "Your values reach a thousand. The mean is on a scale from 0 to 1: divide by 255 first.",
        ),
        "divided before subtracting": (
            lambda pictures, mean, std: pictures.permute(0, 3, 1, 2) / 255 / std[:, None, None] - mean[:, None, None],
            "You divide by the deviation and then subtract the mean. Subtract the mean first.",
        ),
        "not normalised": (
            lambda pictures, mean, std: pictures.permute(0, 3, 1, 2) / 255,
            "The axes and the range are right. Mean and deviation are missing.",
        ),
        "axes in the wrong order": (
            lambda pictures, mean, std: prepare_solution(pictures, mean, std).transpose(2, 3),
            "Height and width are exchanged: your pictures lie on their side. In a picture that is not square the "
            "shape shows it.",
        ),
        "viewed, not permuted": (
            lambda pictures, mean, std: (
                (pictures.reshape(len(pictures), 3, *pictures.shape[1:3]) / 255 - mean[:, None, None])
                / std[:, None, None]
            ),
            "The shape is right and the pictures are torn: `reshape` leaves the numbers in their old order. `permute` "
            "moves the axis.",
        ),
        "colours in reverse": (
            lambda pictures, mean, std: prepare_solution(pictures.flip(-1), mean, std),
            "Red and blue are exchanged.",
        ),
        "divided by the variance": (
            lambda pictures, mean, std: (
                (pictures.permute(0, 3, 1, 2) / 255 - mean[:, None, None]) / std[:, None, None].square()
            ),
            "You divide by the square of the deviation. Divide by the deviation itself.",
        ),
        "without the deviation": (
            lambda pictures, mean, std: pictures.permute(0, 3, 1, 2) / 255 - mean[:, None, None],
            "The mean is subtracted. The division by the deviation is missing.",
        ),
        "rounded to 0 and 1": (
            lambda pictures, mean, std: prepare_solution((pictures // 255) * 255, mean, std),
            "`//` rounds down: nearly all your values become 0. Divide by `/`.",
        ),
        "times the deviation": (
            lambda pictures, mean, std: (pictures.permute(0, 3, 1, 2) / 255 - mean[:, None, None]) * std[:, None, None],
            "You multiply by the deviation. Divide, and the result varies by about 1.",
        ),
        "one mean for all colours": (
            lambda pictures, mean, std: (pictures.permute(0, 3, 1, 2) / 255 - mean.mean()) / std.mean(),
            "You use one mean for all three colours. Each channel has its own.",
        ),
    },
)
