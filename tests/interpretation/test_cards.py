"""Names and sentences by rule, and the list that leaves the house."""

import re

import numpy as np
import pandas as pd
import pytest

from seglib.clustering.segmentation import segment
from seglib.errors import ParameterRefused
from seglib.interpretation.cards.cards import rename_cards, segment_cards
from seglib.interpretation.cards.names_file import read_names
from seglib.interpretation.profiles.means import profile
from seglib.interpretation.profiles.shares import compare_names, compared_names, shares
from seglib.preprocessing.customer import customer_matrix
from seglib.schema.features import FEATURES
from seglib.schema.records import VariableRecord
from seglib.study import Study
from seglib.style.vocabulary.cards import WORDS
from seglib.style.wording import TRANSACTION


@pytest.fixture
def sample(prepared):
    """(features, segments) of the committed sample in three segments."""
    features = prepared("sample")[1].table
    fit = segment(customer_matrix(features).table, k=3, order_by=features["n_burned"], n_init=20)
    return features, fit.table


def cards_of(features, segments):
    origins = {name: shares(features, segments, name) for name in ("gender_name", "city_name")}
    return segment_cards(profile(features, segments).table, origins)


def test_cards_describe_the_planted_segments(sample, truth):
    features, assignments = sample
    planted = truth.loc[features.index, "archetype"].groupby(assignments["segment"]).agg(lambda s: s.mode()[0])
    named = {card.segment: card.name.lower() for card in cards_of(features, assignments["segment"])}
    words = {"loyal burner": "quick burners", "coupon collector": "slow collectors", "drifted away": "long-absent"}
    assert len(named) == 3
    for letter, archetype in planted.items():
        assert words[archetype] in named[letter]


def test_cards_say_what_was_counted(sample):
    features, assignments = sample
    counted = features.groupby(assignments["segment"])[["n_matured_burned", "n_matured"]].sum()
    for card in cards_of(features, assignments["segment"]):
        rate = counted.loc[card.segment, "n_matured_burned"] / counted.loc[card.segment, "n_matured"]
        assert f"used {rate:.0%} of the coupons that are old enough to judge" in card.sentence


def test_new_customers_are_told_apart_as_such(sample):
    features, _ = sample
    young = pd.Series(np.where(features["tenure_days"] < 300, "B", "A"), index=features.index)
    by_letter = {card.segment: card for card in cards_of(features, young)}
    card = by_letter["B"]
    assert "They have been customers for" in card.sentence
    assert card.sentence.startswith(f"{card.lead} They have been")
    assert card.record.lead == card.lead


def test_who_joined_lately_is_new_and_neither_frequent_nor_recent():
    """Few months with the shop, so many coupons a month and a recent last one: that is the calendar."""
    rng = np.random.default_rng(4)
    new = np.arange(600) < 150
    features = pd.DataFrame(rng.normal(10, 1, (600, len(WORDS))), columns=list(WORDS))
    features["tenure_days"] = np.where(new, 60.0, 700.0) + rng.normal(0, 5, 600)
    features["coupons_per_month"] += 4.0 * new
    features["recency_days"] -= 4.0 * new
    letters = pd.Series(np.where(new, "B", "A"))
    features["gender_name"], features["city_name"] = "Female", "Cairo"
    by_letter = {card.segment: card for card in cards_of(with_counts(features), letters)}
    assert by_letter["B"].name == "New customers"
    assert "They have been customers for 60 days" in by_letter["B"].sentence
    old = {c.segment: c for c in cards_of(with_counts(features.assign(tenure_days=300.0)), letters)}
    assert re.search("frequent|recent", old["B"].name.lower())


@pytest.mark.parametrize(("share", "name"), [(1.0, "Women"), (0.98, "Customers, mostly female")])
def test_a_segment_of_one_gender_is_called_by_it(share, name):
    rng = np.random.default_rng(3)
    features = pd.DataFrame(rng.normal(10, 1, (1000, len(WORDS))), columns=list(WORDS))
    features["city_name"] = "Cairo"
    letters = pd.Series(np.where(np.arange(1000) < 500, "A", "B"))
    female = np.where(letters == "A", np.arange(1000) < 500 * share, False)
    features["gender_name"] = np.where(female, "Female", "Male")
    assert {c.segment: c.name for c in cards_of(with_counts(features), letters)}["A"] == name


