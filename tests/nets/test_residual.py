"""Blocks and stacks: what they compute, where they begin, and what they refuse."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

import course_lib as course
from course_lib.nets import ResidualCNN, ResidualMLP
from course_lib.nets.residual import Residual

PLACES = (None, "before", "after")
KINDS = {
    "dense": (lambda **options: ResidualMLP(6, 5, 3, **options), (4, 6)),
    "conv": (lambda **options: ResidualCNN(2, 5, 3, **options), (4, 2, 7, 6)),
}


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_block_is_what_one_would_write(alpha):
    first, second, norm, x = nn.Linear(5, 5), nn.Linear(5, 5), nn.LayerNorm(5), torch.randn(4, 5)
    f = lambda h: second(F.relu(first(h)))  # noqa: E731
    written = {
        None: F.relu(alpha * x + f(x)),
        "before": alpha * x + f(norm(x)),
        "after": F.relu(norm(alpha * x + f(x))),
    }
    for place, expected in written.items():
        torch.testing.assert_close(Residual(first, second, lambda: norm, place, alpha)(x), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_plain_is_a_sequential_of_layers_with_relu_between(kind):
    make, shape = KINDS[kind]
    net, x = make(blocks=3, alpha=0), torch.randn(shape)
    layers = [layer for layer in net.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    h = x
    for layer in layers[:-1]:
        h = F.relu(layer(h))
    h = h.mean((2, 3)) if kind == "conv" else h
    torch.testing.assert_close(net(x), layers[-1](h))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("blocks", [0, 1, 5])
def test_stack_has_the_layers_and_the_shape_it_says(kind, place, blocks):
    make, shape = KINDS[kind]
    net = make(blocks=blocks, norm=place)
    layers = [layer for layer in net.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    norms = [layer for layer in net.modules() if isinstance(layer, nn.LayerNorm | nn.GroupNorm)]
    assert len(net.blocks) == blocks and len(layers) == 2 * blocks + 2
    assert len(norms) == {None: 0, "after": blocks, "before": blocks + 1}[place]
    assert net(torch.randn(shape)).shape == (4, 3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", [None, "before"])
def test_zero_start_is_the_identity_and_gets_gradient_where_it_must(kind, place):
    make, shape = KINDS[kind]
    net, x = make(blocks=4, norm=place, zero_start=True), torch.randn(shape)
    h = net.stem(x)
    assert torch.equal(net.blocks(h), h)
    net(x).square().sum().backward()
    for block in net.blocks:
        assert block.second.weight.grad.abs().max() > 0  # this layer can leave 0
        assert block.first.weight.grad.abs().max() == 0  # and only then does the one below it move


def test_zero_start_with_a_norm_after_is_no_identity():
    net = ResidualMLP(6, 5, 3, blocks=2, norm="after", zero_start=True)
    h = net.stem(torch.randn(4, 6))
    assert not torch.allclose(net.blocks(h), h)


@pytest.mark.parametrize(("init", "variance"), [("he", 2.0), ("torch", 1 / 3)])
def test_first_weights_have_the_variance_of_their_name(init, variance):
    dense, conv = ResidualMLP(400, 400, 3, blocks=1, init=init), ResidualCNN(9, 40, 3, blocks=1, init=init)
    for layer in (dense.stem[0], dense.blocks[0].second, conv.blocks[0].first):
        assert float(layer.weight.detach().var()) * layer.weight[0].numel() == pytest.approx(variance, rel=0.05)
    assert (dense.stem[0].bias.abs().max() == 0) == (init == "he")


@pytest.mark.parametrize("place", PLACES)
def test_dense_stack_runs_under_vmap_as_it_runs_alone(place):
    nets = [ResidualMLP(6, 5, 3, blocks=3, norm=place) for _ in range(3)]
    weights, buffers = stack_module_state(nets)
    x, bare = torch.randn(4, 6), copy.deepcopy(nets[0]).to("meta")
    many = vmap(lambda w, b: functional_call(bare, (w, b), (x,)))(weights, buffers)
    torch.testing.assert_close(many, torch.stack([net(x) for net in nets]))


def test_fit_many_trains_dense_stacks_together():
    settings = {"epochs": 1, "lr": 0.01, "batch_size": 256, "progress": False}
    make = lambda: ResidualMLP(64, 8, 10, blocks=2, norm="before", zero_start=True)  # noqa: E731
    runs = course.fit_many(make, course.load("digits"), grid={}, seeds=range(2), **settings)
    assert runs.together and not runs.diverged.any()


def test_a_plain_block_forgets_x_even_where_it_overflows():
    block = Residual(nn.Identity(), nn.Linear(2, 2), nn.Identity, None, 0.0)
    nn.init.zeros_(block.second.weight)
    assert block(torch.full((1, 2), 3e38)).isfinite().all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"blocks": -1}, "blocks is -1"),
        ({"blocks": 2.0}, "blocks is 2.0"),
        ({"blocks": True}, "blocks is True"),
        ({"width": 0}, "width is 0"),
        ({"outputs": "ten"}, "outputs is 'ten'"),
        ({"norm": "behind"}, "norm is 'behind'"),
        ({"norm": ""}, "norm is ''"),
        ({"norm": True}, "norm is True"),
        ({"alpha": float("nan")}, "alpha is nan"),
        ({"alpha": "1"}, "alpha is '1'"),
        ({"alpha": True}, "alpha is True"),
        ({"init": "glorot"}, "init is 'glorot'"),
        ({"zero_start": "yes"}, "zero_start is 'yes'"),
    ],
)
@pytest.mark.parametrize(("make", "inputs"), [(ResidualMLP, "inputs"), (ResidualCNN, "channels")])
def test_values_that_make_no_net_are_named(make, inputs, changes, words):
    good = {inputs: 4, "width": 5, "outputs": 3, "blocks": 2}
    with pytest.raises(ValueError, match=words):
        make(**{**good, **changes})
    with pytest.raises(ValueError, match=f"{inputs} is None"):
        make(**{**good, inputs: None})
