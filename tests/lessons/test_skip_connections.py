"""Lesson 07: its claims are false where they should be, and what it measures is right."""

import functools
import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn

import course_lib as course
from course_lib import style
from course_lib.claim import claim
from course_lib.exercise import CORRECT, NOT_YET
from course_lib.lessons import skip_connections as lesson
from course_lib.lessons.skip_connections.chart import Entry
from course_lib.lessons.skip_connections.explorers import gated
from course_lib.lessons.skip_connections.slices import directions
from tests.lessons.cells import code_cells


def cell(name):
    return next(each for each in code_cells("07_skip_connections") if each.id == name)


def losses(depth, **options):
    return np.median(lesson.last_losses(lesson.trained(depth, **options)))


# ----------------------------------------------------------------------------------------------- claims, and controls
def test_a_net_stands_in_the_middle_of_its_square():
    """So that squares and the white line, which goes from net to net, lie on one another."""
    losses = np.arange(441.0).reshape(21, 21) + 0.5
    style.use_style()
    ax = lesson.plot_slices(dict.fromkeys(("plain", "skips, begun at 0", "skips, He"), losses), 0.6)
    ax.figure.canvas.draw()
    assert ax.yaxis.label.get_window_extent().x0 >= 0, "its label is cut"
    image = ax.get_images()[0]
    left, right, bottom, top = image.get_extent()
    centres = left + (right - left) / 21 * (np.arange(21) + 0.5)
    assert np.allclose(centres, np.linspace(-0.6, 0.6, 21)) and (left, right) == (bottom, top)
    explorer = lesson.Slice()
    (left, right, *_), points = explorer._moving[0].get_extent(), len(explorer.result["losses"])
    assert np.isclose(left + (right - left) / points / 2, -1) and explorer.fig.axes[0].get_xlim() == (left, right)


def test_vanished_needs_depth_and_pytorchs_initial_weights():
    ratio = lambda depth, init: lesson.over_depths(lesson.first_gradient, [depth], alpha=0, init=init)[0]  # noqa: E731
    claim("vanished", ratio(32, "torch").max(), below=1e-8)
    assert (ratio(64, "torch") < 1e-20).all() and ratio(64, "torch").all()
    half = [lesson.stack(32, alpha=0) for _ in range(2)]
    for net in half:  # He's weights, half as large: the gradients of the *weights* would not tell
        for layer in net.modules():
            if isinstance(layer, nn.Linear):
                layer.weight.data /= 2
    claim("vanished", max(lesson.first_gradient(net) for net in half), below=1e-8)
    for depth, init in ((32, "he"), (8, "torch")):  # other initial weights; fewer layers
        with pytest.raises(AssertionError, match="is not below"):
            claim("vanished", ratio(depth, init).max(), below=1e-8)
    claim("healthy", ratio(32, "he").min(), above=0.05)


@pytest.mark.slow
def test_degraded_needs_depth_and_no_skip():
    eight, deep, skips = (
        losses(depth, rates=(1e-3,), **options)
        for depth, options in ((8, {"alpha": 0}), (64, {"alpha": 0}), (64, {"zero_start": True}))
    )
    claim("degraded", deep - eight, above=0.5)
    with pytest.raises(AssertionError, match="is not above"):
        claim("degraded", skips - eight, above=0.5)


@pytest.mark.slow
def test_dip_at_eight_layers_belongs_to_one_rate():
    two, eight = (lesson.trained(depth, alpha=0, rates=lesson.RATES) for depth in (2, 8))
    claim("dip", np.median(lesson.last_losses(two, 4e-3)) - np.median(lesson.last_losses(eight, 4e-3)), above=0.05)
    with pytest.raises(AssertionError, match="is not above"):
        claim("dip", np.median(lesson.last_losses(two)) - np.median(lesson.last_losses(eight)), above=0.05)


