"""Do customers differ by more than chance? One row a question, corrected for their number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import partial

import numpy as np
import pandas as pd

from seglib.eda.counts import claims
from seglib.errors import ParameterRefused
from seglib.features import burned_by, records
from seglib.schema.columns import CUSTOMER_COLUMNS
from seglib.stats import NO_RESULT, TestResult, anova_permutation_test, dispersion_test, holm
from seglib.style import NO_TRANSACTIONS, join_words, p_value, wording_of

LEVEL = 0.05
"""Level of the tests, after Holm's correction."""

FEWEST_SHUFFLES, REACH = 99, 10
"""Fewest simulated shops that show the shape of chance; and how far below one in their number a p-value may decide."""

MOST_LEVELS = 12
"""A descriptor of the shop's own with more levels is not asked; neither is a name that is never twice the same."""

WHO = ("customers", "genders", "cities")


@dataclass(frozen=True)
class Homogeneity:
    """Do customers differ by more than chance?

    Attributes
    ----------
    table : pandas.DataFrame
        One row a test: behaviour, among (customers, genders, cities, or the name of a column of the customers table),
        value, null_low, null_median, null_high, p, p_holm, differ. ``value`` is the variance found over the
        variance that chance gives, 1 if all are alike; the null columns are the 5%, 50% and 95% points of the same
        number on shops in which all are alike. Where there was nothing to compare, all of them are missing. No row at
        all where there are no transactions.
    not_asked : tuple of str
        Columns of the customers table with one level, or with more than `MOST_LEVELS`.
    """

    table: pd.DataFrame
    not_asked: tuple[str, ...] = ()

    @property
    def differing(self) -> list[str]:
        """What was found to differ, such as "burn rate among customers"."""
        return [f"{r.behaviour} among {_told(r.among)}" for r in self.table.itertuples() if r.differ]

    @property
    def text(self) -> str:
        """In what customers were found to differ, in what they were not, and what cannot be told."""
        if self.table.empty:
            return NO_TRANSACTIONS
        sentences, quiet = [], []
        for among, tests in self.table.groupby("among", sort=False):
            who = _told(among)
            told = [f"{r.behaviour} ({p_value(r.p_holm)})" for r in tests.itertuples() if r.differ]
            alike = [f"{r.behaviour} ({p_value(r.p_holm)})" for r in tests.itertuples() if r.p_holm >= LEVEL]
            unknown = tests.loc[tests["p"].isna(), "behaviour"].tolist()
            if among not in WHO and not told:
                quiet.append(among)
                continue
            if told:
                sentences.append(f"{_capital(who)} differ by more than chance in {join_words(told)}.")
            if alike:
                sentences.append(f"{_capital(who)} were not found to differ in {join_words(alike, last='or')}.")
            if unknown:
                sentences.append(f"Whether {who} differ in {join_words(unknown, last='or')} cannot be told here.")
        if quiet:
            sentences.append(
                f"Customers of different {join_words(quiet, last='or')} were not found to differ in anything."
            )
        if self.not_asked:
            sentences.append(f"Not asked, with one level or more than {MOST_LEVELS}: {join_words(self.not_asked)}.")
        return " ".join(sentences)


def _told(among: str) -> str:
    return among if among in WHO else f"customers of different {among}"


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def levels(values: pd.Series) -> pd.Series | None:
    """Return the groups in which a descriptor puts customers: its levels, or for a number its quarters.

    Parameters
    ----------
    values : pandas.Series
        One value a customer.

    Returns
    -------
    pandas.Series or None
        A number with more than `MOST_LEVELS` values is cut at its quartiles, or, where these coincide, into its most
        frequent value and the rest. None where there is one level only, or more than `MOST_LEVELS`.
    """
    different = values.nunique()
    if different > MOST_LEVELS and pd.api.types.is_numeric_dtype(values):
        quarters = pd.qcut(values.astype(float), 4, labels=False, duplicates="drop")
        return quarters if quarters.nunique() > 1 else (values != values.mode()[0]).where(values.notna())
    return values if 2 <= different <= MOST_LEVELS else None


