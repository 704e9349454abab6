"""A file of course_lib imports only from files above its own in ORDER, so that each can be read with what stands above.

Imports under `if TYPE_CHECKING:` do not count: they name a type and load nothing.
"""

import ast
from collections.abc import Iterator

import pytest

from course_lib.commands.checkout import ROOT

# One idea a line, in reading order. A name stands for its file, or for its folder and all that is in it.
ORDER = """
number_checks
variation
device
colors
style
unfinished
user_folder
transfer
download
archive
remote_files
ants_bees
mnist
datasets
letters
picture
class_folders
picture_folder
pictures
nets
units
optimizers
callbacks
evaluate
run
checkpoint
checks
trial
diagnose
epoch
replay
bar
interrupted_cell
fit
features
frozen
heads
guesses
backbone
pretrained
watch
multiply_adds
layer_calls
summary_table
summary
sweep
stacked
together
one_by_one
runs
fit_many
uninterrupted
warm_up
show
axes
digit_bars
plots
code_view
control
single_controls
boards
controls
palette
stamp
tiles
explorer
panel
needs_brackets
progress
claim
answers
marking
question_box
prediction
attempt
comparison
slips
feedback
exercise
__init__
lessons
tidy
commands.checkout
commands.lecture_settings
commands.execution
commands
cli
""".split()

FILES = sorted((ROOT / "course_lib").rglob("*.py"))


def module(path) -> str:
    """'fit', 'nets.mlp', 'nets' for nets/__init__.py, '__init__' for the package's own."""
    parts = path.relative_to(ROOT / "course_lib").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def layer(name: str) -> int | None:
    """Where a module stands: the longest name in ORDER that is the module itself or a folder around it."""
    while name and name not in ORDER:
        name = name.rpartition(".")[0]
    return ORDER.index(name) if name else None


def imports(source: str) -> Iterator[str]:
    """Everything the source imports, in full: 'torch.nn', 'course_lib.fit', 'course_lib.nets.mlp.MLP'."""
    pending: list[ast.AST] = [ast.parse(source)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            pending += node.orelse
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)
        else:
            pending += ast.iter_child_nodes(node)


def findings(name: str, source: str) -> list[str]:
    """What is wrong with the imports of the module `name`."""
    found = []
    for imported in imports(source):
        if imported.startswith("."):
            found.append(f"{imported}: relative; write from course_lib.NAME import ...")
        elif imported.split(".")[0] in ("notebooks", "tests", "benchmarks"):
            found.append(f"{imported}: the library does not know its users")
        elif imported == "course_lib":
            found.append("course_lib: imports the whole house; write from course_lib.NAME import ...")
        elif imported.startswith("course_lib."):
            place = layer(imported.removeprefix("course_lib."))
            if place is None:
                found.append(f"{imported}: not in ORDER")
            elif place > layer(name) or (place == layer(name) and not same_folder(name, imported)):
                found.append(f"{imported}: stands below {name}")
    return found


def same_folder(name: str, imported: str) -> bool:
    """Files of one folder that ORDER names as a whole may use each other, except commands: each stands alone."""
    folder = name.partition(".")[0]
    return folder != "commands" and imported.removeprefix("course_lib.").startswith(folder)


@pytest.mark.parametrize("path", FILES, ids=module)
def test_a_file_imports_only_from_above(path):
    assert layer(module(path)) is not None, f"{module(path)} is not in ORDER of {__file__}: say where it stands"
    assert findings(module(path), path.read_text(encoding="utf-8")) == []


def test_order_names_what_exists():
    there = {module(path) for path in FILES}
    assert [name for name in ORDER if name not in there] == []


@pytest.mark.parametrize(
    ("name", "source", "words"),
    [
        ("device", "from course_lib.fit import fit", "stands below device"),
        ("device", "def f():\n    from course_lib import fit", "stands below device"),
        ("fit", "import course_lib as course", "whole house"),
        ("fit", "from .device import pick_device", "relative"),
        ("fit", "from course_lib.nowhere import x", "not in ORDER"),
        ("lessons.learning_rates.figures", "import notebooks.helpers", "does not know its users"),
        ("commands.run", "from course_lib.commands.test import main", "stands below commands.run"),
        ("tidy", "from course_lib.cli import main", "stands below tidy"),
    ],
)
def test_a_wrong_import_is_found(name, source, words):
    assert len(findings(name, source)) == 1
    assert words in findings(name, source)[0]


def test_types_may_be_named_from_anywhere():
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from course_lib.fit import Run"
    assert findings("device", source) == []
