"""How the numbers of a column of texts are written: decimal and thousands signs, currencies, brackets as minus.

What the mapping file does not say is found out from the values of the column. Where they fit two ways that give other
numbers (1.250 is a thousand, or one and a quarter), one is taken, and the cells that it concerns are reported.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seglib.ingest.mapping.model import Formats
from seglib.sql import sql_literal
from seglib.style import join_words

if TYPE_CHECKING:
    import duckdb

NUMBERS = (
    Formats(decimal="."),
    Formats(decimal=".", thousands=","),
    Formats(decimal=","),
    Formats(decimal=",", thousands="."),
    Formats(decimal=".", thousands=" "),
    Formats(decimal=",", thousands=" "),
    Formats(decimal=".", thousands="'"),
    Formats(decimal=",", thousands="'"),
)
"""How numbers are written. What fits several ways alike is the earlier one."""

_LOOKALIKES = {
    " ": "\u00a0\u202f\u2007\u2008\u2009",  # no-break, narrow no-break, figure, punctuation and thin blank
    "'": "\u2019\u2018\u02bc\u00b4`",
    "-": "\u2212\u2012\u2013\ufe63\uff0d",
}
"""Signs that mean the same in a number, by the one that stands for them."""

CODES = (
    "AED ARS AUD BDT BGN BHD BRL CAD CHF CLP CNY COP CZK DKK DZD EGP EUR GBP GEL GHS HKD HUF IDR ILS INR IQD "
    "IRR ISK JOD JPY KES KRW KWD KZT LBP LKR MAD MXN MYR NGN NOK NZD OMR PEN PHP PKR PLN QAR RON RSD RUB SAR "
    "SEK SGD THB TND TRY TWD TZS UAH UGX USD UYU UZS VND XAF XOF ZAR"
)
"""Currencies by their code of ISO 4217; those that no other word could mean."""

_WORDS = r"euros?|dollars?|kr|zł|kč|ft|lei|rs|fr|sfr|руб|р|грн|rm|rp|tl"
CURRENCY = rf"(?:[A-Z]{{0,2}}\p{{Sc}}|(?:{CODES.replace(' ', '|')}|{_WORDS})\.?)"
"""A currency before or behind a number, whatever its case: a sign, a code of ISO 4217, or a usual abbreviation."""

_SAME = {
    "€": "EUR",
    "EURO": "EUR",
    "EUROS": "EUR",
    "£": "GBP",
    "₹": "INR",
    "RS": "INR",
    "FR": "CHF",
    "SFR": "CHF",
    "US$": "$",
    "USD": "$",
    "DOLLAR": "$",
    "DOLLARS": "$",
    "₽": "RUB",
    "РУБ": "RUB",
    "Р": "RUB",
    "ZŁ": "PLN",
    "₺": "TRY",
    "TL": "TRY",
    "R$": "BRL",
    "KČ": "CZK",
    "FT": "HUF",
    "₩": "KRW",
    "₪": "ILS",
    "₴": "UAH",
    "ГРН": "UAH",
}
"""Ways of writing one currency, by the one that is shown."""

BARE = "no sign"
"""How cells are called that have no unit, where others have a percent sign."""

_TAIL_ZERO_SHAPE = r"[+-]?[1-9]\d{0,2}([.,]\d{3})*[.,]\d{2}0"


@dataclass(frozen=True)
class NumberStyle:
    """How the numbers of one column are written.

    Attributes
    ----------
    decimal, thousands : str
        The signs; thousands is empty where there is none.
    affixes : bool
        Whether cells have more than a sign and digits: a currency, a percent sign, brackets or a minus behind.
    units : tuple of str
        Currencies and the percent sign that cells carry, the most frequent first.
    alike : Formats, optional
        Another way that fits the values as well and gives other numbers.
    reason : str
        Why this way was taken and not ``alike``.
    detected : bool
        Whether it was found out, and differs from a plain number.
    bare : bool
        Whether some cells have a percent sign, and others nothing: 12% beside 0.5 may be a half or half a percent.
    """

    decimal: str = "."
    thousands: str = ""
    affixes: bool = False
    units: tuple[str, ...] = ()
    alike: Formats | None = None
    reason: str = ""
    detected: bool = False
    bare: bool = False

    @property
    def unit(self) -> str:
        """The only unit; empty if there is none, or more than one."""
        return self.units[0] if len(self.units) == 1 else ""

    def sentence(self, column: str) -> str:
        """Say how a column was read, where that was found out; empty where its numbers are plain."""
        parts = []
        if self.detected and (self.decimal != "." or self.thousands):
            parts.append(f"with {_signs(self)}")
        if self.units:
            parts.append(f"in {join_words(list(self.units))}")
        if self.affixes and not self.units:
            parts.append("with other signs than a hyphen for less than zero")
        return f"the numbers of '{column}' were read {', '.join(parts)}" if parts else ""


def tidy(text: str) -> str:
    """Write the SQL of a text in which signs that look alike are one sign."""
    old = "".join(_LOOKALIKES.values())
    new = "".join(sign * len(likes) for sign, likes in _LOOKALIKES.items())
    return f"translate({text}, {sql_literal(old)}, {sql_literal(new)})"


def plain_sign(sign: str) -> str:
    """Return the sign that stands for all those that look like it."""
    return next((one for one, likes in _LOOKALIKES.items() if sign and sign in likes), sign)


def number_sql(text: str, style: NumberStyle) -> str:
    """Write the SQL of a number that is text; NULL where it is none."""
    if style.decimal == "." and not style.thousands and not style.affixes:
        return f"TRY_CAST({text} AS DOUBLE)"
    # The shape is checked before any sign is replaced: taking the points out of 1.5 where they mark thousands would
    # give 15. So thousands marks must stand before groups of three digits, and the decimal sign comes once and last.
    tidied = tidy(text)
    digits = rf"regexp_extract({tidied}, '\d.*\d|\d')"
    if style.thousands:
        digits = f"replace({digits}, {sql_literal(style.thousands)}, '')"
    if style.decimal != ".":
        digits = f"replace({digits}, {sql_literal(style.decimal)}, '.')"
    minus = rf"regexp_matches({tidied}, '^[^0-9]*[-(]|-[^0-9]*$')"
    number = f"TRY_CAST({digits} AS DOUBLE)"
    shape = sql_literal(_shape(style.decimal, style.thousands, affixes=style.affixes))
    value = f"WHEN regexp_full_match({tidied}, {shape}) THEN CASE WHEN {minus} THEN 0 - {number} ELSE {number} END"
    # what has no such shape may still be a plain number: .5 or 1e5
    otherwise = f" ELSE TRY_CAST({text} AS DOUBLE)" if style.decimal == "." else ""
    return f"CASE {value}{otherwise} END"


def unit_sql(text: str) -> str:
    """Write the SQL of the currency or percent sign of a cell, as it stands there in capitals; empty if it has none."""
    sign = rf"upper(rtrim(regexp_extract({tidy(text)}, {sql_literal(f'(?i){CURRENCY}|%')}), '.'))"
    whens = " ".join(f"WHEN {sql_literal(old)} THEN {sql_literal(new)}" for old, new in _SAME.items())
    return f"CASE {sign} {whens} ELSE {sign} END"


def find_style(con: duckdb.DuckDBPyConnection, table: str, text: str, formats: Formats) -> NumberStyle:
    """Find out how the numbers of a column of texts are written.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    table : str
        SQL name of the table.
    text : str
        SQL of the cell's text.
    formats : Formats
        What the mapping says of it; a sign of which it says nothing is found out.

    Returns
    -------
    NumberStyle
        The way that most of the values can be read in.
    """
    ways = _possible_ways(formats)
    if formats.decimal in ("", "."):
        grouped = r"[+-]?[1-9]\d{0,2}([.]\d{3})+"
        [(texts, plain_numbers, doubtful)] = con.sql(
            f"SELECT count(x), count(TRY_CAST(x AS DOUBLE)), count(*) FILTER (regexp_full_match(x, '{grouped}')) "
            f"FROM (SELECT {text} AS x FROM {table})"
        ).fetchall()
        if texts == plain_numbers and (formats.decimal or not doubtful) and not formats.thousands:
            return NumberStyle()
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE number_texts AS SELECT x, count(*) AS n "
        f"FROM (SELECT {text} AS x FROM {table}) WHERE x IS NOT NULL GROUP BY x"
    )
    styles = [NumberStyle(way.decimal, way.thousands, affixes=True) for way in ways]
    values = [number_sql("x", style) for style in styles]
    con.execute(
        "CREATE OR REPLACE TEMP TABLE number_values AS SELECT x, n, "
        + ", ".join(f"{value} AS v{i}" for i, value in enumerate(values))
        + " FROM number_texts"
    )
    [counts] = con.sql(
        "SELECT "
        + ", ".join(f"coalesce(sum(n) FILTER (v{i} IS NOT NULL), 0)" for i in range(len(ways)))
        + " FROM number_values"
    ).fetchall()
    best = counts.index(max(counts))
    if not counts[best]:
        return NumberStyle(ways[0].decimal, ways[0].thousands)
    tied = [i for i, count in enumerate(counts) if count == counts[best] and i != best]
    differing = [
        i for i in tied if con.sql(f"SELECT count(*) FROM number_values WHERE v{best} <> v{i}").fetchall()[0][0]
    ]
    chosen, alike, reason = best, None, ""
    if differing:
        chosen, other, reason = _better(con, styles, best, differing[0])
        alike = ways[other]
    style = replace(styles[chosen], alike=alike, reason=reason)
    readable = f"v{chosen} IS NOT NULL"
    bare = number_sql("x", replace(style, affixes=False))
    [(affixes,)] = con.sql(
        f"SELECT count(*) FROM number_values WHERE {readable} AND {bare} IS DISTINCT FROM v{chosen}"
    ).fetchall()
    units: Counter[str] = Counter()
    if affixes:
        rows_by_unit = con.sql(
            f"SELECT {unit_sql('x')} AS u, sum(n) FROM number_values WHERE {readable} GROUP BY u"
        ).fetchall()
        units.update({unit: int(rows) for unit, rows in rows_by_unit if unit})
    bare = False
    if "%" in units:
        no_unit = f"{unit_sql('x')} = '' AND v{chosen} <> 0"
        [(bare,)] = con.sql(f"SELECT count(*) > 0 FROM number_values WHERE {readable} AND {no_unit}").fetchall()
    given = bool(formats.decimal and (formats.thousands or not style.thousands))
    return replace(
        style,
        affixes=bool(affixes),
        units=tuple(unit for unit, _ in sorted(units.items(), key=lambda item: (-item[1], item[0]))),
        detected=not given,
        bare=bool(bare),
    )


def settled(style: NumberStyle, decimals: Collection[str]) -> NumberStyle:
    """Let the other columns of a table decide what the values of one do not: all write decimals in one way.

    Parameters
    ----------
    style : NumberStyle
    decimals : collection of str
        The decimal signs of the table's columns that leave no doubt.
    """
    if style.alike is None or len(set(decimals)) != 1:
        return style
    [decimal] = set(decimals)
    ways = {
        style.decimal: (style.decimal, style.thousands),
        style.alike.decimal: (style.alike.decimal, style.alike.thousands),
    }
    if decimal not in ways:
        return style
    sign, thousands = ways[decimal]
    return replace(style, decimal=sign, thousands=thousands, alike=None, reason="", detected=True)


def has_decimals(con: duckdb.DuckDBPyConnection, table: str, text: str, style: NumberStyle) -> bool:
    """Say whether a column shows its decimal sign, or what it takes for thousands, and there is no doubt about it."""
    signs = "".join(re.escape(sign) for sign in (style.decimal, style.thousands))
    [(rows,)] = con.sql(
        f"SELECT count(*) FROM {table} WHERE regexp_matches({tidy(text)}, {sql_literal(rf'[0-9][{signs}][0-9]')})"
    ).fetchall()
    return style.alike is None and rows > 0


def ambiguous_cell(text: str, style: NumberStyle) -> str:
    """Write the SQL of a cell's text where the two ways of reading it give other numbers; otherwise NULL."""
    other = NumberStyle(style.alike.decimal, style.alike.thousands, style.affixes)
    return f"CASE WHEN {number_sql(text, style)} <> {number_sql(text, other)} THEN {text} END"


