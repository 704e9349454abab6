"""What the learner writes in lesson 04, and what is said to the usual wrong answers."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.exercise import Exercise
from course_lib.lessons.backprop.by_hand import NAMES, initial_weights, loss_by_hand, usual_slips

Tape = list[tuple[int, list[tuple[int, float]]]]


# ---------------------------------------------------------------------------------------------------- back along a tape
def _backward_oracle(tape: Tape, n: int) -> Tensor:
    """Every path from a value to the last one, one by one: the product of its slopes, added up over the paths."""
    made = dict(tape)

    def paths(out: int, start: int) -> float:
        if out == start:
            return 1.0
        return sum(slope * paths(value, start) for value, slope in made.get(out, []))

    return torch.tensor([paths(n - 1, value) for value in range(n)])


def backward_solution(tape, n):
    grad = torch.zeros(n)
    grad[-1] = 1
    for out, inputs in reversed(tape):
        for value, slope in inputs:
            grad[value] += slope * grad[out]
    return grad


def _along(tape: Tape, n: int, pass_on: Callable[[Tensor, int, int, float], None]) -> Tensor:
    grad = torch.zeros(n)
    grad[-1] = 1
    for out, inputs in tape:
        for value, slope in inputs:
            pass_on(grad, value, out, slope)
    return grad


def _add(grad: Tensor, value: int, out: int, slope: float) -> None:
    grad[value] += slope * grad[out]


def _overwrite(grad: Tensor, value: int, out: int, slope: float) -> None:
    grad[value] = slope * grad[out]


def _only_add(grad: Tensor, value: int, out: int, slope: float) -> None:
    grad[value] += slope + grad[out]


def _own_share(grad: Tensor, value: int, out: int, slope: float) -> None:
    grad[value] += slope


def _as_they_come(tape: Tape, n: int, *, again: bool) -> Tensor:
    """From the end to whatever is found next, without waiting for what is still to come."""
    made, grad, seen, todo = dict(tape), torch.zeros(n), set(), [n - 1]
    grad[-1] = 1
    while todo:
        out = todo.pop(0)
        if out in seen and not again:
            continue
        seen.add(out)
        for value, slope in made.get(out, []):
            _add(grad, value, out, slope)
            todo.append(value)
    return grad


def _from_zero(tape: Tape, n: int) -> Tensor:
    return torch.zeros(n)


def random_tape(seed: int, inputs: int = 3, made: int = 6) -> tuple[Tape, int]:
    """A tape of sums and products of random numbers, in which values are used several times."""
    g = torch.Generator().manual_seed(seed)
    tape: Tape = []
    for out in range(inputs, inputs + made):
        chosen = [out - 1, *torch.randint(0, out, (2,), generator=g).tolist()]  # the value before, so that all count
        slopes = (torch.randn(3, generator=g) * 1.5).tolist()
        tape.append((out, list(zip(chosen, slopes, strict=True))))
    return tape, inputs + made


# A diamond with one long side: value 1 is used by 2 and by the end, and 2 by 3, so that who hurries comes too early.
DIAMOND = [(1, [(0, 2.0)]), (2, [(1, 3.0)]), (3, [(2, 5.0)]), (4, [(1, 7.0), (3, 1.0)])], 5

backward = Exercise(
    "backprop/backward",
    question="Each value has an index, from 0 to n - 1; the last one is the loss. `tape` lists how they were made, in "
    "that order: `(4, [(1, 7.0), (3, 1.0)])` says that value 4 was computed from value 1, which it follows with slope "
    "7, and from value 3, with slope 1. Return the slope of the loss with respect to every value, as a tensor (n,).",
    cases=[DIAMOND],
    hidden=lambda seed: [random_tape(seed), random_tape(seed + 10, inputs=2, made=4)],
    oracle=_backward_oracle,
    solution=backward_solution,
    hints=(
        "The loss follows itself with slope 1. Whose slope can you find next, and what must be known before it?",
        "Go through the tape from its end. Each line hands slopes from `out` to what it was computed from.",
        "Start with zeros and a 1 at the end. For each input of a line: its slope there, times what `out` has, comes "
        "on top of what the input has already.",
    ),
    why="These few lines are all of backpropagation: one pass over the tape, backwards, whatever was computed on the "
    "way. Nothing in them knows about layers.",
    another="A recursion over all paths gives the same numbers, in a time that can double with every fork. Going "
    "back along the tape touches each line once.",
    wrong={
        "overwritten": (
            lambda tape, n: _along(list(reversed(tape)), n, _overwrite),
            "Where a value is used twice, you keep one of its two slopes and lose the other. What comes back from all "
            "uses adds up.",
        ),
        "from the front": (
            lambda tape, n: _along(tape, n, _add),
            "You go through the tape from the front. There nothing has come back yet: only the last line knows a "
            "slope at the beginning.",
        ),
        "passed on too early": (
            lambda tape, n: _as_they_come(tape, n, again=False),
            "The order is forgotten. Some value hands its slope on before all of its own has arrived, and what comes "
            "later never goes further. Wait until everything computed from a value has had its turn.",
        ),
        "passed on again and again": (
            lambda tape, n: _as_they_come(tape, n, again=True),
            "The order is forgotten. A value that is reached twice hands on everything it has, twice; so the first "
            "share is counted again.",
        ),
        "slopes added": (
            lambda tape, n: _along(list(reversed(tape)), n, _only_add),
            "Along a path slopes multiply. If A moves twice as fast as B, and B three times as fast as C, how fast "
            "does A move with C?",
        ),
        "only the last link": (
            lambda tape, n: _along(list(reversed(tape)), n, _own_share),
            "You add up the slopes to the next values only. The path from there to the loss is missing.",
        ),
        "no 1 at the end": (
            _from_zero,
            "All your slopes are 0, because nothing starts the backward pass. How fast does the loss move with itself?",
        ),
    },
)


# ------------------------------------------------------------------------------------------------------- one layer back
def _layer_oracle(h: Tensor, W: Tensor, dz: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """autograd, on a loss whose slope with respect to the outputs is dz."""
    h, W, b = h.clone().requires_grad_(), W.clone().requires_grad_(), torch.zeros(len(W), requires_grad=True)
    return torch.autograd.grad((F.linear(h, W, b) * dz).sum(), (h, W, b))


def layer_solution(h, W, dz):
    return dz @ W, dz.T @ h, dz.sum(0)


def _layer_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    sizes = ((6, 3, 4), (5, 4, 4), (1, 2, 5), (3, 6, 2))  # B, inputs, outputs
    return [tuple(torch.randn(*s, generator=g) for s in ((b, i), (o, i), (b, o))) for b, i, o in sizes]


layer = Exercise(
    "backprop/layer",
    question="A linear layer made `z = h @ W.T + b` from `h` (B, I), with `W` (O, I) and `b` (O,). `dz` (B, O) holds "
    "the slope of the loss with respect to every number in z. Return `dh` (B, I), `dW` (O, I) and `db` (O,): the "
    "slopes with respect to the numbers in h, W and b.",
    cases=lambda seed: _layer_cases(seed)[:1],
    hidden=lambda seed: _layer_cases(seed + 5),
    oracle=_layer_oracle,
    solution=layer_solution,
    hints=(
        "Begin with the shapes. Each result looks like the thing it belongs to: dW like W, db like b, dh like h.",
        "One weight W[o, i] touches z[r, o] in every row r, each time with the slope h[r, i]. Multiply and add up "
        "over the rows: that is a matrix product.",
        "dh needs a product of `dz` and `W`, dW one of `dz` and `h`; only for one of them is something turned round. "
        "The bias comes in with slope 1 in every row.",
    ),
    why="Two products of matrices and a sum: that is all a layer has to do in the backward pass, and the shapes alone "
    "nearly write it down.",
    another='`torch.einsum("bo,bi->oi", dz, h)` says dW without turning anything round: what is summed over is left '
    "out after the arrow.",
    returns=("dh", "dW", "db"),
    wrong={
        "dW turned": (
            lambda h, W, dz: (dz @ W, h.T @ dz, dz.sum(0)),
            "dW has the shape of W turned round. The rows of W belong to the outputs, and dz knows about the outputs.",
        ),
        "rows not added up": (
            lambda h, W, dz: (dz @ W, dz[:, :, None] * h[:, None, :], dz.sum(0)),
            "There is one matrix for each row of the batch, and the shape has a dimension too many. One W serves all "
            "rows: add up.",
        ),
        "dW averaged": (
            lambda h, W, dz: (dz @ W, dz.T @ h / len(h), dz.sum(0)),
            "You average over the rows. `dz` is the slope of the loss already, whatever the loss does with the rows; "
            "from here on slopes add up.",
        ),
        "db not reduced": (
            lambda h, W, dz: (dz @ W, dz.T @ h, dz.clone()),
            "The shape of db still has the rows in it. The same bias was added in every row: add up over the rows.",
        ),
        "db averaged": (
            lambda h, W, dz: (dz @ W, dz.T @ h, dz.mean(0)),
            "You average db over the rows. Every row pushes the same bias, and the pushes add up.",
        ),
        "W turned": (
            lambda h, W, dz: (dz @ W.T, dz.T @ h, dz.sum(0)),
            "Forward, W was turned round; backward it is not. With a square W no shape complains, so look at "
            "which index is summed over.",
        ),
        "dh from h": (
            lambda h, W, dz: (h @ W.T @ W, dz.T @ h, dz.sum(0)),
            "dh comes from the slopes that arrive, dz, and not from the values that were sent forward.",
        ),
        "all averaged": (
            lambda h, W, dz: (dz @ W, dz.T @ h / len(h), dz.mean(0)),
            "You average dW and db over the rows. If the loss is a mean, its 1/B is in `dz` already.",
        ),
        "everything by B": (
            lambda h, W, dz: (dz @ W / len(h), dz.T @ h / len(h), dz.mean(0)),
            "You divide by B. If the loss is a mean over the rows, its 1/B is in `dz` already.",
        ),
    },
)


# ------------------------------------------------------------------------------- where the backward pass begins: logits
def _logits_oracle(z: Tensor, y: Tensor) -> Tensor:
    z = z.clone().requires_grad_()
    return torch.autograd.grad(F.cross_entropy(z, y), z)[0]


def logits_solution(z, y):
    p = z.softmax(1)
    p[torch.arange(len(y)), y] -= 1
    return p / len(y)


def _logits_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    return [
        (torch.randn(b, k, generator=g) * 2, torch.randint(k, (b,), generator=g)) for b, k in ((4, 3), (7, 10), (5, 5))
    ]


def _right(z: Tensor, y: Tensor) -> Tensor:
    return F.one_hot(y, z.shape[1]).to(z)


def _all_right_columns(z: Tensor, y: Tensor) -> Tensor:
    p = z.softmax(1)
    p[:, y] -= 1
    return p / len(y)


def _right_rows(z: Tensor, y: Tensor) -> Tensor:
    p = z.softmax(1)
    p[y] -= 1
    return p / len(y)


logits = Exercise(
    "backprop/logits",
    question="`z` (B, K) holds logits, `y` (B,) the right classes. The loss is the mean over the B rows of the "
    "cross-entropy after softmax. Return the slope of the loss with respect to every logit, a tensor (B, K).",
    cases=[(torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.5, 0.5]]), torch.tensor([0, 2]))],
    hidden=_logits_cases,
    oracle=_logits_oracle,
    solution=logits_solution,
    hints=(
        "The loss of a row is log(sum of exp(z)) minus the logit of the right class. Take the slope of both terms.",
        "The first term's slope with respect to a logit is that logit's probability p. The second term touches one "
        "logit only.",
        "So: p everywhere, 1 less at the right class. And a mean over B rows gives each row the weight 1/B.",
    ),
    why="What comes back is what was said minus what is true. A class that was said with probability 0.9 and is wrong "
    "gets pushed down by 0.9; where net and truth agree, nothing moves.",
    another="`(z.softmax(1) - torch.nn.functional.one_hot(y, z.shape[1])) / len(y)`.",
    wrong={
        "only p": (
            lambda z, y: z.softmax(1) / len(y),
            "All your slopes are positive, so every class would be pushed down, the right one too. Where does the "
            "truth come in?",
        ),
        "sign": (
            lambda z, y: (_right(z, y) - z.softmax(1)) / len(y),
            "The sign is turned round. Raising the logit of the right class lowers the loss: its slope is negative.",
        ),
        "sum": (
            lambda z, y: z.softmax(1) - _right(z, y),
            "That is the slope of the sum over the rows. The loss is their mean, so each row counts 1/B.",
        ),
        "mean over all": (
            lambda z, y: (z.softmax(1) - _right(z, y)) / z.numel(),
            "You divide by all B times K entries. The loss is a mean over the rows only.",
        ),
        "logits": (
            lambda z, y: (z - _right(z, y)) / len(y),
            "You compare logits with the truth. What the net says are the probabilities after the softmax.",
        ),
        "only the right class": (
            lambda z, y: (z.softmax(1) - 1) * _right(z, y) / len(y),
            "You move the right class only. Raising any other logit takes probability from it, so the others have a "
            "slope, too.",
        ),
        "wrong axis": (
            lambda z, y: (z.softmax(0) - _right(z, y)) / len(y),
            "Your softmax runs down the batch. Each row must share out its own 1 among the classes.",
        ),
        "class numbers": (
            lambda z, y: (z.softmax(1) - y[:, None]) / len(y),
            "You subtract the number of the right class from every probability. y holds numbers of classes; what is "
            "subtracted is a 1, in the column of the right class.",
        ),
        "class numbers, and sum": (
            lambda z, y: z.softmax(1) - y[:, None],
            "You subtract the number of the right class from every probability: subtract a 1 in its column instead. "
            "And the mean over the B rows is still to come.",
        ),
        "class numbers as a row": (
            lambda z, y: z.softmax(1) - y,
            "`y` holds B numbers of classes, and you subtract them as a row; that fits only where B equals K. What is "
            "subtracted is a 1, in each row in the column of its right class.",
        ),
        "one_hot without K": (
            lambda z, y: (z.softmax(1) - F.one_hot(y)) / len(y),
            "`one_hot(y)` makes only as many columns as the largest class in this batch needs. Give it the number of "
            "classes, too.",
        ),
        "rows for columns": (
            _right_rows,
            "`p[y]` takes whole rows: those whose numbers are in `y`. In each row one entry is meant, in the column of "
            "its right class: give rows and columns.",
        ),
        "every right column": (
            _all_right_columns,
            "With `p[:, y]` you take the right columns of all rows from every row. Each row has one right class: name "
            "the row as well.",
        ),
        "sign, and sum": (
            lambda z, y: _right(z, y) - z.softmax(1),
            "Two things: the sign is turned round, and the mean over the B rows is missing.",
        ),
        "slope of p": (
            lambda z, y: z.softmax(1) * (1 - z.softmax(1)) / len(y),
            "p(1 - p) is the slope of a probability with respect to its own logit. The question is that of the loss.",
        ),
    },
)


# ---------------------------------------------------------------------------------------------------- three layers back
SHAPES = {  # name -> B and (D, H1, H2, K)
    "all sizes different": (6, (3, 7, 5, 4)),
    "square layers": (7, (5, 5, 5, 5)),
    "a single row": (1, (4, 6, 5, 3)),
    "a small last batch": (2, (5, 4, 6, 3)),
    "a full batch": (8, (6, 9, 7, 10)),
}


def net_case(seed: int, rows: int, sizes: tuple[int, int, int, int]) -> tuple[Tensor, ...]:
    """x, y, W1, b1, W2, b2, W3, b3 with random numbers."""
    g = torch.Generator().manual_seed(seed)
    x, y = torch.randn(rows, sizes[0], generator=g), torch.randint(sizes[3], (rows,), generator=g)
    return x, y, *initial_weights(sizes, g)


def net_cases(seed: int) -> list[tuple]:
    """One case of every shape."""
    return [net_case(100 * seed + k, *shape) for k, shape in enumerate(SHAPES.values())]


def _net_oracle(
    x: Tensor, y: Tensor, W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor, W3: Tensor, b3: Tensor
) -> tuple[Tensor, ...]:
    weights = [each.clone().requires_grad_() for each in (W1, b1, W2, b2, W3, b3)]
    return torch.autograd.grad(loss_by_hand(x, y, *weights), weights)


def net_solution(x, y, W1, b1, W2, b2, W3, b3):
    z1 = x @ W1.T + b1
    h1 = z1.relu()
    h2 = (h1 @ W2.T + b2).sigmoid()
    dz3 = (h2 @ W3.T + b3).softmax(1)
    dz3[torch.arange(len(y)), y] -= 1
    dz3 = dz3 / len(y)
    dz2 = dz3 @ W3 * h2 * (1 - h2)
    dz1 = dz2 @ W2 * (z1 > 0)
    return dz1.T @ x, dz1.sum(0), dz2.T @ h1, dz2.sum(0), dz3.T @ h2, dz3.sum(0)


net = Exercise(
    "backprop/net",
    question="The net computes `z1`, ReLU, `z2`, sigmoid, `z3` from `x` (B, D); the loss is softmax with cross-entropy "
    "against the classes `y` (B,), mean over the rows. Return its slopes with respect to every weight and bias, "
    "`dW1, db1, dW2, db2, dW3, db3`, each of the shape of what it belongs to.",
    cases=net_cases,
    oracle=_net_oracle,
    solution=net_solution,
    hints=(
        "Go from the last layer to the first, and write down for each: dz, then dW and db, then the dh that goes on. "
        "Leave `...` where you are not yet: what you have is checked all the same.",
        "dz3 is your answer to `logits`, and each layer is your answer to `layer`. Between two layers dh becomes dz: "
        "times the slope of the nonlinearity, number by number.",
        "The slope of ReLU is 1 where z1 is above 0, and 0 elsewhere. The slope of the sigmoid, written with its own "
        "output, is h2 times (1 - h2).",
    ),
    why="You have done by hand what `loss.backward()` does, and checked it number by number. From here on autograd "
    "does the work, and you know what it does.",
    another="Write `layer` and `logits` once as functions and call them three times: any number of layers then takes a "
    "loop, and that loop is what a library does.",
    returns=NAMES,
    wrong=usual_slips(),
    atol=1e-5,
)


# ------------------------------------------------------------------------------------------------- a batch in two parts
def _joined_oracle(g1: Tensor, n1: int, g2: Tensor, n2: int) -> Tensor:
    """The mean over all rows, where every row of a part has that part's mean gradient."""
    return torch.cat([g1.expand(n1, *g1.shape), g2.expand(n2, *g2.shape)]).mean(0)


