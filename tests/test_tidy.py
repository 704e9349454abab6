"""tidy: one stored form for every notebook."""

import copy
import json

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib import tidy

# Plain dicts: nbformat's own makers validate every piece, a hundred times slower, and refuse what tidy has to mend.
TAGS = st.lists(st.sampled_from(["exercise", "concept:step-size", tidy.CHECKED, "setup"]), max_size=4)
TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=20)
METADATA = st.one_of(st.just({"editable": False}), TAGS.map(lambda tags: {"tags": tags, "collapsed": True}))
COUNT = st.one_of(st.none(), st.integers(1, 99))
STREAM = st.fixed_dictionaries(
    {"output_type": st.just("stream"), "name": st.sampled_from(["stdout", "stderr"]), "text": TEXT}
)
RESULT = st.fixed_dictionaries(
    {
        "output_type": st.just("execute_result"),
        "data": TEXT.map(lambda text: {"text/plain": text}),
        "execution_count": COUNT,
        "metadata": st.just({"isolated": True}),
    }
)
MARKDOWN = st.fixed_dictionaries({"cell_type": st.just("markdown"), "source": TEXT, "metadata": METADATA})
CODE = st.fixed_dictionaries(
    {
        "cell_type": st.just("code"),
        "source": TEXT,
        "metadata": METADATA,
        "execution_count": COUNT,
        "outputs": st.lists(st.one_of(STREAM, RESULT), max_size=3),
    }
)


def with_ids(cells):
    cells = [cell | {"id": f"cell-{place}"} for place, cell in enumerate(cells)]
    metadata = {"kernelspec": {"name": "my-env"}, "custom": {}}
    return nbformat.from_dict({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4})


NOTEBOOKS = st.lists(st.one_of(MARKDOWN, CODE), max_size=4).map(with_ids)


@given(NOTEBOOKS)
def test_twice_is_once(nb):
    once = tidy.tidy(nb)
    assert tidy.tidy(once) == once


@given(NOTEBOOKS)
def test_through_the_file_and_back_changes_nothing(nb):
    text = tidy.text(tidy.tidy(nb))
    assert tidy.text(tidy.tidy(nbformat.v4.reads_json(text))) == text


@given(NOTEBOOKS)
def test_sources_ids_and_tags_stay_and_the_argument_is_left_alone(nb):
    before = copy.deepcopy(nb)
    after = tidy.tidy(nb)
    assert nb == before
    assert [cell.source for cell in after.cells] == [cell.source for cell in nb.cells]
    assert [cell.id for cell in after.cells] == [cell.id for cell in nb.cells]
    for old, new in zip(nb.cells, after.cells, strict=True):
        assert new.metadata.get("tags", []) == sorted(set(old.metadata.get("tags", [])))
        assert set(new.metadata) <= {"tags"}


@given(NOTEBOOKS)
def test_outputs_and_counts_stay_only_where_nbval_compares(nb):
    for old, new in zip(nb.cells, tidy.tidy(nb).cells, strict=True):
        if new.cell_type != "code":
            continue
        checked = tidy.CHECKED in new.metadata.get("tags", [])
        assert new.execution_count == (1 if checked else None)
        assert bool(new.outputs) == (checked and bool(old.outputs))


def notebook(**output):
    cell = nbformat.v4.new_code_cell("claim(...)", metadata={"tags": [tidy.CHECKED]}, id="claim")
    return nbformat.v4.new_notebook(cells=[cell])


def test_pieces_of_one_stream_become_one():
    nb = notebook()
    nb.cells[0].outputs = [nbformat.v4.new_output("stream", text=text) for text in ("✓ a\n", "✓ b\n")]
    assert [output.text for output in tidy.tidy(nb).cells[0].outputs] == ["✓ a\n✓ b\n"]


def test_a_cell_without_an_id_gets_the_same_one_every_time():
    nb = notebook()
    del nb.cells[0]["id"]
    assert tidy.tidy(nb).cells[0].id == tidy.tidy(nb).cells[0].id != ""


def test_the_form_on_disk(tmp_path):
    path = tmp_path / "a.ipynb"
    assert tidy.write(notebook(), path) is True
    assert tidy.write(notebook(), path) is False
    text = path.read_bytes().decode()
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    assert text == path.read_text().replace("\r", "")


@pytest.fixture
def untidy(tmp_path):
    nb = notebook()
    nb.cells[0].metadata.tags = []
    nb.cells[0].execution_count = 7
    path = tmp_path / "a.ipynb"
    nbformat.write(nb, path)
    return path


def test_the_check_writes_nothing_and_fails(untidy, capsys):
    before = untidy.read_bytes()
    assert tidy.main(["--check", str(untidy)]) == 1
    assert untidy.read_bytes() == before
    assert "not tidy" in capsys.readouterr().out


def test_the_hook_writes_and_fails_once(untidy, capsys):
    assert tidy.main([str(untidy)]) == 1
    assert "tidied" in capsys.readouterr().out
    assert tidy.main([str(untidy)]) == 0
    assert tidy.main(["--check", str(untidy)]) == 0


def test_no_notebook_is_said_in_a_sentence(tmp_path, capsys):
    (tmp_path / "a.ipynb").write_text("not json")
    assert tidy.main([str(tmp_path / "a.ipynb")]) == 2
    assert tidy.main([str(tmp_path / "missing.ipynb")]) == 2
    assert capsys.readouterr().err.count("not readable as a notebook") == 2
