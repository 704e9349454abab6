"""Calling the learner's function: nothing leaks in or out, and what goes wrong shows the learner's lines only."""

import random

import numpy as np
import pytest
import torch

from course_lib.attempt import Stopped, call, copied, fixed_random, is_untouched, own_traceback, signature_problem


def test_arguments_are_copied_and_changes_are_noticed():
    def changes(first, second, third):
        second += 1
        third["w"].zero_()

    args = (torch.ones(2), torch.ones(2), {"w": torch.ones(3)})
    assert call(changes, args).changed == (1, 2)
    assert args[1].sum() == 2 and args[2]["w"].sum() == 3


@pytest.mark.parametrize(
    "value",
    [torch.ones(2), np.ones(2), [1, torch.ones(2)], (1, "a", None), {"a": torch.tensor(float("nan"))}, torch.nn.ReLU()]
    + [
        torch.ones(2, requires_grad=True),
        torch.ones(2, requires_grad=True) * 2,
        torch.Generator(),
        len,
        (i for i in "ab"),
    ],
)
def test_looking_changes_nothing(value):
    assert call(lambda x: None, (value,)).changed == ()


def test_a_copy_shares_nothing_and_keeps_requires_grad():
    original = {"w": [torch.ones(2, requires_grad=True)]}
    copy = copied(original)
    assert copy["w"][0].requires_grad and copy["w"][0] is not original["w"][0]
    with torch.no_grad():
        copy["w"][0].zero_()
    assert original["w"][0].sum() == 2


def test_random_numbers_start_anew_and_leave_no_trace():
    def draw():
        return torch.rand(1).item(), random.random(), np.random.rand()

    torch.manual_seed(7), random.seed(7), np.random.seed(7)
    expected = draw()
    torch.manual_seed(7), random.seed(7), np.random.seed(7)
    one, other = call(draw, (), seed=3), call(draw, (), seed=3)
    assert one.value == other.value != call(draw, (), seed=4).value
    assert draw() == expected


def test_random_numbers_go_on_after_an_error():
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    with pytest.raises(RuntimeError), fixed_random(0):
        torch.rand(1)
        raise RuntimeError
    assert torch.equal(torch.rand(1), expected)


def test_an_interrupt_passes_through_in_one_word():
    def endless():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stopped:
        call(endless, ())
    assert isinstance(stopped.value, Stopped)
    assert stopped.value._render_traceback_() == ["Stopped: the check was interrupted."]


def test_a_notebook_shows_the_word_instead_of_our_frames(capsys):
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shell.run_cell("from course_lib.attempt import call\ndef f(): raise KeyboardInterrupt\ncall(f, ())")
    shown = capsys.readouterr().out
    assert "Stopped: the check was interrupted." in shown and "attempt.py" not in shown


def test_the_traceback_has_the_learners_lines_only():
    def inner(x):
        return x @ torch.ones(7)

    def mine(x):
        return torch.func.vmap(inner)(x)

    shown = own_traceback(call(mine, (torch.ones(2, 3),)).error)
    assert "in mine:  return torch.func.vmap(inner)(x)" in shown
    assert "in inner:  return x @ torch.ones(7)" in shown
    assert "attempt" not in shown and "_functorch" not in shown and "site-packages" not in shown
    assert "RuntimeError" in shown.splitlines()[-1]


def test_endless_recursion_is_cut():
    def mine(x):
        return mine(x)

    shown = own_traceback(call(mine, (1,)).error)
    assert len(shown.splitlines()) == 8 and "lines more" in shown and "RecursionError" in shown


@pytest.mark.parametrize(
    "function",
    [lambda: ..., lambda: (..., 1), lambda: [[...]], lambda: ... + 1, lambda: (...).mean(), lambda: -(...)],
)
def test_the_dots_are_not_an_attempt(function):
    assert is_untouched(call(function, ()))


def test_a_function_that_says_it_is_not_written_is_not_an_attempt():
    def todo():
        raise NotImplementedError

    assert is_untouched(call(todo, ()))


@pytest.mark.parametrize("function", [lambda: None, lambda: 0, lambda: "...", lambda: 1 / 0, lambda: torch.ones(2)])
def test_everything_else_is_an_attempt(function):
    assert not is_untouched(call(function, ()))


def test_a_wrong_number_of_parameters_is_told_in_words():
    def mine(theta):
        return theta

    said = signature_problem(mine, (1, 2), ("theta", "lr"))
    assert said == "`mine` takes (theta); it is called with 2: (theta, lr)."
    assert signature_problem(lambda *args: 1, (1, 2), ("theta", "lr")) is None
    assert signature_problem(torch.add, (1, 2), ("theta", "lr")) is None  # built in: nothing is known about it
    assert "takes (nothing)" in signature_problem(lambda: 1, (1,), ("theta",))
