"""Lesson 02: its hand-made nets draw what it says, and its claims are false where they should be."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import course_lib as course
from course_lib.claim import claim
from course_lib.controls import Chosen
from course_lib.lessons import bumps_from_sigmoids as lesson
from course_lib.lessons.bumps_from_sigmoids.game import PICKET_FENCE, W
from course_lib.lessons.bumps_from_sigmoids.nets import coffee
from tests.lessons.cells import code_cells

NOTEBOOK = "02_bumps_from_sigmoids"
HOUR, LITRES = coffee()
MEAN = lesson.rmse(LITRES - LITRES.mean())
PLACES = (8.6, 10.5, 12.8, 15.0, 16.5)


def best_line():
    columns = torch.cat([HOUR, torch.ones_like(HOUR)], 1)
    return columns @ torch.linalg.lstsq(columns, LITRES).solution


def error_of(net):
    return lesson.rmse(net(HOUR)[:, 0].detach() - LITRES)


def equal(n, w=None):
    return error_of(lesson.bump_net(*lesson.equal_pieces(n, HOUR, LITRES), w or 2 * n))


def train(optimizer, lr, low, high, *, steps=3000, seeds=(0,)):
    return course.fit_many(
        lambda: course.MLP(1, 32, 1, activation=torch.nn.Sigmoid),
        lesson.coffee_between(low, high),
        epochs=steps,
        batch_size=140,
        optimizer=optimizer,
        grid={"lr": [lr]},
        seeds=seeds,
        progress=False,
    )["train_loss"][-1, 0].sqrt()


# ----------------------------------------------------------------------------------------------- claims, and controls
def test_sgd_draws_the_best_line_and_adam_on_wide_inputs_does_not():
    line = lesson.rmse(best_line() - LITRES)

    def gap(errors):
        return float((errors / line - 1).abs().max())

    claim("gap to the line", gap(train("sgd", 0.05, 0, 1, seeds=(0, 7))), below=0.02)
    wide = train("adam", 0.05, -5, 5)
    claim("share of the line's error", wide[0] / line, below=0.25)
    with pytest.raises(AssertionError, match="is not below"):
        claim("gap to the line", gap(wide), below=0.02)
    with pytest.raises(AssertionError, match="is not below"):
        claim("share of the line's error", train("sgd", 0.05, -5, 5)[0] / line, below=0.25)


def test_eight_equal_bumps_are_on_the_shelf_and_sixteen_are_not():
    claim("share of the mean's", equal(8) / MEAN, above=0.75)
    with pytest.raises(AssertionError, match="is not above"):
        claim("share of the mean's", equal(16) / MEAN, above=0.75)


def test_handover_raises_the_error_with_long_steps_only():
    def change(recipe):
        before, after = lesson.train_built(320, recipe)
        return after["error"] / before["error"]

    claim("after over before", change("SGD 0.1"), above=1.2)
    for recipe in ("SGD 0.01", "Adam 0.01"):
        with pytest.raises(AssertionError, match="is not above"):
            claim("after over before", change(recipe), above=1.2)


def test_places_stay_move_or_leave_the_day():
    def moved(w, recipe):
        before, after = lesson.train_built(w, recipe)
        return float(np.median(np.abs(after["places"] - before["places"])))

    assert moved(1000, "SGD 0.01") < 1e-4 < 1e-3 < moved(100, "Adam 0.01") < 1 / 32 < 0.2 < moved(500, "SGD 0.1")


def test_folding_net_is_the_triangle_wave_and_a_lower_fold_is_not():
    x = torch.linspace(0, 1, 1025).double()[:, None]
    wave = 1 - (2 * ((16 * x) % 1) - 1).abs()
    claim("largest difference", (lesson.fold_net(5)(x) - wave).abs().max(), below=1e-6)
    with pytest.raises(AssertionError, match="is not below"):
        claim("largest difference", (lesson.fold_net(5, height=0.99)(x) - wave).abs().max(), below=1e-6)


def test_one_layer_gains_by_its_own_rate_and_two_layers_by_theirs_not_on_the_easy_spirals():
    """The control: where one layer solves the task at either rate, there is nothing to gain."""

    def gain(data, layers, slow, own):
        make = lambda: course.MLP(2, *layers, 2, activation=torch.nn.Tanh)  # noqa: E731
        options = {"epochs": 160, "batch_size": 120, "optimizer": "adam", "seeds": range(3), "progress": False}
        accuracy = course.fit_many(make, data, grid={"lr": [slow, own]}, **options)["val_acc"][-1]
        return float(accuracy[1].median() - accuracy[0].median())

    claim("gain", gain(course.datasets.spirals(1000, turns=3, noise=0.05), [239], 0.01, 0.3), above=0.15)
    with pytest.raises(AssertionError, match="is not above"):
        claim("gain", gain(course.datasets.spirals(1000, turns=1.75, noise=0.05), [23], 0.01, 0.3), above=0.15)


# ---------------------------------------------------------------- the nets of the notebook and of the package
def names_of(*cells, **given):
    names = {"course": course, "torch": torch, "lesson": lesson, **given}
    for cell in code_cells(NOTEBOOK):
        if cell.id in cells:
            exec(cell.source, names)
    return names


def test_bump_net_of_the_notebook_is_that_of_the_explorer():
    names = names_of("net-by-hand-cell")
    edges, heights = torch.tensor([[9.0, 10.0], [12.0, 12.5]]), torch.tensor([2.0, -1.0])
    assert torch.equal(names["bump_net"](edges, heights, 4.0)(HOUR), lesson.bump_net(edges, heights, 4.0)(HOUR))


def test_training_of_the_explorer_is_that_of_the_notebook():
    """`train_built` keeps all weights in one tensor; the notebook's loop has a net, here without an output bias."""
    train = names_of("train-one", hour=HOUR, litres=LITRES)["train"]
    net = lesson.built_net(100)
    net[2].bias = None
    x = (HOUR - 8) / 10
    train(net, x, LITRES, torch.optim.SGD(net.parameters(), lr=0.01), steps=1000)
    after = lesson.train_built(100, "SGD 0.01")[1]
    assert lesson.rmse(net(x)[:, 0].detach() - LITRES) == pytest.approx(float(after["error"]), rel=1e-3)


