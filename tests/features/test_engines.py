"""Engines: one statement, the same values and nulls on DuckDB, PostgreSQL and Spark; and nothing written anywhere."""

import json
import runpy
import secrets

import pandas as pd
import pytest

from seglib.clustering.bootstrap import bootstrap_models
from seglib.clustering.segmentation import segment
from seglib.credentials import VARIABLE
from seglib.datasets.shop import make_shop
from seglib.errors import InputRefused, ParameterRefused
from seglib.features.customers import customer_features
from seglib.features.engines.duckdb import DuckDB
from seglib.features.engines.open import open_engine
from seglib.features.in_database import features_in_database
from seglib.ingest.shop import ingest
from seglib.preprocessing.customer import customer_matrix
from seglib.run.run import Run
from seglib.schema.records import AuditRecord, VerdictRecord
from seglib.scoring.model import model_of
from seglib.scoring.sql import scoring_sql
from seglib.sql.dialects import translated
from seglib.study import Study

NAMES = {
    "customers": "Our Clients",
    "transactions": "sales%",
    "genders": "sexes",
    "cities": "towns",
    "branches": "from",
    "merchants": "merchants",
}
"""What the tables are called in the shop's own database."""

COLUMNS = {"customer_id": 'Client "no"', "transaction_date": "Order", "burn_date": "used on", "amount": "a%b"}
"""What some columns are called there."""

TYPES = {"date": "date", "amount": "numeric"}


@pytest.fixture
def make_database(server):
    """Put tables into a database of their own, under the names of the shop; returns its URL and a mapping file."""
    import psycopg

    databases = []

    def make(tables, folder, **mapping):
        name = f"shop_{secrets.token_hex(4)}"
        url = f"{server.rpartition('/')[0]}/{name}"
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}")
            databases.append(name)
        mapped = {}
        with psycopg.connect(url) as connection:
            connection.execute("CREATE SCHEMA crm")
            for table, frame in tables.items():
                columns = {column: COLUMNS.get(column, column) for column in frame}
                kinds = {c: TYPES.get(c.rpartition("_")[2], "text") for c in frame}
                listed = ", ".join(f"{quoted(columns[c])} {kind}" for c, kind in kinds.items())
                place = f"crm.{quoted(NAMES[table])}"
                connection.execute(f"CREATE TABLE {place} ({listed})")
                rows = frame.astype(object).where(frame.notna(), None)
                with connection.cursor().copy(f"COPY {place} FROM STDIN") as copy:
                    for row in rows.itertuples(index=False):
                        copy.write_row([None if v is None else str(v) for v in row])
                mapped[table] = {"from": f"crm.{NAMES[table]}", "columns": columns}
        for table, more in mapping.items():
            mapped[table]["columns"] |= more
        file = folder / "mapping.yaml"
        file.write_text(json.dumps({"tables": mapped}))
        return url, file

    yield make
    with psycopg.connect(server, autocommit=True) as admin:
        for name in databases:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def opened(make_database, request):
    """Open an engine that is closed before its database goes."""

    def open_one(name, run, con):
        engine = open_engine(name, run, con)
        request.addfinalizer(getattr(engine, "close", lambda: None))
        return engine

    return open_one


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def generated():
    """A generated shop as texts and days."""
    tables = make_shop(customers=300, transactions=2500, seed=5).tables
    return {name: frame.astype({c: "str" for c in frame if c.endswith("_id")}) for name, frame in tables.items()}


