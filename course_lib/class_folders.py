"""A folder that holds a folder for each class: which of its folders are classes, and which files may be pictures.

Introduced in lesson 08 (transfer_learning).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

# What programs leave behind in folders; names that begin with a dot belong to it, too.
_JUNK = {"thumbs.db", "desktop.ini", "__macosx", "__pycache__", "icon\r"}
_PARTS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}


def existing_folder(path: str | os.PathLike[str]) -> Path:
    """Return ``path``, with ``~`` as the home folder.

    Raises:
        FileNotFoundError, NotADirectoryError: there is nothing of that name, or it is a file.
    """
    path = Path(path).expanduser()
    if not path.exists():
        near = next(parent for parent in path.absolute().parents if parent.exists())
        raise FileNotFoundError(f"There is no folder {str(path)!r}; what exists of it is {str(near)!r}.")
    if not path.is_dir():
        raise NotADirectoryError(
            f"{str(path)!r} is a file. A folder is needed that holds one folder of pictures for each class; an archive "
            f"has to be unpacked first."
        )
    return path


def visible(paths: Iterable[Path]) -> list[Path]:
    """Sorted by name, without what programs leave behind."""
    return sorted(path for path in paths if not path.name.startswith(".") and path.name.lower() not in _JUNK)


def folders_in(path: Path) -> list[Path]:
    """The folders in a folder, sorted by name."""
    return visible(inner for inner in path.iterdir() if inner.is_dir())


def files_in(folder: Path) -> list[Path]:
    """All files in a class folder and in the folders inside it, without what programs leave behind."""
    within = [path for inner in folders_in(folder) if not inner.is_symlink() for path in files_in(inner)]
    return visible(path for path in folder.iterdir() if not path.is_dir()) + within


def parts_in(folders: list[Path]) -> dict[str, Path]:
    """Part -> its folder, where the folders are parts and no classes: all have such names, and train is among them.

    Raises:
        ValueError: two folders are the same part.
    """
    found = [_PARTS.get(folder.name.lower(), "") for folder in folders]
    if "train" not in found or "" in found:
        return {}
    if twice := [folder.name for folder, part in zip(folders, found, strict=True) if found.count(part) > 1]:
        raise ValueError(f"{' and '.join(twice)} in {str(folders[0].parent)!r} are one and the same part: keep one.")
    return dict(zip(found, folders, strict=True))


def check_classes(path: Path, folders: list[Path], beside: list[Path]) -> None:
    """Refuse a folder without two class folders; ``beside`` are the files that lie directly in it.

    Raises:
        ValueError: with what is there, and what is needed.
    """
    how = "It needs one folder for each class, with the pictures of that class in it, as in ants/1.jpg and bees/2.jpg"
    if not folders and beside:
        lie = "1 file lies" if len(beside) == 1 else f"{len(beside)} files lie"
        raise ValueError(
            f"{lie} directly in {str(path)!r}, such as {beside[0].name!r}, so that nobody knows the class. {how}."
        )
    if not folders:
        raise ValueError(f"{str(path)!r} is empty. {how}.")
    if len(folders) == 1:
        raise ValueError(
            f"{str(path)!r} holds one class only, {folders[0].name!r}, and telling classes apart takes two. {how}; or "
            f"open the folder {folders[0].name!r} itself, if the classes lie in there."
        )


def some(names: list[str], most: int) -> str:
    """The first of ``names``, and how many there are besides."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
