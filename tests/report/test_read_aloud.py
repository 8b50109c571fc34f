"""The reports of other shops read aloud: no word that does not fit, no name of a column, no number against another."""

import re

import pytest
from bs4 import BeautifulSoup

from seglib.style.wording import TRANSACTION

pytestmark = pytest.mark.slow

FITS_NOT = {
    "invoices": r"coupon|burn|\bcit(?:y|ies)\b",
    "survey": r"coupon|burn|recency|\bRFM\b|came back|transaction a month|days ago",
    "completejourney": r"\bcit(?:y|ies)\b|\bgender\b|GBP|EUR",
}
"""What a shop without coupons, a survey, and a shop without places cannot be told of."""

FACTS = (TRANSACTION.note, "a purchase, or a coupon that a customer claimed", "a shop without coupons has none")
"""What is said of coupons where there are none: that there are none, and what the contract allows."""

SNAKE = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b")


def lines_of(page):
    """Return what a reader sees or hears of a page, line by line, without code, parameters and the contract."""
    soup = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    for part in soup(["style", "code"]):
        part.decompose()
    for box in soup.select("[aria-label]"):
        if box["aria-label"] in ("Parameters",) or FACTS[1] in box["aria-label"]:
            box.decompose()
    spoken = [image["alt"] for image in soup.find_all("img")]
    return [*soup.get_text("\n").splitlines(), *spoken]


def pages_of(run):
    folder = run.report_dir
    return [page for page in folder.glob("*.html") if not re.fullmatch(r"\d\d_[a-z_]+(?<!_business)", page.stem)]


@pytest.mark.parametrize(
    "shop", [pytest.param(shop, marks=pytest.mark.whole_run(shop)) for shop in ("invoices", "survey")]
)
def test_no_word_is_of_another_shop(shop, whole_run):
    run, unfit = whole_run(shop).run, re.compile(FITS_NOT[shop], re.I)
    pages = pages_of(run)
    assert {"index", "summary", "group_A", "01_ingest_business", "06_interpretation_business"} <= {
        p.stem for p in pages
    }
    for page in pages:
        said = [line for line in lines_of(page) if unfit.search(line) and not any(fact in line for fact in FACTS)]
        assert not said, (page.name, said)
    readme = (run.report_dir / "audience/README.txt").read_text("utf-8")
    assert not unfit.search(readme)


@pytest.mark.parametrize(
    "shop", [pytest.param(shop, marks=pytest.mark.whole_run(shop)) for shop in ("invoices", "survey")]
)
def test_features_have_no_name_of_code_on_a_page_without_code(shop, whole_run):
    run = whole_run(shop).run
    features = {name for name in run.read("features").columns if "_" in name}
    for page in pages_of(run):
        if page.stem != "index":  # it lists the parameters as they are set
            names = {name for line in lines_of(page) for name in SNAKE.findall(line)}
            assert not names & features, page.name


@pytest.mark.parametrize(
    "shop", [pytest.param(shop, marks=pytest.mark.whole_run(shop)) for shop in ("invoices", "survey")]
)
def test_rows_are_counted_alike_on_all_pages(shop, whole_run):
    run = whole_run(shop).run
    came = f"{run.read_record()['rows']['in']:,} rows came in"
    for page in ("index", "summary", "01_ingest_business"):
        counts = re.findall(r"[\d,]+ rows came in", (run.report_dir / f"{page}.html").read_text("utf-8"))
        assert set(counts) <= {came}, page
