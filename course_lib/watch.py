"""A look inside a net while it computes: what every layer puts out, and what comes back to it.

Introduced in lesson 05 (vanishing_gradients). Source: ours; Glorot and Bengio 2010 look at the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.units import by_unit, dead_units

# Layers that flatten out at both ends -> the ends. Saturated: within 1 % of that range from one of them.
ENDS = {nn.Sigmoid: (0.0, 1.0), nn.Tanh: (-1.0, 1.0)}
NEAR = 0.01


@contextmanager
def watch(model: nn.Module) -> Iterator[Seen]:
    """Record what every layer of ``model`` puts out, and the gradients that reach it, inside a ``with`` block.

    Every call is kept, so watch a step or two, not a training. Nothing is left in the model afterwards, also when the
    block ends in an error.

    >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    >>> with watch(net) as seen:
    ...     net(torch.ones(5, 4)).sum().backward()
    >>> seen["1"].out.shape, seen["1"].grad.shape
    (torch.Size([5, 8]), torch.Size([5, 8]))

    Raises:
        ValueError: when ``model`` is not an nn.Module.
    """
    if not isinstance(model, nn.Module):
        raise ValueError(f"watch looks into an nn.Module; it was given {model!r}.")
    with ExitStack() as hooks:
        seen = Seen(model, hooks)
        try:
            yield seen
        finally:
            seen.close()


class Weights:
    """The weights of one layer: what they were when the block began, and the gradient of the last backward pass."""

    def __init__(self, layer: nn.Module, hooks: ExitStack) -> None:
        self.now = list(layer.parameters(recurse=False))
        self.before = [p.detach().clone() for p in self.now]
        self.after: list[Tensor] = []
        self.grads: dict[int, Tensor] = {}
        for k, p in enumerate(self.now):
            if p.requires_grad:
                hooks.callback(p.register_hook(partial(self._keep, k)).remove)

    def _keep(self, k: int, grad: Tensor) -> None:
        self.grads[k] = grad.detach().clone()

    def close(self) -> None:
        """The block is over: note what the weights are now."""
        self.after = [p.detach().clone() for p in self.now]


class Call:
    """One call of one layer.

    Attributes:
        name, layer: which.
        out: what it put out, (B, ...); a copy.
        grad: gradient of the loss with respect to ``out``, of the same shape; None when none came back: no backward
            pass inside the block, ``no_grad``, or nothing to train from here on down.
    """

    def __init__(self, name: str, layer: nn.Module, out: Tensor, weights: Weights) -> None:
        self.name, self.layer, self.out, self._weights = name, layer, out, weights
        self.grad: Tensor | None = None

    def keep(self, grad: Tensor) -> None:
        """Take the gradient that came back; of several backward passes the last counts."""
        self.grad = grad.detach().clone()

    @property
    def mean(self) -> float:
        """Mean over everything: all examples, all units."""
        return float(self.out.cpu().double().mean())

    @property
    def std(self) -> float:
        """Standard deviation over everything. It can be large although every unit says the same to all examples."""
        return _std(self.out.cpu().double().flatten(), 0).item()

    @property
    def unit_mean(self) -> Tensor:
        """Mean of each unit over the examples, (units,). In pictures a unit is a channel, see ``course_lib.units``."""
        return _floating(by_unit(self.out, self.layer)).mean(0)

    @property
    def unit_std(self) -> Tensor:
        """Standard deviation of each unit over the examples, (units,): 0 for a unit that tells none from another."""
        return _std(_floating(by_unit(self.out, self.layer)), 0)

    @property
    def grad_norm(self) -> float | None:
        """Norm of ``grad``; None where none came back. In float64: squares of 1e-30 would be 0 in float32."""
        return None if self.grad is None else _norm([self.grad])

    @property
    def zeros(self) -> float:
        """Share of the outputs that are exactly 0, from 0 to 1."""
        return float((self.out == 0).cpu().double().mean())

    @property
    def saturated(self) -> float | None:
        """Share of the outputs within 1 % of an end of the range of a sigmoid or a tanh; None for other layers."""
        ends = ENDS.get(type(self.layer))
        if ends is None:
            return None
        near = NEAR * (ends[1] - ends[0])
        return float(((self.out < ends[0] + near) | (self.out > ends[1] - near)).cpu().double().mean())

    @property
    def dead_units(self) -> Tensor:
        """Which units are 0 for every example, bool (units,)."""
        return dead_units(self.out, self.layer)

    @property
    def dead(self) -> float:
        """Share of the units that are 0 for every example, from 0 to 1."""
        return float(self.dead_units.cpu().double().mean())

    @property
    def weight_norm(self) -> float | None:
        """Norm of all weights and biases of the layer when the block began; None for a layer without any."""
        return _norm(self._weights.before) if self._weights.before else None

    @property
    def weight_grad_norm(self) -> float | None:
        """Norm of the gradient of the layer's weights and biases in the last backward pass; None when there was none.

        A layer that is called twice has one gradient, the sum over both calls.
        """
        return _norm(self._weights.grads.values()) if self._weights.grads else None

    @property
    def update_ratio(self) -> float | None:
        """How far the layer's weights have moved inside the block, over their norm when it began.

        Put one optimiser step into the block, and it is the ratio of that step, for any optimiser. None for a layer
        without weights.
        """
        moved = [after - before for after, before in zip(self._weights.after, self._weights.before, strict=False)]
        return _ratio(_norm(moved), self.weight_norm) if moved else None

    def sgd_ratio(self, lr: float) -> float | None:
        """The same for one step of plain gradient descent that has not been taken: lr * |gradient| / |weights|."""
        size = self.weight_grad_norm
        return None if size is None else _ratio(lr * size, self.weight_norm)

    def __repr__(self) -> str:
        words = [f"{self.name}: {type(self.layer).__name__} {tuple(self.out.shape)}"]
        words += [f"mean {self.mean:.3g}, std {self.std:.3g}, zeros {100 * self.zeros:.0f} %"]
        words += [f"dead units {100 * self.dead:.0f} %"]
        words += [] if self.saturated is None else [f"saturated {100 * self.saturated:.0f} %"]
        words += ["no gradient" if self.grad is None else f"gradient norm {self.grad_norm:.3g}"]
        return ", ".join(words)


class Seen(Mapping):
    """What ``watch`` saw, by the name of the layer: a ``Call``, or a list of them when it was called more than once.

    The names are those of ``model.named_modules()``, of the layers that have no layers inside, in the order of their
    first call; a model that is itself one layer goes by its class, such as "Linear".
    """

    def __init__(self, model: nn.Module, hooks: ExitStack) -> None:
        self._hooks, self._calls, self._weights = hooks, {}, {}
        self._order: list[Call] = []
        self._first_names: dict[int, str] = {}
        self._names: dict[str, str] = {}  # every name -> the first name of the same layer
        for name, layer in model.named_modules(remove_duplicate=False):
            if any(True for _ in layer.children()):
                continue
            name = name or type(layer).__name__
            self._names[name] = first = self._first_names.setdefault(id(layer), name)
            if first == name:
                self._weights[name] = Weights(layer, hooks)
                hooks.callback(layer.register_forward_hook(partial(self._look, name)).remove)

    def _look(self, name: str, layer: nn.Module, _inputs: Any, output: Any) -> None:
        out = first_tensor(output)
        if out is None:
            return
        # a copy: the next layer may work in place
        call = Call(name, layer, out.detach().clone(), self._weights[name])
        self._calls.setdefault(name, []).append(call)
        self._order.append(call)
        if out.requires_grad:
            self._hooks.callback(out.register_hook(call.keep).remove)

    def calls(self, only: type[nn.Module] | tuple[type[nn.Module], ...] = nn.Module) -> list[Call]:
        """All calls in the order they were made; of layers of one class (or some), such as ``nn.Tanh``."""
        return [call for call in self._order if isinstance(call.layer, only)]

    def columns(
        self, *names: str, only: type[nn.Module] | tuple[type[nn.Module], ...] = nn.Module
    ) -> dict[str, Tensor]:
        """One number for each call, in the order of the calls: what a figure draws against the depth.

        Args:
            names: attributes of a ``Call``, such as "std", "unit_std", "grad_norm", "saturated". Where each unit has
                a value of its own, the mean over the units is taken.
            only: layers of this class (or these).

        Returns:
            Name -> (calls,) float64; nan where a call has no such number.

        >>> net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh())
        >>> with watch(net) as seen:
        ...     net(torch.ones(5, 4)).sum().backward()
        >>> seen.columns("std", "grad_norm", only=nn.Tanh)["std"].shape
        torch.Size([2])
        """
        calls = self.calls(only)
        table = {name: [_one(getattr(call, name)) for call in calls] for name in names}
        return {name: torch.tensor(numbers, dtype=torch.float64) for name, numbers in table.items()}

    def close(self) -> None:
        """The block is over."""
        for weights in self._weights.values():
            weights.close()

    def __getitem__(self, name: str) -> Call | list[Call]:
        if name not in self._names:
            raise KeyError(f"There is no layer {name!r}; there are {', '.join(map(repr, self._names))}.")
        calls = self._calls.get(self._names[name])
        if calls is None:
            raise KeyError(f"Layer {name!r} was not called while it was watched.")
        return calls[0] if len(calls) == 1 else list(calls)

    def __iter__(self) -> Iterator[str]:
        return iter(self._calls)

    def __len__(self) -> int:
        return len(self._calls)

    def __repr__(self) -> str:
        lines = [repr(call) for calls in self._calls.values() for call in calls]
        return "\n".join(lines) or "Nothing has been called yet."


def first_tensor(output: Any) -> Tensor | None:
    """The output, or the first one of several: nn.LSTM gives (out, (h, c))."""
    if isinstance(output, Tensor):
        return output
    if isinstance(output, Mapping):
        output = list(output.values())
    found = (first_tensor(part) for part in output) if isinstance(output, list | tuple) else ()
    return next((part for part in found if part is not None), None)


def _std(values: Tensor, dim: int) -> Tensor:
    """torch's std, and nan, without its warning, for a single value."""
    return values.std(dim) if values.shape[dim] > 1 else torch.full_like(values.mean(dim), math.nan)


def _one(value: Any) -> float:
    """A number of a call as a float: the mean over its units, nan for None."""
    if isinstance(value, Tensor):
        return float(value.cpu().double().mean())
    return math.nan if value is None else float(value)


def _floating(values: Tensor) -> Tensor:
    return values if values.is_floating_point() else values.cpu().double()


def _norm(tensors: Any) -> float:
    return math.sqrt(sum(float(tensor.cpu().double().square().sum()) for tensor in tensors))


def _ratio(size: float, of: float) -> float:
    return size / of if of else (0.0 if size == 0 else math.inf)
