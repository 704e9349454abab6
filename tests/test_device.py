"""The environment decides over device and threads, and what is not there is named."""

import pytest
import torch

from course_lib.device import Memory, check_device, device_wish, memory, pick_device, set_threads, thread_wish


def test_without_a_wish_it_is_the_accelerator_or_the_cpu():
    found = torch.accelerator.current_accelerator(check_available=True)
    assert pick_device() == (found or torch.device("cpu"))
    assert device_wish() is None


def test_the_variable_decides(monkeypatch):
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    assert pick_device() == device_wish() == torch.device("cpu")


def test_an_accelerator_is_taken_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda **_: torch.device("mps"))
    assert pick_device() == torch.device("mps")


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "cuda:99", "meta", "cpu:3"])
def test_a_device_that_is_not_here_is_named_with_what_is(monkeypatch, name):
    monkeypatch.setenv("COURSE_DEVICE", name)
    with pytest.raises(ValueError, match=f"COURSE_DEVICE is '{name}'.*Here you can use: 'cpu'"):
        pick_device()


def test_the_error_says_who_asked():
    with pytest.raises(ValueError, match="^device is 'tpu'"):
        check_device("tpu")


def test_one_thread_unless_the_variable_says_another(monkeypatch):
    assert thread_wish() == 1
    monkeypatch.setenv("COURSE_THREADS", "2")
    assert set_threads() == 2 == torch.get_num_threads()
    assert set_threads(1) == 1 == torch.get_num_threads()


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "²"])
def test_a_number_of_threads_that_makes_no_sense_is_named(monkeypatch, value):
    monkeypatch.setenv("COURSE_THREADS", value)
    with pytest.raises(ValueError, match=f"COURSE_THREADS is '{value}'"):
        thread_wish()


def test_memory_is_in_bytes():
    known = memory()
    assert isinstance(known, Memory)
    assert 2**20 < known.free <= known.total


def test_memory_of_a_device_that_keeps_no_account_is_not_known(monkeypatch):
    def refuse(device):
        raise RuntimeError("not implemented")

    monkeypatch.setattr("course_lib.device.check_device", torch.device)
    monkeypatch.setattr(torch.accelerator, "get_memory_info", refuse)
    assert memory("mps") is None
