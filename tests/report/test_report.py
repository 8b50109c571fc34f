"""Pages that stand alone, in two faces, and show text from data as text."""

import base64
import json
import re
from dataclasses import replace

import nbformat
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from seglib.report.build import build
from seglib.report.changes import compared, write_movers
from seglib.report.figures import figure_named
from seglib.report.glance import glance_picture
from seglib.report.groups import group_views, write_glossary, write_groups
from seglib.report.index import _use, best_test, for_all, in_words, index_page
from seglib.report.pages import Page, _Exporter, page_of, write_pages
from seglib.schema.records import (
    AuditCountRecord,
    BesideRecord,
    EvidenceRecord,
    FigureRecord,
    FindingRecord,
    GlanceRecord,
    GroupRecord,
    InputRecord,
    ListRecord,
    MeasureRecord,
    NextRecord,
    NoteRecord,
    OverviewRecord,
    RowsRecord,
    RunRecord,
    RunSegmentRecord,
    RunVerdictRecord,
)
from seglib.style.colours import PALETTE
from seglib.style.vocabulary.vocabulary import ENGLISH, Vocabulary

HOSTILE = '<script>alert("x")</script> & <img src=x onerror=alert(1)> [click](javascript:alert(1))'
FIGURE = (
    '<figure data-name="verdict"><img src="data:image/png;base64,AAAA" alt="beyond them"><figcaption>n = 3</figcaption>'
    "</figure><table><caption><span>rows</span></caption><tr><td>1</td></tr></table>"
)
DRAWN_BY_SCRIPT = {"text/html": "<b>drawn</b><SCRIPT>draw()</SCRIPT>", "text/plain": "Pipeline(<function f at 0x7fb1>)"}
QUESTIONS = {"01_one": "First?", "02_two": "Second?"}
TO_TRY = "To try, beside a control group"
RECORD = RunRecord(
    status="done",
    run="r",
    recipe="customer",
    source=HOSTILE,
    kind="workbook",
    as_of="2026-06-30",
    seed=0,
    parameters={
        "01_ingest": {"cities": "Genoa"},
        "01_one": {"run": "r", "city": HOSTILE, "source": "../../home/me/shop.xlsx"},
        "05_clustering": {"align_to": None},
    },
    inputs=(InputRecord("customers", 1, "0"),),
    period=("a", "b"),
    customers=1234,
    rows=RowsRecord(1, 1, 0),
    findings=(FindingRecord("info", "customers", HOSTILE, 12345),),
    notes=(HOSTILE,),
    audit=AuditCountRecord(("City <b>holds</b> 85% of the variance.",), 10),
    k=2,
    k_reason="because.",
    k_judged="Judged.",
    inertia=1234.5,
    silhouette=0.5,
    verdict=RunVerdictRecord(
        structure="constructed",
        useful="not tested",
        headline="No",
        claim="There are no groups.",
        sentence="Constructed: no groups.",
        meaning="The method made them.",
        use="Not shown to be useful (p = .3).",
        use_claim="Not shown to be useful.",
        advice="Prefer rules.",
        monday="Treat all alike.",
        evidence=(EvidenceRecord("differences", "0 of 4 tests", "0, at the level of 5%", False),),
    ),
    audiences=("A",),
    overview=OverviewRecord(
        figures=(FigureRecord("used", "coupons used", 0.45, "45%", "share"),),
        groups=(
            GroupRecord(
                "A",
                work_share=1.0,
                used=0.45,
                came_back=0.8,
                smallest_change=0.11,
                near_border=7,
                then=1000,
                next=(NextRecord("active", "came back", "80%", "79%"),),
                rule=f"{HOSTILE}. 99% of such customers are in this group.",
                story=f"No. 7: {HOSTILE}.",
            ),
        ),
        everybody=GroupRecord("", work_share=1.0, used=0.45, came_back=0.8),
        lists=(
            ListRecord("A", "send", 1111, "r_A_x_send", excel=True),
            ListRecord("A", "control", 123, "r_A_x_control"),
        ),
        work="share of used coupons",
        used="use coupons",
        came_back="come back in 8 months",
        cut="2025-10-30",
        thing="coupons",
    ),
    segments=(
        RunSegmentRecord(
            segment="A",
            name=HOSTILE,
            sentence=HOSTILE,
            customers=1234,
            share=1.0,
            beside=(BesideRecord(HOSTILE, "share", 0.9, 0.45, True, "90%", "45%"),),
            notes=(NoteRecord("caution", HOSTILE, HOSTILE), NoteRecord("to_try", TO_TRY, "a reminder")),
        ),
    ),
    durations_s={"01_one": 1.0, "02_two": 2.0},
    versions={"seglib": "0"},
    started_utc="2026-01-01T00:00:00+00:00",
)


