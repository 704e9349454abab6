"""Comparing results: what counts as the same, and in which words two sorts of thing differ."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.comparison import first_difference, mismatch, same, show

T = torch.tensor


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (0.5, 0.5),
        (T(0.5), 0.5),
        (0.5, T(0.5)),
        (np.float32(0.5), 0.5),
        (T(0.5, requires_grad=True), 0.5),
        (2, 2.0),
        (700.0, 700),
        (T(700), 700),
        (math.inf, math.inf),
        (math.nan, math.nan),
        (True, True),
        (T(True), True),
        (np.bool_(True), True),
        (" Diverges", "diverges"),
        (T([1.0, 2.0]), T([1.0, 2.00001])),
        (T([1.0], dtype=torch.float64), T([1.0])),
        (T([1.0], dtype=torch.bfloat16), T([1.0])),
        (np.array([1.0, 2.0]), T([1.0, 2.0])),
        (T([1, 2], dtype=torch.int32), T([1, 2])),
        (T([True, False]), T([True, False])),
        (T([math.nan, 1.0]), T([math.nan, 1.0])),
        (torch.zeros(0, 3), torch.zeros(0, 3)),
        ((1, T([2.0])), (1, T([2.0]))),
        ([1, 2], (1, 2)),
        (None, None),
    ],
)
def test_what_is_the_same(got, expected):
    if expected is not None:
        assert mismatch(got, expected) is None
    assert same(got, expected) == (expected is not None)


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (0.5, 0.501),
        (61_710, 61_706),  # within the tolerance of a measured number, yet a wrong count
        (700.001, 700),
        (T([61_710]), T([61_706])),
        (True, False),
        ("a", "b"),
        (T([1.0, 2.0]), T([2.0, 1.0])),
        (math.inf, -math.inf),
        (T([True, False]), T([True, True])),
        ((1, 2), (2, 1)),
        ((1, 2), (1, 2, 3)),
        (1, (1,)),
    ],
)
def test_what_is_not_the_same(got, expected):
    assert not same(got, expected)


@pytest.mark.parametrize(
    ("got", "expected", "said"),
    [
        (None, 1.0, "None, where one number is expected: a `return` may be missing"),
        (None, T([1.0]), "None, where a tensor of shape (1,) is expected"),
        (T([1.0]).mean, 1.0, "a function (`mean`), where one number is expected: a call may lack its parentheses"),
        ("x", 1.0, "a string, where one number is expected"),
        (1.0, "x", "one number, where a string is expected"),
        (True, 1, "True or False, where one number is expected"),
        (1, True, "one number, where True or False is expected"),
        (T([1.0]), 1.0, "a tensor of shape (1,), where one number is expected"),
        (1.0, T([1.0]), "one number, where a tensor of shape (1,) is expected"),
        (T([[1.0]]), T([1.0]), "a tensor of shape (1, 1), where shape (1,) is expected"),
        (np.ones((2, 2)), T([1.0]), "an array of shape (2, 2), where shape (1,) is expected"),
        (T([1]), T([1.0]), "whole numbers (int64), where floats (float32) are expected"),
        (T([1.0]), T([1]), "floats (float32), where whole numbers (int64) are expected"),
        (T([True]), T([1.0]), "yes/no values (bool), where floats (float32) are expected"),
        (T([1j]), T([1.0]), "complex numbers (complex64), where floats (float32) are expected"),
        ([1.0, 2.0], T([1.0, 2.0]), "a list of 2 entries, where a tensor of shape (2,) is expected"),
        (T([1.0]), (1.0, 2.0), "a tensor of shape (1,), where 2 results are expected"),
        ((1.0, 2.0, 3.0), (1.0, 2.0), "3 results, where 2 are expected"),
        ((1.0, "x"), (1.0, 2.0), "as result 2 a string, where one number is expected"),
        (math.nan, 1.0, "nan (not a number)"),
        (T([1.0, math.nan]), T([1.0, 2.0]), "nan (not a number)"),
        ({"a": 1}, 1.0, "a dict, where one number is expected"),
    ],
)
def test_another_sort_is_told_in_words(got, expected, said):
    assert said in mismatch(got, expected)
    assert not same(got, expected)


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=5), st.floats(1.01, 3))
def test_a_result_equals_itself_and_not_a_scaled_one(values, factor):
    tensor = torch.tensor(values)
    assert same(tensor, tensor.clone())
    assert same(tensor * factor, tensor) == bool((tensor.abs() * (factor - 1) <= 1e-6 + 1e-4 * tensor.abs()).all())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.1 + 0.2, "0.3"),
        (700, "700"),
        (T(0.123456789), "0.12346"),
        (T([1.0, -2.5]), "[1, -2.5]"),
        (T([[1, 2], [3, 4]]), "[[1, 2], [3, 4]]"),
        (np.ones(3), "[1, 1, 1]"),
        (torch.zeros(20, 4), "a tensor of shape (20, 4)"),
        (T(math.inf), "inf"),
        ("setosa", "'setosa'"),
        ((1, T([2.0])), "(1, [2])"),
        (torch.nn.ReLU(), "`ReLU`"),
        ("x" * 200, "'" + "x" * 76 + "..."),
        ((3,), "(3,)"),
    ],
)
def test_values_are_shown_short(value, shown):
    assert show(value) == shown


def test_where_two_tensors_first_differ():
    assert first_difference(T([[1.0, 2.0], [3.0, 5.0]]), T([[1.0, 2.0], [3.0, 4.0]])) == (1, 1)
    assert first_difference(T([1.0]), T([1.0])) is None
    assert first_difference(T(1.0), T(2.0)) is None
    assert first_difference(1.0, T([1.0])) is None
