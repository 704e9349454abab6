"""Lesson 05: what it measures is right, and its claims are false where they should be."""

import copy
import math

import nbformat
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import course_lib as course
from course_lib.claim import claim
from course_lib.commands.checkout import ROOT
from course_lib.exercise import CORRECT, NOT_YET
from course_lib.lessons import vanishing_gradients as lesson
from course_lib.lessons.vanishing_gradients.explorers import MOST, there_and_back, unit_net
from course_lib.lessons.vanishing_gradients.nets import ACTIVATIONS
from course_lib.lessons.vanishing_gradients.predictions import NONE
from course_lib.lessons.vanishing_gradients.trained import train_clipped
from tests.lessons.cells import code_cells

DIGITS = course.load("digits")
X, Y = DIGITS.train.x[:64], DIGITS.train.y[:64]


def cell(name):
    return next(each for each in code_cells("05_vanishing_gradients") if each.id == name)


def text(name):
    nb = nbformat.read(ROOT / "notebooks" / "05_vanishing_gradients.ipynb", 4)
    return next(each.source for each in nb.cells if each.id == name)


def net(depth, activation, factor, seed=0, **options):
    torch.manual_seed(seed)
    return lesson.fill(lesson.deep_net(depth, activation, **options), lesson.gain(factor))


def table(depth, activation, factor, **options):
    return lesson.layer_by_layer(net(depth, activation, factor, **options), X, Y)


# ----------------------------------------------------------------------------------------------- claims, and controls
def test_fifty_sigmoid_layers_say_the_same_to_every_digit_and_five_do_not():
    for seed in range(3):
        fifty = table(50, nn.Sigmoid, 1, seed=seed)
        claim("std over everything", float(fifty["std"][49]), between=(0.08, 0.2))
        claim("std of a unit", float(fifty["unit_std"][9]), below=1e-5)
        claim("gradient at the bottom", float(fifty["grad_norm"][0]), below=1e-25)
    tanh = table(50, nn.Tanh, 1)  # the control: another nonlinearity, the same gain
    with pytest.raises(AssertionError, match="is not below"):
        claim("std of a unit", float(tanh["unit_std"][9]), below=1e-5)
    with pytest.raises(AssertionError, match="is not below"):
        claim("gradient at the bottom", float(table(5, nn.Sigmoid, 1)["grad_norm"][0]), below=1e-25)


@pytest.mark.parametrize(
    ("name", "around", "bounds"),
    [("linear", 1, (0.9, 1.1)), ("ReLU", math.sqrt(2), (1.31, 1.51)), ("tanh", 1.1, (0.95, 1.25))],
)
def test_critical_gain_is_where_the_lesson_says_and_belongs_to_its_own_nonlinearity(name, around, bounds):
    steps = [0.8 * around, around - 0.05, around + 0.05, 1.2 * around]
    claim("critical gain", lesson.crossing(steps, lesson.measure_k(name, steps, seeds=range(3))), between=bounds)
    stranger = "ReLU" if name != "ReLU" else "tanh"  # which has a critical gain, of its own
    other = lesson.crossing([0.8, 1, 1.2, 1.6], lesson.measure_k(stranger, [0.8, 1, 1.2, 1.6], seeds=range(1)))
    assert not math.isnan(other)
    with pytest.raises(AssertionError, match="is not between"):
        claim("critical gain", other, between=bounds)


def test_tanh_needs_more_gain_than_a_linear_net_and_less_the_deeper_it_is():
    steps = [0.9, 1, 1.05, 1.1, 1.2, 1.3]
    tanh = {
        depth: lesson.crossing(steps, lesson.measure_k("tanh", steps, depth=depth, seeds=range(3)))
        for depth in (10, 50)
    }
    linear = lesson.crossing(steps, lesson.measure_k("linear", steps, seeds=range(3)))
    claim("tanh minus linear", tanh[50] - linear, above=0.02)
    assert tanh[10] > tanh[50]
    with pytest.raises(AssertionError, match="is not above"):
        claim("linear minus linear", linear - 1, above=0.02)


def test_sigmoid_has_no_critical_gain_up_to_6_and_one_beyond():
    k = lesson.measure_k("sigmoid", [1, 4, 6, 12], seeds=range(3))
    claim("largest k at gain 6", k[2].max(), below=1)
    assert np.isnan(lesson.crossing([1, 4, 6], k[:3])) and 6 < lesson.crossing([1, 4, 6, 12], k) < 12
    with pytest.raises(AssertionError, match="is not below"):
        claim("largest k at gain 12", k[3].max(), below=1)  # the text says so, too


