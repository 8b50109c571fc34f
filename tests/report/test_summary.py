"""One page to hand on: what it tells, that it is one sheet of A4, and what is said where no browser is."""

import os
import re
import stat
import sys
from dataclasses import replace

import nbformat
import pytest
from markupsafe import Markup

from seglib.report import pdf, summary
from seglib.report.figures import figure_named
from seglib.report.summary import FITS, LONGEST_LEAD, write_summary
from seglib.schema.records import (
    AuditCountRecord,
    ListRecord,
    NoteRecord,
    OverviewRecord,
    RowsRecord,
    RunRecord,
    RunSegmentRecord,
    RunVerdictRecord,
)
from seglib.style.vocabulary.vocabulary import ENGLISH

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>'
PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
PICTURE = Markup(f'<figure data-name="verdict"><img src="{PIXEL}" alt="A picture" style="width: 640px"></figure>')
LEAD = "They burned 21% of their decided coupons (all: 57%) and took 52 days to burn a coupon (all: 17)."
SEGMENT = RunSegmentRecord(
    name="Slow collectors",
    sentence=f"{LEAD} Over-represented by city: St. Gallen (14%, all: 8%) and Patras (13%, all: 8%).",
    lead=LEAD,
    notes=(
        NoteRecord(
            "to_try",
            "To try, beside a control group",
            "another kind of coupon before more of the same: they leave coupons.",
        ),
        NoteRecord(
            "caution", "What not to conclude", "that a coupon would work better or worse here: nobody has tried."
        ),
    ),
)
VERDICT = RunVerdictRecord(
    structure="natural",
    useful="useful",
    headline="Yes, these data fall into groups",
    claim="The customers fall into 3 groups that stand out from shops without segments.",
    sentence="Natural: the customers fall into 3 groups that stand out from shops without segments (p = .010) and "
    "come back when customers are drawn anew.",
    meaning="The data fall into groups by themselves.",
    use="Useful: who knows the segment predicts what customers do next better than who knows tenure and RFM "
    "only (active 5.4 points of the variance more, p = .008). Each on its own, segments predict more.",
    use_claim="Who knows the segment predicts what customers do next better than who knows tenure and RFM "
    "only. Each on its own, segments predict more.",
    use_lead="Who knows the segment predicts what customers do next better than who knows tenure and RFM only.",
    advice="You can plan with these segments: they are there, and they tell what customers do next.",
)


