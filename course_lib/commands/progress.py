"""`course progress`: which predictions were made and which exercises are solved, lesson by lesson.

Solved once is solved: running the cell again with the placeholder takes nothing away.
"""

import argparse
from collections.abc import Iterable
from typing import Any

from course_lib.commands.checkout import lessons


def main(args: argparse.Namespace) -> int:
    """Print the table. What is not answered yet is no failure: always 0."""
    from course_lib import progress

    events, broken = progress.events()
    names = [path.stem.partition("_")[2] for path in lessons()]
    rows = table(events, names)
    print(f"{'lesson':28} {'predictions':>12} {'exercises correct':>18} {'tried':>6}")
    for lesson, row in rows.items():
        print(f"{lesson:28} {row['predictions']:12} {row['correct']:18} {row['tried']:6}")
    if broken:
        print(f"{broken} broken line{'s' * (broken > 1)} in the progress file skipped; the rest counts.")
    if not events:
        print("Nothing is answered yet. `course lab` opens the lessons.")
    return 0


def table(events: Iterable[dict[str, Any]], names: list[str]) -> dict[str, dict[str, int]]:
    """Counts by lesson, the lessons of `names` first.

    Args:
        events: all events, in order; several of one id ("learning_rates/limit") count once.
        names: the lessons that exist, as the ids write them.
    """
    best: dict[str, set[str]] = {}
    for event in events:
        said = "made" if event.get("kind") == "prediction" else event.get("outcome", "")
        best.setdefault(str(event.get("id", "")), set()).add(said)
    rows = {name: {"predictions": 0, "correct": 0, "tried": 0} for name in names}
    for id, said in best.items():
        row = rows.setdefault(id.partition("/")[0], {"predictions": 0, "correct": 0, "tried": 0})
        row["predictions"] += "made" in said
        row["correct"] += "correct" in said
        row["tried"] += bool(said - {"made", "not attempted"})
    return rows
