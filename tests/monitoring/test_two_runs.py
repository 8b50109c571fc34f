"""Two months of one shop, read from runs: letters, names and arms stay, and what cannot be compared is refused."""

import numpy as np
import pandas as pd
import pytest

from seglib.campaign.arms import ControlGroup
from seglib.datasets.months import make_months
from seglib.errors import InputRefused, ParameterRefused
from seglib.interpretation.cards.names_file import read_names
from seglib.monitoring.months import read_months
from seglib.schema.records import CardRecord
from tests.earlier import make_run


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Two month ends with newcomers and amounts, and a run of each."""
    folder = tmp_path_factory.mktemp("months")
    months = make_months(customers=400, transactions=3200, newcomers=0.05, prices=0.0, seed=3)
    months.write(folder / "shop")
    runs = {
        name: make_run(name, folder / "shop" / f"month_{place}", base=folder)
        for place, name in enumerate(("may", "june"), start=1)
    }
    return folder, months, runs


@pytest.fixture(autouse=True)
def home(shop, monkeypatch):
    monkeypatch.setenv("SEGLIB_HOME", str(shop[0]))


@pytest.fixture(scope="module")
def months(shop):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGLIB_HOME", str(shop[0]))
        return read_months("may", shop[2]["june"])


def test_the_earlier_day_gives_the_features_of_the_earlier_run(shop, months):
    """The same statement on the tables of the customers in both: what the old run wrote comes out again."""
    expected = shop[2]["may"].read("features").loc[months.both]
    pd.testing.assert_frame_equal(months.features_then, expected, check_dtype=False)


def test_the_clock_alone_changes_times_and_nothing_that_was_bought(months):
    then, aged = months.features_then, months.features_aged
    assert (aged["recency_days"] == then["recency_days"] + 30).all()
    assert (aged["tenure_days"] == then["tenure_days"] + 30).all()
    assert (aged["n_coupons"] == then["n_coupons"]).all()
    assert (aged["spend"] == then["spend"]).all()


def test_new_and_lost_customers_stand_apart(shop, months):
    truth = shop[1].truth
    planted = set(truth.loc[truth["new"], "customer_id"].astype(str))
    assert set(months.joined) == planted & set(months.now.index)
    assert len(months.joined) > 10
    assert not len(months.lost)
    assert months.table["joined"].sum() == len(months.joined)
    assert months.table["then"].sum() == len(months.then)


def test_money_is_what_the_tables_say(shop, months):
    transactions = shop[1].tables[1]["transactions"].astype({"customer_id": str})
    transactions = transactions[transactions["customer_id"].isin(months.both)]
    since = transactions["transaction_date"] > pd.Timestamp("2026-05-31")
    before = ~since & (transactions["transaction_date"] > pd.Timestamp("2026-05-01"))
    assert months.money["since"].sum() == pytest.approx(transactions.loc[since, "amount"].sum())
    assert months.money["before"].sum() == pytest.approx(transactions.loc[before, "amount"].sum())


def test_letters_of_the_later_run_become_those_of_the_earlier_one(shop):
    _, _, runs = shop
    june = runs["june"]
    kept = june.read("segments"), june.read("cards")
    swapped = {"A": "B", "B": "C", "C": "A"}
    june.write("segments", kept[0].assign(segment=kept[0]["segment"].map(swapped)))
    june.write("cards", [CardRecord(swapped[c.segment], c.name, "", 1, 0.1, (), (), ()) for c in kept[1]])
    june.refuses_outdated = False
    try:
        months = read_months("may", june)
    finally:
        june.write_all(segments=kept[0], cards=kept[1])
    assert months.letters == {"B": "A", "C": "B", "A": "C"}
    assert "of run june, A is C, B is A, C is B here" in months.text
    assert (months.now["segment"] == kept[0]["segment"]).all()


def test_align_to_keeps_letters_names_and_arms(shop, tmp_path):
    """The later month ordered the other way round, but aligned: a letter, a name and an arm mean what they did."""
    folder, _, runs = shop
    earlier = runs["may"].read("segments")["segment"].map({"A": "C", "B": "A", "C": "B"})
    aligned = make_run("aligned", folder / "shop/month_2", base=tmp_path, align_to=earlier).read("segments")["segment"]
    both = earlier.index.intersection(aligned.index)
    assert (aligned[both] == earlier[both]).mean() > 0.9
    own = runs["june"].read("segments")["segment"]
    assert (own[both] == earlier[both]).mean() < 0.1  # by their order, all would have another letter
    (tmp_path / "names.yaml").write_text("A: Slow savers\nC: Loyal burners\n", encoding="utf-8")
    names = read_names(tmp_path / "names.yaml", sorted(set(aligned)))
    assert (aligned[both].map(names).fillna("") == earlier[both].map(names).fillna("")).mean() > 0.9
    arms = [pd.Series(ControlGroup("spring", 0.3).contains(s.index.to_series()), s.index) for s in (earlier, aligned)]
    assert (arms[0][both] == arms[1][both]).all()
    assert 0.2 < np.mean(arms[1]) < 0.4


def test_what_cannot_be_compared_is_one_sentence(shop):
    _, _, runs = shop
    with pytest.raises(ParameterRefused, match="name the earlier run first"):
        read_months("june", runs["may"])
    with pytest.raises(ParameterRefused, match="not with itself"):
        read_months("june", runs["june"])
    with pytest.raises(ParameterRefused, match="there is no run 'mai'"):
        read_months("mai", runs["june"])
    recipe = runs["june"].read("recipe").to_json()
    kind = type(runs["june"].read("recipe"))
    changes = {
        "recipe 'customer' made the segments of the first, and 'baseline'": {"name": "baseline"},
        "made of other features": {"sources": [*recipe["sources"][:-1], "n_coupons"]},
        f'what they share: --set segment_by="{", ".join(recipe["sources"][:-1])}"$': {
            "sources": [*recipe["sources"][:-1], "n_coupons"]
        },
        "weighed in another way": {"options": {**recipe["options"], "scaling": "robust"}},
    }
    try:
        for why, change in changes.items():
            runs["june"].write("recipe", kind.from_json(recipe | change))
            runs["june"].refuses_outdated = False
            with pytest.raises(ParameterRefused, match=why) as refused:
                read_months("may", runs["june"])
            assert str(refused.value).count("\n") == 0
    finally:
        runs["june"].write("recipe", kind.from_json(recipe))


def test_a_run_that_was_broken_off_is_refused(shop):
    folder, _, runs = shop
    model = folder / "data/processed/may/model.skops"
    model.rename(model.with_name("aside"))
    try:
        with pytest.raises(InputRefused, match=r"run 'may' has no model\.skops yet"):
            read_months("may", runs["june"])
    finally:
        model.with_name("aside").rename(model)


def test_another_shop_and_a_renamed_city_are_refused(shop):
    folder, months, _ = shop
    tables = {name: table.copy() for name, table in months.tables[1].items()}
    tables["cities"]["city_name"] = tables["cities"]["city_name"].replace("Lisbon", "Lisboa")
    _write(tables, folder / "renamed")
    with pytest.raises(ParameterRefused, match="what city_name calls 'Lisbon' in the first is 'Lisboa'"):
        read_months("may", make_run("renamed", folder / "renamed", base=folder))
    for name in ("customers", "transactions"):
        tables[name]["customer_id"] += 390
    _write(tables, folder / "other")
    with pytest.raises(ParameterRefused, match=r"only \d+ of \d+ customers of the first are in the second"):
        read_months("may", make_run("other", folder / "other", base=folder))


def _write(tables, folder):
    folder.mkdir()
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)


def test_a_past_that_was_told_otherwise_is_said_or_refused(shop, tmp_path):
    """As after a change of the mapping: the old transactions are no longer what they were."""
    folder, months, _ = shop
    tables = {name: table.copy() for name, table in months.tables[1].items()}
    transactions = tables["transactions"]
    amount = transactions["amount"]
    there = transactions.loc[transactions["transaction_date"] <= "2026-05-31", "customer_id"].unique()[:20]
    corrected = transactions["customer_id"].isin(there)
    tables["transactions"] = transactions.assign(amount=amount.where(~corrected, amount + 1))
    _write(tables, tmp_path / "corrected")
    read = read_months("may", make_run("corrected", tmp_path / "corrected", base=folder))
    assert read.revised == 20
    assert "Of 20 of these customers, run corrected has other transactions up to 31 May 2026" in read.text
    tables["transactions"] = transactions.assign(amount=amount * 100)
    _write(tables, tmp_path / "cents")
    with pytest.raises(
        ParameterRefused, match=r"the second has other transactions up to 2026-05-31 than the first"
    ) as why:
        read_months("may", make_run("cents", tmp_path / "cents", base=folder))
    assert str(why.value).count("\n") == 0
