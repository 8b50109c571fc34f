"""How often the verdict was right: counts and rates by hand."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from seglib.k_selection.validation.track_record import TrackRecord, rates, track_record

LABELS = ["natural", "reproducible", "constructed", "borderline"]
OUTCOMES = [
    # kind, form, groups, tuned, customers, structure, two_kinds, k, k_range
    ("cloud", "table", 0, True, 300, "constructed", None, None, None),
    ("cloud", "table", 0, True, 300, "natural", None, 2, "2"),
    ("cloud", "table", 0, True, 300, "constructed", "burn_rate", None, ""),
    ("cloud", "table", 0, True, 300, "borderline", None, None, ""),
    ("curve", "table", 0, False, 300, "reproducible", None, 2, "2 3"),
    ("clumps", "shop", 3, False, 500, "natural", None, 3, "3"),
    ("clumps", "shop", 3, False, 500, "natural", None, 2, "2 3"),
    ("clumps", "shop", 3, False, 500, "reproducible", None, 4, "4"),
    ("clumps", "shop", 3, False, 500, "borderline", None, 3, "3"),  # no claim, so its k counts for nothing
    ("clumps", "shop", 3, False, 500, "constructed", None, None, None),
    ("clumps", "shop", 3, False, 900, "natural", None, 3, "3 4"),
    ("many", "shop", 13, False, 500, "natural", None, 3, "3 4"),  # 3 is no part of 13
    ("unknown", "table", None, False, 500, "natural", None, 3, "3"),  # the truth is not known
]


@pytest.fixture
def outcomes():
    columns = ["kind", "form", "groups", "tuned", "customers", "structure", "two_kinds", "k", "k_range"]
    return pd.DataFrame(OUTCOMES, columns=columns)


def test_labels_are_counted_by_kind_and_number_of_customers(outcomes):
    table = rates(outcomes)
    assert table["kind"].tolist() == ["cloud", "curve", "clumps", "clumps", "many"]
    assert table["customers"].tolist() == [300, 300, 500, 900, 500]
    assert table["draws"].tolist() == [4, 1, 5, 1, 1]
    assert table[LABELS].to_numpy().tolist() == [
        [1, 0, 2, 1],
        [0, 1, 0, 0],
        [2, 1, 1, 1],
        [1, 0, 0, 0],
        [1, 0, 0, 0],
    ]
    assert table["two_kinds"].tolist() == [1, 0, 0, 0, 0]
    assert table["right_k"].tolist() == [0, 0, 1, 1, 0]
    assert table["in_range"].tolist() == [0, 0, 2, 1, 0]
    assert (table[LABELS].sum(axis=1) == table["draws"]).all()


def test_numbers_that_a_file_has_turned_into_decimals_are_read(outcomes, tmp_path):
    """A column of k with missing values comes back from a CSV file as 3.0, and a range of one number too."""
    outcomes.to_csv(tmp_path / "outcomes.csv", index=False)
    pd.testing.assert_frame_equal(rates(pd.read_csv(tmp_path / "outcomes.csv")), rates(outcomes))
    one = outcomes[outcomes["kind"] == "clumps"].assign(k_range=3.0)
    assert rates(one)["in_range"].tolist() == [3, 1]


def test_the_text_gives_the_rates(outcomes):
    """Without groups: 1 of 5 natural (at worst 1 of 4), 1 of 5 reproducible; planted: 5 of 7, of these 2 with the k."""
    text = TrackRecord("data sets", rates(outcomes)).text
    assert "5 data sets without groups, of 2 kinds" in text
    assert "it called 20.0% natural (95% interval 4% to 62%; at worst 25%, cloud) and 20.0% reproducible" in text
    assert "7 data sets with planted groups, of 2 kinds" in text
    assert "found groups in 71%, and named the planted number in 40% of these" in text


def test_the_worst_kind_is_that_of_the_highest_rate_not_of_most_draws():
    rows = [("often", "table", 0, False, 300, "natural" if i < 3 else "constructed", None, None, "") for i in range(30)]
    rows += [("rare", "table", 0, False, 300, "natural" if i < 1 else "constructed", None, None, "") for i in range(5)]
    rows.append(("clumps", "table", 3, False, 300, "constructed", None, None, ""))
    columns = ["kind", "form", "groups", "tuned", "customers", "structure", "two_kinds", "k", "k_range"]
    record = TrackRecord("data sets", rates(pd.DataFrame(rows, columns=columns)))
    assert "called 11.4% natural (95% interval 5% to 26%; at worst 20%, rare)" in record.text
    assert "found groups in 0%, and named the planted number in 0% of these" in record.text
    assert "Missed in more than half: clumps." in record.alt


def test_where_none_was_natural_no_kind_is_the_worst(outcomes):
    """Wilson's upper limit of 0 in n is z^2 / (n + z^2): of 5, 3.8415 / 8.8415 = 43%."""
    none = outcomes.assign(structure=outcomes["structure"].where(outcomes["groups"] != 0, "constructed"))
    assert "it called 0.0% natural (95% interval 0% to 43%) and" in TrackRecord("data sets", rates(none)).text


def test_where_nothing_was_measured_nothing_is_claimed(outcomes):
    table = rates(outcomes)
    for rows in (table.head(0), table[table["groups"] == 0], table[table["groups"] > 0]):
        assert TrackRecord("data sets", rows).text == "How often this verdict is right has not been measured."
        assert TrackRecord("data sets", rows).alt == ""


def test_what_is_missed_is_named_and_drawn(outcomes):
    record = TrackRecord("data sets", rates(outcomes))
    assert "Missed" not in record.alt  # 3 of 5 are found
    fewer = outcomes[(outcomes["kind"] != "clumps") | ~outcomes["structure"].isin(["natural"])]
    assert "Missed in more than half: clumps." in TrackRecord("data sets", rates(fewer)).alt
    figure = record.figure()
    getattr(figure, "figure", figure).canvas.draw()
    plt.close("all")


@pytest.mark.parametrize(("dated", "form"), [(True, "shop"), (False, "table")])
def test_the_table_of_the_package_is_one_that_rates_makes_of_data_like_these(outcomes, dated, form):
    record = track_record(dated=dated)
    assert set(record.table.columns) >= set(rates(outcomes).columns)
    assert set(record.table["form"]) == {form}
    assert f"{form}s without groups" in record.text
    assert f"kind of {form}s" in record.caption