def test_tanh_fades_as_a_power_and_a_linear_net_as_an_exponential():
    def fourfold(name, factor):
        mean = np.exp(np.log(lesson.fading(name, factor, seeds=range(2))).mean(0))
        return float(mean[99] / mean[24])

    claim("what four times the layers leave", fourfold("tanh", 1), above=0.25)
    with pytest.raises(AssertionError, match="is not above"):
        claim("what four times the layers leave", fourfold("linear", 0.95), above=0.25)


def test_normalised_gradients_grow_by_the_root_of_pi_over_pi_minus_1_in_train_mode_only():
    exact = math.sqrt(math.pi / (math.pi - 1))
    for factor in (0.1, 10):
        k, straight = lesson.fit_k(table(50, nn.ReLU, factor, norm=True)["grad_norm"])
        claim("k", k, between=(1.18, 1.24))
        assert k == pytest.approx(exact, abs=0.02) and straight > 0.99
    still = net(50, nn.ReLU, math.sqrt(2), norm=True).eval()  # running averages that have seen nothing change nothing
    with pytest.raises(AssertionError, match="is not between"):
        claim("k", lesson.fit_k(lesson.layer_by_layer(still, X, Y)["grad_norm"])[0], between=(1.18, 1.24))


def accuracy(model, order, size, training=True):
    x, y = lesson.new_digits()
    return float((lesson.answers(model, x, order, size, training=training) == y).double().mean())


def test_order_of_the_pictures_matters_in_train_mode_and_only_there():
    model, (_, y) = lesson.normed_net(), lesson.new_digits()
    by_class, shuffled = y.argsort(stable=True), torch.randperm(400, generator=torch.Generator().manual_seed(0))
    claim("sorted", accuracy(model, by_class, 32), below=0.4)
    for order, training in ((by_class, False), (shuffled, True)):  # eval mode; another order
        with pytest.raises(AssertionError, match="is not below"):
            claim("sorted", accuracy(model, order, 32, training), below=0.4)


@pytest.mark.slow
def test_cut_saves_at_rate_a_tenth_and_hurts_at_a_hundredth():
    def share_lost(rate, limit):
        return np.mean([_final(rate, limit, seed) is None for seed in range(3)])

    def median(rate, limit):
        return np.median([_final(rate, limit, seed) or 0.0 for seed in range(5)])

    claim("saved at 0.1", share_lost(0.1, None) - share_lost(0.1, 1), above=0.5)
    claim("lost at 0.01", median(0.01, None) - median(0.01, 1), above=0.1)
    with pytest.raises(AssertionError, match="is not above"):
        claim("saved at 0.001", share_lost(0.001, None) - share_lost(0.001, 1), above=0.5)
    with pytest.raises(AssertionError, match="is not above"):
        claim("lost with a limit of 1000", median(0.01, None) - median(0.01, 1000), above=0.1)


def _final(rate, limit, seed):
    make = lambda: lesson.fill(lesson.deep_net(10, nn.ReLU, 32), lesson.gain(2.2))  # noqa: E731
    cut = [course.ClipGradNorm(limit)] if limit else []
    run = course.fit(make, DIGITS, epochs=5, lr=rate, batch_size=64, seed=seed, callbacks=cut, progress=False)
    return float(run.history["val_acc"][-1]) if run.stopped == "finished" else None


@pytest.mark.slow
def test_initial_weights_decide_and_normalisation_widens_the_band():
    def best(std, activation, depth, norm=False, rates=(0.1, 0.3)):
        make = lambda: lesson.fill(lesson.deep_net(depth, activation, 32, norm), std)  # noqa: E731
        settings = {"epochs": 5, "batch_size": 64, "progress": False}
        return lesson.best_rate(course.fit_many(make, DIGITS, grid={"lr": rates}, seeds=range(5), **settings))

    small, large = (best(lesson.fixed(std), nn.Tanh, 10).median for std in (0.01, 1.0))
    claim("too small or too large", max(small, large), below=0.3)
    with pytest.raises(AssertionError, match="is not below"):
        claim("Glorot", best(lesson.glorot, nn.Tanh, 10).median, below=0.3)
    narrow = lesson.fixed(0.04)
    assert best(narrow, nn.ReLU, 6, norm=True).median > 0.8 > 0.3 > best(narrow, nn.ReLU, 6).median
    claim("not immune", best(lesson.fixed(10.0), nn.ReLU, 6, norm=True).median, below=0.7)
    lost = best(lesson.fixed(2.0), nn.ReLU, 6)
    assert lost.diverged > 0.5 and np.isnan(lost.acc).all() and lost.median == 0


