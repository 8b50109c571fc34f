"""Shops to test with: a small one by hand, generated ones, and the real workbook where it is at hand."""

import itertools
import os
import re
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from whole import QUICK, ROOT, Whole, WholeRuns, run_seglib

from seglib.datasets.shop import make_shop
from seglib.errors import ParameterRefused
from seglib.features.customers import customer_features
from seglib.ingest.shop import ingest
from seglib.run.run import Run
from seglib.schema.records import (
    AuditCheckRecord,
    AuditRecord,
    CardRecord,
    ChoiceRecord,
    ClusteringRecord,
    DatabaseRecord,
    ListRecord,
    NoteRecord,
    OverviewRecord,
    RecipeRecord,
    RowsRecord,
    ShopRecord,
    VerdictRecord,
)
from seglib.sql.statements import UNIFIED_SQL
from seglib.study import Study
from seglib.style.wording import COUPON, TRANSACTION

# Whole runs (tests/whole.py) ------------------------------------------------------------------------------------------

HERE = {"OMP_NUM_THREADS": "1", "TZ": "Pacific/Auckland", "LC_ALL": "C", "PYTHONHASHSEED": "1"}
ELSEWHERE = {"OMP_NUM_THREADS": "2", "TZ": "America/Lima", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "2"}


def _source(name: str) -> tuple:
    return ("--source", ROOT / f"data/sample/{name}.csv", "--mapping", ROOT / f"params/mappings/{name}.yaml")


def _whole_runs() -> dict[str, Whole]:
    runs = {}
    # with lists of a campaign: the hash of its name draws four of ten customers for the control group
    customer = (*QUICK, "--set", "campaign_name=spring", "--set", "control_share=0.4")
    runs["customer"] = Whole("sample", customer, HERE)
    runs["customer elsewhere"] = Whole("sample", (*customer, "--set", "n_jobs=2"), ELSEWHERE)
    # where an elbow is depends on where the curve ends; of the second one only what is fitted is done again
    baseline = ("--set", "recipe=baseline", *QUICK, "--set", "k_max=10")
    runs["baseline"] = Whole("original", baseline, HERE)
    runs["baseline elsewhere"] = Whole("original", ("--from", "05", "--set", "n_jobs=2"), ELSEWHERE, after="baseline")
    again = ("--source", "sample", "--recipe", "customer")  # the same as before: nothing to refuse
    aligned = ("--from", "04", "--set", "k=5", *again, "--set", "align_to=sample")  # to the run that it replaces
    runs["customer from 04"] = Whole("sample", aligned, after="customer elsewhere")
    book = ("--source", Path(os.environ.get("SEGLIB_REAL_DATA", "")).resolve() / "E-commerce_data.xlsx")
    # the published inertia is the best of many starts
    unscaled = (
        "--recipe",
        "baseline",
        "--set",
        "k=3",
        "--set",
        "scale_frequency=false",
        *QUICK,
        "--set",
        "n_init=50",
        "--set",
        "k_max=10",
    )
    runs["original"] = Whole("original", (*book, *unscaled))
    by_customer = ("--from", "03", "--recipe", "customer", "--set", "k=none", "--set", "k_max=6")
    runs["original by customer"] = Whole("original", by_customer, after="original")
    runs["invoices"] = Whole("invoices", (*_source("invoices"), *QUICK))
    runs["survey"] = Whole("survey", (*_source("survey"), *QUICK))
    runs["completejourney"] = Whole("cj", ("--source", "completejourney", *QUICK, "--set", "k=3"))
    return runs


@pytest.fixture(scope="session")
def seglib():
    """Run the command line in a process of its own: ``seglib("run", "--source", path, home=folder)``."""
    return run_seglib


