"""01 Can this data be trusted? From a source to the canonical tables, with every problem counted.

`ingest` reads a source, applies the contract of `seglib.schema.tables`, sets broken rows aside and returns a
`Shop`. Nothing is dropped in silence: for every table, rows in = rows accepted + rows quarantined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import duckdb
import pandas as pd

from seglib.credentials import recorded
from seglib.errors import InputRefused, ParameterRefused
from seglib.ingest import markets, postgres_views
from seglib.ingest.contract import validation
from seglib.ingest.contract.loading import LoadedTable, load_tables, with_name_tables
from seglib.ingest.contract.rules import SEVERITIES
from seglib.ingest.control_totals import ControlTotals, control_totals
from seglib.ingest.mapping.file import parse, parse_file
from seglib.ingest.mapping.model import ShopMapping
from seglib.ingest.places import place_of
from seglib.ingest.sources.base import Source
from seglib.ingest.sources.open import open_source
from seglib.ingest.summaries import MergedRows, ObservationDay, RejectedShares, TableContract
from seglib.run import Run, check_notebook
from seglib.schema.days import EXAMPLE, iso_day
from seglib.schema.records import DatabaseRecord, FindingRecord, InputRecord, RowsRecord, ShopRecord, VariableRecord
from seglib.schema.tables import TABLES, key, needed
from seglib.sql import UNIFIED_SQL, in_memory, remove_folders
from seglib.style import NO_TRANSACTIONS, shortened


@dataclass(frozen=True)
class Shop:
    """A shop's tables after the contract was applied.

    Attributes
    ----------
    con : duckdb.DuckDBPyConnection
        Holds the canonical tables (accepted rows only) and ``study``, one row with ``as_of``.
    source : Source
        Where the data came from.
    loaded_tables : mapping of str to LoadedTable
        What each canonical table that the shop has is made from.
    as_of : pandas.Timestamp or None
        The day on which the shop is looked at; nothing after it is seen. None: the source has no transactions, and what
        it says of its customers has no day.
    rows : pandas.DataFrame
        One row per table: table, rows_in, accepted, quarantined, left_out (of those, by the mapping or by ``cities``),
        rows_out (fewer than accepted where several lines make one transaction).
    quality : pandas.DataFrame
        One row per rule: rule, table, severity, rows, share, examples, sentence, remedy.
    quarantine : pandas.DataFrame
        One row per row that was set aside: table, row (1 is the first below the header), rules, original (JSON). Rows
        of customers from other cities are counted in ``rows`` and ``quality`` only.
    mapping : ShopMapping
        What the source's own tables and columns are called in the contract.
    url : str
        What may be written down of the source (`seglib.credentials.recorded`).
    cities : tuple of str
        The only cities whose customers are looked at; empty: all of them.
    """

    con: duckdb.DuckDBPyConnection
    source: Source
    loaded_tables: Mapping[str, LoadedTable]
    as_of: pd.Timestamp | None
    rows: pd.DataFrame
    quality: pd.DataFrame
    quarantine: pd.DataFrame
    mapping: ShopMapping
    url: str
    cities: tuple[str, ...] = ()

    def table(self, name: str) -> pd.DataFrame:
        """Return a canonical table, one of `seglib.schema.tables.TABLES`, as a DataFrame."""
        return self.con.table(name).df()

    @property
    def unified(self) -> duckdb.DuckDBPyRelation:
        """One row per transaction up to ``as_of`` with its customer's names joined (``sql/unified.sql``)."""
        return self.con.sql(UNIFIED_SQL)

    @property
    def row_counts(self) -> pd.DataFrame:
        """One row per table that the shop has: table, found_in (its name in the source), rows in and out."""
        sources = {name: loaded.source for name, loaded in self.loaded_tables.items()}
        counts = self.rows[self.rows["table"].isin(list(sources))]
        counts = counts.assign(found_in=counts["table"].map(sources))
        return counts[["table", "found_in", "rows_in", "accepted", "quarantined"]]

    @cached_property
    def control_totals(self) -> ControlTotals:
        """Rows of every file of the source, and the sum of the amounts, before and after the contract."""
        return control_totals(self.con, self.loaded_tables)

    @property
    def main_table(self) -> str:
        """The table that says most: transactions, or customers where there are none."""
        return "transactions" if "transactions" in self.loaded_tables else "customers"

    @property
    def contract(self) -> TableContract:
        """What `main_table` must look like."""
        return TableContract(self.main_table)

    @property
    def findings(self) -> pd.DataFrame:
        """The rules that found something, errors first."""
        findings = self.quality[self.quality["rows"] > 0]
        return findings.sort_values("severity", key=lambda s: s.map(SEVERITIES.index), kind="stable")

    def rows_found(self, rule: str) -> int:
        """Return how many rows a rule, given by its id, found."""
        return int(self.quality.set_index("rule").loc[rule, "rows"])

    @property
    def text(self) -> str:
        """One sentence: how many rows came in, how many were set aside, and why."""
        counted = ("rows_in", "accepted", "quarantined", "left_out")
        rows_in, accepted, quarantined, left_out = (int(self.rows[column].sum()) for column in counted)
        n_errors = len(self.findings.query("severity == 'error'"))
        of_other_cities = self.findings["rule"].str.endswith(f".{validation.NOT_COPIED}")
        elsewhere = int(self.findings.loc[of_other_cities, "rows"].sum())
        why = []
        if quarantined > left_out:
            why.append(f"{quarantined - left_out:,} by {n_errors} rule{'s' if n_errors > 1 else ''}")
        if left_out > elsewhere:
            why.append(f"{left_out - elsewhere:,} by choice of the mapping")
        if elsewhere:
            why.append(f"{elsewhere:,} not of {shortened(self.cities, 5, last='or')}, as asked")
        because = f" ({', '.join(why)})" if why else ""
        return f"{rows_in:,} rows came in, {accepted:,} were accepted and {quarantined:,} were set aside{because}."

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on how the source was read, and what its tables are."""
        read = dict.fromkeys(note for table in self.loaded_tables.values() for note in table.notes)
        lines = [row for row in self.rows.itertuples() if row.rows_out < row.accepted]
        merged = [f"{row.accepted:,} lines of table {row.table} are {row.rows_out:,} rows" for row in lines]
        return (*self.source.notes, *read, *merged)

    @property
    def without_rows(self) -> list[str]:
        """The tables that this shop must have and of which no row is left."""
        empty = self.rows.loc[self.rows["rows_out"] == 0, "table"]
        return [name for name in empty if needed(name) and name in self.loaded_tables]

    @property
    def variables(self) -> dict[str, VariableRecord]:
        """What the analyst segments by, as the mapping file says: kind, unit and log of each variable."""
        return {name: variable.record for name, variable in self.loaded_tables["customers"].variables.items()}

    @property
    def variable_table(self) -> pd.DataFrame:
        """One row per variable to segment by: variable, kind, unit, log."""
        rows = [{"variable": name, **variable.to_json()} for name, variable in self.variables.items()]
        return pd.DataFrame(rows, columns=["variable", "kind", "unit", "log"])

    @property
    def day(self) -> ObservationDay:
        """The day on which the shop is looked at, and what lies after it."""
        return ObservationDay(
            as_of=self.as_of,
            has_status=not self.rows_found("transactions.transaction_status.absent"),
            joins=self.rows_found("customers.join_date.after_as_of"),
            transactions=self.rows_found("transactions.transaction_date.after_as_of"),
            burns=self.rows_found("transactions.burn_date.after_as_of"),
        )

    @cached_property
    def merged_rows(self) -> MergedRows:
        """How many transactions there are before and after the merge."""
        return MergedRows(
            accepted=int(self.rows.set_index("table").loc["transactions", "rows_out"]),
            after_as_of=self.rows_found("transactions.transaction_date.after_as_of"),
            unified=self.unified.shape[0],
        )

    @property
    def takeaways(self) -> tuple[str, ...]:
        """What to remember of the shop, in sentences; gaps that later notebooks will meet come last."""
        n_errors = int((self.findings["severity"] == "error").sum())
        merged = self.merged_rows
        if merged.accepted:
            absent = self.rows_found("customers.customer_id.no_transaction")
            described = (
                f"The unified table has {merged.unified:,} rows; {absent:,} customers have no transaction "
                "and cannot be described."
            )
        else:
            n_customers = self.con.table("customers").shape[0]
            described = f"{n_customers:,} customers are described by {len(self.variables)} variables."
        gaps = self.quality[self.quality["rule"].str.endswith(".absent") & (self.quality["rows"] > 0)]
        return (
            self.text,
            f"{n_errors or 'No'} rule{'s were' if n_errors > 1 else ' was'} broken badly enough to set a row aside.",
            described,
            *(f"A gap that later notebooks will meet: {sentence}." for sentence in gaps["sentence"]),
        )

    def require(self, *, max_reject_share: float) -> RejectedShares:
        """Refuse the shop if too much of it had to be set aside, or nothing is left to work on.

        Parameters
        ----------
        max_reject_share : float
            Largest share of the rows of any one table that may break a rule, 0 to 1. What the mapping or ``cities``
            leaves out does not count.

        Returns
        -------
        RejectedShares
            What share of each table broke a rule.

        Raises
        ------
        InputRefused
            Names the table, the row counts, the rules and what to do.
        """
        broken, rows = (self.rows[column] - self.rows["left_out"] for column in ("quarantined", "rows_in"))
        shares = pd.DataFrame(
            {"table": self.rows["table"], "broken": broken, "rows": rows, "share": broken / rows.clip(lower=1)}
        )
        problems = []
        for row in shares.itertuples():
            if row.broken > max_reject_share * row.rows:
                problems.append(
                    f"table {row.table}: {row.broken:,} of {row.rows:,} rows ({row.share:.1%}) break the contract, "
                    f"more than max_reject_share = {max_reject_share:.0%} allows: {self._reasons(row.table)}"
                )
            elif row.table in self.without_rows:
                problems.append(f"table {row.table} has no usable row: nothing can be segmented")
        if problems:
            raise InputRefused("\n".join(problems))
        return RejectedShares(shares, max_reject_share)

    def _reasons(self, table: str) -> str:
        """Name the three rules that most rows of a table break."""
        errors = self.findings.query("severity == 'error' and table == @table").nlargest(3, "rows")
        return "; ".join(f"{r.rule} ({r.rows:,} rows): {r.sentence}; {r.remedy}" for r in errors.itertuples())

    @property
    def record(self) -> ShopRecord:
        """What later notebooks need to know of the shop, as ``shop.json`` has it; without the database, see `save`."""
        rows = self.source_rows
        [(first, last)] = self.con.sql(
            "SELECT min(transaction_date), max(transaction_date) FROM transactions, study "
            "WHERE transaction_date <= as_of"
        ).fetchall()
        [(transactions, statuses)] = self.con.sql(
            "SELECT count(*), count(transaction_status) FROM transactions"
        ).fetchall()
        money = validation.money_aside(self.con)
        return ShopRecord(
            source=self.source.name,
            kind=self.source.kind,
            as_of=self.as_of.date().isoformat() if self.as_of else None,
            first_transaction=first.isoformat() if first else None,
            last_transaction=last.isoformat() if last else None,
            cities=self.cities,
            variables=self.variables,
            inputs=tuple(
                InputRecord(row.table, int(row.rows_in), self.loaded_tables[row.table].loaded.sha256)
                for row in self.rows.itertuples()
                if row.table in self.loaded_tables
            ),
            notes=self.notes,
            findings=tuple(
                FindingRecord(row.severity, row.table, row.sentence, int(row.rows), money.get(row.rule))
                for row in self.findings.itertuples()
            ),
            rows=RowsRecord(int(rows["rows_in"]), int(rows["accepted"]), int(rows["quarantined"])),
            database=DatabaseRecord(reason="it was not asked"),
            wording="coupon" if statuses else "transaction" if transactions else "none",
            place=place_of(self.mapping),
            currency=self.currency,
        )

    @property
    def source_rows(self) -> pd.Series:
        """How many rows the source has, were accepted, and were set aside: what somebody counts who opens it.

        Where several tables are read from one table of the source, its rows count once, as in the longest of them.
        """
        origin = {name: table.source for name, table in self.loaded_tables.items()}
        read = self.rows[self.rows["table"].isin(origin)]
        longest = read.groupby(read["table"].map(origin))["rows_in"].idxmax()
        return self.rows.loc[longest].drop(columns="table").sum()

    @property
    def currency(self) -> str:
        """The currency of amounts: the mapping says it, or their cells carry it; empty where neither does."""
        table = self.loaded_tables.get("transactions")
        unit = table.units.get("amount", "") if table else ""
        return "" if unit == "%" else unit

    def save(self, run: Run) -> None:
        """Write the canonical tables, the unified table, quality, quarantine and the summary of the run."""
        run.source = self.url
        for name in TABLES:
            run.write_table(name, self.con.table(name).order(f"length({key(name)}), {key(name)}"))
        run.write("unified", self.unified)
        run.write("quality", self.quality)
        run.write("quarantine", self.quarantine)
        aside = int(self.rows["quarantined"].sum())
        database = postgres_views.describe_views(self.con, self.source, self.loaded_tables, self.mapping, aside=aside)
        if database.reason is None:
            database = replace(database, url=self.url)
        run.write("shop", replace(self.record, database=database))


def ingest(
    source: str | Path, *, as_of: str | None = None, mapping: str | Path | None = None, cities: str | None = None
) -> Shop:
    """Read a source and apply the contract.

    In a notebook, its parameters are checked first, as the command line checks them.

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
    check_notebook()
    opened, shop_mapping = _open(source, mapping)
    con = connect()
    tables = load_tables(con, opened, shop_mapping)
    rules = validation.apply(con, tables)
    wanted = as_of or shop_mapping.as_of
    if wanted and "transactions" not in tables:
        raise ParameterRefused(
            f"as_of {wanted} does not apply: {NO_TRANSACTIONS[0].lower()}{NO_TRANSACTIONS[1:]}", parameter="as_of"
        )
    day = _as_of(con, wanted) if "transactions" in tables else None
    chosen_cities: tuple[str, ...] = ()
    if cities is not None:
        chosen_cities, exclusions = markets.restrict_to_cities(con, tables, cities)
        rules = (*exclusions, *rules)
        _refuse_unseen(con, day)
    con.execute("CREATE TABLE study AS SELECT CAST(? AS DATE) AS as_of", [day])
    rows = validation.count_rows(con, tables)
    return Shop(
        con=con,
        source=opened,
        loaded_tables=tables,
        as_of=pd.Timestamp(day) if day else None,
        rows=rows,
        quality=validation.quality(con, rules, rows),
        quarantine=validation.quarantine(con),
        mapping=shop_mapping,
        url=recorded(str(source)),
        cities=chosen_cities,
    )


