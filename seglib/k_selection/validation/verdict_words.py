"""The words of the verdict for analysts: sentences are made from the evidence, and say no more than it holds.

What a manager reads (headline, meaning, advice) stands in `seglib.style.vocabulary.verdict`, by the keys given here.
"""

from __future__ import annotations

from seglib.k_selection.validation.evidence import Evidence
from seglib.style import ADVICE, MEANING, humanize, join_words, p_value

GRADUALLY = "in data where they differ gradually"
"""The null models in which customers differ, in words."""


def claim(evidence: Evidence, k_star: int | None, k_range: tuple[int, ...], *, with_p: bool) -> str:
    """Return what is claimed, as it goes on after a colon.

    Parameters
    ----------
    evidence : Evidence
    k_star : int or None
    k_range : tuple of int
        The k that the evidence does not tell apart; empty where it speaks for none.
    with_p : bool
        Whether p-values are given.
    """
    structure = evidence.structure
    if structure == "natural":
        return _natural(evidence, k_star, k_range, with_p)
    if structure == "reproducible":
        return _reproducible(evidence, k_star, k_range, with_p)
    return _constructed(evidence, with_p)


def two_kinds_claim(features: tuple[str, ...]) -> str:
    """Return what is claimed where customers are of two kinds in one trait, and no other evidence speaks."""
    names = join_words([humanize(name) for name in features])
    return f"customers are of two kinds in {names}; that they form groups in anything else was not shown."


def two_kinds_note(features: tuple[str, ...]) -> str:
    """Return the remark on two kinds in one trait where other evidence speaks too."""
    names = join_words([humanize(name) for name in features])
    if len(features) == 1:
        return f"By itself, {names} shows two kinds of customers."
    return f"Each by itself, {names} show two kinds of customers."


def how_they_come_back(evidence: Evidence, k: int) -> str:
    """Say in a few words how far the segments come back, and for which reason that counts or does not.

    Beside a null model whose segments come back as surely, a yes looks like a contradiction unless it says what else
    speaks for them (`Evidence.supported_k`).
    """
    if k not in evidence.stable_k:
        return "not all come back"
    if k in evidence.predicted_k:
        return "they come back, and one half predicts the other better than without segments"
    if k in evidence.clear_k:
        return "they come back; that there are valleys between them decides"
    if evidence.beyond_gradual:
        return "they come back; that the silhouette is greater decides"
    return "they come back, but not for more reason than where customers differ gradually"


def other_shape_claim(k: int) -> str:
    """Return what is claimed where other methods agree on groups that KMeans cuts across."""
    return f"there are {k} groups on which other methods agree, and KMeans cuts across them."


def borderline_claim(between: tuple[str, ...]) -> str:
    """Return what is claimed where repeats with other seeds do not agree."""
    return f"measured with other random numbers the answer differs: {join_words(between, last='or')}."


def number_of_segments(k_range: tuple[int, ...]) -> str:
    """Return the k that the evidence does not tell apart in words, such as "2 or 3", or "2 to 5"."""
    if len(k_range) > 2:
        return f"{k_range[0]} to {k_range[-1]}"
    return join_words([str(k) for k in k_range], last="or")


def advice_key(structure: str, *, dated: bool) -> str:
    """Return the key of the advice (`seglib.style.ADVICE`) on a label, in a shop with or without dates."""
    key = f"{structure} dated" if dated else structure
    return key if key in ADVICE else structure


ARTEFACTS: dict[str, str] = {
    "levels": "one fact that stands in several columns",
    "duplicate": "a column that is there twice",
    "label": "a column that looks like the label of a cluster",
    "sum": "numbers that add up to the same in every row",
    "zeros": "numbers that are zero together in many rows",
    "spike": "rows that share one value in two columns",
    "recoding": "integers in place of names",
    "extreme": "rows that lie far out",
    "handful": "a cluster of a handful of rows",
}
"""What of the findings of the audit makes clumps by itself, by its check."""


def artefacts_note(checks: tuple[str, ...]) -> str:
    """Say what the clumps may rest on."""
    whats = join_words([ARTEFACTS[check] for check in checks])
    return f"The clumps may rest on {whats}: the audit in 03 has found that, and it makes clumps by itself."


def label_claim(evidence: Evidence, *, with_p: bool) -> str:
    """Return what is claimed of somebody else's segments, as it goes on after a colon.

    Parameters
    ----------
    evidence : Evidence
        For one division, that of the labels.
    with_p : bool
        Whether p-values are given.
    """
    p, p_gradual = _p(evidence.p, with_p), _p(evidence.p_gradual, with_p)
    least = float(evidence.by_k["jaccard"].iloc[0])
    not_found = f"KMeans does not find all of them again in resampled data (Jaccard {least:.2f} for the least stable)"
    if evidence.structure == "natural":
        return (
            f"these groups are more clumped than {GRADUALLY}{p}, all of them come back in resampled data, and few "
            "customers are between neighbouring groups."
        )
    if evidence.structure == "reproducible" and evidence.beyond_gradual:
        but = "there is no valley between all neighbouring groups"
        if evidence.clear_k:
            but = f"where all customers are alike the silhouette is as great{p}"
        return (
            f"these groups come back in resampled data, and are more clumped than {GRADUALLY}{p_gradual}, but "
            f"{but}. Where one group ends is a choice."
        )
    if evidence.structure == "reproducible" and evidence.clear_k:
        return (
            "these groups come back in resampled data, and few customers are between neighbouring groups, but the "
            f"silhouette is no greater than {GRADUALLY}{p_gradual}. Where one group ends is a choice."
        )
    if evidence.structure == "reproducible":
        return (
            f"these groups come back in resampled data more surely than {GRADUALLY}, but the silhouette is no "
            f"greater than there{p_gradual}. Where one group ends is a choice."
        )
    if evidence.beyond_gradual and not evidence.stable_k:
        return f"these groups are more clumped than {GRADUALLY}{p_gradual}, but {not_found}."
    if evidence.beyond_gradual:
        return f"customers were not shown to differ, and where all are alike the silhouette is as great{p}."
    if evidence.stable_k:
        return (
            "not shown to be more than gradual: these groups come back in resampled data, but so do those of the "
            f"same rule where customers differ gradually, and the silhouette is as great there{p_gradual}."
        )
    return (
        "not shown to be more than gradual: where customers differ gradually, the silhouette of their rule is as "
        f"great or greater{p_gradual}, and {not_found}."
    )


