"""`course.fit` against the bare loop of lesson 03, and against two libraries that train as well."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import io
import logging
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

import course_lib as course
from benchmarks.measure import Row, Target, interleaved
from tests.lessons.cells import code_cell

EPOCHS, LR, BATCH = 50, 0.1, 32
SIZES = (64, 64, 10)
NAME = f"fit: digits MLP {'-'.join(map(str, SIZES))}, {EPOCHS} epochs"


def rows(*, quick: bool) -> list[Row]:
    """The same training four times: the bare loop has neither history nor progress bar, the others have a history."""
    digits, epochs, rounds = course.load("digits"), 2 if quick else EPOCHS, 1 if quick else 9
    bare = bare_loop()

    def ours() -> None:
        with contextlib.redirect_stderr(io.StringIO()):  # the bar is drawn, but not between the lines of the table
            course.fit(net, digits, epochs=epochs, lr=LR, batch_size=BATCH, progress=True)

    def loop() -> None:
        bare(net(), *digits.train, epochs=epochs, lr=LR, batch_size=BATCH)

    seconds = interleaved({"ours": ours, "loop": loop}, rounds=rounds)
    note = "the cell tagged bare-loop of lesson 03"
    found = [_row("the bare loop", seconds["ours"], seconds["loop"], Target("ratio", 1.15), note)]
    for library, make in (("skorch", _skorch), ("lightning", _lightning)):
        if importlib.util.find_spec(library) is None:
            found.append(_row(library, None, None, Target("faster", 2), "not installed (extra: bench)"))
            continue
        other = _quietly(make(digits, epochs))
        seconds = interleaved({"ours": ours, "other": other}, rounds=min(rounds, 5))
        found.append(_row(library, seconds["ours"], seconds["other"], Target("faster", 2), "no bar on their side"))
    return found


def net() -> nn.Module:
    return course.MLP(*SIZES)


def bare_loop() -> Callable[..., float]:
    """The function `train` that a learner reads in lesson 03, out of the notebook itself."""
    tree = ast.parse(code_cell("03_learning_rates", "bare-loop"))
    tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    names: dict[str, Any] = {"torch": torch, "course": course}
    exec(compile(tree, "03_learning_rates.ipynb", "exec"), names)
    return names["train"]


def _row(against: str, ours: float | None, other: float | None, target: Target, note: str) -> Row:
    ours, other = (None if each is None else 1000 * each for each in (ours, other))
    return Row(f"{NAME}, against {against}", ours, other, "ms", target, note)


def _skorch(digits: course.Data, epochs: int) -> Callable[[], None]:
    from skorch import NeuralNetClassifier
    from skorch.dataset import Dataset
    from skorch.helper import predefined_split

    def run() -> None:
        NeuralNetClassifier(
            net(),
            criterion=nn.CrossEntropyLoss,
            optimizer=torch.optim.SGD,
            lr=LR,
            batch_size=BATCH,
            max_epochs=epochs,
            iterator_train__shuffle=True,
            train_split=predefined_split(Dataset(*digits.val)),
            verbose=0,
        ).fit(*digits.train)

    return run


def _lightning(digits: course.Data, epochs: int) -> Callable[[], None]:
    import lightning
    from torch.utils.data import DataLoader, TensorDataset

    class Net(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = net()

        def training_step(self, batch: list[torch.Tensor]) -> torch.Tensor:
            return self._loss("train_loss", batch)

        def validation_step(self, batch: list[torch.Tensor]) -> torch.Tensor:
            return self._loss("val_loss", batch)

        def _loss(self, name: str, batch: list[torch.Tensor]) -> torch.Tensor:
            loss = nn.functional.cross_entropy(self.net(batch[0]), batch[1])
            self.log(name, loss, on_epoch=True, on_step=False)
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=LR)

    def run() -> None:
        train = DataLoader(TensorDataset(*digits.train), batch_size=BATCH, shuffle=True)
        val = DataLoader(TensorDataset(*digits.val), batch_size=len(digits.val.x))
        silent = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
        trainer = lightning.Trainer(max_epochs=epochs, accelerator="cpu", devices=1, num_sanity_val_steps=0, **silent)
        trainer.fit(Net(), train, val)

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    return run


def _quietly(run: Callable[[], None]) -> Callable[[], None]:
    def quiet() -> None:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            run()

    return quiet
