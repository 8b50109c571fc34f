"""One shop at several month ends: calm, or with a known share of movers, newcomers and drifting prices.

Every month end is an export of the same shop, as it would look on that day: nothing that happens later is in it. A calm
shop has no change at all: its customers go on as they always did.

The features of a customer look back over the whole history, so a month of another behaviour alone moves hardly anybody
to another segment. A *mover* is therefore a customer whose record becomes that of another kind of customer: two
customers of different planted segments exchange all their transactions and their days of joining, as if accounts had
been handed over. So it is known who has moved, and from where to where.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from seglib.datasets.shop import LAST_DAY, SampleShop, Separation, make_shop
from seglib.errors import ParameterRefused

AMOUNT = {"log_mean": 3.0, "between": 0.4, "within": 0.5}
"""Of the amount of a transaction, lognormal: mean of the log, and its standard deviations between and within customers.
"""

FEW_MONTHS, MANY_MONTHS = 2, 24


@dataclass(frozen=True)
class ShopMonths:
    """A shop at several month ends, and the truth.

    Attributes
    ----------
    days : tuple of pandas.Timestamp
        The month ends, the earliest first.
    tables : tuple of dict of str to pandas.DataFrame
        The canonical tables at each.
    truth : pandas.DataFrame
        One row per month end and customer: month (1, 2, ...), day, customer_id, segment (the planted one, 0 without
        any), moved (into it, since the last month end), new (joined since the last month end).
    """

    days: tuple[pd.Timestamp, ...]
    tables: tuple[dict[str, pd.DataFrame], ...]
    truth: pd.DataFrame

    def write(self, out: str | Path) -> list[Path]:
        """Write a folder of Parquet files for each month end, and ``truth.csv``; return the folders and that file."""
        out = Path(out)
        if out.suffix:
            raise ParameterRefused(
                "--months writes a folder for each month end: give --out a folder", parameter=("out", "months")
            )
        folders = []
        for number, tables in enumerate(self.tables, start=1):
            folders.append(out / f"month_{number}")
            SampleShop(tables, pd.DataFrame()).write(folders[-1], with_truth=False)
        self.truth.to_csv(out / "truth.csv", index=False, lineterminator="\n")
        return [*folders, out / "truth.csv"]


def make_months(
    *,
    months: int = 2,
    customers: int = 1500,
    transactions: int = 12_000,
    segments: int = 3,
    separation: Separation = "strong",
    seed: int = 7,
    movers: float = 0.0,
    newcomers: float = 0.0,
    prices: float | None = None,
    days_apart: int = 30,
) -> ShopMonths:
    """Generate a shop at several month ends, of which the last one is the last day of `make_shop`.

    Parameters
    ----------
    months : int, default=2
        Number of month ends, 2 to 24.
    customers, transactions, segments, separation, seed
        As in `make_shop`, of the whole time.
    movers : float, default=0
        Share of the customers who move to another planted segment from one month end to the next, at most 0.4.
    newcomers : float, default=0
        Share of the customers who join between one month end and the next. None of them is a mover.
    prices : float, optional
        Transactions have amounts, which grow by this share from one month to the next; 0: amounts that do not drift.
        Default: no amounts.
    days_apart : int, default=30
        Days from one month end to the next, 1 to 60.

    Returns
    -------
    ShopMonths

    Raises
    ------
    ParameterRefused
        If a number is out of range, or there are movers and fewer than two planted segments.
    """
    _refuse(months, segments, movers, newcomers, prices, days_apart)
    shop = make_shop(
        customers=customers, transactions=transactions, segments=segments, separation=separation, seed=seed
    )
    # a stream of its own: with and without changes, the shop is the same
    rng = np.random.default_rng([seed, 77])
    last = pd.Timestamp(LAST_DAY)
    days = [last - pd.Timedelta(days=days_apart * (months - number)) for number in range(1, months + 1)]
    if prices is not None:
        shop = _with_amounts(shop, prices, days, np.random.default_rng([seed, 78]))
    unused = rng.permutation(np.arange(1, customers + 1))
    joining: list[np.ndarray] = [np.array([], dtype=np.int64)]
    n_new = round(newcomers * customers)
    for before, day in pairwise(days):
        new, unused = unused[:n_new], unused[n_new:]
        shop = _joining(shop, new, before, day, rng)
        joining.append(new)
    tables, rows = [], []
    segment = shop.truth.set_index("customer_id")["segment"]
    for number, day in enumerate(days, start=1):
        moved = np.array([], dtype=np.int64)
        if number > 1 and movers:
            shop, pairs, unused = _exchanged(shop, segment, unused, round(movers * customers / 2), days[number - 2])
            moved = pairs.ravel()
            segment = segment.copy()
            segment.loc[moved] = segment.loc[pairs[:, ::-1].ravel()].to_numpy()
        export = _export(shop, day)
        tables.append(export)
        ids = export["customers"]["customer_id"].to_numpy()
        rows.append(
            pd.DataFrame(
                {
                    "month": number,
                    "day": f"{day:%Y-%m-%d}",
                    "customer_id": ids,
                    "segment": segment.loc[ids].to_numpy(),
                    "moved": np.isin(ids, moved),
                    "new": np.isin(ids, joining[number - 1]),
                }
            )
        )
    return ShopMonths(tuple(days), tuple(tables), pd.concat(rows, ignore_index=True))


def _refuse(months: int, segments: int, movers: float, newcomers: float, prices: float | None, days_apart: int) -> None:
    """Refuse what cannot be generated."""
    if not FEW_MONTHS <= months <= MANY_MONTHS:
        raise ParameterRefused(
            f"months is a number from {FEW_MONTHS} to {MANY_MONTHS}, not {months}", parameter="months"
        )
    if not 1 <= days_apart <= 60 or days_apart * (months - 1) > 365:
        raise ParameterRefused(
            "days_apart is a number from 1 to 60, and all months lie within a year", parameter=("months", "days_apart")
        )
    for name, share, most in (("movers", movers, 0.4), ("newcomers", newcomers, 0.4)):
        if not 0 <= share <= most or share * (months - 1) > most:
            raise ParameterRefused(
                f"{name} is a share from 0 to {most}, all months together, not {share}", parameter=name
            )
    if movers and segments < 2:
        raise ParameterRefused(
            "movers go from one planted segment to another: plant at least two", parameter=("movers", "segments")
        )
    if prices is not None and not -0.5 <= prices <= 1:
        raise ParameterRefused(f"prices is a share from -0.5 to 1, not {prices}", parameter="prices")


def _with_amounts(shop: SampleShop, drift: float, days: list[pd.Timestamp], rng: np.random.Generator) -> SampleShop:
    """Add an amount to every transaction; it grows by a share with every month."""
    transactions = shop.tables["transactions"]
    customer_mean = rng.normal(AMOUNT["log_mean"], AMOUNT["between"], len(shop.truth))
    log_amount = customer_mean[transactions["customer_id"].to_numpy() - 1]
    log_amount += rng.normal(0, AMOUNT["within"], len(transactions))
    steps = np.searchsorted(np.array(days[:-1], dtype="datetime64[us]"), transactions["transaction_date"].to_numpy())
    amount = (np.exp(log_amount) * (1 + drift) ** steps).round(2)
    return _with(shop, transactions=transactions.assign(amount=amount))


def _joining(
    shop: SampleShop, new: np.ndarray, before: pd.Timestamp, day: pd.Timestamp, rng: np.random.Generator
) -> SampleShop:
    """Let customers join after a month end: what they did before is forgotten, and they soon claim one coupon or more.

    Their first transactions are moved to days after they joined; those that would come after the next month end stay.
    """
    if not len(new):
        return shop
    people, transactions = shop.tables["customers"], shop.tables["transactions"]
    span = (day - before).days
    join_day = pd.Series(before + pd.to_timedelta(rng.integers(1, span + 1, len(new)), unit="D"), index=new)
    is_new = people["customer_id"].isin(new)
    people = people.assign(
        join_date=people["join_date"].where(~is_new, people["customer_id"].map(join_day)).astype("datetime64[us]")
    )
    of_new = transactions["customer_id"].isin(new)
    theirs = transactions[of_new]
    place = theirs.groupby("customer_id").cumcount()
    first = place < theirs["customer_id"].map(pd.Series(1 + rng.poisson(1.0, len(new)), index=new))
    later = theirs["transaction_date"] > day
    joined = theirs["customer_id"].map(join_day)
    left = (day - joined).dt.days.to_numpy()
    moved_to = joined + pd.to_timedelta(np.floor(rng.random(len(theirs)) * (left + 1)), unit="D")
    lag = theirs["burn_date"] - theirs["transaction_date"]
    date = theirs["transaction_date"].where(later, moved_to).astype("datetime64[us]")
    theirs = theirs.assign(transaction_date=date, burn_date=(date + lag).astype("datetime64[us]"))[first | later]
    merged = pd.concat([transactions[~of_new], theirs]).sort_values(
        ["transaction_date", "transaction_id"], kind="stable"
    )
    return _with(shop, customers=people, transactions=merged.reset_index(drop=True))


def _exchanged(
    shop: SampleShop, segment: pd.Series, unused: np.ndarray, n_pairs: int, day: pd.Timestamp
) -> tuple[SampleShop, np.ndarray, np.ndarray]:
    """Let pairs of customers of different segments, who were there on a day, exchange their records."""
    people, transactions = shop.tables["customers"], shop.tables["transactions"]
    present = set(transactions.loc[transactions["transaction_date"] <= day, "customer_id"])
    waiting = np.array([customer for customer in unused if customer in present], dtype=np.int64)
    pairs = waiting[: len(waiting) // 2 * 2].reshape(-1, 2)
    kinds = segment.loc[pairs.ravel()].to_numpy().reshape(-1, 2)
    pairs = pairs[kinds[:, 0] != kinds[:, 1]][:n_pairs]
    if len(pairs) < n_pairs:
        raise ParameterRefused(
            "there are too few customers of different segments for so many movers", parameter="movers"
        )
    other = dict(pairs) | dict(pairs[:, ::-1])
    ids = transactions["customer_id"]
    transactions = transactions.assign(customer_id=ids.map(other).fillna(ids).astype("int64"))
    partner = people["customer_id"].map(other).fillna(people["customer_id"]).astype("int64")
    join_date = people.set_index("customer_id")["join_date"]
    people = people.assign(join_date=join_date.loc[partner].to_numpy())
    left = unused[~np.isin(unused, pairs)]
    return _with(shop, customers=people, transactions=transactions), pairs, left


def _export(shop: SampleShop, day: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """Return the tables as an export on a day shows them."""
    people, transactions = shop.tables["customers"], shop.tables["transactions"]
    seen = transactions[transactions["transaction_date"] <= day].reset_index(drop=True)
    later = seen["burn_date"] > day
    status = seen["transaction_status"].where(~later, "subscribed")
    seen = seen.assign(transaction_status=status, burn_date=seen["burn_date"].where(~later))
    there = people[people["join_date"] <= day].reset_index(drop=True)
    return {**shop.tables, "customers": there, "transactions": seen}


def _with(shop: SampleShop, **tables: pd.DataFrame) -> SampleShop:
    return replace(shop, tables={**shop.tables, **tables})
