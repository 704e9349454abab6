"""A net that only computes: in evaluation mode, without gradients, a batch at a time, on a device of choice.

Introduced in lesson 08 (transfer_learning).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from course_lib.evaluate import eval_mode
from course_lib.features import layer_output
from course_lib.picture import normalise
from course_lib.pictures import Batch

ROWS = 32  # pictures at a time: of 1,024 at 224 x 224 the output of ResNet-18's first layer alone takes 3 GB


def place_of(module: nn.Module) -> torch.device:
    """Return the device of a net; one without parameters and buffers computes anywhere, and counts as on the CPU."""
    return next((tensor.device for tensor in [*module.parameters(), *module.buffers()]), torch.device("cpu"))


def same_place(one: torch.device, other: torch.device) -> bool:
    """Return whether two devices are the same: "cuda" is "cuda:0"."""
    return one.type == other.type and (one.index or 0) == (other.index or 0)


def as_input(x: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Return bytes normalised; anything else as it is."""
    return normalise(x, mean, std) if x.dtype == torch.uint8 else x


def frozen(
    module: nn.Module, layer: str, *, mean: Sequence[float], std: Sequence[float], device: torch.device
) -> Callable[[Tensor], Tensor]:
    """Return the function from pictures (B, ...) to features (B, F); it leaves ``module`` as it is, where it is.

    Raises:
        ValueError: when it is called: the net cannot take the pictures, with their shape.
    """
    # .to(device) would move the caller's own net
    module = module if same_place(place_of(module), device) else copy.deepcopy(module).to(device)

    def features(x: Tensor) -> Tensor:
        x = as_input(x.to(device), mean, std)
        try:
            with eval_mode(module), torch.no_grad():
                return layer_output(module, layer, x)
        except (RuntimeError, IndexError) as error:
            raise ValueError(
                f"{type(module).__name__} cannot take a batch of shape {tuple(x.shape)}. Where the pictures come from "
                f"files, size and channels of the Backbone decide. PyTorch says: {error}"
            ) from error

    return features


def computed(
    function: Callable[[Tensor], Tensor], batches: Iterable[Batch], total: int, progress: bool | None = None
) -> tuple[list[Path], Tensor, Tensor]:
    """Return the files, what ``function`` makes of all batches (N, ...), and the labels (N,), on the CPU.

    Shows a bar after one second (``progress`` None), at once (True) or never (False); ``total`` pictures fill it.

    Raises:
        ValueError: there is no batch.
    """
    from tqdm.auto import tqdm  # here: most who import this compute nothing

    files, rows, labels = [], [], []
    options = {"delay": 0 if progress else 1, "disable": progress is False, "leave": False}
    with tqdm(total=total, desc="features", unit="picture", **options) as bar:
        for names, x, y in batches:
            files += names
            rows.append(function(x).cpu())
            labels.append(y.cpu())
            bar.update(len(x))
    if not rows:
        raise ValueError("None of the pictures could be read, or there are none; why may stand in .skipped.")
    return files, torch.cat(rows), torch.cat(labels)
