"""Do segments predict what customers do next better than tenure and RFM? Out of sample, with a null."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold
from threadpoolctl import threadpool_limits

from seglib.errors import ParameterRefused
from seglib.interpretation.holdout.by_group import KINDS
from seglib.interpretation.holdout.holdout import MIN_CUSTOMERS, Holdout
from seglib.interpretation.holdout.rfm import BURNED, LOGS, SCORES, quintiles, signed_log
from seglib.stats import holm
from seglib.style import COUPON, NO_TRANSACTIONS, PLAIN_RULE, PLAIN_RULE_MEANING, Wording, humanize, join_words, p_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes

USEFUL, NOT_SHOWN, NOT_SAID = "useful", "not shown to be useful", "cannot be said"
"""Whether the segments are useful."""

ALPHA = 0.05
"""Level, after Holm, at which a gain is more than chance."""

MIN_RARE = 20
"""Customers that must differ from the most frequent value; fewer cannot be predicted by any model."""

BLOCK_SIZE = 20
"""Customers for whom the baseline predicts nearly the same, within whom an outcome is permuted."""

N_BOOTSTRAP = 1_000
"""Bootstrap samples of customers for the interval of a gain."""

AT_ONCE = 5_000_000
"""Values of permuted outcomes that are held in memory at once, for each thread."""

Folds = list[list[tuple[np.ndarray, np.ndarray]]]
"""Per repeat and fold, the rows to fit to and the rows to predict."""

COLUMNS = [
    "outcome",
    "n",
    "baseline",
    "segments_alone",
    "rfm_alone",
    "with_segments",
    "gain",
    "low",
    "high",
    "p",
    "p_holm",
]


@dataclass(frozen=True)
class PredictiveGain:
    """What segments add to the predictions from tenure and RFM.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per outcome, shares of its variance that are predicted out of sample: outcome, n (customers), baseline
        (by tenure and RFM), segments_alone (added to tenure by segments), rfm_alone (added to tenure by RFM),
        with_segments (by all three), gain (with_segments - baseline), low, high (95% interval of the
        gain), p, p_holm (after Holm, over the outcomes).
    useful : bool or None
        Whether any outcome is predicted better with the segments: Holm p at most `ALPHA`, and the interval of the gain
        above zero. Both are needed: where thousands of customers show that segments say something beyond RFM, it may
        still be too little to predict better. None if the question does not apply.
    left_out : mapping of str to str
        Outcomes that cannot be predicted, each with the reason.
    why : str
        Why the question does not apply; empty if it does.
    customers, known : int
        Customers that were predicted, and those in the holdout: of more than ``sample_customers``, a sample is.
    """

    table: pd.DataFrame
    useful: bool | None
    left_out: dict[str, str]
    why: str = ""
    customers: int = 0
    known: int = 0
    wording: Wording = field(default=COUPON, repr=False)

    @property
    def printed(self) -> pd.DataFrame:
        """The table with outcomes in the words of the shop."""
        return self.table.assign(outcome=self.table["outcome"].map(self.wording.name_of))

    @property
    def label(self) -> str:
        """Whether the segments are useful, in a word or a few: see `seglib.interpretation.with_usefulness`."""
        if self.useful is None:
            return NOT_SAID
        return USEFUL if self.useful else NOT_SHOWN

    @property
    def key(self) -> str:
        """The key of the answer in `seglib.style.vocabulary.verdict.USE`."""
        if self.useful is False and (self.table["p_holm"] <= ALPHA).any():
            return "more than chance"
        return self.label

    @property
    def applies(self) -> bool:
        """Whether there are transactions that could be predicted."""
        return self.why != NO_TRANSACTIONS

    @property
    def text(self) -> str:
        """The answer in plain words, with its label and its numbers."""
        if self.useful is None:
            return self.claim
        answer = f"{self._answer(numbers=True)} {self._each_alone()}"
        return f"{self.label.capitalize()}: {answer[0].lower()}{answer[1:]}"

    @property
    def claim(self) -> str:
        """The answer in plain words, without numbers: whether segments add to RFM, and what each predicts alone."""
        if self.useful is None:
            return self.lead
        return f"{self.lead} {self._each_alone()}"

    @property
    def lead(self) -> str:
        """The first sentence of the claim."""
        if self.useful is None:
            return f"Whether the groups are useful cannot be said: {self.why}"
        return self._answer(numbers=False)

    @property
    def nothing_predicts(self) -> bool:
        """Whether neither segments nor RFM predict anything beyond tenure."""
        alone = self.table[["segments_alone", "rfm_alone"]]
        return self.useful is False and bool((alone <= 0).all(axis=None))

    @property
    def alt(self) -> str:
        """The answer; empty where there is nothing to draw."""
        return "" if self.table.empty else self.text

    @property
    def caption(self) -> str:
        """Number of customers, how to read the figure, and what tenure and RFM are."""
        drawn = f" (drawn at random from {self.known:,})" if self.known > self.customers else ""
        return (
            f"{self.customers:,} customers{drawn}, predicted by what was fitted to others. 95% intervals over "
            f"customers. {PLAIN_RULE_MEANING}"
        )

    def figure(self) -> Axes:
        """Draw what each model predicts of every outcome."""
        from seglib.plots import plot_gain

        return plot_gain(self.table, wording=self.wording)

    def _answer(self, *, numbers: bool) -> str:
        """Say whether segments improve predictions."""
        rows = self._rows
        smallest = f"smallest {p_value(rows['p_holm'].iloc[0])} after Holm"
        significant = rows.loc[rows["p_holm"] <= ALPHA, "outcome"]
        detail = ""
        if self.useful:
            if numbers:
                detail = f" ({'; '.join(self._gains(rows[_improved(rows)]))})"
            return f"Added to {PLAIN_RULE}, the group improves the forecast of what customers do next{detail}."
        if len(significant):
            if numbers:
                detail = f" ({smallest})"
            return (
                f"The group says more than chance about {self._names(significant)}{detail}, but not enough "
                f"to make predictions from {PLAIN_RULE} clearly better."
            )
        if numbers:
            detail = f" ({len(rows)} {'outcome' if len(rows) == 1 else 'outcomes'} tried, {smallest})"
        return f"What customers do next was predicted no better with the group than with {PLAIN_RULE} only{detail}."

    def _gains(self, rows: pd.DataFrame) -> list[str]:
        """Write the gain of each outcome with its interval and p-value."""
        return [
            f"{self._names([row.outcome])} {100 * row.gain:.1f} points of the variance more, 95% interval "
            f"{100 * row.low:.1f} to {100 * row.high:.1f}, {p_value(row.p_holm)}"
            for row in rows.itertuples()
        ]

    def _each_alone(self) -> str:
        """Say what segments and RFM predict, each on its own."""
        rows = self._rows
        segments_ahead = rows.loc[rows["segments_alone"] > np.maximum(rows["rfm_alone"], 0), "outcome"]
        if self.nothing_predicts:
            return "Neither RFM nor groups predict anything beyond tenure."
        if len(segments_ahead) == len(rows):
            return "Each on its own, groups predict more than RFM."
        exception = f", except for {self._names(segments_ahead)}" if len(segments_ahead) else ""
        return f"Each on its own, RFM predicts as much as groups or more{exception}."

    @property
    def _rows(self) -> pd.DataFrame:
        """The table, smallest p-value first."""
        return self.table.sort_values("p_holm", kind="stable")

    def _names(self, outcomes: Iterable[str]) -> str:
        return join_words([self.wording.name_of(outcome) for outcome in outcomes])


def predictive_gain(
    holdout: Holdout,
    *,
    n_folds: int = 5,
    n_repeats: int = 5,
    n_permutations: int = 499,
    sample_customers: int = 20_000,
    seed: int = 0,
    n_jobs: int = 1,
) -> PredictiveGain:
    """Ask whether outcomes are predicted better out of sample with the segments than with tenure and RFM alone.

    Parameters
    ----------
    holdout : Holdout
        From `seglib.interpretation.evaluate_holdout`.
    n_folds, n_repeats : int, default=5
        Repeated cross-validation: each fold is predicted by what was fitted to the others.
    n_permutations : int, default=499
        How often each outcome is permuted.
    sample_customers : int, default=20_000
        Of more customers, a random sample of this size is predicted. The standard error of a gain g is about
        2 sqrt(g / n) (the delta method for a small partial R2), so .002 of the variance can still be shown by it.
    seed : int
    n_jobs : int, default=1
        Threads, one outcome each; -1: one for each core. The result does not depend on it.

    Returns
    -------
    PredictiveGain

    Raises
    ------
    ParameterRefused
        If there are fewer than 2 folds, 1 repeat, or 19 permutations (no p-value could then be .05).

    Notes
    -----
    Model: ridge regression (Hoerl & Kennard 1970, penalty 1) on a 0/1 column for every quintile of tenure, recency,
    frequency and money (and, where money is spend, of burned coupons: otherwise the baseline would know nothing of
    burning, and segments would seem useful for no other reason), a column with the logarithm of each of them
    (`seglib.interpretation.holdout.rfm` says why), and a 0/1 column for every segment; a missing score is a level.
    Counts and money are predicted as log(1 + x), refunds with their sign. Measure: the out-of-sample R2, 1 - sum of
    squared errors / sum of squares about the mean of the customers fitted to; of a yes or no it is the Brier skill
    score (Murphy 1973), a proper score.

    Null: the segment says nothing beyond the baseline. Segments are made from the same behaviour as the RFM scores, so
    the segments must not be permuted: that null would be rejected wherever they share anything with RFM. Instead
    everything that was known at the cut stays as it is, and the *outcome* is permuted among customers for whom the
    baseline, out of sample, predicts nearly the same (blocks of `BLOCK_SIZE`). It then depends on the baseline as
    before, and on nothing else. It is the stratified permutation on an estimated score of Rosenbaum (1984, JASA
    79(387)), with the score of the outcome. Both models are fitted again each time, from the sums of products of their
    folds (`_total_errors`); p = (1 + number of gains as great) / (n_permutations + 1). How often it errs:
    ``studies/usefulness.md``.

    Interval: percentiles of the gain over bootstrap samples of customers, with their predictions as they are. It
    measures the uncertainty of the gain of these fits, and leaves out that other customers would give other fits.
    """
    if n_folds < 2 or n_repeats < 1 or n_permutations < 19:
        raise ParameterRefused(
            f"it takes n_folds of at least 2, n_repeats of at least 1 and n_permutations of at least 19, "
            f"not {n_folds}, {n_repeats} and {n_permutations}",
            parameter=("n_folds", "n_repeats", "n_permutations"),
        )
    if holdout.why:
        return _not_possible(holdout, holdout.why)
    # one order of rows, whatever the order of the table: folds and permutations go by position
    table = holdout.table.iloc[np.lexsort([holdout.table.index, holdout.table.index.str.len()])]
    if len(table) > sample_customers:
        drawn = np.random.default_rng([seed, 99]).choice(len(table), sample_customers, replace=False)
        table = table.iloc[np.sort(drawn)]
    reasons = {o.name: _why_not_predictable(table[o.name].dropna(), n_folds) for o in holdout.outcomes}
    left_out = {name: reason for name, reason in reasons.items() if reason}
    names = [name for name, reason in reasons.items() if not reason]
    if not names:
        parts = join_words([f"{humanize(name)} ({reason})" for name, reason in left_out.items()])
        return _not_possible(holdout, f"no outcome can be predicted: {parts}.", left_out)
    # Generators are numbered by outcome, so that an outcome has the same p-value whichever others are left out, and
    # whichever thread it runs in.
    number = {o.name: place for place, o in enumerate(holdout.outcomes)}
    tasks = [
        delayed(_compare_models)(table, name, n_folds, n_repeats, n_permutations, [seed, number[name]])
        for name in names
    ]
    with threadpool_limits(limits=1):
        rows = pd.DataFrame(Parallel(n_jobs=n_jobs, prefer="threads")(tasks))
    rows["p_holm"] = holm(rows["p"])
    return PredictiveGain(
        rows[COLUMNS],
        bool(_improved(rows).any()),
        left_out,
        customers=len(table),
        known=len(holdout.table),
        wording=holdout.wording,
    )


def _not_possible(holdout: Holdout, why: str, left_out: dict[str, str] | None = None) -> PredictiveGain:
    """Return a result without rows that says why."""
    return PredictiveGain(pd.DataFrame(columns=COLUMNS), None, left_out or {}, why, customers=len(holdout.table))


def _improved(rows: pd.DataFrame) -> pd.Series:
    """Say which outcomes are predicted better: more than by chance, and with an interval above zero."""
    return (rows["p_holm"] <= ALPHA) & (rows["low"] > 0)


def _why_not_predictable(values: pd.Series, n_folds: int) -> str:
    """Say why an outcome cannot be predicted; empty if it can."""
    if len(values) < max(MIN_CUSTOMERS, n_folds):
        return f"known of {len(values):,} customers only"
    others = len(values) - int(values.value_counts().iloc[0])
    if others < MIN_RARE:
        return f"the same for all but {others:,} customers" if others else "the same for all customers"
    return ""


class Design(NamedTuple):
    """The predictors as numeric columns, each array of shape (n_customers, n_columns)."""

    tenure: np.ndarray
    rfm: np.ndarray
    segment: np.ndarray


def design(table: pd.DataFrame) -> Design:
    """Return the predictors: 0/1 columns of quintiles and segments, and the logarithms, standardised.

    Parameters
    ----------
    table : pandas.DataFrame, shape (n_customers, ...)
        `Holdout.table`.
    """
    return Design(
        tenure=_levels_and_logs([quintiles(table["tenure_days"])], signed_log(table[["tenure_days"]])),
        rfm=_levels_and_logs([table[name] for name in (*SCORES, BURNED)], table[list(LOGS)]),
        segment=_dummies([table["segment"]]),
    )


def _dummies(columns: list[pd.Series]) -> np.ndarray:
    """Return a 0/1 column for every level of every column; a missing value is a level."""
    return np.hstack([pd.get_dummies(c.astype("str").fillna("none"), dtype=float).to_numpy() for c in columns])


def _levels_and_logs(scores: list[pd.Series], logs: pd.DataFrame) -> np.ndarray:
    """Return the plain rule of some quantities: their quintiles as 0/1 columns, and their logarithms."""
    return np.hstack([_dummies(scores), _standardize(logs)])


def _standardize(columns: pd.DataFrame) -> np.ndarray:
    """Return columns with mean 0 and standard deviation 1, so that the penalty does not depend on units.

    A column without two different values is left out. A missing value becomes the mean: that it is missing is a level
    of the score.
    """
    x = columns.loc[:, columns.nunique() > 1]
    return ((x - x.mean()) / x.std(ddof=0)).fillna(0.0).to_numpy()


def _compare_models(
    table: pd.DataFrame, name: str, n_folds: int, n_repeats: int, n_permutations: int, seed: list[int]
) -> dict[str, float | str]:
    """Compare the models for one outcome: a row of `PredictiveGain.table`, without p_holm."""
    table = table[table[name].notna()]
    predictors, y = design(table), _transform(table[name].to_numpy(dtype=float), KINDS[name])
    folds = _folds(len(y), n_folds, n_repeats, seed)
    baseline = np.hstack([predictors.tenure, predictors.rfm])
    with_segments = np.hstack([baseline, predictors.segment])
    errors_baseline, errors_with_segments, errors_mean = (
        _squared_errors(X, y[:, None], folds)[:, 0] for X in (baseline, with_segments, None)
    )
    low, high = _bootstrap_interval(errors_baseline - errors_with_segments, errors_mean, [*seed, n_permutations + 1])
    predicted = np.mean(list(_out_of_sample(baseline, y[:, None], folds)), axis=0)[:, 0]
    permuted = _permute_within_blocks(y - y.mean(), predicted, n_permutations, seed)
    gains = np.concatenate(
        [_gains(with_segments, baseline.shape[1], np.column_stack(part), folds) for part in _parts(permuted, len(y))]
    )
    r2_baseline = 1 - errors_baseline.sum() / errors_mean.sum()
    r2_tenure = _r_squared(predictors.tenure, y, folds)
    r2_tenure_segments = _r_squared(np.hstack([predictors.tenure, predictors.segment]), y, folds)
    r2 = {
        "baseline": r2_baseline,
        "segments_alone": r2_tenure_segments - r2_tenure,
        "rfm_alone": r2_baseline - r2_tenure,
        "with_segments": r2_baseline + gains[0],
        "gain": gains[0],
        "low": low,
        "high": high,
    }
    row: dict[str, float | str] = {"outcome": name, "n": len(y)}
    row |= {key: round(float(value), 6) for key, value in r2.items()}
    # The outcome itself counts as one of its permutations: p is never 0. The small tolerance makes equal gains equal,
    # whatever the rounding of sums.
    as_great = int((gains[1:] >= gains[0] - 1e-12).sum())
    row["p"] = (1 + as_great) / (n_permutations + 1)
    return row


def _bootstrap_interval(differences: np.ndarray, about_mean: np.ndarray, seed: list[int]) -> tuple[float, float]:
    """Return the 95% percentile interval of sum(differences) / sum(about_mean) over bootstrap samples of customers."""
    n = len(differences)
    # A bootstrap sample is given by how often each customer is in it, which is multinomial. The sums over all samples
    # are then matrix products.
    rng = np.random.default_rng(seed)
    terms, ratios = np.column_stack([differences, about_mean]), []
    for _ in range(0, N_BOOTSTRAP, 50):  # in parts: the counts of all samples would need gigabytes
        sums = rng.multinomial(n, np.full(n, 1 / n), size=50).astype(float) @ terms
        ratios.append(sums[:, 0] / sums[:, 1])
    low, high = np.quantile(np.concatenate(ratios), [0.025, 0.975])
    return low, high


def _transform(y: np.ndarray, kind: str) -> np.ndarray:
    """Take logarithms of counts and money, refunds with their sign."""
    return signed_log(y) if kind in ("count", "money") else y


def _folds(n: int, n_folds: int, n_repeats: int, seed: list[int]) -> Folds:
    """Divide rows into folds at random, in every repeat differently."""
    states = np.random.default_rng([*seed, 0]).integers(0, 2**31, n_repeats)
    return [list(KFold(n_folds, shuffle=True, random_state=int(s)).split(np.zeros(n))) for s in states]


def _permute_within_blocks(
    y: np.ndarray, predicted: np.ndarray, n_permutations: int, seed: list[int]
) -> Iterator[np.ndarray]:
    """Yield an outcome, then its permutations among customers with nearly the same prediction, each by its own seed."""
    n = len(y)
    # Blocks are runs of about `BLOCK_SIZE` customers in the order of the prediction. It is rounded first: where it is
    # equal up to rounding errors, the order of the rows decides, and the result is the same on every machine.
    order = np.argsort(predicted.round(9), kind="stable")
    block = np.empty(n, dtype=int)
    block[order] = np.arange(n) * max(1, n // BLOCK_SIZE) // n
    rows_by_block = np.argsort(block, kind="stable")
    yield y
    for number in range(1, n_permutations + 1):
        # Sorting by block and then by a random number shuffles all blocks at once. The rows of a block stay in its
        # places, since both orders have the blocks in the same sequence.
        shuffled_rows = np.argsort(block + np.random.default_rng([*seed, number]).random(n), kind="stable")
        values = np.empty(n)
        values[rows_by_block] = y[shuffled_rows]
        yield values


def _parts(columns: Iterator[np.ndarray], n: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield columns of n values in parts, each of at most `AT_ONCE` values."""
    at_once = max(1, AT_ONCE // n)
    while part := tuple(islice(columns, at_once)):
        yield part


def _gains(X: np.ndarray, n_baseline: int, Y: np.ndarray, folds: Folds) -> np.ndarray:
    """Return the gain of every column of Y: by all columns of X over the first ``n_baseline`` of them."""
    total = np.zeros((3, Y.shape[1]))
    for repeat in folds:
        parts = [_sums(X[rest], Y[rest]) for _, rest in repeat]
        whole = _Sums(*(np.sum(terms, axis=0) for terms in zip(*parts, strict=True)))
        for part in parts:
            fitted_to = _Sums(*(a - b for a, b in zip(whole, part, strict=True)))
            total += [_errors(fitted_to, part, columns) for columns in (n_baseline, X.shape[1], 0)]
    by_baseline, with_segments, by_mean = total
    return (by_baseline - with_segments) / by_mean


class _Sums(NamedTuple):
    """What ridge regression and its squared errors need of some rows: numbers, sums and sums of products."""

    n: int
    x: np.ndarray
    y: np.ndarray
    xx: np.ndarray
    xy: np.ndarray
    yy: np.ndarray


def _sums(X: np.ndarray, Y: np.ndarray) -> _Sums:
    return _Sums(len(X), X.sum(axis=0), Y.sum(axis=0), X.T @ X, X.T @ Y, np.einsum("ij,ij->j", Y, Y))


def _errors(fitted_to: _Sums, rest: _Sums, n_columns: int) -> np.ndarray:
    """Return the sum of squared errors in some rows of a ridge regression that was fitted to others, for every outcome.

    With the coefficients b and the intercept a, the sum of (y - a - x b)^2 over rows is made of sums of products, so
    no row is looked at again: that is what makes hundreds of permutations cheap. The intercept is not penalised.
    """
    n, x, xx, xy = fitted_to.n, fitted_to.x[:n_columns], fitted_to.xx[:n_columns, :n_columns], fitted_to.xy[:n_columns]
    centred = xx - np.outer(x, x) / n
    b = np.linalg.solve(centred + np.eye(n_columns), xy - np.outer(x, fitted_to.y) / n)  # the penalty is 1
    a = (fitted_to.y - x @ b) / n
    x, xx, xy = rest.x[:n_columns], rest.xx[:n_columns, :n_columns], rest.xy[:n_columns]
    squared = np.einsum("ij,ij->j", b, xx @ b) + 2 * a * (x @ b) + rest.n * a**2
    return rest.yy - 2 * (np.einsum("ij,ij->j", b, xy) + a * rest.y) + squared


def _out_of_sample(X: np.ndarray | None, Y: np.ndarray, folds: Folds) -> Iterator[np.ndarray]:
    """Yield, for every repeat, the out-of-sample predictions of every column of Y; without X, by the mean."""
    for repeat in folds:
        predicted = np.empty_like(Y)
        for fit, rest in repeat:
            if X is None:
                predicted[rest] = Y[fit].mean(axis=0)
            else:
                model = Ridge(alpha=1.0, solver="cholesky").fit(X[fit], Y[fit])
                predicted[rest] = model.predict(X[rest]).reshape(len(rest), -1)
        yield predicted


def _squared_errors(X: np.ndarray | None, Y: np.ndarray, folds: Folds) -> np.ndarray:
    """Return the squared out-of-sample error of every row and column of Y, the mean over repeats."""
    total = np.zeros_like(Y)
    for predicted in _out_of_sample(X, Y, folds):
        total += (Y - predicted) ** 2
    return total / len(folds)


def _r_squared(X: np.ndarray, y: np.ndarray, folds: Folds) -> float:
    """Return the out-of-sample R2."""
    Y = y[:, None]
    return float(1 - _squared_errors(X, Y, folds).sum() / _squared_errors(None, Y, folds).sum())
