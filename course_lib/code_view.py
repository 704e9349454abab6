"""Code to unfold below a picture: what a learner reads is what ran."""

from __future__ import annotations

import html
import inspect
import textwrap
from collections.abc import Callable


def code_view(*functions: Callable, title: str = "The code behind this picture") -> str:
    """HTML that unfolds the source of the functions, coloured like JupyterLab's own editor.

    Args:
        functions: whose source to show, in this order.
        title: what stands beside the little triangle.

    Returns:
        A ``<details>`` element; the colours are JupyterLab's variables, so light and dark themes both work.
    """
    code = "\n\n".join(textwrap.dedent(inspect.getsource(function)).strip() for function in functions)
    look = "margin:.3em 0;padding:.6em .8em;background:var(--jp-cell-editor-background,#f5f5f5);overflow-x:auto"
    return (
        f'<details class="course-code"><summary style="cursor:pointer">{html.escape(title)}</summary>'
        f'<pre style="{look};line-height:1.4">{_coloured(code)}</pre></details>'
    )


def _coloured(code: str) -> str:
    from pygments import lex
    from pygments.lexers import PythonLexer
    from pygments.token import Token

    kinds = (
        (Token.Comment, "comment"),
        (Token.Literal.String, "string"),
        (Token.String, "string"),
        (Token.Number, "number"),
        (Token.Literal.Number, "number"),
        (Token.Keyword, "keyword"),
        (Token.Operator.Word, "keyword"),
    )
    parts = []
    for token, text in lex(code, PythonLexer()):
        name = next((name for kind, name in kinds if token in kind), "")
        text = html.escape(text)
        parts.append(f'<span style="color:var(--jp-mirror-editor-{name}-color)">{text}</span>' if name else text)
    return "".join(parts)
