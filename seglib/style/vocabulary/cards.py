"""The words of the shop and of the cards: names, sentences, headings, ideas, cautions; the columns of the lists.

Words between braces are filled in; their names say what they hold. ``{coupon}``, ``{coupons}``, ``{claim}``,
``{claimed}``, ``{place}`` and ``{places}`` are filled by `seglib.style.Wording.of`: in a shop without coupons they say
transaction, in one of countries country.
"""

from __future__ import annotations

from seglib.style.formats import MONTHS as ENGLISH_MONTHS
from seglib.style.formats import TIMES as ENGLISH_TIMES

# ---- Language ----

LANGUAGE = "en"
"""The code of the language, as browsers take it. A file that names another one has all words."""

DECIMAL, THOUSANDS, PERCENT = ".", ",", "{n}%"
"""How numbers are written: the sign before decimals, that between thousands ("none" for none), and a share."""

DAY = "{day} {month} {year}"
"""How a day is written: ``day`` its number, ``dd`` with two digits, ``month`` its name, ``mm`` its number, ``year``."""

MONTHS: dict[str, str] = {str(number): name for number, name in enumerate(ENGLISH_MONTHS, start=1)}

# ---- Words of the shop ----

OWN_COUPON: dict[str, str] = {}
"""``COUPON`` of a file of words: what a coupon is called, by one, many, claimed, claim. Without ``TRANSACTION`` any
transaction is called so."""

OWN_TRANSACTION: dict[str, str] = {}
"""``TRANSACTION`` of a file of words: the same in a shop that records no coupons."""

PLACES: dict[str, str] = {
    "city": "city",
    "country": "country",
    "region": "region",
    "state": "state",
    "province": "province",
    "county": "county",
    "district": "district",
    "postcode": "postcode",
}
"""What the place of a customer is called, by what it is."""

MANY_PLACES: dict[str, str] = {
    "city": "cities",
    "country": "countries",
    "region": "regions",
    "state": "states",
    "province": "provinces",
    "county": "counties",
    "district": "districts",
    "postcode": "postcodes",
}

FEATURES: dict[str, str] = {}
"""What a column of the shop's own is called; without an entry, by its name."""

MONEY = "{amount}"
"""How an amount of money is written, such as "{amount} EUR"; without an entry, with the currency of the data."""

TIMES: dict[str, str] = dict(ENGLISH_TIMES)
"""How times and rates are written."""

ONE_CUSTOMER, MANY_CUSTOMERS = "1 customer", "{n} customers"

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
    "burn_rate": "used {own} of the {coupons} that are old enough to judge (all customers: {all})",
    "days_to_burn": "took {own} to use a {coupon} (all customers: {all})",
    "recency_days": "{claimed} their last {coupon} {own} ago (all customers: {all})",
    "spend_per_month": "spent {own} a month (all customers: {all})",
    "never_burned": "include {own} who never used a {coupon} (all customers: {all})",
}
"""What a segment did, with the value of the segment and of all customers in words."""

HAVE = "have {what}"
"""The verb of `OWN_NUMBER` and `OWN_ANSWER`; left out where the phrase before it has it too."""

OWN_NUMBER = "a mean {feature} of {own} (all customers: {all})"

OWN_ANSWER = "yes under {feature} in {own:.0%} of cases (all customers: {all:.0%})"


LABELS: dict[str, str] = {
    "coupons_per_month": "{coupons} a month",
    "burn_rate": "share of {coupons} used",
    "days_to_burn": "time until a {coupon} is used",
    "recency_days": "time since the last {coupon}",
    "spend_per_month": "money spent a month",
    "never_burned": "customers who never used a {coupon}",
}
"""What a behaviour of ours is called where a number stands beside it."""


THEY = "They {phrases}."

TENURE = "They have been customers for {own} (all customers: {all})."

LEVELS, LEVEL, MORE_LEVELS = (
    "More often than elsewhere by {feature}: {levels}.",
    "{level} ({own:.0%}; all customers: {all:.0%})",
    "{n} more",
)

NO_MARKER = "No habit of theirs stands out: none lies half a standard deviation from the average."

ONLY_ELSEWHERE = "In what built the groups nothing of theirs stands out."
"""Where something else lies half a standard deviation away."""


# ---- Notes ----

LAST_CLAIM = "Last {coupon}"
CERTAINTY, SETS_APART = "How sure", "What sets them apart"
STANDS_FOR, TRY, CAUTION = "A customer who stands for them", "To try, beside a control group", "What not to conclude"
"""Headings. That of the use of coupons is the word for coupons."""

