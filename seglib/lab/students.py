"""Take the solutions out of a lesson."""

from __future__ import annotations

import ast

import nbformat


def tags_of(cell: nbformat.NotebookNode) -> list[str]:
    """Return the tags of a cell."""
    return cell.metadata.get("tags", [])


def without_solutions(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a lesson as students get it: in every cell tagged ``solution``, only what has to be filled in.

    A function keeps its first line and its docstring; a value becomes ``...``. Outputs are removed.

    Parameters
    ----------
    notebook : NotebookNode
    """
    student = nbformat.from_dict(notebook)
    for cell in student.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        if "solution" in tags_of(cell):
            cell.source = to_fill_in(cell.source)
            cell.metadata["tags"] = ["answer" if tag == "solution" else tag for tag in tags_of(cell)]
    return student


def to_fill_in(source: str) -> str:
    """Return the names that a solution defines, each without what it is."""
    parts = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            head = f"def {node.name}({ast.unparse(node.args)}):"
            docstring = ast.get_docstring(node)
            lines = [head] + ([f'    """{docstring}"""'] if docstring else [])
            parts.append("\n".join([*lines, '    raise NotImplementedError("write your answer here")']))
        elif isinstance(node, ast.Assign):
            parts += [f"{ast.unparse(target)} = ...  # write your answer here" for target in node.targets[:1]]
    return "\n\n\n".join(parts)
