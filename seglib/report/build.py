"""Write all pages of a run."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from seglib.report.changes import compared
from seglib.report.index import index_page
from seglib.report.pages import Page, write_pages
from seglib.report.summary import write_summary


def build(folder: Path, record: dict, pages: Sequence[Page], *, before: Path | None = None) -> Path:
    """Write the pages of a run beside its executed notebooks.

    Parameters
    ----------
    folder : Path
        The run's report folder.
    record : dict
        ``run.json``.
    pages : sequence of Page
        The notebooks in their order (`seglib.report.pages.page_of`).
    before : Path, optional
        Report folder of the run that this one replaces.

    Returns
    -------
    Path
        ``index.html``.
    """
    picture = next((page.verdict for page in pages if page.verdict), None)
    with ThreadPoolExecutor(1) as meanwhile:  # a browser prints
        printing = meanwhile.submit(write_summary, folder, record, picture)
        write_pages(folder, record, pages)
        printed = printing.result()  # before the index, which lists the files that are there
    index = folder / "index.html"
    text = index_page(
        folder, record, pages,
        picture=picture,
        previous=compared(before, folder, record) if before else None,
        pdf_note=printed.note,
    )  # fmt: skip
    index.write_text(text, encoding="utf-8")
    return index