def ambiguity(style: NumberStyle) -> str:
    """Say in words how an ambiguous column was read, and how else it could be."""
    ways = f"with {_signs(style)}, or with {_signs(style.alike)}"
    return f"the numbers can be read {ways}; the first was taken{style.reason}"


def _possible_ways(formats: Formats) -> list[Formats]:
    """Return the ways of writing numbers that what the mapping says leaves open."""
    decimal, thousands = formats.decimal, plain_sign(formats.thousands)
    ways = [
        Formats(decimal=way.decimal, thousands=way.thousands)
        for way in NUMBERS
        if decimal in ("", way.decimal) and thousands in ("", way.thousands)
    ]
    if decimal and thousands:
        return [Formats(decimal=decimal, thousands=thousands)]
    rare = Formats(decimal=decimal or ("," if thousands == "." else "."), thousands=thousands)
    return ways or [rare]


def _better(con: duckdb.DuckDBPyConnection, styles: list[NumberStyle], first: int, second: int) -> tuple[int, int, str]:
    """Choose of two ways that fit alike by what a writer of numbers does; the reason is a clause, or empty.

    Nobody who cuts off the zeros behind a decimal sign (12) leaves one (1.250). And nobody who marks thousands writes
    1250 beside 1.125.
    """
    thousand = first if styles[first].thousands else second
    decimal = second if thousand == first else first
    [(unmarked, whole, zeros)] = con.sql(
        r"SELECT count(*) FILTER (regexp_full_match(x, '[^0-9]*\d{4,}[^0-9]*')), "
        r"count(*) FILTER (regexp_full_match(x, '[^0-9]*\d{1,3}[^0-9]*')), "
        rf"count(*) FILTER (regexp_matches(x, '{_TAIL_ZERO_SHAPE}[^0-9]*$')) FROM number_values"
    ).fetchall()
    if (whole or unmarked) and zeros:
        return thousand, decimal, ", because whole numbers stand beside some that end in 0"
    if unmarked:
        return decimal, thousand, ", because numbers of four digits have no sign for thousands"
    return first, second, ""


