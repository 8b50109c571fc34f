"""The commands beside ``run``: what they print and how they end."""

import pandas as pd
import pytest

from seglib.cli import main


@pytest.fixture
def seglib(monkeypatch, capsys):
    """Call the command line in this process; return (exit code, stdout, stderr)."""

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


def test_check_lists_facts_and_ends_well(seglib):
    code, out, _ = seglib("check", "--source", "sample")
    assert code == 0
    assert "13,534 rows came in, 13,534 were accepted and 0 were set aside." in out
    assert "customers.customer_id.no_transaction" in out


def test_check_of_the_original_workbook(seglib, workbook):
    code, out, _ = seglib("check", "--source", workbook)
    assert code == 0
    for count, rule in ((454, "burn_date.after_as_of"), (11, "no_transaction"), (12, "unused"), ("5,000", "unique")):
        assert any(str(count) in line and rule in line for line in out.splitlines())


def test_check_ends_with_1_where_rows_are_broken(seglib, tables, write_csv):
    tables["transactions"].loc[0, "transaction_status"] = "used"
    code, out, _ = seglib("check", "--source", write_csv(tables))
    assert code == 1
    assert "transactions.transaction_status.unknown" in out


def test_check_of_nothing_is_refused(seglib):
    code, _, err = seglib("check", "--source", "nowhere")
    assert code == 1
    assert "does not exist" in err


def test_sample_writes_parquet_and_truth(seglib, tmp_path):
    code, out, _ = seglib("sample", "--customers", 20, "--transactions", 50, "--out", tmp_path / "shop")
    assert code == 0
    assert sorted(p.name for p in (tmp_path / "shop").iterdir()) == [
        "branches.parquet", "cities.parquet", "customers.parquet", "genders.parquet", "merchants.parquet",
        "transactions.parquet", "truth.csv",
    ]  # fmt: skip
    assert len(out.splitlines()) == 7
    assert len(pd.read_parquet(tmp_path / "shop" / "transactions.parquet")) == 50


def test_sample_refuses_contradictions(seglib, tmp_path):
    code, _, err = seglib("sample", "--segments", 0, "--out", tmp_path / "shop")
    assert code == 2
    assert "contradict" in err


def test_help_names_the_commands(seglib):
    code, out, _ = seglib("--help")
    assert code == 0
    for command in ("run", "check", "sample"):
        assert command in out
