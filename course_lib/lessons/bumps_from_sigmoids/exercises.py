"""What the learner writes in lesson 02, and what is said to the usual wrong answers."""

from __future__ import annotations

import torch
from torch import Tensor

from course_lib.exercise import Exercise


# ---------------------------------------------------------------------------------------------- where a unit's step is
def _place_oracle(w: Tensor, b: Tensor) -> Tensor:
    """Bisection: the hour at which each unit's weighted sum changes its sign."""
    places = []
    for slope, shift in zip(w.double(), b.double(), strict=True):
        low, high = -1e3, 1e3
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if (slope * middle + shift) * slope < 0 else (low, middle)
        places.append(low)
    return torch.tensor(places, dtype=w.dtype)


def place_solution(w, b):
    return -b / w


def _place_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    cases = []
    for n in (1, 3, 8):
        w = (0.5 + 9 * torch.rand(n, generator=g)) * torch.where(torch.rand(n, generator=g) < 0.3, -1.0, 1.0)
        cases.append((w, -w * (18 - 24 * torch.rand(n, generator=g))))  # some steps lie before hour 0
    return cases


place = Exercise(
    "bumps_from_sigmoids/place",
    question="`w` and `b` are tensors (H,), one entry for each unit, which says sigmoid(w · hour + b). At which hour "
    "does each unit's step lie? Return a tensor (H,).",
    cases=[(torch.tensor([2.0, 8.0, 4.0]), torch.tensor([-18.0, -84.0, 12.0]))],
    hidden=_place_cases,
    oracle=_place_oracle,
    solution=place_solution,
    hints=(
        "The middle of the step is where the unit says 0.5. What is the weighted sum there?",
        "sigmoid(0) is 0.5, so the place is the hour at which w · hour + b is 0.",
        "Solve w · hour + b = 0 for the hour. Mind the sign.",
    ),
    why="Two numbers, two meanings: w says how steep, −b/w says where. Training changes w and b, so it moves places "
    "by that detour only.",
    another="`b / -w` is the same. With w = 0 there is no place at all.",
    wrong={
        "the sign": (
            lambda w, b: b / w,
            "Put your hour into w · hour + b: the two halves add up, they do not cancel. A sign is missing.",
        ),
        "the bias": (
            lambda w, b: b,
            "b alone is the weighted sum at hour 0. How far the step is from there depends on w, too.",
        ),
        "minus the bias": (
            lambda w, b: -b,
            "That is the place only where w is 1. A larger w reaches 0 sooner, and a negative one turns the sign: "
            "divide by w.",
        ),
        "a product": (
            lambda w, b: w * b,
            "A larger w brings the step nearer to hour 0, and your product takes it farther away.",
        ),
        "the bias of a place": (
            lambda w, b: -w * b,
            "b = −w · place gives the bias of a place. Here the bias is known: solve for the place.",
        ),
        "the sign of w": (
            lambda w, b: -b / w.abs(),
            "With a negative w the sign turns round once more: w belongs in the division as it is.",
        ),
        "without its sign": (
            lambda w, b: (b / w).abs(),
            "A step can lie before hour 0, too. Do not throw the sign away: it comes from w and b.",
        ),
        "upside down": (
            lambda w, b: -w / b,
            "That is one over the place. Solve for the hour once more.",
        ),
    },
)


# ---------------------------------------------------------------------------------------------------------- one bump
def _bump_oracle(x: Tensor, left: float, right: float, w: float, height: float) -> Tensor:
    values = [height * (_step(w * (hour - left)) - _step(w * (hour - right))) for hour in x.double()]
    return torch.stack(values).to(x.dtype)


def _step(z: Tensor) -> Tensor:
    return (1 + torch.tanh(z / 2)) / 2


def bump_solution(x, left, right, w, height):
    return height * (torch.sigmoid(w * (x - left)) - torch.sigmoid(w * (x - right)))


def _bump_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    cases = []
    for n in (5, 9, 30):
        left, length, w, height = (torch.rand(4, generator=g) * torch.tensor([7, 1.5, 3, 4]) + 0.5).tolist()
        cases.append((8 + 10 * torch.rand(n, generator=g), 8 + left, 8 + left + length, w, height))
    return cases


