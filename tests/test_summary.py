"""The table of a net counts every parameter once, and computes as much as by hand and by PyTorch's own counter."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import course_lib as course
from course_lib.nets import MLP, LeNet5, resnet18, resnet50
from course_lib.summary import summary

LENET = {  # output places x maps x what each looks at
    "conv1": 28 * 28 * 6 * 25,
    "conv2": 10 * 10 * 16 * (6 * 25),
    "fc1": 400 * 120,
    "fc2": 120 * 84,
    "fc3": 84 * 10,
}


def row(found, name):
    (one,) = [row for row in found.rows if row.name == name]
    return one


def test_lenet_by_hand():
    found = course.summary(LeNet5(), (1, 32, 32))
    assert {row.name: row.multiply_adds for row in found.rows if row.multiply_adds} == LENET
    assert found.multiply_adds == sum(LENET.values()) == 416_520
    assert (found.parameters, found.trainable, found.buffers) == (61_706, 61_706, 0)
    assert row(found, "pool1").shape == (1, 6, 14, 14)
    assert row(found, "conv2").parameters == 2_416


@pytest.mark.parametrize(
    ("make", "parameters", "billions"), [(resnet18, 11_689_512, 1.814), (resnet50, 25_557_032, 4.089)]
)
def test_resnets_have_the_published_size_and_cost(make, parameters, billions):
    with torch.device("meta"):
        found = summary(make(), (3, 224, 224))
    assert found.parameters == sum(row.parameters for row in found.rows) == parameters
    assert round(found.multiply_adds / 1e9, 3) == billions
    assert found.not_counted == ()


def random_net(draw):
    """Convolutions, then linear layers, with what usually stands between them."""
    channels, layers = [1, *(draw(st.integers(1, 5)) for _ in range(draw(st.integers(1, 3))))], []
    for inputs, outputs in zip(channels, channels[1:], strict=False):
        layers.append(nn.Conv2d(inputs, outputs, draw(st.integers(1, 3)), draw(st.integers(1, 2)), padding=1))
        layers += draw(st.sampled_from([[nn.ReLU()], [nn.BatchNorm2d(outputs), nn.Tanh()], []]))
    side = draw(st.integers(1, 3))
    layers += [nn.AdaptiveAvgPool2d(side), nn.Flatten(), MLP(channels[-1] * side**2, draw(st.integers(1, 9)), 3)]
    return nn.Sequential(*layers)


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(1, 3))
def test_random_nets_against_pytorchs_counter(data, batch_size):
    net = random_net(data.draw)
    found = summary(net, (1, 9, 8), batch_size=batch_size)
    with FlopCounterMode(display=False) as counter:
        net.eval()(torch.zeros(batch_size, 1, 9, 8))
    assert found.multiply_adds == counter.get_total_flops() / 2
    assert found.parameters == sum(row.parameters for row in found.rows) == sum(p.numel() for p in net.parameters())
    assert row(found, str(len(net) - 3)).shape[0] == batch_size


def test_parameters_that_two_layers_share_count_once():
    net = nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 10))
    net[1].weight = net[0].weight
    found = summary(net, (7,), dtype=torch.long)
    assert found.parameters == 10 * 4 + 10
    assert [(row.parameters, row.shared) for row in found.rows] == [(40, False), (10, True)]
    assert "(rest shared) 10" in repr(found)


def test_a_layer_that_is_called_twice_computes_twice():
    layer = nn.Linear(4, 4)
    found = summary(nn.Sequential(layer, nn.ReLU(), layer), (4,))
    assert (found.parameters, found.multiply_adds) == (20, 2 * 16)
    assert (row(found, "0").calls, row(found, "0").parameters) == (2, 20)
    assert "Linear, 2 calls" in repr(found)


def test_another_shape_of_the_same_layer_has_a_row_of_its_own():
    conv = nn.Conv2d(1, 1, 3)
    found = summary(nn.Sequential(conv, conv), (1, 9, 9))
    assert [(row.shape[-1], row.parameters, row.shared) for row in found.rows] == [(7, 10, False), (5, 0, True)]
    assert found.parameters == 10
    assert repr(found).count("(shared)") == 1


class WithItsOwn(nn.Module):
    """Parameters outside of every layer, and a layer that forward never calls."""

    def __init__(self):
        super().__init__()
        self.fc, self.spare = nn.Linear(4, 3), nn.Linear(2, 2)
        self.shift = nn.Parameter(torch.zeros(3))

    def forward(self, x):
        return self.fc(x) + self.shift


def test_parameters_outside_of_the_called_layers_count():
    found = summary(WithItsOwn(), (4,))
    assert found.parameters == sum(row.parameters for row in found.rows) == 15 + 6 + 3
    assert [row.name for row in found.rows] == ["fc", "WithItsOwn", "spare"]
    assert found.not_counted == ("WithItsOwn", "spare")
    assert found.multiply_adds == 12
    assert "not called" in repr(found) and "not counted" in repr(found)


def test_frozen_parameters_and_buffers_are_told_apart():
    net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 2))
    net[0].requires_grad_(False)
    net[2].bias.requires_grad_(False)
    found = summary(net, (4,))
    assert (found.parameters, found.trainable, found.buffers) == (40 + 16 + 18, 16 + 16, 17)
    assert "(frozen) 40" in repr(found) and "(partly frozen) 18" in repr(found)
    assert "32 of the parameters are trained" in repr(found)


def test_the_input_has_the_type_and_the_place_of_the_weights():
    assert summary(nn.Linear(4, 2).double(), (4,)).multiply_adds == 8
    with torch.device("meta"):
        assert summary(nn.Linear(10**6, 10**6), (10**6,)).multiply_adds == 10**12  # 4 TB, were it there


def test_recurrent_layers_and_attention():
    found = summary(nn.Sequential(nn.LSTM(5, 7, batch_first=True)), (11, 5))
    assert row(found, "0").shape == (1, 11, 7)
    assert found.multiply_adds == 11 * 4 * (5 * 7 + 7 * 7)
    found = summary(nn.TransformerEncoderLayer(4, 2, 8), (6, 4))
    assert found.not_counted == ("self_attn",)
    assert found.parameters == sum(row.parameters for row in found.rows)


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (("net", (4,)), {}, "given 'net'"),
        ((MLP(4, 2), 4), {}, "not 4"),
        ((MLP(4, 2), (0,)), {}, r"not \(0,\)"),
        ((MLP(4, 2), (4.0,)), {}, r"not \(4\.0,\)"),
        ((MLP(4, 2), (4,)), {"batch_size": 0}, "batch_size is 0"),
        ((MLP(4, 2), (4,)), {"dtype": "long"}, "not 'long'"),
        ((nn.Sequential(nn.LazyLinear(3)), (4,)), {}, "0.weight has no size yet"),
    ],
)
def test_arguments_that_make_no_table_are_named(arguments, options, words):
    with pytest.raises(ValueError, match=words):
        summary(*arguments, **options)
