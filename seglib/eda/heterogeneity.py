"""Do customers differ by more than chance? One row per question, corrected for their number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seglib.eda.counts import claims
from seglib.errors import ParameterRefused
from seglib.features import burned_by, records
from seglib.schema.columns import CUSTOMER_COLUMNS
from seglib.stats import NO_RESULT, TestResult, anova_permutation_test, dispersion_test, holm
from seglib.study import Study
from seglib.style import NO_TRANSACTIONS, humanize, join_words, p_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
        One row per test: behaviour, among (customers, genders, cities, or the name of a column of the customers table),
        value, null_low, null_median, null_high, p, p_holm, differ. ``value`` is the variance found over the
        variance that chance gives, 1 if all are alike; the null columns are the 5%, 50% and 95% points of the same
        number on shops in which all are alike. Where there was nothing to compare, all of them are missing. No row at
        all where there are no transactions.
    not_asked : tuple of str
        Columns of the customers table with one level, or with more than `MOST_LEVELS`.
    n_shuffles : int
        Number of simulated shops.
    burn_window : int or None
        Age in days of the coupons that count where burning is compared; None or 0: all count, or none is recorded.
    """

    table: pd.DataFrame
    not_asked: tuple[str, ...] = ()
    n_shuffles: int = 0
    burn_window: int | None = None

    @property
    def differing(self) -> list[str]:
        """What was found to differ, such as "burn rate among customers"."""
        return [f"{r.behaviour} among {_group_name(r.among)}" for r in self.table.itertuples() if r.differ]

    @property
    def applies(self) -> bool:
        """Whether there is anything to compare."""
        return not self.table.empty

    @property
    def text(self) -> str:
        """In what customers were found to differ, in what they were not, and what cannot be compared."""
        if self.table.empty:
            return NO_TRANSACTIONS
        sentences, without_difference = [], []
        for among, tests in self.table.groupby("among", sort=False):
            who = _group_name(among)
            differ = [f"{r.behaviour} ({p_value(r.p_holm)})" for r in tests.itertuples() if r.differ]
            alike = [f"{r.behaviour} ({p_value(r.p_holm)})" for r in tests.itertuples() if r.p_holm >= LEVEL]
            unknown = tests.loc[tests["p"].isna(), "behaviour"].tolist()
            if among not in WHO and not differ:
                without_difference.append(among)
                continue
            if differ:
                sentences.append(f"{_capital(who)} differ by more than chance in {join_words(differ)}.")
            if alike:
                sentences.append(f"{_capital(who)} were not found to differ in {join_words(alike, last='or')}.")
            if unknown:
                sentences.append(f"Whether {who} differ in {join_words(unknown, last='or')} cannot be told here.")
        if without_difference:
            names = join_words([humanize(among) for among in without_difference], last="or")
            sentences.append(f"Customers of different {names} were not found to differ in anything.")
        if self.not_asked:
            sentences.append(f"Not asked, with one level or more than {MOST_LEVELS}: {join_words(self.not_asked)}.")
        return " ".join(sentences)

    @property
    def takeaway(self) -> str:
        """In what customers differ by more than chance."""
        if self.differing:
            return f"Differences larger than chance were found in {join_words(self.differing)}."
        if self.table.loc[self.table["among"] == "customers", "p"].notna().any():
            return (
                "No difference beyond chance was found in anything measured here: the evidence for groups in 04 has to "
                "be strong."
            )
        return "Whether customers differ by more than chance cannot be told from this source."

    @property
    def alt(self) -> str:
        """What the figure shows; empty if nothing could be compared."""
        if self.table["p"].isna().all():
            return ""
        return f"Dot plot of variation found beside the band chance gives. {self.text}"

    @property
    def caption(self) -> str:
        """Number of simulated shops, and which coupons count."""
        burning = f" Burning: only coupons of {self.burn_window} days or older." if self.burn_window else ""
        return f"{self.n_shuffles:,} simulated shops.{burning}"

    def figure(self) -> Axes:
        """Draw each value beside its null band."""
        from seglib.plots import plot_homogeneity

        return plot_homogeneity(self.table)


