"""Lesson 01: what it computes is right, and its claims are false where they should be."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import course_lib as course
from course_lib.claim import claim
from course_lib.feedback import judge
from course_lib.lessons import single_layer as lesson
from course_lib.lessons.single_layer.explorers import FUNCTIONS, ten_pictures
from course_lib.lessons.single_layer.nets import LOOKS, best_line, centred_coffee, reader, rmse, train_with

COFFEE = centred_coffee()
X, Y = COFFEE.train
DIGITS = course.load("digits")
MEAN = rmse(Y.mean(), Y)


def tanh_net(*end):
    return nn.Sequential(*course.MLP(1, 16, 16, 1, activation=nn.Tanh), *end)


# ----------------------------------------------------------------------------------------------- claims, and controls
def lowest(end):
    """RMSE of the luckiest of six nets with an end, divided by that of the mean."""
    runs = course.fit_many(
        lambda: tanh_net(end()),
        COFFEE,
        epochs=800,
        batch_size=140,
        optimizer="adam",
        grid={"lr": [0.01, 0.03]},
        seeds=range(3),
        progress=False,
    )
    return runs["train_loss"][-1].sqrt().min().item() / MEAN


def test_a_final_sigmoid_is_worse_than_the_mean_and_a_linear_end_is_not():
    claim("sigmoid over mean", lowest(nn.Sigmoid), above=1.05)
    with pytest.raises(AssertionError, match="is not above"):
        claim("sigmoid over mean", lowest(nn.Identity), above=1.05)


@pytest.mark.parametrize(("high", "holds"), [(1, True), (5, False)])
def test_the_floor_lies_above_the_mean_for_a_ceiling_of_one_only(high, holds):
    floor = lesson.lowest_rmse(Y, 0, high)
    assert floor == pytest.approx(float(lesson.floor.oracle(Y, 0.0, float(high))), abs=1e-3)
    if holds:
        assert floor > 1.05 * MEAN
        claim("floor", floor, between=(1.32, 1.34))
    else:
        with pytest.raises(AssertionError, match="is not between"):
            claim("floor", floor, between=(1.32, 1.34))


@pytest.mark.parametrize("between", [nn.Identity, nn.ReLU, nn.Tanh])
def test_five_layers_collapse_unless_something_bends_between_them(between):
    torch.manual_seed(0)
    net = course.MLP(1, 16, 16, 16, 16, 1, activation=between)
    course.fit(net, COFFEE, epochs=100, lr=0.01, batch_size=140, optimizer="adam", progress=False)
    W, b = lesson.folded(net)
    gap = (net(X) - (X @ W.T + b)).abs().max()
    if between is nn.Identity:
        claim("largest difference", gap, below=1e-5)
    else:
        with pytest.raises(AssertionError, match="is not below"):
            claim("largest difference", gap, below=1e-5)


def test_the_floor_of_the_loss_belongs_to_two_softmaxes_and_not_to_one():
    perfect, y = torch.eye(10), torch.arange(10)
    claim("lowest loss", f"{F.cross_entropy(perfect, y):.4f}", equals=f"{math.log(math.e + 9) - 1:.4f}")
    with pytest.raises(AssertionError, match="is not 1.4612"):
        claim("lowest loss", f"{F.nll_loss(perfect.log(), y):.4f}", equals="1.4612")


def push(p, times):
    """Slope of the loss along the logit of the right class, of ten, which has the probability p."""
    z = torch.tensor([math.log(9 * p / (1 - p)), *[0.0] * 9], dtype=torch.float64, requires_grad=True)
    shares = torch.softmax(z, 0) if times == 2 else z
    return abs(torch.autograd.grad(F.cross_entropy(shares[None], torch.tensor([0])), z)[0][0].item())


def test_two_softmaxes_push_less_and_least_where_the_net_is_sure_and_wrong():
    assert all(push(p, 2) < push(p, 1) for p in (0.001, 0.1, 0.5, 0.9, 0.99))
    assert push(0.001, 2) < push(0.99, 2) < push(0.5, 2) and push(0.001, 1) > push(0.5, 1) > push(0.99, 1)
    sure_and_wrong = F.cross_entropy(torch.eye(10)[:1], torch.tensor([1])).item()
    assert math.log(10) < sure_and_wrong < math.log(10) + 0.2


def test_plain_sgd_notices_a_second_softmax():
    how = {"epochs": 10, "batch_size": 32, "grid": {"lr": [0.1, 0.3]}, "seeds": range(3), "progress": False}
    once = course.fit_many(lambda: course.MLP(64, 32, 10), DIGITS, **how)
    twice = course.fit_many(lambda: nn.Sequential(*course.MLP(64, 32, 10), nn.Softmax(dim=1)), DIGITS, **how)
    lost = once["val_acc"][-1].median(1).values - twice["val_acc"][-1].median(1).values  # at each rate
    assert (lost > 0.1).all()


def test_a_loss_near_that_of_guessing_does_not_prove_that_nothing_is_known():
    x, y = DIGITS.val
    timid = reader()(x).detach() / 50
    assert F.cross_entropy(timid, y) > 0.9 * math.log(10)
    assert (timid.argmax(1) == y).double().mean() > 0.9


def test_no_ten_shares_are_cheaper_after_a_softmax_than_all_on_one_class():
    torch.manual_seed(0)
    shares = torch.softmax(torch.randn(5000, 10) * torch.logspace(-1, 3, 5000)[:, None], 1)
    assert F.cross_entropy(shares, shares.argmax(1), reduction="none").min() >= math.log(math.e + 9) - 1 - 1e-6


def moves_alone(shifts):
    """Share of steps at which the loss of a reader moves and its accuracy does not."""
    net, (x, y) = reader(), DIGITS.val
    losses, accuracies = [], []
    with torch.no_grad():
        for shift in shifts:
            z = net(x)
            z[:, 8] += shift
            losses.append(F.cross_entropy(z, y))
            accuracies.append((z.argmax(1) == y).double().mean())
    return (torch.stack(accuracies).diff() == 0).double().mean() - (torch.stack(losses).diff() == 0).double().mean()


def test_accuracy_stands_still_for_small_steps_and_not_for_large_ones():
    claim("share", moves_alone(torch.linspace(-3, 3, 1201)), above=0.9)
    with pytest.raises(AssertionError, match="is not above"):
        claim("share", moves_alone(torch.linspace(-3, 3, 8)), above=0.9)


def test_a_silent_relu_end_has_no_gradient_and_a_linear_one_does():
    for seed in range(60):
        torch.manual_seed(seed)
        net = tanh_net(nn.ReLU())
        if net(X).max().item() <= 0:
            break
    else:
        raise AssertionError("none of 60 nets is silent at the start")
    F.mse_loss(net(X)[:, 0], Y).backward()
    assert all(float(p.grad.abs().max()) == 0 for p in net.parameters())
    F.mse_loss(net[:-1](X)[:, 0], Y).backward()
    assert any(float(p.grad.abs().max()) > 0 for p in net.parameters())


# ------------------------------------------------------------------------------------------------ what stands in nets
def test_coffee_is_that_of_the_notebook():
    raw = course.load("coffee")
    assert torch.equal(X, raw.train.x - 13) and torch.equal(Y, raw.train.y)
    assert float(X.min()) >= -5 and float(X.max()) <= 5


def test_no_line_is_better_than_the_best_one():
    slope, offset = best_line(X, Y)
    best = rmse(slope * X[:, 0] + offset, Y)
    for dw, db in ((0.01, 0), (-0.01, 0), (0, 0.02), (0, -0.02)):
        assert rmse((slope + dw) * X[:, 0] + offset + db, Y) > best
    assert best < MEAN == pytest.approx(float(Y.std(correction=0)), rel=1e-5)


@pytest.mark.parametrize("end", ["nothing", "sigmoid", "ReLU", "5 × sigmoid"])
def test_what_is_looked_at_is_what_the_net_says(end):
    curves, errors = train_with(end, 3)
    assert curves.shape == (len(LOOKS), 201) and errors.shape == (len(LOOKS),)
    assert end == "nothing" or curves.min() >= 0
    assert curves.max() <= {"sigmoid": 1, "5 × sigmoid": 5}.get(end, 7)
    hours = np.linspace(-5, 5, 201)
    said = torch.tensor(np.interp(X[:, 0], hours, curves[-1]))
    assert rmse(said, Y) == pytest.approx(errors[-1], abs=0.02)


# ------------------------------------------------------------------------------------------------------------ explorers
def test_the_line_can_be_found_on_the_steps_of_the_sliders():
    line = lesson.Line()
    assert not line.goal(line.result)[0]
    assert line.goal(line.set(slope=-0.19, offset=1.65).result)[0]


def test_the_sigmoid_is_steepest_at_zero_and_the_other_slopes_are_right():
    explorer = lesson.Nonlinearities()
    assert not explorer.goal(explorer.result)[0] and explorer.goal(explorer.set(place=0.0).result)[0]
    for name in FUNCTIONS:
        found = explorer.set(name=name, place=1.3).result
        h = 1e-3
        up, down = (FUNCTIONS[name](torch.tensor(1.3 + d, dtype=torch.float64)) for d in (h, -h))
        assert float(found["slope"][-1]) == pytest.approx(float(up - down) / (2 * h), abs=1e-4)


@pytest.mark.parametrize(("end", "least"), [("nothing", 5), ("5 × sigmoid", 2), ("ReLU", 1), ("sigmoid", 0)])
def test_three_of_the_four_ends_reach_the_goal_and_the_sigmoid_never_does(end, least):
    explorer = lesson.OutputLayer()
    reached = sum(explorer.goal(explorer.set(end=end, seed=seed, steps=600).result)[0] for seed in range(10))
    assert reached >= least if least else reached == 0


def test_output_explorer_shows_the_net_after_the_steps_that_are_chosen():
    explorer, (curves, _errors) = lesson.OutputLayer(end="nothing", seed=0), train_with("nothing", 0)
    for steps in (0, 20, 300, 600):
        shown = explorer.set(steps=steps).result
        assert shown["steps"] == steps and np.array_equal(shown["curve"], curves[LOOKS.index(steps)])
    torch.manual_seed(0)
    untrained = tanh_net()(torch.linspace(-5, 5, 201)[:, None])[:, 0]
    np.testing.assert_allclose(curves[0], untrained.detach(), atol=1e-6)


def test_what_the_misunderstanding_says_is_not_called_close():
    for prediction, truth, value in (
        (lesson.ending, 1.36, 1.24),
        (lesson.ending, 1.36, 1.11),
        (lesson.doubled, 1.46, 2.3),
        (lesson.corners, 0, 4),
    ):
        assert prediction.judge(value, truth)[1] != "close"


def test_a_constant_changes_no_probability_and_the_temperature_no_order():
    explorer = lesson.Temperature(picture=1, constant=0)
    before = explorer.result
    after = explorer.set(constant=20).result
    assert np.allclose(after["logits"], before["logits"] + 20, atol=1e-4)
    assert np.allclose(after["probabilities"], before["probabilities"], atol=1e-5)
    hot = explorer.set(temperature=20).result
    assert (hot["probabilities"].argsort() == before["probabilities"].argsort()).all()
    assert hot["probabilities"].max() < before["probabilities"].max()


@pytest.mark.parametrize("picture", [2, 5, 10])
def test_one_half_can_be_reached_by_temperature(picture):
    explorer = lesson.Temperature(picture=picture)
    assert any(explorer.goal(explorer.set(temperature=float(T)).result)[0] for T in np.logspace(-1.3, 1.3, 101))


def test_every_logit_is_negative_when_the_temperature_explorer_opens():
    result = lesson.Temperature().result
    assert result["logits"].max() < 0 and result["probabilities"].max() > 0.5


def test_pictures_go_from_doubt_to_certainty():
    x, _y = ten_pictures()
    sure = reader()(x).softmax(1).max(1).values
    assert len(x) == 10 and (sure.diff() > 0).all()


# ------------------------------------------------------------------------------------------------------------ exercises
def test_softmax_that_overflows_is_told_so():
    def learner(z, T):
        powers = torch.exp(z / T)
        return powers / powers.sum(dim=-1, keepdim=True)

    outcome = judge(lesson.softmax, learner)
    assert outcome.misconceptions == ("overflow",) and "nan" in outcome.message


def one_maximum(z, T):
    powers = torch.exp((z - z.max()) / T)
    return powers / powers.sum(1, keepdim=True)


def one_maximum_in_double(z, T):
    return one_maximum(z.double(), T).float()


def only_above_500(z, T):
    powers = torch.exp((z - 1000 * (z.max() > 500)) / T)
    return powers / powers.sum(1, keepdim=True)


@pytest.mark.parametrize("learner", [one_maximum, one_maximum_in_double, only_above_500])
def test_one_maximum_for_the_whole_table_is_not_enough(learner):
    outcome = judge(lesson.softmax, learner)
    assert outcome.kind == "not yet" and outcome.misconceptions == ("one maximum for all",)


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (lesson.linear, F.linear),
        (lesson.cross_entropy, lambda z, y: F.cross_entropy(z, y)),
        (lesson.softmax, lambda z, T: torch.softmax(z / T, -1)),
        (lesson.floor, lambda y, low, high: (torch.relu(y - high) + torch.relu(low - y)).square().mean().sqrt()),
    ],
)
def test_the_other_way_is_right(exercise, answer):
    names = list(exercise.parameters)
    scope = {"answer": answer}
    exec(f"def learner({', '.join(names)}): return answer({', '.join(names)})", scope)
    assert judge(exercise, scope["learner"]).kind == "correct"