def test_a_leaning_is_on_the_card_and_in_no_name(sample):
    """A is 69% female, all customers 55%: no marker, but the plainest fact on who they are."""
    features, assignments = sample
    a = {card.segment: card for card in cards_of(features, assignments["segment"])}["A"]
    share = (features.loc[assignments["segment"] == "A", "gender_name"] == "Female").mean()
    assert 0.1 < share - (features["gender_name"] == "Female").mean() < 0.25
    assert f"by gender: Female ({share:.0%}" in a.sentence
    assert "female" not in a.name.lower()


def test_names_do_not_depend_on_letters(sample):
    features, assignments = sample
    swapped = assignments["segment"].map({"A": "C", "B": "A", "C": "B"})
    names = [sorted(card.name for card in cards_of(features, s)) for s in (assignments["segment"], swapped)]
    assert names[0] == names[1]


def with_counts(features):
    """Fill in the columns of the feature table that a test does not care about."""
    return features.assign(**{f.name: 1.0 for f in FEATURES if f.name not in features})


def test_a_segment_without_markers_is_called_average_and_names_are_unique():
    rng = np.random.default_rng(0)
    names = list(WORDS)
    features = pd.DataFrame(rng.normal(10, 1, (900, len(names))), columns=names)
    features["gender_name"] = rng.choice(["Female", "Male"], 900)
    features["city_name"] = rng.choice(["Cairo", "Giza"], 900)
    features = with_counts(features)
    cards = cards_of(features, pd.Series(rng.choice(["A", "B", "C"], 900)))
    assert [card.name for card in cards] == [f"Average customers ({letter})" for letter in "ABC"]
    assert all("No habit of theirs stands out" in card.sentence for card in cards)
    assert all(card.table.empty for card in cards)


def test_a_segment_marked_by_place_only_is_named_after_it():
    rng = np.random.default_rng(1)
    features = pd.DataFrame(rng.normal(10, 1, (400, len(WORDS))), columns=list(WORDS))
    features["gender_name"] = "Female"
    features["city_name"] = np.repeat(["Cairo", "Giza", "Suez", "Tanta", "Qena"], 80)
    features = with_counts(features)
    segments = pd.Series(np.where(features["city_name"] == "Cairo", "B", "A"))
    by_letter = {card.segment: card for card in cards_of(features, segments)}
    assert by_letter["B"].name == "Customers from Cairo"
    assert "Cairo (100%; all customers: 20%)" in by_letter["B"].sentence
    first, *others = by_letter["B"].record.beside
    assert (first.what, first.own_text, first.all_text) == ("city: Cairo", "100%", "20%")
    assert not any(row.marker for row in others)


def test_a_minority_is_not_called_most():
    rng = np.random.default_rng(2)
    features = pd.DataFrame(rng.normal(10, 1, (2000, len(WORDS))), columns=list(WORDS))
    features["city_name"] = "Cairo"
    segments = pd.Series(np.where(np.arange(2000) < 1000, "A", "B"))
    features["gender_name"] = np.where(rng.random(2000) < np.where(segments == "B", 0.36, 0.06), "Male", "Female")
    name = {card.segment: card.name for card in cards_of(with_counts(features), segments)}["B"]
    assert name == "Customers, more often male"


def test_a_card_is_valid_json_and_its_shares_add_up(sample, tmp_path):
    from seglib.run.run import Run

    features, assignments = sample
    cards = cards_of(features, assignments["segment"])
    run = Run("r", base=tmp_path)
    run.write("cards", [card.record for card in cards])
    assert sum(card.share for card in run.read("cards")) == pytest.approx(1, abs=1e-5)
    assert sum(card.customers for card in run.read("cards")) == len(features)


def test_at_a_glance_a_card_shows_what_differs_by_half_a_deviation_and_nothing_else(sample):
    features, assignments = sample
    letters = assignments["segment"]
    profiles = profile(features, letters, unreliable=["never_burned"]).table
    for card in segment_cards(profiles, {}):
        rows = profiles[(profiles["segment"] == card.segment) & (profiles["role"] == "segmentation")]
        size = rows["difference"].abs()
        assert len(card.beside) == min(3, (size >= 0.5).sum())
        # what did not build the segments is there too, and marked so
        assert (~card.beside["marker"]).sum() == card.beside["what"].str.contains("never used").sum()
    [c] = [card for card in segment_cards(profiles, {}) if card.segment == "C"]
    assert c.beside["what"].str.contains("never used").any()
    first = c.record.beside[0]
    assert (first.what, first.own_text) == ("time since the last coupon", f"{first.own * 12 / 365.25:.0f} months")


