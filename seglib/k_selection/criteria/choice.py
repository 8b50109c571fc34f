"""The choice of the number of segments, with its reason, and what each criterion would choose."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from seglib.errors import ParameterRefused
from seglib.schema.records import ChoiceRecord, GlanceRecord, VerdictRecord

Rule = Literal["structure", "elbow"]

HANDFUL = 10
"""A segment of fewer rows is no segment that one could plan with."""

NO_SEGMENT = "that is a handful of outliers, and no segment to plan with; the audit in 03 says what to do"


def curve(scores: pd.DataFrame, metric: str) -> pd.Series:
    """Return one metric of a sweep as a Series over k."""
    return scores[scores["metric"] == metric].set_index("k")["value"]


def elbow(scores: pd.DataFrame, *, k_min: int = 1) -> int | None:
    """Return the k at which the inertia curve bends most, or None if it does not bend.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `sweep`.
    k_min : int, default=1
        Where the curve starts. The answer depends on it and on k_max: an elbow is a property of a drawing, not a test
        (Schubert 2023, arXiv 2212.12189).

    Notes
    -----
    Kneedle (Satopaa et al. 2011, ICDCSW), as implemented by kneed.
    """
    from kneed import KneeLocator  # takes most of a second to import, and only 04 needs it

    inertia = curve(scores, "inertia").loc[k_min:]
    if len(inertia) < 3:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # kneed warns where there is no knee; None says the same
        knee = KneeLocator(inertia.index.to_list(), inertia.to_list(), curve="convex", direction="decreasing").knee
    return None if knee is None else int(knee)


@dataclass(frozen=True)
class Choice:
    """The number of segments and why.

    Attributes
    ----------
    k : int
    by : {"analyst", "evidence", "elbow", "silhouette"}
        What decided.
    reason : str
        One sentence.
    table : pandas.DataFrame
        What each criterion would choose, from `votes`: criterion, k, reading.
    """

    k: int
    by: str
    reason: str
    table: pd.DataFrame

    @property
    def text(self) -> str:
        """The choice and its reason as one sentence."""
        return f"k = {self.k}: {self.reason}"

    def record(
        self,
        scores: pd.DataFrame,
        *,
        judged: str,
        verdict: VerdictRecord,
        glance: GlanceRecord | None = None,
    ) -> ChoiceRecord:
        """Return ``choice.json``.

        Parameters
        ----------
        scores : pandas.DataFrame
            From `sweep`.
        judged : str
            What the evidence says of this k (`seglib.k_selection.assess_k`).
        verdict : VerdictRecord
        glance : GlanceRecord, optional
            What the picture of the verdict shows (`AtAGlance.record`).
        """
        at_k = scores[scores["k"] == self.k].set_index("metric")["value"]
        votes = self.table.set_index("criterion")["k"]
        criteria = {name: None if pd.isna(k) else int(k) for name, k in votes.items()}
        return ChoiceRecord(self.k, self.by, self.reason, at_k.to_dict(), criteria, judged, verdict, glance)


def votes(scores: pd.DataFrame) -> pd.DataFrame:
    """Return what each criterion of a sweep would choose: criterion, k, reading."""
    most = int(scores["k"].max())
    table = pd.DataFrame(
        [
            ("elbow", elbow(scores), f"the bend of the inertia over k = 1 to {most}"),
            ("elbow_from_2", elbow(scores, k_min=2), f"the bend of the inertia over k = 2 to {most}"),
            ("silhouette", int(curve(scores, "silhouette").idxmax()), "the greatest mean silhouette"),
            ("calinski_harabasz", int(curve(scores, "calinski_harabasz").idxmax()), "the greatest value"),
            ("davies_bouldin", int(curve(scores, "davies_bouldin").idxmin()), "the smallest value"),
        ],
        columns=["criterion", "k", "reading"],
    )
    return table.astype({"k": "Int64"})


def choose_k(
    scores: pd.DataFrame, *, rule: Rule = "structure", k: int | None = None, k_star: int | None = None
) -> Choice:
    """Choose the number of segments.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `sweep`.
    rule : {"structure", "elbow"}
        ``structure``: the k that the evidence supports, ``k_star``; where it supports none, the elbow, unless a segment
        is a handful of rows there and not at another k. ``elbow``: the elbow of the inertia from k = 1 on, as in the
        original analysis. Where the curve has no elbow, the greatest silhouette.
    k : int, optional
        The analyst's own choice; it is taken as it is.
    k_star : int, optional
        The k that the evidence supports (`seglib.k_selection.verdict`).

    Returns
    -------
    Choice
        Its reason says if the smallest segment is a handful (`HANDFUL`).
    """
    chosen = _choose(scores, rule, k, k_star)
    sizes = curve(scores, "smallest_segment")
    smallest = int(sizes[chosen.k]) if chosen.k in sizes.index else HANDFUL
    if smallest >= HANDFUL:
        return chosen
    rows = "1 row" if smallest == 1 else f"{smallest} rows"
    return replace(chosen, reason=f"{chosen.reason} But its smallest segment has only {rows}: {NO_SEGMENT}.")


def _choose(scores: pd.DataFrame, rule: Rule, k: int | None, k_star: int | None) -> Choice:
    """Choose by the first rule that applies."""
    table = votes(scores)
    named = table.set_index("criterion")["k"]
    most = int(scores["k"].max())
    if k is not None:
        if not 2 <= k <= most:
            raise ParameterRefused(f"k = {k} is outside the sweep, 2 to {most}", parameter="k")
        return Choice(k, "analyst", "given by the analyst.", table)
    if rule == "structure" and k_star is not None:
        reason = (
            "of the numbers whose segments come back in resampled data, for more reason than gradual differences, it "
            "describes the data best."
        )
        return Choice(k_star, "evidence", reason, table)
    no_support = "the evidence supports no number of segments, so this is a business choice: "
    why = "" if rule == "elbow" else no_support
    sizes = curve(scores, "smallest_segment")
    whole = [int(n) for n in sizes.index[sizes >= HANDFUL]]
    bends = None if pd.isna(named["elbow"]) else int(named["elbow"])
    if rule == "structure" and bends in sizes.index and bends not in whole and whole:
        best = int(curve(scores, "silhouette")[whole].idxmax())
        reason = (
            f"{why}the inertia bends at {bends}, but there a segment has fewer than {HANDFUL} rows; of the numbers "
            f"where none has, the mean silhouette is greatest at {best}."
        )
        return Choice(best, "silhouette", reason, table)
    if not pd.isna(named["elbow"]) and named["elbow"] >= 2:
        other = "no k" if pd.isna(named["elbow_from_2"]) else int(named["elbow_from_2"])
        reason = f"{why}the inertia bends there over k = 1 to {most} (elbow; over k = 2 to {most} it bends at {other})."
        return Choice(int(named["elbow"]), "elbow", reason, table)
    widths = curve(scores, "silhouette")
    best = int((widths[whole] if rule == "structure" and whole else widths).idxmax())
    width = widths[best]
    reason = (
        f"{why}the inertia has no elbow, and the mean silhouette is greatest there ({width:.3f}) among k = 2 to {most}."
    )
    return Choice(best, "silhouette", reason, table)
