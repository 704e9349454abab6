"""Every lesson keeps to every rule, and every rule finds a small notebook that breaks it."""

from collections.abc import Callable

import nbformat
import pytest
from nbformat import NotebookNode

from course_lib import tidy
from course_lib.commands.checkout import ROOT
from tests.notebooks import hygiene

LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SETUP = "import course_lib as course\nimport torch\ncourse.setup(seed=0)"


@pytest.mark.parametrize("rule", hygiene.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_keeps_to_the_rule(path, rule):
    assert rule(tidy.read(path)) == []


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_is_stored_byte_for_byte_as_tidy_writes_it(path):
    assert path.read_bytes() == tidy.text(tidy.tidy(tidy.read(path))).encode()


def test_every_quoted_figure_names_its_source():
    quoted = hygiene.quoted_figures()
    assert all(len(source.split()) >= 2 for source in quoted.values()), quoted


def good() -> NotebookNode:
    """A notebook that keeps to every rule."""
    claim = nbformat.v4.new_code_cell('claim("The net reads most digits", right, above=0.8)', id="claim")
    claim.metadata.tags = [tidy.CHECKED, "claim"]
    claim.outputs = [nbformat.v4.new_output("stream", text="✓ The net reads most digits: above 0.8\n")]
    prose = "# A lesson\n\nMore than 80 % are right at a rate of 0.1, see `x[0.123]` and [here](a.html#0.456), 3 in 64."
    cells = [
        nbformat.v4.new_markdown_cell(prose, id="title"),
        nbformat.v4.new_code_cell(SETUP, id="setup"),
        nbformat.v4.new_code_cell("run = course.fit(net, iris, lr=0.1)", id="fit", metadata={"tags": ["explorer"]}),
        claim,
    ]
    return tidy.tidy(nbformat.v4.new_notebook(cells=cells))


def test_a_good_notebook_breaks_no_rule():
    assert [finding for rule in hygiene.RULES for finding in rule(good())] == []


def source(text: str, place: int = 2) -> Callable[[NotebookNode], None]:
    def change(nb):
        nb.cells[place].source = text

    return change


def tag(*tags: str, place: int = 2) -> Callable[[NotebookNode], None]:
    def change(nb):
        nb.cells[place].metadata.tags = sorted(tags)

    return change


def output(nb):
    nb.cells[2].outputs = [nbformat.v4.new_output("stream", text="80\n")]


def no_stored_claim(nb):
    nb.cells[3].outputs = []


def another_bound(nb):
    nb.cells[3].outputs[0].text = "✓ The net reads most digits: above 0.9\n"


def another_text(nb):
    nb.cells[3].outputs[0].text = "✓ The net reads all digits: above 0.8\n"


def claim_twice(nb):
    nb.cells[3].source += "\nclaim('There are ten digits', 10, equals=10)"


def same_id(nb):
    nb.cells[2].id = "setup"


def bad_id(nb):
    nb.cells[2].id = "two words"


def kernel_of_one_machine(nb):
    nb.metadata.kernelspec.name = "my-env"


def long_setup(nb):
    nb.cells[1].source = SETUP + "\nx = 1" * 6


# name: (what is done to the good notebook, the only rules that may and must notice)
BAD = {
    "output left in": (output, "is_tidy"),
    "kernel of one machine": (kernel_of_one_machine, "is_tidy"),
    "id twice": (same_id, "ids_are_unique"),
    "id that is none": (bad_id, "is_valid"),
    "unknown tag": (tag("my-tag"), "tags_are_known"),
    "claim without a tag": (source('claim("x", 0.1, above=0)'), "claims_are_checked"),
    "course.claim without a tag": (source('course.claim("x", 0.1, above=0)'), "claims_are_checked"),
    "claim never stored": (no_stored_claim, "checked_cells_have_a_tick"),
    "stored bound that is another": (another_bound, "stored_claims_say_what_the_code_says"),
    "stored text that is another": (another_text, "stored_claims_say_what_the_code_says"),
    "claim that was not stored with the others": (claim_twice, "stored_claims_say_what_the_code_says"),
    "download": (source("urllib.request.urlretrieve(address)\nlr = 0.1"), "no_network"),
    "address": (source('read("https://example.org")\nlr = 0.1'), "no_network"),
    "shell download": (source("!curl example.org\nlr = 0.1"), "no_network"),
    "pip": (source("%pip install skorch\nlr = 0.1"), "no_install"),
    "shell pip": (source("!python -m pip install skorch\nlr = 0.1"), "no_install"),
    "hex colour": (source('ax.plot(x, color="#0072B2")\nlr = 0.1'), "no_hex_colour"),
    "figure size": (source("plt.figure(figsize=(8, 8))\nlr = 0.1"), "no_figure_size"),
    "plt.show": (source("plt.show()\nlr = 0.1"), "no_pyplot_show"),
    "path of one machine": (source('open("/home/ada/iris.csv")\nlr = 0.1'), "no_path_of_one_machine"),
    "await": (source("await event.wait()\nlr = 0.1"), "no_top_level_await"),
    "async for": (source("async for x in stream:\n    print(x)\nlr = 0.1"), "no_top_level_await"),
    "long set-up": (long_setup, "setup_comes_first"),
    "torch first": (
        source(
            SETUP.replace("import course_lib as course\nimport torch", "import torch\nimport course_lib as course"), 1
        ),
        "setup_comes_first",
    ),
    "no set-up": (source("import course_lib as course", 1), "setup_comes_first"),
    "set-up twice": (source("course.setup(seed=1)\nlr = 0.1"), "setup_comes_first"),
    "measured decimal": (source("The loss is 0.43 now.", 0), "numbers_in_prose_are_computed"),
    "measured share": (source("It reads 93 % of them.", 0), "numbers_in_prose_are_computed"),
    "measured share in LaTeX": (source(r"It reads $93\,\%$ of them.", 0), "numbers_in_prose_are_computed"),
    "measured factor": (source("That is 32x faster.", 0), "numbers_in_prose_are_computed"),
    "measured count": (source("It reads 1,732 of them.", 0), "numbers_in_prose_are_computed"),
    "measured power": (source("The gradient is 1e-7 there.", 0), "numbers_in_prose_are_computed"),
    "another word for it": (source("Its train mode costs nothing.", 0), "words_of_the_course"),
    "American spelling": (source("Each gray point is a net.", 0), "words_of_the_course"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_notebook_is_found(name):
    change, rules = BAD[name]
    nb = good()
    change(nb)
    noticed = [rule.__name__ for rule in hygiene.RULES if rule(nb)]
    assert sorted(noticed) == sorted(rules.split())


def test_every_rule_is_shown_to_find_something():
    assert {rule.__name__ for rule in hygiene.RULES} == {rule for _, rules in BAD.values() for rule in rules.split()}


@pytest.mark.parametrize(
    ("code", "line", "fits"),
    [
        (
            'claim(f"The mean has {rmse:.2f}", x, between=(1, 2), unit="litres")',
            "The mean has 1.24: between 1 and 2 litres",
            True,
        ),
        (
            'claim(f"The mean has {rmse:.2f}", x, between=(1, 2), unit="litres")',
            "The mean had 1.24: between 1 and 2 litres",
            False,
        ),
        ("course.claim(text, x, below=-0.5)", "Whatever text holds: below -0.5", True),
        ("course.claim(text, x, below=-0.5)", "Whatever text holds: below 0.5", False),
        ('claim("Lowest", f"{lowest:.4f}", equals="1.4612")', "Lowest: 1.4612", True),
        ('claim("Lowest", f"{lowest:.4f}", equals="1.4612")', "Lowest: 1.4621", False),
        ('claim("Gets a gradient", x, equals=True)', "Gets a gradient: yes", True),
        ('claim("Gets a gradient", x, equals=True)', "Gets a gradient: no", False),
        ('claim("Zeros", x, equals=zeros)', "Zeros: (8, 41)", True),  # no literal: only nbval can tell
    ],
)
def test_a_stored_line_is_held_against_the_code(code, line, fits):
    nb = good()
    nb.cells[3].source, nb.cells[3].outputs[0].text = code, f"✓ {line}\n"
    assert (hygiene.stored_claims_say_what_the_code_says(nb) == []) is fits


def test_await_inside_a_function_is_no_finding():
    nb = good()
    nb.cells[2].source = "async def wait():\n    await event.wait()\n    return 0.1"
    assert hygiene.no_top_level_await(nb) == []


def test_a_quoted_figure_may_stand_in_prose():
    nb = good()
    nb.cells[0].source = "Their net had an error of 15.3 %."
    assert hygiene.numbers_in_prose_are_computed(nb, {"15.3": "Krizhevsky 2012, abstract"}) == []
    assert hygiene.numbers_in_prose_are_computed(nb, {}) != []
