"""Pages that stand alone, in two faces, and show text from data as text."""

import re

import nbformat
import pytest
from bs4 import BeautifulSoup

from seglib import report

HOSTILE = '<script>alert("x")</script> & <img src=x onerror=alert(1)> [click](javascript:alert(1))'
QUESTIONS = {"01_one": "First?", "02_two": "Second?"}
RECORD = {
    "run": "r", "recipe": "customer", "source": HOSTILE, "as_of": "2026-06-30", "seed": 0, "period": ["a", "b"],
    "customers": 1234, "customers_without_transaction": 0, "rows": {"in": 1, "accepted": 1, "quarantined": 0}, "k": 2,
    "audit": {"findings": ["City <b>holds</b> 85% of the variance."], "checks": 10},
    "k_reason": "because.", "k_judged": "Judged.", "inertia": 1234.5, "silhouette": 0.5,
    "verdict": {
        "structure": "constructed", "useful": "not tested", "headline": "No", "sentence": "Constructed: no groups.",
        "meaning": "The method made them.", "advice": "Prefer rules.", "use": "Not shown to be useful.",
    },
    "audiences": ["A"],
    "segments": [{"segment": "A", "name": HOSTILE, "sentence": HOSTILE, "customers": 1234, "share": 1.0,
                  "facts": {HOSTILE: HOSTILE}}],
    "durations_s": {"01_one": 1.0, "02_two": 2.0}, "versions": {"seglib": "0"},
    "started_utc": "2026-01-01T00:00:00+00:00",
}  # fmt: skip


def notebook(title):
    v4 = nbformat.v4
    cells = [
        v4.new_markdown_cell(f"# {title}\n\n**Q?** [next](02_two.ipynb)"),
        v4.new_markdown_cell("for analysts", metadata={"tags": ["analyst"]}),
        v4.new_code_cell("run = 1", metadata={"tags": ["parameters"]}),
        v4.new_code_cell("secret_code()", outputs=[
            v4.new_output("display_data", data={"text/markdown": f"city {HOSTILE}"}),
            v4.new_output("display_data", data={"text/html": "<p>made by us</p>", "text/plain": "x"}),
            v4.new_output("stream", name="stderr", text="a warning"),
            v4.new_output("execute_result", data={"text/plain": "42 <b>"}, execution_count=1),
        ]),
        v4.new_markdown_cell("## A part\n\ntext\n\n```python\nx = 1\n```"),
    ]  # fmt: skip
    return v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    (folder / "notebooks").mkdir()
    for name in QUESTIONS:
        nbformat.write(notebook(name), folder / "notebooks" / f"{name}.ipynb")
    report.build(folder, RECORD, QUESTIONS)
    return {path.name: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in folder.glob("*.html")}


def test_every_notebook_has_two_faces_and_there_is_an_index(pages):
    assert set(pages) == {
        "index.html", "01_one.html", "01_one_business.html", "02_two.html", "02_two_business.html",
    }  # fmt: skip


def test_text_from_data_stays_text(pages):
    for name, soup in pages.items():
        assert soup.find("script") is None, name
        assert soup.find(onerror=True) is None, name
        assert not soup.find_all(href=re.compile("javascript:")), name
    assert HOSTILE.split(" &")[0] in pages["index.html"].get_text()
    assert "<script>" in pages["01_one.html"].get_text()


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
    told = ("1,234 customers in 2 segments", "Constructed: no groups.", "Prefer rules.", "because.", "Judged.")
    for part in (*told, "0.500", "First?"):
        assert part in text


def test_what_the_audit_found_stands_at_the_head_of_every_page(pages):
    for name, soup in pages.items():
        assert "City <b>holds</b> 85% of the variance." in soup.get_text(), name


def test_nothing_is_fetched(pages):
    for soup in pages.values():
        assert not soup.find_all(["script", "link", "iframe", "object", "embed"])
        for tag in soup.find_all(src=True):
            assert tag["src"].startswith("data:")
        assert "url(" not in soup.style.get_text()
        assert "@import" not in soup.style.get_text()
