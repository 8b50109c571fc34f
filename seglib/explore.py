"""02 Who are the customers, and do they differ at all?

Counts and calendars, and the question that comes before any clustering: is there more difference between
customers than chance alone would make? If not, no segment can be more than a slice of noise.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
from scipy.stats import poisson

from seglib.chance import NOTHING, Finding, between, dispersion, holm
from seglib.errors import ParameterRefused
from seglib.features import burned_by, records
from seglib.words import called, listing, p_value

LEVEL = 0.05
"""Level of the tests, after Holm's correction."""

AGES = (30, 60, 90, 180)
"""Days at which ages of coupons are divided where no burn window is known."""

TIED = 0.8
"""Rank correlation above which two numbers are as good as one."""

ALIKE, BY_TIME = "the same chance for everybody", "a chance that grows with the time as a customer"
"""The two ways in which customers can be alike: neither need be the truth, so the milder one is believed."""


def calendar(unified: pd.DataFrame, *, as_of: str) -> pd.DataFrame:
    """Count coupons claimed and burned by month, up to ``as_of``.

    Returns
    -------
    pandas.DataFrame
        month (first day), claimed, and burned where the shop records burn dates.
    """
    days = {"claimed": unified["transaction_date"]}
    if records(unified)[1]:
        days["burned"] = unified.loc[unified["burn_date"] <= pd.Timestamp(as_of), "burn_date"]
    months = pd.DataFrame({name: day.dt.to_period("M").value_counts() for name, day in days.items()})
    every = pd.period_range(months.index.min(), pd.Period(as_of, "M"), freq="M", name="month")
    months = months.reindex(every).fillna(0).astype("int64").reset_index()
    return months.assign(month=months["month"].dt.to_timestamp())


def fates(unified: pd.DataFrame, *, as_of: str, burn_window: int) -> pd.DataFrame:
    """Count coupons, and the share of them burned, for those whose fate is decided and for younger ones.

    Parameters
    ----------
    unified : pandas.DataFrame
    as_of : str
    burn_window : int
        Age in days from which a coupon counts as decided; 0 if every coupon does, because nothing is known of how
        long a burn takes: then by `AGES`, whose shares show whether age matters.

    Returns
    -------
    pandas.DataFrame
        age, coupons, burned.
    """
    limits = (burn_window,) if burn_window else AGES
    days = (pd.Timestamp(as_of) - unified["transaction_date"]).dt.days
    burned = burned_by(unified, as_of=as_of)
    table = burned.groupby(np.searchsorted(limits, days, side="right")).agg(coupons="size", burned="mean")
    between = [f"{low} to {high - 1} days" for low, high in pairwise(limits)]
    names = dict(enumerate([f"under {limits[0]} days", *between, f"{limits[-1]} days or older"]))
    return table.rename(index=names).rename_axis("age").reset_index()


def claims(unified: pd.DataFrame, customers: pd.DataFrame, *, as_of: str) -> pd.DataFrame:
    """Count the coupons of every customer who had joined, and how many one would expect of them.

    Parameters
    ----------
    unified : pandas.DataFrame
        One row a transaction.
    customers : pandas.DataFrame
        The canonical table; a customer without a join date counts from the first coupon.
    as_of : str

    Returns
    -------
    pandas.DataFrame
        Indexed by customer_id, customers who had joined by ``as_of``: coupons, since (day), expected: coupons
        that a customer of the same day would claim if all were alike. It follows the calendar: on each day,
        the shop's claims are shared among those who had joined.
    """
    day = pd.Timestamp(as_of)
    by_customer = unified.groupby("customer_id")["transaction_date"]
    people = pd.DataFrame(
        {
            "joined": customers.set_index("customer_id")["join_date"],
            "coupons": by_customer.size(),
            "first": by_customer.min(),
        }
    )
    people["since"] = people[["joined", "first"]].min(axis=1)
    people = people[people["since"] <= day].sort_index()
    days = pd.date_range(people["since"].min(), day, freq="D")
    per_day = unified["transaction_date"].value_counts().reindex(days, fill_value=0)
    present = people["since"].value_counts().reindex(days, fill_value=0).cumsum()
    still_to_come = (per_day / present)[::-1].cumsum()
    return pd.DataFrame(
        {
            "coupons": people["coupons"].fillna(0).astype("int64"),
            "since": people["since"],
            "expected": still_to_come.reindex(people["since"]).to_numpy(),
        }
    )


