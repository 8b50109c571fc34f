"""From one run of a campaign to the next: salts, customers held out of everything, and who was added or removed."""

import pandas as pd
import pytest

from seglib.campaign.arms import ControlGroup, read_holdout
from seglib.campaign.lists import lists_of, read_lists
from seglib.errors import InputRefused, ParameterRefused
from seglib.interpretation.audiences import audience_lists, customer_list, sample_sizes
from seglib.interpretation.campaign_lists import control_group, record_lists
from seglib.interpretation.list_changes import since_last
from seglib.run.files import safe_csv
from seglib.run.register import campaign_of, made_lists, register_file
from seglib.run.run import Run
from seglib.schema.campaign_records import CampaignRecord, ListsRecord

NAMES = {"A": "Quick", "B": "Slow", "C": "Few"}
SPRING = control_group("spring", "spring", 0.2)


def segments_of(ids, letters):
    columns = {"margin": 0.5, "second_segment": "A", "outlier": False, "probability": 0.9}
    return pd.DataFrame({"segment": list(letters), **columns}, index=pd.Index(ids, name="customer_id"))


@pytest.fixture
def segments():
    return segments_of([f"={i}" for i in range(300)], "A" * 150 + "B" * 140 + "C" * 10)


def lists_for(segments, group=SPRING):
    listed = customer_list(segments, NAMES, group=group)
    return listed, audience_lists(listed, segments, run="r", min_segment=50)


# Who gets no campaign at all ----------------------------------------------------------------------------------------

HELD_OUT = control_group("spring", "spring", 0.2, "0.1, company")


def test_who_is_held_out_is_on_no_list_and_in_the_file_of_everybody(segments, tmp_path):
    listed, lists = lists_for(segments, HELD_OUT)
    never = set(segments.index[ControlGroup("company", 0.1).contains(segments.index)])
    assert 15 < len(never) < 50
    assert set(listed.loc[listed["holdout"], "customer_id"]) == never
    on_lists = {customer for part in lists.parts.values() for customer in part["customer_id"]}
    assert on_lists == set(segments.index[:290]) - never
    table = lists.table.set_index("segment")
    assert table["holdout"].sum() == len(never)
    assert (table["customers"] + table["holdout"]).tolist() == [150, 140, 10]
    sizes = sample_sizes({"A": 0.3, "B": 0.2}, listed).table.drop_duplicates("segment").set_index("segment")
    assert sizes["customers"].to_dict() == table.loc[["A", "B"], "customers"].to_dict()
    # both draws are those of the lists without the other one
    plain, _ = lists_for(segments)
    assert listed["control"].equals(plain["control"])
    assert "holdout" not in plain
    record = record_lists(listed, lists, HELD_OUT, as_of=None)
    assert (record.campaign, record.holdout_salt, record.holdout_share) == ("spring", "company", 0.1)
    (tmp_path / "segments.csv").write_text(safe_csv(listed[listed["segment"] != "C"]), encoding="utf-8")
    assert len(read_lists(tmp_path / "segments.csv", record).table) == record.customers == len(on_lists)


def test_a_held_out_customer_on_a_list_is_noticed(segments):
    listed, lists = lists_for(segments, HELD_OUT)
    record = record_lists(listed, lists, HELD_OUT, as_of=None)
    with pytest.raises(InputRefused, match="get no campaign at all"):
        lists_of(listed[listed["segment"] != "C"], record)


@pytest.mark.parametrize("text", ["1", "x", "-0.1, a", "0.1 0.2"])
def test_a_holdout_that_cannot_be_read_is_refused(text):
    with pytest.raises(ParameterRefused, match="holdout is a share"):
        read_holdout(text)


def test_no_holdout_and_one_with_the_salt_of_the_campaign():
    assert read_holdout(None) is read_holdout("") is read_holdout("0") is None
    assert read_holdout(0.05).share == 0.05
    with pytest.raises(ParameterRefused, match="that of the campaign too"):
        control_group("a", "spring", 0.1, "0.1, spring")


# Salts --------------------------------------------------------------------------------------------------------------


def registered(tmp_path, *records):
    register_file(tmp_path).parent.mkdir(parents=True)
    content = {"campaigns": [record.to_json() for record in records]}
    register_file(tmp_path).write_text(pd.Series([content]).to_json(orient="records")[1:-1], encoding="utf-8")


def last_lists(campaign, salt):
    return ListsRecord(campaign, salt, 0.1, None, 10, 1, "")


