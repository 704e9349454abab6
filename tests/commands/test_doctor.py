"""course doctor: each line OK or what to do, and an exit code that a script can use."""

import argparse
import hashlib
import json
from collections import namedtuple

import pytest

from course_lib.commands import doctor
from course_lib.commands.checkout import ROOT


def test_all_is_well_prints_one_line_a_check(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "CHECKS", {"a": lambda: (doctor.OK, "1.0"), "b": lambda: (doctor.NOTE, "odd")})
    assert doctor.main(argparse.Namespace()) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "All is well."


def test_something_to_mend_is_exit_code_1(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "CHECKS", {"a": lambda: (doctor.MEND, "do this"), "b": lambda: 1 / 0})
    assert doctor.main(argparse.Namespace()) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("MEND") and lines[0].endswith("do this")
    assert "ZeroDivisionError" in lines[1]


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(doctor, "version", lambda name: doctor.PackageNotFoundError(name) and _raise(name))
    word, words = doctor._safely(doctor.jupyterlab)
    assert word == doctor.MEND
    assert "jupyterlab is not installed" in words and "pip install -c constraints.txt" in words


def _raise(name):
    raise doctor.PackageNotFoundError(name)


@pytest.mark.parametrize("name", ["torch", "device", "threads", "jupyterlab", "widgets"])
def test_this_machine_passes(name):
    """Not the room on it, nor its versions: those are the machine's own affair."""
    word, what = doctor._safely(doctor.CHECKS[name])
    assert word == doctor.OK, what


def front_end(folder, version):
    place = folder / "@jupyter-widgets" / "jupyterlab-manager"
    place.mkdir(parents=True)
    (place / "package.json").write_text(json.dumps({"version": version}))
    return str(folder)


@pytest.mark.parametrize(
    ("front", "kernel", "word", "words"),
    [
        ("5.0.16", "8.1.9", doctor.NOTE, "outside this environment"),
        ("3.1.0", "8.1.9", doctor.MEND, "do not fit together"),
        ("5.0.16", "7.8.5", doctor.MEND, "do not fit together"),
        (None, "8.1.9", doctor.MEND, "no front end"),
    ],
)
def test_the_two_halves_of_the_widgets_have_to_agree(tmp_path, monkeypatch, front, kernel, word, words):
    folders = [front_end(tmp_path, front)] if front else []
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *names: folders)
    monkeypatch.setattr(doctor, "version", {"ipywidgets": kernel, "jupyterlab_widgets": "3.0.17"}.__getitem__)
    found = doctor.widgets()
    assert found[0] == word
    assert words in found[1]


Memory = namedtuple("Memory", "available")
Disk = namedtuple("Disk", "free")


@pytest.mark.parametrize(("gigabytes", "word"), [(0.5, doctor.MEND), (8, doctor.OK)])
def test_memory_and_disk(monkeypatch, gigabytes, word):
    monkeypatch.setattr("psutil.virtual_memory", lambda: Memory(gigabytes * 1e9))
    monkeypatch.setattr("shutil.disk_usage", lambda path: Disk(gigabytes * 1e9))
    assert doctor.memory()[0] == word
    assert doctor.disk()[0] == word


def test_no_notebooks_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    assert doctor.folders()[0] == doctor.MEND
    (tmp_path / "notebooks").mkdir()
    assert doctor.folders()[0] == doctor.OK


def test_data_is_compared_byte_for_byte(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "iris.csv"
    file.write_text("5.1,3.5\n")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    (tmp_path / "data" / "README.md").write_text(f"| file | sha256 |\n|---|---|\n| `iris.csv` | `{digest}` |\n")
    assert doctor.data() == (doctor.OK, "1 files as they were made")
    file.write_text("5.1,3.6\n")
    assert doctor.data()[0] == doctor.MEND and "iris.csv" in doctor.data()[1]
    file.unlink()
    assert doctor.data()[0] == doctor.MEND


def test_the_real_list_of_data_names_every_file_that_ships():
    listed = doctor.checksums(ROOT / "data" / "README.md")
    ship = {path.name for path in (ROOT / "data").iterdir() if path.suffix in (".csv", ".npz", ".safetensors")}
    assert set(listed) == ship
    assert all(doctor._sha256(ROOT / "data" / name) == digest for name, digest in listed.items())


def test_versions_are_held_against_constraints(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    (tmp_path / "constraints.txt").write_text("# exact\ntorch==2.13.0\nnumpy==2.4.6\nnowhere==1.0\n")
    installed = {"torch": "2.13.0+cpu", "numpy": "2.4.6"}
    monkeypatch.setattr(doctor, "version", lambda name: installed.get(name) or _raise(name))
    assert doctor.constraints()[0] == doctor.OK
    installed["numpy"] = "2.5.0"
    assert doctor.constraints()[0] == doctor.NOTE
    assert "numpy 2.5.0 (tested: 2.4.6)" in doctor.constraints()[1]
