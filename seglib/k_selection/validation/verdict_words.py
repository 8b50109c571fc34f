"""The words of the verdict, all in one place: sentences are made from the evidence, and say no more than it holds."""

from __future__ import annotations

from seglib.k_selection.validation.evidence import Evidence
from seglib.style import humanize, join_words, p_value

HEADLINE: dict[str, str] = {
    "natural": "Yes: customers form clumps",
    "reproducible": "The segments come back, but where one ends is a choice",
    "constructed": "Not shown: the method may have made these segments",
    "borderline": "Borderline: the evidence does not decide",
}
"""The verdict in a few words."""

MEANING: dict[str, str] = {
    "natural": "The data are clumped by themselves, and the segments follow the clumps.",
    "reproducible": "Other samples of these customers are divided in the same way, but where one segment ends and the "
    "next begins is a choice.",
    "constructed": "The segments are made by the method: nothing shows that the data ask for them.",
    "borderline": "With other random numbers the answer is another one. Treat it as the weakest of them.",
}
"""What the labels mean (Dolnicar & Leisch 2010, Marketing Letters 21(1))."""

ADVICE: dict[str, str] = {
    "natural": "You can plan with these segments.",
    "reproducible": "You can work with these segments as with age groups. Treat customers near a border alike.",
    "constructed": "Choose as many segments as you can serve, and prefer simple rules that anybody can "
    "follow{example}. Do not read a character into a segment.",
}
"""What follows from the labels."""

MEANING_OF_LABELS: dict[str, str] = {
    "constructed": "The segments are made by whoever drew them: nothing shows that the data ask for them.",
    "reproducible": "Other samples of these customers are divided in nearly the same way, but where one segment ends "
    "and the next begins is a choice.",
}
"""What the labels mean where the segments came from somebody else; the others mean the same."""

CONSTRUCTED_LABELS = (
    "Use the segments for what they were drawn for, as one uses age groups. Do not read a character into a segment."
)
"""What follows where the segments of somebody else are constructed."""

RULES_WITH_DATES = ", such as how recently and how often a customer was there"
"""An example of simple rules, where the shop has dates."""

TWO_KINDS_HEADLINE = "Two kinds of customers in {features}, and nothing more was shown"
"""The headline where the only evidence is that of one trait."""

OTHER_SHAPE_HEADLINE = "There are groups, but KMeans cuts across them"
"""The headline where the only evidence is that of groups of another shape."""

WHAT_NEXT = "Whether they help is another question: what do these customers do next?"
"""Added to the advice where there are dates, so that it can be asked."""

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


def advice(structure: str, *, dated: bool) -> str:
    """Return what follows from a label, in a shop with or without dates."""
    text = ADVICE[structure].format(example=RULES_WITH_DATES if dated else "")
    return f"{text} {WHAT_NEXT}" if structure == "natural" and dated else text


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

AFTER_ARTEFACTS = "Do what the audit in 03 says and run again, before you plan with these segments."
"""What follows from a label where the audit has found what makes clumps by itself."""


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
            f"these segments are more clumped than {GRADUALLY}{p}, all of them come back in resampled data, and few "
            "customers are between neighbouring segments."
        )
    if evidence.structure == "reproducible" and evidence.beyond_gradual:
        but = "there is no valley between all neighbouring segments"
        if evidence.clear_k:
            but = f"where all customers are alike the silhouette is as great{p}"
        return (
            f"these segments come back in resampled data, and are more clumped than {GRADUALLY}{p_gradual}, but "
            f"{but}. Where one segment ends is a choice."
        )
    if evidence.structure == "reproducible" and evidence.clear_k:
        return (
            "these segments come back in resampled data, and few customers are between neighbouring segments, but the "
            f"silhouette is no greater than {GRADUALLY}{p_gradual}. Where one segment ends is a choice."
        )
    if evidence.structure == "reproducible":
        return (
            f"these segments come back in resampled data more surely than {GRADUALLY}, but the silhouette is no "
            f"greater than there{p_gradual}. Where one segment ends is a choice."
        )
    if evidence.beyond_gradual and not evidence.stable_k:
        return f"these segments are more clumped than {GRADUALLY}{p_gradual}, but {not_found}."
    if evidence.beyond_gradual:
        return f"customers were not shown to differ, and where all are alike the silhouette is as great{p}."
    if evidence.stable_k:
        return (
            "not shown to be more than gradual: these segments come back in resampled data, but so do those of the "
            f"same rule where customers differ gradually, and the silhouette is as great there{p_gradual}."
        )
    return (
        "not shown to be more than gradual: where customers differ gradually, the silhouette of their rule is as "
        f"great or greater{p_gradual}, and {not_found}."
    )


