"""Compare what two versions of seglib wrote: are the same runs equal, column by column?

    python benchmarks/same_artefacts.py OLD_HOME NEW_HOME [RUN ...]

Each home is a folder that SEGLIB_HOME named while one version made its runs. Tables are compared column by column,
exactly; records key by key; lists, SQL and texts for people as text. A column, key or value that has a new name
counts as equal (`Artefact.formerly`, the records' own reading of old keys, and `VALUES` below); new keys are no
difference. Exit code 1 if anything differs.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from seglib.run import ARTEFACTS

VALUES = {"choice": "exclusion", "fact": "info"}
"""Severities that have a new name, by the old one."""

TEXTS = (".csv", ".sql", ".txt")
"""Files of a report folder that are compared as text; pages hold the time at which they were made."""


def with_new_names(text: str) -> str:
    """Write the columns of the features that have a new name by it, and leave out the version: SQL has both."""
    for now, was in ARTEFACTS["features"].formerly.items():
        text = re.sub(rf"\b{was}\b", now, text)
    return re.sub(r"made by seglib [\d.]+", "made by seglib", text)


def same_column(old: pd.Series, new: pd.Series) -> bool:
    """Say whether two columns hold the same values, to the last bit; a missing value equals a missing value."""
    if old.dtype.kind in "fiu" and new.dtype.kind in "fiu":
        return bool(np.array_equal(old.to_numpy(float), new.to_numpy(float), equal_nan=True))
    return [str(value) for value in old] == [str(value) for value in new]


def table_differences(name: str, old: Path, new: Path) -> tuple[int, list[str]]:
    """Return how many columns of a Parquet file are equal, and what differs."""
    before, after = pd.read_parquet(old), pd.read_parquet(new)
    renamed = next((known.formerly for known in ARTEFACTS.values() if known.file == name), {})
    before = before.rename(columns={was: now for now, was in renamed.items()})
    if "severity" in before:
        before["severity"] = before["severity"].replace(VALUES)
    if list(before.columns) != list(after.columns):
        return 0, [f"{name}: columns {sorted(set(before) ^ set(after))}"]
    if len(before) != len(after) or not before.index.equals(after.index):
        return 0, [f"{name}: {len(before)} rows, now {len(after)}"]
    different = [column for column in before if not same_column(before[column], after[column])]
    return len(before.columns) - len(different), [f"{name}: column {column}" for column in different]


def record_differences(name: str, old: Path, new: Path) -> tuple[int, list[str]]:
    """Return how many keys of a JSON file are equal, and what differs; new keys are no difference."""
    known = next(known for known in ARTEFACTS.values() if known.file == name)
    equal, differences = 0, []

    def walk(before: object, after: object, path: str) -> None:
        nonlocal equal
        if isinstance(before, dict) and isinstance(after, dict):
            for key in before:
                if key in after:
                    walk(before[key], after[key], f"{path}.{key}")
                else:
                    differences.append(f"{path}.{key} is gone")
        elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
            for place, pair in enumerate(zip(before, after, strict=True)):
                walk(*pair, f"{path}[{place}]")
        elif before == after or VALUES.get(str(before)) == after:
            equal += 1
        else:
            differences.append(f"{path}: {before!r}, now {after!r}"[:200])

    before, after = (json.loads(path.read_text(encoding="utf-8")) for path in (old, new))
    for place, item in enumerate(before if isinstance(before, list) else [before]):
        if "facts" in item:  # of cards: headings with texts, now notes with a kind too
            facts = item.pop("facts")
            notes = {note["heading"]: note["text"] for note in after[place]["notes"]}
            walk(facts, notes, f"{name}[{place}].notes")
            continue
        walk(known.record.from_json(item).to_json(), after, name)
        return equal, _without_new_keys(differences, item)
    for place, item in enumerate(before):
        walk(item, after[place], f"{name}[{place}]")
    return equal, differences


def _without_new_keys(differences: list[str], old: dict) -> list[str]:
    """Leave out what only differs because the old file lacks the key and the record gave it its default."""
    texts = json.dumps(old)
    return [line for line in differences if f'"{line.split(":")[0].rpartition(".")[2]}"' in texts]


def main() -> int:
    """Compare, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("runs", nargs="*")
    args = parser.parse_args()
    failed = False
    for run in args.runs or sorted(path.name for path in (args.old / "data" / "processed").iterdir()):
        equal, differences = 0, []
        for part in ("data/processed", "reports"):
            folders = [home / part / run for home in (args.old, args.new)]
            files = [{path.relative_to(f).as_posix() for path in f.rglob("*") if path.is_file()} for f in folders]
            differences += [f"{part}: only in one: {name}" for name in sorted(files[0] ^ files[1])]
            for name in sorted(files[0] & files[1]):
                old, new = (folder / name for folder in folders)
                if part == "reports":
                    if name.endswith(TEXTS):
                        same = with_new_names(old.read_text(encoding="utf-8")) == with_new_names(
                            new.read_text(encoding="utf-8")
                        )
                        equal += same
                        differences += [] if same else [f"reports: {name}"]
                    continue
                compare = {".parquet": table_differences, ".json": record_differences}.get(old.suffix)
                if compare:
                    n_equal, lines = compare(name, old, new)
                    equal, differences = equal + n_equal, differences + lines
        print(f"{run}: {equal} columns, keys and files are equal, {len(differences)} differ")
        print("".join(f"  {line}\n" for line in differences), end="")
        failed |= bool(differences)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
