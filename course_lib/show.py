"""The one way a lesson shows a still figure, so that every figure has alternative text.

Why HTML: of the ways to show a figure, only an ``<img alt>`` in an HTML output keeps its alternative text in
JupyterLab, nbconvert and myst-nb alike.
"""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CSS_DPI = 100


def show(figure: Figure | Axes, *, alt: str | None = None) -> None:
    """Displays a figure with alternative text, and closes it.

    Args:
        figure: a figure or one of its axes.
        alt: what is to be seen, in words, computed where it holds numbers. A function that draws may say it itself with
            `says`: then the cell above the figure does not give away what the learner is about to see.

    Raises:
        TypeError: something that is neither a figure nor axes.
        ValueError: no alternative text.
    """
    import matplotlib.pyplot as plt
    from IPython.display import display
    from matplotlib.artist import Artist

    if not isinstance(figure, Artist) or figure.get_figure(root=True) is None:
        raise TypeError(f"show() takes a figure or axes, got {type(figure).__name__}")
    figure = figure.get_figure(root=True)
    alt = figure.get_label() if alt is None else alt
    if not isinstance(alt, str) or len(alt.split()) < 4:
        raise ValueError(f"alt says in a sentence what is to be seen, got {alt!r}")
    alt = minus(alt)
    file = io.BytesIO()
    figure.savefig(file, format="png")
    plt.close(figure)  # a pyplot figure left open would be shown a second time by the inline backend
    picture = img(file.getvalue(), alt=alt, inches=figure.get_size_inches())
    display({"text/html": picture, "text/plain": f"[figure] {alt}"}, raw=True)


def says(ax: Axes, words: str) -> Axes:
    """Writes down, on the figure itself, what is to be seen in it; `show` takes that as the alternative text.

    Args:
        ax: any axes of the figure.
        words: a sentence, with the numbers that were drawn.
    """
    ax.get_figure(root=True).set_label(words)
    return ax


def minus(words: str) -> str:
    """Puts a minus before negative numbers: a hyphen is shorter, may end a line, and is passed over when read aloud.

    >>> minus("from -1 to 1e-07, a well-known range")
    'from −1 to 1e-07, a well-known range'
    """
    return re.sub(r"(?<![\w.)\]])-(?=\d)", "−", words)


def img(png: bytes, *, alt: str, inches: Iterable[float], grey: bool = False) -> str:
    """An HTML image that carries its own data and its alternative text.

    Args:
        png: the encoded picture.
        alt: what is to be seen.
        inches: width and height; an inch is shown as 100 CSS pixels, however many dots the picture has.
        grey: faded, for a picture that is out of date.
    """
    width, height = (round(length * CSS_DPI) for length in inches)
    faded = ";opacity:.35" if grey else ""
    data = base64.b64encode(png).decode()
    return (
        f'<img alt="{html.escape(alt, quote=True)}" width="{width}" height="{height}" '
        f'style="max-width:100%;height:auto{faded}" src="data:image/png;base64,{data}">'
    )
