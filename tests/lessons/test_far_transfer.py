"""The far transfer: fetched once with `course data`, computed offline, and each number against one made by hand."""

import io
import re
import socket
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

import course_lib as course
from course_lib.cli import main
from course_lib.lessons.transfer_learning import far as module
from course_lib.lessons.transfer_learning.far import far_transfer, untrained
from course_lib.lessons.transfer_learning.imagenet_names import already_named
from course_lib.lessons.transfer_learning.own_pictures import score_words
from course_lib.lessons.transfer_learning.shares import Share, wilson
from course_lib.nets.resnet import BasicBlock
from tests.catalogue import offered, own_catalogue, write_catalogue
from tests.misbehaving import Misbehaving

pytestmark = pytest.mark.usefixtures("on_the_cpu")

SIZE = 32
PARTS = {"train/ants": 4, "train/bees": 3, "val/ants": 3, "val/bees": 4}


def picture(kind, k, size=40):
    """Ants are dark with a bright bar, bees bright and yellow, and no two are the same."""
    pixels = np.random.default_rng(k).integers(0, 60, (size, size, 3), dtype=np.uint8)
    if kind == "ants":
        pixels[10:30, 8 + k : 12 + k] += 120
    else:
        pixels[..., :2] += 190
    return Image.fromarray(pixels)


def jpeg(kind, k):
    file = io.BytesIO()
    picture(kind, k).save(file, format="JPEG", quality=95)
    return file.getvalue()


def pictures():
    """Name -> bytes, with one drawing and one photo that was cut off."""
    files = {}
    for start, (place, count) in enumerate(PARTS.items()):
        kind = place.split("/")[1]
        files |= {f"{place}/{k}.jpg": jpeg(kind, 10 * start + k) for k in range(count)}
    drawing = io.BytesIO()
    Image.new("P", (4, 4)).save(drawing, format="GIF")
    return files | {"train/ants/stray.gif": drawing.getvalue(), "val/bees/broken.jpg": jpeg("bees", 99)[:500]}


def fill(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def small_net(classes=1000):
    torch.manual_seed(3)
    return course.ResNet(BasicBlock, (1, 1, 1, 1), classes=classes).eval()


@pytest.fixture
def offline(monkeypatch):
    """Whoever asks for an address or a connection from now on fails, on this machine, too."""

    def refuse(*_args, **_options):
        raise AssertionError("far_transfer asked for the network")

    def close():
        for name in ("connect", "connect_ex", "sendto"):
            monkeypatch.setattr(socket.socket, name, refuse)
        for name in ("getaddrinfo", "create_connection"):
            monkeypatch.setattr(socket, name, refuse)

    return close


@pytest.fixture(scope="module")
def published():
    """Weights of a ResNet-18 as torchvision publishes them, and the archive of the pictures: name -> bytes."""
    torch.manual_seed(5)
    weights, archive = io.BytesIO(), io.BytesIO()
    torch.save(course.resnet18().state_dict(), weights)
    with zipfile.ZipFile(archive, "w") as zip:
        for name, content in pictures().items():
            zip.writestr(f"hymenoptera_data/{name}", content)
    return {"resnet18": weights.getvalue(), "ants_bees": archive.getvalue()}


@pytest.fixture
def server(tmp_path, monkeypatch, published):
    """The catalogue names a server of this test, and nothing is fetched yet."""
    path, ends = own_catalogue(tmp_path, monkeypatch), {"resnet18": ".pth", "ants_bees": ".zip"}
    with Misbehaving() as server:
        write_catalogue(path, {name: offered(server, name + ends[name], published[name]) for name in ends})
        yield server


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path / "pictures", pictures())


@pytest.fixture
def far(folder, offline):
    offline()
    return far_transfer(folder, net=small_net(), size=SIZE)


def by_hand(net, names):
    """Features (N, 512) of pictures of the archive, from Pillow's pixels and the layers, one after the other."""
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    files, short = pictures(), round(SIZE * 256 / 224)
    rows, edge = [], round((short - SIZE) / 2)
    for name in names:
        image = Image.open(io.BytesIO(files[name])).resize((short, short), Image.Resampling.BILINEAR)
        x = torch.from_numpy(np.array(image)[edge : edge + SIZE, edge : edge + SIZE]).float() / 255
        rows.append(((x - mean) / std).permute(2, 0, 1))
    with torch.no_grad():
        x = net.maxpool(net.relu(net.bn1(net.conv1(torch.stack(rows)))))
        return net.layer4(net.layer3(net.layer2(net.layer1(x)))).mean((2, 3))


def names_of(part):
    return [f"{part}/{kind}/{k}.jpg" for kind in ("ants", "bees") for k in range(PARTS[f"{part}/{kind}"])]


