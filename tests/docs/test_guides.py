"""The guides are true to the report: METHODS explains what is shown there, and the README quotes what is measured."""

import json
import re
import runpy
from dataclasses import replace

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from documents import CONTENTS, ROOT, blocks

from seglib.report.changes import compared
from seglib.report.groups import write_glossary
from seglib.report.index import figures, index_page
from seglib.schema.records import (
    AuditCountRecord,
    EvidenceRecord,
    FigureRecord,
    GroupRecord,
    ListRecord,
    NoteRecord,
    OverviewRecord,
    RowsRecord,
    RunRecord,
    RunSegmentRecord,
    RunVerdictRecord,
)
from seglib.style.vocabulary import cards as vocabulary
from seglib.style.vocabulary.vocabulary import ENGLISH
from seglib.style.wording import COUPON

METHODS = (ROOT / "docs" / "METHODS.md").read_text("utf-8")
ENTRY = re.compile(r"^### (.*)\n((?:(?!^##).*\n)*)", flags=re.M)


def simple(name):
    """A name without what differs from shop to shop: how many months, which letter."""
    return re.sub(r"\d+(\.\d+)? (day|month|year)s?", "… months", " ".join(name.split()).lower())


def entries():
    """The entries of METHODS, by every name that they explain."""
    explained = {}
    for heading, body in ENTRY.findall(METHODS):
        on_the_page = re.findall(r"^- \*\*On the page\*\*: (.*?)\.$", body, flags=re.M)
        for name in [*heading.split(" · "), *(name for line in on_the_page for name in line.split(", "))]:
            explained.setdefault(simple(name), body)
    return explained


LETTERS = ("A", "B")


def record(**changes):
    """A run in which everything that the first page can show is there."""
    coupons = COUPON.many
    overview = OverviewRecord(
        figures=(FigureRecord("used", f"{coupons} used", 0.5, "50%"),),
        groups=tuple(GroupRecord(s, work_share=0.5, used=0.5, came_back=0.5, smallest_change=0.1) for s in LETTERS),
        everybody=GroupRecord("", 1.0, 0.5, 0.5),
        lists=tuple(ListRecord(s, kind, 5, f"r_{s}_{kind}") for s in LETTERS for kind in ("send", "control")),
        work=vocabulary.WORK["burned"].format(coupons=coupons),
        used=vocabulary.USED_COLUMN.format(coupons=coupons),
        came_back=vocabulary.CAME_BACK_COLUMN.format(months="8 months"),
        cut="2026-01-01",
        thing=coupons,
    )
    whole = RunRecord(
        run="r",
        recipe="customer",
        source="shop.xlsx",
        as_of="2026-06-30",
        period=("2025-01-01", "2026-06-30"),
        started_utc="2026-11-27T10:00:00Z",
        parameters={"01_ingest": {"source": "sample"}},
        customers=20,
        rows=RowsRecord(30, 30, 0),
        audit=AuditCountRecord((), 15),
        k=2,
        silhouette=0.4,
        inertia=1.0,
        overview=overview,
        verdict=RunVerdictRecord(
            structure="natural",
            useful="useful",
            headline="Yes",
            evidence=(EvidenceRecord("silhouette", "k = 2", "0.2", True),),
        ),
        segments=tuple(
            RunSegmentRecord(s, 10, 0.5, f"Group {s}", notes=(NoteRecord("test", "h", "t"),)) for s in LETTERS
        ),
        versions={"seglib": "0"},
    )
    return replace(whole, **changes)


@pytest.fixture(scope="module")
def first_page(tmp_path_factory):
    """The first page with all its tables, those of what changed since the last run too."""
    then, now = tmp_path_factory.mktemp("then"), tmp_path_factory.mktemp("now")
    for folder, letters in ((then, "AB"), (now, "BA")):
        pd.DataFrame({"customer_id": ["1", "2"], "segment": list(letters)}).to_csv(folder / "segments.csv", index=False)
    (then / "run.json").write_text(json.dumps(record(source="older.xlsx").to_json()))
    previous = compared(then, now, record())
    assert previous["moves"]
    text = index_page(now, record(), [], picture=None, previous=previous)
    return BeautifulSoup(text, "html.parser")


def test_every_word_of_the_glossary_has_an_entry():
    explained = entries()
    for term in ENGLISH.TERMS.values():
        name = ENGLISH.fill(term, COUPON)
        assert simple(name) in explained, f"docs/METHODS.md has no entry for the word '{name}' of the glossary"


