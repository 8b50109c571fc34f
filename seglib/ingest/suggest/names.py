"""What shops call the tables and columns of the contract, and how near a name comes to one of them.

Names are compared as sets of words: without case, separators and plurals, and with one word for the many ways to say
number, day or amount.
"""

from __future__ import annotations

import difflib
import re
from functools import cache

from seglib.schema.tables import TABLES, key

SURE = 0.8
"""A name that comes this near is taken to mean it."""

NEAR = 0.6
"""A name that comes this near is worth a question."""

_SAME = {
    "id": "no nr num number code key ref reference uid uuid guid identifier pk sk",
    "date": "day time at on datetime timestamp dt when",
    "name": "label title description desc",
    "amount": "amt value total sum",
    "quantity": "qty unit piece pcs",
    "customer": "cust client member user shopper buyer household consumer",
    "transaction": "txn trx trans",
}
"""Words that say the same, by the one that stands for them."""

_COUNTING = {"no", "nr", "num", "number"}
"""Words that mean an id behind others (order no), and a count before them (no of orders)."""

_STANDS_FOR = {word: one for one, many in _SAME.items() for word in many.split()}

_NOUNS = {
    "customers": ("customer, guest, subscriber, patron", "account, person, contact, loyalty, card"),
    "transactions": (
        "transaction, order, invoice, purchase, sale, receipt, basket, bill, booking",
        "coupon, voucher, redemption, claim, ticket, event",
    ),
    "genders": ("gender, sex", ""),
    "cities": (
        "city, town, municipality",
        "location, place, region, province, governorate, district, state, county, country, area",
    ),
    "branches": ("branch, store, shop, outlet", "site"),
    "merchants": ("merchant, vendor, seller, retailer, partner", "brand, company, chain, supplier"),
}
"""What a row of a table is called; second, words that can mean it where nothing better is there."""

_PHRASES = {
    "join_date": (
        "join, joined, joining, signup, sign up, signed up, registration, registered, register, enrolled, enrolment, "
        "enrollment, customer since, opened, first seen",
        "created, creation, start, subscribed",
    ),
    "transaction_date": (
        "date, claim, claimed, subscribed, subscription, issue, issued, ordered, purchased, bought, sold, invoiced",
        "created, creation, placed, received, activated, sent",
    ),
    "burn_date": ("burn, burned, burnt, redeemed, redemption, redeem, used, use, usage, consumed", "spent, activated"),
    "transaction_status": ("status", "state, used, redeemed, burned, is used, is redeemed, is burned"),
    "coupon_name": ("coupon, voucher", "offer, promo, promotion, campaign, deal"),
    "amount": (
        "amount, paid, amount paid, payment, spend, spent, spending, revenue, turnover, price total, line total, "
        "net amount, gross amount, grand total, subtotal, cost total, sale",
        "price, cost, gross, net",
    ),
    "quantity": ("quantity, item count, item quantity, quantity sold", "count, item"),
    "unit_price": ("unit price, price, price each, item price, price per unit, selling price", "unit cost, list price"),
}
"""The same for columns; ``quantity`` and ``unit_price`` make an amount."""

_ENDS = {
    "_id": ("id", ""),
    "_name": ("name", ""),
    "_date": ("date", ""),
    "coupon_name": ("name", "id", "type", ""),
}
"""What phrases are followed by."""

_OF_TRANSACTIONS = {"transaction_date": ("date",), "transaction_status": ("status", "state"), "amount": ("amount",)}
"""The columns that can be called after the table, and how."""

_FILLS = frozenset(
    re.findall(r"\w+", "of the a tbl table dim fact stg raw vw lookup list data history line detail master info log")
)
"""Words that say nothing."""

_OTHER = frozenset(
    re.findall(
        r"\w+",
        "age balance birth count cost currency date delivery delivered discount due email expire expired expiry fee "
        "group last mail method mode modified name payment phone postal price segment shipped status tax type update "
        "updated url vat zip",
    )
)
"""Words that give another meaning to a name they are added to."""

_GENERIC = {"date", "id", "name", "status", "state", "amount", "price", "used", "use", "start", "item", "count"}
"""Words that mean something only where they stand alone."""


def words(name: str) -> tuple[str, ...]:
    """Return the words of a name, as they are compared.

    A number (num, no, nr) that stands before other words counts them; behind them it is an id.

    Examples
    --------
    >>> words("InvoiceNo"), words("signup_dates"), words("Client #"), words("orderno")
    (('invoice', 'id'), ('signup', 'date'), ('customer', 'id'), ('order', 'id'))
    >>> words("num_web_orders"), words("No of kids")
    (('count', 'web', 'order'), ('count', 'kid'))
    """
    parts = spelled_words(name)
    counted = [
        "count" if word in _COUNTING and any(other not in _FILLS for other in parts[i + 1 :]) else word
        for i, word in enumerate(parts)
    ]
    return tuple(_STANDS_FOR.get(word, word) for word in counted if word not in _FILLS and not word.isdecimal())


