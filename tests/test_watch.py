"""What watch records, against the same numbers by hand, and that it leaves nothing behind."""

import math
import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.watch import Call, watch


def mlp() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))


def hooks_in(model: nn.Module) -> int:
    own = sum(len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks) for m in model.modules())
    return own + sum(len(p._backward_hooks or {}) for p in model.parameters())


def test_outputs_and_gradients_of_an_mlp() -> None:
    net, x, y = mlp(), torch.randn(10, 4), torch.randint(3, (10,))
    with watch(net) as seen:
        F.cross_entropy(net(x), y).backward()
    first = net[0](x).detach().requires_grad_()
    hidden = first.relu()
    hidden.retain_grad()
    logits = net[2](hidden)
    logits.retain_grad()
    F.cross_entropy(logits, y).backward()
    assert list(seen) == ["0", "1", "2"]
    for name, by_hand in {"0": first, "1": hidden, "2": logits}.items():
        torch.testing.assert_close(seen[name].out, by_hand.detach())
        torch.testing.assert_close(seen[name].grad, by_hand.grad)
        assert not seen[name].out.requires_grad
    out = seen["1"].out
    assert seen["1"].mean == pytest.approx(float(out.mean()), rel=1e-5)
    assert seen["1"].std == pytest.approx(float(out.std()), rel=1e-5)
    torch.testing.assert_close(seen["1"].unit_std, out.std(0))
    torch.testing.assert_close(seen["1"].unit_mean, out.mean(0))
    assert seen["1"].zeros == pytest.approx(float((out == 0).double().mean()))


def test_std_over_everything_is_not_std_over_the_examples() -> None:
    net = nn.Linear(2, 3)
    with torch.no_grad():
        net.weight.zero_()
        net.bias.copy_(torch.tensor([-5.0, 0.0, 5.0]))
    with watch(net) as seen:
        net(torch.randn(20, 2))
    assert seen["Linear"].std > 4 and seen["Linear"].unit_std.tolist() == [0, 0, 0]


def test_pictures_have_a_unit_a_channel() -> None:
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(3 * 36, 2))
    with torch.no_grad():
        net[0].bias.copy_(torch.tensor([-99.0, 0.0, 99.0]))
    with watch(net) as seen:
        net(torch.randn(5, 1, 8, 8)).sum().backward()
    assert seen["1"].out.shape == (5, 3, 6, 6) and seen["1"].unit_std.shape == (3,)
    assert seen["1"].dead_units.tolist() == [True, False, False]
    assert seen["1"].dead == pytest.approx(1 / 3) and seen["1"].zeros >= 1 / 3
    torch.testing.assert_close(seen["0"].unit_std[1], seen["0"].out[:, 1].flatten().std())


@pytest.mark.parametrize(("layer", "ends"), [(nn.Sigmoid(), (0.01, 0.99)), (nn.Tanh(), (-0.98, 0.98))])
def test_saturated(layer: nn.Module, ends: tuple[float, float]) -> None:
    x = torch.linspace(-8, 8, 400)[:, None]
    with watch(layer) as seen:
        out = layer(x)
    by_hand = float(((out < ends[0]) | (out > ends[1])).double().mean())
    assert 0 < by_hand < 1
    assert seen[type(layer).__name__].saturated == pytest.approx(by_hand)
    with watch(mlp()) as seen:
        seen._look("1", nn.ReLU(), (), torch.ones(3, 3))
    assert seen["1"].saturated is None


class Shared(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer, self.act, self.never = nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4)
        self.again = self.layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.again(self.act(self.layer(x)))


def test_a_layer_called_twice_is_a_list() -> None:
    net, x = Shared(), torch.randn(6, 4)
    with watch(net) as seen:
        net(x).square().sum().backward()
    calls = seen["layer"]
    assert isinstance(calls, list) and len(calls) == 2 and isinstance(seen["act"], Call)
    assert seen["again"] == calls  # the same layer under its other name
    torch.testing.assert_close(calls[0].out, net.layer(x).detach())
    torch.testing.assert_close(calls[1].grad, 2 * calls[1].out)
    torch.testing.assert_close(calls[0].grad, (calls[1].grad @ net.layer.weight).detach() * (calls[0].out > 0))
    whole = sum(float(p.grad.double().square().sum()) for p in net.layer.parameters()) ** 0.5
    assert calls[0].weight_grad_norm == pytest.approx(whole, rel=1e-5)  # the sum over both calls
    assert repr(seen).count("layer: Linear") == 2
    with pytest.raises(KeyError, match="Layer 'never' was not called while it was watched"):
        seen["never"]
    with pytest.raises(KeyError, match="There is no layer 'fc'; there are 'layer', 'act', 'never', 'again'"):
        seen["fc"]


