"""Which of the source's tables the canonical ones are made from, and which of its columns theirs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from seglib.ingest.contract.reversals import reversals_in
from seglib.ingest.suggest.lines import EMPTY, as_lines
from seglib.ingest.suggest.matches import Exclusion, TableMatch
from seglib.ingest.suggest.names import NEAR, SURE, is_part, likeness, words
from seglib.ingest.suggest.values import FEW, MOST, REPEATS, Guess, SourceTable, guess_column, numbers
from seglib.ingest.suggest.variables import spellings
from seglib.schema.tables import TABLES, key, kind, needed

HALF = 0.5
"""Share of the values of a reference that must be found in the table it refers to."""


def match_tables(tables: Collection[SourceTable]) -> dict[str, TableMatch]:
    """Find what each canonical table is made from; one that nothing fits is not there.

    A table that others refer to, and that the source does not have, is match from the rows that refer to it: a flat
    file of invoices holds its customers too.
    """
    matches: dict[str, TableMatch] = {}
    for table in reversed(TABLES):  # what refers comes before what it refers to
        taken = {match.source.name for match in matches.values()}
        match = _match_by_name(table, [source for source in tables if source.name not in taken]) or _derived(
            table, matches
        )
        if table == "customers" and not match and len(tables) == 1 and not matches:
            match = _match_ready_table(next(iter(tables)))
            if match is None and (lame := _match_with_gaps(next(iter(tables)))):
                matches["transactions"] = lame
                match = _derived(table, matches)
        if match:
            matches[table] = match
    matches = {name: _referring(match, matches) for name, match in matches.items()}
    if "customers" in matches:
        matches["customers"] = _without_codes(matches["customers"], matches)
    if "transactions" in matches:
        matches["transactions"] = _left_out(as_lines(_amount(matches["transactions"])))
    return {name: _one_way_of_dates(match, matches) for name, match in matches.items()}


def table_likeness(name: str, table: str) -> float:
    """Say how near the name of a table comes to a canonical match, with or without the schema before it."""
    return max(likeness(name, table), min(likeness(name.rsplit(".", 1)[-1], table), 1.0))


def _match_by_name(table: str, tables: Collection[SourceTable]) -> TableMatch | None:
    """Return what a canonical table is made from, where the source has a table of its own for it."""
    needs = [column for column, declared in TABLES[table].columns.items() if declared.required]
    best, most = None, 0.0
    for source in tables:
        name = table_likeness(source.title, table)
        match = TableMatch(table, source, _guesses(source, table))
        sure = [column for column in TABLES[table].columns if match.sure(column)]
        fit = name + len([c for c in sure if c in needs]) / len(needs) + 0.01 * len(sure)
        if fit > most and (name > 1 or _fits(match, name, needs)):
            best, most = match, fit
    if best is None or table not in ("customers", "transactions"):
        return best
    identity = best.sure("customer_id") if table == "customers" else None
    rows = "distinct" if identity and best.source.repeats(identity) > REPEATS else "as_is"
    return replace(best, rows=rows, guesses=_with_dates(best))


def _match_ready_table(source: SourceTable) -> TableMatch | None:
    """Return the only table of a source as one of customers: a column tells rows apart, or nothing is like an id."""
    match = TableMatch("customers", source, _guesses(source, "customers"))
    identity = match.sure("customer_id")
    if identity:
        return match if source.repeats(identity) <= REPEATS else None
    of_transactions = TableMatch("transactions", source, _guesses(source, "transactions"))
    if of_transactions.sure("customer_id") or of_transactions.sure("transaction_id"):
        return None
    note = "no column tells customers apart: such segments cannot be joined to other tables"
    guesses = {**match.guesses, "customer_id": Guess("customer_id", (), note=note, row_number=True)}
    return replace(match, guesses=guesses)


def _match_with_gaps(source: SourceTable) -> TableMatch | None:
    """Return the only table of a source as one of transactions, although a column that is needed is not sure."""
    match = TableMatch("transactions", source, _guesses(source, "transactions"))
    customer = match.sure("customer_id")
    return match if customer and source.repeats(customer) > REPEATS else None


def _fits(match: TableMatch, name: float, needs: Collection[str]) -> bool:
    """Say whether a table can be a canonical match, going by its name and the columns that are sure."""
    identity = match.sure(key(match.table))
    if match.table == "transactions" and _one_row_a_customer(match):
        return False
    if match.table == "transactions" and name < SURE:
        other = any(table_likeness(match.source.title, table) >= SURE for table in TABLES)
        return all(match.sure(column) for column in needs if column != "transaction_id" or other)
    if match.table == "customers" and name < SURE:
        named = identity is not None and likeness(identity, "customer_id") >= SURE
        return named and match.source.repeats(identity) <= REPEATS
    return name >= SURE and (identity is not None or needed(match.table))


def _one_row_a_customer(match: TableMatch) -> bool:
    """Say whether the rows of a table are customers: each has another one, and nothing else is the id of a row."""
    customer, identity = match.sure("customer_id"), match.sure("transaction_id")
    return (
        bool(customer)
        and match.source.repeats(customer) <= REPEATS
        and (identity is None or match.source.repeats(identity) > REPEATS)
    )


def _guesses(
    source: SourceTable, table: str, *, without: Collection[str] = (), in_its_table: bool = True
) -> dict[str, Guess]:
    """Find the source's column for every canonical candidate: the sure ones first, of them those that are needed."""
    columns = TABLES[table].columns
    candidates = []
    for column in columns:
        named_here = in_its_table and column in (key(table), key(table).replace("_id", "_name"))
        for name in source.columns:
            score = likeness(name, column, in_its_table=named_here)
            if score >= NEAR and name not in without:
                candidates.append(guess_column(source, table, column, name, score))
    guesses: dict[str, Guess] = {}
    for candidate in sorted(
        candidates,
        key=lambda g: (bool(g.doubt), g.score < 2, not columns[g.column].required, -g.score, is_part(g.names[0])),
    ):
        if candidate.column not in guesses and candidate.names[0] not in {g.names[0] for g in guesses.values()}:
            guesses[candidate.column] = candidate
    if "amount" in guesses and not guesses["amount"].doubt:
        guesses["amount"] = _with_rivals(guesses["amount"], candidates)
    return {
        column: replace(guess, spellings=spellings(source.levels(guess.names[0])))
        if column in ("gender_id", "city_id", "gender_name", "city_name") and not guess.doubt
        else guess
        for column, guess in guesses.items()
    }


