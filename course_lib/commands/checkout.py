"""Where the course lies on this disk, which notebook a number or a name means, and the trouble a learner can mend."""

import importlib.util
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import nbformat

ROOT = Path(__file__).resolve().parents[2]  # of the clone: the course is only ever installed with -e
INSTALL = 'pip install -c constraints.txt -e "."'
INSTALL_TESTS = 'pip install -c constraints.txt -e ".[test]"'


class Trouble(Exception):
    """Something the learner can mend: `course` prints it as one sentence and ends with exit code 2."""


def notebooks() -> Path:
    """The folder of the lessons.

    Raises:
        Trouble: it is not there, which is so when the package was copied without its clone.
    """
    folder = ROOT / "notebooks"
    if not folder.is_dir():
        raise Trouble(
            f"There is no notebooks folder beside course_lib in {ROOT}. The course runs from a clone of its "
            f"repository. Bring it back with `git checkout -- notebooks`, or clone again and run there: {INSTALL}"
        )
    return folder


def lessons(names: Iterable[str] = ()) -> list[Path]:
    """The notebooks that `names` mean (all when there is none), each by number ("03", "3") or name ("learning_rates").

    Raises:
        Trouble: a name fits no notebook, or there is no notebook at all.
    """
    there = sorted(notebooks().glob("[0-9][0-9]_*.ipynb"))
    if not there:
        raise Trouble(f"The notebooks folder {notebooks()} holds no lesson (NN_name.ipynb).")
    chosen = [_find(name, there) for name in names]
    return chosen or there


def _find(name: str, there: list[Path]) -> Path:
    wanted = Path(name).name.removesuffix(".ipynb")
    for path in there:
        number, _, title = path.stem.partition("_")
        if wanted in (path.stem, title) or (wanted.isdigit() and int(wanted) == int(number)):
            return path
    raise Trouble(f"There is no lesson {name!r}. The lessons here are: {', '.join(p.stem for p in there)}.")


def notebook(path: Path) -> "nbformat.NotebookNode":
    """Read a lesson as it is.

    Raises:
        Trouble: the file is no notebook.
    """
    from course_lib import tidy  # here, so that `course doctor` can say that nbformat is missing

    try:
        return tidy.read(path)
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise Trouble(f"{path} is not readable as a notebook ({error}): bring it back with git checkout.") from error


def need(*modules: str, how: str = INSTALL) -> None:
    """Check that `modules` can be imported, without importing them.

    Raises:
        Trouble: names the first that cannot, and the command that installs it.
    """
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise Trouble(f"The package {module} is not installed in this Python. In {ROOT} run: {how}")


def write_json(path: str, content: object) -> None:
    """Write a report.

    Raises:
        Trouble: the file cannot be written there.
    """
    try:
        Path(path).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: str | Path, error: OSError) -> Trouble:
    """The sentence for a file that cannot be written."""
    return Trouble(f"Cannot write {path}: {error.strerror}. Name a file in a folder that you may write to.")