def gaps():
    """A shop in which everything is missing somewhere: ids like 007, no join date, nobody's status known for some."""
    customers = pd.DataFrame(
        {
            "customer_id": ["10", "9", "007", "é", "Z", "a", "B", "zero"],
            "join_date": ["2024-01-01", None, "2024-06-30", "2024-02-01", None, "1960-01-01", "2023-12-31", None],
            "gender_id": ["1", None, "2", "7", "1", "2", None, "1"],
            "city_id": [None, "20", "10", "10", None, "20", "30", "10"],
        }
    )
    transactions = pd.DataFrame(
        [
            ("1", "10", "2024-01-10", "burned", "2024-01-12", "1", 0.1),
            ("2", "10", "2024-02-10", "subscribed", None, None, 0.2),
            ("3", "10", "2024-06-28", "burned", "2024-07-02", "2", -5.5),
            ("4", "9", "2024-01-20", "burned", "2024-01-20", "1", 123456789012.3456),
            ("5", "9", "2024-03-01", "burned", "2024-05-05", "3", -123456789012.3451),
            ("6", "007", "2024-06-30", "subscribed", None, "1", None),
            ("7", "é", "2024-03-03", "subscribed", None, "9", 8.83725),
            ("8", "Z", "2024-07-15", "subscribed", None, "1", 3),
            ("9", "a", "1960-01-02", "burned", "2024-06-01", "2", 0),
            ("10", "B", "2024-01-05", "burned", "2024-02-05", None, 0.03125),
            ("11", "B", "2024-01-05", "subscribed", None, None, -0.09375),
        ],
        columns=[
            "transaction_id",
            "customer_id",
            "transaction_date",
            "transaction_status",
            "burn_date",
            "branch_id",
            "amount",
        ],
    )
    return {
        "customers": customers,
        "transactions": transactions,
        "genders": pd.DataFrame({"gender_id": ["1", "2"], "gender_name": ["Männer", "Women's"]}),
        "cities": pd.DataFrame({"city_id": ["10", "20"], "city_name": ["Cairo", "Giza"]}),
        "branches": pd.DataFrame({"branch_id": ["1", "2", "3"], "merchant_id": ["7", "8", None]}),
        "merchants": pd.DataFrame({"merchant_id": ["7", "8"], "merchant_name": ["Alba", "Bruma"]}),
    }


def without(tables, **columns):
    return {name: frame.drop(columns=columns.get(name, [])) for name, frame in tables.items()}


SHOPS = {
    "generated": generated,
    "gaps": gaps,
    "no status": lambda: without(gaps(), transactions=["transaction_status", "burn_date"]),
    "no burn dates": lambda: without(gaps(), transactions=["burn_date", "amount"]),
    "no branches, no names": lambda: {
        name: frame
        for name, frame in without(gaps(), transactions=["branch_id"]).items()
        if name in ("customers", "transactions")
    },
}


def taken_in(tables, folder, as_of=None):
    """Take tables through 01; returns the run, its study and the features by DuckDB."""
    place = folder / "tables"
    place.mkdir()
    for name, frame in tables.items():
        frame.to_parquet(place / f"{name}.parquet")
    run = Run("plain", base=folder)
    ingest(place, as_of=as_of or ("2026-06-30" if len(tables["customers"]) > 100 else "2024-06-30")).save(run)
    return run, run.study(), customer_features(run.connect(), run.study())


def same(left, right):
    """Hold two results to the same values, nulls, order and types; floats to 1e-9."""
    for name in ("table", "reliability", "absent"):
        pd.testing.assert_frame_equal(getattr(left, name), getattr(right, name), rtol=1e-9, atol=1e-12)
    assert left.redemption == right.redemption


def own_run(make_database, tables, folder, monkeypatch, as_of="2024-06-30", **mapping):
    """Take a shop in its own database through 01; returns the run and the URL, which the kernel would know."""
    url, file = make_database(tables, folder, **mapping)
    run = Run("own", base=folder)
    ingest(url, as_of=as_of, mapping=file).save(run)
    monkeypatch.setenv(VARIABLE, url)
    return run, url


@pytest.mark.parametrize("name", ["generated", "gaps", "no status"])
def test_spark_gives_the_same_table(spark, tmp_path, name):
    run, study, expected = taken_in(SHOPS[name](), tmp_path)
    con = run.connect()
    engine = open_engine("spark", run, con)
    assert engine.text.startswith("The statements run on Spark 4")
    same(customer_features(con, study, engine=engine), expected)


