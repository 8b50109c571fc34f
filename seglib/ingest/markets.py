"""One market: the customers of some cities, and what they did. Everybody else is set aside as a choice, and counted.

The contract has been applied to the whole shop before: so a row that is accepted in a market is accepted in the shop,
no row is in two markets, and all markets of a shop are looked at on the same day.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping

import duckdb

from seglib.errors import ParameterRefused
from seglib.ingest.contract import validation
from seglib.ingest.contract.loading import Intake
from seglib.ingest.contract.rules import Rule
from seglib.style import did_you_mean, join_words, shortened

SHOWN = 12
"""Names of cities in a message, at most."""

_HERE = (
    "SELECT customer_id FROM staged_customers WHERE customer_id IS NOT NULL AND city_id IN (FROM cities_asked_for) "
    "AND row_number NOT IN (FROM repeated_customers) AND row_number NOT IN "
    "(SELECT row_number FROM broken WHERE table_name = 'customers' AND severity = 'choice')"
)


def asked_for(cities: str) -> list[str]:
    """Read names that are separated by commas; one that holds a comma stands in double quotes.

    Examples
    --------
    >>> asked_for('Genoa,  izmir , "Washington, DC"')
    ['Genoa', 'izmir', 'Washington, DC']
    """
    [names] = csv.reader([" ".join(cities.split())], skipinitialspace=True)
    return [name.strip() for name in names if name.strip()]


def restrict_to_cities(
    con: duckdb.DuckDBPyConnection, taken: Mapping[str, Intake], cities: str
) -> tuple[tuple[str, ...], tuple[Rule, ...]]:
    """Keep the customers of some cities, and their transactions, in the canonical tables.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        After `seglib.ingest.contract.validation.apply`.
    taken : mapping of str to Intake
    cities : str
        Names, separated by commas; case and blanks around them do not matter. Where the shop has no table of cities,
        the ids are the names.

    Returns
    -------
    tuple of str, tuple of Rule
        The cities as the shop writes them, and the choices by which the other rows are set aside.

    Raises
    ------
    ParameterRefused
        If the shop does not know where its customers live, or has no such city, or nobody lives there.
    """
    wanted = asked_for(cities)
    if not wanted:
        raise ParameterRefused("cities: no city is named; write names, separated by commas", parameter="cities")
    if "city_id" not in taken["customers"].readings:
        raise ParameterRefused(
            "cities: the customers of this source have no city (no column city_id)", parameter="cities"
        )
    there = _cities(con, "cities" in taken)
    by_name: dict[str, list[tuple[str, str]]] = {}
    for identity, name, _ in there:
        by_name.setdefault(_plain(name), []).append((identity, name))
    known = list(dict.fromkeys(name for _, name, _ in there))
    if unknown := [name for name in wanted if _plain(name) not in by_name]:
        said = join_words([f"'{name}'{did_you_mean(name, known)}" for name in unknown])
        raise ParameterRefused(f"cities: there is no {said}; there are {shortened(known, SHOWN)}", parameter="cities")
    meant = [city for name in dict.fromkeys(map(_plain, wanted)) for city in by_name[name]]
    names = tuple(dict.fromkeys(name for _, name in meant))
    con.execute("CREATE TABLE cities_asked_for AS SELECT unnest(?::VARCHAR[])", [[identity for identity, _ in meant]])
    if not con.sql("FROM customers WHERE city_id IN (FROM cities_asked_for) LIMIT 1").fetchall():
        full = [name for _, name, customers in there if customers]
        raise ParameterRefused(
            f"cities: no customer lives in {join_words(names, last='or')}; most live in {shortened(full, SHOWN)}",
            parameter="cities",
        )
    rules = _choices(shortened(names, 5, last="or"))
    for rule in rules:
        if rule.table in taken:
            _set_aside(con, rule)
            validation.accept(con, rule.table, taken[rule.table])
    return names, rules


def _cities(con: duckdb.DuckDBPyConnection, named: bool) -> list[tuple[str, str, int]]:
    """List the cities, as (id, name, customers), those with most customers first."""
    lived_in = "SELECT city_id, count(*) AS n FROM customers WHERE city_id IS NOT NULL GROUP BY ALL"
    table = "cities" if named else "(SELECT city_id, city_id AS city_name FROM lived_in)"
    return con.sql(
        f"WITH lived_in AS ({lived_in}) SELECT city_id, city_name, coalesce(n, 0) FROM {table} "
        "LEFT JOIN lived_in USING (city_id) WHERE city_name IS NOT NULL ORDER BY 3 DESC, 2, 1"
    ).fetchall()


def _choices(cities: str) -> tuple[Rule, ...]:
    remedy = "nothing to do; leave the parameter cities out to keep these rows"
    problem = validation.NOT_COPIED
    return (
        Rule(
            f"customers.city_id.{problem}", "choice", "city_id IS NULL OR city_id NOT IN (FROM cities_asked_for)",
            f"the customer does not live in {cities}, as far as is known", remedy,
        ),
        Rule(
            f"transactions.customer_id.{problem}", "choice", f"customer_id IS NULL OR customer_id NOT IN ({_HERE})",
            f"the transaction is of no customer who lives in {cities}", remedy,
        ),
    )  # fmt: skip


def _set_aside(con: duckdb.DuckDBPyConnection, rule: Rule) -> None:
    """Set rows aside, unless the mapping did; what else is wrong with them is no business of this market."""
    con.execute(
        f"INSERT INTO broken SELECT ?, row_number, ?, 'choice' FROM staged_{rule.table} WHERE ({rule.where}) AND "
        "row_number NOT IN (SELECT row_number FROM broken WHERE table_name = ? AND severity = 'choice')",
        [rule.table, rule.id, rule.table],
    )
    con.execute(
        "DELETE FROM broken WHERE table_name = ? AND severity <> 'choice' AND row_number IN "
        "(SELECT row_number FROM broken WHERE rule = ?)",
        [rule.table, rule.id],
    )


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
