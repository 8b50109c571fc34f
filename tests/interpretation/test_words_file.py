"""The words of the cards: those of the package, and a file that says some of them, or all, otherwise."""

import re

import numpy as np
import pandas as pd
import pytest
import yaml
from whole import ROOT

from seglib.campaign.arms import ControlGroup
from seglib.errors import ParameterRefused
from seglib.interpretation.cards.cards import segment_cards
from seglib.interpretation.cards.notes import with_notes
from seglib.interpretation.profiles.means import profile
from seglib.run.words import read_vocabulary
from seglib.schema.features import FEATURES
from seglib.schema.records import VerdictRecord
from seglib.study import DEFAULT_STUDY
from seglib.style.formats import in_words
from seglib.style.vocabulary.checked import NAMES
from seglib.style.vocabulary.vocabulary import ENGLISH, WORDS, WordMissing
from seglib.style.wording import COUPON, TRANSACTION

VERDICT = VerdictRecord(
    structure="natural",
    useful="useful",
    headline="h",
    sentence="s",
    meaning="m",
    advice="a",
    k_star=2,
    evidence=(),
)


@pytest.fixture
def words(tmp_path):
    def write(text):
        path = tmp_path / "words.yaml"
        path.write_text(text, encoding="utf-8")
        return read_vocabulary(path)

    return write


@pytest.fixture(scope="module")
def profiles():
    """Two segments of 60: the first spends ten times as much, came lately, and burns nearly all."""
    rng = np.random.default_rng(0)
    n = 60
    features = pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(2 * n)],
            "n_coupons": 10,
            "n_matured": 10,
            "n_burned": np.repeat([9, 2], n),
            "n_matured_burned": np.repeat([9, 2], n),
            "spend": np.repeat([1000.0, 100.0], n) + rng.normal(0, 5, 2 * n),
            "months_observed": 10.0,
            "coupons_per_month": 1.0,
            "burn_rate": np.repeat([0.9, 0.2], n),
            "recency_days": np.repeat([10.0, 200.0], n) + rng.normal(0, 3, 2 * n),
            "spend_per_month": np.repeat([100.0, 10.0], n) + rng.normal(0, 0.5, 2 * n),
            "tenure_days": 300.0,
        }
    ).set_index("customer_id")
    segments = pd.Series(np.repeat(["A", "B"], n), features.index, name="segment")
    return features, segments, profile(features, segments, study=DEFAULT_STUDY).table


def cards_in(vocabulary, profiles):
    features, segments, table = profiles
    cards = segment_cards(table, {}, study=DEFAULT_STUDY, vocabulary=vocabulary)
    by_customer = pd.DataFrame({"segment": segments, "probability": 0.9}, features.index)
    control = ControlGroup("spring", 0.1)
    return with_notes(cards, profiles=table, segments=by_customer, verdict=VERDICT, control=control)


def test_without_a_file_the_words_are_those_of_the_package(words, profiles):
    assert read_vocabulary(None) is ENGLISH
    assert all(getattr(ENGLISH, name) == WORDS[name] for name in NAMES)
    assert words("CUSTOMERS: customers\n").CUSTOMERS == ENGLISH.CUSTOMERS
    assert ENGLISH.wording(COUPON) == COUPON
    for value, unit in ((12.0, "days"), (400, "days"), (900, "days"), (0.1, "a month"), (2, "a month"), (0.3, "share")):
        assert ENGLISH.in_words(value, unit) == in_words(value, unit)
    assert ENGLISH.in_words(1234.5, "money") == in_words(1234.5, "number")


def test_a_word_is_changed_and_all_others_stay(words, profiles):
    plain, changed = cards_in(ENGLISH, profiles), cards_in(words("WORDS: {burn_rate: [redeemers, hoarders]}"), profiles)
    for before, after in zip(plain, changed, strict=True):
        assert after.name == before.name.replace("burners", "redeemers").replace("collectors", "hoarders")
        assert after.name != before.name
        assert (after.sentence, after.notes) == (before.sentence, before.notes)


def test_money_has_its_currency_wherever_a_card_names_it(words, profiles):
    a, _ = cards_in(words('MONEY: "EUR {amount}"'), profiles)
    assert "spent EUR 100 a month (all customers: EUR 55)" in a.sentence
    [spend] = [row for row in a.record.beside if row.what == "money spent a month"]
    assert (spend.own_text, spend.all_text) == ("EUR 100", "EUR 55")
    plain, _ = cards_in(ENGLISH, profiles)
    assert "spent 100 a month (all customers: 55)" in plain.sentence


