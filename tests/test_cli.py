"""The commands beside ``run``: what they print and how they end."""

import json
import subprocess
import sys

import pandas as pd
import pytest


@pytest.fixture
def seglib(command):
    return command


def test_help_loads_no_package_that_it_does_not_need():
    code = "import sys\nfrom seglib.cli import app\ntry:\n    app(['--help'])\nfinally:\n    print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "Customer segmentation" in done.stdout
    loaded = done.stdout.split("\n")[-2].split()
    assert {name for name in loaded if name.startswith("seglib")} == {"seglib", "seglib.cli", "seglib.errors"}
    assert not {"pandas", "numpy", "duckdb", "sklearn", "papermill"} & set(loaded)


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


def test_check_tells_a_machine(seglib):
    code, out, _ = seglib("check", "--source", "sample", "--format", "json")
    assert code == 0
    assert json.loads(out)["totals"]["rows_in"] == 13_534


def test_check_writes_a_page_and_says_where(seglib, tables, write_csv, tmp_path):
    tables["transactions"].loc[0, "transaction_status"] = "used"
    page = tmp_path / "check.html"
    code, out, _ = seglib("check", "--source", write_csv(tables), "--format", "html", "--out", page)
    assert code == 1
    assert out == f"{page}\n"
    assert "transactions.transaction_status.unknown" in page.read_text(encoding="utf-8")


def test_check_with_a_mapping_and_another_day(seglib, tables, write_csv, tmp_path):
    tables["transactions"] = tables["transactions"].replace({"transaction_status": {"burned": "used"}})
    mapping = tmp_path / "mapping.yaml"
    message = "{column: transaction_status, values: {used: burned}}"
    mapping.write_text(f"tables: {{transactions: {{columns: {{transaction_status: {message}}}}}}}", encoding="utf-8")
    options = ("check", "--source", write_csv(tables), "--mapping", mapping, "--as-of", "2024-03-15")
    code, out, _ = seglib(*options)
    assert code == 0
    assert "as of 2024-03-15" in out
    assert "transactions.transaction_date.after_as_of" in out


def test_check_suggests_a_mapping_that_it_then_takes(seglib, tables, write_csv, tmp_path):
    tables["clients"] = tables.pop("customers").rename(columns={"customer_id": "Client No"})
    shop, mapping = write_csv(tables), tmp_path / "mapping.yaml"
    code, out, _ = seglib("check", "--suggest", "--source", shop, "--out", mapping)
    assert (code, out) == (0, f"{mapping}\n")
    assert "customer_id: Client No" in mapping.read_text(encoding="utf-8")
    code, out, _ = seglib("check", "--source", shop)
    assert code == 1
    code, out, _ = seglib("check", "--source", shop, "--mapping", mapping)
    assert code == 0
    assert "19 rows came in, 19 were accepted" in out


def test_check_suggests_on_standard_output(seglib):
    code, out, _ = seglib("check", "--suggest")
    assert code == 0
    assert "nothing needs to be said" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--format", "xml"], "xml"),
        (["--as-of", "someday"], "as_of"),
        (["--mapping", "nowhere.yaml"], "does not exist"),
        (["--out", "nowhere/check.txt"], "no such folder"),
        (["--out", "."], "it is a folder"),
        (["--suggest", "--format", "json"], "--suggest goes with"),
        (["--suggest", "--as-of", "2024-01-01"], "--suggest goes with"),
    ],
)
def test_check_that_is_asked_wrongly_is_refused(seglib, monkeypatch, tmp_path, options, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = seglib("check", *options)
    assert code == 2
    assert message in err
    assert not out


def test_check_overwrites_neither_its_inputs_nor_a_mapping(seglib, tables, write_csv, tmp_path):
    source, mapping = write_csv(tables) / "customers.csv", tmp_path / "mapping.yaml"
    mapping.write_text("# somebody's work", encoding="utf-8")
    before = source.read_text(encoding="utf-8")
    for options in (
        ("--source", source, "--out", source),
        ("--mapping", mapping, "--out", mapping),
        ("--suggest", "--out", mapping),
    ):
        code, _, err = seglib("check", *options)
        assert code == 2
        assert "another name" in err
    assert source.read_text(encoding="utf-8") == before
    assert mapping.read_text(encoding="utf-8") == "# somebody's work"


def test_check_of_nothing_is_refused(seglib):
    code, _, err = seglib("check", "--source", "nowhere")
    assert code == 1
    assert "does not exist" in err


def test_sample_writes_parquet_and_truth(seglib, tmp_path):
    code, out, _ = seglib("sample", "--customers", 20, "--transactions", 50, "--out", tmp_path / "shop")
    assert code == 0
    assert sorted(p.name for p in (tmp_path / "shop").iterdir()) == [
        "branches.parquet",
        "cities.parquet",
        "customers.parquet",
        "genders.parquet",
        "merchants.parquet",
        "transactions.parquet",
        "truth.csv",
    ]
    assert len(out.splitlines()) == 7
    assert len(pd.read_parquet(tmp_path / "shop" / "transactions.parquet")) == 50


def test_sample_writes_a_survey(seglib, tmp_path):
    code, out, _ = seglib("sample", "--kind", "survey", "--customers", 20, "--out", tmp_path / "new" / "list.csv")
    assert (code, out) == (0, f"{tmp_path / 'new' / 'list.csv'}\n")
    assert len(pd.read_csv(tmp_path / "new" / "list.csv")) == 20
    code, _, err = seglib("sample", "--kind", "survey", "--out", tmp_path / "shop")
    assert code == 2
    assert "ends in .csv" in err


def test_sample_refuses_contradictions(seglib, tmp_path):
    code, _, err = seglib("sample", "--segments", 0, "--out", tmp_path / "shop")
    assert code == 2
    assert "contradict" in err


def test_help_names_the_commands(seglib):
    code, out, _ = seglib("--help")
    assert code == 0
    for command in ("run", "check", "sample"):
        assert command in out


def test_check_of_a_shop_without_a_transaction_says_so_and_ends_with_1(seglib, tables, write_csv):
    tables["transactions"] = tables["transactions"].head(0)
    code, out, _ = seglib("check", "--source", write_csv(tables))
    assert code == 1
    assert "table transactions has no usable row" in " ".join(out.split())


def test_a_mapping_file_in_the_place_of_parameters_is_told_apart(seglib, root):
    code, _, err = seglib("run", "--params", root / "params/mappings/invoices.yaml")
    assert code == 2
    assert "give it with --mapping" in err
