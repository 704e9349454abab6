"""What the tests' own JupyterLab promises: each visit of a notebook starts with a fresh kernel."""

import nbformat


def test_a_notebook_that_was_closed_knows_nothing_of_its_last_visit(lab, browser):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in ("known = 1", "known")])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nb, lab.folder / "visits.ipynb")

    first = lab.open(browser, "visits.ipynb")
    first.run_all()
    assert first.errors() == []
    first.close()

    second = lab.open(browser, "visits.ipynb")
    second.run(1)
    (error,) = second.errors()
    assert "NameError" in error
    second.close()