def test_what_spark_keeps_is_not_forgotten_with_what_it_was_made_of(spark, tmp_path):
    run, _, _ = taken_in(gaps(), tmp_path)
    engine = open_engine("spark", run, run.connect())
    engine.keep("study", "SELECT 1 AS x")
    engine.keep("counts", "SELECT count(*) AS n, max(x) AS x FROM customers CROSS JOIN study")
    before = engine.frame("SELECT * FROM counts")
    engine.keep("study", "SELECT 2 AS x")
    plan = engine.session.sql("WITH a AS (SELECT * FROM counts) SELECT * FROM a")._jdf.queryExecution().toString()
    assert "Scan ExistingRDD" in plan
    assert "parquet" not in plan.lower()
    pd.testing.assert_frame_equal(engine.frame("SELECT * FROM counts"), before)
    assert engine.frame("SELECT x FROM study")["x"].tolist() == [2]


def test_features_can_stay_on_the_engine(canonical):
    tables = gaps()
    tables["customers"]['own "one"'] = range(8)
    con = canonical(tables)
    expected = customer_features(con, Study(as_of="2024-06-30"))
    in_database = features_in_database(DuckDB(con), Study(as_of="2024-06-30"))
    pd.testing.assert_frame_equal(in_database.fetch().table, expected.table)
    assert in_database.redemption == expected.redemption
    assert in_database.study == expected.study
    some = in_database.fetch(3).table
    assert len(some) == 3
    pd.testing.assert_frame_equal(some, expected.table.loc[some.index], check_dtype=False)


def test_a_shop_on_spark_is_segmented_and_scored_there(spark, root, monkeypatch, capsys):
    """`make spark-demo`, small: the same labels as scikit-learn's, and no more customers fetched than asked for."""
    from seglib.features.engines.spark import Spark

    fetched, frame = [], Spark.frame
    monkeypatch.setattr(Spark, "frame", lambda self, sql: fetched.append(frame(self, sql)) or fetched[-1])
    script = runpy.run_path(str(root / "benchmarks" / "spark_demo.py"))
    demo = script["main"](["--customers", "1500", "--sample", "600", "--k", "3"])
    assert demo["differing"] == 0
    assert demo["equal"] == sum(demo["sizes"].values()) > 1000
    assert list(demo["sizes"]) == ["A", "B", "C"]
    assert [len(rows) for rows in fetched if "customer_id" in rows and len(rows)] == [600]
    assert "labels are equal" in capsys.readouterr().out


@pytest.mark.parametrize("name", SHOPS)
def test_postgresql_gives_the_same_table_where_the_shop_is(make_database, opened, monkeypatch, tmp_path, name):
    tables = SHOPS[name]()
    as_of = "2026-06-30" if name == "generated" else "2024-06-30"
    run, url = own_run(make_database, tables, tmp_path, monkeypatch, as_of)
    before = dump(url)
    con = run.connect()
    engine = opened(None, run, con)
    assert engine.name == "database", engine.text
    same(customer_features(con, run.study(), engine=engine), customer_features(con, run.study()))
    assert dump(url) == before


def dump(url):
    """What a database holds: every relation and how many rows were ever written, and the rows themselves."""
    import psycopg

    with psycopg.connect(url) as connection:
        names = connection.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'crm'::regnamespace ORDER BY 1"
        ).fetchall()
        others = connection.execute("SELECT count(*) FROM pg_class").fetchall()
        rows = [connection.execute(f"SELECT md5(string_agg(t::text, ';')) FROM {n} AS t").fetchall() for (n,) in names]
    return names, others, rows


def test_the_workbook_gives_the_same_table_everywhere(workbook, request, tmp_path, monkeypatch):
    shop = ingest(workbook)
    tables = {name: shop.table(name).dropna(axis=1, how="all") for name in NAMES}
    as_of = f"{shop.as_of:%Y-%m-%d}"
    run, study, expected = taken_in(tables, tmp_path, as_of=as_of)
    con = run.connect()
    request.getfixturevalue("spark")
    same(customer_features(con, study, engine=open_engine("spark", run, con)), expected)
    database_run, _ = own_run(request.getfixturevalue("make_database"), tables, tmp_path, monkeypatch, as_of)
    engine = request.getfixturevalue("opened")("database", database_run, con)
    same(customer_features(con, study, engine=engine), expected)