def test_a_coupon_has_another_name(words, profiles):
    own = words("COUPON: {one: bonus, many: boni, claimed: fetched, claim: fetch}")
    text = " ".join(
        card.sentence + " ".join(note.heading + note.text for note in card.notes) for card in cards_in(own, profiles)
    )
    assert "fetched their last bonus" in text
    assert "of the boni that are old enough" in text
    assert "coupon" not in text
    assert words("COUPON: {one: voucher}").wording(COUPON).many == "vouchers"


def test_a_feature_of_ones_own_has_words_that_name_a_segment(words):
    features = pd.DataFrame(
        {"income": np.repeat([90.0, 20.0], 50)}, pd.Index([f"c{i}" for i in range(100)], name="customer_id")
    )
    row = pd.DataFrame(
        {
            "segment": ["A", "B"],
            "feature": "income",
            "role": "segmentation",
            "kind": "numeric",
            "unit": "number",
            "customers": 50,
            "observed": [90.0, 20.0],
            "observed_overall": 55.0,
            "difference": [1.0, -1.0],
            "marker": True,
        }
    )
    assert len(features) == row["customers"].sum()
    own = words("WORDS: {income: [wealthy, thrifty]}\nFEATURES: {income: household income}")
    a, b = segment_cards(row, {}, study=DEFAULT_STUDY, vocabulary=own)
    assert (a.name, b.name) == ("Wealthy customers", "Thrifty customers")
    assert "a mean household income of 90" in a.sentence
    a, b = segment_cards(row, {}, study=DEFAULT_STUDY)
    assert (a.name, b.name) == ("Customers with high income", "Customers with low income")


def test_an_idea_for_a_side_that_had_none(words, profiles):
    own = words(
        "TO_TRY: {burn_rate: {much: a thank-you.}, recency_days: {little: a thank-you.}, "
        "spend_per_month: {much: a thank-you.}}"
    )
    a, _ = cards_in(own, profiles)
    [idea] = [note.text for note in a.notes if note.kind == "to_try"]
    assert idea.startswith("a thank-you. The others get")


def test_a_number_without_a_form_is_written_as_ours(words):
    own = words('USED: "{coupons} {many} ({per_customer})"\nLEVEL: "{level}: {own}"')
    assert own.fill(own.USED, coupons=1234.4, many="boni", per_customer=2.345) == "1,234 boni (2.3)"
    assert own.fill(own.LEVEL, level="Porto", own=0.256, all=0.1) == "Porto: 26%"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("CUSTOMER: shoppers", "there is no CUSTOMER (did you mean 'CUSTOMERS'"),
        ("CUSTOMERS: [a, b]", "CUSTOMERS takes a text in one line"),
        ('CUSTOMERS: ""', "CUSTOMERS takes a text in one line"),
        ('MONEY: "{amount.__class__}"', "MONEY: {amount.__class__} is not filled there; there are {amount}"),
        ('MONEY: "{0}"', "{0} is not filled there"),
        ('MONEY: "{}"', "{} is not filled there"),
        ('MONEY: "{amount!r}"', "write {amount}"),
        ('MONEY: "{amount:>99999999}"', "write {amount}"),
        ('MONEY: "{amount EUR"', "a brace is open"),
        ('LEVEL: "{level} {own:.3f}"', "{own:.0%}"),
        ("WORDS: {burn_rate: often}", "WORDS.burn_rate takes two words"),
        ("TO_TRY: {burn_rate: a call}", "TO_TRY.burn_rate holds lines 'much: text'"),
        ("OTHERS_GET: {burn_rate: {much: something}}", "OTHERS_GET.burn_rate.much is one of nothing or usual"),
        ("COUPON: {singular: voucher}", "COUPON has no singular"),
        ("TIMES: {weeks: w}", "TIMES has no weeks"),
        ("VERBS: {burn_rate: '{spend} burned'}", "{spend} is not filled there"),
        ("- a", "it holds lines such as"),
        ("a: [", "it is not valid YAML"),
    ],
)
def test_what_cannot_be_said_is_refused(words, text, message):
    with pytest.raises(ParameterRefused, match=re.escape(message)) as refused:
        words(text)
    assert refused.value.parameter == ("words_file",)


def test_all_problems_are_named_at_once(words):
    with pytest.raises(ParameterRefused) as refused:
        words('CUSTOMER: a\nMONEY: "{x}"\n')
    assert "CUSTOMER" in refused.value.message
    assert "MONEY" in refused.value.message


def test_a_file_that_is_not_there_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(ParameterRefused, match="it was looked for in"):
        read_vocabulary("nowhere.yaml")


