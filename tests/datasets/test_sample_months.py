"""A shop at several month ends: nothing of later is in an export, and the truth says who moved and who is new."""

import pandas as pd
import pytest

from seglib.datasets.months import make_months
from seglib.datasets.shop import make_shop

SIZE = {"customers": 300, "transactions": 2400, "seed": 2}


def test_a_calm_shop_is_the_shop_as_it_was_on_each_day():
    months = make_months(**SIZE, months=3)
    whole = make_shop(**SIZE).tables["transactions"]
    for day, tables in zip(months.days, months.tables, strict=True):
        transactions = tables["transactions"]
        seen = whole[whole["transaction_date"] <= day]
        assert transactions["transaction_id"].tolist() == seen["transaction_id"].tolist()
        burned = (seen["burn_date"] <= day).to_numpy()
        assert ((transactions["transaction_status"] == "burned").to_numpy() == burned).all()
        assert (transactions["burn_date"].notna().to_numpy() == burned).all()
        assert (tables["customers"]["join_date"] <= day).all()
    pd.testing.assert_frame_equal(months.tables[-1]["transactions"], whole, check_dtype=False, check_categorical=False)
    assert not months.truth["moved"].any()


def test_movers_exchange_their_records_with_customers_of_another_segment():
    months = make_months(**SIZE, movers=0.1)
    then, now = (part.set_index("customer_id") for _, part in months.truth.groupby("month"))
    moved = now.index[now["moved"]]
    assert len(moved) == 30
    assert (then.loc[moved, "segment"] != now.loc[moved, "segment"]).all()
    others = now.index.difference(moved).intersection(then.index)
    assert (then.loc[others, "segment"] == now.loc[others, "segment"]).all()
    calm = make_months(**SIZE)
    counts = [m.tables[1]["transactions"]["customer_id"].value_counts() for m in (calm, months)]
    assert (counts[0].reindex(others, fill_value=0) == counts[1].reindex(others, fill_value=0)).all()
    theirs = [sorted(c.reindex(moved, fill_value=0)) for c in counts]
    assert theirs[0] == theirs[1]
    pd.testing.assert_frame_equal(calm.tables[0]["transactions"], months.tables[0]["transactions"])


def test_newcomers_join_between_two_month_ends():
    months = make_months(**SIZE, months=3, newcomers=0.05)
    for number in (2, 3):
        part = months.truth[months.truth["month"] == number]
        new = part.loc[part["new"], "customer_id"]
        assert len(new) == 15
        before, now = months.tables[number - 2], months.tables[number - 1]
        assert not before["transactions"]["customer_id"].isin(new).any()
        assert not before["customers"]["customer_id"].isin(new).any()
        assert set(new) <= set(now["transactions"]["customer_id"])
        joined = now["customers"].set_index("customer_id")["join_date"]
        first = now["transactions"].groupby("customer_id")["transaction_date"].min()
        assert (first[new] >= joined[new]).all()


def test_prices_drift_from_month_to_month():
    months = make_months(**SIZE, months=2, prices=0.5)
    flat = make_months(**SIZE, months=2, prices=0.0)
    ratio = months.tables[1]["transactions"]["amount"] / flat.tables[1]["transactions"]["amount"]
    late = months.tables[1]["transactions"]["transaction_date"] > months.days[0]
    assert ratio[late].mean() == pytest.approx(1.5, abs=0.01)
    assert ratio[~late].mean() == pytest.approx(1.0, abs=0.001)
    assert "amount" not in make_months(**SIZE).tables[0]["transactions"]


def test_the_command_writes_a_folder_for_each_month_end(command, tmp_path):
    size = ("--customers", 200, "--transactions", 1500)
    code, out, _ = command("sample", "--months", 2, "--movers", "0.1", *size, "--out", tmp_path / "shop")
    assert code == 0
    assert out.split() == [str(tmp_path / "shop" / name) for name in ("month_1", "month_2", "truth.csv")]
    truth = pd.read_csv(tmp_path / "shop/truth.csv")
    assert truth.groupby("month")["moved"].sum().to_dict() == {1: 0, 2: 20}
    assert (tmp_path / "shop/month_2/transactions.parquet").exists()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--movers", "0.1"), "--movers goes with --months"),
        (("--months", "1"), "months is a number from 2 to 24"),
        (("--months", "2", "--movers", "0.9"), "movers is a share from 0 to 0.4"),
        (("--months", "2", "--campaign", "lift=0"), "--months goes with a shop"),
        (("--months", "2", "--movers", "0.1", "--segments", "0", "--separation", "none"), "plant at least two"),
    ],
)
def test_what_cannot_be_made_is_refused(command, tmp_path, options, why):
    code, _, err = command("sample", *options, "--out", tmp_path / "shop")
    assert code == 2
    assert why in err.replace("\n", " ")
    code, _, err = command("sample", "--months", "2", "--out", tmp_path / "shop.xlsx")
    assert code == 2
    assert "give --out a folder" in err
