"""`seglib lift`: from a finished run and a table of outcomes to a page, a record and a line in the register."""

import json
import shutil

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from in_process import Notebooks, enter
from plain_words import STATISTICS, seen_by_a_manager

from seglib.campaign.arms import ControlGroup
from seglib.errors import InputRefused

pytestmark = [
    pytest.mark.slow,
    pytest.mark.whole_run("customer"),  # its campaign is called spring; four of ten are in the control group
]


@pytest.fixture(scope="module")
def shop(whole_run, tmp_path_factory):
    """A finished run of the sample in a home of its own, with the same shop again and the outcomes of two campaigns."""
    home = tmp_path_factory.mktemp("lift") / "home"
    shutil.copytree(whole_run("customer").home, home)
    with pytest.MonkeyPatch.context() as patch:
        enter(home, patch)
        for name, lift in {"worked": "0.15", "harm": "-0.14"}.items():
            options = f"--campaign lift={lift},salt=spring,share=0.4"
            Notebooks(home, {}).command(f".venv/bin/seglib sample --out {name} {options}")
    return home


@pytest.fixture
def seglib(shop, command, monkeypatch):
    """Give a command in that home; return what it said, on stdout where it ended well, else on stderr."""
    monkeypatch.setenv("SEGLIB_HOME", str(shop))

    def call(*arguments, code=0):
        ended, out, err = command(*arguments)
        assert ended == code, err
        return " ".join(err.split()) if code else out

    return call


def run(seglib, outcomes, *more, code=0):
    return seglib("lift", "sample", "--outcomes", outcomes, *more, code=code)


def test_the_lists_hold_the_customers_that_the_hash_draws(shop):
    listed = pd.read_csv(shop / "reports/sample/segments.csv", dtype=str)
    drawn = ControlGroup("spring", 0.4).contains(listed["customer_id"])
    assert (listed["control"] == "True").tolist() == drawn.tolist()
    assert (
        "md5('spring|' || p.customer_id)" in (shop / "reports/sample/scoring.sql").read_text(encoding="utf-8").lower()
    )


@pytest.mark.parametrize(("name", "label"), [("worked", "worked"), ("harm", "did not work")])
def test_a_known_effect_is_read_and_linked(shop, seglib, sound, name, label):
    out = run(seglib, shop / name / "outcomes.csv", "--set", "n_permutations=99")
    page = shop / "reports/sample/08_campaign_business.html"
    assert out.strip() == str(page)
    effect = json.loads((shop / "reports/sample/effect.json").read_text(encoding="utf-8"))
    labels = {outcome["outcome"]: outcome["label"] for outcome in effect["outcomes"]}
    assert labels["burned"] == label
    [burned] = [outcome for outcome in effect["outcomes"] if outcome["outcome"] == "burned"]
    planted = 0.15 if name == "worked" else -0.14
    assert burned["effects"][0]["low"] < planted < burned["effects"][0]["high"]
    index = sound(shop / "reports/sample/index.html")
    assert len(index.select("#campaign")) == 1
    assert effect["headline"] in index.select_one("#campaign").get_text()
    assert {a["href"] for a in index.select("#campaign a")} == {
        *("08_campaign.html", "08_campaign_business.html", "effect.json")
    }
    text = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").get_text()
    assert effect["headline"] in text
    assert "read_campaign" not in text
    # the page for a manager and the first page have no word of statistics; the page with code has them
    assert not STATISTICS.findall(seen_by_a_manager(page))
    assert not STATISTICS.findall(index.select_one("#campaign").get_text(" "))
    with_code = seen_by_a_manager(shop / "reports/sample/08_campaign.html")
    for word in ("p = ", "Cochran's Q", "95% interval", "Holm", "t-test", "chi-square", "CUPED"):
        assert word in with_code
    register = json.loads((shop / "reports/campaigns.json").read_text(encoding="utf-8"))
    [campaign] = register["campaigns"]
    assert (campaign["campaign"], campaign["salt"], campaign["control_share"]) == ("spring", "spring", 0.4)
    assert campaign["read"][-1]["labels"] == labels
    assert len(campaign["lists"]) == 1


