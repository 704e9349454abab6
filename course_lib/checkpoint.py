"""The state of a training at one moment: copied in memory, put back, written to a file and read again.

One copy an epoch serves twice. In memory, it lets ``fit`` go back to the start of an epoch and look for the step at
which a number became infinite. In a file, it lets the same cell go on where it was interrupted, to the last bit.
"""

from __future__ import annotations

import copy
import hashlib
import os
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from course_lib.datasets import Split

if TYPE_CHECKING:
    from course_lib.run import Run

_FORMAT = 1  # of the file; a number that is not this one was written by another version of the course


def random_state(device: torch.device) -> dict[str, torch.Tensor]:
    """Return the state of the global random generators: the CPU's, and that of ``device``."""
    states = {"cpu": torch.get_rng_state()}
    if device.type not in ("cpu", "meta"):
        states[device.type] = torch.get_device_module(device).get_rng_state(*_of(device))
    return states


def set_random_state(states: dict[str, torch.Tensor], device: torch.device) -> None:
    """Put back what ``random_state`` gave."""
    torch.set_rng_state(states["cpu"])
    if device.type in states and device.type != "cpu":
        torch.get_device_module(device).set_rng_state(states[device.type], *_of(device))


def _of(device: torch.device) -> tuple[torch.device, ...]:
    return () if device.type == "mps" else (device,)  # mps has one generator and takes no device


def snapshot(run: Run) -> dict[str, Any]:
    """Return a copy of everything that decides how ``run`` goes on."""
    return {
        "epoch": run.epoch,
        "weights": {name: tensor.detach().clone() for name, tensor in _tensors(run.model).items()},
        "optimizer": _copied(run.optimizer.state_dict()),
        "order": run.generator.get_state(),
        "random": random_state(run.device),
        "callbacks": copy.deepcopy([callback.state_dict() for callback in run.callbacks]),
    }


def put_back(run: Run, state: dict[str, Any]) -> None:
    """Bring ``run`` to the moment at which ``state`` was taken."""
    run.epoch = state["epoch"]
    with torch.no_grad():
        for name, tensor in _tensors(run.model).items():
            tensor.copy_(state["weights"][name])
    run.optimizer.load_state_dict(_copied(state["optimizer"]))
    run.generator.set_state(state["order"])
    set_random_state(state["random"], run.device)
    for callback, saved in zip(run.callbacks, copy.deepcopy(state["callbacks"]), strict=True):
        callback.load_state_dict(saved)


def save(run: Run, path: Path, settings: dict[str, Any]) -> None:
    """Write ``run`` to ``path``: beside it first, then moved, so that a broken write leaves the old file whole."""
    part = path.with_name(path.name + ".part")
    content = {
        "format": _FORMAT,
        "settings": settings,
        "state": snapshot(run),
        "history": run.history.lists(),
        "step_loss": run.step_loss,
    }
    torch.save(content, part)
    os.replace(part, path)


def resume(run: Run, path: Path, settings: dict[str, Any]) -> None:
    """Bring ``run`` to where the file at ``path`` was written; does nothing when there is no file.

    Raises:
        ValueError: when the file is cut short, or belongs to a training with other settings.
    """
    if not path.exists():
        return
    content = _read(path)
    _compare(path, content["settings"], settings)
    put_back(run, content["state"])
    run.history.take_back(content["history"])
    run.keep_losses(content["step_loss"])


def check_path(path: str | os.PathLike[str]) -> Path:
    """Return ``path`` as a Path that can be written to.

    Raises:
        ValueError: when its folder is missing, or it is a folder itself.
    """
    if not isinstance(path, str | os.PathLike):
        raise ValueError(f"checkpoint is {path!r}; give it the name of a file, such as 'iris.pt'.")
    path = Path(path)
    if path.is_dir():
        raise ValueError(
            f"checkpoint is {str(path)!r}, which is a folder; give it the name of a file, such as 'iris.pt'."
        )
    if not path.parent.is_dir():
        raise ValueError(f"checkpoint is {str(path)!r}, but there is no folder {str(path.parent)!r}. Make it first.")
    if not os.access(path.parent, os.W_OK):
        raise ValueError(f"checkpoint is {str(path)!r}, but the folder {str(path.parent.resolve())!r} is read-only.")
    return path


def fingerprint(split: Split) -> str:
    """Return eight letters that change when any number in ``split`` does."""
    digest = hashlib.sha256()
    for tensor in split:
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:8]


def _read(path: Path) -> dict[str, Any]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise ValueError(
            f"The checkpoint {str(path)!r} cannot be read: it was cut short, or is not a checkpoint. "
            f"Delete it and run the cell again to start from the beginning."
        ) from error
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ValueError(
            f"{str(path)!r} is not a checkpoint that this version of the course wrote. Give checkpoint= another name."
        )
    return content


def _compare(path: Path, theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    for name, value in ours.items():
        if theirs.get(name) != value:
            raise ValueError(
                f"The checkpoint {str(path)!r} was made with {name} = {theirs.get(name)}; this call has {name} = "
                f"{value}. Use {theirs.get(name)} to go on, or delete the file to start from the beginning."
            )


def _tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def _copied(tree: Any) -> Any:
    """Return dicts and lists of tensors with every tensor cloned; four times as fast as copy.deepcopy."""
    if isinstance(tree, torch.Tensor):
        return tree.clone()
    if isinstance(tree, dict):
        return {key: _copied(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(_copied(value) for value in tree)
    return tree
