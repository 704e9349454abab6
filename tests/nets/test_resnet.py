"""ResNets have torchvision's names and shapes, the published parameter counts, and compute what the paper draws."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.nets import BasicBlock, Bottleneck, ResNet, resnet18, resnet34, resnet50, resnet152

# Published by torchvision with the weights of each: parameters with 1,000 classes.
PUBLISHED = {resnet18: 11_689_512, resnet34: 21_797_672, resnet50: 25_557_032, resnet152: 60_192_808}
ENTRIES = {resnet18: 122, resnet34: 218, resnet50: 320, resnet152: 932}  # parameters and buffers by name
DEPTHS = {resnet18: (2, 2, 2, 2), resnet34: (3, 4, 6, 3), resnet50: (3, 4, 6, 3), resnet152: (3, 8, 36, 3)}


def torchvision_entries(depths, *, bottleneck, classes=1000):
    """Name -> shape of each entry of torchvision's state_dict, by a rule of its own."""
    entries = {}

    def conv(name, outputs, inputs, side):
        entries[f"{name}.weight"] = (outputs, inputs, side, side)

    def norm(name, channels):
        entries.update({f"{name}.{part}": (channels,) for part in ("weight", "bias", "running_mean", "running_var")})
        entries[f"{name}.num_batches_tracked"] = ()

    conv("conv1", 64, 3, 7)
    norm("bn1", 64)
    inputs = 64
    for stage, depth in enumerate(depths):
        width = 64 * 2**stage
        shapes = [(width, inputs, 3), (width, width, 3)]
        if bottleneck:
            shapes = [(width, inputs, 1), (width, width, 3), (4 * width, width, 1)]
        outputs = shapes[-1][0]
        for k in range(depth):
            name = f"layer{stage + 1}.{k}"
            if k:
                shapes[0] = (width, outputs, shapes[0][2])
            for number, shape in enumerate(shapes, start=1):
                conv(f"{name}.conv{number}", *shape)
                norm(f"{name}.bn{number}", shape[0])
            if k == 0 and inputs != outputs:
                conv(f"{name}.downsample.0", outputs, inputs, 1)
                norm(f"{name}.downsample.1", outputs)
        inputs = outputs
    return entries | {"fc.weight": (classes, inputs), "fc.bias": (classes,)}


def resnet18_by_functions(w, x, *, training=False):
    """The forward pass of ResNet-18 from the entries `w` alone."""

    def norm(x, name):
        mean, var = w[f"{name}.running_mean"].clone(), w[f"{name}.running_var"].clone()
        return F.batch_norm(x, mean, var, w[f"{name}.weight"], w[f"{name}.bias"], training)

    x = F.relu(norm(F.conv2d(x, w["conv1.weight"], stride=2, padding=3), "bn1"))
    x = F.max_pool2d(x, 3, 2, 1)
    for name in [f"layer{stage}.{k}" for stage in (1, 2, 3, 4) for k in (0, 1)]:
        stride = 2 if name in ("layer2.0", "layer3.0", "layer4.0") else 1
        out = F.relu(norm(F.conv2d(x, w[f"{name}.conv1.weight"], stride=stride, padding=1), f"{name}.bn1"))
        out = norm(F.conv2d(out, w[f"{name}.conv2.weight"], padding=1), f"{name}.bn2")
        if stride == 2:
            x = norm(F.conv2d(x, w[f"{name}.downsample.0.weight"], stride=2), f"{name}.downsample.1")
        x = F.relu(out + x)
    return F.linear(x.mean((2, 3)), w["fc.weight"], w["fc.bias"])


def with_statistics(net):
    """Running means and variances, weights and biases as after a training, not all 0 and 1."""
    generator = torch.Generator().manual_seed(3)
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for values, low in ((layer.running_mean, -0.5), (layer.running_var, 0.5), (layer.weight, 0.5)):
                values.data.uniform_(low, low + 1, generator=generator)
    return net