# Where the statements run ------------------------------------------------------------------------------------------


def test_a_file_runs_on_duckdb_and_the_text_says_why(tmp_path):
    run, _, _ = taken_in(gaps(), tmp_path)
    engine = open_engine(None, run, run.connect())
    assert isinstance(engine, DuckDB)
    assert engine.text == "The statements run on DuckDB, inside this process: the source is no database."
    assert open_engine("duckdb", run, run.connect()).text == "The statements run on DuckDB, inside this process."
    with pytest.raises(ParameterRefused, match="engine 'database' cannot be used here: the source is no database"):
        open_engine("database", run, run.connect())
    with pytest.raises(ParameterRefused, match=r"no engine 'sparc' \(did you mean 'spark'\?\); .*duckdb, spark and"):
        open_engine("sparc", run, run.connect())


def test_spark_says_how_to_get_what_it_lacks(tmp_path, monkeypatch):
    from seglib.features.engines import spark

    run, _, _ = taken_in(gaps(), tmp_path)

    def absent(name):
        raise ImportError(name)

    with monkeypatch.context() as patch:
        patch.setattr(spark.importlib, "import_module", absent)
        with pytest.raises(ParameterRefused, match=r"make extra-spark.*Java 17"):
            open_engine("spark", run, run.connect())
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    for home, says, message in (
        (tmp_path / "none", "", r"JAVA_HOME names a folder without one: install Java 17"),
        (tmp_path, 'java version "1.8.0_392"', "Java 17 or newer, and '.*' is version 8: install"),
        (tmp_path, "what?", "of a version that it does not tell"),
    ):
        java.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
        java.chmod(0o755)
        monkeypatch.setenv("JAVA_HOME", str(home))
        with pytest.raises(ParameterRefused, match=message):
            spark._need_java()


@pytest.mark.parametrize(
    ("change", "mapping", "why"),
    [
        ("ready", {}, "there are no transactions"),
        ("orphan", {}, "1 row was set aside"),
        ("text", {}, "customers.join_date must be read from a column of type text"),
        ("words", {"transactions": {"amount": {"column": "a%b", "values": {"0": "1"}}}}, "from words to numbers"),
        ("numbered", {"transactions": {"transaction_id": {"row_number": "true"}}}, "the number of a row"),
    ],
)
def test_what_a_database_cannot_give_is_said(make_database, monkeypatch, tmp_path, change, mapping, why):
    tables = gaps()
    if change == "orphan":
        tables["transactions"].loc[0, "customer_id"] = "nobody"
    if change == "text":
        monkeypatch.setitem(TYPES, "date", "text")
    if change == "ready":
        tables = {"customers": tables["customers"].assign(age=range(8))}
        url, file = make_database(tables, tmp_path)
        mapped = json.loads(file.read_text())
        mapped["tables"]["customers"]["columns"].pop("age")
        mapped["tables"]["customers"]["segment_by"] = {"age": "numeric"}
        file.write_text(json.dumps(mapped))
        run = Run("own", base=tmp_path)
        ingest(url, mapping=file).save(run)
    else:
        run, _ = own_run(make_database, tables, tmp_path, monkeypatch, **mapping)
    database = run.read("shop").database
    assert why in database.reason
    assert not database.views


def test_cells_are_read_as_duckdb_reads_them(make_database, opened, monkeypatch, tmp_path):
    """Blanks, ids that a table with gaps wrote as 7.0, translated and missing values, constants, factors."""
    tables = gaps()
    tables["customers"]["customer_id"] = ["10", " 9\t", "7.0", "é", "Z", "a", "B", "\u00a0zero\ufeff"]
    tables["customers"]["gender_id"] = ["M", " m ", "w", "?", "it's", "", None, "W"]
    tables["transactions"]["customer_id"] = ["10", "10", "10", "9", "9 ", "7", "é", "Z", "a", "B", "B"]
    tables["transactions"]["transaction_status"] = tables["transactions"]["transaction_status"].replace(
        "burned", "Used"
    )
    mapping = {
        "customers": {
            "gender_id": {"column": "gender_id", "values": {"m": "1", "w": "2", "it's": "2"}, "default": "1"},
            "city_id": {"constant": "10"},
        },
        "transactions": {
            "transaction_status": {"column": "transaction_status", "values": {"used": "Burned"}},
            "amount": {"multiply": ["a%b", "a%b"]},
        },
    }
    tables["transactions"]["amount"] = [0.1, 0.2, -5.5, 1.25, 8.83725, None, 0.3, 3, 0, 7, 0.7]
    run, _ = own_run(make_database, tables, tmp_path, monkeypatch, **mapping)
    con = run.connect()
    assert con.sql("SELECT count(*) FROM transactions WHERE transaction_status = 'burned'").fetchall() == [(6,)]
    engine = opened("database", run, con)
    same(customer_features(con, run.study(), engine=engine), customer_features(con, run.study()))


