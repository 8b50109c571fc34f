"""Every word on a card that a marketer may want to change: names, sentences, headings, ideas, cautions.

Words between braces are filled in; their names say what they hold. ``{coupon}``, ``{coupons}``, ``{claim}`` and
``{claimed}`` are filled by `seglib.style.Wording.of`: in a shop without coupons they say transaction.

A file of words (parameter ``words_file``) changes what stands here for one run (`words_file` beside this file).
"""

from __future__ import annotations

from seglib.style import TIMES as ENGLISH_TIMES

# ---- Words of the shop ----

COUPON: dict[str, str] = {}
"""What a transaction is called, where it is neither coupon nor transaction: one, many, claimed, claim."""

FEATURES: dict[str, str] = {}
"""What a column of the shop's own is called; without an entry, by its name."""

MONEY = "{amount}"
"""How an amount of money is written, such as "{amount} EUR"."""

TIMES: dict[str, str] = dict(ENGLISH_TIMES)
"""How times and rates are written."""

AND = "and"
"""What stands before the last of several things."""

# ---- Names ----

WORDS: dict[str, tuple[str, str]] = {
    "burn_rate": ("burners", "collectors"),
    "coupons_per_month": ("frequent", "occasional"),
    "days_to_burn": ("slow", "quick"),
    "recency_days": ("long-absent", "recent"),
    "spend_per_month": ("high-spending", "low-spending"),
    "never_burned": ("non-burning", "burning"),
}
"""The word for much and for little of each behaviour of ours that names a segment; burn_rate gives the noun."""


CUSTOMERS, AVERAGE = "customers", "average customers"
"""The noun of a name that burn_rate does not give, and the name of a segment without any marker."""

NEW = "new {noun}"
"""Customers who joined much later than others: that they came often, or lately, would be the calendar."""

OF_ONE_GENDER: dict[str, str] = {"female": "women", "male": "men"}
"""The noun of a segment of one gender, by its level in lower case."""

HIGH, LOW = "high {feature}", "low {feature}"
"""How much of a variable of the shop's own: "customers with high income"."""

WITH = " with {levels}"

ANSWERED = ", {feature} {often} {answer}"
"""A variable of the shop's own that is yes or no: ", member mostly yes"."""

YES, NO = "yes", "no"

MOSTLY, MORE_OFTEN = "mostly", "more often"
"""Of most customers of the segment; of no majority, but of more than elsewhere."""

FROM, MORE_OFTEN_FROM = " from {places}", ", more often from {places}"

OTHER_PLACES = "{n} other places"

OF_GENDER, OF_LEVEL = ", {often} {levels}", ", {feature} {often} {levels}"


# ---- Sentences ----

VERBS: dict[str, str] = {
    "coupons_per_month": "{claimed} {coupons} at a rate of {own} (all customers: {all})",
    "burn_rate": "burned {own} of the {coupons} that are old enough to judge (all customers: {all})",
    "days_to_burn": "took {own} to burn a {coupon} (all customers: {all})",
    "recency_days": "{claimed} their last {coupon} {own} ago (all customers: {all})",
    "spend_per_month": "spent {own} a month (all customers: {all})",
    "never_burned": "include {own} who never burned a {coupon} (all customers: {all})",
}
"""What a segment did, with the value of the segment and of all customers in words."""

UNITS: dict[str, str] = {"coupons_per_month": "a month", "spend_per_month": "money"}
"""How a value is written where the unit of the feature would say it twice."""


HAVE = "have {what}"
"""The verb of `OWN_NUMBER` and `OWN_ANSWER`; left out where the phrase before it has it too."""

OWN_NUMBER = "a mean {feature} of {own} (all customers: {all})"

OWN_ANSWER = "yes under {feature} in {own:.0%} of cases (all customers: {all:.0%})"


LABELS: dict[str, str] = {
    "coupons_per_month": "{coupons} a month",
    "burn_rate": "share of {coupons} burned",
    "days_to_burn": "days until a {coupon} is burned",
    "recency_days": "days since the last {coupon}",
    "spend_per_month": "money spent a month",
    "never_burned": "customers who never burned a {coupon}",
}
"""What a behaviour of ours is called where a number stands beside it."""


THEY = "They {phrases}."

TENURE = "They have been customers for {own} (all customers: {all})."

LEVELS, LEVEL, MORE_LEVELS = (
    "More often than elsewhere by {feature}: {levels}.",
    "{level} ({own:.0%}; all customers: {all:.0%})",
    "{n} more",
)

NO_MARKER = "In what they do they hardly differ from the average: no behaviour lies half a standard deviation away."

