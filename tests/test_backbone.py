"""Any net can stand on its features: the same three calls for ResNet-18, LeNet-5 and a plain nn.Sequential."""

import copy

import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

import course_lib as course
from course_lib.backbone import Backbone
from course_lib.datasets import Split
from course_lib.heads import FineTuned, Head
from course_lib.picture import as_bytes, normalise, read_picture
from course_lib.picture_folder import PictureFolder
from tests.test_picture_folder import cut_off, fill

pytestmark = pytest.mark.usefixtures("on_the_cpu")

QUIET = {"progress": False}


def sequential() -> nn.Sequential:
    """With everything that a careless look would change: batch norm, dropout, a ReLU that works in place."""
    return nn.Sequential(
        nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Linear(8, 8), nn.Linear(8, 3)
    )


NETS = {
    # made by, layer, rows of x, features written by hand
    "resnet18": (
        course.resnet18,
        "avgpool",
        (5, 3, 64, 64),
        lambda net, x: net.layer4(
            net.layer3(net.layer2(net.layer1(net.maxpool(net.relu(net.bn1(net.conv1(x)))))))
        ).mean((2, 3)),
    ),
    "lenet5": (
        course.LeNet5,
        "act4",
        (5, 1, 32, 32),
        lambda net, x: torch.tanh(
            net.fc2(torch.tanh(net.fc1(net.pool2(net.act2(net.conv2(net.pool1(net.act1(net.conv1(x)))))).flatten(1))))
        ),
    ),
    "sequential": (sequential, "4", (5, 4), lambda net, x: net[4](net[2](net[1](net[0](x))))),
}


@pytest.fixture(params=NETS)
def case(request):
    """A backbone whose batch norms have statistics of their own, pictures, labels of two classes, and the features."""
    make, layer, shape, by_hand = NETS[request.param]
    torch.manual_seed(1)
    net = make()
    for module in net.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.8, 1.5)
    x, y = torch.randn(shape), torch.tensor([0, 1, 0, 1, 1])
    net.eval()
    with torch.no_grad():
        features = by_hand(net, x)
    channels = shape[1] if len(shape) == 4 else 3
    size = shape[-1] if len(shape) == 4 else 224
    net.train()
    half = {"mean": (0.5,) * channels, "std": (0.25,) * channels}
    return Backbone(net, layer, size, channels=channels, **half), x, y, features