# ------------------------------------------------------------------------------------------------------ nets and pieces
@settings(max_examples=40, deadline=None)
@given(st.floats(0.3, 4), st.floats(0.5, 20), st.floats(-3, 5))
def test_a_bump_is_height_times_tanh_high_in_its_middle(d, w, height):
    net = lesson.bump_net(torch.tensor([[13 - d / 2, 13 + d / 2]]), torch.tensor([height]), w)
    middle = float(net(torch.tensor([[13.0]])).detach())
    assert middle == pytest.approx(height * np.tanh(w * d / 4), abs=1e-4)


def test_hand_made_nets_leave_the_random_numbers_alone():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    lesson.bump_net(torch.tensor([[9.0, 10.0]]), torch.tensor([1.0]), 2.0), lesson.fold_net(2)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("n", [1, 5, 64])
def test_equal_pieces_are_the_means_of_their_points(n):
    edges, heights = lesson.equal_pieces(n, HOUR, LITRES)
    assert edges[0, 0] == 8 and edges[-1, 1] == 18 and heights.isfinite().all()
    for (low, high), height in zip(edges, heights, strict=True):
        inside = (HOUR[:, 0] >= low) & (HOUR[:, 0] <= high)
        if inside.any():
            assert float(height) == pytest.approx(float(LITRES[inside].mean()), rel=1e-5)


def test_best_pieces_are_found_by_trying_all():
    x, y = HOUR[::10], LITRES[::10]
    y = y[x[:, 0].argsort()]
    places = range(1, len(y))
    tried = [
        sum(float((part - part.mean()).square().sum()) for part in (y[:i], y[i:j], y[j:]))
        for i in places
        for j in places
        if i < j
    ]
    assert lesson.best_pieces(3, x, LITRES[::10]) == pytest.approx((min(tried) / len(y)) ** 0.5, rel=1e-6)
    assert lesson.best_pieces(1, HOUR, LITRES) == pytest.approx(MEAN, rel=1e-5)


@pytest.mark.parametrize(("place", "height"), [(0.5, 1.0), (0.3, 1.0), (0.7, 0.8), (0.5, 0.5)])
def test_all_teeth_of_the_folding_net_are_found(place, height):
    """On a fine grid no point lies higher, or lower than its neighbours, than what the corners say."""
    result = lesson.Fold(depth=5, place=place, height=height).result
    x = torch.linspace(0, 1, 100_001).double()[:, None]
    fine = lesson.fold_net(5, place, height)(x).detach()[:, 0].numpy()
    np.testing.assert_allclose(np.interp(x[:, 0], result["x"], result["curve"]), fine, atol=1e-4)  # weights are float32


