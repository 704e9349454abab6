"""Small bad notebooks that nbval has to fail, each run as `course test` runs the lessons, and one good one."""

import os
import subprocess
import sys
from xml.etree import ElementTree

import nbformat
import pytest

from course_lib import tidy
from course_lib.commands.checkout import ROOT
from course_lib.commands.test import NBVAL

SHOWS = "from IPython.display import HTML\nHTML('<img {} src=\"data:,\">')"
CLAIM = "print('✓ ' + str(1 + 1))"

# name: (source of the cell, its tags, its stored text or None, words in the report)
BAD = {
    "unknown magic": ("%no_such_magic\nx = 1", [], None, "failed without traceback"),
    "dead kernel": ("import os; os._exit(1)", [], None, "the kernel died"),
    "raises nothing": ("x = 1", ["raises-exception"], None, "marked as raising, but it ran"),
    "too long": ("import time; time.sleep(60)", [], None, "Timeout of 2 seconds"),
    "an exception": ("1 / 0", [], None, "ZeroDivisionError"),
    "wrong stored claim": (CLAIM, [tidy.CHECKED], "✓ 3\n", "Cell outputs differ"),
    "a warning": ("import warnings; warnings.warn('careful')", [], None, "printed to stderr"),
    "figure without words": (SHOWS.format('alt="Figure"'), [], None, "alternative text is 'Figure'"),
    "figure without alt": (SHOWS.format(""), [], None, "alternative text is ''"),
    "no figure": ("show = print; show('a figure')", [], None, "shows no figure"),
    "an explorer that is not there": ("1", ["explorer"], None, "shows no figure"),
    "warning beside a claim": (f"{CLAIM}\nimport sys; print(1, file=sys.stderr)", [tidy.CHECKED], "✓ 2\n", "stderr"),
}


ALONE = ("dead kernel", "too long")  # no cell below them would be judged by itself


def cell(source, tags, stored):
    made = nbformat.v4.new_code_cell(source, metadata={"tags": tags})
    if stored is not None:
        made.outputs = [nbformat.v4.new_output("stream", name="stdout", text=stored)]
    return made


def notebook(*cells):
    return tidy.tidy(nbformat.v4.new_notebook(cells=[*cells]))


def run_nbval(folder, seconds=60):
    """The failure of each cell in `folder` ("" when it passed), run with the options of `course test`.

    (name of the notebook, number of the cell) -> failure.
    """
    options = [option.replace("--nbval-cell-timeout=180", "--nbval-cell-timeout=2") for option in NBVAL]
    report = folder / "report.xml"
    quiet = ["--color=no", "-q", "-p", "no:cacheprovider", "-o", "addopts=", f"--junitxml={report}"]
    command = [sys.executable, "-m", "pytest", *options, *quiet, "--rootdir", str(ROOT), str(folder)]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # others take seconds to load
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=seconds)
    cases = list(ElementTree.parse(report).iter("testcase"))
    assert done.returncode == int(any(len(case) for case in cases)), done.stdout + done.stderr
    return {
        (case.get("classname").split(".")[0], int(case.get("name").split()[-1])): "".join(case.itertext())
        for case in cases
    }


@pytest.fixture(scope="module")
def failures(tmp_path_factory):
    """All bad cells in one run and few notebooks: pytest and a kernel take longer to start than they do to fail."""
    folder = tmp_path_factory.mktemp("bad")
    together = [name for name in BAD if name not in ALONE]
    places = {name: ("together", number) for number, name in enumerate(together)}
    places |= {name: (name.replace(" ", "_"), 0) for name in ALONE}
    tidy.write(notebook(*(cell(*BAD[name][:3]) for name in together)), folder / "together.ipynb")
    for name in ALONE:
        tidy.write(notebook(cell(*BAD[name][:3])), folder / f"{places[name][0]}.ipynb")
    found = run_nbval(folder)
    return {name: found[place] for name, place in places.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", BAD)
def test_a_bad_notebook_fails(failures, name):
    assert BAD[name][3] in failures[name], failures


@pytest.mark.slow
def test_a_good_notebook_passes(tmp_path):
    figure = SHOWS.format('alt="Two lines that cross."')
    cells = (CLAIM, [tidy.CHECKED], "✓ 2\n"), ("1 / 0", ["raises-exception"], None), (figure, ["explorer"], None)
    tidy.write(notebook(*(cell(*each) for each in cells)), tmp_path / "good.ipynb")
    assert run_nbval(tmp_path) == {("good", 0): "", ("good", 1): "", ("good", 2): ""}
