"""A net that was trained on something else, and three ways to use it: frozen features, a new head, fine-tuning.

Introduced in lesson 08 (transfer_learning). Source: Yosinski, Clune, Bengio and Lipson 2014, "How transferable are
features in deep neural networks?"; the interface is ours.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.callbacks import Callback
from course_lib.datasets import Data, Split
from course_lib.device import check_device, device_wish, pick_device
from course_lib.evaluate import eval_mode
from course_lib.features import Features, named_layer
from course_lib.fit import fit
from course_lib.frozen import ROWS, computed, frozen, place_of, same_place
from course_lib.guesses import Guesses, guesses
from course_lib.heads import FineTuned, Head, two_rates
from course_lib.number_checks import real_number
from course_lib.optimizers import MakeOptimizer, make_optimizer
from course_lib.picture import IMAGENET_MEAN, IMAGENET_STD, check_settings
from course_lib.picture_folder import PictureFolder
from course_lib.pictures import (
    LooseFiles,
    Pictures,
    as_split,
    batches,
    check_none_empty,
    check_same_classes,
    classes_of,
    in_memory,
)
from course_lib.run import Run

_BIG = 1_000_000  # parameters from which on an accelerator gains more than the way to it costs


class Backbone:
    """Any net, seen as a body that makes features and a rest that is replaced by a new head.

    ``features``, ``train_head`` and ``fine_tune`` are the same for a ResNet and for three linear layers. The net itself
    is never changed: no weight, no running statistic, no mode, no hook stays.

    Where pictures are asked for, give a ``PictureFolder``, or a pair of tensors: x (N, C, H, W) or (N, D), and labels
    y (N,) int64. Bytes are normalised with ``mean`` and ``std``; floats are taken as they are.

    A net of a million parameters or more computes on ``pick_device()``, and says so where that is another place than
    the net's own; a smaller one where it lies, unless ``COURSE_DEVICE`` or ``device=`` names a device.

    Args:
        module: any nn.Module that takes one tensor with a row an example.
        features: the name of the layer whose output, flattened, are the features, as in ``module.named_modules()``.
        size: height and width in pixels to which pictures in files are brought.
        mean, std: for each channel, on a scale from 0 to 1; those with which the net was trained.
        channels: 3 for colour, 1 for grey.

    Raises:
        ValueError: there is no such layer (names near it are listed), or a setting makes no picture.

    >>> body = Backbone(nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3)), features="1")
    >>> seen = body.features((torch.eye(2), torch.tensor([0, 1])))
    >>> seen.x.shape
    torch.Size([2, 8])
    >>> body.train_head(seen, epochs=20, progress=False).history["train_loss"][-1] < 0.5
    tensor(True)
    """

    def __init__(
        self,
        module: nn.Module,
        features: str = "avgpool",
        size: int = 224,
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
        channels: int = 3,
    ) -> None:
        if not isinstance(module, nn.Module):
            raise ValueError(f"A Backbone needs an nn.Module, such as course.resnet18(); it was given {module!r}.")
        check_settings(size, mean, std, channels)
        named_layer(module, features)
        self.module, self.layer, self.size, self.channels = module, features, size, channels
        self.mean, self.std = tuple(map(float, mean)), tuple(map(float, std))
        self._said: torch.device | None = None  # the device that was named last

    def features(
        self,
        pictures: Pictures,
        *,
        batch_size: int = ROWS,
        progress: bool | None = None,
        device: str | torch.device | None = None,
    ) -> Features:
        """Return what the frozen net sees: (N, F) float32. The expensive part; keep it, and train heads on it.

        In evaluation mode, without gradients, ``batch_size`` pictures at a time; with a bar after one second
        (``progress`` None), at once (True) or never (False).

        Raises:
            ValueError: pictures of another kind, or such as the net cannot take.
        """
        classes = classes_of(pictures)
        files, x, y = self._computed(pictures, self._frozen(device), batch_size, progress)
        return Features(x.float(), y, classes, tuple(files))

    def train_head(
        self,
        features: Features,
        val: Features | None = None,
        *,
        epochs: int = 100,
        lr: float = 0.01,
        batch_size: int = 16,
        seed: int = 0,
        optimizer: str | MakeOptimizer = "sgd",
        momentum: float | None = None,
        weight_decay: float = 0.0,
        callbacks: Iterable[Callback] = (),
        progress: bool | None = None,
    ) -> Run:
        """Train a new head on features: softmax regression. ``run.model`` is the ``Head``.

        Args:
            features: what ``self.features`` gave for the training pictures.
            val: the same for the validation pictures.
            epochs, lr, batch_size, seed, optimizer, momentum, weight_decay, callbacks, progress: as ``course.fit``.

        Raises:
            ValueError: as ``course.fit``; or features without any picture of a class.
        """
        for given in (features, *([] if val is None else [val])):
            if not isinstance(given, Features):
                raise ValueError(
                    f"train_head takes what backbone.features(pictures) gives, not a {type(given).__name__}."
                )
        if features.files:
            check_none_empty(features.y, features.classes)
        if val is not None:
            check_same_classes(features.classes, val.classes, whose="val")
        return fit(
            Head(features),
            _data(features.split, val and val.split, features.classes),
            epochs=epochs,
            lr=lr,
            batch_size=batch_size,
            seed=seed,
            optimizer=optimizer,
            momentum=momentum,
            weight_decay=weight_decay,
            callbacks=callbacks,
            progress=progress,
        )

    def fine_tune(
        self,
        pictures: Pictures,
        val: Pictures | None = None,
        *,
        epochs: int = 5,
        head_lr: float = 0.01,
        body_lr: float = 0.001,
        head: Head | None = None,
        norm_statistics: bool = False,
        batch_size: int = 16,
        seed: int = 0,
        optimizer: str | MakeOptimizer = "momentum",
        momentum: float | None = None,
        weight_decay: float = 0.0,
        callbacks: Iterable[Callback] = (),
        progress: bool | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        device: str | torch.device | None = None,
    ) -> Run:
        """Train a copy of the body together with a head. ``run.model`` is the ``FineTuned``, which takes pictures.

        All pictures are held in memory, as bytes: 150 KB each at 224 x 224.

        Args:
            pictures, val: to learn from, and to measure on after each epoch.
            head_lr: the learning rate of the head.
            body_lr: that of the body, usually smaller: its weights are nearly right. 0 leaves them as they are.
            head: where the head starts, such as ``run.model`` of ``train_head``; None is a new one.
            norm_statistics: whether batch norm learns new means and variances; see ``FineTuned``.
            epochs, batch_size, seed, optimizer, momentum, weight_decay, callbacks, progress, checkpoint: as
                ``course.fit``. Parameters that are frozen in the net (``requires_grad``) stay so.

        Raises:
            ValueError: as ``course.fit``; a head that does not fit, or more pictures than memory should hold.

        Source: to start from a trained head: Kumar et al. 2022, "Fine-tuning can distort pretrained features".
        """
        head_lr, body_lr = real_number("head_lr", head_lr), real_number("body_lr", body_lr)
        classes, keep = classes_of(pictures), {"size": self.size, "channels": self.channels}
        train, measured = in_memory(pictures, **keep), None if val is None else in_memory(val, **keep)
        if isinstance(pictures, PictureFolder):
            check_none_empty(train.y, classes)
        if val is not None:
            check_same_classes(classes, classes_of(val), whose="val")
        place = self._device(device)
        if head is None:
            head = Head(Features(*self._computed(train, self._frozen(place), progress=progress)[1:], classes))
        check_same_classes(head.classes, classes, whose="the pictures")
        net = FineTuned(self.module, self.layer, head, mean=self.mean, std=self.std, norm_statistics=norm_statistics)
        return fit(
            net,
            _data(train, measured, classes),
            epochs=epochs,
            lr=head_lr,
            batch_size=batch_size,
            seed=seed,
            optimizer=two_rates(net, make_optimizer(optimizer, momentum=momentum, weight_decay=weight_decay), body_lr),
            callbacks=callbacks,
            progress=progress,
            checkpoint=checkpoint,
            device=place,
        )

    def predict(
        self,
        pictures: Pictures | Features | Tensor | str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        run: Run | Head | FineTuned,
    ) -> Guesses:
        """Return a guess for each picture: file, class and score. Files that cannot be read are named in ``skipped``.

        Args:
            pictures: as everywhere; or x alone; or features; or paths: of a picture, several, or a folder of them.
            run: what ``train_head`` or ``fine_tune`` gave, or its ``run.model``.

        Raises:
            ValueError: there is no picture; ``run`` is something else; features for a net that was fine-tuned.
        """
        if isinstance(pictures, Tensor):
            pictures = Split(pictures, torch.zeros(len(pictures), dtype=torch.int64))
        if not isinstance(pictures, PictureFolder | Features) and not _holds_tensors(pictures):
            pictures = LooseFiles(pictures)
        before = len(getattr(pictures, "skipped", ()))
        files, logits, _ = self._logits(pictures, run)
        return guesses(logits, _model(run).classes, files, getattr(pictures, "skipped", [])[before:])

    def evaluate(self, pictures: Pictures | Features, run: Run | Head | FineTuned) -> dict[str, float]:
        """Return ``{"loss": ..., "acc": ...}`` of what was trained, on pictures or on features of the frozen net.

        Args:
            pictures: with the classes that were trained.
            run: what ``train_head`` or ``fine_tune`` gave, or its ``run.model``.

        Raises:
            ValueError: as ``predict``; classes other than those that were trained.
        """
        classes = pictures.classes if isinstance(pictures, Features) else classes_of(pictures)
        check_same_classes(_model(run).classes, classes, whose="these pictures")
        _, logits, y = self._logits(pictures, run)
        return {"loss": F.cross_entropy(logits, y).item(), "acc": (logits.argmax(1) == y).sum().item() / len(y)}

    def __repr__(self) -> str:
        return f"Backbone({type(self.module).__name__}, features={self.layer!r}, size={self.size})"

    def _logits(
        self, pictures: Pictures | Features | LooseFiles, run: Run | Head | FineTuned
    ) -> tuple[list[Path], Tensor, Tensor]:
        """Files, logits (N, K) and labels (N,) on the CPU."""
        model = _model(run)
        with eval_mode(model), torch.no_grad():
            if isinstance(model, FineTuned):
                if isinstance(pictures, Features):
                    raise ValueError(
                        "These are features of the frozen net, and this body was fine-tuned: give the pictures."
                    )
                return self._computed(pictures, lambda x: model(x.to(place_of(model))))
            if not isinstance(pictures, Features):
                files, x, y = self._computed(pictures, self._frozen(None))
                pictures = Features(x, y, model.classes, tuple(files))
            return list(pictures.files), model(pictures.x.to(place_of(model))).cpu(), pictures.y

    def _computed(
        self,
        pictures: Pictures | LooseFiles,
        function: Callable[[Tensor], Tensor],
        batch_size: int = ROWS,
        progress: bool | None = None,
    ) -> tuple[list[Path], Tensor, Tensor]:
        """Files, what ``function`` makes of the pictures (N, F), and labels (N,)."""
        total = len(pictures if isinstance(pictures, PictureFolder | LooseFiles) else as_split(pictures).x)
        rows = batches(pictures, size=self.size, channels=self.channels, batch_size=batch_size)
        return computed(function, rows, total, progress)

    def _frozen(self, device: str | torch.device | None) -> Callable[[Tensor], Tensor]:
        """What makes features (B, F) of pictures."""
        return frozen(self.module, self.layer, mean=self.mean, std=self.std, device=self._device(device))

    def _device(self, device: str | torch.device | None) -> torch.device:
        """Where to compute; says so once when the course chose another place than the net's own."""
        if device is not None:
            return check_device(device)
        own, parameters = place_of(self.module), sum(p.numel() for p in self.module.parameters())
        place = pick_device() if parameters >= _BIG else device_wish() or own
        if not same_place(place, own) and place != self._said:
            print(f"{type(self.module).__name__}: {parameters:,} parameters, computed on {str(place).upper()}")
            self._said = place
        return place


def _data(train: Split, val: Split | None, classes: tuple[str, ...]) -> Data:
    nothing = Split(train.x[:0], train.y[:0])
    return Data("pictures", train, nothing if val is None else val, nothing, classes=classes)


def _model(run: Run | Head | FineTuned) -> Head | FineTuned:
    model = getattr(run, "model", run)
    if not isinstance(model, Head | FineTuned):
        raise ValueError(f"run is what train_head or fine_tune gave, or its run.model, not a {type(run).__name__}.")
    return model


def _holds_tensors(pictures: object) -> bool:
    return isinstance(pictures, tuple | list) and any(isinstance(part, Tensor) for part in pictures)
