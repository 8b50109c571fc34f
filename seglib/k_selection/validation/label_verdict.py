"""The verdict on somebody else's segments: the same evidence and the same labels as for those of KMeans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seglib.errors import ParameterRefused
from seglib.k_selection.validation import verdict_words as words
from seglib.k_selection.validation.evidence import SMALLEST
from seglib.k_selection.validation.label_evidence import (
    N_REPEATS,
    LabelBenchmark,
    label_benchmark,
    label_evidence,
)
from seglib.k_selection.validation.null_models import Null
from seglib.k_selection.validation.null_shops import null_models_for
from seglib.k_selection.validation.verdict import (
    COLUMNS,
    NOT_TESTED,
    Verdict,
    differences_line,
    differing_behaviours,
    labels_of_repeats,
)
from seglib.run import Run
from seglib.schema.records import VerdictRecord
from seglib.style import p_value


@dataclass(frozen=True, kw_only=True)
class LabelVerdict(Verdict):
    """Whether somebody else's segments are real, with the evidence.

    What they were made for, whether they are useful, is another question. ``k_star`` and ``k_range`` are empty: the
    number of segments came with the labels.

    Attributes
    ----------
    benchmark : LabelBenchmark
        What was measured; its ``segments`` has a row per segment.
    """

    benchmark: LabelBenchmark

    def _meaning_key(self) -> str:
        return words.label_key(self.structure)

    def _advice_key(self) -> str:
        return words.label_advice_key(self._weakest, dated=self.dated)

    @property
    def notes(self) -> tuple[str, ...]:
        """With what the labels were compared, and whether a segment is small."""
        smallest = float(self.benchmark.segments["share"].min())
        small = (words.small_segment(smallest),) if smallest < SMALLEST else ()
        return (words.rule_in_words(self.benchmark.by_rule), *small)

    def _claim(self, *, with_p: bool) -> str:
        if self.between:
            return words.borderline_claim(self.between)
        return words.label_claim(self.weighed, with_p=with_p)


@dataclass(frozen=True)
class JudgedLabels:
    """Somebody else's segments, judged, or not, where none were given.

    Attributes
    ----------
    verdict : LabelVerdict or None
        None without labels.
    """

    verdict: LabelVerdict | None = None

    @property
    def table(self) -> pd.DataFrame:
        """The evidence, one row per piece; empty without labels."""
        return self.verdict.table if self.verdict else pd.DataFrame(columns=COLUMNS)

    @property
    def segments(self) -> pd.DataFrame:
        """One row per segment (`LabelBenchmark.segments`); empty without labels."""
        return self.verdict.benchmark.segments if self.verdict else pd.DataFrame(columns=["segment"])

    @property
    def text(self) -> str:
        """The verdict, what it means, and what follows from it; empty without labels: the verdict is that of 04."""
        return self.verdict.text if self.verdict else ""

    @property
    def record(self) -> VerdictRecord | None:
        """The verdict as ``clustering.json`` has it; None without labels."""
        return self.verdict.record if self.verdict else None


def judge_labels(
    X: np.ndarray,
    nulls: Sequence[Null],
    labels: Sequence[str],
    homogeneity: pd.DataFrame | None = None,
    *,
    n_null: int = 99,
    n_samples: int = 10,
    dated: bool = True,
    seed: int = 0,
    n_jobs: int = 1,
) -> LabelVerdict:
    """Weigh the evidence for somebody else's segments.

    Parameters
    ----------
    X : ndarray of float, shape (n_rows, n_columns)
    nulls : sequence of Null
        Such as those of `seglib.k_selection.null_models_for`.
    labels : sequence of str, shape (n_rows,)
        The segment of every row.
    homogeneity : pandas.DataFrame, optional
        ``homogeneity.parquet`` of 02. Without it, customers are not known to differ.
    n_null : int, default=99
        Simulated shops of each null model.
    n_samples : int, default=10
        Bootstrap samples of each of `N_REPEATS` repeats, and of every simulated shop.
    dated : bool, default=True
        Whether the shop has dates.
    seed : int
    n_jobs : int, default=1
        Processes. The result does not depend on it.

    Returns
    -------
    LabelVerdict

    Notes
    -----
    The evidence is that of `seglib.k_selection.verdict`, for one division that was given, so nothing is searched and no
    correction for a search is made. silhouette (E): that of the labels is greater than what their rule gives in every
    null model, p <= .05; the rule is the nearest centre, see `seglib.k_selection.validation.label_evidence`. stability
    (S): KMeans, started at the centres of the labels, finds every segment again in resampled rows with a mean Jaccard
    index of at least `STABLE`, and E holds beside the null models in which customers differ, or this index is greater
    than in the first of them, or D holds. separation (D): a valley between all neighbouring segments, by the labels and
    by the nearest centre, beyond those of every null model. How often that is right: ``studies/labels.md``.
    """
    n_tests = 0 if homogeneity is None else len(homogeneity)
    differ = differing_behaviours(homogeneity) if n_tests else ()
    measured = label_benchmark(X, nulls, labels, n_null=n_null, n_samples=n_samples, seed=seed, n_jobs=n_jobs)
    evidence = label_evidence(measured, differ=bool(differ))
    repeats = [label_evidence(measured, differ=bool(differ), repeat=i, seed=seed) for i in range(N_REPEATS)]
    between = labels_of_repeats(evidence, repeats)
    row, hardest = evidence.by_k.iloc[0], _hardest(measured)
    lines = [
        differences_line(len(differ), n_tests),
        (
            "silhouette",
            "Is the silhouette of these segments greater than that of their rule without segments?",
            f"{measured.silhouette:.3f} ({p_value(evidence.p)})",
            f"{np.median(hardest):.3f}, up to {np.quantile(hardest, 0.95):.3f}",
            evidence.stands_out,
        ),
        (
            "stability",
            "Does KMeans find all segments again in resampled data, for more reason than gradual differences?",
            f"Jaccard {row['jaccard']:.2f} at least",
            f"Jaccard {row['jaccard_null']:.2f}, up to {row['jaccard_high']:.2f}",
            bool(evidence.supported_k),
        ),
        (
            "separation",
            "Is there a valley between all neighbouring segments?",
            f"dip {row['valley']:.2f} ({p_value(row['valley_p'])})",
            f"up to {row['valley_high']:.2f}",
            bool(evidence.clear_k),
        ),
    ]
    return LabelVerdict(
        structure="borderline" if between else evidence.structure,
        between=between,
        useful=NOT_TESTED,
        k_star=None,
        k_range=(),
        table=pd.DataFrame(lines, columns=COLUMNS),
        weighed=evidence,
        differ=differ,
        dated=dated,
        benchmark=measured,
    )


def _hardest(measured: LabelBenchmark) -> np.ndarray:
    """Return the silhouettes of the null model without groups that comes nearest to that of the labels."""
    widths = [draws["silhouette"] for null, draws in measured.simulated.items() if not measured.follows_the_data[null]]
    return max(widths, key=np.median)


def judge_given(
    run: Run,
    labels: pd.Series | None,
    *,
    sample_customers: int = 2_500,
    n_null: int = 99,
    seed: int = 0,
    n_jobs: int = 1,
) -> JudgedLabels:
    """Judge somebody else's segments of the customers of a run; nothing is done where none are given.

    Parameters
    ----------
    run : Run
        01 to 03 have written their artefacts.
    labels : pandas.Series of str or None
        By customer_id. Customers without a label are left out.
    sample_customers : int, default=2_500
        See `null_models_for`. Of more customers a sample is judged; a segment without a customer in it is left out.
    n_null, seed, n_jobs
        See `judge_labels`.

    Returns
    -------
    JudgedLabels

    Raises
    ------
    ParameterRefused
        If fewer than two segments have a customer in the sample.
    """
    if labels is None:
        return JudgedLabels()
    models = null_models_for(run, sample_customers=sample_customers, seed=seed)
    of_rows = labels.reindex(models.index.get_level_values("customer_id"))
    has_label = of_rows.notna().to_numpy()
    if of_rows.nunique() < 2:
        raise ParameterRefused("fewer than two segments have a customer in the sample", parameter="labels")
    verdict = judge_labels(
        models.X[has_label],
        [_SomeRows(null, has_label) for null in models.nulls],
        of_rows[has_label].tolist(),
        run.read("homogeneity"),
        n_null=n_null,
        dated=bool(run.study().as_of),
        seed=seed,
        n_jobs=n_jobs,
    )
    return JudgedLabels(verdict)


class _SomeRows:
    """A null model of which only some rows count: those of the customers that have a label."""

    def __init__(self, null: Null, rows: np.ndarray) -> None:
        self.null, self.rows = null, rows
        self.name, self.what, self.customers_differ = null.name, null.what, null.customers_differ
        self.follows_the_data = null.follows_the_data

    def draws(self, rngs: Sequence[np.random.Generator]):
        """Yield these rows of the matrix of every shop."""
        return (X[self.rows] for X in self.null.draws(rngs))
