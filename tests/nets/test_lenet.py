"""LeNet-5 has the layers, names, shapes and weights that its table promises."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import course_lib as course
from course_lib.nets import LeNet5

# What the table of the paper's section II.B comes to where every map of C3 sees all of S2, and pooling trains nothing.
BY_HAND = {"conv1": 6 * 26, "conv2": 16 * (6 * 25 + 1), "fc1": 120 * 401, "fc2": 84 * 121, "fc3": 10 * 85}
SHAPES = {"conv1": (6, 28, 28), "pool1": (6, 14, 14), "conv2": (16, 10, 10), "pool2": (16, 5, 5), "flatten": (400,)}


@pytest.fixture
def x():
    return torch.randn(3, 1, 32, 32, generator=torch.Generator().manual_seed(1))


def test_it_has_61_706_parameters_layer_by_layer():
    net = LeNet5()
    counts = {name: sum(p.numel() for p in getattr(net, name).parameters()) for name in BY_HAND}
    assert counts == BY_HAND
    assert sum(p.numel() for p in net.parameters()) == sum(BY_HAND.values()) == 61_706


def test_it_is_the_functions_one_would_write(x):
    torch.manual_seed(0)
    net = LeNet5()
    w = dict(net.named_parameters())
    out = F.avg_pool2d(torch.tanh(F.conv2d(x, w["conv1.weight"], w["conv1.bias"])), 2)
    out = F.avg_pool2d(torch.tanh(F.conv2d(out, w["conv2.weight"], w["conv2.bias"])), 2).flatten(1)
    out = torch.tanh(F.linear(out, w["fc1.weight"], w["fc1.bias"]))
    out = torch.tanh(F.linear(out, w["fc2.weight"], w["fc2.bias"]))
    out = F.linear(out, w["fc3.weight"], w["fc3.bias"])
    assert torch.equal(net(x), out)


def test_watch_names_the_layers_in_the_order_of_the_table(x):
    with course.watch(net := LeNet5()) as seen:
        net(x).sum().backward()
    order = "conv1 act1 pool1 conv2 act2 pool2 flatten fc1 act3 fc2 act4 fc3".split()
    assert list(seen) == order
    assert {name: tuple(seen[name].out.shape[1:]) for name in SHAPES} == SHAPES
    assert all(seen[name].grad.norm() > 0 for name in order)


def test_activation_pool_and_classes_are_chosen(x):
    net = LeNet5(7, activation=nn.ReLU, pool=nn.MaxPool2d)
    assert net(x).shape == (3, 7)
    assert [type(getattr(net, f"act{k}")) for k in (1, 2, 3, 4)] == [nn.ReLU] * 4
    assert [type(net.pool1), type(net.pool2)] == [nn.MaxPool2d] * 2
    assert net.act1 is not net.act2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"classes": 0}, "classes is 0"),
        ({"classes": 2.5}, "classes is 2.5"),
        ({"classes": True}, "classes is True"),
        ({"activation": nn.ReLU()}, r"write nn\.Tanh, without brackets, not ReLU"),
        ({"pool": "max"}, r"write nn\.AvgPool2d, without brackets, not 'max'"),
        ({"pool": nn.MaxPool2d(2)}, r"write nn\.AvgPool2d, without brackets"),
    ],
)
def test_options_that_make_no_net_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        LeNet5(**options)


@pytest.mark.parametrize("shape", [(3, 1, 28, 28), (3, 3, 32, 32), (1, 32, 32), (3, 1024)])
def test_pictures_of_another_shape_are_named(shape):
    with pytest.raises(ValueError, match=r"\(B, 1, 32, 32\), not \(" + ", ".join(map(str, shape))):
        LeNet5()(torch.zeros(shape))