bump = Exercise(
    "bumps_from_sigmoids/bump",
    question="Draw one bump from two sigmoid units of steepness `w`: it rises at hour `left`, falls at hour `right`, "
    "and each unit steps by `height`. `x` is a tensor (N,) of hours; return a tensor (N,).",
    cases=[(torch.tensor([9.8, 10.5, 12.0]), 10.0, 11.0, 6.0, 4.8)],
    hidden=_bump_cases,
    oracle=_bump_oracle,
    solution=bump_solution,
    hints=(
        "Which unit steps up at `left`? Which one takes the step back at `right`?",
        "A step at the place p is sigmoid(w · (x − p)). One of the two counts positively, the other negatively.",
        "Take the unit at `left`, subtract the unit at `right`, and multiply what is left by `height`.",
    ),
    why="The two outgoing weights are +height and −height. An output layer can add and subtract, and that is all "
    "a bump needs.",
    another="With tanh: `height / 2 * (torch.tanh(w / 2 * (x - left)) - torch.tanh(w / 2 * (x - right)))`.",
    wrong={
        "added": (
            lambda x, left, right, w, height: height * (torch.sigmoid(w * (x - left)) + torch.sigmoid(w * (x - right))),
            "You add the two steps: a staircase. It never comes down again.",
        ),
        "one unit": (
            lambda x, left, right, w, height: height * torch.sigmoid(w * (x - left)),
            "Your curve rises and never comes down. A second unit has to take the step back at `right`.",
        ),
        "hard edges": (
            lambda x, left, right, w, height: height * ((x > left) & (x < right)).to(x.dtype),
            "You draw a box with hard edges. A sigmoid unit rises as softly as `w` says: `torch.sigmoid`.",
        ),
        "a hole": (
            lambda x, left, right, w, height: height * (torch.sigmoid(w * (x - right)) - torch.sigmoid(w * (x - left))),
            "You dig a hole. The unit that steps first has to count positively.",
        ),
        "weight on the hour only": (
            lambda x, left, right, w, height: height * (torch.sigmoid(w * x - left) - torch.sigmoid(w * x - right)),
            "w · x − left is 0 at the hour left / w. The weight multiplies the whole distance to the edge.",
        ),
        "no steepness": (
            lambda x, left, right, w, height: height * (torch.sigmoid(x - left) - torch.sigmoid(x - right)),
            "`w` has no effect in your function: all your bumps are equally soft.",
        ),
        "a product": (
            lambda x, left, right, w, height: height * torch.sigmoid(w * (x - left)) * torch.sigmoid(w * (right - x)),
            "You multiply two units. It looks like a bump, but an output layer can only add its inputs, each with a "
            "weight.",
        ),
        "a falling unit added": (
            lambda x, left, right, w, height: (
                height * (torch.sigmoid(w * (x - left)) + torch.sigmoid(-w * (x - right)))
            ),
            "The shape is right, but everything lies `height` too high: a falling unit says yes all morning. "
            "Subtract a rising one instead.",
        ),
        "height once": (
            lambda x, left, right, w, height: height * torch.sigmoid(w * (x - left)) - torch.sigmoid(w * (x - right)),
            "Your curve goes up by `height` and comes down by 1 only. Both outgoing weights need the height.",
        ),
        "no height": (
            lambda x, left, right, w, height: torch.sigmoid(w * (x - left)) - torch.sigmoid(w * (x - right)),
            "The shape is right. `height` is missing.",
        ),
    },
)


# ------------------------------------------------------------------------------------------------------ how many units
def _units_oracle(groups: tuple[int, ...]) -> int:
    """Count the different places of edges, with a gap between two groups."""
    edges, at = set(), 0
    for bumps in groups:
        edges |= set(range(at, at + bumps + 1))
        at += bumps + 2
    return len(edges)


def units_solution(groups):
    return sum(bumps + 1 for bumps in groups)


def _units_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    return [(tuple(torch.randint(1, 9, (n,), generator=g).tolist()),) for n in (2, 3, 5)]


