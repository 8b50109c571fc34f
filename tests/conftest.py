"""Shops to test with: a small one by hand, generated ones, and the real workbook where it is at hand."""

import os
from pathlib import Path

import pandas as pd
import pytest

from seglib.features import customer_features
from seglib.ingest import ingest
from seglib.run import Run
from seglib.sample import make_shop

ROOT = Path(__file__).parents[1]


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
    """A clean shop of four customers and six transactions, small enough to reckon by hand."""
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
def write_csv(tmp_path):
    """Write tables to a folder of CSV files and return it."""

    def write(tables: dict[str, pd.DataFrame], name: str = "shop") -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for table, frame in tables.items():
            frame.to_csv(folder / f"{table}.csv", index=False)
        return folder

    return write


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """Take a source through 01 and 03 and return (run, features); the same source only once."""
    made = {}

    def prepare(source: str | Path):
        if source not in made:
            run = Run("prepared", base=tmp_path_factory.mktemp("home"))
            ingest(source).save(run)
            made[source] = run, customer_features(run.connect(), as_of=run.read("shop")["as_of"])
        return made[source]

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
