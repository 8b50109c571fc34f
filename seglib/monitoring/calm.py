"""07 What would a calm month give? The same customers go on as they did, and their new transactions are drawn.

Two months of one shop have mostly the same customers, so a null model that draws two independent shops would find far
too much movement. Here the past stays as it is. Only what happened between the two days is drawn again:

- how many transactions each customer has: as many as one of the customers who were most like them had in the period
  before (of the same length), where *like* means rate, days since the last transaction, and days since joining. So a
  customer who has been silent for a year stays silent more often than not, and the counts vary as counts do;
- all customers together have exactly as many new transactions as there were, on the days on which they were: a busy
  month is no movement of customers;
- whether a coupon is burned: by a rate that is drawn from what the customer's own coupons leave open, given how burn
  rates are distributed over all customers (estimated without assuming a shape);
- after how many days: the customer's own mean times what single coupons were of their customer's mean, or, the fewer of
  their coupons were burned, the days of a coupon of somebody with a similar burn rate. Of a coupon that is open it
  counts that it was not burned until now;
- what is spent, and where: as in one of the customer's own transactions, or at a branch that is new to them, as often
  as that happened in the period before to customers who knew as many branches.

Whom customers are compared with is drawn, too: each simulated month has its own bootstrap sample of the customers who
lend their counts and days. Without it the months would vary by a third too little, because the period before is as
short as the one that is simulated, and what it says is as uncertain.

What the simulation does not know: that customers change together, as after a campaign for some of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from seglib.features import JoinedShops, connect_tables, features_with_shrinkage, with_own_features
from seglib.schema.features import FEATURES
from seglib.study import Study

LIKE = 25
"""Customers who count as most like one."""

FEWEST = 50
"""With fewer customers who were there before the last period, rates over the whole time stand for those in it."""

TRIES = 50
"""Draws of what becomes of a coupon, or of a branch, of which the first counts that fits what is known of it."""

RATES = (np.arange(40) + 0.5) / 40
"""Burn rates among which the distribution over customers is estimated."""

ROUNDS, MORE_ROUNDS = 100, 10
"""Rounds of the EM algorithm for that distribution, and for that of a bootstrap sample, from there."""

SIMILAR = 0.1
"""Share of the customers, those with the next lower and higher burn rates, who lend the days of their burns."""

ENOUGH_BURNS = 3
"""Customers with so many burns say how much the days of single coupons vary around their customer's mean."""

ROWS_AT_ONCE = 1_000_000
"""Transactions of simulated shops that one statement describes."""

BESIDES = ("transaction_id", "coupon_name")
"""Columns of transactions that only features of the analyst's own may need."""


