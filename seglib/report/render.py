"""How every page is made: one environment of templates, one style, text from data escaped."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from seglib.style import PALETTE, duration, long_day, moment, percent, position, show_controls, visible

SECURITY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""What a page may do: show its own text, style and pictures. It runs no script and opens no connection, whatever text
from data stands in it."""


def render(template: str, **context: Any) -> str:
    """Fill a template of ``seglib/report/templates``; nearly all of them extend ``base.html.j2``.

    Parameters
    ----------
    template : str
        File name, such as ``index.html.j2``.
    **context
        What it speaks of; text is escaped unless it is `markupsafe.Markup`. A name that is missing is an error.

    Returns
    -------
    str
        A page that stands alone: its style is inside. Signs that steer a display stand in it as escapes.
    """
    return show_controls(_environment().get_template(template).render(**context))


def whole_percent(share: float | None) -> str:
    """Write a share in whole per cent, a dash where there is none.

    >>> whole_percent(0.442), whole_percent(None), whole_percent(0.001), whole_percent(0.9999)
    ('44%', '–', '<0.5%', '>99.5%')
    """
    if share is None:
        return "–"
    if 0 < share < 0.005:
        return "<0.5%"
    return ">99.5%" if 0.995 < share < 1 else f"{share:.0%}"


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
        "long_day": long_day,
        "whole_percent": whole_percent,
        "duration": duration,
        "place": lambda letter: position(letter) % len(PALETTE),
    }
    style, _, _ = environment.loader.get_source(environment, "style.css")
    environment.globals |= {"style": Markup(style), "security": Markup(SECURITY)}
    return environment
