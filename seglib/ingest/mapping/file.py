"""Read a mapping file, and refuse by name what is wrong with it.

A mapping file is YAML. Everything in it is optional; where it says nothing, the canonical names count::

    time_zone: America/New_York     # of the shop: moments become days in it
    times_are_in: UTC               # zone of moments that carry none (default: the shop's own)
    date_format: "%d/%m/%Y"         # or a list; "excel" for serial numbers, "unix" for seconds since 1970
    decimal: ","                    # and thousands: "."; where nothing is said, the values say it
    nothing: [unknown, "?"]         # words for no value, instead of the usual ones (null, NA, n/a, - and so on)
    csv: {delimiter: ";", encoding: cp1252, header_row: 4}
    as_of: 2024-07-14
    tables:
      customers:
        from: clients               # the sheet, file or table that holds it; or a list, or a pattern: orders-*
        header_row: 3               # the row that has the names; none: no row has
        rows: distinct              # one row per key, where the source repeats it
        columns:
          customer_id: Client no
          gender_id: {column: Sex, default: unknown}
          city_id: {constant: Cairo}
          join_date: ""             # a column of that name is there and shall not be used
        leave_out:                  # customers who are left out, with all their transactions
          staff: {column: Group, is: staff}
          tests: {ids: [1001, 1002]}
          partners: {file: partners.csv}    # a list of ids, beside this file
        segment_by:                 # columns that segments are built by; then transactions are not needed
          age: numeric              # numeric, binary or nominal
          income: {column: Income, kind: numeric, unit: EUR, log: true, weight: 2}    # counts twice as much
          loyal: {kind: binary, scaling: none}    # stays 0 and 1 in the matrix; of numbers also standard or robust
        descriptors: [Region, Tier] # further columns, which only describe customers
      transactions:
        from: invoices
        rows: lines                 # several rows with one transaction_id are the lines of one transaction
        columns:
          transaction_id: Invoice     # or {row_number: true}, where every row is a transaction and none has an id
          customer_id: {column: Client, fill: down}    # is only on the first line of an invoice transaction_status:
          {column: State, values: {used: burned, open: subscribed}} amount: {multiply: [Quantity, Price], unit: EUR}
          # the currency; per: transaction, if each line has the total
        leave_out:
          cancelled: {column: Invoice, starts_with: C}
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, get_args

import yaml

from seglib.errors import ParameterRefused
from seglib.ingest.contract.parsing import NO, YES
from seglib.ingest.mapping.model import (
    LISTS,
    TESTS,
    ColumnSource,
    Exclusion,
    Formats,
    ShopMapping,
    TableMapping,
    Variable,
    VariableKind,
    VariableScaling,
)
from seglib.ingest.mapping.shapes import check_shapes
from seglib.schema.files import find_file, looked_for_in
from seglib.schema.tables import TABLES, kind
from seglib.schema.yaml_files import NotReadable, load_yaml, shortened_value
from seglib.sql import in_memory
from seglib.style import did_you_mean

KINDS: tuple[VariableKind, ...] = get_args(VariableKind)
VARIABLE_SCALINGS: tuple[VariableScaling, ...] = get_args(VariableScaling)
LARGEST_WEIGHT = 1000.0
"""No variable counts more than that many times as much as another."""

_READ_AS = {"numeric": "number", "binary": "binary", "nominal": "text"}
_FORMAT_KEYS = ("time_zone", "times_are_in", "date_format", "decimal", "thousands", "nothing")
_NOT_USED = ("", "null", "~", None)
"""What stands behind a column of the contract that shall not be used although the source has one of that name."""


class _Loader(yaml.BaseLoader):
    """Reads every scalar as text (``no`` is a word, 007 stays 007) and refuses a key that is given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        if repeated := next((key for key, times in keys.items() if times > 1), None):
            raise yaml.constructor.ConstructorError(None, None, f"'{repeated}' is given twice", node.start_mark)
        return super().construct_mapping(node, deep=deep)


