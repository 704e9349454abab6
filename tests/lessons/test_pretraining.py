"""The two nets that ship: what is in their files, what they read, and that training gives the same each time.

That the whole training, a minute and a half, gives nearly what ships is looked at by `course pretrain letters --check`.
"""

import pytest
import torch
from safetensors.torch import load_file, save_file

from course_lib.datasets import FOLDER, PARTS
from course_lib.evaluate import evaluate
from course_lib.fit import fit
from course_lib.lessons.transfer_learning import nets, pretraining
from course_lib.lessons.transfer_learning.nets import FILES, LEFT_OUT, letters_net, reader
from course_lib.lessons.transfer_learning.pretraining import FAST, pretrained, without
from course_lib.letters import CLASSES, letters

CLASSES_OF = {"all": 52, "fewer": 42}
GUESSING = 1 / 52


@pytest.fixture(scope="module")
def new():
    """20 new letters of each, in fonts and from a seed that no training used."""
    return letters(each=120, seed=pretraining.SEED + 7)


@pytest.fixture(scope="module")
def small():
    """Both nets, trained for a few seconds."""
    torch.set_num_threads(1)
    return {which: pretrained(which, **FAST, progress=False) for which in FILES}


def read(net, data):
    return evaluate(net, data.test)["acc"]


def weights(net):
    return torch.cat([value.double().flatten() for value in net.state_dict().values()])


# ------------------------------------------------------------------------------------------------ the files that ship
@pytest.mark.parametrize("which", FILES)
def test_a_file_holds_the_weights_of_the_net_and_nothing_else(which):
    path = FOLDER / FILES[which]
    assert path.stat().st_size < 200_000
    net = reader(CLASSES_OF[which])
    found = net.load_state_dict(load_file(path), strict=True)
    assert not found.missing_keys and not found.unexpected_keys
    assert all(torch.isfinite(value).all() for value in net.state_dict().values())
    assert path.read_bytes() == pretraining.packed(letters_net(which)), "what is written is what was read"


def test_the_shipped_nets_read_new_printed_letters(new):
    assert read(letters_net(), new) > 0.45  # bent as they are; guessing reads 0.02
    assert read(letters_net("fewer"), without(new, LEFT_OUT)) > 0.45
    assert read(reader(), new) < 3 * GUESSING  # an untrained one


def test_the_readme_of_data_gives_the_budget_of_the_shipped_nets():
    section = (FOLDER / "README.md").read_text(encoding="utf-8").split("## letters.safetensors")[1]
    for words in (f"{pretraining.EACH} of each", f"{pretraining.EPOCHS} epochs", f"seed {pretraining.SEED}"):
        assert words in section


def test_a_net_comes_in_evaluation_mode_and_each_time_anew():
    one, other = letters_net(), letters_net()
    assert not any(layer.training for layer in one.modules())
    with torch.no_grad():
        one.head.weight.zero_()
    assert other.head.weight.any() and letters_net().head.weight.any()


@pytest.mark.parametrize("make", [letters_net, pretrained])
def test_another_name_is_refused(make):
    with pytest.raises(ValueError, match="which is 'most'; it is .all. or .fewer."):
        make("most")


def test_a_missing_file_says_how_to_get_it_back(monkeypatch, tmp_path):
    monkeypatch.setattr(nets, "FOLDER", tmp_path)
    nets._weights.cache_clear()
    with pytest.raises(FileNotFoundError, match="letters.safetensors is missing.*course pretrain letters"):
        letters_net()


# ------------------------------------------------------------------------------------------------- letters left out
def test_the_second_net_never_saw_the_ten_letters(monkeypatch):
    seen = []

    def spy(model, data, **options):
        seen.append(data)
        return fit(model, data, **options | {"epochs": 0})

    monkeypatch.setattr(pretraining, "fit", spy)
    net = pretrained("fewer", each=6)
    assert net(torch.zeros(1, 64)).shape == (1, 42)
    (data,) = seen
    assert not set(data.classes) & set(LEFT_OUT) and len(data.classes) == 42
    forbidden = letters(each=6, seed=pretraining.SEED)
    for part in PARTS:
        x, y = getattr(forbidden, part)
        out = {row.numpy().tobytes() for row, k in zip(x, y, strict=True) if CLASSES[k] in LEFT_OUT}
        assert out and not out & {row.numpy().tobytes() for row in getattr(data, part).x}


def test_the_letters_left_out_are_five_in_both_cases():
    assert len(set(LEFT_OUT)) == 10 and set(LEFT_OUT) < set(CLASSES)
    assert {letter.swapcase() for letter in LEFT_OUT} == set(LEFT_OUT)


def test_without_keeps_every_other_picture_with_its_letter():
    data = letters(each=6)
    less = without(data, ("B", "y"))
    assert less.classes == tuple(name for name in CLASSES if name not in ("B", "y"))
    for part in PARTS:
        (x, y), (kept, labels) = getattr(data, part), getattr(less, part)
        expected = [(row, CLASSES[k]) for row, k in zip(x, y, strict=True) if CLASSES[k] not in ("B", "y")]
        assert torch.equal(kept, torch.stack([row for row, _ in expected]))
        assert [less.classes[k] for k in labels] == [name for _, name in expected]


def test_without_nothing_is_the_same_data():
    data = letters(each=6)
    same = without(data, ())
    assert same.classes == data.classes and torch.equal(same.train.y, data.train.y)


# ---------------------------------------------------------------------------------------------------- training again
def test_a_few_seconds_of_training_read_far_more_than_guessing(small, new):
    assert read(small["all"], new) > 0.25 > 10 * GUESSING
    assert read(small["fewer"], without(new, LEFT_OUT)) > 0.25
    assert not small["all"].training


def test_training_again_gives_the_same_weights():
    budget = {"each": 12, "epochs": 1, "progress": False}
    torch.manual_seed(5)
    one = weights(pretrained("all", **budget))
    torch.manual_seed(6)
    assert torch.equal(weights(pretrained("all", **budget)), one)


def test_the_shipped_files_are_the_full_budget_and_not_a_small_one(small, new):
    """A net of few seconds in data/ would lift no test above; the lesson would be the poorer."""
    for which, data in (("all", new), ("fewer", without(new, LEFT_OUT))):
        assert read(letters_net(which), data) > read(small[which], data) + 0.04


def test_ctrl_c_gives_no_half_trained_net(monkeypatch):
    def interrupted(model, data, **options):
        run = fit(model, data, **options | {"epochs": 0})
        run.stopped = "interrupted"
        return run

    monkeypatch.setattr(pretraining, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pretrained("all", each=6)


# ----------------------------------------------------------------------------------------------------------- writing
def test_a_written_net_is_read_back_and_replaces_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / FILES["fewer"]
    save_file({"old": torch.zeros(3)}, path)
    net = reader(42).eval()
    assert pretraining.write(net, "fewer", tmp_path) == path
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    monkeypatch.setattr(nets, "FOLDER", tmp_path)
    nets._weights.cache_clear()
    try:
        assert torch.equal(weights(letters_net("fewer")), weights(net))
    finally:
        nets._weights.cache_clear()


def test_a_broken_write_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    path = tmp_path / FILES["all"]
    path.write_bytes(b"old")

    def full(*paths):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space"):
        pretraining.write(reader(), "all", tmp_path)
    assert path.read_bytes() == b"old" and [each.name for each in tmp_path.iterdir()] == [path.name]