def notebook(title):
    v4 = nbformat.v4
    cells = [
        v4.new_markdown_cell(f"# {title}\n\n**Q?** [next](02_two.ipynb)"),
        v4.new_markdown_cell("for analysts", metadata={"tags": ["analyst"]}),
        v4.new_code_cell("run = 1", metadata={"tags": ["parameters"]}),
        v4.new_markdown_cell(
            r"With $a_i$ and $b_i$: $$\frac{b_i - a_i}{\max(a_i, b_i)}$$ ![far](http://example.com/x.png)"
        ),
        v4.new_code_cell(
            "secret_code()",
            outputs=[
                v4.new_output("display_data", data={"text/markdown": f"city {HOSTILE}"}),
                v4.new_output("display_data", data={"text/html": "<p>made by us</p>", "text/plain": "x"}),
                v4.new_output("display_data", data={"text/html": FIGURE}),
                v4.new_output("execute_result", data=DRAWN_BY_SCRIPT, execution_count=1),
                v4.new_output("stream", name="stderr", text="a warning"),
                v4.new_output("execute_result", data={"text/plain": "42 <b>"}, execution_count=1),
            ],
        ),
        v4.new_markdown_cell("## A part\n\ntext\n\n```python\nx = 1\n```"),
    ]
    return v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    (folder / "notebooks").mkdir()
    for name in QUESTIONS:
        nbformat.write(notebook(name), folder / "notebooks" / f"{name}.ipynb")
    build(folder, RECORD, [page_of(folder, name, question) for name, question in QUESTIONS.items()])
    return {path.name: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in folder.glob("*.html")}


def test_every_notebook_has_two_faces_and_there_is_an_index(pages):
    assert set(pages) == {
        "index.html",
        "01_one.html",
        "01_one_business.html",
        "02_two.html",
        "02_two_business.html",
        "summary.html",
        "glossary.html",
        "group_A.html",
    }


def test_text_from_data_stays_text(pages):
    for name, soup in pages.items():
        assert soup.find("script") is None, name
        assert soup.find(onerror=True) is None, name
        assert not soup.find_all(href=re.compile("javascript:")), name
    assert HOSTILE.split(" &")[0] in pages["index.html"].get_text()
    assert "<script>" in pages["01_one.html"].get_text()


def test_what_needs_a_script_is_shown_as_plain_text_without_addresses(pages):
    texts = [pre.get_text() for pre in pages["01_one.html"].find_all("pre", class_="text")]
    assert "Pipeline(<function f>)" in texts
    assert "draw" not in pages["01_one.html"].get_text()


def test_the_full_face_folds_the_code_and_the_business_face_has_none(pages):
    full, business = pages["01_one.html"], pages["01_one_business.html"]
    assert "secret_code" in full.article.find("details").find_parent("article").get_text()
    assert not any(d.has_attr("open") for d in full.find_all("details"))
    assert {"Parameters and their defaults", "Code"} == {s.get_text() for s in full.article.find_all("summary")}
    for hidden in ("secret_code", "a warning", "for analysts", "run = 1"):
        assert hidden not in business.get_text()
    for kept in ("made by us", "42 <b>", "A part"):
        assert kept in business.get_text()