units = Exercise(
    "bumps_from_sigmoids/units",
    question="Bumps that touch share the unit between them. `groups` is a tuple: how many bumps touch in each group. "
    "How many units does the net need? Return an int.",
    cases=[((1, 1, 1),), ((3,),)],
    hidden=_units_cases,
    oracle=_units_oracle,
    solution=units_solution,
    hints=(
        "A unit is a step, and a step is an edge. How many edges do three bumps in a row have?",
        "Where two bumps touch, one step from the first height to the second is enough.",
        "A group of n bumps has n + 1 edges. Add that up over the groups.",
    ),
    why="n bumps apart take 2n units, n bumps in a row n + 1. Counting units needs a drawing, not a slogan.",
    another="`sum(groups) + len(groups)`.",
    counts="units",
    wrong={
        "one each": (
            lambda groups: sum(groups),
            "You count one unit a bump. A unit steps once, and a bump has to come down again.",
        ),
        "two each": (
            lambda groups: 2 * sum(groups),
            "Two units a bump is right for bumps that stand apart. Bumps that touch share an edge.",
        ),
        "one more": (
            lambda groups: sum(groups) + 1,
            "That treats all bumps as one row. Every group has a last edge of its own.",
        ),
        "two a group": (
            lambda groups: 2 * len(groups),
            "You count the outer edges of each group. There are steps between touching bumps, too.",
        ),
    },
)


# -------------------------------------------------------------------------------------- parameters and multiply-adds
def _size_oracle(sizes: tuple[int, ...]) -> tuple[int, int]:
    """Builds the net and counts what is in it."""
    layers = [torch.nn.Linear(a, b, device="meta") for a, b in zip(sizes, sizes[1:], strict=False)]
    parameters = sum(p.numel() for layer in layers for p in layer.parameters())
    return parameters, sum(layer.weight.numel() for layer in layers)


def size_solution(sizes):
    pairs = list(zip(sizes[:-1], sizes[1:], strict=True))
    return sum((a + 1) * b for a, b in pairs), sum(a * b for a, b in pairs)


def _size_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    return [(tuple(torch.randint(1, 40, (n,), generator=g).tolist()),) for n in (3, 4, 6)]


size = Exercise(
    "bumps_from_sigmoids/size",
    question="`sizes` are the widths of an MLP, inputs first, such as (2, 31, 31, 2). Return two ints: how many "
    "parameters it has, and how many multiplications one answer costs.",
    cases=[((1, 32, 1),)],
    hidden=_size_cases,
    oracle=_size_oracle,
    solution=size_solution,
    hints=(
        "Go layer by layer: each one connects all of its inputs with all of its outputs.",
        "A layer from a to b has a · b weights and b biases. A weight is used in one multiplication for each answer.",
        "Parameters: the sum of (a + 1) · b over neighbouring widths. Multiplications: the sum of a · b.",
    ),
    why="Parameters are what you store and train, multiplications (each followed by an addition) are what you wait "
    "for. Where layers are wide they are nearly the same number here; in lesson 06 they are far apart.",
    returns=("parameters", "multiplications"),
    another="`sum(p.numel() for p in course.MLP(*sizes).parameters())` counts the first.",
    wrong={
        "no biases": (
            lambda sizes: (sum(a * b for a, b in zip(sizes, sizes[1:], strict=False)),) * 2,
            "You forgot the biases: every unit has one. They are parameters, and cost an addition only.",
        ),
        "changed places": (
            lambda sizes: (
                sum(a * b for a, b in zip(sizes, sizes[1:], strict=False)),
                sum((a + 1) * b for a, b in zip(sizes, sizes[1:], strict=False)),
            ),
            "The two numbers have changed places: parameters first.",
        ),
        "additions counted": (
            lambda sizes: (
                sum((a + 1) * b for a, b in zip(sizes, sizes[1:], strict=False)),
                2 * sum(a * b for a, b in zip(sizes, sizes[1:], strict=False)),
            ),
            "You counted the additions as well. Only the multiplications are asked for.",
        ),
        "no bias at the end": (
            lambda sizes: (
                sum((a + 1) * b for a, b in zip(sizes, sizes[1:], strict=False)) - sizes[-1],
                sum(a * b for a, b in zip(sizes, sizes[1:], strict=False)),
            ),
            "The outputs have a bias each, too.",
        ),
        "biases multiply": (
            lambda sizes: (sum((a + 1) * b for a, b in zip(sizes, sizes[1:], strict=False)),) * 2,
            "A bias is added, not multiplied. Leave the biases out of the second number.",
        ),
        "a bias an input": (
            lambda sizes: (
                sum(a * (b + 1) for a, b in zip(sizes, sizes[1:], strict=False)),
                sum(a * b for a, b in zip(sizes, sizes[1:], strict=False)),
            ),
            "You gave each input of a layer a bias. A layer has one bias for each of its outputs.",
        ),
        "a bias a layer": (
            lambda sizes: (
                sum(a * b + 1 for a, b in zip(sizes, sizes[1:], strict=False)),
                sum(a * b for a, b in zip(sizes, sizes[1:], strict=False)),
            ),
            "You gave each layer one bias. Each unit of the layer has one.",
        ),
        "hidden layers only": (
            lambda sizes: (
                sum((a + 1) * b for a, b in zip(sizes[:-2], sizes[1:-1], strict=True)),
                sum(a * b for a, b in zip(sizes[:-2], sizes[1:-1], strict=True)),
            ),
            "The output layer is missing. It has weights and biases as well.",
        ),
        "units": (
            lambda sizes: (sum(sizes[1:]), sum(sizes)),
            "You counted units. What is stored and multiplied are the connections between them.",
        ),
    },
)


