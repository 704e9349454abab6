"""The optimisers by name, and the update rules of ``torch.optim`` for many runs at once.

``torch.optim`` takes one learning rate for a tensor of weights. A sweep keeps the weights of M runs in one tensor
(M, P) and needs M learning rates, so the rules are written here once more, as (M, P) tensors see them. Same formulas,
same order of operations: ``tests/test_optimizers.py`` holds every rule against its original.
"""

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn

from course_lib.number_checks import real_number

# What a run can be given, by optimiser, with torch.optim's own defaults. ``None``: the caller has to say.
DEFAULTS: dict[str, dict[str, float | None]] = {
    "sgd": {"lr": None, "momentum": 0.0, "weight_decay": 0.0},
    "momentum": {"lr": None, "momentum": 0.9, "weight_decay": 0.0},
    "rmsprop": {"lr": None, "alpha": 0.99, "eps": 1e-8, "momentum": 0.0, "weight_decay": 0.0},
    "adam": {"lr": None, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0},
}

MakeOptimizer = Callable[[Iterable[nn.Parameter], float], torch.optim.Optimizer]  # of parameters and a learning rate
Hyper = Mapping[str, float | Tensor]  # one number for all runs, or one per run: float64 (M,)


class Rule:
    """An update rule for M runs. ``step(p, g)`` changes the weights p (M, P) in place, given the gradients g (M, P).

    Args:
        p: the weights the rule will be used on; only shape, dtype and device are read.
        hyper: name -> a float for all runs or a float64 tensor (M,), one value a run.
    """

    def __init__(self, p: Tensor, hyper: Hyper) -> None:
        self.like, self.t = p, 0
        self.hyper = hyper
        self.lr = self._column(hyper["lr"])
        self.weight_decay = self._column(hyper["weight_decay"]) if _any(hyper["weight_decay"]) else None

    def step(self, p: Tensor, g: Tensor) -> None:
        """Change the weights p (M, P) in place by one step, given the gradients g (M, P)."""
        self.t += 1
        if self.weight_decay is not None:
            g = g + self.weight_decay * p
        self.update(p, g)

    def update(self, p: Tensor, g: Tensor) -> None:
        """The rule itself: as `step`, with the weight decay in g already."""
        raise NotImplementedError

    def _column(self, value: float | Tensor) -> float | Tensor:
        """A column (M, 1) of a value per run. Rounded to the weights' dtype last: in float32 1 - 0.999 is 5e-5 off."""
        return value.to(self.like)[:, None] if isinstance(value, Tensor) else value


class Sgd(Rule):
    """Stochastic gradient descent, with momentum where a run asks for it: v = μ v + g, p -= lr v."""

    def __init__(self, p: Tensor, hyper: Hyper) -> None:
        super().__init__(p, hyper)
        self.momentum = self._column(hyper["momentum"])
        self.v = torch.zeros_like(p) if _any(hyper["momentum"]) else None

    def update(self, p: Tensor, g: Tensor) -> None:
        if self.v is not None:
            g = self.v.mul_(self.momentum).add_(g)  # torch starts v at g, which is μ·0 + g
        _subtract(p, self.lr, g)


class RMSprop(Rule):
    """Divide by the root of a running mean of squared gradients: s = α s + (1 - α) g², p -= lr g / (√s + ε)."""

    def __init__(self, p: Tensor, hyper: Hyper) -> None:
        super().__init__(p, hyper)
        self.alpha, self.rest = self._column(hyper["alpha"]), self._column(1 - hyper["alpha"])
        self.eps, self.momentum = self._column(hyper["eps"]), self._column(hyper["momentum"])
        self.s = torch.zeros_like(p)
        self.v = torch.zeros_like(p) if _any(hyper["momentum"]) else None

    def update(self, p: Tensor, g: Tensor) -> None:
        self.s.mul_(self.alpha).add_(g * g * self.rest)
        direction = g / self.s.sqrt().add_(self.eps)
        if self.v is not None:
            direction = self.v.mul_(self.momentum).add_(direction)
        _subtract(p, self.lr, direction)


class Adam(Rule):
    """Adam with bias correction; weight decay is added to the gradient, as ``torch.optim.Adam`` does (not AdamW).

    Source: Kingma and Ba 2015, algorithm 1; the order of operations is torch.optim's.
    """

    def __init__(self, p: Tensor, hyper: Hyper) -> None:
        super().__init__(p, hyper)
        self.beta1, self.beta2, self.eps = (self._column(hyper[k]) for k in ("beta1", "beta2", "eps"))
        self.rest1, self.rest2 = self._column(1 - hyper["beta1"]), self._column(1 - hyper["beta2"])
        self.m, self.v = torch.zeros_like(p), torch.zeros_like(p)

    def update(self, p: Tensor, g: Tensor) -> None:
        self.m.lerp_(g, self.rest1)
        self.v.mul_(self.beta2).add_(g * g * self.rest2)
        size = self._column(self.hyper["lr"] / (1 - self.hyper["beta1"] ** self.t))  # float64 until here
        correction = self._column((1 - self.hyper["beta2"] ** self.t) ** 0.5)
        _subtract(p, size, self.m / (self.v.sqrt() / correction).add_(self.eps))


RULES: dict[str, type[Rule]] = {"sgd": Sgd, "momentum": Sgd, "rmsprop": RMSprop, "adam": Adam}


def torch_optimizer(name: str, parameters: Iterable[nn.Parameter], hyper: Mapping[str, float]) -> torch.optim.Optimizer:
    """The ``torch.optim`` object that ``name`` and ``hyper`` mean: what one run alone is trained with."""
    options = dict(hyper)
    if name == "adam":
        options["betas"] = (options.pop("beta1"), options.pop("beta2"))
        return torch.optim.Adam(parameters, **options)
    original: Callable[..., torch.optim.Optimizer] = torch.optim.RMSprop if name == "rmsprop" else torch.optim.SGD
    return original(parameters, **options)


def make_optimizer(
    name: str | MakeOptimizer, *, momentum: float | None = None, weight_decay: float = 0.0
) -> MakeOptimizer:
    """Return a function that makes the optimiser from parameters and a learning rate.

    Raises:
        ValueError: for an unknown name, or a momentum where there is none.
    """
    momentum = None if momentum is None else real_number("momentum", momentum)
    weight_decay = real_number("weight_decay", weight_decay)
    if callable(name):
        if momentum or weight_decay:
            raise ValueError(
                "momentum and weight_decay are for the optimisers by name; set them inside your own function."
            )
        return name
    if not isinstance(name, str) or name not in DEFAULTS:
        raise ValueError(f"optimizer is {name!r}; there are {', '.join(map(repr, DEFAULTS))}, or give a function.")
    hyper = DEFAULTS[name] | {"weight_decay": weight_decay}
    if momentum is not None:
        if "momentum" not in hyper:
            raise ValueError(f"momentum is {momentum}, but {name!r} has moments of its own: leave momentum out.")
        hyper["momentum"] = momentum
    return lambda parameters, lr: torch_optimizer(name, parameters, hyper | {"lr": lr})


def _subtract(p: Tensor, lr: float | Tensor, direction: Tensor) -> None:
    if isinstance(lr, Tensor):
        p.addcmul_(lr, direction, value=-1)
    else:
        p.add_(direction, alpha=-lr)


def _any(value: float | Tensor) -> bool:
    return bool((value != 0).any()) if isinstance(value, Tensor) else value != 0
