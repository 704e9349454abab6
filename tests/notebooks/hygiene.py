"""What every lesson's notebook keeps to, one rule a function: notebook in, list of findings out (empty is good).

test_hygiene.py runs all rules on all lessons, and shows for each rule a small notebook that breaks it and no other.
"""

import ast
import copy
import re
import tomllib
import warnings
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_lib import tidy
from tests.notebooks.stored_claims import printed
from tests.words import EVERYWHERE, IN_PROSE, findings

QUOTED = Path(__file__).parents[1] / "lessons" / "quoted.toml"  # figures from elsewhere: number = "its source"
TAGS = re.compile(
    r"nbval-check-output|raises-exception|setup|prediction|reveal|explorer|exercise|hint|solution|claim|optional|bare-loop"
    r"|concept:[a-z0-9-]+"
)
SETUP_LINES = 8


def code(nb: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def tree(cell: NotebookNode) -> ast.Module:
    """The cell's code without its magics; a cell that is no Python at all is an empty tree (it fails when run)."""
    lines = [line for line in cell.source.splitlines() if not line.lstrip().startswith(("%", "!"))]
    try:
        return compile("\n".join(lines), cell.id, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError:
        return ast.Module(body=[], type_ignores=[])


def calls(node: ast.AST) -> Iterator[str]:
    """The names of everything called: 'claim', 'course.claim', 'plt.show'."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call):
            yield ast.unparse(call.func)


def stdout(cell: NotebookNode) -> str:
    return "".join(output.text for output in cell.outputs if output.get("name") == "stdout")


def is_tidy(nb):
    return [] if tidy.tidy(nb) == nb else ["not tidy: python -m course_lib.tidy FILE"]


def is_valid(nb):
    try:
        with warnings.catch_warnings(action="ignore"):  # a doubled id is the next rule's affair
            nbformat.validate(copy.deepcopy(nb))  # validate() mends some things by itself
    except nbformat.ValidationError as error:
        return [f"no valid notebook: {error.message}"]
    return []


def ids_are_unique(nb):
    ids = [cell.get("id") for cell in nb.cells]
    return [f"cell id {name!r} stands {ids.count(name)} times" for name in sorted(set(ids)) if ids.count(name) > 1]


def tags_are_known(nb):
    return [f"{cell.id}: unknown tag {tag!r}" for cell in nb.cells for tag in tags(cell) if not TAGS.fullmatch(tag)]


def claims_are_checked(nb):
    loose = [c for c in code(nb) if tidy.CHECKED not in tags(c)]
    return [
        f"{cell.id}: claim() in a cell without the tag {tidy.CHECKED}"
        for cell in loose
        if any(name == "claim" or name.endswith(".claim") for name in calls(tree(cell)))
    ]


def checked_cells_have_a_tick(nb):
    checked = [cell for cell in code(nb) if tidy.CHECKED in tags(cell)]
    return [
        f"{cell.id}: no stored output that begins with ✓; run `course run --store`"
        for cell in checked
        if not stdout(cell).startswith("✓")
    ]


def stored_claims_say_what_the_code_says(nb):
    """Texts and bounds, line by line; whether they are true, only nbval finds out, which runs the notebook."""
    found = []
    for cell in code(nb):
        lines, wanted = stdout(cell).splitlines(), list(printed(tree(cell)))
        if tidy.CHECKED not in tags(cell) or not lines:
            continue
        if len(lines) != len(wanted):
            found.append(f"{cell.id}: {len(wanted)} claims, and {len(lines)} stored lines")
        pairs = zip(lines, wanted, strict=False)
        found += [f"{cell.id}: the code does not claim {line!r}" for line, each in pairs if not each.fullmatch(line)]
    return found


def no_network(nb):
    words = (
        r"https?://|\b(urllib|requests|httpx|aiohttp|ftplib|socket|download\w*|hub\.load)\b|^\s*!\s*(curl|wget|git)\b"
    )
    return _found(nb, words, "reaches for the network")


def no_install(nb):
    return _found(nb, r"\b(pip3?|conda|mamba|uv)\b[^\n]*\binstall\b", "installs a package")


def no_hex_colour(nb):
    return _found(
        nb, r"[\"']#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})[\"']", "hex colour; colours have names"
    )


def no_figure_size(nb):
    return _found(nb, r"\bfigsize\b|\bset_size_inches\b|\bset_figwidth\b|\bset_figheight\b", "sets a figure's size")


def no_pyplot_show(nb):
    return _found(nb, r"\b(plt|pyplot)\.show\b", "plt.show loses the alternative text; use show(fig, alt=...)")


def no_path_of_one_machine(nb):
    return _found(nb, r"[\"'](/home/|/Users/|/tmp/|/root/|[A-Z]:\\)", "a path of one machine")


def _found(nb, pattern, what):
    return [f"{cell.id}: {what}" for cell in code(nb) if re.search(pattern, cell.source, re.MULTILINE)]


def no_top_level_await(nb):
    return [f"{cell.id}: await at top level blocks the explorers" for cell in code(nb) if _awaits(tree(cell))]


def _awaits(node):
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return False
    kinds = ast.Await | ast.AsyncFor | ast.AsyncWith
    return isinstance(node, kinds) or any(_awaits(child) for child in ast.iter_child_nodes(node))


def setup_comes_first(nb):
    """One short set-up cell, the first; course_lib comes before torch, because it sets what torch reads on import."""
    cells = code(nb)
    if not cells:
        return ["no code"]
    first, found = cells[0], []
    if len(first.source.strip().splitlines()) > SETUP_LINES:
        found.append(f"{first.id}: the set-up cell has more than {SETUP_LINES} lines")
    modules = [name.partition(".")[0] for cell in cells for name in imports(tree(cell))]
    if "course_lib" not in modules[: modules.index("torch") if "torch" in modules else None]:
        found.append("course_lib is not imported before torch")
    ready = [cell.id for cell in cells if any(name.endswith("setup") for name in calls(tree(cell)))]
    if ready != [first.id]:
        found.append(f"course.setup() belongs into the first code cell and nowhere else, found in {ready}")
    return found


def imports(node: ast.AST) -> Iterator[str]:
    """Modules imported, in order."""
    for statement in ast.walk(node):
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            yield statement.module or ""


# 93.9 %, 0.06, 1e-5, 32x, 10 times, 1,397; not 2/3, not 64, not a year
NUMBER = r"\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?"
MEASURED = re.compile(
    rf"(?<![\w.])(?:(?P<percent>{NUMBER})\s*(?:\\?,\s*)?(?:\\?%|per ?cent\b)"
    rf"|(?P<factor>{NUMBER})\s*(?:[x×]\b(?!\s*\d)|×|-fold\b|times\b)"
    rf"|(?P<decimal>\d[\d,]*\.\d+(?:e[+-]?\d+)?|\d+e[+-]?\d+|\d{{1,3}}(?:,\d{{3}})+(?![\d.]*\d)))"
)
NOT_PROSE = re.compile(r"```.*?```|`[^`]*`|\]\([^)]*\)|https?://\S+|\barXiv:\S+|\b\d{4}\.\d{4,5}\b", re.DOTALL)


def numbers_in_prose_are_computed(nb, quoted=None):
    """A decimal, percentage, factor or count from 1,000 on in Markdown is a claim's, a setting, or has a source."""
    quoted = quoted_figures() if quoted is None else quoted
    stored = " ".join(stdout(cell) for cell in code(nb) if tidy.CHECKED in tags(cell))
    known = {_value(text) for text in re.findall(NUMBER, stored)} | {_value(text) for text in quoted}
    known |= {abs(number) for cell in code(nb) for number in _literals(tree(cell))}
    found = []
    for cell in nb.cells:
        if cell.cell_type != "markdown":
            continue
        for match in MEASURED.finditer(NOT_PROSE.sub(" ", cell.source)):
            value = _value(match["percent"] or match["factor"] or match["decimal"])
            if value not in known and not (match["percent"] and value / 100 in known):
                found.append(f"{cell.id}: {match[0]!r} is in no claim, no setting and not in {QUOTED.name}")
    return found


def _value(text: str) -> float:
    return float(text.replace(",", "").rstrip("."))


def _literals(node: ast.AST) -> Iterator[float]:
    for constant in ast.walk(node):
        if isinstance(constant, ast.Constant) and type(constant.value) in (int, float):
            yield float(constant.value)


def quoted_figures() -> dict[str, str]:
    """All figures of quoted.toml with their sources, whatever table they stand in."""
    if not QUOTED.exists():
        return {}
    content = tomllib.loads(QUOTED.read_text(encoding="utf-8"))
    tables = [content, *(table for table in content.values() if isinstance(table, dict))]
    return {number: source for table in tables for number, source in table.items() if isinstance(source, str)}


def words_of_the_course(nb):
    """One thing has one word: those of tests/words.py do not stand in prose. In code and in references they may."""
    found = []
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            prose = NOT_PROSE.sub(" ", cell.source.partition("**References.**")[0])
            found += [f"{cell.id}: {what}" for what in findings(prose, EVERYWHERE | IN_PROSE)]
    return found


RULES = [
    is_tidy,
    is_valid,
    ids_are_unique,
    tags_are_known,
    claims_are_checked,
    checked_cells_have_a_tick,
    stored_claims_say_what_the_code_says,
    no_network,
    no_install,
    no_hex_colour,
    no_figure_size,
    no_pyplot_show,
    no_path_of_one_machine,
    no_top_level_await,
    setup_comes_first,
    numbers_in_prose_are_computed,
    words_of_the_course,
]
