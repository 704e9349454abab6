"""Lesson 00: its twenty lines read digits, its explorers tell the truth, its claims are false where they should be."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import course_lib as course
from course_lib.claim import claim
from course_lib.lessons import start_here as lesson
from course_lib.lessons.start_here.explorers import COLUMNS, START, curve, moved, slopes, trained_net
from tests.lessons.cells import code_cell, code_cells

NAME = "00_start_here"
DIGITS = course.load("digits")


def run(source: str, names: dict) -> dict:
    exec(source, names)
    return names


def run_program(seed: int) -> dict:
    """The program of the lesson as the notebook holds it, from a seed; what it leaves in memory."""
    torch.manual_seed(seed)
    names = run(code_cells(NAME)[0].source, {})
    torch.manual_seed(seed)
    return run(code_cell(NAME, "bare-loop"), names)


def cell(id: str) -> str:
    (found,) = [each.source for each in code_cells(NAME) if each.id == id]
    return found


def claimed(words: str) -> str:
    """The one claim of the notebook that begins with these words, without its neighbours in the cell."""
    lines = [line for each in code_cells(NAME) for line in each.source.splitlines()]
    (found,) = [line for line in lines if line.startswith(f'claim("{words}')]
    return found


READS = claimed("Share of 200 other digits")
COMMON = claimed("Right of 200, always saying")
MOVED = claimed("Share that it still reads")
SHAPE = claimed("Shape of (3,) plus (3, 1)")


# --------------------------------------------------------------------------------------------------- the twenty lines
def test_program_has_at_most_twenty_lines():
    assert sum(bool(line.strip()) for line in code_cell(NAME, "bare-loop").splitlines()) <= 20


@pytest.mark.parametrize("seed", range(3))
def test_program_reads_digits_and_an_untrained_net_does_not(seed):
    names = run_program(seed)
    run(READS, names)
    torch.manual_seed(seed)
    net = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
    names["right"] = int((net(DIGITS.val.x).argmax(1) == DIGITS.val.y).sum())
    with pytest.raises(AssertionError, match="is not above"):
        run(READS, names)


def test_program_learns_nothing_from_pictures_with_shuffled_answers():
    """The control for "it looks at pictures": with the same pictures and answers, paired at random, it only guesses."""
    names = run(code_cells(NAME)[0].source, {})
    torch.manual_seed(0)
    paired = "x, y = digits.train"
    assert paired in code_cell(NAME, "bare-loop")
    shuffled = f"{paired}; y = y[torch.randperm(len(y))]"
    run(code_cell(NAME, "bare-loop").replace(paired, shuffled), names)
    with pytest.raises(AssertionError, match="is not above"):
        run(READS, names)


def test_always_saying_one_digit_is_right_for_a_tenth():
    names = run_program(0)
    names |= {"common": int((DIGITS.val.y == DIGITS.train.y.mode().values).sum())}
    assert names["common"] == 20
    run(COMMON, names)
    with pytest.raises(AssertionError, match="is not 20"):
        run(COMMON, {**names, "common": names["right"]})


@pytest.mark.parametrize("seed", range(3))
def test_net_of_the_program_loses_digits_that_move_and_one_that_has_seen_them_move_does_not(seed):
    names = run_program(seed)
    run(cell("shifted"), names)
    run(MOVED, names)
    moved = torch.cat([torch.nn.functional.pad(DIGITS.train.x.view(-1, 8, 8), (k, -k)).flatten(1) for k in (0, 1)])
    run_on = "x, y = digits.train"
    also_moved = f"{run_on}; x, y = moved, y.repeat(2)"
    trained = {**names, "moved": moved}
    run(code_cell(NAME, "bare-loop").replace(run_on, also_moved), trained)
    run(cell("shifted"), trained)
    with pytest.raises(AssertionError, match="is not below"):
        run(MOVED, trained)


def test_numbers_of_the_prose():
    names = run_program(0)
    assert sum(each.numel() for each in names["net"].parameters()) == 2410
    assert sum(len(split.x) for split in (DIGITS.train, DIGITS.val, DIGITS.test)) == 1797


# ---------------------------------------------------------------------------------------------------------------- Paint
def test_paint_holds_the_net_of_the_program():
    by_hand = run_program(0)["net"]
    for one, other in zip(by_hand.parameters(), trained_net().parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_paint_leaves_the_random_numbers_alone():
    trained_net.cache_clear()
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    trained_net()
    assert torch.equal(torch.rand(2), expected)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.booleans(), min_size=64, max_size=64))
def test_paint_reads_as_the_net_does(board):
    scores = torch.softmax(trained_net()(torch.tensor(board).float()), 0).detach()
    shown = lesson.Paint.compute(None, board=tuple(board), place="as painted")
    np.testing.assert_allclose(shown["scores"], scores.numpy(), atol=1e-6)
    np.testing.assert_array_equal(shown["picture"], np.array(board, dtype=float).reshape(8, 8))


def test_paint_shifts_by_one_column_and_loses_what_leaves():
    picture = torch.arange(64.0).view(8, 8)
    assert torch.equal(moved(picture, 0), picture)
    assert torch.equal(moved(picture, 1)[:, 1:], picture[:, :-1]) and not moved(picture, 1)[:, 0].any()
    assert torch.equal(moved(picture, -1)[:, :-1], picture[:, 1:]) and not moved(picture, -1)[:, -1].any()
    assert sorted(COLUMNS.values()) == [-1, 0, 1]


@pytest.mark.parametrize("seed", range(3))
def test_any_such_net_reads_the_plain_1_as_a_3_and_two_squares_mend_it(seed):
    net, ones = run_program(seed)["net"], torch.tensor(START).float()
    scores = net(ones).softmax(0)
    assert int(scores.argmax()) == 3 and scores[3] > 0.9
    boards = ones.repeat(64 * 64, 1).view(64, 64, 64)
    for i in range(64):
        boards[i, :, i] = 1 - boards[i, :, i]
        boards[:, i, i] = 1 - boards[:, i, i]
    assert net(boards).softmax(-1)[..., 1].max() > 0.9


def test_goal_of_paint_counts_squares():
    paint = lesson.Paint()
    assert paint.result["changed"] == 0 and not paint.goal(paint.result)[0]
    board = list(START)
    for row, column in ((3, 4), (1, 5)):  # longer at the left, shorter at the top: it leans
        board[8 * (row - 1) + column - 1] ^= True
    assert paint.goal(paint.set(board=tuple(board)).result)[0]
    assert paint.result["changed"] == 2
    assert not paint.goal({**paint.result, "changed": 4})[0]


def test_random_squares_get_high_scores_from_a_net_that_has_no_word_for_none():
    boards = (torch.rand(500, 64, generator=torch.Generator().manual_seed(0)) < 0.5).float()
    assert trained_net()(boards).softmax(1).max(1).values.median() > 0.6


# ------------------------------------------------------------------------------------------------- slopes and the tools
def test_slopes_are_the_derivative():
    x = np.linspace(-3, 3, 61)
    heights, found = slopes(curve, x)
    np.testing.assert_allclose(heights, x**2 / 6 + np.cos(2 * x) - x / 3, atol=1e-12)
    np.testing.assert_allclose(found, x / 3 - 2 * np.sin(2 * x) - 1 / 3, atol=1e-12)


def test_slope_begins_on_the_hill_and_its_goal_is_the_deeper_hollow():
    explorer = lesson.Slope()
    assert abs(explorer.result["slope"]) < 0.1 and not explorer.goal(explorer.result)[0]
    met = [p for p in np.arange(-3, 3.01, 0.03) if explorer.goal(explorer.set(place=float(min(p, 3))).result)[0]]
    x = np.linspace(-3, 3, 6001)
    lowest = x[slopes(curve, x)[0].argmin()]
    assert met and all(abs(place - lowest) < 0.1 for place in met)
    shallow = explorer.set(place=-1.36)
    assert abs(shallow.result["slope"]) < 0.1 and not shallow.goal(shallow.result)[0]


def test_slope_says_which_way_is_down():
    explorer = lesson.Slope()
    for place in (-2.7, -1.8, -0.6, 0.6, 1.2, 2.4):
        left, right = curve(torch.tensor([place - 0.01, place + 0.01])).tolist()
        says = explorer.describe(explorer.set(place=place).result)
        assert f"downhill is to the {'left' if left < right else 'right'}" in says, place


def test_trap_is_not_zero_and_is_lowest_for_a_net_that_says_the_mean():
    names = run(code_cells(NAME)[0].source, {})
    run(cell("trap"), names)
    assert names["trap"] > 1 and tuple((names["outputs"] - names["litres"]).shape) == (4, 4)
    said = torch.zeros(4, 1, requires_grad=True)
    optimizer = torch.optim.SGD([said], lr=1)
    for _ in range(200):
        loss = ((said - names["litres"]) ** 2).mean()
        optimizer.zero_grad(), loss.backward(), optimizer.step()
    torch.testing.assert_close(said.detach(), names["litres"].mean().expand(4, 1))


def test_none_before_backward_and_whole_numbers_refuse():
    names = run(cell("slope-of-square"), {"torch": torch})
    assert names["before"] is None and names["knob"].grad == 6
    with pytest.raises(RuntimeError, match="floating point"):
        torch.tensor(3, requires_grad=True)


def test_shape_claim_is_false_where_nothing_is_stretched():
    three = torch.tensor([1, 2, 3])
    run(SHAPE, {"claim": claim, "row": three, "column": three[:, None]})
    with pytest.raises(AssertionError, match="is not"):
        run(SHAPE, {"claim": claim, "row": three, "column": three})


def test_answers_of_a_learner_who_knows_another_way():
    assert lesson.mse.check(lambda o, t: torch.nn.functional.mse_loss(o.squeeze(1), t)).kind == "correct"
    assert lesson.slope_of.check(lambda f, x: _grad(f, x).item()).kind == "correct"


def test_a_slope_asked_before_backward_is_told_that_it_is_none():
    outcome = lesson.slope_of.check(lambda f, x: torch.tensor(x, requires_grad=True).grad)
    assert outcome.kind == "not yet" and "None" in outcome.message


def _grad(f, x):
    place = torch.tensor(float(x), requires_grad=True)
    return torch.autograd.grad(f(place), place)[0]


# -------------------------------------------------------------------------------------------------------------- figures
def test_sheet_frames_the_mistakes_and_names_them():
    x, y = DIGITS.val
    answers = y.clone()
    answers[5] = (y[5] + 1) % 10
    ax = lesson.plot_sheet(x, y, answers)
    assert len(ax.patches) == 1 and [text.get_text() for text in ax.texts] == [str(int(answers[5]))]
    assert f"read as: {int(y[5])} as {int(answers[5])}." in ax.figure.get_label()
    assert "199 of 200" in ax.get_title("left") + ax.get_title()  # left once a set-up cell has run


def test_broadcast_shows_every_entry_of_the_sum():
    row, column = torch.tensor([1, 2, 3, 4]), torch.tensor([[10], [20]])
    last = lesson.plot_broadcast(row, column).figure.axes[-1]
    assert sorted(int(text.get_text()) for text in last.texts if text.get_text()) == [11, 12, 13, 14, 21, 22, 23, 24]


def test_notebook_names_the_way_to_the_progress_file(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.jsonl"))
    assert course.progress.progress_file() == tmp_path / "progress.jsonl"