def read_mapping(path: str | Path) -> dict[str, Any]:
    """Read a mapping file; `parse` checks what it says.

    Raises
    ------
    ParameterRefused
        If there is no such file, or it is no YAML.
    """
    file = find_file(path)
    try:
        content = load_yaml(file, _Loader)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ParameterRefused(
            f"mapping file '{path}' does not exist{looked_for_in(path)}", parameter="mapping"
        ) from error
    except NotReadable as error:
        problem = str(error).removeprefix("it ")
        raise ParameterRefused(f"mapping file '{file.name}' {problem}", parameter="mapping") from error
    except OSError as error:
        raise ParameterRefused(
            f"mapping file '{file.name}' cannot be read: {error.strerror}", parameter="mapping"
        ) from error
    return {} if content in (None, "") else content


def parse_file(path: str | Path) -> ShopMapping:
    """Read a mapping file and check its content; every message names the file.

    Raises
    ------
    ParameterRefused
        As `read_mapping` and `parse`.
    """
    content = read_mapping(path)
    try:
        return parse(content, find_file(path).parent)
    except ParameterRefused as error:
        raise ParameterRefused(f"mapping file '{Path(path).name}': {error.message}", parameter="mapping") from error


def parse(content: Mapping[str, Any], folder: Path = Path()) -> ShopMapping:
    """Check the content of a mapping file.

    Parameters
    ----------
    content : mapping of str to Any
        As `read_mapping` returns it.
    folder : Path, optional
        That of the mapping file: lists of ids are looked for there first.

    Returns
    -------
    ShopMapping

    Raises
    ------
    ParameterRefused
        If a key is unknown (the message names the nearest one) or a value has the wrong shape.
    """
    check_shapes(content)
    top = _checked_keys(content, "the mapping", (*_FORMAT_KEYS, "csv", "as_of", "tables"))
    formats = _formats(top, "the mapping", Formats())
    tables = _checked_keys(top.get("tables", {}), "tables", tuple(TABLES))
    return ShopMapping(
        tables={name: _table(name, entry, formats, folder) for name, entry in tables.items()},
        formats=formats,
        csv=_csv_options(top.get("csv", {})),
        as_of=_word(top["as_of"], "as_of") if "as_of" in top else None,
    )


def _csv_options(entry: Any) -> dict[str, str]:
    """Read how CSV files are written; ``header_row`` is the text of a whole number, 0 if no line has names."""
    options = {
        key: _word(value, f"csv.{key}")
        for key, value in _checked_keys(entry, "csv", ("delimiter", "encoding", "header_row")).items()
    }
    if "header_row" in options:
        options["header_row"] = str(_header_row(options["header_row"], "csv.header_row"))
    return options


def _header_row(value: Any, where: str) -> int:
    """Read which row has the names: 1 is the first; 0, if none has."""
    value = _word(value, where)
    if value.lower() in ("none", "no", "0"):
        return 0
    if not (value.isascii() and value.isdecimal()) or len(value) > 6:
        raise ParameterRefused(
            f"{where} is the number of the row that has the names, or none, not {value!r}", parameter="mapping"
        )
    return int(value)


def _word(value: Any, where: str) -> str:
    """Return what must be one word or number, no list and no lines."""
    if not isinstance(value, str):
        raise ParameterRefused(f"{where}: expected one value, not {value!r}", parameter="mapping")
    return value


def _words(value: Any, where: str) -> tuple[str, ...]:
    """Return what may be one word or a list of them."""
    values = value if isinstance(value, list) else [value]
    return tuple(_word(one, where) for one in values)


def _checked_keys(entry: Any, where: str, allowed: tuple[str, ...]) -> dict[str, Any]:
    """Return the lines below a key as a dictionary, after their keys were checked."""
    if entry in ("", None):
        return {}
    if not isinstance(entry, Mapping):
        raise ParameterRefused(
            f"{where}: expected lines 'name: value', not {shortened_value(entry)}", parameter="mapping"
        )
    unknown = [f"'{key}'{did_you_mean(str(key), allowed)}" for key in entry if key not in allowed]
    if unknown:
        raise ParameterRefused(
            f"{where}: unknown {' and '.join(unknown)}; there are: {', '.join(allowed)}", parameter="mapping"
        )
    return dict(entry)


def _any_keys(entry: Any, where: str) -> dict[str, Any]:
    """Return the lines below a key as a dictionary, whatever their keys are."""
    return _checked_keys(entry, where, tuple(entry) if isinstance(entry, Mapping) else ())