def labels_of(part):
    return torch.tensor([0] * PARTS[f"{part}/ants"] + [1] * PARTS[f"{part}/bees"])


def test_from_course_data_to_a_result(server, offline, capsys):
    assert main(["data", "resnet18", "ants_bees"]) == 0
    assert len(server.asked) == 2
    offline()
    far = far_transfer(size=SIZE)
    assert far.ready and far.why == "" and far.classes == ("ants", "bees")

    torch.manual_seed(5)
    net = course.resnet18().eval()
    train, val = (by_hand(net, names_of(part)) for part in ("train", "val"))
    torch.testing.assert_close(far.features.train.x, train, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(far.features.val.x, val, rtol=1e-3, atol=1e-4)
    assert torch.equal(far.features.val.y, labels_of("val"))

    head = far.run.model.linear
    standard = (val - train.mean(0)) / train.std(0, correction=0).clamp(min=1e-12)
    right = int((((standard @ head.weight.T + head.bias).argmax(1)) == labels_of("val")).sum())
    assert far.head == Share(right, 7) and far.accuracy == right / 7 and far.interval == wilson(right, 7)
    assert far.baseline == Share(4, 7)  # bees
    assert 0 < far.seconds < 600
    assert len(server.asked) == 2  # nothing more was asked for


def test_the_head_is_judged_by_pictures_that_it_was_not_trained_on(folder, offline):
    """With the labels of val exchanged a good head is wrong everywhere on val, and right on train."""
    (folder / "val" / "ants").rename(folder / "val" / "waiting")
    (folder / "val" / "bees").rename(folder / "val" / "ants")
    (folder / "val" / "waiting").rename(folder / "val" / "bees")
    offline()
    far = far_transfer(folder, net=small_net(), size=SIZE)
    assert far.run.history["train_loss"][-1] < 0.2
    assert far.accuracy == 0 and far.interval[1] < 0.5 and far.head.of == 7


def test_the_table_says_it_all(far):
    text, bundle = repr(far), far._repr_mimebundle_()
    assert far.accuracy == 1
    assert re.search(r'^always "bees" +4 of 7 +57 % +25 to 84 %$', text, re.MULTILINE)
    assert re.search(r"^new head, net as it was trained +7 of 7 +100 % +65 to 100 %$", text, re.MULTILINE)
    assert "train: 7 pictures (ants 4, bees 3)." in text and "val: 7 pictures (ants 3, bees 4)." in text
    assert "One picture of 7 is 14 percentage points." in text
    assert "stray.gif: skipped, a GIF" in text and "broken.jpg: skipped, broken" in text
    assert "/" not in text  # no path of this machine
    assert bundle["text/plain"] == text and "<table" in bundle["text/html"] and "stray.gif" in bundle["text/html"]


def test_the_control_has_another_body_and_the_same_head(far, folder):
    fresh = untrained(far.backbone.module)
    assert not torch.equal(fresh.conv1.weight, far.backbone.module.conv1.weight)
    spread = float(fresh.conv1.weight.detach().std())
    assert spread == pytest.approx((2 / (64 * 49)) ** 0.5, rel=0.05)  # as ResNet begins
    seen = [by_hand(fresh.eval(), names_of(part)) for part in ("train", "val")]
    backbone = course.Backbone(fresh, size=SIZE)
    parts = course.open_pictures(folder)
    train, val = backbone.features(parts.train), backbone.features(parts.val)
    torch.testing.assert_close(val.x, seen[1], rtol=1e-3, atol=1e-4)
    assert far.control.accuracy == backbone.evaluate(val, backbone.train_head(train, val))["acc"]


def test_first_weights_forget_what_was_learned():
    net = small_net()
    torch.manual_seed(0)
    state = torch.random.get_rng_state()
    net.bn1.running_mean.fill_(3), net.bn1.weight.data.fill_(2)
    fresh = untrained(net)
    assert float(fresh.bn1.running_mean.abs().max()) == 0 and torch.equal(fresh.bn1.weight, torch.ones(64))
    assert float(net.bn1.running_mean.max()) == 3
    assert torch.equal(torch.random.get_rng_state(), state)  # the notebook's random numbers stay


@pytest.mark.parametrize(
    ("fetched", "words"),
    [
        ([], r"the weights of ResNet-18 and the photos .* course data resnet18 ants_bees \(47 MB\)$"),
        (["ants_bees"], r"the weights of ResNet-18 are missing.* course data resnet18 \(47 MB\)$"),
        (["resnet18"], r"the photos of ants and bees are missing.* course data ants_bees \(0 MB\)$"),
    ],
)
def test_what_is_missing_is_said_in_one_line(server, offline, capsys, fetched, words):
    assert main(["data", *fetched]) == 0
    offline()
    capsys.readouterr()
    far = far_transfer(size=SIZE)
    assert not far.ready and re.match(f"not run here: {words}", far.why)
    assert repr(far) == far.why and far._repr_mimebundle_() == {"text/plain": far.why} and "\n" not in far.why
    for answer in (far.classify("a.jpg"), far.fine_tune(), far.already_named(), far.mistakes()):
        assert repr(answer) == "not run here: far_transfer() above says what is missing"
    assert (far.accuracy, far.interval, far.features, far.run, far.classes, far.skipped) == (None,) * 5 + ([],)
    assert capsys.readouterr() == ("", "")


def test_the_real_catalogue_says_how_much(offline):
    offline()
    assert "course data resnet18 ants_bees (94 MB)" in far_transfer().why


def test_a_folder_of_ones_own_needs_the_weights_alone(server, folder, offline, capsys):
    assert far_transfer(folder).why.endswith("course data resnet18 (47 MB)")
    assert main(["data", "resnet18"]) == 0
    offline()
    assert far_transfer(folder, size=SIZE).head.of == 7


def test_a_folder_without_parts_is_split(tmp_path, offline):
    offline()
    fill(tmp_path / "mine", {f"{kind}/{k}.jpg": jpeg(kind, k) for kind in ("ants", "bees") for k in range(8)})
    far = far_transfer(tmp_path / "mine", net=small_net(), size=SIZE)
    assert far.head.of == 4 and far.features.train.x.shape == (12, 512)


def test_a_broken_catalogue_stops_no_notebook(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_REMOTE", str(tmp_path / "nowhere.toml"))
    assert far_transfer().why.startswith("not run here: There is no catalogue")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "There is no folder"),
        ({"ants/1.jpg": jpeg("ants", 1)}, "one class only, 'ants'"),
        ({"1.jpg": jpeg("ants", 1)}, "directly in"),
        ({"ants/1.jpg": b"", "bees/2.jpg": jpeg("bees", 1)}, "'ants' has no picture that can be read"),
    ],
)
def test_a_wrong_folder_is_said_in_one_kind_of_error(tmp_path, files, words):
    fill(tmp_path / "mine", files)
    with pytest.raises(ValueError, match=words) as caught:
        far_transfer(tmp_path / "mine", net=small_net(), size=SIZE)
    assert len(caught.traceback) == 2 and caught.value.__cause__ is None and caught.value.__suppress_context__


