"""The record of a run: run.json."""

from __future__ import annotations

import datetime as dt
import platform
from importlib.metadata import version

from seglib import __version__
from seglib.run import Run
from seglib.schema.records import AuditRecord

VERDICT = ("structure", "useful", "headline", "claim", "sentence", "meaning", "use", "use_claim", "use_lead", "advice")
"""What run.json holds of the verdict."""


CARD = ("segment", "name", "sentence", "customers", "share", "beside", "notes")
"""What run.json holds of a segment."""


PACKAGES = ("pandas", "numpy", "scikit-learn", "duckdb", "pyarrow", "papermill")


def _audit(audit: AuditRecord) -> dict:
    """Return what the audit of the matrix found, and in how many checks."""
    return {"findings": list(audit.findings), "checks": len({line.check for line in audit.checks})}


def _record(run: Run, steps: dict[str, dict], started: dt.datetime) -> dict:
    """Gather run.json, the machine-readable face of a run, from what the notebooks wrote."""
    shop, recipe, choice, clustering = (run.read(name) for name in ("shop", "recipe", "choice", "clustering"))
    cards, verdict = run.read("cards"), run.read("verdict").to_json()
    return {
        "status": "done",
        "run": run.name,
        "recipe": recipe.name,
        "source": shop.source,
        "kind": shop.kind,
        "as_of": shop.as_of,
        "seed": steps["05_clustering"]["parameters"]["seed"],
        "parameters": {step: known["parameters"] for step, known in steps.items()},
        "inputs": shop.to_json()["inputs"],
        "period": [shop.first_transaction, shop.last_transaction],
        "customers": sum(card.customers for card in cards),
        "customers_without_transaction": recipe.customers_without_transaction,
        "rows": shop.rows.to_json(),
        "findings": shop.to_json()["findings"],
        "notes": list(shop.notes),
        "audit": _audit(recipe.audit),
        "k": clustering.k,
        "k_reason": choice.reason,
        "k_judged": choice.judged,
        "inertia": clustering.inertia,
        "silhouette": clustering.silhouette,
        "verdict": {key: verdict[key] for key in VERDICT},
        "audiences": [path.stem for path in sorted((run.report_dir / "audience").glob("*.csv"))],
        "segments": [{key: card.to_json()[key] for key in CARD} for card in cards],
        "durations_s": {step: known["seconds"] for step, known in steps.items()},
        "versions": {
            "seglib": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
        "started_utc": started.isoformat(timespec="seconds"),
    }