def _group_name(among: str) -> str:
    return among if among in WHO else f"customers of different {humanize(among)}"


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def levels(values: pd.Series) -> pd.Series | None:
    """Return the groups in which a descriptor puts customers: its levels, or for a number its quarters.

    Parameters
    ----------
    values : pandas.Series
        One value per customer.

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
    study: Study,
    *,
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
        One row per transaction.
    customers : pandas.DataFrame
        The canonical table: those without a transaction count as well, with no coupon. Groups are the genders, the
        cities, and the levels of every column that the shop adds (`levels`).
    study : Study
        The day on which the shop is looked at (None where there are no transactions: then nothing is asked), the burn
        window (`seglib.features.CustomerFeatures.study`; younger coupons say nothing about burning), and what a
        transaction is called.
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
    log(1 + x)): variance between customers where values are permuted among the coupons of the same month. Groups:
    variance between them of a value per customer, where their members are permuted. A chi-square test of burned by
    customer, by permutation because expected counts are below 5, is the test of the burn rate here. p:
    `seglib.stats.tail_p_value`; Holm (1979) over all tests.
    """
    if study.as_of is None or unified.empty:
        return Homogeneity(_table([]), (), n_shuffles, study.burn_window)
    people = claims(unified, customers, as_of=study.as_of)
    if len(people) > sample_customers:
        people = people.sample(sample_customers, random_state=seed).sort_index()
    descriptors = customers.set_index("customer_id").reindex(people.index)
    rows = unified[unified["customer_id"].isin(people.index)]
    rows = rows.assign(month=rows["transaction_date"].dt.to_period("M"), **_values(rows, study))

    values = _compared_values(unified, study)
    number = f"number of {study.wording.many}"
    people[number] = people["coupons"] / people["expected"].where(people["expected"] > 0)
    for behaviour, value in values.items():
        people[behaviour] = rows.groupby("customer_id")[value].mean()

    places = study.wording.places
    groups = {name: descriptors[f"{one}_id"] for one, name in (("gender", "genders"), ("city", places))}
    groups = {name: who for name, who in groups.items() if who.nunique() > 1}
    added = {name: levels(descriptors[name]) for name in descriptors if name not in CUSTOMER_COLUMNS}
    groups |= {name: group for name, group in added.items() if group is not None}

    # The order of the tests is part of the result: they draw from one generator, one after the other. Questions about
    # customers come first and those about columns that the shop adds last, so that these change no other answer.
    rng = np.random.default_rng(seed)
    tests: list[tuple[str, str, Callable[[], TestResult]]] = [
        (number, "customers", partial(_test_counts, people, descriptors["join_date"], n_shuffles, rng))
    ]
    for behaviour, value in values.items():
        test = partial(
            anova_permutation_test,
            rows[value],
            rows["customer_id"],
            stratum=rows["month"],
            n_shuffles=n_shuffles,
            rng=rng,
        )
        tests.append((behaviour, "customers", test))
    for among, group in groups.items():
        for behaviour in (number, *values):
            test = partial(anova_permutation_test, people[behaviour], group, n_shuffles=n_shuffles, rng=rng)
            tests.append((behaviour, among, test))
    _refuse_too_few(n_shuffles, len(tests))
    results = [{"behaviour": behaviour, "among": among, **asdict(test())} for behaviour, among, test in tests]
    left_out = tuple(name for name, group in added.items() if group is None)
    return Homogeneity(_table(results), left_out, n_shuffles, study.burn_window)


def _compared_values(unified: pd.DataFrame, study: Study) -> dict[str, str]:
    """Return the behaviours that the shop records, each with the column of `_values` that measures it."""
    status, dated = records(unified)
    values = {}
    if status:
        values["burn rate"] = "burned"
    if dated:
        values["days to burn"] = "lag"
    if unified["amount"].notna().any():
        values[f"amount a {study.wording.one}"] = "size"
    return values


def _values(rows: pd.DataFrame, study: Study) -> Mapping[str, pd.Series]:
    """Return what each coupon says: burned or not, after how many days, if it is old enough; and its amount."""
    matured = (pd.Timestamp(study.as_of) - rows["transaction_date"]).dt.days >= (study.burn_window or 0)
    burned = burned_by(rows, as_of=study.as_of).where(matured)
    lag = (rows["burn_date"] - rows["transaction_date"]).dt.days.where(burned == 1)
    amount = rows["amount"].astype(float)
    return {"burned": burned, "lag": lag, "size": np.sign(amount) * np.log1p(amount.abs())}


def _test_counts(people: pd.DataFrame, joined: pd.Series, n_shuffles: int, rng: np.random.Generator) -> TestResult:
    """Test whether customers differ in the number of their coupons."""
    if joined.notna().mean() <= 0.5:
        return NO_RESULT
    n = people["coupons"].to_numpy()
    # "All are alike" can mean two things: the same chance for everybody, whenever they joined, or the same chance on
    # every day as a customer. A shop of the one kind looks unequal to a test of the other, so both are tried and the
    # milder answer stands.
    weights = (np.ones(len(n)), people["expected"].to_numpy())
    views = [dispersion_test(n, weight, n_shuffles=n_shuffles, rng=rng) for weight in weights]
    return max(views, key=lambda view: view.p)


def _refuse_too_few(n_shuffles: int, n_tests: int) -> None:
    """Refuse a number of simulated shops from which no test could reject anything."""
    least = max(FEWEST_SHUFFLES, int(np.ceil(n_tests / LEVEL / REACH)) - 1)
    if n_shuffles < least:
        raise ParameterRefused(
            f"n_shuffles = {n_shuffles} is too few for {n_tests} tests: so few shops do not show how chance is "
            f"distributed where it becomes rare enough to reject anything; take at least {least}",
            parameter="n_shuffles",
        )


def _table(results: list[dict]) -> pd.DataFrame:
    """Return one row per test, with p-values corrected for the number of tests, rounded."""
    numbers = [f.name for f in fields(TestResult)]
    table = pd.DataFrame(results, columns=["behaviour", "among", *numbers])
    table = table.astype(dict.fromkeys(["behaviour", "among"], "str") | dict.fromkeys(numbers, "float64"))
    table["p_holm"] = holm(table["p"])
    table["differ"] = table["p_holm"] < LEVEL
    rounded = {p: table[p].map(lambda x: float(f"{x:.6g}")).astype("float64") for p in ("p", "p_holm")}
    return table.round(6).assign(**rounded)  # a p-value is rounded to six digits, not decimals: it is never 0
