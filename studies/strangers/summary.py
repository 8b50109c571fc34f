"""The summary of the study as Markdown: every kind that was tried, misses included."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from seglib.stats import wilson

from .kinds import Kind

LABELS = ("natural", "reproducible", "constructed", "borderline")


def summary(outcomes: pd.DataFrame, kinds: Sequence[Kind], seeds: pd.DataFrame | None = None) -> str:
    """Return the tables; ``seeds`` has draws that were analysed with several seeds."""
    truth = {kind.name: kind.truth for kind in kinds}
    without = outcomes[outcomes["groups"] == 0]
    with_groups = outcomes[outcomes["groups"] > 0]
    unknown = outcomes[outcomes["groups"].isna()]
    lines = [
        "# How often is the verdict right on data of strangers?",
        "",
        "Written by `python -m studies.strangers` from `studies/strangers.csv`, which has a line per draw with its",
        "seed.",
        "Kinds marked * were added when the rule was finished. Of the others, draws with seeds below 101 were looked",
        "at while the rule was made; none of these draws is here. Data that packages ship do not change with the seed,",
        "but for the order of their rows. Shares are followed by their 95% Wilson interval.",
        "",
        "## Without groups",
        "",
        "Natural should be rare here (at most 5%), reproducible too (at most 10%).",
        "",
        "| kind | customers | draws | natural | reproducible | constructed | borderline |",
        "|---|---|---|---|---|---|---|",
        *_labels(without),
        "",
        "## With groups",
        "",
        "Found: natural or reproducible. Two kinds: the verdict says that customers are of two kinds in some feature.",
        "Of the natural ones, right k: k is the planted number; inside: it is among the k that the verdict does not",
        "tell apart. ARI: median agreement with the planted groups at the k of the verdict, and of KMeans at the",
        "planted number, which no verdict can exceed by much.",
        "",
        "| kind | groups | draws | found | natural | two kinds | right k | inside | ARI | ARI at planted number |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *_found(with_groups),
        "",
        "## What other criteria would have said",
        "",
        "Share of the draws in which each names two or more groups (without groups), or the planted number (with",
        "groups). The silhouette and the elbow always name some.",
        "",
        "| kind | groups | gap | prediction strength | greatest silhouette | elbow | the verdict |",
        "|---|---|---|---|---|---|---|",
        *_others(outcomes[outcomes["groups"].notna()]),
    ]
    if len(unknown):
        lines += [
            "",
            "## Data whose groups nobody knows",
            "",
            "| kind | customers | draws | natural | reproducible | constructed | borderline |",
            "|---|---|---|---|---|---|---|",
            *_labels(unknown),
        ]
    if seeds is not None:
        lines += [
            "",
            "## The same data, other seeds of the analysis",
            "",
            "The first draw of each kind, analysed with several seeds: how often the commonest verdict was given, and",
            "which others were.",
            "",
            "| kind | seeds | commonest verdict | times | others |",
            "|---|---|---|---|---|",
            *_by_seed(seeds),
        ]
    tried = [name for name in truth if name in set(outcomes["kind"])]
    lines += ["", "## The kinds", "", *(f"- **{name}**: {truth[name]}" for name in tried)]
    return "\n".join(lines) + "\n"


def _name(rows: pd.DataFrame) -> str:
    return f"{rows['kind'].iloc[0]}{'' if rows['tuned'].iloc[0] else ' *'}"


def _labels(outcomes: pd.DataFrame) -> list[str]:
    lines = []
    for (_, customers), rows in outcomes.groupby(["kind", "customers"], sort=False):
        shares = [_share((rows["structure"] == label).sum(), len(rows)) for label in LABELS]
        lines.append(f"| {_name(rows)} | {customers:,} | {len(rows)} | {' | '.join(shares)} |")
    return lines


def _found(outcomes: pd.DataFrame) -> list[str]:
    lines = []
    for _, rows in outcomes.groupby(["kind", "customers"], sort=False):
        found = rows[rows["structure"].isin(["natural", "reproducible"])]
        natural = rows[rows["structure"] == "natural"]
        right = int((natural["k"] == natural["groups"]).sum())
        inside = sum(str(int(row.groups)) in str(row.k_range).replace(".0", "").split() for row in natural.itertuples())
        cells = [
            _name(rows),
            str(int(rows["groups"].iloc[0])),
            str(len(rows)),
            _share(len(found), len(rows)),
            _share(len(natural), len(rows)),
            f"{rows['two_kinds'].notna().mean():.0%}",
            _share(right, len(natural)),
            _share(inside, len(natural)),
            f"{found['ari'].median():.2f}" if found["ari"].notna().any() else "",
            f"{rows['ari_of_groups'].median():.2f}" if rows["ari_of_groups"].notna().any() else "",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _others(outcomes: pd.DataFrame) -> list[str]:
    lines = []
    for (_, customers), rows in outcomes.groupby(["kind", "customers"], sort=False):
        groups = int(rows["groups"].iloc[0])
        cells = [f"{_name(rows)}, {customers:,}", str(groups)]
        for criterion in ("gap", "prediction_strength", "silhouette", "elbow"):
            says = rows[criterion].fillna(1)
            cells.append(f"{((says > 1) if groups == 0 else (says == groups)).mean():.0%}")
        found = rows["structure"].isin(["natural", "reproducible"])
        cells.append(f"{(found if groups == 0 else found & (rows['k'] == groups)).mean():.0%}")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _by_seed(seeds: pd.DataFrame) -> list[str]:
    lines = []
    for _, rows in seeds.groupby("kind", sort=False):
        counts = rows["structure"].value_counts()
        others = ", ".join(f"{label} {n}" for label, n in counts.iloc[1:].items())
        lines.append(f"| {_name(rows)} | {len(rows)} | {counts.index[0]} | {counts.iloc[0]} | {others} |")
    return lines


def _share(successes: int, n: int) -> str:
    if not n:
        return "–"
    low, high = wilson(successes / n, n)
    return f"{successes / n:.0%} ({low:.0%} to {high:.0%})"