def test_a_campaign_is_planned_from_the_lists_of_a_run(shop, seglib, tmp_path):
    out = seglib("plan", "sample", "--lift", "0.1", "--out", tmp_path / "plan.csv")
    assert "10% more of burned: " in out
    table = pd.read_csv(tmp_path / "plan.csv")
    assert set(table["segment"]) == {"all", "A", "B", "C"}
    assert set(table["days"]) == {30, 60, 90}
    assert "20% more of spend: " in seglib("plan", "sample", "--outcomes", shop / "worked/outcomes.csv")
    assert "there is no run 'june'" in seglib("plan", "june", code=2)


def test_addresses_are_joined_with_the_lists_of_a_run_and_leave_no_trace(shop, seglib, command, tmp_path):
    listed = pd.read_csv(shop / "reports/sample/segments.csv", dtype=str)
    emails = "secret" + listed["customer_id"] + "@example.com"
    listed[["customer_id"]].assign(email=emails, consent="yes").to_csv(tmp_path / "addresses.csv", index=False)
    options = ("--addresses", tmp_path / "addresses.csv", "--for", "klaviyo")
    code, out, err = command("upload", "sample", *options, "--out", tmp_path / "upload.csv")
    assert (code, out.strip()) == (0, str(tmp_path / "upload.csv"))
    drawn = ControlGroup("spring", 0.4).contains(listed["customer_id"])
    uploaded = pd.read_csv(tmp_path / "upload.csv")["Email"]
    assert set(uploaded) == set(emails[~drawn])
    assert "secret" not in out + err
    text = [
        path.read_bytes() for path in shop.rglob("*") if path.is_file() and path.suffix in (".json", ".csv", ".log")
    ]
    assert not any(b"secret" in content for content in text)
    for place in ("reports/upload.csv", "data/upload.csv"):
        assert "give another place" in seglib("upload", "sample", *options, "--out", shop / place, code=2)
    few = ("--segment", "A", "--out", tmp_path / "few.csv")
    listed.head(20)[["customer_id"]].assign(email=emails.head(20), consent="yes").to_csv(
        tmp_path / "addresses.csv", index=False
    )
    assert "100 at least" in seglib("upload", "sample", *options, *few, code=1)
    assert not (tmp_path / "few.csv").exists()


