"""course progress: counts by lesson, from all events."""

import argparse

from course_lib import progress as kept
from course_lib.commands import progress


def event(id, kind, **more):
    return {"id": id, "kind": kind, "time": "2026-11-20T10:00:00Z"} | more


EVENTS = [
    event("learning_rates/limit", "prediction", score=0.4),
    event("learning_rates/batch", "prediction", score=0.9),
    event("learning_rates/step", "exercise", outcome="correct"),
    event("learning_rates/momentum", "exercise", outcome="not yet"),
    event("learning_rates/untouched", "exercise", outcome="not attempted"),
    event("old_lesson/x", "exercise", outcome="correct"),
]


def test_counts_by_lesson():
    rows = progress.table(EVENTS, ["first_steps", "learning_rates"])
    assert list(rows) == ["first_steps", "learning_rates", "old_lesson"]
    assert rows["first_steps"] == {"predictions": 0, "correct": 0, "tried": 0}
    assert rows["learning_rates"] == {"predictions": 2, "correct": 1, "tried": 2}
    assert rows["old_lesson"]["correct"] == 1


def test_solved_once_is_solved():
    again = [event("learning_rates/step", "exercise", outcome=word) for word in ("not yet", "not attempted")]
    assert progress.table(EVENTS + again, []) == progress.table(EVENTS, [])


def test_what_was_recorded_is_counted(tmp_path, monkeypatch, capsys):
    """Through the real file, so that both halves agree about its form."""
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.jsonl"))
    monkeypatch.setattr(progress, "lessons", lambda: [tmp_path / "03_learning_rates.ipynb"])
    for one in EVENTS[:3]:
        kept.record(one)
    with open(tmp_path / "progress.jsonl", "a") as file:
        file.write('{"id": "cut of')
    assert progress.main(argparse.Namespace()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["learning_rates", "2", "1", "1"]
    assert "1 broken line in the progress file" in lines[2]
