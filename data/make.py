"""Make the files of this folder again: ``python data/make.py [folder]``.

Needs scikit-learn, which carries Iris and the digits; the course itself does not need it. Prints the sha256 of each
file, for README.md.
"""

import csv
import hashlib
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits, load_iris

from course_lib.datasets import PARTS, coffee_table

SEED = 0


def parts(labels: np.ndarray, val: int, test: int, random: np.random.Generator) -> np.ndarray:
    """Return 0 (train), 1 (val) or 2 (test) for each row: ``val`` and ``test`` rows of every class, drawn at random."""
    part = np.zeros(len(labels), dtype=np.uint8)
    for label in np.unique(labels):
        rows = random.permutation(np.flatnonzero(labels == label))
        part[rows[:val]], part[rows[val : val + test]] = 1, 2
    return part


def make_iris(folder: Path) -> Path:
    """Write 150 flowers in a random order, 35 + 8 + 7 of every species."""
    iris, random = load_iris(), np.random.default_rng(SEED)
    part = parts(iris.target, 8, 7, random)
    header = ("sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm", "species", "split")
    rows = [
        (*(f"{value:.1f}" for value in iris.data[row]), str(iris.target_names[iris.target[row]]), PARTS[part[row]])
        for row in random.permutation(len(iris.target))
    ]
    return write_csv(folder / "iris.csv", header, rows)


def make_digits(folder: Path) -> Path:
    """Write 1797 pictures of 8 x 8 pixels as whole numbers from 0 to 16, 20 of every digit in val and 20 in test."""
    digits = load_digits()
    part = parts(digits.target, 20, 20, np.random.default_rng(SEED))
    path = folder / "digits.npz"
    np.savez_compressed(path, x=digits.data.astype(np.uint8), y=digits.target.astype(np.uint8), part=part)
    return path


def make_coffee(folder: Path) -> Path:
    """Write the 200 measurements that ``coffee_table`` computes."""
    return write_csv(folder / "coffee.csv", ("hour", "litres", "split"), coffee_table(SEED))


def write_csv(path: Path, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> Path:
    """Write a table with line ends that are the same on every system, so that its sha256 is too."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return path


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for path in (make_coffee(where), make_digits(where), make_iris(where)):
        print(hashlib.sha256(path.read_bytes()).hexdigest(), path.name)
