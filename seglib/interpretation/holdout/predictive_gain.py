"""Do segments say more about what customers do next than tenure and plain RFM rules? Out of sample, with a null."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold
from threadpoolctl import threadpool_limits

from seglib.errors import ParameterRefused
from seglib.interpretation.holdout.by_group import KINDS
from seglib.interpretation.holdout.holdout import LEAST_CUSTOMERS, Holdout
from seglib.interpretation.holdout.rfm import BURNED, SCORES, quintiles
from seglib.stats import holm
from seglib.style import COUPON, Wording, humanize, join_words, p_value

USEFUL, NOT_SHOWN, NOT_SAID = "useful", "not shown to be useful", "cannot be said"
"""Whether the segments are useful."""

ALPHA = 0.05
"""Level, after Holm, at which a gain is more than chance."""

LEAST_RARE = 20
"""Customers that differ from the most frequent value; fewer cannot be predicted, by whatever model."""

BLOCK = 20
"""Customers for whom the plain rules predict nearly the same, among whom an outcome is dealt out anew."""

N_BOOTSTRAP = 1_000

Folds = list[list[tuple[np.ndarray, np.ndarray]]]
"""Per repeat, of every fold the rows to fit to and the rows to predict."""

COLUMNS = [
    "outcome", "n", "baseline", "segments_alone", "rfm_alone", "with_segments", "gain", "low", "high", "p", "p_holm",
]  # fmt: skip


@dataclass(frozen=True)
class PredictiveGain:
    """What segments add to the plain rules.

    Attributes
    ----------
    table : pandas.DataFrame
        One row an outcome, shares of its variance that are predicted out of sample: outcome, n (customers), baseline
        (by tenure and RFM), segments_alone (added to tenure by segments), rfm_alone (added to tenure by RFM),
        with_segments (by tenure, RFM and segments), gain (with_segments - baseline), low, high (95% interval of the
        gain), p, p_holm (after Holm, over the outcomes).
    useful : bool or None
        Whether any outcome is predicted better with the segments: Holm p at most `ALPHA`, and the interval of the gain
        above zero. Both are needed: where thousands of customers show that segments say something beyond RFM, it may
        still be too little to predict better. None if it cannot be asked.
    left_out : mapping of str to str
        Outcomes that cannot be predicted, each with the reason.
    why : str
        Why it cannot be asked; empty if it can.
    """

    table: pd.DataFrame
    useful: bool | None
    left_out: dict[str, str]
    why: str = ""
    wording: Wording = field(default=COUPON, repr=False)

    @property
    def label(self) -> str:
        """Whether the segments are useful, in a word or a few: see `seglib.interpretation.with_usefulness`."""
        return NOT_SAID if self.useful is None else USEFUL if self.useful else NOT_SHOWN

    @property
    def text(self) -> str:
        """The answer in plain words, with its label and its numbers."""
        if self.useful is None:
            return self.claim
        answer = self._answer(numbers=True)
        return f"{self.label.capitalize()}: {answer[0].lower()}{answer[1:]}"

    @property
    def claim(self) -> str:
        """The answer in plain words, without numbers."""
        if self.useful is None:
            return f"Whether the segments are useful cannot be said: {self.why}"
        return self._answer(numbers=False)

    def _answer(self, *, numbers: bool) -> str:
        """Say what was found, and what segments and RFM quintiles predict each on its own."""
        rows = self.table.sort_values("p_holm", kind="stable")
        least = f"smallest {p_value(rows['p_holm'].iloc[0])} after Holm"
        hints = rows.loc[rows["p_holm"] <= ALPHA, "outcome"]
        if self.useful:
            gains = [
                f"{self._named([r.outcome])} {100 * r.gain:.1f} points of the variance more, 95% interval "
                f"{100 * r.low:.1f} to {100 * r.high:.1f}, {p_value(r.p_holm)}"
                for r in rows[_better(rows)].itertuples()
            ]
            detail = f" ({'; '.join(gains)})" if numbers else ""
            found = (
                "Who knows the segment predicts what customers do next better than who knows tenure and RFM "
                f"quintiles only{detail}."
            )
        elif len(hints):
            detail = f" ({least})" if numbers else ""
            found = (
                f"The segment says more than chance about {self._named(hints)}{detail}, but too little for "
                "predictions from tenure and RFM quintiles to get surely better by it."
            )
        else:
            outcomes = "outcome" if len(rows) == 1 else "outcomes"
            detail = f" ({len(rows)} {outcomes} tried, {least})" if numbers else ""
            found = (
                "What customers do next was predicted no better with the segment than with tenure and RFM quintiles "
                f"only{detail}."
            )
        return f"{found} {self._each_alone(rows)}"

    def _each_alone(self, rows: pd.DataFrame) -> str:
        ahead = rows[rows["segments_alone"] > np.maximum(rows["rfm_alone"], 0)]["outcome"]
        if (rows[["segments_alone", "rfm_alone"]] <= 0).all(axis=None):
            return "Neither RFM quintiles nor segments predict anything beyond tenure."
        if len(ahead) == len(rows):
            return "Each on its own, segments predict more than RFM quintiles."
        but = f", except for {self._named(ahead)}" if len(ahead) else ""
        return f"Each on its own, RFM quintiles predict as much as segments or more{but}."

    def _named(self, outcomes: Iterable[str]) -> str:
        return join_words([self.wording.name_of(outcome) for outcome in outcomes])


def predictive_gain(
    held: Holdout,
    *,
    n_folds: int = 5,
    n_repeats: int = 5,
    n_permutations: int = 499,
    seed: int = 0,
    n_jobs: int = 1,
) -> PredictiveGain:
    """Ask whether outcomes are predicted better out of sample with the segments than with tenure and RFM alone.

    Parameters
    ----------
    held : Holdout
        From `seglib.interpretation.holdout.holdout`.
    n_folds, n_repeats : int, default=5
        Customers are dealt into folds so many times; each fold is predicted by what was fitted to the others.
    n_permutations : int, default=499
        How often outcomes are dealt out anew.
    seed : int
    n_jobs : int, default=1
        Threads, one outcome each; -1: one for each core. The result does not depend on it.

    Returns
    -------
    Gain

    Raises
    ------
    ParameterRefused
        If there are fewer than 2 folds, 1 repeat, or 19 permutations (no p-value could then be .05).

    Notes
    -----
    Model: ridge regression (Hoerl & Kennard 1970, penalty 1) on a 0/1 column for every quintile of tenure, recency,
    frequency and money (and, where money is spend, of burned coupons: else the plain rules would know nothing of
    burning, and segments would seem useful for no other reason), and for every segment; a missing score is a level.
    Counts and money are predicted as log(1 + x), refunds with their sign. Measure: the out-of-sample R2, 1 - sum of
    squared errors / sum of squares about the mean of the customers fitted to; of a yes or no it is the Brier skill
    score (Murphy 1973), a proper score.

    Null: the segment says nothing beyond the baseline. Segments are made of the same behaviour as the RFM scores, so
    they must not be dealt out to customers at random: that would be rejected wherever they share anything with RFM.
    Instead everything that was known at the cut stays as it is, and the *outcome* is dealt out anew among customers
    for whom the baseline, out of sample, predicts nearly the same (`BLOCK` at a time). It then depends on the baseline
    as before, and on nothing else. It is the stratified permutation on an estimated score of Rosenbaum (1984, JASA
    79(387)), with the score of the outcome. Both models are fitted again each time; p = (1 + number of gains as great)
    / (n_permutations + 1). How often it errs: ``studies/usefulness.md``.

    Interval: percentiles of the gain over bootstrap samples of customers, with their predictions as they are. It tells
    how sure the gain of these fits is, and leaves out that other customers would give other fits.
    """
    if n_folds < 2 or n_repeats < 1 or n_permutations < 19:
        raise ParameterRefused(
            f"it takes n_folds of at least 2, n_repeats of at least 1 and n_permutations of at least 19, "
            f"not {n_folds}, {n_repeats} and {n_permutations}",
            parameter=("n_folds", "n_repeats", "n_permutations"),
        )
    if held.why:
        return PredictiveGain(pd.DataFrame(columns=COLUMNS), None, {}, held.why)
    table = held.table.iloc[np.lexsort([held.table.index, held.table.index.str.len()])]
    left_out = {o.name: why for o in held.outcomes if (why := _unfit(table[o.name].dropna(), n_folds))}
    names = [o.name for o in held.outcomes if o.name not in left_out]
    if not names:
        reasons = join_words([f"{humanize(name)} ({why})" for name, why in left_out.items()])
        return PredictiveGain(pd.DataFrame(columns=COLUMNS), None, left_out, f"no outcome can be predicted: {reasons}.")
    number = {o.name: place for place, o in enumerate(held.outcomes)}
    tasks = [
        delayed(_of_outcome)(table, name, n_folds, n_repeats, n_permutations, [seed, number[name]]) for name in names
    ]
    with threadpool_limits(limits=1):
        found = pd.DataFrame(Parallel(n_jobs=n_jobs, prefer="threads")(tasks))
    found["p_holm"] = holm(found["p"])
    return PredictiveGain(found[COLUMNS], bool(_better(found).any()), left_out, wording=held.wording)


def _better(rows: pd.DataFrame) -> pd.Series:
    """Say which outcomes are predicted better: by more than chance gives, and with an interval above zero."""
    return (rows["p_holm"] <= ALPHA) & (rows["low"] > 0)


def _unfit(values: pd.Series, n_folds: int) -> str:
    """Say why an outcome cannot be predicted, or nothing."""
    if len(values) < max(LEAST_CUSTOMERS, n_folds):
        return f"known of {len(values):,} customers only"
    others = len(values) - int(values.value_counts().iloc[0])
    if others < LEAST_RARE:
        return f"the same for all but {others:,} customers" if others else "the same for all customers"
    return ""


def design(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return what outcomes are predicted by: 0/1 columns of tenure, of RFM, and of segments.

    Parameters
    ----------
    table : pandas.DataFrame, shape (n, ...)
        `Holdout.table`.

    Returns
    -------
    dict of str to ndarray of float, shape (n, n_levels)
        tenure, rfm, segment.
    """

    def dummies(columns: list[pd.Series]) -> np.ndarray:
        return np.hstack([pd.get_dummies(c.astype("str").fillna("none"), dtype=float).to_numpy() for c in columns])

    scores = [table[name] for name in (*SCORES, BURNED)]
    return {
        "tenure": dummies([quintiles(table["tenure_days"])]),
        "rfm": dummies(scores),
        "segment": dummies([table["segment"]]),
    }


