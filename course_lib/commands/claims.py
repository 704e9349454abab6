"""`course claims`: are the claims of a lesson true, or true by luck?

A claim near the edge of stability flips on another processor: at lr 1.5 a small net read 10.6 % of the digits with one
thread and 33.9 % with two. So every claim has to hold under other seeds, and with two threads and weights off by a
millionth.
"""

import argparse
import json
import math
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tqdm import tqdm

from course_lib.commands.checkout import lessons, notebook, write_json
from course_lib.commands.execution import execute

CELL_SECONDS = 900  # several runs share the cores
AS_IT_IS, STORED = "as it is", "as stored"
ONE_THREAD = {"COURSE_THREADS": "1"}
SHIFTS = 4
VARIATIONS: dict[str, dict[str, str]] = {
    AS_IT_IS: ONE_THREAD,
    **{f"seeds + {shift}": ONE_THREAD | {"COURSE_SEED_SHIFT": str(shift)} for shift in range(1, SHIFTS + 1)},
    # Both at once: either asks whether the last digits of a number decide, and a run of its own costs minutes.
    # Passive: two threads that wait by spinning stand still for minutes where other runs want the same cores.
    "two threads, weights off by 1e-6": {
        "COURSE_THREADS": "2",
        "OMP_WAIT_POLICY": "PASSIVE",
        "COURSE_WEIGHT_NOISE": "1e-6",
    },
}


def main(args: argparse.Namespace) -> int:
    """Re-run the chosen lessons under every variation; 1 when a claim failed, or was missing, in any of them."""
    chosen = lessons(args.lessons)
    if args.json:
        write_json(args.json, {})
    reports, failed, passed = [], 0, 0
    left_out = {f"seeds + {shift}" for shift in range(args.shifts + 1, SHIFTS + 1)} | (
        {AS_IT_IS} if args.stored else set()
    )
    variations = {name: variables for name, variables in VARIATIONS.items() if name not in left_out}
    for path, runs, errors in _vary(chosen, variations, jobs=args.jobs):
        if args.stored:
            runs = {STORED: stored(path, runs), **runs}
        rows = summary(runs)
        _print(path.stem, list(runs), rows, errors)
        reports.append({"lesson": path.stem, "variations": list(runs), "claims": rows, "errors": errors})
        failed += sum(not row["ok"] for row in rows) + len(errors)
        passed += sum(row["ok"] for row in rows)
    if args.json:
        write_json(args.json, sorted(reports, key=lambda report: report["lesson"]))
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


Claims = list[dict[str, Any]]


def _vary(
    chosen: list[Path], variations: dict[str, dict[str, str]], *, jobs: int
) -> Iterator[tuple[Path, dict[str, Claims], dict[str, str]]]:
    """Each lesson with the claims of each variation, in the order of the notebook, and the error of each that stopped.

    All runs of all lessons stand in one queue, so that no core waits for the last run of a lesson. The last lesson
    comes first: lesson 00 is the shortest, and at the very end a core does wait.
    """
    pool = ThreadPoolExecutor(jobs)  # the work is in the kernels, each a process of its own
    try:
        queue = {
            path: [pool.submit(_claims_of, path, variables) for variables in variations.values()]
            for path in sorted(chosen, reverse=True)
        }
        for path, futures in queue.items():
            done = (future.result() for future in futures)
            done = list(tqdm(done, total=len(futures), desc=path.stem, unit="run", leave=False, disable=None))
            runs = {name: claims for name, (claims, _) in zip(variations, done, strict=True)}
            yield path, runs, {name: error for name, (_, error) in zip(variations, done, strict=True) if error}
    finally:
        pool.shutdown(cancel_futures=True)


def _claims_of(path: Path, variables: dict[str, str]) -> tuple[Claims, str]:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "claims.jsonl"
        env = variables | {"COURSE_CLAIMS_LOG": str(log)}
        done = execute(path, env=env, bar=False, cell_seconds=CELL_SECONDS, memory=False)
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [json.loads(line) for line in lines], done.error


def stored(path: Path, runs: dict[str, Claims]) -> Claims:
    """What stands in the notebook, which nbval has compared with a run: the claims that every variation must make.

    Args:
        path: the notebook.
        runs: the claims of the variations. A stored line is only "✓ text: bound"; they say which part is which.
    """
    known = {f"✓ {claim['text']}: {claim['bound']}": claim for claims in runs.values() for claim in claims}
    lines = [
        line
        for cell in notebook(path).cells
        for output in cell.get("outputs", [])
        for line in output.get("text", "").splitlines()
        if line.startswith("✓")
    ]
    unknown = {"bound": "stored, and made by no run"}
    return [{"text": line, **unknown, **known.get(line, {}), "value": None, "ok": True} for line in lines]


def summary(runs: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """One row a claim: text, bound, values, in how many of the runs it holds, and the runs where it does not.

    A claim is known by its text (a text used twice, by its place among those); where it is missing, it does not hold.
    """
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for name, claims in runs.items():
        seen: Counter[str] = Counter()
        for claim in claims:
            key = (claim["text"], seen[claim["text"]])
            seen[claim["text"]] += 1
            row = rows.setdefault(key, {"text": claim["text"], "bound": claim["bound"], "values": {}, "holds_in": []})
            if name != STORED:  # where there are no values
                row["values"][name] = claim["value"]
            if claim["ok"]:
                row["holds_in"].append(name)
    for row in rows.values():
        row["fails_in"] = [name for name in runs if name not in row["holds_in"]]
        row["ok"] = not row["fails_in"]
    return list(rows.values())


def _print(lesson: str, runs: list[str], rows: list[dict[str, Any]], errors: dict[str, str]) -> None:
    print(f"{lesson}, {len(runs)} runs: {'; '.join(runs)}")
    for row in rows:
        held, all_runs = len(row["holds_in"]), len(row["holds_in"]) + len(row["fails_in"])
        values = spread(list(row["values"].values()))
        print(f"  {'✓' if row['ok'] else '✗'} {held} of {all_runs}  {values}  ({row['bound']})")
        print(f"      {row['text']}")
        if row["fails_in"]:
            print(f"      not so: {', '.join(row['fails_in'])}")
    for name, error in errors.items():
        print(f"  ✗ {name}: did not run through. {error}")
    if not rows:
        print("  no claims")


def spread(values: list[Any]) -> str:
    """'0.91 .. 0.95' for numbers, the different values themselves for anything else."""
    if not values:
        return "no value"
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    if not numbers:
        return ", ".join(dict.fromkeys(str(value) for value in values))
    if any(math.isnan(value) for value in values):
        return "nan among " + spread([value for value in values if not math.isnan(value)] or [math.inf])
    low, high = min(values), max(values)
    return f"{low:.4g}" if low == high else f"{low:.4g} .. {high:.4g}"
