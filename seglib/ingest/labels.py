"""Somebody else's segments: a file of customers and their segment, checked by rule before it is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from seglib.errors import InputRefused, ParameterRefused
from seglib.ingest.contract.parsing import RawColumn, read
from seglib.ingest.mapping.model import ColumnSource, Formats
from seglib.ingest.shop import connect
from seglib.ingest.sources.csv_files import is_csv
from seglib.ingest.sources.open import open_source
from seglib.schema.files import find_file, looked_for_in
from seglib.sql import restrict
from seglib.style import join_words

ID, SEGMENT = "customer_id", "segment"
"""Names of the two columns; a file without them has the customer in its first column and the segment in its second."""

MOST_SEGMENTS = 26
"""So many letters there are, and no reader keeps more segments apart."""

LONGEST_NAME = 60
"""Characters of the name of a segment; longer ones fit into no figure."""

EXAMPLES = 3
"""Rows that a message quotes."""


@dataclass(frozen=True)
class LabelsFile:
    """What a file of labels holds; nothing, where none was given.

    Attributes
    ----------
    file, sha256 : str
        Its name without folder, and the digest of its bytes.
    labels : pandas.Series of str or None
        The segment by customer_id, in the order of the file; None where no file was given.
    note : str
        How it was read, where that was found out: delimiter and encoding.
    """

    file: str = ""
    sha256: str = ""
    labels: pd.Series | None = None
    note: str = ""

    @property
    def table(self) -> pd.DataFrame:
        """One row per segment: segment, customers."""
        counts = pd.Series(dtype=int) if self.labels is None else self.labels.value_counts()
        return counts.rename_axis(SEGMENT).rename("customers").reset_index()

    @property
    def text(self) -> str:
        """What was read."""
        if self.labels is None:
            return "No labels were given: KMeans makes the segments."
        note = f" {self.note}." if self.note else ""
        return f"{len(self.labels):,} customers with {self.labels.nunique()} segments from '{self.file}'.{note}"


def read_labels(path: str | Path | None) -> LabelsFile:
    """Read the segments that somebody else gave to customers, from a CSV or Parquet file.

    Ids are read as those of the shop are: as text, with leading zeros; a column of whole numbers with gaps loses the
    ".0" that a spreadsheet gave it. Blanks around ids and names are cut off.

    Parameters
    ----------
    path : str or Path or None
        None: no labels are given.

    Returns
    -------
    LabelsFile

    Raises
    ------
    ParameterRefused
        If the file cannot be read, or breaks a rule; the message names every rule, how often, with examples.
    """
    if path is None:
        return LabelsFile()
    path = find_file(path)
    if not path.is_file():
        raise _refused(path, f"there is no such file{looked_for_in(path)}")
    with path.open("rb") as stream:
        is_parquet = stream.read(4) == b"PAR1"
    if not (is_parquet or is_csv(path)):
        raise _refused(path, "it is neither a CSV nor a Parquet file")
    con = connect()
    try:
        source = open_source(path)
        restrict(con, source.paths)
        [load] = source.tables.values()
        loaded = load(con, "labels")
    except InputRefused as error:
        raise _refused(path, error.message) from None
    columns = {name: RawColumn(name, kind) for name, kind, *_ in con.sql("DESCRIBE labels").fetchall()}
    chosen = _columns(path, list(columns))
    # the segment is read as an id is: 3.0 in a column of numbers is segment 3
    parts = [read("id", ColumnSource((name,)), columns, Formats(nothing=())).value for name in chosen]
    table = con.sql(f"SELECT {parts[0]} AS {ID}, {parts[1]} AS {SEGMENT} FROM labels").df().astype(object)
    table = table.where(table.notna(), None)
    if problems := list(_broken_rules(table)):
        raise _refused(path, "; ".join(problems))
    labels = pd.Series(table[SEGMENT].tolist(), pd.Index(table[ID].tolist(), dtype=object, name=ID), name=SEGMENT)
    return LabelsFile(path.name, loaded.sha256, labels, loaded.note)


def _columns(path: Path, names: list[str]) -> tuple[str, str]:
    """Return the columns of customer and segment: those of these names, else the first and the second."""
    by_name = {name.strip().casefold(): name for name in names}
    if ID in by_name and SEGMENT in by_name:
        return by_name[ID], by_name[SEGMENT]
    if len(names) < 2:
        raise _refused(
            path, f"missing_column: it has one column, '{names[0]}'; it takes two, the customer and the segment"
        )
    if ID in by_name or SEGMENT in by_name:
        wanted, there = (SEGMENT, by_name[ID]) if ID in by_name else (ID, by_name[SEGMENT])
        others = [name for name in names if name != there]
        if len(others) > 1:
            listed = join_words([f"'{name}'" for name in others], last="or")
            raise _refused(path, f"missing_column: which column is '{wanted}': {listed}? Call it so")
        return (there, others[0]) if ID in by_name else (others[0], there)
    return names[0], names[1]


def _broken_rules(table: pd.DataFrame) -> Iterator[str]:
    """Yield every rule that the table breaks, with a count, examples and what to do."""
    if table.empty:
        yield "empty_file: it has no row"
        return
    place = table.index + 2  # of the row in a CSV file: the header is line 1
    if (no_id := table[ID].isna()).any():
        yield f"empty_customer: {_count(no_id, 'row has', 'rows have')} no customer ({_rows(place[no_id])})"
    if (no_segment := table[SEGMENT].isna()).any():
        yield (
            f"empty_segment: {_count(no_segment, 'customer has', 'customers have')} no segment "
            f"({_rows(place[no_segment])}); give them one, or take them out"
        )
    ids = table[ID].dropna()
    if len(twice := ids[ids.duplicated()].unique()):
        are = "customer is" if len(twice) == 1 else "customers are"
        yield f"duplicate_customer: {len(twice):,} {are} there more than once ({_quoted(twice)}); keep one row of each"
    names = table[SEGMENT].dropna().drop_duplicates()
    if len(names) == 1:
        yield f"one_segment: all customers are in '{names.iloc[0]}'; it takes two segments at least"
    if len(names) > MOST_SEGMENTS:
        yield f"too_many_segments: {len(names):,} different segments; at most {MOST_SEGMENTS} can be told apart"
    if len(too_long := names[names.str.len() > LONGEST_NAME]):
        yield f"long_name: '{too_long.iloc[0]}' has more than {LONGEST_NAME} characters"
    folded = names.str.split().str.join(" ").str.casefold()
    if len(alike := names[folded.duplicated(keep=False)]):
        yield f"similar_names: {_quoted(alike)} differ in case or blanks only; write them the same way"


def _count(rows: pd.Series, one: str, many: str) -> str:
    n = int(rows.sum())
    return f"{n:,} {one if n == 1 else many}"


def _rows(places: pd.Index) -> str:
    word = "line" if len(places) == 1 else "lines"
    more = ", ..." if len(places) > EXAMPLES else ""
    return f"{word} {', '.join(str(place) for place in places[:EXAMPLES])}{more}"


def _quoted(values) -> str:
    more = ", ..." if len(values) > EXAMPLES else ""
    return ", ".join(f"'{value}'" for value in list(values)[:EXAMPLES]) + more


def _refused(path: Path, problem: str) -> ParameterRefused:
    return ParameterRefused(f"labels '{path.name}' cannot be used: {problem}", parameter="labels")
