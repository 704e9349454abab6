"""A number of any library is taken for what it is, and what is no such number is named."""

import math

import numpy as np
import pytest
import torch

from course_lib.number_checks import is_whole, real_number, whole_number


@pytest.mark.parametrize("value", [0, 3, np.int64(3), torch.tensor(3)])
def test_whole_numbers_of_any_kind_become_int(value):
    assert is_whole(value) and type(whole_number("n", value)) is int and whole_number("n", value) == value


@pytest.mark.parametrize("value", [2.0, 2.5, True, "2", None, torch.tensor(2.0), [2], torch.tensor([2, 3])])
def test_what_is_no_whole_number_is_named(value):
    assert not is_whole(value)
    with pytest.raises(ValueError, match="^n is .*; it must be a whole number.$"):
        whole_number("n", value)


def test_the_lowest_allowed_is_allowed_and_the_one_below_is_named():
    assert whole_number("n", 5, least=5) == 5 and is_whole(5, least=5) and not is_whole(4, least=5)
    with pytest.raises(ValueError, match="^n is 4; it must be a whole number of 5 or more.$"):
        whole_number("n", 4, least=5)


@pytest.mark.parametrize("value", [0, 0.5, np.float32(0.5), torch.tensor(0.5)])
def test_numbers_of_any_kind_become_float(value):
    assert type(real_number("n", value)) is float and real_number("n", value) == value


@pytest.mark.parametrize("value", [-1, math.nan, math.inf, "0.5", None, [0.5]])
def test_what_is_no_finite_number_from_0_on_is_named(value):
    with pytest.raises(ValueError, match="^lr is .*; it must be one finite number of 0 or more."):
        real_number("lr", value)
