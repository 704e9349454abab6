"""Lesson 06: what it measures is right, and its claims are false where they should be."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import course_lib as course
from course_lib.claim import claim
from course_lib.exercise import CORRECT
from course_lib.lessons import convolutions as lesson
from course_lib.lessons.convolutions.exciting import LAYERS, answer
from course_lib.lessons.convolutions.pictures import KERNELS, one_of_each
from course_lib.lessons.convolutions.windows import TARGETS, three
from course_lib.show import show
from tests.lessons.cells import code_cells

DIGITS = course.load("digits")
NAME = "06_convolutions"


def cell(name):
    return next(each for each in code_cells(NAME) if each.id == name)


def names_after(*ids, **given_names):
    """What the cells `ids` of the notebook define."""
    names = {"torch": torch, "nn": nn, "F": F, "course": course, "lesson": lesson, "digits": DIGITS, "show": show}
    names |= given_names
    for name in ids:
        exec(cell(name).source, names)
    return names


@pytest.fixture(scope="module")
def nets():
    return lesson.trained()


# ----------------------------------------------------------------------------------------------- claims, and controls
def test_the_three_nets_of_the_text_have_about_2800_parameters_each():
    names = names_after("four-nets")
    for make in ("dense", "conv_flatten", "conv_global"):
        assert 2_650 < sum(weights.numel() for weights in names[make]().parameters()) < 2_950


def test_a_dense_net_does_not_notice_shuffled_pixels_if_its_weights_move_along():
    names = names_after("shuffle-train", order=torch.randperm(64))
    claim("apart", (names["in_place"] - names["shuffled"]).abs().max(), below=1e-9)
    other = names["losses"](
        names["x"].flip(1), names["y"], torch.arange(64)
    )  # the control: weights stay where they are
    with pytest.raises(AssertionError, match="is not below"):
        claim("apart", (names["in_place"] - other).abs().max(), below=1e-9)


def test_the_kernel_is_found_on_small_digits_and_another_one_on_enlarged_digits():
    names = names_after("learn-code")
    made, learn = names["made"], names["learn"]
    for seed in range(3):
        torch.manual_seed(seed)
        kernel, wrong = learn(lesson.square(names["twenty"]))
        claim("small", (kernel - made).abs().max(), below=0.01)
        kernel, wrong = learn(lesson.enlarged(names["twenty"]))
        claim("picture", wrong, below=0.03)
        with pytest.raises(AssertionError, match="is not below"):
            claim("large", (kernel - made).abs().max(), below=0.01)
    with pytest.raises(AssertionError, match="is not below"):  # too few steps find neither
        claim("small", (learn(lesson.square(names["twenty"]), steps=5)[0] - made).abs().max(), below=0.01)


def test_one_pixel_costs_the_dense_net_half_and_the_global_maximum_nothing(nets):
    acc = {name: torch.tensor(lesson.at_each_shift(net)) for name, net in nets.items()}
    claim("dense in place", acc["dense"][3], above=0.88)
    claim("dense moved", acc["dense"][4], below=0.65)
    claim("flatten, two pixels", acc["conv + flatten"][3] - acc["conv + flatten"][5], above=0.3)
    claim("global", (acc["conv + global max"][3] - acc["conv + global max"][4]).abs(), below=0.01)
    for name in ("dense", "conv + flatten", "one pool + global max"):  # none of the others is invariant
        with pytest.raises(AssertionError, match="is not below"):
            claim("global", (acc[name][3] - acc[name][4]).abs(), below=0.01)
    comb = acc["one pool + global max"]
    claim("comb", comb[[1, 3, 5]].mean() - comb[[0, 2, 4, 6]].mean(), above=0.02)
    with pytest.raises(AssertionError, match="is not above"):
        smooth = acc["conv + global max"]
        claim("comb", smooth[[1, 3, 5]].mean() - smooth[[0, 2, 4, 6]].mean(), above=0.02)


def test_no_output_of_the_global_maximum_moves_and_with_a_pooling_it_does(nets):
    x, _ = lesson.new_digits()

    def still(net):
        with torch.no_grad():
            apart = net(lesson.on_canvas(x)) - net(lesson.on_canvas(x, right=1))
        return (apart.abs().amax(1) < 1e-4).double().mean()

    claim("still", still(nets["conv + global max"]), above=0.9)
    with pytest.raises(AssertionError, match="is not above"):
        claim("still", still(nets["one pool + global max"]), above=0.9)


@pytest.mark.parametrize(("right", "down"), [(3, -3), (-1, 3), (0, -2)])
def test_on_a_larger_canvas_the_global_maximum_is_invariant_both_ways(nets, right, down):
    x, _ = lesson.new_digits()
    here, there = lesson.on_canvas(x, side=20), lesson.on_canvas(x, right=right, down=down, side=20)
    with torch.no_grad():
        apart = {name: (nets[name](here) - nets[name](there)).abs().max() for name in nets if "global" in name}
    claim("apart", apart["conv + global max"], below=1e-4)
    if right % 2 or down % 2:  # half a step of the pooling
        with pytest.raises(AssertionError, match="is not below"):
            claim("apart", apart["one pool + global max"], below=1e-4)


def test_maps_move_along_with_the_picture():
    """Equivariance, on its own: any kernel, any shift, as long as the digit stays inside."""
    x, conv = lesson.new_digits()[0][:20], nn.Conv2d(1, 4, 3, padding=1, bias=False)
    with torch.no_grad():
        before, after = conv(lesson.on_canvas(x)), conv(lesson.on_canvas(x, right=2, down=-1))
    torch.testing.assert_close(after, before.roll((-1, 2), (2, 3)), atol=1e-6, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.004, 0.02])
def test_another_rate_changes_the_details_only(rate):
    canvas = lesson.as_pictures(DIGITS, lesson.on_canvas)
    settings = {"epochs": 8, "optimizer": "adam", "batch_size": 64, "seed": 1, "progress": False}
    for name, least, most in (("dense", 0, 0.65), ("conv + flatten", 0, 0.85), ("conv + global max", 0.8, 1)):
        net = course.fit(lesson.NETS[name], canvas, lr=rate, **settings).model
        assert least <= lesson.at_each_shift(net)[4] <= most


# --------------------------------------------------------------------------------------------- the nets are the nets
def test_nets_of_the_notebook_are_those_of_the_lesson():
    names = names_after("four-nets")
    exec(cell("pool-train").source.split("nets[")[0], names)
    for own, notebooks in zip(
        lesson.NETS.values(), ("dense", "conv_flatten", "conv_global", "pool_global"), strict=True
    ):
        torch.manual_seed(0)
        mine = own()
        torch.manual_seed(0)
        theirs = names[notebooks]()
        assert str(mine) == str(theirs)
        assert all(torch.equal(a, b) for a, b in zip(mine.parameters(), theirs.parameters(), strict=True))
        assert 2_600 < sum(p.numel() for p in mine.parameters()) < 3_000


# --------------------------------------------------------------------------------------- a convolution is a dense layer
sizes = st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(4, 9), st.integers(4, 9))


@given(sizes, st.integers(1, 4), st.integers(0, 2**16))
def test_unfold_and_matmul_are_conv2d(shape, k, seed):
    (batch, inputs, outputs, height, width), g = shape, torch.Generator().manual_seed(seed)
    x = torch.randn(batch, inputs, height, width, generator=g, dtype=torch.float64)
    weight = torch.randn(outputs, inputs, k, k, generator=g, dtype=torch.float64)
    torch.testing.assert_close(lesson.as_matmul.right(x, weight), F.conv2d(x, weight))


@given(st.integers(1, 4), st.integers(4, 9), st.integers(1, 3), st.integers(0, 2), st.integers(0, 2**16))
def test_matrix_times_pixels_is_conv2d(k, side, stride, padding, seed):
    g = torch.Generator().manual_seed(seed)
    kernel, x = (torch.randn(n, n, generator=g, dtype=torch.float64) for n in (k, side))
    matrix = lesson.matrix_of(kernel, side, stride=stride, padding=padding)
    expected = F.conv2d(x[None, None], kernel[None, None], stride=stride, padding=padding).flatten()
    torch.testing.assert_close(matrix @ x.flatten(), expected)
    assert len(matrix.unique()) <= k * k + 1  # tied: the weights, and 0


# ------------------------------------------------------------------------------------------------------------ pictures
def test_a_digit_moves_over_its_canvas_and_never_leaves_it():
    x = DIGITS.train.x[:3]
    moved = lesson.on_canvas(x, right=2, down=-3)
    assert moved.shape == (3, 1, 14, 14)
    torch.testing.assert_close(moved[:, 0, :8, 5:13].reshape(3, 64), x)
    assert moved.sum() == pytest.approx(float(x.sum()))
    with pytest.raises(ValueError, match="right=4"):
        lesson.on_canvas(x, right=4)


# ----------------------------------------------------------------------------------------------------------- explorers
def test_window_answers_as_conv2d_and_its_goal_is_the_bend():
    window = lesson.Window()
    assert not window.goal(window.result)[0]
    for name, kernel in KERNELS.items():
        answers = F.conv2d(three()[None, None], torch.tensor([[kernel]], dtype=torch.float32))[0, 0]
        assert (window.set(kernel=name).result["answers"] == answers.int().numpy()).all()
    best = np.unravel_index(window.set(kernel="right bend").result["answers"].argmax(), (6, 6))
    assert window.goal(window.set(row=int(best[0]), column=int(best[1])).result)[0]
    assert best[1] >= 3  # on the right, where the 3 turns back
    assert window.goal(window.set(kernel="left edge").result)[1].endswith("; now another kernel is chosen")


def test_design_is_met_by_the_hidden_kernel_and_by_no_other_target():
    design = lesson.Design()
    assert not design.goal(design.result)[0]
    for name, weights in TARGETS.items():
        assert design.goal(design.set(target=name, weights=weights).result)[0]
        assert not any(design.goal(design.set(target=other).result)[0] for other in TARGETS if other != name)
    far = design.set(target="shadow", weights=((-9,) * 3,) * 3).result
    assert "accounts for nothing of the target “shadow”: a picture of one even colour is nearer." in design.describe(
        far
    )
    assert design.goal(far)[1].endswith("now nothing")


def test_field_counts_what_a_stack_sees_and_says_where_it_ends():
    field = lesson.Field()
    assert (field.result["width"], field.result["seen"][0].sum()) == ([28, 26, 24, 22], 7)
    assert not field.goal(field.result)[0]
    strided = field.set(layers=(0, ((3, 3, 0, 1), (3, 3, 0, 1), (3, 1, 0, 1))))
    assert strided.goal(strided.result)[0] and strided.result["seen"][0].sum() == 27
    assert "now 1 pixel, 3 weights" in field.goal(field.set(layers=(0, ((1, 1, 0, 1),) * 3)).result)[1]
    field.set(layers=(0, ((3, 1, 0, 3),) * 3))
    assert "with holes" in field.describe(field.result)
    field.set(layers=(0, ((3, 1, 0, 1), (3, 1, 0, 3), (3, 1, 0, 3))))
    assert "with holes" not in field.describe(field.result)
    broken = field.set(layers=(0, ((7, 3, 0, 1), (7, 3, 0, 3), (3, 1, 0, 1))))
    assert "nothing comes out" in broken.describe(broken.result) and not broken.goal(broken.result)[0]


@pytest.mark.parametrize("kernels, strides", [((3, 3), (1, 1)), ((5, 2, 5, 2), (1, 2, 1, 2)), ((7, 3, 2), (3, 2, 1))])
def test_the_formula_for_the_field_is_what_autograd_finds(kernels, strides):
    layers = tuple((k, s, 0, 1) for k, s in zip(kernels, strides, strict=True))
    x = torch.zeros(1, 1, 60, dtype=torch.float64, requires_grad=True)
    top = lesson.stack_of(layers, x)[-1]
    (slope,) = torch.autograd.grad(top[0, 0, 0], x)
    assert lesson.reach.right(kernels, strides) == int((slope != 0).sum())


def test_tied_units_in_the_corner_use_fewer_weights():
    tied = lesson.Tied()
    assert not tied.goal(tied.result)[0]
    assert (tied.result["matrix"][5] != 0).sum() == 9
    corner = tied.set(unit=0, stride=1, padding=1).result
    assert (corner["matrix"][0] != 0).sum() == 4 and tied.goal(corner)[0]


def test_tied_says_when_there_is_no_unit_of_that_number():
    tied = lesson.Tied()
    assert "Unit 15 uses 9" in tied.describe(tied.set(unit=15, stride=1, padding=0).result)
    assert "There is no unit 35; the last one, unit 15, uses 9" in tied.describe(tied.set(unit=35).result)


def test_shift_shows_the_digit_where_it_was_moved_to(nets):
    result = lesson.Shift(nets, digit=4, right=3, down=-1).result
    there = lesson.on_canvas(one_of_each()[4:5], right=3, down=-1)
    assert torch.equal(torch.tensor(result["picture"]), there[0, 0])
    with torch.no_grad():
        says = torch.cat([net.eval()(there).softmax(1) for net in nets.values()])
    torch.testing.assert_close(torch.tensor(result["says"]), says)


def test_shift_finds_a_place_where_only_the_global_maximum_reads(nets):
    shift = lesson.Shift(nets)
    assert not shift.goal(shift.result)[0]
    places = [(d, r, c) for d in range(10) for r in (-3, -1, 1, 3) for c in (-3, -1, 1, 3)]
    assert any(shift.goal(shift.set(digit=d, right=r, down=c).result)[0] for d, r, c in places)
    third = list(nets).index("conv + global max")
    up = [shift.set(digit=d, right=0, down=-3).result["says"][third].argmax() != d for d in range(10)]
    assert sum(up) >= 2  # the edge of the canvas, as the text says


@pytest.mark.parametrize("layer", LAYERS)
def test_climbing_excites_a_unit_more_than_grey_does(layer):
    net = lesson.trained_lenet()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    name, units = LAYERS[layer]
    for unit in (0, units - 1):
        picture, answers = lesson.excite(net, name, unit, 30)
        assert 0 <= picture.min() and picture.max() <= 1 and answers[-1] > answers[0]
        assert answers[-1] == pytest.approx(float(answer(net, picture[None, None], name, unit).detach()), abs=1e-5)
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


def test_a_class_answers_as_lenet_itself():
    net, x = lesson.trained_lenet(), lesson.enlarged(DIGITS.val.x[:5])
    with torch.no_grad():
        torch.testing.assert_close(answer(net, x, "fc3", 7), net(x)[:, 7])
        torch.testing.assert_close(answer(net, x, "act1", 2), net.act1(net.conv1(x))[:, 2, 14, 14])


# ---------------------------------------------------------------------------------------------- other right answers
def _by_hand(picture, kernel):
    rows = [
        [
            sum(picture[i + a, j + b] * kernel[a, b] for a in range(len(kernel)) for b in range(len(kernel[0])))
            for j in range(picture.shape[1] - kernel.shape[1] + 1)
        ]
        for i in range(picture.shape[0] - kernel.shape[0] + 1)
    ]
    return torch.tensor(rows)


ANSWERS = {
    "slide": [_by_hand, lambda picture, kernel: F.conv2d(picture[None, None], kernel[None, None])[0, 0]],
    "size": [lambda n, k, s, p, d: len(range(0, n + 2 * p - d * (k - 1), s))],
    "reach": [lambda kernels, strides: _downwards(kernels, strides)],
    "counts": [lambda i, o, k, n: (o * (1 + i * k * k), (n - k + 1) ** 2 * i * o * k * k)],
    "as_matmul": [
        lambda x, w: F.conv2d(x, w),
        lambda x, w: torch.einsum("ok,bkp->bop", w.flatten(1), F.unfold(x, w.shape[2])).reshape(F.conv2d(x, w).shape),
        lambda x, w: torch.einsum("oikl,bihwkl->bohw", w, x.unfold(2, w.shape[2], 1).unfold(3, w.shape[3], 1)),
    ],
}


def _downwards(kernels, strides):
    seen = 1
    for kernel, stride in reversed(list(zip(kernels, strides, strict=True))):
        seen = (seen - 1) * stride + kernel
    return seen


@pytest.mark.parametrize("name", ANSWERS)
def test_other_right_answers_are_accepted(name):
    exercise = getattr(lesson, name)
    for body in ANSWERS[name]:
        scope = {"body": body}
        exec(f"def answer({', '.join(exercise.parameters)}): return body({', '.join(exercise.parameters)})", scope)
        assert exercise.check(scope["answer"]).kind == CORRECT


@pytest.mark.parametrize("name", ANSWERS)
def test_every_named_mistake_is_named_alone(name):
    exercise = getattr(lesson, name)
    for mistake, (wrong, _) in exercise.wrong.items():
        outcome = exercise.check(wrong)
        assert outcome.misconceptions == (mistake,), f"{mistake}: {outcome}"


# ------------------------------------------------------------------------------------------------------- predictions
def test_predictions_know_the_truth_and_the_usual_thoughts():
    assert lesson.places.judge(24, 24)[1] == "close" and lesson.places.judge(6, 24)[1] == "surprised"
    assert lesson.work.judge(0.022, 288_000 / 23_520)[1] == "surprised"
    assert lesson.moved.judge((0.45, 0.72, 0.95), (0.46, 0.7, 0.95))[1] == "close"
    assert lesson.moved.judge((0.95, 0.95, 0.95), (0.46, 0.7, 0.95))[1] != "close"
