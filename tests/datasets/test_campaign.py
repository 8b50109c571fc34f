"""Outcomes with a known effect: as large as asked for, in the segments asked for, and the shop stays the same."""

import numpy as np
import pandas as pd
import pytest

from seglib.campaign.arms import ControlGroup
from seglib.datasets.campaign import make_outcomes, write_campaign
from seglib.datasets.shop import make_shop
from seglib.errors import ParameterRefused

GROUP = ControlGroup("spring", 0.5)


@pytest.fixture(scope="module")
def shop():
    return make_shop(customers=40_000, transactions=40_000)


@pytest.mark.parametrize("lift", [0.0, 0.1, [0.15, 0.0, -0.05]])
def test_the_effect_is_the_planted_one(shop, lift):
    outcomes = make_outcomes(shop, lift=lift, group=GROUP)
    control = GROUP.contains(outcomes["customer_id"])
    for place, planted in enumerate(np.broadcast_to(lift, 3), start=1):
        rows = (shop.truth["segment"] == place).to_numpy()
        treated, kept = outcomes.loc[rows & ~control, "burned"], outcomes.loc[rows & control, "burned"]
        error = np.sqrt(treated.var() / len(treated) + kept.var() / len(kept))
        assert abs(treated.mean() - kept.mean() - planted) < 4 * error
    assert ((outcomes["spend"] > 0) == (outcomes["burned"] == 1)).all()
    # who would burn anyway still does: an effect adds burns, and takes none away where it is not below zero
    nothing = make_outcomes(shop, lift=0.0, group=GROUP)
    same = outcomes.loc[control] if np.min(lift) < 0 else outcomes.loc[nothing["burned"] == 1]
    assert (same["burned"] == nothing.loc[same.index, "burned"]).all()


def test_a_shop_without_segments_has_one_effect():
    flat = make_shop(customers=300, transactions=900, segments=0, separation="none")
    assert make_outcomes(flat, lift=0.1, group=GROUP)["burned"].mean() == pytest.approx(0.35, abs=0.1)
    with pytest.raises(ParameterRefused, match="one per planted segment"):
        make_outcomes(flat, lift=[0.1, 0.2], group=GROUP)


def test_the_committed_outcomes_are_those_of_make_sample(root, tmp_path):
    file = write_campaign(make_shop(), "lift=0.08,salt=sample", tmp_path, name="shop")
    assert file.read_bytes() == (root / "data/sample/outcomes.csv").read_bytes()
    outcomes = pd.read_csv(file, dtype=str)
    assert outcomes.columns.tolist() == ["customer_id", "burned", "spend"]
    assert len(outcomes) == 1500


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0.05", "is written like lift=0.05"),
        ("lfit=0.05", "not 'lfit=0.05'"),
        ("lift=a", "campaign: could not convert"),
        ("lift=0.9", "below 0 or above 1"),
        ("lift=0.1/0.1", "one per planted segment"),
        ("lift=0.1,share=2", "control_share"),
        ("lift=0.1,salt=it's", "salt"),
    ],
)
def test_what_is_written_wrongly_is_refused(tmp_path, text, why):
    with pytest.raises(ParameterRefused, match=why):
        write_campaign(make_shop(customers=50, transactions=100), text, tmp_path, name="shop")


def test_the_command_writes_it_beside_the_shop(tmp_path, command):
    code, out, _ = command("sample", "--out", tmp_path / "spring", "--customers", "60", "--transactions", "200")
    without = {path.name: path.read_bytes() for path in (tmp_path / "spring").iterdir()}
    code, out, _ = command(
        *("sample", "--out", tmp_path / "spring", "--customers", "60", "--transactions", "200"),
        *("--campaign", "lift=0.1/0/0,share=0.5"),
    )
    assert code == 0
    assert out.splitlines()[-1] == str(tmp_path / "spring/outcomes.csv")
    assert all((tmp_path / "spring" / name).read_bytes() == content for name, content in without.items())
    code, _, err = command("sample", "--kind", "survey", "--out", tmp_path / "s.csv", "--campaign", "lift=0")
    assert code == 2
    assert "goes with a shop" in err
