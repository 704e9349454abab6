"""What the tests' own JupyterLab promises: each visit of a notebook starts with a fresh kernel."""

import nbformat


def test_a_notebook_that_was_closed_knows_nothing_of_its_last_visit(lab, browser):
    cells = [nbformat.v4.new_code_cell(code, id=id) for id, code in (("make", "known = 1"), ("use", "known"))]
    nb = nbformat.v4.new_notebook(cells=cells)
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nb, lab.folder / "visits.ipynb")

    first = lab.open(browser, "visits.ipynb")
    first.run_all()
    assert first.errors() == []
    first.close()

    second = lab.open(browser, "visits.ipynb")
    second.run("use")
    (error,) = second.errors()
    assert "NameError" in error
    second.close()
