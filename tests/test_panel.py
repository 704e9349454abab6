"""What is said to the learner: the same words in HTML and in plain text, and markup is shown, never run."""

from html.parser import HTMLParser

import pytest

from course_lib.panel import TONES, Code, Panel, prose


class Words(HTMLParser):
    """Text of an HTML document, and whether every element is closed."""

    def __init__(self, source):
        super().__init__()
        self.text, self.open = "", []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_html_and_plain_text_say_the_same():
    panel = Panel("✓", "Correct", ("One `step`.\n\nAnother, with a < b.", Code("x = 1\n    y < 2")), "good")
    bundle = panel._repr_mimebundle_()
    words = Words(bundle["text/html"])
    assert words.open == []
    for said in ("✓", "Correct", "step", "Another, with a < b.", "x = 1\n    y < 2"):
        assert said in words.text
        assert said.splitlines()[0] in bundle["text/plain"]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "`<b>`", "a & b"])
@pytest.mark.parametrize("sort", [str, Code])
def test_markup_is_shown_and_not_run(text, sort):
    words = Words(prose(sort(text)))
    assert words.text == (text if sort is Code else text.replace("`", ""))


def test_no_line_ends_before_a_percent_sign_and_code_can_be_copied():
    words = Words(prose("You said 60 %, it is 7 % 2: `7 % 2`. Score: 50 %."))
    assert words.text == "You said 60\u00a0%, it is 7\u00a0% 2: 7 % 2. Score: 50\u00a0%."


def test_every_tone_has_a_colour_without_jupyterlab():
    for tone, colour in TONES.items():
        assert "#" in Panel("?", "Ask", ("x",), tone).html(), tone
        assert colour.startswith("var(--jp-"), tone