def test_initial_loss_explodes_unless_branches_begin_at_zero_or_are_normed():
    initial = lambda **options: lesson.over_depths(lesson.untrained_loss, [150], **options)[0]  # noqa: E731
    claim("explodes", initial().min(), above=1e6)
    for remedy in ({"zero_start": True}, {"norm": "before"}, {"norm": "after"}, {"alpha": 0}):
        with pytest.raises(AssertionError, match="is not above"):
            claim("explodes", initial(**remedy).min(), above=1e6)


@pytest.mark.slow
def test_norm_after_the_addition_is_not_the_same_as_before():
    settings = {"rates": (1e-3,), "epochs": 5}
    before, after = (losses(64, norm=norm, **settings) for norm in ("before", "after"))
    assert before < 1 < 1.5 < after


@pytest.mark.slow
def test_gate_matters_with_a_norm_in_the_branch_and_not_without():
    gain = lambda norm: losses(32, alpha=0.0, norm=norm, epochs=4) - losses(32, alpha=1.0, norm=norm, epochs=4)  # noqa: E731
    claim("gate", gain("before"), above=0.5)
    with pytest.raises(AssertionError, match="is not above"):
        claim("gate", gain(None), above=0.5)


def test_residual_blocks_can_go_and_run_backwards_plain_ones_cannot():
    nets = {kind: [lesson.readers(kind).model(seed=seed) for seed in range(3)] for kind in ("plain", "residual")}
    operations = [lesson.without(3), lesson.swapped(3), lesson.reversed_order()]
    for order in operations:
        claim("reads on", min(lesson.accuracy(net, order) for net in nets["residual"]), above=0.65)
        with pytest.raises(AssertionError, match="is not above"):
            claim("reads on", max(lesson.accuracy(net, order) for net in nets["plain"]), above=0.65)
    first, last = ([lesson.accuracy(net, order) for net in nets["residual"]] for order in ([0, 1, 2], [5, 6, 7]))
    assert np.mean(first) > np.mean(last)  # the text says so


@pytest.mark.slow
def test_it_is_the_skip_and_not_the_norm_that_lets_blocks_run_backwards():
    for options, reads in (({"alpha": 0, "norm": "before"}, False), ({"zero_start": True}, True)):
        runs = lesson.trained(18, width=64, rates=(1e-3,), **options)
        accuracy = [lesson.accuracy(runs.model(seed=seed), lesson.reversed_order()) for seed in range(3)]
        assert all((each > 0.65) == reads and (each < 0.3) != reads for each in accuracy), options


@pytest.mark.slow
def test_without_the_zero_start_blocks_depend_on_each_other():
    runs = lesson.trained(18, width=64, norm="before", rates=(1e-3,))
    nets = [runs.model(seed=seed) for seed in range(3)]
    with pytest.raises(AssertionError, match="is not above"):
        claim("reads on", max(lesson.accuracy(net, lesson.reversed_order()) for net in nets), above=0.65)
    assert max(lesson.some_gone(net, 4) for net in nets) < 0.5 and lesson.accuracy(nets[0], lesson.without()) > 0.9


@pytest.mark.slow
def test_plain_layers_that_begin_as_the_identity_learn_nearly_as_well():
    """What the plus sign does is mostly a matter of where training starts: the text says so."""
    by_hand, plain, skips = (
        losses(32, rates=(4e-3,), **options)
        for options in ({"alpha": 0, "identity": True}, {"alpha": 0}, {"zero_start": True})
    )
    claim("by hand", plain / by_hand, above=2)
    assert by_hand < skips + 0.15
    x = lesson.some_digits()[0]
    begun = lesson.stack(32, alpha=0, identity=True)
    torch.testing.assert_close(begun.blocks(begun.stem(x)), begun.stem(x))