def test_the_glossary_that_is_written_has_no_other_word(tmp_path):
    page = BeautifulSoup(write_glossary(tmp_path, record()).read_text("utf-8"), "html.parser")
    shown = {simple(word.get_text()) for word in page.find_all("dt")}
    assert len(shown) >= 15
    assert shown <= entries().keys()


def test_every_column_of_the_first_page_has_an_entry(first_page):
    explained, columns = entries(), set()
    for head in first_page.select("thead th"):
        for question in head.find_all("details"):
            question.decompose()
        columns.add(simple(head.get_text(" ")))
    assert {"group", "a test shows", "holds", "value", "before"} <= columns  # all five tables are there
    for name in columns - {"now b"}:  # 'now A' stands for all letters
        assert name in explained, f"docs/METHODS.md has no entry for the column '{name}' of the first page"


def test_every_figure_of_the_first_page_has_an_entry():
    explained = entries()
    few = replace(record(), overview=replace(record().overview, figures=()))
    for figure in [*figures(record()), *figures(few)]:
        assert simple(figure.label) in explained, figure.label
    for template in vocabulary.WORK.values():
        assert simple(template.format(coupons=COUPON.many)) in explained, template
    for template in (vocabulary.CAME_BACK_FIGURE, vocabulary.CAME_BACK_COLUMN):
        assert simple(template.format(months="8 months")) in explained, template
    assert simple(vocabulary.SPEND_FIGURE) in explained


def test_every_entry_says_what_it_is_and_how_it_misleads():
    all_entries = ENTRY.findall(METHODS)
    assert len(all_entries) >= 60
    for heading, body in all_entries:
        assert "- **What**: " in body, heading
        assert "- **Misleads**: " in body, heading
        parts = re.findall(r"^- \*\*(.*?)\*\*", body, flags=re.M)
        assert parts == sorted(parts, key=["On the page", "What", "From", "Example", "Misleads"].index), heading


def test_the_contents_of_methods_are_those_of_its_headings():
    assert CONTENTS["with_contents"](METHODS) == METHODS, "run python docs/contents.py"


def test_every_page_of_the_report_has_its_lines():
    pages = [title for level, title in CONTENTS["headings"](METHODS) if level == 2]
    for start in ("The first page", "The page of a group", "01", "02", "03", "04", "05", "06", "07", "08"):
        assert any(page.startswith(start) for page in pages), start


README = (ROOT / "README.md").read_text("utf-8")


def test_the_readme_is_short_and_has_pictures():
    assert len(README.splitlines()) <= 150
    assert len(re.findall(r"!\[[^\]]{20,}\]\(docs/\w[\w-]*\.png\)", README)) >= 2


def test_the_readme_quotes_how_often_the_verdict_is_right():
    """The figures are those of the committed study, counted here from its draws."""
    draws = pd.read_csv(ROOT / "studies" / "strangers.csv").dropna(subset=["groups"])
    for form, start in (("shop", "| shops"), ("table", "| tables")):
        of = draws[draws["form"] == form]
        without, planted = of[of["groups"] == 0], of[of["groups"] > 0]
        called = planted[planted["structure"].isin(["natural", "reproducible"])]
        [row] = [line for line in README.splitlines() if line.startswith(start)]
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells[1].startswith(f"{(without['structure'] == 'natural').mean():.0%} of {len(without)} (")
        assert cells[2] == f"{len(called) / len(planted):.0%} of {len(planted)}"
        assert cells[3] == f"{(called['k'] == called['groups']).mean():.0%}"


def test_that_part_of_the_readme_is_written_from_the_study():
    script = runpy.run_path(str(ROOT / "docs" / "study.py"))
    assert script["with_study"](README) == README, "run python docs/study.py"


def test_the_readme_names_the_worst_kinds():
    draws = pd.read_csv(ROOT / "studies" / "strangers.csv")
    without = draws[draws["groups"] == 0]
    natural = (without["structure"] == "natural").groupby(without["kind"]).mean()
    assert f"*{natural.idxmax()}*" in README
    for kind in ("responses along a gradient", "scikit-learn make_s_curve"):
        assert f"*{kind}*" in README
        assert natural[kind] >= 0.9 * natural.max()


def test_the_pictures_that_documents_show_are_taken_by_the_gallery():
    gallery = (ROOT / "docs" / "gallery.py").read_text("utf-8")
    for picture in (ROOT / "docs").glob("*.png"):
        assert f'"{picture.name}"' in gallery


def test_methods_show_code_that_tests_run():
    """The lines that print the numbers are run by tests/runner/test_pipeline.py on a finished run."""
    assert len(blocks(METHODS, "python")) >= 8
