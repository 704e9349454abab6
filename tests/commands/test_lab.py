"""`course lab --lecture`: what JupyterLab and the kernels are told. tests/browser/test_lecture.py sees the page."""

import json
import os

import pytest

from course_lib.cli import main
from course_lib.commands import lab
from course_lib.commands.lecture_settings import SETTINGS, lecture_settings


@pytest.fixture
def started(monkeypatch, tmp_path):
    """The command lines and environments that JupyterLab would have been started with."""
    monkeypatch.setattr("course_lib.commands.lecture_settings.user_folder", lambda what: tmp_path / what)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    started = []
    monkeypatch.setattr(lab.os, "execv", lambda path, command: started.append((command, dict(os.environ))))
    monkeypatch.setattr(lab.subprocess, "call", lambda command: started.append((command, dict(os.environ))))
    return started


def test_a_lecture_has_settings_of_its_own(started, tmp_path):
    main(["lab", "--lecture", "--no-browser"])
    ((command, environment),) = started
    assert command[-1] == "--no-browser" and "--lecture" not in command
    assert environment["COURSE_LECTURE"] == "1"
    folder = tmp_path / "data" / "course" / "lecture-settings"
    assert environment["JUPYTERLAB_SETTINGS_DIR"] == str(folder)
    written = folder / "@jupyterlab" / "apputils-extension" / "themes.jupyterlab-settings"
    assert json.loads(written.read_text(encoding="utf-8")) == SETTINGS["themes"]


def test_every_day_nothing_is_changed(started):
    main(["lab"])
    ((_, environment),) = started
    assert "COURSE_LECTURE" not in environment and "JUPYTERLAB_SETTINGS_DIR" not in environment


def test_what_the_lecturer_has_changed_is_kept(started):
    theme = next(lecture_settings().rglob("themes.jupyterlab-settings"))
    theme.write_text('{"theme": "JupyterLab Dark"}', encoding="utf-8")
    lecture_settings()
    assert "Dark" in theme.read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written_is_named(started, tmp_path, capsys):
    (tmp_path / "data").write_text("a file, no folder")
    assert main(["lab", "--lecture"]) == 2
    assert "Cannot write" in capsys.readouterr().err and started == []
