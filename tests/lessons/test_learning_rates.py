"""Lesson 03: what it measures is right, and its claims are false where they should be."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

import course_lib as course
from course_lib.claim import claim
from course_lib.lessons import learning_rates as lesson
from course_lib.lessons.learning_rates.explorers import OFF_THE_MAP, height, slope
from course_lib.lessons.learning_rates.measures import largest_dead_share
from tests.lessons.cells import code_cell

RAW = course.load("iris")
SCALED = RAW.standardise()


def net():
    return course.MLP(4, 16, 16, 3)


def ten(rate, epochs=40):
    """The ten nets of the lesson, at any rate: ten starts, one order of batches."""
    runs = []
    for seed in range(10):
        course.seed_everything(seed)
        runs.append(course.fit(net(), RAW, epochs=epochs, lr=rate, batch_size=16, seed=0, progress=False))
    return runs


# ----------------------------------------------------------------------------------------------- claims, and controls
def dead_share(runs):
    return sum(largest_dead_share(run.model, RAW.train.x) == 1 for run in runs) / len(runs)


def spread(runs):
    last = torch.stack([run.history["train_loss"][-1] for run in runs])
    return last.max() - last.min()


def test_dead_nets_at_rate_2_and_living_ones_at_a_hundredth():
    dead, living = ten(2), ten(0.01)
    claim("share of dead nets", dead_share(dead), above=0.8)
    claim("largest difference", spread(dead), below=0.0001)
    with pytest.raises(AssertionError, match="share of dead nets: 0 is not above"):
        claim("share of dead nets", dead_share(living), above=0.8)
    with pytest.raises(AssertionError, match="is not below"):
        claim("largest difference", spread(living), below=0.0001)


def test_overfitting_needs_the_rate_of_the_lesson():
    rates = course.fit_many(
        net, SCALED, epochs=200, batch_size=16, grid={"lr": [0.01, 1.0]}, seeds=range(5), progress=False
    )
    turn = (rates["val_loss"][-1] / rates["val_loss"].min(0).values).median(1).values
    claim("final over lowest", turn[1], above=2)
    with pytest.raises(AssertionError, match="is not above"):
        claim("final over lowest", turn[0], above=2)


@pytest.mark.slow
def test_schedule_beats_the_best_constant_rate_where_it_starts_high_and_only_there():
    def final(rate, seed, *callbacks):
        run = course.fit(net, RAW, epochs=100, lr=rate, batch_size=16, seed=seed, callbacks=callbacks, progress=False)
        return float(run.history["val_loss"][-10:].median())

    steady = [final(0.04, seed) for seed in range(5)]

    def ends_lower(rate):
        low = [final(rate, seed, course.Schedule(lesson.cosine(100))) for seed in range(5)]
        return sum(a < b for a, b in zip(low, steady, strict=True)) / 5

    claim("share that ends lower", ends_lower(0.2), above=0.5)
    with pytest.raises(AssertionError, match="is not above"):
        claim("share that ends lower", ends_lower(0.003), above=0.5)  # there the schedule only takes speed away


def test_claim_about_the_bowl_is_false_for_another_bowl():
    rates = torch.logspace(-2, 0.6, 241)

    def limit(curvature):
        far = [abs(lesson.walk(lambda w: curvature * w, 1.0, float(rate), steps=12)[-1]) for rate in rates]
        return float(rates[torch.tensor(far) > 1].min())

    claim("rate times curvature", 4 * limit(4), between=(1.95, 2.05))
    with pytest.raises(AssertionError, match="is not between"):
        claim("rate times curvature", 4 * limit(2), between=(1.95, 2.05))


def test_standardising_widens_the_window_and_shuffled_columns_do_not():
    """The control: the same numbers in other places have the same curvature, so nothing is gained."""
    rates = torch.logspace(-2, 1, 24)

    def highest(data):
        runs = course.fit_many(net, data, epochs=100, batch_size=16, grid={"lr": rates}, seeds=range(5), progress=False)
        return float(rates[runs["val_loss"][-1].median(1).values < 0.3].max())

    def turned(split):
        return course.Split(split.x[:, [2, 0, 3, 1]], split.y)

    raw = highest(RAW)
    other = course.Data(RAW.name, turned(RAW.train), turned(RAW.val), turned(RAW.test), RAW.classes, RAW.features)
    claim("higher by a factor", highest(SCALED) / raw, above=5)
    with pytest.raises(AssertionError, match="is not above"):
        claim("higher by a factor", highest(other) / raw, above=5)


# ----------------------------------------------------------------------------------------------- the loop is the loop
def test_loop_of_the_lesson_is_what_fit_does():
    names = {}
    exec(code_cell("03_learning_rates", "bare-loop"), {"torch": torch, "course": course, "iris": RAW}, names)
    torch.manual_seed(0)
    by_hand = names["make_net"]()
    torch.manual_seed(5)  # the order of batches
    names["train"](by_hand, *RAW.train, epochs=3, lr=0.1, batch_size=16)
    run = course.fit(names["make_net"], RAW, epochs=3, lr=0.1, batch_size=16, seed=0, progress=False)
    torch.manual_seed(0)
    again = names["make_net"]()
    second = course.fit(again, RAW, epochs=3, lr=0.1, batch_size=16, seed=5, progress=False)
    assert all(torch.equal(a, b) for a, b in zip(by_hand.parameters(), second.model.parameters(), strict=True))
    assert not torch.equal(run.model[0].weight, second.model[0].weight)  # another order, other weights


# ------------------------------------------------------------------------------------------------------------ measures
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("data", [RAW, SCALED], ids=["raw", "standardised"])
def test_largest_curvature_is_the_top_eigenvalue_of_the_hessian(data, seed):
    torch.manual_seed(seed)
    small = course.MLP(4, 5, 3, activation=torch.nn.Tanh)
    x, y = data.train
    shapes = {name: p.shape for name, p in small.named_parameters()}

    def loss(flat):
        parts = flat.split([shape.numel() for shape in shapes.values()])
        weights = {name: part.view(shapes[name]) for name, part in zip(shapes, parts, strict=True)}
        return F.cross_entropy(torch.func.functional_call(small, weights, (x,)), y)

    flat = torch.cat([p.detach().flatten() for p in small.parameters()])
    top = torch.linalg.eigvalsh(torch.autograd.functional.hessian(loss, flat))[-1]
    assert lesson.largest_curvature(small, x, y) == pytest.approx(float(top), rel=0.002)
    assert all(p.grad is None for p in small.parameters())


def test_gradient_noise_falls_with_the_root_of_the_batch_size():
    torch.manual_seed(0)
    model = net()
    noise = [lesson.gradient_noise(model, *SCALED.train, size, batches=400) for size in (4, 16, 64)]
    assert noise[0] / noise[1] == pytest.approx(2, rel=0.15) and noise[1] / noise[2] == pytest.approx(2, rel=0.15)


def test_gradient_noise_of_one_row_is_that_of_the_rows_themselves():
    torch.manual_seed(0)
    model, (x, y) = course.MLP(4, 3), SCALED.train
    rows = []
    for i in range(len(x)):
        loss = F.cross_entropy(model(x[i : i + 1]), y[i : i + 1])
        rows.append(torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(model.parameters()))]))
    rows = torch.stack(rows)
    exact = ((rows - rows.mean(0)) ** 2).sum(1).mean().sqrt() / rows.mean(0).norm()
    assert lesson.gradient_noise(model, x, y, 1, batches=3000) == pytest.approx(float(exact), rel=0.05)


def test_dead_shares_count_units_that_no_row_wakes():
    model = course.MLP(4, 3, 2)
    with torch.no_grad():
        model[0].weight.zero_()
        model[0].bias.copy_(torch.tensor([1.0, -1.0, -2.0]))
    assert lesson.dead_shares(model, RAW.train.x) == {"1": pytest.approx(2 / 3)}
    assert largest_dead_share(course.MLP(4, 3, 2, activation=torch.nn.Tanh), RAW.train.x) == 0


@settings(max_examples=60, deadline=None)
@given(st.floats(0.01, 3), st.floats(0.1, 5), st.integers(0, 20))
def test_walk_on_a_bowl_is_a_power(rate, curvature, steps):
    places = lesson.walk(lambda w: curvature * w, 1.5, rate, steps)
    expected = 1.5 * (1 - rate * curvature) ** np.arange(len(places))
    assert np.allclose(places, expected, rtol=1e-9)
    assert len(places) == steps + 1 or abs(places[-1]) > OFF_THE_MAP


def test_slope_is_the_derivative_of_height():
    theta, h = np.linspace(-4, 4, 41), 1e-6
    assert np.allclose(slope(theta), (height(theta + h) - height(theta - h)) / (2 * h), atol=1e-6)


def test_left_valley_is_deeper_and_can_be_reached_from_the_right_in_fog():
    assert height(np.array(-2.0)) < height(np.array(2.0))
    hiker = lesson.Hiker()
    assert not hiker.goal(hiker.result)[0]
    assert any(hiker.goal(hiker.set(start=3.4, rate=rate).result)[0] for rate in np.linspace(0.4, 0.9, 11))


@pytest.mark.parametrize(("rate", "curvature", "met"), [(0.25, 4, True), (0.5, 4, False), (1, 1, True)])
def test_bowl_is_reached_in_one_step_at_one_over_the_curvature(rate, curvature, met):
    bowl = lesson.Bowl(rate=rate, curvature=curvature)
    assert bowl.goal(bowl.result)[0] is met


def test_round_valley_can_be_done_in_time_and_the_steep_one_cannot():
    def arrives(ratio):
        valley = lesson.Valley()
        return any(valley.goal(valley.set(rate=float(r), ratio=ratio).result)[0] for r in np.logspace(-2, 0.34, 60))

    assert arrives(1.0) and not arrives(14.0)


def test_valley_is_steep_across_and_left_across():
    places = lesson.Valley(rate=0.16, ratio=14.0).result["places"]  # above 2/14, far below 2/1
    along, across = abs(places).T
    assert (along[1:] < along[:-1]).all() and across[-1] > 3


@pytest.mark.parametrize(
    ("rate", "units", "inputs", "met"),
    [(0.1, "ReLU", "standardised", True), (2, "ReLU", "raw", False), (1e-4, "tanh", "raw", False)],
)
def test_rate_explorer_trains(rate, units, inputs, met):
    explorer = lesson.Rate(rate=rate, units=units, inputs=inputs)
    assert explorer.goal(explorer.result)[0] is met
    assert math.isfinite(explorer.result["train_loss"][-1])


@pytest.mark.parametrize(("inputs", "flowers"), [("raw", RAW), ("standardised", SCALED)])
def test_rate_explorer_trains_on_the_flowers_that_are_chosen(inputs, flowers):
    run = course.fit(net, flowers, epochs=100, lr=0.1, batch_size=16, seed=0, progress=False)
    found = lesson.Rate(rate=0.1, inputs=inputs).result
    np.testing.assert_allclose(found["train_loss"], run.history["train_loss"], rtol=1e-6)


def test_quiz_has_one_net_that_learned_and_one_that_did_not_move():
    runs = lesson.run_quiz(net, RAW)
    ends = {name: float(run.history["val_loss"][-1]) for name, run in runs.items()}
    assert ends["C"] < 0.4 < math.log(3) - 0.05 < ends["A"]
    falls = runs["B"].history["val_loss"].diff()
    assert (falls <= 0).all() and falls.sum() > -0.001  # falls all the time, by nearly nothing
