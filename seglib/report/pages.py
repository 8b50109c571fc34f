"""An executed notebook becomes two pages: one with its code folded, one without code."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
from bs4 import BeautifulSoup, Tag
from jinja2 import pass_context
from jinja2.runtime import Context
from latex2mathml.converter import convert
from markupsafe import Markup
from nbconvert.exporters import TemplateExporter
from nbconvert.filters import Highlight2HTML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments.formatters import HtmlFormatter

from seglib.report.figures import figure_named
from seglib.report.plain_names import write_plain_names
from seglib.report.render import render
from seglib.report.sections import NOT_HERE, tag_sections
from seglib.report.words import vocabulary_of_run, wording_of_notebooks
from seglib.schema.records import RunRecord

TEMPLATES = Path(__file__).parent / "templates"
ANALYST_TAGS = {"parameters", "injected-parameters", "imports", "analyst", NOT_HERE}
"""Cells with one of these tags are not on the page without code."""

FIRST, FOLDED = "first", "fold"
"""Tags of cells that come right after the title, and of headings whose section is folded on the page without code."""
NEEDS: dict[str, Callable[[RunRecord], bool]] = {
    "needs-dates": lambda record: record.as_of is not None,
    "needs-status": lambda record: bool(record.overview.used),
    "needs-labels": lambda record: record.labels is not None,
}
"""Tags of headings whose section, and of other cells that, are not on the page without code where the shop does not
record what they are about."""

_PICTURE, _PLACEHOLDER = re.compile(r'src="(data:image/[^"]+)"'), re.compile(r'src="picture:(\d+)"')
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_PAGE = re.compile(r"^(\d\d_[a-z0-9_]+?)(?:_business)?\.(?:ipynb|html)$")

_LOCAL = re.compile(r"#[\w-]*|[\w-]+(?:/[\w-]+)*\.(?:ipynb|html|csv|json|sql|skops|pdf)(?:#[\w-]*)?")


@dataclass(frozen=True)
class Page:
    """One notebook of a report.

    Attributes
    ----------
    name, title, question : str
        File name, the title it gives itself, the question it answers.
    body : BeautifulSoup
        The whole page as HTML, with a placeholder for every picture.
    pictures : list of str
        The pictures, as the sources of images.
    verdict : Markup, optional
        The figure of that name, if the notebook shows one.
    """

    name: str
    title: str
    question: str
    body: BeautifulSoup
    pictures: list[str]
    verdict: Markup | None


def page_of(folder: Path, name: str, question: str) -> Page:
    """Read an executed notebook and convert it: the slow part of a report, which needs nothing of later notebooks."""
    notebook = nbformat.read(folder / "notebooks" / f"{name}.ipynb", as_version=4)
    lines = notebook.cells[0].source.splitlines() if notebook.cells else []
    title = (lines[0] if lines else f"# {name}").removeprefix("# ")
    _replace_scripts(notebook)
    tag_sections(notebook, ANALYST_TAGS)
    body, pictures = _convert(notebook)
    return Page(name, title, question, body, pictures, figure_named(notebook, "verdict"))


def write_pages(folder: Path, record: RunRecord, pages: Sequence[Page], *, beside: Sequence[Page] = ()) -> None:
    """Write both faces of every page: ``<name>.html`` with the code folded, ``<name>_business.html`` without it.

    The bodies of the pages are changed: what is for analysts is taken out of them on the way.

    Parameters
    ----------
    folder : Path
        The run's report folder.
    record : RunRecord
    pages : sequence of Page
    beside : sequence of Page
        Pages that are there already: they are linked, and not written.
    """
    code_style, vocabulary = Markup(_code_style()), vocabulary_of_run(record)
    for page in pages:
        soup = page.body
        # The page with code comes first: the one without is the same tree, with parts of it removed. Parsing or copying
        # a tree of thousands of elements would take longer than everything else here.
        for suffix in ("", "_business"):
            business = bool(suffix)
            if business:
                _leave_out_code(soup, {name for values in record.parameters.values() for name in values})
                _leave_out_sections(soup, record)
                _fold_sections(soup)
                write_plain_names(soup, wording_of_notebooks(record))
            else:
                _move_first(soup)
            contents = _number_and_link(soup, suffix)
            body = _PLACEHOLDER.sub(partial(_put_back, page.pictures), soup.decode(formatter="html5"))
            text = render(
                "page.html.j2",
                page=page,
                record=record,
                pages=sorted([*beside, *pages], key=lambda each: each.name),
                suffix=suffix,
                business=business,
                contents=contents,
                body=Markup(body),
                code_style="" if business else code_style,
                language=vocabulary.LANGUAGE if vocabulary.foreign else "",
                in_english=vocabulary.page("english page") if vocabulary.foreign else "",
            )
            (folder / f"{page.name}{suffix}.html").write_text(text, encoding="utf-8")


def _replace_scripts(notebook: nbformat.NotebookNode) -> None:
    """Show an output that brings a script, such as scikit-learn's drawing of a pipeline, as plain text.

    A page runs no script. Where an object has no name of its own, its text holds an address in memory, which differs
    from run to run: it is left out.
    """
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "<script" in data.get("text/html", "").lower() and "text/plain" in data:
                del data["text/html"]
                data["text/plain"] = _ADDRESS.sub("", data["text/plain"])


def _put_back(pictures: list[str], placeholder: re.Match[str]) -> str:
    """Return the picture for a placeholder."""
    return f'src="{pictures[int(placeholder[1])]}"'


class _Renderer(IPythonRenderer):
    """Markdown to HTML: formulas become MathML, which needs no script; a picture from elsewhere becomes a link."""

    def inline_math(self, body: str) -> str:
        return _mathml(body, "inline")

    def block_math(self, body: str) -> str:
        return _mathml(body, "block")

    def latex_environment(self, name: str, body: str) -> str:
        return _mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block")

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return super().image(text, url, title) if url.startswith("data:image/") else self.link(text or url, url, title)


def _mathml(formula: str, display: str) -> str:
    """Write a formula as MathML; what turns out to be no formula, as it stands."""
    try:
        return convert(formula.strip(), display=display)
    except Exception:  # the converter stumbles over unfinished LaTeX in many ways, and text from data may look like it
        return f"<code>{html.escape(formula)}</code>"


class _Exporter(TemplateExporter):
    """nbconvert with raw HTML in Markdown shown as text: a city may be called ``<script>``.

    It is not nbconvert's HTMLExporter, which parses every page once more to look for pictures without alt text.
    """

    def default_filters(self) -> Iterator[tuple[str, Any]]:
        yield from super().default_filters()
        yield "markdown2html", self.markdown2html
        yield "highlight_code", Highlight2HTML(pygments_lexer="ipython3", parent=self)

    @pass_context
    def markdown2html(self, context: Context, source: str) -> str:
        renderer = _Renderer(escape=True, allow_harmful_protocols=False, exclude_anchor_links=True)
        return MarkdownWithMath(renderer=renderer).render(source)


def _convert(notebook: nbformat.NotebookNode) -> tuple[BeautifulSoup, list[str]]:
    """Convert a notebook; return the body of its page with placeholders for pictures, and the pictures."""
    exporter = _Exporter(extra_template_basedirs=[str(TEMPLATES)], template_name="notebook", file_extension=".html")
    body, _ = exporter.from_notebook_node(notebook)
    # Pictures are most of the text of a page (megabytes in base64). The parser reads, and the writer escapes, character
    # by character, so both are spared them: each picture is replaced by its number, and put back at the very end.
    pictures = list(dict.fromkeys(_PICTURE.findall(body)))
    places = {picture: place for place, picture in enumerate(pictures)}
    without_pictures = _PICTURE.sub(lambda match: f'src="picture:{places[match[1]]}"', body)
    soup = BeautifulSoup(without_pictures, "html.parser")
    for link in soup.select(".cell a[href]"):  # results hold text from data: no link of theirs leaves the report
        if not _LOCAL.fullmatch(link["href"]):
            link.unwrap()
    for code in soup.select(".highlight pre"):
        code["tabindex"] = "0"
    return soup, pictures


def _tagged(soup: BeautifulSoup, tag: str) -> list[Tag]:
    """Return the cells with a tag, in their order."""
    return [cell for cell in soup.select("[data-tags]") if tag in cell["data-tags"].split()]


def _move_first(soup: BeautifulSoup) -> None:
    """Put the cells that are tagged so right after the title: what a notebook computes last is what is read first."""
    title = next((cell for cell in soup.select("[data-tags]") if cell.find("h1")), None)
    for cell in reversed(_tagged(soup, FIRST)):
        if title is not None:
            title.insert_after(cell.extract())


def _leave_out_code(soup: BeautifulSoup, parameters: Collection[str]) -> None:
    """Remove what is for analysts: code, parameters, warnings, formulas, and cells with one of `ANALYST_TAGS`.

    Of the prose, a paragraph goes that names a parameter, and one with a formula.
    """
    for part in soup.select("[data-tags]"):
        if ANALYST_TAGS & set(part["data-tags"].split()):
            part.decompose()
    for part in soup.select("details.code, .highlight, pre.warning, [data-applies=no]"):
        part.decompose()
    for code in soup.select(".prose p code, .prose li code"):
        if not code.decomposed and code.get_text() in parameters:
            code.find_parent(["p", "li"]).decompose()
    for formula in soup.select(".prose math"):
        if not formula.decomposed:
            (formula.find_parent(["p", "li"]) or formula).decompose()


def _leave_out_sections(soup: BeautifulSoup, record: RunRecord) -> None:
    """Remove the sections, and the cells without a heading, that do not apply to this shop (`NEEDS`)."""
    for tag, applies in NEEDS.items():
        if not applies(record):
            for cell in _tagged(soup, tag):
                for part in _section(cell) if cell.find("h2") else [cell]:
                    part.decompose()


def _section(cell: Tag) -> list[Tag]:
    """Return the cell with a heading and those that follow it, up to the next heading."""
    section = [cell]
    for element in cell.find_next_siblings():
        if element.find("h2"):
            break
        section.append(element)
    return section


def _fold_sections(soup: BeautifulSoup) -> None:
    """Move the sections whose heading is tagged so to the end of the page, each behind its heading."""
    tagged = _tagged(soup, FOLDED)
    if not tagged:
        return
    head = soup.new_tag("h2")
    head.string = "For analysts"
    folds = [head, *(_fold(soup, cell) for cell in tagged)]
    for part in folds:
        soup.append(part)


def _fold(soup: BeautifulSoup, cell: Tag) -> Tag:
    """Return a section as a fold: from the cell with its heading up to the next heading."""
    fold, section = soup.new_tag("details", attrs={"class": "section"}), _section(cell)
    summary = soup.new_tag("summary")
    heading = cell.find("h2")
    summary.string = heading.get_text()
    heading.decompose()
    fold.append(summary)
    for element in section:
        fold.append(element.extract())
    return fold


def _number_and_link(soup: BeautifulSoup, suffix: str) -> list[tuple[str, str]]:
    """Give figures and tables their numbers, links the same kind of page; return anchors and headings."""
    for link in soup.find_all("a", href=_PAGE):
        link["href"] = _PAGE.sub(rf"\1{suffix}.html", link["href"])
    for number, figure in enumerate(soup.find_all("figure"), start=1):
        _number(soup, figure, "figcaption", f"Figure {number}.")
    for number, table in enumerate(soup.find_all("table"), start=1):
        _number(soup, table, "caption", f"Table {number}.")
    return _contents(soup)


def _number(soup: BeautifulSoup, element: Tag, tag: str, number: str) -> None:
    """Put a number in front of the caption of a figure or a table, and add a caption if there is none."""
    caption = element.find(tag)
    if caption is None:
        caption = soup.new_tag(tag)
        element.insert(0 if tag == "caption" else len(element.contents), caption)
    inner = caption.find("span") or caption
    mark = inner.find("b", class_="nr")
    if mark is None:
        mark = soup.new_tag("b", attrs={"class": "nr"})
        inner.insert(0, mark)
        mark.insert_after(" ")
    mark.string = number


def _contents(soup: BeautifulSoup) -> list[tuple[str, str]]:
    """Give every part an anchor, and return anchors and headings."""
    contents = []
    for number, heading in enumerate(soup.find_all("h2"), start=1):
        heading["id"] = f"part-{number}"
        contents.append((heading["id"], heading.get_text()))
    return contents


def _code_style() -> str:
    """Return the colours of code, for light and dark: two stock styles of Pygments that read on our tints (4.5:1)."""
    light, dark = (
        HtmlFormatter(style=style, nobackground=True).get_style_defs(".highlight") for style in ("xcode", "github-dark")
    )
    return f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}"
