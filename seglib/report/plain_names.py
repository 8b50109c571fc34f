"""On a page without code columns have the names that the shop gives them, not those that the analysis does."""

from __future__ import annotations

import re

from bs4 import BeautifulSoup, Tag

from seglib.schema.features import FEATURES
from seglib.style import Wording

OF_COLUMNS = ("among", "behaviour", "column", "descriptor", "feature", "first", "name", "second", "variable")
"""Headings of tables under which names of columns stand. Under any other heading a value may come from the data."""

ALSO_OURS = ("spend_per_coupon", "coupon_name", "city_id")
"""Columns of ours that are no features."""

ABBREVIATED = {"rfm alone": "RFM alone", "p holm": "p after Holm", "ari": "adjusted Rand index"}
"""Headings that are short because they are names in code."""

DAY = ("as_of", "the day we look from")
"""The parameter that stands in units and meanings, and what the prose calls it."""

_NAME = re.compile(r"[^\W\d_]\w*_\w+")


def write_plain_names(soup: BeautifulSoup, wording: Wording) -> None:
    """Write names of columns in words: all in cells under `OF_COLUMNS`, and those of our features in headings.

    An analyst needs the names as they are, to set parameters; they stay on the page with code.

    Parameters
    ----------
    soup : BeautifulSoup
        The body of a page; it is changed.
    wording : Wording
        What the shop calls its things.
    """
    _write_in_prose(soup, wording)
    ours = {name.replace("_", " "): wording.name_of(name) for name in (*_our_names(), *ALSO_OURS)} | ABBREVIATED
    pattern = re.compile(rf"\b({'|'.join(sorted(map(re.escape, ours), key=len, reverse=True))})\b")
    for table in soup.select("table"):
        headings = table.select("thead th")
        of_columns = [place for place, head in enumerate(headings) if head.get_text(" ", strip=True) in OF_COLUMNS]
        for head in headings:
            _write(head, pattern.sub(lambda match: ours[match[1]], head.get_text()))
        of_tables = [place for place, head in enumerate(headings) if head.get_text(strip=True) == "table"]
        for row in table.select("tbody tr"):
            cells = row.find_all(["td", "th"], recursive=False)
            for place in of_tables:
                if place < len(cells) and cells[place].get_text(strip=True) == "cities":
                    _write(cells[place], wording.places)
            for place in of_columns:
                if place < len(cells) and _NAME.fullmatch(cells[place].get_text().strip()):
                    _write(cells[place], wording.name_of(cells[place].get_text().strip()))
        for cell in table.select("td[data-label]"):  # what a narrow screen shows in the place of the heading
            cell["data-label"] = pattern.sub(lambda match: ours[match[1]], cell["data-label"])


def _write_in_prose(soup: BeautifulSoup, wording: Wording) -> None:
    """Write the names of our features in running text; what is set as code stays code."""
    pattern = re.compile(rf"\b({'|'.join(sorted(_our_names(), key=len, reverse=True))})\b")
    for text in soup.find_all(string=pattern):
        if not text.find_parent(["code", "pre", "table", "a"]):
            text.replace_with(pattern.sub(lambda match: wording.name_of(match[1]), text))
    for text in soup.find_all(string=re.compile(rf" {DAY[0]}\b")):
        if not text.find_parent(["code", "pre", "a"]):
            text.replace_with(text.replace(f" {DAY[0]}", f" {DAY[1]}"))


def _our_names() -> list[str]:
    """Return the names of our features that are more than one word: of one word, a heading may mean something else."""
    return [feature.name for feature in FEATURES if "_" in feature.name]


def _write(cell: Tag, text: str) -> None:
    """Write a cell anew where its text changes; its marks, such as the colour of a segment, stay otherwise."""
    if cell.get_text() != text:
        cell.string = text
