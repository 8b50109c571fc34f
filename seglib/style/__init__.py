"""style."""

from seglib.style.colours import PALETTE, colour
from seglib.style.escape import escape_markdown, visible
from seglib.style.formats import duration, format_number, measured, moment, p_value, percent
from seglib.style.letters import letter, position
from seglib.style.wording import (
    CERTAINTY,
    COUPON,
    NO_TRANSACTIONS,
    TRY,
    Wording,
    did_you_mean,
    each,
    humanize,
    join_words,
    shortened,
    without_asides,
    wording_of,
)

__all__ = [
    "CERTAINTY",
    "COUPON",
    "NO_TRANSACTIONS",
    "PALETTE",
    "TRY",
    "Wording",
    "colour",
    "did_you_mean",
    "duration",
    "each",
    "escape_markdown",
    "format_number",
    "humanize",
    "join_words",
    "letter",
    "measured",
    "moment",
    "p_value",
    "percent",
    "position",
    "shortened",
    "visible",
    "without_asides",
    "wording_of",
]
