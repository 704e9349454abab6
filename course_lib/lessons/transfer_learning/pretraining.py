"""How the nets in data/ were trained on printed letters: what `course pretrain letters` does."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import torch
from torch import nn

from course_lib.callbacks import Schedule, cosine
from course_lib.datasets import Data, Split
from course_lib.evaluate import evaluate
from course_lib.fit import fit
from course_lib.lessons.transfer_learning.nets import FILES, LEFT_OUT, reader
from course_lib.letters import letters
from course_lib.uninterrupted import uninterrupted

EACH, EPOCHS, SEED = 500, 4, 0
FAST = {"each": 60, "epochs": 3}
"""A budget of seconds, for tests: such a net reads some ten times as many new letters as guessing does."""


def without(data: Data, classes: tuple[str, ...]) -> Data:
    """The data without some classes; the labels of the others close up."""
    kept = [k for k, name in enumerate(data.classes) if name not in classes]
    new = torch.full((len(data.classes),), -1)
    new[kept] = torch.arange(len(kept))
    parts = []
    for part in (data.train, data.val, data.test):
        rows = new[part.y] >= 0
        parts.append(Split(part.x[rows], new[part.y[rows]]))
    names = tuple(data.classes[k] for k in kept)
    return Data(data.name, *parts, classes=names, features=data.features, target=data.target)


@cache  # drawing takes seconds, and a net is trained on the letters by whose test part it is measured
def _data(which: str, each: int) -> Data:
    if which not in FILES:
        raise ValueError(f"which is {which!r}; it is {' or '.join(map(repr, FILES))}.")
    data = letters(each=each, seed=SEED)
    return without(data, LEFT_OUT) if which == "fewer" else data


def pretrained(which: str, *, each: int = EACH, epochs: int = EPOCHS, progress: bool | None = None) -> nn.Sequential:
    """Train a net on printed letters.

    Args:
        which: "all", or "fewer" for the letters without `LEFT_OUT`.
        each: training pictures of each letter.
        epochs: passes over them.
        progress: a bar, as of `course.fit`.

    Returns:
        The net in evaluation mode.

    Raises:
        ValueError: another name.
        KeyboardInterrupt: `fit` gives back what is there by then; a half-trained net must not pass for a trained one.
    """
    data = _data(which, each)
    run = fit(
        lambda: reader(len(data.classes)),
        data,
        epochs=epochs,
        lr=5e-3,
        batch_size=64,
        optimizer="adam",
        seed=SEED,
        callbacks=[Schedule(cosine(epochs))],
        progress=progress,
    )
    return uninterrupted(run, epochs).model.eval()


def packed(net: nn.Module) -> bytes:
    """A net's weights and running statistics as the bytes of a safetensors file."""
    from safetensors.torch import save

    return save({name: value.contiguous() for name, value in net.state_dict().items()})


def write(net: nn.Module, which: str, folder: Path) -> Path:
    """Write a net to its file in `folder`, and return the path. What stood there stands there until all is written."""
    path = folder / FILES[which]
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(packed(net))
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path


def accuracy(net: nn.Module, which: str, *, each: int = EACH) -> float:
    """Share of new printed letters, in fonts that it was not trained on, that a net reads.

    Args:
        net: to be measured.
        which: "all" or "fewer", as the net was trained.
        each: as it was trained; a sixth of that is read of each letter.
    """
    return float(evaluate(net, _data(which, each).test)["acc"])
