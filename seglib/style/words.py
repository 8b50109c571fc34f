"""How numbers and lists are written in sentences, in one place."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

NO_TRANSACTIONS = "This source has no transactions: what is counted from them does not apply."


TRY, CERTAINTY = "To try, beside a control group", "How sure"
"""Headings on the card of a segment, which the report looks for."""


@dataclass(frozen=True)
class Wording:
    """What the rows of the table of transactions are called: coupons that were claimed, or transactions made.

    Attributes
    ----------
    one, made : str
        The noun, and what a customer did with it.
    note : str
        What a reader must know where the prose of a notebook says coupon; empty if nothing.
    """

    one: str
    made: str
    note: str = ""

    @property
    def many(self) -> str:
        """The noun in the plural."""
        return f"{self.one}s"

    def of(self, text: str) -> str:
        """Put a text of ours, written for coupons, into these words. Not for text from the data.

        Examples
        --------
        >>> TRANSACTION.of("claimed their last coupon"), COUPON.of("days from the last claim")
        ('made their last transaction', 'days from the last claim')
        >>> TRANSACTION.of("days from the last claim")
        'days from the last transaction'
        """
        words = {"coupon": self.one, "coupons": self.many, "claimed": self.made, "claim": self.one}
        return text if self == COUPON else re.sub(r"\b(coupons?|claimed|claim)\b", lambda m: words[m[0]], text)


COUPON = Wording("coupon", "claimed")
TRANSACTION = Wording(
    "transaction",
    "made",
    "This shop records no coupons: every transaction counts. Where the text says coupon, read transaction; "
    "what it says of burning does not apply.",
)
READY_TABLE = Wording("transaction", "made", NO_TRANSACTIONS)


def called(status: pd.Series) -> Wording:
    """Return what to call a transaction, from a column that only coupons fill (a status, a number of burned ones).

    A column without rows is that of a source that has no transactions at all.
    """
    return READY_TABLE if status.empty else COUPON if status.notna().any() else TRANSACTION


def p_value(p: float) -> str:
    """Write a p-value: ``p = .03``, ``p < .001``.

    Examples
    --------
    >>> p_value(0.031), p_value(1e-9), p_value(0.5)
    ('p = .031', 'p < .001', 'p = .50')
    """
    if p < 0.001:
        return "p < .001"
    digits = 3 if p < 0.1 else 2
    return f"p = {p:.{digits}f}".replace("0.", ".", 1)


def figure(value: float) -> str:
    """Write a number of any size: large ones without decimals.

    Examples
    --------
    >>> figure(1.234), figure(12.7), figure(41234.5)
    ('1.23', '13', '41,234')
    """
    return f"{value:.2f}" if abs(value) < 10 else f"{value:,.0f}"


def measured(value: float, unit: str) -> str:
    """Write a number with its unit, as `seglib.interpretation.profile` has it.

    Examples
    --------
    >>> measured(0.903, "share"), measured(0.19, "0 or 1"), measured(9.05, "days"), measured(0.588, "coupons a month")
    ('90%', '19%', '9 days', '0.59 coupons a month')
    >>> measured(41234.5, "number")
    '41,234'
    """
    if unit in ("share", "0 or 1"):
        return f"{value:.0%}"
    return f"{value:,.0f} days" if unit == "days" else figure(value) + ("" if unit == "number" else f" {unit}")


def listing(items: Sequence[str], *, last: str = "and") -> str:
    """Join words as in a sentence.

    Examples
    --------
    >>> listing(["a"]), listing(["a", "b"]), listing(["a", "b", "c"])
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
    return listing([f"{name} {form.format(value)}" for name, value in values.items()])


def moment(utc: str | dt.datetime) -> str:
    """Write a point in time, and say which clock it is of.

    Examples
    --------
    >>> moment("2026-11-24T22:39:22+00:00"), moment("2026-11-24T23:39:22+01:00")
    ('24 Nov 2026, 22:39 UTC', '24 Nov 2026, 22:39 UTC')
    """
    when = dt.datetime.fromisoformat(utc) if isinstance(utc, str) else utc
    when = when.astimezone(dt.UTC) if when.tzinfo else when
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[when.month - 1]
    return f"{when.day} {month} {when.year}, {when:%H:%M} UTC"


def shortened(names: Sequence[str], most: int, *, last: str = "and") -> str:
    """List names, not too many of them.

    Examples
    --------
    >>> shortened(["Genoa", "Izmir", "Oran", "Porto"], 2)
    'Genoa, Izmir and 2 more'
    """
    rest = len(names) - most
    return listing([*names[:most], *([f"{rest} more"] if rest > 0 else [])], last=last)


def plain(name: str) -> str:
    """Write a column name as words.

    Examples
    --------
    >>> plain("days_to_burn")
    'days to burn'
    """
    return name.removesuffix("_name").replace("_", " ")


def literal(text: str) -> str:
    r"""Write a text from the data so that Markdown shows it as it is, on one line.

    Examples
    --------
    >>> print(literal("a *bold* city"), literal("<b>"), literal("New $York$"))
    a \*bold\* city \<b\> New \$York\$
    """
    return re.sub(r"([\\`*_\[\]<>$|~])", r"\\\1", " ".join(text.split()))


def near(name: str, names: Sequence[str]) -> str:
    """Return a question after the name that was meant, or nothing if none comes near.

    Examples
    --------
    >>> near("kk", ["k", "k_max", "seed"])
    " (did you mean 'k'?)"
    >>> near("colour", ["k", "seed"])
    ''
    """
    match = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f" (did you mean '{match[0]}'?)" if match else ""


def letter(i: int) -> str:
    """Return A, B, ..., Z, AA, AB, ... for 0, 1, 2, ...

    Examples
    --------
    >>> letter(0), letter(25), letter(26)
    ('A', 'Z', 'AA')
    """
    return (letter(i // 26 - 1) if i >= 26 else "") + chr(ord("A") + i % 26)


def position(name: str) -> int:
    """Return 0, 1, 2, ... for A, B, C, ...; a sort key for segments.

    Examples
    --------
    >>> position("A"), position("Z"), position("AA")
    (0, 25, 26)
    """
    return sum((ord(c) - 64) * 26**i for i, c in enumerate(reversed(name))) - 1


def percent(share: float) -> str:
    """Write a share; one that is there is never 0.0%, one that is not whole never 100.0%.

    Examples
    --------
    >>> percent(0.25), percent(0.00001), percent(0.99999), percent(1)
    ('25.0%', '<0.1%', '>99.9%', '100.0%')
    """
    if 0 < share < 0.0005:
        return "<0.1%"
    return ">99.9%" if 0.9995 <= share < 1 else f"{share:.1%}"


def without_asides(text: str) -> str:
    """Leave out what stands in brackets: p-values and intervals, which are on the pages of evidence.

    Examples
    --------
    >>> without_asides("They stand out (p = .010) and come back.")
    'They stand out and come back.'
    """
    return re.sub(r"\s*\([^()]*\)", "", text)


def duration(seconds: float) -> str:
    """Write a time that something took.

    Examples
    --------
    >>> duration(8.04), duration(75), duration(7384)
    ('8 s', '1 min 15 s', '2 h 3 min')
    """
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes else f"{rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def visible(text: str) -> str:
    r"""Show what a terminal would obey or hide: a text from the data may hold any sign.

    Examples
    --------
    >>> print(visible("a\x1b[31mb"))
    a\x1b[31mb
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
