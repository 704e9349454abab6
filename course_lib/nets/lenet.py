"""LeNet-5: two convolutions that look for patterns anywhere in a picture, and three linear layers that decide.

Introduced in lesson 06 (convolutions).
"""

from collections.abc import Callable

from torch import Tensor, nn

from course_lib.number_checks import whole_number

SIDE = 32  # height and width of a picture; digits of 28 x 28 get a rim of 2


class LeNet5(nn.Module):
    """Reads handwritten digits: (B, 1, 32, 32) float to logits (B, K). 61,706 parameters with 10 classes.

    | layer | output | parameters |
    |---|---|---|
    | conv1, act1 | (B, 6, 28, 28) | 156 |
    | pool1 | (B, 6, 14, 14) | 0 |
    | conv2, act2 | (B, 16, 10, 10) | 2,416 |
    | pool2 | (B, 16, 5, 5) | 0 |
    | flatten | (B, 400) | 0 |
    | fc1, act3 | (B, 120) | 48,120 |
    | fc2, act4 | (B, 84) | 10,164 |
    | fc3 | (B, K) | 850 for K = 10 |

    Args:
        classes: K, the number of classes.
        activation: makes one nonlinearity, such as ``nn.Tanh`` (as in the paper, up to its scale) or ``nn.ReLU``.
        pool: makes a layer that halves height and width, called with 2: ``nn.AvgPool2d`` or ``nn.MaxPool2d``.

    Raises:
        ValueError: an argument of another kind; in a call, pictures of another shape than (B, 1, 32, 32).

    Source: LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to document recognition", section
        II.B. As usual today, unlike the paper: each map of conv2 sees all maps of pool1 (the paper chose 3 to 6 for
        each), pooling has no coefficient and bias to train, tanh is not scaled to 1.7159 tanh(2x / 3), and the last
        layer is linear with softmax in the loss, where the paper measured distances to drawn digits (RBF units).

    >>> net = LeNet5()
    >>> net.conv1.weight.shape
    torch.Size([6, 1, 5, 5])
    """

    def __init__(
        self,
        classes: int = 10,
        *,
        activation: Callable[[], nn.Module] = nn.Tanh,
        pool: Callable[[int], nn.Module] = nn.AvgPool2d,
    ) -> None:
        super().__init__()
        _check(classes, activation, pool)
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.act1 = activation()
        self.pool1 = pool(2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.act2 = activation()
        self.pool2 = pool(2)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.act3 = activation()
        self.fc2 = nn.Linear(120, 84)
        self.act4 = activation()
        self.fc3 = nn.Linear(84, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, K) of pictures ``x`` (B, 1, 32, 32)."""
        if x.ndim != 4 or x.shape[1:] != (1, SIDE, SIDE):
            raise ValueError(f"LeNet-5 reads pictures of shape (B, 1, {SIDE}, {SIDE}), not {tuple(x.shape)}.")
        x = self.pool1(self.act1(self.conv1(x)))  # (B, 6, 14, 14)
        x = self.pool2(self.act2(self.conv2(x)))  # (B, 16, 5, 5)
        x = self.flatten(x)  # (B, 400)
        x = self.act3(self.fc1(x))  # (B, 120)
        x = self.act4(self.fc2(x))  # (B, 84)
        return self.fc3(x)  # (B, K)


def _check(classes: object, activation: object, pool: object) -> None:
    whole_number("classes", classes, least=1)
    for name, made, example in [("activation", activation, "nn.Tanh"), ("pool", pool, "nn.AvgPool2d")]:
        if isinstance(made, nn.Module) or not callable(made):
            raise ValueError(f"{name} makes a layer each time: write {example}, without brackets, not {made!r}.")
