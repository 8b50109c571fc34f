"""02 Who are the customers, and do they differ at all?

Counts and calendars, and the question that comes before any clustering: is there more difference between
customers than chance alone would make? If not, no segment can be more than a slice of noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seglib.words import listing, p_value

LEVEL = 0.05
"""Level of the tests, after Holm's correction."""


def calendar(unified: pd.DataFrame, *, as_of: str) -> pd.DataFrame:
    """Count coupons claimed and burned by month, up to ``as_of``.

    Returns
    -------
    pandas.DataFrame
        month (first day), claimed, burned.
    """
    burned = unified.loc[unified["burn_date"] <= pd.Timestamp(as_of), "burn_date"]
    months = pd.DataFrame(
        {
            "claimed": unified["transaction_date"].dt.to_period("M").value_counts(),
            "burned": burned.dt.to_period("M").value_counts(),
        }
    )
    every = pd.period_range(months.index.min(), pd.Period(as_of, "M"), freq="M", name="month")
    months = months.reindex(every).fillna(0).astype("int64").reset_index()
    return months.assign(month=months["month"].dt.to_timestamp())


def fates(unified: pd.DataFrame, *, as_of: str, burn_window: int) -> pd.DataFrame:
    """Count coupons, and the share of them burned by ``as_of``, for those whose fate is decided and for younger ones.

    Parameters
    ----------
    unified : pandas.DataFrame
    as_of : str
    burn_window : int
        Age in days from which a coupon counts as decided.

    Returns
    -------
    pandas.DataFrame
        age, coupons, burned.
    """
    day = pd.Timestamp(as_of)
    decided = (day - unified["transaction_date"]).dt.days >= burn_window
    burned = unified["burn_date"] <= day
    table = burned.groupby(decided).agg(coupons="size", burned="mean").rename_axis("age").reset_index()
    return table.assign(age=table["age"].map({True: f"{burn_window} days or older", False: "younger"}))


def coupon_counts(unified: pd.DataFrame) -> pd.DataFrame:
    """Compare how many customers have 1, 2, 3, ... coupons with what chance alone would give.

    Returns
    -------
    pandas.DataFrame
        coupons, customers, expected: the last is the zero-truncated Poisson distribution with the same mean
        (customers without a coupon are not in the unified table), which holds where all customers are alike.
    """
    from scipy.optimize import brentq
    from scipy.stats import poisson

    counts = unified.groupby("customer_id").size()
    mean = counts.mean()
    rate = brentq(lambda r: r / -np.expm1(-r) - mean, 1e-9, mean) if mean > 1 + 1e-9 else 1e-9
    coupons = np.arange(1, counts.max() + 1)
    return pd.DataFrame(
        {
            "coupons": coupons,
            "customers": counts.value_counts().reindex(coupons, fill_value=0).to_numpy(),
            "expected": len(counts) * poisson.pmf(coupons, rate) / -np.expm1(-rate),
        }
    )


def demographics(unified: pd.DataFrame, column: str, *, levels: int = 12) -> pd.DataFrame:
    """Count the customers of each level of a descriptor, largest first; the rare ones are taken together.

    Returns
    -------
    pandas.DataFrame
        level, customers, share, coupons_per_customer, burned_share (of all their coupons).
    """
    rows = unified.assign(level=unified[column].fillna("unknown"), burned=unified["transaction_status"].eq("burned"))
    size = rows.groupby("level")["customer_id"].nunique().sort_values(ascending=False, kind="stable")
    if len(size) > levels:
        rare = size.index[levels - 1 :]
        rows["level"] = rows["level"].where(~rows["level"].isin(rare), f"{len(rare)} others")
    table = rows.groupby("level").agg(
        customers=("customer_id", "nunique"), coupons=("customer_id", "size"), burned_share=("burned", "mean")
    )
    table["share"] = table["customers"] / table["customers"].sum()
    table["coupons_per_customer"] = table["coupons"] / table["customers"]
    order = [level for level in size.index if level in table.index]  # "9 others" comes last
    table = table.loc[[*order, *table.index.difference(order)]].reset_index()
    return table[["level", "customers", "share", "coupons_per_customer", "burned_share"]]


@dataclass(frozen=True)
class Homogeneity:
    """Do customers differ by more than chance?

    Attributes
    ----------
    table : pandas.DataFrame
        One row a test: behaviour, between (whom), value, null_low, null_median, null_high, p, p_holm, differ.
        ``value`` is the variance found over the variance that chance gives, 1 if all are alike; the null
        columns are the 5%, 50% and 95% points of the same number on shops in which all are alike.
    """

    table: pd.DataFrame

    @property
    def text(self) -> str:
        """In what customers differ, and in what they do not."""
        sentences = []
        for between, tests in self.table.groupby("between", sort=False):
            told = {
                yes: [f"{r.behaviour} ({p_value(r.p_holm)})" for r in tests.itertuples() if r.differ == yes]
                for yes in (True, False)
            }
            who = f"{between[0].upper()}{between[1:]}"
            if told[True]:
                sentences.append(f"{who} differ by more than chance in {listing(told[True])}.")
            if told[False]:
                sentences.append(f"{who} do not differ by more than chance in {listing(told[False], last='or')}.")
        return " ".join(sentences)


