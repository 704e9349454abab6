"""The photos are fetched when asked for, unpacked, and missed in words where they are not there."""

import io
import zipfile

import pytest

from course_lib.ants_bees import PICTURES, ants_bees_folder
from course_lib.archive import ArchiveError
from course_lib.download import DownloadError
from tests.catalogue import offered, own_catalogue, write_catalogue
from tests.misbehaving import Misbehaving


def photos(folders=PICTURES) -> bytes:
    """A zip of the form of the real one."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zip:
        for folder in folders:
            zip.writestr(f"hymenoptera_data/{folder}/1.jpg", b"a photo")
    return content.getvalue()


@pytest.fixture
def catalogue(tmp_path, monkeypatch):
    return own_catalogue(tmp_path, monkeypatch)


@pytest.fixture
def server(catalogue):
    """Gives a zip of four photos, and is in the catalogue."""
    with Misbehaving() as server:
        offer(server, catalogue, photos())
        yield server


def offer(server, catalogue, content):
    write_catalogue(catalogue, {"ants_bees": offered(server, "hymenoptera_data.zip", content)})


def test_ants_and_bees_are_fetched_only_when_asked_for(server, tmp_path):
    assert ants_bees_folder() is None
    assert server.asked == [] and not (tmp_path / "cache").exists()
    folder = ants_bees_folder(fetch=True)
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg")) == [
        f"{name}/1.jpg" for name in sorted(PICTURES)
    ]
    assert ants_bees_folder() == ants_bees_folder(fetch=True) == folder
    assert len(server.asked) == 1


def test_an_archive_without_the_four_folders_is_said(server, catalogue):
    offer(server, catalogue, photos(["train/ants", "train/bees", "val/ants"]))
    with pytest.raises(ArchiveError, match=r"has no photos in val/bees\. Delete .*hymenoptera_data; it is made again"):
        ants_bees_folder(fetch=True)


def test_a_failed_fetch_of_ants_and_bees_is_the_downloads_own_error(server):
    server.files["hymenoptera_data.zip"] = b"another"
    with pytest.raises(DownloadError, match="By hand"):
        ants_bees_folder(fetch=True)
