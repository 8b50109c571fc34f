"""Null models: matrices of shops without segments.

`ProcessNull` resamples the coupons of a shop among customers who are all alike, and computes features and matrix again.
`CopulaNull` lets customers differ, in every column as much as they do and with the same correlations, but without
groups; it does not know how features arise. A shop without segments can beat either of them, but seldom both
(``studies/calibration.md``). So a shop with segments must beat both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

from seglib.stats import cumulative_exposure

NEIGHBOURS = 12
"""Whether a coupon is burned is drawn from the matured coupons nearest in time: one in so many of them to each side."""

FEWEST_NEIGHBOURS = 100
"""... and at least so many to each side, where there are as many."""


class Null(Protocol):
    """A null model: a way to simulate matrices of shops without segments.

    Attributes
    ----------
    name : str
    what : str
        What it preserves and what it removes, in a few words.
    """

    name: str
    what: str

    def draws(self, rngs: Sequence[np.random.Generator]) -> Iterator[np.ndarray]:
        """Yield the matrix of one such shop for every generator, shape (n_rows, n_columns)."""


class CopulaNull:
    """Customers who differ gradually: every column keeps its values and its correlations, but there are no groups.

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
    from the normal distribution with this correlation matrix, mapped back to the sorted values. A nominal variable has
    no ranks: its levels are ordered by the mean of their customers along the first principal component of the numbers,
    which preserves the strongest correlation there is.
    """

    name = "copula"
    what = "customers differ as much as here, and in the same ways, but gradually"

    def __init__(self, X: np.ndarray, sources: Sequence[Sequence[int]] | None = None) -> None:
        self.X = np.asarray(X, dtype=np.float64)
        self.sources = [list(s) for s in sources] if sources else [[j] for j in range(self.X.shape[1])]
        numbers = [s[0] for s in self.sources if len(s) == 1]
        first = _first_component(self.X[:, numbers]) if numbers else np.zeros(len(self.X))
        keys = [self.X[:, s[0]] if len(s) == 1 else _ordered_levels(self.X[:, s], first) for s in self.sources]
        # Equal values share their mean rank, and so one normal score: ties weaken the estimated correlation a little,
        # but no order is invented among them. Only the draws are free of ties; `_draw` maps them to the sorted values,
        # in which the ties are as they were.
        scores = np.array([norm.ppf((rankdata(key) - 0.5) / len(key)) for key in keys])
        self._orders = [np.argsort(key, kind="stable") for key in keys]
        # A constant source has no correlation with anything. The root of the correlation matrix comes from its
        # eigenvectors and not from Cholesky, because it is singular where one source repeats another.
        varying = scores.std(axis=1) > 1e-12
        correlation = np.eye(len(keys))
        if varying.sum() > 1:
            correlation[np.ix_(varying, varying)] = np.corrcoef(scores[varying])
        values, vectors = np.linalg.eigh(correlation)
        self._root = vectors * np.sqrt(np.maximum(values, 0))

    def draws(self, rngs: Sequence[np.random.Generator]) -> Iterator[np.ndarray]:
        """Yield matrices of shops whose customers differ gradually."""
        return (self._draw(rng) for rng in rngs)

    def _draw(self, rng: np.random.Generator) -> np.ndarray:
        normal = self._root @ rng.standard_normal((len(self.sources), len(self.X)))
        draw = np.empty_like(self.X)
        for columns, values, order in zip(self.sources, normal, self._orders, strict=True):
            # The row with the i-th smallest normal value gets the i-th smallest value of the data. All columns of a
            # nominal variable move together, so that every row keeps exactly one level.
            rank = np.empty(len(self.X), dtype=np.int64)
            rank[np.argsort(values, kind="stable")] = np.arange(len(self.X))
            draw[:, columns] = self.X[order[rank]][:, columns]
        return draw


def _first_component(numbers: np.ndarray) -> np.ndarray:
    """Return the scores of all rows on the first principal component of the standardised columns."""
    spread = numbers.std(axis=0)
    scaled = (numbers - numbers.mean(axis=0)) / np.where(spread > 1e-12, spread, 1.0)
    return scaled @ np.linalg.eigh(scaled.T @ scaled)[1][:, -1]


def _ordered_levels(dummies: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Return the rank of every row's level, where levels are ordered by the mean of ``along`` over their rows."""
    level = dummies.argmax(axis=1)
    n = np.bincount(level, minlength=dummies.shape[1])
    mean = np.bincount(level, weights=along, minlength=dummies.shape[1]) / np.maximum(n, 1)
    return rankdata(mean, method="ordinal")[level]


