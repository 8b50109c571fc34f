"""Restrict a shop to one market: the customers of some cities, and their transactions. All other rows are excluded.

The contract has been applied to the whole shop before. So a row that is accepted in a market is accepted in the shop,
no row is in two markets, and all markets of a shop are looked at on the same day.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import NamedTuple

import duckdb

from seglib.errors import ParameterRefused
from seglib.ingest.contract import validation
from seglib.ingest.contract.loading import LoadedTable
from seglib.ingest.contract.rules import Rule
from seglib.style import did_you_mean, join_words, shortened

SHOWN = 12
"""Names of cities in a message, at most."""

# The staged table is asked, not the accepted one: a transaction of a customer who lives in the market, but was set
# aside for an error, is a damage of this market. A repeated id counts with its first row only, as everywhere.
_RESIDENTS = (
    "SELECT customer_id FROM staged_customers WHERE customer_id IS NOT NULL AND city_id IN (FROM requested_cities) "
    "AND row_number NOT IN (FROM repeated_customers) AND row_number NOT IN "
    "(SELECT row_number FROM violations WHERE table_name = 'customers' AND severity = 'exclusion')"
)


class City(NamedTuple):
    """A city of the shop, and how many customers live in it."""

    city_id: str
    name: str
    customers: int


def parse_cities(cities: str) -> list[str]:
    """Read names that are separated by commas; one that holds a comma stands in double quotes.

    Examples
    --------
    >>> parse_cities('Genoa,  izmir , "Washington, DC"')
    ['Genoa', 'izmir', 'Washington, DC']
    """
    [names] = csv.reader([" ".join(cities.split())], skipinitialspace=True)
    return [name.strip() for name in names if name.strip()]


def restrict_to_cities(
    con: duckdb.DuckDBPyConnection, tables: Mapping[str, LoadedTable], cities: str
) -> tuple[tuple[str, ...], tuple[Rule, ...]]:
    """Keep the customers of some cities, and their transactions, in the canonical tables.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        After `seglib.ingest.contract.validation.apply`.
    tables : mapping of str to LoadedTable
    cities : str
        Names, separated by commas; case and blanks around them do not matter. Where the shop has no table of cities,
        the ids are the names.

    Returns
    -------
    tuple of str, tuple of Rule
        The cities as the shop writes them, and the exclusions by which the other rows are set aside.

    Raises
    ------
    ParameterRefused
        If the shop does not know where its customers live, or has no such city, or nobody lives there.
    """
    chosen = find_cities(con, tables, cities)
    chosen_names = tuple(dict.fromkeys(city.name for city in chosen))
    con.execute("CREATE TABLE requested_cities AS SELECT unnest(?::VARCHAR[])", [[city.city_id for city in chosen]])
    rules = _exclusion_rules(shortened(chosen_names, 5, last="or"))
    for rule in rules:
        if rule.table in tables:
            _exclude(con, rule)
            validation.accept(con, rule.table, tables[rule.table])
    return chosen_names, rules


def find_cities(con: duckdb.DuckDBPyConnection, tables: Mapping[str, LoadedTable], cities: str) -> list[City]:
    """Find cities by their names.

    Parameters
    ----------
    con, tables, cities
        As in `restrict_to_cities`.

    Returns
    -------
    list of City
        At least one customer lives in them.

    Raises
    ------
    ParameterRefused
        As there.
    """
    requested = parse_cities(cities)
    if not requested:
        raise ParameterRefused("cities: no city is named; write names, separated by commas", parameter="cities")
    if "city_id" not in tables["customers"].columns:
        raise ParameterRefused(
            "cities: the customers of this source have no city (no column city_id)", parameter="cities"
        )
    existing = _cities_of_shop(con, "cities" in tables)
    by_name: dict[str, list[City]] = {}
    for city in existing:
        by_name.setdefault(_normalized(city.name), []).append(city)
    unknown = [name for name in requested if _normalized(name) not in by_name]
    if unknown:
        names = list(dict.fromkeys(city.name for city in existing))
        listed = join_words([f"'{name}'{did_you_mean(name, names)}" for name in unknown])
        raise ParameterRefused(f"cities: there is no {listed}; there are {shortened(names, SHOWN)}", parameter="cities")
    chosen = [city for name in dict.fromkeys(map(_normalized, requested)) for city in by_name[name]]
    if not any(city.customers for city in chosen):
        names, inhabited = [city.name for city in chosen], [city.name for city in existing if city.customers]
        raise ParameterRefused(
            f"cities: no customer lives in {join_words(list(dict.fromkeys(names)), last='or')}; "
            f"most live in {shortened(inhabited, SHOWN)}",
            parameter="cities",
        )
    return chosen


def _cities_of_shop(con: duckdb.DuckDBPyConnection, named: bool) -> list[City]:
    """List the cities, those with most customers first."""
    lived_in = "SELECT city_id, count(*) AS n FROM customers WHERE city_id IS NOT NULL GROUP BY ALL"
    table = "cities" if named else "(SELECT city_id, city_id AS city_name FROM lived_in)"
    rows = con.sql(
        f"WITH lived_in AS ({lived_in}) SELECT city_id, city_name, coalesce(n, 0) FROM {table} "
        "LEFT JOIN lived_in USING (city_id) WHERE city_name IS NOT NULL ORDER BY 3 DESC, 2, 1"
    ).fetchall()
    return [City(*row) for row in rows]


def _exclusion_rules(cities: str) -> tuple[Rule, ...]:
    remedy = "nothing to do; leave the parameter cities out to keep these rows"
    return (
        Rule(
            f"customers.city_id.{validation.NOT_COPIED}",
            "exclusion",
            "city_id IS NULL OR city_id NOT IN (FROM requested_cities)",
            f"the customer does not live in {cities}, as far as is known",
            remedy,
        ),
        Rule(
            f"transactions.customer_id.{validation.NOT_COPIED}",
            "exclusion",
            f"customer_id IS NULL OR customer_id NOT IN ({_RESIDENTS})",
            f"the transaction is of no customer who lives in {cities}",
            remedy,
        ),
    )


def _exclude(con: duckdb.DuckDBPyConnection, rule: Rule) -> None:
    """Set the rows of other markets aside, unless the mapping did so already.

    What else such rows violate is of no interest to this market: it must not count against ``max_reject_share``.
    """
    con.execute(
        f"INSERT INTO violations SELECT ?, row_number, ?, 'exclusion' FROM staged_{rule.table} WHERE ({rule.where}) "
        "AND row_number NOT IN (SELECT row_number FROM violations WHERE table_name = ? AND severity = 'exclusion')",
        [rule.table, rule.id, rule.table],
    )
    con.execute(
        "DELETE FROM violations WHERE table_name = ? AND severity <> 'exclusion' AND row_number IN "
        "(SELECT row_number FROM violations WHERE rule = ?)",
        [rule.table, rule.id],
    )


def _normalized(name: str) -> str:
    """Return a name as names of cities are compared."""
    return " ".join(name.split()).casefold()
