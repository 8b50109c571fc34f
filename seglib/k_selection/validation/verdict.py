"""The verdict: whether the segments are real, with its evidence, and without claiming more than the evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from seglib.k_selection.validation import verdict_words as words
from seglib.k_selection.validation.benchmark import Benchmark
from seglib.k_selection.validation.evidence import (
    SMALLEST,
    Evidence,
    evidence_of,
    evidence_of_repeats,
    undecided_k,
)
from seglib.k_selection.validation.one_trait import OneTraitTests
from seglib.k_selection.validation.other_shapes import OtherShapes
from seglib.k_selection.validation.sequential import GroupsNeeded
from seglib.schema.records import AuditRecord, EvidenceRecord, VerdictRecord
from seglib.style import ADVICE, HEADLINES, MEANING, humanize, join_words, p_value

NOT_TESTED = "not tested"
"""Whether segments are useful, before 06 has tested it."""

MOST_DISSENTING = 1
"""So many repeats may give another label than all together. A single one measures with a fifth of the effort."""

STRENGTH = ("constructed", "reproducible", "natural")
"""The labels, from the weakest on."""

COLUMNS = ["evidence", "question", "found", "without_segments", "holds"]
"""Of the table of evidence."""


@dataclass(frozen=True)
class Verdict:
    """Whether there is structure, and the evidence for it.

    Attributes
    ----------
    structure : {"natural", "reproducible", "constructed", "borderline"}
        Borderline: repeats with other seeds do not agree.
    between : tuple of str
        The labels that the repeats give where they do not agree, the stronger first; else empty.
    useful : str
        Whether the segments predict what customers do next; ``not tested`` until 06 has tested it.
    k_star : int or None
        The number of segments that describes the data best; None where the evidence speaks for none.
    k_range : tuple of int
        The numbers of segments that the evidence does not tell apart, k* among them; empty without k*.
    table : pandas.DataFrame
        One row per piece of evidence: evidence, question, found, without_segments, holds.
    weighed : Evidence
        The evidence for every k.
    differ : tuple of str
        The behaviours in which customers differ (02).
    dated : bool
        Whether the shop has dates: advice speaks of them only then.
    two_kinds : tuple of str
        The features in which customers are of two kinds.
    other_shape : int or None
        The number of groups of another shape, which KMeans cuts across; None where none were found.
    artefacts : tuple of str
        The checks of the audit (03) that found what makes clumps by itself.
    """

    structure: str
    between: tuple[str, ...]
    useful: str
    k_star: int | None
    k_range: tuple[int, ...]
    table: pd.DataFrame
    weighed: Evidence
    differ: tuple[str, ...]
    dated: bool
    two_kinds: tuple[str, ...] = ()
    other_shape: int | None = None
    artefacts: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The label: natural, reproducible, constructed or borderline."""
        return self.structure

    @property
    def evidence(self) -> pd.DataFrame:
        """The evidence, one row per piece: evidence, question, found, without_segments, holds."""
        return self.table

    @property
    def p(self) -> float:
        """Of the greatest silhouette, the largest p-value over all null models."""
        return self.weighed.p

    @property
    def sentence(self) -> str:
        """The claim with its label and its p-value, for the head of a report."""
        return f"{self.label.capitalize()}: {self._claim(with_p=True)}"

    @property
    def claim(self) -> str:
        """What is claimed, in a sentence or two, without the p-value."""
        claim = self._claim(with_p=False)
        return claim[0].upper() + claim[1:]

    def _claim(self, *, with_p: bool) -> str:
        if self.between:
            return words.borderline_claim(self.between)
        if self._only_other_shape:
            return words.other_shape_claim(self.other_shape)
        if self._only_two_kinds:
            return words.two_kinds_claim(self.two_kinds)
        return words.claim(self.weighed, self.k_star, self.k_range, with_p=with_p)

    @property
    def _only_other_shape(self) -> bool:
        return self.structure == "constructed" and self.other_shape is not None

    @property
    def _only_two_kinds(self) -> bool:
        return self.structure == "constructed" and bool(self.two_kinds) and not self._only_other_shape

    @property
    def _may_be_made(self) -> bool:
        """Whether there are clumps, and something in the matrix that makes them by itself."""
        return self.structure != "constructed" and bool(self.artefacts)

    @property
    def meaning(self) -> str:
        """What the label means."""
        return MEANING[self.keys["meaning"]]

    @property
    def advice(self) -> str:
        """What follows from it; where it is borderline, from the weaker label.

        Where the audit has found what makes clumps by itself, that comes first.
        """
        return ADVICE[self.keys["advice"]]

    @property
    def keys(self) -> dict[str, str]:
        """By headline, meaning and advice: the key of its text, by which it is found in another language."""
        headline = self.structure
        if self._only_other_shape:
            headline = "other_shape"
        elif self._only_two_kinds:
            headline = "two_kinds"
        return {"headline": headline, "meaning": self._meaning_key(), "advice": self._advice_key()}

    def _meaning_key(self) -> str:
        return self.structure

    def _advice_key(self) -> str:
        if self._may_be_made:
            return "artefacts"
        return words.advice_key(self._weakest, dated=self.dated)

    @property
    def _weakest(self) -> str:
        return self.between[-1] if self.between else self.structure

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks that change nothing in the label: what clumps may rest on, a small segment, a trait of two kinds."""
        notes = []
        if self._may_be_made:
            notes.append(words.artefacts_note(self.artefacts))
        if self.k_star is not None:
            smallest = float(self.weighed.by_k.loc[self.k_star, "smallest_share"])
            if smallest < SMALLEST:
                notes.append(words.small_segment(smallest))
        if self.two_kinds and not self._only_two_kinds:
            notes.append(words.two_kinds_note(self.two_kinds))
        return tuple(notes)

    @property
    def text(self) -> str:
        """The verdict, what it means, and what follows from it."""
        return " ".join([self.sentence, self.meaning, self.advice, *self.notes])

    @property
    def headline(self) -> str:
        """The verdict in a few words, for a title."""
        features = join_words([humanize(name) for name in self.two_kinds])
        return HEADLINES[self.keys["headline"]].format(features=features)

    @property
    def record(self) -> VerdictRecord:
        """The verdict as it stands in ``choice.json``."""
        evidence = tuple(
            EvidenceRecord(
                row.evidence, row.found, row.without_segments, None if row.holds is None else bool(row.holds)
            )
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
            between=self.between,
            k_range=self.k_range,
            notes=self.notes,
            keys=self.keys,
            two_kinds=self.two_kinds,
        )


def verdict(
    benchmark: Benchmark,
    homogeneity: pd.DataFrame | None = None,
    needed: GroupsNeeded | None = None,
    *,
    one_trait: OneTraitTests | None = None,
    other_shapes: OtherShapes | None = None,
    audit: AuditRecord | None = None,
    dated: bool = True,
    seed: int = 0,
) -> Verdict:
    """Weigh the evidence.

    Parameters
    ----------
    benchmark : Benchmark
        From `seglib.k_selection.benchmark`.
    homogeneity : pandas.DataFrame, optional
        ``homogeneity.parquet`` of 02: behaviour, among, p_holm, differ. Without it, or without a row, customers are not
        known to differ.
    needed : GroupsNeeded, optional
        How many groups are needed (`seglib.k_selection.groups_needed`).
    one_trait : OneTraitTests, optional
        Whether customers are of two kinds in one feature (`seglib.k_selection.one_trait_tests`).
    other_shapes : OtherShapes, optional
        Whether other methods agree on groups that KMeans cuts across (`seglib.k_selection.other_shapes`).
    audit : AuditRecord, optional
        What the audit of the matrix found (``recipe.json`` of 03).
    dated : bool, default=True
        Whether the shop has dates.
    seed : int, default=0
        Of the resampling of simulated shops in the repeats.

    Returns
    -------
    Verdict

    Notes
    -----
    differences (H): any test of 02, Holm p < .05. silhouette (E): its greatest value over all k is greater than in
    every null model, p <= .05. stability (S): for some k the least stable segment has a Jaccard index of at least
    `STABLE`, and this is more than what gradual differences give: the greatest silhouette beats the null models in
    which customers differ, or at this k one half predicts the other better than in the first of them. separation (D):
    for one of these k there is a valley between all neighbouring segments, by the dip test and beyond that of every
    null model. Natural: E, S and D. Reproducible: S, and E or H or a valley that is clearer than in all null models
    with all k looked at. Constructed: else. k*, where natural, is the k whose silhouette exceeds the null models most,
    from the one of D for which that holds up to the number of groups that are needed (`groups_needed`); where
    reproducible, it is this number, and where that was not tested, the k of S with the greatest excess. All k between
    these are not told apart from it, nor one that several repeats take. The same is computed for every repeat of the
    data beside a resample of the simulated shops: where more than one has another label, the verdict is borderline. How
    often that is right was measured on generators of several origins: ``studies/strangers.md``.
    """
    n_tests = 0 if homogeneity is None else len(homogeneity)
    differ = differing_behaviours(homogeneity) if n_tests else ()
    evidence = evidence_of(benchmark, differ=bool(differ))
    repeats = evidence_of_repeats(benchmark, differ=bool(differ), seed=seed)
    between = labels_of_repeats(evidence, repeats)
    k_star, k_range = None, ()
    if evidence.structure != "constructed" and "constructed" not in between:
        k_star, k_range = _number_of_segments(benchmark, evidence, repeats, needed)
    return Verdict(
        structure="borderline" if between else evidence.structure,
        between=between,
        useful=NOT_TESTED,
        k_star=k_star,
        k_range=k_range,
        table=_table(benchmark, evidence, k_star, len(differ), n_tests),
        weighed=evidence,
        differ=differ,
        dated=dated,
        two_kinds=one_trait.two_kinds if one_trait else (),
        other_shape=other_shapes.k if other_shapes else None,
        artefacts=_artefacts(audit) if audit else (),
    )


def _artefacts(audit: AuditRecord) -> tuple[str, ...]:
    """Return the checks of an audit that found what makes clumps by itself."""
    checks = dict.fromkeys(check.check for check in audit.checks if check.found)
    return tuple(check for check in checks if check in words.ARTEFACTS)


def _number_of_segments(
    benchmark: Benchmark, evidence: Evidence, repeats: Sequence[Evidence], needed: GroupsNeeded | None
) -> tuple[int | None, tuple[int, ...]]:
    """Return k* and the k that the evidence does not tell apart."""
    k_star = evidence.k_star
    if needed is None or needed.k is None:
        close = {*undecided_k(evidence, k_star, benchmark.silhouette_errors)}
    else:
        close = {k_star, needed.k, *needed.undecided}
        if evidence.structure == "natural":
            up_to_needed = [k for k in evidence.stable_k if k_star <= k <= max(k_star, needed.k)]
            k_star = int(evidence.by_k.loc[up_to_needed, "excess"].idxmax())
        else:
            k_star = needed.k
    taken = Counter(repeat.k_star for repeat in repeats)
    close |= {k for k, times in taken.items() if times > MOST_DISSENTING and k in evidence.supported_k}
    return k_star, tuple(k for k in evidence.stable_k if min(close) <= k <= max(close))


def _table(benchmark: Benchmark, evidence: Evidence, k_star: int | None, n_differ: int, n_tests: int) -> pd.DataFrame:
    """Return one row per piece of evidence: evidence, question, found, without_segments, holds."""
    apart = benchmark.tests[~benchmark.tests["null"].map(benchmark.follows_the_data)]
    hardest = apart.loc[apart["p"].idxmax()]
    by_k = evidence.by_k
    most_stable = int(by_k["jaccard"].idxmax())
    k_stability = k_star or (max(evidence.stable_k) if evidence.stable_k else most_stable)
    at = by_k.loc[k_stability]
    null_jaccard = "" if pd.isna(at["jaccard_null"]) else f"Jaccard {at['jaccard_null']:.2f}, "
    null_strength = "" if pd.isna(at["prediction_high"]) else f"prediction up to {at['prediction_high']:.2f}"
    # the clearest case: at k* if it has a valley, else at the k at which the least clear valley is clearest
    k_valley = k_star
    if k_valley is None or (evidence.clear_k and k_valley not in evidence.clear_k):
        k_valley = max(evidence.clear_k) if evidence.clear_k else int(by_k["valley"].idxmax())
    valley = by_k.loc[k_valley]

    def where(k: int, best: str) -> str:
        """Say why a line is about another number of segments than the verdict is."""
        return "" if k == k_star else f", where it {best}"

    lines = [
        differences_line(n_differ, n_tests),
        (
            "silhouette",
            "Is the silhouette greater than without segments?",
            f"k = {hardest['k']}{where(hardest['k'], 'stands out most')}: {hardest['value']:.3f} "
            f"({p_value(evidence.p)})",
            f"{hardest['null_median']:.3f}, up to {hardest['null_high']:.3f}",
            evidence.stands_out,
        ),
        (
            "stability",
            "Do all segments come back in resampled data, for more reason than gradual differences?",
            f"k = {k_stability}: Jaccard {at['jaccard']:.2f}, prediction {at['prediction']:.2f}: "
            f"{words.how_they_come_back(evidence, k_stability)}",
            f"{null_jaccard}{null_strength}",
            bool(evidence.supported_k),
        ),
        (
            "separation",
            "Is there a valley between all neighbouring segments?",
            f"k = {k_valley}{where(k_valley, 'is clearest')}: dip {valley['valley']:.2f} "
            f"({p_value(valley['valley_p'])})",
            f"up to {valley['valley_high']:.2f}",
            bool(evidence.clear_k),
        ),
    ]
    return pd.DataFrame(lines, columns=COLUMNS)


def differences_line(n_differ: int, n_tests: int) -> tuple[str, str, str, str, bool | None]:
    """Return the line on whether customers differ at all; it holds neither yes nor no where nothing was asked."""
    return (
        "differences",
        "Do customers differ by more than chance?",
        f"{n_differ} of {n_tests} tests" if n_tests else "not asked",
        "0, at the level of 5%",
        n_differ > 0 if n_tests else None,
    )


def labels_of_repeats(evidence: Evidence, repeats: Sequence[Evidence]) -> tuple[str, ...]:
    """Return the labels of all, the strongest first, where more than one repeat does not agree; else none."""
    others = [repeat.structure for repeat in repeats if repeat.structure != evidence.structure]
    if len(others) <= MOST_DISSENTING:
        return ()
    return tuple(label for label in reversed(STRENGTH) if label in {evidence.structure, *others})


def differing_behaviours(homogeneity: pd.DataFrame) -> tuple[str, ...]:
    """Return the behaviours that differ, with the groups among which they do where these are not customers."""
    differ = homogeneity[homogeneity["differ"].astype(bool)]
    return tuple(
        row.behaviour if row.among == "customers" else f"{row.behaviour} among {row.among}"
        for row in differ.itertuples()
    )


def evidence_by_k(benchmark: Benchmark) -> pd.DataFrame:
    """Return the evidence for every k (`Evidence.by_k`)."""
    return evidence_of(benchmark).by_k