def test_the_examples_can_be_read_and_the_german_one_is_whole():
    assert "EUR" in read_vocabulary(ROOT / "params/words/shop.yaml").MONEY
    german = read_vocabulary(ROOT / "params/words/german.yaml")
    assert german.LANGUAGE == "de"
    assert {feature.name for feature in FEATURES if feature.role == "segmentation"} <= german.FEATURES.keys()
    for name, ours in WORDS.items():
        theirs = getattr(german, name)
        if isinstance(ours, dict) and name not in ("COUPON", "TRANSACTION", "FEATURES"):
            assert theirs.keys() == ours.keys(), name


def german_without(*path):
    content = yaml.load((ROOT / "params/words/german.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)
    *tables, last = path
    place = content
    for table in tables:
        place = place[table]
    del place[last]
    return yaml.safe_dump(content, allow_unicode=True)


@pytest.mark.parametrize(
    ("path", "lacking"),
    [
        (("PAGES", "groups"), "PAGES.groups"),
        (("MEANINGS",), "MEANINGS"),
        (("TO_TRY", "recency_days", "little"), "TO_TRY.recency_days.little"),
        (("COUPON", "claim"), "COUPON.claim"),
        (("FEATURES", "gender_name"), "FEATURES.gender_name"),
        (("MONTHS", "12"), "MONTHS.12"),
    ],
)
def test_a_translation_that_lacks_a_word_is_refused(words, path, lacking):
    with pytest.raises(ParameterRefused, match=re.escape(f"1 are missing: {lacking}".replace("1 are", "1 is"))):
        words(german_without(*path))


def test_own_words_in_english_need_not_be_all(words):
    assert words("LANGUAGE: en-GB\nCUSTOMERS: shoppers\n").LANGUAGE == "en-GB"


def test_a_key_that_a_page_asks_for_and_nobody_has_is_an_error_that_names_key_and_file(words):
    own = words("CUSTOMERS: shoppers\n")
    with pytest.raises(WordMissing) as missing:
        own.page("grops")
    assert str(missing.value) == "words.yaml has no text PAGES.grops (did you mean 'groups'?)"


def test_numbers_money_and_days_are_written_as_the_language_writes_them(words):
    german = read_vocabulary(ROOT / "params/words/german.yaml")
    assert (german.count(1234567), german.number(1.234), german.percent(0.1234)) == ("1.234.567", "1,23", "12,3\u00a0%")
    assert (german.whole_percent(0.001), german.whole_percent(None)) == ("<0,5\u00a0%", "–")
    assert german.day("2026-05-31") == "31.05.2026"
    assert german.moment("2026-11-24T23:39:22+01:00") == "24.11.2026, 22:39 Uhr (UTC)"
    assert german.in_words(800, "days") == "2,2 Jahre"
    assert german.fill("{a:.0%} und {b:+,.1f} {c}", a=0.5, b=-1234.56, c="1,234.5") == "50\u00a0% und -1.234,6 1,234.5"
    assert ENGLISH.moment("2026-11-24T23:39:22+01:00") == "24 Nov 2026, 22:39 UTC"


@pytest.mark.parametrize(
    ("changed", "kind", "noun"),
    [
        ("COUPON: {one: voucher}", COUPON, "vouchers"),
        ("COUPON: {one: voucher}", TRANSACTION, "vouchers"),
        ("COUPON: {one: voucher}\nTRANSACTION: {one: order}", TRANSACTION, "orders"),
        ("COUPON: {one: voucher}\nTRANSACTION: {one: order}", COUPON, "vouchers"),
        ("TRANSACTION: {one: order}", COUPON, "coupons"),
    ],
)
def test_coupons_and_transactions_have_words_of_their_own(words, changed, kind, noun):
    own = words(changed)
    wording = own.wording(kind)
    assert wording.many == noun
    assert own.wording(wording) == wording  # words that were given stay


@pytest.mark.parametrize(
    ("changed", "place", "names"),
    [
        ("PLACES: {city: country}", "city", ("country", "countries")),
        ("PLACES: {city: town}", "city", ("town", "towns")),
        ("PLACES: {city: Ort}\nMANY_PLACES: {city: Orte}", "city", ("Ort", "Orte")),
        ("PLACES: {city: town}", "country", ("country", "countries")),
        ("PLACES: {city: town}", "market", ("market", "markets")),
    ],
)
def test_a_place_has_the_name_that_the_file_gives_it(words, changed, place, names):
    wording = words(changed).wording(COUPON.at(place))
    assert (wording.place, wording.places) == names