def test_frozen_layers_and_no_grad() -> None:
    net = mlp()
    net[0].requires_grad_(False)
    with watch(net) as seen:
        net(torch.randn(5, 4)).sum().backward()
    assert seen["0"].grad is None and seen["0"].weight_grad_norm is None and seen["0"].sgd_ratio(0.1) is None
    assert seen["2"].grad is not None and seen["2"].weight_grad_norm > 0
    for quiet in (torch.no_grad, torch.inference_mode):
        with watch(net) as seen, quiet():
            net(torch.randn(5, 4))
        assert seen["2"].grad is None and seen["2"].out.shape == (5, 3)
    assert "no gradient" in repr(seen)


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_update_ratio_of_a_step(optimizer) -> None:
    net, x, y = mlp(), torch.randn(10, 4), torch.randint(3, (10,))
    steps = optimizer(net.parameters(), lr=0.05)
    before = [p.detach().clone() for p in net[2].parameters()]
    with watch(net) as seen:
        F.cross_entropy(net(x), y).backward()
        steps.step()
        steps.zero_grad()  # the gradient is known all the same
    moved = torch.cat([(p.detach() - b).flatten() for p, b in zip(net[2].parameters(), before, strict=True)]).norm()
    size = torch.cat([b.flatten() for b in before]).norm()
    assert seen["2"].weight_norm == pytest.approx(float(size), rel=1e-5)
    assert seen["2"].update_ratio == pytest.approx(float(moved / size), rel=1e-4)
    assert seen["1"].update_ratio is None and seen["1"].weight_norm is None
    if optimizer is torch.optim.SGD:
        assert seen["2"].sgd_ratio(0.05) == pytest.approx(seen["2"].update_ratio, rel=1e-4)


def test_without_a_step_nothing_has_moved() -> None:
    net = mlp()
    with watch(net) as seen:
        net(torch.randn(5, 4)).sum().backward()
    assert seen["0"].update_ratio == 0 and seen["0"].sgd_ratio(1.0) > 0


def test_hooks_are_gone_whatever_happens() -> None:
    net, x = mlp(), torch.randn(5, 4)
    with watch(net) as seen:
        assert hooks_in(net) > 0
        out = net(x)
    assert hooks_in(net) == 0
    out.sum().backward()  # after the block: not recorded
    assert seen["2"].grad is None and len(seen) == 3
    net(x)
    assert isinstance(seen["2"], Call)
    for error in (KeyboardInterrupt, ZeroDivisionError):
        with pytest.raises(error), watch(net) as seen:
            net(x)
            raise error
        assert hooks_in(net) == 0 and seen["2"].out.shape == (5, 3)
    with pytest.raises(RuntimeError), watch(net) as seen:
        net(torch.randn(5, 9))
    assert hooks_in(net) == 0 and len(seen) == 0 and repr(seen) == "Nothing has been called yet."


def test_the_net_computes_the_same_while_it_is_watched() -> None:
    net, x = mlp(), torch.randn(5, 4)
    net(x).sum().backward()
    plain = [p.grad.clone() for p in net.parameters()]
    net.zero_grad()
    with watch(net) as outer, watch(net) as inner:
        net(x).sum().backward()
    assert all(torch.equal(p.grad, g) for p, g in zip(net.parameters(), plain, strict=True))
    assert torch.equal(outer["1"].grad, inner["1"].grad)


def test_work_in_place_does_not_change_the_record() -> None:
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(inplace=True), nn.Linear(8, 3))
    x = torch.randn(5, 4)
    with watch(net) as seen:
        net(x).sum().backward()
    torch.testing.assert_close(seen["0"].out, net[0](x).detach())
    assert (seen["0"].out < 0).any()
    torch.testing.assert_close(seen["0"].grad, seen["1"].grad * (seen["1"].out > 0))


def test_layers_with_several_outputs_and_whole_numbers() -> None:
    net = nn.ModuleDict({"rnn": nn.LSTM(3, 5), "embed": nn.Embedding(7, 3), "best": Argmax()})
    with watch(net) as seen:
        net["best"](net["rnn"](net["embed"](torch.tensor([[1, 2], [3, 4]])))[0])
    assert seen["rnn"].out.shape == (2, 2, 5)
    assert seen["best"].out.dtype == torch.int64 and 0 <= seen["best"].mean <= 4 and len(seen["best"].unit_std) == 2


