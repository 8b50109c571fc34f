"""What the place of a customer is called: a country is no city."""

import pandas as pd
import pytest

from seglib.eda.demographics import demographics
from seglib.features.customers import customer_features
from seglib.ingest.places import place_in
from seglib.ingest.shop import ingest
from seglib.interpretation.audiences import by_eye
from seglib.interpretation.cards.cards import segment_cards
from seglib.interpretation.profiles.means import profile
from seglib.interpretation.profiles.shares import compare_names
from seglib.preprocessing.build import CustomerOptions, build_customer_matrix
from seglib.run.run import Run
from seglib.study import Study
from seglib.style.wording import COUPON


@pytest.mark.parametrize(
    ("names", "place"),
    [
        (["Country"], "country"),
        (["ShipCountry"], "country"),
        (["ship_to_country"], "country"),
        (["país"], "country"),
        (["Region"], "region"),
        (["state"], "state"),
        (["city"], "city"),
        (["Ort"], "city"),
        (["statement"], "city"),
        ([], "city"),
    ],
)
def test_a_place_is_what_its_column_says(names, place):
    assert place_in(names) == place


def test_words_in_the_plural():
    assert [COUPON.at(place).places for place in ("country", "region", "city")] == ["countries", "regions", "cities"]


def test_a_shop_of_countries_never_says_city(root, tmp_path):
    run = Run("invoices", base=tmp_path)
    ingest(root / "data/sample/invoices.csv", mapping=root / "params/mappings/invoices.yaml").save(run)
    study = Study.of(run.read("shop"))
    features = customer_features(run.connect(), study)
    letters = pd.Series("A", features.table.index).where(features.table["city_name"] == "France", "B")
    names = compare_names(features.table, letters, features.study)
    cards = segment_cards(
        profile(features.table, letters, study=features.study).table, names.tables, study=features.study
    )
    matrix = build_customer_matrix(features, CustomerOptions())
    texts = [
        *(part.alt for part in demographics(features).parts),
        names.text,
        *(result.alt for result in names.results),
        *(card.text for card in cards),
        *(what for card in cards for what in card.table["what"]),
        matrix.text,
        *features.dictionary["meaning"],
    ]
    assert "country" in by_eye(features.table, features.study)
    assert any("country" in text for text in texts)
    assert not [text for text in texts if "city" in text.lower() or "cities" in text.lower()]
    assert not [text for text in texts if "coupon" in text.lower()]