def test_goal_of_the_fold_is_met_by_the_even_fold_alone():
    fold = lesson.Fold()
    assert fold.goal(fold.set(depth=5, height=1.0, place=0.5).result)[0]
    for setting in ({"depth": 5, "height": 0.99}, {"depth": 4}, {"depth": 5, "place": 0.45}):
        assert not fold.goal(fold.set(**{"height": 1.0, "place": 0.5} | setting).result)[0]


@pytest.mark.parametrize(("layers", "budget"), [(1, 1200), (3, 1200), (6, 120), (2, 120)])
def test_widest_net_is_within_the_budget_and_the_next_one_is_not(layers, budget):
    sizes = lesson.widest(layers, budget)
    counted = lambda s: sum(p.numel() for p in course.MLP(*s).parameters())  # noqa: E731
    assert counted(sizes) <= budget < counted([2, *[sizes[1] + 1] * layers, 2])
    with pytest.raises(ValueError, match="3 parameters do not pay for 2 layers"):
        lesson.widest(2, 3)


def test_folding_net_doubles_its_teeth_with_each_layer():
    for depth in range(1, 7):
        result = lesson.Fold(depth=depth, height=1.0).result
        assert len(result["tops"]) == 2 ** (depth - 1) and result["pieces"] == 2**depth


def test_a_line_looks_like_a_line_and_peaks_like_peaks():
    assert lesson.looks_like(best_line()) == "a straight line"
    assert lesson.looks_like(LITRES + 0.1) == "all five peaks"
    assert lesson.looks_like(torch.full_like(LITRES, 1.6)) == "a level line: the mean"


# ------------------------------------------------------------------------------------------------------------ explorers
def best_of_fence(places, width=1.0):
    """RMSE of bumps at these places, with the best heights there are."""
    edges = torch.tensor([[p - width / 2, p + width / 2] for p in places])
    bumps = torch.cat([lesson.bump_net(edge[None], torch.ones(1), W)(HOUR).detach() for edge in edges], 1)
    return lesson.rmse(bumps @ torch.linalg.lstsq(bumps, LITRES).solution - LITRES)


@pytest.mark.parametrize("width", [0.6, 0.8, 1.0, 1.2, 1.5])
def test_game_needs_the_right_places_whatever_the_heights(width):
    assert best_of_fence(PLACES, width) < MEAN / 2
    assert best_of_fence([place for place, _ in PICKET_FENCE], width) > 0.75 * MEAN


def test_game_is_won_with_round_numbers_at_the_breaks():
    rows = tuple(zip(PLACES, (3.0, 4.5, 3.0, 2.0, 2.0), strict=True))
    assert lesson.BumpGame().goal(lesson.BumpGame(bumps=Chosen(0, rows)).result)[0]
    assert not lesson.BumpGame().goal(lesson.BumpGame().result)[0]


def test_game_is_a_net_of_ten_units_and_its_bumps_add_up_to_it():
    result = lesson.BumpGame().result
    assert np.allclose(result["singles"].sum(1), result["sum"], atol=1e-6) and result["error"] > MEAN


@pytest.mark.parametrize(("w", "b", "met"), [(8.0, -84.0, True), (2.0, -21.0, False), (8.0, 84.0, False)])
def test_one_unit_answers_is_it_later_than_half_past_ten(w, b, met):
    unit = lesson.OneSigmoid(w=w, b=b)
    assert unit.goal(unit.result)[0] is met


def test_a_unit_without_weight_has_no_place():
    assert "does not look" in (unit := lesson.OneSigmoid(w=0.0)).describe(unit.result)


@pytest.mark.parametrize(
    ("second", "distance", "w", "met"),
    [("subtracted", 0.9, 9.0, True), ("subtracted", 0.9, 2.0, False), ("added", 0.9, 9.0, False)],
)
def test_a_bump_is_a_difference_of_steep_units(second, distance, w, met):
    two = lesson.TwoSigmoids(second=second, distance=distance, w=w)
    assert two.goal(two.result)[0] is met


def test_construction_can_be_trained_to_the_goal():
    assert (built := lesson.BuiltVsLearned(recipe="Adam 0.01", w=100.0)).goal(built.result)[0]
    assert not built.goal(lesson.BuiltVsLearned().result)[0]


def test_two_units_stand_their_distance_apart():
    explorer = lesson.TwoSigmoids(w=50)
    for distance in (1.0, 4.0):
        found = explorer.set(distance=distance).result
        edges = [float(found["hour"][(found[name] - 0.5).abs().argmin()]) for name in ("one", "two")]
        assert edges == pytest.approx([13 - distance / 2, 13 + distance / 2], abs=0.02)
