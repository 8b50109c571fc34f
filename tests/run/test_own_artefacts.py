"""Artefacts of a notebook of an analyst's own: under its name, with the hashes of what they were made from."""

import pandas as pd
import pytest

from seglib.errors import InputRefused, ParameterRefused
from seglib.run.run import Run

VALUES = "07_lifetime/values"


@pytest.fixture
def run(tmp_path):
    run = Run("small", base=tmp_path)
    run.write("homogeneity", pd.DataFrame({"p": [0.5]}))
    run.read("homogeneity")
    run.write(VALUES, pd.DataFrame({"value": [1.0, 2.0]}))
    run.write("07_lifetime/total.json", {"total": 3.0})
    return run


def test_they_are_read_as_they_were_written(run):
    assert run.read(VALUES)["value"].tolist() == [1.0, 2.0]
    assert run.read("07_lifetime/total.json") == {"total": 3.0}
    assert (run.data_dir / "07_lifetime" / "values.parquet").exists()
    assert run.path(VALUES) == run.data_dir / "07_lifetime" / "values.parquet"


def test_they_know_what_they_were_made_from(run):
    [entry] = {tuple(entry.inputs.items()) for entry in run.lineage.entries("07_lifetime").values()}
    assert entry == (("homogeneity", run.lineage.hash_of("homogeneity")),)
    run.write("homogeneity", pd.DataFrame({"p": [0.7]}))
    with pytest.raises(InputRefused, match="02 is newer than 07: run 07 first"):
        Run("small", base=run.base).read(VALUES)


def test_one_that_is_not_what_was_written_is_refused(run):
    pd.DataFrame({"value": [9.0]}).to_parquet(run.path(VALUES))
    with pytest.raises(InputRefused, match=r"07_lifetime/values.parquet is not what 07_lifetime.ipynb wrote"):
        Run("small", base=run.base).read(VALUES)


def test_one_that_is_not_there_names_its_notebook(run):
    with pytest.raises(InputRefused, match=r"run 08_more.ipynb first"):
        run.read("08_more/values")


@pytest.mark.parametrize(
    "name", ["valuess", "7_x/values", "07_x/../values", "07_x/a/b", "07_x/", "../07_x/values", "07_X/v"]
)
def test_other_names_are_refused(run, name):
    for use in (lambda: run.read(name), lambda: run.write(name, pd.DataFrame({"a": [1]}))):
        with pytest.raises(ParameterRefused, match="there is no artefact"):
            use()


def test_a_mistyped_name_is_guessed(run):
    with pytest.raises(ParameterRefused, match="did you mean 'features'"):
        run.read("feature")


def test_json_and_tables_are_told_apart_by_name(run):
    for name, content in ((VALUES, {"a": 1}), ("07_lifetime/total.json", pd.DataFrame({"a": [1]}))):
        with pytest.raises(ParameterRefused, match="JSON is called so"):
            run.write(name, content)


def test_forgetting_the_notebook_removes_all_of_it(run):
    run.write_csv("07_lifetime/best", pd.DataFrame({"a": [1]}))
    run.forget(["07_lifetime"])
    assert not list(run.base.rglob("*07_lifetime*"))
    assert run.read("homogeneity")["p"].tolist() == [0.5]
