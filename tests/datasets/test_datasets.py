"""The generator: the shop it promises, from the seed it was given."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seglib.datasets.shop import ARCHETYPES, BURN_WINDOW, LAST_DAY, make_shop
from seglib.errors import ParameterRefused
from seglib.ingest.shop import ingest
from seglib.schema.tables import TABLES

PLANTED = st.tuples(st.integers(1, 8), st.sampled_from(["weak", "medium", "strong"]))
STRUCTURELESS = st.tuples(st.just(0), st.sampled_from(["none", "continuum"]))


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(
    customers=st.integers(1, 60),
    transactions=st.integers(1, 200),
    plan=PLANTED | STRUCTURELESS,
    seed=st.integers(0, 99),
)
def test_every_shop_keeps_the_contract(tmp_path_factory, customers, transactions, plan, seed):
    segments, separation = plan
    shop = make_shop(
        customers=customers, transactions=transactions, segments=segments, separation=separation, seed=seed
    )
    assert set(shop.tables) == set(TABLES)
    assert len(shop.tables["customers"]) == len(shop.truth) == customers
    coupons = shop.tables["transactions"]
    assert len(coupons) == transactions
    burned = coupons[coupons["transaction_status"] == "burned"]
    lag = (burned["burn_date"] - burned["transaction_date"]).dt.days
    assert lag.between(0, BURN_WINDOW - 1).all()
    assert not (coupons["burn_date"] > pd.Timestamp(LAST_DAY)).any()  # an export does not know the future
    folder = tmp_path_factory.mktemp("shop")
    shop.write(folder)
    checked = ingest(folder)
    assert not checked.findings["severity"].isin(["error", "warning"]).any()


def test_same_seed_same_bytes_and_another_seed_another_shop(tmp_path):
    def written(name, seed):
        files = make_shop(customers=50, transactions=200, seed=seed).write(tmp_path / name / "shop.xlsx")
        return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]

    assert written("a", 1) == written("b", 1)
    assert written("a", 1)[0] != written("c", 2)[0]


def test_the_committed_sample_is_what_the_generator_makes(root):
    book = pd.read_excel(root / "data/sample/shop.xlsx", sheet_name=None, engine="calamine")
    shop = make_shop()
    assert list(book) == list(shop.tables)
    for name, frame in shop.tables.items():
        pd.testing.assert_frame_equal(book[name], frame, check_dtype=False, check_categorical=False)
    pd.testing.assert_frame_equal(pd.read_csv(root / "data/sample/truth.csv"), shop.truth, check_dtype=False)
    assert (root / "data/sample/shop.xlsx").stat().st_size + (root / "data/sample/truth.csv").stat().st_size < 600_000


def test_any_two_archetypes_differ_in_at_least_two_traits():
    corners = np.array(list(ARCHETYPES.values()))
    differences = (corners[:, None] != corners[None]).sum(axis=2)
    assert (differences[~np.eye(len(corners), dtype=bool)] >= 2).all()


def behaviour(shop):
    """Burned share, mean lag and coupons of every customer with a coupon."""
    coupons = shop.tables["transactions"]
    lag = (coupons["burn_date"] - coupons["transaction_date"]).dt.days
    by = coupons.assign(lag=lag, burned=lag.notna()).groupby("customer_id")
    return by.agg(
        n=("burned", "size"), burned=("burned", "mean"), lag=("lag", "mean"), last=("transaction_date", "max")
    )


def test_planted_segments_behave_as_their_names_say():
    shop = make_shop(customers=3000, transactions=40_000, segments=3)
    mean = (
        behaviour(shop)
        .join(shop.truth.set_index("customer_id"))
        .groupby("archetype")[["n", "burned", "lag", "last"]]
        .mean()
    )
    loyal, collector, drifted = (mean.loc[a] for a in ("loyal burner", "coupon collector", "drifted away"))
    assert loyal["burned"] > 0.8 > 0.4 > collector["burned"]
    assert loyal["lag"] < 15 < 30 < collector["lag"]
    assert drifted["n"] < 0.5 * min(loyal["n"], collector["n"])
    assert drifted["last"] < min(loyal["last"], collector["last"]) - pd.Timedelta(days=180)


def test_separation_orders_the_shops():
    gap = {}
    for separation in ("weak", "medium", "strong"):
        shop = make_shop(customers=2000, transactions=30_000, separation=separation)
        mean = behaviour(shop).join(shop.truth.set_index("customer_id")).groupby("archetype")["burned"].mean()
        gap[separation] = mean["loyal burner"] - mean["coupon collector"]
    assert 0.05 < gap["weak"] < gap["medium"] - 0.1 < gap["strong"] - 0.2


def test_without_structure_counts_are_poisson_and_on_a_continuum_they_are_not():
    dispersion = {}
    for separation in ("none", "continuum"):
        shop = make_shop(customers=4000, transactions=40_000, segments=0, separation=separation)
        counts = shop.tables["transactions"]["customer_id"].value_counts().reindex(range(1, 4001), fill_value=0)
        days = (pd.Timestamp(LAST_DAY) - shop.tables["customers"]["join_date"]).dt.days.to_numpy()
        recent = days > 600  # nearly equal exposure
        dispersion[separation] = counts[recent].var() / counts[recent].mean()
    assert dispersion["none"] == pytest.approx(1.0, abs=0.15)
    assert dispersion["continuum"] > 3


def test_without_structure_burning_is_binomial_and_on_a_continuum_it_is_not():
    spread = {}
    for separation in ("none", "continuum"):
        coupons = make_shop(customers=500, transactions=20_000, segments=0, separation=separation).tables[
            "transactions"
        ]
        decided = coupons[coupons["transaction_date"] <= pd.Timestamp(LAST_DAY) - pd.Timedelta(days=BURN_WINDOW)]
        burned = decided["transaction_status"].eq("burned").groupby(decided["customer_id"]).agg(["mean", "size"])
        p = decided["transaction_status"].eq("burned").mean()
        z = (burned["mean"] - p) / np.sqrt(p * (1 - p) / burned["size"])
        spread[separation] = z.var()
    assert spread["none"] == pytest.approx(1.0, abs=0.25)
    assert spread["continuum"] > 3


def test_the_calendar_has_seasons_and_campaigns():
    coupons = make_shop(customers=2000, transactions=60_000, segments=0, separation="none").tables["transactions"]
    by_day = coupons["transaction_date"].value_counts().sort_index()
    campaign = by_day.loc["2025-11-08":"2025-11-13"].mean()
    before = by_day.loc["2025-10-20":"2025-10-31"].mean()
    assert campaign > 1.8 * before
    named = coupons.loc[coupons["transaction_date"].between("2025-11-08", "2025-11-13"), "coupon_name"]
    assert named.str.startswith("Singles Day").all()


def test_demographics_lean_by_segment_but_are_no_label():
    shop = make_shop(customers=6000, transactions=6000)
    female = shop.tables["customers"]["gender_id"].eq(1).groupby(shop.truth["segment"]).mean()
    assert female.max() - female.min() > 0.15
    assert female.between(0.2, 0.85).all()


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"segments": 0}, "contradict"),
        ({"segments": 3, "separation": "none"}, "contradict"),
        ({"segments": 9}, "from 0 to 8"),
        ({"separation": "stronger"}, "separation is one of"),
        ({"customers": 0}, "at least one customer"),
        ({"transactions": 0}, "at least one customer"),
    ],
)
def test_impossible_shops_are_refused(options, what):
    with pytest.raises(ParameterRefused, match=what):
        make_shop(**options)
