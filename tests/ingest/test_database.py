"""Databases as sources: every value exactly, in chunks, nothing written to them, and no password anywhere."""

import datetime as dt
import hashlib
import os
import secrets
import sqlite3
import subprocess
import sys
import time
import traceback
from decimal import Decimal
from urllib.parse import quote

import duckdb
import nbformat
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seglib import credentials
from seglib.credentials import recorded, shown
from seglib.errors import InputRefused
from seglib.ingest.sources import database
from seglib.ingest.sources.open import ADAPTERS, open_source
from seglib.run.run import Run
from seglib.runner import kernels, pipeline
from seglib.runner.request import name_after, seen_from_notebooks

SECRET = "hunter2-and-more"


@pytest.fixture
def con():
    return duckdb.connect()


def load(con, source, table, target="loaded"):
    """Load one table; return its DuckDB types by column, its rows (times as text), and what is known of it."""
    loaded = open_source(source).tables[table](con, target)
    types = {row[0]: row[1] for row in con.execute(f"DESCRIBE {target}").fetchall()}
    cells = ", ".join(f'"{c}"::VARCHAR' if "TIME" in kind else f'"{c}"' for c, kind in types.items())
    return types, con.execute(f"SELECT {cells} FROM {target}").fetchall(), loaded


@pytest.fixture
def make_sqlite(tmp_path):
    def make(*statements, name="shop.db"):
        connection = sqlite3.connect(tmp_path / name)
        for statement in statements:
            connection.execute(*([statement] if isinstance(statement, str) else statement))
        connection.commit()
        connection.close()
        return f"sqlite:///{tmp_path / name}"

    return make


@pytest.fixture
def make_postgres(server):
    """Make a database of its own for a test."""
    import psycopg

    name = f"shop_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        url = server.rpartition("/")[0] + f"/{name}"

        def make(*statements):
            with psycopg.connect(url, autocommit=True) as connection:
                for statement in statements:
                    connection.execute(*([statement] if isinstance(statement, str) else statement))
            return url

        yield make
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def make(request):
    """Make a database of either kind from statements that both understand; returns its URL."""
    return request.getfixturevalue({"sqlite": "make_sqlite", "postgresql": "make_postgres"}[request.param])


# Values ------------------------------------------------------------------------------------------------------------


