"""Read a mapping file, and refuse by name what is wrong with it.

A YAML file; everything in it is optional, and what it does not say goes by the canonical names::

    time_zone: America/New_York     # the shop's clock: moments become days on it
    times_are_in: UTC               # zone of moments that carry none (default: the shop's own)
    date_format: "%d/%m/%Y"         # or a list; "excel" for serial numbers; ISO dates are always read
    decimal: ","                    # and thousands: "."
    csv: {delimiter: ";", encoding: cp1252}
    as_of: 2024-07-14
    tables:
      customers:
        from: clients               # the sheet, file or table that holds it
        rows: distinct              # one row a key, where the source repeats it
        columns:
          customer_id: Client no
          gender_id: {column: Sex, default: unknown}
          city_id: {constant: Cairo}
        segment_by:                 # columns that segments are built by; then transactions are not needed
          age: numeric              # numeric, binary or nominal
          income: {column: Income, kind: numeric, unit: EUR, log: true}
        descriptors: [Region, Tier] # further columns, which only describe customers
      transactions:
        from: invoices
        rows: lines                 # several rows with one transaction_id are the lines of one transaction
        columns:
          transaction_id: Invoice     # or {row_number: true}, where every row is a transaction and none has an id
          transaction_status: {column: State, values: {used: burned, open: subscribed}}
          amount: {multiply: [Quantity, Price]}
        leave_out:
          cancelled: {column: Invoice, starts_with: C}
"""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import yaml

from seglib.errors import ParameterRefused
from seglib.ingest.contract.parsing import NO, YES
from seglib.ingest.mapping.model import (
    TESTS,
    Choice,
    ColumnSource,
    Formats,
    ShopMapping,
    TableMapping,
    Variable,
    VariableKind,
)
from seglib.schema.tables import TABLES, kind
from seglib.style import did_you_mean

KINDS: tuple[VariableKind, ...] = get_args(VariableKind)
_READ_AS = {"numeric": "number", "binary": "binary", "nominal": "text"}
_FORMAT_KEYS = ("time_zone", "times_are_in", "date_format", "decimal", "thousands")


