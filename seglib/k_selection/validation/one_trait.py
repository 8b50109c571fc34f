"""Does one trait alone divide the customers into two kinds? Each feature by itself, where a partition of all is denied.

Two groups that differ in nothing but the days to burn are two groups, but a distance over all columns hardly sees them.
So for each feature one kind of customer is tested against two. What a customer did says little about the trait behind
it: with 8 coupons, of which 3 were burned, the chance to burn may be .2 or .6. The test takes that into account, by the
chance of every record given the trait (`seglib.stats.test_two_kinds`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from joblib import delayed
from scipy.special import gammainc, gammaincc
from scipy.stats import binom

from seglib.features import burned_by
from seglib.k_selection.validation.evidence import ALPHA
from seglib.k_selection.validation.processes import run_tasks
from seglib.run import Run
from seglib.schema.features import FEATURES, Feature
from seglib.sql import read_canonical_tables
from seglib.stats import TraitRecords, TwoKindsTest, holm, test_two_kinds
from seglib.study import DEFAULT_STUDY, Study
from seglib.style import COUPON, Wording, escape_markdown, humanize, join_words, measured

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMALLEST_KIND = 0.05
"""Share of the customers that the smaller kind must have; fewer are outliers."""

FEWEST_CUSTOMERS = 100
"""With fewer customers of whom something is known, a feature is not tested."""

FEWEST_VALUES = 12
"""A number with fewer different values is a scale of answers: its peaks are the answers that were offered."""

SPIKE = 0.05
"""A single value of more customers than this share is set aside, if no other value has a `SPIKE_RATIO`-th of them."""

SPIKE_RATIO = 5.0
"""Rounded values follow each other in number; a spike stands alone."""

DRAWS_PER_FEATURE = 21
"""At least so many simulated samples per tested feature: with fewer than 20, Holm could never find p <= .05."""

N_CELLS = 32
"""Cells of the grid on which the distribution of a trait is fitted."""

N_LEVELS = 12
"""Customers are put into at most so many levels by how much is known about them."""


@dataclass(frozen=True)
class TestedTrait:
    """A feature with its records and its test.

    Attributes
    ----------
    feature : Feature
    records : TraitRecords
    test : TwoKindsTest
    original : callable
        From the scale of the grid to original units.
    values : ndarray of float, shape (n_customers,)
        What was recorded, in original units: raw rates and means, not shrunk.
    set_aside : str
        Which customers were set aside before, as a sentence; empty if none.
    """

    feature: Feature
    records: TraitRecords
    test: TwoKindsTest
    original: Callable[[np.ndarray], np.ndarray]
    values: np.ndarray
    set_aside: str = ""


@dataclass(frozen=True)
class OneTraitTests:
    """For each feature: one kind of customer, or two?

    Attributes
    ----------
    table : pandas.DataFrame
        One row per tested feature: feature, customers, statistic, p, p_holm, draws, smaller_share (of the smaller of
        two kinds), low, high (typical values of the two kinds, original units), low_share, two_kinds.
    not_tested : pandas.DataFrame
        One row per feature that was left out: feature, reason.
    traits : tuple of TestedTrait
        In the order of the table.
    wording : Wording
        What the shop calls its transactions.
    """

    table: pd.DataFrame
    not_tested: pd.DataFrame
    traits: tuple[TestedTrait, ...]
    wording: Wording = COUPON

    @property
    def two_kinds(self) -> tuple[str, ...]:
        """The features that hold two kinds of customers."""
        return tuple(self.table.loc[self.table["two_kinds"], "feature"])

    @property
    def text(self) -> str:
        """In which features customers are of two kinds, in which not, and what was not tested."""
        sentences = []
        if self.two_kinds:
            others = [self.wording.name_of(name) for name in self.table.loc[~self.table["two_kinds"], "feature"]]
            others_clause = f", but not in {join_words(others)}" if others else ""
            sentences.append(f"Customers are of two kinds in {join_words(self._names)}{others_clause}.")
            sentences += [self._kinds(name) for name in self.two_kinds]
        elif len(self.table):
            tested = [self.wording.name_of(name) for name in self.table["feature"]]
            sentences.append(f"No feature by itself shows two kinds of customers: tested were {join_words(tested)}.")
        else:
            sentences.append("No feature could be tested for two kinds of customers.")
        sentences += [trait.set_aside for trait in self.traits if trait.set_aside]
        for reason, rows in self.not_tested.groupby("reason", sort=False):
            left_out = join_words([self.wording.name_of(name) for name in rows["feature"]])
            sentences.append(f"Not tested: {escape_markdown(left_out)} ({reason}).")
        return " ".join(sentences)

    @property
    def alt(self) -> str:
        """What the figure shows; empty where there is nothing to draw."""
        if not self.two_kinds:
            return ""
        shown = join_words(self._names)
        return f"Histogram of {shown} with two fitted curves: one with a single peak, one with two. " + " ".join(
            self._kinds(name) for name in self.two_kinds
        )

    @property
    def caption(self) -> str:
        """Number of customers, and how to read the curves."""
        shown = self.table[self.table["two_kinds"]]
        numbers = [f"{row.customers:,} ({self.wording.name_of(row.feature)})" for row in shown.itertuples()]
        return (
            f"Customers: {join_words(numbers) if numbers else 'none'}. Bars: what was recorded. Curves: the trait "
            "behind it, fitted with one peak and with two; the fewer the records of a customer, the more they blur it."
        )

    def figure(self) -> Figure:
        """Draw the features that show two kinds: the histogram, and what either fit expects."""
        from seglib.plots import plot_two_kinds

        table = self.histograms()
        return plot_two_kinds(table.assign(feature=table["feature"].map(self.wording.name_of)))

    def histograms(self) -> pd.DataFrame:
        """Return what `figure` draws.

        Returns
        -------
        pandas.DataFrame
            One row per bin of each feature with two kinds: feature, unit, left, right (on the scale of the test),
            original_left (in original units), customers (recorded there), and how many customers have their trait
            there by either fit: one_peak, two_kinds.
        """
        tables = [_histogram(trait) for trait in self.traits if trait.feature.name in self.two_kinds]
        columns = ["feature", "unit", "left", "right", "original_left", "customers", "one_peak", "two_kinds"]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)

    @property
    def _names(self) -> list[str]:
        return [self.wording.name_of(name) for name in self.two_kinds]

    def _kinds(self, name: str) -> str:
        row = self.table.set_index("feature").loc[name]
        unit = next(trait.feature.unit for trait in self.traits if trait.feature.name == name)
        return (
            f"{self.wording.name_of(name).capitalize()}: about {row['low_share']:.0%} of the customers are near "
            f"{measured(row['low'], unit)}, the others near {measured(row['high'], unit)}."
        )


def one_trait_tests(
    features: pd.DataFrame,
    *,
    study: Study = DEFAULT_STUDY,
    transactions: pd.DataFrame | None = None,
    columns: Sequence[str] | None = None,
    seed: int,
    n_bootstrap: int = 99,
    n_jobs: int = 1,
) -> OneTraitTests:
    """Test each feature by itself: one kind of customer against two.

    Parameters
    ----------
    features : pandas.DataFrame
        ``features.parquet``: one row per customer. Of a shop with transactions the counts are used (n_coupons,
        months_observed, n_matured, n_matured_burned, lag_days, spend), not the shrunk features.
    study : Study
    transactions : pandas.DataFrame, optional
        The canonical table. How much days to burn and amounts differ between the coupons of one customer is estimated
        from it; without it, from how much the means of customers with few and with many coupons differ.
    columns : sequence of str, optional
        Numeric columns of the customers table to test. Default: those that build segments.
    seed : int
    n_bootstrap : int, default=99
        Simulated samples for each feature, and at least 21 for every feature that is tested, so that Holm's correction
        cannot make a significant result impossible. Fewer where the p-value is clearly large: after 19 and after 99
        samples a test stops if 5 or more of them reach the observed statistic.
    n_jobs : int, default=1
        Processes, over features. The result does not depend on it.

    Returns
    -------
    OneTraitTests

    Notes
    -----
    A feature shows two kinds if p <= .05 after Holm, the two components fit better than every distribution with one
    peak, their density has a valley between the two typical values, and the smaller kind has 5% of the customers.

    The chance of what is recorded, given the trait: burned coupons are binomial, counts of coupons Poisson (without the
    zero: who has no coupon is not in the table), mean days and mean amounts gamma. The trait is looked at on the scale
    on which records are equally exact everywhere: the angle of a share, the logarithm of the others. For the angle see
    Freeman & Tukey (1950), Ann. Math. Statist. 21(4). A column of the customers table is itself the trait.
    """
    described = {feature.name: feature for feature in study.describe(features)}
    prepared, left_out = [], []
    for name, outcome in _prepare(features, described, study, transactions, columns):
        if isinstance(outcome, str):
            left_out.append((name, outcome))
        else:
            prepared.append(outcome)
    draws = max(n_bootstrap, DRAWS_PER_FEATURE * len(prepared))
    tasks = [
        delayed(test_two_kinds)(records, n_bootstrap=draws, rng=np.random.default_rng([seed, 71, number]))
        for number, (_, records, *_) in enumerate(prepared)
    ]
    traits = [
        TestedTrait(feature, records, test, original, values, set_aside)
        for (feature, records, original, values, set_aside), test in zip(
            prepared, run_tasks(tasks, n_jobs), strict=True
        )
    ]
    not_tested = pd.DataFrame(left_out, columns=["feature", "reason"])
    return OneTraitTests(_table(traits), not_tested, tuple(traits), study.wording)


def one_trait_tests_for(run: Run, *, sample_customers: int = 2_500, seed: int = 0, n_jobs: int = 1) -> OneTraitTests:
    """Test every feature of a run for two kinds of customers; of many customers a sample.

    Parameters
    ----------
    run : Run
        01 and 03 have written their artefacts.
    sample_customers : int, default=2_500
    seed : int, default=0
    n_jobs : int, default=1
        Processes. The result does not depend on it.

    Returns
    -------
    OneTraitTests
    """
    features, study = run.read("features"), run.study()
    if len(features) > sample_customers:
        rng = np.random.default_rng([seed, 97])
        features = features.iloc[np.sort(rng.choice(len(features), sample_customers, replace=False))]
    transactions = None
    if study.as_of is not None:
        tables = read_canonical_tables(run.connect(), features.index, as_of=study.as_of)
        transactions = tables["transactions"]
    return one_trait_tests(features, study=study, transactions=transactions, seed=seed, n_jobs=n_jobs)


def _table(traits: Sequence[TestedTrait]) -> pd.DataFrame:
    rows = []
    for trait in traits:
        two = trait.test.two
        low, high = trait.original(two.mean)
        apart = trait.test.statistic > 0 and two.has_valley and two.share.min() >= SMALLEST_KIND
        rows.append(
            {
                "feature": trait.feature.name,
                "customers": int(trait.records.counts.sum()),
                "statistic": trait.test.statistic,
                "p": trait.test.p,
                "draws": trait.test.n_draws,
                "smaller_share": float(two.share.min()),
                "low": float(low),
                "high": float(high),
                "low_share": float(two.share[0]),
                "apart": apart,
            }
        )
    columns = ["feature", "customers", "statistic", "p", "draws", "smaller_share", "low", "high", "low_share", "apart"]
    table = pd.DataFrame(rows, columns=columns)
    table.insert(4, "p_holm", holm(table["p"]))
    table["two_kinds"] = (table["p_holm"] <= ALPHA) & table.pop("apart").astype(bool)
    return table


Prepared = tuple[Feature, TraitRecords, Callable[[np.ndarray], np.ndarray], np.ndarray, str]


def _prepare(
    features: pd.DataFrame,
    described: dict[str, Feature],
    study: Study,
    transactions: pd.DataFrame | None,
    columns: Sequence[str] | None,
) -> Iterator[tuple[str, Prepared | str]]:
    """Yield for every feature what is recorded of it, or why it is not tested."""
    ours = {feature.name for feature in FEATURES}
    if study.as_of:
        spread = _spread_within_customers(transactions, study)
        counted = {
            "coupons_per_month": lambda: coupon_records(features["n_coupons"], features["months_observed"]),
            "burn_rate": lambda: burn_records(features["n_matured_burned"], features["n_matured"]),
            # whole days: a coupon burned on the day of its claim was open for about half a day
            "days_to_burn": lambda: mean_records(
                features["lag_days"] + features["n_matured_burned"] / 2, features["n_matured_burned"], spread.get("lag")
            ),
            "spend_per_month": lambda: mean_records(features["spend"], features["n_coupons"], spread.get("amount")),
        }
        for name, make in counted.items():
            if name in described:
                feature = described[name]
                if name == "spend_per_month":
                    feature = Feature(
                        "spend_per_coupon", study.wording.money, study.wording.of("amount of a {coupon}"), "count"
                    )
                outcome = make()
                yield feature.name, outcome if isinstance(outcome, str) else (feature, *outcome, "")
        if "recency_days" in described:
            yield "recency_days", "it depends on how often a customer comes"
    if columns is None:
        columns = [f.name for f in described.values() if f.name not in ours and f.role == "segmentation"]
    for name in columns:
        if name in ours:
            continue
        if name in study.own_from_transactions:
            yield name, "how exactly your own statement measures it in each customer is not known"
            continue
        if name not in described:
            yield name, "it has no values"
        elif described[name].kind != "numeric" or not pd.api.types.is_numeric_dtype(features[name]):
            yield name, "names and yes or no have no peaks"
        else:
            outcome = column_records(features[name], log=described[name].log)
            yield name, outcome if isinstance(outcome, str) else (described[name], *outcome)


def burn_records(burned: pd.Series, matured: pd.Series) -> tuple | str:
    """Return the records of a rate, on the scale of its angle 2 arcsin(sqrt(rate)), from 0 to pi.

    Parameters
    ----------
    burned, matured : pandas.Series of int, shape (n_customers,)

    Returns
    -------
    tuple of TraitRecords, callable, ndarray; or str
        Records, back-transformation, recorded values; or why there is no test.
    """
    recorded = matured.fillna(0) > 0
    if recorded.sum() < FEWEST_CUSTOMERS:
        return "too few customers"
    x, n = burned[recorded].to_numpy(dtype=int), matured[recorded].to_numpy(dtype=int)
    if n.max() < 2:
        return "nobody has two of them that are old enough to judge"
    edges = np.linspace(0, np.pi, N_CELLS + 1)
    rate = _angle_to_share((edges[1:] + edges[:-1]) / 2)
    level, sizes = _levels(n)
    # every count is its own bin, unless a customer has more trials than there are bins
    n_bins = min(int(n.max()), N_CELLS) + 1
    counts = np.zeros((len(sizes), n_bins), dtype=int)
    chance = np.zeros((len(sizes), n_bins, N_CELLS))
    np.add.at(counts, (level, _bin_of_share(x, n, n_bins)), 1)
    for i, size in enumerate(sizes):
        for trials, share in size:
            possible = np.arange(trials + 1)
            np.add.at(
                chance[i], _bin_of_share(possible, trials, n_bins), share * binom.pmf(possible[:, None], trials, rate)
            )
    return TraitRecords(counts, chance, edges), _angle_to_share, x / n


def coupon_records(n_coupons: pd.Series, months: pd.Series) -> tuple | str:
    """Return the records of a number of coupons, on the scale of the logarithm of the rate.

    The expected number grows with the time of observation t as t^b; b, between 0 and 1, is fitted by Poisson
    regression: where counts do not grow with the exposure, a rate would show the days of joining.

    Parameters
    ----------
    n_coupons : pandas.Series of int, shape (n_customers,)
        At least 1.
    months : pandas.Series of float, shape (n_customers,)

    Returns
    -------
    tuple of TraitRecords, callable, ndarray; or str
    """
    if len(n_coupons) < FEWEST_CUSTOMERS:
        return "too few customers"
    n, t = n_coupons.to_numpy(dtype=int), months.to_numpy(dtype=float)
    if n.max() < 3:
        return "nobody has more than two"
    typical = float(np.median(t))
    exposure = (t / typical) ** _exponent(n, np.log(t / typical))
    # levels of equal exposure; inside a level a few exposures stand for all
    level, sizes = _levels(_rounded(exposure, 4 * N_LEVELS))
    top = int(np.quantile(n, 0.999)) + 1
    starts = np.unique(np.round(np.concatenate([np.arange(1, 9), np.geomspace(8, max(top, 9), 24)])).astype(int))
    edges = np.linspace(np.log(0.3), np.log(top + 1.0), N_CELLS + 1)
    middle = np.exp((edges[1:] + edges[:-1]) / 2)
    counts = np.zeros((len(sizes), len(starts)), dtype=int)
    chance = np.zeros((len(sizes), len(starts), N_CELLS))
    np.add.at(counts, (level, np.searchsorted(starts, n, side="right") - 1), 1)
    for i, size in enumerate(sizes):
        for amount, share in size:
            rate = middle * amount
            # P(N >= s) of a Poisson count is the regularised lower incomplete gamma function; N >= 1 is given
            reach = gammainc(starts[:, None], rate[None, :])
            inside = (reach - np.concatenate([reach[1:], np.zeros((1, N_CELLS))])) / reach[0]
            chance[i] += share * inside
    return TraitRecords(counts, chance, edges), lambda z: np.exp(z) / typical, n / t


def mean_records(total: pd.Series, n: pd.Series, squared_variation: float | None) -> tuple | str:
    """Return the records of a mean of positive values, on the scale of its logarithm.

    Parameters
    ----------
    total : pandas.Series of float, shape (n_customers,)
        Sum of the values of a customer.
    n : pandas.Series of int, shape (n_customers,)
        Number of values.
    squared_variation : float or None
        Squared coefficient of variation of the values of one customer; None: it is estimated from the means.

    Returns
    -------
    tuple of TraitRecords, callable, ndarray; or str
    """
    recorded = (n.fillna(0) > 0) & (total.fillna(0) > 0)
    if recorded.sum() < FEWEST_CUSTOMERS:
        return "too few customers"
    size = n[recorded].to_numpy(dtype=int)
    mean = total[recorded].to_numpy(dtype=float) / size
    if len(np.unique(mean)) < FEWEST_VALUES:
        return "too few different values"
    if squared_variation is None:
        squared_variation = _variation_from_means(mean, size)
    if squared_variation is None:
        return "what one customer varies cannot be told from what customers differ"
    shape = 1 / max(squared_variation, 1e-3)
    low, high = np.quantile(np.log(mean), [0.005, 0.995])
    margin = 0.05 * (high - low) + 1e-6
    edges = np.linspace(low - margin, high + margin, N_CELLS + 1)
    level, sizes = _levels(size)
    counts = np.zeros((len(sizes), N_CELLS), dtype=int)
    chance = np.zeros((len(sizes), N_CELLS, N_CELLS))
    np.add.at(counts, (level, np.searchsorted(edges[1:-1], np.log(mean), side="right")), 1)
    middle = np.exp((edges[1:] + edges[:-1]) / 2)
    for i, level_sizes in enumerate(sizes):
        for m, share in level_sizes:
            # the mean of m gamma values is a gamma value again; the first and the last bin are open
            below = gammaincc(shape * m, shape * m * np.exp(edges[1:-1])[:, None] / middle[None, :])
            reach = np.concatenate([np.ones((1, N_CELLS)), below, np.zeros((1, N_CELLS))])
            chance[i] += share * (reach[:-1] - reach[1:])
    return TraitRecords(counts, chance, edges), np.exp, mean


def column_records(values: pd.Series, *, log: bool) -> tuple | str:
    """Return the records of a numeric column of the customers table: the histogram of its values.

    Parameters
    ----------
    values : pandas.Series of float, shape (n_customers,)
    log : bool
        Whether differences are judged on the scale of log(1 + x).

    Returns
    -------
    tuple of TraitRecords, callable, ndarray, str; or str
        The last one says which customers were set aside.
    """
    x = values.dropna().to_numpy(dtype=float)
    set_aside = ""
    distinct, number = np.unique(x, return_counts=True)
    if len(distinct) >= FEWEST_VALUES:
        most, second = np.sort(number)[::-1][:2]
        if most > SPIKE * len(x) and most > SPIKE_RATIO * second:
            spike = distinct[number.argmax()]
            set_aside = (
                f"{most / len(x):.0%} of the customers have the same {escape_markdown(humanize(str(values.name)))}, "
                f"{spike:,.6g}: they were set aside, and the others tested."
            )
            x = x[x != spike]
            distinct = distinct[distinct != spike]
    if len(distinct) < FEWEST_VALUES:
        return "a scale with few values has as many peaks as values"
    if len(x) < FEWEST_CUSTOMERS:
        return "too few customers"
    transformed = bool(log and x.min() > -1)
    y = np.log1p(x) if transformed else x
    edges = _bin_edges(y, whole=None if transformed else _resolution(distinct))
    counts = np.histogram(y, edges)[0][None, :]
    return TraitRecords(counts, None, edges), np.expm1 if transformed else np.asarray, x, set_aside


def _bin_edges(y: np.ndarray, *, whole: float | None) -> np.ndarray:
    """Return bins of equal width in the middle of a distribution and of growing width in its tails.

    Two rules: an outlier must not make all other bins too wide, and where values are rounded every bin must hold the
    same number of possible values, or bins would rise and fall by themselves.
    """
    low, high = np.quantile(y, [0.02, 0.98])
    width = (high - low) / N_CELLS
    if width <= 0:
        width = (y.max() - y.min()) / N_CELLS
    if whole:
        width = np.ceil(width / whole) * whole
        low = y.min() + np.floor((low - y.min()) / whole) * whole - whole / 2
    n_middle = int(np.ceil((high - low) / width))
    edges = list(low + width * np.arange(n_middle + 1))
    step = width
    while edges[-1] <= y.max():
        step *= 2
        edges.append(edges[-1] + step)
    step = width
    while edges[0] >= y.min():
        step *= 2
        edges.insert(0, edges[0] - step)
    return np.array(edges)


def _resolution(distinct: np.ndarray) -> float | None:
    """Return the step of rounded values; None where there are so many that it does not matter."""
    return float(np.diff(distinct).min()) if len(distinct) <= 20 * N_CELLS else None


def _angle_to_share(angle: np.ndarray) -> np.ndarray:
    return np.sin(np.clip(angle, 0, np.pi) / 2) ** 2


def _bin_of_share(x: np.ndarray, n: np.ndarray | int, n_bins: int) -> np.ndarray:
    """Return the bin of x of n trials: x itself where n is small enough."""
    n = np.asarray(n)
    return np.where(n < n_bins, x, np.floor(x / np.maximum(n, 1) * (n_bins - 1) + 0.5)).astype(int)


def _levels(size: np.ndarray) -> tuple[np.ndarray, list[list[tuple[float, float]]]]:
    """Put customers into levels of nearly the same size.

    Returns
    -------
    level : ndarray of int, shape (n_customers,)
    sizes : list of list of (float, float)
        For each level the sizes it holds, each with its share of the level.
    """
    distinct, place, number = np.unique(size, return_inverse=True, return_counts=True)
    if len(distinct) <= N_LEVELS:
        group = np.arange(len(distinct))
    else:
        group = np.minimum(((np.cumsum(number) - number) * N_LEVELS) // number.sum(), N_LEVELS - 1)
        group = np.unique(group, return_inverse=True)[1]
    sizes = [
        [(distinct[j].item(), number[j] / number[group == g].sum()) for j in np.flatnonzero(group == g)]
        for g in range(group.max() + 1)
    ]
    return group[place], sizes


def _rounded(values: np.ndarray, n_groups: int) -> np.ndarray:
    """Replace positive values by the mean of their quantile group."""
    rank = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    group = rank * n_groups // len(values)
    return (np.bincount(group, weights=values) / np.bincount(group))[group]


def _exponent(n: np.ndarray, log_exposure: np.ndarray) -> float:
    """Return b of E(n) = exp(a) t^b by Poisson regression, between 0 and 1."""
    design = np.column_stack([np.ones(len(n)), log_exposure])
    if log_exposure.std() < 1e-9:
        return 1.0
    beta = np.array([np.log(n.mean()), 0.0])
    for _ in range(25):  # Newton's method; the likelihood is concave
        mean = np.exp(np.clip(design @ beta, -30, 30))
        step = np.linalg.solve((design.T * mean) @ design, design.T @ (n - mean))
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    return float(np.clip(beta[1], 0, 1))


def _spread_within_customers(transactions: pd.DataFrame | None, study: Study) -> dict[str, float | None]:
    """Return the squared coefficient of variation of days to burn and of amounts between coupons of one customer."""
    if transactions is None:
        return {}
    day = pd.Timestamp(study.as_of)
    coupons = transactions[transactions["transaction_date"] <= day]
    age = (day - coupons["transaction_date"]).dt.days
    matured = coupons[(age >= (study.burn_window or 0)) & burned_by(coupons, as_of=study.as_of)]
    lag = (matured["burn_date"] - matured["transaction_date"]).dt.days + 0.5
    return {
        "lag": variation_within(lag, matured["customer_id"]),
        "amount": variation_within(coupons["amount"].astype(float), coupons["customer_id"]),
    }


def variation_within(values: pd.Series, who: pd.Series) -> float | None:
    """Return the squared coefficient of variation of the values of one customer, taken as the same for all customers.

    Parameters
    ----------
    values, who : pandas.Series, shape (n,)

    Returns
    -------
    float or None
        The variances within customers over the squared means, both summed over customers with two values or more and
        without bias; None if there are fewer than 30 of them.
    """
    of_customer = values.dropna().groupby(who[values.notna()])
    each = pd.DataFrame({"n": of_customer.size(), "mean": of_customer.mean(), "variance": of_customer.var(ddof=1)})
    each = each[(each["n"] > 1) & (each["mean"] > 0)]
    if len(each) < 30:
        return None
    # one customer with values a thousand times as large must not decide: weights by the mean make customers alike
    squared = each["variance"] / each["mean"] ** 2
    weight = each["n"] - 1
    ratio = float((weight * squared).sum() / weight.sum())
    # E(s^2 / mean^2) is about c / (1 + c / n): solved for c with the mean number of values
    n = float((weight * each["n"]).sum() / weight.sum())
    return ratio / max(1 - ratio / n, 0.1)


def _variation_from_means(mean: np.ndarray, n: np.ndarray) -> float | None:
    """Estimate the variation within customers from how the spread of their means falls with the number of values."""
    if len(np.unique(n)) < 2:
        return None
    deviation = (mean / mean.mean() - 1) ** 2
    deviation = np.minimum(deviation, np.quantile(deviation, 0.99))
    x = 1 / n
    if x.std() < 0.05:
        return None
    slope = float(np.cov(x, deviation)[0, 1] / x.var(ddof=1))
    return max(slope, 0.0)


def _histogram(trait: TestedTrait) -> pd.DataFrame:
    """Return a histogram of what was recorded, beside what both fits expect in its bins."""
    records, test = trait.records, trait.test
    edges = trait.original(records.edges)
    recorded = np.histogram(np.clip(trait.values, edges[0], edges[-1]), edges)[0]
    return pd.DataFrame(
        {
            "feature": trait.feature.name,
            "unit": trait.feature.unit,
            "left": records.edges[:-1],
            "right": records.edges[1:],
            "original_left": edges[:-1],
            "customers": recorded,
            "one_peak": records.counts.sum() * test.one_peak,
            "two_kinds": records.counts.sum() * test.two.cells(records.edges),
        }
    )
