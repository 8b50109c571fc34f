"""Numbers and days that are written in any format are read back; where two readings fit, that is known."""

import datetime as dt
from decimal import Decimal

import duckdb
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from seglib.errors import ParameterRefused
from seglib.ingest.contract.month_names import MONTHS, english_months
from seglib.ingest.contract.numbers import NUMBERS, find_style, number_sql
from seglib.ingest.contract.parsing import RawColumn, read
from seglib.ingest.mapping.file import parse
from seglib.ingest.mapping.model import ColumnSource, Formats, ShopMapping
from seglib.ingest.shop import ingest
from seglib.ingest.suggest.values import DATES

CON = duckdb.connect()

AMOUNTS = st.lists(
    st.decimals(min_value=-9_999_999, max_value=9_999_999, places=2) | st.integers(-9_999_999, 9_999_999).map(Decimal),
    min_size=1,
    max_size=8,
)
WAYS = st.sampled_from(NUMBERS)
DRESSES = st.sampled_from(["{}", "${}", "{} €", "CHF {}", "US$ {}", "{} kr", "EUR {}", "{}%"])
BLANKS = st.sampled_from([" ", "\u00a0", "\u202f"])
APOSTROPHES = st.sampled_from(["'", "\u2019"])
MINUS = st.sampled_from(["-{}", "({})", "{}-", "\u2212{}"])


def written(amount, way, *, blank=" ", apostrophe="'", places=None):
    """Write the size of a number: thousands in groups, decimals if it has any."""
    whole, _, decimals = f"{abs(amount):f}".partition(".")
    groups = f"{int(whole):,}" if way.thousands else str(int(whole))
    sign = {" ": blank, "'": apostrophe}.get(way.thousands, way.thousands)
    decimals = decimals if places is None else decimals.ljust(places, "0")
    return groups.replace(",", sign) + (way.decimal + decimals if decimals else "")


def read_back(texts, formats):
    """Return the style that is found for a column, and its numbers."""
    CON.execute("CREATE OR REPLACE TABLE t AS SELECT unnest(?::VARCHAR[]) AS x", [texts])
    style = find_style(CON, "t", "x", formats)
    return style, [value for (value,) in CON.sql(f"SELECT {number_sql('x', style)} FROM t").fetchall()]


@given(AMOUNTS, WAYS, DRESSES, MINUS, BLANKS, APOSTROPHES)
@settings(deadline=None, max_examples=30)
def test_a_number_whose_format_is_said_is_read_back(amounts, way, dress, minus, blank, apostrophe):
    texts = []
    for amount in amounts:
        text = dress.format(written(amount, way, blank=blank, apostrophe=apostrophe))
        texts.append(minus.format(text) if amount < 0 else text)
    _, values = read_back(texts, way)
    assert values == [float(amount) for amount in amounts]


@given(AMOUNTS, WAYS, DRESSES, st.sampled_from([None, 3]))
@example([Decimal(1250), Decimal(12)], NUMBERS[3], "{}", None)
@example([Decimal("1.25")], NUMBERS[0], "{}", 3)
@example([Decimal("1.25"), Decimal(1250)], NUMBERS[2], "{}", None)
@settings(deadline=None, max_examples=40)
def test_a_number_whose_format_is_found_is_read_back_or_its_ambiguity_is_known(amounts, way, dress, places):
    texts = []
    for amount in amounts:
        text = dress.format(written(amount, way, places=places))
        texts.append(f"-{text}" if amount < 0 else text)
    style, values = read_back(texts, Formats())
    if style.alike is None:
        assert values == [float(amount) for amount in amounts]
    else:
        assert None not in values


@given(AMOUNTS, WAYS)
@settings(deadline=None, max_examples=20)
def test_one_number_with_both_signs_settles_a_column(amounts, way):
    if not way.thousands:
        return
    amounts = [*amounts, Decimal("1234567.89")]
    texts = [("-" if amount < 0 else "") + written(amount, way) for amount in amounts]
    style, values = read_back(texts, Formats())
    assert style.alike is None
    assert values == [float(amount) for amount in amounts]


TIMES = ("", " 10:45", " 10:05:00")
DAYS = st.dates(dt.date(1970, 1, 2), dt.date(2068, 12, 31))


def days_of(texts, formats):
    """Return the days that texts are read as."""
    CON.execute("CREATE OR REPLACE TABLE t AS SELECT unnest(?::VARCHAR[]) AS x", [texts])
    value = read("date", ColumnSource(("x",)), {"x": RawColumn("x", "VARCHAR")}, formats).value
    return [day for (day,) in CON.sql(f"SELECT {value} FROM t").fetchall()]


@given(st.lists(DAYS, min_size=1, max_size=5), st.sampled_from([way for way in DATES if way not in ("unix", "excel")]))
@settings(deadline=None, max_examples=40)
def test_a_day_is_read_back_in_every_format(days, way):
    assert days_of([f"{day:{way}}" for day in days], Formats(dates=DATES[way])) == days


@given(DAYS, st.sampled_from([way for way in DATES if way not in ("unix", "excel")]), st.sampled_from(TIMES))
@settings(deadline=None, max_examples=60)
def test_a_day_whose_format_is_not_said_is_that_day_or_none(day, way, time):
    """Two-digit years are days of antiquity in ISO: they lie outside of what a shop can mean, and are reported."""
    assert days_of([f"{day:{way}}{time}"], Formats()) in ([day], [None])


@given(DAYS, st.sampled_from(["", "T00:00:00", " 23:59:59.999", "T00:00:00+13:00", "T23:30:00-11:00", "T12:00Z"]))
@settings(deadline=None, max_examples=40)
def test_an_iso_day_keeps_the_day_that_is_written_whatever_zone_stands_behind_it(day, time):
    assert days_of([f"{day:%Y-%m-%d}{time}"], Formats()) == [day]


