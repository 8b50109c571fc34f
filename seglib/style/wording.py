"""What a transaction is called in this shop, and how words are joined in a sentence."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


NO_TRANSACTIONS = "This source has no transactions: what is counted from them does not apply."

PLAIN_RULE = "tenure and RFM"
"""What segments are compared with, in a few words: the plain rule that anybody can compute."""

PLAIN_RULE_MEANING = (
    "Tenure is how long somebody has been a customer, RFM recency, frequency and money; each enters in classes of "
    "equal size (fifths, unless another number was set) and by its logarithm."
)
"""What `PLAIN_RULE` holds; said beside figures and tables. Its columns: `seglib.interpretation.holdout.rfm`."""


@dataclass(frozen=True)
class Wording:
    """What the rows of the table of transactions are called: coupons that were claimed, or transactions that were made.

    A text of the package that depends on it is a template with named fields, which `of` fills.

    Attributes
    ----------
    one, made, claim : str
        The noun, what a customer did with it, and the noun for having done so.
    place, places : str
        What the place of a customer is: a city, or a country.
    note : str
        What a reader must know of what is recorded; empty if nothing.
    plural : str
        Of the noun, where it is not the noun with an s.
    kind : {"coupon", "transaction"}
        What is recorded, whatever it is called.
    money : str
        What amounts are in: their currency where it is known.
    names : tuple of (str, str)
        Templates of the names of columns that are called otherwise than in `COLUMN_NAMES`.
    """

    one: str
    made: str
    claim: str
    note: str = ""
    place: str = "city"
    places: str = "cities"
    plural: str = ""
    kind: str = "coupon"
    money: str = "money"
    names: tuple[tuple[str, str], ...] = ()

    @property
    def words(self) -> dict[str, str]:
        """What the fields of a template are filled with."""
        return {
            "coupon": self.one,
            "coupons": self.many,
            "claimed": self.made,
            "claim": self.claim,
            "place": self.place,
            "places": self.places,
            "money": self.money,
        }

    @property
    def many(self) -> str:
        """The noun in the plural."""
        return self.plural or f"{self.one}s"

    def of(self, template: str, **values: object) -> str:
        """Fill a template of ours with these words.

        Parameters
        ----------
        template : str
            A text of the package, never one from the data. Its fields are ``{coupon}``, ``{coupons}``, ``{claimed}``,
            ``{claim}``, ``{place}``, ``{places}``, ``{money}``, and the names of the values.
        **values : object
            What else the template names: numbers, or texts from the data, which are put in as they are.

        Examples
        --------
        >>> TRANSACTION.of("{claimed} their last {coupon}"), COUPON.of("days from the last {claim}")
        ('made their last transaction', 'days from the last claim')
        >>> TRANSACTION.of("{claimed} {own:.1f} {coupons} a month", own=2)
        'made 2.0 transactions a month'
        """
        return template.format(**(self.words | values))

    def name_of(self, column: str) -> str:
        """Write the name of a column in these words.

        Examples
        --------
        >>> TRANSACTION.name_of("coupons_per_month"), TRANSACTION.name_of("burn_rate")
        ('transactions per month', 'burn rate')
        >>> TRANSACTION.at("country").name_of("city_name"), COUPON.name_of("city_name")
        ('country', 'city')
        """
        names = COLUMN_NAMES | dict(self.names)
        return self.of(names[column]) if column in names else humanize(column)

    def at(self, place: str) -> Wording:
        """Return the same words where the place of a customer is called so."""
        plural = f"{place[:-1]}ies" if place.endswith("y") else f"{place}s"
        return replace(self, place=place, places=plural)

    def priced(self, currency: str) -> Wording:
        """Return the same words where amounts are in this currency; without one they are money.

        Examples
        --------
        >>> COUPON.priced("GBP").of("{money} a month"), COUPON.priced("").of("{money} a month")
        ('GBP a month', 'money a month')
        """
        return replace(self, money=currency or COUPON.money)


COLUMN_NAMES: dict[str, str] = {
    "coupons_per_month": "{coupons} per month",
    "n_coupons": "number of {coupons}",
    "n_burned": "number of {coupons} burned",
    "n_matured": "number of decided {coupons}",
    "n_matured_burned": "number of decided {coupons} burned",
    "n_branches": "number of branches",
    "n_merchants": "number of merchants",
    "active": "coming back",
    "coupons": "{coupons}",
    "spend_per_coupon": "spend per {coupon}",
    "city_name": "{place}",
    "city_id": "{place} id",
    "cities": "{places}",
}
"""Templates of the names of those columns of ours that count, or say where customers are; others by `humanize`."""


COUPON = Wording("coupon", "claimed", "claim")


TRANSACTION = Wording(
    "transaction",
    "made",
    "transaction",
    "This shop records no coupons: every transaction counts.",
    kind="transaction",
)


READY_TABLE = Wording("transaction", "made", "transaction", NO_TRANSACTIONS, kind="transaction")

WORDINGS: dict[str, Wording] = {"coupon": COUPON, "transaction": TRANSACTION, "none": READY_TABLE}
"""The wording by what ``shop.json`` records (`seglib.schema.records.ShopRecord.wording`)."""


def each_once(sentences: Mapping[str, str]) -> list[str]:
    """Write each sentence once, after the names that it is said of; empty ones are left out.

    Examples
    --------
    >>> each_once({"visit": "Go on.", "burned": "", "spend": "Go on."})
    ['visit and spend: Go on.']
    """
    names: dict[str, list[str]] = {}
    for name, sentence in sentences.items():
        if sentence:
            names.setdefault(sentence, []).append(name)
    return [f"{join_words(of)}: {sentence}" for sentence, of in names.items()]


def join_words(items: Sequence[str], *, last: str = "and") -> str:
    """Join words as in a sentence; without any, the word "none".

    Parameters
    ----------
    items : sequence of str
    last : str, default="and"
        What stands before the last one.

    Examples
    --------
    >>> join_words(["a"]), join_words(["a", "b"]), join_words(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    items = list(items)
    if len(items) < 2:
        return items[0] if items else "none"
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def each(values: pd.Series, form: str) -> str:
    """Write the values of a series, each after its label.

    Parameters
    ----------
    values : pandas.Series
    form : str
        How a value is written, as `str.format` takes it.

    Examples
    --------
    >>> import pandas as pd
    >>> each(pd.Series({"A": 1600, "B": 487}), "{:,}")
    'A 1,600 and B 487'
    """
    return join_words([f"{name} {form.format(value)}" for name, value in values.items()])


def shortened(names: Sequence[str], most: int, *, last: str = "and") -> str:
    """List the first names and say how many more there are.

    Parameters
    ----------
    names : sequence of str
    most : int
        Largest number of names that are written.
    last : str, default="and"
        What stands before the last one.

    Examples
    --------
    >>> shortened(["Genoa", "Izmir", "Oran", "Porto"], 2)
    'Genoa, Izmir and 2 more'
    """
    items, rest = list(names[:most]), len(names) - most
    if rest > 0:
        items.append(f"{rest} more")
    return join_words(items, last=last)


def humanize(name: str) -> str:
    """Write the name of a column as words: no underscores, and no ``_name`` at the end.

    Examples
    --------
    >>> humanize("days_to_burn")
    'days to burn'
    """
    return name.removesuffix("_name").replace("_", " ")


def did_you_mean(name: str, names: Sequence[str]) -> str:
    """Return the end of an error message that suggests the nearest name; empty if none is near.

    Parameters
    ----------
    name : str
        What was written.
    names : sequence of str
        What could have been meant.

    Examples
    --------
    >>> did_you_mean("kk", ["k", "k_max", "seed"])
    " (did you mean 'k'?)"
    >>> did_you_mean("colour", ["k", "seed"])
    ''
    """
    match = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f" (did you mean '{match[0]}'?)" if match else ""