def coupon_counts(claimed: pd.DataFrame) -> pd.DataFrame:
    """Compare how many customers have 0, 1, 2, ... coupons with what chance alone would give.

    Parameters
    ----------
    claimed : pandas.DataFrame
        From `claims`.

    Returns
    -------
    pandas.DataFrame
        coupons, customers, expected, view. ``expected`` is Poisson with the same mean for everybody, or with the
        expectation of each customer's own time in the shop, whichever comes nearer to the counts; ``view`` names
        it (`ALIKE` or `BY_TIME`).
    """
    n = claimed["coupons"]
    coupons = np.arange(n.max() + 1)
    found = n.value_counts().reindex(coupons, fill_value=0).to_numpy()
    typical = np.quantile(claimed["expected"], (np.arange(500) + 0.5) / 500)  # 500 customers stand for all
    views = {
        ALIKE: len(n) * poisson.pmf(coupons, n.mean()),
        BY_TIME: len(n) * poisson.pmf(coupons[:, None], typical[None, :]).mean(axis=1),
    }
    nearest = min(views, key=lambda view: np.abs(views[view] - found).sum())
    return pd.DataFrame({"coupons": coupons, "customers": found, "expected": views[nearest], "view": nearest})


def demographics(unified: pd.DataFrame, column: str, *, levels: int = 12) -> pd.DataFrame:
    """Count the customers of each level of a descriptor, largest first; the rare ones are taken together.

    Returns
    -------
    pandas.DataFrame
        level, customers, share, coupons_per_customer.
    """
    rows = unified.assign(level=unified[column].fillna("unknown"))
    size = rows.groupby("level")["customer_id"].nunique().sort_values(ascending=False, kind="stable")
    if len(size) > levels:
        rare = size.index[levels - 1 :]
        rows["level"] = rows["level"].where(~rows["level"].isin(rare), f"{len(rare)} others")
    table = rows.groupby("level").agg(customers=("customer_id", "nunique"), coupons=("customer_id", "size"))
    table["share"] = table["customers"] / table["customers"].sum()
    table["coupons_per_customer"] = table["coupons"] / table["customers"]
    order = [level for level in size.index if level in table.index]  # "9 others" comes last
    table = table.loc[[*order, *table.index.difference(order)]].reset_index()
    return table[["level", "customers", "share", "coupons_per_customer"]]


@dataclass(frozen=True)
class Homogeneity:
    """Do customers differ by more than chance?

    Attributes
    ----------
    table : pandas.DataFrame
        One row a test: behaviour, among (whom), value, null_low, null_median, null_high, p, p_holm, differ.
        ``value`` is the variance found over the variance that chance gives, 1 if all are alike; the null
        columns are the 5%, 50% and 95% points of the same number on shops in which all are alike. Where there
        was nothing to compare, all of them are missing.
    """

    table: pd.DataFrame

    @property
    def differing(self) -> list[str]:
        """What was found to differ, such as "burn rate among customers"."""
        return [f"{r.behaviour} among {r.among}" for r in self.table.itertuples() if r.differ]

    @property
    def text(self) -> str:
        """In what customers were found to differ, in what they were not, and what cannot be told."""
        sentences = []
        for among, tests in self.table.groupby("among", sort=False):
            who = f"{among[0].upper()}{among[1:]}"
            told = [f"{r.behaviour} ({p_value(r.p_holm)})" for r in tests.itertuples() if r.differ]
            alike = [f"{r.behaviour} ({p_value(r.p_holm)})" for r in tests.itertuples() if r.p_holm >= LEVEL]
            unknown = tests.loc[tests["p"].isna(), "behaviour"].tolist()
            if told:
                sentences.append(f"{who} differ by more than chance in {listing(told)}.")
            if alike:
                sentences.append(f"{who} were not found to differ in {listing(alike, last='or')}.")
            if unknown:
                sentences.append(f"Whether {among} differ in {listing(unknown, last='or')} cannot be told here.")
        return " ".join(sentences)


