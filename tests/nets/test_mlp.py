"""The nets have the layers, names and weights that the lessons count on."""

import pytest
import torch
from torch import nn

from course_lib.nets import MLP


def test_it_is_the_sequential_one_would_write():
    torch.manual_seed(3)
    net = MLP(4, 16, 8, 3, activation=nn.Tanh)
    torch.manual_seed(3)
    written = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 3))
    x = torch.randn(5, 4)
    assert [name for name, _ in net.named_children()] == ["0", "1", "2", "3", "4"]
    assert str(net) == str(written)
    assert torch.equal(net(x), written(x))


def test_two_sizes_make_one_linear_layer():
    assert [type(layer) for layer in MLP(2, 1)] == [nn.Linear]


def test_each_activation_is_an_object_of_its_own():
    net = MLP(4, 8, 8, 3)
    assert net[1] is not net[3]


@pytest.mark.parametrize(
    ("sizes", "words"),
    [((), "at least two sizes"), ((4,), "at least two sizes"), ((4, 0, 3), "not 0"), ((4, 2.5), "not 2.5")]
    + [((4, -1), "not -1"), (([4, 3], 1), r"not \[4, 3\]"), ((True, 3), "not True")],
)
def test_sizes_that_make_no_net_are_named(sizes, words):
    with pytest.raises(ValueError, match=words):
        MLP(*sizes)


@pytest.mark.parametrize("activation", [nn.ReLU(), "relu", None])
def test_an_activation_that_is_made_already_is_refused(activation):
    with pytest.raises(ValueError, match=r"write nn\.ReLU, without brackets"):
        MLP(4, 3, 2, activation=activation)