def record_of(k=3, **other):
    segments = tuple(replace(SEGMENT, segment=chr(65 + i), customers=1353 // k, share=1 / k) for i in range(k))
    record = RunRecord(
        run="spring",
        recipe="customer",
        source="shop.xlsx",
        as_of="2026-06-30",
        k=k,
        customers=1353,
        period=("2024-07-01", "2026-06-30"),
        customers_without_transaction=147,
        verdict=VERDICT,
        rows=RowsRecord(13_534, 13_500, 34),
        audit=AuditCountRecord((), 10),
        audiences=tuple(segment.segment for segment in segments),
        segments=segments,
        overview=OverviewRecord(
            lists=tuple(
                ListRecord(s.segment, kind, n, f"spring_{s.segment}_x_{kind}")
                for s in segments
                for kind, n in (("send", 405), ("control", 45))
            )
        ),
        started_utc="2026-11-24T22:39:22+00:00",
    )
    return replace(record, **other)


def test_the_page_tells_what_a_marketer_asks(tmp_path, sound):
    write_summary(tmp_path, record_of(), PICTURE)
    page = sound(tmp_path / "summary.html")
    text = " ".join(page.get_text(" ").split())
    for part in (
        "1,353 of 1,500 customers, in 3 groups",
        "1 July 2024 to 30 June 2026",
        "Yes, these data fall into groups",
        "Yes, they tell what customers do next",
        "You can plan with these segments",
        "Slow collectors",
        "33.3%",
        "Try: another kind of coupon",
        "13,534 rows came in, 13,500 were accepted, 34 set aside",
        "147 customers without a transaction",
        "nobody has tried",
        "24 Nov 2026, 22:39 UTC",
        "St. Gallen",
    ):
        assert part in text
    assert not re.search(r"p = |points of the variance|Each on its own|Natural:|Useful:", text)
    assert page.find("img")["alt"] == "A picture"
    links = [a["href"] for a in page.main.find_all("a")]
    assert links == ["segments.csv", *(f"audience/spring_{letter}_x_send.csv" for letter in "ABC")]
    assert [a.get_text() for a in page.main.find_all("a")] == [
        "segments.csv",
        "405",
        "405",
        "405",
    ]
    discs = [(card.find(class_="disc").get_text(), card["style"]) for card in page.find(class_="who").find_all("li")]
    assert [letter for letter, _ in discs] == ["A", "B", "C"]
    assert len({style for _, style in discs}) == 3


def test_text_from_data_stays_text(tmp_path, sound):
    segment = replace(SEGMENT, name=HOSTILE, sentence=HOSTILE, notes=(NoteRecord("to_try", "To try", HOSTILE),))
    audit, segments = AuditCountRecord((HOSTILE,), 10), tuple(replace(segment, segment=letter) for letter in "ABC")
    write_summary(tmp_path, record_of(source=HOSTILE, audit=audit, segments=segments))
    assert sound(tmp_path / "summary.html").get_text().count(HOSTILE) == 2 + 3 * 3


@pytest.mark.parametrize("useful", ["useful", "not shown to be useful", "cannot be said", "not tested", "a new word"])
def test_every_verdict_has_an_answer(tmp_path, sound, useful):
    write_summary(tmp_path, record_of(verdict=replace(VERDICT, useful=useful), period=(None, None), as_of=None))
    text = sound(tmp_path / "summary.html").get_text()
    assert ENGLISH.USE_ANSWERS.get(useful, "a new word") in text
    assert "None" not in text


def test_many_segments_are_told_in_fewer_words_and_smaller_type(tmp_path, sound):
    for k, places, tries in ((3, 3, 3), (8, 0, 8), (12, 0, 0)):
        write_summary(tmp_path, record_of(k))
        text = sound(tmp_path / "summary.html").get_text()
        assert (text.count("St. Gallen"), text.count("Try:")) == (places, tries)
        assert text.count("They burned 21%") == k
    sizes = [summary._size(record_of(k), PICTURE) for k in (2, 5, 8)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == FITS[0]


def test_a_record_of_an_earlier_version_has_no_lead_and_is_shown_with_its_sentence(tmp_path, sound):
    segments = tuple(replace(s, lead="", sentence=10 * f"{LEAD} ") for s in record_of(5).segments)
    verdict = replace(VERDICT, use_lead=None)
    write_summary(tmp_path, record_of(5, segments=segments, verdict=verdict))
    page = sound(tmp_path / "summary.html")
    assert "Each on its own, segments predict more." in page.get_text()
    sentence = page.find(class_="who").li.find_all("p")[1].get_text()
    assert sentence.endswith("…")
    assert 0.8 * LONGEST_LEAD < len(sentence) <= LONGEST_LEAD
    assert segments[0].sentence.startswith(sentence[:-1])


def test_the_picture_is_found_in_the_notebook():
    v4 = nbformat.v4
    other = v4.new_output("display_data", data={"text/html": "<figure><img alt='other'></figure>"})
    shown = v4.new_output("display_data", data={"text/html": f"<p>x</p>{PICTURE}"})
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("# x"), v4.new_code_cell("x", outputs=[other, shown])])
    assert 'alt="A picture"' in figure_named(notebook, "verdict")
    assert figure_named(notebook, "another") is None


# The PDF ----------------------------------------------------------------------------------------------------------


def test_without_a_browser_the_page_says_how_to_get_the_pdf(tmp_path, monkeypatch, sound):
    monkeypatch.delenv("SEGLIB_CHROME")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(pdf, "_usual_places", list)
    (tmp_path / "summary.pdf").write_text("of an earlier run")
    printed = write_summary(tmp_path, record_of())
    assert (printed.path, printed.pages) == (None, 0)
    assert "no Chromium, Chrome or Edge was found" in printed.note
    page = sound(tmp_path / "summary.html")
    note = page.find(string=re.compile("No PDF was made")).parent
    assert note.get_text() == printed.note
    assert "noprint" in note["class"]
    assert page.find(href="summary.pdf") is None
    assert not (tmp_path / "summary.pdf").exists()


@pytest.mark.parametrize("browser_name", ["none", "None", "/no/such/browser"])
def test_the_browser_can_be_switched_off_and_named(tmp_path, monkeypatch, browser_name):
    monkeypatch.setenv("SEGLIB_CHROME", browser_name)
    assert pdf.find_browser() is None
    assert "SEGLIB_CHROME" in write_summary(tmp_path, record_of()).note


posix = pytest.mark.skipif(os.name == "nt", reason="the browsers of these tests are shell scripts")


def browser_that(tmp_path, monkeypatch, *lines):
    script = tmp_path / "browser"
    script.write_text("\n".join([f"#!{sys.executable}", "import pathlib, sys, time", *lines]))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("SEGLIB_CHROME", str(script))


@posix
@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("sys.exit(3)", "ended with code 3"),
        ("pathlib.Path([a for a in sys.argv if '=' in a][-1].split('=')[1]).write_text('x')", "something else"),
        ("time.sleep(60)", "did not end within 1 seconds"),
    ],
)
def test_a_browser_that_fails_is_told_and_stops_nothing(tmp_path, monkeypatch, line, note):
    browser_that(tmp_path, monkeypatch, line)
    page = "<title>x</title>"
    printed = pdf.print_pdf(page, tmp_path / "page.pdf", timeout=1 if "sleep" in line else 30)
    assert note in printed.note
    assert not (tmp_path / "page.pdf").exists()