def test_links_between_notebooks_lead_to_pages_of_the_same_face(pages):
    assert pages["01_one.html"].find("a", string="next")["href"] == "02_two.html"
    assert pages["01_one_business.html"].find("a", string="next")["href"] == "02_two_business.html"
    assert pages["01_one.html"].find("a", string="A part")["href"] == "#part-1"
    assert pages["01_one.html"].find(id="part-1").get_text() == "A part"


def test_the_current_page_is_marked_and_titles_come_from_the_notebooks(pages):
    assert pages["02_two.html"].find(attrs={"aria-current": "page"}).get_text() == "02_two"
    assert pages["02_two.html"].title.get_text() == "02_two · r"


def test_the_index_tells_what_the_record_tells(pages):
    text = pages["index.html"].get_text()
    expected = ("1,234 of 1,234 customers, in 2 groups", "No. Treat all alike.", "Constructed: no groups.", "because.")
    for part in (*expected, "Judged.", "0.500", "First?"):
        assert part in text


def test_the_first_page_is_in_the_order_of_a_decision(pages):
    article = pages["index.html"].article
    order = [
        article.select_one(".verdict .say"),
        article.select_one(".figures"),
        article.select_one("#groups table"),
        article.select_one(".limit"),
        article.select_one(".cards"),
        *article.select("#test, #left-out, #lists, #evidence"),
    ]
    elements = list(article.descendants)
    places = [next(i for i, e in enumerate(elements) if e is part) for part in order]
    assert places == sorted(places)
    assert len(places) == 9
    anchors = {
        a["href"].removeprefix("#") for a in pages["index.html"].select(".anchors a") if a["href"].startswith("#")
    }
    assert anchors == {"groups", "test", "left-out", "lists", "evidence"}
    assert all(article.find(id=anchor) for anchor in anchors)


def test_the_evidence_is_one_click_away(pages):
    row = pages["index.html"].select_one("#evidence details tbody tr")
    assert [td.get_text() for td in row.find_all("td")] == [
        "differences",
        "0 of 4 tests",
        "0, at the level of 5%",
        "no",
    ]


def test_a_row_of_the_groups_has_its_numbers_and_its_list(pages):
    row = pages["index.html"].select_one("#groups tbody tr")
    assert row.th.a["href"] == "group_A.html"
    cells = {td["data-label"]: td.get_text(" ", strip=True) for td in row.select("td[data-label]")}
    assert cells == {
        "Customers": "1,234 100%",
        "Share of used coupons": "100%",
        "Use coupons": "45%",
        "Come back in 8 months": "80%",
        "A test shows": "11 points",
    }
    assert [a["href"] for a in row.select("td.list a")] == ["audience/r_A_x_send.xlsx", "audience/r_A_x_send.csv"]


def test_a_group_has_a_page_of_its_own(pages):
    page = pages["group_A.html"]
    text = page.article.get_text(" ", strip=True)
    for part in ("1,234 of 1,234 customers", "30 October 2025", "1,000 customers", "7 of 1,234 may belong", "No. 7:"):
        assert part in text
    assert [td.get_text() for td in page.select("table tbody td")] == ["80%", "79%"]
    hrefs = [a["href"] for a in page.select(".lists a")]
    assert hrefs == ["audience/r_A_x_send.xlsx", "audience/r_A_x_send.csv", "audience/r_A_x_control.csv"]


def test_pages_of_groups_that_are_no_more_are_removed(tmp_path):
    (tmp_path / "group_Z.html").write_text("an older run")
    assert [path.name for path in write_groups(tmp_path, RECORD)] == ["group_A.html"]
    assert [path.name for path in tmp_path.iterdir()] == ["group_A.html"]


def test_every_question_mark_has_its_place_in_the_glossary(pages):
    glossary = {dt.get_text(): dt.find_next("dd").get_text() for dt in pages["glossary.html"].select("dt")}
    asked = [
        (summary["aria-label"], summary.parent.span.get_text())
        for page in ("index.html", "group_A.html")
        for summary in pages[page].select(".ask summary")
    ]
    assert len(asked) >= 8
    for label, meaning in asked:
        word = label.removeprefix("What does “").removesuffix("” mean?")
        assert glossary[word] == meaning