def _formats(entry: Mapping[str, Any], where: str, general: Formats) -> Formats:
    """Read how dates and numbers are written; what the entry does not say is as in ``general``."""
    dates = _words(entry["date_format"], f"{where}: date_format") if "date_format" in entry else general.dates
    for form in dates:
        if form not in ("excel", "unix") and not _is_date_format(form):
            raise ParameterRefused(
                f"{where}: date_format '{form}' is none: write it like %d/%m/%Y, or 'excel', or 'unix'",
                parameter="mapping",
            )
    time_zone = _time_zone(entry, where, "time_zone", general.time_zone)
    times_are_in = _time_zone(entry, where, "times_are_in", general.times_are_in)
    if times_are_in and not time_zone:
        raise ParameterRefused(f"{where}: times_are_in needs time_zone, the clock of the shop", parameter="mapping")
    decimal, thousands = (
        _word(entry[name], f"{where}: {name}") if name in entry else getattr(general, name)
        for name in ("decimal", "thousands")
    )
    same = bool(decimal) and decimal == thousands
    if len(decimal) > 1 or len(thousands) > 1 or same or any(sign.isalnum() for sign in decimal + thousands):
        raise ParameterRefused(
            f"{where}: decimal and thousands are two different signs, not {decimal!r}, {thousands!r}",
            parameter="mapping",
        )
    nothing = general.nothing
    if "nothing" in entry:
        nothing = tuple(word.strip().lower() for word in _words(entry["nothing"], f"{where}: nothing") if word.strip())
    return Formats(dates, decimal, thousands, time_zone=time_zone, times_are_in=times_are_in, nothing=nothing)


def _time_zone(entry: Mapping[str, Any], where: str, name: str, general: str) -> str:
    """Read the name of a time zone; empty if there is none."""
    zone = _word(entry.get(name, general), f"{where}: {name}")
    if zone:
        zones = _time_zones()
        if zone not in zones:
            raise ParameterRefused(
                f"{where}: {name} '{zone}' is no time zone{did_you_mean(zone, zones)}; write it like Europe/Rome",
                parameter="mapping",
            )
    return zone


@cache
def _time_zones() -> list[str]:
    """List the time zones of DuckDB, which converts the moments."""
    return [name for (name,) in in_memory().sql("SELECT name FROM pg_timezone_names() ORDER BY 1").fetchall()]


@lru_cache(maxsize=200)
def _is_date_format(form: Any) -> bool:
    """Say whether DuckDB, which reads the dates, accepts a format."""
    import duckdb

    if not isinstance(form, str) or "%" not in form or _minutes_for_months(form):
        return False
    try:
        in_memory().execute("SELECT try_strptime('x', ?)", [form]).fetchall()
    except duckdb.Error:
        return False
    return True


def _minutes_for_months(form: str) -> bool:
    """Say whether a format has minutes (%M) in its day, or months (%m) in its time: both would be read, and wrongly.

    Examples
    --------
    >>> _minutes_for_months("%Y-%M-%d"), _minutes_for_months("%d/%m/%Y %H:%m"), _minutes_for_months("%d/%m/%Y %H:%M")
    (True, True, False)
    """
    before_minutes, minutes, _ = form.partition("%M")
    without_hours = bool(minutes) and not re.search("%-?[HI]", before_minutes)
    return without_hours or bool(re.search("%-?[HIM]:%-?m", form))


