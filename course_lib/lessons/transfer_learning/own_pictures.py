"""What a net calls pictures, drawn: each picture as the net sees it, with the name and the score."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from course_lib.guesses import Guess, Guesses
from course_lib.lessons.transfer_learning.small_table import lines_html
from course_lib.pictures import LooseFiles
from course_lib.show import img
from course_lib.style import in_house_style, inches, text_size

if TYPE_CHECKING:
    import os

    from matplotlib.figure import Figure

    from course_lib.backbone import Backbone
    from course_lib.heads import FineTuned, Head
    from course_lib.run import Run

COLUMNS, MOST = 4, 12  # pictures in a row, and in a figure
_LINES = 20  # guesses in words
_LONG = 17  # characters of a file's name below a picture


@dataclass(frozen=True, repr=False)
class Answers:
    """What a net calls some pictures; a notebook shows a figure and the words.

    Attributes:
        guesses: one for each picture that could be read; ``guesses.skipped`` names the others.
        squares: (N, C, S, S) uint8, the first pictures as the net sees them: the middle, cut square.
        classes: the names that the net knows.
        truths: how somebody labelled the pictures; empty where nobody did.
        opening: a sentence above the figure.
    """

    guesses: Guesses
    squares: Tensor
    classes: tuple[str, ...]
    truths: tuple[str, ...] = ()
    opening: str = ""

    @property
    def skipped(self) -> list[tuple[os.PathLike[str], str]]:
        """Pairs (path, why)."""
        return self.guesses.skipped

    @property
    def alt(self) -> str:
        """What the figure shows, in words."""
        shown = "; ".join(self._said(k) for k in range(len(self.squares)))
        return f"{len(self.squares)} of {len(self.guesses)} pictures with what the net calls them: {shown}."

    def lines(self, first: int = 0) -> tuple[str, ...]:
        """The guesses from the ``first`` on, the files that were skipped, and what a score is not."""
        told = [self._said(k) for k in range(first, min(len(self.guesses), _LINES))]
        more = [f"and {left} more, in .guesses"] if (left := len(self.guesses) - _LINES) > 0 else []
        skipped = [f"{path.name}: skipped, {why}" for path, why in self.skipped]
        return (*told, *more, *skipped, *([_a_score(self.classes)] if self.guesses else []))

    def figure(self) -> Figure:
        """The pictures in rows of four."""
        from matplotlib.figure import Figure

        with in_house_style():
            columns = min(COLUMNS, max(2, len(self.squares)))  # in one alone, a long name would have no room
            rows = -(-len(self.squares) // columns)
            figure = Figure(figsize=inches(1.6 * columns, 2.05 * rows))
            axes = figure.subplots(rows, columns, squeeze=False).ravel()
            for ax in axes:
                ax.axis("off")
            for k, (ax, square) in enumerate(zip(axes, self.squares, strict=False)):
                ax.imshow(square.permute(1, 2, 0).numpy(), interpolation="antialiased")
                _write(ax, self.guesses[k], self.truths[k] if self.truths else None)
        return figure

    def __repr__(self) -> str:
        head = [f"[figure] {self.alt}"] if len(self.squares) else []
        return "\n".join([*self._opening, *head, *self.lines()])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        picture = ""
        if len(self.squares):
            figure, file = self.figure(), io.BytesIO()
            with in_house_style():
                figure.savefig(file, format="png")
            picture = img(file.getvalue(), alt=self.alt, inches=figure.get_size_inches())
        size = f"font-size:{text_size()}"
        words = lines_html(self._opening) + picture + lines_html(self.lines(len(self.squares)))
        html = f'<div style="{size};line-height:1.45;max-width:48em">{words}</div>'
        return {"text/html": html, "text/plain": repr(self)}

    @property
    def _opening(self) -> tuple[str, ...]:
        return (self.opening,) if self.opening else ()

    def _said(self, k: int) -> str:
        file, name, score = self.guesses[k]
        labelled = f", labelled {self.truths[k]}" if self.truths else ""
        return f"{file}: {name}, score {score_words(score)}{labelled}"


def answers(
    backbone: Backbone,
    run: Run | Head | FineTuned,
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    truths: Sequence[str] = (),
    opening: str = "",
) -> Answers:
    """Return what a net calls the pictures at ``paths``: one, several, or a folder of them.

    Files that cannot be read are named and skipped, all of them where it must be.

    Args:
        backbone: the net.
        run: what ``backbone.train_head`` or ``backbone.fine_tune`` gave.
        paths: of pictures without known classes.
        truths: a label for each path, where somebody gave one and every file can be read.
        opening: a sentence above the figure.

    Raises:
        ValueError: there is no file in ``paths``.
    """
    loose, told, squares = LooseFiles(paths), [], []
    for files, x, _ in loose.batches(size=backbone.size, channels=backbone.channels, batch_size=32):
        for path, guess in zip(files, backbone.predict(x, run), strict=True):
            told.append(guess._replace(file=path.name))
        squares += list(x)[: max(0, MOST - len(squares))]
    classes = getattr(run, "model", run).classes
    shown = torch.stack(squares) if squares else torch.empty(0, backbone.channels, 1, 1, dtype=torch.uint8)
    return Answers(Guesses(told, loose.skipped), shown, classes, tuple(truths), opening)


def score_words(score: float) -> str:
    """Two decimals; never 1.00, which reads as if the net were certain."""
    return "above 0.99" if score >= 0.995 else f"{score:.2f}"


def _a_score(classes: tuple[str, ...]) -> str:
    names = ", ".join(f'"{name}"' for name in classes[:-1]) + f' or "{classes[-1]}"'
    return (
        f"A score compares the names that this head knows, and is no probability until somebody has calibrated it. "
        f"A photo of anything else is called {names}, too."
    )


def _write(ax: object, guess: Guess, truth: str | None) -> None:
    """The name and the score above a picture, its file or its label below."""
    said = f"{_short(guess.name, 12)} {score_words(guess.score).replace('above ', '> ')}"
    below = _short(guess.file) if truth is None else f"labelled {_short(truth, 12)}"
    ax.set_title(said, loc="left", fontsize="medium")
    words = ax.text(0, -0.03, below, transform=ax.transAxes, va="top", fontsize="small", color="0.35")
    words.set_in_layout(False)  # a long name would make all pictures small


def _short(name: str, most: int = _LONG) -> str:
    return name if len(name) <= most else f"{name[: most // 2]}…{name[1 - most + most // 2 :]}"
