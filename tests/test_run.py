"""Artefacts of a run: names that stay in their folder, files that are whole, tables that come back."""

import pandas as pd
import pytest

from seglib.errors import InputRefused, ParameterRefused
from seglib.run import ARTEFACTS, Run


@pytest.mark.parametrize("name", ["", "..", "../up", "a/b", "a b", ".hidden", "x" * 65, "spring\n", "-rf", "ü"])
def test_a_run_name_cannot_leave_its_folder(name):
    with pytest.raises(ParameterRefused, match="a run is named"):
        Run(name)


def test_dates_integers_text_and_index_come_back(tmp_path):
    run = Run("r", base=tmp_path)
    index = pd.MultiIndex.from_tuples([("007", "1"), ("7", "2")], names=["customer_id", "transaction_id"])
    frame = pd.DataFrame({"n": [1, 2], "x": [0.5, None]}, index=index)
    run.write("matrix", frame)
    pd.testing.assert_frame_equal(run.read("matrix"), frame)
    con_frame = pd.DataFrame({"d": pd.to_datetime(["2024-02-29", None])})
    run.write_table("customers", con_frame)
    assert run.read_table("customers")["d"].dtype.kind == "M"


def test_reading_too_early_names_the_notebook_to_run(tmp_path):
    run = Run("r", base=tmp_path)
    for artefact, known in ARTEFACTS.items():
        with pytest.raises(InputRefused, match=rf"run {known.step}\.ipynb first"):
            run.read(artefact)
    with pytest.raises(InputRefused, match=r"run 01_ingest\.ipynb first"):
        run.connect()


def test_a_failed_write_leaves_the_old_artefact(tmp_path):
    run = Run("r", base=tmp_path)
    run.write("choice", {"k": 3})
    with pytest.raises(ValueError, match="JSON compliant"):
        run.write("choice", {"k": float("nan")})
    assert run.read("choice") == {"k": 3}


@pytest.mark.parametrize("text", ['=cmd|"/c calc"!A1', "+1+1", "-2+3", "@SUM(A1)", "\tx", "\rx"])
def test_a_formula_in_a_name_is_disarmed_in_csv(tmp_path, text):
    run = Run("r", base=tmp_path)
    run.write_csv("segments", pd.DataFrame({"customer_id": ["-5"], "segment_name": [text], "confidence": [0.5]}))
    back = pd.read_csv(run.report_dir / "segments.csv", dtype=str, keep_default_na=False)
    assert back.loc[0, "segment_name"].replace("\n", "\r") == f"'{text}".replace("\n", "\r")
    assert back.loc[0, "customer_id"] == "-5"  # a negative number is no formula


def test_seglib_home_moves_data_and_reports(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGLIB_HOME", str(tmp_path))
    assert Run("r").data_dir == tmp_path / "data" / "processed" / "r"
    assert Run("r").report_dir == tmp_path / "reports" / "r"
