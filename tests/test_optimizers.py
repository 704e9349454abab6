"""Every rule against the torch.optim it repeats, on random weights, gradients and hyperparameters."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from course_lib.nets import MLP
from course_lib.optimizers import DEFAULTS, RULES, make_optimizer, torch_optimizer

RUNS, SIZE, STEPS = 4, 6, 12
NAMES = list(RULES)
SOME = {  # hyperparameter -> where the random ones come from, 0 included where 0 takes another path
    "lr": st.floats(1e-6, 2.0),
    "momentum": st.sampled_from([0.0, 0.5, 0.99]),
    "weight_decay": st.sampled_from([0.0, 1e-3, 0.5]),
    "beta1": st.floats(0.0, 0.99),
    "beta2": st.floats(0.0, 0.9999),
    "eps": st.sampled_from([1e-8, 1e-3]),
    "alpha": st.floats(0.0, 1.0),
}


def one_by_one(name: str, hypers: list[dict], p: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    weights = [nn.Parameter(row.clone()) for row in p]
    for m, (weight, hyper) in enumerate(zip(weights, hypers, strict=True)):
        optimizer = torch_optimizer(name, [weight], hyper)
        for g in gradients[:, m]:
            weight.grad = g.clone()
            optimizer.step()
    return torch.stack([weight.detach() for weight in weights])


def all_at_once(name: str, hyper: dict, p: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    p = p.clone()
    rule = RULES[name](p, hyper)
    for g in gradients:
        rule.step(p, g)
    return p


def problem(dtype: torch.dtype, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    p = torch.randn(RUNS, SIZE, generator=generator, dtype=torch.float64)
    gradients = torch.randn(STEPS, RUNS, SIZE, generator=generator, dtype=torch.float64)
    return p.to(dtype), gradients.to(dtype)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**31))
def test_a_rule_equals_torch_optim_for_any_hyperparameters(name: str, data: st.DataObject, seed: int) -> None:
    hypers = [{key: data.draw(SOME[key]) for key in DEFAULTS[name]} for _ in range(RUNS)]
    stacked = {key: torch.tensor([h[key] for h in hypers], dtype=torch.float64) for key in DEFAULTS[name]}
    p, gradients = problem(torch.float64, seed)
    ours, theirs = all_at_once(name, stacked, p, gradients), one_by_one(name, hypers, p, gradients)
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_one_value_for_all_runs_is_the_same_as_that_value_a_run(name: str) -> None:
    p, gradients = problem(torch.float64)
    values = {"lr": 0.1, "momentum": 0.8, "weight_decay": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 1e-5, "alpha": 0.9}
    hyper = {key: values[key] for key in DEFAULTS[name]}
    repeated = {key: torch.full((RUNS,), value, dtype=torch.float64) for key, value in hyper.items()}
    shared = all_at_once(name, hyper, p, gradients)
    torch.testing.assert_close(shared, all_at_once(name, repeated, p, gradients), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(shared, one_by_one(name, [hyper] * RUNS, p, gradients), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_float32_weights_lose_nothing_but_float32(name: str) -> None:
    """1 - β₂ worked out in float32 would be off by 5e-5."""
    p, gradients = problem(torch.float32)
    hyper = {key: 0.01 if value is None else value for key, value in DEFAULTS[name].items()}
    stacked = {key: torch.full((RUNS,), value, dtype=torch.float64) for key, value in hyper.items()}
    ours = all_at_once(name, stacked, p, gradients)
    assert ours.dtype == torch.float32
    torch.testing.assert_close(ours, one_by_one(name, [hyper] * RUNS, p, gradients), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_an_infinite_gradient_stays_in_its_run(name: str) -> None:
    p, gradients = problem(torch.float64)
    hyper = {key: 0.01 if value is None else value for key, value in DEFAULTS[name].items()} | {"weight_decay": 0.1}
    stacked = {key: torch.full((RUNS,), value, dtype=torch.float64) for key, value in hyper.items()}
    clean = all_at_once(name, stacked, p, gradients)
    gradients[3, 1] = torch.inf
    broken = all_at_once(name, stacked, p, gradients)
    others = torch.tensor([0, 2, 3])
    assert not broken[1].isfinite().any()
    assert torch.equal(broken[others], clean[others])


def test_the_defaults_are_those_of_torch_optim() -> None:
    originals = {"sgd": torch.optim.SGD, "rmsprop": torch.optim.RMSprop, "adam": torch.optim.Adam}
    for name, original in originals.items():
        theirs = original([nn.Parameter(torch.zeros(1))], lr=0.1).defaults
        theirs["beta1"], theirs["beta2"] = theirs.get("betas", (None, None))
        for key, value in DEFAULTS[name].items():
            assert key == "lr" or theirs[key] == value


@pytest.mark.parametrize("name", ["sgd", "momentum", "rmsprop", "adam"])
def test_an_optimiser_by_name_takes_the_rate_it_is_given(name):
    optimizer = make_optimizer(name, weight_decay=0.1)(MLP(4, 8, 3).parameters(), 0.3)
    (group,) = optimizer.param_groups
    assert group["lr"] == 0.3 and group["weight_decay"] == 0.1
    assert group.get("momentum", 0) == (0.9 if name == "momentum" else 0)