def everything(net: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in net.state_dict().items()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def untouched(net: nn.Module, before: dict[str, torch.Tensor], modes: list[bool]) -> bool:
    """Weights, statistics, modes, gradients and hooks are those of before."""
    hooks = [module for module in net.modules() if module._forward_hooks or module._forward_pre_hooks]
    grads = [p for p in net.parameters() if p.grad is not None]
    return same(everything(net), before) and [m.training for m in net.modules()] == modes and not hooks and not grads


def test_features_are_those_written_by_hand(case):
    backbone, x, y, by_hand = case
    seen = backbone.features((x, y), batch_size=2)
    assert seen.x.dtype == torch.float32 and not seen.x.requires_grad
    assert float((seen.x - by_hand).abs().max()) <= 1e-6 * max(1.0, float(by_hand.abs().max()))
    a, b = seen
    assert a is seen.x and torch.equal(b, y) and seen.classes == ("0", "1") and seen.files == ()


def test_a_layer_before_an_in_place_relu_keeps_its_output():
    net, x = sequential().eval(), torch.randn(5, 4)
    seen = Backbone(net, "1").features((x, torch.zeros(5, dtype=torch.int64))).x
    torch.testing.assert_close(seen, net[1](net[0](x)).detach())
    assert seen.min() < 0


def test_nothing_changes_the_net_of_the_caller(case):
    backbone, x, y, _ = case
    net = backbone.module
    next(net.children()).eval()  # mixed modes
    before, modes = everything(net), [m.training for m in net.modules()]
    seen = backbone.features((x, y))
    assert untouched(net, before, modes)
    run = backbone.train_head(seen, epochs=2, **QUIET)
    assert untouched(net, before, modes)
    backbone.predict(x, run), backbone.evaluate((x, y), run)
    assert untouched(net, before, modes)
    tuned = backbone.fine_tune((x, y), epochs=1, head_lr=1e-4, body_lr=1e-4, batch_size=5, **QUIET)
    assert untouched(net, before, modes)
    assert not {p.data_ptr() for p in tuned.model.parameters()} & {p.data_ptr() for p in net.parameters()}


def test_fine_tuning_changes_the_body_and_not_the_statistics(case):
    backbone, x, y, _ = case
    rates = {"head_lr": 1e-3, "body_lr": 1e-4, "optimizer": "adam"}  # adam moves each weight by its rate
    run = backbone.fine_tune((x, y), epochs=2, batch_size=5, **rates, **QUIET)
    before, after = backbone.module.state_dict(), run.model.body.state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert isinstance(run.model, FineTuned) and run.stopped == "finished"
    buffers = {name for name, _ in backbone.module.named_buffers()}
    unused = ("fc.", "fc3.", "5.")  # behind the layer of the features
    assert moved == {n for n in before if n not in buffers and not n.startswith(unused)}


def test_fine_tuned_is_body_and_head(case):
    backbone, x, y, by_hand = case
    head = backbone.train_head(backbone.features((x, y)), epochs=2, **QUIET).model
    run = backbone.fine_tune((x, y), epochs=0, head=head, **QUIET)
    assert run.model.head is not head
    run.model.eval()
    torch.testing.assert_close(run.model(x), head(by_hand), rtol=1e-4, atol=1e-5)
    with torch.no_grad():
        many = x.repeat(15, *[1] * (x.dim() - 1))  # more than are computed at a time
        torch.testing.assert_close(run.model(many), head(by_hand).repeat(15, 1), rtol=1e-4, atol=1e-5)


def test_one_step_has_two_learning_rates():
    """Plain gradient descent, by hand: each part moves by its own rate times its gradient."""
    torch.manual_seed(0)
    backbone = Backbone(nn.Sequential(nn.Linear(4, 6), nn.Tanh()), "1")
    x, y = torch.randn(8, 4), torch.tensor([0, 1] * 4)
    head = backbone.train_head(backbone.features((x, y)), epochs=1, lr=0.1, **QUIET).model
    net = FineTuned(backbone.module, "1", head, mean=(), std=())
    F.cross_entropy(net(x), y).backward()
    rates = {"head_lr": 0.5, "body_lr": 0.01}
    run = backbone.fine_tune((x, y), epochs=1, head=head, optimizer="sgd", batch_size=8, **rates, **QUIET)
    for name, p in net.named_parameters():
        step = dict(run.model.named_parameters())[name] - p
        torch.testing.assert_close(step, -rates[f"{name[:4]}_lr"] * p.grad, atol=1e-6, rtol=1e-3)


def test_a_body_rate_of_0_leaves_the_body_as_it_is():
    x, y = torch.randn(8, 4), torch.tensor([0, 1] * 4)
    backbone = Backbone(sequential(), "4")
    run = backbone.fine_tune((x, y), epochs=2, body_lr=0, **QUIET)
    assert same(everything(backbone.module), everything(run.model.body))
    assert run.model.head.linear.weight.abs().max() > 0


def test_frozen_parameters_stay_frozen():
    x, y = torch.randn(8, 4), torch.tensor([0, 1] * 4)
    backbone = Backbone(sequential(), "4")
    backbone.module[0].requires_grad_(False)
    body = backbone.fine_tune((x, y), epochs=2, body_lr=0.1, **QUIET).model.body
    assert torch.equal(body[0].weight, backbone.module[0].weight)
    assert not torch.equal(body[4].weight, backbone.module[4].weight)


def test_statistics_follow_when_they_are_asked_to():
    x, y = torch.randn(8, 4) + 5, torch.tensor([0, 1] * 4)
    backbone = Backbone(sequential(), "4")
    run = backbone.fine_tune((x, y), epochs=3, norm_statistics=True, **QUIET)
    norm, old = run.model.body[1], backbone.module[1]
    assert norm.num_batches_tracked == 3 and not torch.equal(norm.running_mean, old.running_mean)
    assert run.model.train().body[1].training and run.model.body[3].training


def test_the_head_learns_what_the_features_tell_apart():
    torch.manual_seed(0)
    y = torch.arange(90) % 3
    x = F.one_hot(y, 4).float() * 3 + torch.randn(90, 4)
    backbone = Backbone(nn.Sequential(nn.Linear(4, 32), nn.Tanh()), "1")
    train, val = backbone.features((x[:60], y[:60])), backbone.features((x[60:], y[60:]))
    run = backbone.train_head(train, val, epochs=30, lr=0.1, **QUIET)
    scores = backbone.evaluate((x[60:], y[60:]), run)
    assert scores["acc"] > 0.8 > 0.5 > float(backbone.evaluate(val, Head(train))["acc"])
    assert scores["acc"] == pytest.approx(float(run.history["val_acc"][-1]))
    assert scores["loss"] == pytest.approx(float(run.history["val_loss"][-1]), rel=1e-5)


def test_a_head_is_a_linear_layer_on_standardised_features():
    backbone = Backbone(nn.Sequential(nn.Identity()), "0")
    x = torch.tensor([[1.0, 5.0, 100.0], [3.0, 5.0, 300.0]])  # the second never varies
    head = Head(backbone.features((x, torch.tensor([0, 1]))))
    assert torch.equal(head(x), torch.zeros(2, 2))
    with torch.no_grad():
        head.linear.weight.copy_(torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]))
    assert torch.equal(head(x), torch.tensor([[-1.0, -1.0], [1.0, 1.0]]))
    assert sum(p.numel() for p in head.parameters()) == 3 * 2 + 2


