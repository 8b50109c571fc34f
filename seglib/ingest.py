"""01 Can this data be trusted? From a source to the canonical tables, with every problem counted.

`ingest` reads a source, applies the contract of `seglib.schema`, sets broken rows aside and returns a
`Shop`. Nothing is dropped in silence: for every table, rows in = rows accepted + rows quarantined.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import duckdb
import pandas as pd

from seglib import contract
from seglib.errors import InputRefused, ParameterRefused
from seglib.run import Run
from seglib.schema import RULES, TABLES
from seglib.sources import Source, open_source

UNIFIED_SQL: str = files("seglib").joinpath("sql/unified.sql").read_text(encoding="utf-8")
"""The statement that merges the canonical tables."""


@dataclass(frozen=True)
class Shop:
    """A shop's tables after the contract was applied.

    Attributes
    ----------
    con : duckdb.DuckDBPyConnection
        Holds the canonical tables (accepted rows only) and ``study``, one row with ``as_of``.
    source : Source
        Where the data came from.
    as_of : pandas.Timestamp
        The day the run looks at the shop; nothing after it is seen.
    rows : pandas.DataFrame
        One row a table: table, rows_in, accepted, quarantined.
    quality : pandas.DataFrame
        One row a rule: rule, table, severity, rows, share, examples, sentence, remedy.
    quarantine : pandas.DataFrame
        One row a row that was set aside: table, row (1 is the first below the header), rules, original (JSON).
    """

    con: duckdb.DuckDBPyConnection
    source: Source
    as_of: pd.Timestamp
    rows: pd.DataFrame
    quality: pd.DataFrame
    quarantine: pd.DataFrame

    def table(self, name: str) -> pd.DataFrame:
        """Return a canonical table, one of `seglib.schema.TABLES`, as a DataFrame."""
        return self.con.table(name).df()

    @property
    def unified(self) -> duckdb.DuckDBPyRelation:
        """One row a transaction up to ``as_of`` with its customer's names joined (``sql/unified.sql``)."""
        return self.con.sql(UNIFIED_SQL)

    @property
    def findings(self) -> pd.DataFrame:
        """The rules that found something, errors first."""
        found = self.quality[self.quality["rows"] > 0]
        return found.sort_values("severity", key=lambda s: s.map({"error": 0, "warning": 1, "fact": 2}), kind="stable")

    @property
    def text(self) -> str:
        """One sentence: how many rows came in, how many were set aside, and why."""
        rows_in, accepted, aside = (int(self.rows[c].sum()) for c in ("rows_in", "accepted", "quarantined"))
        broken = self.findings.query("severity == 'error'")
        why = f" by {len(broken)} rule{'s' if len(broken) > 1 else ''}" if aside else ""
        return f"{rows_in:,} rows came in, {accepted:,} were accepted and {aside:,} were set aside{why}."

    def require(self, *, max_reject_share: float) -> None:
        """Refuse the shop if too much of it had to be set aside, or nothing is left to work on.

        Parameters
        ----------
        max_reject_share : float
            Largest share of the rows of any one table that may be quarantined, 0 to 1.

        Raises
        ------
        InputRefused
            Names the table, the row counts, the rules and what to do.
        """
        problems = []
        for row in self.rows.itertuples():
            if row.quarantined > max_reject_share * row.rows_in:
                problems.append(
                    f"table {row.table}: {row.quarantined:,} of {row.rows_in:,} rows "
                    f"({row.quarantined / row.rows_in:.1%}) break the contract, more than "
                    f"max_reject_share = {max_reject_share:.0%} allows: {self._reasons(row.table)}"
                )
            elif row.accepted == 0 and TABLES[row.table].required:
                problems.append(f"table {row.table} has no rows: nothing can be segmented")
        if problems:
            raise InputRefused("\n".join(problems))

    def _reasons(self, table: str) -> str:
        broken = self.findings.query("severity == 'error' and table == @table").nlargest(3, "rows")
        return "; ".join(f"{r.rule} ({r.rows:,} rows): {r.sentence}; {r.remedy}" for r in broken.itertuples())

    def summary(self) -> dict:
        """Return what later steps and run.json need to know of the shop."""
        rows = self.rows.drop(columns="table").sum()
        inputs = self.rows[self.rows["table"].isin(list(self.source.files))]
        [period] = self.con.sql(
            "SELECT min(transaction_date), max(transaction_date) FROM transactions, study "
            "WHERE transaction_date <= as_of"
        ).fetchall()
        return {
            "source": self.source.name,
            "kind": self.source.kind,
            "as_of": self.as_of.date().isoformat(),
            "first_transaction": period[0].isoformat(),
            "last_transaction": period[1].isoformat(),
            "inputs": [
                {"name": row.table, "rows": int(row.rows_in), "sha256": self.source.sha256(row.table)}
                for row in inputs.itertuples()
            ],
            "rows": {
                "in": int(rows["rows_in"]),
                "accepted": int(rows["accepted"]),
                "quarantined": int(rows["quarantined"]),
            },
        }

    def save(self, run: Run) -> None:
        """Write the canonical tables, the unified table, quality, quarantine and the summary of the run."""
        for name, table in TABLES.items():
            run.write_table(name, self.con.table(name).order(f"length({table.key}), {table.key}"))
        run.write("unified", self.unified)
        run.write("quality", self.quality)
        run.write("quarantine", self.quarantine)
        run.write("shop", self.summary())


def ingest(source: str | Path, *, as_of: str | None = None) -> Shop:
    """Read a source and apply the contract.

    Parameters
    ----------
    source : str or Path
        What `seglib.sources.open_source` understands.
    as_of : str, optional
        Day (``2024-07-14``) at which the shop is looked at; default: the day of the last transaction.

    Returns
    -------
    Shop

    Raises
    ------
    InputRefused
        If the source cannot be opened, or a table lacks a required column (all of them are named at once).
    ParameterRefused
        If ``as_of`` is no date, or lies before the first transaction.
    """
    con = duckdb.connect()
    opened = open_source(source, con)
    contract.apply(con, opened)
    day = _as_of(con, as_of)
    con.execute("CREATE TABLE study AS SELECT CAST(? AS DATE) AS as_of", [day])
    rows = contract.count_rows(con)
    return Shop(con, opened, pd.Timestamp(day), rows, contract.quality(con, rows), contract.quarantine(con))


def _as_of(con: duckdb.DuckDBPyConnection, as_of: str | None) -> str:
    [(first, last)] = con.sql("SELECT min(transaction_date), max(transaction_date) FROM transactions").fetchall()
    if last is None:
        raise InputRefused("table transactions has no usable row: nothing can be segmented" + _leading_errors(con))
    if as_of is None:
        return last.isoformat()
    try:
        day = pd.Timestamp(as_of).date()
    except ValueError as error:
        raise ParameterRefused(f"as_of is a day such as 2024-07-14, not '{as_of}'") from error
    if day < first:
        raise ParameterRefused(f"as_of {day} lies before the first transaction ({first}): nothing would be seen")
    return day.isoformat()


def _leading_errors(con: duckdb.DuckDBPyConnection) -> str:
    found = con.sql(
        "SELECT rule, count(*) FROM broken WHERE severity = 'error' AND table_name = 'transactions' "
        "GROUP BY rule ORDER BY count(*) DESC, rule LIMIT 3"
    ).fetchall()
    told = {rule.id: rule for rule in RULES}
    return "".join(f"; {rule} ({rows:,} rows): {told[rule].sentence}; {told[rule].remedy}" for rule, rows in found)