def homogeneity(
    unified: pd.DataFrame,
    customers: pd.DataFrame,
    *,
    as_of: str,
    burn_window: int | None,
    n_shuffles: int = 999,
    sample_customers: int = 10_000,
    seed: int = 0,
) -> Homogeneity:
    """Test whether customers, genders and cities differ in how many coupons they claim, burn, and how fast.

    What the shop does not record is not asked: burning without a status, its days without a date.

    Parameters
    ----------
    unified : pandas.DataFrame
        One row a transaction.
    customers : pandas.DataFrame
        The canonical table: those without a transaction count as well, with no coupon.
    as_of : str
        Day the shop is looked at.
    burn_window : int or None
        Days after which a coupon's fate is decided; younger coupons say nothing about burning. None: no status.
    n_shuffles : int, default=999
        Number of shops simulated under the hypothesis that all are alike.
    sample_customers : int, default=10_000
        Largest number of customers used.
    seed : int

    Returns
    -------
    Homogeneity

    Raises
    ------
    ParameterRefused
        If so few shuffles could not reject anything after the correction.

    Notes
    -----
    Number of coupons: index of dispersion, once with the same chance for every customer and once with a chance
    proportional to what customers of the same day claim (`claims`). Neither need be the truth, so customers are
    said to differ only if both reject; the table shows the view with the greater p. Without join dates it cannot be
    told: who never claimed a coupon is then not known. Burn rate and days to burn:
    variance between customers where fates are dealt out at random among the coupons of the same month. Genders
    and cities: variance between them of a value per customer, where their members are dealt out at random.
    p = (1 + #{null >= value}) / (B + 1); Holm (1979) over all tests.
    """
    day = pd.Timestamp(as_of)
    rng = np.random.default_rng(seed)
    people = claims(unified, customers, as_of=as_of)
    if len(people) > sample_customers:
        people = people.sample(sample_customers, random_state=seed).sort_index()
    people = people.join(customers.set_index("customer_id")[["gender_id", "city_id"]])
    rows = unified[unified["customer_id"].isin(people.index)]
    rows = rows[(day - rows["transaction_date"]).dt.days >= (burn_window or 0)]
    rows = rows.assign(burned=burned_by(rows, as_of=as_of), month=rows["transaction_date"].dt.to_period("M"))
    rows["lag"] = (rows["burn_date"] - rows["transaction_date"]).dt.days.where(rows["burned"] == 1)
    people["coupons per day"] = people["coupons"] / people["expected"].where(people["expected"] > 0)
    people["burn rate"] = rows.groupby("customer_id")["burned"].mean()
    people["days to burn"] = rows.groupby("customer_id")["lag"].mean()
    chance = {"n_shuffles": n_shuffles, "rng": rng}
    number = f"number of {called(unified['transaction_status']).many}"
    status, dated = records(unified)
    fates = ({"burn rate": "burned"} if status else {}) | ({"days to burn": "lag"} if dated else {})

    n = people["coupons"].to_numpy()
    joined = customers.set_index("customer_id")["join_date"].reindex(people.index).notna().mean()
    weights = (np.ones(len(n)), people["expected"].to_numpy()) if joined > 0.5 else ()
    views = [dispersion(n, weight, **chance) for weight in weights] or [NOTHING]
    found: list[tuple[str, str, Finding]] = [
        (number, "customers", max(views, key=lambda view: view.p)),
        *(
            (fate, "customers", between(rows[value], rows["customer_id"], stratum=rows["month"], **chance))
            for fate, value in fates.items()
        ),
    ]
    for column, among in (("gender_id", "genders"), ("city_id", "cities")):
        if people[column].nunique() > 1:
            for behaviour, value in ((number, "coupons per day"), *zip(fates, fates, strict=True)):
                found.append((behaviour, among, between(people[value], people[column], **chance)))
    if len(found) / (n_shuffles + 1) >= LEVEL:
        raise ParameterRefused(
            f"n_shuffles = {n_shuffles} is too few for {len(found)} tests: corrected for their number, no p-value "
            f"could be below {LEVEL}; take at least {int(len(found) / LEVEL)}"
        )
    table = pd.DataFrame([{"behaviour": b, "among": a, **asdict(finding)} for b, a, finding in found])
    table["p_holm"] = holm(table["p"])
    table["differ"] = table["p_holm"] < LEVEL
    return Homogeneity(table.round(6))


def tied(table: pd.DataFrame, *, above: float = TIED) -> pd.DataFrame:
    """List the pairs of numbers that always move together.

    Parameters
    ----------
    table : pandas.DataFrame of float, shape (n_rows, n_columns)
        A column with one value, or none, is tied to nothing.
    above : float, default=TIED
        Rank correlation, up or down, above which a pair is listed.

    Returns
    -------
    pandas.DataFrame
        first, second, spearman; in the order of the columns. Spearman (1904), Am. J. Psychol. 15(1).
    """
    rho = table.astype(float).corr(method="spearman")
    pairs = [(a, b, rho.loc[a, b]) for a, b in combinations(table.columns, 2) if abs(rho.loc[a, b]) > above]
    return pd.DataFrame(pairs, columns=["first", "second", "spearman"]).astype({"spearman": float})
