"""Seeds are shifted and weights are moved by exactly what the environment says, and nothing else changes."""

import pytest
import torch

from course_lib.nets import MLP
from course_lib.variation import perturb, shifted


def weights(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()])


def test_nothing_is_shifted_unless_asked():
    net = MLP(4, 8, 3)
    before = weights(net).clone()
    perturb(net)
    assert shifted(7) == 7
    assert torch.equal(weights(net), before)


def test_a_seed_is_shifted_by_the_variable(monkeypatch):
    monkeypatch.setenv("COURSE_SEED_SHIFT", "-3")
    assert shifted(7) == 4


def test_the_noise_has_the_size_asked_for_and_is_the_same_every_time(monkeypatch):
    monkeypatch.setenv("COURSE_WEIGHT_NOISE", "1e-3")
    net, twin = MLP(40, 80, 30), MLP(40, 80, 30)
    twin.load_state_dict(net.state_dict())
    before = weights(net).clone()
    perturb(net)
    perturb(twin)
    assert 0.9e-3 < (weights(net) - before).std() < 1.1e-3
    assert torch.equal(weights(net), weights(twin))


def test_the_noise_leaves_the_global_random_state_alone(monkeypatch):
    monkeypatch.setenv("COURSE_WEIGHT_NOISE", "0.1")
    net, state = MLP(4, 8, 3), torch.get_rng_state()
    perturb(net)
    assert torch.equal(torch.get_rng_state(), state)


def test_two_layers_of_one_shape_get_different_noise(monkeypatch):
    monkeypatch.setenv("COURSE_WEIGHT_NOISE", "0.1")
    net = MLP(4, 4, 4)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
    perturb(net)
    assert not torch.equal(net[0].weight, net[2].weight)


@pytest.mark.parametrize("value", ["two", "1.5", "1e3"])
def test_a_shift_that_is_no_whole_number_is_named(monkeypatch, value):
    monkeypatch.setenv("COURSE_SEED_SHIFT", value)
    with pytest.raises(ValueError, match=f"COURSE_SEED_SHIFT is '{value}'"):
        shifted(0)


@pytest.mark.parametrize("value", ["much", "-1", "nan", "inf"])
def test_a_noise_that_is_no_size_is_named(monkeypatch, value):
    monkeypatch.setenv("COURSE_WEIGHT_NOISE", value)
    with pytest.raises(ValueError, match=f"COURSE_WEIGHT_NOISE is '{value}'"):
        perturb(MLP(4, 3))
