"""One run: read and write its artefacts, and its files for people."""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from seglib.errors import InputRefused, ParameterRefused
from seglib.run.artefacts import (
    ALONE,
    ARTEFACTS,
    FIRST,
    FOR_PEOPLE,
    OWN,
    TABLES,
    Artefact,
    check_artefact,
    file_of,
    is_json,
    step_of,
)
from seglib.run.files import read_json, read_parquet, safe_csv, workbook, write_artefact, write_whole
from seglib.run.folders import DRAFT, FINISHED, home, refuse_missing_run, refuse_name
from seglib.run.lineage import Lineage
from seglib.run.parameters import check_notebook, notebook_parameters
from seglib.run.register import campaign_of, made_lists
from seglib.run.swap import finish_swap
from seglib.run.words import read_vocabulary
from seglib.schema.campaign_records import EffectRecord, ListsRecord
from seglib.schema.comparison_records import ComparisonRecord, TrendRecord
from seglib.schema.files import path_from_notebooks
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
from seglib.schema.sources import ADAPTERS
from seglib.sql import exact_path, in_memory
from seglib.study import Study
from seglib.style import ENGLISH, Vocabulary

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


def finished(name: str) -> Run:
    """Return a run of that name as it was finished, also while another one is being built (`seglib.runner.staging`).

    Whether its artefacts are up to date is not asked: it is read as it was left.
    """
    base = os.environ.get(FINISHED)
    run = Run(name, base=Path(base) if base else None)
    run.refuses_outdated = False
    return run


