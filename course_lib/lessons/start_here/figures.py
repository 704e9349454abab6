"""The still figures of lesson 00: a sheet of digits with the net's mistakes, and two tensors that stretch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from course_lib import style
from course_lib.colors import BLACK, BLUE, GREY, WINE
from course_lib.show import says

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from torch import Tensor


def plot_sheet(x: Tensor, y: Tensor, answers: Tensor) -> Axes:
    """Draws all pictures on one sheet, a row for each digit, and frames those that were read as another one.

    Args:
        x: (B, 64) pictures of 8 x 8 pixels, 0 white to 1 black.
        y: (B,) the digits they are.
        answers: (B,) the digits they were read as; printed beside each frame.
    """
    ax = plt.figure().subplots()
    columns = int(y.bincount().max())
    sheet, wrong = np.zeros((98, 10 * columns - 2)), []  # two white pixels between neighbours
    for digit in range(10):
        for column, i in enumerate((y == digit).nonzero()[:, 0].tolist()):
            down, right = 10 * digit, 10 * column
            sheet[down : down + 8, right : right + 8] = x[i].view(8, 8).numpy()
            if answers[i] != digit:
                wrong.append((digit, int(answers[i])))
                _mistake(ax, right, down, str(int(answers[i])))
    ax.imshow(sheet, cmap="Greys", vmin=0, vmax=1)
    ax.set_yticks(10 * np.arange(10) + 3.5, [str(digit) for digit in range(10)])
    ax.set(xlim=(-3, 10 * columns), ylim=(100, -3), xticks=[], ylabel="the digit it is")
    ax.set_title(f"{len(y) - len(wrong)} of {len(y)} read correctly; the others are framed")
    ax.grid(False)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    named = ", ".join(f"{digit} as {answer}" for digit, answer in wrong)
    return says(ax, f"{len(y)} handwritten digits, a row for each digit. Framed are {len(wrong)}, read as: {named}.")


def _mistake(ax: Axes, right: int, down: int, answer: str) -> None:
    """A frame around the picture that begins there, and on its corner the digit it was read as."""
    ax.add_patch(
        Rectangle((right - 1.5, down - 1.5), 10, 10, fill=False, color=WINE, linewidth=2 * style.scale(), zorder=3)
    )
    box = {"boxstyle": "round,pad=0.12", "facecolor": WINE, "edgecolor": "none"}
    look = {"color": "white", "weight": "bold", "fontsize": "x-small", "ha": "center", "va": "center", "zorder": 4}
    ax.text(right + 8.2, down - 1.2, answer, bbox=box, **look)


def plot_broadcast(row: Tensor, column: Tensor) -> Axes:
    """Draws how a row (C,) and a column (R, 1) are stretched to one size before they are added.

    Args:
        row: (C,).
        column: (R, 1).
    """
    total = row + column  # (R, C)
    width, height = plt.rcParams["figure.figsize"]
    axes = plt.figure(figsize=(width, 0.72 * height)).subplots(1, 3)
    rows, columns = total.shape
    parts = (
        (row.expand(rows, columns), lambda r, c: r == 0, f"row {tuple(row.shape)}\nrepeated downwards"),
        (column.expand(rows, columns), lambda r, c: c == 0, f"column {tuple(column.shape)}\nrepeated to the right"),
        (total, lambda r, c: True, f"row + column\n{tuple(total.shape)}"),
    )
    for ax, (values, own, title), sign in zip(axes, parts, ("+", "=", ""), strict=True):
        for (r, c), value in np.ndenumerate(values.numpy()):
            _cell(ax, r, c, f"{value:g}", own=own(r, c), last=sign == "")
        ax.set(xlim=(-0.6, columns - 0.4), ylim=(rows - 0.4, -0.6), aspect="equal")
        ax.set_title(title, fontsize="medium", loc="center")
        ax.axis("off")
        ax.annotate(sign, (1.08, 0.5), xycoords="axes fraction", ha="center", va="center", fontsize="xx-large")
    words = f"A row of {columns} numbers is repeated {rows} times downwards, a column of {rows} numbers {columns} times"
    return says(axes[0], f"{words} to the right; their sum has the shape {tuple(total.shape)}.")


def _cell(ax: Axes, r: int, c: int, words: str, *, own: bool, last: bool) -> None:
    """One number in its square: solid and bold where it is in memory, dashed and grey where it is a copy."""
    look = {"edgecolor": BLUE if last else BLACK} if own else {"edgecolor": GREY, "linestyle": "--"}
    width = (2 if own else 1) * style.scale()
    ax.add_patch(Rectangle((c - 0.44, r - 0.44), 0.88, 0.88, facecolor="white", linewidth=width, **look))
    color, weight = (BLACK, "bold") if own else (GREY, "normal")
    ax.text(c, r, words, ha="center", va="center", color=color, weight=weight)