def test_a_wrong_net_or_size_is_said_too(folder):
    with pytest.raises(ValueError, match="needs an nn.Module"):
        far_transfer(folder, net="resnet18")
    with pytest.raises(ValueError, match="size is 0; it must be a whole number of 1 or more"):
        far_transfer(folder, net=small_net(), size=0)


def test_own_pictures_are_named_and_what_is_none_is_skipped(far, tmp_path):
    mine = fill(
        tmp_path / "mine", {"a.jpg": jpeg("ants", 70), "b.jpg": jpeg("bees", 71), "broken.jpg": b"\xff\xd8\xff"}
    )
    told = far.classify(mine)
    assert [guess[:2] for guess in told.guesses] == [("a.jpg", "ants"), ("b.jpg", "bees")]
    assert [path.name for path, _ in told.skipped] == ["broken.jpg"]
    again = far.backbone.predict([mine / "a.jpg", mine / "b.jpg"], far.run)
    assert [guess.score for guess in told.guesses] == pytest.approx([guess.score for guess in again])
    text = repr(told)
    assert re.search(r"^a\.jpg: ants, score (0\.\d\d|above 0\.99)$", text, re.MULTILINE)
    assert "broken.jpg: skipped, broken" in text
    assert "no probability" in text and 'anything else is called "ants" or "bees", too' in text
    one = far.classify(str(mine / "b.jpg"))
    assert [guess.name for guess in one.guesses] == ["bees"] and len(one.squares) == 1


def test_the_figure_has_words_and_shows_what_the_net_sees(far, tmp_path):
    mine = fill(tmp_path / "mine", {f"{k:02}.jpg": jpeg("ants", k) for k in range(14)})
    told = far.classify(mine)
    html = told._repr_mimebundle_()["text/html"]
    assert re.search(r'<img alt="12 of 14 pictures with what the net calls them: 00\.jpg: ants, score ', html)
    assert told.squares.shape == (12, 3, SIZE, SIZE) and len(told.figure().axes) == 12
    assert "13.jpg: ants" in html and "no probability" in html
    shown = told.figure().axes[3].images[0].get_array()
    assert torch.equal(torch.tensor(np.array(shown)), told.squares[3].permute(1, 2, 0))