USED = "{coupons:,.0f} {many}, {per_customer:.1f} a customer"
FREQUENCY = "; usage frequency {frequency:.1f}."

DAYS_AGO = "{own} ago on average (all customers: {all})."

NO_CERTAINTY = "this cannot be said, because what customers are described by here does not give the labels back"
PROBABILITY = (
    "if these groups are taken as given, a member belongs here with a probability of {mean} on average; "
    "for {low} of the members it is less than {limit:.0%}."
)

NOBODY_SURE = (
    "nobody surely belongs to this group: what is known of its {customers} fits another group too. Make no offer for "
    "this group alone: treat it like the others."
)
"""In the place of the probability, where it is low for every member."""

DIFFERENCE = "{feature} ({difference:+.1f} standard deviations{scale})"
OF_LOGARITHMS = " of its logarithm"

NEAREST = "id {customer}, nearest to the centre."


# ---- What to try ----

TO_TRY: dict[tuple[str, bool], str] = {
    ("recency_days", True): "a reminder. Do some come back who would not have?",
    ("recency_days", False): "nothing for a while: they came more recently than others. Do they come as often?",
    ("burn_rate", True): "a smaller {coupon}: they use more of them than others. Do they use as many?",
    ("burn_rate", False): "another kind of {coupon} before more of the same: they use fewer than others.",
    ("days_to_burn", True): "a reminder before the {coupon} ends: they take longer than others.",
    ("days_to_burn", False): "a {coupon} that must be used soon: they are quicker than others.",
    ("coupons_per_month", True): "less of what you send them: they come more often than others. Is anything lost?",
    ("coupons_per_month", False): "an occasion to come once more.",
    ("spend_per_month", True): "service instead of a discount: they spend more than others already.",
    ("spend_per_month", False): "an offer from a certain amount on.",
    ("never_burned", True): "to ask some of them why they use none.",
}
"""By behaviour, and whether there is more of it than among others: what a test could try. Ideas, not findings.

What they say of customers is that difference and no more: who uses more coupons than others need not use most of them.
"""

PLAIN_RULES = "one offer for everybody, sent to a random half: that a group needs another one was not shown."
"""What to try where the segments are constructed and not shown to be useful."""

LIKE_OTHERS = "what the other groups get: nobody surely belongs to this one."
"""What to try with a group that nobody surely belongs to."""

COMPARED_WITH: dict[str, str] = {
    "nothing": " The others get nothing.",
    "usual": " The others get the usual.",
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
    "with the {control} of the comparison group you see a change of {points} points in the share "
    "used, or more; with half of the customers in each group, {half} points.",
)
"""How large a change the test of a card must make to be seen."""


# ---- What not to conclude ----

BY_STRUCTURE: dict[str, str] = {
    "constructed": "That there is such a group: the method cut it, and nothing shows that it is more.",
    "reproducible": "That the border means something: it is a choice.",
}
"""By the label of the verdict on structure."""

GIVEN_BY_STRUCTURE: dict[str, str] = {
    **BY_STRUCTURE,
    "constructed": "That there is such a group: somebody drew it, and nothing shows that it is more.",
}
"""The same where the segments were given."""

NOT_USEFUL = "That the group tells more of what they will do than you know already: that was not shown."

USE_NOT_ASKED = "That they will act otherwise than others: that could not be asked."

TENURE_DIFFERS = "That habits differ: they have been customers for a {longer} time, and part of it is the calendar."

LONGER, SHORTER = "longer", "shorter"

NOTHING_DIFFERS = "That they behave in a way of their own: no difference is large enough."

NOBODY_TRIED = "That an offer would work better or worse here: nobody has tried."


# ---- The first page, and the page of a group ----

WORK: dict[str, str] = {"spend": "share of sales", "burned": "share of used {coupons}", "made": "share of {coupons}"}
"""What a group's share of all that was done is called: of sales, where they are recorded."""

USED_COLUMN, USED_FIGURE = "use {coupons}", "{coupons} used"

USED_NOTE = "average of all customers, of {coupons} old enough to judge"

CAME_BACK_COLUMN, CAME_BACK_FIGURE = "come back in {months}", "came back in {months}"

CAME_BACK_NOTE = "after {day}"

SPEND_FIGURE = "spent in all"