def _signs(style: NumberStyle | Formats) -> str:
    """Name the decimal and thousands signs in words."""
    thousands = f" and {_named(style.thousands)} for thousands" if style.thousands else ""
    return f"{_named(style.decimal)} for decimals{thousands}"


def _named(sign: str) -> str:
    names = {".": "a point", ",": "a comma", " ": "a blank", "'": "an apostrophe"}
    return names.get(sign, f"'{sign}'")


def _shape(decimal: str, thousands: str, *, affixes: bool) -> str:
    """Write the regular expression of a number, after `tidy`."""
    point, group = re.escape(decimal), re.escape(thousands)
    whole = rf"[1-9]\d{{0,2}}(?:{group}\d{{3}})+|\d+" if thousands else r"\d+"
    if thousands == ",":  # India groups by two digits: 1,25,000
        whole = rf"[1-9]\d?(?:,\d{{2}})+,\d{{3}}|{whole}"
    number = rf"(?:{whole})(?:{point}\d+)?(?:E[+-]?\d+)?"
    if not affixes:
        return rf"(?i)[+-]?{number}"
    unit = rf"(?:{CURRENCY}|%)"
    shapes = (
        rf"[+-]? *(?:{CURRENCY})? *{number} *{unit}?",
        rf"{CURRENCY} *[+-] *{number}",
        rf"(?:{CURRENCY})? *{number} *{unit}? *-",
        rf"{number} *- *{unit}",
        rf"(?:{CURRENCY})? *\( *(?:{CURRENCY})? *{number} *{unit}? *\) *{unit}?",
    )
    return rf"(?i)(?:{'|'.join(shapes)})"
