"""Which of the source's tables the canonical ones are made from, and which of its columns theirs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from seglib.ingest.suggest.names import NEAR, SURE, likeness, words
from seglib.ingest.suggest.values import MOST, REPEATS, Guess, Looked, guess, numbers
from seglib.schema.tables import TABLES, key, kind, needed

HALF = 0.5
"""Share of the values of a reference that must be found in the table it refers to."""

EMPTY = 0.01
"""A share of rows without a customer that is no slip any more."""


@dataclass(frozen=True)
class LeftOut:
    """Rows that had better be left out: name, column and test as in a mapping file; and why, if it is not sure."""

    name: str
    column: str
    test: str
    value: str
    doubt: str = ""


@dataclass(frozen=True)
class Found:
    """What a canonical table is made from.

    Attributes
    ----------
    table : str
        Canonical.
    looked : Looked
    guesses : mapping of str to Guess
        By canonical column.
    rows : {"as_is", "distinct", "lines"}
        As in a mapping file.
    left_out : tuple of LeftOut
    """

    table: str
    looked: Looked
    guesses: Mapping[str, Guess]
    rows: str = "as_is"
    left_out: tuple[LeftOut, ...] = ()

    def sure(self, column: str) -> str | None:
        """Return the source's column for a canonical one, if it is sure."""
        made = self.guesses.get(column)
        return made.names[0] if made and not made.doubt else None

    @property
    def used(self) -> set[str]:
        """The source's columns that surely mean something."""
        return {name for made in self.guesses.values() if not made.doubt for name in made.names}


def find(tables: Collection[Looked]) -> dict[str, Found]:
    """Find what each canonical table is made from; one that nothing fits is not there.

    A table that others refer to, and that the source does not have, is made from the rows that refer to it: a flat file
    of invoices holds its customers too.
    """
    found: dict[str, Found] = {}
    for table in reversed(TABLES):  # what refers comes before what it refers to
        taken = {one.looked.name for one in found.values()}
        made = _own(table, [looked for looked in tables if looked.name not in taken]) or _derived(table, found)
        if table == "customers" and not made and len(tables) == 1 and not found:
            made = _ready(next(iter(tables)))
        if made:
            found[table] = made
    found = {name: _referring(one, found) for name, one in found.items()}
    if "transactions" in found:
        found["transactions"] = _left_out(_lines(_amount(found["transactions"])))
    return {name: _one_way_of_dates(one, found) for name, one in found.items()}


def table_likeness(name: str, table: str) -> float:
    """Say how near the name of a table comes to a canonical one, with or without the schema before it."""
    return max(likeness(name, table), min(likeness(name.rsplit(".", 1)[-1], table), 1.0))


def _own(table: str, tables: Collection[Looked]) -> Found | None:
    """Return what a canonical table is made from, where the source has a table of its own for it."""
    needs = [column for column, declared in TABLES[table].columns.items() if declared.required]
    best, most = None, 0.0
    for looked in tables:
        name = table_likeness(looked.name, table)
        one = Found(table, looked, _guesses(looked, table))
        sure = [column for column in TABLES[table].columns if one.sure(column)]
        fit = name + len([c for c in sure if c in needs]) / len(needs) + 0.01 * len(sure)
        if fit > most and (name > 1 or _is_it(one, name, needs)):
            best, most = one, fit
    if best is None or table not in ("customers", "transactions"):
        return best
    identity = best.sure("customer_id") if table == "customers" else None
    rows = "distinct" if identity and best.looked.repeats(identity) > REPEATS else "as_is"
    return replace(best, rows=rows, guesses=_with_dates(best))


def _ready(looked: Looked) -> Found | None:
    """Return the only table of a source as one of customers, where a column that is called id tells its rows apart."""
    one = Found("customers", looked, _guesses(looked, "customers"))
    identity = one.sure("customer_id")
    return one if identity and looked.repeats(identity) <= REPEATS else None