def joined_solution(g1, n1, g2, n2):
    return (n1 * g1 + n2 * g2) / (n1 + n2)


def _joined_cases(seed: int) -> list[tuple]:
    g = torch.Generator().manual_seed(seed)
    return [
        (torch.randn(s, generator=g), a, torch.randn(s, generator=g), b) for s, a, b in (((3,), 5, 2), ((2, 4), 1, 9))
    ]


joined = Exercise(
    "backprop/joined",
    question="A batch did not fit into the memory, so it went through the net in two parts of `n1` and `n2` rows. `g1` "
    "and `g2` are the gradients of the mean loss of each part. Return the gradient of the mean loss of the "
    "whole batch.",
    cases=[(torch.tensor([1.0, -2.0]), 3, torch.tensor([5.0, 2.0]), 1)],
    hidden=_joined_cases,
    oracle=_joined_oracle,
    solution=joined_solution,
    hints=(
        "Slopes of a sum add up. Which sum is the loss of the whole batch?",
        "`n1 * g1` is the gradient of the sum over the first part. Do the same for the second, and put both together.",
        "Add the two sums and divide by the number of all rows. With equal parts it is the plain mean of g1 and g2.",
    ),
    why="This is what accumulating is good for: gradients add up, so a large batch can be cut into pieces that fit. "
    "The shares of the pieces are the part that people forget.",
    another="Scale each part's loss before its `backward()`: `(loss * n1 / (n1 + n2)).backward()`, twice, and `.grad` "
    "adds up to the same.",
    wrong={
        "sum": (
            lambda g1, n1, g2, n2: g1 + g2,
            "That is what two calls of `backward()` leave in `.grad`. For two equal parts it is twice too large: each "
            "part is divided by its own rows only.",
        ),
        "plain mean": (
            lambda g1, n1, g2, n2: (g1 + g2) / 2,
            "Right for two equal parts. Here a row of the smaller part would count more than one of the larger.",
        ),
        "not divided": (
            lambda g1, n1, g2, n2: n1 * g1 + n2 * g2,
            "That is the gradient of the sum over all rows. The loss is their mean.",
        ),
        "divided twice": (
            lambda g1, n1, g2, n2: (g1 + g2) / (n1 + n2),
            "g1 and g2 are means already, and you divide them by the rows once more. Make each the gradient of a sum "
            "first.",
        ),
        "only the second divided": (
            lambda g1, n1, g2, n2: n1 * g1 + n2 * g2 / (n1 + n2),
            "Division goes first: only the second part is divided. Put the sum into brackets.",
        ),
        "weights exchanged": (
            lambda g1, n1, g2, n2: (n2 * g1 + n1 * g2) / (n1 + n2),
            "Each part gets the share of the other one.",
        ),
        "second part only": (
            lambda g1, n1, g2, n2: g2.clone(),
            "The first part is lost: that is what calling `zero_grad` between the two parts does.",
        ),
    },
)
