"""`course progress`: which predictions were made and which exercises are solved, lesson by lesson."""

import argparse
from typing import Any

from course_lib.commands.checkout import lessons


def main(args: argparse.Namespace) -> int:
    """Print the table. What is not answered yet is no failure: always 0."""
    from course_lib import progress

    events, broken = progress.read()
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


def table(events: Any, names: list[str]) -> dict[str, dict[str, int]]:
    """Counts by lesson, the lessons of `names` first.

    Args:
        events: the newest event of each id ("learning_rates/limit"): a dict by id, or a list.
        names: the lessons that exist, as the ids write them.
    """
    rows = {name: {"predictions": 0, "correct": 0, "tried": 0} for name in names}
    for event in events.values() if isinstance(events, dict) else events:
        lesson = str(event.get("id", "")).partition("/")[0]
        row = rows.setdefault(lesson, {"predictions": 0, "correct": 0, "tried": 0})
        if event.get("kind") == "prediction":
            row["predictions"] += 1
        elif event.get("kind") == "exercise":
            row["tried"] += event.get("outcome") != "not attempted"
            row["correct"] += event.get("outcome") == "correct"
    return rows
