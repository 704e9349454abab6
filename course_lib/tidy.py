"""One form for every notebook in the repository: the hook, the check and the writer are this one function.

A lesson ships without outputs, so that nothing spoils a prediction. The one exception are cells tagged
`nbval-check-output`: their stored text is what nbval compares. nbstripout was tried and dropped: it blanks every
execution count, and nbval then fails a right claim ("Unrun reference cell has outputs"); it also renumbers cell ids.

    python -m course_lib.tidy [--check] notebooks/*.ipynb
"""

import argparse
import copy
import hashlib
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

CHECKED = "nbval-check-output"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def tidy(nb: NotebookNode) -> NotebookNode:
    """Return `nb` in the one form that is stored: tags and ids stay, everything a run leaves behind goes.

    Idempotent: `tidy(tidy(nb)) == tidy(nb)`. The argument is left as it is.
    """
    nb = copy.deepcopy(nb)
    for place, cell in enumerate(nb.cells):
        tags = sorted(set(cell.metadata.get("tags", [])))
        cell.metadata = NotebookNode(tags=tags) if tags else NotebookNode()
        if not cell.get("id"):  # written by a tool that knows no ids: one that the next run gives again
            cell.id = hashlib.sha256(f"{place} {cell.source}".encode()).hexdigest()[:8]
        if cell.cell_type == "code":
            if CHECKED in tags:
                cell.execution_count = 1  # a constant: nbval needs some count, diffs need no other
                cell.outputs = _stored(cell.outputs)
            else:
                cell.execution_count, cell.outputs = None, []
    nb.metadata = NotebookNode(kernelspec=NotebookNode(KERNEL))
    nb.nbformat, nb.nbformat_minor = 4, 5
    return nb


def _stored(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """The outputs of a claim, without counts and metadata; neighbouring pieces of one stream become one."""
    kept: list[NotebookNode] = []
    for output in outputs:
        output = copy.deepcopy(output)
        if "execution_count" in output:
            output.execution_count = 1
        if "metadata" in output:
            output.metadata = NotebookNode()
        if kept and output.output_type == kept[-1].output_type == "stream" and output.name == kept[-1].name:
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


def read(path: Path) -> NotebookNode:
    """Read a notebook as it is: nothing validated, nothing repaired, no id invented."""
    return nbformat.v4.reads_json(path.read_text(encoding="utf-8"))


def text(nb: NotebookNode) -> str:
    """The bytes a tidy notebook has on disk: sorted keys, indent 1, one newline at the end."""
    return nbformat.v4.writes_json(nb).rstrip("\n") + "\n"


def write(nb: NotebookNode, path: Path) -> bool:
    """Write `tidy(nb)` to `path`; True when that changed the file."""
    new = text(tidy(nb))
    if path.exists() and path.read_bytes() == new.encode():
        return False
    path.write_text(new, encoding="utf-8", newline="\n")
    return True


def main(argv: list[str] | None = None) -> int:
    """Tidy the named notebooks; 1 when any was not tidy, so that a commit hook stops and shows it."""
    parser = argparse.ArgumentParser(prog="python -m course_lib.tidy", description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--check", action="store_true", help="write nothing, only say which files are not tidy")
    args = parser.parse_args(argv)
    untidy = 0
    for path in args.files:
        try:
            nb = read(path)
        except (OSError, ValueError) as error:
            print(f"{path}: not readable as a notebook: {error}", file=sys.stderr)
            return 2
        if args.check:
            changed = path.read_bytes() != text(tidy(nb)).encode()
        else:
            changed = write(nb, path)
        if changed:
            untidy += 1
            print(f"{path}: {'not tidy; run python -m course_lib.tidy on it' if args.check else 'tidied'}")
    return int(untidy > 0)


if __name__ == "__main__":
    sys.exit(main())
