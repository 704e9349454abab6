"""A claim prints its sentence and its bound, or it stops the notebook and says why."""

import json
import math

import numpy as np
import pytest
import torch

from course_lib.claim import claim


@pytest.fixture(autouse=True)
def no_log(monkeypatch):
    monkeypatch.delenv("COURSE_CLAIMS_LOG", raising=False)


@pytest.mark.parametrize(
    ("value", "bound", "printed"),
    [
        (0.93, {"above": 0.80}, "above 0.8"),
        (1, {"above": 0}, "above 0"),
        (torch.tensor(0.93, requires_grad=True), {"above": 0.80}, "above 0.8"),
        (np.float32(3), {"below": 1e-3 + 3}, "below 3.001"),
        (2e-9, {"below": 1e-8}, "below 1e-08"),
        (0.3, {"between": (0.3, 1)}, "between 0.3 and 1"),
        (math.inf, {"above": 1e30}, "above 1e+30"),
        (61_706, {"equals": 61_706}, "61,706"),
        (torch.tensor(61_706), {"equals": 61_706}, "61,706"),
        (torch.tensor(True), {"equals": True}, "yes"),
        (np.bool_(False), {"equals": False}, "no"),
        ("setosa", {"equals": "setosa"}, "setosa"),
        (torch.zeros(2, 3).shape, {"equals": (2, 3)}, "(2, 3)"),
    ],
)
def test_a_true_claim_prints_sentence_and_bound(value, bound, printed, capsys):
    claim("So it is", value, **bound)
    assert capsys.readouterr().out == f"✓ So it is: {printed}\n"


def test_the_measured_value_is_not_printed_and_the_unit_is(capsys):
    claim("Training takes", 0.123456, below=1, unit="s")
    assert capsys.readouterr().out == "✓ Training takes: below 1 s\n"


@pytest.mark.parametrize(
    ("value", "bound", "said"),
    [
        (0.7, {"above": 0.8}, "0.7 is not above 0.8"),
        (0.8, {"above": 0.8}, "0.8 is not above 0.8"),
        (0.7999999, {"above": 0.8}, "0.7999999 is not above 0.8"),
        (0.8, {"below": 0.8}, "is not below 0.8"),
        (1.01, {"between": (0, 1)}, "1.01 is not between 0 and 1"),
        (61_707, {"equals": 61_706}, "61,707 is not 61,706"),
        (True, {"equals": 1}, "yes is not 1"),
        (1, {"equals": True}, "1 is not yes"),
        (torch.zeros(3, 2).shape, {"equals": (2, 3)}, "is not (2, 3)"),
    ],
)
def test_a_false_claim_names_value_and_bound(value, bound, said, capsys):
    with pytest.raises(AssertionError) as error:
        claim("So it is", value, **bound)
    assert str(error.value).startswith("So it is: ") and said in str(error.value) and len(str(error.value)) < 100
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("bound", [{"above": -1.0}, {"below": 1.0}, {"between": (-1, 1)}, {"equals": 0}])
@pytest.mark.parametrize("nan", [math.nan, torch.tensor(math.nan), np.float64("nan")])
def test_nan_is_never_a_pass(nan, bound):
    with pytest.raises(AssertionError, match="nan"):
        claim("So it is", nan, **bound)


@pytest.mark.parametrize("bounds", [{}, {"above": 0, "below": 2}, {"above": 0, "equals": 1}])
def test_exactly_one_bound(bounds):
    with pytest.raises(ValueError, match="exactly one"):
        claim("So it is", 1, **bounds)


@pytest.mark.parametrize(
    ("value", "bound", "said"),
    [
        (torch.zeros(3), {"above": -1}, r"shape \(3,\)"),
        (True, {"above": 0}, "no number"),
        ("0.9", {"above": 0}, "no number"),
        (None, {"above": 0}, "no number"),
        (0.5, {"equals": 0.5}, "between="),
        (0.5, {"above": math.nan}, "bound"),
        (0.5, {"between": (0, math.nan)}, "bound"),
    ],
)
def test_what_cannot_be_claimed(value, bound, said):
    with pytest.raises((TypeError, ValueError), match=said):
        claim("So it is", value, **bound)


def test_an_empty_range_is_refused():
    with pytest.raises(ValueError, match="holds nothing"):
        claim("So it is", 1, between=(2, 1))


def test_the_log_keeps_value_and_bound_and_nothing_is_raised(tmp_path, monkeypatch, capsys):
    log = tmp_path / "claims.jsonl"
    monkeypatch.setenv("COURSE_CLAIMS_LOG", str(log))
    claim("Right", torch.tensor(0.5), above=0.25)
    claim("Wrong", math.nan, above=0.25, unit="s")
    first, second = (json.loads(line) for line in log.read_text(encoding="utf-8").splitlines())
    assert first == {"text": "Right", "value": 0.5, "bound": "above 0.25", "ok": True}
    assert math.isnan(second["value"]) and second["bound"] == "above 0.25 s" and second["ok"] is False
    assert capsys.readouterr().out == "✓ Right: above 0.25\n✗ not so: Wrong: above 0.25 s\n"


def test_a_notebook_shows_one_sentence_and_none_of_our_frames():
    with pytest.raises(AssertionError) as error:
        claim("Share that the net reads", 0.1, above=0.88)
    first, second = error.value._render_traceback_()
    assert first == "✗ not so: Share that the net reads: 0.1 is not above 0.88."
    assert "on purpose" in second