def label_key(structure: str) -> str:
    """Return the key of what a label means (`seglib.style.MEANING`) where the segments are somebody else's."""
    key = f"given {structure}"
    return key if key in MEANING else structure


def label_advice_key(structure: str, *, dated: bool) -> str:
    """Return the key of what follows from the verdict on somebody else's segments."""
    return advice_key(label_key(structure) if structure == "constructed" else structure, dated=dated)


def rule_in_words(by_rule: float) -> str:
    """Return with what somebody else's segments were compared, and how far that stands for them."""
    return (
        "How the groups were made is not repeated in shops without groups: there a rule stands for them, the "
        f"nearest centre. It gives {by_rule:.0%} of the customers the group that they have."
    )


def small_segment(share: float) -> str:
    """Return the remark on a segment that is too small for a list."""
    return f"One group holds {share:.1%} of the customers: it can be real, but it is small for a list."


def _natural(evidence: Evidence, k_star: int | None, k_range: tuple[int, ...], with_p: bool) -> str:
    others = ""
    if len(k_range) > 1:
        others = f", but {number_of_segments(k_range)} cannot be told apart"
    clumped = f"customers are more clumped than {GRADUALLY}{_p(evidence.p, with_p)}, and few of them are between"
    if k_star in evidence.clear_k:
        return f"{clumped} neighbouring groups; k = {k_star} describes it best{others}."
    return (
        f"{clumped} the groups if there are {max(evidence.clear_k)}; k = {k_star} describes it best{others}, though "
        f"with {k_star} not all neighbouring groups are apart."
    )


def _reproducible(evidence: Evidence, k_star: int | None, k_range: tuple[int, ...], with_p: bool) -> str:
    others = f" ({number_of_segments(k_range)} cannot be told apart)" if len(k_range) > 1 else ""
    back = f"a division into {k_star} groups{others} comes back in resampled data"
    if evidence.beyond_gradual:
        clumped = f"customers are more clumped than {GRADUALLY}{_p(evidence.p_gradual, with_p)}"
        if evidence.clear_k:
            but = f"where all customers are alike the silhouette is as great{_p(evidence.p, with_p)}"
        else:
            but = "there is no valley between all neighbouring groups"
        return f"{back}, and {clumped}, but {but}. Where one group ends is a choice."
    if not evidence.predicted_k:
        return (
            f"{back}, and few customers are between neighbouring groups, but the silhouette is no greater than "
            f"{GRADUALLY}{_p(evidence.p_gradual, with_p)}. Where one group ends is a choice."
        )
    return (
        f"{back}, and one half of the customers predicts the other better than {GRADUALLY}, but the silhouette is no "
        f"greater than there{_p(evidence.p_gradual, with_p)}. Where one group ends is a choice."
    )


def _constructed(evidence: Evidence, with_p: bool) -> str:
    if evidence.beyond_gradual and not evidence.stable_k:
        return (
            f"customers are more clumped than {GRADUALLY}{_p(evidence.p_gradual, with_p)}, but for no number of "
            "groups do all of them come back in resampled data."
        )
    if evidence.beyond_gradual:
        return (
            "customers were not shown to differ, and where all are alike the silhouette is as great"
            f"{_p(evidence.p, with_p)}."
        )
    p = _p(evidence.p_gradual, with_p)
    if evidence.beats_only_copula:
        return (
            f"customers are more clumped than a Gaussian copula makes them{_p(evidence.p_by_null['copula'], with_p)}, "
            f"but not shown to be more clumped than smooth data along the same curves{p}."
        )
    if evidence.predicted_k:
        numbers = join_words([str(k) for k in evidence.predicted_k])
        return (
            f"groups come back in resampled data (k = {numbers}), and one half of the customers predicts the other "
            f"better than {GRADUALLY}, but the silhouette is no greater than there{p}, and customers were not shown to "
            "differ."
        )
    if evidence.stable_k:
        numbers = join_words([str(k) for k in evidence.stable_k])
        return (
            f"not shown to be more than gradual: groups come back in resampled data (k = {numbers}), but where "
            "customers differ gradually, one half of them predicts the other as well, and the silhouette is as "
            f"great{p}."
        )
    return (
        "not shown to be more than gradual: where customers differ gradually, the silhouette is as "
        f"great{p}, and for no number of groups do all of them come back in resampled data."
    )


def _p(p: float, with_p: bool) -> str:
    return f" ({p_value(p)})" if with_p else ""
