"""Artefacts of a run: names that stay in their folder, files that are whole, tables that come back."""

import csv
import io
import json
from dataclasses import replace
from typing import get_args, get_overloads, get_type_hints

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seglib.errors import InputRefused, ParameterRefused
from seglib.run.artefacts import ARTEFACTS
from seglib.run.files import safe_csv
from seglib.run.run import Run
from seglib.schema.formulas import guarded
from seglib.schema.records import ClusteringRecord, RecipeRecord
from seglib.schema.renamed import present_name


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


def test_some_columns_of_a_table_can_be_read_with_its_index(tmp_path):
    run = Run("r", base=tmp_path)
    index = pd.Index(["7", "007"], name="customer_id")
    frame = pd.DataFrame({"segment": ["A", "B"], "confidence": [0.5, 0.1], "agreement": [1.0, 0.9]}, index=index)
    run.write("segments", frame)
    with pytest.warns(UserWarning, match="'confidence' is now called 'margin'"):
        some = run.read("segments", columns=["margin", "segment"])
    pd.testing.assert_frame_equal(some, frame.rename(columns={"confidence": "margin"})[["margin", "segment"]])
    run.write("matrix", frame)
    pd.testing.assert_frame_equal(run.read("matrix", columns=("agreement",)), frame[["agreement"]])


def test_reading_too_early_names_the_notebook_to_run(tmp_path):
    run = Run("r", base=tmp_path)
    for artefact, entry in ARTEFACTS.items():
        with pytest.raises(InputRefused, match=rf"run {entry.step}\.ipynb first"):
            run.read(artefact)
    with pytest.raises(InputRefused, match=r"run 01_ingest\.ipynb first"):
        run.connect()


def test_a_failed_write_leaves_the_old_artefact(tmp_path):
    run = Run("r", base=tmp_path)
    fit = ClusteringRecord(k=2, rows=9, inertia=1.5, silhouette=0.5, sizes={"A": 5, "B": 4})
    run.write("clustering", fit)
    with pytest.raises(ValueError, match="JSON compliant"):
        run.write("clustering", replace(fit, inertia=float("nan")))
    assert run.read("clustering") == fit


RECIPE = RecipeRecord(
    name="customer", grain="customer", k_rule="structure", options={"drop_correlated": False}, sources=("burn_rate",)
)


@pytest.mark.parametrize("text", ["", "{", "nonsense", "3", "null", '"text"', "[1]", '{"name": "customer"}'])
def test_json_that_is_broken_or_of_another_version_names_the_notebook_to_run(tmp_path, text):
    run = Run("r", base=tmp_path)
    run.write("recipe", RECIPE)
    run.path("recipe").write_text(text, encoding="utf-8")
    with pytest.raises(InputRefused, match=r"run 'r': recipe\.json .*: run 03_preprocessing\.ipynb again"):
        run.read("recipe")


def test_names_of_the_last_version_are_still_read(tmp_path):
    run = Run("r", base=tmp_path)
    run.write("recipe", RECIPE)
    old = json.loads(run.path("recipe").read_text(encoding="utf-8").replace("drop_correlated", "drop_tied"))
    assert old["options"] == {"drop_tied": False}
    run.write("recipe", old)
    assert run.read("recipe") == RECIPE
    run.write("features", pd.DataFrame({"n_decided": [2], "n_decided_burned": [1]}))
    with pytest.warns(UserWarning, match="'n_decided' is now called 'n_matured'"):
        assert run.read("features").columns.tolist() == ["n_matured", "n_matured_burned"]
    with pytest.warns(UserWarning, match="the old name works until the next version"):
        assert present_name("n_decided_burned") == "n_matured_burned"


def test_an_editor_knows_what_is_read():
    returned = {}
    for signature in get_overloads(Run.read):
        hints = get_type_hints(signature, localns={"pd": pd})
        returned |= dict.fromkeys(get_args(hints["artefact"]), hints["return"])
    assert set(returned) == set(ARTEFACTS) - {"model"}  # which `seglib.scoring` reads
    for name, hint in returned.items():
        content = get_args(hint)[0] if get_args(hint) else hint
        assert content is (ARTEFACTS[name].record or pd.DataFrame), name


@pytest.mark.parametrize("text", ['=cmd|"/c calc"!A1', "+1+1", "-2+3", "@SUM(A1)", "\tx", "\rx"])
def test_a_formula_in_a_name_is_disarmed_in_csv(tmp_path, text):
    run = Run("r", base=tmp_path)
    run.write_csv("segments", pd.DataFrame({"customer_id": ["-5"], "segment_name": [text], "confidence": [0.5]}))
    back = pd.read_csv(run.report_dir / "segments.csv", dtype=str, keep_default_na=False)
    assert back.loc[0, "segment_name"].replace("\n", "\r") == f"'{text}".replace("\n", "\r")
    assert back.loc[0, "customer_id"] == "-5"  # a negative number is no formula


@given(st.lists(st.none() | st.text("=+-@ \t\r\n7aé\ufeff－'", max_size=4), min_size=1, max_size=8))
def test_texts_are_guarded_alike_whatever_type_the_column_has(texts):
    """Columns of texts, of objects and of categories, with one label for all rows: each cell as `guarded` writes it."""
    expected = [None if text is None else guarded(text) for text in texts]
    for kind in ("str", "object", "category", "string"):
        column = pd.Series(texts, [0] * len(texts), dtype=kind)
        read = csv.reader(io.StringIO(safe_csv(column.to_frame("name")), newline=""))
        assert [row[0] if row else "" for row in read][1:] == [cell or "" for cell in expected], kind


def test_seglib_home_moves_data_and_reports(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGLIB_HOME", str(tmp_path))
    assert Run("r").data_dir == tmp_path / "data" / "processed" / "r"
    assert Run("r").report_dir == tmp_path / "reports" / "r"


def test_segments_of_an_earlier_run_are_read_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGLIB_HOME", str(tmp_path))
    segments = pd.DataFrame({"segment": ["B", "A"]}, pd.Index(["1", "2"], name="customer_id"))
    Run("spring").write("segments", segments)
    assert Run.earlier_segments("spring").to_dict() == {"1": "B", "2": "A"}
    assert Run.earlier_segments(None) is None
    with pytest.raises(ParameterRefused, match="no run 'summer'; there are: spring"):
        Run.earlier_segments("summer")


@pytest.mark.parametrize(("grain", "rows"), [("customer", 2), ("transaction", 3)])
def test_the_rows_of_the_matrix_are_customers_or_transactions(tmp_path, record_is_made_of, grain, rows):
    run = Run("r", base=tmp_path)
    recipe = record_is_made_of["03_preprocessing"]["recipe"]
    run.write("recipe", recipe | {"grain": grain})
    run.write("features", pd.DataFrame({"n": [1, 2]}))
    run.write("unified", pd.DataFrame({"n": [1, 2, 3]}))
    assert len(run.matrix_rows()) == rows