class _Loader(yaml.BaseLoader):
    """Reads every scalar as text (``no`` is a word, 007 stays 007) and refuses a key that is given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(None, None, f"'{twice}' is given twice", node.start_mark)
        return super().construct_mapping(node, deep=deep)


def read_mapping(path: str | Path) -> dict[str, Any]:
    """Read a mapping file; `parse` checks what it says.

    Raises
    ------
    ParameterRefused
        If there is no such file, or it is no YAML.
    """
    try:
        content = yaml.load(Path(path).expanduser().read_text(encoding="utf-8"), Loader=_Loader)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ParameterRefused(f"mapping file '{path}' does not exist", parameter="mapping") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problem = " ".join(str(error).split())
        raise ParameterRefused(
            f"mapping file '{Path(path).name}' is not valid YAML: {problem}", parameter="mapping"
        ) from error
    return {} if content in (None, "") else content


def parse(content: AnyMapping[str, Any]) -> ShopMapping:
    """Check the content of a mapping file.

    Parameters
    ----------
    content : mapping of str to Any
        As `read_mapping` returns it.

    Returns
    -------
    Mapping

    Raises
    ------
    ParameterRefused
        If a key is unknown (the message names the nearest one) or a value has the wrong shape.
    """
    top = _keys(content, "the mapping", (*_FORMAT_KEYS, "csv", "as_of", "tables"))
    formats = _formats(top, "the mapping", Formats())
    tables = _keys(top.get("tables", {}), "tables", tuple(TABLES))
    return ShopMapping(
        tables={name: _table(name, said, formats) for name, said in tables.items()},
        formats=formats,
        csv=_keys(top.get("csv", {}), "csv", ("delimiter", "encoding")),
        as_of=top.get("as_of"),
    )


def _keys(said: Any, where: str, allowed: tuple[str, ...]) -> dict[str, Any]:
    """Return a mapping after its keys were checked."""
    if said in ("", None):
        return {}
    if not isinstance(said, AnyMapping):
        raise ParameterRefused(f"{where}: expected lines 'name: value', not {said!r}", parameter="mapping")
    unknown = [f"'{key}'{did_you_mean(str(key), allowed)}" for key in said if key not in allowed]
    if unknown:
        raise ParameterRefused(
            f"{where}: unknown {' and '.join(unknown)}; there are: {', '.join(allowed)}", parameter="mapping"
        )
    return dict(said)


def _formats(said: AnyMapping[str, Any], where: str, general: Formats) -> Formats:
    dates = said.get("date_format", general.dates)
    dates = (dates,) if isinstance(dates, str) else tuple(dates)
    for form in dates:
        if form != "excel" and not _is_date_format(form):
            raise ParameterRefused(
                f"{where}: date_format '{form}' is none: write it like %d/%m/%Y, or 'excel'", parameter="mapping"
            )
    zones = {name: str(said.get(name, getattr(general, name))) for name in ("time_zone", "times_are_in")}
    for name, zone in zones.items():
        if zone and zone not in (known := _time_zones()):
            meant = did_you_mean(zone, known)
            raise ParameterRefused(
                f"{where}: {name} '{zone}' is no time zone{meant}; write it like Europe/Rome", parameter="mapping"
            )
    if zones["times_are_in"] and not zones["time_zone"]:
        raise ParameterRefused(f"{where}: times_are_in needs time_zone, the clock of the shop", parameter="mapping")
    decimal, thousands = str(said.get("decimal", general.decimal)), str(said.get("thousands", general.thousands))
    if len(decimal) != 1 or len(thousands) > 1 or decimal == thousands or (decimal + thousands).isalnum():
        raise ParameterRefused(
            f"{where}: decimal and thousands are two different signs, not {decimal!r}, {thousands!r}",
            parameter="mapping",
        )
    return Formats(dates, decimal, thousands, **zones)


def _time_zones() -> list[str]:
    """List the time zones that DuckDB, which moves the moments, knows."""
    import duckdb

    return [name for (name,) in duckdb.connect().sql("SELECT name FROM pg_timezone_names() ORDER BY 1").fetchall()]


def _is_date_format(form: Any) -> bool:
    """Say whether DuckDB, which reads the dates, takes a format."""
    import duckdb

    if not isinstance(form, str) or "%" not in form:
        return False
    try:
        duckdb.connect().execute("SELECT try_strptime('x', ?)", [form]).fetchall()
    except duckdb.Error:
        return False
    return True


def _table(name: str, said: Any, formats: Formats) -> TableMapping:
    where = f"tables.{name}"
    said = _keys(said, where, ("from", "rows", "columns", "segment_by", "descriptors", "leave_out"))
    rows = said.get("rows", "as_is")
    choices = ("as_is", "distinct", "lines") if name == "transactions" else ("as_is", "distinct")
    if rows not in choices:
        raise ParameterRefused(
            f"{where}.rows is one of {', '.join(choices)}, not {rows!r}{did_you_mean(str(rows), choices)}",
            parameter="mapping",
        )
    columns = _keys(said.get("columns", {}), f"{where}.columns", tuple(TABLES[name].columns))
    variables = _variables(name, said.get("segment_by", {}), formats)
    descriptors = _descriptors(name, said.get("descriptors", {}), formats)
    _named_once([*variables, *descriptors], where)
    return TableMapping(
        source=said.get("from"),
        rows=rows,
        columns={
            column: _origin(
                origin,
                f"{where}.columns.{column}",
                formats,
                column if (name, column) == ("transactions", "transaction_id") else kind(TABLES[name].columns[column]),
            )
            for column, origin in columns.items()
        },
        segment_by=variables,
        descriptors=descriptors,
        leave_out=tuple(
            _choice(choice, test, f"{where}.leave_out.{choice}")
            for choice, test in _any_keys(said.get("leave_out", {}), f"{where}.leave_out").items()
        ),
    )


def _any_keys(said: Any, where: str) -> dict[str, Any]:
    return _keys(said, where, tuple(said) if isinstance(said, AnyMapping) else ())


def _origin(said: Any, where: str, formats: Formats, what: str) -> ColumnSource:
    """Read where a column comes from; ``what`` is its kind, of a variable too, "descriptor" or "transaction_id"."""
    if isinstance(said, str):
        said = {"column": said}
    allowed = ["column", "constant", "default", "values"]
    allowed += ["multiply", "decimal", "thousands"] if what in ("number", "descriptor", "numeric") else []
    allowed += ["date_format", "time_zone", "times_are_in"] if what == "date" else []
    allowed += ["kind"] if what == "descriptor" else []
    allowed += ["row_number"] if what == "transaction_id" else []
    said = _keys(said, where, tuple(allowed))
    if said == {"row_number": "true"}:
        return ColumnSource(row_number=True)
    if "row_number" in said or sum(key in said for key in ("column", "constant", "multiply")) != 1:
        raise ParameterRefused(
            f"{where}: say one of column, constant{' or multiply' * ('multiply' in allowed)}", parameter="mapping"
        )
    columns = said.get("multiply", [said["column"]] if "column" in said else [])
    if (
        not isinstance(columns, list)
        or not all(isinstance(c, str) and c for c in columns)
        or ("multiply" in said) > (len(columns) > 1)
    ):
        raise ParameterRefused(
            f"{where}: expected {'a list of columns' if 'multiply' in said else 'one column'}", parameter="mapping"
        )
    if said.get("kind", "text") not in ("number", "text"):
        raise ParameterRefused(f"{where}.kind is number or text, not {said['kind']!r}", parameter="mapping")
    values = {k.strip().lower(): v for k, v in _any_keys(said.get("values", {}), f"{where}.values").items()}
    own = any(key in said for key in _FORMAT_KEYS)
    return ColumnSource(
        columns=tuple(columns),
        constant=said.get("constant"),
        default=said.get("default"),
        values=values,
        formats=_formats(said, where, formats) if own else None,
        kind=said.get("kind"),
    )


def _descriptors(table: str, said: Any, formats: Formats) -> dict[str, ColumnSource]:
    where = f"tables.{table}.descriptors"
    if said and table != "customers":
        raise ParameterRefused(f"{where}: only customers have descriptors", parameter="mapping")
    if isinstance(said, list) and all(isinstance(name, str) for name in said):
        said = {name: name for name in said}
    found = {}
    for name, origin in _any_keys(said, where).items():
        _refuse_name(name, where, f"own_{name}: {name}")
        found[name.strip()] = _origin(origin, f"{where}.{name}", formats, "descriptor")
    return found


def _variables(table: str, said: Any, formats: Formats) -> dict[str, Variable]:
    """Read what segments are built by: ``name: kind``, or a name with a kind and where its values come from."""
    where = f"tables.{table}.segment_by"
    if said and table != "customers":
        raise ParameterRefused(f"{where}: only customers are segmented", parameter="mapping")
    if isinstance(said, list):
        first = said[0] if said and isinstance(said[0], str) else "age"
        raise ParameterRefused(
            f"{where}: a list does not say what the variables are; write lines 'name: kind', such as "
            f"'{first}: numeric'; a kind is {', '.join(KINDS)}",
            parameter="mapping",
        )
    found = {}
    for name, told in _any_keys(said, where).items():
        _refuse_name(name, where, f"own_{name}: {{column: {name}, kind: numeric}}")
        if name.strip().lower() == "text" or any(sign in name for sign in '.,"'):
            raise ParameterRefused(
                f"{where}: '{name}': the name of a variable has no point, comma or quotation mark, and is not text",
                parameter="mapping",
            )
        found[name.strip()] = _variable(name, told, f"{where}.{name}", formats)
    return found


def _variable(name: str, said: Any, where: str, formats: Formats) -> Variable:
    said = {"kind": said} if isinstance(said, str) else _any_keys(said, where)
    what = said.get("kind")
    if what not in KINDS:
        not_this = f", not {what!r}{did_you_mean(str(what), KINDS)}" if what else ""
        raise ParameterRefused(f"{where}: say its kind, one of {', '.join(KINDS)}{not_this}", parameter="mapping")
    of_numbers = ("log", "multiply", "decimal", "thousands") if what == "numeric" else ()
    said = _keys(said, where, ("kind", "column", "unit", "values", "default", *of_numbers))
    log, unit = said.get("log", "false"), said.get("unit", "")
    if log not in ("true", "false"):
        raise ParameterRefused(f"{where}.log is true or false, not {log!r}", parameter="mapping")
    if not isinstance(unit, str):
        raise ParameterRefused(f"{where}.unit is a word or two, not {unit!r}", parameter="mapping")
    cells = {key: value for key, value in said.items() if key not in ("kind", "unit", "log")}
    cells = cells if {"column", "multiply"} & {*cells} else {"column": name, **cells}
    origin = _origin(cells, where, formats, what)
    results = [*origin.values.values(), *([] if origin.default is None else [origin.default])]
    odd = [repr(value) for value in results if str(value).strip().lower() not in (*YES, *NO)]
    if what == "binary" and odd:
        raise ParameterRefused(
            f"{where}: values and default of a binary variable are yes or no, not {' or '.join(odd)}: "
            "write values: {gold: yes, basic: no}",
            parameter="mapping",
        )
    return Variable(replace(origin, kind=_READ_AS[what]), what, unit, log == "true")


def _refuse_name(name: str, where: str, instead: str) -> None:
    """Refuse a name for a column of the customers that means something else further on."""
    if name.strip().lower() in _reserved() or "__" in name or not name.strip():
        raise ParameterRefused(
            f"{where}: '{name}' is taken; give it another name, such as '{instead}'", parameter="mapping"
        )


def _named_once(names: list[str], where: str) -> None:
    """Refuse a column that both builds segments and only describes them; case makes no difference."""
    alike = [name.casefold() for name in names]
    twice = [name for name in names if alike.count(name.casefold()) > 1]
    if twice:
        raise ParameterRefused(
            f"{where}: '{twice[0]}' is named twice under segment_by and descriptors: keep one of them",
            parameter="mapping",
        )


def _reserved() -> set[str]:
    """Names that mean something else further on."""
    from seglib.schema.features import FEATURES

    columns = {column for schema in TABLES.values() for column in schema.columns}
    return columns | {feature.name for feature in FEATURES} | {"segment", "row_number", "left_out"}


def _choice(name: str, said: Any, where: str) -> Choice:
    said = _keys(said, where, ("column", *TESTS))
    tests = [test for test in TESTS if test in said]
    if "column" not in said or len(tests) != 1:
        raise ParameterRefused(f"{where}: say a column and one of {', '.join(TESTS)}", parameter="mapping")
    values = said[tests[0]]
    if tests[0] == "empty" and values != "true":
        raise ParameterRefused(f"{where}: empty takes true, not {values!r}", parameter="mapping")
    return Choice(name, said["column"], tests[0], tuple(values) if isinstance(values, list) else (values,))