REFUSED = {
    "other customers": (lambda t: t.assign(customer_id=t["customer_id"] + "x"), "is on the lists"),
    "one arm only": (
        lambda t: t[~ControlGroup("spring", 0.4).contains(t["customer_id"])],
        "nobody of the control group has a row",
    ),
    "a customer twice": (lambda t: pd.concat([t, t.head(1)]), "there more than once"),
    "before the lists": (lambda t: t.assign(day="2026-01-01"), "no effect of it"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_is_refused(shop, tmp_path, monkeypatch, kind):
    change, why = REFUSED[kind]
    table = pd.read_csv(shop / "worked/outcomes.csv", dtype=str)
    change(table).to_csv(tmp_path / "outcomes.csv", index=False)
    mapping = None
    if kind == "before the lists":
        mapping = tmp_path / "mapping.yaml"
        mapping.write_text("date: day\n", encoding="utf-8")
    enter(shop, monkeypatch)
    given = {"outcomes": str(tmp_path / "outcomes.csv"), "outcome_mapping": str(mapping) if mapping else None}
    names, error = Notebooks(shop, {}).run("08_campaign", **given)
    assert isinstance(error, InputRefused)
    assert why in str(error)
    assert names["last_cell"] == "read"


def test_what_cannot_be_read_is_one_sentence_and_leaves_the_report(shop, seglib, tmp_path):
    """A later export of the shop must be later; and lists that are given must be those that were sent."""
    before = (shop / "reports/sample/index.html").read_bytes()
    err = run(seglib, shop / "worked", code=1)
    assert "nothing has happened since" in err
    assert "Traceback" not in err
    for file in (shop / "reports/sample/audience").glob("*.csv"):
        table = pd.read_csv(file, dtype=str)
        table.loc[table["control"] == "True", "control"] = "False"
        table.loc[0, "control"] = "True"
        table.to_csv(tmp_path / file.name, index=False)
    err = run(seglib, shop / "worked/outcomes.csv", "--lists", tmp_path, code=1)
    assert "are in another arm than the id gives" in err
    assert (shop / "reports/sample/index.html").read_bytes() == before


def test_a_run_that_is_not_there_and_a_wrong_name_are_wrong_usage(shop, seglib):
    assert "there is no run 'june'" in seglib("lift", "june", "--outcomes", shop / "worked/outcomes.csv", code=2)
    assert "did you mean 'margin'" in run(seglib, shop / "worked/outcomes.csv", "--set", "margn=0.2", code=2)
    err = run(seglib, shop / "nowhere.csv", code=1)
    assert "outcomes" in err
    assert "does not exist" in err


def test_new_lists_forget_what_was_read_of_the_old_ones_and_a_copy_of_those_is_still_known(shop, seglib, tmp_path):
    shutil.copytree(shop / "reports/sample/audience", tmp_path / "sent")
    if not (shop / "reports/sample/effect.json").exists():
        run(seglib, shop / "worked/outcomes.csv", "--set", "n_permutations=99")
    seglib("run", "--run", "sample", "--from", "06", "--set", "campaign_name=autumn", "--set", "holdout=0.05, company")
    reports = shop / "reports/sample"
    assert not list(reports.glob("08_campaign*"))
    assert not (reports / "effect.json").exists()
    assert not (reports / "notebooks/08_campaign.ipynb").exists()
    assert not (shop / "data/processed/sample/effect.json").exists()
    register = json.loads((shop / "reports/campaigns.json").read_text(encoding="utf-8"))
    assert [campaign["salt"] for campaign in register["campaigns"]] == ["spring", "autumn"]
    # the new campaign drew others: who was added to a list and who was removed is told
    changes = {path.name: pd.read_csv(path, dtype=str) for path in (reports / "audience/changes").glob("*.csv")}
    drawn = {name: ControlGroup(name, 0.4) for name in ("spring", "autumn")}
    added = pd.concat([table for name, table in changes.items() if name.endswith("_added.csv")])["customer_id"]
    assert drawn["spring"].contains(added).all()
    assert not drawn["autumn"].contains(added).any()
    assert f"{len(added):,} were added" in (reports / "audience/README.txt").read_text(encoding="utf-8")
    listed = pd.read_csv(reports / "segments.csv", dtype=str)
    assert "holdout" in listed
    never = listed.loc[listed["holdout"] == "True", "customer_id"]
    assert never.tolist() == [i for i in listed["customer_id"] if ControlGroup("company", 0.05).contains([i])[0]]
    sent = pd.concat([pd.read_csv(path, dtype=str) for path in (reports / "audience").glob("*.csv")])
    assert len(never) > 20
    assert not set(never) & set(sent["customer_id"])
    assert "md5('company|' || p.customer_id)" in (reports / "scoring.sql").read_text(encoding="utf-8").lower()
    # the report can be checked and published without a campaign
    seglib("report", "--run", "sample")
    # the campaign before can still be read, by a copy of its lists
    run(seglib, shop / "worked/outcomes.csv", "--lists", tmp_path / "sent", "--set", "n_permutations=99")
    effect = json.loads((reports / "effect.json").read_text(encoding="utf-8"))
    assert (effect["campaign"], effect["headline"]) == ("spring", "It worked on burned and spend.")
    register = json.loads((shop / "reports/campaigns.json").read_text(encoding="utf-8"))["campaigns"]
    by_name = {campaign["campaign"]: campaign for campaign in register}
    assert by_name["spring"]["read"][-1]["labels"] == {"burned": "worked", "spend": "worked"}
    assert by_name["autumn"]["read"] == []
    # a copy that somebody changed is held against the campaign that it is nearest to
    [file, *_] = sorted((tmp_path / "sent").glob("*A*_control.csv"))
    pd.read_csv(file, dtype=str).iloc[3:].to_csv(file, index=False)
    err = run(seglib, shop / "worked/outcomes.csv", "--lists", tmp_path / "sent", code=1)
    assert "whoever takes customers out afterwards changes the comparison" in err