@dataclass(frozen=True)
class CalmMonths:
    """Simulates what happened between two days, as if nothing had changed.

    Attributes
    ----------
    tables : mapping of str to pandas.DataFrame
        The canonical tables on the earlier day, of the customers that are in both months.
    new : pandas.DataFrame
        The transactions of these customers between the two days, as they are in the later month.
    study : Study
        Of the earlier month, with its shrinkage.
    day, later : pandas.Timestamp
        The two days.
    fixed : pandas.DataFrame
        Columns of the features that do not come from transactions, by customer.
    """

    tables: Mapping[str, pd.DataFrame]
    new: pd.DataFrame
    study: Study
    day: pd.Timestamp
    later: pd.Timestamp
    fixed: pd.DataFrame

    def features(self, n: int, *, seed: int) -> Iterator[pd.DataFrame]:
        """Yield the features of the customers on the later day in simulated calm months.

        Parameters
        ----------
        n : int
        seed : int
            Every month has a generator of its own, by its number.

        Yields
        ------
        pandas.DataFrame
            Indexed by customer_id, with the columns of the features of a run.
        """
        past = _Past.of(self.tables, self.day, self.study, (self.later - self.day).days)
        study = replace(self.study, as_of=f"{self.later:%Y-%m-%d}")
        at_once = max(1, ROWS_AT_ONCE // max(len(past.rows) + len(self.new), 1))
        for start in range(0, n, at_once):
            numbers = range(start, min(n, start + at_once))
            shops = [self._drawn(past, np.random.default_rng([seed, 707, number])) for number in numbers]
            joined = JoinedShops(len(shops))
            marked = [joined.mark(shop, place) for place, shop in enumerate(shops)]
            with connect_tables(joined.tables(self.tables, marked)) as con:
                described = joined.split(features_with_shrinkage(con, study))
            if study.own_from_transactions:
                described = with_own_features(described, self.tables, shops, study)
            for table in described:
                yield table.join(self.fixed.drop(columns=[c for c in self.fixed if c in table]))

    def _drawn(self, past: _Past, rng: np.random.Generator) -> pd.DataFrame:
        """Return the transactions until the later day of one calm month."""
        old = past.rows.copy()
        new = self.new.iloc[rng.permutation(len(self.new))].reset_index(drop=True)
        past = past.resampled(rng)
        owner = past.owners_of_new(len(new), rng)
        new["customer_id"] = past.customers[owner]
        if "transaction_id" in new:
            new["transaction_id"] = [f"new {number}" for number in range(len(new))]
        if "amount" in new:
            new["amount"] = past.rows["amount"].to_numpy()[past.own_row(owner, rng)]
        new["branch_id"] = past.branches(owner, new["branch_id"].to_numpy(dtype=object), rng)
        if past.has_status:
            claimed = (new["transaction_date"] - self.day).dt.days.to_numpy()
            new = past.burn(new, np.arange(len(new)), owner, claimed, rng)
            waiting = past.open_rows
            if len(past.lags.ratios):
                old = past.burn(old, waiting, past.owner[waiting], past.claimed[waiting], rng)
        return pd.concat([old, new], ignore_index=True)


@dataclass(frozen=True)
class _Past:
    """The past of the customers as arrays; days are counted from the earlier day, so they are 0 or less."""

    rows: pd.DataFrame
    customers: np.ndarray
    owner: np.ndarray
    claimed: np.ndarray
    first_row: np.ndarray
    n_rows: np.ndarray
    open_rows: np.ndarray
    has_status: bool
    rates: _BurnRates
    lags: _Lags
    visited: frozenset
    n_visited: np.ndarray
    visits: _Visits
    weight: np.ndarray
    alike: np.ndarray
    followed: np.ndarray
    rate: np.ndarray
    gap: int

    @classmethod
    def of(cls, tables: Mapping[str, pd.DataFrame], day: pd.Timestamp, study: Study, gap: int) -> _Past:
        customers = tables["customers"]["customer_id"].to_numpy(dtype=object)
        rows, n = tables["transactions"], len(customers)
        owner = pd.Index(customers).get_indexer(rows["customer_id"])
        order = np.argsort(owner, kind="stable")
        rows, owner = rows.iloc[order].reset_index(drop=True), owner[order]
        claimed = (rows["transaction_date"] - day).dt.days.to_numpy()
        has_status = rows["transaction_status"].notna().to_numpy()
        burned = (rows["transaction_status"] == "burned").to_numpy()
        lag = (rows["burn_date"] - rows["transaction_date"]).dt.days.to_numpy(dtype=float)
        window = study.burn_window or 0
        judged = has_status & (-claimed >= window)
        n_rows = np.bincount(owner, minlength=n)
        alike, followed = _alike(owner, claimed, n, gap)
        first_day = np.zeros(n)
        np.minimum.at(first_day, owner, claimed)
        rates = _BurnRates.of(np.bincount(owner[judged & burned], minlength=n), np.bincount(owner[judged], minlength=n))
        lags = _Lags.of(owner, np.where(judged & burned, lag, np.nan), rates.mean, study.shrinkage)
        visited, visits, n_visited = _branches(owner, claimed, rows["branch_id"].to_numpy(dtype=object), n, gap)
        return cls(
            rows=rows,
            customers=customers,
            owner=owner,
            claimed=claimed,
            first_row=np.cumsum(n_rows) - n_rows,
            n_rows=n_rows,
            open_rows=np.flatnonzero(has_status & ~burned & (-claimed < window)),
            has_status=bool(judged.any()),
            rates=rates,
            lags=lags,
            visited=visited,
            n_visited=n_visited,
            visits=visits,
            weight=np.ones(n, dtype=np.int64),
            alike=alike,
            followed=followed,
            rate=n_rows / np.maximum(-first_day, gap),
            gap=gap,
        )

    def resampled(self, rng: np.random.Generator) -> _Past:
        """Return the same past; a bootstrap sample of the customers (Poisson weights) lends counts and days."""
        weight = rng.poisson(1.0, len(self.customers))
        return replace(self, weight=weight, lags=self.lags.resampled(weight), rates=self.rates.resampled(weight))

    def _donors(self, rng: np.random.Generator) -> np.ndarray:
        """Return for every customer one of those who were most like them."""
        # a customer without any neighbour in the sample takes any of them
        weight = np.cumsum(self.weight[self.alike] + 1e-6, axis=1)
        chosen = (weight < rng.random((len(weight), 1)) * weight[:, -1:]).sum(axis=1)
        return self.alike[np.arange(len(weight)), chosen]

    def owners_of_new(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Return whose each of ``n`` new transactions is."""
        n_customers = len(self.customers)
        if not len(self.alike) or not self.followed.any():
            return rng.choice(n_customers, n, p=self.rate / self.rate.sum())
        passes, total = [np.array([], dtype=np.int64)], 0
        while total < n:
            owners = np.repeat(np.arange(n_customers), self.followed[self._donors(rng)])
            # the last pass is thinned by chance, so that all together have as many as there were
            owners = rng.choice(owners, min(len(owners), n - total), replace=False)
            passes.append(owners)
            total += len(owners)
        return np.concatenate(passes)

    def own_row(self, owner: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return a transaction of each customer."""
        return self.first_row[owner] + np.floor(rng.random(len(owner)) * self.n_rows[owner]).astype(np.int64)

    def branches(self, owner: np.ndarray, branch: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return where each customer has a new transaction.

        Parameters
        ----------
        owner : ndarray of int, shape (n,)
        branch : ndarray of object, shape (n,)
            Where the new transactions were, whoever had them.
        rng : numpy.random.Generator
        """
        again = self.rows["branch_id"].to_numpy(dtype=object)[self.own_row(owner, rng)]
        elsewhere = rng.random(len(owner)) < self.visits.share_new(self.weight)[self.n_visited[owner]]
        first = branch.copy()
        for _ in range(TRIES if elsewhere.any() else 0):
            is_known = np.fromiter(
                (pair in self.visited for pair in zip(owner.tolist(), first, strict=True)), bool, len(owner)
            )
            wrong = np.flatnonzero(elsewhere & is_known)
            if not len(wrong):
                break
            first[wrong] = rng.choice(branch, len(wrong))
        return np.where(elsewhere, first, again)

    def burn(
        self, table: pd.DataFrame, rows: np.ndarray, owner: np.ndarray, claimed: np.ndarray, rng: np.random.Generator
    ) -> pd.DataFrame:
        """Return a table in which some coupons, open until now, are burned by the later day.

        Parameters
        ----------
        table : pandas.DataFrame
            Transactions.
        rows, owner, claimed : ndarray of int, shape (n,)
            Places of the coupons in it, their customers, and their days of claiming.
        rng : numpy.random.Generator
        """
        is_burned, lag = np.zeros(len(rows), dtype=bool), np.full(len(rows), np.nan)
        waiting = np.arange(len(rows))
        for _ in range(TRIES):
            whose = owner[waiting]
            drawn = rng.random(len(waiting)) < self.rates.drawn(whose, rng)
            days = self.lags.drawn(whose, rng)
            # what would have been burned before the earlier day is not open: it does not fit, and is drawn again
            fits = ~(drawn & (claimed[waiting] + days <= 0) & (claimed[waiting] <= 0))
            is_burned[waiting[fits]], lag[waiting[fits]] = drawn[fits], days[fits]
            waiting = waiting[~fits]
            if not len(waiting):
                break
        is_burned &= ~(claimed + lag > self.gap)
        status = table["transaction_status"].to_numpy(dtype=object, copy=True)
        date = table["burn_date"].to_numpy(dtype="datetime64[us]", copy=True)
        status[rows] = np.where(is_burned, "burned", "subscribed")
        days = np.where(np.isnan(lag), 0, lag).astype("timedelta64[D]")
        start = table["transaction_date"].to_numpy(dtype="datetime64[us]")[rows]
        date[rows] = np.where(is_burned & ~np.isnan(lag), start + days, np.datetime64("NaT"))
        return table.assign(transaction_status=status, burn_date=date)


@dataclass(frozen=True)
class _BurnRates:
    """How likely customers burn a coupon: a distribution over `RATES`, and what each customer's own coupons say.

    The distribution is the nonparametric maximum likelihood estimate of a mixture of binomials (Laird 1978, JASA
    73(364)), on a grid, by the EM algorithm. A beta distribution would not do where some customers hardly ever burn and
    others nearly always: it has too many who never will.

    Attributes
    ----------
    cell : ndarray of int, shape (n_customers,)
        Customers with the same counts have the same number.
    likelihood : ndarray of float, shape (n_cells, n_rates)
    prior : ndarray of float, shape (n_rates,)
    """

    cell: np.ndarray
    likelihood: np.ndarray
    prior: np.ndarray

    @classmethod
    def of(cls, burned: np.ndarray, judged: np.ndarray) -> _BurnRates:
        pairs, cell = np.unique(np.column_stack([burned, judged]), axis=0, return_inverse=True)
        x, n = pairs[:, :1], pairs[:, 1:]
        log = x * np.log(RATES) + (n - x) * np.log1p(-RATES)
        likelihood = np.exp(log - log.max(axis=1, keepdims=True))
        start = cls(cell.ravel(), likelihood, np.full(len(RATES), 1 / len(RATES)))
        return start._fitted(np.ones(len(burned)), ROUNDS)

    def _fitted(self, weight: np.ndarray, rounds: int) -> _BurnRates:
        """Return the same with the distribution that so many customers of each kind give."""
        count, prior = np.bincount(self.cell, weights=weight, minlength=len(self.likelihood)), self.prior
        for _ in range(rounds if count.any() else 0):
            joint = self.likelihood * prior
            prior = (count / joint.sum(axis=1)) @ joint / count.sum()
        return replace(self, prior=prior)

    def resampled(self, weight: np.ndarray) -> _BurnRates:
        """Return the same with the distribution of a bootstrap sample of the customers."""
        return self._fitted(weight.astype(float), MORE_ROUNDS)

    @property
    def posterior(self) -> np.ndarray:
        """The distribution of the rate given the counts, by cell."""
        joint = self.likelihood * self.prior
        return joint / joint.sum(axis=1, keepdims=True)

    @property
    def mean(self) -> np.ndarray:
        """The expected rate of every customer."""
        return (self.posterior @ RATES)[self.cell]

    def drawn(self, owner: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return a rate for each customer that is named."""
        whole = np.cumsum(self.posterior, axis=1)[self.cell[owner]]
        place = (whole < rng.random((len(owner), 1)) * whole[:, -1:]).sum(axis=1)
        return RATES[np.minimum(place, len(RATES) - 1)]


@dataclass(frozen=True)
class _Lags:
    """After how many days customers burn a coupon, if they do.

    Attributes
    ----------
    mean, weight : ndarray of float, shape (n_customers,)
        A customer's own mean, and how often it counts: the reliability of a mean of so many burns.
    ratios : ndarray of float
        What single burns are of their customer's mean. The mean lies nearer to its own burns than the true one does:
        the distances are stretched by sqrt(n / (n - 1)). Empty where no day of burning is recorded.
    lent : ndarray of float
        The days of all burns, in the order of their customers' burn rates.
    first, last : ndarray of int, shape (n_customers,)
        Which part of ``lent`` is that of customers with a similar burn rate.
    ratio_owner, lent_owner : ndarray of int
        Whose ``ratios`` and ``lent`` are.
    """

    mean: np.ndarray
    weight: np.ndarray
    ratios: np.ndarray
    lent: np.ndarray
    first: np.ndarray
    last: np.ndarray
    ratio_owner: np.ndarray
    lent_owner: np.ndarray

    @classmethod
    def of(
        cls, owner: np.ndarray, lag: np.ndarray, burn_rate: np.ndarray, shrinkage: Mapping[str, float | None]
    ) -> _Lags:
        n, dated = len(burn_rate), ~np.isnan(lag)
        if not dated.any():
            nothing = np.array([])
            place = np.zeros(n, dtype=np.int64)
            nobody = np.array([], dtype=np.int64)
            return cls(np.zeros(n), np.zeros(n), nothing, nothing, place, place, nobody, nobody)
        count = np.bincount(owner[dated], minlength=n)
        mean = np.bincount(owner[dated], weights=lag[dated], minlength=n) / np.maximum(count, 1)
        reliability = min(max(shrinkage.get("lag_reliability") or 0.0, 0.0), 1 - 1e-9)
        weight = reliability * count / ((1 - reliability) + reliability * count)
        used = dated & (count[owner] >= ENOUGH_BURNS) & (mean[owner] > 0)
        size = count[owner[used]]
        ratios = 1 + (lag[used] / mean[owner[used]] - 1) * np.sqrt(size / (size - 1))
        order = np.argsort(burn_rate, kind="stable")
        rank = np.empty(n, dtype=np.int64)
        rank[order] = np.arange(n)
        rows = np.flatnonzero(dated)
        rows = rows[np.argsort(rank[owner[rows]], kind="stable")]
        ends = np.concatenate([[0], np.cumsum(count[order])])
        reach = max(int(SIMILAR * n), 1)
        first, last = ends[np.maximum(rank - reach, 0)], ends[np.minimum(rank + reach + 1, n)]
        none = last <= first
        first[none], last[none] = 0, len(rows)
        whose = owner[used]
        if not len(ratios):
            weight, ratios, whose = np.zeros(n), np.ones(1), np.zeros(1, dtype=np.int64)
        return cls(mean, weight, ratios, lag[rows], first, last, whose, owner[rows])

    def resampled(self, weight: np.ndarray) -> _Lags:
        """Return the same with so many copies of what each customer lends."""
        ratios = np.repeat(self.ratios, weight[self.ratio_owner])
        ends = np.concatenate([[0], np.cumsum(weight[self.lent_owner])])
        if not len(ratios) or not ends[-1]:
            return self
        first, last = ends[self.first], ends[self.last]
        none = last <= first
        first[none], last[none] = 0, ends[-1]
        return replace(self, ratios=ratios, lent=np.repeat(self.lent, weight[self.lent_owner]), first=first, last=last)

    def drawn(self, owner: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return after how many days each customer burns a coupon; NaN where no day is recorded."""
        if not len(self.ratios):
            return np.full(len(owner), np.nan)
        of_own = np.maximum(np.rint(self.mean[owner] * rng.choice(self.ratios, len(owner))), 0)
        lent = self.lent[rng.integers(self.first[owner], self.last[owner])]
        return np.where(rng.random(len(owner)) < self.weight[owner], of_own, lent)


class _Visits(NamedTuple):
    """The transactions of the last period: whose, at how many branches they had been before, and was it a new one?"""

    owner: np.ndarray
    n_before: np.ndarray
    is_new: np.ndarray
    most: int

    def share_new(self, weight: np.ndarray) -> np.ndarray:
        """Return how often one goes to a new branch, by how many one knows; few visits are mixed with the others.

        Parameters
        ----------
        weight : ndarray of int, shape (n_customers,)
            How often each customer counts.
        """
        count = weight[self.owner].astype(float)
        overall = float(self.is_new @ count / count.sum()) if count.any() else 0.0
        n = np.bincount(self.n_before, weights=count, minlength=self.most + 1)
        new = np.bincount(self.n_before, weights=count * self.is_new, minlength=self.most + 1)
        return (new + overall) / (n + 1)


def _branches(
    owner: np.ndarray, claimed: np.ndarray, branch: np.ndarray, n: int, gap: int
) -> tuple[frozenset, _Visits, np.ndarray]:
    """Return which customer was at which branch, the visits of the last period, and how many branches each knows."""
    table = pd.DataFrame({"owner": owner, "day": claimed, "branch": branch})[pd.notna(branch)]
    table = table.sort_values("day", kind="stable")
    is_new = ~table.duplicated(["owner", "branch"])
    n_so_far = is_new.astype(int).groupby(table["owner"]).cumsum()
    n_visited = np.bincount(table["owner"][is_new], minlength=n)
    later = (table.duplicated("owner") & (table["day"] > -gap)).to_numpy()
    visits = _Visits(
        table["owner"].to_numpy()[later],
        (n_so_far - is_new).to_numpy()[later],
        is_new.to_numpy(dtype=float)[later],
        int(n_visited.max(initial=0)),
    )
    return frozenset(zip(table["owner"].tolist(), table["branch"], strict=True)), visits, n_visited


def _alike(owner: np.ndarray, claimed: np.ndarray, n: int, gap: int) -> tuple[np.ndarray, np.ndarray]:
    """Return for every customer those who were most like them a period ago, and how many transactions followed then.

    Returns
    -------
    alike : ndarray of int, shape (n, LIKE)
        Empty where too few customers were there.
    followed : ndarray of int, shape (n,)
        Transactions in the last ``gap`` days.
    """
    followed = np.bincount(owner[claimed > -gap], minlength=n)
    before = claimed <= -gap
    state_then, there = _state(owner[before], claimed[before] + gap, n)
    state_now, _ = _state(owner, claimed, n)
    if there.sum() < FEWEST:
        return np.empty((0, LIKE), dtype=np.int64), followed
    donors = np.flatnonzero(there)
    scale = state_then[donors].std(axis=0)
    scale[scale < 1e-9] = 1.0
    nearest = NearestNeighbors(n_neighbors=LIKE).fit(state_then[donors] / scale)
    return donors[nearest.kneighbors(state_now / scale, return_distance=False)], followed


def _state(owner: np.ndarray, claimed: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return log rate, log recency and log tenure of every customer on day 0, and who was there."""
    count = np.bincount(owner, minlength=n)
    first, last = np.zeros(n), np.full(n, -np.inf)
    np.minimum.at(first, owner, claimed)
    np.maximum.at(last, owner, claimed)
    there = count > 0
    recency = np.where(there, -last, 0.0)
    state = [np.log((count + 0.5) / (30.0 - first)), np.log1p(recency), np.log1p(-first)]
    return np.column_stack(state), there


FROM_TRANSACTIONS = frozenset(f.name for f in FEATURES if f.role != "demographic")
"""The features of `FEATURES` that change with transactions or with the clock."""
