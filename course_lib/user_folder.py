"""Where this system keeps what a program stores for its user: what can be fetched again, and what cannot."""

from __future__ import annotations

import os
import sys
from pathlib import Path

MAC = {"cache": "Caches", "data": "Application Support"}
LINUX = {"cache": ("XDG_CACHE_HOME", ".cache"), "data": ("XDG_DATA_HOME", ".local/share")}


def user_folder(what: str) -> Path:
    """Return the usual folder of this system; it need not exist yet.

    Args:
        what: "cache" for what can be fetched again, "data" for what cannot. Windows has one folder for both.

    Source: the XDG base directory specification, where it is not Windows or macOS.
    """
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    if sys.platform == "darwin":
        return home / "Library" / MAC[what]
    variable, usual = LINUX[what]
    return Path(os.environ.get(variable) or home / usual)
