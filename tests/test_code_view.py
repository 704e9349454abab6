"""The code that unfolds below a picture is the code that runs."""

import re

from course_lib.code_view import code_view


def shown(a, b):
    # smaller & larger
    return "<" if a < b else ">"


def test_source_is_complete_and_escaped():
    html = code_view(shown)
    text = (
        re.sub(r"<[^>]+>", "", html)
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
        .replace("&quot;", '"')
    )
    assert 'return "<" if a < b else ">"' in text and "# smaller & larger" in text
    assert html.startswith("<details") and html.endswith("</details>")


def long(a):
    """Says what it does.

    Args:
        a: not shown.
    """
    return a + 1


def test_of_a_docstring_the_first_line_is_shown():
    text = re.sub(r"<[^>]+>", "", code_view(long)).replace("&quot;", '"')
    assert '"""Says what it does."""\n    return a + 1' in text and "not shown" not in text


def test_colours_follow_the_theme():
    html = code_view(shown)
    assert "var(--jp-mirror-editor-keyword-color)" in html and "var(--jp-mirror-editor-comment-color)" in html
    assert not re.search(r"color:#", html.replace("var(--jp-cell-editor-background,#f5f5f5)", ""))
