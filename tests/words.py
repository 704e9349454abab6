"""Words that the course does not use, each with the one that stands in its place: one thing has one name everywhere.

The rule ``words_of_the_course`` of notebooks/hygiene.py reads the lessons' prose by these lists, test_words.py what
course_lib says to a learner.
"""

import re

# what is not written: what is written in its place
EVERYWHERE = {
    r"\btrain mode\b": "training mode",
    r"\beval mode\b": "evaluation mode",
    r"\bstep sizes?\b": "rate, or learning rate",
    r"\bneurons?\b": "unit",
    r"\bcost functions?\b": "loss",
    r"\bimages?\b": "picture",
    r"\bval (?:pictures|digits|flowers|set)\b": "validation",
    r"\bNaN\b": "nan, as PyTorch prints it",
    r"\b\d+ x \d+\b": "×",
    r"\d%": "a space before %",
    r"\b(?:simply|obviously)\b": "nothing",
    r"\brightly\b": "correctly, or right",
    r"\bfirst (?:weights|loss)\b": "initial: the first is that of layer 1",
    r"\b(?:stands?|comes?|one) behind (?:the|each|a|layer)\b": "after, where it is the order of layers",
    r"\b\d+ o'clock\b": "13:00",
}
# These are names in code, too (color=, optimizer=), so they count only where code is left out.
IN_PROSE = {
    r"\b\d+ by \d+\b": "×",
    r"\*\*For experts\b": "**Optional, for experts.**",
    r"\b(?:gray|labeled|modeling|(?:color|behavior|neighbor|favor|center)\w*)\b": "the British spelling",
    r"\b(?:normali|standardi|initiali|generali|optimi|regulari|memori|recogni|visuali)z\w*": "the British spelling",
}


def findings(text: str, words: dict[str, str]) -> list[str]:
    """What of ``words`` stands in ``text``, each with what is written in its place."""
    found = [(match[0], use) for word, use in words.items() for match in re.finditer(word, text)]
    return [f"{word!r}: the course writes {use}" for word, use in found]