class ProcessNull:
    """Customers who are all alike: their coupons are resampled, then features and matrix are computed again.

    Every customer keeps the day of joining, the number of coupons, gender, city and all other columns of the customers
    table. Each coupon gets a new day in the time since its customer joined, busy days being likelier; whether it is
    burned, and after how many days, is drawn from the matured coupons of about that day, of all customers; and branch
    and amount are those of another coupon.

    Parameters
    ----------
    customers, transactions : pandas.DataFrame
        The canonical tables.
    as_of : str
        ISO date.
    burn_window : int or None
        Days after which a coupon is matured, which means old enough to judge (`seglib.features.Redemption.window`).
    rebuild : callable
        From the transactions tables of several shops with the same customers to the matrix of each.
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
        rebuild: Callable[[Sequence[pd.DataFrame]], Iterator[np.ndarray]],
    ) -> None:
        day = pd.Timestamp(as_of)
        coupons = transactions[transactions["transaction_date"] <= day].reset_index(drop=True)
        self.rebuild, self._coupons = rebuild, coupons
        joined = customers.set_index("customer_id")["join_date"]
        first = coupons.groupby("customer_id")["transaction_date"].min()
        since = pd.concat([joined, first], axis=1).min(axis=1)
        since = since[since <= day]
        # How busy a day was is its number of coupons per customer present on it: without the division, the days of a
        # growing shop would be busier only because it had more customers. The running sum is the clock by which
        # claims arrive at a constant rate; each coupon is drawn evenly on it, from the joining of its customer on.
        self._first_day = since.min()
        n_days = (day - self._first_day).days + 1
        claimed = (coupons["transaction_date"] - self._first_day).dt.days
        came = (since - self._first_day).dt.days
        self._clock = cumulative_exposure(came.to_numpy(), claimed.to_numpy(), n_days=n_days)
        self._start = self._clock[came.reindex(coupons["customer_id"]).to_numpy()]
        # Outcomes are drawn from matured coupons only: the others have had less time to be burned, and where they are
        # many (in a growing shop) burning would look rarer than it is. What happens after ``as_of`` is not known yet.
        old = (day - coupons["transaction_date"]).dt.days >= (burn_window or 0)
        matured = coupons[old & coupons["transaction_status"].notna()]
        burned_later = matured["burn_date"] > day
        outcomes = pd.DataFrame(
            {
                "day": claimed[matured.index],
                "status": matured["transaction_status"].astype(object).where(~burned_later, "subscribed"),
                "lag": (matured["burn_date"] - matured["transaction_date"]).where(~burned_later),
            }
        )
        self._outcomes = outcomes.sort_values("day", kind="stable", ignore_index=True)

    def draws(self, rngs: Sequence[np.random.Generator]) -> Iterator[np.ndarray]:
        """Yield matrices of shops whose customers are all alike."""
        return self.rebuild([self.resampled(rng) for rng in rngs])

    def resampled(self, rng: np.random.Generator) -> pd.DataFrame:
        """Return the transactions of one simulated shop; those after ``as_of`` are left out."""
        n, last_day = len(self._coupons), len(self._clock) - 2
        moment = self._start + rng.random(n) * (self._clock[-1] - self._start)
        day = np.clip(np.searchsorted(self._clock, moment, side="right") - 1, 0, last_day)
        claimed = pd.Series(self._first_day + pd.to_timedelta(day, unit="D"))
        other = self._coupons[["branch_id", "amount"]].iloc[rng.permutation(n)].reset_index(drop=True)
        coupons = self._coupons.assign(transaction_date=claimed, branch_id=other["branch_id"], amount=other["amount"])
        last = len(self._outcomes) - 1
        if last < 0:
            return coupons
        # Status and lag come from one coupon, so that they fit each other, and from one claimed at about the same time,
        # so that the seasons of burning stay. Beyond either end of the calendar the place is reflected.
        reach = min(max(len(self._outcomes) // NEIGHBOURS, FEWEST_NEIGHBOURS), last)
        place = np.abs(np.searchsorted(self._outcomes["day"], day) + rng.integers(-reach, reach + 1, n))
        place = np.clip(np.where(place > last, 2 * last - place, place), 0, last)
        outcome = self._outcomes.iloc[place].reset_index(drop=True)
        return coupons.assign(transaction_status=outcome["status"], burn_date=claimed + outcome["lag"])
