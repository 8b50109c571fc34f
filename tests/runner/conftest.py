"""Notebooks that do nothing but write what the record of a run is made of: a whole run of them takes seconds."""

import nbformat
import pytest

from seglib.runner.steps import STEPS

PARAMETERS = 'run: str = "x"  # name\nseed: int = 0  # seed\nsource: str = "sample"  # source'


@pytest.fixture
def write_notebooks(record_is_made_of):
    """Write six notebooks into a folder; one of them has a further cell with some code."""

    def write(folder, breaks=None, code="1 / 0"):
        folder.mkdir(exist_ok=True)
        for step in STEPS:
            lines = ["from seglib.run import Run", "from seglib.schema.records import *"]
            content_by_name = record_is_made_of.get(step, {})
            lines += [f"Run(run).write({name!r}, {content!r})" for name, content in content_by_name.items()]
            nb = nbformat.v4.new_notebook(
                metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
            )
            nb.cells = [
                nbformat.v4.new_markdown_cell(f"# {step}"),
                nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
                nbformat.v4.new_code_cell("\n".join(lines)),
            ]
            if step == breaks:
                nb.cells.append(nbformat.v4.new_code_cell(f"# the culprit\n{code}", id="culprit"))
            nbformat.write(nb, folder / f"{step}.ipynb")

    return write
