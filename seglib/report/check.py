"""What the contract finds in a source, in three forms: for a terminal, for a machine, for the owner of the data.

Each function takes a shop as `seglib.ingest.ingest` returns it (``source``, ``as_of``, ``text``, ``notes``, and the
tables ``rows``, ``findings``, ``quality`` and ``quarantine``) and shows all findings at once. None looks at the data
again.
"""

from __future__ import annotations

import io
import json
import math
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from seglib.report.render import render
from seglib.style import join_words, percent, visible

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 160
"""Characters of a line that is not written to a terminal."""

SHOWN = 100
"""At most so many of the rows that were set aside are shown on the page."""

COLOURS = {"error": "bold red", "exclusion": "magenta", "warning": "yellow", "info": "cyan"}
"""Colours of the severities on a terminal, where each also has its word."""


def as_text(shop: Any) -> RenderableType:
    """Return the check for a terminal: what the source is, rows in and out of every table, and every finding."""
    parts: list[RenderableType] = [
        Text.assemble((visible(shop.source.name), "bold"), f", {shop.source.kind}; {_day(shop)}."),
        Text(shop.text),
        *(Text(f"Note: {visible(note)}") for note in shop.notes),
        _rows_table(shop.rows),
        Text(visible(shop.control_totals.text)),
        _totals_table(shop.control_totals.table),
    ]
    if len(shop.findings):
        parts.append(_findings_table(shop.findings))
    return Group(*parts, Text(_verdict(shop), style="bold"))


def _day(shop: Any) -> str:
    """Say from which day the source is looked at."""
    return f"as of {shop.as_of:%Y-%m-%d}" if shop.as_of else "no transactions, so no day to look from"


def without_colours(renderable: RenderableType) -> str:
    """Write something for a terminal as text without colours, in lines wide enough to search in."""
    out = io.StringIO()
    Console(file=out, width=WIDTH, color_system=None, force_terminal=False, force_jupyter=False).print(renderable)
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))


def as_json(shop: Any) -> dict[str, Any]:
    """Return the check for a machine: strict JSON, no missing numbers.

    Returns
    -------
    dict
        passed (no row breaks an error rule), source, kind, as_of, notes; rows (table, rows_in, accepted, quarantined,
        left_out, rows_out) and their totals; control_totals (found_in, rows_are, rows, amount, without_amount: of every
        file, what became of its rows); rules_checked; findings (rule, table, severity, rows, share, examples,
        sentence, remedy).
    """
    counted = [name for name in shop.rows.columns if name != "table"]
    return {
        "passed": passed(shop),
        "source": shop.source.name,
        "kind": shop.source.kind,
        "as_of": f"{shop.as_of:%Y-%m-%d}" if shop.as_of else None,
        "notes": list(shop.notes),
        "rows": json.loads(shop.rows.to_json(orient="records")),
        "totals": {name: int(shop.rows[name].sum()) for name in counted},
        "control_totals": json.loads(shop.control_totals.table.to_json(orient="records", double_precision=6)),
        "rules_checked": _rules_checked(shop),
        "findings": json.loads(shop.findings.to_json(orient="records")),
    }


def as_html(shop: Any) -> str:
    """Return the check as one page for the owner of the data; it stands alone, fetches nothing and runs no script."""
    totals = shop.control_totals.table
    return render(
        "check.html.j2",
        shop=shop,
        day=_day(shop),
        verdict=_verdict(shop),
        passed=passed(shop),
        rows=[*shop.rows.to_dict("records"), {"table": "all", **shop.rows.drop(columns="table").sum()}],
        totals=[(row.found_in, row.rows_are, row.rows, _amount(row.amount)) for row in totals.itertuples()],
        findings=shop.findings.to_dict("records"),
        aside=_first_set_aside(shop.quarantine),
        shown=min(SHOWN, len(shop.quarantine)),
    )


def passed(shop: Any) -> bool:
    """Say whether no row breaks an error rule and some rows are left; other severities are fine."""
    return not (shop.findings["severity"] == "error").any() and not shop.without_rows


