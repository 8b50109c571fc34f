"""What has changed since the last run of the same name, as far as both records and both lists tell."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from seglib.style import percent

TOLD = {
    "started (UTC)": lambda r: r["started_utc"][:16].replace("T", " "),
    "source": lambda r: r["source"],
    "looked at on": lambda r: r["as_of"] or "–",
    "recipe": lambda r: r["recipe"],
    "customers": lambda r: f"{r['customers']:,}",
    "rows set aside": lambda r: f"{r['rows']['quarantined']:,}",
    "segments": lambda r: str(r["k"]),
    "mean silhouette": lambda r: f"{r['silhouette']:.3f}",
    "are they real?": lambda r: r["verdict"]["structure"],
    "are they useful?": lambda r: r["verdict"]["useful"],
}
"""What is compared, and how it is written."""


def compared(before: Path, folder: Path, record: dict) -> dict | None:
    """Compare a run with the one that it replaces.

    Parameters
    ----------
    before, folder : Path
        Report folders of the earlier run and of this one.
    record : dict
        ``run.json`` of this one.

    Returns
    -------
    dict or None
        sentence, rows (what, before, now, differs), changed; None where there is no earlier run that can be read.
    """
    try:
        old = json.loads((before / "run.json").read_text(encoding="utf-8"))
        then, now = _letters(before), _letters(folder)
        rows = [(what, tell(old), tell(record)) for what, tell in TOLD.items()]
        rows += [(f"customers of {s}", *(_members(r, s) for r in (old, record))) for s in _all_letters(old, record)]
        same_input = {i["sha256"] for i in old["inputs"]} == {i["sha256"] for i in record["inputs"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None  # none, or of a version that wrote something else
    both = then.keys() & now.keys()
    kept = sum(then[customer] == now[customer] for customer in both)
    told = ["The input is the same as before." if same_input else "The input is another one than before."]
    if both:
        told.append(
            f"Of {len(both):,} customers in both runs {percent(kept / len(both))} have the letter they had; "
            f"{len(now) - len(both):,} came and {len(then) - len(both):,} left."
        )
        if kept < 0.8 * len(both) and not record["parameters"]["05_clustering"].get("align_to"):
            told.append("Letters may have been given out anew: with align_to they are kept as far as possible.")
    else:
        told.append("No customer is in both runs.")
    shown = [{"what": what, "before": a, "now": b, "differs": a != b} for what, a, b in rows]
    return {"sentence": " ".join(told), "rows": shown, "changed": any(row["differs"] for row in shown[1:])}


def _letters(folder: Path) -> dict[str, str]:
    with (folder / "segments.csv").open(encoding="utf-8", newline="") as file:
        return {row["customer_id"]: row["segment"] for row in csv.DictReader(file)}


def _all_letters(*records: dict) -> list[str]:
    return sorted({s["segment"] for record in records for s in record["segments"]}, key=lambda s: (len(s), s))


def _members(record: dict, letter: str) -> str:
    found = [s for s in record["segments"] if s["segment"] == letter]
    return f"{found[0]['customers']:,} ({found[0]['name']})" if found else "–"
