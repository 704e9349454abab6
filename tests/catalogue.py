"""A catalogue of a test's own: what there is to fetch, served from this machine and kept in a folder of the test."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.misbehaving import Misbehaving


def own_catalogue(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str = "remote.toml") -> Path:
    """Where the course now looks for its catalogue; what it fetches goes into `folder`, too, and past any proxy."""
    monkeypatch.setenv("COURSE_DATA", str(folder / "cache"))
    monkeypatch.setenv("COURSE_REMOTE", str(folder / name))
    monkeypatch.setenv("no_proxy", "*")
    return folder / name


def offered(server: Misbehaving, file: str, content: bytes, *behaviours: str, **more: Any) -> dict[str, Any]:
    """The table of a file that the server gives, one address a behaviour; `more` are other keys, or other values."""
    server.files[file] = content
    urls = [server.url(behaviour, file) for behaviour in behaviours or ("good",)]
    table = {"file": file, "urls": urls, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    return {**table, "what": "For a test.", "licence": "none", **more}


def write_catalogue(path: Path, tables: dict[str, dict[str, Any]]) -> None:
    """Name -> table. JSON's texts, numbers and lists are TOML's too."""
    lines = []
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    path.write_text("\n".join(lines))
