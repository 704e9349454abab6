"""A sweep as one batched computation: every step computes all M runs at once."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import vmap

from course_lib.optimizers import RULES
from course_lib.stacked import Stacked
from course_lib.sweep import Sweep
from course_lib.units import RELU, dead_units

Loss = Callable[[Tensor, Tensor], Tensor]

# The widest picture, in pixels, for which many convolutions at once still beat the loop: measured, 8x8 is 2-4 times
# faster together, 28x28 is 0.7 times as fast (one convolution with M groups, which the CPU has no fast code for).
MOST_PIXELS = 16 * 16


class Together:
    """Trains the M runs of a sweep as one computation. The same calls as ``OneByOne``, the same results."""

    def __init__(self, sweep: Sweep, make: Callable[[int], nn.Module], loss: Loss) -> None:
        self.seeds, self.loss = len(sweep.seeds), loss
        self.nets = [make(place) for place in range(self.seeds)]
        self.repeat = len(sweep) // self.seeds
        self.rule, self.hyper = RULES[sweep.optimizer], sweep.stacked()
        self._stack()

    def _stack(self, still: list[str] | tuple[str, ...] = ()) -> None:
        self.nets_as_one = Stacked(self.nets, self.repeat, still=still)
        self.update = self.rule(self.nets_as_one.weights, self.hyper)

    def try_out(self, x: Tensor, y: Tensor) -> None:
        """One forward and backward pass on x (B, ...), whose result is thrown away. Raises what vmap raises."""
        state = self.nets_as_one.snapshot()
        self.nets_as_one.train()
        z = self.nets_as_one(x, shared=True)
        unused = self.nets_as_one.unused(each_loss(self.loss, z, y.expand(len(z), *y.shape)))
        self.nets_as_one.restore(state)
        if unused:
            self._stack(still=unused)

    def epoch(self, x: Tensor, y: Tensor, orders: Tensor, batch_size: int) -> Tensor:
        """Train one epoch; orders (S, N), the order of the examples for each seed. Returns losses (steps, M)."""
        net, alone = self.nets_as_one, self.seeds == 1
        net.train()
        x, y = (x[orders[0]], y[orders[0]]) if alone else (x[orders], y[orders])  # (N, ...) or (S, N, ...)
        y = y.expand(net.m, *y.shape) if alone else self._for_all(y)  # (M, N, ...)
        losses = []
        for xb, yb in zip(x.split(batch_size, 0 if alone else 1), y.split(batch_size, 1), strict=True):
            loss = each_loss(self.loss, net(xb if alone else self._for_all(xb), shared=alone), yb)
            gradients = net.gradients(loss)
            with torch.no_grad():
                self.update.step(net.weights, gradients)
            losses.append(loss.detach())
        return torch.stack(losses)

    def _for_all(self, batch: Tensor) -> Tensor:
        """(S, B, ...) -> (M, B, ...): run m sees the batch of seed m % S."""
        return batch.expand(self.repeat, *batch.shape).flatten(0, 1)

    @torch.no_grad()
    def evaluate(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor | None]:
        """Loss and, for classes, accuracy of every run in eval mode, each (M,)."""
        self.nets_as_one.train(False)
        z = self.nets_as_one(x, shared=True)
        loss = each_loss(self.loss, z, y.expand(len(z), *y.shape))
        return loss, None if y.is_floating_point() else (z.max(2).indices == y).float().mean(1)

    @torch.no_grad()
    def dead(self, x: Tensor) -> dict[str, Tensor]:
        """Name of a ReLU layer -> which of its units are 0 for every x, bool (M, units)."""
        self.nets_as_one.train(False)
        return self.nets_as_one.outputs(x, RELU, dead_units)

    def snapshot(self) -> object:
        return self.nets_as_one.snapshot()

    def restore(self, kept: object) -> None:
        self.nets_as_one.restore(kept)

    def one(self, m: int) -> nn.Module:
        """Run m's net."""
        return self.nets_as_one.one(m)


def each_loss(loss: Loss, z: Tensor, y: Tensor) -> Tensor:
    """``loss(z[m], y[m])`` for every m; z (M, B, ...), y (M, B, ...); returns (M,)."""
    if loss is F.cross_entropy and z.ndim == 3:  # classes before examples: 3 times as fast as a softmax over 3 neighbours
        return F.cross_entropy(z.transpose(1, 2), y, reduction="none").mean(1)
    if loss is F.mse_loss and z.shape == y.shape:
        return (z - y).square().flatten(1).mean(1)
    return vmap(loss)(z, y)


def why_not(net: nn.Module, x: Tensor) -> str:
    """Why ``net`` on inputs like x (N, ...) is better trained alone, as the end of a sentence; "" if it is not."""
    for name, module in net.named_modules():
        if isinstance(module, nn.RNNBase | nn.RNNCellBase):
            return f"layer {name!r} is an nn.{type(module).__name__}, for which vmap has no rule"
        if isinstance(module, nn.modules.conv._ConvNd) and x.ndim > 2 and x[0, 0].numel() > MOST_PIXELS:
            return f"convolutions on inputs of {'x'.join(map(str, x.shape[2:]))} are faster that way"
    return ""
