"""Write all pages of a run."""

from __future__ import annotations

from pathlib import Path

from seglib.report.pages import page_of, write_pages
from seglib.templating import render


def build(folder: Path, record: dict, questions: dict[str, str]) -> Path:
    """Write the pages of a run beside its executed notebooks.

    Parameters
    ----------
    folder : Path
        The run's report folder; ``notebooks/<name>.ipynb`` are read.
    record : dict
        ``run.json``.
    questions : dict of str to str
        The notebooks in their order, each with its question (`seglib.pipeline.STEPS`).

    Returns
    -------
    Path
        ``index.html``.
    """
    pages = [page_of(folder, name, question) for name, question in questions.items()]
    write_pages(folder, record, pages)
    index = folder / "index.html"
    index.write_text(render("index.html.j2", record=record, pages=pages), encoding="utf-8")
    return index
