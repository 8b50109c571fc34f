"""The report: every notebook as a page with the code folded and as one without it, and an index.

Pages stand alone: styles and figures are inside, nothing is fetched, no script is needed. Text that comes from
the data is escaped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments.formatters import HtmlFormatter
from traitlets.config import Config

TEMPLATES = Path(__file__).parent / "templates"
ANALYST_TAGS = {"parameters", "injected-parameters", "imports", "analyst"}
"""Cells with one of these tags are not on the page without code."""


@dataclass(frozen=True)
class Page:
    """One notebook of a report: file name, the title it gives itself, the question it answers."""

    name: str
    title: str
    question: str
    notebook: nbformat.NotebookNode


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
    environment = Environment(
        loader=PackageLoader("seglib"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["thousands"] = "{:,}".format
    style = Markup((TEMPLATES / "style.css").read_text(encoding="utf-8") + _code_style())
    pages = []
    for name, question in questions.items():
        notebook = nbformat.read(folder / "notebooks" / f"{name}.ipynb", as_version=4)
        title = notebook.cells[0].source.splitlines()[0].removeprefix("# ")
        pages.append(Page(name, title, question, notebook))
    for page in pages:
        for business in (False, True):
            suffix = "_business" if business else ""
            body, contents = _body(page.notebook, suffix, business=business)
            text = environment.get_template("page.html.j2").render(
                page=page, record=record, pages=pages, suffix=suffix, business=business, style=style,
                contents=contents, body=Markup(body),
            )  # fmt: skip
            (folder / f"{page.name}{suffix}.html").write_text(text, encoding="utf-8")
    index = folder / "index.html"
    text = environment.get_template("index.html.j2").render(record=record, pages=pages, style=style)
    index.write_text(text, encoding="utf-8")
    return index


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