def test_nothing_to_name_is_no_error(far, tmp_path):
    assert repr(far.classify(tmp_path / "nowhere")).startswith(f"There is no '{tmp_path / 'nowhere'}' here.")
    told = far.classify(fill(tmp_path / "mine", {"letter.txt": b"dear learner"}) / "letter.txt")
    assert repr(told) == "letter.txt: skipped, its content is that of no picture, whatever its name says"
    assert "<img" not in told._repr_mimebundle_()["text/html"]


def test_mistakes_are_shown_the_surest_first(far):
    assert repr(far.mistakes()) == "No mistake among 7 pictures."
    with torch.no_grad():
        far.run.model.linear.bias.copy_(torch.tensor([0.0, 99.0]))  # all are bees now
    told = far.mistakes()
    assert [guess.name for guess in told.guesses] == ["bees"] * 3 and told.truths == ("ants",) * 3
    scores = [guess.score for guess in told.guesses]
    assert scores == sorted(scores, reverse=True)
    assert repr(told).count("labelled ants") == 6
    assert "Named wrongly: 3 of 7 validation pictures; the surest mistake first." in repr(told)


def test_fine_tuning_says_first_how_long(far, capsys):
    tuned = far.fine_tune(epochs=1)
    said = capsys.readouterr().out
    assert re.match(r"about \d+ s: the work of 1 training step, and one takes [\d.e-]+ s here\n$", said)
    assert tuned.run.epoch == 1 and tuned.head == far.head and tuned.all.of == 7
    assert tuned.accuracy == float(tuned.run.history["val_acc"][-1]) and tuned.interval == tuned.all.interval
    assert not torch.equal(tuned.run.model.body.conv1.weight, far.backbone.module.conv1.weight)
    assert tuned.all.right - tuned.head.right == tuned.only_all - tuned.only_head
    assert "all layers" in repr(tuned) and "<table" in tuned._repr_mimebundle_()["text/html"]
    assert far.run.model.classes == ("ants", "bees")
    assert far.classify(far.pictures.val.files, run=tuned.run).guesses[0].name in far.classes


def test_zero_epochs_say_how_long_one_would_take(far, capsys):
    assert re.match(r"one epoch would take about \d+ s: the work of 1 training step, ", repr(far.fine_tune(epochs=0)))
    assert capsys.readouterr().out == ""
    with pytest.raises(ValueError, match="epochs"):
        far.fine_tune(epochs=-1)


def test_what_an_imagenet_net_calls_them_before_any_training(far):
    net, seen = far.backbone.module, far.features.val
    with torch.no_grad():  # two pictures of ants get the name of a bee, one of bees that of an ant, one another
        top = [310, 309, 309, 309, 309, 310, 7]
        rows = torch.linalg.pinv(seen.x) @ torch.nn.functional.one_hot(torch.tensor(top), 1000).float()
        net.fc.weight.copy_(rows.T), net.fc.bias.zero_()
    found = far.already_named()
    assert found.named == {"ants": Share(1, 3), "bees": Share(2, 4)} and found.other == {"ants": 2, "bees": 1}
    assert re.search(r"^ants +1 of 3 +33 % +2$", repr(found), re.MULTILINE)
    pictures = torch.cat([x for _, x, _ in far.pictures.val.batches(size=SIZE)])
    mean, std = (torch.tensor(v)[:, None, None] for v in (far.backbone.mean, far.backbone.std))
    with torch.no_grad():  # as the whole net says
        assert net((pictures / 255 - mean) / std).argmax(1).tolist() == top
    assert already_named(net, seen) == found


def test_without_these_classes_or_outputs_it_says_so(folder, tmp_path):
    far = far_transfer(folder, net=small_net(10), size=SIZE)
    assert "does not end in a layer fc with ImageNet's 1,000 outputs" in far.already_named()
    for part in ("train", "val"):
        (folder / part / "bees").rename(folder / part / "wasps")
    assert "not ants, wasps" in far_transfer(folder, net=small_net(), size=SIZE).already_named()


def test_wilson_against_its_own_equation():
    for right, of in ((145, 153), (1, 7), (76, 153)):
        for end in wilson(right, of):  # the two ends solve |p - share| = z sqrt(p (1 - p) / n)
            assert abs(right / of - end) == pytest.approx(1.959964 * (end * (1 - end) / of) ** 0.5, rel=1e-5)
    assert wilson(7, 7)[1] == 1 and wilson(0, 7)[0] == 0 and wilson(0, 0) == (0, 1)
    low, high = wilson(145, 153)
    assert (high - low) / 2 == pytest.approx(0.037, abs=0.002)


def test_a_score_never_reads_as_certainty():
    assert [score_words(score) for score in (0.5, 0.994, 0.995, 1.0)] == ["0.50", "0.99", "above 0.99", "above 0.99"]


def test_the_line_of_a_method_is_the_one_of_the_module():
    assert module.NOT_READY == repr(far_transfer().classify("a"))