def homogeneity(
    unified: pd.DataFrame,
    customers: pd.DataFrame,
    *,
    as_of: str,
    burn_window: int,
    n_shuffles: int = 999,
    sample_customers: int = 10_000,
    seed: int = 0,
) -> Homogeneity:
    """Test whether customers, genders and cities differ in how many coupons they claim, burn, and how fast.

    Parameters
    ----------
    unified : pandas.DataFrame
        One row a transaction.
    customers : pandas.DataFrame
        The canonical table: those without a transaction count as well, with no coupon.
    as_of : str
        Day the shop is looked at.
    burn_window : int
        Days after which a coupon's fate is decided; younger coupons say nothing about burning.
    n_shuffles : int, default=999
        Number of shops drawn under the hypothesis that all are alike.
    sample_customers : int, default=10_000
        Largest number of customers used.
    seed : int

    Returns
    -------
    Homogeneity

    Notes
    -----
    Counts: index of dispersion given the total (Cochran 1954, Biometrics 10(4)), once with the same chance for
    every customer and once with a chance proportional to the days since joining. Neither need be the truth, so
    customers are said to differ only if both reject; the table shows the view with the greater p. Burn rate and
    days to burn: variance between customers where the coupons' fates are dealt out at random. Genders and cities:
    variance between them of a value per customer, where their members are dealt out at random.
    p = (1 + #{null >= value}) / (B + 1); Holm (1979) over all tests.
    """
    rng = np.random.default_rng(seed)
    day = pd.Timestamp(as_of)
    ids = customers["customer_id"]
    if len(ids) > sample_customers:
        ids = ids.sample(sample_customers, random_state=seed).sort_index()
    rows = unified[unified["customer_id"].isin(ids)]
    by_customer = rows.groupby("customer_id")
    people = pd.DataFrame(
        {
            "joined": customers.set_index("customer_id").loc[ids, "join_date"],
            "first": by_customer["transaction_date"].min(),
            "coupons": by_customer.size(),
            "gender_name": by_customer["gender_name"].first(),
            "city_name": by_customer["city_name"].first(),
        }
    )
    people["days"] = (day - people[["joined", "first"]].min(axis=1)).dt.days + 1.0
    people = people[people["days"] >= 1].fillna({"coupons": 0})  # the others had not come yet, or nothing is known
    decided = rows[(day - rows["transaction_date"]).dt.days >= burn_window]
    decided = decided.assign(burned=decided["burn_date"].le(day).astype(float))
    decided["lag"] = (decided["burn_date"] - decided["transaction_date"]).dt.days.where(decided["burned"] == 1)
    people["coupons per day"] = people["coupons"] / people["days"]
    people["burn rate"] = decided.groupby("customer_id")["burned"].mean()
    people["days to burn"] = decided.groupby("customer_id")["lag"].mean()

    def test(behaviour: str, between: str, result: tuple) -> dict:
        return {"behaviour": behaviour, "between": between, **dict(zip(_RESULT, result, strict=True))}

    n, days = people["coupons"].to_numpy(np.int64), people["days"].to_numpy()
    alike = [_dispersion(n, chance, rng, n_shuffles) for chance in (np.ones_like(days), days)]
    tests = [
        test("number of coupons", "customers", max(alike, key=lambda result: result[-1])),
        test("burn rate", "customers", _between(decided["burned"], decided["customer_id"], rng, n_shuffles)),
        test("days to burn", "customers", _between(decided["lag"], decided["customer_id"], rng, n_shuffles)),
    ]
    for column, between in (("gender_name", "genders"), ("city_name", "cities")):
        if people[column].nunique() > 1:
            tests += [
                test(behaviour, between, _between(people[behaviour], people[column], rng, n_shuffles))
                for behaviour in ("coupons per day", "burn rate", "days to burn")
            ]
    table = pd.DataFrame(tests)
    table["p_holm"] = holm(table["p"])
    table["differ"] = table["p_holm"] < LEVEL
    return Homogeneity(table.round(6))


_RESULT = ("value", "null_low", "null_median", "null_high", "p")


def holm(p: pd.Series) -> np.ndarray:
    """Return p-values adjusted for their number after Holm (1979).

    Examples
    --------
    >>> holm(pd.Series([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p, dtype=float)
    order = np.argsort(p, kind="stable")
    adjusted = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)).clip(max=1.0)
    out = np.empty_like(adjusted)
    out[order] = adjusted
    return out


def _dispersion(n: np.ndarray, weight: np.ndarray, rng: np.random.Generator, n_shuffles: int) -> tuple:
    """Index of dispersion of counts whose expectation is proportional to a weight."""
    chance = weight / weight.sum()
    expected = n.sum() * chance

    def index(counts: np.ndarray) -> float:
        return float(((counts - expected) ** 2 / expected).sum()) / max(len(n) - 1, 1)

    return _against_null(index(n), lambda: index(rng.multinomial(n.sum(), chance)), n_shuffles)


def _between(value: pd.Series, group: pd.Series, rng: np.random.Generator, n_shuffles: int) -> tuple:
    """Variance of a value between groups, over its expectation when values are dealt out at random."""
    known = value.notna() & group.notna()
    x = value[known].to_numpy(dtype=float)
    who = pd.factorize(group[known])[0]
    size = np.bincount(who) if len(who) else np.zeros(0)
    if len(size) < 2 or len(size) == len(x) or x.std() == 0:
        return 1.0, 1.0, 1.0, 1.0, 1.0  # nothing to compare
    x = (x - x.mean()) / x.std(ddof=1)

    def ratio(values: np.ndarray) -> float:
        return float((np.bincount(who, weights=values) ** 2 / size).sum()) / (len(size) - 1)

    return _against_null(ratio(x), lambda: ratio(rng.permutation(x)), n_shuffles)


def _against_null(value: float, draw: Callable[[], float], n_draws: int) -> tuple:
    """Return the value, the null's 5%, 50% and 95% points, and the p-value."""
    null = np.array([draw() for _ in range(n_draws)])
    low, median, high = np.quantile(null, [0.05, 0.5, 0.95])
    return value, low, median, high, (1 + int((null >= value - 1e-12).sum())) / (n_draws + 1)
