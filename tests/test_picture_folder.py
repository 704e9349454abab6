"""A folder of class folders is read with all that lies in such folders, and what cannot be read is said by name."""

import pytest
import torch
from PIL import Image

import course_lib as course
from course_lib.picture_folder import PictureFolder, open_pictures


def draw(path, shade=0, size=(24, 20)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, shade).save(path)
    return path


def fill(folder, **counts):
    """So many grey pictures in each class folder; returns the folder."""
    for name, count in counts.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for k in range(count):
            draw(folder / name / f"{k:02}.png", shade=10 * k)
    return folder


def cut_off(path):
    Image.effect_noise((64, 64), 90).save(path)
    path.write_bytes(path.read_bytes()[:1000])
    return path


def test_classes_files_and_labels(tmp_path):
    folder = PictureFolder(fill(tmp_path, bees=2, ants=3))
    assert folder.classes == ("ants", "bees") and len(folder) == 5
    assert [file.relative_to(tmp_path).as_posix() for file in folder.files][2:4] == ["ants/02.png", "bees/00.png"]
    assert folder.labels.tolist() == [0, 0, 0, 1, 1] and folder.labels.dtype == torch.int64
    assert folder.skipped == [] and folder.counts == {"ants": 3, "bees": 2}
    assert folder.read(2).getpixel((0, 0)) == (20, 20, 20)
    assert course.PictureFolder is PictureFolder and course.open_pictures is open_pictures


def test_pictures_in_folders_inside_a_class_belong_to_it(tmp_path):
    draw(fill(tmp_path, ants=1, bees=1) / "bees" / "swarms" / "a.png")
    assert PictureFolder(tmp_path).counts == {"ants": 1, "bees": 2}


def test_what_programs_leave_behind_is_passed_over(tmp_path):
    fill(tmp_path, ants=1, bees=1)
    for junk in (".DS_Store", "ants/.DS_Store", "ants/Thumbs.db", "bees/desktop.ini", "bees/._0.png", "__MACOSX/x"):
        (tmp_path / junk).parent.mkdir(exist_ok=True)
        (tmp_path / junk).write_bytes(b"junk")
    draw(tmp_path / ".git" / "a.png")
    draw(tmp_path / "ants" / ".ipynb_checkpoints" / "00.png")
    folder = PictureFolder(tmp_path)
    assert folder.classes == ("ants", "bees") and len(folder) == 2 and folder.skipped == []


def test_every_other_file_is_skipped_by_name(tmp_path):
    fill(tmp_path, ants=1, bees=1)
    (tmp_path / "ants" / "empty.jpg").touch()
    (tmp_path / "ants" / "notes.txt").write_text("six legs")
    Image.new("P", (9, 9)).save(tmp_path / "bees" / "missing.gif")
    draw(tmp_path / "beside.png")
    folder = PictureFolder(tmp_path)
    assert len(folder) == 2
    said = {path.name: why for path, why in folder.skipped}
    assert set(said) == {"empty.jpg", "notes.txt", "missing.gif", "beside.png"}
    assert "empty" in said["empty.jpg"] and "no picture" in said["notes.txt"]
    assert "GIF" in said["missing.gif"] and "beside the class folders" in said["beside.png"]
    assert "Skipped 4 files:\n  ants/empty.jpg: the file is empty" in folder.describe()


def test_a_file_that_breaks_off_is_skipped_when_it_is_read_and_the_rest_goes_on(tmp_path):
    fill(tmp_path, ants=3, bees=3)
    broken = cut_off(tmp_path / "ants" / "01b.png")
    folder = PictureFolder(tmp_path)
    assert len(folder) == 7 and folder.skipped == []  # its beginning is right
    files, x, y = zip(*folder.batches(size=8, batch_size=2), strict=True)
    assert [len(batch) for batch in x] == [2, 1, 2, 1]
    assert sum(files, []) == folder.files and broken not in folder.files
    assert torch.equal(torch.cat(y), folder.labels) and folder.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert folder.skipped[0][0] == broken and "broken" in folder.skipped[0][1] and len(folder.skipped) == 1
    assert [len(batch) for _, batch, _ in folder.batches(size=8, batch_size=4)] == [4, 2]  # said once


def test_a_file_that_is_gone_is_skipped_too(tmp_path):
    folder = PictureFolder(fill(tmp_path, ants=2, bees=1))
    (tmp_path / "ants" / "00.png").unlink()
    assert sum(len(y) for _, _, y in folder.batches(size=8)) == 2
    assert "no such file" in folder.skipped[0][1]


def test_batches_are_bytes_of_the_size_that_was_asked_for(tmp_path):
    folder = PictureFolder(fill(tmp_path, ants=2, bees=1))
    for channels in (1, 3):
        ((_, x, y),) = folder.batches(size=9, channels=channels)
        assert (x.dtype, x.shape, y.tolist()) == (torch.uint8, (3, channels, 9, 9), [0, 0, 1])
        assert x[1].unique().tolist() == [10]


def test_listing_decodes_no_pixels(tmp_path, monkeypatch):
    fill(tmp_path, ants=2, bees=2)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("decoded"))
    assert len(PictureFolder(tmp_path)) == 4


def test_describe_says_when_classes_are_unbalanced(tmp_path):
    words = PictureFolder(fill(tmp_path / "a", ants=3, bees=12)).describe()
    assert "15 pictures in 2 classes; ants: 3, bees: 12" in words
    assert "always to guess 'bees' would be right for 80 %" in words
    assert "unbalanced" not in PictureFolder(fill(tmp_path / "b", ants=10, bees=12)).describe()


