"""`seglib lift`: from a finished run and a table of outcomes to a page, a record and a line in the register."""

import json
import shutil

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from plain_words import STATISTICS, seen_by_a_manager
from whole import QUICK

from seglib.campaign.arms import ControlGroup


@pytest.fixture(scope="module")
def shop(tmp_path_factory, seglib):
    """A finished run in a home of its own, with the outcomes of three campaigns."""
    home = tmp_path_factory.mktemp("lift")
    for name, lift in {"worked": "0.15", "nothing": "0", "harm": "-0.14"}.items():
        folder = home / name
        done = seglib("sample", "--out", folder, "--campaign", f"lift={lift},salt=spring,share=0.4", home=home)
        assert done.returncode == 0, done.stderr
    lists = ("--set", "campaign_name=spring", "--set", "control_share=0.4")
    done = seglib("run", "--source", home / "worked", "--run", "may", *QUICK, *lists, home=home)
    assert done.returncode == 0, done.stderr
    return home


def run(seglib, home, outcomes, *more, code=0):
    done = seglib("lift", "may", "--outcomes", outcomes, *more, home=home)
    assert done.returncode == code, done.stderr
    return done


def test_the_lists_hold_the_customers_that_the_hash_draws(shop):
    listed = pd.read_csv(shop / "reports/may/segments.csv", dtype=str)
    drawn = ControlGroup("spring", 0.4).contains(listed["customer_id"])
    assert (listed["control"] == "True").tolist() == drawn.tolist()
    assert "md5('spring|' || p.customer_id)" in (shop / "reports/may/scoring.sql").read_text(encoding="utf-8").lower()


@pytest.mark.parametrize(("name", "label"), [("worked", "worked"), ("harm", "did not work")])
def test_a_known_effect_is_read_and_linked(shop, seglib, sound, name, label):
    done = run(seglib, shop, shop / name / "outcomes.csv", "--set", "n_reassignments=99")
    page = shop / "reports/may/08_campaign_business.html"
    assert done.stdout.strip() == str(page)
    effect = json.loads((shop / "reports/may/effect.json").read_text(encoding="utf-8"))
    labels = {outcome["outcome"]: outcome["label"] for outcome in effect["outcomes"]}
    assert labels["burned"] == label
    [burned] = [outcome for outcome in effect["outcomes"] if outcome["outcome"] == "burned"]
    planted = 0.15 if name == "worked" else -0.14
    assert burned["effects"][0]["low"] < planted < burned["effects"][0]["high"]
    index = sound(shop / "reports/may/index.html")
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
    with_code = seen_by_a_manager(shop / "reports/may/08_campaign.html")
    for word in ("p = ", "Cochran's Q", "95% interval", "Holm", "t-test", "chi-square", "CUPED"):
        assert word in with_code
    register = json.loads((shop / "reports/campaigns.json").read_text(encoding="utf-8"))
    [campaign] = register["campaigns"]
    assert (campaign["campaign"], campaign["salt"], campaign["control_share"]) == ("spring", "spring", 0.4)
    assert campaign["read"][-1]["labels"] == labels
    assert len(campaign["lists"]) == 1


def test_a_campaign_is_planned_from_the_lists_of_a_run(shop, seglib, tmp_path):
    done = seglib("plan", "may", "--lift", "0.1", "--out", tmp_path / "plan.csv", home=shop)
    assert done.returncode == 0, done.stderr
    assert "10% more of burned: " in done.stdout
    table = pd.read_csv(tmp_path / "plan.csv")
    assert set(table["segment"]) == {"all", "A", "B", "C"}
    assert set(table["days"]) == {30, 60, 90}
    done = seglib("plan", "may", "--outcomes", shop / "worked/outcomes.csv", home=shop)
    assert done.returncode == 0, done.stderr
    assert "20% more of spend: " in done.stdout
    done = seglib("plan", "june", home=shop)
    assert (done.returncode, "there is no run 'june'" in done.stderr) == (2, True)