def _table(name: str, entry: Any, formats: Formats, folder: Path) -> TableMapping:
    where = f"tables.{name}"
    keys = ("from", "header_row", "rows", "columns", "segment_by", "descriptors", "leave_out")
    entry = _checked_keys(entry, where, keys)
    rows = _word(entry.get("rows", "as_is"), f"{where}.rows")
    choices = ("as_is", "distinct", "lines") if name == "transactions" else ("as_is", "distinct")
    if rows not in choices:
        raise ParameterRefused(
            f"{where}.rows is one of {', '.join(choices)}, not {rows!r}{did_you_mean(str(rows), choices)}",
            parameter="mapping",
        )
    columns = _checked_keys(entry.get("columns", {}), f"{where}.columns", tuple(TABLES[name].columns))
    variables = _variables(name, entry.get("segment_by", {}), formats)
    descriptors = _descriptors(name, entry.get("descriptors", {}), formats)
    _refuse_repeated([*variables, *descriptors], where)
    sources = {}
    without = {column for column, origin in columns.items() if origin in _NOT_USED}
    if needed := [
        column for column in TABLES[name].columns if column in without and TABLES[name].columns[column].required
    ]:
        raise ParameterRefused(f"{where}.columns.{needed[0]}: a {name} table needs it", parameter="mapping")
    for column, origin in columns.items():
        if column in without:
            continue
        what: str = kind(TABLES[name].columns[column])
        if (name, column) in (("transactions", "transaction_id"), ("customers", "customer_id")):
            what = "row_id"  # the only keys that may be the number of the row
        sources[column] = _column_source(origin, f"{where}.columns.{column}", formats, what)
    if rows != "lines" and (of_lines := [column for column, origin in sources.items() if origin.per]):
        raise ParameterRefused(
            f"{where}.columns.{of_lines[0]}.per needs rows: lines, where several rows are one transaction",
            parameter="mapping",
        )
    exclusions = _any_keys(entry.get("leave_out", {}), f"{where}.leave_out")
    return TableMapping(
        sources=_from(entry.get("from"), f"{where}.from"),
        rows=rows,
        columns=sources,
        without=frozenset(without),
        header_row=_header_row(entry["header_row"], f"{where}.header_row") if "header_row" in entry else None,
        segment_by=variables,
        descriptors=descriptors,
        leave_out=tuple(
            _exclusion(label, test, f"{where}.leave_out.{label}", folder) for label, test in exclusions.items()
        ),
    )


def _from(value: Any, where: str) -> tuple[str, ...]:
    """Read the source's table, or several of them, or a pattern of their names."""
    if value in (None, ""):
        return ()
    names = _words(value, where)
    if not all(name.strip() for name in names):
        raise ParameterRefused(f"{where}: a table has a name", parameter="mapping")
    return names


def _column_source(entry: Any, where: str, formats: Formats, what: str) -> ColumnSource:
    """Read where a column comes from; ``what`` is its kind, of a variable too, "descriptor" or "row_id"."""
    if isinstance(entry, str):
        entry = {"column": entry}
    allowed = _allowed_keys(what)
    entry = _checked_keys(entry, where, allowed)
    if entry == {"row_number": "true"} and "row_number" in allowed:
        return ColumnSource(row_number=True)
    origins = [key for key in ("column", "constant", "multiply") if key in entry]
    if "row_number" in entry or len(origins) != 1:
        expected = "column, constant or multiply" if "multiply" in allowed else "column, constant"
        raise ParameterRefused(f"{where}: say one of {expected}", parameter="mapping")
    if "multiply" in entry:
        columns = entry["multiply"]
        if not _is_list_of_names(columns) or len(columns) < 2:
            raise ParameterRefused(f"{where}: expected a list of columns", parameter="mapping")
    else:
        columns = [entry["column"]] if "column" in entry else []
        if not _is_list_of_names(columns):
            raise ParameterRefused(f"{where}: expected one column", parameter="mapping")
    if _word(entry.get("kind", "text"), f"{where}.kind") not in ("number", "text"):
        raise ParameterRefused(f"{where}.kind is number or text, not {entry['kind']!r}", parameter="mapping")
    values = {
        old.strip().lower(): _word(new, f"{where}.values.{old}")
        for old, new in _any_keys(entry.get("values", {}), f"{where}.values").items()
    }
    for name in ("constant", "default", "contains", "unit"):
        if name in entry:
            _word(entry[name], f"{where}.{name}")
    for name, choices in (("fill", ("down",)), ("per", ("line", "transaction"))):
        if name in entry and _word(entry[name], f"{where}.{name}") not in choices:
            raise ParameterRefused(
                f"{where}.{name} is {' or '.join(choices)}, not {entry[name]!r}", parameter="mapping"
            )
    if "fill" in entry and "column" not in entry:
        raise ParameterRefused(f"{where}: fill needs a column", parameter="mapping")
    has_formats = any(key in entry for key in _FORMAT_KEYS)
    return ColumnSource(
        columns=tuple(columns),
        constant=entry.get("constant"),
        default=entry.get("default"),
        values=values,
        formats=_formats(entry, where, formats) if has_formats else None,
        kind=entry.get("kind"),
        contains=entry.get("contains", ""),
        fill_down="fill" in entry,
        per=entry.get("per"),
        unit=entry.get("unit", ""),
    )


