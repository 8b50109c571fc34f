"""How every page is made: one environment of templates, one style, text from data escaped."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from seglib.style import (
    COUPON,
    ENGLISH,
    PALETTE,
    Vocabulary,
    Wording,
    duration,
    moment,
    percent,
    position,
    show_controls,
    visible,
)

SECURITY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""What a page may do: show its own text, style and pictures. It runs no script and opens no connection, whatever text
from data stands in it."""


def render(template: str, *, words: Vocabulary = ENGLISH, wording: Wording = COUPON, **context: Any) -> str:
    """Fill a template of ``seglib/report/templates``; nearly all of them extend ``base.html.j2``.

    Parameters
    ----------
    template : str
        File name, such as ``index.html.j2``.
    words : Vocabulary, optional
        The words of the page. A template writes ``text("groups")`` for a text of `seglib.style.vocabulary.pages`; its
        fields are given by name.
    wording : Wording, optional
        What a transaction and a place are called, in these words.
    **context
        What it speaks of; text is escaped unless it is `markupsafe.Markup`. A name that is missing is an error.

    Returns
    -------
    str
        A page that stands alone: its style is inside. Signs that steer a display stand in it as escapes.
    """
    text = partial(words.page, wording=wording)
    return show_controls(_environment().get_template(template).render(words=words, text=text, **context))


def sentence(text: str) -> str:
    """Return a text that begins with a capital.

    >>> sentence("share of Coupons")
    'Share of Coupons'
    """
    return text[:1].upper() + text[1:]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("seglib.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "thousands": "{:,}".format,
        "percent": percent,
        "visible": visible,
        "moment": moment,
        "sentence": sentence,
        "duration": duration,
        "place": lambda letter: position(letter) % len(PALETTE),
    }
    style, _, _ = environment.loader.get_source(environment, "style.css")
    environment.globals |= {"style": Markup(style), "security": Markup(SECURITY)}
    return environment