def homogeneity(
    unified: pd.DataFrame,
    customers: pd.DataFrame,
    *,
    as_of: str | None,
    burn_window: int | None,
    n_shuffles: int = 999,
    sample_customers: int = 10_000,
    seed: int = 0,
) -> Homogeneity:
    """Test whether customers, and groups of them, differ in how many coupons they claim, burn, how fast, and spend.

    What the shop does not record is not asked: burning without a status, its days without a date, spending without
    an amount.

    Parameters
    ----------
    unified : pandas.DataFrame
        One row a transaction.
    customers : pandas.DataFrame
        The canonical table: those without a transaction count as well, with no coupon. Groups are the genders, the
        cities, and the levels of every column that the shop adds (`levels`).
    as_of : str or None
        Day the shop is looked at; None where there are no transactions: then nothing is asked.
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
        If there are too few shuffles to judge by: fewer than `FEWEST_SHUFFLES`, or so few that a p-value would have
        to be more than `REACH` times smaller than one in their number before anything could be rejected.

    Notes
    -----
    Number of coupons: index of dispersion, once with the same chance for every customer and once with a chance
    proportional to what customers of the same day claim (`claims`). Neither need be the truth, so customers are
    said to differ only if both reject; the table shows the view with the greater p. Without join dates it cannot be
    told: who never claimed a coupon is then not known. Burn rate, days to burn, and amount (on the scale of
    log(1 + x)): variance between customers where values are dealt out at random among the coupons of the same
    month. Groups: variance between them of a value per customer, where their members are dealt out at random.
    A chi-square test of burned by customer, by permutation because expected counts are below 5, is the test of
    the burn rate here. p: `seglib.stats.permutation.tail_p_value`; Holm (1979) over all tests.
    """
    if as_of is None or unified.empty:
        return Homogeneity(_table([]))
    people = claims(unified, customers, as_of=as_of)
    if len(people) > sample_customers:
        people = people.sample(sample_customers, random_state=seed).sort_index()
    known = customers.set_index("customer_id").reindex(people.index)
    rows = unified[unified["customer_id"].isin(people.index)]
    rows = rows.assign(month=rows["transaction_date"].dt.to_period("M"), **_values(rows, as_of, burn_window))
    wording, (status, dated) = wording_of(unified["transaction_status"]), records(unified)
    number = f"number of {wording.many}"
    asked = {"burn rate": "burned"} if status else {}
    asked |= {"days to burn": "lag"} if dated else {}
    asked |= {f"amount a {wording.one}": "size"} if unified["amount"].notna().any() else {}

    people[number] = people["coupons"] / people["expected"].where(people["expected"] > 0)
    for behaviour, value in asked.items():
        people[behaviour] = rows.groupby("customer_id")[value].mean()
    groups = {name: known[f"{one}_id"] for one, name in (("gender", "genders"), ("city", "cities"))}
    groups = {name: who for name, who in groups.items() if who.nunique() > 1}
    own = {name: levels(known[name]) for name in known if name not in CUSTOMER_COLUMNS}
    groups |= {name: group for name, group in own.items() if group is not None}

    chance = {"n_shuffles": n_shuffles, "rng": np.random.default_rng(seed)}
    tests: list[tuple[str, str, Callable[[], TestResult]]] = [
        (number, "customers", partial(_counts, people, known["join_date"], chance)),
        *(
            (
                name,
                "customers",
                partial(anova_permutation_test, rows[value], rows["customer_id"], stratum=rows["month"], **chance),
            )
            for name, value in asked.items()
        ),
        *(
            (name, among, partial(anova_permutation_test, people[name], group, **chance))
            for among, group in groups.items()
            for name in (number, *asked)
        ),
    ]
    _enough(n_shuffles, len(tests))
    found = [{"behaviour": name, "among": among, **asdict(test())} for name, among, test in tests]
    return Homogeneity(_table(found), tuple(name for name, group in own.items() if group is None))


def _values(rows: pd.DataFrame, as_of: str, burn_window: int | None) -> Mapping[str, pd.Series]:
    """Return what each coupon says: burned or not, after how many days, if its fate is decided; and its amount."""
    decided = (pd.Timestamp(as_of) - rows["transaction_date"]).dt.days >= (burn_window or 0)
    burned = burned_by(rows, as_of=as_of).where(decided)
    lag = (rows["burn_date"] - rows["transaction_date"]).dt.days.where(burned == 1)
    amount = rows["amount"].astype(float)
    return {"burned": burned, "lag": lag, "size": np.sign(amount) * np.log1p(amount.abs())}


def _counts(people: pd.DataFrame, joined: pd.Series, chance: Mapping) -> TestResult:
    if joined.notna().mean() <= 0.5:
        return NO_RESULT
    n = people["coupons"].to_numpy()
    views = [dispersion_test(n, weight, **chance) for weight in (np.ones(len(n)), people["expected"].to_numpy())]
    return max(views, key=lambda view: view.p)


def _enough(n_shuffles: int, n_tests: int) -> None:
    least = max(FEWEST_SHUFFLES, int(np.ceil(n_tests / LEVEL / REACH)) - 1)
    if n_shuffles < least:
        raise ParameterRefused(
            f"n_shuffles = {n_shuffles} is too few for {n_tests} tests: so few shops do not show how chance is "
            f"distributed where it becomes rare enough to reject anything; take at least {least}",
            parameter="n_shuffles",
        )


def _table(found: list[dict]) -> pd.DataFrame:
    numbers = [f.name for f in fields(TestResult)]
    table = pd.DataFrame(found, columns=["behaviour", "among", *numbers])
    table = table.astype(dict.fromkeys(["behaviour", "among"], "str") | dict.fromkeys(numbers, "float64"))
    table["p_holm"] = holm(table["p"])
    table["differ"] = table["p_holm"] < LEVEL
    rounded = {p: table[p].map(lambda x: float(f"{x:.6g}")).astype("float64") for p in ("p", "p_holm")}
    return table.round(6).assign(**rounded)  # a p-value is rounded to six digits, not decimals: it is never 0