# The analyst's own names --------------------------------------------------------------------------------------------


def test_the_names_of_a_file_come_before_ours(sample, tmp_path):
    features, assignments = sample
    cards = cards_of(features, assignments["segment"])
    file = tmp_path / "names.yaml"
    file.write_text(f"A: Loyal  burners\nB: {cards[2].name}\n", encoding="utf-8")
    renamed = rename_cards(cards, read_names(file, "ABC"))
    assert [card.name for card in renamed] == ["Loyal burners", cards[2].name, f"{cards[2].name} (C)"]  # still unique
    assert [card.sentence for card in renamed] == [card.sentence for card in cards]
    assert rename_cards(cards, read_names(None, "ABC")) == cards


BAD_NAMES = {
    "no such segment": ("D: Others", "names D; there are A, B and C"),
    "twice": ("A: Loyal\nB: LOYAL", "gives the name 'loyal' twice"),
    "empty": ("A: ''", "holds lines such as"),
    "no name": ("A: 3", "holds lines such as"),
    "a list": ("- A", "holds lines such as"),
    "too long": (f"A: {'x' * 61}", "more than 60 characters"),
    "no YAML": ("A: [", "cannot be read"),
}


@pytest.mark.parametrize(("text", "why"), BAD_NAMES.values(), ids=BAD_NAMES)
def test_a_file_of_names_that_is_none_is_refused(tmp_path, text, why):
    file = tmp_path / "names.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ParameterRefused, match=re.escape(why)):
        read_names(file, "ABC")
    with pytest.raises(ParameterRefused, match="cannot be read"):
        read_names(tmp_path / "nowhere.yaml", "ABC")


# Shops that record less, and shops that add columns -----------------------------------------------------------------


def test_a_shop_without_coupons_is_named_by_how_often_and_how_recently(lacking):
    features = lacking("status", "names")[0]
    matrix = customer_matrix(features.table, leave_out=features.missing).table
    fit = segment(matrix, k=2, order_by=features.table["n_coupons"], n_init=5)
    study = Study(wording=TRANSACTION)
    cards = segment_cards(profile(features.table, fit.table["segment"], study=study).table, {}, study=study)
    assert [card.segment for card in cards] == ["A", "B"]
    assert len({card.name for card in cards}) == 2
    assert "Long-absent, occasional customers" in [card.name for card in cards]
    text = " ".join(card.text for card in cards)
    assert "made their last transaction" in text
    assert "made transactions at a rate of 1 in" in text
    assert not re.search("coupon|claim|burn", text)
    assert not re.search(
        "coupon|claim|burn", " ".join(card.table.to_csv() for card in cards).replace("coupons per", "")
    )


def test_columns_of_the_shops_own_name_no_segment(lacking):
    added = {
        "tier": np.where(np.arange(400) < 200, "gold", "silver"),
        "age": np.where(np.arange(400) < 200, 20.0, 60.0),
    }
    features = lacking(added=added)[0].table
    letters = pd.Series(np.where(features["tier"] == "gold", "A", "B"), features.index)
    origins = {name: shares(features, letters, name) for name in compared_names(features)}
    assert origins["tier"]["marker"].all()
    for card in segment_cards(profile(features, letters).table, origins):
        assert not re.search("gold|silver|tier|20|60", card.text)
        assert not card.table["what"].str.contains("tier|^age").any()


# Variables that the mapping file segments by -----------------------------------------------------------------------


@pytest.fixture
def ready():
    """(features, letters, variables) of a ready table: B is rich, A young and mostly a member, C north."""
    letters = pd.Series(np.repeat(["A", "B", "C"], 100), [f"R{i}" for i in range(300)])
    rng = np.random.default_rng(0)
    features = pd.DataFrame({f.name: np.nan for f in FEATURES}, letters.index).astype({"gender_name": object})
    features["age"] = rng.normal(40, 4, 300) - 20 * (letters == "A")
    features["net_income"] = rng.normal(20_000, 2000, 300) + 40_000 * (letters == "B")
    features["member"] = (rng.random(300) < letters.map({"A": 0.9, "B": 0.1, "C": 0.4})).astype(float)
    features["region"] = np.where((letters == "C") | (rng.random(300) < 0.1), "North", "South")
    kinds = {"age": "numeric", "net_income": "numeric", "member": "binary", "region": "nominal"}
    units = {"age": "years", "net_income": "EUR"}
    return features, letters, {n: VariableRecord(kind, units.get(n, "")) for n, kind in kinds.items()}


