"""Depth and error from 2010 to 2015: the table in data/depth.csv, and the chart of it."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, NamedTuple

import matplotlib.pyplot as plt

from course_lib import style
from course_lib.axes import level
from course_lib.colors import BLUE, ORANGE
from course_lib.datasets import FOLDER
from course_lib.show import says

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Entry(NamedTuple):
    """One entry of the ImageNet challenge.

    Attributes:
        name, year: of the entry.
        layers: with weights, of one net; 0 for what is no net.
        nets: how many nets answered together, 0 where the source does not say.
        error: top-5 error on the test pictures, in percent.
        source: where the number stands.
    """

    name: str
    year: int
    layers: int
    nets: int
    error: float
    source: str


PLACES = {
    "GoogLeNet": (-8, 0, "right", "center"),
    "VGG": (8, 4, "left", "bottom"),
    "ResNet": (-8, 0, "right", "center"),
}
"""Where the words stand, seen from their mark, where the usual place is taken: points to the right and up, and how."""


def depth_table() -> list[Entry]:
    """The rows of data/depth.csv, first year first."""
    with (FOLDER / "depth.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Entry(
            row["name"], int(row["year"]), int(row["layers"]), int(row["nets"]), float(row["top5_error"]), row["source"]
        )
        for row in rows
    ]


def plot_depth(table: list[Entry], human: float) -> Axes:
    """Draws error against year, each entry with its depth; hollow marks where several nets answered together."""
    ax = plt.figure().subplots()
    for entry in table:
        color = BLUE if entry.layers else ORANGE
        face = "white" if entry.nets != 1 and entry.layers else color
        mark = "o" if entry.layers else "s"
        ax.plot(entry.year, entry.error, mark, color=color, markerfacecolor=face, markersize=9 * style.scale())
        words = f"{entry.name}, {entry.layers} layers" if entry.layers else f"{entry.name}, no net"
        dx, dy, ha, va = PLACES.get(entry.name, (8, 2, "left", "bottom"))
        spot = {"xytext": (dx * style.scale(), dy), "textcoords": "offset points", "ha": ha, "va": va}
        ax.annotate(words, (entry.year, entry.error), fontsize="small", **spot)
    level(ax, human, f"a trained\nperson\n{human:g} %")
    ax.set(xlim=(2009.6, 2015.9), ylim=(0, 31), ylabel="top-5 error in %", xticks=range(2010, 2016))
    found = ", ".join(f"{entry.name} {entry.year} {entry.error:g} %" for entry in table)
    return says(ax, f"Top-5 error of entries to the ImageNet challenge: {found}; a trained person {human:g} %.")
