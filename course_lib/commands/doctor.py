"""`course doctor`: what is right about this machine and this installation, and what to do about the rest."""

import argparse
import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from course_lib.commands.checkout import INSTALL, ROOT

OK, NOTE, MEND = "OK", "note", "MEND"  # a note is worth knowing and stops nothing
Finding = tuple[str, str]  # the word above, and what was found or what to do

MEMORY_GB, DISK_GB = 1.5, 1.0
# The widgets are two halves: ipywidgets in the kernel, and an extension of JupyterLab with a version of its own.
MATCHING = {"ipywidgets": 8, "jupyterlab_widgets": 3, "the front end": 5}


def main(args: argparse.Namespace | None = None) -> int:
    """Print one line a check; 1 when something has to be mended."""
    worst = 0
    for name, check in CHECKS.items():
        word, what = _safely(check)
        print(f"{word:5} {name:12} {what}", flush=True)
        worst = max(worst, int(word == MEND))
    print("Something has to be mended: see the lines marked MEND." if worst else "All is well.")
    return worst


def _safely(check: Callable[[], Finding]) -> Finding:
    """A doctor that falls ill over the illness is of no use: whatever a check raises becomes its finding."""
    try:
        return check()
    except (PackageNotFoundError, ModuleNotFoundError) as missing:
        return MEND, f"{missing.name} is not installed. In {ROOT} run: {INSTALL}"
    except Exception as problem:
        return MEND, f"{type(problem).__name__}: {problem}"


def python() -> Finding:
    """In an environment of its own. (pip has seen to 3.11 or newer.)"""
    here = f"{sys.version.split()[0]} in {sys.prefix}"
    own = sys.prefix != sys.base_prefix or "CONDA_PREFIX" in os.environ
    return (OK, here) if own else (NOTE, f"{here}: no virtual environment; README's first command makes one")


def torch() -> Finding:
    """It can be imported and multiply."""
    import torch

    torch.ones(2, 2) @ torch.ones(2, 2)
    return OK, torch.__version__


def device() -> Finding:
    """The one the lessons would use."""
    from course_lib.device import pick_device

    return OK, str(pick_device())


def threads() -> Finding:
    """A tiny net is fastest with one; the machine may have more."""
    import torch

    return OK, f"{torch.get_num_threads()} used by torch here, {os.cpu_count()} cores"


def memory() -> Finding:
    """Enough for one lesson, JupyterLab and a browser."""
    import psutil

    free = psutil.virtual_memory().available / 1e9
    if free < MEMORY_GB:
        return MEND, f"{free:.1f} GB free, a lesson wants {MEMORY_GB}: shut down kernels that you no longer use"
    return OK, f"{free:.1f} GB free"


def disk() -> Finding:
    """Room for what a learner saves."""
    free = shutil.disk_usage(ROOT).free / 1e9
    return (OK if free >= DISK_GB else MEND), f"{free:.1f} GB free" + ("" if free >= DISK_GB else ": make room")


def folders() -> Finding:
    """The lessons are there and can be saved."""
    folder = ROOT / "notebooks"
    if not folder.is_dir():
        return MEND, f"{folder} is missing: git checkout -- notebooks"
    if not os.access(folder, os.W_OK):
        return MEND, f"{folder} cannot be written, so nothing you type is saved: clone into a folder that is yours"
    return OK, f"{len(list(folder.glob('*.ipynb')))} lessons in {folder}"


def jupyterlab() -> Finding:
    """Version 4."""
    found = version("jupyterlab")
    return (OK, found) if found.startswith("4.") else (MEND, f"{found}, the course is made for 4.x: {INSTALL}")


def widgets() -> Finding:
    """Both halves agree, and JupyterLab loads the half of this environment, not one left over elsewhere."""
    folder = _front_end()
    if folder is None:
        return MEND, "JupyterLab has no front end for widgets: pip install --force-reinstall jupyterlab_widgets"
    found = {name: version(name) for name in ("ipywidgets", "jupyterlab_widgets")}
    found["the front end"] = json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"]
    said = ", ".join(f"{name} {number}" for name, number in found.items())
    if any(int(number.split(".")[0]) != MATCHING[name] for name, number in found.items()):
        wanted = ", ".join(f"{name} {major}.x" for name, major in MATCHING.items())
        return MEND, f"{said} do not fit together (wanted: {wanted}; loaded from {folder}): {INSTALL}"
    if not folder.is_relative_to(sys.prefix):
        return NOTE, f"{said}, but the front end comes from {folder}, outside this environment"
    return OK, said


def _front_end() -> Path | None:
    """The folder of the widgets' extension that JupyterLab loads: the first on its path."""
    from jupyter_core.paths import jupyter_path

    places = [Path(place, "@jupyter-widgets", "jupyterlab-manager") for place in jupyter_path("labextensions")]
    return next((place for place in places if (place / "package.json").is_file()), None)


def data() -> Finding:
    """Every file that data/README.md gives a SHA-256 for is there, byte for byte."""
    folder = ROOT / "data"
    sums = checksums(folder / "README.md")
    wrong = [name for name, digest in sums.items() if _sha256(folder / name) != digest]
    if wrong:
        return MEND, f"missing or altered in {folder}: {', '.join(wrong)}; bring them back: git checkout -- data"
    if not sums:
        return MEND, f"{folder}/README.md names no file: git checkout -- data"
    return OK, f"{len(sums)} files as they were made"


def checksums(readme: Path) -> dict[str, str]:
    """File name -> SHA-256, from any line or table row of `readme` that holds both."""
    found = {}
    name = None
    for line in readme.read_text(encoding="utf-8").splitlines():
        named = re.search(r"`?\b([\w-]+\.(?:csv|npz|safetensors|json))\b`?", line)
        name = named[1] if named else name  # under a heading with the file's name, the sum may stand in a later line
        if (digest := re.search(r"\b[0-9a-f]{64}\b", line)) and name:
            found[name] = digest[0]
    return found


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def constraints() -> Finding:
    """What is installed, against the versions the tests are run with."""
    differ = []
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        name, pinned, wanted = line.partition("==")
        if not pinned or line.startswith("#"):
            continue
        try:
            found = version(name).partition("+")[0]  # torch 2.13.0+cpu is torch 2.13.0
        except PackageNotFoundError:
            continue  # a package of an extra that is not installed
        if found != wanted:
            differ.append(f"{name} {found} (tested: {wanted})")
    if differ:
        return NOTE, f"{', '.join(differ)}. For the tested versions: {INSTALL}"
    return OK, "every installed package has its tested version"


CHECKS: dict[str, Callable[[], Finding]] = {
    check.__name__: check
    for check in (python, torch, device, threads, memory, disk, folders, jupyterlab, widgets, data, constraints)
}