def refuse_unknown_cities(source: str | Path, mapping: str | Path | None, cities: Sequence[str]) -> None:
    """Refuse cities that a shop does not have, before anything else of it is read than its customers and cities.

    Parameters
    ----------
    source, mapping
        As in `ingest`.
    cities : sequence of str
        Each as in `ingest`.

    Raises
    ------
    InputRefused, ParameterRefused
        As in `ingest`.
    """
    opened, shop_mapping = _open(source, mapping)
    with connect() as con:
        tables = load_tables(con, opened, shop_mapping, only=("customers", "cities"))
        validation.apply(con, tables)
        for names in cities:
            markets.find_cities(con, tables, names)


def _open(source: str | Path, mapping: str | Path | None) -> tuple[Source, ShopMapping]:
    """Open a source, and read what its tables mean."""
    given = parse_file(mapping) if mapping else None
    opened = open_source(source, csv=given.csv if given else None, header_rows=given.header_rows if given else None)
    return opened, with_name_tables(opened, given or parse(opened.mapping))


def remove_what_is_aside() -> None:
    """Remove what connections wrote aside, in a process that ends without its usual end."""
    remove_folders()


def connect() -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB whose answers depend on no machine: its clock is UTC, what does not fit goes to disk.

    Whoever loads a source into it restricts it to the files of that source first (`seglib.sql.restrict`).
    """
    return in_memory(reads=None, TimeZone="UTC")


def _as_of(con: duckdb.DuckDBPyConnection, as_of: str | None) -> str:
    """Return the day on which the shop is looked at, ISO format: the one given, else that of the last transaction."""
    [(last,)] = con.sql("SELECT max(transaction_date) FROM transactions").fetchall()
    if as_of is None:
        if last is None:  # no usable row; but what is wrong with the others is listed all the same
            [(last,)] = con.sql(
                "SELECT coalesce(max(transaction_date), DATE '1970-01-01') FROM staged_transactions"
            ).fetchall()
        return last.isoformat()
    day = iso_day(str(as_of))
    if day is None:
        raise ParameterRefused(f"as_of is a day such as {EXAMPLE}, not '{as_of}'", parameter="as_of")
    _refuse_unseen(con, day)
    return day


def _refuse_unseen(con: duckdb.DuckDBPyConnection, day: str | None) -> None:
    """Refuse a day on which nothing has happened yet."""
    [(first,)] = con.sql("SELECT min(transaction_date) FROM transactions").fetchall()
    if day and first is not None and day < first.isoformat():
        raise ParameterRefused(
            f"as_of {day} lies before the first transaction ({first}): nothing would be seen", parameter="as_of"
        )
