"""The picture of the verdict on the first page, in the words of the page: bars, and a mark for the shop."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape

from markupsafe import Markup

from seglib.report.words import vocabulary_of_run
from seglib.schema.records import MeasureRecord, RunRecord

WIDTH, LEFT, RIGHT, ROW, TOP = 620, 220, 596, 76, 56
"""In pixels: the drawing, where the scale begins and ends, the height of a row, and of what is above the rows."""

INK, SOFT, BAR, ACCENT = "#1d1d1f", "#595959", "#e3e3e3", "#0072b2"

LINE = 18
"""The height of a line of a label."""

LETTER = 7
"""The width of a letter of the legend, about."""

HATCH = (
    '<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="7" height="7" fill="{BAR}"/><path d="M0 0V7" stroke="{SOFT}"/></pattern></defs>'
)
"""What fills the bars."""


def glance_picture(record: RunRecord) -> Markup | None:
    """Draw a few measures of the shop beside what shops without groups reach.

    Parameters
    ----------
    record : RunRecord

    Returns
    -------
    markupsafe.Markup or None
        A ``<figure>`` with an image (SVG) that needs no file; None where the record does not hold the numbers.
    """
    if record.glance is None or not record.glance.measures:
        return None
    vocabulary = vocabulary_of_run(record)
    words = vocabulary.glance(record.glance, vocabulary.verdict(record.verdict).headline, record.k)
    drawing = _drawing(record.glance.measures, words.title, vocabulary.PICTURE)
    image = base64.b64encode(drawing.encode()).decode()
    return Markup(
        '<figure data-name="verdict"><img src="data:image/svg+xml;base64,{}" alt="{}" width="{}" height="{}">'
        "<figcaption>{}</figcaption></figure>"
    ).format(image, words.alt, WIDTH, _height(len(record.glance.measures)), words.caption)


def _height(n: int) -> int:
    return TOP + n * ROW + 84


def _drawing(measures: tuple[MeasureRecord, ...], title: str, words: Mapping[str, str]) -> str:
    """Return the SVG: a title, a row per measure, the scale, and what the marks mean."""
    low = min(0.0, *(measure.value for measure in measures))

    def x(value: float) -> float:
        return LEFT + (RIGHT - LEFT) * (value - low) / (1 - low)

    end, height = TOP + len(measures) * ROW, _height(len(measures))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">',
        HATCH,
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="8" y="30" font-size="19" font-weight="700" fill="{INK}">{escape(title)}</text>',
    ]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        parts.append(f'<path d="M{x(tick):.1f} {TOP}V{end}" stroke="{BAR}"/>')
    for place, measure in enumerate(measures):
        middle = TOP + ROW * (place + 0.5)
        lines = words[measure.metric].split("\n")
        for number, line in enumerate(lines):
            y = middle + LINE * (number - (len(lines) - 1) / 2) + 5
            parts.append(
                f'<text x="{LEFT - 12}" y="{y:.1f}" font-size="15" text-anchor="end" fill="{INK}">{escape(line)}</text>'
            )
        start, reach = x(min(0.0, measure.reached)), x(max(0.0, measure.reached))
        parts.append(
            f'<rect x="{start:.1f}" y="{middle - 18:.1f}" width="{reach - start:.1f}" height="36" '
            f'fill="url(#hatch)" stroke="{SOFT}"/>'
        )
        parts.append(_mark(x(measure.value), middle, beyond=measure.beyond))
    for tick in (0, 1):
        parts.append(
            f'<text x="{x(tick):.1f}" y="{end + 18}" font-size="14" text-anchor="middle" fill="{SOFT}">{tick}</text>'
        )
    scale = f'<text x="{(LEFT + RIGHT) / 2}" y="{end + 18}" font-size="14" text-anchor="middle" fill="{SOFT}">'
    parts.append(f"{scale}{escape(words['scale'])}</text>")
    parts += _legend(measures, words, end + 56)
    return "".join([*parts, "</svg>"])


def _mark(x: float, y: float, *, beyond: bool) -> str:
    if beyond:
        return f'<path d="M{x:.1f} {y - 11:.1f}l11 11l-11 11l-11 -11z" fill="{ACCENT}"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="#ffffff" stroke="{ACCENT}" stroke-width="3"/>'


def _legend(measures: tuple[MeasureRecord, ...], words: Mapping[str, str], y: int) -> list[str]:
    """Return the marks with their meaning, in one line."""
    marks = [(f'<rect x="8" y="{y - 9}" width="22" height="18" fill="url(#hatch)" stroke="{SOFT}"/>', "without groups")]
    beyond = {measure.beyond for measure in measures}
    if True in beyond:
        marks.append((_mark(0, 0, beyond=True), "beyond"))
    if False in beyond:
        marks.append((_mark(0, 0, beyond=False), "not beyond" if True in beyond else "your shop"))
    left, parts = 8.0, []
    for place, (mark, key) in enumerate(marks):
        parts.append(mark if place == 0 else f'<g transform="translate({left + 11:.1f} {y})">{mark}</g>')
        parts.append(f'<text x="{left + 30:.1f}" y="{y + 5}" font-size="14" fill="{INK}">{escape(words[key])}</text>')
        left += 44 + LETTER * len(words[key])
    return parts
