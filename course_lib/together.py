"""A sweep as one batched computation: every step computes all M runs at once."""

from collections.abc import Collection, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import vmap

from course_lib.evaluate import Loss, eval_mode, modes_kept, squared_error
from course_lib.optimizers import RULES
from course_lib.stacked import Snapshot, Stacked
from course_lib.sweep import Sweep
from course_lib.units import RELU, dead_units

# The largest picture, in pixels, for which many convolutions at once beat the loop. Measured on a CPU: at 8x8 they are
# 2 to 4 times as fast, at 28x28 0.7 times (they become one convolution in M groups, for which there is no fast code).
MOST_PIXELS = 16 * 16
_ROWS = 2**18  # of the M runs' data together, at a time, when dead units are looked for


class Together:
    """Trains the M runs of a sweep as one computation: the same calls as ``OneByOne``, and the same results.

    Args:
        sweep: the runs.
        nets: one for each seed; left as they are.
        loss: (outputs, y) -> mean loss.
    """

    def __init__(self, sweep: Sweep, nets: Sequence[nn.Module], loss: Loss) -> None:
        self.nets, self.loss, self.alone = nets, loss, len(nets) == 1
        self.repeat = len(sweep) // len(nets)
        self.rule, self.hyper = RULES[sweep.optimizer], sweep.stacked()
        self._stack()

    def _stack(self, still: Collection[str] = ()) -> None:
        self.stacked = Stacked(self.nets, self.repeat, still=still)
        self.update = self.rule(self.stacked.weights, self.hyper)

    def try_out(self, x: Tensor, y: Tensor) -> None:
        """One forward and backward pass whose result is thrown away. Raises whatever vmap raises.

        Parameters that the loss does not depend on are set aside: torch.optim leaves them alone, weight decay or not.
        """
        stacked, state = self.stacked, self.stacked.snapshot()
        with modes_kept(stacked.net):
            stacked.net.train()
            unused = stacked.unused(each_loss(self.loss, stacked(x, shared=True), y.expand(stacked.m, *y.shape)))
        self.dead(x)
        stacked.restore(state)
        if unused:
            self._stack(still=unused)

    def epoch(self, x: Tensor, y: Tensor, orders: Tensor, batch_size: int) -> Tensor:
        """Train one epoch; orders (S, N), the order of the examples for each seed. Returns losses (steps, M)."""
        stacked, alone, losses = self.stacked, self.alone, []
        x, y = (x[orders[0]], y[orders[0]]) if alone else (x[orders], y[orders])  # (N, ...) or (S, N, ...)
        y = y.expand(stacked.m, *y.shape) if alone else self._for_all(y)  # (M, N, ...)
        with modes_kept(stacked.net):
            stacked.net.train()
            for xb, yb in zip(x.split(batch_size, 0 if alone else 1), y.split(batch_size, 1), strict=True):
                loss = each_loss(self.loss, stacked(xb if alone else self._for_all(xb), shared=alone), yb)
                losses.append(loss.detach())
                gradients = stacked.gradients(loss)
                with torch.no_grad():
                    self.update.step(stacked.weights, gradients)
        return torch.stack(losses)

    def _for_all(self, batch: Tensor) -> Tensor:
        """(S, B, ...) -> (M, B, ...): run m sees the batch of seed m % S."""
        return batch.expand(self.repeat, *batch.shape).flatten(0, 1)

    @torch.no_grad()
    def evaluate(self, x: Tensor, y: Tensor, *, classes: bool) -> tuple[Tensor, Tensor]:
        """Loss and accuracy of every run in evaluation mode, each (M,); accuracy is nan where there are no classes."""
        with eval_mode(self.stacked.net):
            z = self.stacked(x, shared=True)  # (M, N, ...)
        loss = each_loss(self.loss, z, y.expand(len(z), *y.shape))
        if not classes:
            return loss, torch.full_like(loss, torch.nan)
        right = z.max(2).indices == y  # argmax finds the same, 10 times as slowly
        return loss, right.flatten(1).sum(1).cpu().double() / right[0].numel()  # a Mac's GPU has no float64

    @torch.no_grad()
    def dead(self, x: Tensor) -> dict[str, Tensor]:
        """Name of a ReLU layer -> which of its units give 0 for every row of x, bool (M, units)."""
        found: dict[str, Tensor] = {}
        with eval_mode(self.stacked.net):
            for rows in x.split(max(1, _ROWS // self.stacked.m)):
                for name, dead in self.stacked.outputs(rows, RELU, dead_units).items():
                    found[name] = found[name] & dead if name in found else dead
        return found

    def finite(self) -> Tensor:
        """Whether all weights of a run are finite, bool (M,)."""
        return self.stacked.weights.isfinite().all(1)

    def snapshot(self) -> Snapshot:
        """All weights and buffers, as they are now."""
        return self.stacked.snapshot()

    def restore(self, kept: Snapshot) -> None:
        """Put a snapshot back."""
        self.stacked.restore(kept)

    def one(self, m: int) -> nn.Module:
        """Run m's net, on its own."""
        return self.stacked.one(m)


def each_loss(loss: Loss, z: Tensor, y: Tensor) -> Tensor:
    """Return ``loss(z[m], y[m])`` for every m, (M,); z (M, B, ...), y (M, B, ...).

    The two usual losses are written out: one call for all runs costs less than vmap over the loss.
    """
    if loss is F.cross_entropy and z.ndim == 3:  # classes before examples: else a softmax over 3 neighbours, 3 x slower
        return F.cross_entropy(z.transpose(1, 2), y, reduction="none").mean(1)
    if loss is squared_error and z.ndim == y.ndim + 1:
        z = z.squeeze(-1)
    if loss in (squared_error, F.mse_loss) and z.shape == y.shape:
        return (z - y).square().flatten(1).mean(1)
    return vmap(loss)(z, y)


def why_not(nets: Sequence[nn.Module], x: Tensor) -> str:
    """Return why these nets, on inputs like x (B, ...), are better trained one by one; "" when they are not."""
    net = nets[0]
    for name, module in net.named_modules():
        if isinstance(module, nn.RNNBase | nn.RNNCellBase):
            return f"vmap has no rule for nn.{type(module).__name__} (layer {name!r})"
    if any(repr(other) != repr(net) for other in nets):
        return "make_net makes other layers for other seeds"
    if len({p.dtype for p in net.parameters()}) > 1:
        return "the net's weights are not all of one dtype"
    return _large_convolution(net, x)


def _large_convolution(net: nn.Module, x: Tensor) -> str:
    found: list[str] = []

    def look(_layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        size = inputs[0].shape[2:]
        if size.numel() > MOST_PIXELS:
            found.append("x".join(map(str, size)))

    layers = [layer for layer in net.modules() if isinstance(layer, nn.modules.conv._ConvNd)]
    hooks = [layer.register_forward_pre_hook(look) for layer in layers]
    try:
        if hooks:
            with eval_mode(net), torch.no_grad():
                net(x)
    finally:
        for hook in hooks:
            hook.remove()
    return f"convolutions on inputs of {found[0]} are faster that way" if found else ""
