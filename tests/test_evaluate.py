"""Judging a net gives PyTorch's numbers and leaves no trace."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from course_lib.datasets import Split, load
from course_lib.evaluate import default_loss, eval_mode, evaluate, outputs, squared_error
from course_lib.nets import MLP


def noisy_net():
    """A net that behaves differently in training: batch norm and dropout."""
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3))


def test_classes_are_judged_by_cross_entropy_and_accuracy():
    net, (x, y) = MLP(4, 8, 3), load("iris").val
    logits = net(x)
    scores = evaluate(net, Split(x, y))
    assert scores["loss"] == pytest.approx(F.cross_entropy(logits, y).item())
    assert scores["acc"] == pytest.approx((logits.argmax(1) == y).float().mean().item())


def test_values_are_judged_by_the_squared_error_alone():
    net, (x, y) = MLP(1, 8, 1), load("coffee").val
    assert evaluate(net, Split(x, y)) == {"loss": pytest.approx(F.mse_loss(net(x)[:, 0], y).item())}


def test_another_loss_is_used_when_given():
    net, split = MLP(1, 8, 1), load("coffee").val
    scores = evaluate(net, split, lambda output, y: (output[:, 0] - y).abs().mean())
    assert scores["loss"] == pytest.approx((net(split.x)[:, 0] - split.y).abs().mean().item())


def test_it_runs_in_evaluation_mode_and_changes_nothing():
    net, split = noisy_net(), load("iris").val
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    random = torch.get_rng_state()
    assert evaluate(net, split) == evaluate(net, split), "dropout is off"
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)
    assert not outputs(net, split.x).requires_grad


def test_every_layer_keeps_its_own_mode():
    net = noisy_net()
    net[1].eval()  # a frozen batch norm inside a net that trains
    modes = [module.training for module in net.modules()]
    evaluate(net, load("iris").val)
    assert [module.training for module in net.modules()] == modes


def test_the_mode_comes_back_after_an_error():
    net = noisy_net()
    with pytest.raises(RuntimeError), eval_mode(net):
        raise RuntimeError
    assert all(module.training for module in net.modules())


def test_an_empty_part_has_no_numbers():
    empty = Split(torch.empty(0, 4), torch.empty(0, dtype=torch.int64))
    scores = evaluate(MLP(4, 3), empty)
    assert scores["loss"] != scores["loss"] and scores["acc"] != scores["acc"]
    assert list(evaluate(MLP(4, 1), Split(empty.x, torch.empty(0)))) == ["loss"]


def test_many_rows_go_through_in_pieces_and_give_the_same():
    net, x = MLP(4, 8, 3), torch.randn(2500, 4)
    sizes = []
    net[0].register_forward_hook(lambda module, inputs, output: sizes.append(len(output)))
    assert torch.allclose(outputs(net, x), net(x), atol=1e-6)
    assert sizes == [1024, 1024, 452, 2500]


def test_the_loss_follows_the_targets():
    assert default_loss(torch.tensor([1, 2])) is F.cross_entropy
    assert default_loss(torch.tensor([1.0])) is squared_error


@given(rows=st.integers(1, 9), column=st.booleans())
def test_the_squared_error_is_the_same_with_and_without_a_column(rows, column):
    output, y = torch.randn(rows), torch.randn(rows)
    given_output = output[:, None] if column else output
    assert torch.equal(squared_error(given_output, y), F.mse_loss(output, y))


@pytest.mark.parametrize("shape", [(5, 2), (4,), (5, 1, 1), ()])
def test_shapes_that_do_not_belong_together_are_named(shape):
    with pytest.raises(ValueError, match="output has the shape .*, the targets y have"):
        squared_error(torch.zeros(shape), torch.zeros(5))
