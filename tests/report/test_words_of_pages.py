"""Pages in another language, or in other words: nothing of the old words is left, and no text has no place."""

import re
from dataclasses import replace

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from whole import ROOT

from seglib.interpretation.audiences import audience_lists, customer_list, readme, sample_sizes
from seglib.interpretation.cards.cards import segment_cards
from seglib.interpretation.cards.notes import with_notes
from seglib.interpretation.holdout.holdout import evaluate_holdout
from seglib.interpretation.overview import overview
from seglib.interpretation.profiles.coupon_usage import coupon_usage
from seglib.interpretation.profiles.exemplars import exemplars
from seglib.interpretation.profiles.profile import profile
from seglib.interpretation.profiles.shares import compare_names
from seglib.interpretation.surrogate_tree.rules import fit_surrogate_tree
from seglib.report.build import build
from seglib.report.changes import compared
from seglib.report.pages import Page
from seglib.run.artefacts import read_json
from seglib.runner.steps import STEPS
from seglib.schema.records import FindingRecord, RunRecord, RunSegmentRecord
from seglib.scoring.model import load_model
from seglib.style.vocabulary.vocabulary import WORDS
from seglib.campaign.arms import ControlGroup

GERMAN, SHOP = (ROOT / "params/words" / name for name in ("german.yaml", "shop.yaml"))
WORD = re.compile(r"[^\W\d_]{4,}")
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
        record = RunRecord.from_json(read_json(self.run.report_dir / "run.json"))
        segments = tuple(RunSegmentRecord.from_json(card.record.to_json()) for card in cards)
        return replace(record, segments=segments, overview=first.record), text, listed


@pytest.fixture(scope="module")
def analysis(whole_run):
    return Analysis(whole_run("customer").run)


@pytest.fixture(scope="module")
def written(analysis, tmp_path_factory):
    """Write the pages for a manager in the words of a file; return their folder, the record and the text for lists."""

    def write(file):
        folder = tmp_path_factory.mktemp("pages")
        record, text, listed = analysis.record(analysis.run.vocabulary(file))
        for name in ("segments.csv", "model.skops", "run.json"):
            (folder / name).write_text("customer_id,segment\n1,A\n2,B\n")
        (folder / "audience").mkdir()
        (folder / "audience/README.txt").write_text(text)
        steps = [(name, STEPS[name]) for name in list(STEPS)[:6]] if isinstance(STEPS, dict) else []
        pages = [Page(name, name, "?", BeautifulSoup("", "html.parser"), [], None) for name, _ in steps]
        earlier = tmp_path_factory.mktemp("earlier")
        pd.DataFrame({"customer_id": ["1", "2"], "segment": ["B", "B"]}).to_csv(earlier / "segments.csv", index=False)
        (earlier / "run.json").write_text(as_json(replace(record, customers=record.customers - 5, k=2)))
        build(folder, record, pages, before=earlier)
        return folder, record, text, listed

    return write