@pytest.fixture
def folder(tmp_path):
    return PictureFolder(fill(tmp_path / "insects", ants=3, bees=4))


GREY = {"size": 32, "mean": (0.5,), "std": (0.25,), "channels": 1}


def as_read(path, *, size, mean, std, channels=3):
    """A picture as the net reads it, (channels, size, size), without any of `Backbone`'s ways to it."""
    return normalise(as_bytes(read_picture(path), size=size, channels=channels), mean, std)


def test_folders_are_read_as_one_would_by_hand(folder):
    backbone = Backbone(course.resnet18(), size=32, mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    keep = {"size": 32, "mean": (0.1, 0.2, 0.3), "std": (0.5, 0.6, 0.7)}
    x = torch.stack([as_read(path, **keep) for path in folder.files])
    seen = backbone.features(folder, batch_size=3)
    torch.testing.assert_close(seen.x, backbone.features((x, folder.labels)).x)
    assert seen.classes == ("ants", "bees") and list(seen.files) == folder.files
    assert repr(seen) == "Features(7 rows of 512 numbers; ants: 3, bees: 4)"


def test_all_calls_take_folders(folder):
    backbone = Backbone(course.LeNet5(), "act4", **GREY)
    train, val = folder.split(0.4)
    run = backbone.train_head(backbone.features(train), backbone.features(val), epochs=3, **QUIET)
    tuned = backbone.fine_tune(train, val, epochs=2, head=run.model, **QUIET)
    for trained in (run, tuned, run.model, tuned.model):
        assert set(backbone.evaluate(val, trained)) == {"loss", "acc"}
        assert [guess.file for guess in backbone.predict(val, trained)] == [path.name for path in val.files]
    assert backbone.evaluate(val, tuned)["acc"] == pytest.approx(float(tuned.history["val_acc"][-1]))


def test_a_broken_picture_stops_nothing(folder):
    broken = cut_off(folder.path / "ants" / "9.png")
    folder = PictureFolder(folder.path)
    backbone = Backbone(course.LeNet5(), "act4", **GREY)
    seen = backbone.features(folder)
    assert len(seen) == 7 and [path for path, _ in folder.skipped] == [broken]
    assert backbone.fine_tune(PictureFolder(folder.path), epochs=1, **QUIET).step > 0


def test_guesses_name_class_score_and_what_was_skipped(folder, tmp_path):
    backbone = Backbone(course.LeNet5(), "act4", **GREY)
    run = backbone.train_head(backbone.features(folder), epochs=5, **QUIET)
    mine = tmp_path / "mine"
    fill(tmp_path, mine=2)
    (mine / "letter.txt").write_text("dear course")
    cut_off(mine / "half.png")
    told = backbone.predict(mine, run)
    assert [guess.file for guess in told] == ["00.png", "01.png"]
    assert {path.name for path, _ in told.skipped} == {"letter.txt", "half.png"}
    x = torch.stack([as_read(mine / name, **GREY) for name in ("00.png", "01.png")])
    scores = torch.softmax(run.model(backbone.features((x, torch.tensor([0, 1]))).x), 1)
    assert [guess.score for guess in told] == pytest.approx(scores.amax(1).tolist(), rel=1e-4)
    assert [guess.name for guess in told] == [("ants", "bees")[k] for k in scores.argmax(1)]
    assert repr(told).startswith(f"00.png  {told[0].name} ({100 * told[0].score:.0f} %)\n01.png  ")
    assert "letter.txt: skipped, its content is that of no picture" in repr(told)
    assert backbone.predict(mine / "00.png", run)[0].score == pytest.approx(told[0].score, rel=1e-5)
    assert backbone.predict([mine / "01.png", str(mine / "00.png")], run)[1].file == "00.png"
    assert [guess.file for guess in backbone.predict(x, run)] == ["0", "1"]


def test_a_small_net_stays_on_the_cpu_and_a_big_one_asks(monkeypatch, capsys):
    monkeypatch.setattr("course_lib.backbone.pick_device", lambda: torch.device("meta"))
    small, big = Backbone(course.LeNet5(), "act4", **GREY), Backbone(course.resnet18())
    assert small._device(None) == torch.device("cpu") and capsys.readouterr().out == ""
    assert big._device(None) == big._device(None) == torch.device("meta")
    assert capsys.readouterr().out == "ResNet: 11,689,512 parameters, computed on META\n"  # once
    assert big._device("cpu") == torch.device("cpu")


def test_the_bar_comes_at_once_or_never(capsys):
    backbone = Backbone(sequential(), "4")
    backbone.features((torch.zeros(2, 4), torch.tensor([0, 1])), progress=False)
    assert capsys.readouterr().err == ""
    backbone.features((torch.zeros(2, 4), torch.tensor([0, 1])), progress=True)
    assert "features" in capsys.readouterr().err


def test_another_device_leaves_the_net_where_it_is():
    backbone = Backbone(sequential(), "4")
    with pytest.raises(ValueError, match="no such device"):
        backbone.features((torch.zeros(2, 4), torch.tensor([0, 1])), device="cuda:99")
    assert {p.device.type for p in backbone.module.parameters()} == {"cpu"}


def test_a_checkpoint_knows_both_rates(tmp_path):
    x, y = torch.randn(8, 4), torch.tensor([0, 1] * 4)
    backbone, keep = Backbone(sequential(), "4"), {"checkpoint": tmp_path / "run.pt", **QUIET}
    backbone.fine_tune((x, y), epochs=1, body_lr=0.01, **keep)
    assert backbone.fine_tune((x, y), epochs=2, body_lr=0.01, **keep).epoch == 2
    with pytest.raises(ValueError, match=r"body_lr=0\.02"):
        backbone.fine_tune((x, y), epochs=2, body_lr=0.02, **keep)


X, Y = torch.zeros(4, 4), torch.tensor([0, 1, 0, 1])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Backbone("resnet18"), "needs an nn.Module, .* 'resnet18'"),
        (lambda: Backbone(course.resnet18(), "avg_pool"), "no layer 'avg_pool'. Names near it: 'avgpool'"),
        (lambda: Backbone(course.resnet18(), "layer4.2"), r"Names near it: .*'layer4\.1'"),
        (lambda: Backbone(sequential()), "no layer 'avgpool'. Its layers are '0', '1', '2', '3', '4', '5'"),
        (lambda: Backbone(nn.ReLU(), "0"), "no layer '0'. It has no layers inside"),
        (lambda: Backbone(course.LeNet5(), "fc2", size=32, channels=1), "one number for each of 1 channels.*0.485"),
        (lambda: Backbone(course.LeNet5(), "fc2", size=0), "size is 0; it must be"),
        (lambda: Backbone(course.LeNet5(), "fc2", channels=4), "not 4"),
        (lambda: Backbone(course.resnet18(), std=(0.1, 0.2, 0.0)), "above 0"),
        (lambda: Backbone(sequential(), "4").features((torch.zeros(2, 5), Y[:2])), r"batch of shape \(2, 5\)"),
        (lambda: Backbone(sequential(), "4").features(X), "PictureFolder, or a pair of tensors"),
        (lambda: Backbone(sequential(), "4").features((X, Y[:3])), "4 rows and y has 3"),
        (lambda: Backbone(sequential(), "4").features((X, Y.float())), r"int64 from 0 on, not \(4,\) torch.float32"),
        (lambda: Backbone(sequential(), "4").features((X, Y - 1)), "from 0 on"),
        (lambda: Backbone(sequential(), "4").features((X[:0], Y[:0])), "None of the pictures"),
        (lambda: Backbone(sequential(), "4").train_head((X, Y)), r"what backbone\.features\(pictures\) gives"),
        (lambda: Backbone(sequential(), "4").predict(X, sequential()), "what train_head or fine_tune gave"),
    ],
)
def test_what_cannot_be_done_is_said_in_words(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_layer_that_is_no_row_an_example_is_refused():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.never, self.lstm, self.flat = nn.Linear(4, 4), nn.LSTM(4, 4, batch_first=True), nn.Flatten(0)

        def forward(self, x):
            self.flat(x)
            return self.lstm(x[:, None])[0]

    for layer, words in {"never": "is never called", "lstm": "puts out tuple", "flat": r"puts out \(16,\)"}.items():
        with pytest.raises(ValueError, match=words):
            Backbone(Odd(), layer).features((X, Y))


def test_classes_must_be_the_same(folder, tmp_path):
    backbone = Backbone(course.LeNet5(), "act4", **GREY)
    seen, other = backbone.features(folder), PictureFolder(fill(tmp_path / "other", cats=2, dogs=2))
    run = backbone.train_head(seen, epochs=1, **QUIET)
    for attempt in (
        lambda: backbone.train_head(seen, backbone.features(other), epochs=1),
        lambda: backbone.fine_tune(folder, other, epochs=1),
        lambda: backbone.fine_tune(other, head=run.model, epochs=1),
        lambda: backbone.evaluate(other, run),
    ):
        with pytest.raises(ValueError, match="cats, dogs.*ants, bees|ants, bees.*cats, dogs"):
            attempt()


def test_a_class_whose_pictures_are_all_broken_is_named(folder):
    for path in folder.files[:3]:
        Image.new("L", (64, 64)).save(path)
        path.write_bytes(path.read_bytes()[:60])
    folder, backbone = PictureFolder(folder.path), Backbone(course.LeNet5(), "act4", **GREY)
    with pytest.raises(ValueError, match="no picture of ants"):
        backbone.fine_tune(folder, epochs=1)
    seen = backbone.features(folder)
    assert len(seen) == 4
    with pytest.raises(ValueError, match="no picture of ants"):
        backbone.train_head(seen)


def test_features_of_the_frozen_net_say_nothing_about_a_tuned_one():
    backbone = Backbone(sequential(), "4")
    seen = backbone.features((X, Y))
    run = backbone.fine_tune(Split(X, Y), epochs=1, **QUIET)
    with pytest.raises(ValueError, match="body was fine-tuned"):
        backbone.predict(seen, run)


def test_too_many_pictures_for_memory_are_refused_before_they_are_read(folder):
    backbone = Backbone(course.resnet18(), size=100_000)
    with pytest.raises(ValueError, match=r"7 pictures of 100000 x 100000 take 195\.6 GB"):
        backbone.fine_tune(folder)


def test_a_copy_of_what_was_trained_is_whole(folder):
    backbone = Backbone(course.LeNet5(), "act4", **GREY)
    run = backbone.fine_tune(folder, epochs=1, **QUIET)
    again = copy.deepcopy(run.model)
    assert backbone.predict(folder, again) == backbone.predict(folder, run) and again.classes == ("ants", "bees")
