"""ResNets as they are published: 18, 34, 50 and 152 layers deep, each block adding to what comes in.

Parameters and buffers have torchvision's names and shapes, so its published weights load with ``strict=True``.

Introduced in lesson 07 (skip_connections).
"""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from course_lib.number_checks import is_whole, whole_number

WIDTHS = (64, 128, 256, 512)  # channels inside the blocks of layer1 to layer4


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut: (B, inputs, H, W) to (B, channels, H / stride, W / stride), rounded up.

    The shortcut is the input itself; where the shape changes, a 1 x 1 convolution (``downsample``) makes it fit.

    Source: He, Zhang, Ren and Sun 2016, "Deep residual learning for image recognition", figure 5 left.
    """

    expansion = 1  # channels that come out, in multiples of ``channels``

    def __init__(self, inputs: int, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = _downsample(inputs, channels * self.expansion, stride)
        self.relu2 = nn.ReLU()

    @property
    def last_norm(self) -> nn.Module:
        """The norm before the sum: with weight 0 the block passes its shortcut on."""
        return self.bn2

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, channels, H / stride, W / stride)."""
        out = self.relu1(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        shortcut = x if self.downsample is None else self.downsample(x)
        return self.relu2(out + shortcut)


class Bottleneck(nn.Module):
    """1 x 1 to fewer channels, 3 x 3 there, 1 x 1 to four times as many, beside a shortcut.

    (B, inputs, H, W) to (B, 4 * channels, H / stride, W / stride), rounded up. The stride is that of the 3 x 3: the
    paper has it in the first 1 x 1, which never looks at three of four places; torchvision calls this one v1.5.

    Source: He, Zhang, Ren and Sun 2016, "Deep residual learning for image recognition", figure 5 right.
    """

    expansion = 4

    def __init__(self, inputs: int, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(channels, channels * self.expansion, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels * self.expansion)
        self.downsample = _downsample(inputs, channels * self.expansion, stride)
        self.relu3 = nn.ReLU()

    @property
    def last_norm(self) -> nn.Module:
        """The norm before the sum: with weight 0 the block passes its shortcut on."""
        return self.bn3

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, 4 * channels, H / stride, W / stride)."""
        out = self.relu1(self.bn1(self.conv1(x)))
        out = self.relu2(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        shortcut = x if self.downsample is None else self.downsample(x)
        return self.relu3(out + shortcut)


class ResNet(nn.Module):
    """Pictures (B, 3, H, W) float to logits (B, K), with whatever block it is given.

    | layer | output at 224 x 224 |
    |---|---|
    | conv1, bn1, relu | (B, 64, 112, 112) |
    | maxpool | (B, 64, 56, 56) |
    | layer1 | (B, 64 * expansion, 56, 56) |
    | layer2 | (B, 128 * expansion, 28, 28) |
    | layer3 | (B, 256 * expansion, 14, 14) |
    | layer4 | (B, 512 * expansion, 7, 7) |
    | avgpool, flatten | (B, 512 * expansion) |
    | fc | (B, K) |

    Args:
        block: makes a block, called as ``block(inputs, channels, stride)``. It gives ``channels * block.expansion``
            channels (``channels`` where it has no ``expansion``) and height and width divided by ``stride``.
        depths: how many blocks layer1, layer2, layer3 and layer4 have.
        classes: K, the number of classes.
        zero_init: start the last norm of each block at weight 0, so that each block begins as its shortcut. The block
            says which norm that is by an attribute ``last_norm``.

    Convolutions start with He's normal weights for the number of outputs, norms at 1 and 0, as torchvision's do.

    Raises:
        ValueError: an argument of another kind, or ``zero_init`` with a block that has no ``last_norm``; in a call,
            pictures of another shape than (B, 3, H, W).

    Source: He, Zhang, Ren and Sun 2016, "Deep residual learning for image recognition", table 1; initial weights: He et
        al. 2015, "Delving deep into rectifiers"; ``zero_init``: Goyal et al. 2017, "Accurate, large minibatch SGD",
        section 5.1; names and the place of the stride: torchvision.
    """

    def __init__(
        self,
        block: Callable[[int, int, int], nn.Module],
        depths: Sequence[int] = (2, 2, 2, 2),
        classes: int = 1000,
        *,
        zero_init: bool = False,
    ) -> None:
        super().__init__()
        _check(block, depths, classes)
        expansion = getattr(block, "expansion", 1)
        inputs = (WIDTHS[0], *(width * expansion for width in WIDTHS))
        self.conv1 = nn.Conv2d(3, WIDTHS[0], 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTHS[0])
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = _stage(block, inputs[0], WIDTHS[0], depths[0], stride=1)
        self.layer2 = _stage(block, inputs[1], WIDTHS[1], depths[1], stride=2)
        self.layer3 = _stage(block, inputs[2], WIDTHS[2], depths[2], stride=2)
        self.layer4 = _stage(block, inputs[3], WIDTHS[3], depths[3], stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(inputs[4], classes)
        self._start(zero_init)

    def _start(self, zero_init: bool) -> None:
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        if zero_init:  # norms are at 1 and 0 already
            for block in [*self.layer1, *self.layer2, *self.layer3, *self.layer4]:
                if not hasattr(block, "last_norm"):
                    raise ValueError(f"zero_init needs block.last_norm, and {type(block).__name__} has none.")
                nn.init.zeros_(block.last_norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, K) of pictures ``x`` (B, 3, H, W)."""
        if x.ndim != 4 or x.shape[1] != 3:
            raise ValueError(f"A ResNet reads pictures of shape (B, 3, H, W), not {tuple(x.shape)}.")
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))  # (B, 64, H / 4, W / 4)
        x = self.layer2(self.layer1(x))  # (B, 128 * expansion, H / 8, W / 8)
        x = self.layer4(self.layer3(x))  # (B, 512 * expansion, H / 32, W / 32)
        return self.fc(self.flatten(self.avgpool(x)))  # (B, K)


