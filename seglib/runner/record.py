"""The record of a run: run.json."""

from __future__ import annotations

import datetime as dt
import platform
from importlib.metadata import version

from seglib import __version__
from seglib.run import Run

VERDICT = ("structure", "useful", "headline", "sentence", "meaning", "use", "advice")
"""What run.json holds of the verdict."""


CARD = ("segment", "name", "sentence", "customers", "share", "beside", "facts")
"""What run.json holds of a segment."""


PACKAGES = ("pandas", "numpy", "scikit-learn", "duckdb", "pyarrow", "papermill")


def _audit(found: dict) -> dict:
    """Return what the audit of the matrix found, and in how many checks."""
    return {"findings": found["findings"], "checks": len({line["check"] for line in found["checks"]})}


def _record(run: Run, steps: dict[str, dict], started: dt.datetime) -> dict:
    """Gather run.json, the machine-readable face of a run, from what the notebooks wrote."""
    shop, recipe, choice, clustering = (run.read(name) for name in ("shop", "recipe", "choice", "clustering"))
    cards, verdict = run.read("cards"), run.read("verdict")
    return {
        "status": "done",
        "run": run.name,
        "recipe": recipe["name"],
        "source": shop["source"],
        "kind": shop["kind"],
        "as_of": shop["as_of"],
        "seed": steps["05_clustering"]["parameters"]["seed"],
        "parameters": {step: known["parameters"] for step, known in steps.items()},
        "inputs": shop["inputs"],
        "period": [shop["first_transaction"], shop["last_transaction"]],
        "customers": sum(card["customers"] for card in cards),
        "customers_without_transaction": recipe["customers_without_transaction"],
        "rows": shop["rows"],
        "findings": shop.get("findings", []),
        "notes": shop["notes"],
        "audit": _audit(recipe["audit"]),
        "k": clustering["k"],
        "k_reason": choice["reason"],
        "k_judged": choice["judged"],
        "inertia": clustering["inertia"],
        "silhouette": clustering["silhouette"],
        "verdict": {key: verdict[key] for key in VERDICT},
        "audiences": [path.stem for path in sorted((run.report_dir / "audience").glob("*.csv"))],
        "segments": [{key: card[key] for key in CARD} for card in cards],
        "durations_s": {step: known["seconds"] for step, known in steps.items()},
        "versions": {
            "seglib": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
        "started_utc": started.isoformat(timespec="seconds"),
    }
