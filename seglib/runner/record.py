"""The record of a run, ``run.json``, gathered from what the notebooks wrote."""

from __future__ import annotations

import datetime as dt
import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from seglib.run import Run
from seglib.schema.records import (
    AuditCountRecord,
    AuditRecord,
    RunLabelsRecord,
    RunRecord,
    RunSegmentRecord,
    RunVerdictRecord,
)

PACKAGES = ("seglib", "pandas", "numpy", "scikit-learn", "duckdb", "pyarrow", "papermill")
"""Packages whose versions are written down, beside that of Python."""


def record_of(
    run: Run, steps: Mapping[str, Mapping[str, Any]], *, started: dt.datetime, batch: str | None = None
) -> RunRecord:
    """Gather ``run.json`` from the artefacts of a run.

    Parameters
    ----------
    run : Run
        All notebooks have written what they write.
    steps : mapping of str to mapping
        By notebook: ``parameters`` and ``seconds``.
    started : datetime.datetime
    batch : str, optional
        The batch that the run belongs to.
    """
    shop, recipe, choice, clustering = (run.read(name) for name in ("shop", "recipe", "choice", "clustering"))
    cards, verdict, labels = run.read("cards"), run.read("verdict"), clustering.labels
    overview = run.read("overview")
    return RunRecord(
        status="done",
        run=run.name,
        recipe=recipe.name,
        source=shop.source,
        kind=shop.kind,
        as_of=shop.as_of,
        seed=steps["05_clustering"]["parameters"]["seed"],
        parameters={name: step["parameters"] for name, step in steps.items()},
        inputs=shop.inputs,
        period=(shop.first_transaction, shop.last_transaction),
        customers=sum(card.customers for card in cards),
        customers_without_transaction=recipe.customers_without_transaction,
        rows=shop.rows,
        findings=shop.findings,
        notes=shop.notes,
        audit=count_checks(recipe.audit),
        k=clustering.k,
        labels=labels and RunLabelsRecord.from_json(labels.to_json()),
        k_reason=f"they were {labels.origin}." if labels else choice.reason,
        k_judged="" if labels else choice.judged,
        inertia=clustering.inertia,
        silhouette=clustering.silhouette,
        # the short records take what they know of the long ones, and pass over the rest
        verdict=RunVerdictRecord.from_json(verdict.to_json()),
        glance=None if labels else choice.glance,
        audiences=tuple(dict.fromkeys(entry.segment for entry in overview.lists)),
        segments=tuple(RunSegmentRecord.from_json(card.to_json()) for card in cards),
        overview=overview,
        durations_s={name: step["seconds"] for name, step in steps.items()},
        versions=versions(),
        started_utc=started.isoformat(timespec="seconds"),
        batch=batch,
    )


def count_checks(audit: AuditRecord) -> AuditCountRecord:
    """Return what the audit of the matrix found, and how many kinds of checks it made."""
    return AuditCountRecord(audit.findings, len({line.check for line in audit.checks}))


def versions() -> dict[str, str]:
    """Return the versions of what a run depends on most."""
    first, *others = PACKAGES
    return {first: version(first), "python": platform.python_version(), **{name: version(name) for name in others}}