class Argmax(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.argmax(-1)


def test_columns_are_the_numbers_of_the_calls_in_their_order() -> None:
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 3))
    net[0].requires_grad_(False)
    with watch(net) as seen:
        net(torch.randn(10, 4)).sum().backward()
    table = seen.columns("std", "unit_std", "saturated", "grad_norm", "weight_grad_norm", "dead")
    assert all(column.shape == (5,) and column.dtype == torch.float64 for column in table.values())
    assert [call.name for call in seen.calls(nn.Tanh)] == ["1", "3"]
    tanh = seen.columns("std", "unit_std", only=nn.Tanh)
    for k, name in enumerate(("1", "3")):
        assert tanh["std"][k] == seen[name].std
        assert tanh["unit_std"][k] == pytest.approx(float(seen[name].unit_std.mean()))
    assert table["saturated"].isnan().tolist() == [True, False, True, False, True]  # a linear layer has no ends
    assert table["grad_norm"].isnan().tolist() == [True, True, False, False, False]  # nothing to train below
    assert table["weight_grad_norm"].isnan().tolist() == [True, True, False, True, False]
    with pytest.raises(AttributeError, match="height"):
        seen.columns("height")


def test_columns_of_a_layer_called_twice_keep_the_order_of_the_calls() -> None:
    net, x = Shared(), torch.randn(6, 4)
    with watch(net) as seen:
        net(x).sum().backward()
    assert [call.name for call in seen.calls()] == ["layer", "act", "layer"]
    first, second = seen["layer"]
    assert seen.columns("std", only=nn.Linear)["std"].tolist() == [first.std, second.std]
    with watch(net) as seen:
        pass
    assert seen.columns("std")["std"].shape == (0,)


def test_a_gradient_whose_squares_are_too_small_for_float32_has_a_norm() -> None:
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    with watch(net) as seen:
        (net(torch.randn(5, 4)) * 1e-30).sum().backward()
    assert seen["0"].grad.norm() == 0 < seen["0"].grad_norm < 1e-28
    assert seen["0"].grad_norm == pytest.approx(float(seen["0"].grad.double().norm()))
    assert "gradient norm 0" not in repr(seen)


@pytest.mark.parametrize("make", [nn.RNN, nn.LSTM, nn.GRU])
@pytest.mark.parametrize("batch_first", [True, False])
def test_recurrent_layers_with_a_backward_pass(make, batch_first: bool) -> None:
    net = nn.ModuleDict({"rnn": make(3, 6, num_layers=2, batch_first=batch_first), "head": nn.Linear(6, 2)})
    x = torch.randn(5, 7, 3)
    with watch(net) as seen:
        net["head"](net["rnn"](x)[0]).square().sum().backward()
    out = net["rnn"](x)[0].detach().requires_grad_()
    net["head"](out).square().sum().backward()
    torch.testing.assert_close(seen["rnn"].out, out.detach())
    torch.testing.assert_close(seen["rnn"].grad, out.grad)
    assert seen["rnn"].unit_std.shape == (6,) and seen["head"].unit_std.shape == (2,)
    torch.testing.assert_close(seen["rnn"].unit_std, out.detach().flatten(0, 1).std(0))
    whole = sum(float(p.grad.double().square().sum()) for p in net["rnn"].parameters()) ** 0.5
    assert seen["rnn"].weight_grad_norm == pytest.approx(whole, rel=1e-5)


class Steps(nn.Module):
    """A recurrent net by hand: one cell, called once a step."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.head = nn.RNNCell(3, 6), nn.Linear(6, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = torch.zeros(len(x), 6)
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
        return self.head(h)


def test_a_cell_called_once_a_step_shows_the_gradient_on_its_way_back_in_time() -> None:
    net, x = Steps(), torch.randn(5, 20, 3)
    with torch.no_grad():
        net.cell.weight_hh.mul_(0.3)
    with watch(net) as seen:
        net(x).square().sum().backward()
    grads = seen.columns("grad_norm", only=nn.RNNCell)["grad_norm"]
    assert len(seen["cell"]) == 20 and grads.shape == (20,)
    assert (grads.diff() > 0).all() and grads[0] < 1e-3 * grads[-1]  # it vanishes


@pytest.mark.parametrize(("conv", "size"), [(nn.Conv1d, (9,)), (nn.Conv3d, (4, 4, 4))])
def test_channels_of_other_convolutions(conv, size: tuple[int, ...]) -> None:
    net = conv(2, 3, 3)
    with watch(net) as seen:
        net(torch.randn(5, 2, *size)).sum().backward()
    call = seen[conv.__name__]
    assert call.unit_std.shape == (3,) and call.dead_units.shape == (3,)
    torch.testing.assert_close(call.unit_mean, call.out.transpose(0, 1).flatten(1).mean(1))


def test_one_row_has_no_deviation_and_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with watch(mlp()) as seen, pytest.raises(KeyError):
            seen["0"]
        net = mlp()
        with watch(net) as seen:
            net(torch.randn(1, 4))
        assert seen["2"].unit_std.isnan().all() and math.isfinite(seen["2"].std)


def test_only_nets_are_watched() -> None:
    with pytest.raises(ValueError, match="watch looks into an nn.Module; it was given 'net'"), watch("net"):
        pass
