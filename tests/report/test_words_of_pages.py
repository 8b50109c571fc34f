"""Pages in another language, or in other words: nothing of the old words is left, and no text has no place."""

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from reading import unfolded, words
from whole import ROOT

from seglib.campaign.arms import ControlGroup
from seglib.interpretation.audiences import audience_lists, customer_list, readme, sample_sizes
from seglib.interpretation.cards.cards import segment_cards
from seglib.interpretation.cards.notes import with_notes
from seglib.interpretation.holdout.holdout import evaluate_holdout
from seglib.interpretation.overview import overview
from seglib.interpretation.profiles.coupon_usage import coupon_usage
from seglib.interpretation.profiles.exemplars import exemplars
from seglib.interpretation.profiles.means import profile
from seglib.interpretation.profiles.shares import compare_names
from seglib.interpretation.surrogate_tree.rules import fit_surrogate_tree
from seglib.report.build import build
from seglib.report.comparison_page import with_comparison
from seglib.report.pages import Page
from seglib.report.words import vocabulary_of_run, wording_of_run
from seglib.runner.steps import STEPS
from seglib.schema.comparison_records import ComparisonRecord, DriftRecord, PartRecord
from seglib.schema.records import RunRecord, RunSegmentRecord
from seglib.scoring.file import load_model
from seglib.style.vocabulary.vocabulary import ENGLISH, WORDS

GERMAN, SHOP = (ROOT / "params/words" / name for name in ("german.yaml", "shop.yaml"))
SIX = list(STEPS.items())[:6]
WORD = re.compile(r"[^\W\d_]{4,}")
TERMS_OF_IT = {"seglib", "python", "pandas", "numpy", "scikit", "learn", "duckdb", "papermill", "pyarrow", "customer"}
"""Names of packages and of the recipe."""

SHOWN = ("aria-label", "alt", "title", "data-label")
"""Attributes that readers see or hear."""


class Analysis:
    """What 06 computes of a run, so that it can be written in several words."""

    def __init__(self, run):
        self.run, self.segments, self.recipe = run, run.read("segments"), run.read("recipe")
        self.features = run.read("features").loc[self.segments.index]
        self.letters, self.assignments = self.segments["segment"], run.read("assignments")
        self.matrix, self.verdict = run.read("matrix").loc[self.assignments.index], run.read("verdict")
        self.model, self.study = load_model(run.existing("model")), run.study()
        self.profiles = profile(self.features, self.letters, study=self.study, unreliable=self.recipe.left_out)
        self.names = compare_names(self.features, self.letters, self.study)
        k, rule = self.letters.nunique(), self.model.rule(run.read("clustering"))
        self.held = evaluate_holdout(run.connect(), self.study, self.recipe, k=k, seed=0, rule=rule)
        self.usage = coupon_usage(run.read("unified"), self.assignments, self.study)
        self.examples = exemplars(self.matrix, self.assignments["segment"], self.model.centres)

    def record(self, words):
        """Return ``run.json`` and the text beside the lists, as 06 writes them in these words."""
        study, group = self.run.study(words), ControlGroup("r", 0.1)
        cards = segment_cards(self.profiles.table, self.names.tables, study=study, vocabulary=words)
        details = {"usage": self.usage.table, "exemplars": self.examples, "control": group, "study": study}
        cards = with_notes(cards, profiles=self.profiles.table, segments=self.segments, verdict=self.verdict, **details)
        names = {card.segment: card.name for card in cards}
        asked = {"sources": self.recipe.sources, "study": study, "vocabulary": words}
        rules = fit_surrogate_tree(self.features, self.letters, self.matrix, **asked)
        told = {"study": study, "vocabulary": words}
        listed = customer_list(self.segments, names, features=self.features, **told)
        lists = audience_lists(listed, self.segments, run="r", vocabulary=words)
        found = (self.features, self.segments, self.profiles.table, self.held, rules, lists)
        first = overview(*found, examples=self.examples, **told)
        needed = sample_sizes(self.profiles.observed_of("burn_rate"), listed)
        text = readme(lists, self.verdict, needed, control_share=0.1, source="shop.xlsx", **told)
        record = RunRecord.from_json(json.loads((self.run.report_dir / "run.json").read_text("utf-8")))
        segments = tuple(RunSegmentRecord.from_json(card.record.to_json()) for card in cards)
        return replace(record, segments=segments, overview=first.record), text


