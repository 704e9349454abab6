"""The data of the course: small, offline, and split once and for all.

``load("iris")`` gives a ``Data`` with three ``Split``s. Iris, digits and coffee are files in ``data/``, whose README
says where each comes from; ``data/make.py`` made them. The spirals are computed when they are asked for. MNIST is
too large to ship: ``course data mnist`` fetches it.
"""

from __future__ import annotations

import csv
import math
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from numbers import Real
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from course_lib.number_checks import whole_number

FOLDER = Path(__file__).resolve().parent.parent / "data"
PARTS = ("train", "val", "test")
# Coffee breaks: (hour of the peak, litres, width as a standard deviation in hours). The fourth is narrow on purpose.
BREAKS = ((8.6, 3.2, 0.35), (10.5, 4.8, 0.45), (12.75, 3.3, 0.5), (15.0, 3.3, 0.15), (16.5, 1.9, 0.5))


class Split(NamedTuple):
    """One part of a data set; unpacks as ``x, y = iris.train``.

    x: (N, D) float32. y: (N,) int64 for classes, float32 for values.
    """

    x: torch.Tensor
    y: torch.Tensor

    def to(self, device: str | torch.device) -> Split:
        """Return the split on ``device``."""
        return Split(self.x.to(device), self.y.to(device))


class Words(str):
    """Text that a notebook shows as it is, without quotes."""

    __repr__ = str.__str__


@dataclass(frozen=True, repr=False)
class Data:
    """A data set in three parts: train to learn from, val to choose by, test to judge once, at the end.

    Attributes:
        name: such as "iris".
        train, val, test: a ``Split`` each; a part may be empty.
        classes: the names of the classes, in the order of the labels; empty for a regression.
        features: a name for each column of x, with its unit.
        target: what y is, with its unit.
    """

    name: str
    train: Split
    val: Split
    test: Split
    classes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    target: str = "class"

    def describe(self) -> Words:
        """Return in words what is in the data: sizes, classes, and the range of every feature."""
        return Words("\n".join([self._sizes(), *self._targets(), *self._features()]))

    def standardise(self) -> Data:
        """Return the data with every feature at mean 0 and standard deviation 1 over the training part.

        Mean and deviation come from the training part alone and are applied to all three: what is measured on
        validation or test data must not help the training. A feature that never varies becomes 0.

        Raises:
            ValueError: when the training part is empty.
        """
        x = self.train.x
        if not len(x):
            raise ValueError(f"The training part of {self.name!r} is empty, so it has no mean to standardise with.")
        mean, deviation = x.mean(0), x.std(0, correction=0)
        deviation = torch.where(deviation > 0, deviation, 1.0)
        return self._each(lambda split: Split((split.x - mean) / deviation, split.y))

    def to(self, device: str | torch.device) -> Data:
        """Return the data on ``device``."""
        return self._each(lambda split: split.to(device))

    def __repr__(self) -> str:
        return f"Data({self._sizes()})"

    def _each(self, change: Callable[[Split], Split]) -> Data:
        return replace(self, train=change(self.train), val=change(self.val), test=change(self.test))

    def _sizes(self) -> str:
        sizes = ", ".join(f"{part} {len(getattr(self, part).x)}" for part in PARTS)
        return f"{self.name}: {sizes} rows of {math.prod(self.train.x.shape[1:])} numbers"

    def _targets(self) -> list[str]:
        y = self.train.y
        if not self.classes:
            return [f"y: {self.target}, {_range(y)}"] if len(y) else [f"y: {self.target}"]
        counts = y.bincount(minlength=len(self.classes)).tolist()
        named = ", ".join(f"{name}: {count}" for name, count in zip(self.classes, counts, strict=True))
        return [f"y: {len(self.classes)} classes; in train: {named}"]

    def _features(self) -> list[str]:
        x = self.train.x
        if not len(x):
            return []
        if len(self.features) > 8:
            return [f"x: {self.features[0]} to {self.features[-1]}, {_range(x)}"]
        return [f"x: {name}, {_range(column)}" for name, column in zip(self.features, x.T, strict=True)]


def _range(values: torch.Tensor) -> str:
    low, mean, high = (float(v) for v in (values.min(), values.mean(), values.max()))
    return f"{low:.3g} to {high:.3g}, mean {mean:.3g}"