def _of_outcome(
    table: pd.DataFrame, name: str, n_folds: int, n_repeats: int, n_permutations: int, seed: list[int]
) -> dict[str, float | str]:
    """Compare the models for one outcome."""
    table = table[table[name].notna()]
    parts, y = design(table), _scaled(table[name].to_numpy(dtype=float), KINDS[name])
    folds = _folds(len(y), n_folds, n_repeats, seed)
    plain_rules = np.hstack([parts["tenure"], parts["rfm"]])
    all_of_it = np.hstack([plain_rules, parts["segment"]])
    skill = {
        "tenure": _skill(parts["tenure"], y, folds),
        "tenure_segments": _skill(np.hstack([parts["tenure"], parts["segment"]]), y, folds),
    }
    score = np.mean(list(_predicted(plain_rules, y[:, None], folds)), axis=0)[:, 0]
    Y = np.column_stack([y, *_dealt(y, score, n_permutations, seed)])
    before, after = _errors(plain_rules, Y, folds), _errors(all_of_it, Y, folds)
    about = _errors(None, Y, folds)
    gains = (before.sum(axis=0) - after.sum(axis=0)) / about.sum(axis=0)
    rng = np.random.default_rng([*seed, n_permutations + 1])
    drawn = rng.multinomial(len(y), np.full(len(y), 1 / len(y)), size=N_BOOTSTRAP)
    spread = drawn @ (before[:, 0] - after[:, 0]) / (drawn @ about[:, 0])
    low, high = np.quantile(spread, [0.025, 0.975])
    baseline = 1 - before[:, 0].sum() / about[:, 0].sum()
    found = {
        "baseline": baseline,
        "segments_alone": skill["tenure_segments"] - skill["tenure"],
        "rfm_alone": baseline - skill["tenure"],
        "with_segments": baseline + gains[0],
        "gain": gains[0],
        "low": low,
        "high": high,
    }
    reached = int((gains[1:] >= gains[0] - 1e-12).sum())
    rounded = {key: round(float(value), 6) for key, value in found.items()}
    return {"outcome": name, "n": len(y), **rounded, "p": (1 + reached) / (n_permutations + 1)}