def test_a_shop_without_coupons_or_dates_reads_nothing_of_them(tmp_path):
    bare = replace(
        RECORD, source="s", as_of=None, period=(None, None), overview=OverviewRecord(), findings=(), notes=()
    )
    write_groups(tmp_path, bare)
    write_glossary(tmp_path, bare)
    index = index_page(tmp_path, replace(bare, segments=()), [], picture=None, previous=None)
    for text in (index, (tmp_path / "glossary.html").read_text("utf-8")):
        words_shown = BeautifulSoup(text, "html.parser").main.get_text().lower()
        for word in ("coupon", "came back", "come back", "rfm", "tenure"):
            assert word not in words_shown, word
    assert "this source has no dates" in (tmp_path / "group_A.html").read_text("utf-8")


def test_rows_left_out_are_told_with_their_money(tmp_path):
    findings = (
        FindingRecord("exclusion", "transactions", "Customer is empty", 599, 16839.35),
        FindingRecord("exclusion", "transactions", "Invoice starts with C", 60, -1823.15),
        FindingRecord("info", "transactions", "no status", 9),
    )
    record = replace(RECORD, findings=findings, rows=RowsRecord(1000, 341, 659), customers_without_transaction=3)
    page = BeautifulSoup(index_page(tmp_path, record, [], picture=None, previous=None), "html.parser")
    shown = [li.get_text(" ", strip=True) for li in page.select("#left-out > ul li")]
    assert shown == [
        "3 customers without a coupon are in no group.",
        "599 rows of transactions (worth 16,839): Customer is empty",
        "60 rows of transactions (worth -1,823): Invoice starts with C",
    ]
    assert (
        page.select(".figures dd")[-1].get_text(" ", strip=True) == "659 worth 15,016"
    )  # the same as in the control totals


def test_what_is_the_same_for_all_groups_is_said_once():
    segment = RECORD.segments[0]
    other = replace(segment, segment="B", notes=(NoteRecord("to_try", TO_TRY, "an offer"),))
    assert for_all(group_views(replace(RECORD, segments=(segment, replace(segment, segment="B"))))) == "a reminder"
    assert for_all(group_views(replace(RECORD, segments=(segment, other)))) == ""


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)), min_size=1, max_size=8))
def test_bars_of_one_kind_have_one_scale(values):
    rows = [BesideRecord("spend", "number", own, everybody, True, "", "") for own, everybody in values]
    segments = tuple(replace(RECORD.segments[0], segment=f"S{i}", beside=(row,)) for i, row in enumerate(rows))
    widths = [view.beside[0] for view in group_views(replace(RECORD, segments=segments))]
    greatest = max(max(pair) for pair in values)
    for row, (own, everybody) in zip(widths, values, strict=True):
        for width, value in ((row["own_width"], own), (row["all_width"], everybody)):
            assert 0 <= width <= 100
            assert width == pytest.approx(100 * value / (1.1 * greatest) if greatest else 0, abs=0.06)


@pytest.mark.parametrize(
    ("useful", "claim", "text"),
    [
        ("useful", "Who knows the segment predicts better.", "Useful: who knows the segment predicts better."),
        ("not shown to be useful", "It was no better.", "Not shown to be useful: it was no better."),
        ("cannot be said", "Whether it is cannot be said: why.", "Whether it is cannot be said: why."),
        ("not tested", None, ""),
    ],
)
def test_the_index_says_whether_segments_are_useful_behind_the_label(useful, claim, text):
    assert _use(RunVerdictRecord(useful=useful, use_claim=claim)) == text


def test_what_the_audit_found_stands_at_the_head_of_every_page(pages):
    for name, soup in pages.items():
        if name not in ("group_A.html", "glossary.html"):  # one click away
            assert "City <b>holds</b> 85% of the variance." in soup.get_text(), name


