"""An executed notebook becomes two pages: one with its code folded, one without code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments.formatters import HtmlFormatter
from traitlets.config import Config

from seglib.templating import render

TEMPLATES = Path(__file__).parents[1] / "templates"
ANALYST_TAGS = {"parameters", "injected-parameters", "imports", "analyst"}
"""Cells with one of these tags are not on the page without code."""


@dataclass(frozen=True)
class Page:
    """One notebook of a report: file name, the title it gives itself, the question it answers."""

    name: str
    title: str
    question: str
    notebook: nbformat.NotebookNode


def page_of(folder: Path, name: str, question: str) -> Page:
    """Read an executed notebook of a run."""
    notebook = nbformat.read(folder / "notebooks" / f"{name}.ipynb", as_version=4)
    return Page(name, notebook.cells[0].source.splitlines()[0].removeprefix("# "), question, notebook)


def write_pages(folder: Path, record: dict, pages: list[Page]) -> None:
    """Write both faces of every page: ``<name>.html`` with the code folded, ``<name>_business.html`` without it.

    Parameters
    ----------
    folder : Path
        The run's report folder.
    record : dict
        ``run.json``.
    pages : list of Page
    """
    for page in pages:
        for business in (False, True):
            suffix = "_business" if business else ""
            body, contents = _body(page.notebook, suffix, business=business)
            text = render(
                "page.html.j2", page=page, record=record, pages=pages, suffix=suffix, business=business,
                contents=contents, body=Markup(body), code_style=Markup(_code_style()),
            )  # fmt: skip
            (folder / f"{page.name}{suffix}.html").write_text(text, encoding="utf-8")


class _Exporter(HTMLExporter):
    """nbconvert's exporter, with raw HTML in Markdown shown as text: a city may be called ``<script>``."""

    @pass_context
    def markdown2html(self, context: Context, source: str) -> str:
        renderer = IPythonRenderer(escape=True, allow_harmful_protocols=False, exclude_anchor_links=True)
        return MarkdownWithMath(renderer=renderer).render(source)


def _body(notebook: nbformat.NotebookNode, suffix: str, *, business: bool) -> tuple[str, list[tuple[str, str]]]:
    """Return the body of a page, and its headings with their anchors."""
    options = Config()
    options.TagRemovePreprocessor.enabled = business
    options.TagRemovePreprocessor.remove_cell_tags = ANALYST_TAGS
    exporter = _Exporter(
        config=options,
        extra_template_basedirs=[str(TEMPLATES)],
        template_name="notebook",
        exclude_input=business,
    )
    body, _ = exporter.from_notebook_node(notebook)
    soup = BeautifulSoup(body, "html.parser")
    for link in soup.find_all("a", href=re.compile(r"^\d\d_\w+\.ipynb$")):
        link["href"] = link["href"].removesuffix(".ipynb") + suffix + ".html"
    for code in soup.select(".highlight pre"):
        code["tabindex"] = "0"
    contents = []
    for number, heading in enumerate(soup.find_all("h2"), start=1):
        heading["id"] = f"part-{number}"
        contents.append((heading["id"], heading.get_text()))
    return str(soup), contents


def _code_style() -> str:
    """Return the colours of code: the one stock style of Pygments whose every colour reads on the tint (4.5:1)."""
    return "\n" + HtmlFormatter(style="xcode", nobackground=True).get_style_defs(".highlight")
