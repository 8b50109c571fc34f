"""Files for advertising and mailing platforms: documented hashes, who may never be in one, and what is never shown."""

import io
import traceback

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seglib.campaign.arms import ControlGroup
from seglib.campaign.lists import lists_of, lists_record, read_lists
from seglib.campaign.upload import PLATFORMS, AddressColumns, _phone, make_upload
from seglib.errors import InputRefused, ParameterRefused
from seglib.run.files import safe_csv
from seglib.runner.published import refuse_inside

GROUP = ControlGroup("spring", 0.2)
IDS = [*map(str, range(1, 300)), "=1"]

DOCUMENTED = {  # from Google's pages on formatting user data, and Meta's on customer information parameters
    "alexz@example.com": "509e933019bb285a134a9334b8bb679dff79d0ce023d529af4bd744d47b4fd8a",
    "+18005550100": "fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30",
    "mary@example.com": "f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79",
    "16505551212": "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176",
}


@pytest.fixture(scope="module")
def lists():
    table = pd.DataFrame({"customer_id": IDS, "segment": ["A"] * 200 + ["B"] * 100})
    table["control"] = GROUP.contains(IDS)
    return lists_of(table, lists_record(table, group=GROUP, as_of=None))


def addresses_of(ids=IDS):
    numbers = range(len(ids))
    return pd.DataFrame(
        {
            "customer_id": ids,
            "email": [f" Person{i}@Example.com" for i in numbers],
            "phone": [f"+49 (0)30 12345-{i:03d}" for i in numbers],
            "consent": "yes",
        }
    )


@pytest.fixture
def upload(lists, tmp_path):
    def make(addresses, platform="braze", **options):
        addresses.to_csv(tmp_path / "addresses.csv", index=False)
        return make_upload(lists, tmp_path / "addresses.csv", platform=platform, **options)

    return make


def written(result):
    return pd.read_csv(io.StringIO(result.to_csv()), dtype=str, keep_default_na=False)


