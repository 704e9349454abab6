"""Multiply-adds are half of the operations that PyTorch's own counter sees; where no rule is known, none is made up."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from course_lib.multiply_adds import multiply_adds

CONVS = {1: (nn.Conv1d, nn.ConvTranspose1d), 2: (nn.Conv2d, nn.ConvTranspose2d), 3: (nn.Conv3d, nn.ConvTranspose3d)}


def both(layer, *shape):
    """By our rule, and by PyTorch's counter of what was computed: 2 for each multiply-add."""
    x = torch.empty(shape, device="meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        out = layer.to("meta")(x)
    return multiply_adds(layer, x, out), counter.get_total_flops() / 2


@st.composite
def convolutions(draw):
    """A convolution of any kind, and a shape that it takes."""
    places, groups, batch = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    transposed, stride = draw(st.booleans()), draw(st.integers(1, 3))
    channels = [groups * draw(st.integers(1, 4)) for _ in range(2)]
    kernel = tuple(draw(st.integers(1, 4)) for _ in range(places))
    options = {"stride": stride, "padding": draw(st.integers(0, 2)), "dilation": draw(st.integers(1, 2))}
    layer = CONVS[places][transposed](*channels, kernel, groups=groups, bias=draw(st.booleans()), **options)
    sides = [draw(st.integers(8, 12)) for _ in range(places)]
    return layer, (batch, channels[0], *sides)


@settings(deadline=None)
@given(convolutions())
def test_convolutions_of_any_kind(case):
    layer, shape = case
    ours, counted = both(layer, *shape)
    assert ours == counted > 0


@settings(deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.integers(1, 9), st.integers(1, 9), st.booleans())
def test_linear_layers_on_any_leading_dimensions(leading, inputs, outputs, bias):
    ours, counted = both(nn.Linear(inputs, outputs, bias=bias), *leading, inputs)
    assert ours == counted > 0


@pytest.mark.parametrize(("kind", "gates"), [(nn.RNN, 1), (nn.LSTM, 4), (nn.GRU, 3)])
@pytest.mark.parametrize("ways", [1, 2])
def test_recurrent_layers_step_by_step(kind, gates, ways):
    layer = kind(5, 7, num_layers=2, batch_first=True, bidirectional=ways == 2)
    x = torch.zeros(3, 11, 5)
    first, second = (inputs * 7 + 7 * 7 for inputs in (5, 7 * ways))  # of one gate, one direction, one step
    assert multiply_adds(layer, x, layer(x)[0]) == 3 * 11 * ways * gates * (first + second)


@pytest.mark.parametrize(("kind", "gates"), [(nn.RNNCell, 1), (nn.LSTMCell, 4), (nn.GRUCell, 3)])
def test_recurrent_cells_take_one_step(kind, gates):
    layer, x = kind(5, 7), torch.zeros(3, 5)
    out = layer(x)
    out = out[0] if kind is nn.LSTMCell else out
    assert multiply_adds(layer, x, out) == 3 * gates * (5 * 7 + 7 * 7)


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(4), nn.LayerNorm(4), nn.PReLU(), nn.ReLU(), nn.Dropout()])
def test_what_sums_no_products_is_0(layer):
    x = torch.zeros(3, 4)
    assert multiply_adds(layer, x, layer(x)) == 0


def test_a_lookup_is_0():
    layer, x = nn.Embedding(10, 4), torch.zeros(3, dtype=torch.long)
    assert multiply_adds(layer, x, layer(x)) == 0


class Twice(nn.Linear):
    """A linear layer by its class, with a forward of its own."""

    def forward(self, x):
        return super().forward(super().forward(x))


class Renamed(nn.Linear):
    """A linear layer."""


@pytest.mark.parametrize("layer", [Twice(4, 4), nn.Bilinear(4, 4, 4), nn.MultiheadAttention(4, 2)])
def test_weights_in_an_unknown_forward_are_not_counted(layer):
    x = torch.zeros(3, 4)
    assert multiply_adds(layer, x, x) is None


def test_a_subclass_with_the_forward_of_its_class_is_counted():
    x = torch.zeros(3, 4)
    assert multiply_adds(Renamed(4, 4), x, x) == 3 * 16