def _with_rivals(amount: Guess, candidates: Collection[Guess]) -> Guess:
    """Return a guess of the amount that names the other columns that could be it."""
    rivals = [
        guess.names[0]
        for guess in candidates
        if guess.column == "amount" and not guess.doubt and guess.score >= SURE and guess.names != amount.names
    ]
    if not rivals or amount.score > 1:
        return amount
    note = f"or {' or '.join(rivals)}? One of them is what was paid"
    return replace(amount, note="; ".join(filter(None, (amount.note, note))))


def _with_dates(match: TableMatch) -> dict[str, Guess]:
    """Return the guesses of a table; where a date is needed and no name is like it, the only column with dates."""
    guesses = dict(match.guesses)
    for column, declared in TABLES[match.table].columns.items():
        if declared.required and kind(declared) == "date" and column not in guesses:
            free = [name for name in match.source.columns if name not in match.used]
            dated = [
                guess
                for name in free
                if not (guess := guess_column(match.source, match.table, column, name, 1.0)).doubt
            ]
            if len(dated) == 1:
                guesses[column] = replace(dated[0], doubt="its values are dates, its name does not say which")
    return guesses


def _derived(table: str, matches: Mapping[str, TableMatch]) -> TableMatch | None:
    """Return a table that is made from the rows that refer to it, one a key."""
    identity = key(table)
    for child in matches.values():
        refers = TABLES[child.table].columns.get(identity)
        if refers is None or refers.metadata["refers_to"] != table or not (column := child.sure(identity)):
            continue
        others = child.used - {column}
        guesses = _guesses(child.source, table, without=others | {column}, in_its_table=False)
        coded = "id" in words(column)  # then a name stands beside it, else the column is the name
        guesses = {c: guess for c, guess in guesses.items() if not guess.doubt and (coded or not c.endswith("_name"))}
        if table in ("genders", "cities") and not coded and child.source.share_of_numbers(column) >= MOST:
            continue  # numbers without names: codes of something
        guesses[identity] = replace(child.guesses[identity], column=identity, doubt="", note="")
        for name, declared in TABLES[table].columns.items():
            if declared.required and name not in guesses:
                guesses[name] = Guess(name, (column,))
        return TableMatch(table, child.source, guesses, rows="distinct")
    return None


def _without_codes(match: TableMatch, matches: Mapping[str, TableMatch]) -> TableMatch:
    """Take genders and cities out that are numbers, and that no table gives a name: they may be codes of anything."""
    guesses = {
        column: guess
        for column, guess in match.guesses.items()
        if column not in ("gender_id", "city_id")
        or guess.score > 1
        or TABLES[match.table].columns[column].metadata["refers_to"] in matches
        or match.source.share_of_numbers(guess.names[0]) < MOST
    }
    return replace(match, guesses=guesses)