def label_advice(structure: str, *, dated: bool) -> str:
    """Return what follows from the verdict on somebody else's segments."""
    if structure != "constructed":
        return advice(structure, dated=dated)
    return f"{CONSTRUCTED_LABELS} {WHAT_NEXT}" if dated else CONSTRUCTED_LABELS


def rule_in_words(by_rule: float) -> str:
    """Return with what somebody else's segments were compared, and how far that stands for them."""
    return (
        "How the segments were made is not known here, so in shops without segments a rule stands for them: the "
        f"nearest centre. It gives {by_rule:.0%} of the customers the segment that they have."
    )


def small_segment(share: float) -> str:
    """Return the remark on a segment that is too small for a list."""
    return f"One segment holds {share:.1%} of the customers: it can be real, but it is small for a list."


def _natural(evidence: Evidence, k_star: int | None, k_range: tuple[int, ...], with_p: bool) -> str:
    others = ""
    if len(k_range) > 1:
        others = f", but {number_of_segments(k_range)} cannot be told apart"
    clumped = f"customers are more clumped than {GRADUALLY}{_p(evidence.p, with_p)}, and few of them are between"
    if k_star in evidence.clear_k:
        return f"{clumped} neighbouring segments; k = {k_star} describes it best{others}."
    return (
        f"{clumped} the segments if there are {max(evidence.clear_k)}; k = {k_star} describes it best{others}, though "
        f"with {k_star} not all neighbouring segments are apart."
    )


def _reproducible(evidence: Evidence, k_star: int | None, k_range: tuple[int, ...], with_p: bool) -> str:
    others = f" ({number_of_segments(k_range)} cannot be told apart)" if len(k_range) > 1 else ""
    back = f"a division into {k_star} segments{others} comes back in resampled data"
    if evidence.beyond_gradual:
        clumped = f"customers are more clumped than {GRADUALLY}{_p(evidence.p_gradual, with_p)}"
        if evidence.clear_k:
            but = f"where all customers are alike the silhouette is as great{_p(evidence.p, with_p)}"
        else:
            but = "there is no valley between all neighbouring segments"
        return f"{back}, and {clumped}, but {but}. Where one segment ends is a choice."
    if not evidence.predicted_k:
        return (
            f"{back}, and few customers are between neighbouring segments, but the silhouette is no greater than "
            f"{GRADUALLY}{_p(evidence.p_gradual, with_p)}. Where one segment ends is a choice."
        )
    return (
        f"{back}, and one half of the customers predicts the other better than {GRADUALLY}, but the silhouette is no "
        f"greater than there{_p(evidence.p_gradual, with_p)}. Where one segment ends is a choice."
    )


def _constructed(evidence: Evidence, with_p: bool) -> str:
    if evidence.beyond_gradual and not evidence.stable_k:
        return (
            f"customers are more clumped than {GRADUALLY}{_p(evidence.p_gradual, with_p)}, but for no number of "
            "segments do all of them come back in resampled data."
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
            f"segments come back in resampled data (k = {numbers}), and one half of the customers predicts the other "
            f"better than {GRADUALLY}, but the silhouette is no greater than there{p}, and customers were not shown to "
            "differ."
        )
    if evidence.stable_k:
        numbers = join_words([str(k) for k in evidence.stable_k])
        return (
            f"not shown to be more than gradual: segments come back in resampled data (k = {numbers}), but where "
            "customers differ gradually, one half of them predicts the other as well, and the silhouette is as "
            f"great{p}."
        )
    return (
        "not shown to be more than gradual: where customers differ gradually, the silhouette is as "
        f"great{p}, and for no number of segments do all of them come back in resampled data."
    )


def _p(p: float, with_p: bool) -> str:
    return f" ({p_value(p)})" if with_p else ""
