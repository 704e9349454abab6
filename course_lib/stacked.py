"""M nets of one shape as one net: every weight has one more axis, M, and one call computes all of them."""

import copy
from collections.abc import Callable, Collection, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from course_lib.units import recorded

# Modules that treat every number for itself, so that (M, B, H) goes through as it is.
ELEMENTWISE = (
    nn.ReLU,
    nn.LeakyReLU,
    nn.ELU,
    nn.GELU,
    nn.SiLU,
    nn.Tanh,
    nn.Sigmoid,
    nn.Softplus,
    nn.Identity,
    nn.Dropout,
)

Snapshot = tuple[Tensor, dict[str, Tensor]]


class Stacked:
    """The nets of M runs as one.

    Their trainable weights are views into one buffer, ``weights`` (M, P), so that an optimiser updates all in one go.

    Args:
        nets: S nets of the same shape, one a seed; left as they are.
        repeat: how many runs start from each of them. Run m starts from net m % S.
        still: names of parameters that are not trained, besides those that are frozen.
    """

    def __init__(self, nets: Sequence[nn.Module], repeat: int, *, still: Collection[str] = ()) -> None:
        self.net, self.m = copy.deepcopy(nets[0]), repeat * len(nets)
        trained = {n: p for n, p in self.net.named_parameters() if p.requires_grad and n not in still}
        self.names, self.place = list(trained), {id(p): i for i, p in enumerate(trained.values())}
        flat = torch.stack([_flat(net, self.names) for net in nets])
        self.weights = flat.repeat(repeat, 1)  # (M, P)
        self.views = self._views()
        others = [{**dict(net.named_parameters()), **dict(net.named_buffers())} for net in nets]
        self.others = {  # frozen weights, and buffers such as batch norm's running statistics
            name: torch.stack([other[name].detach() for other in others]).repeat(repeat, *[1] * value.ndim)
            for name, value in others[0].items()
            if name not in self.names
        }
        self.places = _places(self.net)
        self.layers = None if still else _plain_layers(self.net)
        self._each = vmap(self._call, in_dims=(0, 0, 0), randomness="different")
        self._same = vmap(self._call, in_dims=(0, 0, None), randomness="different")

    def _call(self, views: list[Tensor], others: dict[str, Tensor], x: Tensor) -> Tensor:
        state = dict(zip(self.names, views, strict=True)) | others
        state = {place: state[name] for place, name in self.places.items()}
        return functional_call(self.net, state, (x,), tie_weights=False)

    def __call__(self, x: Tensor, *, shared: bool) -> Tensor:
        """All nets' outputs (M, B, ...) for x: (B, ...) if ``shared``, else (M, B, ...), a batch for each."""
        if self.layers is not None and x.ndim == (2 if shared else 3):
            return self._through_layers(x.expand(self.m, *x.shape) if shared else x)
        return (self._same if shared else self._each)(self.views, self.others, x)

    def _through_layers(self, z: Tensor) -> Tensor:
        """The same as vmap for a plain sequence, in half the time: one ``baddbmm`` a layer.

        Examples come last, (M, H, B): then every gradient lies in memory as its weight does, and needs no copy.
        """
        z = z.transpose(1, 2)
        for layer in self.layers:
            if not isinstance(layer, nn.Linear):
                z = layer(z)
                continue
            weight = self._view_of(layer.weight)  # (M, H, D)
            if layer.bias is None:
                z = torch.bmm(weight, z)
            else:
                z = torch.baddbmm(self._view_of(layer.bias)[:, :, None], weight, z)
        return z.transpose(1, 2)

    def _view_of(self, parameter: nn.Parameter) -> Tensor:
        return self.views[self.place[id(parameter)]]

    def gradients(self, losses: Tensor) -> Tensor:
        """Gradient (M, P) of each run's loss with respect to its own weights; losses (M,)."""
        found = torch.autograd.grad(losses.sum(), self.views)  # a run's loss depends on its own weights only
        return torch.cat([g.reshape(self.m, -1) for g in found], 1)

    def unused(self, losses: Tensor) -> list[str]:
        """Names of the parameters that the losses do not depend on: torch.optim leaves those alone."""
        found = torch.autograd.grad(losses.sum(), self.views, allow_unused=True)
        return [name for name, g in zip(self.names, found, strict=True) if g is None]

    def one(self, m: int) -> nn.Module:
        """Run m's net, on its own."""
        net = copy.deepcopy(self.net)
        state = dict(zip(self.names, self.views, strict=True)) | self.others
        with torch.no_grad():
            for name, value in [*net.named_parameters(), *net.named_buffers()]:
                value.copy_(state[name][m])
        return net

    def snapshot(self) -> Snapshot:
        """All weights and buffers, as they are now."""
        return self.weights.clone(), {name: value.clone() for name, value in self.others.items()}

    def restore(self, kept: Snapshot) -> None:
        """Put a snapshot back."""
        self.weights.copy_(kept[0])
        for name, value in self.others.items():
            value.copy_(kept[1][name])

    def outputs(
        self, x: Tensor, kinds: tuple[type[nn.Module], ...], reduce: Callable[[Tensor], Tensor]
    ) -> dict[str, Tensor]:
        """``reduce`` of what every module of ``kinds`` puts out for x (B, ...), for each net; layer -> (M, ...)."""

        def call(views: list[Tensor], others: dict[str, Tensor]) -> dict[str, Tensor]:
            return recorded(self.net, lambda: self._call(views, others, x), kinds, reduce)

        found = any(isinstance(module, kinds) for module in self.net.modules())
        return vmap(call, randomness="different")(self.views, self.others) if found else {}

    def _views(self) -> list[Tensor]:
        """Each weight as a leaf (M, ...) that shares its memory with ``weights``."""
        shapes = [self.net.get_parameter(name).shape for name in self.names]
        parts = self.weights.split([shape.numel() for shape in shapes], 1)
        # unflatten keeps the memory (a row of ``weights`` is P long); a weight that is one number has shape ()
        views = [part.unflatten(1, shape) if shape else part[:, 0] for part, shape in zip(parts, shapes, strict=True)]
        return [view.detach().requires_grad_() for view in views]


def _flat(net: nn.Module, names: list[str]) -> Tensor:
    return torch.cat([net.get_parameter(name).detach().flatten() for name in names])


def _places(net: nn.Module) -> dict[str, str]:
    """Every place in the net that holds a weight or a buffer -> its first name; tied weights have several places.

    functional_call can tie weights itself, but does not put back those of a module that stands in the net twice.
    """
    first = {id(value): name for name, value in [*net.named_parameters(), *net.named_buffers()]}
    return {
        f"{prefix}.{name}" if prefix else name: first[id(value)]
        for prefix, module in net.named_modules()  # each module once
        for name, value in [*module._parameters.items(), *module._buffers.items()]
        if value is not None
    }


def _plain_layers(net: nn.Module) -> list[nn.Module] | None:
    """The layers of a net that is nothing but linear and elementwise layers in a row; None for any other."""
    if type(net).forward is nn.Sequential.forward:
        parts = [_plain_layers(part) for part in net]
        return None if None in parts else [layer for part in parts for layer in part]
    plain = type(net) is nn.Linear and all(p.requires_grad for p in net.parameters()) or type(net) in ELEMENTWISE
    return [net] if plain and not net._forward_hooks and not net._forward_pre_hooks else None
