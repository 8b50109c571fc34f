"""Where each named artefact of a run lives, and how it is written and read.

A run has two folders. ``data/processed/<run>/`` is for the machine: the artefacts that one notebook
writes and a later one reads. ``reports/<run>/`` is for people. The environment variable SEGLIB_HOME
moves both; the source tree stays where it is.
"""

from __future__ import annotations

import json
import os
import re
import uuid
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from seglib.errors import InputRefused, ParameterRefused
from seglib.schema.records import (
    CardRecord,
    ChoiceRecord,
    ClusteringRecord,
    RecipeRecord,
    Record,
    RulesRecord,
    ShopRecord,
    VerdictRecord,
)
from seglib.schema.renamed import RENAMED_FEATURES
from seglib.sql import in_memory
from seglib.study import Study

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


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
    "rules": Artefact("rules.json", "06_interpretation", "a few questions that nearly give the segments", RulesRecord),
    "thinning": Artefact("thinning.parquet", "06_interpretation", "one row per feature: an honest test of segments"),
    "outcomes": Artefact("outcomes.parquet", "06_interpretation", "one row per segment and outcome after the cut"),
    "gain": Artefact("gain.parquet", "06_interpretation", "one row per outcome: what segments add to plain rules"),
    "verdict": Artefact(
        "verdict.json", "06_interpretation", "structure and use, and what follows from both", VerdictRecord
    ),
}
"""Every artefact but the canonical tables, which 01_ingest writes to ``tables/<name>.parquet``."""

_FORMULA, _NUMBER = re.compile(r"[=+\-@\t\r]"), re.compile(r"[+-]?\d+(\.\d+)?")
_RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


FINISHED = "SEGLIB_FINISHED"
"""Environment variable: where finished runs are while a run is being built aside."""


FAILED = ("failed.html", "failed.json")
"""What lies in the report folder of a run whose last attempt failed, beside the last good report if there is one."""


def project_root() -> Path:
    """Return the folder that holds ``notebooks/``, ``seglib/`` and ``data/``."""
    return Path(__file__).resolve().parents[1]


def home() -> Path:
    """Return the folder under which ``data/processed`` and ``reports`` lie (SEGLIB_HOME, else the project)."""
    return Path(os.environ.get("SEGLIB_HOME") or project_root()).resolve()


def finished(name: str) -> Run:
    """Return a run of that name as it was finished, also while another one is being built (`seglib.runner.staging`)."""
    base = os.environ.get(FINISHED)
    return Run(name, base=Path(base) if base else None)


