"""The table reads well as text and as HTML, also where names need escaping and nets are large."""

import re

import torch
from torch import nn

import course_lib as course
from course_lib.nets import LeNet5, resnet152
from course_lib.summary import summary


def test_text_has_straight_columns_and_whole_numbers():
    lines = repr(summary(LeNet5(), (1, 32, 32))).splitlines()
    assert lines[0].split() == ["layer", "kind", "output", "parameters", "multiply-adds"]
    assert lines[2].split() == ["conv1", "Conv2d", *"1 × 6 × 28 × 28".split(), "156", "117,600"]
    assert lines[-2].split() == ["total", "61,706", "416,520"]
    assert {len(line) for line in lines[:-1]} == {len(lines[0])}
    assert lines[-1] == "Input 1 × 1 × 32 × 32, the batch first."


def test_html_has_the_same_cells_and_no_colour_of_its_own():
    found = summary(LeNet5(), (1, 32, 32))
    page = found._repr_html_()
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", page)
    assert len(cells) == 5 * (len(found.rows) + 1)
    assert cells[:5] == ["conv1", "Conv2d", "1 × 6 × 28 × 28", "156", "117,600"]
    assert cells[-2:] == ["61,706", "416,520"]
    assert page.count("text-align:right") == 2 * (len(found.rows) + 2)
    assert not re.search(r"#[0-9a-f]{3}|rgb", page)


def test_names_are_escaped():
    net = nn.ModuleDict({"<b>": nn.Linear(4, 2)})
    net.forward = lambda x: net["<b>"](x)
    page = summary(net, (4,))._repr_html_()
    assert "&lt;b&gt;" in page and "<b>" not in page


def test_large_numbers_are_said_in_words_and_long_lists_cut():
    with torch.device("meta"):
        assert "(11.51 billion)" in repr(summary(resnet152(), (3, 224, 224)))
    many = nn.Sequential(*(nn.MultiheadAttention(4, 2) for _ in range(9)))
    many.forward = lambda x: x
    assert repr(summary(many, (3, 4))).endswith("0, 1, 2, 3, 4, 5 and 3 more.")


def test_the_large_mode_is_respected():
    found = summary(nn.Linear(4, 2), (4,))
    assert "font-size:var(--jp-content-font-size1, 14px)" in found._repr_html_()
    course.setup(lecture=True)
    try:
        assert "font-size:max(22px, var(--jp-content-font-size1, 14px))" in found._repr_html_()
    finally:
        course.setup()
