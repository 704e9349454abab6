"""A sweep as plain loops: each run has a net and an optimiser of its own, as in ``fit``.

It takes every net, and it is what the batched computation is held against.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from course_lib.checkpoint import random_state, set_random_state
from course_lib.evaluate import Loss, eval_mode, modes_kept, outputs
from course_lib.optimizers import torch_optimizer
from course_lib.sweep import Sweep
from course_lib.units import RELU, dead_units, recorded

Snapshot = list[list[Tensor]]


@dataclass
class _Single:
    net: nn.Module
    optimizer: torch.optim.Optimizer
    seed: int  # place among the seeds
    random: dict[str, Tensor]  # state of the random generators where this run stopped


class OneByOne:
    """Trains the M runs of a sweep one after the other, an epoch of each in turn.

    Each run has the random numbers to itself, so that dropout draws what it would in ``fit``.

    Args:
        sweep: the runs.
        make: makes the net for a place among the seeds, under that seed.
        loss: (outputs, y) -> mean loss.
        device: where the data lies.
    """

    def __init__(self, sweep: Sweep, make: Callable[[int], nn.Module], loss: Loss, device: torch.device) -> None:
        self.loss, self.device, self.runs = loss, device, []
        for hyper, seed in sweep.each():
            net = make(seed)
            optimizer = torch_optimizer(sweep.optimizer, net.parameters(), hyper)
            self.runs.append(_Single(net, optimizer, seed, random_state(device)))

    def epoch(self, x: Tensor, y: Tensor, orders: Tensor, batch_size: int) -> Tensor:
        """Train one epoch; orders (S, N), the order of the examples for each seed. Returns losses (steps, M)."""
        return torch.stack([self._epoch(run, x, y, orders[run.seed].split(batch_size)) for run in self.runs], 1)

    def _epoch(self, run: _Single, x: Tensor, y: Tensor, batches: tuple[Tensor, ...]) -> Tensor:
        net, optimizer, losses = run.net, run.optimizer, []
        set_random_state(run.random, self.device)
        with modes_kept(net):
            net.train()
            for batch in batches:
                loss = self.loss(net(x[batch]), y[batch])
                losses.append(loss.detach())
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        run.random = random_state(self.device)
        return torch.stack(losses)

    @torch.no_grad()
    def evaluate(self, x: Tensor, y: Tensor, *, classes: bool) -> tuple[Tensor, Tensor]:
        """Loss and accuracy of every run in evaluation mode, each (M,); accuracy is nan where there are no classes."""
        each = [self._evaluate(run.net, x, y, classes) for run in self.runs]
        return torch.stack([loss for loss, _ in each]), torch.stack([accuracy for _, accuracy in each])

    def _evaluate(self, net: nn.Module, x: Tensor, y: Tensor, classes: bool) -> tuple[Tensor, Tensor]:
        z = outputs(net, x)
        if not classes:
            return self.loss(z, y), torch.tensor(torch.nan)
        right = z.argmax(1) == y
        return self.loss(z, y), right.sum().cpu().double() / right.numel()

    @torch.no_grad()
    def dead(self, x: Tensor) -> dict[str, Tensor]:
        """Name of a ReLU layer -> which of its units give 0 for every row of x, bool (M, units)."""
        each = []
        for run in self.runs:
            with eval_mode(run.net):
                each.append(recorded(run.net, lambda net=run.net: net(x), RELU, dead_units))
        return {name: torch.stack([layers[name] for layers in each]) for name in each[0]}

    @torch.no_grad()
    def finite(self) -> Tensor:
        """Whether all weights of a run are finite, bool (M,)."""
        return torch.stack([_all(p.isfinite().all() for p in run.net.parameters()) for run in self.runs])

    def snapshot(self) -> Snapshot:
        """All weights and buffers, as they are now."""
        return [[tensor.detach().clone() for tensor in _tensors(run.net)] for run in self.runs]

    @torch.no_grad()
    def restore(self, kept: Snapshot) -> None:
        """Put a snapshot back."""
        for run, tensors in zip(self.runs, kept, strict=True):
            for tensor, before in zip(_tensors(run.net), tensors, strict=True):
                tensor.copy_(before)

    def one(self, m: int) -> nn.Module:
        """A copy of run m's net."""
        return copy.deepcopy(self.runs[m].net)


def _tensors(net: nn.Module) -> list[Tensor]:
    return [*net.parameters(), *net.buffers()]


def _all(flags) -> Tensor:
    return torch.stack(list(flags)).all()
