"""The catalogue of what can be fetched: data/remote.toml, or the file that COURSE_REMOTE names."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from course_lib.download import RemoteFile

CATALOGUE = Path(__file__).resolve().parent.parent / "data" / "remote.toml"
NEEDED = {"file": str, "urls": list, "sha256": str, "size": int, "what": str, "licence": str}
WORDS = {str: "text in quotes", list: "list of addresses", int: "number of bytes"}
SCHEMES = ("http", "https", "file")  # file: for a stick that goes from hand to hand where there is no network


def remote(name: str) -> RemoteFile:
    """Return a file of the catalogue by the name of its table, such as "resnet18".

    Raises:
        ValueError: there is no such table, or the catalogue is broken.
        FileNotFoundError: there is no catalogue.
    """
    tables = _tables()
    if name not in tables:
        raise ValueError(f"{catalogue()} has no table [{name}]. It has: {', '.join(tables)}.")
    return tables[name][1]


def sets() -> dict[str, list[RemoteFile]]:
    """Return what is fetched together under one name: {"mnist": [four files], "resnet18": [one], ...}.

    Raises:
        ValueError: the catalogue is broken.
        FileNotFoundError: there is no catalogue.
    """
    found: dict[str, list[RemoteFile]] = {}
    for name, file in _tables().values():
        found.setdefault(name, []).append(file)
    return found


def catalogue() -> Path:
    """Return the file that says what can be fetched and from where."""
    named = os.environ.get("COURSE_REMOTE")
    return Path(named).expanduser() if named else CATALOGUE


def _tables() -> dict[str, tuple[str, RemoteFile]]:
    """Table name -> the set it belongs to, and the file."""
    path = catalogue()
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        mend = "COURSE_REMOTE names it" if path != CATALOGUE else "bring it back with: git checkout -- data/remote.toml"
        raise FileNotFoundError(f"There is no catalogue of files to fetch at {path}; {mend}.") from None
    except ValueError as error:  # broken TOML, broken UTF-8
        raise ValueError(f"{path} is not readable as TOML: {error}.") from None
    found = {name: _file(f"{path}, table [{name}]", name, table) for name, table in tables.items()}
    names = [file.name.lower() for _, file in found.values()]  # some disks do not tell a from A
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{path}: several tables have the same file: {', '.join(twice)}.")
    return found


def _file(where: str, name: str, table: Any) -> tuple[str, RemoteFile]:
    if not isinstance(table, dict):
        raise ValueError(f"{where}: this is {table!r}, and not a table with {', '.join(NEEDED)}.")
    if unknown := sorted(set(table) - set(NEEDED) - {"set"}):
        raise ValueError(f"{where}: {', '.join(unknown)} means nothing here. A table has {', '.join(NEEDED)} and set.")
    for key, kind in NEEDED.items():
        if type(table.get(key)) is not kind or not table[key]:  # type(): True is no number of bytes
            raise ValueError(f"{where}: {key} is {table.get(key)!r}, and must be a {WORDS[kind]}.")
    _check(where, table)
    file = RemoteFile(
        table["file"], tuple(table["urls"]), table["sha256"], table["size"], table["what"], table["licence"]
    )
    return table.get("set", name), file


def _check(where: str, table: dict[str, Any]) -> None:
    if not re.fullmatch(r"\w[\w-]*(\.[\w-]+)+", table["file"], re.ASCII):
        raise ValueError(
            f"{where}: file is {table['file']!r}; a plain name of letters, digits, '.', '_' and '-' is meant."
        )
    if not re.fullmatch(r"[0-9a-f]{64}", table["sha256"]):
        raise ValueError(f"{where}: sha256 is {table['sha256']!r}; 64 digits from 0 to f are meant, in lower case.")
    if table["size"] < 0:
        raise ValueError(f"{where}: size is {table['size']}; a number of bytes above 0 is meant.")
    for url in table["urls"]:
        if not isinstance(url, str) or urlsplit(url).scheme not in SCHEMES:
            raise ValueError(f"{where}: {url!r} among urls is no address that begins with {', '.join(SCHEMES)}.")
    if not isinstance(table.get("set", ""), str):
        raise ValueError(f"{where}: set is {table['set']!r}, and must be text in quotes.")