@pytest.mark.slow
def test_a_slice_with_skips_and_he_weights_is_no_wider_than_a_plain_one():
    share = {}
    for name, options in (("plain", {"alpha": 0}), ("He", {}), ("zero", {"zero_start": True})):
        runs = lesson.trained(8, rates=(4e-3,), **options)
        slices = [lesson.loss_slice(runs.model(seed=seed), span=0.6, points=11) for seed in range(3)]
        share[name] = np.mean([lesson.better_than_guessing(each) for each in slices])
    claim("wider", share["He"] - share["plain"], below=0.15)
    with pytest.raises(AssertionError, match="is not below"):
        claim("wider", share["zero"] - share["plain"], below=0.15)


@pytest.mark.slow
def test_slice_is_wide_with_skips_and_narrow_without():
    plain, skips = (lesson.trained(8, **each, rates=(4e-3,)) for each in ({"alpha": 0}, {"zero_start": True}))
    share = lambda runs, seed, span: lesson.better_than_guessing(  # noqa: E731
        lesson.loss_slice(runs.model(seed=seed), span=span, points=11)
    )
    for seed in range(3):
        claim("wider", share(skips, seed, 0.6) - share(plain, seed, 0.6), above=0.1)
        with pytest.raises(AssertionError, match="is not above"):
            claim("wider", share(skips, seed, 0.05) - share(plain, seed, 0.05), above=0.1)


# ------------------------------------------------------------------------------------------------- the net is the net
def test_block_of_the_notebook_is_that_of_the_stack():
    names = {"torch": torch}
    exec(cell("skip-code").source, names)
    for alpha in (0.0, 0.4, 1.0):
        theirs = lesson.stack(8, alpha=alpha).blocks[0]
        mine = names["Block"](32, alpha)
        mine.load_state_dict(theirs.state_dict())
        x = torch.randn(5, 32)
        torch.testing.assert_close(mine(x), theirs(x))


