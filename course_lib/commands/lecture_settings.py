"""JupyterLab's settings in a lecture: large text, nothing that pops up. They are kept apart from those of every day."""

import json
from pathlib import Path

from course_lib.user_folder import user_folder

SETTINGS = {
    # Headings grow with the text, tables with the menus (ui). A line of code of 120 letters fits in 1420 pixels.
    "themes": {"overrides": {"content-font-size1": "22px", "code-font-size": "17px", "ui-font-size1": "18px"}},
    "notification": {"fetchNews": "false", "checkForUpdates": False},
}


def lecture_settings() -> Path:
    """The folder of these settings, made where it is missing; what somebody has changed in it stays changed.

    Raises:
        OSError: when it cannot be written.
    """
    folder = user_folder("data") / "course" / "lecture-settings"
    place = folder / "@jupyterlab" / "apputils-extension"
    place.mkdir(parents=True, exist_ok=True)
    for name, content in SETTINGS.items():
        file = place / f"{name}.jupyterlab-settings"
        if not file.exists():
            file.write_text(json.dumps(content, indent=4) + "\n", encoding="utf-8")
    return folder