def cards_of_ready(features, letters, variables):
    study = Study(variables=variables, wording=TRANSACTION)
    origins = compare_names(features, letters, study).tables
    return {c.segment: c for c in segment_cards(profile(features, letters, study=study).table, origins, study=study)}


def test_variables_name_a_segment_by_what_is_high_and_low(ready):
    cards = cards_of_ready(*ready)
    assert cards["A"].name == "Customers with low age, member mostly yes"
    assert cards["B"].name.startswith("Customers with high net income")
    assert len({card.name for card in cards.values()}) == 3
    means = ready[0].groupby(ready[1])[["age", "member"]].mean().loc["A"]
    assert f"They have a mean age of {means['age']:.0f} years (all customers: " in cards["A"].sentence
    assert f", yes under member in {means['member']:.0%} of cases" in cards["A"].sentence
    assert "More often than elsewhere by region: North" in cards["C"].sentence
    assert not re.search("coupon|claim|burn", " ".join(card.sentence for card in cards.values()))


def test_names_alone_make_cards_too(ready):
    features, letters, variables = ready
    only = {"region": variables["region"]}
    cards = cards_of_ready(features.drop(columns=["age", "net_income", "member"]), letters, only)
    assert [card.customers for card in cards.values()] == [100, 100, 100]
    assert all(card.sentence.startswith(card.lead) for card in cards.values())
    assert cards["C"].lead.startswith("More often than elsewhere by region: North")
    assert cards["C"].name == "Customers, region mostly North"


def test_money_and_never_burning_have_words_of_their_own(lacking):
    spent = {f"{i}": 1.0 if i % 2 else 30.0 for i in range(1, 401)}
    features = lacking()[0].table
    letters = pd.Series(np.where(features.index.map(spent) > 1, "A", "B"), features.index)
    changed = features.assign(
        spend=features.index.map(spent) * features["months_observed"],
        spend_per_month=features.index.map(spent),
        never_burned=(letters == "B").astype(float),
    )
    cards = {card.segment: card for card in segment_cards(profile(changed, letters).table, {})}
    assert "high-spending" in cards["A"].name.lower()
    assert "spent 30 a month" in cards["A"].sentence
    assert "include 100% who never used a coupon" in cards["B"].sentence


def test_names_that_say_the_same_in_another_order_are_not_two_names():
    """The strongest marker of one segment is the second of the other: income is low and age is low in both."""
    rng = np.random.default_rng(4)
    n = 200
    index = pd.Index([str(i) for i in range(3 * n)], name="customer_id")
    table = pd.DataFrame(
        {
            "income": np.r_[rng.normal(-2.0, 0.3, n), rng.normal(-1.6, 0.3, n), rng.normal(3.0, 0.3, n)],
            "age": np.r_[rng.normal(-1.6, 0.3, n), rng.normal(-2.0, 0.3, n), rng.normal(3.0, 0.3, n)],
            "visits": np.r_[rng.normal(1.0, 0.2, n), rng.normal(-1.0, 0.2, n), rng.normal(0.0, 0.2, n)],
        },
        index,
    )
    letters = pd.Series(["A"] * n + ["B"] * n + ["C"] * n, index, name="segment")
    study = Study(variables={name: VariableRecord("numeric") for name in table})
    names = [card.name for card in segment_cards(profile(table, letters, study=study).table, {}, study=study)]
    words = [frozenset(re.findall(r"(?:low|high) \w+", name)) for name in names]
    assert len({*words}) == 3, names
    without = study.variables | {}
    del without["visits"]
    study = Study(variables=without)
    part = table.drop(columns="visits")
    names = [card.name for card in segment_cards(profile(part, letters, study=study).table, {}, study=study)]
    assert names[0].endswith("(A)")
    assert names[1].endswith("(B)")