NEXT: dict[str, str] = {
    "active": "came back",
    "coupons": "{coupons} a customer",
    "burned": "used a {coupon}",
    "burn_rate": "{coupons} used, of those old enough to judge",
    "spend": "spent, a customer",
}
"""What customers did after an earlier day, by outcome."""

RULE = "{conditions}. {precision} of such customers are in this group, and {covers} of the group are such."

STORY_OF = "No. {customer}"

STORY: dict[str, str] = {
    "tenure": "customer for {tenure}",
    "burned": "{n} {things}, {used} of them used",
    "made": "{n} {things}",
    "last": "the last one on {day}",
    "spend": "{spend} spent",
    "variable": "{feature} {value}",
}
"""Parts of the story of a customer who stands for a group."""


# ---- The lists ----

LAST, USED_SHARE, CITY = "last_{coupon}", "share_used", "{place}"
"""Columns by which a list can be checked by eye."""

SEND, CONTROL = "send", "control"
"""The last part of the name of a list."""

README: dict[str, str] = {
    "head": "Customer lists of {source}{day}; report '{run}'.",
    "this shop": "this shop",
    "day": ", state of {day}",
    "size": "{letter}  {name}: {send} to send to, {control} as control",
    "change": "; shows a change of {points} points of {coupons} used",
    "nobody sure": "; nobody surely belongs to it: treat it like the others",
    "no list": "{letter}  {name}: {customers} customers, no list",
    "few": "{n} of {all} groups have a list of their own. Not {letters}: fewer than {smallest} customers.",
    "send": "{send}: they get the offer.",
    "control": "{control} ({share:.0%} of a group): they get what they would get without the test: nothing, or the "
    "usual offer. The card of the group says which.",
    "compare": "After the test, compare the two lists of a group. A smaller change than named above may be chance.",
    "compare, no size": "After the test, compare the two lists of a group. A small change may be chance.",
    "near_border": "near_border: may belong to another group (probability below {low:.0%}, or, where there is none, "
    "confidence below {near}); leave them out of a test.",
    "columns": "probability: that of belonging here. confidence: 1 at the centre of the group, 0 at its border. "
    "outlier: far from everybody in the group.",
    "made by": "The groups were made by {file}; nothing here changed who is in which.",
    "given by": "The groups were given by '{file}'; nothing here changed who is in which.",
    "noise": "{n} customers are noise there (in no cluster), and are on no list.",
    "without label": "{n} customers have no label there, and are on no list.",
    "no rule": "probability, confidence, second_segment, outlier and near_border are empty, and there is no "
    "model.skops and no scoring.sql to place new customers{why}.",
    "by rule": "probability is empty; confidence, second_segment, outlier and near_border come from the nearest "
    "centre, which gives {share:.0%} of the customers the group that they have; confidence is 0 where it gives "
    "another one.",
    "no model": "There is no model.skops and no scoring.sql to place new customers{why}.",
    "model": "model.skops and scoring.sql place new customers by the nearest centre.",
    "holdout": "{n} customers are held out of every campaign: they are on no list.",
    "changes": "Since the last lists of this name, {added} were added to lists of those who get the offer, and "
    "{removed} removed; who moved from one list to another is in both numbers. The folder changes has them.",
    "privacy": "Ids are personal data in most countries: give the lists only to those who need them, then delete them.",
}
"""The text that goes with the lists, line by line."""

# ---- How to recognise a group ----

RULES: dict[str, str] = {
    "coupons_per_month": "{claimed} {between} {coupons} a month",
    "burn_rate": "used {between} of their {coupons} old enough to judge",
    "days_to_burn": "took {between} days to use a {coupon}",
    "recency_days": "{claimed} their last {coupon} {between} days ago",
    "spend_per_month": "spent {between} a month",
    "n_coupons": "{claimed} {between} {coupons}",
    "n_burned": "used {between} {coupons}",
    "tenure_days": "have been customers for {between} days",
}
"""The conditions of a rule by what it asks about."""

RULE_WORDS: dict[str, str] = {
    "more than": "more than {number}",
    "at most": "at most {number}",
    "but": "but",
    "other": "have {feature} of {between}",
    "or unknown": "{condition} (or it is not known)",
    "none known": "have no known {feature}",
    "any known": "have a known {feature}",
    "is": "{feature} is {level}",
    "is not": "{feature} is not {levels}",
    "or": "or",
    "unknown": "unknown",
    "used one": "used at least one {coupon}",
    "never used": "never used a {coupon}",
    "yes": "have yes under {feature}",
    "no": "have no under {feature}",
    "everybody": "everybody",
}
"""The other words of a rule."""