def test_nothing_is_fetched(pages):
    for soup in pages.values():
        assert not soup.find_all(["script", "link", "iframe", "object", "embed"])
        assert not [img for img in soup.find_all("img") if not img["src"].startswith("data:")]
        for tag in soup.find_all(src=True):
            assert tag["src"].startswith("data:")
        assert "url(" not in soup.style.get_text()
        assert "@import" not in soup.style.get_text()


def test_formulas_need_no_script_and_are_not_for_everybody(pages):
    block = pages["01_one.html"].find("math", display="block")
    assert block.find("mfrac") is not None
    assert "$" not in pages["01_one.html"].article.get_text()
    assert pages["01_one_business.html"].find("math") is None


SECTIONS = """<div class="prose" data-tags=""><h1>T</h1></div><div class="cell" data-tags="analyst">x</div>
<div class="prose" data-tags="fold"><h2>Numbers</h2><p>long</p></div><div class="cell" data-tags=""><p>table</p></div>
<div class="prose" data-tags=""><h2>Plain</h2><p>Set <code>city</code> to Genoa.</p>
<p>See <code>segments.csv</code>.</p></div>
<div class="prose" data-tags="first"><h2>Takeaways</h2></div><div class="cell" data-tags="first"><p>answers</p></div>"""


def test_what_is_read_first_comes_first_and_analysts_sections_are_folded_at_the_end(tmp_path):
    body = BeautifulSoup(SECTIONS, "html.parser")
    write_pages(tmp_path, RECORD, [Page("09_x", "T", "Q?", body, [], None)])
    full, business = (
        BeautifulSoup((tmp_path / name).read_text("utf-8"), "html.parser").article
        for name in ("09_x.html", "09_x_business.html")
    )
    assert [h.get_text() for h in full.find_all("h2")] == ["Takeaways", "Numbers", "Plain"]
    assert [h.get_text() for h in business.find_all("h2")] == ["Takeaways", "Plain", "For analysts"]
    assert full.select("details") == []
    [fold] = business.select("details.section")
    assert " ".join(fold.get_text(" ").split()) == "Numbers long table"
    assert not fold.has_attr("open")
    text = business.get_text(" ")
    assert text.index("answers") < text.index("Plain") < text.index("For analysts")
    assert "to Genoa" not in text  # it names a parameter
    assert "segments.csv" in text


@pytest.mark.parametrize("text", [r"$\frac{1$ off", "$<script>$", "$$$$", "costs $5 or $6", r"$\begin{x}$"])
def test_what_is_no_formula_after_all_stays_text(text):
    page = BeautifulSoup(_Exporter().markdown2html({}, text), "html.parser")
    assert page.find("script") is None
    assert "<script>" not in page.decode()


def test_figures_and_tables_are_numbered_in_both_faces(pages):
    for name in ("02_two.html", "02_two_business.html"):
        assert pages[name].find("figcaption").get_text() == "Figure 1. n = 3"
        assert pages[name].article.find("caption").get_text() == "Table 1. rows"


def test_the_code_of_a_page_can_be_copied_as_it_stands(pages):
    shown = [pre.get_text().strip() for pre in pages["01_one.html"].select("details.code pre")]
    assert shown == ["run = 1", "secret_code()"]


def test_the_head_of_a_page_says_what_it_is_about(pages):
    shown = {dt.get_text(): dt.find_next("dd").get_text() for dt in pages["01_one_business.html"].select("dl.run dt")}
    assert shown["Customers"] == "1,234"
    assert shown["Period"] == "a to b"
    assert shown["Verdict"] == "Constructed, not tested"
    assert shown["Run time"] == "3 s"
    assert shown["Data"] == f"{HOSTILE}, customers of Genoa only, looked at on 2026-06-30"


def test_the_index_shows_the_picture_of_the_verdict(pages):
    assert pages["index.html"].select_one("#evidence figure img")["alt"] == "beyond them"
    assert figure_named(notebook("x"), "another") is None


