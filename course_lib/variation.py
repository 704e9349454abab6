"""Small, deliberate changes to every training, so that a claim can be tested against chance.

``course claims`` runs a lesson again with other seeds and with initial weights that differ by a hair. It says so
through two environment variables, because a notebook in another process hears nothing else:

* ``COURSE_SEED_SHIFT``: a whole number that is added to every seed.
* ``COURSE_WEIGHT_NOISE``: a size; that much normal noise is added to every parameter before training.

Source: ours.
"""

import math
import os

import torch
from torch import nn

_NOISE_SEED = 20_260_101  # any constant: the same noise in every run


def shifted(seed: int) -> int:
    """Return ``seed`` plus ``COURSE_SEED_SHIFT`` (0 when it is not set).

    Raises:
        ValueError: when the variable is set to something that is not a whole number.
    """
    text = os.environ.get("COURSE_SEED_SHIFT", "")
    try:
        return seed + int(text or 0)
    except ValueError:
        raise ValueError(
            f"COURSE_SEED_SHIFT is {text!r}, which is not a whole number. Set it to one such as 3, or unset it."
        ) from None


def perturb(model: nn.Module) -> None:
    """Add ``COURSE_WEIGHT_NOISE`` times normal noise to every parameter of ``model``, in place.

    The noise comes from a generator of its own: the global random state is the same before and after.

    Raises:
        ValueError: when the variable is set to something that is not a number of 0 or more.
    """
    size = _weight_noise()
    if not size:
        return
    generator = torch.Generator().manual_seed(_NOISE_SEED)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.add_((size * noise).to(parameter))


def _weight_noise() -> float:
    text = os.environ.get("COURSE_WEIGHT_NOISE", "")
    try:
        size = float(text or 0)
    except ValueError:
        size = math.nan
    if not 0 <= size < math.inf:
        raise ValueError(
            f"COURSE_WEIGHT_NOISE is {text!r}, which is not a number of 0 or more. Set it to 1e-6, or unset it."
        )
    return size
