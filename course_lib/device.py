"""Which device, how many threads, how much memory: said once, and the same for the whole course.

The nets of the first lessons are so small that the CPU with one thread is the fastest place for them; a GPU spends its
time on starting kernels. So ``fit`` trains where the model and the data lie, and that is the CPU unless somebody moves
them. ``pick_device`` is for the lessons whose nets gain from an accelerator.

``COURSE_DEVICE`` and ``COURSE_THREADS`` overrule both choices.
"""

import os
from typing import NamedTuple

import torch


class Memory(NamedTuple):
    """Free and total memory of a device, in bytes."""

    free: int
    total: int


def pick_device() -> torch.device:
    """Return the device for work that gains from one: ``COURSE_DEVICE``, else the accelerator, else the CPU.

    Raises:
        ValueError: when ``COURSE_DEVICE`` names a device that is unknown or not in this machine.
    """
    wanted = device_wish()
    if wanted is not None:
        return wanted
    if torch.accelerator.is_available():
        return torch.accelerator.current_accelerator()
    return torch.device("cpu")


def device_wish() -> torch.device | None:
    """Return the device that ``COURSE_DEVICE`` asks for, or None when it is not set.

    Raises:
        ValueError: when it names a device that is unknown or not in this machine.
    """
    name = os.environ.get("COURSE_DEVICE", "").strip()
    return check_device(name, said_by="COURSE_DEVICE") if name else None


def check_device(device: str | torch.device, *, said_by: str = "device") -> torch.device:
    """Return ``device`` as a ``torch.device`` that is in this machine.

    Args:
        device: such as "cpu", "cuda", "cuda:1" or "mps".
        said_by: who asked for it; the error names it.

    Raises:
        ValueError: when the name is unknown, or no such device is here.
    """
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError):
        raise ValueError(f"{said_by} is {device!r}, which is no device that PyTorch knows. {_here()}") from None
    if found.type not in _device_types() or (found.index or 0) >= _count(found.type):
        raise ValueError(f"{said_by} is {str(found)!r}, but this machine has no such device. {_here()}")
    return found


def thread_wish() -> int:
    """Return how many threads the course uses: ``COURSE_THREADS``, else 1 (the fastest for small nets).

    Raises:
        ValueError: when ``COURSE_THREADS`` is not a whole number of 1 or more.
    """
    text = os.environ.get("COURSE_THREADS", "").strip() or "1"
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ValueError(f"COURSE_THREADS is {text!r}; a whole number of 1 or more is needed. Set it so, or unset it.")
    return int(text)


def set_threads(threads: int | None = None) -> int:
    """Let PyTorch compute with ``threads`` threads (None: what ``thread_wish`` says) and return the number."""
    threads = thread_wish() if threads is None else threads
    torch.set_num_threads(threads)
    return threads


def memory(device: str | torch.device = "cpu") -> Memory | None:
    """Return the free and the total memory of ``device`` (for "cpu": of the machine), or None where nobody can tell.

    Raises:
        ValueError: when there is no such device.
    """
    device = check_device(device)
    if device.type == "cpu":
        import psutil  # here, because only `course doctor` asks

        machine = psutil.virtual_memory()
        return Memory(machine.available, machine.total)
    try:
        return Memory(*torch.accelerator.get_memory_info(device))
    except (RuntimeError, NotImplementedError, ValueError):  # some accelerators keep no account
        return None


def _device_types() -> set[str]:
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    return {"cpu"} | ({accelerator.type} if accelerator is not None else set())


def _count(device_type: str) -> int:
    return 1 if device_type == "cpu" else torch.accelerator.device_count()


def _here() -> str:
    return "Here you can use: " + ", ".join(repr(name) for name in sorted(_device_types())) + "."