class Run:
    """One named run: read and write its artefacts.

    Parameters
    ----------
    name : str
        Letters, digits, ``-`` and ``_``, at most 64; it names two folders and cannot leave them.
    base : Path, optional
        The folder under which both lie; default: what `home` finds.

    Raises
    ------
    ParameterRefused
        If the name is not a plain name.

    Examples
    --------
    >>> Run("spring").report_dir.name
    'spring'
    >>> Run("../elsewhere")
    Traceback (most recent call last):
    ...
    seglib.errors.ParameterRefused: a run is named with letters, digits, '-' and '_' (at most 64), not '../elsewhere'
    """

    def __init__(self, name: str, *, base: Path | None = None) -> None:
        if not _RUN_NAME.fullmatch(name):
            raise ParameterRefused(
                f"a run is named with letters, digits, '-' and '_' (at most 64), not {name!r}", parameter="run"
            )
        self.name = name
        base = Path(base) if base else home()
        self.data_dir = base / "data" / "processed" / name
        self.report_dir = base / "reports" / name

    def __repr__(self) -> str:
        return f"Run({self.name!r})"

    def path(self, artefact: str) -> Path:
        """Return where an artefact of this run lies, whether or not it has been written."""
        return self.data_dir / ARTEFACTS[artefact].file

    def write(self, artefact: str, content: pd.DataFrame | duckdb.DuckDBPyRelation | Record | list | dict) -> None:
        """Write an artefact whole or not at all.

        Tables (pandas or DuckDB) become Parquet; records, lists of records, and what `Record.to_json` gives become
        JSON.
        """
        _write(self.path(artefact), content)

    @overload
    def read(self, artefact: Literal["shop"]) -> ShopRecord: ...
    @overload
    def read(self, artefact: Literal["recipe"]) -> RecipeRecord: ...
    @overload
    def read(self, artefact: Literal["choice"]) -> ChoiceRecord: ...
    @overload
    def read(self, artefact: Literal["clustering"]) -> ClusteringRecord: ...
    @overload
    def read(self, artefact: Literal["cards"]) -> list[CardRecord]: ...
    @overload
    def read(self, artefact: Literal["rules"]) -> RulesRecord: ...
    @overload
    def read(self, artefact: Literal["verdict"]) -> VerdictRecord: ...
    @overload
    def read(
        self,
        artefact: Literal[
            "quality",
            "quarantine",
            "unified",
            "homogeneity",
            "features",
            "matrix",
            "k_scores",
            "k_segments",
            "assignments",
            "segments",
            "sensitivity",
            "profiles",
            "thinning",
            "outcomes",
            "gain",
        ],
    ) -> pd.DataFrame: ...
    @overload
    def read(self, artefact: str) -> Any: ...

    def read(self, artefact: str) -> Any:
        """Read an artefact.

        Returns
        -------
        pandas.DataFrame, Record, or list of Record
            A record where the artefact is JSON (`Artefact.record`), a list of them where it holds several.

        Raises
        ------
        InputRefused
            If the notebook that writes it has not run yet, or what is there cannot be read; the message names it.

        Warns
        -----
        UserWarning
            If the last version wrote it and a column has another name now; it is returned under its present name.
        """
        path, entry = self.existing(artefact), ARTEFACTS[artefact]
        if entry.record is None:
            return _with_present_names(_read_parquet(path), entry)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(content, list):
                return [entry.record.from_json(item) for item in content]
            return entry.record.from_json(content)
        except KeyError as missing:
            raise InputRefused(
                f"run '{self.name}': {path.name} has no {missing}, so another version wrote it: "
                f"run {entry.step}.ipynb again"
            ) from None
        except (ValueError, TypeError, AttributeError):  # no JSON at all, or JSON of another shape
            raise InputRefused(
                f"run '{self.name}': {path.name} is not what {entry.step}.ipynb writes: run {entry.step}.ipynb again"
            ) from None

    def study(self) -> Study:
        """Return the study of this run: the day and the variables of 01, and the shrinkage of 03 once that has run."""
        recipe = self.read("recipe") if self.path("recipe").exists() else None
        return Study.of(self.read("shop"), recipe)

    def new_study(self, *, burn_window: int | None = None) -> Study:
        """Return the study with which 02 and 03 begin: the day and the variables of 01, and nothing fitted yet.

        Parameters
        ----------
        burn_window : int, optional
            Days after which a coupon is old enough to judge; default: it will be estimated from the data.
        """
        return Study.of(self.read("shop"), burn_window=burn_window)

    def structure(self) -> VerdictRecord:
        """Return the verdict on the segments of this run: that of 04, or that of 05 where labels were given."""
        clustering = self.read("clustering")
        return (clustering.labels and clustering.labels.verdict) or self.read("choice").verdict

    def matrix_rows(self) -> pd.DataFrame:
        """Read the rows from which the matrix was made: features of customers, or, in recipe baseline, transactions."""
        return self.read("unified" if self.read("recipe").grain == "transaction" else "features")

    @staticmethod
    def earlier_segments(name: str | None) -> pd.Series | None:
        """Return the segment of every customer in a finished run; None if no run is named."""
        return None if name is None else finished(name).read("segments")["segment"]

    def existing(self, artefact: str) -> Path:
        """Return where an artefact lies; refuse, as `read` does, if it has not been written."""
        path = self.path(artefact)
        if not path.exists():
            step = ARTEFACTS[artefact].step
            raise InputRefused(f"run '{self.name}' has no {path.name} yet: run {step}.ipynb first")
        return path

    def read_table(self, name: str) -> pd.DataFrame:
        """Read a canonical table that 01_ingest wrote."""
        path = self.data_dir / "tables" / f"{name}.parquet"
        if not path.exists():
            raise InputRefused(f"run '{self.name}' has no table {name} yet: run 01_ingest.ipynb first")
        return _read_parquet(path)

    def write_table(self, name: str, content: pd.DataFrame | duckdb.DuckDBPyRelation) -> None:
        """Write a canonical table to ``tables/<name>.parquet``."""
        _write(self.data_dir / "tables" / f"{name}.parquet", content)

    def write_csv(self, name: str, frame: pd.DataFrame) -> None:
        """Write a table for people to ``reports/<run>/<name>.csv``, safe to open in a spreadsheet (`safe_csv`)."""
        self.write_text(f"{name}.csv", safe_csv(frame))

    def write_lists(self, folder: str, tables: Mapping[str, pd.DataFrame]) -> None:
        """Write a table for people by name to ``reports/<run>/<folder>/``; lists of an earlier run are removed."""
        for old in (self.report_dir / folder).glob("*.csv"):
            old.unlink()
        for name, table in tables.items():
            self.write_csv(f"{folder}/{name}", table)

    def write_text(self, file: str, text: str) -> None:
        """Write a file for people to ``reports/<run>/<file>``, line ends as they are."""
        path = self.report_dir / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")

    def write_record(self, record: dict) -> None:
        """Write ``run.json``, the machine-readable face of the run."""
        _write(self.report_dir / "run.json", record)

    def read_record(self) -> dict:
        """Read ``run.json``; empty if the run was never finished."""
        path = self.report_dir / "run.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open an in-memory DuckDB that sees the tables of this run as views: canonical, unified, and features if made.

        Raises
        ------
        InputRefused
            If 01_ingest has not run yet.
        """
        unified = self.path("unified")
        if not unified.exists():
            raise InputRefused(f"run '{self.name}' has no tables yet: run 01_ingest.ipynb first")
        files = [unified, *sorted((self.data_dir / "tables").glob("*.parquet"))]
        if self.path("features").exists():
            files.append(self.path("features"))
        con = in_memory()
        for file in files:
            con.read_parquet(str(file)).create_view(file.stem)
        return con


def safe_csv(frame: pd.DataFrame) -> str:
    """Write a table as CSV that is safe to open in a spreadsheet.

    A text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection);
    lines end as RFC 4180 has it, so that a name with a line break stays in its quotes.
    """
    text = [c for c in frame.columns if frame[c].dtype == object or str(frame[c].dtype) in ("str", "string")]
    safe = frame.assign(**{c: frame[c].map(_no_formula, na_action="ignore") for c in text})
    return safe.to_csv(index=False, lineterminator="\r\n")


def write_whole(path: Path, text: str) -> Path:
    """Write a text file whole or not at all, also where two processes write it at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        part.write_bytes(text.encode("utf-8", "replace"))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _with_present_names(table: pd.DataFrame, entry: Artefact) -> pd.DataFrame:
    """Give columns that the last version wrote their present names, with a note."""
    present = {old: new for new, old in entry.formerly.items() if old in table}
    if present:
        names = ", ".join(f"'{old}' is now called '{new}'" for old, new in present.items())
        warnings.warn(f"{entry.file} was written by the last version of seglib: {names}", stacklevel=3)
    return table.rename(columns=present)


def _read_parquet(path: Path) -> pd.DataFrame:
    import pyarrow.parquet as pq

    return pq.read_table(path).to_pandas(date_as_object=False)


def _no_formula(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    if isinstance(content, Record):
        content = content.to_json()
    elif isinstance(content, list):
        content = [item.to_json() if isinstance(item, Record) else item for item in content]
    if isinstance(content, dict | list):
        part.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    elif hasattr(content, "write_parquet"):
        content.write_parquet(str(part), compression="zstd")
    else:
        content.to_parquet(part, compression="zstd")
    part.replace(path)
