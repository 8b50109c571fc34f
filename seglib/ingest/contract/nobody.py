"""Ids of customers that stand for nobody: a word for guests, or one id with far more transactions than any other."""

from __future__ import annotations

from collections.abc import Iterator

from seglib.ingest.contract.doubts import CountedRows, Doubt
from seglib.ingest.contract.rules import Rule
from seglib.sql import sql_literal

NOBODY = (
    *("guest", "guests", "gast", "invit\u00e9", "invitado", "ospite", "convidado", "anonymous", "anonym", "anonyme"),
    *("an\u00f3nimo", "anonimo", "unknown", "unbekannt", "inconnu", "desconocido", "sconosciuto", "onbekend"),
    *("nobody", "no customer", "walk-in", "walkin", "walk in", "laufkunde", "laufkundschaft", "diverse", "dummy"),
    *("test", "n.n.", "?", "??", "???", "00000000-0000-0000-0000-000000000000"),
)
"""What tills and shops write where they do not know the customer, in small letters."""

FEWEST_HEAVY, HEAVY_SHARE, HEAVY_TIMES = 20, 0.05, 10
"""Transactions of one id that are no person's: at least so many, such a share, and so many times those of the next."""

ROWS_COUNTED = 5
"""Ids that are shown."""


def customers_who_are_nobody(rows: CountedRows, customer: str, transaction: str) -> Iterator[Doubt]:
    """Find ids that stand for many customers, or for none.

    Parameters
    ----------
    rows : CountedRows
        Of the transactions.
    customer, transaction : str
        SQL of the two ids.
    """
    is_word = f"lower(c) IN ({', '.join(map(sql_literal, NOBODY))})"
    cells = f"SELECT {customer} AS c, {transaction} AS t FROM {rows.cells_sql}"
    by_id = f"SELECT c, count(*) AS n_rows, count(t) AS n FROM ({cells}) WHERE c IS NOT NULL GROUP BY c"
    [(most, at_least, ids)] = rows.con.sql(
        "SELECT coalesce(max(n), 0), count(*) FILTER (n > 0), "
        f"list((c, n_rows) ORDER BY n_rows DESC, c) FILTER ({is_word}) FROM ({by_id})"
    ).fetchall()
    # Different transactions of a million customers take long to count. An id has at most as many as rows, and all ids
    # together have one each at least: where no id has its share of that, none is heavy.
    if most >= max(FEWEST_HEAVY, HEAVY_SHARE * at_least):
        by_id = by_id.replace("count(t)", "count(DISTINCT t)")
        heavy = f"n >= {FEWEST_HEAVY} AND n >= {HEAVY_SHARE} * total AND n >= {HEAVY_TIMES} * following AND n = most"
        over_all = "lead(n) OVER (ORDER BY n DESC, c) AS following, sum(n) OVER () AS total, max(n) OVER () AS most"
        ids = rows.con.sql(
            f"SELECT c, n_rows FROM (SELECT *, {over_all} FROM ({by_id})) WHERE {is_word} OR ({heavy}) "
            "ORDER BY n_rows DESC, c"
        ).fetchall()
    if not ids:
        return
    rule = Rule(
        "transactions.customer_id.nobody",
        "warning",
        "",
        "the customer_id stands for nobody, it seems: a word for guests, or an id with far more transactions than any "
        "other; all of them count as one customer",
        "if it is no person, leave these rows out in the mapping file: leave_out: {nobody: {column: ..., is: "
        f"[{ids[0][0]}]}}}}",
        cells=True,
    )
    examples = ", ".join(f"{id_} in {n:,} row{'s' if n > 1 else ''}" for id_, n in ids[:ROWS_COUNTED])
    yield Doubt(rule, sum(n for _, n in ids), examples)