def test_addresses_are_joined_with_the_lists_of_a_run_and_leave_no_trace(shop, seglib, tmp_path):
    listed = pd.read_csv(shop / "reports/may/segments.csv", dtype=str)
    emails = "secret" + listed["customer_id"] + "@example.com"
    listed[["customer_id"]].assign(email=emails, consent="yes").to_csv(tmp_path / "addresses.csv", index=False)
    options = ("--addresses", tmp_path / "addresses.csv", "--for", "klaviyo")
    done = seglib("upload", "may", *options, "--out", tmp_path / "upload.csv", home=shop)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(tmp_path / "upload.csv")
    drawn = ControlGroup("spring", 0.4).contains(listed["customer_id"])
    uploaded = pd.read_csv(tmp_path / "upload.csv")["Email"]
    assert set(uploaded) == set(emails[~drawn])
    assert "secret" not in done.stdout + done.stderr
    text = [
        path.read_bytes() for path in shop.rglob("*") if path.is_file() and path.suffix in (".json", ".csv", ".log")
    ]
    assert not any(b"secret" in content for content in text)
    for place in ("reports/upload.csv", "data/upload.csv"):
        done = seglib("upload", "may", *options, "--out", shop / place, home=shop)
        assert (done.returncode, "give another place" in done.stderr) == (2, True)
    few = ("--segment", "A", "--out", tmp_path / "few.csv")
    listed.head(20)[["customer_id"]].assign(email=emails.head(20), consent="yes").to_csv(
        tmp_path / "addresses.csv", index=False
    )
    done = seglib("upload", "may", *options, *few, home=shop)
    assert (done.returncode, "100 at least" in done.stderr, (tmp_path / "few.csv").exists()) == (1, True, False)


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
def test_what_cannot_be_read_is_one_sentence_and_leaves_the_report(shop, seglib, tmp_path, kind):
    change, why = REFUSED[kind]
    table = pd.read_csv(shop / "worked/outcomes.csv", dtype=str)
    change(table).to_csv(tmp_path / "outcomes.csv", index=False)
    more = ()
    if kind == "before the lists":
        (tmp_path / "mapping.yaml").write_text("date: day\n", encoding="utf-8")
        more = ("--mapping", tmp_path / "mapping.yaml")
    before = (shop / "reports/may/index.html").read_bytes()
    done = run(seglib, shop, tmp_path / "outcomes.csv", *more, code=1)
    assert why in done.stderr
    assert "Traceback" not in done.stderr
    assert (shop / "reports/may/index.html").read_bytes() == before


def test_forged_lists_are_refused(shop, seglib, tmp_path):
    for file in (shop / "reports/may/audience").glob("*.csv"):
        table = pd.read_csv(file, dtype=str)
        table.loc[table["control"] == "True", "control"] = "False"
        table.loc[0, "control"] = "True"
        table.to_csv(tmp_path / file.name, index=False)
    done = run(seglib, shop, shop / "worked/outcomes.csv", "--lists", tmp_path, code=1)
    assert "are in another arm than the id gives" in done.stderr


def test_a_run_that_is_not_there_and_a_wrong_name_are_wrong_usage(shop, seglib):
    done = seglib("lift", "june", "--outcomes", shop / "worked/outcomes.csv", home=shop)
    assert done.returncode == 2
    assert "there is no run 'june'" in done.stderr
    done = run(seglib, shop, shop / "worked/outcomes.csv", "--set", "margn=0.2", code=2)
    assert "did you mean 'margin'" in done.stderr
    done = run(seglib, shop, shop / "nowhere.csv", code=1)
    assert "outcomes" in done.stderr
    assert "does not exist" in done.stderr


def test_a_later_export_of_the_shop_must_be_later(shop, seglib):
    done = run(seglib, shop, shop / "worked", code=1)
    assert "nothing has happened since" in done.stderr


def test_new_lists_forget_what_was_read_of_the_old_ones_and_a_copy_of_those_is_still_known(shop, seglib, tmp_path):
    shutil.copytree(shop / "reports/may/audience", tmp_path / "sent")
    run(seglib, shop, shop / "worked/outcomes.csv", "--set", "n_reassignments=99")
    done = seglib(
        "run",
        "--run",
        "may",
        "--from",
        "06",
        "--set",
        "campaign_name=autumn",
        "--set",
        "holdout=0.05, company",
        home=shop,
    )
    assert done.returncode == 0, done.stderr
    reports = shop / "reports/may"
    assert not list(reports.glob("08_campaign*"))
    assert not (reports / "effect.json").exists()
    assert not (reports / "notebooks/08_campaign.ipynb").exists()
    assert not (shop / "data/processed/may/effect.json").exists()
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
    assert seglib("report", "--run", "may", home=shop).returncode == 0
    # the campaign before can still be read, by a copy of its lists
    run(seglib, shop, shop / "worked/outcomes.csv", "--lists", tmp_path / "sent", "--set", "n_reassignments=99")
    effect = json.loads((reports / "effect.json").read_text(encoding="utf-8"))
    assert (effect["campaign"], effect["headline"]) == ("spring", "It worked on burned and spend.")
    register = json.loads((shop / "reports/campaigns.json").read_text(encoding="utf-8"))["campaigns"]
    by_name = {campaign["campaign"]: campaign for campaign in register}
    assert by_name["spring"]["read"][-1]["labels"] == {"burned": "worked", "spend": "worked"}
    assert by_name["autumn"]["read"] == []
    # a copy that somebody changed is held against the campaign that it is nearest to
    [file, *_] = sorted((tmp_path / "sent").glob("*A*_control.csv"))
    pd.read_csv(file, dtype=str).iloc[3:].to_csv(file, index=False)
    done = run(seglib, shop, shop / "worked/outcomes.csv", "--lists", tmp_path / "sent", code=1)
    assert "whoever takes customers out afterwards changes the comparison" in done.stderr