def _verdict(shop: Any) -> str:
    """Sum up in one sentence: rules checked, errors, warnings, and tables without a usable row."""
    errors = shop.findings.query("severity == 'error'")
    warnings = shop.findings.query("severity == 'warning'")
    broken = int((shop.rows["quarantined"] - shop.rows["left_out"]).sum())
    parts = ["no errors"]
    if len(errors):
        rows = f"{broken:,} row{'s break' if broken > 1 else ' breaks'} {_counted(len(errors), 'rule')}"
        parts = [f"{rows}, in {join_words(list(dict.fromkeys(errors['table'])))}"]
    if len(warnings):
        parts.append(_counted(len(warnings), "warning"))
    parts += [f"table {name} has no usable row, so nothing can be segmented" for name in shop.without_rows]
    return f"{_counted(_rules_checked(shop), 'rule')} were checked: {'; '.join(parts)}."


def _counted(n: int, what: str) -> str:
    """Write a number with a noun, such as 2 rules."""
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def _rules_checked(shop: Any) -> int:
    """Count the rules that belong to the tables that the shop has."""
    return int(shop.quality["table"].isin(list(shop.loaded_tables)).sum())


def _rows_table(rows: pd.DataFrame) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_footer=True)
    table.add_column("table", "all", overflow="fold")
    for name, total in (
        ("rows in", rows["rows_in"]),
        ("accepted", rows["accepted"]),
        ("set aside", rows["quarantined"]),
        ("of these by the mapping", rows["left_out"]),
    ):
        table.add_column(name, f"{total.sum():,}", justify="right")
    for row in rows.itertuples():
        table.add_row(row.table, *(f"{n:,}" for n in (row.rows_in, row.accepted, row.quarantined, row.left_out)))
    return table


def _totals_table(totals: pd.DataFrame) -> Table:
    """Make a table of what became of the rows of every file, with their amounts."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("in the source", overflow="fold")
    table.add_column("rows", overflow="fold")
    table.add_column("how many", justify="right")
    table.add_column("sum of amounts", justify="right")
    for row in totals.itertuples():
        table.add_row(visible(row.found_in), visible(row.rows_are), f"{row.rows:,}", _amount(row.amount))
    return table


def _amount(amount: float) -> str:
    """Write a sum of amounts; nothing where there is none."""
    return "" if math.isnan(amount) else f"{amount:,.2f}"


def _findings_table(findings: pd.DataFrame) -> Table:
    """Make a table that fits 80 columns: sentence, remedy and examples stand below the name of a rule."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("severity", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    table.add_column("rule, what it means, what to do, examples", overflow="fold")
    for i, row in enumerate(findings.itertuples()):
        text = Text.assemble(
            (visible(row.rule), "bold"),
            f"\n{visible(row.sentence)}",
            (f"\n{row.remedy}", "italic"),
            (f"\nsuch as: {visible(row.examples)}", "dim"),
        )
        if i + 1 < len(findings):
            text.append("\n")
        table.add_row(Text(row.severity, COLOURS[row.severity]), f"{row.rows:,}", percent(row.share), text)
    return table


def _first_set_aside(quarantine: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the first rows that were set aside, as they came: one item for each table.

    Rows that break a rule come before those that the mapping leaves out.
    """
    left_out = quarantine["rules"].str.contains(".left_out.", regex=False)
    first = quarantine.assign(left_out=left_out).sort_values("left_out", kind="stable").head(SHOWN)
    parts = []
    for table, rows in first.groupby("table", sort=False):
        originals = [json.loads(original) for original in rows["original"]]
        lines = [
            (
                row.row,
                [row.rules] if row.left_out else row.rules.split(", "),
                [_cell(value) for value in cells.values()],
            )
            for row, cells in zip(rows.itertuples(), originals, strict=True)
        ]
        all_rows = int((quarantine["table"] == table).sum())
        parts.append({"table": table, "columns": list(originals[0]), "lines": lines, "rows": all_rows})
    return parts


def _cell(value: Any) -> str:
    """Write a value of a JSON object as text; nothing where there is none."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
