"""What a campaign says stands on the first page of the run, once, and as text."""

from dataclasses import replace

from bs4 import BeautifulSoup

from seglib.report.campaign_page import with_campaign
from seglib.schema.campaign_records import EffectRecord, OutcomeEffectRecord

INDEX = (
    "<html><main><article><h1>Shop</h1><p id='untried'>Nobody tried.</p>"
    "<section id='one'><h2>One</h2></section></article></main></html>"
)


def effect(claim="12% against 10%.", stopped=""):
    outcomes = (
        ()
        if stopped
        else (OutcomeEffectRecord("burned", "share", "worked", claim, "", "Go on.", 0.01, 0.01, None, None, 0.01),)
    )
    headline = "Nothing is read from this test." if stopped else "It worked on burned."
    return EffectRecord("spring", "may", "2026-06-30", "<b>o.csv", 90, 10, 0.5, stopped, headline, outcomes)


def test_it_stands_before_the_first_section_and_links_both_faces():
    page = BeautifulSoup(with_campaign(INDEX, effect(), "08_campaign", "Did it work?"), "html.parser")
    assert [section["id"] for section in page.find_all("section")] == ["campaign", "one"]
    section = page.find(id="campaign")
    assert section.h2.get_text() == "Campaign spring: did it work?"
    assert "It worked on burned. burned: 12% against 10%." in section.get_text(" ")
    assert [a["href"] for a in section.find_all("a")] == [
        *("08_campaign_business.html", "08_campaign.html", "effect.json")
    ]


def test_another_reading_replaces_it():
    once = with_campaign(INDEX, effect(), "08_campaign", "Did it work?")
    twice = with_campaign(once, effect(stopped="Customers got lost."), "08_campaign", "Did it work?")
    page = BeautifulSoup(twice, "html.parser")
    [section] = page.select("#campaign")
    assert "Customers got lost." in section.get_text()
    assert "It worked" not in section.get_text()


def test_where_a_campaign_was_read_no_sentence_says_that_nobody_tried():
    read = with_campaign(INDEX, effect(), "08_campaign", "Did it work?")
    assert BeautifulSoup(read, "html.parser").find(id="untried").has_attr("hidden")
    stopped = with_campaign(read, effect(stopped="Customers got lost."), "08_campaign", "Did it work?")
    assert not BeautifulSoup(stopped, "html.parser").find(id="untried").has_attr("hidden")


def test_what_is_said_of_several_outcomes_stands_there_once():
    reading = effect()
    both = replace(reading, outcomes=(*reading.outcomes, replace(reading.outcomes[0], outcome="spend")))
    page = BeautifulSoup(with_campaign(INDEX, both, "08_campaign", "Did it work?"), "html.parser")
    text = page.find(id="campaign").get_text(" ")
    assert text.count("Go on.") == 1
    assert "burned and spend: Go on." in text


def test_names_from_data_are_text():
    page = BeautifulSoup(with_campaign(INDEX, effect(claim="<script>x</script>"), "08_campaign", "?"), "html.parser")
    assert not page.find_all(["script", "b"])
    assert "<b>o.csv" in page.find(id="campaign").get_text()