def test_describe_names_ten_skipped_files_and_counts_the_rest(tmp_path):
    fill(tmp_path, ants=1, bees=1)
    for k in range(13):
        (tmp_path / "ants" / f"{k}.txt").write_text("x")
    assert PictureFolder(tmp_path).describe().endswith("and 3 more, in .skipped")


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda at: at / "gone" / "away", FileNotFoundError, r"no folder .*away'; what exists of it is"),
        (lambda at: draw(at / "a.png"), NotADirectoryError, r"a\.png' is a file.*unpacked first"),
        (lambda at: at, ValueError, "is empty. It needs one folder for each class"),
        (lambda at: draw(at / "1.jpg").parent, ValueError, r"1 file lies directly in .*'1\.jpg'.*ants/1\.jpg"),
        (lambda at: fill(at, ants=2), ValueError, "one class only, 'ants'"),
        (lambda at: fill(at, ants=2, bees=0), ValueError, "class 'bees' has no picture .* it is empty"),
        (lambda at: fill(at, train=1, val=1), ValueError, "parts and no classes: open it with open_pictures"),
    ],
)
def test_what_is_no_folder_of_classes_is_said_in_words(tmp_path, make, error, words):
    with pytest.raises(error, match=words):
        PictureFolder(make(tmp_path))


def test_a_class_without_a_readable_picture_says_what_it_holds(tmp_path):
    fill(tmp_path, ants=1, bees=0)
    (tmp_path / "bees" / "a.jpg").touch()
    with pytest.raises(ValueError, match=r"class 'bees' .*only a\.jpg \(the file is empty"):
        PictureFolder(tmp_path)


@pytest.mark.parametrize("fraction", [0.2, 0.5])
def test_a_split_keeps_the_shares_of_the_classes(tmp_path, fraction):
    folder = PictureFolder(fill(tmp_path, ants=10, bees=20, wasps=2))
    first, second = folder.split(fraction, seed=1)
    wanted = {"ants": round(10 * fraction), "bees": round(20 * fraction), "wasps": 1}
    assert second.counts == wanted and first.classes == second.classes == folder.classes
    assert sorted(first.files + second.files) == sorted(folder.files)
    assert [path.parent.name for path in second.files] == [folder.classes[k] for k in second.labels]


def test_the_seed_decides_the_split(tmp_path):
    folder = PictureFolder(fill(tmp_path, ants=10, bees=10))
    assert folder.split(seed=1)[1].files == folder.split(seed=1)[1].files != folder.split(seed=2)[1].files


def test_parts_skip_for_themselves(tmp_path):
    fill(tmp_path, ants=4, bees=4)
    folder = PictureFolder(tmp_path)
    first, second = folder.split(0.5)
    first.files[0].unlink()
    assert sum(len(y) for _, _, y in first.batches(size=8)) == len(first) == 3
    assert len(first.skipped) == 1 and second.skipped == [] and len(folder) == 8


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 25])
def test_a_fraction_that_is_none_is_named(tmp_path, fraction):
    with pytest.raises(ValueError, match=f"{fraction} is not"):
        PictureFolder(fill(tmp_path, ants=2, bees=2)).split(fraction)


def test_one_picture_cannot_be_split(tmp_path):
    with pytest.raises(ValueError, match="class 'bees' has 1 picture"):
        open_pictures(fill(tmp_path, ants=2, bees=1))


@pytest.mark.parametrize("val", ["val", "valid", "Validation"])
def test_parts_that_are_there_are_taken(tmp_path, val):
    fill(tmp_path / "train", ants=2, bees=3)
    fill(tmp_path / val, ants=1, bees=1)
    parts = open_pictures(tmp_path)
    assert (len(parts.train), len(parts.val), parts.test) == (5, 2, None)
    fill(tmp_path / "test", ants=1, bees=2)
    train, val, test = open_pictures(tmp_path)
    assert len(test) == 3 and train.classes == val.classes == test.classes


def test_parts_that_are_not_there_are_split_off(tmp_path):
    fill(tmp_path / "a", ants=8, bees=8)
    parts = open_pictures(tmp_path / "a", fraction=0.25)
    assert (len(parts.train), len(parts.val), parts.test) == (12, 4, None)
    fill(tmp_path / "b" / "train", ants=8, bees=8)
    fill(tmp_path / "b" / "test", ants=1, bees=1)
    assert [len(part) for part in open_pictures(tmp_path / "b")] == [12, 4, 2]


def test_parts_with_other_classes_are_named(tmp_path):
    fill(tmp_path / "train", ants=1, bees=1)
    fill(tmp_path / "val", ants=1, Bees=1)
    with pytest.raises(ValueError, match="differ: only 'val' has Bees; only 'train' has bees"):
        open_pictures(tmp_path)


def test_two_folders_for_one_part_are_named(tmp_path):
    for part in ("train", "val", "valid"):
        fill(tmp_path / part, ants=1, bees=1)
    with pytest.raises(ValueError, match="val and valid .* one and the same part"):
        open_pictures(tmp_path)


def test_classes_may_be_called_like_parts(tmp_path):
    assert PictureFolder(fill(tmp_path, train=1, bus=1)).classes == ("bus", "train")
