"""Templates of the package are filled with what a transaction is called; texts from the data never are templates."""

import pandas as pd
import pytest

from seglib.features import dictionary
from seglib.interpretation.holdout.by_group import OUTCOMES
from seglib.schema.features import FEATURES
from seglib.schema.records import VariableRecord
from seglib.study import Study
from seglib.style.vocabulary.cards import LABELS, RULES, TO_TRY
from seglib.style.wording import COLUMN_NAMES, COUPON, READY_TABLE, TRANSACTION

TEMPLATES = [
    *(text for feature in FEATURES for text in (feature.unit, feature.meaning)),
    *(text for outcome in OUTCOMES for text in (outcome.unit, outcome.meaning)),
    *(text.replace("{between}", "2") for text in RULES.values()),
    *LABELS.values(),
    *TO_TRY.values(),
    *COLUMN_NAMES.values(),
]


@pytest.mark.parametrize("wording", [COUPON, TRANSACTION, READY_TABLE])
def test_every_template_can_be_filled(wording):
    filled = [wording.of(template) for template in TEMPLATES]
    assert not any("{" in text or "}" in text for text in filled)
    if wording is not COUPON:
        assert not any("coupon" in text for text in filled)


def test_a_name_says_coupon_only_where_there_are_coupons():
    assert COUPON.name_of("n_coupons") == "number of coupons"
    assert TRANSACTION.name_of("n_coupons") == "number of transactions"
    assert TRANSACTION.name_of("days_to_burn") == "days to burn"


def test_a_value_is_put_in_as_it_is():
    assert TRANSACTION.of("{claimed} in {city}", city="{coupon} {0} %s") == "made in {coupon} {0} %s"


def test_a_unit_from_the_data_is_no_template():
    table = pd.DataFrame({"n_coupons": [1.0, 2.0], "age{": [30.0, 40.0]})
    study = Study(variables={"age{": VariableRecord("numeric", "{years} of a coupon")}, wording=TRANSACTION)
    units = {feature.name: feature.unit for feature in study.describe(table)}
    assert units == {"n_coupons": "transactions", "age{": "{years} of a coupon"}


def test_the_dictionary_of_every_shop_speaks_of_coupons():
    texts = dictionary().set_index("name")
    assert texts.loc["recency_days", "meaning"] == "days from the last claim to as_of"
    assert not texts.map(lambda text: "{" in text).any(axis=None)


def test_amounts_are_in_the_currency_of_the_shop_wherever_a_unit_names_them():
    pounds = Study(wording=TRANSACTION.priced("GBP"))
    units = {feature.name: pounds.worded(feature).unit for feature in FEATURES}
    assert units["spend_per_month"] == "GBP a month"
    assert units["spend"] == "GBP"
    assert not [unit for unit in units.values() if "money" in unit]
    odd = Study(wording=TRANSACTION.priced("{x}"))  # from a file: no template
    assert odd.worded(next(f for f in FEATURES if f.name == "spend")).unit == "{x}"
    unknown = Study(wording=TRANSACTION.priced(""))
    assert unknown.worded(next(f for f in FEATURES if f.name == "spend_per_month")).unit == "money a month"
