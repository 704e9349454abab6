"""The CPU against the GPU: a calm line where there is none, and fair timing where there is one."""

import pytest
import torch

from course_lib.lessons.transfer_learning import gpu
from course_lib.lessons.transfer_learning.gpu import CpuAgainstGpu, Timed, cpu_against_gpu, seconds, timed, works

CPU = torch.device("cpu")


def test_without_a_gpu_it_says_one_line_and_nothing_else(monkeypatch, capsys):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    assert cpu_against_gpu() is None
    assert capsys.readouterr() == ("not run here: no GPU that PyTorch can use\n", "")


def test_who_asks_for_the_cpu_gets_no_gpu(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    assert cpu_against_gpu() is None
    assert capsys.readouterr() == ("not run here: COURSE_DEVICE asks for the CPU\n", "")


def test_the_accelerator_is_the_one_that_was_asked_for(monkeypatch):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("mps"))
    assert gpu.accelerator() == torch.device("mps")
    monkeypatch.setattr(gpu, "device_wish", lambda: torch.device("cuda:1"))
    assert gpu.accelerator() == torch.device("cuda:1")


def test_both_sides_run_the_same_and_agree():
    for what, work in works(64, 8).items():
        assert timed(what, work, CPU, CPU, repeats=1).difference == 0


def test_the_works_are_a_product_and_two_trainings():
    product, large, small = (work(CPU) for work in works(64, 8).values())
    a, b = torch.randn(2, 64, 64, generator=torch.Generator().manual_seed(0))
    assert torch.equal(product, a @ b)
    assert large.shape == (1,) and small.shape[0] % 3 == 0  # losses of one batch, and of three epochs
    assert torch.isfinite(large).all() and small[-1] < small[0]


def test_the_matrices_travel_once(monkeypatch):
    """Else the clock measures the way to the GPU, which takes many times as long as the product there."""
    travelled, to = [], torch.Tensor.to
    monkeypatch.setattr(torch.Tensor, "to", lambda self, *where: travelled.append(where) or to(self, *where))
    product = next(iter(works(64, 8).values()))
    product(CPU), product(CPU)
    assert travelled == [(CPU,), (CPU,)]


def test_a_result_that_differs_is_told():
    results = iter([torch.ones(3)] * 2 + [torch.tensor([1.0, 1.0, 1.25])] * 2)
    assert timed("odd", lambda device: next(results), CPU, CPU, repeats=1).difference == 0.25


def test_the_clock_stops_when_the_device_is_done(monkeypatch):
    """Warm-up first; then for each run: wait, read, work, wait, read."""
    did, clock = [], iter([0.0, 5.0, 10.0, 11.0, 20.0, 22.0])
    monkeypatch.setattr(gpu, "wait", lambda device: did.append("wait"))
    monkeypatch.setattr(gpu, "perf_counter", lambda: did.append("read") or next(clock))
    work = lambda device: did.append("work") or torch.ones(1)  # noqa: E731
    assert seconds(work, CPU, repeats=3)[0] == 2.0  # the median of 5, 1 and 2
    assert did == ["work", *["wait", "read", "work", "wait", "read"] * 3]


def test_waiting_is_for_accelerators_alone(monkeypatch):
    asked = []
    monkeypatch.setattr(torch.accelerator, "synchronize", asked.append)
    gpu.wait(CPU), gpu.wait(torch.device("mps"))
    assert asked == [torch.device("mps")]


@pytest.mark.parametrize("wish", [None, "3"])
def test_the_cpu_gets_its_cores_or_what_was_asked_for_and_gives_them_back(monkeypatch, wish):
    used = []
    monkeypatch.setattr(gpu, "accelerator", lambda: torch.device("mps"))
    monkeypatch.setattr(gpu, "timed", lambda *_: used.append(torch.get_num_threads()) or Timed("a", 1.0, 0.5, 0.0))
    monkeypatch.setattr("psutil.cpu_count", lambda logical: 2)
    if wish:
        monkeypatch.setenv("COURSE_THREADS", wish)
    found = cpu_against_gpu(width=8, pictures=4)
    assert found.threads == int(wish or 2) and used == [found.threads] * 3 and torch.get_num_threads() == 1


def test_the_table_gives_the_ratio_in_words():
    rows = (Timed("a product", 1.2, 0.03, 2e-6), Timed("a small net", 0.01, 0.05, 0.0))
    text = repr(found := CpuAgainstGpu(torch.device("mps"), "MPS", 4, rows))
    assert rows[0].ratio == pytest.approx(40) and "CPU, 4 threads" in text
    assert "40 times as long" in text and "0.2 times as long" in text and "30 ms" in text
    assert "differ by up to 2e-06 of the largest" in text
    assert "<table" in found._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize(
    ("cpu", "gpu_takes", "words"),
    [(12.34, 0.0996, ("12 s", "100 ms", "124 times")), (123.4, 61.7, ("123 s", "62 s", "2 times"))],
)
def test_from_a_hundred_on_a_time_is_a_whole_number(cpu, gpu_takes, words):
    text = repr(CpuAgainstGpu(torch.device("mps"), "MPS", 4, (Timed("a product", cpu, gpu_takes, 0.0),)))
    assert all(each in text for each in words) and "e+" not in text
