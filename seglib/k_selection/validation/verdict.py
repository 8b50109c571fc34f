"""Are the segments real? The evidence line by line, and a verdict that claims no more than it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from seglib.k_selection.validation.benchmark import Benchmark
from seglib.schema.records import EvidenceRecord, VerdictRecord
from seglib.style import join_words, p_value

Structure = Literal["natural", "reproducible", "constructed"]

ALPHA = 0.05
"""Level of every comparison with shops without segments."""

STABLE = 0.75
"""Mean Jaccard index from which on a segment counts as one that comes back (Hennig 2007)."""

SMALLEST = 0.05
"""Share of the rows that every segment must have: a handful of customers is no audience, and is stable by itself."""

MEANING: dict[str, str] = {
    "natural": "The data fall into groups by themselves.",
    "reproducible": "The same segments come out again and again, but where one ends and the next begins is a choice.",
    "constructed": "The segments are made by the method: other customers like these would be cut elsewhere.",
}
"""What the three words mean (Dolnicar & Leisch 2010, Marketing Letters 21(1))."""

NOT_YET = "not tested"


@dataclass(frozen=True)
class Verdict:
    """Whether there is structure, and what says so.

    Attributes
    ----------
    structure : {"natural", "reproducible", "constructed"}
    useful : str
        Whether the segments predict what customers do next; ``not tested`` until 06 has asked.
    k_star : int or None
        The number of segments that the evidence speaks for; None if none of them comes back.
    table : pandas.DataFrame
        One row a piece of evidence: evidence, question, found, without_segments, holds.
    differ : tuple of str
        In what customers were found to differ (02).
    p : float
        Of the greatest silhouette, the larger one of all kinds of shop without segments.
    """

    structure: Structure
    useful: str
    k_star: int | None
    table: pd.DataFrame
    differ: tuple[str, ...]
    p: float

    @property
    def label(self) -> str:
        """The word for it: natural, reproducible or constructed."""
        return self.structure

    @property
    def sentence(self) -> str:
        """The claim with its label and its p-values, for the head of a report."""
        claim = self._claim(f" ({p_value(self.p)})")
        return f"{self.structure.capitalize()}: {claim[0].lower()}{claim[1:]}"

    @property
    def claim(self) -> str:
        """What is claimed, in a sentence or two, without numbers of a test."""
        return self._claim("")

    def _claim(self, p: str) -> str:
        holds = self.table.set_index("evidence")["holds"].astype(bool)
        if self.structure == "natural":
            return (
                f"The customers fall into {self.k_star} groups that stand out from shops without segments"
                f"{p} and come back when customers are drawn anew."
            )
        if self.structure == "reproducible":
            what = (
                f"stands out from shops without segments{p}, but not by a gap between them"
                if holds["silhouette"]
                else f"comes back when customers are drawn anew, but shops without segments look as divided{p}"
            )
            return f"A division into {self.k_star} segments {what}. Where one ends is a choice."
        if holds["silhouette"]:
            return (
                f"Something stands out from shops without segments{p}, but no division comes back "
                "when customers are drawn anew and halved."
            )
        if holds["differences"]:
            return (
                f"Customers differ in {join_words(list(self.differ))}, but gradually: shops without segments look as "
                f"divided{p}."
            )
        return (
            "There is no cluster structure in these data. Shops without segments give silhouettes as "
            f"great{p}, so the segments are made by the method, not found."
        )

    @property
    def meaning(self) -> str:
        """What the word means."""
        return MEANING[self.structure]

    @property
    def advice(self) -> str:
        """What follows from it."""
        return {
            "natural": "You can plan with these segments. Whether they help is another question: what do they do next?",
            "reproducible": "You can work with these segments as with age groups. Treat customers near a border alike.",
            "constructed": "Choose as many segments as you can serve, and prefer simple rules that anybody can follow, "
            "such as how recently and how often a customer was there. Do not read a character into a segment.",
        }[self.structure]

    @property
    def text(self) -> str:
        """The verdict, what it means, and what follows from it."""
        return f"{self.sentence} {self.meaning} {self.advice}"

    @property
    def headline(self) -> str:
        """The verdict in a few words, for a title."""
        return {
            "natural": "Yes, these data fall into groups",
            "reproducible": "They come back, but where one ends is a choice",
            "constructed": "No, they are made by the method",
        }[self.structure]

    @property
    def record(self) -> VerdictRecord:
        """The verdict as ``choice.json`` has it."""
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


def verdict(battery: Benchmark, homogeneity: pd.DataFrame | None = None) -> Verdict:
    """Weigh the evidence.

    Parameters
    ----------
    battery : Battery
        From `seglib.k_selection.benchmark`.
    homogeneity : pandas.DataFrame, optional
        ``homogeneity.parquet`` of 02: behaviour, among, p_holm, differ. Without it, or without a row, nothing is known
        of differences.

    Returns
    -------
    Verdict

    Notes
    -----
    differences (H): any test of 02, Holm p < .05. silhouette (E): its greatest value over all k beats every kind of
    shop without segments, p <= .05. stability (S): for some k every segment holds at least `SMALLEST` of the rows, the
    least stable one has a Jaccard index of at least `STABLE`, and prediction strength lies above the 95% point of shops
    without segments. k* is, among these k (else among those with stable segments), the one whose silhouette exceeds
    the higher median of the shops without segments most. separation (D): the gap at k* exceeds that of every kind of
    shop, p <= .05. Natural: E, S and D. Reproducible: S, and E or H. Constructed: else. How often that is right was
    measured: ``studies/calibration.md``.
    """
    differ = () if homogeneity is None else tuple(_told(r) for r in homogeneity.itertuples() if r.differ)
    worst = battery.tests.loc[battery.tests["p"].idxmax()]
    e = bool(worst["p"] <= ALPHA)
    by_k = evidence_by_k(battery)
    supported = by_k[by_k["supported"]]
    candidates = supported if len(supported) else by_k[by_k["stable"] & by_k["large_enough"]]
    k_star = int(candidates["excess"].idxmax()) if len(candidates) else None
    s = len(supported) > 0
    d = k_star is not None and bool(by_k.loc[k_star, "gap_p"] <= ALPHA)
    structure = "natural" if e and s and d else "reproducible" if s and (e or differ) else "constructed"
    at = by_k.loc[k_star] if k_star else None
    n_tests = 0 if homogeneity is None else len(homogeneity)
    lines = [
        ("differences", "Do customers differ by more than chance?",
         f"{len(differ)} of {n_tests} tests" if n_tests else "not asked", "0, at the level of 5%", bool(differ)),
        ("silhouette", "Is the greatest silhouette greater than without segments?",
         f"{worst['value']:.3f} ({p_value(worst['p'])})",
         f"{worst['null_median']:.3f}, up to {worst['null_high']:.3f}", e),
        ("stability", "Do all segments come back, and does one half predict the other?",
         f"k = {k_star}: Jaccard {at['jaccard']:.2f}, prediction {at['prediction']:.2f}" if k_star else "for no k",
         _without(at) if k_star else "", s),
        ("separation", "Are they further apart than without segments?",
         f"k = {k_star}: gap {at['gap']:.2f} ({p_value(at['gap_p'])})" if k_star else "for no k",
         f"{at['gap_null']:.2f}" if k_star else "", d),
    ]  # fmt: skip
    table = pd.DataFrame(lines, columns=["evidence", "question", "found", "without_segments", "holds"])
    return Verdict(structure, NOT_YET, k_star, table, differ, float(worst["p"]))


def evidence_by_k(battery: Benchmark) -> pd.DataFrame:
    """Return what speaks for every k, indexed by k from 2 on.

    Returns
    -------
    pandas.DataFrame
        jaccard (of the least stable segment), jaccard_null, prediction, prediction_high, smallest_share, excess
        (silhouette over the higher median of all nulls), gap, gap_null, gap_p (the largest); large_enough, stable,
        predicted, supported (all three).
    """
    stable, strength = battery.of("segment_jaccard"), battery.of("prediction_strength")
    nulls = battery.tests["null"].tolist()
    gaps = {null: battery.of("gap", null).loc[2:] for null in nulls}
    hardest = pd.concat([gaps[null]["p"] for null in nulls], axis=1).set_axis(nulls, axis=1).idxmax(axis=1)
    table = pd.DataFrame(
        {
            "jaccard": stable["value"],
            "jaccard_null": stable["null_median"],
            "prediction": strength["value"],
            "prediction_high": strength["null_high"],
            "smallest_share": battery.of("smallest_share")["value"],
            "excess": pd.concat([battery.of("silhouette", null)["excess"] for null in nulls], axis=1).min(axis=1),
            "gap": gaps[nulls[0]]["value"],
            "gap_null": [gaps[null].loc[k, "null_median"] for k, null in hardest.items()],
            "gap_p": [gaps[null].loc[k, "p"] for k, null in hardest.items()],
        }
    )
    large, firm = table["smallest_share"] >= SMALLEST, table["jaccard"] >= STABLE
    above = table["prediction"] > table["prediction_high"]
    return table.assign(large_enough=large, stable=firm, predicted=above, supported=large & firm & above)


def _without(at: pd.Series) -> str:
    back = "" if pd.isna(at["jaccard_null"]) else f"Jaccard {at['jaccard_null']:.2f}, "
    return f"{back}prediction up to {at['prediction_high']:.2f}"


def _told(row: tuple) -> str:
    return row.behaviour if row.among == "customers" else f"{row.behaviour} among {row.among}"
