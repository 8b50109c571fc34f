"""Write all pages of the report of a run."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from seglib.report.changes import compared, write_movers
from seglib.report.glance import glance_picture
from seglib.report.groups import write_glossary, write_groups
from seglib.report.index import index_page
from seglib.report.pages import Page, write_pages
from seglib.report.summary import write_summary
from seglib.schema.records import RunRecord


def build(folder: Path, record: RunRecord, pages: Sequence[Page], *, before: Path | None = None) -> Path:
    """Write the pages of a run beside its executed notebooks.

    Parameters
    ----------
    folder : Path
        The run's report folder.
    record : RunRecord
    pages : sequence of Page
        The notebooks in their order (`seglib.report.pages.page_of`).
    before : Path, optional
        Report folder of the run that this one replaces.

    Returns
    -------
    Path
        ``index.html``.
    """
    picture = glance_picture(record) or next((page.verdict for page in pages if page.verdict), None)
    with ThreadPoolExecutor(1) as meanwhile:  # the browser prints while the other pages are written
        given_up = Event()
        printing = meanwhile.submit(write_summary, folder, record, picture, given_up=given_up)
        try:
            write_pages(folder, record, pages)
            write_groups(folder, record)
            write_glossary(folder, record)
            printed = printing.result()  # before the index, which lists the files that are there
        except BaseException:  # also where somebody stops the run: no browser may be left
            given_up.set()
            raise
    index = folder / "index.html"
    previous = compared(before, folder, record) if before else None
    write_movers(folder, previous)
    text = index_page(folder, record, pages, picture=picture, previous=previous, pdf_note=printed.note)
    index.write_text(text, encoding="utf-8")
    return index