ONLY_ELSEWHERE = "In what built the segments they hardly differ from the average."
"""Where something else lies half a standard deviation away."""


# ---- Notes ----

LAST_CLAIM = "Last {coupon}"
CERTAINTY, SETS_APART = "How sure", "What sets them apart"
STANDS_FOR, TRY, CAUTION = "A customer who stands for them", "To try, beside a control group", "What not to conclude"
"""Headings. That of the use of coupons is the word for coupons."""

USED = "{coupons:,.0f} {many}, {per_customer:.1f} a customer"
SHARE_BURNED = "; {burned:.0%} burned so far, {open:.0%} not"
FREQUENCY = "; usage frequency {frequency:.1f}."

DAYS_AGO = "{own} ago on average (all customers: {all})."

NO_CERTAINTY = "this cannot be said, because what customers are described by here does not give the labels back"
PROBABILITY = (
    "if these segments are taken as given, a member belongs here with a probability of {mean} on average; "
    "for {low} of the members it is less than {limit:.0%}."
)

DIFFERENCE = "{feature} ({difference:+.1f} standard deviations)"

NEAREST = "id {customer}, nearest to the centre."


# ---- What to try ----

TO_TRY: dict[tuple[str, bool], str] = {
    ("recency_days", True): "a reminder. Do some come back who would not have?",
    ("recency_days", False): "nothing for a while: they are here already. Do they come as often?",
    ("burn_rate", True): "a smaller {coupon}: they burn most of what they claim. Do they burn as many?",
    ("burn_rate", False): "another kind of {coupon} before more of the same: they claim {coupons} and leave them.",
    ("days_to_burn", True): "a reminder before the {coupon} ends: they take their time.",
    ("days_to_burn", False): "a {coupon} that must be used soon: they do so anyway.",
    ("coupons_per_month", True): "less of what you send them: they come often. Is anything lost?",
    ("coupons_per_month", False): "an occasion to come once more.",
    ("spend_per_month", True): "service instead of a discount: they spend much already.",
    ("spend_per_month", False): "an offer from a certain amount on.",
    ("never_burned", True): "to ask some of them why they burn none.",
}
"""By behaviour, and whether there is much of it: what a test could try. Ideas, not findings."""

PLAIN_RULES = "one offer for everybody, sent to a random half: that this segment needs another one was not shown."
"""What to try where the segments are constructed and not shown to be useful."""

COMPARED_WITH: dict[str, str] = {
    "nothing": " The others get nothing.",
    "usual": " The others get what they get now.",
}
"""What the comparison group gets, by `OTHERS_GET`."""

OTHERS_GET: dict[tuple[str, bool], str] = {
    ("recency_days", True): "nothing",
    ("recency_days", False): "usual",
    ("burn_rate", True): "usual",
    ("burn_rate", False): "usual",
    ("days_to_burn", True): "nothing",
    ("days_to_burn", False): "usual",
    ("coupons_per_month", True): "usual",
    ("coupons_per_month", False): "nothing",
    ("spend_per_month", True): "usual",
    ("spend_per_month", False): "nothing",
    ("never_burned", True): "nothing",
}
"""Whether an idea of `TO_TRY` is tried beside nothing (a reminder), or beside what customers get now."""

TEST, TEST_SIZE = (
    "What a test can show",
    "with the {control:,} customers of the comparison group you see a change of {points:.0f} points in the share "
    "burned, or more; with half of the customers in each group, {half:.0f} points.",
)
"""How large a change the test of a card must make to be seen."""


# ---- What not to conclude ----

BY_STRUCTURE: dict[str, str] = {
    "constructed": "that there is such a group: the segment was cut by the method, and was not shown to be more",
    "reproducible": "that the border means something: it is a choice",
}
"""By the label of the verdict on structure."""

GIVEN_BY_STRUCTURE: dict[str, str] = {
    **BY_STRUCTURE,
    "constructed": "that there is such a group: the segment was drawn by somebody, and was not shown to be more",
}
"""The same where the segments were given."""

NOT_USEFUL = "that the segment tells more of what they will do than you know already: that was not shown"

USE_NOT_ASKED = "that they will act otherwise than others: that could not be asked"

TENURE_DIFFERS = "that habits differ: they have been customers for a {longer} time, and part of it is the calendar"

LONGER, SHORTER = "longer", "shorter"

NOTHING_DIFFERS = "that they behave in a way of their own: no difference reaches half a standard deviation"

NOBODY_TRIED = "that an offer would work better or worse here: nobody has tried"