def resnet18(classes: int = 1000, *, zero_init: bool = False) -> ResNet:
    """18 layers with weights: 11,689,512 parameters with 1,000 ``classes``; ``zero_init`` as of `ResNet`."""
    return ResNet(BasicBlock, (2, 2, 2, 2), classes, zero_init=zero_init)


def resnet34(classes: int = 1000, *, zero_init: bool = False) -> ResNet:
    """34 layers with weights: 21,797,672 parameters with 1,000 ``classes``; ``zero_init`` as of `ResNet`."""
    return ResNet(BasicBlock, (3, 4, 6, 3), classes, zero_init=zero_init)


def resnet50(classes: int = 1000, *, zero_init: bool = False) -> ResNet:
    """50 layers with weights: 25,557,032 parameters with 1,000 ``classes``; ``zero_init`` as of `ResNet`."""
    return ResNet(Bottleneck, (3, 4, 6, 3), classes, zero_init=zero_init)


def resnet152(classes: int = 1000, *, zero_init: bool = False) -> ResNet:
    """152 layers with weights: 60,192,808 parameters with 1,000 ``classes``; ``zero_init`` as of `ResNet`."""
    return ResNet(Bottleneck, (3, 8, 36, 3), classes, zero_init=zero_init)


def _downsample(inputs: int, outputs: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


def _stage(block: Callable[..., nn.Module], inputs: int, channels: int, depth: int, *, stride: int) -> nn.Sequential:
    """``depth`` blocks; the first changes the shape."""
    outputs = channels * getattr(block, "expansion", 1)
    return nn.Sequential(block(inputs, channels, stride), *(block(outputs, channels, 1) for _ in range(depth - 1)))


def _check(block: object, depths: Sequence[int], classes: object) -> None:
    if isinstance(block, nn.Module) or not callable(block):
        raise ValueError(f"block makes a block each time: write BasicBlock, without brackets, not {block!r}.")
    if not isinstance(depths, Sequence) or len(depths) != 4 or not all(is_whole(depth, least=1) for depth in depths):
        raise ValueError(f"depths are four whole numbers of 1 or more, as in (2, 2, 2, 2), not {depths!r}.")
    whole_number("classes", classes, least=1)
