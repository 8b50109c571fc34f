"""One customer, one arm: who is in the control group of a campaign follows from the id, and from nothing else.

The id is hashed together with a salt, and the hash, read as a number from 0 to 1, is compared with the share of the
control group. So a customer stays in the same arm when lists are made again, when other customers join or leave, and
when the customer moves to another segment; and a warehouse that computes the same hash draws the same customers. Every
campaign has a salt of its own, so that the control groups of two campaigns have nothing to do with each other.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from seglib.errors import ParameterRefused

DIGITS = 13
"""How many hexadecimal digits of the hash are read: 52 bits, which a float holds exactly."""

HOLDOUT_SALT = "global holdout"
"""The salt of those who get no campaign at all, where no other one is given: the same ones in every run."""

_SALT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:-]{0,99}")


@dataclass(frozen=True)
class ControlGroup:
    """A share of all customers, the same ones whenever and wherever they are drawn.

    Parameters
    ----------
    salt : str
        What makes this draw another one than that of other campaigns, such as the name of the campaign: letters,
        digits, blanks and ``. _ : -``, at most 100.
    share : float
        Share of the customers that is drawn, 0 to 1. With the same salt, a larger share draws the same customers and
        more of them.
    campaign : str, default=""
        What the campaign is called; empty: as its salt.
    holdout : ControlGroup, optional
        Who gets no campaign at all, whatever its name: a draw of its own, with another salt. They are on no list, so
        that all campaigns together can be compared with none.

    Raises
    ------
    ParameterRefused
        If the share is none, the salt has other characters (an SQL statement has to hold it as it is), or the holdout
        has the same salt.

    Notes
    -----
    A customer is drawn if the first 13 hexadecimal digits of ``md5(salt || '|' || id)``, text in UTF-8, are less than
    the share, as a fraction of 16^13. Two texts of so many digits in lower case come in the order of their numbers, so
    the hash is compared as text with the digits of the share: no dialect has to turn hexadecimal digits into a number.
    The number of customers drawn is binomial: of 500 customers with a share of 10%, 37 to 64 in 19 of 20 cases.

    Examples
    --------
    >>> ControlGroup("spring", 0.5).contains(["1", "2", "3", "007"]).tolist()
    [True, False, True, True]
    """

    salt: str
    share: float
    campaign: str = ""
    holdout: ControlGroup | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.salt, str) or not _SALT.fullmatch(self.salt):
            raise ParameterRefused(
                f"the salt of a control group has letters, digits, blanks and . _ : - (at most 100), not {self.salt!r}",
                parameter="salt",
            )
        if not 0 <= self.share <= 1:
            raise ParameterRefused(f"control_share lies between 0 and 1, not {self.share}", parameter="control_share")
        if self.holdout and self.holdout.salt == self.salt:
            raise ParameterRefused(
                f"the salt '{self.salt}' is that of the campaign too, so that the holdout would be its control group: "
                "give it another one",
                parameter="holdout",
            )

    @property
    def name(self) -> str:
        """What the campaign is called."""
        return self.campaign or self.salt

    @property
    def limit(self) -> str:
        """The first number that is not drawn, as hexadecimal digits; one digit more than are read if all are."""
        # a power of 2 times a float is exact, so this is the least whole number that is not less than share * 16^13
        return f"{math.ceil(self.share * 16**DIGITS):0{DIGITS}x}"

    def contains(self, customer_ids: Iterable[str]) -> np.ndarray:
        """Say of every customer whether they are drawn.

        Parameters
        ----------
        customer_ids : iterable of str, length n
            Ids as text: "007" and "7" are two customers.

        Returns
        -------
        numpy.ndarray of bool, shape (n,)
        """
        ids = list(customer_ids)
        limit = self.limit
        if len(limit) > DIGITS:
            return np.ones(len(ids), dtype=bool)
        return np.array([self._digits(customer) < limit for customer in ids], dtype=bool)

    def holds_out(self, customer_ids: Iterable[str]) -> np.ndarray:
        """Say of every customer whether they get no campaign at all.

        Parameters
        ----------
        customer_ids : iterable of str, length n

        Returns
        -------
        numpy.ndarray of bool, shape (n,)
        """
        ids = list(customer_ids)
        return self.holdout.contains(ids) if self.holdout else np.zeros(len(ids), dtype=bool)

    def sql(self, column: str = "customer_id") -> str:
        """Write the same as a condition in DuckDB's dialect, which `seglib.sql.translated` writes in others.

        Parameters
        ----------
        column : str
            SQL of the id, a text.

        Examples
        --------
        >>> print(ControlGroup("spring", 0.1).sql())
        substr(md5('spring|' || customer_id), 1, 13) < '199999999999a'
        """
        if len(self.limit) > DIGITS:
            return "TRUE"
        # no salt has a quote, so it stands in the statement as it is
        return f"substr(md5('{self.salt}|' || {column}), 1, {DIGITS}) < '{self.limit}'"

    def _digits(self, customer: str) -> str:
        text = f"{self.salt}|{customer}".encode()
        return hashlib.md5(text, usedforsecurity=False).hexdigest()[:DIGITS]


def read_holdout(text: str | float | None) -> ControlGroup | None:
    """Read "0.05" or "0.05, company 2026": the share of customers who get no campaign at all, and the salt of the draw.

    Raises
    ------
    ParameterRefused
        If it cannot be read.

    Examples
    --------
    >>> read_holdout("0.05, company 2026")
    ControlGroup(salt='company 2026', share=0.05, campaign='', holdout=None)
    >>> read_holdout("0.05").salt
    'global holdout'
    """
    if text is None or not str(text).strip():
        return None
    number, _, salt = (part.strip() for part in str(text).partition(","))
    try:
        share = float(number)
    except ValueError:
        share = float("nan")
    if not 0 <= share < 1:
        raise ParameterRefused(
            f"holdout is a share below 1, or a share and a salt, like '0.05, company 2026', not '{text}'",
            parameter="holdout",
        )
    return ControlGroup(salt or HOLDOUT_SALT, share) if share else None
