"""Words of statistics, which a page for a manager does without."""

import base64
import re

from bs4 import BeautifulSoup

STATISTICS = re.compile(
    r"\bp\s*[=<>]|\bp-values?\b|\bt-test|interval|\bHolm|Cochran|\bQ\b|chi-square|Welch|CUPED|Miettinen|permut|reassign"
    r"|varian|significan|standard (?:deviation|error)|confidence|intent to treat|\barms?\b|level of 5%|power\b",
    re.IGNORECASE,
)


def seen_by_a_manager(page, within="main"):
    """Return what a reader of a page sees, and hears of its figures."""
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    place = soup.select_one(within)
    spoken = [image["alt"] for image in place.find_all("img")]
    drawn = [text for image in place.find_all("img") for text in _texts_of(image["src"])]
    return " ".join([place.get_text(" "), *spoken, *drawn])


def _texts_of(source):
    """Return the texts that stand in a picture, which matplotlib writes as comments beside its paths."""
    kind, _, data = source.partition(";base64,")
    return re.findall(r"<!-- (.*?) -->", base64.b64decode(data).decode()) if "svg" in kind else []