def is_part(name: str) -> bool:
    """Say whether the name of an amount says that it is a part of what was paid.

    Examples
    --------
    >>> is_part("Subtotal"), is_part("net amount"), is_part("Order Total")
    (True, True, False)
    """
    return bool({"sub", "subtotal", "net", "tax", "vat", "fee", "shipping", "discount"} & {*spelled_words(name)})


def spelled_words(name: str) -> list[str]:
    """Return the words of a name as they are spelled, in small letters and without plurals."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name.replace("#", " no "))
    return [part for word in re.findall(r"[^\W_]+", spaced.casefold()) for part in _parts(_singular(word))]


def _singular(word: str) -> str:
    if word in _vocabulary() or len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    for many, one in (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("s", "")):
        if word.endswith(many):
            return word.removesuffix(many) + one
    return word


def _parts(word: str) -> list[str]:
    """Take apart two words that are written as one, where both are vocabulary."""
    vocabulary = _vocabulary()
    cuts = [
        i
        for i in range(2, len(word) - 1)
        if word not in vocabulary and word[:i] in vocabulary and word[i:] in vocabulary
    ]
    return [word[: cuts[0]], word[cuts[0] :]] if cuts else [word]


@cache
def _vocabulary() -> frozenset[str]:
    texts = [*_SAME, *_SAME.values(), *(text for pair in (*_NOUNS.values(), *_PHRASES.values()) for text in pair)]
    return frozenset(re.findall(r"\w+", " ".join(texts)))


@cache
def likeness(name: str, target: str, *, in_its_table: bool = False) -> float:
    """Say how near a name comes to a table or column of the contract.

    Parameters
    ----------
    name : str
        What the source calls it.
    target : str
        A table of `seglib.schema.tables.TABLES`, a column of one, ``quantity`` or ``unit_price``.
    in_its_table : bool
        Whether the column stands in the table it identifies or names: there ``id`` and ``name`` are enough.

    Returns
    -------
    float
        0 to 1; 2 if it is the name of the contract itself.

    Examples
    --------
    >>> likeness("customer_id ", "customer_id"), likeness("Client No", "customer_id"), likeness("Weight", "customer_id")
    (2.0, 1.0, 0.0)
    """
    if name.strip().casefold() == target:
        return 2.0
    name_words, last = frozenset(words(name)), words(name)[-1:]
    if in_its_table and name_words in ({"id"}, {"name"}):
        return 0.95 if target.endswith("_" + next(iter(name_words))) else 0.0
    phrases = _phrases(target)
    if name_words in phrases:
        return phrases[name_words]
    inside = [
        score if name_words - phrase <= {"customer"} else 0.9 * score
        for phrase, score in phrases.items()
        if phrase < name_words
        and not name_words - phrase & _elsewhere()
        and (len(phrase) > 1 or _alone(*phrase, last, target))
    ]
    joined = {"".join(sorted(phrase)): score for phrase, score in phrases.items()}
    form = "".join(sorted(name_words))
    alike = [
        joined[text] * difflib.SequenceMatcher(None, text, form).ratio()
        for text in difflib.get_close_matches(form, joined, n=1, cutoff=0.86)
        if len(form) > 4
    ]
    return max([*inside, *alike], default=0.0)


def _alone(word: str, last: tuple[str, ...], target: str) -> bool:
    """Say whether a single word means a target where others stand before it: a billing city is a city."""
    unclear = target.endswith("_date") or target in ("customer_id", "transaction_id")
    return last == (word,) and word not in _GENERIC and not unclear


@cache
def _elsewhere() -> frozenset[str]:
    """Return the words that give a name another meaning: it is the city of a store, not of a customer."""
    things = [word for name in ("genders", "cities", "branches", "merchants") for word in _NOUNS[name][0].split(", ")]
    return _OTHER | {*things}


@cache
def _phrases(target: str) -> dict[frozenset[str], float]:
    """Return every phrase that means a table or column, with how surely it does."""
    meanings: dict[frozenset[str], float] = {}

    def add(phrases: str, score: float, *ends: str) -> None:
        for phrase in filter(None, phrases.split(", ")):
            for i, end in enumerate(ends):
                meanings.setdefault(frozenset(words(f"{phrase} {end}")), score if i == 0 else score - 0.1)

    named = target.replace("_name", "_id")
    table = next((name for name in TABLES if target == name or named == key(name)), None)
    ends = _ENDS.get(target) or next((ends for end, ends in _ENDS.items() if target.endswith(end)), ("",))
    strong, weak = _NOUNS[table] if table else _PHRASES[target]
    add(strong, 1.0, *ends)
    add(weak, 0.9, *(ends[:1] if target in ("transaction_id", "transaction_date", "join_date") else ends))
    if target in _OF_TRANSACTIONS:
        strong, weak = _NOUNS["transactions"]
        add(strong, 1.0, *_OF_TRANSACTIONS[target])
        add(weak, 0.9, *_OF_TRANSACTIONS[target])
    return meanings