def test_a_campaign_keeps_the_salt_of_its_first_use(tmp_path):
    assert campaign_of("may", None, None, base=tmp_path) == ("may", "may")
    assert campaign_of("may", "spring", None, base=tmp_path) == ("spring", "spring")
    registered(
        tmp_path, CampaignRecord("may", "may", 0.1, "may"), CampaignRecord("spring", "an older salt", 0.1, "april")
    )
    assert campaign_of("june", "spring", None, base=tmp_path) == ("spring", "an older salt")
    # the folders of run may are called may-2026 now: its campaign goes on
    assert campaign_of("may-2026", None, last_lists("may", "may"), base=tmp_path) == ("may", "may")
    # a campaign with a name of its own does not become the default of the run that used it last
    assert campaign_of("june", None, last_lists("spring", "an older salt"), base=tmp_path) == ("june", "june")


def test_all_lists_of_the_register_come_back_as_their_runs_wrote_them(tmp_path):
    entry = {"run": "may", "as_of": "2026-05-31", "customers": 9, "control": 2, "sha256": "a"}
    later = entry | {"as_of": None, "sha256": "b", "control_share": 0.3, "holdout_share": 0.05, "holdout_salt": "c"}
    broken = {"run": "may"}
    registered(tmp_path, CampaignRecord("spring", "an older salt", 0.1, "may", (entry, broken, later)))
    assert made_lists(tmp_path) == [
        ListsRecord("spring", "an older salt", 0.3, None, 9, 2, "b", 0.05, "c"),
        ListsRecord("spring", "an older salt", 0.1, "2026-05-31", 9, 2, "a"),
    ]
    assert made_lists(tmp_path / "nowhere") == []


def test_a_run_finds_the_register_and_its_last_lists(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGLIB_HOME", str(tmp_path))
    registered(tmp_path, CampaignRecord("may", "may", 0.1, "may"))
    run = Run("may-2026")
    run.path("lists").parent.mkdir(parents=True)
    assert run.campaign() == ("may-2026", "may-2026")
    run.path("lists").write_text(pd.Series([last_lists("may", "may").to_json()]).to_json(orient="records")[1:-1])
    assert run.campaign() == ("may", "may")
    run.path("lists").write_text('{"lists": "of another version"}')
    assert run.campaign() == ("may-2026", "may-2026")


# Who was added, and who was removed ---------------------------------------------------------------------------------


def publish(lists, folder):
    folder.mkdir()
    for name, part in lists.parts.items():
        (folder / f"{name}.csv").write_text(safe_csv(part), encoding="utf-8", newline="")


def test_the_difference_takes_the_last_lists_to_the_new_ones(segments, tmp_path):
    _, first = lists_for(segments)
    publish(first, tmp_path / "audience")
    # ten leave, five move from A to B, twenty join A; of B nobody has a list any more but as a part of A
    later = segments.drop(segments.index[:10])
    later.loc[later.index[:5], "segment"] = "B"
    later = pd.concat([later, segments_of([f"new-{i}" for i in range(20)], "A" * 20)])
    _, second = lists_for(later)
    changed = since_last(second, tmp_path / "audience")
    for letter in "AB":
        then, now = (
            set(lists.parts[f"r_{letter}_{NAMES[letter].lower()}_send"]["customer_id"]) for lists in (first, second)
        )
        part = {kind: f"changes/r_{letter}_{NAMES[letter].lower()}_{kind}" for kind in ("added", "removed")}
        added = set(changed.changes[part["added"]]["customer_id"])
        removed = set(changed.changes[part["removed"]]["customer_id"]) if part["removed"] in changed.changes else set()
        assert (then - removed) | added == now
        assert added == now - then
        row = changed.table.set_index("segment").loc[letter]
        assert (row["added"], row["removed"]) == (len(added), len(removed))
    assert changed.table.columns[-1] == "list"
    assert second.changes == {}
    assert changed.files == second.files
    assert set(changed.parts) == {*second.parts, *changed.changes}


def test_a_segment_that_lost_its_list_is_removed_as_a_whole(segments, tmp_path):
    _, first = lists_for(segments)
    publish(first, tmp_path / "audience")
    _, second = lists_for(segments[segments["segment"] == "A"])
    changed = since_last(second, tmp_path / "audience")
    sent = first.parts["r_B_slow_send"]["customer_id"]
    assert changed.changes["changes/r_B_slow_removed"]["customer_id"].tolist() == sent.tolist()
    assert list(changed.changes) == ["changes/r_B_slow_removed"]


def test_there_is_nothing_to_tell_without_a_change_or_without_earlier_lists(segments, tmp_path):
    _, lists = lists_for(segments)
    assert since_last(lists, tmp_path / "audience") is lists
    publish(lists, tmp_path / "audience")
    assert since_last(lists, tmp_path / "audience") is lists
    next((tmp_path / "audience").glob("*_send.csv")).write_bytes(b"\xff\xfe\x00")
    assert since_last(lists, tmp_path / "audience") is lists