class Run:
    """One named run: read and write its artefacts.

    A notebook that is run by hand (JupyterLab, VS Code, papermill, nbconvert) writes its files for people to a draft
    beside the report, ``reports/<run>.draft/``; what is published in ``reports/<run>/`` stays as it is until ``seglib
    report --run <run>``. Opening a run in a notebook also checks the notebook's parameters, as the command line does.

    Parameters
    ----------
    name : str
        Letters, digits, ``-`` and ``_``, at most 64; it names two folders and cannot leave them.
    base : Path, optional
        The folder under which both lie: files for people go to the report itself. Default: what `home` finds; they go
        to the draft, unless ``seglib run`` runs the notebook.

    Attributes
    ----------
    name : str
    data_dir, report_dir : Path
        The folders of the artefacts and of the published report.
    out_dir : Path
        Where files for people are written: the draft of a notebook that is run by hand, else the report.
    by_hand : bool
        Whether what is written is a draft.
    source : str or None
        Where the data come from, as it may be written down; 01_ingest sets it.
    refuses_outdated : bool
        Whether an artefact is refused where what it was made from has changed since.

    Raises
    ------
    ParameterRefused
        If the name is not a plain name; in a notebook, if one of its parameters does not fit.

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
        refuse_name(name)
        check_notebook()
        self.name = name
        self.by_hand = base is None and FINISHED not in os.environ
        self.base = Path(base) if base else home()
        if self.by_hand:
            finish_swap(self.base, name)
        self.data_dir = self.base / "data" / "processed" / name
        self.report_dir = self.base / "reports" / name
        self.out_dir = self.report_dir.with_name(f"{name}{DRAFT}") if self.by_hand else self.report_dir
        self.lineage = Lineage(self.data_dir)
        self.refuses_outdated = True
        self.source: str | None = None
        self._inputs: dict[str, str] = {}
        self._handed_out: set[str] = set()
        self._is_announced = False

    def __repr__(self) -> str:
        return f"Run({self.name!r})"

    def path(self, artefact: str) -> Path:
        """Return where an artefact of this run lies, whether or not it has been written.

        What is written there by other means than `write` is written down with the next artefact of the same notebook.
        """
        self._handed_out.add(artefact)
        return self._place(artefact)

    def write(self, artefact: str, content: pd.DataFrame | duckdb.DuckDBPyRelation | Record | list | dict) -> None:
        """Write an artefact whole or not at all.

        Tables (pandas or DuckDB) become Parquet; records, lists of records, and what `Record.to_json` gives become
        JSON. What it was made from is written down beside it: what this object has read before.

        A notebook of an analyst's own writes under its name: ``07_lifetime/values`` for a table, and
        ``07_lifetime/values.json`` for JSON.
        """
        check_artefact(artefact)
        if OWN.fullmatch(artefact) and is_json(artefact) != isinstance(content, Record | list | dict):
            raise ParameterRefused(f"'{artefact}': JSON is called so with .json at the end, and a table without")
        write_artefact(self._place(artefact), content)
        self._record(artefact)

    def write_all(self, **artefacts: pd.DataFrame | duckdb.DuckDBPyRelation | Record | list | dict) -> None:
        """Write several artefacts by name, one after the other, as `write` does."""
        for artefact, content in artefacts.items():
            self.write(artefact, content)

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
    def read(self, artefact: Literal["overview"]) -> OverviewRecord: ...
    @overload
    def read(self, artefact: Literal["rules"]) -> RulesRecord: ...
    @overload
    def read(self, artefact: Literal["verdict"]) -> VerdictRecord: ...
    @overload
    def read(self, artefact: Literal["lists"]) -> ListsRecord: ...
    @overload
    def read(self, artefact: Literal["comparison"]) -> ComparisonRecord: ...
    @overload
    def read(self, artefact: Literal["trend"]) -> TrendRecord: ...
    @overload
    def read(self, artefact: Literal["effect"]) -> EffectRecord: ...
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
            "migration",
            "drift",
            "effects",
        ],
        *,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame: ...
    @overload
    def read(self, artefact: str, *, columns: Sequence[str] | None = None) -> Any: ...

    def read(self, artefact: str, *, columns: Sequence[str] | None = None) -> Any:
        """Read an artefact.

        Parameters
        ----------
        artefact : str
        columns : sequence of str, optional
            Of a table, the columns to read, under their present names: the transactions of a large shop need several
            gigabytes with all of them. Default: all.

        Returns
        -------
        pandas.DataFrame, Record, or list of Record
            A record where the artefact is JSON (`Artefact.record`), a list of them where it holds several.

        Raises
        ------
        InputRefused
            If the notebook that writes it has not run yet, what is there cannot be read, or what it was made from has
            changed since; the message names the notebooks to run first.

        Warns
        -----
        UserWarning
            If the last version wrote it and a column has another name now; it is returned under its present name.
        """
        path = self.existing(artefact)
        if artefact not in ARTEFACTS:
            return json.loads(path.read_text(encoding="utf-8")) if is_json(artefact) else read_parquet(path, columns)
        entry = ARTEFACTS[artefact]
        if entry.record is None:
            table = _with_present_names(read_parquet(path, None if entry.formerly else columns), entry)
            return table if columns is None else table[list(columns)]
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

    def study(self, words: Vocabulary = ENGLISH) -> Study:
        """Return the study of this run: the day and the variables of 01, and the shrinkage of 03 once that has run.

        Parameters
        ----------
        words : Vocabulary, optional
            What transactions and places are called in the analyses. A translation is for the pages only.
        """
        recipe = self.read("recipe") if self.path("recipe").exists() else None
        study = Study.of(self.read("shop"), recipe)
        return study if words.foreign else replace(study, wording=words.wording(study.wording))

    def vocabulary(self, words_file: str | Path | None = None) -> Vocabulary:
        """Return the words of this run: those of a file or of the package, with the currency of its shop.

        Parameters
        ----------
        words_file : str or Path, optional
            As `seglib.run.words.read_vocabulary` takes it.
        """
        return replace(read_vocabulary(words_file), currency=self.read("shop").currency)

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
        """Return where an artefact lies; refuse, as `read` does, if it is not there or not up to date."""
        check_artefact(artefact)
        path = self._place(artefact)
        if not path.exists():
            refuse_missing_run(self.name, self.base)
            step = step_of(artefact)
            raise InputRefused(f"run '{self.name}' has no {path.name} yet: run {step}.ipynb first")
        self._note_input(artefact)
        return path

    def read_table(self, name: str) -> pd.DataFrame:
        """Read a canonical table that 01_ingest wrote."""
        path = self.data_dir / "tables" / f"{name}.parquet"
        if not path.exists():
            refuse_missing_run(self.name, self.base)
            raise InputRefused(f"run '{self.name}' has no table {name} yet: run {FIRST}.ipynb first")
        self._note_input(f"{TABLES}{name}")
        return read_parquet(path)

    def write_table(self, name: str, content: pd.DataFrame | duckdb.DuckDBPyRelation) -> None:
        """Write a canonical table to ``tables/<name>.parquet``."""
        write_artefact(self.data_dir / "tables" / f"{name}.parquet", content)
        self._record(f"{TABLES}{name}")

    def write_csv(self, name: str, frame: pd.DataFrame) -> None:
        """Write a table for people to ``<name>.csv`` in `out_dir`, safe to open in a spreadsheet (`safe_csv`)."""
        self.write_text(f"{name}.csv", safe_csv(frame))

    def write_lists(self, folder: str, tables: Mapping[str, pd.DataFrame], *, in_excel: Collection[str] = ()) -> None:
        """Write tables for people by name to a folder in `out_dir`, which is replaced as a whole.

        So no list of an earlier run stays, whose customers would stand in two lists.

        Parameters
        ----------
        folder : str
        tables : mapping of str to pandas.DataFrame
            By name; each is written as ``<name>.csv``, one like ``part/name`` to a folder of that name.
        in_excel : collection of str
            Names of those that are written as ``<name>.xlsx`` too.
        """
        self._announce_draft()
        target = self.out_dir / folder
        new, old = target.with_name(f".{target.name}.new"), target.with_name(f".{target.name}.old")
        for leftover in (new, old):
            shutil.rmtree(leftover, ignore_errors=True)
        new.mkdir(parents=True)
        for name, table in tables.items():
            (new / name).parent.mkdir(exist_ok=True)
            (new / f"{name}.csv").write_text(safe_csv(table), encoding="utf-8", newline="")
            if name in in_excel:
                (new / f"{name}.xlsx").write_bytes(workbook(table))
        if target.exists():
            target.rename(old)
        new.rename(target)
        shutil.rmtree(old, ignore_errors=True)

    def write_text(self, file: str, text: str) -> None:
        """Write a file for people to `out_dir`, line ends as they are."""
        self._announce_draft()
        write_whole(self.out_dir / file, text)

    def delivered(self, name: str) -> Path:
        """Return where a file or folder for people lies: in the draft, if one is there and nothing is staged."""
        return self.out_dir / name if self.by_hand and (self.out_dir / name).exists() else self.report_dir / name

    def published(self, name: str) -> Path:
        """Return where a file or folder for people lies, or would lie, in the last published report of this run."""
        return finished(self.name).report_dir / name

    def campaign(self, name: str | None = None) -> tuple[str, str]:
        """Return the name of a campaign, and the salt of its control group (`seglib.run.register.campaign_of`).

        Parameters
        ----------
        name : str, optional
            Default: that of the run by which it was first used.
        """
        published = finished(self.name)
        lists = published.path("lists")
        try:
            last = ListsRecord.from_json(read_json(lists)) if lists.exists() else None
        except (KeyError, TypeError, AttributeError):
            last = None  # of another version
        return campaign_of(self.name, name, last, base=published.base)

    def made_lists(self) -> list[ListsRecord]:
        """Return how lists were made: those of this run first, then all that are in the register of campaigns."""
        return [self.read("lists"), *made_lists(finished(self.name).base)]

    def write_record(self, record: dict) -> None:
        """Write ``run.json``, the machine-readable face of the run."""
        write_artefact(self.report_dir / "run.json", record)

    def read_record(self) -> dict:
        """Read ``run.json``; empty if the run was never finished, or the file is broken."""
        return read_json(self.report_dir / "run.json")

    def refuse_unfit(self, own_steps: Collection[str] = ()) -> None:
        """Refuse a run whose artefacts do not belong together.

        Parameters
        ----------
        own_steps : collection of str
            Notebooks of an analyst's own, whose artefacts count, too.

        Raises
        ------
        InputRefused
            If one is missing, is not what its notebook wrote, or was made from one that has changed since; the message
            names the notebooks to run first.
        """
        present = [name for name in ARTEFACTS if self._place(name).exists()]
        if outdated := self.lineage.outdated(present):
            raise InputRefused(f"run '{self.name}': {outdated.text}")
        needed = [name for name, artefact in ARTEFACTS.items() if artefact.step not in ALONE]
        for name in [*needed, *(name for step in own_steps for name in self.lineage.entries(step))]:
            self.existing(name)

    def forget(self, steps: Collection[str]) -> None:
        """Remove everything that notebooks wrote: artefacts, and files for people.

        Parameters
        ----------
        steps : collection of str
            Names of notebooks.
        """
        for name, artefact in ARTEFACTS.items():
            if artefact.step in steps:
                self._place(name).unlink(missing_ok=True)
        if FIRST in steps:
            shutil.rmtree(self.data_dir / TABLES, ignore_errors=True)
        for name, step in FOR_PEOPLE.items():
            if step in steps:
                path = self.out_dir / name
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        for step in steps:
            for folder in (self.data_dir, self.out_dir):  # those of a notebook of an analyst's own
                shutil.rmtree(folder / step, ignore_errors=True)
            self.lineage.forget(step)

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open an in-memory DuckDB that sees the tables of this run as views: canonical, unified, and features if made.

        Raises
        ------
        InputRefused
            If 01_ingest has not run yet.
        """
        unified, features = self._place("unified"), self._place("features")
        if not unified.exists():
            refuse_missing_run(self.name, self.base)
            raise InputRefused(f"run '{self.name}' has no tables yet: run {FIRST}.ipynb first")
        tables = sorted((self.data_dir / "tables").glob("*.parquet"))
        for name in ("unified", *(f"{TABLES}{path.stem}" for path in tables)):
            self._note_input(name)
        files = [unified, *tables, *([features] if features.exists() else [])]
        con = in_memory(reads=files)
        for file in files:
            con.read_parquet(exact_path(con, file), hive_partitioning=False).create_view(file.stem)
        return con

    def _announce_draft(self) -> None:
        """Print, before the first file for people of a notebook that is run by hand, where it is and what to do."""
        if self.by_hand and not self._is_announced:
            folder = self.out_dir.relative_to(self.base).as_posix()
            print(f"Files for people are in {folder}/, a draft. To publish it: seglib report --run {self.name}")
            self._is_announced = True

    def _place(self, artefact: str) -> Path:
        return self.data_dir / file_of(artefact)

    def _note_input(self, name: str) -> None:
        """Refuse an artefact that is not up to date; note the hash of one that is, for what is written next."""
        if self.refuses_outdated:
            self.lineage.refuse_outdated(self.name, name)
        self._inputs[name] = self.lineage.hash_of(name) or ""

    def _record(self, name: str) -> None:
        """Write down what an artefact was made from, with those that were written by other means since the last one."""
        step = step_of(name)
        others = [a for a in self._handed_out if step_of(a) == step and a != name and self._place(a).exists()]
        self._handed_out.difference_update(others)
        self.lineage.record([name, *sorted(others)], self._inputs, parameters=self._parameters(), by_hand=self.by_hand)

    def _parameters(self) -> dict[str, Any] | None:
        """Return the parameters of the notebook as they may be written down; None where there is no notebook.

        A path is written down as it is seen from ``notebooks/``, where ``seglib report`` runs the notebook again. Of a
        URL only what 01_ingest sets as `source` is written down, because others may hold a password.
        """
        values = {}
        for name, (parameter, value) in notebook_parameters().items():
            if name == "source":
                value = self.source or (None if "://" in value else value)
            is_path = parameter.is_file or (name == "source" and value not in ADAPTERS)
            if is_path and value is not None:
                value = path_from_notebooks(value)
            values[name] = value
        return values or None


def _with_present_names(table: pd.DataFrame, entry: Artefact) -> pd.DataFrame:
    """Give columns that the last version wrote their present names, with a note."""
    present = {old: new for new, old in entry.formerly.items() if old in table}
    if present:
        names = ", ".join(f"'{old}' is now called '{new}'" for old, new in present.items())
        warnings.warn(f"{entry.file} was written by the last version of seglib: {names}", stacklevel=3)
    return table.rename(columns=present)
