"""style."""

from seglib.style.colours import PALETTE, colour
from seglib.style.escape import literal, visible
from seglib.style.formats import duration, figure, measured, moment, p_value, percent
from seglib.style.letters import letter, position
from seglib.style.wording import (
    CERTAINTY,
    COUPON,
    NO_TRANSACTIONS,
    TRY,
    Wording,
    called,
    each,
    listing,
    near,
    plain,
    shortened,
    without_asides,
)

__all__ = [
    "CERTAINTY",
    "COUPON",
    "NO_TRANSACTIONS",
    "PALETTE",
    "TRY",
    "Wording",
    "called",
    "colour",
    "duration",
    "each",
    "figure",
    "letter",
    "listing",
    "literal",
    "measured",
    "moment",
    "near",
    "p_value",
    "percent",
    "plain",
    "position",
    "shortened",
    "visible",
    "without_asides",
]