def test_a_card_puts_numbers_beside_those_of_all_customers(pages):
    card = pages["index.html"].select_one(".cards li")
    assert [dd.get_text(strip=True) for dd in card.select("dd")] == ["90%", "all customers: 45%"]
    assert "width: 90.0%" in card.select_one("dl .bar span")["style"]
    assert "A reminder" in pages["index.html"].select_one(".cards").find_previous("p").get_text()  # the only group


def test_no_page_tells_where_the_files_of_the_analyst_lie(pages):
    for name, soup in pages.items():
        assert "home/me" not in soup.get_text(), name
    assert "shop.xlsx" in pages["index.html"].get_text()


def test_the_colours_of_pages_are_those_of_figures(pages):
    colours = re.findall(r"--seg-\d: (#\w{6})", pages["index.html"].style.get_text())
    assert tuple(colours) == PALETTE


def test_dark_and_paper_are_thought_of(pages):
    style = pages["index.html"].style.get_text()
    assert "@media screen and (prefers-color-scheme: dark)" in style
    assert "@page { size: A4" in style


@pytest.fixture
def two_runs(tmp_path):
    """Write the records and lists of two runs; return a function that compares them after a change of the second."""

    def compare(letters, **changes):
        record = replace(RECORD, **changes)
        for name, record_of_run, listed in (
            ("before", RECORD, {"1": "A", "2": "A", "3": "A"}),
            ("now", record, letters),
        ):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / "run.json").write_text(json.dumps(record_of_run.to_json()), encoding="utf-8")
            lines = "".join(f"{customer},{letter}\r\n" for customer, letter in listed.items())
            (tmp_path / name / "segments.csv").write_text(f"customer_id,segment\r\n{lines}", encoding="utf-8")
        return compared(tmp_path / "before", tmp_path / "now", record)

    return compare


def test_the_same_again_differs_in_nothing(two_runs):
    changes = two_runs({"1": "A", "2": "A", "3": "A"})
    assert not changes["changed"]
    assert changes["sentence"] == "The same data, and no customer changed group."
    assert changes["moves"] == []
    assert set(changes["figures"].values()) == {"±0"}


def test_what_changed_since_the_last_run_is_told(two_runs):
    changes = two_runs({"1": "B", "2": "A", "9": "A"}, customers=999, inputs=(InputRecord("customers", 1, "1"),))
    assert {row["what"] for row in changes["rows"] if row["differs"]} == {"customers"}
    for part in ("New data.", "Of 2 customers in both, 1 changed group.", "1 came. 1 left.", "align_to"):
        assert part in changes["sentence"]
    assert changes["letters"] == ["A"]
    assert changes["movers"] == [("1", "A", "B"), ("3", "A", ""), ("9", "", "A")]
    assert changes["figures"]["placed"] == "−235"  # 999 after 1,234


@pytest.mark.parametrize(
    ("as_of", "used", "headings"),
    [
        ("2026-06-30", "use coupons", ["Days", "Burns", "Last"]),
        ("2026-06-30", "", ["Days", "Last"]),
        (None, "", ["Last"]),
    ],
)
def test_sections_that_do_not_apply_are_for_analysts_only(tmp_path, as_of, used, headings):
    cells = (
        '<div class="prose" data-tags=""><h1>T</h1></div>'
        '<div class="prose" data-tags="needs-dates"><h2>Days</h2></div>'
        '<div class="cell" data-tags=""><p>of days</p></div>'
        '<div class="prose" data-tags="needs-status"><h2>Burns</h2><p>of burns</p></div>'
        '<div class="prose" data-tags=""><h2>Last</h2></div>'
    )
    record = replace(RECORD, as_of=as_of, overview=replace(RECORD.overview, used=used))
    write_pages(tmp_path, record, [Page("09_x", "T", "Q?", BeautifulSoup(cells, "html.parser"), [], None)])
    business, full = (
        BeautifulSoup((tmp_path / name).read_text("utf-8"), "html.parser")
        for name in ("09_x_business.html", "09_x.html")
    )
    assert [h.get_text() for h in business.article.find_all("h2")] == headings
    assert ("of days" in business.article.get_text()) == ("Days" in headings)
    assert [h.get_text() for h in full.article.find_all("h2")] == ["Days", "Burns", "Last"]
    assert [a.get_text() for a in business.select(".contents a")] == headings


