"""Text from the data, written so that Markdown and terminals show it as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def escape_markdown(text: str) -> str:
    r"""Write a text from the data so that Markdown shows it as it is, on one line.

    Examples
    --------
    >>> print(escape_markdown("a *bold* city"), escape_markdown("<b>"), escape_markdown("New $York$"))
    a \*bold\* city \<b\> New \$York\$
    """
    return re.sub(r"([\\`*_\[\]<>$|~])", r"\\\1", " ".join(text.split()))


def bullet_list(sentences: Iterable[str]) -> str:
    r"""Write sentences as a list in Markdown, each as it is.

    Examples
    --------
    >>> print(bullet_list(["a *bold* city", "another"]))
    - a \*bold\* city
    - another
    """
    return "\n".join(f"- {escape_markdown(sentence)}" for sentence in sentences)


def visible(text: str) -> str:
    r"""Show what a terminal would obey or hide: a text from the data may hold any sign.

    Examples
    --------
    >>> print(visible("a\x1b[31mb"))
    a\x1b[31mb
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
