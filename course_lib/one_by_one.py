"""A sweep as plain loops: each run has a net and an optimiser of its own, as in ``fit``."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_lib.optimizers import torch_optimizer
from course_lib.sweep import Sweep
from course_lib.units import RELU, dead_units, recorded

Loss = Callable[[Tensor, Tensor], Tensor]


class OneByOne:
    """Trains the M runs of a sweep one after the other, an epoch of each in turn.

    Each run keeps the state of the random numbers for itself, so that dropout draws what it would in ``fit``.
    """

    def __init__(self, sweep: Sweep, make: Callable[[int], nn.Module], loss: Loss) -> None:
        self.loss, self.runs = loss, []
        for hyper, place in sweep.each():
            net = make(place)
            optimizer = torch_optimizer(sweep.optimizer, net.parameters(), hyper)
            self.runs.append([net, optimizer, place, torch.get_rng_state()])

    def epoch(self, x: Tensor, y: Tensor, orders: Tensor, batch_size: int) -> Tensor:
        """Train one epoch; orders (S, N), the order of the examples for each seed. Returns losses (steps, M)."""
        return torch.stack([self._epoch(run, x, y, orders[run[2]].split(batch_size)) for run in self.runs], 1)

    def _epoch(self, run: list, x: Tensor, y: Tensor, batches: tuple[Tensor, ...]) -> Tensor:
        net, optimizer, _, random_state = run
        torch.set_rng_state(random_state)
        net.train()
        losses = []
        for batch in batches:
            loss = self.loss(net(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        run[3] = torch.get_rng_state()
        return torch.stack(losses)

    @torch.no_grad()
    def evaluate(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor | None]:
        """Loss and, for classes, accuracy of every run in eval mode, each (M,)."""
        losses, right = [], []
        for net, *_ in self.runs:
            z = net.eval()(x)
            losses.append(self.loss(z, y))
            right.append((z.argmax(1) == y).float().mean() if not y.is_floating_point() else None)
        return torch.stack(losses), None if y.is_floating_point() else torch.stack(right)

    @torch.no_grad()
    def dead(self, x: Tensor) -> dict[str, Tensor]:
        """Name of a ReLU layer -> which of its units are 0 for every x, bool (M, units)."""
        each = [recorded(net.eval(), lambda net=net: net(x), RELU, dead_units) for net, *_ in self.runs]
        return {name: torch.stack([layers[name] for layers in each]) for name in each[0]}

    def snapshot(self) -> list[dict[str, Tensor]]:
        return [{k: v.clone() for k, v in net.state_dict().items()} for net, *_ in self.runs]

    def restore(self, kept: list[dict[str, Tensor]]) -> None:
        for (net, *_), state in zip(self.runs, kept, strict=True):
            net.load_state_dict(state)

    def one(self, m: int) -> nn.Module:
        """Run m's net."""
        return self.runs[m][0]