def test_who_moved_is_a_list(two_runs, tmp_path):
    path = write_movers(tmp_path, two_runs({"1": "B", "2": "A", "=1+1": "A"}))
    assert path.read_bytes() == b"customer_id,group_before,group_now\r\n1,A,B\r\n3,A,\r\n'=1+1,,A\r\n"
    assert write_movers(tmp_path, two_runs({"1": "A", "2": "A", "3": "A"})) is None
    assert not path.exists()


def test_where_no_run_was_before_nothing_is_compared(two_runs, tmp_path):
    two_runs({})
    assert compared(tmp_path / "nowhere", tmp_path / "now", RECORD) is None
    (tmp_path / "before" / "run.json").write_text("{}", encoding="utf-8")
    assert compared(tmp_path / "before", tmp_path / "now", RECORD) is None


def test_who_may_be_in_another_group_is_told_where_nothing_was_counted_too(tmp_path):
    record = replace(RECORD, overview=replace(RECORD.overview, work="", used="", came_back="", cut=None))
    [page] = write_groups(tmp_path, record)
    assert "7 of 1,234 may belong to another group." in page.read_text()


@pytest.mark.parametrize(
    ("k_star", "text"), [(2, "come back with other customers, 2 fits best"), (None, "name no number: 2 is a choice")]
)
def test_the_index_says_why_there_are_so_many_groups(tmp_path, k_star, text):
    record = replace(RECORD, verdict=replace(RECORD.verdict, k_star=k_star))
    assert text in index_page(tmp_path, record, [], picture=None, previous=None)


def test_what_was_not_asked_is_no_no(tmp_path):
    line = EvidenceRecord("differences", "not asked", "0, at the level of 5%", None)
    record = replace(RECORD, verdict=replace(RECORD.verdict, evidence=(line,)))
    page = BeautifulSoup(index_page(tmp_path, record, [], picture=None, previous=None), "html.parser")
    assert page.select_one("td[data-label=holds]").get_text() == "–"


def test_the_picture_of_the_verdict_is_drawn_in_the_words_of_the_page():
    measures = (MeasureRecord("silhouette", 0.5, 0.3), MeasureRecord("prediction_strength", 0.2, 0.4))
    record = replace(RECORD, glance=GlanceRecord(measures, 1234, 99))
    figure = BeautifulSoup(glance_picture(record), "html.parser").figure
    assert "in 1 of 2 ways" in figure.img["alt"]
    assert "1,234 rows" in figure.figcaption.get_text()
    drawing = base64.b64decode(figure.img["src"].partition("base64,")[2]).decode()
    svg = BeautifulSoup(drawing, "html.parser")
    assert "Your shop goes beyond shops without groups in 1 of 2 ways" in svg.get_text()
    assert len(svg.find_all("circle")) == 2  # the mark of what is not beyond, and its meaning
    words = {"PICTURE": ENGLISH.PICTURE | {"some": "<b> {n} von {of}"}}
    record = replace(record, overview=replace(record.overview, words=words))
    own = BeautifulSoup(glance_picture(record), "html.parser").img["src"]
    assert "&lt;b&gt; 1 von 2" in base64.b64decode(own.partition("base64,")[2]).decode()
    assert glance_picture(RECORD) is None


def test_a_group_without_an_idea_is_no_empty_card(tmp_path):
    [segment] = RECORD.segments
    other = replace(segment, segment="B", notes=(), beside=())
    record = replace(RECORD, segments=(segment, other))
    page = BeautifulSoup(index_page(tmp_path, record, [], picture=None, previous=None), "html.parser")
    ideas = [card.select_one(".todo").get_text() for card in page.select(".cards > li")]
    assert ideas == ["A reminder", ENGLISH.page("no idea")]


