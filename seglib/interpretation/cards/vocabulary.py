"""Every word on a card that a marketer may want to change.

Fields such as ``{coupon}`` are filled by `seglib.style.Wording.of`: in a shop without coupons they say transaction.
"""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "burn_rate": ("burners", "collectors"),
    "coupons_per_month": ("frequent", "occasional"),
    "days_to_burn": ("slow", "quick"),
    "recency_days": ("lapsed", "recent"),
    "spend_per_month": ("high-spending", "low-spending"),
    "never_burned": ("non-burning", "burning"),
}
"""The word for much and for little of each behaviour of ours that names a segment; burn_rate gives the noun."""


VERBS: dict[str, str] = {
    "coupons_per_month": "{claimed} {own:.2f} {coupons} a month (all customers: {all:.2f})",
    "burn_rate": "burned {own:.0%} of their decided {coupons} (all: {all:.0%})",
    "days_to_burn": "took {own:.0f} days to burn a {coupon} (all: {all:.0f})",
    "recency_days": "{claimed} their last {coupon} {own:.0f} days ago (all: {all:.0f})",
    "spend_per_month": "spent {own:,.2f} a month (all: {all:,.2f})",
    "never_burned": "include {own:.0%} who never burned a {coupon} (all: {all:.0%})",
}


LABELS: dict[str, str] = {
    "coupons_per_month": "{coupons} a month",
    "burn_rate": "share of {coupons} burned",
    "days_to_burn": "days until a {coupon} is burned",
    "recency_days": "days since the last {coupon}",
    "spend_per_month": "money spent a month",
    "never_burned": "customers who never burned a {coupon}",
}
"""What a behaviour of ours is called where a number stands beside it."""


NO_MARKER = "In what they do they hardly differ from the average: no behaviour lies half a standard deviation away."


TO_TRY: dict[tuple[str, bool], str] = {
    ("recency_days", True): "a reminder, against none: do some come back who would not have?",
    ("recency_days", False): "nothing for a while: they are here already. Does a {coupon} change what they do next?",
    ("burn_rate", True): "a smaller {coupon}: they burn most of what they claim. Do they burn as many?",
    ("burn_rate", False): "another kind of {coupon} before more of the same: they claim {coupons} and leave them",
    ("days_to_burn", True): "a reminder before the {coupon} ends: they take their time",
    ("days_to_burn", False): "a {coupon} that must be used soon: they do so anyway",
    ("coupons_per_month", True): "less of what you send them: they come often. Is anything lost?",
    ("coupons_per_month", False): "an occasion to come once more",
    ("spend_per_month", True): "service instead of a discount: they spend much already",
    ("spend_per_month", False): "a {coupon} from a certain amount on",
    ("never_burned", True): "to ask some of them why they burn none",
}
"""By behaviour, and whether there is much of it: what a test could try. Ideas, not findings."""

TRY, CERTAINTY = "To try, beside a control group", "How sure"
"""Headings of two notes."""