def pictures(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("make", PUBLISHED)
def test_names_shapes_and_counts_are_the_published_ones(make):
    with torch.device("meta"):
        net = make()
    expected = torchvision_entries(DEPTHS[make], bottleneck=make in (resnet50, resnet152))
    assert {name: tuple(value.shape) for name, value in net.state_dict().items()} == expected
    assert len(expected) == ENTRIES[make]
    assert sum(p.numel() for p in net.parameters()) == PUBLISHED[make]


def test_a_state_with_torchvisions_names_loads_strictly():
    shapes = torchvision_entries(DEPTHS[resnet18], bottleneck=False, classes=5)
    state = {name: torch.full(shape, 0.25 if shape else 3) for name, shape in shapes.items()}
    net = resnet18(5)
    net.load_state_dict(state, strict=True)
    assert net.layer2[0].downsample[0].weight.unique() == 0.25


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("side", [(64, 64), (65, 47)])
def test_it_is_the_functions_one_would_write(training, side):
    net = with_statistics(resnet18(10)).train(training)
    x = pictures(2, 3, *side)
    with torch.no_grad():
        expected = resnet18_by_functions(net.state_dict(), x, training=training)
        torch.testing.assert_close(net(x), expected, atol=1e-5, rtol=1e-5)


def test_the_bottleneck_strides_in_its_3x3():
    block = with_statistics(Bottleneck(8, 4, 2)).eval()
    w, x = block.state_dict(), pictures(2, 8, 9, 9)

    def norm(x, name):
        return F.batch_norm(x, *(w[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")))

    out = F.relu(norm(F.conv2d(x, w["conv1.weight"]), "bn1"))
    out = F.relu(norm(F.conv2d(out, w["conv2.weight"], stride=2, padding=1), "bn2"))
    out = norm(F.conv2d(out, w["conv3.weight"]), "bn3")
    expected = F.relu(out + norm(F.conv2d(x, w["downsample.0.weight"], stride=2), "downsample.1"))
    torch.testing.assert_close(block(x), expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("make", [resnet18, resnet50])
def test_gradients_reach_all_parameters(make):
    net = make(4)
    F.cross_entropy(net(pictures(2, 3, 64, 64)), torch.tensor([0, 3])).backward()
    assert [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()] == []


@pytest.mark.parametrize("make", PUBLISHED)
@pytest.mark.parametrize("side", [(224, 224), (97, 33)])
def test_shapes_at_the_sizes_in_use(make, side):
    with torch.device("meta"):
        assert make(7)(torch.empty(2, 3, *side)).shape == (2, 7)


def test_first_weights_are_hes_for_the_outputs():
    net = resnet18()
    for conv in (net.conv1, net.layer1[0].conv1, net.layer4[1].conv2, net.layer3[0].downsample[0]):
        fan_out = conv.out_channels * conv.kernel_size[0] ** 2
        assert conv.weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.05)
    norms = [layer for layer in net.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert all((norm.weight == 1).all() and (norm.bias == 0).all() for norm in norms)


@pytest.mark.parametrize("block", [BasicBlock, Bottleneck])
def test_with_zero_init_each_block_begins_as_its_shortcut(block):
    net = ResNet(block, (1, 2, 1, 1), 5, zero_init=True)
    x = pictures(2, 128 * block.expansion, 8, 8).relu()
    assert torch.equal(net.layer2[1](x), x)
    zero = [name for name, layer in net.named_modules() if isinstance(layer, nn.BatchNorm2d) and not layer.weight.any()]
    last = "bn2" if block is BasicBlock else "bn3"
    assert zero == [f"layer{stage}.{k}.{last}" for stage, k in [(1, 0), (2, 0), (2, 1), (3, 0), (4, 0)]]


class OwnBlock(nn.Module):
    """What a learner may write: no expansion, no downsample."""

    def __init__(self, inputs, channels, stride):
        super().__init__()
        self.conv = nn.Conv2d(inputs, channels, 3, stride, padding=1)

    def forward(self, x):
        return self.conv(x)


def test_a_block_of_ones_own_fits_in():
    net = ResNet(OwnBlock, (1, 2, 1, 1), 6)
    assert net(pictures(2, 3, 40, 40)).shape == (2, 6)
    assert net.layer2[1].conv.weight.shape == (128, 128, 3, 3)


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((BasicBlock(4, 4),), {}, r"write BasicBlock, without brackets, not BasicBlock\("),
        (("basic",), {}, "not 'basic'"),
        ((BasicBlock, (2, 2, 2)), {}, r"not \(2, 2, 2\)"),
        ((BasicBlock, (2, 2, 2, 0)), {}, r"not \(2, 2, 2, 0\)"),
        ((BasicBlock, 18), {}, "not 18"),
        ((BasicBlock, (1, 1, 1, 1), 0), {}, "classes is 0"),
        ((BasicBlock, (1, 1, 1, 1), 2.5), {}, "classes is 2.5"),
        ((OwnBlock, (1, 1, 1, 1)), {"zero_init": True}, "OwnBlock has none"),
    ],
)
def test_arguments_that_make_no_net_are_named(arguments, options, words):
    with pytest.raises(ValueError, match=words), torch.device("meta"):
        ResNet(*arguments, **options)


@pytest.mark.parametrize("shape", [(2, 1, 64, 64), (3, 64, 64), (2, 64, 64, 3)])
def test_pictures_of_another_shape_are_named(shape):
    with torch.device("meta"):
        net = resnet18()
    with pytest.raises(ValueError, match=r"\(B, 3, H, W\), not \(" + ", ".join(map(str, shape))):
        net(torch.empty(shape, device="meta"))