def _allowed_keys(what: str) -> tuple[str, ...]:
    """List what can be said of a column of one kind; see `_column_source`."""
    allowed = ["column", "constant", "default", "values", "nothing"]
    if what in ("number", "descriptor", "numeric"):
        allowed += ["multiply", "decimal", "thousands"]
    if what == "number":
        allowed += ["per", "unit"]
    if what in ("id", "row_id", "date", "status", "text"):
        allowed += ["fill"]
    if what == "date":
        allowed += ["date_format", "time_zone", "times_are_in"]
    if what == "descriptor":
        allowed += ["kind"]
    if what == "row_id":
        allowed += ["row_number"]
    if what == "binary":
        allowed += ["contains"]
    return tuple(allowed)


def _is_list_of_names(columns: Any) -> bool:
    return isinstance(columns, list) and all(isinstance(name, str) and name for name in columns)


def _descriptors(table: str, entry: Any, formats: Formats) -> dict[str, ColumnSource]:
    where = f"tables.{table}.descriptors"
    if entry and table != "customers":
        raise ParameterRefused(f"{where}: only customers have descriptors", parameter="mapping")
    if isinstance(entry, list) and all(isinstance(name, str) for name in entry):
        entry = {name: name for name in entry}
    descriptors = {}
    for name, origin in _any_keys(entry, where).items():
        _refuse_name(name, where, f"own_{name}: {name}")
        descriptors[name.strip()] = _column_source(origin, f"{where}.{name}", formats, "descriptor")
    return descriptors


def _variables(table: str, entry: Any, formats: Formats) -> dict[str, Variable]:
    """Read what segments are built by: ``name: kind``, or a name with a kind and where its values come from."""
    where = f"tables.{table}.segment_by"
    if entry and table != "customers":
        raise ParameterRefused(f"{where}: only customers are segmented", parameter="mapping")
    if isinstance(entry, list):
        first = entry[0] if entry and isinstance(entry[0], str) else "age"
        raise ParameterRefused(
            f"{where}: a list does not say what the variables are; write lines 'name: kind', such as "
            f"'{first}: numeric'; a kind is {', '.join(KINDS)}",
            parameter="mapping",
        )
    variables = {}
    for name, declaration in _any_keys(entry, where).items():
        _refuse_name(name, where, f"own_{name}: {{column: {name}, kind: numeric}}")
        if name.strip().lower() == "text" or any(sign in name for sign in '.,"'):
            raise ParameterRefused(
                f"{where}: '{name}': the name of a variable has no point, comma or quotation mark, and is not text",
                parameter="mapping",
            )
        variables[name.strip()] = _variable(name, declaration, f"{where}.{name}", formats)
    return variables


def _variable(name: str, entry: Any, where: str, formats: Formats) -> Variable:
    entry = {"kind": entry} if isinstance(entry, str) else _any_keys(entry, where)
    what = entry.get("kind")
    if not isinstance(what, str) or what not in KINDS:
        not_this = f", not {what!r}{did_you_mean(str(what), KINDS)}" if what else ""
        raise ParameterRefused(f"{where}: say its kind, one of {', '.join(KINDS)}{not_this}", parameter="mapping")
    of_numbers = ("log", "multiply", "decimal", "thousands") if what == "numeric" else ()
    of_answers = ("contains",) if what == "binary" else ()
    of_scales = () if what == "nominal" else ("scaling",)
    general_keys = ("kind", "column", "unit", "values", "default", "nothing", "weight")
    entry = _checked_keys(entry, where, (*general_keys, *of_numbers, *of_answers, *of_scales))
    log, unit = entry.get("log", "false"), entry.get("unit", "")
    if log not in ("true", "false"):
        raise ParameterRefused(f"{where}.log is true or false, not {log!r}", parameter="mapping")
    if not isinstance(unit, str):
        raise ParameterRefused(f"{where}.unit is a word or two, not {unit!r}", parameter="mapping")
    weight = _weight(entry.get("weight", "1"), f"{where}.weight")
    scaling = entry.get("scaling")
    if "scaling" in entry and (not isinstance(scaling, str) or scaling not in VARIABLE_SCALINGS):
        raise ParameterRefused(
            f"{where}.scaling is one of {', '.join(VARIABLE_SCALINGS)}, not {scaling!r}", parameter="mapping"
        )
    of_the_matrix = ("kind", "unit", "log", "weight", "scaling")
    cells = {key: value for key, value in entry.items() if key not in of_the_matrix}
    if "column" not in cells and "multiply" not in cells:
        cells["column"] = name
    origin = _column_source(cells, where, formats, what)
    if what == "binary":
        results = [*origin.values.values()]
        if origin.default is not None:
            results.append(origin.default)
        odd = [repr(value) for value in results if str(value).strip().lower() not in (*YES, *NO)]
        if odd:
            raise ParameterRefused(
                f"{where}: values and default of a binary variable are yes or no, not {' or '.join(odd)}: "
                "write values: {gold: yes, basic: no}",
                parameter="mapping",
            )
    return Variable(replace(origin, kind=_READ_AS[what]), what, unit, log == "true", weight, scaling)


