"""What the contract finds in a source, told three ways: for a terminal, for a machine, for the owner of the data.

Each function takes the `seglib.ingest.shop.Shop` and says everything that was found at once; none looks at the data
again.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from seglib.report.render import render
from seglib.style import join_words, percent, visible

if TYPE_CHECKING:
    import pandas as pd

    from seglib.ingest import Shop

WIDTH = 160
"""Of a line that is not written to a terminal."""

SHOWN = 100
"""Rows that were set aside and are shown on the page, at most."""

COLOURS = {"error": "bold red", "exclusion": "magenta", "warning": "yellow", "info": "cyan"}
"""Of a severity on a terminal, beside its word."""


def as_text(shop: Shop) -> RenderableType:
    """Return the check for a terminal: what the source is, rows in and out of every table, and every finding."""
    parts: list[RenderableType] = [
        Text.assemble((visible(shop.source.name), "bold"), f", {shop.source.kind}; {_day(shop)}."),
        Text(shop.text),
        *(Text(f"Note: {visible(note)}") for note in shop.notes),
        _rows_table(shop.rows),
    ]
    if len(shop.findings):
        parts.append(_findings_table(shop.findings))
    return Group(*parts, Text(_verdict(shop), style="bold"))


def _day(shop: Shop) -> str:
    """Say from which day the source is looked at."""
    return f"as of {shop.as_of:%Y-%m-%d}" if shop.as_of else "no transactions, so no day to look from"


def plain(renderable: RenderableType) -> str:
    """Write something for a terminal as text without colours, in lines wide enough to search in."""
    said = io.StringIO()
    Console(file=said, width=WIDTH, color_system=None, force_terminal=False, force_jupyter=False).print(renderable)
    return "\n".join(line.rstrip() for line in said.getvalue().split("\n"))


def as_json(shop: Shop) -> dict[str, Any]:
    """Return the check for a machine: strict JSON, no missing numbers.

    Returns
    -------
    dict
        passed (no row breaks an error rule), source, kind, as_of, notes; rows (table, rows_in, accepted, quarantined,
        left_out, rows_out) and their totals; rules_checked; findings (rule, table, severity, rows, share, examples,
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
        "rules_checked": _rules_checked(shop),
        "findings": json.loads(shop.findings.to_json(orient="records")),
    }


def as_html(shop: Shop) -> str:
    """Return the check as one page for the owner of the data; it stands alone, fetches nothing and runs no script."""
    return render(
        "check.html.j2",
        shop=shop,
        day=_day(shop),
        verdict=_verdict(shop),
        passed=passed(shop),
        rows=[*shop.rows.to_dict("records"), {"table": "all", **shop.rows.drop(columns="table").sum()}],
        findings=shop.findings.to_dict("records"),
        aside=_first_set_aside(shop.quarantine),
        shown=min(SHOWN, len(shop.quarantine)),
    )


def passed(shop: Shop) -> bool:
    """Say whether no row breaks an error rule and some are left; what the mapping leaves out is fine."""
    return not (shop.findings["severity"] == "error").any() and not shop.without_rows


def _verdict(shop: Shop) -> str:
    errors, warnings = (shop.findings.query("severity == @said") for said in ("error", "warning"))
    broken = int((shop.rows["quarantined"] - shop.rows["left_out"]).sum())
    found = "no errors"
    if len(errors):
        rows = f"{broken:,} row{'s break' if broken > 1 else ' breaks'} {_counted(len(errors), 'rule')}"
        found = f"{rows}, in {join_words(list(dict.fromkeys(errors['table'])))}"
    warned = f"; {_counted(len(warnings), 'warning')}" if len(warnings) else ""
    empty = "".join(f"; table {name} has no usable row, so nothing can be segmented" for name in shop.without_rows)
    return f"{_counted(_rules_checked(shop), 'rule')} were checked: {found}{warned}{empty}."


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' * (n != 1)}"


def _rules_checked(shop: Shop) -> int:
    """Count the rules that belong to the tables that the shop has."""
    return int(shop.quality["table"].isin(list(shop.loaded_tables)).sum())


def _rows_table(rows: pd.DataFrame) -> Table:
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_footer=True)
    made.add_column("table", "all", overflow="fold")
    for name, total in (
        ("rows in", rows["rows_in"]),
        ("accepted", rows["accepted"]),
        ("set aside", rows["quarantined"]),
        ("of these by the mapping", rows["left_out"]),
    ):
        made.add_column(name, f"{total.sum():,}", justify="right")
    for row in rows.itertuples():
        made.add_row(row.table, *(f"{n:,}" for n in (row.rows_in, row.accepted, row.quarantined, row.left_out)))
    return made


def _findings_table(findings: pd.DataFrame) -> Table:
    """Make a table that reads in 80 columns: what is said of a rule stands below its name."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column("severity", no_wrap=True)
    made.add_column("rows", justify="right", no_wrap=True)
    made.add_column("share", justify="right", no_wrap=True)
    made.add_column("rule, what it means, what to do, examples", overflow="fold")
    for i, row in enumerate(findings.itertuples()):
        told = Text.assemble(
            (visible(row.rule), "bold"),
            f"\n{visible(row.sentence)}",
            (f"\n{row.remedy}", "italic"),
            (f"\nsuch as: {visible(row.examples)}", "dim"),
            "\n" * (i + 1 < len(findings)),
        )
        made.add_row(Text(row.severity, COLOURS[row.severity]), f"{row.rows:,}", percent(row.share), told)
    return made


def _first_set_aside(quarantine: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the first rows that were set aside, as they came: one item a table, broken rows before left out ones."""
    chosen = quarantine["rules"].str.contains(".left_out.", regex=False)
    first = quarantine.assign(chosen=chosen).sort_values("chosen", kind="stable").head(SHOWN)
    made = []
    for table, rows in first.groupby("table", sort=False):
        originals = [json.loads(original) for original in rows["original"]]
        lines = [
            (row.row, [row.rules] if row.chosen else row.rules.split(", "), [_cell(value) for value in cells.values()])
            for row, cells in zip(rows.itertuples(), originals, strict=True)
        ]
        all_rows = int((quarantine["table"] == table).sum())
        made.append({"table": table, "columns": list(originals[0]), "lines": lines, "rows": all_rows})
    return made


def _cell(value: Any) -> str:
    """Write a value of a JSON object as text; nothing where there is none."""
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
