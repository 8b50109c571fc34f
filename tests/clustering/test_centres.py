"""Centres in original units."""

import pytest

from seglib.clustering.centres import readable_centres
from seglib.clustering.segmentation import segment
from seglib.preprocessing.audit import audit
from seglib.preprocessing.customer import customer_matrix
from seglib.study import Study
from seglib.style.wording import TRANSACTION


def test_the_centres_are_those_of_the_members_in_original_units(prepared):
    _, features = prepared("sample")
    matrix = customer_matrix(features.table, transform="none")
    recipe = matrix.record(features, audit(matrix).record)
    fit = segment(matrix.table, k=3, order_by=features.table["n_burned"], n_init=5)
    centres = readable_centres(fit, features.table, recipe, Study(as_of="2026-06-30").describe(features.table))
    table = centres.table.set_index("column")
    assert list(table.columns) == list(fit.centres.index) == ["A", "B", "C"]
    for letter in table:
        members = features.table[fit.table["segment"] == letter]
        assert table.loc["gender: Female", letter] == pytest.approx((members["gender_name"] == "Female").mean())
        assert table.loc["recency days", letter] == pytest.approx(members["recency_days"].mean())
    assert centres.text == f"3 centres in {len(fit.centres.columns)} columns of the matrix."
    assert centres.matrix.table.equals(matrix.table)
    words = TRANSACTION.at("country")
    worded = readable_centres(fit, features.table, recipe, Study().describe(features.table), wording=words).table
    names = set(worded["column"])
    assert "transactions per month" in names
    assert {name.partition(":")[0] for name in names if ":" in name} == {"gender", "country", "never burned"}