def test_a_paragraph_that_does_not_apply_goes_alone(tmp_path):
    cells = (
        '<div class="prose" data-tags=""><h1>T</h1></div>'
        '<div class="prose" data-tags=""><h2>All</h2></div>'
        '<div class="prose" data-tags="needs-status"><p>of burns</p></div>'
        '<div class="prose" data-tags=""><p>of everybody</p></div>'
    )
    record = replace(RECORD, overview=replace(RECORD.overview, used=""))
    write_pages(tmp_path, record, [Page("09_x", "T", "Q?", BeautifulSoup(cells, "html.parser"), [], None)])
    business = BeautifulSoup((tmp_path / "09_x_business.html").read_text("utf-8"), "html.parser").article.get_text()
    assert "of everybody" in business
    assert "of burns" not in business


def test_a_page_in_another_language_than_the_first_one_says_so(tmp_path):
    words = {"LANGUAGE": "de", "PAGES": ENGLISH.PAGES | {"english page": "Diese Seite ist auf Englisch."}}
    record = replace(RECORD, overview=replace(RECORD.overview, words=words))
    for shown_in, record_of in (("de", record), (None, RECORD)):
        write_pages(tmp_path, record_of, [Page("09_x", "T", "Q?", BeautifulSoup("", "html.parser"), [], None)])
        for name in ("09_x.html", "09_x_business.html"):
            page = BeautifulSoup((tmp_path / name).read_text("utf-8"), "html.parser")
            note = page.select_one("article > p[lang]")
            assert (note and note["lang"]) == shown_in
            assert ("auf Englisch" in page.get_text()) == bool(shown_in)


def test_a_finding_has_its_reason_in_every_language(tmp_path):
    finding = FindingRecord("exclusion", "customers", "no word", 5, rule="customers.left_out.tests")
    other = FindingRecord("info", "merchants", "no word", 2, rule="merchants.merchant_id.unheard_of")
    missing = FindingRecord("warning", "customers", "no word", 3, rule="customers.income.missing")
    foreign = Vocabulary({"LANGUAGE": "de", "FINDINGS": ENGLISH.FINDINGS | {"left_out": "weggelassen"}})
    assert in_words(finding, foreign) == "5 rows of customers: weggelassen"
    assert in_words(other, foreign).endswith(ENGLISH.FINDINGS["other"])
    assert in_words(missing, foreign).endswith("income is empty")
    assert in_words(finding, ENGLISH).endswith("no word")


def test_customers_without_a_transaction_are_told_of_once(tmp_path):
    rule = "customers.customer_id.no_transaction"
    finding = FindingRecord("info", "customers", "the customer has no transaction", 3, rule=rule)
    record = replace(RECORD, findings=(finding,), customers_without_transaction=3)
    text = index_page(tmp_path, record, [], picture=None, previous=None)
    assert text.count("3 customers without a coupon") == 1
    assert "the customer has no transaction" not in text


def test_where_all_are_treated_alike_no_group_is_named_for_a_test():
    segment = RECORD.segments[0]
    two = replace(RECORD, segments=(segment, replace(segment, segment="B")))
    views = [replace(view, group=replace(view.group, smallest_change=0.1)) for view in group_views(two)]
    assert for_all(views)
    assert best_test(views) == ""


def test_who_is_sent_to_the_findings_of_the_checks_finds_them_or_where_they_are(tmp_path):
    record = replace(RECORD, audit=AuditCountRecord(checks=15, findings=("Something is wrong with coupons.",)))
    words = {"LANGUAGE": "de", "PAGES": ENGLISH.PAGES | {"findings in step 3": "Schritt 3 hat sie."}}
    german = replace(record, overview=replace(record.overview, words=words))
    own = replace(record, overview=replace(record.overview, words={"COUPON": {"one": "voucher"}}))
    for shown, part in ((record, "Something is wrong"), (german, "Schritt 3 hat sie."), (own, "in step 3")):
        page = BeautifulSoup(index_page(tmp_path, shown, [], picture=None, previous=None), "html.parser")
        assert part in page.select_one("details.audit").get_text()
