"""The benchmarks' own arithmetic, and that they run; what they measure is not judged here."""

import json
from dataclasses import replace

import pytest

from benchmarks import __main__ as command
from benchmarks import imports, training
from benchmarks.measure import Row, Target, interleaved, machine

KEYS = {"name", "ours", "other", "unit", "ratio", "target", "ok", "note", "pace"}


def row(ours, other, target=None):
    return Row("family: what", ours, other, "ms", target)


@pytest.mark.parametrize(
    ("measured", "ratio", "ok"),
    [
        (row(23, 20, Target("ratio", 1.15)), 1.15, True),
        (row(24, 20, Target("ratio", 1.15)), 1.2, False),
        (row(2, 20, Target("faster", 10)), 10, True),
        (row(2, 19, Target("faster", 10)), 9.5, False),
        (row(15, None, Target("ours", 15)), None, True),
        (row(16, None, Target("ours", 15)), None, False),
        (row(16, 1, Target("ours", 15)), 16, False),
        (row(30, 20, Target("later", 10)), 1.5, True),
        (row(31, 20, Target("later", 10)), 1.55, False),
        (replace(row(60, 41, Target("later", 10)), pace=2), 60 / 41, True),
        (replace(row(62, 41, Target("later", 10)), pace=2), 62 / 41, False),
        (row(31, None, Target("later", 10)), None, None),
        (replace(row(29, None, Target("ours", 15)), pace=2), None, True),
        (replace(row(31, None, Target("ours", 15)), pace=2), None, False),
        (replace(row(24, 20, Target("ratio", 1.15)), pace=2), 1.2, False),
        (row(3, 2), 1.5, None),
        (row(None, None, Target("faster", 2)), None, None),
    ],
)
def test_ratio_and_ok(measured, ratio, ok):
    assert measured.ratio == (None if ratio is None else pytest.approx(ratio))
    assert measured.ok is ok
    shape = measured.as_json()
    assert set(shape) == KEYS
    assert json.loads(json.dumps(shape)) == shape


def test_an_unknown_kind_of_target_is_refused():
    with pytest.raises(ValueError, match="'smaller'"):
        Target("smaller", 1)


def test_the_table_says_what_the_json_says():
    line = str(row(2, 19, Target("faster", 10)))
    assert line.startswith("✗ family: what")
    assert all(word in line for word in (" 2 ", " 19 ", " ms ", " 9.5 ", ">= 10x faster"))
    assert str(row(None, None)).split() == ["family:", "what", "-", "-", "ms", "-"]


@pytest.mark.parametrize(("kind", "said"), [("ours", True), ("later", True), ("ratio", False), ("faster", False)])
def test_the_pace_is_shown_where_it_counts(kind, said):
    line = str(replace(row(2, 19, Target(kind, 10)), pace=2))
    assert ("10 x 2" in line or "faster x 2" in line) is said


def test_sides_are_warmed_up_and_take_turns(monkeypatch):
    order = []
    took = {"a": iter([1, 9, 2]), "b": iter([30, 10, 20])}
    monkeypatch.setattr("benchmarks.measure.timed", lambda run: next(took[run()]))
    sides = {name: lambda name=name: order.append(name) or name for name in "ab"}
    assert interleaved(sides, rounds=3) == {"a": 2, "b": 20}  # medians
    assert "".join(order) == "ab" + "ab" + "ba" + "ab"


def test_the_machine_is_described():
    assert {"cpu", "cores", "python", "torch", "threads", "load_average"} <= set(machine())


def test_the_bare_loop_is_the_one_of_the_notebook():
    train = training.bare_loop()
    assert train.__code__.co_filename == "03_learning_rates.ipynb"
    digits = training.course.load("digits")
    assert train(training.net(), *digits.train, epochs=3, lr=0.1, batch_size=32) < 1


def test_a_missing_library_is_a_row_and_no_failure(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(training, "interleaved", lambda sides, rounds: dict.fromkeys(sides, 1.0))
    rows = training.rows(quick=True)
    assert [each.ok for each in rows] == [True, None, None]
    assert all("not installed" in each.note for each in rows[1:])


@pytest.mark.parametrize(
    ("rows", "broken", "quick", "code", "last"),
    [
        ([row(1, 2, Target("ratio", 1))], [], False, 0, "1 passed, 0 failed"),
        ([row(2, 1, Target("ratio", 1))], [], False, 1, "0 passed, 1 failed"),
        ([row(2, 1, Target("ratio", 1))], [], True, 0, "1 passed, 0 failed"),
        ([row(2, 1)], ["page"], True, 1, "1 passed, 1 failed"),
    ],
)
def test_the_exit_code_is_1_for_a_missed_target_unless_quick(capsys, rows, broken, quick, code, last):
    assert command.closing(rows, broken, quick=quick) == code
    assert capsys.readouterr().out.splitlines()[-1] == last


def test_an_unknown_family_is_refused_by_name(capsys):
    with pytest.raises(SystemExit):
        command.main(["speed"])
    assert "speed: there are fit, fit_many" in capsys.readouterr().err


def test_a_family_that_fails_does_not_stop_the_others(monkeypatch, capsys, tmp_path):
    def fails(*, quick):
        raise RuntimeError("no such thing")

    monkeypatch.setattr(command, "FAMILIES", {"bad": fails, "good": lambda quick: [row(1, 1)]})
    assert command.main(["--json", str(tmp_path / "rows.json")]) == 1
    assert "could not be measured: bad" in capsys.readouterr().out
    written = json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))
    assert [each["name"] for each in written["rows"]] == ["family: what"]


@pytest.mark.slow
def test_two_families_run_and_name_each_row_once(capsys, tmp_path):
    """The build machine runs all families by their own command; here it is enough that the command holds together."""
    assert command.main(["--quick", "fit", "fit_many", "--json", str(tmp_path / "a.json")]) == 0
    written = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert set(written) == {"machine", "quick", "rows"}
    assert all(set(each) == KEYS for each in written["rows"])
    names = [each["name"] for each in written["rows"]]
    assert {name.partition(":")[0] for name in names} == {"fit", "fit_many"}
    assert len(names) == len(set(names)) >= 4
    assert all(each["ours"] > 0 for each in written["rows"] if "not installed" not in each["note"])


def test_a_program_in_a_fresh_process_says_its_seconds_and_its_memory():
    """Its own memory: a child of a process that has had 500 MB must not be said to have had them too."""
    seconds, peak = imports._fresh("import time\ntime.sleep(0.05)\nheld = bytearray(50_000_000)")
    assert seconds >= 0.05
    assert 50 < peak < 100
