"""What a transaction is called in this shop, and how words are joined in a sentence."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


NO_TRANSACTIONS = "This source has no transactions: what is counted from them does not apply."


@dataclass(frozen=True)
class Wording:
    """What the rows of the table of transactions are called: coupons that were claimed, or transactions made.

    Attributes
    ----------
    one, made, claim : str
        The noun, what a customer did with it, and the noun for having done so.
    note : str
        What a reader must know where the prose of a notebook says coupon; empty if nothing.
    """

    one: str
    made: str
    claim: str
    note: str = ""

    @property
    def many(self) -> str:
        """The noun in the plural."""
        return f"{self.one}s"

    def of(self, template: str, **values: object) -> str:
        """Fill a template of ours with these words.

        Parameters
        ----------
        template : str
            A text of the package, never one from the data. Its fields are ``{coupon}``, ``{coupons}``, ``{claimed}``,
            ``{claim}``, and the names of the values.
        **values : object
            What else the template names: numbers, or texts from the data, which are put in as they are.

        Examples
        --------
        >>> TRANSACTION.of("{claimed} their last {coupon}"), COUPON.of("days from the last {claim}")
        ('made their last transaction', 'days from the last claim')
        >>> TRANSACTION.of("{claimed} {own:.1f} {coupons} a month", own=2)
        'made 2.0 transactions a month'
        """
        words = {"coupon": self.one, "coupons": self.many, "claimed": self.made, "claim": self.claim}
        return template.format(**words, **values)

    def name_of(self, column: str) -> str:
        """Write the name of a column in these words.

        Examples
        --------
        >>> TRANSACTION.name_of("coupons_per_month"), TRANSACTION.name_of("burn_rate")
        ('transactions per month', 'burn rate')
        """
        return self.of(COLUMN_NAMES[column]) if column in COLUMN_NAMES else humanize(column)


COLUMN_NAMES: dict[str, str] = {
    "coupons_per_month": "{coupons} per month",
    "n_coupons": "n {coupons}",
    "coupons": "{coupons}",
}
"""Templates of the names of those columns of ours that count coupons."""


COUPON = Wording("coupon", "claimed", "claim")


TRANSACTION = Wording(
    "transaction",
    "made",
    "transaction",
    "This shop records no coupons: every transaction counts. Where the text says coupon, read transaction; "
    "what it says of burning does not apply.",
)


READY_TABLE = Wording("transaction", "made", "transaction", NO_TRANSACTIONS)

WORDINGS: dict[str, Wording] = {"coupon": COUPON, "transaction": TRANSACTION, "none": READY_TABLE}
"""By what ``shop.json`` records."""


def wording_of(status: pd.Series) -> Wording:
    """Return what to call a transaction, from a column that only coupons fill (a status, a number of burned ones).

    A column without rows is that of a source that has no transactions at all.
    """
    return READY_TABLE if status.empty else COUPON if status.notna().any() else TRANSACTION


def join_words(items: Sequence[str], *, last: str = "and") -> str:
    """Join words as in a sentence.

    Examples
    --------
    >>> join_words(["a"]), join_words(["a", "b"]), join_words(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    items = list(items)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else "none"


def each(values: pd.Series, form: str) -> str:
    """Write the values of a series, each with what it belongs to.

    Examples
    --------
    >>> import pandas as pd
    >>> each(pd.Series({"A": 1600, "B": 487}), "{:,}")
    'A 1,600 and B 487'
    """
    return join_words([f"{name} {form.format(value)}" for name, value in values.items()])


def shortened(names: Sequence[str], most: int, *, last: str = "and") -> str:
    """List names, not too many of them.

    Examples
    --------
    >>> shortened(["Genoa", "Izmir", "Oran", "Porto"], 2)
    'Genoa, Izmir and 2 more'
    """
    rest = len(names) - most
    return join_words([*names[:most], *([f"{rest} more"] if rest > 0 else [])], last=last)


def humanize(name: str) -> str:
    """Write a column name as words.

    Examples
    --------
    >>> humanize("days_to_burn")
    'days to burn'
    """
    return name.removesuffix("_name").replace("_", " ")


def did_you_mean(name: str, names: Sequence[str]) -> str:
    """Return a question after the name that was meant, or nothing if none comes near.

    Examples
    --------
    >>> did_you_mean("kk", ["k", "k_max", "seed"])
    " (did you mean 'k'?)"
    >>> did_you_mean("colour", ["k", "seed"])
    ''
    """
    match = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f" (did you mean '{match[0]}'?)" if match else ""
