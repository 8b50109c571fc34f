"""Write a lesson in the form that a program for grading reads: nbgrader, or Otter Assign.

Both take one notebook with the solutions in it and make the version for students themselves. They differ in the marks:
nbgrader wants metadata of cells (schema version 3), Otter raw cells around every question. In both, a check of the
lessons becomes a cell that stops with an error unless the answer is right, and the error says why. Each is one point.

References
----------
nbgrader, "Creating and grading assignments" and ``nbgrader/nbgraderformat/v3.json``; Otter-Grader, "Otter Assign:
notebook format". Written for nbgrader 0.9 and Otter-Grader 7.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

import nbformat
from nbformat.v4 import new_raw_cell

from seglib.lab.students import tags_of, to_fill_in

SCHEMA_VERSION = 3
"""Of the metadata that nbgrader reads."""


def for_nbgrader(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a lesson as the source version of an assignment of nbgrader.

    Parameters
    ----------
    notebook : NotebookNode
        With its solutions.

    Returns
    -------
    NotebookNode
        An answer is marked ``solution``, with its solution between ``### BEGIN SOLUTION`` and ``### END SOLUTION``; a
        check is marked ``grade`` and is locked.
    """
    graded = nbformat.from_dict(notebook)
    for cell in graded.cells:
        if "solution" in tags_of(cell):
            cell.source = _with_marks(cell.source, "### BEGIN SOLUTION", "### END SOLUTION")
            cell.metadata["nbgrader"] = _metadata(cell.id, solution=True)
        elif _is_check(cell):
            cell.source = _as_test(cell.source)
            cell.metadata["nbgrader"] = {**_metadata(cell.id, grade=True, locked=True), "points": 1}
    return graded


def for_otter(notebook: nbformat.NotebookNode, name: str, *, folders: Sequence[str] = ()) -> nbformat.NotebookNode:
    """Return a lesson as a master notebook of Otter Assign.

    Parameters
    ----------
    notebook : NotebookNode
        With its solutions, each followed by its check.
    name : str
        Of the assignment.
    folders : sequence of str
        Folders beside the notebook that it reads: Otter runs it in another place, and takes them along.

    Returns
    -------
    NotebookNode
        With raw cells that begin and end each question, its solution and its test.
    """
    graded = nbformat.from_dict(notebook)
    files = ["files:", *(f"  - {folder}" for folder in folders)] if folders else []
    cells = [_raw("config", "\n".join(["# ASSIGNMENT CONFIG", f"name: {name}", *files]))]
    for cell in graded.cells:
        if "solution" in tags_of(cell):
            cell.source = _with_marks(cell.source, "# BEGIN SOLUTION", "# END SOLUTION")
            number = cell.id.removeprefix("solution-")
            cells += [
                _raw(f"begin-{number}", f"# BEGIN QUESTION\nname: {name}_{number}\npoints: 1"),
                _raw(f"begin-{cell.id}", "# BEGIN SOLUTION"),
                cell,
                _raw(f"end-{cell.id}", "# END SOLUTION"),
            ]
        elif _is_check(cell):
            cell.source = _as_test(cell.source)
            cells += [
                _raw(f"begin-{cell.id}", "# BEGIN TESTS"),
                cell,
                _raw(f"end-{cell.id}", "# END TESTS"),
                _raw(f"end-{cell.id.removeprefix('check-')}", "# END QUESTION"),
            ]
        else:
            cells.append(cell)
    graded.cells = cells
    return graded


def _metadata(grade_id: str, *, grade: bool = False, locked: bool = False, solution: bool = False) -> dict[str, object]:
    """Return what nbgrader wants to know of a cell."""
    return {
        "schema_version": SCHEMA_VERSION,
        "grade_id": grade_id,
        "grade": grade,
        "locked": locked,
        "solution": solution,
        "task": False,
    }


def _raw(name: str, source: str) -> nbformat.NotebookNode:
    cell = new_raw_cell(source)
    cell["id"] = name
    return cell


def _is_check(cell: nbformat.NotebookNode) -> bool:
    return cell.cell_type == "code" and cell.source.startswith("check(")


def _as_test(source: str) -> str:
    """Return a check that stops with its reason unless the answer is right."""
    return f"checked = {source}\nassert checked.right, checked.text"


def _with_marks(source: str, begin: str, end: str) -> str:
    """Return a solution between two marks, below what students have to fill in.

    Of a function, its first line and its docstring stay outside of the marks.
    """
    body = ast.parse(source).body
    if len(body) > 1 or not isinstance(body[0], ast.FunctionDef):
        return "\n".join([to_fill_in(source), begin, source, end])
    function, lines = body[0], source.splitlines()
    first = function.body[1] if ast.get_docstring(function) else function.body[0]
    indent = " " * first.col_offset
    return "\n".join([*lines[: first.lineno - 1], indent + begin, *lines[first.lineno - 1 :], indent + end])
