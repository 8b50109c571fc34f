"""Every page of every report, as people see it: on a screen, on a phone, at night, on paper, and by ear."""

import pandas as pd
import pytest
from checks import dead_links, invalid, sheets, too_large
from shops import VARIANTS

from seglib.pipeline import STEPS


@pytest.fixture
def none_of(looks):
    """Fail with the faults of all pages in one kind of check."""

    def hold(check: str) -> None:
        told([fault for look in looks.values() for fault in look.faults.get(check, [])])

    return hold


def told(faults: list[str]) -> None:
    if faults:
        pytest.fail("\n".join(f"- {fault}" for fault in faults), pytrace=False)


def test_the_runs_are_what_they_are_meant_to_be(variant, made):
    wanted = VARIANTS[variant]
    if wanted.code == 0:
        segments = pd.read_csv(made.run.report_dir / "segments.csv")["segment"].value_counts()
        assert wanted.k in (None, len(segments))
        assert wanted.smallest in (None, segments.min())


def test_every_promised_page_is_there(variant, made, pages):
    names = {path.relative_to(made.home / "reports").as_posix() for path in pages}
    promised = {f"{step}{face}.html" for step in STEPS for face in ("", "_business")} | {"index.html", "summary.html"}
    if VARIANTS[variant].code:
        promised = {"failed.html"}
    assert names >= {"index.html"} | {f"{made.run.name}/{name}" for name in promised}


def test_no_page_asks_the_network_for_anything(none_of):
    none_of("network")


def test_the_console_stays_empty(none_of):
    none_of("console")


def test_every_link_and_anchor_resolves(looks):
    told(dead_links(looks))


def test_nothing_is_wider_than_the_screen(none_of):
    none_of("width")


def test_pages_break_no_rule_of_accessibility(none_of):
    none_of("axe")


def test_headings_pictures_and_tables_say_what_they_are(none_of):
    none_of("structure")


def test_nothing_is_cut_on_paper(none_of):
    none_of("print")


def test_pages_are_small_enough_to_be_sent(pages):
    told(too_large(pages))


def test_the_page_to_hand_on_is_one_sheet_of_paper(variant, made):
    if VARIANTS[variant].code == 0:
        assert sheets((made.run.report_dir / "summary.pdf").read_bytes()) == 1


def test_all_pages_are_valid_html(pages_of):
    pages = [page for variant in VARIANTS for page in pages_of(variant)]
    told(invalid({page.read_bytes(): page for page in pages}.values()))
