"""Which sections of a notebook do not apply to a shop: they are left out of the page for people who see no code.

A result says itself that it does not apply (`seglib.display.show`), and the cell that shows it has a mark in its
output. A section of which nothing else is shown is left out whole, heading and prose.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from nbformat import NotebookNode

NOT_HERE = "does-not-apply"
"""Tag of cells that are left out."""


def tag_sections(notebook: NotebookNode, hidden: Collection[str]) -> tuple[str, ...]:
    """Tag the cells of an executed notebook that do not apply.

    Parameters
    ----------
    notebook : NotebookNode
        Its cells are changed.
    hidden : collection of str
        Tags of cells that are not on the page anyhow: they do not keep a section on it.

    Returns
    -------
    tuple of str
        The headings of the sections that are left out whole.
    """
    left_out = []
    for section in _split(notebook.cells, _is_heading):
        if section[0].cell_type == "markdown" and _is_heading(section[0]) and _only_marked(section, hidden):
            _tag(section)
            left_out.append(section[0].source.splitlines()[0].lstrip("# "))
            continue
        for part in _split(section, lambda cell: cell.cell_type == "markdown"):
            if not _is_heading(part[0]) and part[0].cell_type == "markdown" and _only_marked(part, hidden):
                _tag(part)
    return tuple(left_out)


def does_not_apply(output: NotebookNode) -> bool:
    """Say whether an output is the sentence of a result that does not apply."""
    return output.get("metadata", {}).get("applies") is False


def _is_heading(cell: NotebookNode) -> bool:
    return cell.cell_type == "markdown" and cell.source.startswith("#")


def _split(cells: Sequence[NotebookNode], begins) -> list[list[NotebookNode]]:
    """Return the cells in parts, each from a cell that begins one up to the next."""
    parts: list[list[NotebookNode]] = [[]]
    for cell in cells:
        if begins(cell) and parts[-1]:
            parts.append([])
        parts[-1].append(cell)
    return parts


def _only_marked(cells: Sequence[NotebookNode], hidden: Collection[str]) -> bool:
    """Say whether all that some cells show does not apply, and they show something."""
    shown = [
        output
        for cell in cells
        if cell.cell_type == "code" and not {*cell.metadata.get("tags", [])} & {*hidden}
        for output in cell.get("outputs", [])
        if output.output_type != "stream"
    ]
    return bool(shown) and all(map(does_not_apply, shown))


def _tag(cells: Sequence[NotebookNode]) -> None:
    for cell in cells:
        cell.metadata["tags"] = [*cell.metadata.get("tags", []), NOT_HERE]
