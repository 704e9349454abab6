"""The photos of ants and bees: fetched as one archive, unpacked once, and looked at before anybody trains on them."""

from __future__ import annotations

from pathlib import Path

from course_lib import archive, download
from course_lib.remote_files import remote

PICTURES = ("train/ants", "train/bees", "val/ants", "val/bees")


def ants_bees_folder(*, fetch: bool = False) -> Path | None:
    """Return the folder with ``train/ants``, ``train/bees``, ``val/ants`` and ``val/bees``, full of photos (JPEG).

    244 photos to train and 153 to validate. ``train/ants`` also holds a GIF that is no photo: take ``*.jpg`` only.

    Args:
        fetch: get the archive when it is not kept; without it nothing goes over the network.

    Returns:
        The folder, or None when the archive is not kept and ``fetch`` is False.

    Raises:
        DownloadError: it could not be fetched.
        ArchiveError: what was fetched cannot be unpacked, or holds no such folders.
        OSError: it cannot be unpacked on this disk.
    """
    file = remote("ants_bees")
    path = download.fetch(file) if fetch else download.kept(file)
    if path is None:
        return None
    top = archive.unpacked(path)
    folder = top / "hymenoptera_data"  # the archive has one folder at its top, which carries its name again
    if missing := [name for name in PICTURES if not any((folder / name).glob("*.jpg"))]:
        raise archive.ArchiveError(f"{folder} has no photos in {', '.join(missing)}. Delete {top}; it is made again.")
    return folder
