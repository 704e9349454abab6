"""`python -m benchmarks [--json FILE] [--quick] [FAMILY ...]`: measure, print a table, keep it as JSON."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: all sides, and the processes they start, on one thread

import argparse
import sys
import traceback

import torch

from benchmarks import explorers, imports, lessons, memory, page, pretrain, sweeps, training
from benchmarks.measure import HEADER, Row, machine
from course_lib.commands.checkout import Trouble, write_json

FAMILIES = {
    "fit": training.rows,
    "fit_many": sweeps.rows,
    "explorers": explorers.rows,
    "memory": memory.rows,
    "page": page.rows,
    "imports": imports.rows,
    "lessons": lessons.rows,
    "pretrain": pretrain.rows,
}


def main(arguments: list[str] | None = None) -> int:
    """Returns 1 when a family could not be measured, or, unless --quick, when a target is missed."""
    args = _arguments(arguments)
    torch.set_num_threads(1)
    about, rows, broken = machine(), [], []
    print(f"{about['cpu']}, {about['cores']} cores, load {about['load_average']}, torch {about['torch']}\n{HEADER}")
    for name in args.families or FAMILIES:
        try:
            for row in FAMILIES[name](quick=args.quick):
                rows.append(row)
                print(row, flush=True)
        except Exception:
            traceback.print_exc()
            broken.append(name)
    if args.json:
        write_json(args.json, {"machine": about, "quick": args.quick, "rows": [row.as_json() for row in rows]})
    return closing(rows, broken, quick=args.quick)


def closing(rows: list[Row], broken: list[str], *, quick: bool) -> int:
    """Prints what was missed, and the counts as the last line. Returns the exit code."""
    missed = [] if quick else [row for row in rows if row.ok is False]
    for row in missed:
        print(f"missed: {row.name}: target {row.target}")
    for name in broken:
        print(f"could not be measured: {name}")
    if quick:
        print("--quick shows that everything runs; its numbers mean nothing")
    failed = len(missed) + len(broken)
    print(f"{len(rows) - len(missed)} passed, {failed} failed")
    return int(failed > 0)


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="How fast the course is.")
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=f"some of {', '.join(FAMILIES)}; all by default")
    parser.add_argument("--json", metavar="FILE", help="write the rows there too")
    parser.add_argument("--quick", action="store_true", help="only see that everything runs, in about a minute")
    args = parser.parse_args(arguments)
    unknown = set(args.families) - set(FAMILIES)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: there are {', '.join(FAMILIES)}")
    return args


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as trouble:
        sys.exit(str(trouble))
