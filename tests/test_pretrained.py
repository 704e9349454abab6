"""Published weights go into the net they were made from, whole, and whatever else is in the file is said in words."""

import pytest
import torch
from torch import nn

import course_lib as course
from course_lib.pretrained import load_published


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A net with weights and statistics of its own, and the file of its state dict."""
    torch.manual_seed(7)
    net = course.resnet18()
    for name, buffer in net.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_()
    torch.save(net.state_dict(), path := tmp_path_factory.mktemp("weights") / "resnet18.pth")
    return net.eval(), path


def test_the_net_then_says_what_the_published_one_says(published):
    net, path = published
    other = course.resnet18().eval()
    x = torch.randn(2, 3, 64, 64)
    assert not torch.allclose(other(x), net(x))
    assert load_published(other, path) is other and not other.training
    assert torch.equal(other(x), net(x))
    assert course.load_published is load_published


@pytest.mark.parametrize("old", [True, False])
def test_files_from_before_2018_do_not_count_batches(published, tmp_path, old):
    """torchvision's resnet18 is one: it lacks every num_batches_tracked."""
    net, _ = published
    state = {name: t for name, t in net.state_dict().items() if not name.endswith("num_batches_tracked")}
    if not old:  # as one who cleans up a new file leaves it: the versions of the layers are in there, too
        whole = net.state_dict()
        for name in list(whole):
            if name not in state:
                del whole[name]
        state = whole
    torch.save(state, path := tmp_path / "old.pth")
    other = load_published(course.resnet18(), path)
    assert torch.equal(other.layer4[1].bn2.running_mean, net.layer4[1].bn2.running_mean)


def changed(net, **changes):
    state = dict(net.state_dict())
    for name, value in changes.items():
        state[name.replace("__", ".")] = value
    return {name: value for name, value in state.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fc__weight": torch.zeros(2, 512)}, r"fc.weight is \(2, 512\) in the file and \(1000, 512\) in the net"),
        ({"fc__bias": None}, r"fc.bias \(1000,\) is missing in the file"),
        ({"head__bias": torch.zeros(3)}, r"head.bias \(3,\) is unknown to the net"),
        ({"bn1__running_var": None}, "bn1.running_var .* is missing"),
    ],
)
def test_weights_of_another_net_are_named_and_nothing_is_loaded(published, tmp_path, changes, words):
    torch.save(changed(published[0], **changes), path := tmp_path / "other.pth")
    net = course.resnet18()
    before = net.conv1.weight.detach().clone()
    with pytest.raises(ValueError, match=r"'other\.pth' are not those of this ResNet: .*" + words):
        load_published(net, path)
    assert torch.equal(net.conv1.weight, before)


def test_only_the_first_differences_are_named(published):
    with pytest.raises(ValueError, match=r"conv1.weight is .*; and \d+ more\. Take the net") as caught:
        load_published(course.LeNet5(), published[1])
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n <!DOCTYPE html><html>Not found</html>", "is a web page"),
        (b"<?xml version='1.0'?><Error>AccessDenied</Error>", "is a web page"),
        (b"PK\x03\x04 and no archive", "broken or cut off"),
        (b"weights, honestly", "no state dict|broken"),
    ],
)
def test_a_file_that_holds_no_weights_is_said_in_words(tmp_path, content, words):
    (path := tmp_path / "resnet18.pth").write_bytes(content)
    with pytest.raises(ValueError, match=rf"'resnet18\.pth' .*({words})"):
        load_published(course.LeNet5(), path)


def test_a_download_that_broke_off_is_said_in_words(published, tmp_path):
    content = published[1].read_bytes()
    (path := tmp_path / "half.pth").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="broken or cut off"):
        load_published(course.resnet18(), path)


class Bomb:
    """Would make a file if it were unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_code_in_a_file_is_not_run(tmp_path):
    torch.save({"conv1.weight": Bomb(tmp_path / "trace")}, path := tmp_path / "evil.pth")
    with pytest.raises(ValueError, match="could be code"):
        load_published(course.LeNet5(), path)
    assert not (tmp_path / "trace").exists()


def test_a_whole_net_and_a_checkpoint_are_told_from_a_state_dict(tmp_path):
    torch.save(nn.Linear(2, 2), path := tmp_path / "net.pth")
    with pytest.raises(ValueError, match=r"save net\.state_dict\(\), not the net"):
        load_published(nn.Linear(2, 2), path)
    torch.save({"epoch": 3, "state_dict": nn.Linear(2, 2).state_dict()}, path)
    with pytest.raises(ValueError, match="holds 'epoch', 'state_dict' and no state dict"):
        load_published(nn.Linear(2, 2), path)


def test_what_is_given_wrongly_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*gone\.pth"):
        load_published(course.LeNet5(), tmp_path / "gone.pth")
    with pytest.raises(ValueError, match="nn.Module, .* was given <function resnet18"):
        load_published(course.resnet18, tmp_path / "gone.pth")
