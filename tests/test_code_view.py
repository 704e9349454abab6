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


def test_colours_follow_the_theme():
    html = code_view(shown)
    assert "var(--jp-mirror-editor-keyword-color)" in html and "var(--jp-mirror-editor-comment-color)" in html
    assert not re.search(r"color:#", html.replace("var(--jp-cell-editor-background,#f5f5f5)", ""))
