"""course claims: a claim holds under every variation, or the command says where it does not."""

import argparse
import json
import math

import nbformat
import pytest

from course_lib import tidy
from course_lib.commands import checkout, claims

LESSON = """
import json, os
shift, threads = int(os.environ.get("COURSE_SEED_SHIFT", 0)), int(os.environ["COURSE_THREADS"])
noise = float(os.environ.get("COURSE_WEIGHT_NOISE", 0))
def claim(text, value, ok):
    with open(os.environ["COURSE_CLAIMS_LOG"], "a") as log:
        log.write(json.dumps({"text": text, "value": value, "bound": "above 0", "ok": ok}) + "\\n")
claim("always", 1 + shift, True)
claim("not with two threads and noise", [threads, noise], threads == 1 and noise == 0)
if shift == 3:
    claim("only once", 1, True)
if shift == 4:
    raise ValueError("seed 4")
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    root = tmp_path_factory.mktemp("course")
    (root / "notebooks").mkdir()
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(LESSON)])
    tidy.write(nb, root / "notebooks" / "01_tiny.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkout, "ROOT", root)
        code = claims.main(
            argparse.Namespace(lessons=["1"], json=str(root / "claims.json"), jobs=2, stored=False, shifts=4)
        )
    assert code == 1
    return json.loads((root / "claims.json").read_text())[0]


@pytest.mark.slow
def test_a_claim_is_held_against_every_variation(report):
    rows = {row["text"]: row for row in report["claims"]}
    assert rows["always"]["ok"] is True
    assert sorted(rows["always"]["values"].values()) == [1, 1, 2, 3, 4, 5]
    assert rows["not with two threads and noise"]["fails_in"] == ["two threads, weights off by 1e-6"]
    assert rows["not with two threads and noise"]["values"]["two threads, weights off by 1e-6"] == [2, 1e-6]


@pytest.mark.slow
def test_a_claim_that_is_missing_does_not_hold(report):
    row = next(row for row in report["claims"] if row["text"] == "only once")
    assert row["holds_in"] == ["seeds + 3"]
    assert len(row["fails_in"]) == 5


@pytest.mark.slow
def test_a_lesson_that_does_not_run_through_is_said(report):
    assert list(report["errors"]) == ["seeds + 4"]
    assert "ValueError: seed 4" in report["errors"]["seeds + 4"]


def line(text, value, ok=True):
    return {"text": text, "value": value, "bound": "above 0", "ok": ok}


def test_a_text_used_twice_is_two_claims():
    runs = {"a": [line("same", 1), line("same", 2)], "b": [line("same", 3), line("same", -1, ok=False)]}
    first, second = claims.summary(runs)
    assert (first["values"], first["ok"]) == ({"a": 1, "b": 3}, True)
    assert (second["values"], second["fails_in"]) == ({"a": 2, "b": -1}, ["b"])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0.91, 0.95, 0.93], "0.91 .. 0.95"),
        ([61_706, 61_706], "6.171e+04"),
        ([1, 1], "1"),
        ([True, True], "True"),
        ([[2, 3], [2, 3]], "[2, 3]"),
        ([0.5, math.nan], "nan among 0.5"),
        ([math.nan], "nan among inf"),
        ([], "no value"),
    ],
)
def test_values_are_shown_as_a_range(values, words):
    assert claims.spread(values) == words


def test_all_lessons_share_one_queue_and_are_reported_in_order(monkeypatch, tmp_path, capsys):
    paths = [tmp_path / f"0{k}_tiny.ipynb" for k in range(3)]
    monkeypatch.setattr(claims, "lessons", lambda _chosen: paths)
    monkeypatch.setattr(claims, "_claims_of", lambda path, _variables: ([line(f"of {path.stem}", 1)], ""))
    assert (
        claims.main(argparse.Namespace(lessons=[], json=str(tmp_path / "claims.json"), jobs=2, stored=False, shifts=4))
        == 0
    )
    written = json.loads((tmp_path / "claims.json").read_text())
    assert [report["lesson"] for report in written] == [path.stem for path in paths]
    assert all(len(report["claims"][0]["holds_in"]) == 6 for report in written)
    assert capsys.readouterr().out.splitlines()[-1] == "3 passed, 0 failed"


def test_fewer_seeds_are_those_that_come_first(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(claims, "_vary", lambda chosen, variations, jobs: asked.extend(variations) or iter(()))
    claims.main(argparse.Namespace(lessons=[], json=None, jobs=2, stored=True, shifts=2))
    assert asked == ["seeds + 1", "seeds + 2", "two threads, weights off by 1e-6"]


def test_what_is_stored_stands_for_the_run_as_it_is(monkeypatch, tmp_path):
    cell = nbformat.v4.new_code_cell(
        "", outputs=[nbformat.v4.new_output("stream", text="✓ a: b: above 0\n✓ gone: 3\n")]
    )
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path := tmp_path / "01_tiny.ipynb")
    ran = []
    monkeypatch.setattr(claims, "lessons", lambda _chosen: [path])
    monkeypatch.setattr(
        claims, "_claims_of", lambda _path, env: (ran.append(env) or [line("a: b", 1), line("new", 2)], "")
    )
    arguments = argparse.Namespace(lessons=[], json=str(tmp_path / "claims.json"), jobs=2, stored=True, shifts=4)
    assert claims.main(arguments) == 1
    assert len(ran) == 5 and claims.ONE_THREAD not in ran
    rows = {row["text"]: row for row in json.loads((tmp_path / "claims.json").read_text())[0]["claims"]}
    assert rows["a: b"]["ok"] and "as stored" not in rows["a: b"]["values"]
    assert rows["new"]["fails_in"] == ["as stored"]
    assert rows["✓ gone: 3"]["holds_in"] == ["as stored"] and len(rows["✓ gone: 3"]["fails_in"]) == 5