def load(name: str) -> Data:
    """Return a data set of the course.

    Args:
        name: "iris" (105 + 24 + 21 flowers, 4 lengths in cm, 3 species), "digits" (1397 + 200 + 200 pictures of 8 x 8
            pixels from 0 to 1, 10 digits), "coffee" (140 + 30 + 30 litres by hour of the day), "spirals"
            (two of them; ``spirals`` makes others) or "mnist" (54,000 + 6,000 + 10,000 pictures of 28 x 28 pixels from
            0 to 1, 10 digits; not shipped: ``course data mnist`` in a terminal fetches it once).

    Raises:
        ValueError: when there is no data set of that name, or its file is broken.
        FileNotFoundError: when ``data/`` or the file in it is missing, or MNIST was not fetched.

    >>> load("iris")
    Data(iris: train 105, val 24, test 21 rows of 4 numbers)
    """
    if name == "mnist":  # fetched, not shipped: what is missing or broken there is mended in another way
        return _mnist()
    if name not in _LOADERS:
        raise ValueError(f"There is no data set {name!r}. There are: {', '.join(sorted([*_LOADERS, 'mnist']))}.")
    try:
        return _LOADERS[name]()
    except FileNotFoundError:
        raise FileNotFoundError(
            f"The file of {name!r} is missing: the course looks for it in {str(FOLDER)!r}. The data lies beside the "
            f"code, so install the course from its own folder with: pip install -e ."
        ) from None
    except (ValueError, KeyError, IndexError, OSError, EOFError, csv.Error, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(
            f"The file of {name!r} in {str(FOLDER)!r} is broken ({error}). Bring it back with: git checkout -- data"
        ) from error


@cache
def new_digits() -> tuple[torch.Tensor, torch.Tensor]:
    """Return the 400 digits that no net is trained on, those of val and of test together: (400, 64) and (400,).

    For lessons that take trained nets apart and choose nothing by what they find.
    """
    digits = load("digits")
    return torch.cat([digits.val.x, digits.test.x]), torch.cat([digits.val.y, digits.test.y])


def coffee_curve(hour: np.ndarray) -> np.ndarray:
    """Return the litres of coffee that a conference foyer needs at ``hour`` (8 to 18): a peak for every break."""
    return 0.1 + sum(litres * np.exp(-0.5 * ((hour - at) / width) ** 2) for at, litres, width in BREAKS)


def coffee_table(seed: int = 0) -> list[tuple[str, str, str]]:
    """Return the rows of ``coffee.csv``: hour, litres and part, as text. 200 measurements, a little off the curve."""
    random = np.random.default_rng(seed)
    hour = np.linspace(8, 18, 200)
    litres = np.maximum(coffee_curve(hour) + random.normal(0, 0.1, 200), 0)
    parts = random.permutation(np.repeat(PARTS, (140, 30, 30)))
    return [(f"{h:.3f}", f"{v:.3f}", str(part)) for h, v, part in zip(hour, litres, parts, strict=True)]


def spirals(n: int = 600, *, turns: float = 1.75, noise: float = 0.1, classes: int = 2, seed: int = 0) -> Data:
    """Return interleaved spirals in the plane, one a class: a set that no straight line divides.

    Args:
        n: points in all, shared out evenly; a fifth of them becomes val and a fifth test.
        turns: how often each spiral winds around the middle.
        noise: standard deviation of what is added to both coordinates; the outermost points lie at radius 3.
        classes: how many spirals.
        seed: of the noise, and of who is in which part.

    Raises:
        ValueError: when a number makes no spiral.
    """
    _check_spirals(n, turns, noise, classes)
    generator = torch.Generator().manual_seed(whole_number("seed", seed))
    y = torch.arange(n) % classes
    along = torch.linspace(0.05, 1, n).sqrt()  # the root spreads the points evenly along the arm
    angle = 2 * math.pi * (turns * along + y / classes)
    x = 3 * along[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
    x = x + noise * torch.randn(n, 2, generator=generator)
    order = torch.randperm(n, generator=generator)
    cuts = order.split([n - 2 * (n // 5), n // 5, n // 5])
    train, val, test = (Split(x[rows], y[rows]) for rows in cuts)
    names = tuple(f"spiral {k}" for k in range(classes))
    return Data("spirals", train, val, test, classes=names, features=("horizontal", "vertical"))


def _check_spirals(n: int, turns: float, noise: float, classes: int) -> None:
    whole_number("n", n, least=5)
    whole_number("classes", classes, least=1)
    for name, value in (("turns", turns), ("noise", noise)):
        if not isinstance(value, Real) or not 0 <= value < math.inf:
            raise ValueError(f"{name} is a number of 0 or more for spirals; {value!r} is not.")


def _iris() -> Data:
    rows, header = _csv("iris.csv")
    classes = ("setosa", "versicolor", "virginica")
    x = torch.tensor([[float(cell) for cell in row[:4]] for row in rows])
    y = torch.tensor([classes.index(row[4]) for row in rows])
    parts = [row[5] for row in rows]
    features = tuple(name.replace("_cm", " in cm").replace("_", " ") for name in header[:4])
    sizes = (105, 24, 21)
    return _data("iris", x, y, parts, sizes=sizes, classes=classes, features=features, target="species")


def _coffee() -> Data:
    rows, _ = _csv("coffee.csv")
    x = torch.tensor([[float(row[0])] for row in rows])
    y = torch.tensor([float(row[1]) for row in rows])
    parts = [row[2] for row in rows]
    sizes, features = (140, 30, 30), ("hour of the day",)
    return _data("coffee", x, y, parts, sizes=sizes, features=features, target="coffee in litres")


def _digits() -> Data:
    with np.load(FOLDER / "digits.npz") as file:
        x, y, part = (torch.from_numpy(file[key]) for key in ("x", "y", "part"))
    x = x.float() / 16  # ink from 0 to 16 -> 0 to 1; (1797, 64)
    parts = [PARTS[k] for k in part.tolist()]
    classes = tuple("0123456789")
    features = tuple(f"pixel {row},{column}" for row in range(8) for column in range(8))
    sizes = (1397, 200, 200)
    return _data("digits", x, y.long(), parts, sizes=sizes, classes=classes, features=features, target="digit")


def _mnist() -> Data:
    from course_lib.mnist import read_mnist  # here: who never asks for it need not wait for what reads it

    train, test = read_mnist()
    order = torch.randperm(len(train.labels), generator=torch.Generator().manual_seed(0)).numpy()
    cut = len(order) // 10  # MNIST itself says only what is train and what is test; a tenth of train becomes val
    rows, columns = train.pictures.shape[1:]
    parts = [(train, order[cut:]), (train, order[:cut]), (test, slice(None))]
    splits = [
        Split(_ink(digits.pictures[chosen]), torch.tensor(digits.labels[chosen]).long()) for digits, chosen in parts
    ]
    features = tuple(f"pixel {row},{column}" for row in range(rows) for column in range(columns))
    return Data("mnist", *splits, classes=tuple("0123456789"), features=features, target="digit")


def _ink(pictures: np.ndarray) -> torch.Tensor:
    """(N, rows, columns) uint8 from 0 to 255 -> (N, rows * columns) float32 from 0 to 1."""
    return torch.tensor(pictures).flatten(1).float().div_(255)


def _data(
    name: str,
    x: torch.Tensor,
    y: torch.Tensor,
    parts: list[str],
    *,
    sizes: tuple[int, int, int],
    features: tuple[str, ...],
    target: str,
    classes: tuple[str, ...] = (),
) -> Data:
    """Cut x and y by the name of each row's part; refuse parts of other sizes than the course was written for."""
    found = tuple(parts.count(part) for part in PARTS)
    if found != sizes or len(parts) != sum(sizes):
        raise ValueError(f"it holds {found} rows for train, val and test instead of {sizes}")
    where = {part: torch.tensor([p == part for p in parts]) for part in PARTS}
    train, val, test = (Split(x[where[part]], y[where[part]]) for part in PARTS)
    return Data(name, train, val, test, classes=classes, features=features, target=target)


def _csv(name: str) -> tuple[list[list[str]], list[str]]:
    """Return the rows and the header of a table, as text."""
    with (FOLDER / name).open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return rows, header


_LOADERS: dict[str, Callable[[], Data]] = {"coffee": _coffee, "digits": _digits, "iris": _iris, "spirals": spirals}