def _weight(value: Any, where: str) -> float:
    """Read how much a variable counts: a number above 0."""
    try:
        weight = float(_word(value, where))
    except ValueError:
        weight = float("nan")
    if not 0 < weight <= LARGEST_WEIGHT:
        raise ParameterRefused(
            f"{where} is a number above 0 and at most {LARGEST_WEIGHT:g}, not {value!r}; what shall not count stands "
            "under descriptors",
            parameter="mapping",
        )
    return weight


def _refuse_name(name: str, where: str, instead: str) -> None:
    """Refuse a name for a column beyond the contract that the project uses for something else."""
    if name.strip().lower() in _reserved() or "__" in name or not name.strip():
        raise ParameterRefused(
            f"{where}: '{name}' is taken; give it another name, such as '{instead}'", parameter="mapping"
        )


def _refuse_repeated(names: list[str], where: str) -> None:
    """Refuse a column that both builds segments and only describes them; case makes no difference."""
    folded = [name.casefold() for name in names]
    repeated = [name for name in names if folded.count(name.casefold()) > 1]
    if repeated:
        raise ParameterRefused(
            f"{where}: '{repeated[0]}' is named twice under segment_by and descriptors: keep one of them",
            parameter="mapping",
        )


def _reserved() -> set[str]:
    """Return the names that the project uses itself."""
    from seglib.schema.features import FEATURES

    columns = {column for schema in TABLES.values() for column in schema.columns}
    return columns | {feature.name for feature in FEATURES} | {"segment", "row_number", "left_out"}


def _exclusion(name: str, entry: Any, where: str, folder: Path) -> Exclusion:
    entry = _checked_keys(entry, where, ("column", *TESTS, *LISTS))
    tests = [test for test in (*TESTS, *LISTS) if test in entry]
    if len(tests) != 1 or ("column" in entry) != (tests[0] in TESTS):
        raise ParameterRefused(
            f"{where}: say a column and one of {', '.join(TESTS)}; or ids, or file, without a column",
            parameter="mapping",
        )
    [test] = tests
    if test == "file":
        return Exclusion(name, "", test, (str(_list_file(entry[test], f"{where}.file", folder)),))
    if test == "ids":
        ids = tuple(id_.strip() for id_ in _words(entry[test], f"{where}.ids"))
        if not all(ids):
            raise ParameterRefused(f"{where}.ids: an id is not empty", parameter="mapping")
        return Exclusion(name, "", test, ids)
    values = _words(entry[test], f"{where}.{test}")
    if test == "empty" and values != ("true",):
        raise ParameterRefused(f"{where}: empty takes true, not {entry[test]!r}", parameter="mapping")
    return Exclusion(name, _word(entry["column"], f"{where}.column"), test, values)


def _list_file(value: Any, where: str, folder: Path) -> Path:
    """Find a file that lists ids: beside the mapping file, else where other files are looked for."""
    name = _word(value, where).strip()
    beside = folder / Path(name).expanduser()
    path = beside if beside.is_file() else find_file(name)
    if not name or not path.is_file():
        raise ParameterRefused(
            f"{where}: there is no file '{name}' beside the mapping file{looked_for_in(name)}", parameter="mapping"
        )
    return path