# ------------------------------------------------------------------------------------------------- the net is the net
def test_net_and_weights_of_the_notebook_are_those_of_the_lesson():
    names = {"torch": torch, "course": course, "math": math}
    exec(cell("net").source, names)
    torch.manual_seed(3)
    mine = names["fill"](names["deep_net"](4, nn.Tanh), names["gain"](1.5))
    theirs = net(4, nn.Tanh, 1.5, seed=3)
    assert [type(layer) for layer in mine] == [type(layer) for layer in theirs]
    assert all(torch.equal(a, b) for a, b in zip(mine.parameters(), theirs.parameters(), strict=True))


@pytest.mark.parametrize(("std", "expected"), [(lesson.glorot, nn.init.xavier_normal_), (lesson.he, None)])
def test_named_initialisations_are_pytorchs(std, expected):
    weight = torch.empty(400, 900)
    expected(weight) if expected else nn.init.kaiming_normal_(weight, nonlinearity="relu")
    assert std(900, 400) == pytest.approx(float(weight.std()), rel=0.01)


# ------------------------------------------------------------------------------------------------------------ measures
@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("factor", [0.7, 1.3])
def test_explorer_sees_what_watch_sees_in_a_net_with_these_weights(name, factor):
    """The explorer multiplies what gain-1 layers put out; the reference is a net whose weights have that gain."""
    explorer = lesson.Depth(units=name, factor=factor, depth=12)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        full = lesson.fill(lesson.deep_net(100, ACTIVATIONS[name]), lesson.gain(factor))
    short = nn.Sequential(*full[:24], full[-1])
    expected = lesson.layer_by_layer(short, X, Y)
    for mine, theirs in (("std", "std"), ("unit_std", "unit_std"), ("norms", "grad_norm")):
        np.testing.assert_allclose(explorer.result[mine], expected[theirs].numpy(), rtol=1e-3, atol=3e-9)


def test_gradients_of_the_explorer_are_those_of_autograd_for_an_input_of_each_layer():
    outs, grads = there_and_back(nn.Tanh(), 1.2, 5)
    h = outs[2].detach().requires_grad_()
    last, y = h, Y
    for layer in unit_net()[6:10:2]:
        last = torch.tanh(1.2 * layer(last))
    F.cross_entropy(1.2 * unit_net()[-1](last), y).backward()
    torch.testing.assert_close(h.grad, grads[2])


@pytest.mark.parametrize("k", [0.5, 0.97, 1.0, 1.21])
def test_k_of_a_power_is_its_base(k):
    norms = 3 * k ** np.arange(40.0)[::-1]  # the last layer first: it grows or shrinks towards the bottom
    assert lesson.fit_k(norms)[0] == pytest.approx(k)
    assert lesson.fit_k(norms)[1] == pytest.approx(1) or k == 1
    assert lesson.fit_k(np.concatenate([[0, 0], norms]))[0] == pytest.approx(k)  # zeros are no part of the line
    assert math.isnan(lesson.fit_k(np.array([0.0, np.nan, np.inf]))[0])


def test_k_of_a_linear_net_is_its_gain_and_that_of_relu_a_root_of_two_less():
    for factor in (0.6, 2.0):
        assert lesson.measure_k("linear", [factor], seeds=range(2)).mean() == pytest.approx(factor, rel=0.02)
        assert lesson.measure_k("ReLU", [factor], seeds=range(2)).mean() == pytest.approx(factor / 2**0.5, rel=0.03)


