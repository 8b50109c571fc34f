"""Lists and outcomes that do not belong together are refused, each in one sentence."""

import numpy as np
import pandas as pd
import pytest

from seglib.campaign.arms import ControlGroup
from seglib.campaign.lists import fingerprint, lists_of, lists_record, read_lists
from seglib.campaign.matching import match
from seglib.errors import InputRefused
from seglib.run.files import safe_csv

GROUP = ControlGroup("spring", 0.2)
IDS = [*map(str, range(1, 240)), "007", "-A1", "＝x", "é"]  # one with the full-width sign, a formula to some


def made(ids=IDS, group=GROUP):
    table = pd.DataFrame({"customer_id": ids, "segment": ["A", "B", "C"] * (len(ids) // 3) + ["A"] * (len(ids) % 3)})
    table["segment_name"] = table["segment"].map({"A": "Loyal, quick", "B": "Lapsed", "C": "New"})
    table["control"] = group.contains(table["customer_id"])
    return table


@pytest.fixture
def table():
    return made()


@pytest.fixture
def record(table):
    return lists_record(table, group=GROUP, as_of="2026-06-30")


def test_lists_come_back_from_their_files_as_they_were(table, record, tmp_path):
    for letter, rows in table.groupby("segment"):
        (tmp_path / f"{letter}.csv").write_text(safe_csv(rows), encoding="utf-8", newline="")
    lists = read_lists(tmp_path, record)
    assert fingerprint(lists.table) == record.sha256
    assert set(lists.table["customer_id"]) == set(IDS)
    assert f"{len(IDS)} customers on 3 lists" in lists.text


def test_a_list_per_arm_says_it_by_its_name(table, record, tmp_path):
    for control, rows in table.groupby("control"):
        name = f"A_{'control' if control else 'send'}.csv"
        (tmp_path / name).write_text(safe_csv(rows.drop(columns="control")), encoding="utf-8", newline="")
    assert fingerprint(read_lists(tmp_path, record).table) == record.sha256


def test_how_a_spreadsheet_saved_them_does_not_matter(table, record, tmp_path):
    file = tmp_path / "all.csv"
    saved = table.sample(frac=1, random_state=1).assign(note="x", control=table["control"].astype(str).str.upper())
    saved.to_csv(file, index=False, sep=";", encoding="utf-8-sig")
    assert fingerprint(read_lists(file, record).table) == record.sha256


def forged(table):
    moved = table.copy()
    moved.loc[moved.index[moved["control"]][:3], "control"] = False
    return moved


REFUSED = {
    "arms changed by hand": (forged, "3 of 243 customers are in another arm than the id gives"),
    "rows taken out": (lambda t: t[t.index % 7 != 0], "208 customers are on them, and 243 were"),
    "segments changed": (lambda t: t.assign(segment="A"), "segments were changed"),
    "a customer twice": (lambda t: pd.concat([t, t.head(1)]), "1 customer is there more than once, such as '1'"),
    "of another campaign": (lambda t: made(group=ControlGroup("autumn", 0.2)), "in another arm than the id gives"),
    "nobody": (lambda t: t.head(0), "nobody is on them"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_lists_that_were_changed_are_refused(table, record, kind):
    change, why = REFUSED[kind]
    with pytest.raises(InputRefused, match="the lists cannot be used") as refused:
        lists_of(change(table), record)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("share", "why"), [(0, "nobody is in the control group"), (1, "everybody is in the control")])
def test_one_arm_empty(share, why):
    group = ControlGroup("spring", share)
    table = made(group=group)
    with pytest.raises(InputRefused, match=why) as refused:
        lists_of(table, lists_record(table, group=group, as_of=None))
    assert refused.value.exit_code == 1


BROKEN = {
    "a column missing": ("customer_id,control\n1,True\n", "has no column 'segment'"),
    "an arm missing": ("customer_id,segment\n1,A\n", "has no column 'control'"),
    "an arm that is none": ("customer_id,segment,control\n1,A,maybe\n", "control is True or False, not 'maybe'"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_file_that_is_no_list_is_refused(tmp_path, kind):
    text, why = BROKEN[kind]
    (tmp_path / "A.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputRefused, match=why):
        read_lists(tmp_path)


def test_a_folder_without_lists_is_refused(tmp_path):
    with pytest.raises(InputRefused, match="there is no list in"):
        read_lists(tmp_path)
    (tmp_path / "A.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputRefused, match="no text in UTF-8"):
        read_lists(tmp_path)


# Outcomes of those on the lists -------------------------------------------------------------------------------------


def outcomes(ids, value=1.0):
    return pd.DataFrame({"burned": value}, index=pd.Index(list(ids), dtype=object))


def test_who_has_no_row_did_nothing_and_still_counts(table, record):
    lists = lists_of(table, record)
    listed = match(lists, outcomes([*IDS[:100], "999999", "888888"]), {"burned": "share"}, name="o.csv")
    assert len(listed.outcomes) == len(IDS)
    by_id = dict(zip(lists.table["customer_id"], listed.outcomes["burned"], strict=True))
    assert [by_id[i] for i in IDS] == [1.0] * 100 + [0.0] * 143
    assert "2 customers of the outcomes are on no list" in listed.text
    assert "143 of 243 customers on the lists have no row in the outcomes: they count as 0" in listed.text
    assert not listed.stopped


def test_outcomes_of_other_customers_are_refused(table, record):
    with pytest.raises(
        InputRefused, match=r"none of their 3 customers is on the lists.*'0001' there, '1' on the lists"
    ):
        match(lists_of(table, record), outcomes(["0001", "0002", "0003"]), {"burned": "share"}, name="o.csv")


@pytest.mark.parametrize("recorded", [True, False])
def test_outcomes_of_one_arm_only_are_refused(table, record, recorded):
    lists = lists_of(table, record)
    ids = lists.table.loc[lists.table["control"] == recorded, "customer_id"]
    with pytest.raises(InputRefused, match="nobody of") as refused:
        match(lists, outcomes(ids), {"burned": "share"}, name="o.csv")
    assert "ask for those of everybody on the lists" in str(refused.value)


def test_one_arm_recorded_more_fully_stops_the_reading(table, record):
    lists = lists_of(table, record)
    rng, ids, control = np.random.default_rng(0), lists.table["customer_id"], lists.table["control"]
    lost = control & (rng.random(len(ids)) < 0.4)
    values = pd.DataFrame({"burned": (rng.random(len(ids)) < 0.3).astype(float)}, index=pd.Index(ids))
    listed = match(lists, values[~lost.to_numpy()], {"burned": "share"}, name="o.csv")
    assert "One side was recorded more fully" in listed.stopped
    # a file of those who did something only has fewer rows where the campaign did less: that is no fault
    events = values[values["burned"] == 1]
    assert not match(lists, events, {"burned": "share"}, name="o.csv").stopped


def test_of_several_records_the_one_that_made_the_lists_is_taken(table, record, tmp_path):
    autumn = ControlGroup("autumn", 0.4)
    others = [lists_record(table.assign(control=autumn.contains(table["customer_id"])), group=autumn, as_of=None)]
    (tmp_path / "all.csv").write_text(safe_csv(table), encoding="utf-8", newline="")
    assert read_lists(tmp_path, [*others, record]).record == record
    assert read_lists(tmp_path, []).record is None
    # somebody took a customer out: it is still the one that explains their arms
    (tmp_path / "all.csv").write_text(safe_csv(table.iloc[1:]), encoding="utf-8", newline="")
    with pytest.raises(InputRefused, match="whoever takes customers out"):
        read_lists(tmp_path, [*others, record])
