"""Shops without segments: what the same matrix looks like where there is nothing to find.

`ProcessNull` deals the coupons of a shop out anew among customers who are all alike, and goes through the features
and the matrix again. `CopulaNull` lets customers differ, each thing as much as it does and tied to the others as it
is, but without groups; it knows nothing of how features come about. Either can be beaten by a shop without segments,
both together seldom (``studies/calibration.md``): a shop with segments must beat both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

from seglib.stats import cumulative_exposure

NEIGHBOURS = 12
"""The fate of a coupon is drawn from the decided coupons of about its time: one part in so many of them to each
side."""

FEWEST_NEIGHBOURS = 100
"""... and from at least so many to each side, where there are as many."""


class Null(Protocol):
    """A way to make matrices of shops without segments.

    Attributes
    ----------
    name : str
    what : str
        What it keeps and what it takes away, in a few words.
    """

    name: str
    what: str

    def draws(self, rngs: Sequence[np.random.Generator]) -> Iterator[np.ndarray]:
        """Yield the matrix of one such shop for every generator, shape (n_rows, n_columns)."""


class CopulaNull:
    """Customers who differ gradually: every column as it is, tied to the others as it is, and no groups.

    Parameters
    ----------
    X : ndarray of float, shape (n_rows, n_columns)
        The matrix.
    sources : sequence of sequence of int, optional
        The columns that each source became: one for a number, several for the levels of a name. Default: every column
        is a number.

    Notes
    -----
    Hennig & Lin (2015), Stat. Comput. 25(4), section 3: normal scores of the ranks, their correlation matrix, a draw
    from the normal distribution that has it, mapped back to the sorted values. A name has no ranks: its levels are
    put in the order of their customers' place along the first principal component of the numbers, which keeps the
    strongest tie there is.
    """

    name = "copula"
    what = "customers differ as much as here, and in the same ways, but gradually"

    def __init__(self, X: np.ndarray, sources: Sequence[Sequence[int]] | None = None) -> None:
        self.X = np.asarray(X, dtype=np.float64)
        self.sources = [list(s) for s in sources] if sources else [[j] for j in range(self.X.shape[1])]
        numbers = [s[0] for s in self.sources if len(s) == 1]
        first = _first_component(self.X[:, numbers]) if numbers else np.zeros(len(self.X))
        keys = [self.X[:, s[0]] if len(s) == 1 else _ordered_levels(self.X[:, s], first) for s in self.sources]
        scores = np.array([norm.ppf((rankdata(key) - 0.5) / len(key)) for key in keys])
        self._orders = [np.argsort(key, kind="stable") for key in keys]
        varying = scores.std(axis=1) > 1e-12
        ties = np.eye(len(keys))
        if varying.sum() > 1:
            ties[np.ix_(varying, varying)] = np.corrcoef(scores[varying])
        values, vectors = np.linalg.eigh(ties)
        self._spread = vectors * np.sqrt(np.maximum(values, 0))

    def draws(self, rngs: Sequence[np.random.Generator]) -> Iterator[np.ndarray]:
        """Yield matrices of shops whose customers differ gradually."""
        return (self._draw(rng) for rng in rngs)

    def _draw(self, rng: np.random.Generator) -> np.ndarray:
        drawn = self._spread @ rng.standard_normal((len(self.sources), len(self.X)))
        made = np.empty_like(self.X)
        for columns, normal, order in zip(self.sources, drawn, self._orders, strict=True):
            rank = np.empty(len(self.X), dtype=np.int64)
            rank[np.argsort(normal, kind="stable")] = np.arange(len(self.X))
            made[:, columns] = self.X[order[rank]][:, columns]
        return made


def _first_component(numbers: np.ndarray) -> np.ndarray:
    spread = numbers.std(axis=0)
    scaled = (numbers - numbers.mean(axis=0)) / np.where(spread > 1e-12, spread, 1.0)
    return scaled @ np.linalg.eigh(scaled.T @ scaled)[1][:, -1]


def _ordered_levels(dummies: np.ndarray, along: np.ndarray) -> np.ndarray:
    level = dummies.argmax(axis=1)
    n = np.bincount(level, minlength=dummies.shape[1])
    mean = np.bincount(level, weights=along, minlength=dummies.shape[1]) / np.maximum(n, 1)
    return rankdata(mean, method="ordinal")[level]


class ProcessNull:
    """Customers who are all alike: their coupons are dealt out anew, then features and matrix are made again.

    Every customer keeps the day of joining, the number of coupons, gender, city and what else the customers table says.
    Each coupon gets a new day in the time since its customer joined, busy days being likelier; whether it is burned,
    and after how many days, from a decided coupon of about that day, whoever had it; and branch and amount of any
    other.

    Parameters
    ----------
    customers, transactions : pandas.DataFrame
        The canonical tables.
    as_of : str
        ISO date.
    burn_window : int or None
        Days after which a coupon is decided (`seglib.features.Redemption.window`).
    remake : callable
        From transactions tables of several shops with the same customers to the matrix of each.
    """

    name = "process"
    what = "all customers are alike, but for when they joined and how many coupons they have"

    def __init__(
        self,
        customers: pd.DataFrame,
        transactions: pd.DataFrame,
        *,
        as_of: str,
        burn_window: int | None,
        remake: Callable[[Sequence[pd.DataFrame]], Iterator[np.ndarray]],
    ) -> None:
        day = pd.Timestamp(as_of)
        coupons = transactions[transactions["transaction_date"] <= day].reset_index(drop=True)
        self.remake, self._coupons = remake, coupons
        joined = customers.set_index("customer_id")["join_date"]
        first = coupons.groupby("customer_id")["transaction_date"].min()
        since = pd.concat([joined, first], axis=1).min(axis=1)
        since = since[since <= day]
        self._first_day = since.min()
        n_days = (day - self._first_day).days + 1
        claimed = (coupons["transaction_date"] - self._first_day).dt.days
        came = (since - self._first_day).dt.days
        self._busy = cumulative_exposure(came.to_numpy(), claimed.to_numpy(), n_days=n_days)
        self._start = self._busy[came.reindex(coupons["customer_id"]).to_numpy()]
        old = (day - coupons["transaction_date"]).dt.days >= (burn_window or 0)
        seen = coupons[old & coupons["transaction_status"].notna()]
        unseen_yet = seen["burn_date"] > day
        fates = pd.DataFrame(
            {
                "day": claimed[seen.index],
                "status": seen["transaction_status"].astype(object).where(~unseen_yet, "subscribed"),
                "lag": (seen["burn_date"] - seen["transaction_date"]).where(~unseen_yet),
            }
        )
        self._fates = fates.sort_values("day", kind="stable", ignore_index=True)

    def draws(self, rngs: Sequence[np.random.Generator]) -> Iterator[np.ndarray]:
        """Yield matrices of shops whose customers are all alike."""
        return self.remake([self.shuffled(rng) for rng in rngs])

    def shuffled(self, rng: np.random.Generator) -> pd.DataFrame:
        """Return the transactions of one such shop; those after ``as_of`` are left out."""
        n, last_day = len(self._coupons), len(self._busy) - 2
        moment = self._start + rng.random(n) * (self._busy[-1] - self._start)
        day = np.clip(np.searchsorted(self._busy, moment, side="right") - 1, 0, last_day)
        claimed = pd.Series(self._first_day + pd.to_timedelta(day, unit="D"))
        other = self._coupons[["branch_id", "amount"]].iloc[rng.permutation(n)].reset_index(drop=True)
        made = self._coupons.assign(transaction_date=claimed, **other)
        last = len(self._fates) - 1
        if last < 0:
            return made
        reach = min(max(len(self._fates) // NEIGHBOURS, FEWEST_NEIGHBOURS), last)
        place = np.searchsorted(self._fates["day"], day) + rng.integers(-reach, reach + 1, n)
        place = np.abs(place)  # at the ends of the calendar, back inside
        fate = self._fates.iloc[np.clip(np.where(place > last, 2 * last - place, place), 0, last)].reset_index(
            drop=True
        )
        return made.assign(transaction_status=fate["status"], burn_date=claimed + fate["lag"])