HEADERS = {
    "google": ["Email", "Phone"],
    "meta": ["email", "phone"],
    "braze": ["external_id", "email", "phone"],
    "klaviyo": ["Email", "Phone Number"],
    "mailchimp": ["Email Address"],
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_who_gets_the_offer_is_in_the_file_and_nobody_else(upload, lists, platform):
    result = upload(addresses_of(), platform)
    send = lists.table.loc[~lists.table["control"], "customer_id"].tolist()
    table = written(result)
    assert table.columns.tolist() == HEADERS[platform]
    assert len(table) == len(send) > 200
    if platform == "braze":
        assert table["external_id"].tolist() == send
    if not PLATFORMS[platform].hashed:
        numbers = [IDS.index(customer) for customer in send]
        assert table.filter(regex="(?i)mail").iloc[:, 0].tolist() == [f"person{i}@example.com" for i in numbers]
        phones = table.filter(regex="(?i)phone")
        if platform == "mailchimp":
            assert phones.empty
            assert "takes a phone number with its own consent: none is in the file" in result.text
        else:
            assert phones.iloc[:, 0].tolist() == [f"+493012345{i:03d}" for i in numbers]
    else:
        assert "@" not in result.to_csv()
        assert table.stack().str.fullmatch("[0-9a-f]{64}").all()


@pytest.mark.parametrize(
    ("platform", "email", "phone"),
    [
        ("google", ("ALEXZ@example.com ", "alexz@example.com"), ("+1 (800) 555-0100", "+18005550100")),
        ("meta", (" Mary@Example.com", "mary@example.com"), ("+1 650-555-1212", "16505551212")),
    ],
)
def test_hashes_are_those_that_the_platforms_document(upload, lists, platform, email, phone):
    rows = addresses_of()
    first = IDS.index(lists.table.loc[~lists.table["control"], "customer_id"].iloc[0])
    rows.loc[first, ["email", "phone"]] = email[0], phone[0]
    assert written(upload(rows, platform)).iloc[0].tolist() == [DOCUMENTED[email[1]], DOCUMENTED[phone[1]]]


def test_who_did_not_agree_is_left_out_whatever_stands_there(upload, lists):
    rows = addresses_of()
    words = ["no", "", "False", "0", "unknown", "maybe", "yes please?", "nan"]
    rows.loc[:149, "consent"] = [words[i % len(words)] for i in range(150)]
    rows.loc[150:199, "consent"] = ["YES", " true ", "1", "Subscribed", "opted_in"] * 10
    result = upload(rows)
    n_without = int((~lists.table["control"].iloc[:150]).sum())
    assert f"{n_without} left out: they did not agree to be written to." in result.text
    assert not set(written(result)["external_id"]) & set(IDS[:150])
    assert len(written(result)) == (~lists.table["control"].iloc[150:]).sum()


def test_what_cannot_be_used_is_left_out_and_counted(upload, lists):
    rows = addresses_of()
    send = (~lists.table["control"]).to_numpy().nonzero()[0]
    rows.loc[send[0], ["email", "phone"]] = "nobody", "030 12345"  # both
    rows.loc[send[1], ["email", "phone"]] = "", "+49 30 12345"
    rows.loc[send[2], ["email", "phone"]] = "a b@example.com", "+0 30 12345"
    rows = rows.drop(index=send[3])
    result = upload(rows)
    assert "1 left out: not in the address file." in result.text
    assert "2 left out: no address that can be used." in result.text
    assert "2 entries of email left empty" in result.text
    assert "2 entries of phone left empty: no phone number with its country code." in result.text
    assert len(written(result)) == len(send) - 3
    assert len(written(upload(rows, "mailchimp"))) == len(send) - 4  # it needs an e-mail address


def test_a_segment_and_columns_of_other_names(upload, lists):
    names = {"customer_id": "Client", "email": "Mail", "phone": "Tel", "consent": "Newsletter"}
    rows = addresses_of().rename(columns=names)
    result = upload(rows, segments=["A"], columns=AddressColumns("client", "mail", "tel", "newsletter"))
    expected = lists.table.query("segment == 'A' and not control")["customer_id"]
    assert written(result)["external_id"].tolist() == expected.tolist()
    with pytest.raises(ParameterRefused, match="no list of segment 'Z'"):
        upload(rows, segments=["Z"])
    with pytest.raises(ParameterRefused, match="did you mean 'google'"):
        upload(rows, "googel")


SECRET = "secret.person@example.com"
REFUSED = {
    "no consent column": (lambda t: t.drop(columns="consent"), "has no column 'consent': name the one"),
    "no id": (lambda t: t.drop(columns="customer_id"), "has no column 'customer_id'"),
    "no address": (lambda t: t.drop(columns=["email", "phone"]), "has neither a column 'email' nor 'phone'"),
    "no headers": (lambda t: t.set_axis([SECRET, "a", "b", "c"], axis=1), "has no column 'customer_id'"),
    "a customer twice": (lambda t: pd.concat([t, t.head(1)]), "1 rows of customers who have another row"),
    "few": (lambda t: t.head(90), "customers would be in the file for Braze, and it takes 100 at least"),
    "nobody agreed": (lambda t: t.assign(consent=SECRET), "0 customers would be in the file"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_refused_is_one_sentence_without_any_address(upload, kind):
    change, why = REFUSED[kind]
    rows = addresses_of()
    rows["email"] = SECRET
    with pytest.raises(InputRefused) as refused:
        upload(change(rows))
    assert why in str(refused.value)
    shown = "".join(traceback.format_exception(refused.value))
    assert "secret" not in shown
    assert "+49" not in shown


def test_a_file_that_cannot_be_read_is_one_sentence_without_what_is_in_it(lists, tmp_path):
    for content in (b"\xff\xfe" + SECRET.encode(), f'customer_id,email\n"{SECRET}\n'.encode(), b""):
        (tmp_path / "a.csv").write_bytes(content)
        with pytest.raises(InputRefused, match="address file") as refused:
            make_upload(lists, tmp_path / "a.csv", platform="meta")
        assert "secret" not in "".join(traceback.format_exception(refused.value))


def test_an_upload_shows_no_address(upload):
    result = upload(addresses_of())
    assert "@" not in repr(result) + result.text
    assert "+49" not in repr(result) + result.text


def test_lists_without_a_control_group_can_be_uploaded_and_forged_ones_not(tmp_path):
    nobody = ControlGroup("spring", 0)
    table = pd.DataFrame({"customer_id": IDS, "segment": "A", "segment_name": "a", "control": False})
    (tmp_path / "r_A_a_send.csv").write_text(safe_csv(table), encoding="utf-8", newline="")
    record = lists_record(table, group=nobody, as_of=None)
    assert len(read_lists(tmp_path, record, compared=False).table) == len(IDS)
    with pytest.raises(InputRefused, match="in another arm than the id gives"):
        read_lists(tmp_path, lists_record(table, group=GROUP, as_of=None), compared=False)


@given(st.from_regex(r"\+[1-9][0-9]{7,12}", fullmatch=True), st.sampled_from([" ", "-", ".", " (", ") ", "/"]))
def test_a_number_with_its_country_code_survives_any_punctuation(number, sign):
    spelled = f"{number[:3]}{sign}{number[3:5]}{sign}{number[5:]}"
    assert _phone(spelled, PLATFORMS["google"]) == _phone(f" 00{spelled[1:]}", PLATFORMS["google"]) == number
    assert _phone(spelled, PLATFORMS["meta"]) == number[1:]
    assert _phone(spelled[1:].removeprefix("00"), PLATFORMS["google"]) == ""


@pytest.mark.parametrize("place", ["reports/x.csv", "data/x.csv", "reports/../data/a/x.csv"])
def test_addresses_are_written_to_no_place_that_is_published(tmp_path, monkeypatch, place):
    monkeypatch.setenv("SEGLIB_HOME", str(tmp_path))
    with pytest.raises(ParameterRefused, match="give another place"):
        refuse_inside(tmp_path / place)
    refuse_inside(tmp_path / "upload.csv")
