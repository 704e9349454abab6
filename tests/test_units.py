"""What a unit is, which are dead, and the recording of layers by their names."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from course_lib.units import RELU, by_unit, dead_units, recorded


@settings(max_examples=30, deadline=None)
@given(shape=st.lists(st.integers(1, 4), min_size=1, max_size=5), seed=st.integers(0, 1000), share=st.floats(0.0, 1.0))
def test_units_hold_every_value_once(shape: list[int], seed: int, share: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    out = torch.rand(*shape, generator=generator)
    out[torch.rand(*shape, generator=generator) < share] = 0
    units = by_unit(out)
    assert torch.equal(units.flatten().sort().values, out.flatten().sort().values)
    channels = len(shape) > 3
    assert units.shape[1] == (shape[1] if channels else math.prod(shape[1:]))
    axes = (0, *range(2, len(shape))) if channels else 0
    assert torch.equal(dead_units(out), (out.abs().amax(axes) == 0).flatten())


@pytest.mark.parametrize(
    ("layer", "shape", "unit_axis"),
    [
        (nn.Conv1d(3, 4, 2), (5, 3, 7), 1),
        (nn.BatchNorm1d(3), (5, 3, 7), 1),
        (nn.BatchNorm1d(3), (5, 3), 1),
        (nn.Conv3d(2, 4, 1), (5, 2, 3, 4, 2), 1),
        (nn.Linear(3, 4), (5, 3), 1),
        (nn.Linear(3, 4), (5, 7, 3), 2),
        (nn.Linear(3, 4), (5, 2, 7, 3), 3),
        (nn.LayerNorm(3), (5, 7, 3), 2),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, nn.Module) else None,
)
def test_a_layer_says_which_axis_holds_its_units(layer: nn.Module, shape: tuple[int, ...], unit_axis: int) -> None:
    out = layer(torch.randn(shape))
    others = tuple(axis for axis in range(out.ndim) if axis != unit_axis)
    torch.testing.assert_close(by_unit(out, layer).mean(0), out.mean(others))
    assert by_unit(out, layer).shape == (out.numel() // out.shape[unit_axis], out.shape[unit_axis])


@pytest.mark.parametrize("batch_first", [True, False])
def test_a_unit_of_a_recurrent_layer_is_the_same_at_all_times(batch_first: bool) -> None:
    layer = nn.GRU(3, 4, batch_first=batch_first)
    out = layer(torch.randn(5, 7, 3))[0]
    torch.testing.assert_close(by_unit(out, layer).std(0), out.flatten(0, 1).std(0))
    assert dead_units(out * torch.tensor([1.0, 0.0, 1.0, 1.0]), layer).tolist() == [False, True, False, False]


def test_nan_is_not_dead() -> None:
    assert dead_units(torch.tensor([[0.0, torch.nan, 0.0], [0.0, 0.0, 1.0]])).tolist() == [True, False, False]


def test_recorded_names_every_call_and_leaves_no_hooks() -> None:
    act, linear = nn.ReLU(), nn.Linear(3, 3)
    net = nn.Sequential(linear, act, nn.Tanh(), act)
    x = torch.randn(5, 3)
    seen = recorded(net, lambda: net(x), RELU, dead_units)
    first = linear(x).relu()
    assert list(seen) == ["1", "1 (call 2)"]
    assert torch.equal(seen["1"], (first == 0).all(0)) and torch.equal(seen["1 (call 2)"], (first.tanh() == 0).all(0))
    with pytest.raises(ZeroDivisionError):
        recorded(net, lambda: 1 / 0, RELU, dead_units)
    assert not act._forward_hooks
