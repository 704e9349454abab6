"""Weights that others have trained and published, read from a file into a net of the course.

Introduced in lesson 08 (transfer_learning).
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

Net = TypeVar("Net", bound=nn.Module)

_NAMED = 3  # differences that an error lists


def load_published(net: Net, path: str | os.PathLike[str]) -> Net:
    """Fill ``net`` with the weights in a file, all of them or none, and return it.

    The file is a state dict, name -> tensor, as torchvision publishes them (``.pth``). It is read without running any
    code that may be in it (``weights_only``). Names and shapes must be those of the net, without any left over.

    Args:
        net: such as ``course.resnet18()`` for torchvision's ``resnet18``; it keeps its device and its mode.
        path: the file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is empty, cut off, a web page or no state dict; or the weights of another net, with the
            first names and shapes that differ. The net is then as it was.
    """
    path = Path(path).expanduser()
    if not isinstance(net, nn.Module):
        raise ValueError(f"The weights go into an nn.Module, such as course.resnet18(); it was given {net!r}.")
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r} to read weights from.")
    state = _state(path)
    if differences := _differences(net.state_dict(), state):
        more = f"; and {len(differences) - _NAMED} more" if len(differences) > _NAMED else ""
        raise ValueError(
            f"The weights in {path.name!r} are not those of this {type(net).__name__}: "
            f"{'; '.join(differences[:_NAMED])}{more}. Take the net that the file was made from, with as many classes."
        )
    net.load_state_dict(state)
    return net


def _state(path: Path) -> dict[str, Tensor]:
    with path.open("rb") as file:
        beginning = file.read(64).lstrip()
    if not beginning:
        raise ValueError(f"The file {path.name!r} is empty. Download it again.")
    if beginning.startswith(b"<"):
        raise ValueError(
            f"The file {path.name!r} is a web page and holds no weights: the server sent a message instead of the "
            f"file. Open it in a browser to read it, then download the weights again."
        )
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"The file {path.name!r} is no state dict, or holds more than tensors, which could be code that runs "
            f"when it is read. Of a net of your own save net.state_dict(), not the net."
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise ValueError(f"The file {path.name!r} is broken or cut off ({error}). Download it again.") from error
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        inside = ", ".join(map(repr, list(state)[:_NAMED])) if isinstance(state, Mapping) else type(state).__name__
        raise ValueError(
            f"The file {path.name!r} holds {inside} and no state dict, name -> tensor. If the weights lie inside it, "
            f"save them alone: torch.save(torch.load(file)[name], new_file)."
        )
    return dict(state)  # a plain one: see _differences


def _differences(wanted: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> list[str]:
    """What stands against loading ``found``, in words, in the order of the net.

    Files from before 2018, torchvision's among them, do not count the batches that batch norm saw; a plain dict may
    lack these counts, as ``load_state_dict`` then takes them for such a file.
    """
    said = []
    for name, tensor in wanted.items():
        if name not in found:
            if not name.endswith("num_batches_tracked"):
                said.append(f"{name} {tuple(tensor.shape)} is missing in the file")
        elif found[name].shape != tensor.shape:
            said.append(f"{name} is {tuple(found[name].shape)} in the file and {tuple(tensor.shape)} in the net")
    return said + [f"{name} {tuple(found[name].shape)} is unknown to the net" for name in found if name not in wanted]
