"""What a layer in the middle of a net makes of its input: a row of numbers for each picture.

Introduced in lesson 08 (transfer_learning).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from course_lib.datasets import Split

_NAMED = 12  # layers that an error lists


@dataclass(frozen=True, repr=False)
class Features:
    """What a frozen net sees in pictures; unpacks as ``x, y = features``.

    Attributes:
        x: (N, F) float32, on the CPU.
        y: (N,) int64, the labels.
        classes: the names of the classes, in the order of the labels.
        files: the paths of the pictures, a row each; empty where there were no files.
    """

    x: Tensor
    y: Tensor
    classes: tuple[str, ...]
    files: tuple[Path, ...] = ()

    def __iter__(self) -> Iterator[Tensor]:
        return iter((self.x, self.y))

    def __len__(self) -> int:
        return len(self.x)

    @property
    def split(self) -> Split:
        """x and y as ``fit`` takes them."""
        return Split(self.x, self.y)

    def __repr__(self) -> str:
        counts = self.y.bincount(minlength=len(self.classes)).tolist()
        named = ", ".join(f"{name}: {count}" for name, count in zip(self.classes, counts, strict=True))
        return f"Features({len(self)} rows of {self.x.shape[1]} numbers; {named})"


def named_layer(module: nn.Module, name: str) -> nn.Module:
    """Return the layer of that name, such as "avgpool", "layer4.1" or "2".

    Raises:
        ValueError: there is none; with the names that come near it, or those that there are.
    """
    layers = dict(module.named_modules())
    layers.pop("")  # the module itself
    if name in layers:
        return layers[name]
    if near := difflib.get_close_matches(str(name), layers, n=5, cutoff=0.5):
        raise ValueError(f"{type(module).__name__} has no layer {name!r}. Names near it: {', '.join(map(repr, near))}.")
    top = [repr(child) for child, _ in module.named_children()]
    more = f" and {len(top) - _NAMED} more" if len(top) > _NAMED else ""
    there = f"Its layers are {', '.join(top[:_NAMED])}{more}." if top else "It has no layers inside."
    raise ValueError(f"{type(module).__name__} has no layer {name!r}. {there}")


def layer_output(module: nn.Module, name: str, x: Tensor) -> Tensor:
    """Return what the layer ``name`` puts out while ``module`` computes ``x`` (B, ...): (B, F), flattened.

    The whole net is computed. Of a layer that is called several times it is the last output.

    Raises:
        ValueError: the layer is not called, or does not put out one tensor with a row an example.
    """
    seen: list[object] = []

    def keep(_module: nn.Module, _inputs: object, output: object) -> None:
        # A copy: the layer after this one may be a ReLU that works in place.
        seen[:] = [output.clone() if isinstance(output, Tensor) else output]

    hook = named_layer(module, name).register_forward_hook(keep)
    try:
        module(x)
    finally:
        hook.remove()
    if not seen:
        raise ValueError(f"The layer {name!r} is never called when {type(module).__name__} computes: choose another.")
    output = seen[0]
    if not isinstance(output, Tensor) or output.dim() < 1 or len(output) != len(x):
        got = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise ValueError(f"Features are one row for each of the {len(x)} inputs; the layer {name!r} puts out {got}.")
    return output.reshape(len(x), -1)
