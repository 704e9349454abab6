"""The helper package of the course: what a notebook sees as ``course.*``.

Every lesson begins with ``import course_lib as course`` and ``course.setup(seed=0)``.
"""

import os

# PyTorch reads this when it is imported: an operation that a Mac's GPU lacks then runs on the CPU, instead of failing.
os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")

import importlib
import platform

try:
    import torch
except ModuleNotFoundError:  # nothing here works without it: one sentence, in the terminal and in a notebook
    raise SystemExit("PyTorch is not installed in this Python. Run README's first command: it brings all.") from None

from course_lib.backbone import Backbone
from course_lib.callbacks import Callback, ClipGradNorm, EarlyStopping, Schedule
from course_lib.claim import claim
from course_lib.datasets import Data, Split, load
from course_lib.device import device_wish, pick_device, set_threads
from course_lib.evaluate import evaluate
from course_lib.exercise import Exercise
from course_lib.explorer import Explorer
from course_lib.fit import fit
from course_lib.fit_many import fit_many
from course_lib.nets import MLP, LeNet5, ResNet, resnet18, resnet34, resnet50, resnet152
from course_lib.number_checks import whole_number
from course_lib.picture_folder import PictureFolder, open_pictures
from course_lib.prediction import Prediction
from course_lib.pretrained import load_published
from course_lib.run import Run
from course_lib.runs import Runs
from course_lib.show import show
from course_lib.style import lecture_wish, use_style
from course_lib.summary import summary
from course_lib.variation import shifted
from course_lib.warm_up import warm_up
from course_lib.watch import watch

__all__ = [
    "MLP",
    "Backbone",
    "Callback",
    "ClipGradNorm",
    "Data",
    "EarlyStopping",
    "Exercise",
    "Explorer",
    "LeNet5",
    "PictureFolder",
    "Prediction",
    "ResNet",
    "Run",
    "Runs",
    "Schedule",
    "Split",
    "claim",
    "doctor",
    "evaluate",
    "fit",
    "fit_many",
    "load",
    "load_published",
    "open_pictures",
    "pick_device",
    "plot_data",
    "plot_guessing",
    "plot_history",
    "plot_sweep",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet152",
    "seed_everything",
    "setup",
    "show",
    "summary",
    "watch",
]


def __getattr__(name: str) -> object:
    """Finds `plot_*` when it is first asked for: pyplot takes a quarter of a second to import."""
    if name.startswith("plot_") and name in __all__:
        return getattr(importlib.import_module("course_lib.plots"), name)
    raise AttributeError(f"module 'course_lib' has no attribute {name!r}")


def setup(*, seed: int = 0, lecture: bool | None = None) -> None:
    """Makes a notebook ready and prints one line: versions, device, threads, seed. Run it as often as you like.

    Args:
        seed: where PyTorch's random numbers start.
        lecture: large figures and explorers, readable from the last row. None: only in a `course lab --lecture`.

    Raises:
        ValueError: the seed is no whole number, or `COURSE_DEVICE`, `COURSE_THREADS` or `COURSE_LECTURE` asks for
            something that is not there.
    """
    lecture = lecture_wish() if lecture is None else lecture
    use_style(lecture=lecture)
    threads = set_threads()
    device = device_wish() or torch.device("cpu")
    seed_everything(seed)
    warm_up()
    size = " · lecture mode" if lecture else ""
    print(
        f"Ready: Python {platform.python_version()} · torch {torch.__version__} · {str(device).upper()}, "
        f"{threads} thread{'s' if threads > 1 else ''} · seed {seed}{size}"
    )


def seed_everything(seed: int) -> None:
    """Starts PyTorch's random numbers at `seed` (or at the shifted one, when `course claims` checks a lesson).

    Raises:
        ValueError: the seed is no whole number.
    """
    torch.manual_seed(shifted(whole_number("seed", seed)))


def doctor() -> None:
    """Prints what `course doctor` prints in a terminal: what is right about this machine, and what to mend.

    Introduced in lesson 00. It never stops a notebook: what is wrong becomes a line that says MEND.
    """
    # Looked up when it is asked for: the commands stand below the library, which a lesson can use without them.
    importlib.import_module("course_lib.commands.doctor").main()