def _referring(match: TableMatch, matches: Mapping[str, TableMatch]) -> TableMatch:
    """Doubt the references of a table that are not found where they should be."""
    guesses = dict(match.guesses)
    for column, guess in match.guesses.items():
        parent = matches.get(TABLES[match.table].columns[column].metadata["refers_to"] or "")
        there = parent and parent.sure(column)
        if guess.doubt or not there or parent.source is match.source:
            continue
        text, parent_source = match.source.text(guess.names[0]), parent.source
        key_text = parent_source.text(there)
        referenced = f"SELECT {key_text} FROM {parent_source.all_rows} WHERE {key_text} IS NOT NULL"
        [(share,)] = match.source.con.sql(
            f"SELECT avg(CAST(x IN ({referenced}) AS INTEGER)) "
            f"FROM (SELECT DISTINCT {text} AS x FROM {match.source.first_rows}) WHERE x IS NOT NULL"
        ).fetchall()
        if share is None or share < HALF:  # an empty table refers to nothing
            doubt = f"{share or 0:.0%} of its values are in column {there!r} of table {parent_source.name!r}"
            guesses[column] = replace(guess, doubt=doubt)
    return replace(match, guesses=guesses)


def _amount(match: TableMatch) -> TableMatch:
    """Multiply quantity and price where no column is surely the amount."""
    amount = match.guesses.get("amount")
    if amount and not amount.doubt and amount.score >= 1:
        return match
    factors = []
    for factor in ("quantity", "unit_price"):
        near = [
            n for n in match.source.columns if likeness(n, factor) >= SURE and n not in match.used - {_name(amount)}
        ]
        factors += sorted(near, key=lambda n: -likeness(n, factor))[:1]
    if len(set(factors)) < 2:
        return match
    _, guess = numbers(match.source, Guess("amount", tuple(factors)))
    return replace(match, guesses={**match.guesses, "amount": guess})


def _name(guess: Guess | None) -> str:
    return guess.names[0] if guess else ""


def _left_out(match: TableMatch) -> TableMatch:
    """Find rows that are no purchases: cancellations, told by a letter before the number, and rows without customer."""
    exclusions = []
    source, identity, customer = match.source, match.sure("transaction_id"), match.sure("customer_id")
    if identity:
        text = source.text(identity)
        prefix = rf"regexp_extract({text}, '^([A-Za-z]+)\d+$', 1)"
        [plain] = source.ask(rf"count(*) FILTER (regexp_full_match({text}, '\d+'))")
        amount = match.guesses.get("amount")
        below = "NULL"
        if amount and not amount.doubt:
            below = " OR ".join(f"{source.number(name)} < 0" for name in amount.names)
        letters = source.con.sql(
            f"SELECT x, coalesce(avg(CAST(below AS INTEGER)), 0) FROM "
            f"(SELECT {prefix} AS x, ({below}) AS below FROM {source.first_rows}) "
            "WHERE x <> '' GROUP BY ALL ORDER BY x LIMIT 5"
        ).fetchall()
        if plain > source.filled[identity] / 2:
            for letter, negative in letters:
                name, doubt = ("cancelled", "") if negative >= MOST else ("numbered", "are these purchases?")
                exclusions.append(Exclusion(f"{name}_{letter.lower()}", identity, "starts_with", letter, doubt))
    [rows] = source.ask("count(*)")
    exclusions += _reversals(match, rows)
    only_first = match.guesses["customer_id"].fill_down if customer else False
    if customer and not only_first and source.filled[customer] < (1 - EMPTY) * rows:
        exclusions.append(Exclusion("without_customer", customer, "empty", "true"))
    return replace(match, left_out=tuple(exclusions))


def _reversals(match: TableMatch, rows: int) -> list[Exclusion]:
    """Find columns that nothing is made of and that say which rows are returns or cancellations."""
    source, exclusions = match.source, []
    for column in source.columns:
        if column in match.used or not source.filled[column] or source.distinct[column] > FEW:
            continue
        reversals = reversals_in(column, source.levels(column), rows)
        if reversals:
            name = "reversed" if not exclusions else f"reversed_{len(exclusions) + 1}"
            exclusions.append(Exclusion(name, column, "is", reversals.values))
    return exclusions


def _one_way_of_dates(match: TableMatch, matches: Mapping[str, TableMatch]) -> TableMatch:
    """Settle whether day or month comes first as another column of the source does; else say that it is open."""
    settled = {guess.days[0] for table in matches.values() for guess in table.guesses.values() if len(guess.days) == 1}
    guesses = dict(match.guesses)
    for column, guess in match.guesses.items():
        if len(guess.days) > 1:
            like = [day for day in guess.days if day in settled]
            note = "" if len(like) == 1 else f"{' and '.join(guess.days)} fit alike: say which is right"
            guesses[column] = replace(guess, days=tuple(like or guess.days), note=guess.note or note)
    return replace(match, guesses=guesses)
