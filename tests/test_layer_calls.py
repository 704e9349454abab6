"""A model is called once, seen in every layer, and left as it was; where it fails, the layer is named."""

import pytest
import torch
from torch import nn

from course_lib.layer_calls import layer_calls, layers
from course_lib.nets import MLP


class Noisy(nn.Module):
    """What a look must not leave behind: random numbers drawn, a buffer replaced, another one changed in place."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.drop, self.norm = nn.Dropout(0.5), nn.BatchNorm1d(4)
        self.register_buffer("calls", torch.zeros(()))
        self.register_buffer("last", torch.zeros(2, 4))

    def forward(self, x):
        self.calls += 1
        self.last = torch.rand(2, 4)
        nn.functional.batch_norm(x, self.norm.running_mean, self.norm.running_var, training=True)
        return self.norm(self.drop(self.fc(x) + torch.rand(4)))


def hooks(model):
    return [(*m._forward_hooks, *m._forward_pre_hooks) for m in model.modules()]


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_left_as_it_was(training):
    model = Noisy().train(training)
    model.drop.train(not training)
    model.fc.weight.requires_grad_(False)
    model.fc.register_forward_hook(lambda *_: None)
    flags, state = [m.training for m in model.modules()], {k: v.clone() for k, v in model.state_dict().items()}
    before, random, versions = hooks(model), torch.get_rng_state(), [p._version for p in model.parameters()]
    buffer = model.last
    layer_calls(model, torch.ones(2, 4))
    assert [m.training for m in model.modules()] == flags
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)
    assert hooks(model) == before
    assert model.last is buffer
    assert [p._version for p in model.parameters()] == versions
    assert all(p.grad is None for p in model.parameters())


def test_also_where_it_fails():
    model = nn.Sequential(Noisy(), nn.Linear(5, 1))
    before, random = hooks(model), torch.get_rng_state()
    with pytest.raises(ValueError, match="'1'"):
        layer_calls(model, torch.ones(2, 4))
    assert model.training and hooks(model) == before and torch.equal(torch.get_rng_state(), random)
    assert model[0].calls == 0


def test_a_backward_pass_that_waits_can_still_be_taken():
    model = MLP(4, 8, 1).append(nn.BatchNorm1d(1)).eval()
    loss = model(torch.ones(2, 4)).sum()
    layer_calls(model, torch.ones(2, 4))
    loss.backward()


def test_calls_come_in_the_order_they_end():
    act = nn.Tanh()
    model = nn.Sequential(nn.Linear(4, 8), act, nn.Linear(8, 2), act)
    calls = layer_calls(model, torch.zeros(3, 4))
    assert [(call.name, call.shape) for call in calls] == [("0", (3, 8)), ("1", (3, 8)), ("2", (3, 2)), ("1", (3, 2))]


class Catching(nn.Module):
    """Tries one layer, and takes the other one when that fails."""

    def __init__(self):
        super().__init__()
        self.wrong, self.right = nn.Linear(3, 2), nn.Linear(4, 2)

    def forward(self, x):
        try:
            return self.wrong(x)
        except RuntimeError:
            return self.right(x)


def test_a_failure_that_the_model_catches_is_none():
    assert [call.name for call in layer_calls(nn.Sequential(Catching()), torch.zeros(1, 4))] == ["0.right"]


def test_the_failing_layer_and_the_shape_it_gets_are_named():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Sequential(nn.Flatten(), nn.Linear(100, 3)))
    with pytest.raises(
        ValueError, match=r"'1\.1' \(Linear\), which gets shape \(1, 2704\)(.|\n)*gets \(1, 1, 28, 28\)"
    ):
        layer_calls(model, torch.zeros(1, 1, 28, 28))


def test_a_failure_between_the_layers_is_that_of_the_module_around():
    class Adds(nn.Module):
        def forward(self, x):
            return x + torch.zeros(7)

    with pytest.raises(ValueError, match=r"'1' \(Adds\), which gets shape \(2, 4\)"):
        layer_calls(nn.Sequential(nn.ReLU(), Adds()), torch.zeros(2, 4))
    with pytest.raises(ValueError, match=r"the model itself \(Adds\)"):
        layer_calls(Adds(), torch.zeros(2, 4))


def test_layers_have_nothing_inside_or_weights_of_their_own():
    attention = nn.TransformerEncoderLayer(4, 2, 8)
    assert "self_attn" in layers(attention) and "self_attn.out_proj" not in layers(attention)
    weighted = nn.utils.parametrizations.weight_norm(nn.Linear(4, 3))
    assert list(layers(nn.Sequential(weighted))) == ["0"]
    assert list(layers(nn.Linear(4, 3))) == ["Linear"]
