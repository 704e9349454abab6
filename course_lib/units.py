"""Which units of a layer are dead: 0 for every example, so that no gradient passes and nothing can bring them back."""

from collections.abc import Callable, Iterable

from torch import Tensor, nn

RELU = (nn.ReLU, nn.ReLU6)  # layers whose output is exactly 0 on one side, and whose gradient is 0 there


# Layers whose units are the last dimension of what they put out, whatever comes before: (B, H), (B, T, H), (T, B, H).
LAST = (nn.Linear, nn.Bilinear, nn.RNNBase, nn.RNNCellBase, nn.Embedding, nn.LayerNorm, nn.MultiheadAttention)
# Layers whose units are channels also where a place has one coordinate: nothing else tells (B, C, L) from (B, T, H).
CHANNELS = (nn.Conv1d, nn.ConvTranspose1d, nn.BatchNorm1d, nn.InstanceNorm1d, nn.GroupNorm)


def by_unit(out: Tensor, layer: nn.Module | None = None) -> Tensor:
    """``out`` (B, ...) as (values, units): all values that a unit takes, in a column.

    A unit is one number of the output for one example; in pictures (B, C, H, W) and volumes (B, C, D, H, W) it is a
    channel, at all places, and in sequences (B, T, H) one of H, at all times.

    Args:
        out: what a layer put out.
        layer: which, as far as it is known. It decides for three dimensions: channels for a 1-d convolution, the last
            dimension for a recurrent or linear layer. An activation does not say, so there each number is a unit.
    """
    if isinstance(layer, LAST) and out.ndim > 1:
        return out.flatten(0, -2)
    if out.ndim > 3 or (out.ndim == 3 and isinstance(layer, CHANNELS)):
        return out.movedim(1, -1).flatten(0, -2)
    return out.reshape(out.shape[0] if out.ndim else 1, -1)


def dead_units(out: Tensor, layer: nn.Module | None = None) -> Tensor:
    """Which units are 0 for every example of ``out`` (B, ...); bool (units,)."""
    return (by_unit(out, layer) == 0).all(0)


def recorded(
    net: nn.Module, call: Callable[[], object], kinds: tuple[type[nn.Module], ...], reduce: Callable[[Tensor], Tensor]
) -> dict[str, Tensor]:
    """``reduce`` of what every module of ``kinds`` in ``net`` puts out during ``call()``; layer name -> value.

    A module that is called twice has two entries: "act" and "act (call 2)".
    """
    seen: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[..., None]:
        def hook(_module: nn.Module, _inputs: object, out: Tensor) -> None:
            seen[_next_name(name, seen)] = reduce(out)

        return hook

    hooks = [m.register_forward_hook(keep(name)) for name, m in net.named_modules() if isinstance(m, kinds)]
    try:
        call()
    finally:
        for hook in hooks:
            hook.remove()
    return seen


def _next_name(name: str, seen: Iterable[str]) -> str:
    calls = sum(key == name or key.startswith(f"{name} (call ") for key in seen)
    return f"{name} (call {calls + 1})" if calls else name