@pytest.fixture
def command(monkeypatch, capsys):
    """Call the command line in this process, which is quicker; return (exit code, stdout, stderr)."""
    from seglib.cli import main

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["seglib", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code or 0
        out = capsys.readouterr()
        return code, out.out, out.err

    return call


@pytest.fixture(scope="session")
def whole_run(request, tmp_path_factory):
    """Return a whole run by name. When the first is asked for, all that tests are marked with begin, two at a time.

    Processes that share the tests share the runs.
    """
    base = tmp_path_factory.getbasetemp()
    runs = WholeRuns((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "whole", _whole_runs())
    for item in request.session.items:
        if not any(mark.args and mark.args[0] for mark in item.iter_markers("skipif")):
            for mark in item.iter_markers("whole_run"):
                for name in mark.args:
                    runs.start(name)
    yield runs
    runs.pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def workbook() -> Path:
    """The workbook of the original analysis; SEGLIB_REAL_DATA names its folder."""
    folder = os.environ.get("SEGLIB_REAL_DATA")
    if not folder:
        pytest.skip("the original workbook is not at hand: set SEGLIB_REAL_DATA to its folder")
    return Path(folder).resolve() / "E-commerce_data.xlsx"


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    """A clean shop of four customers and six transactions, small enough to count by hand."""
    return {
        "customers": pd.DataFrame(
            {
                "customer_id": ["1", "2", "3", "4"],
                "join_date": ["2024-01-01", "2024-01-01", "2024-03-01", "2024-05-01"],
                "gender_id": ["1", "2", "2", None],
                "city_id": ["10", "20", "10", "10"],
            }
        ),
        "genders": pd.DataFrame({"gender_id": ["1", "2"], "gender_name": ["Male", "Female"]}),
        "cities": pd.DataFrame({"city_id": ["10", "20"], "city_name": ["Cairo", "Giza"]}),
        "transactions": pd.DataFrame(
            {
                "transaction_id": ["1", "2", "3", "4", "5", "6"],
                "customer_id": ["1", "1", "1", "2", "2", "3"],
                "transaction_date": [
                    "2024-01-10",
                    "2024-02-10",
                    "2024-06-28",
                    "2024-01-20",
                    "2024-03-01",
                    "2024-06-30",
                ],
                "transaction_status": ["burned", "subscribed", "burned", "burned", "burned", "subscribed"],
                "coupon_name": ["a", "b", "c", "d", "e", "f"],
                "burn_date": ["2024-01-12", None, "2024-07-02", "2024-01-20", "2024-03-05", None],
                "branch_id": ["1", "1", "2", "1", "2", "1"],
            }
        ),
        "branches": pd.DataFrame({"branch_id": ["1", "2"], "merchant_id": ["7", "8"]}),
        "merchants": pd.DataFrame({"merchant_id": ["7", "8", "9"], "merchant_name": ["Alba", "Bruma", "Cedro"]}),
    }


@pytest.fixture
def record_is_made_of():
    """What the notebooks of a run write that run.json is made of: artefacts with their content, by notebook.

    The content is as it stands in the file, so that a test can put it into a notebook as text.
    """
    shop = ShopRecord(
        source="s",
        kind="k",
        as_of="d",
        first_transaction="d",
        last_transaction="d",
        cities=(),
        variables={},
        inputs=(),
        notes=(),
        rows=RowsRecord(1, 1, 0),
        database=DatabaseRecord(reason="the source is no database"),
    )
    recipe = RecipeRecord(
        name="customer",
        grain="customer",
        k_rule="structure",
        options={},
        sources=(),
        audit=AuditRecord(checks=(AuditCheckRecord("grain", "", 1.0, False),)),
    )
    verdict = VerdictRecord(
        structure="v",
        useful="v",
        headline="v",
        sentence="v",
        meaning="v",
        advice="v",
        k_star=2,
        evidence=(),
        claim="v",
        use="v",
        use_claim="v",
    )
    choice = ChoiceRecord(k=2, by="analyst", reason="r", scores={}, criteria={}, judged="j", verdict=verdict)
    clustering = ClusteringRecord(k=2, rows=1, inertia=1.0, silhouette=0.5, sizes={"A": 1})
    card = CardRecord(
        segment="A",
        name="n",
        sentence="s",
        customers=1,
        share=1.0,
        notes=(NoteRecord("use", "heading", "text"),),
        markers=(),
        beside=(),
    )
    return {
        "01_ingest": {"shop": shop.to_json()},
        "03_preprocessing": {"recipe": recipe.to_json()},
        "04_k_selection": {"choice": choice.to_json()},
        "05_clustering": {"clustering": clustering.to_json()},
        "06_interpretation": {
            "cards": [card.to_json()],
            "verdict": verdict.to_json(),
            "overview": OverviewRecord(lists=(ListRecord("A", "send", 1, "spring_A_n_send"),)).to_json(),
        },
    }


@pytest.fixture(scope="session")
def sound():
    """Hold a page to what all pages promise, and return it parsed: it stands alone, and its headings are in order."""

    def check(path: Path) -> BeautifulSoup:
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        assert len(page.find_all("h1")) == 1
        levels = [int(heading.name[1]) for heading in page.find_all(["h1", "h2", "h3", "h4"])]
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
        assert page.title.get_text().strip()
        assert not page.find_all(["script", "link", "iframe", "object", "embed"])
        assert not page.find_all(lambda tag: any(name.startswith("on") for name in tag.attrs))
        assert all(tag["src"].startswith("data:") for tag in page.find_all(src=True))
        assert not page.find_all(href=re.compile("^(javascript|https?):"))
        ids = [tag["id"] for tag in page.find_all(id=True)]
        assert len(set(ids)) == len(ids)
        assert "url(" not in page.style.get_text()
        return page

    return check


@pytest.fixture
def write_csv(tmp_path):
    """Write tables to a folder of CSV files and return it."""

    def write(tables: dict[str, pd.DataFrame], name: str = "shop") -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for table, frame in tables.items():
            frame.to_csv(folder / f"{table}.csv", index=False)
        return folder

    return write


@pytest.fixture
def reconciles():
    """Hold a shop to its promise: of every table, rows in = rows accepted + rows quarantined, and those are there."""

    def check(shop):
        rows = shop.rows.set_index("table")
        assert (rows["rows_in"] == rows["accepted"] + rows["quarantined"]).all()
        assert shop.quarantine["table"].value_counts().to_dict() == {
            table: n for table, n in rows["quarantined"].items() if n
        }

    return check


CANONICAL = {
    "genders": ["gender_id", "gender_name"],
    "cities": ["city_id", "city_name"],
    "merchants": ["merchant_id", "merchant_name"],
    "branches": ["branch_id", "merchant_id"],
    "customers": ["customer_id", "join_date", "gender_id", "city_id"],
    "transactions": [
        "transaction_id",
        "customer_id",
        "transaction_date",
        "transaction_status",
        "coupon_name",
        "burn_date",
        "branch_id",
        "amount",
    ],
}
LACKS = {
    "status": {"transactions": ["transaction_status", "burn_date"]},
    "burn dates": {"transactions": ["burn_date"]},
    "names": {"customers": ["gender_id", "city_id"]},
}


@pytest.fixture(scope="session")
def canonical():
    """Put tables into a DuckDB as ingest presents them: every column there, null where the shop has none."""

    def build(tables: dict[str, pd.DataFrame], *, without: tuple[str, ...] = ()):
        con = duckdb.connect()
        for name, columns in CANONICAL.items():
            lacking = {column for what in without for column in LACKS[what].get(name, [])}
            given = [c for c in tables[name] if c not in lacking]
            select = []
            for column in [*columns, *(c for c in given if c not in columns)]:
                quoted = '"' + column.replace('"', '""') + '"'
                number = pd.api.types.is_numeric_dtype(tables[name].get(column)) and column not in columns
                kind = "DATE" if column.endswith("_date") else "DOUBLE" if number or column == "amount" else "VARCHAR"
                select.append(f"CAST({quoted if column in given else 'NULL'} AS {kind}) AS {quoted}")
            empty = {"genders", "cities"} & {name} and "names" in without
            con.register("given", tables[name].head(0) if empty else tables[name])
            con.execute(f"CREATE TABLE {name} AS SELECT {', '.join(select)} FROM given")
            con.unregister("given")
        return con

    return build


@pytest.fixture(scope="session")
def lacking(canonical):
    """A generated shop that records less: (features, unified, customers); the same one only once.

    Options are those of `Study`.
    """
    shops = {}

    def prepare(*without: str, added: dict[str, object] | None = None, **options):
        key = (without, str(added), str(options))
        if key not in shops:
            tables = make_shop(customers=400, transactions=3000, seed=3).tables
            tables["customers"] = tables["customers"].assign(**(added or {}))
            con = canonical(tables, without=without)
            wording = TRANSACTION if "status" in without else COUPON
            features = customer_features(con, Study(as_of="2026-06-30", wording=wording, **options))
            shops[key] = features, con.sql(UNIFIED_SQL).df(), con.table("customers").df()
        return shops[key]

    return prepare


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """Take a source through 01 and 03 and return (run, features); the same source only once."""
    runs = {}

    def prepare(source: str | Path):
        if source not in runs:
            run = Run("prepared", base=tmp_path_factory.mktemp("home"))
            ingest(source).save(run)
            runs[source] = run, customer_features(run.connect(), run.study())
        return runs[source]

    return prepare


@pytest.fixture(scope="session")
def generated(tmp_path_factory):
    """Write a generated shop to Parquet and return (folder, truth)."""

    def generate(**options):
        folder = tmp_path_factory.mktemp("shop")
        shop = make_shop(**options)
        shop.write(folder)
        truth = shop.truth.astype({"customer_id": str}).set_index("customer_id")
        return folder, truth

    return generate


@pytest.fixture(scope="session")
def truth() -> pd.DataFrame:
    """The planted segments of the committed sample."""
    return pd.read_csv(ROOT / "data" / "sample" / "truth.csv", dtype={"customer_id": str}).set_index("customer_id")


# Engines beside DuckDB, where they are at hand ------------------------------------------------------------------------


@pytest.fixture(scope="session")
def spark():
    """Take the local session, once."""
    pytest.importorskip("pyspark", reason="PySpark is not installed: make extra-spark")
    from seglib.features.engines import spark

    try:
        spark._need_java()
    except ParameterRefused as why:
        pytest.skip(str(why))
    yield
    from pyspark.sql import SparkSession

    if session := SparkSession.getActiveSession():
        session.stop()


@pytest.fixture(scope="session")
def server():
    url = os.environ.get("SEGLIB_TEST_POSTGRES")
    if not url:
        pytest.skip("no PostgreSQL server is at hand: set SEGLIB_TEST_POSTGRES to its URL")
    return url
