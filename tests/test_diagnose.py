"""What ``run.why`` says: the first bad number is the one a brute-force search finds, and healthy runs get no word."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.callbacks import Callback
from course_lib.datasets import Data, Split, load
from course_lib.evaluate import eval_mode
from course_lib.fit import fit
from course_lib.nets import MLP

RATES = (0, 1e-12, 1, 50, 1e3, 1e30)


def mlp():
    return MLP(4, 16, 16, 3)


def conv():
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 4, 3),
        nn.ReLU(),
        nn.Conv2d(4, 4, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(64, 10),
    )


def batch_norm():
    return nn.Sequential(
        nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 3)
    )


def few_digits() -> Data:
    digits = load("digits")
    return Data("digits", Split(*(t[:96] for t in digits.train)), digits.val, digits.test, classes=digits.classes)


NETS = {"mlp": (mlp, load("iris")), "conv": (conv, few_digits()), "batch norm": (batch_norm, load("iris"))}


def finite(*tensors):
    return all(bool(torch.isfinite(tensor).all()) for tensor in tensors)


def first_bad(make, data, optimizer, *, epochs, batch_size=16, seed=0):
    """Look at every tensor of every step; return (step, layer) of the first that is not finite, or None."""
    torch.manual_seed(seed)
    net = make()
    update, order, step = optimizer(net.parameters()), torch.Generator().manual_seed(seed), -1
    seen: list[tuple[str, torch.Tensor]] = []
    for name, module in net.named_modules():
        module.register_forward_hook(lambda m, i, o, name=name: seen.append((name or type(m).__name__, o)))
    for _ in range(epochs):
        for batch in torch.randperm(len(data.train.x), generator=order).split(batch_size):
            step += 1
            seen.clear()
            loss = F.cross_entropy(net(data.train.x[batch]), data.train.y[batch])
            update.zero_grad()
            loss.backward()
            seen.append(("loss", loss))
            seen += [(n.rpartition(".")[0], p.grad) for n, p in reversed(list(net.named_parameters()))]
            for layer, tensor in seen:
                if not finite(tensor):
                    return step, layer
            update.step()
            for name, tensor in [*net.named_parameters(), *net.named_buffers()]:
                if not finite(tensor):
                    return step, name.rpartition(".")[0]
        seen.clear()
        with eval_mode(net), torch.no_grad():
            seen.append(("loss", F.cross_entropy(net(data.val.x), data.val.y)))
        for layer, tensor in seen:
            if not finite(tensor):
                return step, layer
    return None


@pytest.mark.parametrize("lr", RATES)
@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_the_first_bad_step_and_layer_are_those_of_a_brute_force_search(name, lr, kind):
    make, data = NETS[name]
    optimizer = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[kind]
    expected = first_bad(make, data, lambda parameters: optimizer(parameters, lr=lr), epochs=4)
    run = fit(make, data, epochs=4, lr=lr, optimizer=kind)
    found = None if run.bad_step is None else (run.bad_step, run.bad_layer)
    assert found == expected
    if expected is not None:
        assert f"step {expected[0]} " in run.why and f"layer '{expected[1]}'" in run.why
    elif lr in (0, 1e-12, 1e3):
        assert run.why
    assert len(run.history["train_loss"]) == run.epoch
    assert finite(*run.model.parameters()), "a bad step leaves the model as it was before the update"
    assert run.stopped == ("not finite" if run.epoch < 4 else "finished")
    if run.stopped == "not finite":
        assert len(run.step_loss) == run.bad_step + 1


def test_the_search_has_something_to_find():
    """At least one rate overflows for each net, late as well as in the first steps, or the test above shows little."""
    found = [first_bad(*NETS[name], lambda p: torch.optim.SGD(p, lr=1e30), epochs=4) for name in ("mlp", "conv")]
    assert None not in found
    assert fit(lambda: MLP(4, 1), _steep(), epochs=9, lr=0.03).bad_step > 20


def _steep() -> Data:
    """A regression on which a linear net overflows slowly: each step makes the error a little larger."""
    x = load("iris").train.x
    split = Split(x, x.sum(1))
    return Data("steep", split, Split(x[:0], x[:0, 0]), split, features=("a",) * 4)


class Breaks(nn.Module):
    """Gives what it gets, until in a chosen call it breaks its output or its gradient."""

    def __init__(self, what, call):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.what, self.call = what, call
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

    def forward(self, x):
        x = x * self.weight
        if not self.training:
            return x / 0 if self.what == "validation" and self.calls > self.call else x
        self.calls += 1
        if self.calls - 1 != self.call:
            return x
        if self.what == "output":
            return x + math.inf
        if self.what == "gradient":
            x.register_hook(lambda gradient: gradient * math.nan)
        return x


@pytest.mark.parametrize("what", ["output", "gradient"])
@pytest.mark.parametrize("call", [0, 1, 6, 7, 20])
def test_each_kind_of_bad_number_is_found_where_it_was_planted(what, call):
    def make():
        return nn.Sequential(nn.Linear(4, 8), Breaks(what, call), nn.ReLU(), nn.Linear(8, 3))

    run = fit(make, load("iris"), epochs=3, lr=0.01)
    assert (run.stopped, run.bad_step, run.bad_layer) == ("not finite", call, "1")
    assert f"In step {call} (epoch {call // 7}) the {what} of layer '1' was the first" in run.why


class BadUpdate(torch.optim.SGD):
    """Makes a weight infinite in step 12; counts in its group, which a snapshot keeps."""

    def step(self):
        super().step()
        (group,) = self.param_groups
        group["steps"] = group.get("steps", 0) + 1
        if group["steps"] == 13:
            with torch.no_grad():
                group["params"][2][0, 0] = math.inf


def test_a_weight_that_breaks_in_the_update_is_found():
    run = fit(mlp, load("iris"), epochs=3, lr=0.01, optimizer=BadUpdate)
    assert (run.stopped, run.bad_step, run.bad_layer) == ("not finite", 12, "2")
    assert "In step 12 (epoch 1) the weight of layer '2' was the first" in run.why


def test_an_overflow_that_a_relu_swallows_is_found_and_changes_nothing():
    def train(epochs):
        return fit(conv, few_digits(), epochs=epochs, lr=1e30)

    short, long = train(1), train(3)
    assert (long.stopped, long.bad_step, long.bad_layer) == ("finished", 1, "3")
    assert len(long.step_loss) == 18 and len(long.history["val_loss"]) == long.epoch == 3
    assert torch.equal(long.step_loss[:6], short.step_loss)
    assert not all(torch.equal(a, b) for a, b in zip(long.model.parameters(), short.model.parameters(), strict=True))


def test_a_bad_number_on_validation_data_alone_is_found():
    def make():
        return nn.Sequential(nn.Linear(4, 8), Breaks("validation", 10), nn.ReLU(), nn.Linear(8, 3))

    run = fit(make, load("iris"), epochs=5, lr=0.01)
    assert (run.stopped, run.bad_step, run.bad_layer) == ("not finite", 13, "1")
    assert run.epoch == len(run.history["val_loss"]) == 1


def test_a_loss_that_breaks_alone_is_called_the_loss():
    def loss(output, y):
        value = F.cross_entropy(output, y)
        return value * math.inf if len(y) == 9 else value  # 105 = 6 * 16 + 9: the last batch of an epoch

    run = fit(mlp, load("iris"), epochs=3, lr=0.01, loss=loss)
    assert (run.bad_step, run.bad_layer) == (6, "loss")
    assert "the loss was the first thing" in run.why


def test_a_step_without_an_update_before_it_does_not_blame_the_rate():
    def make():
        net = mlp()
        net[2].weight.data.fill_(3e38)
        return net

    run = fit(make, load("iris"), epochs=2, lr=0.01)
    assert run.bad_step == 0
    assert "No weight had been changed yet" in run.why and "standardise" in run.why


def test_callbacks_that_keep_a_record_keep_it_once():
    class Count(Callback):
        steps = 0

        def on_step_end(self, run):
            self.steps += 1

    count = Count()
    seen = []

    class Clip(Callback):
        def on_grad_computed(self, run):
            seen.append(1)
            nn.utils.clip_grad_norm_(run.model.parameters(), 1e-3)

    run = fit(lambda: MLP(4, 16, 16, 3), load("iris"), epochs=4, lr=1e30, callbacks=[count, Clip()])
    assert run.stopped == "not finite"
    assert count.steps == 7, "the replay is not counted"


def test_a_callback_that_cannot_be_copied_takes_part_itself():
    class Locked(Callback):
        def __deepcopy__(self, memo):
            raise TypeError("not to be copied")

    assert fit(mlp, load("iris"), epochs=2, lr=1e30, callbacks=[Locked()]).bad_step == 1


def test_no_hook_stays_on_the_model():
    for lr in (0.1, 1e30):
        net = mlp()
        fit(net, load("iris"), epochs=2, lr=lr)
        assert not any(module._forward_hooks or module._forward_pre_hooks for module in net.modules())


# --- finite, and still wrong


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("make", "name", "options"),
    [
        (mlp, "iris", {"lr": 0.1, "epochs": 40}),
        (mlp, "iris", {"lr": 0.01, "epochs": 10, "optimizer": "adam"}),
        (batch_norm, "iris", {"lr": 0.05, "epochs": 15}),
        (lambda: MLP(4, 16, 3, activation=nn.Tanh), "iris", {"lr": 1e-3, "epochs": 5, "optimizer": "momentum"}),
        (lambda: MLP(64, 32, 10), "digits", {"lr": 0.1, "epochs": 3}),
        (conv, "digits", {"lr": 0.1, "epochs": 2}),
        (lambda: MLP(1, 16, 1, activation=nn.Tanh), "coffee", {"lr": 0.02, "epochs": 40, "optimizer": "adam"}),
        (lambda: MLP(2, 32, 32, 2), "spirals", {"lr": 0.01, "epochs": 20, "optimizer": "adam"}),
    ],
)
def test_a_healthy_training_gets_no_word(make, name, options, seed):
    run = fit(make, load(name).standardise(), seed=seed, **options)
    assert run.why == ""
    assert run.stopped == "finished" and run.bad_step is None and run.bad_layer is None


def test_overfitting_alone_is_not_called_worse_than_guessing():
    digits = load("digits")
    torch.manual_seed(1)
    few = Split(digits.train.x[:40], torch.randint(0, 10, (40,)))
    data = Data("noise", few, digits.val, digits.test, classes=digits.classes)
    run = fit(lambda: MLP(64, 64, 10), data, epochs=60, lr=0.01, optimizer="adam")
    assert run.history["val_loss"][-1] > math.log(10) and run.why == ""


def test_a_first_epoch_is_too_early_to_judge():
    run = fit(mlp, load("iris"), epochs=1, lr=0.5)
    assert run.history["train_loss"][0] > 1.02 * math.log(3) and run.why == ""


def test_no_epochs_no_word():
    assert fit(mlp, load("iris"), epochs=0, lr=0.1).why == ""


def test_rate_zero_is_said():
    assert "The learning rate is 0" in fit(mlp, load("iris"), epochs=2, lr=0).why


def test_weights_that_did_not_move_are_said():
    assert "did not move: 14 steps" in fit(mlp, load("iris"), epochs=2, lr=1e-12).why


def test_a_small_rate_that_moves_is_not_called_still():
    assert "did not move" not in fit(mlp, load("iris"), epochs=2, lr=1e-4).why


@pytest.mark.parametrize("layer", [1, 3])
def test_a_dead_layer_is_named(layer):
    def make():
        net = mlp()
        net[layer - 1].bias.data.fill_(-1e4)
        return net

    run = fit(make, load("iris"), epochs=2, lr=0.01)
    assert f"All units of the ReLU layer '{layer}' are dead" in run.why and "105 training rows" in run.why


def test_one_living_unit_is_not_a_dead_layer():
    def make():
        net = mlp()
        net[0].bias.data.fill_(-1e4)
        net[0].bias.data[5] = 10
        return net

    assert "dead" not in fit(make, load("iris"), epochs=2, lr=0.01).why


def test_one_output_for_all_rows_is_said():
    def make():
        net = MLP(4, 8, 3, activation=nn.Tanh)
        net[0].bias.data.fill_(1e4)  # saturated: tanh is 1 for every row
        return net

    assert "one and the same output for all 105 training rows" in fit(make, load("iris"), epochs=2, lr=0.01).why


def test_data_that_is_all_the_same_excuses_one_output():
    split = Split(torch.ones(20, 4), torch.zeros(20, dtype=torch.int64))
    assert "same output" not in fit(mlp, Data("same", split, split, split), epochs=3, lr=0.1).why


def test_worse_than_guessing_blames_a_rate_that_jumps():
    run = fit(lambda: MLP(4, 8, 3, activation=nn.Tanh), load("iris"), epochs=5, lr=5)
    assert "worse than guessing: to give each of the 3 classes a probability of 1/3 costs ln 3 = 1.1" in run.why
    assert "too high" in run.why and "Try lr=0.1" in run.why


def test_worse_than_guessing_knows_values_too():
    def make():
        net = MLP(1, 8, 1)
        net[2].bias.data.fill_(50)
        return net

    run = fit(make, load("coffee"), epochs=3, lr=1e-5)
    assert "always to answer the mean costs the variance of y = 1.5" in run.why
    assert "It was still falling" in run.why


def test_a_loss_of_ones_own_is_not_compared_with_guessing():
    run = fit(mlp, load("iris"), epochs=2, lr=0.01, loss=lambda output, y: 100 + F.cross_entropy(output, y))
    assert run.why == ""
