"""Write the table of contents of docs/METHODS.md from its headings: ``python docs/contents.py``."""

import re
from pathlib import Path

METHODS = Path(__file__).parent / "METHODS.md"
BEGIN, END = "<!-- contents -->", "<!-- end of contents -->"


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading, if it is the first of that name.

    >>> anchor("Coupons used · Use coupons"), anchor("Are they useful?")
    ('coupons-used--use-coupons', 'are-they-useful')
    """
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def headings(text: str) -> list[tuple[int, str]]:
    """Return level and text of every heading outside of code."""
    without_code = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    return [(len(marks), title.strip()) for marks, title in re.findall(r"^(#+) (.*)$", without_code, flags=re.M)]


def contents(text: str) -> str:
    """Write one line for every page of the report: its name, then the entries of its numbers."""
    pages: list[tuple[str, list[str]]] = []
    for level, title in headings(text.split(END)[1]):
        if level == 2:
            pages.append((title, []))
        elif level == 3:
            pages[-1][1].append(title)
    return "\n".join(
        f"- [{page}](#{anchor(page)}): " + ", ".join(f"[{name}](#{anchor(name)})" for name in names)
        for page, names in pages
    )


def with_contents(text: str) -> str:
    """Return the document with its table of contents made anew."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{contents(text)}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    METHODS.write_text(with_contents(METHODS.read_text(encoding="utf-8")), encoding="utf-8")
    print(METHODS)
