"""What stands on a backbone: a head that tells classes apart by features, and a body that is trained along with it.

Introduced in lesson 08 (transfer_learning).
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from course_lib.features import Features, layer_output
from course_lib.frozen import ROWS, as_input
from course_lib.optimizers import MakeOptimizer


class Head(nn.Module):
    """Softmax regression on standardised features: (B, F) to logits (B, K).

    Each feature is first brought to mean 0 and standard deviation 1 over the pictures that the head is made for, so
    that one learning rate suits all nets: the features of one are a thousand times those of another. This is no
    training, and adds nothing that a linear layer alone could not do. The weights start at 0: every class is as likely.

    Attributes:
        classes: the names of the classes, in the order of the logits.
        mean, std: (F,) buffers.
        linear: the one layer with parameters, F * K + K of them.
    """

    def __init__(self, features: Features) -> None:
        super().__init__()
        self.classes = features.classes
        std = features.x.std(0, correction=0)
        self.register_buffer("mean", features.x.mean(0))
        self.register_buffer("std", torch.where(std > 0, std, 1.0))  # a feature that never varies becomes 0
        self.linear = nn.Linear(features.x.shape[1], len(self.classes))
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, K) of features ``x`` (B, F)."""
        return self.linear((x - self.mean) / self.std)


class FineTuned(nn.Module):
    """A copy of a net up to the layer of the features, and a head on it: pictures to logits (B, K).

    In training mode, batch norm in the body goes on with the means and variances it has learned from the large data
    set, and leaves them alone: a batch of 16 similar pictures is a poor sample. Its weights and biases are trained.
    With ``norm_statistics`` it uses and follows those of the new batches. Dropout works as in any training.

    Args:
        module: the net; copied.
        layer: the name of the layer whose output are the features. What comes after it is computed, but not used.
        head: copied, too.
        mean, std: with which pictures that are given as bytes are normalised.
        norm_statistics: whether batch norm learns new means and variances.
    """

    def __init__(
        self,
        module: nn.Module,
        layer: str,
        head: Head,
        *,
        mean: Sequence[float],
        std: Sequence[float],
        norm_statistics: bool = False,
    ) -> None:
        super().__init__()
        self.body, self.head = copy.deepcopy(module), copy.deepcopy(head)
        self.layer, self.mean, self.std, self.norm_statistics = layer, mean, std, norm_statistics

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the logits."""
        return self.head.classes

    def train(self, mode: bool = True) -> FineTuned:
        """Put all layers into training mode, but batch norm in the body only with ``norm_statistics``."""
        super().train(mode)
        if not self.norm_statistics:
            for layer in self.body.modules():
                if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                    layer.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, K) of pictures ``x`` (B, C, H, W), as bytes or as the body reads them, or of rows (B, D)."""
        if not torch.is_grad_enabled() and len(x) > ROWS:
            return torch.cat([self(rows) for rows in x.split(ROWS)])
        return self.head(layer_output(self.body, self.layer, as_input(x, self.mean, self.std)))


def two_rates(net: FineTuned, make: MakeOptimizer, body_lr: float) -> MakeOptimizer:
    """Return what makes an optimiser with ``lr`` for the head and ``body_lr`` for the body."""

    def make_both(_: Iterable[nn.Parameter], lr: float) -> torch.optim.Optimizer:
        body, head = ([p for p in part.parameters() if p.requires_grad] for part in (net.body, net.head))
        return make([{"params": head, "lr": lr}, {"params": body, "lr": body_lr}], lr)

    make_both.__name__ = f"two_rates with body_lr={body_lr:g}"  # a checkpoint compares it
    return make_both
