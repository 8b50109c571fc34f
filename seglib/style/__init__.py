"""style."""

from seglib.style.colours import PALETTE, colour
from seglib.style.escape import escape_markdown, visible
from seglib.style.formats import duration, format_number, measured, moment, p_value, percent
from seglib.style.letters import letter, position
from seglib.style.wording import (
    COUPON,
    NO_TRANSACTIONS,
    WORDINGS,
    Wording,
    did_you_mean,
    each,
    humanize,
    join_words,
    shortened,
)

__all__ = [
    "COUPON",
    "NO_TRANSACTIONS",
    "PALETTE",
    "WORDINGS",
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
]
