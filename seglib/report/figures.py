"""Finds a figure in an executed notebook, so that another page can show it too."""

from __future__ import annotations

import nbformat
from bs4 import BeautifulSoup
from markupsafe import Markup


def figure_named(notebook: nbformat.NotebookNode, name: str) -> Markup | None:
    """Return the figure that a cell showed under that name (`seglib.display.show.show`), or None.

    Parameters
    ----------
    notebook : NotebookNode
        Executed.
    name : str

    Returns
    -------
    Markup or None
        A ``<figure>`` element.
    """
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            page = output.get("data", {}).get("text/html", "")
            if f'data-name="{name}"' in page:
                return Markup(BeautifulSoup(page, "html.parser").find("figure", attrs={"data-name": name}))
    return None