def test_crossing_lies_between_two_gains_or_nowhere():
    assert lesson.crossing([1, 2, 4], np.array([0.5, 0.9, 1.1])) == pytest.approx(3)
    assert lesson.crossing([1, 2, 4], np.array([[0.4, 0.5, 9.0], [0.9] * 3, [1.1] * 3])) == pytest.approx(3)  # medians
    assert math.isnan(lesson.crossing([1, 2], np.array([0.5, 0.9])))
    assert lesson.nearest_option(math.nan) == lesson.nearest_option(10.5) == NONE
    assert lesson.nearest_option(3.7) == "about 4"


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_products_are_rounded_after_each_factor(dtype):
    for factor in (0.1, 0.73, 3.0):
        value, by_hand = torch.tensor(2.0, dtype=dtype), []
        for _ in range(MOST + 1):
            by_hand.append(float(value))
            value = value * torch.tensor(factor, dtype=dtype)
        assert lesson.products(2, factor, dtype).tolist() == by_hand


def test_asking_in_batches_of_every_kind_leaves_the_net_as_it_was():
    model, (x, y) = lesson.normed_net(), lesson.new_digits()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    order = torch.arange(400)
    for size in (2, 7, 399, 400):  # 399 leaves a single row, which no batch norm takes in train mode
        lesson.answers(model, x, order, size, training=True)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    whole = model.eval()(x).argmax(1)
    assert torch.equal(lesson.answers(model, x, y.argsort(), 7, training=False), whole)
    by_hand = [model.train()(x[k : k + 8]).argmax(1) for k in range(0, 400, 8)]
    model.load_state_dict(before)
    model.eval()
    assert torch.equal(lesson.answers(model, x, order, 8, training=True), torch.cat(by_hand))


def test_a_single_row_is_refused_in_training_mode_with_the_words_of_the_text():
    reader = copy.deepcopy(lesson.normed_net()).train()
    with pytest.raises(ValueError, match="Expected more than 1 value per channel when training"):
        reader(lesson.new_digits()[0][:1])
    assert "(`Expected more than 1 value per channel when training`)" in text("order-read")


# ----------------------------------------------------------------------------------------------------------- explorers
def test_every_nonlinearity_but_the_sigmoid_carries_a_gradient_through_a_hundred_layers():
    depth = lesson.Depth()
    assert not depth.goal(depth.result)[0]

    def reached(name):
        gains = np.concatenate([np.linspace(0.8, 1.6, 33), np.geomspace(1.7, 6, 12)])  # up to the slider's end
        return any(depth.goal(depth.set(units=name, factor=float(g), depth=100).result)[0] for g in gains)

    assert [name for name in ACTIVATIONS if reached(name)] == ["tanh", "ReLU", "linear"]


def test_zeros_and_what_is_not_finite_are_drawn():
    depth = lesson.Depth(units="ReLU", factor=0.3, depth=100)
    odd = depth._moving[3]
    assert (depth.result["norms"] == 0).sum() == len(odd.get_xdata()) > 10
    depth.set(factor=6.0)
    assert np.isnan(depth.result["norms"]).all() and len(odd.get_xdata()) == 100
    low, high = depth.fig.axes[1].get_ylim()
    assert low < np.min(odd.get_ydata()) <= np.max(odd.get_ydata()) < high
    assert "not finite" in depth.describe(depth.result)


def test_slopes_kill_half_of_the_relus_with_a_bias_and_not_with_a_gain():
    slopes = lesson.Slopes()
    assert not slopes.goal(slopes.result)[0]
    assert not slopes.goal(slopes.set(units="ReLU", factor=30.0, bias=0.0).result)[0]
    assert slopes.goal(slopes.set(units="ReLU", factor=1.0, bias=-4.0).result)[0]
    flat = slopes.set(units="sigmoid", factor=0.1, bias=0.0).result
    assert flat["shut"] == 0


def test_a_large_first_number_lets_float16_last_longer_and_a_larger_one_does_not():
    products = lesson.Products(factor=0.1)
    assert not products.goal(products.result)[0]
    assert products.goal(products.set(factor=0.1, first=50_000.0).result)[0]
    overflow = products.set(factor=0.1, first=65_536.0)
    assert not overflow.goal(overflow.result)[0] and overflow.result["dies"]["float16"] == (0, False)


def test_numbers_of_the_text_about_float16():
    lasts = [first for first in range(30_000, 65_520, 100) if lesson.products(first, 0.1, torch.float16)[12] > 0]
    assert lasts == list(range(33_200, 65_520, 100))  # "from about 34,000 on"
    below, there = (lesson.products(first, 1, torch.float16)[0] for first in (65_519, 65_520))
    assert below == 65_504 and there.isinf()


