"""The multilayer perceptron: linear layers with a nonlinearity between them.

Introduced in lesson 03 (learning_rates); lesson 01 builds one by hand.
"""

from collections.abc import Callable
from itertools import pairwise

from torch import nn

from course_lib.number_checks import is_whole


def MLP(*sizes: int, activation: Callable[[], nn.Module] = nn.ReLU) -> nn.Sequential:
    """Return linear layers of the given widths with ``activation`` between them, none after the last.

    The layers are called "0", "1", ...: the linear ones have even names. Weights start as PyTorch starts them.

    Args:
        sizes: D, H, ..., K: the number of inputs, of units in each hidden layer, and of outputs.
        activation: makes one nonlinearity, such as ``nn.ReLU`` or ``nn.Tanh``.

    Returns:
        A net that takes (B, D) float and gives (B, K): logits for classes, or values.

    Raises:
        ValueError: when there are fewer than two sizes, or one is not a whole number of 1 or more.

    >>> MLP(4, 16, 3)
    Sequential(
      (0): Linear(in_features=4, out_features=16, bias=True)
      (1): ReLU()
      (2): Linear(in_features=16, out_features=3, bias=True)
    )
    """
    _check(sizes, activation)
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers[:-1])


def _check(sizes: tuple[int, ...], activation: object) -> None:
    if len(sizes) < 2:
        raise ValueError(f"MLP needs at least two sizes, inputs and outputs, as in MLP(4, 16, 3); it got {sizes}.")
    for size in sizes:
        if not is_whole(size, least=1):
            raise ValueError(f"The sizes of an MLP are whole numbers of 1 or more, as in MLP(4, 16, 3), not {size!r}.")
    if isinstance(activation, nn.Module) or not callable(activation):
        raise ValueError(f"activation makes a layer each time: write nn.ReLU, without brackets, not {activation!r}.")
