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
    return re.sub(r"([\\`*_\[\]<>$|~])", r"\\\1", show_controls(" ".join(text.split())))


def bullet_list(sentences: Iterable[str]) -> str:
    r"""Write sentences as a list in Markdown, each as it is.

    Examples
    --------
    >>> print(bullet_list(["a *bold* city", "another"]))
    - a \*bold\* city
    - another
    """
    return "\n".join(f"- {escape_markdown(sentence)}" for sentence in sentences)


_STEERING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)


def show_controls(text: str) -> str:
    r"""Write the signs that a page would obey and not show as escapes: they turn the direction of reading, or hide.

    Letters of every script, and the signs that join them, stay as they are.

    Examples
    --------
    >>> print(show_controls("Rome\u202eemoR"))
    Rome\u202eemoR
    """
    return _STEERING.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def visible(text: str) -> str:
    r"""Show what a terminal would obey or hide: a text from the data may hold any sign.

    Examples
    --------
    >>> print(visible("a\x1b[31mb"))
    a\x1b[31mb
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