def test_batches_of_one_class_bring_the_net_down():
    batches = lesson.Batches()
    assert not batches.goal(batches.result)[0]
    assert batches.goal(batches.set(mode="net.train()", size=40, order="sorted by class").result)[0]  # 40 of each digit
    for size in (8, 20, 32, 80):  # too easy, too easy, not one class a batch, two of them
        assert not batches.goal(batches.set(mode="net.train()", size=size, order="sorted by class").result)[0]


def test_goals_are_judged_by_the_figures_that_they_show():
    asked = {"mode": "net.train()", "size": 40, "order": "sorted by class"}
    batches, clipping = lesson.Batches(), lesson.Clipping()
    for share, met in ((0.115, True), (0.1175, False)):  # of 400 digits
        assert batches.goal({**asked, "all": share})[0] == met
    for factor, acc, met in ((2.2, 0.4996, True), (2.2, 0.4994, False), (2.1949, 0.9, False), (2.1951, 0.9, True)):
        assert clipping.goal({"factor": factor, "acc": acc})[0] == met


def test_clipping_can_be_brought_to_its_goal_and_lets_short_gradients_pass():
    explorer = lesson.Clipping()
    assert not explorer.goal(explorer.result)[0]
    assert any(explorer.goal(explorer.set(longest=c, rate=r).result)[0] for c in (1.0, 3.0) for r in (0.1, 0.2, 0.3))
    run, norms = train_clipped(1.0, 0.01, 1e4)
    plain = course.fit(
        lambda: lesson.fill(lesson.deep_net(10, nn.ReLU, 32), lesson.gain(1.0)),
        DIGITS,
        epochs=5,
        lr=0.01,
        batch_size=64,
        progress=False,
    )
    assert torch.equal(run.step_loss, plain.step_loss) and norms.max() < 1e4


# ---------------------------------------------------------------------------------------------- other right answers
ANSWERS = {
    "left": [lambda k, layer, depth: math.prod([k] * (depth - layer)), lambda k, layer, depth: k**depth / k**layer],
    "keep": [
        lambda slopes: (slopes.numel() / (slopes**2).sum()) ** 0.5,
        lambda slopes: math.sqrt(slopes.numel()) / slopes.norm(),
    ],
    "dies": [
        lambda dtype: next(k for k in range(400) if lesson.products(1, 0.1, dtype)[k] == 0),
        lambda dtype: int((lesson.products(1, 0.1, dtype) > 0).sum()),
    ],
    "stds": [lambda fan_in, fan_out: (lesson.glorot(fan_in, fan_out), lesson.he(fan_in, fan_out))],
    "clip": [
        lambda a, b, longest: _together(a, b, longest),
        lambda a, b, longest: tuple(g * min(1.0, longest / math.hypot(a.norm(), b.norm())) for g in (a, b)),
    ],
}


def _together(a, b, longest):
    flat = torch.cat([a.flatten(), b.flatten()])
    flat = flat if flat.norm() <= longest else flat / flat.norm() * longest
    return flat[: a.numel()].view_as(a), flat[a.numel() :].view_as(b)


@pytest.mark.parametrize("name", ANSWERS)
def test_other_right_answers_are_accepted(name):
    exercise = getattr(lesson, name)
    scope = {}
    for body in ANSWERS[name]:
        scope["body"] = body
        names = ", ".join(exercise.parameters)
        exec(f"def answer({names}): return body({names})", scope)
        assert exercise.check(scope["answer"]).kind == CORRECT


def test_ten_percent_less_in_a_hundred_layers_is_told_what_it_is():
    outcome = lesson.left.check(lambda k, layer, depth: 1 - (1 - k) * (depth - layer))
    assert outcome.kind == NOT_YET and outcome.misconceptions == ("in proportion",)


@pytest.mark.parametrize("answer", [(0.9, 0.95, 1.31), (1.1, 1.25, 1.51), (1.0, 1.1, 1.41)])
def test_marks_within_the_bounds_of_the_lesson_are_close(answer):
    truth = (1.0, 1.1, math.sqrt(2))
    assert lesson.gains.judge(answer, truth)[1] == "close"
    assert lesson.gains.judge((0.6, 0.6, 2.5), truth)[1] == "surprised"
