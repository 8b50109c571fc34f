"""Rows that are a segment of their own are found before anything is clustered."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seglib.preprocessing.audit import audit
from seglib.preprocessing.customer import customer_matrix
from seglib.preprocessing.outliers import extremes, is_handful, smallest_cluster
from seglib.schema.records import VariableRecord
from seglib.study import Study

CASE = Path(__file__).parents[1] / "ingest/cases/18-a-segment-of-one/clients.csv"


@pytest.fixture
def clients():
    with CASE.open() as stream:
        rows = list(csv.DictReader(stream))
    table = pd.DataFrame(rows).set_index("client").astype(float)
    return table.rename_axis("customer_id")


def matrix_of(table, **declared):
    variables = {name: VariableRecord("numeric", **declared) for name in table}
    return customer_matrix(table, described=Study(variables=variables).describe(table), drop_correlated=False)


def found(matrix):
    return audit(matrix).table.query("found").groupby("check")["sentence"].apply(list).to_dict()


def test_a_wholesaler_among_clients_is_found_with_what_to_do(clients):
    findings = found(matrix_of(clients))
    assert len(findings["extreme"]) == 4  # in every column
    assert "customer K200" in findings["extreme"][0]
    assert "log: true" in findings["extreme"][0]
    [sentence] = findings["handful"]
    assert "one has 1 row only (customer K200)" in sentence
    assert "leave it out (leave_out)" in sentence


def test_without_the_wholesaler_nothing_is_found(clients):
    assert not found(matrix_of(clients.drop(index="K200")))


def test_the_distance_is_in_deviations_of_the_others():
    """99 values around 0, by hand: the middle 98% are the 97 values from -48 to 48."""
    values = np.array([*range(-49, 50), 1000.0])
    table = pd.DataFrame({"x": values, "flag": np.arange(100) % 2})
    [extreme] = extremes(table)
    middle = np.sort(values)[1:-1]
    assert (extreme.column, extreme.row) == ("x", 99)
    assert extreme.deviations == pytest.approx((1000 - middle.mean()) / middle.std())


@pytest.mark.parametrize("n", [21, 60, 500])
def test_one_row_far_out_is_found_in_few_rows_too(n):
    """With all rows in it, no value of n can lie further out than (n - 1) / sqrt(n) standard deviations."""
    rng = np.random.default_rng(n)
    table = pd.DataFrame(rng.normal(size=(n, 3)), [str(i) for i in range(n)], ["a", "b", "c"])
    assert not {"extreme", "handful"} & {*found(table.rename_axis("customer_id"))}
    table.iloc[7] = 60.0
    assert {"extreme", "handful"} <= {*found(table.rename_axis("customer_id"))}


def test_small_groups_are_no_handful():
    assert not is_handful(20, 200)
    assert not is_handful(5, 100)
    assert is_handful(1, 100)
    assert is_handful(9, 2_000)
    assert smallest_cluster(pd.DataFrame({"x": range(10)})) is None
