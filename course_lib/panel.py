"""The look of what predictions and exercises say: a border, a symbol, a word, then sentences.

Theme-neutral (JupyterLab light and dark, static pages) and sized in em, so that the large mode enlarges it. The symbol
and the word carry the meaning; the colour of the border only repeats it.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from course_lib.style import scale, text_size

TONES = {
    "ask": "var(--jp-brand-color1, #0072B2)",
    "good": "var(--jp-success-color1, #117733)",
    "retry": "var(--jp-warn-color1, #B45309)",
    "error": "var(--jp-error-color1, #882255)",
    "neutral": "var(--jp-border-color0, #8c8c8c)",
}


class Code(str):
    """A text shown line by line in a fixed-width font."""


@dataclass(frozen=True)
class Panel:
    """Something said to the learner, displayable as HTML and as plain text.

    Attributes:
        symbol: one character.
        word: one to three words, shown bold beside the symbol.
        parts: paragraphs (`backticks` mark code) and `Code` blocks.
        tone: one of TONES.
    """

    symbol: str
    word: str
    parts: tuple[str, ...]
    tone: str = "neutral"

    def html(self, *, sized: bool = False) -> str:
        """As one HTML element without scripts or classes of its own.

        Args:
            sized: what it stands in sets the text size already; else it is larger in the large mode.
        """
        size = "" if sized or scale() == 1 else f";font-size:{text_size()}"
        head = f'<span aria-hidden="true">{html.escape(self.symbol)}</span> <b>{html.escape(self.word)}</b>'
        body = "".join(f'<div style="margin-top:.35em">{prose(part)}</div>' for part in self.parts)
        style = f"border-left:.25em solid {TONES[self.tone]};padding:.15em 0 .15em .9em;margin:.5em 0;max-width:44em"
        return f'<div class="course-panel" style="{style}{size};line-height:1.45"><div>{head}</div>{body}</div>'

    def __str__(self) -> str:
        """As plain text, for terminals, nbval and screen readers."""
        parts = [_indent(part) if isinstance(part, Code) else part for part in self.parts]
        return "\n".join([f"{self.symbol} {self.word}", *parts])

    __repr__ = __str__

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": str(self)}


def prose(text: str) -> str:
    """HTML of a paragraph, or of a `Code` block; blank lines part paragraphs, backticks mark code.

    No line ends between a number and its %.
    """
    if isinstance(text, Code):
        style = "margin:.2em 0;padding:.4em .7em;background:var(--jp-layout-color2, rgba(128,128,128,.12))"
        return f'<pre style="{style};overflow-x:auto;color:inherit;font-size:.95em">{html.escape(text)}</pre>'
    paragraphs = [_inline(each) for each in re.split(r"\n\s*\n", text.strip())]
    return '<div style="margin-top:.35em">'.join(paragraphs) + "</div>" * (len(paragraphs) - 1)


def _inline(text: str) -> str:
    parts = re.split(r"`([^`]+)`", html.escape(text, quote=False))  # every second one is code, to be copied as it is
    return "".join(f"<code>{part}</code>" if k % 2 else part.replace(" %", "\u00a0%") for k, part in enumerate(parts))


def _indent(text: str) -> str:
    return "\n".join("    " + line for line in text.splitlines())
