"""01 Can this data be trusted? From a source to the canonical tables, with every problem counted.

`ingest` reads a source, applies the contract of `seglib.schema.tables`, sets broken rows aside and returns a
`Shop`. Nothing is dropped in silence: for every table, rows in = rows accepted + rows quarantined.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pandas as pd

from seglib.credentials import recorded
from seglib.errors import InputRefused, ParameterRefused
from seglib.ingest import markets, postgres_views
from seglib.ingest.contract import validation
from seglib.ingest.contract.loading import Intake, take_in, with_names
from seglib.ingest.contract.rules import SEVERITIES
from seglib.ingest.mapping.file import parse, read_mapping
from seglib.ingest.mapping.model import ShopMapping as Told
from seglib.ingest.sources.base import Source
from seglib.ingest.sources.open import open_source
from seglib.run import Run
from seglib.schema.records import DatabaseRecord, FindingRecord, InputRecord, RowsRecord, ShopRecord, VariableRecord
from seglib.schema.tables import TABLES, key, needed
from seglib.sql import UNIFIED_SQL, in_memory
from seglib.style import NO_TRANSACTIONS, shortened

MEMORY = "3GB"
"""What reading a shop may hold in memory; more goes to a temporary file."""


@dataclass(frozen=True)
class Shop:
    """A shop's tables after the contract was applied.

    Attributes
    ----------
    con : duckdb.DuckDBPyConnection
        Holds the canonical tables (accepted rows only) and ``study``, one row with ``as_of``.
    source : Source
        Where the data came from.
    taken : mapping of str to Intake
        What each canonical table that the shop has is made from.
    as_of : pandas.Timestamp or None
        The day the run looks at the shop; nothing after it is seen. None: the source has no transactions, and what
        it says of its customers has no day.
    rows : pandas.DataFrame
        One row a table: table, rows_in, accepted, quarantined, left_out (of those, by the mapping or by ``cities``),
        rows_out (fewer than accepted where several lines make one transaction).
    quality : pandas.DataFrame
        One row a rule: rule, table, severity, rows, share, examples, sentence, remedy.
    quarantine : pandas.DataFrame
        One row a row that was set aside: table, row (1 is the first below the header), rules, original (JSON). Rows
        of customers from other cities are counted in ``rows`` and ``quality`` only.
    told : seglib.ingest.mapping.model.ShopMapping
        What the source's own tables and columns are called here.
    url : str
        What may be written down of the source (`seglib.credentials.recorded`).
    cities : tuple of str
        The only cities whose customers are looked at; empty: all of them.
    """

    con: duckdb.DuckDBPyConnection
    source: Source
    taken: Mapping[str, Intake]
    as_of: pd.Timestamp | None
    rows: pd.DataFrame
    quality: pd.DataFrame
    quarantine: pd.DataFrame
    told: Told
    url: str
    cities: tuple[str, ...] = ()

    def table(self, name: str) -> pd.DataFrame:
        """Return a canonical table, one of `seglib.schema.tables.TABLES`, as a DataFrame."""
        return self.con.table(name).df()

    @property
    def unified(self) -> duckdb.DuckDBPyRelation:
        """One row a transaction up to ``as_of`` with its customer's names joined (``sql/unified.sql``)."""
        return self.con.sql(UNIFIED_SQL)

    @property
    def findings(self) -> pd.DataFrame:
        """The rules that found something, errors first."""
        found = self.quality[self.quality["rows"] > 0]
        return found.sort_values("severity", key=lambda s: s.map(SEVERITIES.index), kind="stable")

    @property
    def text(self) -> str:
        """One sentence: how many rows came in, how many were set aside, and why."""
        counted = ("rows_in", "accepted", "quarantined", "left_out")
        rows_in, accepted, aside, chosen = (int(self.rows[c].sum()) for c in counted)
        broken = len(self.findings.query("severity == 'error'"))
        elsewhere = int(
            self.findings.loc[self.findings["rule"].str.endswith(f".{validation.NOT_COPIED}"), "rows"].sum()
        )
        why = [f"{aside - chosen:,} by {broken} rule{'s' if broken > 1 else ''}"] * (aside > chosen)
        why += [f"{chosen - elsewhere:,} by choice of the mapping"] * (chosen > elsewhere)
        why += [f"{elsewhere:,} not of {shortened(self.cities, 5, last='or')}, as asked"] * (elsewhere > 0)
        because = f" ({', '.join(why)})" if why else ""
        return f"{rows_in:,} rows came in, {accepted:,} were accepted and {aside:,} were set aside{because}."

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on how the source was read, and what its tables are."""
        read = dict.fromkeys(intake.loaded.note for intake in self.taken.values() if intake.loaded.note)
        lines = [row for row in self.rows.itertuples() if row.rows_out < row.accepted]
        merged = [f"{row.accepted:,} lines of table {row.table} are {row.rows_out:,} rows" for row in lines]
        return (*self.source.notes, *read, *merged)

    @property
    def without_rows(self) -> list[str]:
        """The tables that this shop must have and of which no row is left."""
        empty = self.rows.loc[self.rows["rows_out"] == 0, "table"]
        return [name for name in empty if needed(name) and name in self.taken]

    @property
    def variables(self) -> dict[str, VariableRecord]:
        """What the analyst segments by, as the mapping file says: kind, unit and log of each variable."""
        return {name: variable.record for name, variable in self.taken["customers"].variables.items()}

    def require(self, *, max_reject_share: float) -> None:
        """Refuse the shop if too much of it had to be set aside, or nothing is left to work on.

        Parameters
        ----------
        max_reject_share : float
            Largest share of the rows of any one table that may break a rule, 0 to 1. What the mapping or ``cities``
            leaves out does not count.

        Raises
        ------
        InputRefused
            Names the table, the row counts, the rules and what to do.
        """
        problems = []
        for row in self.rows.itertuples():
            broken, rows = row.quarantined - row.left_out, row.rows_in - row.left_out
            if broken > max_reject_share * rows:
                problems.append(
                    f"table {row.table}: {broken:,} of {rows:,} rows ({broken / rows:.1%}) break the contract, "
                    f"more than max_reject_share = {max_reject_share:.0%} allows: {self._reasons(row.table)}"
                )
            elif row.table in self.without_rows:
                problems.append(f"table {row.table} has no usable row: nothing can be segmented")
        if problems:
            raise InputRefused("\n".join(problems))

    def _reasons(self, table: str) -> str:
        broken = self.findings.query("severity == 'error' and table == @table").nlargest(3, "rows")
        return "; ".join(f"{r.rule} ({r.rows:,} rows): {r.sentence}; {r.remedy}" for r in broken.itertuples())

    @property
    def record(self) -> ShopRecord:
        """What later notebooks need to know of the shop, as ``shop.json`` has it; without the database, see `save`."""
        rows = self.rows.drop(columns="table").sum()
        [(first, last)] = self.con.sql(
            "SELECT min(transaction_date), max(transaction_date) FROM transactions, study "
            "WHERE transaction_date <= as_of"
        ).fetchall()
        [(transactions, statuses)] = self.con.sql(
            "SELECT count(*), count(transaction_status) FROM transactions"
        ).fetchall()
        return ShopRecord(
            source=self.source.name,
            kind=self.source.kind,
            as_of=self.as_of.date().isoformat() if self.as_of else None,
            first_transaction=first.isoformat() if first else None,
            last_transaction=last.isoformat() if last else None,
            cities=self.cities,
            variables=self.variables,
            inputs=tuple(
                InputRecord(row.table, int(row.rows_in), self.taken[row.table].loaded.sha256)
                for row in self.rows.itertuples()
                if row.table in self.taken
            ),
            notes=self.notes,
            findings=tuple(
                FindingRecord(row.severity, row.table, row.sentence, int(row.rows))
                for row in self.findings.itertuples()
            ),
            rows=RowsRecord(int(rows["rows_in"]), int(rows["accepted"]), int(rows["quarantined"])),
            database=DatabaseRecord(reason="it was not asked"),
            wording="coupon" if statuses else "transaction" if transactions else "none",
        )

    def save(self, run: Run) -> None:
        """Write the canonical tables, the unified table, quality, quarantine and the summary of the run."""
        for name in TABLES:
            run.write_table(name, self.con.table(name).order(f"length({key(name)}), {key(name)}"))
        run.write("unified", self.unified)
        run.write("quality", self.quality)
        run.write("quarantine", self.quarantine)
        aside = int(self.rows["quarantined"].sum())
        database = postgres_views.describe_views(self.con, self.source, self.taken, self.told, aside=aside)
        if database.reason is None:
            database = replace(database, url=self.url)
        run.write("shop", replace(self.record, database=database))


def ingest(
    source: str | Path, *, as_of: str | None = None, mapping: str | Path | None = None, cities: str | None = None
) -> Shop:
    """Read a source and apply the contract.

    Parameters
    ----------
    source : str or Path
        What `seglib.ingest.open_source` understands.
    as_of : str, optional
        Day (``2024-07-14``) at which the shop is looked at; default: what the mapping says, else the day of the last
        transaction of the whole shop, also where ``cities`` are given: so markets can be compared.
    mapping : str or Path, optional
        A mapping file (`seglib.ingest.mapping.file`); default: the source's own names are the canonical ones.
    cities : str, optional
        Names of cities, separated by commas: only their customers are looked at (`seglib.ingest.markets`); default:
        all.

    Returns
    -------
    Shop

    Raises
    ------
    InputRefused
        If the source cannot be opened, or a table lacks a required column (all of them are named at once).
    ParameterRefused
        If the mapping file is wrong, or ``as_of`` is no date, lies before the first transaction, or is given where
        there are none; or if there is no such city.
    """
    told = parse(read_mapping(mapping)) if mapping else None
    opened = open_source(source, csv=told.csv if told else None)
    told = with_names(opened, told or parse(opened.mapping))
    con = connect()
    taken = take_in(con, opened, told)
    rules = validation.apply(con, taken)
    asked = as_of or told.as_of
    if asked and "transactions" not in taken:
        raise ParameterRefused(
            f"as_of {asked} does not apply: {NO_TRANSACTIONS[0].lower()}{NO_TRANSACTIONS[1:]}", parameter="as_of"
        )
    day = _as_of(con, asked) if "transactions" in taken else None
    only: tuple[str, ...] = ()
    if cities is not None:
        only, choices = markets.restrict_to_cities(con, taken, cities)
        rules = (*choices, *rules)
        _refuse_unseen(con, day)
    con.execute("CREATE TABLE study AS SELECT CAST(? AS DATE) AS as_of", [day])
    rows = validation.count_rows(con, taken)
    found = validation.quality(con, rules, rows)
    looked_at = pd.Timestamp(day) if day else None
    aside = validation.quarantine(con)
    return Shop(con, opened, taken, looked_at, rows, found, aside, told, recorded(str(source)), only)


def connect() -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB whose answers depend on no machine: its clock is UTC, what does not fit goes to disk."""
    con = in_memory()
    con.execute("SET TimeZone = 'UTC'")
    con.execute(f"SET memory_limit = '{MEMORY}'")
    con.execute("SET temp_directory = ?", [tempfile.gettempdir()])
    return con


def _as_of(con: duckdb.DuckDBPyConnection, as_of: str | None) -> str:
    [(last,)] = con.sql("SELECT max(transaction_date) FROM transactions").fetchall()
    if as_of is None:
        if last is None:  # nothing to look at, but what is wrong is told all the same
            [(last,)] = con.sql(
                "SELECT coalesce(max(transaction_date), DATE '1970-01-01') FROM staged_transactions"
            ).fetchall()
        return last.isoformat()
    try:
        day = pd.Timestamp(as_of).date()
    except ValueError as error:
        raise ParameterRefused(f"as_of is a day such as 2024-07-14, not '{as_of}'", parameter="as_of") from error
    _refuse_unseen(con, day.isoformat())
    return day.isoformat()


def _refuse_unseen(con: duckdb.DuckDBPyConnection, day: str | None) -> None:
    """Refuse a day on which nothing has happened yet."""
    [(first,)] = con.sql("SELECT min(transaction_date) FROM transactions").fetchall()
    if day and first is not None and day < first.isoformat():
        raise ParameterRefused(
            f"as_of {day} lies before the first transaction ({first}): nothing would be seen", parameter="as_of"
        )