pytestmark = pytest.mark.whole_run("customer")


@pytest.fixture(scope="module")
def analysis(whole_run):
    return Analysis(whole_run("customer").run)


@pytest.fixture(scope="module")
def written(analysis, tmp_path_factory):
    """Write the pages for a manager in the words of a file; return their folder, the record and the text for lists."""

    def write(file):
        folder = tmp_path_factory.mktemp("pages")
        record, text = analysis.record(analysis.run.vocabulary(file))
        for name in ("segments.csv", "model.skops", "run.json"):
            (folder / name).write_text("customer_id,segment\n1,A\n2,B\n")
        (folder / "audience").mkdir()
        (folder / "audience/README.txt").write_text(text)
        pages = [Page(name, name, question, BeautifulSoup("", "html.parser"), [], None) for name, question in SIX]
        earlier = tmp_path_factory.mktemp("earlier")
        pd.DataFrame({"customer_id": ["1", "2"], "segment": ["B", "B"]}).to_csv(earlier / "segments.csv", index=False)
        before = replace(record, customers=record.customers - 5, k=2)
        (earlier / "run.json").write_text(json.dumps(before.to_json()), "utf-8")
        build(folder, record, pages, before=earlier)
        _add_what_moved(folder / "index.html", record)
        (folder / "readme.html").write_text(f"<p>{text}</p>")
        return Written(folder, record, {name: visible(folder / name) for name in FOR_MANAGERS + groups(folder)})

    return cache(write)


def _add_what_moved(page, record):
    """Put what an earlier run says on the first page: once for every label, so that every text of it is there."""
    words, wording = vocabulary_of_run(record), wording_of_run(record)
    parts = [PartRecord(name, 0.04, 4, -0.01, 0.05, 0.01, 0.03) for name in ("ageing", "real movement", "redefinition")]
    drift = (DriftRecord("burn_rate", 0.1, 0.05, 0.01, 0.2), DriftRecord("recency_days", 0.1, 0.05, 0.02, 0.2))
    index = page.read_text("utf-8")
    for label, advice in (*zip(words.MOVED, ("keep", "keep", "watch", "refit", "watch"), strict=True),):
        moved = ComparisonRecord(
            *("r", "twice", "2026-05-31", "2026-06-30", label, "Headline", "Because", advice, "Next", "Rule"),
            *(1000, 10, 5, 40, 0.9, {}, 39, tuple(parts), (), drift),
            beyond_chance=(0.03, 0.01, 0.05),
        )
        index = with_comparison(index, moved, "07_monitoring", words, wording).replace(
            'id="monitoring"', f'id="monitoring-{label}"'
        )
    page.write_text(index, "utf-8")


FOR_MANAGERS = ["index.html", "glossary.html", "summary.html", "readme.html"]


def groups(folder):
    return sorted(path.name for path in folder.glob("group_*.html"))


class Written(NamedTuple):
    """Pages, and the text of each that a reader sees or hears, without names of files and parameters."""

    folder: Path
    record: RunRecord
    texts: dict[str, str]


def visible(page):
    soup = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    for part in soup(["style", "script"]):
        part.decompose()
    for table in soup.find_all("table"):
        if table.parent.get("aria-label") in ("Parameters", "Parameter"):
            table.tbody.decompose()  # names and values
    spoken = [str(element[name]) for element in soup.find_all(True) for name in SHOWN if element.has_attr(name)]
    return " ".join([soup.get_text(" "), *spoken])


def words_in(text):
    """The words of at least four letters, in lower case; not parts of names such as near_border or segments.csv."""
    plain = (part.strip(".,;:!?()[]{}<>/·–…'’\"„“”‹›+-") for part in text.split())
    return {word.lower() for part in plain if not re.search(r"[_\d.=@]", part) for word in WORD.findall(part)}


def texts_of(words):
    """All texts of a vocabulary, without their fields."""
    flat = []
    for name in WORDS:
        value = getattr(words, name)
        values = value.values() if isinstance(value, dict) else [value]
        flat += [text for one in values for text in (one if isinstance(one, tuple) else [one])]
    return re.sub(r"\{[^}]*\}", " ", " ".join(flat))


