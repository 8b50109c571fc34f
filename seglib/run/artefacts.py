"""The files that a run writes: artefacts for later notebooks, and files for people."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from seglib.errors import ParameterRefused
from seglib.schema.campaign_records import EffectRecord, ListsRecord
from seglib.schema.comparison_records import ComparisonRecord, TrendRecord
from seglib.schema.records import (
    CardRecord,
    ChoiceRecord,
    ClusteringRecord,
    OverviewRecord,
    RecipeRecord,
    Record,
    RulesRecord,
    ShopRecord,
    VerdictRecord,
)
from seglib.schema.renamed import RENAMED_FEATURES
from seglib.style import did_you_mean


@dataclass(frozen=True)
class Artefact:
    """A file that a run writes.

    Attributes
    ----------
    file : str
        Its path inside the run.
    step : str
        The notebook that writes it.
    what : str
        What it holds.
    record : type of Record, optional
        The class of its content, where it is JSON.
    formerly : dict of str to str
        Columns and what they were called in the last version, whose files are still read.
    """

    file: str
    step: str
    what: str
    record: type[Record] | None = None
    formerly: dict[str, str] = field(default_factory=dict)


ARTEFACTS: dict[str, Artefact] = {
    "shop": Artefact("shop.json", "01_ingest", "source, as_of, rows in, accepted and quarantined", ShopRecord),
    "quality": Artefact("quality.parquet", "01_ingest", "one row per rule of the contract: rows, share, examples"),
    "quarantine": Artefact("quarantine.parquet", "01_ingest", "the rows that were set aside, as they came"),
    "unified": Artefact("unified.parquet", "01_ingest", "one row per transaction, names joined"),
    "homogeneity": Artefact("homogeneity.parquet", "02_eda", "one row per test: do customers differ at all?"),
    "features": Artefact(
        "features.parquet",
        "03_preprocessing",
        "one row per customer, original units",
        formerly={new: old for old, new in RENAMED_FEATURES.items()},
    ),
    "matrix": Artefact("matrix.parquet", "03_preprocessing", "what KMeans sees: one row per object, scaled"),
    "recipe": Artefact(
        "recipe.json", "03_preprocessing", "the recipe and its options, as they were used", RecipeRecord
    ),
    "k_scores": Artefact("k_scores.parquet", "04_k_selection", "one row per k, metric and kind of null"),
    "k_segments": Artefact(
        "k_segments.parquet",
        "04_k_selection",
        "one row per k and segment: does it come back?",
        formerly={"segment_level_stability": "steadiness"},
    ),
    "choice": Artefact(
        "choice.json", "04_k_selection", "the k that was chosen, and why; the verdict on structure", ChoiceRecord
    ),
    "assignments": Artefact(
        "assignments.parquet",
        "05_clustering",
        "one row per row of the matrix: its segment, and the probability that it belongs there",
        formerly={"margin": "confidence"},
    ),
    "segments": Artefact(
        "segments.parquet",
        "05_clustering",
        "one row per customer: segment, margin, agreement, probability of belonging there",
        formerly={"margin": "confidence"},
    ),
    "clustering": Artefact(
        "clustering.json", "05_clustering", "the final fit: k, inertia, silhouette, sizes", ClusteringRecord
    ),
    "sensitivity": Artefact("sensitivity.parquet", "05_clustering", "one row per change: how far the segments move"),
    "model": Artefact("model.skops", "05_clustering", "what places a customer: pipeline, centres, letters"),
    "profiles": Artefact(
        "profiles.parquet",
        "06_interpretation",
        "one row per segment and variable",
        formerly={"observed": "seen", "observed_overall": "seen_overall"},
    ),
    "cards": Artefact(
        "cards.json", "06_interpretation", "one card per segment: name, sentence, markers, notes", CardRecord
    ),
    "overview": Artefact(
        "overview.json",
        "06_interpretation",
        "what the first page shows of all customers and every segment",
        OverviewRecord,
    ),
    "rules": Artefact("rules.json", "06_interpretation", "a few questions that nearly give the segments", RulesRecord),
    "thinning": Artefact("thinning.parquet", "06_interpretation", "one row per feature: an honest test of segments"),
    "outcomes": Artefact("outcomes.parquet", "06_interpretation", "one row per segment and outcome after the cut"),
    "gain": Artefact("gain.parquet", "06_interpretation", "one row per outcome: what segments add to plain rules"),
    "lists": Artefact("lists.json", "06_interpretation", "the lists of a campaign: salt, share, digest", ListsRecord),
    "migration": Artefact("migration.parquet", "07_monitoring", "one row per path from segment then to segment now"),
    "drift": Artefact("drift.parquet", "07_monitoring", "one row per feature: how far it drifted, and calm months"),
    "comparison": Artefact("compare.json", "07_monitoring", "what has moved between two runs", ComparisonRecord),
    "trend": Artefact("trend.json", "07_monitoring", "this comparison after those before it", TrendRecord),
    "effects": Artefact("effects.parquet", "08_campaign", "one row per outcome and segment: the effect of a campaign"),
    "effect": Artefact("effect.json", "08_campaign", "what a finished campaign says", EffectRecord),
    "verdict": Artefact(
        "verdict.json", "06_interpretation", "structure and use, and what follows from both", VerdictRecord
    ),
}
"""Every artefact but the canonical tables, which 01_ingest writes to ``tables/<name>.parquet``."""

ALONE = ("07_monitoring", "08_campaign")
"""Notebooks that not every run has: a run is whole without what they write."""

FOR_PEOPLE: dict[str, str] = {
    "customers_without_transaction.csv": "03_preprocessing",
    "segments.csv": "06_interpretation",
    "audience": "06_interpretation",
    "model.skops": "06_interpretation",
    "scoring.sql": "06_interpretation",
    "scoring_from_tables.sql": "06_interpretation",
    "compare.json": "07_monitoring",
    "movers.csv": "07_monitoring",
    "07_monitoring.html": "07_monitoring",
    "07_monitoring_business.html": "07_monitoring",
    "effect.json": "08_campaign",
    "08_campaign.html": "08_campaign",
    "08_campaign_business.html": "08_campaign",
}
"""Files and folders for people by name, each with the notebook that writes it."""

TABLES = "tables/"
"""What the names of canonical tables begin with, where they stand among artefacts: ``tables/customers``."""

FIRST = "01_ingest"
"""The notebook that writes the canonical tables."""


OWN = re.compile(r"(?P<step>\d\d_[a-z0-9_]+)/[\w-]+(?P<json>\.json)?")
"""What an artefact of an analyst's own notebook is called: ``07_lifetime/values``, or ``07_lifetime/values.json``."""


def check_artefact(name: str) -> None:
    """Refuse a name that no artefact has.

    Raises
    ------
    ParameterRefused
    """
    if name not in ARTEFACTS and not name.startswith(TABLES) and not OWN.fullmatch(name):
        raise ParameterRefused(
            f"there is no artefact '{name}'{did_you_mean(name, list(ARTEFACTS))}; one of a notebook of your own is "
            "called after it, such as '07_lifetime/values' (a table) or '07_lifetime/values.json'"
        )


def is_json(name: str) -> bool:
    """Say whether an artefact is JSON, and no table."""
    return name.endswith(".json") if OWN.fullmatch(name) else ARTEFACTS[name].record is not None


def step_of(name: str) -> str:
    """Return the notebook that writes an artefact or a canonical table (``tables/customers``)."""
    if match := OWN.fullmatch(name):
        return match["step"]
    return FIRST if name.startswith(TABLES) else ARTEFACTS[name].step


def file_of(name: str) -> str:
    """Return the path of an artefact or of a canonical table inside the folder of a run."""
    if match := OWN.fullmatch(name):
        return name if match["json"] else f"{name}.parquet"
    return f"{name}.parquet" if name.startswith(TABLES) else ARTEFACTS[name].file