def test_resnet_of_the_notebook_is_resnet18():
    names = {"torch": torch, "course": course, "lesson": lesson}
    exec(cell("build").source, names)
    torch.manual_seed(0)
    small = {"classes": 7}
    mine, theirs = course.ResNet(names["BasicBlock"], (2, 2, 2, 2), **small), course.resnet18(**small)
    pairs = zip(mine.state_dict().values(), theirs.state_dict().values(), strict=True)
    mine.load_state_dict(dict(zip(mine.state_dict(), (b for _, b in pairs), strict=True)))
    x = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(mine.eval()(x), theirs.eval()(x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("depth", [1, 3, 0, 8.0, True])
def test_stack_refuses_depths_that_two_layer_blocks_do_not_make(depth):
    with pytest.raises(ValueError, match=f"depth is {depth}"):
        lesson.stack(depth)


# ------------------------------------------------------------------------------------------------------------ measures
def test_first_gradient_is_that_of_backward():
    net = lesson.stack(8, norm="before")
    x, y = lesson.some_digits()
    first = net.stem(x).detach().requires_grad_()
    last = net.blocks(first).detach().requires_grad_()
    nn.functional.cross_entropy(net.head(last), y).backward()
    (down,) = torch.autograd.grad(net.blocks(first), first, last.grad)
    assert lesson.first_gradient(net) == pytest.approx(float(down.norm() / last.grad.norm()), rel=1e-4)


def test_best_rate_is_chosen_by_the_median_and_a_diverged_run_counts_as_worst():
    class Fake(dict):
        axes = {"lr": torch.tensor([0.1, 0.2], dtype=torch.float64)}

    last = torch.tensor([[[0.5, 0.6, 0.7], [0.1, torch.nan, torch.nan]]])
    runs = Fake(train_loss=last)
    assert lesson.last_losses(runs).tolist() == pytest.approx([0.5, 0.6, 0.7])
    assert lesson.last_losses(runs, 0.2).tolist() == pytest.approx([0.1, math.inf, math.inf])


def test_orders_name_each_block_once():
    assert lesson.without() == list(range(8)) and lesson.without(2, 7) == [0, 1, 3, 4, 5, 6]
    assert lesson.swapped(0)[:3] == [1, 0, 2] and lesson.swapped(6)[-2:] == [7, 6]
    assert lesson.reversed_order()[0] == 7


def test_surgery_leaves_the_net_as_it_was_and_the_whole_order_is_the_net():
    net = lesson.readers("residual").model(seed=0)
    x, y = lesson.new_digits()
    whole = float((net(x).argmax(1) == y).double().mean())
    lesson.accuracy(net, lesson.reversed_order())
    assert lesson.accuracy(net, lesson.without()) == whole


def test_slice_is_the_loss_of_nets_whose_weights_were_moved():
    net = lesson.stack(4)
    losses = lesson.loss_slice(net, span=0.5, seed=3, rows=50, points=3)
    x, y = lesson.some_digits(50)
    (first, second), before = directions(net, 3), {name: w.detach().clone() for name, w in net.named_parameters()}
    for (row, b), (column, a) in itertools.product(enumerate((-0.5, 0, 0.5)), repeat=2):
        moved = {name: w + a * first[name] + b * second[name] for name, w in before.items()}
        net.load_state_dict(moved)
        expected = float(nn.functional.cross_entropy(net(x), y).detach())
        assert float(losses[row, column]) == pytest.approx(expected, rel=1e-4)


def test_directions_are_as_long_as_the_weights_unit_by_unit():
    net = lesson.stack(4)
    for way in directions(net, 0):
        torch.testing.assert_close(way["stem.0.weight"].norm(dim=1), net.stem[0].weight.detach().norm(dim=1))
        assert not way["stem.0.bias"].any()


def test_lengths_are_counted_path_by_path():
    blocks, slope = 6, 0.3
    paths, carried = np.zeros(blocks + 1), np.zeros(blocks + 1)
    for path in itertools.product((0, 1), repeat=blocks):
        paths[sum(path)] += 1 / 2**blocks
        carried[sum(path)] += slope ** sum(path) / (1 + slope) ** blocks
    found = lesson.lengths(blocks, slope)
    np.testing.assert_allclose(found[0], paths, rtol=1e-9)
    np.testing.assert_allclose(found[1], carried, rtol=1e-9)


def test_chart_says_for_every_entry_where_its_number_stands():
    table = lesson.depth_table()
    assert [entry.error for entry in table] == [28.2, 25.8, 16.4, 11.7, 7.3, 6.7, 3.57]
    assert [entry.layers for entry in table] == [0, 0, 8, 8, 19, 22, 152]
    assert all(isinstance(entry, Entry) and len(entry.source) > 10 for entry in table)


# ----------------------------------------------------------------------------------------------------------- explorers
def test_gate_sees_the_gradients_of_the_net_itself():
    explorer = lesson.Gate(alpha=0.5, norm="before")
    net = gated("before", False)
    for block in net.blocks:
        block.alpha = 0.5
    x, y = lesson.some_digits(64)
    outs = []
    hooks = [block.register_forward_hook(lambda _block, _h, out: outs.append(out)) for block in net.blocks]
    loss = nn.functional.cross_entropy(net(x), y)
    for hook in hooks:
        hook.remove()
    assert explorer.result["loss"] == pytest.approx(float(loss.detach()), rel=1e-5)
    sizes = [float(out.detach().double().square().mean().sqrt()) for out in outs]
    grads = [float(grad.double().norm()) for grad in torch.autograd.grad(loss, outs)]
    assert sizes == pytest.approx(explorer.result["sizes"], rel=1e-4)
    assert grads == pytest.approx(explorer.result["grads"], rel=1e-4) and grads[0] != pytest.approx(grads[-1], rel=0.1)


def test_gate_is_met_by_a_zero_start_alone():
    gate = lesson.Gate()
    assert not gate.goal(gate.result)[0] and gate.result["loss"] > 1000
    assert gate.goal(gate.set(begin="branch at 0").result)[0]
    assert not gate.goal(gate.set(alpha=0.0, begin="He").result)[0]


def test_lesion_begins_with_one_block_gone_and_can_be_brought_to_its_goal():
    lesion = lesson.Lesion()
    assert not lesion.goal(lesion.result)[0]
    assert lesion.result["plain"]["all"] < 0.3 < 0.9 < lesion.result["residual"]["all"]
    pairs = [tuple(block in pair for block in range(8)) for pair in itertools.combinations(range(8), 2)]
    most = []
    for seed in range(3):
        met = [lesion.goal(lesion.set(keep=pair, order="as trained", seed=seed).result)[0] for pair in pairs]
        assert any(met) and not all(met)  # it can be reached, and not by any choice
        most.append(sum(met) < len(pairs) / 2)
    assert any(most)  # in one of the nets by less than half of the pairs, as the text says
    nothing = lesion.set(keep=(False,) * 8)
    assert "none" in nothing.describe(nothing.result)


def test_paths_reach_their_goal_with_weak_branches_only():
    paths = lesson.Paths()
    assert not paths.goal(paths.result)[0]
    assert paths.goal(paths.set(blocks=70, slope=0.03).result)[0]
    assert not paths.goal(paths.set(blocks=70, slope=0.2).result)[0]
    assert not paths.goal(paths.set(blocks=20, slope=0.03).result)[0]


def test_a_rate_at_which_nothing_was_trained_is_named():
    runs = lesson.trained(2, epochs=1, rates=(0.001, 0.004))
    assert lesson.last_losses(runs, rate=0.004).shape == (3,)
    with pytest.raises(ValueError, match=r"rate is 0.005; these runs were trained at 0.001, 0.004"):
        lesson.last_losses(runs, rate=0.005)


def test_one_block_is_one_block():
    paths = lesson.Paths()
    assert "54 blocks, so" in paths.describe(paths.result)
    assert "1 block, so 2 paths" in paths.describe(paths.set(blocks=1).result)


def test_slice_reaches_its_goal_with_skips_only():
    slices = lesson.Slice()
    assert not slices.goal(slices.result)[0]
    assert slices.goal(slices.set(kind="skips, begun at 0", depth=8, span=0.3).result)[0]
    assert not slices.goal(slices.set(kind="plain", depth=8, span=0.3).result)[0]


# ---------------------------------------------------------------------------------------------- other right answers
ANSWERS = {
    "through": [lambda slopes: torch.exp(torch.log1p(slopes).sum()), lambda slopes: torch.prod(slopes + 1)],
    "paths": [
        lambda blocks, branches: len(list(itertools.combinations(range(blocks), branches))),
        lambda n, k: math.factorial(n) // math.factorial(k) // math.factorial(n - k),
    ],
    "rewired": [lambda x, branches, order: functools.reduce(lambda h, k: h + branches[k](h), order, x)],
    "block": [lambda x, first, second, shortcut: (second(first(x).relu()) + shortcut(x)).relu()],
    "count": [
        lambda a, c, s: 9 * c * (a + c) + 4 * c + (c * (a + 2) if s > 1 or a != c else 0),
    ],
}


@pytest.mark.parametrize("name", ANSWERS)
def test_other_right_answers_are_accepted(name):
    for body in ANSWERS[name]:
        assert getattr(lesson, name).check(body).kind == CORRECT


# --------------------------------------------------------------------------------------- slips as a learner writes them
def counted(inputs, channels, small):
    return 9 * channels * (inputs + channels) + 4 * channels + (channels * (inputs + 2) if small else 0)


def from_zero(slopes):
    product = 0
    for slope in slopes:
        product *= 1 + slope
    return product


def begun_again(x, branches, order):
    for i in order:
        h = x + branches[i](x)
    return h


def returned_too_soon(x, branches, order):
    h = x
    for i in order:
        h = h + branches[i](h)
        return h


def by_places(x, branches, order):
    h = x
    for i in range(len(order)):
        h = h + branches[i](h)
    return h


def from_one(x, branches, order):
    h = x
    for i in order:
        h = h + branches[i - 1](h)
    return h


def all_in_one_name(x, first, second, shortcut):
    x = second(torch.relu(first(x)))
    return torch.relu(x + shortcut(x))


def renamed_once(x, first, second, shortcut):
    x = torch.relu(first(x))
    return torch.relu(second(x) + shortcut(x))


SLIPS = [
    ("through", "a product that begins at 0", from_zero),
    ("rewired", "the last alone", begun_again),
    ("rewired", "the first alone", returned_too_soon),
    ("rewired", "places in place of numbers", by_places),
    ("rewired", "counted from 1", from_one),
    ("paths", "divided", lambda blocks, branches: int(blocks / branches)),
    ("block", "shortcut of the branch", all_in_one_name),
    ("block", "shortcut of the first layer", renamed_once),
    ("block", "x itself", lambda x, first, second, shortcut: (x + second(first(x).relu())).relu()),
    ("block", "x itself, no ReLU inside", lambda x, first, second, shortcut: (x + second(first(x))).relu()),
    ("block", "x itself, no ReLU at the end", lambda x, first, second, shortcut: x + second(first(x).relu())),
    (
        "block",
        "x itself, ReLU before the addition",
        lambda x, first, second, shortcut: x + second(first(x).relu()).relu(),
    ),
    ("count", "only where the stride is not 1", lambda a, c, stride: counted(a, c, stride != 1)),
    ("count", "only where the stride is not 1", lambda a, c, stride: counted(a, c, stride == 2)),
    ("count", "only where the maps change", lambda a, c, stride: counted(a, c, a != c)),
    ("count", "only where both change", lambda a, c, stride: counted(a, c, stride != 1 and a != c)),
    ("count", "convolutions alone", lambda a, c, stride: 9 * a * c + 9 * c * c),
]


@pytest.mark.parametrize(("exercise", "slip", "answer"), SLIPS)
def test_a_slip_is_named_and_no_other(exercise, slip, answer):
    outcome = getattr(lesson, exercise).check(answer)
    assert (outcome.kind, outcome.misconceptions) == (NOT_YET, (slip,))


def test_a_slip_that_fits_some_shapes_only_is_told_so_beside_the_error():
    said = lesson.block.check(all_in_one_name).message
    assert said.startswith("The shortcut gets the x that entered the block") and "RuntimeError" in said


def test_whether_the_shortcut_has_parameters_is_asked_with_each_of_its_two_reasons_alone():
    reasons = {(stride != 1, inputs != channels) for inputs, channels, stride in lesson.count.all_cases()}
    assert reasons == set(itertools.product((False, True), repeat=2))


def test_the_gradient_is_one_is_told_what_it_is():
    outcome = lesson.through.check(lambda slopes: torch.ones(()))
    assert outcome.kind == NOT_YET and outcome.misconceptions == ("the gradient is one",)


# ------------------------------------------------------------------------------------- what the text says in words only
def test_a_plain_layer_with_pytorchs_weights_hands_back_about_two_fifths():
    for ratio in lesson.over_depths(lesson.first_gradient, [32], alpha=0, init="torch")[0]:
        assert 0.35 < ratio ** (1 / 30) < 0.45  # 30 layers stand between the two that are compared


def test_half_a_skip_does_not_tame_the_loss():
    assert lesson.Gate(alpha=0.5).result["loss"] > 5


def test_weak_branches_carry_most_of_the_gradient_past_all_but_one():
    assert lesson.lengths(54, 0.01)[1][:2].sum() > 0.8


def test_a_net_with_two_blocks_reads_most_digits():
    runs = lesson.trained(6, width=64, norm="before", zero_start=True, rates=(1e-3,))
    assert min(lesson.accuracy(runs.model(seed=seed), [0, 1]) for seed in range(3)) > 0.8


@pytest.mark.slow
def test_with_three_times_the_epochs_64_plain_layers_come_nearer_and_stay_behind():
    ten, thirty = (losses(64, alpha=0, rates=(1e-3,), epochs=epochs) for epochs in (10, 30))
    eight = losses(8, alpha=0, rates=(4e-3,), epochs=30)
    assert eight + 0.1 < thirty < ten - 0.2
