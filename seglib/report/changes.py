"""What has changed since the last run of the same name, according to both records and both lists of customers."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from seglib.report.index import figures
from seglib.report.words import vocabulary_of_run
from seglib.run import safe_csv
from seglib.schema.records import RunRecord
from seglib.style import Vocabulary

COMPARED: dict[str, Callable[[RunRecord, Vocabulary], str]] = {
    "started": lambda run, words: run.started_utc[:16].replace("T", " "),
    "from": lambda run, words: run.source,
    "looked at": lambda run, words: run.as_of or "–",
    "recipe": lambda run, words: run.recipe,
    "number of customers": lambda run, words: words.count(run.customers),
    "rows set aside": lambda run, words: words.count(run.rows.quarantined),
    "segments": lambda run, words: str(run.k),
    "silhouette": lambda run, words: words.numbers.write(run.silhouette, ".3f"),
    "are they real": lambda run, words: words.STRUCTURES.get(run.verdict.structure, run.verdict.structure),
    "are they useful": lambda run, words: words.USEFULNESS.get(run.verdict.useful, run.verdict.useful),
}
"""What is compared, by the key of its name in the vocabulary, and how it is written."""

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
        sentence, rows (what, before, now, differs), changed, day (of the earlier run), figures (how those of the first
        page changed, by kind), letters and moves (by letter before, how many have each letter now; empty where nobody
        moved), movers (customer, group before, group now; empty for who came or left); None where there is no earlier
        run that can be read.
    """
    words = vocabulary_of_run(record)
    try:
        old = RunRecord.from_json(json.loads((before / "run.json").read_text(encoding="utf-8")))
        then, now = _letters(before), _letters(folder)
        rows = [(words.page(what), write(old, words), write(record, words)) for what, write in COMPARED.items()]
        rows += [
            (words.page("customers of", letter=s), _members(old, s, words), _members(record, s, words))
            for s in _all_letters(old, record)
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # there is none, or another version wrote something else
    if not old.started_utc:
        return None
    both = then.keys() & now.keys()
    moved = Counter((then[customer], now[customer]) for customer in both)
    n_same = sum(n for (a, b), n in moved.items() if a == b)
    aligned = record.parameters.get("05_clustering", {}).get("align_to")
    table = [{"what": what, "before": a, "now": b, "differs": a != b} for what, a, b in rows]
    letters = _all_letters(old, record)
    return {
        "sentence": " ".join(_sentences(old, record, then, now, n_same, words, aligned=bool(aligned))),
        "rows": table,
        "changed": any(row["differs"] for row in table[1:]),
        "day": old.as_of or old.started_utc[:10],
        "figures": figure_changes(old, record),
        "letters": letters,
        "movers": [
            (customer, then.get(customer, ""), now.get(customer, ""))
            for customer in sorted({*then, *now}, key=lambda name: (len(name), name))
            if then.get(customer) != now.get(customer)
        ],
        "moves": [(a, [moved[a, b] for b in letters]) for a in letters] if both and n_same < len(both) else [],
    }


def write_movers(folder: Path, previous: dict | None) -> Path | None:
    """Write ``moved.csv``: who changed group, came or left since the last run; no file where nobody did.

    Parameters
    ----------
    folder : Path
        The run's report folder.
    previous : dict, optional
        From `compared`.
    """
    path = folder / "moved.csv"
    path.unlink(missing_ok=True)
    if previous is None or not previous["movers"]:
        return None
    import pandas as pd

    table = pd.DataFrame(previous["movers"], columns=["customer_id", "group_before", "group_now"])
    path.write_text(safe_csv(table), encoding="utf-8", newline="")
    return path


def _sentences(
    old: RunRecord,
    record: RunRecord,
    then: dict[str, str],
    now: dict[str, str],
    n_same: int,
    words: Vocabulary,
    *,
    aligned: bool,
) -> list[str]:
    """Say whether the input changed, and how many customers moved, came and left."""
    same_input = {table.sha256 for table in old.inputs} == {table.sha256 for table in record.inputs}
    both = len(then.keys() & now.keys())
    if same_input and n_same == len(then) == len(now) and old.as_of == record.as_of:
        return [words.page("nothing moved")]
    sentences = [words.page("same data" if same_input else "new data")]
    if not both:
        return [*sentences, words.page("nobody in both")]
    sentences.append(words.page("moved", both=words.count(both), n=words.count(both - n_same)))
    if came := len(now) - both:
        sentences.append(words.page("came", n=words.count(came)))
    if left := len(then) - both:
        sentences.append(words.page("left", n=words.count(left)))
    if n_same < SAME_LETTERS * both and not aligned:
        sentences.append(words.page("letters"))
    return sentences


def figure_changes(old: RunRecord, record: RunRecord) -> dict[str, str]:
    """Write how the figures of the first page have changed, by their kind; those that both runs have.

    Shares change by points, all else by numbers.
    """
    before = {figure.kind: figure for figure in figures(old)}
    words, changes = vocabulary_of_run(record), {}
    for figure in figures(record):
        earlier = before.get(figure.kind)
        same_words = old.overview.words == record.overview.words
        if earlier is None or (same_words and earlier.label != figure.label):
            continue
        by = figure.value - earlier.value
        steps = round(100 * by) if figure.unit == "share" else round(by)
        change = words.numbers.write(steps, "+,").replace("-", "−") if steps else "±0"
        points = figure.unit == "share" and steps
        changes[figure.kind] = words.page("points more", n=change) if points else change
    return changes


def _letters(folder: Path) -> dict[str, str]:
    with (folder / "segments.csv").open(encoding="utf-8", newline="") as file:
        return {row["customer_id"]: row["segment"] for row in csv.DictReader(file)}


def _all_letters(*records: RunRecord) -> list[str]:
    return sorted({s.segment for record in records for s in record.segments}, key=lambda s: (len(s), s))


def _members(record: RunRecord, letter: str, words: Vocabulary) -> str:
    """Return how many customers a segment has, and its name; a dash where there is no such segment."""
    segment = next((segment for segment in record.segments if segment.segment == letter), None)
    return f"{words.count(segment.customers)} ({segment.name})" if segment else "–"