@posix
def test_a_page_that_needs_more_than_a_sheet_is_printed_smaller(tmp_path, monkeypatch, sound):
    lines = (  # a browser that needs two sheets until the type is smaller than 10pt
        "page = pathlib.Path(sys.argv[-1].removeprefix('file://')).read_text()",
        "size = float(page.split('html { font-size: ')[1].split('pt')[0])",
        "pages = '/Type /Page\\n' * (1 if size < 10 else 2)",
        "target = next(a for a in sys.argv if a.startswith('--print-to-pdf=')).split('=')[1]",
        "pathlib.Path(target).write_text(f'%PDF (Groups of run spring) {pages} /Type /Pages %%EOF')",
    )
    browser_that(tmp_path, monkeypatch, *lines)
    printed = write_summary(tmp_path, record_of())
    assert (printed.pages, printed.note) == (1, "")
    assert printed.path == tmp_path / "summary.pdf"
    assert f"html {{ font-size: {10.5 * FITS[1]:.2f}pt" in (tmp_path / "summary.html").read_text()
    assert sound(tmp_path / "summary.html").find(href="summary.pdf")


@pytest.fixture
def real_browser(monkeypatch):
    if os.environ.get("SEGLIB_CHROME") == "none":
        monkeypatch.delenv("SEGLIB_CHROME")
    if pdf.find_browser() is None:
        pytest.skip("no Chromium, Chrome or Edge is installed")


@pytest.mark.parametrize(
    ("k", "name"), [(3, "Slow collectors"), (8, "A name of sixty letters, as an analyst may give to a segment")]
)
def test_the_pdf_is_one_sheet(tmp_path, real_browser, k, name):
    findings = ("City holds 96% of the variance.",) if k == 8 else ()
    record = record_of(k, audit=AuditCountRecord(4 * findings, 10))
    record = replace(record, segments=tuple(replace(segment, name=name) for segment in record.segments))
    printed = write_summary(tmp_path, record, PICTURE)
    content = (tmp_path / "summary.pdf").read_bytes()
    assert (printed.pages, printed.note) == (1, "")
    width, height = map(float, re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content).groups())
    assert (width, height) == pytest.approx((595, 842), abs=1.5)  # A4
    assert b"file:" not in content  # a link would name a folder of this machine
    assert "No PDF" not in (tmp_path / "summary.html").read_text()
