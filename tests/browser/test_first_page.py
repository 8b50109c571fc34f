"""The first page as a manager meets it: little to read, short sentences, and on the first screen what to do."""

import json
from statistics import median

import pytest
from reading import lengths, sentences, unfolded, words
from shops import VARIANTS

SCREENS = ((1280, 800), (390, 844))
MOST_WORDS, MOST_GROUPS = 350, 4
"""Words of the first page before anything is unfolded, where there are so many groups at most."""

IN_SIGHT = """selector => [...document.querySelectorAll(selector)].map(e => {
  const box = e.getBoundingClientRect();
  return box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth && box.height > 0;
})"""


@pytest.fixture
def first_pages(variant, finished):
    return [finished.home / "reports" / run / "index.html" for run in VARIANTS[variant].done]


@pytest.mark.parametrize("screen", SCREENS)
def test_the_first_screen_says_what_to_do_with_figures_and_the_first_list(first_pages, viewer, screen, variant):
    width, height = screen
    if variant == "eight segments":
        pytest.skip("names of 59 letters without a place to break fill a telephone")
    for path in first_pages:
        viewer.page.set_viewport_size({"width": width, "height": height})
        viewer.page.goto(path.resolve().as_uri(), wait_until="load")
        seen = {
            selector: viewer.page.evaluate(IN_SIGHT, selector)
            for selector in ("h1", ".say", ".figures dd", "#groups tbody tr:first-child th", "#groups tbody .list")
        }
        assert len(seen[".figures dd"]) == 4
        for selector in ("h1", ".say", ".figures dd", "#groups tbody tr:first-child th"):
            assert seen[selector], selector
            assert all(seen[selector]), f"{path}: {selector} is not on the first screen of {width} x {height}"
        assert seen["#groups tbody .list"][0], (
            f"{path}: the first list is not on the first screen of {width} x {height}"
        )


def test_there_is_little_to_read_before_anything_is_unfolded(first_pages, variant):
    for path in first_pages:
        page = unfolded(path)
        if len(page.select("#groups tbody tr")) <= MOST_GROUPS:
            assert words(page) <= MOST_WORDS, path


def test_sentences_are_short(first_pages):
    for path in first_pages:
        page = unfolded(path)
        assert median(lengths(page)) <= 12, path
        too_long = [sentence for sentence in sentences(page) if len(sentence.split()) > 30]
        assert not too_long, path


def test_every_group_has_a_page_and_every_page_a_way_back(variant, finished):
    for run in VARIANTS[variant].done:
        folder = finished.home / "reports" / run
        index = unfolded(folder / "index.html")
        linked = {a["href"] for a in index.select("#groups tbody th a")}
        assert linked == {path.name for path in folder.glob("group_*.html")}
        for page in linked:
            group = unfolded(folder / page)
            assert group.select_one('header a[href="index.html"]')
            assert max(lengths(group)) <= 60


def test_counting_words_counts_what_is_seen(tmp_path):
    page = tmp_path / "p.html"
    page.write_text(
        "<html><head><title>not this</title><style>p {}</style></head><body><a class=skip>nor this</a><main>"
        "<p>One two. Three 4 five!</p><details><summary>Six more</summary><p>hidden</p></details>"
        "<details open><summary>Seven</summary><ul><li>eight nine</li></ul></details></main></body></html>"
    )
    soup = unfolded(page)
    assert words(soup) == 10
    assert sentences(soup) == ["One two.", "Three 4 five!", "eight nine"]


def test_pages_without_code_hold_no_formula_and_name_no_parameter(variant, finished):
    for run in VARIANTS[variant].done:
        folder = finished.home / "reports" / run
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        parameters = {name for values in record["parameters"].values() for name in values}
        for path in folder.glob("*_business.html"):
            article = unfolded(path).article
            assert article.find("math") is None, path
            named = {code.get_text() for code in article.select(".prose code")} & parameters
            assert not named, (path, named)