def test_postgresql_values_arrive_exactly(con, make_postgres):
    url = make_postgres(
        """CREATE TABLE "Ta ble%" ("Id" text, b boolean, i int, big bigint, n numeric, money numeric(12, 2), f float8,
           r real, d date, ts timestamp, tz timestamptz, "js%on" jsonb, a int[], u uuid, raw bytea, t time)""",
        """INSERT INTO "Ta ble%" VALUES
           ('007', true, 7, 9007199254740993, 12345678901234567890123.4567890123456789, 0.10, 0.1, 0.1, '2024-02-29',
            '2024-01-01 23:59:59.5', '2024-01-01 10:00+05:30', '{"a": 1.50}', '{1,NULL}',
            'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\\xff00', '10:00'),
           ('8', false, NULL, -9223372036854775808, 1e25, NULL, 'Infinity', NULL, 'infinity',
            '-infinity', NULL, NULL, NULL, NULL, 'caf\\303\\251', NULL)""",
    )
    types, rows, _ = load(con, url, "Ta ble%", '"an odd ""name"""')
    assert types == {
        "Id": "VARCHAR", "b": "BOOLEAN", "i": "BIGINT", "big": "BIGINT", "n": "VARCHAR", "money": "VARCHAR",
        "f": "DOUBLE", "r": "DOUBLE", "d": "DATE", "ts": "TIMESTAMP", "tz": "TIMESTAMP WITH TIME ZONE",
        "js%on": "VARCHAR", "a": "VARCHAR", "u": "VARCHAR", "raw": "VARCHAR", "t": "VARCHAR",
    }  # fmt: skip
    assert rows[0][:9] == (
        "007", True, 7, 9007199254740993, "12345678901234567890123.4567890123456789", "0.10", 0.1, 0.1,
        dt.date(2024, 2, 29),
    )  # fmt: skip
    assert rows[0][9] == "2024-01-01 23:59:59.5"
    assert rows[0][11:] == ('{"a": 1.50}', "{1,NULL}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "ff00", "10:00:00")
    assert rows[1][:8] == ("8", False, None, -(2**63), "1" + "0" * 25, None, float("inf"), None)
    assert rows[1][9:] == ("-infinity", None, None, None, None, "café", None)
    assert con.execute('SELECT d::VARCHAR FROM "an odd ""name"""').fetchall()[1] == ("infinity",)


@pytest.mark.parametrize("machine", ["Pacific/Auckland", "America/Lima"])
def test_a_moment_is_the_same_whatever_zone_anybody_is_in(con, make_postgres, monkeypatch, machine):
    url = make_postgres(
        "CREATE TABLE t (tz timestamptz, ts timestamp, d date)",
        "INSERT INTO t VALUES ('2024-01-01 10:00+05:30', '2024-01-01 00:30', '2024-01-01')",
    )
    database_name = url.rpartition("/")[2]
    make_postgres(f"ALTER DATABASE {database_name} SET timezone = 'Asia/Tokyo'")
    make_postgres(f"ALTER DATABASE {database_name} SET datestyle = 'German'")
    monkeypatch.setenv("TZ", machine)
    monkeypatch.setenv("PGTZ", machine)
    time.tzset()
    try:
        con.execute(f"SET TimeZone = '{machine}'")
        _, _, loaded = load(con, url, "t")
    finally:
        monkeypatch.undo()
        time.tzset()
    moment = dt.datetime(2024, 1, 1, 4, 30, tzinfo=dt.UTC)
    assert con.execute("SELECT epoch_us(tz), ts, d FROM loaded").fetchall() == [
        (int(moment.timestamp()) * 1_000_000, dt.datetime(2024, 1, 1, 0, 30), dt.date(2024, 1, 1))
    ]
    assert (
        loaded.sha256
        == hashlib.sha256(
            b'[["tz", "ts", "d"], ["2024-01-01 04:30:00+00", "2024-01-01 00:30:00", "2024-01-01"]]'
        ).hexdigest()
    )  # the hash is what the docstring says it is


def test_what_duckdb_has_no_value_for_stays_text(con, make_postgres):
    url = make_postgres(
        "CREATE TABLE t (id int, d date, ts timestamp)",
        "INSERT INTO t VALUES (1, '2024-01-01', '2024-01-01 10:00'), (2, '0044-03-15 BC', NULL)",
    )
    types, rows, _ = load(con, url, "t")
    assert types == {"id": "BIGINT", "d": "VARCHAR", "ts": "TIMESTAMP"}
    assert [row[1] for row in rows] == ["2024-01-01", "0044-03-15 BC"]


def test_sqlite_columns_keep_their_type_only_where_all_values_have_it(con, make_sqlite):
    url = make_sqlite(
        """CREATE TABLE t (id TEXT, i INTEGER, mixed INTEGER, real REAL, price DECIMAL(10, 2), flag BOOLEAN, d DATE,
           ts DATETIME, anything, raw BLOB)""",
        ("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
         ("007", 2**53 + 1, 7, 0.1, 12.5, 1, "2024-02-29", "2024-02-29 10:00:00", 1e22, "café".encode())),
        ("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
         (None, -(2**63), "seven", 2, 0.1, 0, "29.2.2024", "never", "0xyz", b"\xff\x00")),
        ("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
         ("", None, 2.5, None, 10, None, 1709164800, None, 3, None)),
        "INSERT INTO t (id, anything) VALUES (CAST(x'e9' AS TEXT), 0.5)",
    )  # fmt: skip
    types, rows, _ = load(con, url, "t")
    text = dict.fromkeys(("id", "mixed", "price", "d", "ts", "anything", "raw"), "VARCHAR")
    assert types == text | {"i": "BIGINT", "real": "DOUBLE", "flag": "BOOLEAN"}
    assert rows == [
        ("007", 2**53 + 1, "7", 0.1, "12.5", True, "2024-02-29", "2024-02-29 10:00:00", "1" + "0" * 22, "café"),
        (None, -(2**63), "seven", 2.0, "0.1", False, "29.2.2024", "never", "0xyz", "ff00"),
        ("", None, "2.5", None, "10", None, "1709164800", None, "3", None),
        ("e9", None, None, None, None, None, None, None, "0.5", None),
    ]


def test_one_value_that_does_not_fit_makes_its_column_text_from_the_first_row_on(con, make_sqlite, monkeypatch):
    numbers = ", ".join(f"({i}, {i}.5, {i})" for i in range(50))
    url = make_sqlite(
        "CREATE TABLE t (a INTEGER, b REAL, c BOOLEAN)",
        f"INSERT INTO t VALUES {numbers}, (7.25, 'much', 2), (8, 1e300, 'no')",
    )
    monkeypatch.setattr(database, "CHUNK", 10)
    types, rows, small = load(con, url, "t")
    assert types == dict.fromkeys("abc", "VARCHAR")
    assert rows[1] == ("1", "1.5", "1")
    assert rows[-2:] == [("7.25", "much", "2"), ("8", "1" + "0" * 300, "no")]
    monkeypatch.undo()
    assert load(con, url, "t")[1:] == (rows, small)


TEXTS = [
    "007",
    "",
    "NULL",
    "None",
    "שלום עולם",
    "🎉👨‍👩‍👧",
    "tab\tand\nline",
    "\"quoted\" 'both' \\n",
    "=1+1",
    "1e5",
    "%s :x",
]


def test_text_of_every_kind_arrives(con, make):
    url = make(
        "CREATE TABLE t (id int primary key, s text)",
        *((f"INSERT INTO t VALUES ({i}, '{text.replace(chr(39), 2 * chr(39))}')",) for i, text in enumerate(TEXTS)),
        "INSERT INTO t VALUES (99, NULL)",
    )
    types, rows, _ = load(con, url, "t")
    assert types == {"id": "BIGINT", "s": "VARCHAR"}
    assert [row[1] for row in rows] == [*TEXTS, None]


def test_values_of_other_drivers_have_one_text():
    tokyo = dt.timezone(dt.timedelta(hours=9))
    for value, text in {
        Decimal("1E+3"): "1000", Decimal("0.10"): "0.10", True: "true", 1e-7: "0.0000001", 10**30: "1" + "0" * 30,
        dt.datetime(2024, 1, 1, 9, tzinfo=tokyo): "2024-01-01 00:00:00+00:00", dt.date(2024, 1, 1): "2024-01-01",
        dt.datetime(2024, 1, 1, 9): "2024-01-01 09:00:00",
    }.items():  # fmt: skip
        assert database._text(value) == text


# Tables and rows ---------------------------------------------------------------------------------------------------


def rows_backwards(n=25):
    """A table whose rows were written from last to first."""
    rows = ", ".join(f"({i % 3}, {i}, 'name {i}')" for i in reversed(range(n)))
    return ["CREATE TABLE t (b int, a int, name text, PRIMARY KEY (b, a))", f"INSERT INTO t VALUES {rows}"]


def test_rows_come_by_primary_key(con, make):
    _, rows, _ = load(con, make(*rows_backwards()), "t")
    assert rows == sorted(rows)
    assert len(rows) == 25


@pytest.mark.parametrize("chunk", [1, 7, 25, 26])
def test_the_size_of_a_chunk_changes_nothing(con, make, monkeypatch, chunk):
    url = make(*rows_backwards())
    whole = load(con, url, "t")
    monkeypatch.setattr(database, "CHUNK", chunk)
    assert load(con, url, "t") == whole


def test_views_are_tables_and_an_empty_table_has_its_columns(con, make):
    url = make(
        *rows_backwards(5),
        "CREATE VIEW v AS SELECT name, a FROM t WHERE a > 3",
        "CREATE TABLE empty (id int, name text)",
    )
    assert sorted(open_source(url).tables) == ["empty", "t", "v"]
    types, rows, loaded = load(con, url, "v")
    assert types["name"] == "VARCHAR"
    assert [(name, int(a)) for name, a in rows] == [("name 4", 4)]
    types, rows, empty = load(con, url, "empty")
    assert (types, rows) == ({"id": "BIGINT", "name": "VARCHAR"}, [])
    assert empty.sha256 != loaded.sha256


def test_other_schemas_and_materialized_views_of_postgresql(con, make_postgres):
    url = make_postgres(
        "CREATE SCHEMA crm",
        "CREATE TABLE crm.customers (id int)",
        "INSERT INTO crm.customers VALUES (1)",
        "CREATE TABLE orders (id int)",
        "CREATE MATERIALIZED VIEW seen AS SELECT 1 AS id",
    )
    source = open_source(url)
    assert (source.name, source.kind) == (shown(url).replace(f":{url.split(':')[3].split('/')[0]}", ""),
                                          "PostgreSQL database")  # fmt: skip
    assert sorted(source.tables) == ["crm.customers", "orders", "seen"]
    assert load(con, url, "crm.customers")[1] == [(1,)]
    assert load(con, url, "seen")[1] == [(1,)]
    assert open_source(url.replace("postgresql://", "postgres://")).name == source.name


def test_the_hash_is_of_every_value_and_name(con, make_sqlite):
    base = ["CREATE TABLE t (id TEXT, s TEXT)", "INSERT INTO t VALUES ('1', 'a'), ('2', NULL)"]
    variants = {
        "same": base,
        "value": [base[0], "INSERT INTO t VALUES ('1', 'a'), ('2', '')"],
        "null": [base[0], "INSERT INTO t VALUES ('1', NULL), ('2', 'a')"],
        "name": ["CREATE TABLE t (id TEXT, S TEXT)", base[1]],
        "row": [*base, "INSERT INTO t VALUES (NULL, NULL)"],
        "shifted": [base[0], "INSERT INTO t VALUES ('1a', ''), ('2', NULL)"],
    }
    hashes = {name: load(con, make_sqlite(*sql, name=f"{name}.db"), "t")[2].sha256 for name, sql in variants.items()}
    assert len(set(hashes.values())) == len(variants)
    assert hashes["same"] == load(con, make_sqlite(*base, name="again.db"), "t")[2].sha256
    assert len(hashes["same"]) == 64


MEASURE = """
import os, resource, sys
import duckdb
from seglib.ingest.sources import database
con = duckdb.connect(sys.argv[1], config={"memory_limit": "100MB", "threads": 1})
open_source = database.open_url(os.environ["URL"])
open_source.tables["few"](con, "few")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
open_source.tables["many"](con, "many")
assert con.execute("SELECT count(*), count(DISTINCT id) FROM many").fetchall() == [(600_000, 600_000)]
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_table(make, tmp_path):
    numbers = "WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < {n})"
    rows = f"{numbers} SELECT i AS id, {{pad}} AS s FROM g"
    pad = "'" + "x" * 500 + "' || i"
    url = make(
        f"CREATE TABLE few AS {rows.format(n=100_000, pad=pad)}",
        f"CREATE TABLE many AS {rows.format(n=600_000, pad=pad)}",
    )
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path / "big.duckdb")],
        capture_output=True, text=True, env={**os.environ, "URL": url},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 120  # MB more for 500,000 rows more, which are 250 MB of text


def test_nothing_is_written_to_sqlite(con, make_sqlite, tmp_path):
    for mode in ("delete", "wal"):
        url = make_sqlite(f"PRAGMA journal_mode = {mode}", *rows_backwards(), name=f"{mode}.db")
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        assert len(load(con, url, "t")[1]) == 25
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before, mode


def test_a_log_that_another_program_holds_open_is_read_too(con, make_sqlite, tmp_path):
    url = make_sqlite("PRAGMA journal_mode = wal", "CREATE TABLE t (a int)")
    writer = sqlite3.connect(tmp_path / "shop.db")
    writer.execute("INSERT INTO t VALUES (1)")
    writer.commit()
    assert load(con, url, "t")[1] == [(1,)]
    writer.close()


def test_nothing_can_be_written_to_postgresql(con, make_postgres):
    url = make_postgres("CREATE SEQUENCE s", "CREATE VIEW v AS SELECT nextval('s') AS id")
    with pytest.raises(InputRefused, match=r"view 'v' of PostgreSQL database .* read-only transaction"):
        load(con, url, "v")


# Refusals and secrets ----------------------------------------------------------------------------------------------


def refused(source, con=None, table=None):
    """Return what somebody sees of a refusal: its message, which is one sentence, and its traceback."""
    with pytest.raises(InputRefused) as caught:
        open_source(source) if table is None else load(con, source, table)
    seen = "".join(traceback.format_exception(caught.value))
    assert "\n" not in str(caught.value)
    assert SECRET not in seen
    assert "sqlalchemy" not in seen  # no frame, and no error, of what lies beneath
    return str(caught.value)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            f"postgresql://me:{SECRET}@127.0.0.1:1/shop",
            "'postgresql://127.0.0.1/shop' cannot be opened (check host, database, user and password): ",
        ),
        (f"postgresql://me:{SECRET}@nowhere.invalid/shop", "nowhere.invalid"),
        (f"postgresql://127.0.0.1:1/shop?user=me&password={SECRET}", "cannot be opened"),
        (f"postgresql://me:pw@127.0.0.1:1/shop?{SECRET}={SECRET}", "message is not shown"),
        (f"postgresql://me:{SECRET}@ab@127.0.0.1/shop", "cannot be read"),
        (f"postgresql://me:{SECRET}@127.0.0.1:port/shop", "cannot be read"),
        (f"postgresql://me:{SECRET}/shop", "cannot be read"),
        (f"postgresql+nodriver://me:{SECRET}@host/shop", "no driver for it"),
        (f"snowbank://me:{SECRET}@host/shop", "no driver for it"),
        (f"postgresql+asyncpg://me:{SECRET}@host/shop", "no driver for it"),
        (f"sqlite://me:{SECRET}@host/shop.db", "cannot be read"),
        ("sqlite:///nowhere/shop.db", "no SQLite file 'shop.db'"),
        ("sqlite://", "no SQLite file ':memory:'"),
        (f"sqlite+pysqlcipher://:{SECRET}@/shop.db", "cannot be read"),
    ],
)
def test_refusals_are_one_sentence_without_the_password(url, message):
    assert message in refused(url)


def test_refusals_of_a_server_are_one_sentence_without_the_password(con, make_postgres):
    url = make_postgres("CREATE TABLE t (a int)", 'CREATE TABLE twice (a int, "A" int)', "CREATE TABLE none ()")
    password = url.split(":")[2].split("@")[0]
    assert "password authentication failed" in refused(url.replace(password, SECRET))
    assert 'database "nowhere" does not exist' in refused(url.rpartition("/")[0] + "/nowhere")
    assert "differ in upper and lower case" in refused(url, con, "twice")
    assert "has no columns" in refused(url, con, "none")
    for said in (refused(url.replace(password, "wrong")), refused(url.rpartition("/")[0] + "/nowhere")):
        assert password not in said
    with pytest.raises(InputRefused, match="message is not shown"):  # "pass" is part of what the server says
        open_source(url.replace(password, "pass"))


def test_a_file_that_is_no_database_is_refused_and_none_is_made(tmp_path, con, make_sqlite):
    (tmp_path / "text.db").write_text("hello, this is no database at all")
    assert "not a database" in refused(f"sqlite:///{tmp_path / 'text.db'}")
    refused(f"sqlite:///{tmp_path / 'missing.db'}")
    assert not (tmp_path / "missing.db").exists()
    url = make_sqlite("CREATE TABLE t (a int)", "CREATE VIEW v AS SELECT * FROM t", "DROP TABLE t")
    assert "view 'v'" in refused(url, con, "v")


@pytest.mark.parametrize(
    ("source", "written", "name"),
    [
        ("postgresql://me:pw@host:5432/shop?sslmode=require", "postgresql://host:5432/shop", "shop"),
        ("postgresql://me:${PW}@host/shop", "postgresql://me:${PW}@host/shop", "shop"),
        ("postgresql://${ME}@host/shop", "postgresql://${ME}@host/shop", "shop"),
        ("postgresql://me:${PW}x@host/shop?password=${PW}", "postgresql://host/shop?password=${PW}", "shop"),
        ("postgresql://token@host/shop", "postgresql://host/shop", "shop"),
        ("postgresql://me:p/w@[::1]:5432/${DB}?pw", "postgresql://[::1]:5432/${DB}", "DB"),
        ("postgresql://me:pw@host", "postgresql://host", "host"),
        ("sqlite:////a b/my@shop.db?mode=ro", "sqlite:////a b/my@shop.db", "my-shop"),
        (" postgresql://me:pw@host/shop\n", "postgresql://host/shop", "shop"),
        ("folder/my shop.xlsx", "folder/my shop.xlsx", "my-shop"),
        (r"C:\me@work\shop", r"C:\me@work\shop", None),
        ("sample", "sample", "sample"),
    ],
)
def test_what_is_written_down_of_a_source(source, written, name):
    assert recorded(source) == written
    assert recorded(written) == written
    assert name in (None, name_after(source))


@given(
    st.lists(st.sampled_from(["@", ":", "/", "?", "#", "&", "=", "%", "[", "]", "${", "}", " ", "\n", "password=", ""]))
)
@example(["@", "?"])
@example(["?", "=", "@", "/"])
def test_no_part_of_a_password_is_written_down_however_it_is_spelt(between):
    password = SECRET + "".join(f"{mark}{SECRET}" for mark in between)
    for login in (f"me:{password}", f"me:{quote(password, safe='')}", f":{password}", password):
        for url in (
            f"postgresql://{login}@host/shop",
            f"postgresql://{login}@",
            f"postgresql://host:5432/shop?user=me&password={password}",
            f"postgresql:/{login}@host/shop",  # no URL, but meant as one
            f"me:{login}@host/shop",
        ):
            for tell in (recorded, shown, name_after):
                try:
                    told = tell(url)
                except InputRefused as error:
                    told = str(error)
                assert SECRET not in told


def test_placeholders_are_filled_from_the_environment(monkeypatch):
    monkeypatch.setenv("PW", "p@ss:w/rd?%&${ME}")
    monkeypatch.setenv("HOST", "db.example")
    url = "postgresql://me:${PW}@${HOST}:5432/shop"
    assert credentials.filled(url) == f"postgresql://me:{quote(os.environ['PW'], safe='')}@db.example:5432/shop"
    monkeypatch.delenv("PW")
    assert refused(url) == "the source needs the environment variable PW, which is not set"


def test_the_ways_to_give_a_password_to_postgresql(make_postgres, monkeypatch, tmp_path):
    url = make_postgres("CREATE TABLE t (a int)")
    login, place = url.removeprefix("postgresql://").split("@")
    user, password = login.split(":")
    monkeypatch.setenv("SHOP_PASSWORD", password)
    assert list(open_source(f"postgresql://{user}:${{SHOP_PASSWORD}}@{place}").tables) == ["t"]
    assert "no password supplied" in refused(f"postgresql://{user}@{place}")
    monkeypatch.setenv("PGUSER", user)
    monkeypatch.setenv("PGPASSWORD", password)
    assert list(open_source(f"postgresql://{place}").tables) == ["t"]
    monkeypatch.delenv("PGPASSWORD")
    (tmp_path / "pgpass").write_text(f"*:*:*:{user}:{password}\n")
    (tmp_path / "pgpass").chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
    assert list(open_source(f"postgresql://{place}").tables) == ["t"]
    monkeypatch.delenv("PGPASSFILE")
    monkeypatch.delenv("PGUSER")
    monkeypatch.setenv(credentials.VARIABLE, url)  # as the runner does for its notebooks
    assert list(open_source(recorded(url)).tables) == ["t"]
    refused(recorded(url) + "x")


# Runs --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path, record_is_made_of, monkeypatch):
    """A home with notebooks that do next to nothing, but open their source."""
    monkeypatch.setenv("SEGLIB_HOME", str(tmp_path / "home"))
    for module in ("pipeline", "request"):
        monkeypatch.setattr(f"seglib.runner.{module}.NOTEBOOKS", tmp_path / "notebooks")
    for name, nothing in (("COMMON", ()), ("MORE", {})):  # what the real notebooks import
        monkeypatch.setattr(kernels, name, nothing)
    (tmp_path / "notebooks").mkdir()

    def write(code):
        for step in pipeline.STEPS:
            source = '\nsource: str = "sample"  # source' if step == "01_ingest" else ""
            cells = [
                nbformat.v4.new_markdown_cell(f"# {step}"),
                nbformat.v4.new_code_cell(
                    f'run: str = "x"  # name\nseed: int = 0  # seed{source}', metadata={"tags": ["parameters"]}
                ),
                nbformat.v4.new_code_cell(code if step == "01_ingest" else "pass"),
                nbformat.v4.new_code_cell(
                    "from seglib.run import Run\nfor made in "
                    f"{record_is_made_of.get(step, {'homogeneity': []})!r}.items(): Run(run).write(*made)"
                ),
            ]
            kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
            nbformat.write(
                nbformat.v4.new_notebook(metadata={"kernelspec": kernel}, cells=cells),
                tmp_path / "notebooks" / f"{step}.ipynb",
            )
        return tmp_path / "home"

    return write


def holds(folder, text):
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


@pytest.mark.slow
def test_a_run_gives_the_password_to_its_notebooks_and_writes_it_nowhere(home, monkeypatch):
    url = f"postgresql://me:{SECRET}@host/shop?sslmode=require"
    digest = hashlib.sha256(url.encode()).hexdigest()
    folder = home(
        "import hashlib\nfrom seglib import credentials\nwhole = hashlib.sha256(credentials.whole(source).encode())\n"
        f"assert whole.hexdigest() == '{digest}'\ndel whole\nprint(source)"
    )
    name = name_after(url)
    pipeline.execute(pipeline.Request(name, url))
    run = Run(name)
    assert run.read_record()["parameters"]["01_ingest"]["source"] == "postgresql://host/shop"
    assert holds(folder, "postgresql://host/shop")
    assert not holds(folder, SECRET)
    assert credentials.VARIABLE not in os.environ

    # the same source, also where it differs in what is not written down, continues; another one does not
    pipeline.execute(pipeline.Request(name, f"postgresql://you:{SECRET}@host/shop", start="06_interpretation"))
    with pytest.raises(Exception, match="'source' is read by 01_ingest") as other:
        pipeline.execute(pipeline.Request(name, f"postgresql://me:{SECRET}@host/other", start="06_interpretation"))
    assert SECRET not in str(other.value)
    assert not holds(folder, SECRET)


def test_a_refused_run_writes_the_password_nowhere(home):
    folder = home("from seglib.ingest.sources import open_source\nopen_source(source)")
    with pytest.raises(InputRefused, match=r"'postgresql://127\.0\.0\.1/shop' cannot be opened") as error:
        pipeline.execute(pipeline.Request("shop", f"postgresql://me:{SECRET}@127.0.0.1:1/shop"))
    assert SECRET not in "".join(traceback.format_exception(error.value))
    assert not holds(folder, SECRET)
    assert list((folder / ".building" / "shop").rglob("01_ingest.ipynb"))


def test_what_cannot_be_there_is_refused_before_anything_runs(home):
    folder = home("pass")
    for source, message in {
        "postgresql://me:${NOT_SET_ANYWHERE}@host/shop": "environment variable NOT_SET_ANYWHERE",
        f"postgresql://me:{SECRET}@x@host/shop": "cannot be read",
        f"postgresql:/me:{SECRET}@host/shop": "neither a path nor a database URL",
        f"host=db password={SECRET}": "neither a path nor a database URL",
        "nowhere.xlsx": "does not exist",
    }.items():
        with pytest.raises(InputRefused, match=message):
            pipeline.execute(pipeline.Request("r", source))
    assert not folder.exists()


def test_a_file_in_a_url_is_found_from_where_the_command_is_given(home, make_sqlite, monkeypatch, tmp_path):
    make_sqlite("CREATE TABLE t (a int)")
    home(
        "from seglib.errors import InputRefused\nfrom seglib.ingest.sources import open_source\n"
        "raise InputRefused(f'{open_source(source).name} as {source}')"
    )
    monkeypatch.chdir(tmp_path)
    for source in ("sqlite:///shop.db", f"sqlite:///{tmp_path}/shop.db?timeout=5"):
        with pytest.raises(InputRefused, match=r"^shop.db as sqlite:///../shop\.db\n"):
            pipeline.execute(pipeline.Request("r", source))


def test_the_runner_knows_the_adapters():
    assert {seen_from_notebooks(name) for name in ADAPTERS} == set(ADAPTERS)
