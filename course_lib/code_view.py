"""Code to unfold below a picture: what a learner reads is what ran."""

from __future__ import annotations

import ast
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
    code = "\n\n".join(_source(function) for function in functions)
    look = "margin:.3em 0;padding:.6em .8em;background:var(--jp-cell-editor-background,#f5f5f5);overflow-x:auto"
    return (
        f'<details class="course-code"><summary style="cursor:pointer">{html.escape(title)}</summary>'
        f'<pre style="{look};line-height:1.4">{_coloured(code)}</pre></details>'
    )


def _source(function: Callable) -> str:
    """What runs, with the first line of its docstring: the rest is for readers of the file."""
    code = textwrap.dedent(inspect.getsource(function)).strip()
    lines, body = code.splitlines(), ast.parse(code).body[0].body
    if ast.get_docstring(ast.parse(code).body[0]) and len(body) > 1:
        first, last = body[0].lineno - 1, body[0].end_lineno
        if last - first > 1:
            lines[first:last] = [lines[first] + '"""']
    return "\n".join(lines)


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