def _scaled(y: np.ndarray, kind: str) -> np.ndarray:
    """Take counts and money to logarithms, refunds with their sign."""
    return np.sign(y) * np.log1p(np.abs(y)) if kind in ("count", "money") else y


def _folds(n: int, n_folds: int, n_repeats: int, seed: list[int]) -> Folds:
    """Deal rows into folds, anew in every repeat."""
    states = np.random.default_rng([*seed, 0]).integers(0, 2**31, n_repeats)
    return [list(KFold(n_folds, shuffle=True, random_state=int(s)).split(np.zeros(n))) for s in states]


def _dealt(y: np.ndarray, score: np.ndarray, n_permutations: int, seed: list[int]) -> list[np.ndarray]:
    """Deal values out anew among neighbours in the score, each time with a generator of its own number."""
    n = len(y)
    order = np.argsort(score.round(9), kind="stable")
    block = np.empty(n, dtype=int)
    block[order] = np.arange(n) * max(1, n // BLOCK) // n
    sorted_rows = np.argsort(block, kind="stable")
    dealt = []
    for number in range(1, n_permutations + 1):
        drawn = np.lexsort([np.random.default_rng([*seed, number]).random(n), block])
        values = np.empty(n)
        values[sorted_rows] = y[drawn]
        dealt.append(values)
    return dealt


def _predicted(X: np.ndarray | None, Y: np.ndarray, folds: Folds) -> Iterator[np.ndarray]:
    """Yield, for every repeat, the out-of-sample predictions of every column of Y; without X by the mean."""
    for repeat in folds:
        out = np.empty_like(Y)
        for fit, rest in repeat:
            if X is None:
                out[rest] = Y[fit].mean(axis=0)
            else:
                model = Ridge(alpha=1.0, solver="cholesky").fit(X[fit], Y[fit])
                out[rest] = model.predict(X[rest]).reshape(len(rest), -1)
        yield out


def _errors(X: np.ndarray | None, Y: np.ndarray, folds: Folds) -> np.ndarray:
    """Return the squared error of every row and column of Y, the mean over repeats."""
    total = np.zeros_like(Y)
    for predicted in _predicted(X, Y, folds):
        total += (Y - predicted) ** 2
    return total / len(folds)


def _skill(X: np.ndarray, y: np.ndarray, folds: Folds) -> float:
    """Return the out-of-sample R2."""
    Y = y[:, None]
    return float(1 - _errors(X, Y, folds).sum() / _errors(None, Y, folds).sum())