def test_nothing_of_english_is_left_on_pages_in_german(analysis, written):
    german = written(GERMAN)
    english = words_in(texts_of(ENGLISH)) - words_in(texts_of(analysis.run.vocabulary(GERMAN)))
    assert len(english) > 400
    data = names_of_data(analysis)
    for name, text in german.texts.items():
        assert not (words_in(text) & english) - data - TERMS_OF_IT, name
    assert {"gutscheine", "kunden", "gruppe"} <= words_in(german.texts["index.html"])


def names_of_data(analysis):
    """Words that come from the data: names of cities and genders, and of the run and its source."""
    names = [*analysis.features["city_name"].unique(), *analysis.features["gender_name"].unique(), "sample"]
    return words_in(" ".join(map(str, names)))


def test_what_has_moved_is_told_in_the_words_of_the_page(written):
    german, english, shop = (" ".join(written(file).texts["index.html"].split()) for file in (GERMAN, None, SHOP))
    assert "Die Gruppen selbst sind andere geworden." in german
    assert "3,0 % der Kunden anders ein" in german
    assert "Etwa 3,0 % wechselten aus einem anderen Grund als Zufall (1,0 bis 5,0 Punkte)" in german
    assert "Seit dem 31.05.2026, Bericht r" in german
    assert "It is burn rate and " in english
    assert "It is burn" not in shop
    for word in ("Headline", "Because", "Rule"):  # the English texts of the record are not what is shown
        assert word not in german


def test_in_english_the_same_pages_are_full_of_those_words(analysis, written):
    english = words_in(texts_of(ENGLISH)) - words_in(texts_of(analysis.run.vocabulary(GERMAN)))
    assert all(len(words_in(text) & english) > 50 for text in written(None).texts.values())


def test_what_the_shop_calls_otherwise_has_no_old_name_on_the_pages(analysis, written):
    old = re.compile(r"\b(coupons?|cit(?:y|ies)|burn\w*)\b", re.I)
    pages = written(SHOP)
    for name, text in pages.texts.items():
        if name != "index.html":  # of 06, which was run in the old words, it has the numbers of usefulness
            assert not old.findall(text), name
    index = pages.texts["index.html"].replace(pages.record.verdict.use, "")
    assert not old.findall(index)
    assert "vouchers" in index
    assert "redeem vouchers" in index.lower()
    assert any("by country" in text for text in pages.texts.values())
    assert old.search(written(None).texts["index.html"])


def test_the_language_of_a_page_is_that_of_its_words(written):
    for file, language in ((GERMAN, "de"), (None, "en")):
        folder = written(file).folder
        for name in ("index.html", "glossary.html", "summary.html", *groups(folder)):
            soup = BeautifulSoup((folder / name).read_text("utf-8"), "html.parser")
            assert soup.html["lang"] == language
        assert ("auf Englisch" in written(file).texts["index.html"]) == (language == "de")


def test_the_first_page_is_short_also_where_something_changed_and_in_another_language(written):
    for file in (GERMAN, None):
        page = unfolded(written(file).folder / "index.html")
        assert page.select("#changes")
        assert words(page) <= 350


def test_numbers_and_days_on_german_pages_are_german(written):
    text = written(GERMAN).texts["index.html"]
    assert "1.353 von 1.500" in text or re.search(r"\d+ von 1\.500", text)
    assert re.search(r"\d{2}\.\d{2}\.20\d{2} bis \d{2}\.\d{2}\.20\d{2}", text)
    assert not re.search(r"\d%|\b[1-9]\d*,\d{3}\b", text)


def test_every_text_of_the_pages_is_used_and_every_text_used_is_there():
    report = ROOT / "seglib/report"
    sources = [path.read_text("utf-8") for path in (*report.glob("*.py"), *report.glob("templates/*.j2"))]
    code = "\n".join(sources)
    missing = set(re.findall(r"""\btext\(\s*["']([^"']+)["']""", code)) - WORDS["PAGES"].keys()
    assert not missing
    unused = {key for key in WORDS["PAGES"] if not re.search(rf"""["']{re.escape(key)}["']""", code)}
    assert unused <= {"send", "control"}  # the kinds of lists
