"""`course run`: execute lessons from top to bottom; with --store keep what their claims print."""

import argparse
import os
import platform
from importlib.metadata import version
from pathlib import Path

import nbformat
import psutil

from course_lib import tidy
from course_lib.commands.checkout import cannot_write, lessons, write_json
from course_lib.commands.execution import Execution, execute

BUDGET_SECONDS, BUDGET_MB = 60, 1200  # what a lesson may take on two cores


def main(args: argparse.Namespace) -> int:
    """Run the chosen lessons; 0 when every cell of all of them ran (and was stored, if asked for)."""
    chosen = lessons(args.lessons)
    if args.report:
        write_json(args.report, {})  # a place that cannot be written is said now, not after ten minutes
    rows = []
    print(f"{'lesson':28} {'cells':>5} {'seconds':>8} {'peak MB':>8}")
    for path in chosen:
        done = execute(path, twice=args.twice)
        note = done.error or _store_or_say(done, path, store=args.store) or _over_budget(done)
        print(f"{done.lesson:28} {done.cells:5} {done.seconds:8.1f} {done.peak_mb:8.0f}  {note or 'ok'}", flush=True)
        rows.append(_row(done, note))
    if args.report:
        write_json(args.report, {"machine": machine(), "twice": args.twice, "rows": rows})
    failed = sum(not row["ok"] for row in rows)
    print(f"{len(rows) - failed} passed, {failed} failed")
    return int(failed > 0)


def _row(done: Execution, note: str) -> dict[str, object]:
    ok = not done.error and not note.startswith("not stored")
    numbers = {"cells": done.cells, "seconds": round(done.seconds, 2), "peak_mb": round(done.peak_mb)}
    return {"lesson": done.lesson, **numbers, "ok": ok, "within_budget": not _over_budget(done), "note": note}


def _over_budget(done: Execution) -> str:
    """A remark, not a failure: seconds on a busy machine say little."""
    over = [f"{BUDGET_SECONDS} s"] * (done.seconds > BUDGET_SECONDS) + [f"{BUDGET_MB} MB"] * (done.peak_mb > BUDGET_MB)
    return f"over the budget of {' and '.join(over)}" if over else ""


def _store_or_say(done: Execution, path: Path, *, store: bool) -> str:
    if not store:
        return ""
    problem = unfit(done.notebook)
    if problem:
        return f"not stored: {problem}"
    try:
        changed = tidy.write(done.notebook, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    return "stored" if changed else "stored, unchanged"


def unfit(nb: nbformat.NotebookNode) -> str:
    """Why the claims of an executed notebook must not be stored, "" when they may: each prints ticks, nothing else."""
    for cell in nb.cells:
        if tidy.CHECKED not in cell.metadata.get("tags", []):
            continue
        outputs = cell.outputs
        if any(output.get("name") == "stderr" for output in outputs):
            return f"the claim cell {cell.id} also writes warnings or a progress bar; train in a cell before it"
        if not any(output.get("name") == "stdout" and output.text.startswith("✓") for output in outputs):
            return f"the claim cell {cell.id} printed no ✓"
    return ""


def machine() -> dict[str, object]:
    """What the seconds and megabytes of a report were measured on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "python": platform.python_version(),
        "torch": version("torch"),
    }
