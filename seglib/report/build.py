"""Write all pages of a run."""

from __future__ import annotations

from pathlib import Path

from seglib.report.figures import figure_named
from seglib.report.index import index_page
from seglib.report.pages import page_of, write_pages
from seglib.report.previous import compared
from seglib.report.summary import write_summary


def build(folder: Path, record: dict, questions: dict[str, str], *, before: Path | None = None) -> Path:
    """Write the pages of a run beside its executed notebooks.

    Parameters
    ----------
    folder : Path
        The run's report folder; ``notebooks/<name>.ipynb`` are read.
    record : dict
        ``run.json``.
    questions : dict of str to str
        The notebooks in their order, each with its question (`seglib.pipeline.STEPS`).
    before : Path, optional
        Report folder of the run that this one replaces.

    Returns
    -------
    Path
        ``index.html``.
    """
    pages = [page_of(folder, name, question) for name, question in questions.items()]
    write_pages(folder, record, pages)
    picture = next(filter(None, (figure_named(page.notebook, "verdict") for page in pages)), None)
    printed = write_summary(folder, record, picture)  # before the index, which lists the files that are there
    index = folder / "index.html"
    text = index_page(
        folder, record, pages,
        picture=picture,
        previous=compared(before, folder, record) if before else None,
        pdf_note=printed.note,
    )  # fmt: skip
    index.write_text(text, encoding="utf-8")
    return index