def test_a_database_that_has_changed_is_not_used(make_database, opened, monkeypatch, tmp_path):
    import psycopg

    run, url = own_run(make_database, gaps(), tmp_path, monkeypatch)
    with psycopg.connect(url) as connection:
        connection.execute("""UPDATE crm."Our Clients" SET gender_id = '2' WHERE gender_id = '1'""")
    engine = opened(None, run, run.connect())
    assert engine.name == "duckdb"
    assert "table customers has changed in the database since 01 read it" in engine.text
    with pytest.raises(ParameterRefused, match="has changed"):
        opened("database", run, run.connect())


def test_the_password_is_written_nowhere(make_database, opened, monkeypatch, tmp_path):
    run, url = own_run(make_database, gaps(), tmp_path, monkeypatch)
    password = url.split(":")[2].split("@")[0]
    engine = opened("database", run, run.connect())
    monkeypatch.delenv(VARIABLE)
    without = opened(None, run, run.connect())
    assert without.name == "duckdb"
    assert "cannot be read" in without.text
    for text in (engine.text, repr(engine), without.text, run.path("shop").read_text(encoding="utf-8")):
        assert password not in text


def test_an_engine_cannot_write_to_the_database(make_database, opened, monkeypatch, tmp_path):
    import psycopg

    run, url = own_run(make_database, gaps(), tmp_path, monkeypatch)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE SEQUENCE crm.s")
    engine = opened("database", run, run.connect())
    with pytest.raises(InputRefused, match="read-only transaction"):
        engine.frame("SELECT nextval('crm.s') AS x")


def test_words_that_an_engine_lacks_are_an_error_and_not_left_out():
    from sqlglot.errors import SqlglotError

    with pytest.raises(SqlglotError):
        translated("SELECT * FROM t WHERE", "postgres")
    assert "BIGINT" in translated("SELECT date_diff('day', a, b) FROM t", "postgres")


def test_the_scoring_statement_runs_on_the_shops_own_tables(make_database, monkeypatch, tmp_path):
    import psycopg

    run, url = own_run(make_database, generated(), tmp_path, monkeypatch, "2026-06-30")
    features = customer_features(run.connect(), run.study())
    matrix = customer_matrix(features.table, described=features.features, unreliable=features.unreliable)
    fit = segment(matrix.table, k=3, order_by=features.table["n_burned"], n_init=2)
    models = bootstrap_models(matrix.table.to_numpy(), fit.centres.to_numpy(), n_models=2)
    verdict = VerdictRecord(
        structure="constructed",
        useful="not tested",
        headline="h",
        sentence="s",
        meaning="m",
        advice="a",
        k_star=None,
        evidence=(),
    )
    model = model_of(
        fit,
        matrix,
        models,
        run="own",
        features=features.table,
        recipe=matrix.record(features, AuditRecord()),
        described=features.features,
        shop=run.read("shop"),
        verdict=verdict,
    )
    statement = scoring_sql(model, dialect="postgres", start="tables")
    assert "the shop's own tables" in statement
    with psycopg.connect(url) as connection:
        scored = pd.DataFrame(connection.execute(statement, prepare=False).fetchall()).set_index(0)
    expected = model.describe(features.table)
    assert scored.loc[expected.index, 1].tolist() == expected["segment"].tolist()
    assert len(scored) == 300