def _is_it(one: Found, name: float, needs: Collection[str]) -> bool:
    """Say whether a table can be a canonical one, going by its name and the columns that are sure."""
    identity = one.sure(key(one.table))
    if one.table == "transactions" and name < SURE:
        other = any(table_likeness(one.looked.name, table) >= SURE for table in TABLES)
        return all(one.sure(column) for column in needs if column != "transaction_id" or other)
    if one.table == "customers" and name < SURE:
        named = identity is not None and likeness(identity, "customer_id") >= SURE
        return named and one.looked.repeats(identity) <= REPEATS
    return name >= SURE and (identity is not None or needed(one.table))


def _guesses(looked: Looked, table: str, *, without: Collection[str] = (), own: bool = True) -> dict[str, Guess]:
    """Find the source's column for every canonical one: the sure ones first, of them those that are needed."""
    columns = TABLES[table].columns
    made = []
    for column in columns:
        named_here = own and column in (key(table), key(table).replace("_id", "_name"))
        for name in looked.columns:
            score = likeness(name, column, own=named_here)
            if score >= NEAR and name not in without:
                made.append(guess(looked, table, column, name, score))
    found: dict[str, Guess] = {}
    for one in sorted(made, key=lambda g: (bool(g.doubt), g.score < 2, not columns[g.column].required, -g.score)):
        if one.column not in found and one.names[0] not in {g.names[0] for g in found.values()}:
            found[one.column] = one
    return found


def _with_dates(one: Found) -> dict[str, Guess]:
    """Return the guesses of a table; where a date is needed and no name is like it, the only column with dates."""
    guesses = dict(one.guesses)
    for column, declared in TABLES[one.table].columns.items():
        if declared.required and kind(declared) == "date" and column not in guesses:
            free = [name for name in one.looked.columns if name not in one.used]
            dated = [made for name in free if not (made := guess(one.looked, one.table, column, name, 1.0)).doubt]
            if len(dated) == 1:
                guesses[column] = replace(dated[0], doubt="its values are dates, its name does not say which")
    return guesses


def _derived(table: str, found: Mapping[str, Found]) -> Found | None:
    """Return a table that is made from the rows that refer to it, one a key."""
    identity = key(table)
    for child in found.values():
        refers = TABLES[child.table].columns.get(identity)
        if refers is None or refers.metadata["refers_to"] != table or not (column := child.sure(identity)):
            continue
        others = child.used - {column}
        guesses = _guesses(child.looked, table, without=others | {column}, own=False)
        coded = "id" in words(column)  # then a name stands beside it, else the column is the name
        guesses = {c: one for c, one in guesses.items() if not one.doubt and (coded or not c.endswith("_name"))}
        guesses[identity] = Guess(identity, (column,))
        for name, declared in TABLES[table].columns.items():
            if declared.required and name not in guesses:
                guesses[name] = Guess(name, (column,))
        return Found(table, child.looked, guesses, rows="distinct")
    return None


def _referring(one: Found, found: Mapping[str, Found]) -> Found:
    """Doubt the references of a table that are not found where they should be."""
    guesses = dict(one.guesses)
    for column, made in one.guesses.items():
        parent = found.get(TABLES[one.table].columns[column].metadata["refers_to"] or "")
        there = parent and parent.sure(column)
        if made.doubt or not there or parent.looked is one.looked:
            continue
        text, held = one.looked.text(made.names[0]), parent.looked
        known = f"SELECT {held.text(there)} FROM {held.held} WHERE {held.text(there)} IS NOT NULL"
        [(share,)] = one.looked.con.sql(
            f"SELECT avg(CAST(x IN ({known}) AS INTEGER)) FROM (SELECT DISTINCT {text} AS x FROM {one.looked.seen}) "
            "WHERE x IS NOT NULL"
        ).fetchall()
        if share < HALF:
            doubt = f"{share:.0%} of its values are in column {there!r} of table {held.name!r}"
            guesses[column] = replace(made, doubt=doubt)
    return replace(one, guesses=guesses)