# ------------------------------------------------------------------------------------------------------- the fold
def _fold_oracle(x: Tensor) -> Tensor:
    return torch.tensor([2 * v if v < 0.5 else 2 - 2 * v for v in x.tolist()], dtype=x.dtype)


def fold_solution(x):
    return 2 * torch.relu(x) - 4 * torch.relu(x - 0.5)


def _fold_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    return [(torch.rand(n, generator=g),) for n in (3, 8, 40)]


fold = Exercise(
    "bumps_from_sigmoids/fold",
    question="From two ReLU units, make one tooth: 0 at x = 0, up to 1 at x = 0.5, down to 0 at x = 1, in straight "
    "lines. `x` is a tensor (N,) with values from 0 to 1; return a tensor (N,). `torch.relu(x)` is the function.",
    cases=[(torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0]),)],
    hidden=_fold_cases,
    oracle=_fold_oracle,
    solution=fold_solution,
    hints=(
        "One unit draws the rise, from 0 on. The second one starts to act at the middle.",
        "The second unit is relu(x − 0.5). It must undo the rise, and then bring the line down as steeply.",
        "Slope 2 at first. From 0.5 on the slope must be −2, so the second unit changes it by −4.",
    ),
    why="It folds the interval in two: two different inputs get the same output. Whatever comes next is drawn twice.",
    another="`1 - (2 * x - 1).abs()`: the same tooth, without units.",
    wrong={
        "a plateau": (
            lambda x: 2 * torch.relu(x) - 2 * torch.relu(x - 0.5),
            "Your line goes up and stays level. The second unit has to undo the slope and then turn it downwards.",
        ),
        "a low plateau": (
            lambda x: torch.relu(x) - torch.relu(x - 0.5),
            "Your line climbs to one half and stays level. It should climb to 1, and then come down.",
        ),
        "half as steep": (
            lambda x: torch.relu(x) - 2 * torch.relu(x - 0.5),
            "The shape is right. Your tooth is half as high: it has 0.5 of x to climb to 1.",
        ),
        "added": (
            lambda x: 2 * torch.relu(x) + 4 * torch.relu(x - 0.5),
            "Both units push up in your function. The second has to pull down.",
        ),
        "no bend": (
            lambda x: 2 * torch.relu(x),
            "That is the rise alone; it goes on to 2. A second unit has to take over at the middle.",
        ),
    },
)
