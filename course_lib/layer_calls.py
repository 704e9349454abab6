"""Calls a model once, and notes every call of a layer in it. The model is afterwards as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.multiply_adds import WHOLE, computes_as, multiply_adds, own_parameters
from course_lib.watch import first_tensor


@dataclass(frozen=True)
class LayerCall:
    """One call of one layer: its name, the shape of what it put out, its multiply-adds (None: not counted)."""

    name: str
    shape: tuple[int, ...] | None
    multiply_adds: int | None


@dataclass
class _Look:
    """What the hooks write down: the calls that ended, and those that have begun."""

    calls: list[LayerCall] = field(default_factory=list)
    begun: list[tuple[str, nn.Module, Tensor | None]] = field(default_factory=list)

    def begin(self, name: str, module: nn.Module, args: Any, kwargs: Any) -> None:
        self.begun.append((name, module, first_tensor([args, kwargs])))

    def end(self, name: str, is_layer: bool, module: nn.Module, _args: Any, output: Any) -> None:
        while self.begun[-1][1] is not module:  # calls whose error the model caught itself
            self.begun.pop()
        _, _, x = self.begun.pop()
        if is_layer:
            out = first_tensor(output)
            shape = None if out is None else tuple(out.shape)
            self.calls.append(LayerCall(name, shape, multiply_adds(module, x, out)))


def layers(model: nn.Module) -> dict[str, nn.Module]:
    """Name -> module, of those that compute: they have nothing inside, or parameters of their own."""
    found, parts = {}, set()
    for name, module in model.named_modules():
        if computes_as(module, WHOLE):
            parts.update(id(part) for part in module.modules() if part is not module)
        if id(module) not in parts and (own_parameters(module) or not any(True for _ in module.children())):
            found[name or type(module).__name__] = module
    return found


def layer_calls(model: nn.Module, x: Tensor) -> list[LayerCall]:
    """Every call of one of the ``layers`` of ``model`` while it makes something of ``x``, in the order they ended.

    Raises:
        ValueError: the forward pass failed; with the innermost module that had begun, and the shape it was given.
    """
    look, named = _Look(), layers(model)
    with _as_it_was(model), ExitStack() as hooks, torch.no_grad():
        for name, module in model.named_modules():
            name = name or type(module).__name__
            end = partial(look.end, name, name in named)
            hooks.callback(module.register_forward_pre_hook(partial(look.begin, name), with_kwargs=True).remove)
            hooks.callback(module.register_forward_hook(end).remove)
        try:
            model(x)
        except Exception as error:
            raise ValueError(_words(error, model, x, look)) from error
    return look.calls


def _words(error: Exception, model: nn.Module, x: Tensor, look: _Look) -> str:
    name, module, got = look.begun[-1] if look.begun else (type(model).__name__, model, x)
    where = f"{name!r} ({type(module).__name__})" if module is not model else f"the model itself ({name})"
    given = "no tensor" if got is None else f"shape {tuple(got.shape)}"
    return (
        f"The forward pass fails in {where}, which gets {given}: {error}\n"
        f"The model gets {tuple(x.shape)}: a batch of {len(x)}, then the shape of one example."
    )


@contextmanager
def _as_it_was(model: nn.Module) -> Iterator[None]:
    """Eval mode inside; afterwards training flags, buffers and random numbers as before."""
    training = {module: module.training for module in model.modules()}
    buffers = [
        (module, name, buffer, buffer.clone())
        for module in model.modules()
        for name, buffer in module._buffers.items()
        if buffer is not None
    ]
    gpus = {tensor.device for tensor in model.parameters() if tensor.device.type == "cuda"}
    with torch.random.fork_rng(devices=gpus):
        try:
            for module in training:
                module.training = False  # not eval(): a model of one's own may do more there
            yield
        finally:
            for module, mode in training.items():
                module.training = mode
            for module, name, buffer, before in buffers:
                module._buffers[name] = buffer
                if not buffer.is_meta and not torch.equal(buffer, before):
                    buffer.copy_(before)