@given(AMOUNTS, WAYS, DRESSES, MINUS, st.sampled_from([None, 2, 3]))
@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_of_numbers_is_read_or_doubted_and_never_read_as_others(tmp_path, amounts, way, dress, minus, places):
    """By a whole reading of a file, whose mapping says nothing of its numbers."""
    texts = []
    for amount in amounts:
        text = dress.format(written(amount, way, places=places))
        texts.append(minus.format(text) if amount < 0 else text)
    lines = "".join(f"{i}|k|2024-01-05|{text}\n" for i, text in enumerate(texts))
    (tmp_path / "orders.csv").write_text("transaction_id|customer_id|transaction_date|amount\n" + lines)
    (tmp_path / "map.yaml").write_text(
        "tables: {customers: {from: orders, rows: distinct}, transactions: {from: orders}}"
    )
    shop = ingest(tmp_path / "orders.csv", mapping=tmp_path / "map.yaml")
    staged = shop.con.sql("SELECT amount FROM staged_transactions ORDER BY row_number").fetchall()
    if "transactions.amount.ambiguous" not in set(shop.findings["rule"]):
        assert [value for (value,) in staged] == [float(amount) for amount in amounts]


@given(DAYS, st.integers(0, 86_399), st.sampled_from([1, 1_000, 1_000_000]))
@settings(deadline=None, max_examples=40)
def test_a_moment_in_seconds_or_parts_of_them_is_its_day(day, second, parts):
    if day.year < 1974:  # a small number of thousandths is as large as one of seconds
        return
    seconds = int(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp()) + second
    assert days_of([str(seconds * parts)], Formats(dates=("unix",))) == [day]


def test_a_moment_in_seconds_is_put_on_the_clock_of_the_shop():
    late = int(dt.datetime(2024, 1, 5, 23, 30, tzinfo=dt.UTC).timestamp())
    assert days_of([str(late)], Formats(dates=("unix",), time_zone="Europe/Vienna")) == [dt.date(2024, 1, 6)]


def test_every_name_of_a_month_means_that_month():
    numbers = {name: number for number, names in enumerate(MONTHS.values(), start=1) for name in names.split()}
    assert len(numbers) == sum(len(names.split()) for names in MONTHS.values())
    texts = {
        text: dt.date(2024, number, 7)
        for name, number in numbers.items()
        for text in (f"7 {name} 2024", f"7-{name.upper()}-2024", f"7. {name.title()}. 2024")
    }
    formats = Formats(dates=("%d %b %Y", "%d-%b-%Y", "%d. %B %Y"))
    days = days_of(list(texts), formats)
    wrong = {text: day for (text, expected), day in zip(texts.items(), days, strict=True) if day != expected}
    assert not wrong


def test_a_word_that_is_no_month_is_no_date():
    assert days_of(["7 foo 2024", "soon"], Formats(dates=("%d %b %Y",))) == [None, None]
    assert CON.sql(f"SELECT {english_months(chr(39) + 'soon' + chr(39))}").fetchall() == [(None,)]


WHOLE = {
    "time_zone": "Europe/Rome",
    "times_are_in": "UTC",
    "date_format": ["%d/%m/%Y", "excel", "unix"],
    "decimal": ",",
    "thousands": ".",
    "nothing": ["x"],
    "csv": {"delimiter": ";", "encoding": "cp1252", "header_row": "4"},
    "as_of": "2024-07-14",
    "tables": {
        "customers": {
            "from": ["a", "b"],
            "rows": "distinct",
            "header_row": "none",
            "columns": {
                "customer_id": {"row_number": "true"},
                "gender_id": {"column": "Sex", "default": "unknown", "values": {"m": "male"}},
                "city_id": {"constant": "Cairo"},
                "join_date": "",
            },
            "segment_by": {
                "age": "numeric",
                "income": {
                    "column": "Income",
                    "kind": "numeric",
                    "unit": "EUR",
                    "log": "true",
                    "weight": "2",
                    "scaling": "robust",
                    "decimal": ".",
                    "thousands": ",",
                },
                "club": {"column": "Card", "kind": "binary", "contains": "gold"},
            },
            "descriptors": {"tier": {"column": "Tier", "kind": "text"}},
        },
        "transactions": {
            "rows": "lines",
            "columns": {
                "amount": {"multiply": ["a", "b"], "nothing": ["?"], "per": "line"},
                "customer_id": {"column": "c", "fill": "down"},
                "transaction_date": {"column": "d", "date_format": "excel"},
            },
            "leave_out": {"cancelled": {"column": "Invoice", "starts_with": ["C", "D"]}},
        },
    },
}
"""A mapping with every key."""

SHAPES = st.recursive(
    st.sampled_from(["", "x", "0", "true", "none", "%", "null", "9" * 30, "☃"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["x", "column", "kind"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def places(content, above=()):
    """Yield the path of everything in a mapping."""
    for key, value in content.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from places(value, (*above, key))


def with_shape(content, path, shape):
    """Return a mapping with another shape at one place."""
    key, *rest = path
    return {**content, key: with_shape(content[key], rest, shape) if rest else shape}


def test_the_whole_mapping_is_right():
    assert isinstance(parse(WHOLE), ShopMapping)


@given(st.sampled_from([*places(WHOLE)]), SHAPES)
@settings(deadline=None, max_examples=150)
def test_any_shape_at_any_key_is_read_or_refused_by_name(path, shape):
    try:
        mapping = parse(with_shape(WHOLE, path, shape))
    except ParameterRefused:
        return
    assert isinstance(mapping, ShopMapping)