def _amount(one: Found) -> Found:
    """Multiply quantity and price where no column is surely the amount."""
    amount = one.guesses.get("amount")
    if amount and not amount.doubt and amount.score >= 1:
        return one
    factors = []
    for factor in ("quantity", "unit_price"):
        near = [n for n in one.looked.columns if likeness(n, factor) >= SURE and n not in one.used - {_name(amount)}]
        factors += sorted(near, key=lambda n: -likeness(n, factor))[:1]
    if len(set(factors)) < 2:
        return one
    _, made = numbers(one.looked, Guess("amount", tuple(factors)))
    return replace(one, guesses={**one.guesses, "amount": made})


def _name(made: Guess | None) -> str:
    return made.names[0] if made else ""


def _lines(one: Found) -> Found:
    """Say whether several rows make one transaction."""
    identity, customer = one.sure("transaction_id"), one.sure("customer_id")
    if not identity or one.looked.repeats(identity) <= REPEATS:
        return one
    if customer:
        text, who = one.looked.text(identity), one.looked.text(customer)
        [(several,)] = one.looked.con.sql(
            f"SELECT avg(CAST(n > 1 AS INTEGER)) FROM (SELECT count(DISTINCT {who}) AS n FROM {one.looked.seen} "
            f"WHERE {text} IS NOT NULL GROUP BY {text})"
        ).fetchall()
        if several > REPEATS:
            made = replace(one.guesses["transaction_id"], doubt="rows with one of its values name several customers")
            return replace(one, guesses={**one.guesses, "transaction_id": made})
    return replace(one, rows="lines")


def _left_out(one: Found) -> Found:
    """Find rows that are no purchases: cancellations, told by a letter before the number, and rows without customer."""
    made = []
    looked, identity, customer = one.looked, one.sure("transaction_id"), one.sure("customer_id")
    if identity:
        text = looked.text(identity)
        prefix = rf"regexp_extract({text}, '^([A-Za-z]+)\d+$', 1)"
        [plain] = looked.ask(rf"count(*) FILTER (regexp_full_match({text}, '\d+'))")
        amount = one.guesses.get("amount")
        below = "NULL"
        if amount and not amount.doubt:
            form, _ = numbers(looked, amount)
            below = " OR ".join(f"{looked.value('number', name, form)} < 0" for name in amount.names)
        letters = looked.con.sql(
            f"SELECT {prefix} AS x, coalesce(avg(CAST({below} AS INTEGER)), 0) FROM {looked.seen} "
            "WHERE x <> '' GROUP BY ALL ORDER BY x LIMIT 5"
        ).fetchall()
        if plain > looked.filled[identity] / 2:
            for letter, negative in letters:
                name, doubt = ("cancelled", "") if negative >= MOST else ("numbered", "are these purchases?")
                made.append(LeftOut(f"{name}_{letter.lower()}", identity, "starts_with", letter, doubt))
    [rows] = looked.ask("count(*)")
    if customer and looked.filled[customer] < (1 - EMPTY) * rows:
        made.append(LeftOut("without_customer", customer, "empty", "true"))
    return replace(one, left_out=tuple(made))


def _one_way_of_dates(one: Found, found: Mapping[str, Found]) -> Found:
    """Settle whether day or month comes first as another column of the source does; else say that it is open."""
    settled = {made.days[0] for table in found.values() for made in table.guesses.values() if len(made.days) == 1}
    guesses = dict(one.guesses)
    for column, made in one.guesses.items():
        if len(made.days) > 1:
            like = [day for day in made.days if day in settled]
            note = "" if len(like) == 1 else f"{' and '.join(made.days)} fit alike: say which is right"
            guesses[column] = replace(made, days=tuple(like or made.days), note=made.note or note)
    return replace(one, guesses=guesses)
