"""The verdict: whether the segments are real, with its evidence, and without claiming more than the evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from seglib.k_selection.validation.benchmark import Benchmark
from seglib.schema.records import EvidenceRecord, VerdictRecord
from seglib.style import join_words, p_value

Structure = Literal["natural", "reproducible", "constructed"]

ALPHA = 0.05
"""Significance level of every comparison with null models."""

STABLE = 0.75
"""Mean Jaccard index from which on a segment counts as stable (Hennig 2007)."""

SMALLEST = 0.05
"""Share of the rows that every segment must have: very small segments are no audience, and are often stable."""

MEANING: dict[str, str] = {
    "natural": "The data fall into groups by themselves.",
    "reproducible": "The same segments come out again and again, but where one ends and the next begins is a choice.",
    "constructed": "The segments are made by the method: other customers like these would be cut elsewhere.",
}
"""What the three labels mean (Dolnicar & Leisch 2010, Marketing Letters 21(1))."""

HEADLINE: dict[str, str] = {
    "natural": "Yes, these data fall into groups",
    "reproducible": "They come back, but where one ends is a choice",
    "constructed": "No, they are made by the method",
}
"""The verdict in a few words."""

ADVICE: dict[str, str] = {
    "natural": "You can plan with these segments. Whether they help is another question: what do they do next?",
    "reproducible": "You can work with these segments as with age groups. Treat customers near a border alike.",
    "constructed": "Choose as many segments as you can serve, and prefer simple rules that anybody can follow, "
    "such as how recently and how often a customer was there. Do not read a character into a segment.",
}
"""What follows from the three labels."""

NOT_TESTED = "not tested"
"""Whether segments are useful, before 06 has tested it."""


@dataclass(frozen=True)
class Verdict:
    """Whether there is structure, and the evidence for it.

    Attributes
    ----------
    structure : {"natural", "reproducible", "constructed"}
    useful : str
        Whether the segments predict what customers do next; ``not tested`` until 06 has tested it.
    k_star : int or None
        The number of segments that the evidence supports; None if no number of segments is stable.
    table : pandas.DataFrame
        One row per piece of evidence: evidence, question, found, without_segments, holds.
    differ : tuple of str
        The behaviours in which customers differ (02).
    p : float
        Of the greatest silhouette, the largest over all null models.
    """

    structure: Structure
    useful: str
    k_star: int | None
    table: pd.DataFrame
    differ: tuple[str, ...]
    p: float

    @property
    def label(self) -> str:
        """The label: natural, reproducible or constructed."""
        return self.structure

    @property
    def evidence(self) -> pd.DataFrame:
        """The evidence, one row per piece: evidence, question, found, without_segments, holds."""
        return self.table

    @property
    def sentence(self) -> str:
        """The claim with its label and its p-value, for the head of a report."""
        return f"{self.label.capitalize()}: {self._claim(f' ({p_value(self.p)})')}"

    @property
    def claim(self) -> str:
        """What is claimed, in a sentence or two, without the p-value."""
        claim = self._claim("")
        return claim[0].upper() + claim[1:]

    def _claim(self, p: str) -> str:
        """Return the claim as it goes on after a colon, with what is to be said of the p-value."""
        holds = self.table.set_index("evidence")["holds"].astype(bool)
        if self.structure == "natural":
            return (
                f"the customers fall into {self.k_star} groups that stand out from shops without segments"
                f"{p} and come back when customers are drawn anew."
            )
        if self.structure == "reproducible":
            what = (
                f"stands out from shops without segments{p}, but not by a gap between them"
                if holds["silhouette"]
                else f"comes back when customers are drawn anew, but shops without segments look as divided{p}"
            )
            return f"a division into {self.k_star} segments {what}. Where one ends is a choice."
        if holds["silhouette"]:
            return (
                f"something stands out from shops without segments{p}, but no division comes back "
                "when customers are drawn anew and halved."
            )
        if holds["differences"]:
            return (
                f"customers differ in {join_words(list(self.differ))}, but gradually: shops without segments look as "
                f"divided{p}."
            )
        return (
            "there is no cluster structure in these data. Shops without segments give silhouettes as "
            f"great{p}, so the segments are made by the method, not found."
        )

    @property
    def meaning(self) -> str:
        """What the label means."""
        return MEANING[self.structure]

    @property
    def advice(self) -> str:
        """What follows from it."""
        return ADVICE[self.structure]

    @property
    def text(self) -> str:
        """The verdict, what it means, and what follows from it."""
        return f"{self.sentence} {self.meaning} {self.advice}"

    @property
    def headline(self) -> str:
        """The verdict in a few words, for a title."""
        return HEADLINE[self.structure]

    @property
    def record(self) -> VerdictRecord:
        """The verdict as it stands in ``choice.json``."""
        evidence = tuple(
            EvidenceRecord(row.evidence, row.found, row.without_segments, bool(row.holds))
            for row in self.table.itertuples()
        )
        return VerdictRecord(
            structure=self.structure,
            useful=self.useful,
            headline=self.headline,
            claim=self.claim,
            sentence=self.sentence,
            meaning=self.meaning,
            advice=self.advice,
            k_star=self.k_star,
            evidence=evidence,
        )


def verdict(benchmark: Benchmark, homogeneity: pd.DataFrame | None = None) -> Verdict:
    """Weigh the evidence.

    Parameters
    ----------
    benchmark : Benchmark
        From `seglib.k_selection.benchmark`.
    homogeneity : pandas.DataFrame, optional
        ``homogeneity.parquet`` of 02: behaviour, among, p_holm, differ. Without it, or without a row, customers are not
        known to differ.

    Returns
    -------
    Verdict

    Notes
    -----
    differences (H): any test of 02, Holm p < .05. silhouette (E): its greatest value over all k beats every null model,
    p <= .05. stability (S): for some k every segment holds at least `SMALLEST` of the rows, the least stable one has a
    Jaccard index of at least `STABLE`, and prediction strength lies above the 95% point of the null model. k* is, among
    these k (else among those with stable segments), the one whose silhouette exceeds the highest median of the null
    models most. separation (D): the gap at k* exceeds that of every null model, p <= .05. Natural: E, S and D.
    Reproducible: S, and E or H. Constructed: else. How often that is right was measured: ``studies/calibration.md``.
    """
    n_tests = 0 if homogeneity is None else len(homogeneity)
    differ = _differences(homogeneity) if n_tests else ()
    hardest = benchmark.tests.loc[benchmark.tests["p"].idxmax()]
    by_k = evidence_by_k(benchmark)
    supported = by_k[by_k["supported"]]
    candidates = supported if len(supported) else by_k[by_k["stable"] & by_k["large_enough"]]
    k_star = int(candidates["excess"].idxmax()) if len(candidates) else None
    at = None if k_star is None else by_k.loc[k_star]
    beats_nulls = bool(hardest["p"] <= ALPHA)
    is_stable = len(supported) > 0
    is_separated = at is not None and bool(at["gap_p"] <= ALPHA)
    structure: Structure = "constructed"
    if beats_nulls and is_stable and is_separated:
        structure = "natural"
    elif is_stable and (beats_nulls or differ):
        structure = "reproducible"
    lines = [
        (
            "differences",
            "Do customers differ by more than chance?",
            f"{len(differ)} of {n_tests} tests" if n_tests else "not asked",
            "0, at the level of 5%",
            bool(differ),
        ),
        (
            "silhouette",
            "Is the greatest silhouette greater than without segments?",
            f"{hardest['value']:.3f} ({p_value(hardest['p'])})",
            f"{hardest['null_median']:.3f}, up to {hardest['null_high']:.3f}",
            beats_nulls,
        ),
        (
            "stability",
            "Do all segments come back, and does one half predict the other?",
            "for no k"
            if at is None
            else f"k = {k_star}: Jaccard {at['jaccard']:.2f}, prediction {at['prediction']:.2f}",
            "" if at is None else _stability_of_nulls(at),
            is_stable,
        ),
        (
            "separation",
            "Are they further apart than without segments?",
            "for no k" if at is None else f"k = {k_star}: gap {at['gap']:.2f} ({p_value(at['gap_p'])})",
            "" if at is None else f"{at['gap_null']:.2f}",
            is_separated,
        ),
    ]
    table = pd.DataFrame(lines, columns=["evidence", "question", "found", "without_segments", "holds"])
    return Verdict(structure, NOT_TESTED, k_star, table, differ, float(hardest["p"]))


def evidence_by_k(benchmark: Benchmark) -> pd.DataFrame:
    """Return the evidence for every k, indexed by k from 2 on.

    Returns
    -------
    pandas.DataFrame
        jaccard (of the least stable segment), jaccard_null, prediction, prediction_high, smallest_share, excess
        (silhouette over the highest median of all null models), gap, gap_null, gap_p (the largest); large_enough,
        stable, predicted, supported (all three).
    """
    jaccard, strength = benchmark.of("segment_jaccard"), benchmark.of("prediction_strength")
    nulls = benchmark.tests["null"].tolist()
    gaps = {null: benchmark.of("gap", null).loc[2:] for null in nulls}
    # The null model that a gap beats least clearly may be another one for every k.
    hardest = pd.concat([gaps[null]["p"] for null in nulls], axis=1).set_axis(nulls, axis=1).idxmax(axis=1)
    table = pd.DataFrame(
        {
            "jaccard": jaccard["value"],
            "jaccard_null": jaccard["null_median"],
            "prediction": strength["value"],
            "prediction_high": strength["null_high"],
            "smallest_share": benchmark.of("smallest_share")["value"],
            "excess": pd.concat([benchmark.of("silhouette", null)["excess"] for null in nulls], axis=1).min(axis=1),
            "gap": gaps[nulls[0]]["value"],
            "gap_null": [gaps[null].loc[k, "null_median"] for k, null in hardest.items()],
            "gap_p": [gaps[null].loc[k, "p"] for k, null in hardest.items()],
        }
    )
    large_enough, stable = table["smallest_share"] >= SMALLEST, table["jaccard"] >= STABLE
    predicted = table["prediction"] > table["prediction_high"]
    return table.assign(
        large_enough=large_enough, stable=stable, predicted=predicted, supported=large_enough & stable & predicted
    )


def _stability_of_nulls(at: pd.Series) -> str:
    jaccard = "" if pd.isna(at["jaccard_null"]) else f"Jaccard {at['jaccard_null']:.2f}, "
    return f"{jaccard}prediction up to {at['prediction_high']:.2f}"


def _differences(homogeneity: pd.DataFrame) -> tuple[str, ...]:
    """Return the behaviours that differ, with the groups among which they do where these are not customers."""
    differ = homogeneity[homogeneity["differ"].astype(bool)]
    return tuple(
        row.behaviour if row.among == "customers" else f"{row.behaviour} among {row.among}"
        for row in differ.itertuples()
    )
