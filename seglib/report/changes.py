"""What has changed since the last run of the same name, according to both records and both lists of customers."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

from seglib.schema.records import RunRecord
from seglib.style import percent

COMPARED: dict[str, Callable[[RunRecord], str]] = {
    "started (UTC)": lambda run: run.started_utc[:16].replace("T", " "),
    "source": lambda run: run.source,
    "looked at on": lambda run: run.as_of or "–",
    "recipe": lambda run: run.recipe,
    "customers": lambda run: f"{run.customers:,}",
    "rows set aside": lambda run: f"{run.rows.quarantined:,}",
    "segments": lambda run: str(run.k),
    "mean silhouette": lambda run: f"{run.silhouette:.3f}",
    "are they real?": lambda run: run.verdict.structure,
    "are they useful?": lambda run: run.verdict.useful,
}
"""What is compared, and how it is written."""

SAME_LETTERS = 0.8
"""If a smaller share of customers keeps the letter, the page says how letters can be kept."""


def compared(before: Path, folder: Path, record: RunRecord) -> dict | None:
    """Compare a run with the one that it replaces.

    Parameters
    ----------
    before, folder : Path
        Report folders of the earlier run and of this one.
    record : RunRecord
        Of this one.

    Returns
    -------
    dict or None
        sentence, rows (what, before, now, differs), changed; None where there is no earlier run that can be read.
    """
    try:
        old = RunRecord.from_json(json.loads((before / "run.json").read_text(encoding="utf-8")))
        then, now = _letters(before), _letters(folder)
        rows = [(what, write(old), write(record)) for what, write in COMPARED.items()]
        rows += [(f"customers of {s}", _members(old, s), _members(record, s)) for s in _all_letters(old, record)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # there is none, or another version wrote something else
    if not old.started_utc:
        return None
    same_input = {table.sha256 for table in old.inputs} == {table.sha256 for table in record.inputs}
    both = then.keys() & now.keys()
    n_same = sum(then[customer] == now[customer] for customer in both)
    sentences = ["The input is the same as before." if same_input else "The input is another one than before."]
    if both:
        sentences.append(
            f"Of {len(both):,} customers in both runs {percent(n_same / len(both))} have the letter they had; "
            f"{len(now) - len(both):,} came and {len(then) - len(both):,} left."
        )
        aligned = record.parameters["05_clustering"].get("align_to")
        if n_same < SAME_LETTERS * len(both) and not aligned:
            sentences.append("Letters may have been given out anew: with align_to they are kept as far as possible.")
    else:
        sentences.append("No customer is in both runs.")
    table = [{"what": what, "before": a, "now": b, "differs": a != b} for what, a, b in rows]
    return {"sentence": " ".join(sentences), "rows": table, "changed": any(row["differs"] for row in table[1:])}


def _letters(folder: Path) -> dict[str, str]:
    with (folder / "segments.csv").open(encoding="utf-8", newline="") as file:
        return {row["customer_id"]: row["segment"] for row in csv.DictReader(file)}


def _all_letters(*records: RunRecord) -> list[str]:
    return sorted({s.segment for record in records for s in record.segments}, key=lambda s: (len(s), s))


def _members(record: RunRecord, letter: str) -> str:
    """Return how many customers a segment has, and its name; a dash where there is no such segment."""
    segment = next((segment for segment in record.segments if segment.segment == letter), None)
    return f"{segment.customers:,} ({segment.name})" if segment else "–"
