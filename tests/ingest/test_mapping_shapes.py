"""Whatever stands at whatever key of a YAML file: it is read, or refused with a sentence that names file and key."""

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seglib.errors import ParameterRefused, SeglibError
from seglib.ingest.mapping.file import parse_file
from seglib.ingest.mapping.shapes import MAPPING
from seglib.ingest.shop import ingest
from seglib.interpretation.cards.names_file import read_names
from seglib.runner import parameters

LONGEST = 25_000

VALID = {
    "time_zone": "Europe/Rome",
    "times_are_in": "UTC",
    "date_format": ["%d/%m/%Y"],
    "decimal": ",",
    "thousands": ".",
    "nothing": ["unknown", "?"],
    "csv": {"delimiter": ",", "encoding": "utf-8", "header_row": "1"},
    "as_of": "2024-07-01",
    "tables": {
        "customers": {
            "from": ["customers"],
            "header_row": "1",
            "rows": "distinct",
            "columns": {
                "customer_id": "customer_id",
                "gender_id": {"column": "gender_id", "default": "1", "values": {"m": "1"}, "nothing": ["x"]},
                "city_id": {"constant": "10"},
                "join_date": {"column": "join_date", "date_format": "%d/%m/%Y", "time_zone": "Europe/Rome",
                              "times_are_in": "UTC"},
            },
            "segment_by": {"age": {"column": "customer_id", "kind": "numeric", "unit": "years", "log": "true"},
                           "town": {"column": "city_id", "kind": "nominal"},
                           "web": {"column": "gender_id", "kind": "binary", "contains": "web", "scaling": "none",
                                   "weight": "2"}},
            "descriptors": {"tier": {"column": "gender_id", "kind": "text"}},
            "leave_out": {"tests": {"column": "customer_id", "starts_with": ["T"]}},
        },
        "transactions": {
            "from": "transactions",
            "rows": "lines",
            "columns": {
                "transaction_id": "transaction_id",
                "customer_id": {"column": "customer_id", "fill": "down"},
                "amount": {"multiply": ["transaction_id", "customer_id"], "decimal": ",", "thousands": ".",
                           "per": "transaction"},
            },
            "leave_out": {"gaps": {"column": "customer_id", "empty": "true"}},
        },
    },
}  # fmt: skip
SHAPES = {
    "list": ["a", "b"],
    "list of lists": [["a"]],
    "empty list": [],
    "lines": {"a": "b"},
    "lines of lines": {"a": {"b": {"c": "d"}}},
    "empty lines": {},
    "number": 7,
    "not a number": float("nan"),
    "true": True,
    "nothing": None,
    "empty text": "",
    "blank": "   ",
    "huge text": "x" * 30_000,
    "steering text": "\x85\u202e\u2028",
    "deep": [[[[[[[["a"]]]]]]]],
    "list with nothing": [None, {"a": None}],
}


def keys(content, path=()):
    """Yield the path to every key and item of nested lines."""
    for key, value in content.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from keys(value, (*path, key))


def with_value(content, path, value):
    """Return a copy in which something else stands at a path."""
    copy = {**content}
    copy[path[0]] = value if len(path) == 1 else with_value(content[path[0]], path[1:], value)
    return copy


PATHS = list(keys(VALID))


def refused_well(file, path, call):
    """Call; return whether it was refused, and if so hold the message to file and length."""
    refused = outcome(call)
    if refused is None:
        return False
    assert refused.exit_code == 2
    assert file.name in str(refused), refused
    assert len(str(refused)) < LONGEST
    assert any(str(key) in str(refused) for key in path), (path, str(refused)[:500])
    return True


def outcome(call):
    """Call; return the error that was raised on purpose, if one was."""
    try:
        call()
    except SeglibError as error:
        return error


def test_the_table_of_shapes_is_complete():
    """Every key that a valid file has stands in `VALID`: where one is added, it is tried too."""
    named = {key for path in PATHS for key in path}

    def all_keys(shape):
        for key, below in shape.keys.items():
            yield key
            yield from all_keys(below)
        if shape.each:
            yield from all_keys(shape.each)

    tests = {"ends_with", "contains", "is", "row_number"}  # of one kind with those that are tried
    assert set(all_keys(MAPPING)) - named - tests == set()


@pytest.mark.parametrize("path", PATHS, ids=".".join)
def test_every_shape_at_every_key(tmp_path, path):
    file = tmp_path / "map.yaml"
    file.write_text(yaml.safe_dump(VALID, allow_unicode=True), encoding="utf-8")
    parse_file(file)
    refused = set()
    for name, value in SHAPES.items():
        file.write_text(yaml.safe_dump(with_value(VALID, path, value), allow_unicode=True), encoding="utf-8")
        if refused_well(file, path, lambda: parse_file(file)):
            refused.add(name)
    assert {"list of lists", "deep", "list with nothing"} <= refused
    assert "lines of lines" in refused


@pytest.mark.parametrize("path", [path for path in PATHS if len(path) < 3], ids=".".join)
def test_what_is_read_can_be_used(tmp_path, path, tables, write_csv):
    """Also further on: a shape that is accepted ends in a shop, or in a sentence."""
    source, file = write_csv(tables), tmp_path / "map.yaml"
    for name in ("empty list", "empty text", "blank", "nothing", "empty lines", "number", "steering text"):
        file.write_text(yaml.safe_dump(with_value(VALID, path, SHAPES[name]), allow_unicode=True), encoding="utf-8")
        assert len(str(outcome(lambda: ingest(source, mapping=file)))) < LONGEST


WORDS = st.one_of(
    st.text(max_size=8), st.sampled_from(["true", "[", "*a", "&a", "2024-13-01", "1:30", "0x1", "~", "%Y"])
)
ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORDS),
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(WORDS, below, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(PATHS), value=ANY)
def test_anything_at_any_key(tmp_path, path, value):
    file = tmp_path / "map.yaml"
    file.write_text(yaml.safe_dump(with_value(VALID, path, value), allow_unicode=True), encoding="utf-8")
    refused_well(file, (*path, ""), lambda: parse_file(file))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.sampled_from("ab: -[]{}&*!|>'\"\n#?,%@0123456789.\t"), max_size=60))
def test_any_text_as_any_yaml_file(tmp_path, text):
    file = tmp_path / "any.yaml"
    file.write_text(text, encoding="utf-8")
    for call in (
        lambda: parse_file(file),
        lambda: parameters.read_file(file),
        lambda: read_names(file, {"A", "B"}),
    ):
        refused_well(file, ("",), call)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("A: [x]", "A"),
        ("B: {x: y}", "B"),
        ("A: 3", "A"),
        ("A: ''", "A"),
        ("A: 2024-01-01", "A"),
        ("? [A]\n: x", "unhashable key"),
    ],
)
def test_a_names_file_is_refused_by_key(tmp_path, text, key):
    file = tmp_path / "names.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ParameterRefused, match=rf"names\.yaml.*{key}"):
        read_names(file, {"A", "B"})
