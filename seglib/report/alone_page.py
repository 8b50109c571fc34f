"""The pages of a notebook that is run by itself, and its section on the first page of the run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup
from markupsafe import Markup

from seglib.report.pages import Page, page_of, write_pages
from seglib.schema.records import RunRecord


def write_alone(folder: Path, record: RunRecord, *, step: str, question: str, on_index: Callable[[str], str]) -> None:
    """Write the two pages of a notebook, and what it says on the first page; the other pages stay as they are.

    Parameters
    ----------
    folder : Path
        Report folder of the run, with the executed notebooks.
    record : RunRecord
        Of the run.
    step, question : str
        Name of the notebook, and the question it answers.
    on_index : callable of str to str
        Puts a section on ``index.html``: `seglib.report.campaign_page.with_campaign`, or
        `seglib.report.comparison_page.with_comparison`.
    """
    others = [
        _listed(folder, path.stem) for path in sorted((folder / "notebooks").glob("*.ipynb")) if path.stem != step
    ]
    write_pages(folder, record, [page_of(folder, step, question)], beside=others)
    index = folder / "index.html"
    index.write_text(on_index(index.read_text(encoding="utf-8")), encoding="utf-8")


def with_section(index: str, anchor: str, section: Markup, *, after: str = "") -> str:
    """Put a section on the first page, before its first one; an earlier one with the same id is replaced.

    Parameters
    ----------
    index : str
        The page.
    anchor : str
        Id of the section.
    section : Markup
    after : str, optional
        Id of a section behind which it is put, where the page has that.
    """
    soup = BeautifulSoup(index, "html.parser")
    if old := soup.find(id=anchor):
        old.decompose()
    article = soup.find("article") or soup.find("main") or soup
    first = article.find("section")
    new = BeautifulSoup(section, "html.parser")
    place = article.find("section", id=after) if after else None
    if place is not None:
        place.insert_after(new)
    elif first is None:
        article.append(new)
    else:
        first.insert_before(new)
    return soup.decode(formatter="html5")


def _listed(folder: Path, name: str) -> Page:
    """Return a page that is there already, as far as others link it."""
    notebook = nbformat.read(folder / "notebooks" / f"{name}.ipynb", as_version=4)
    title = notebook.cells[0].source.splitlines()[0].removeprefix("# ")
    return Page(name, title, "", BeautifulSoup("", "html.parser"), [], None)
