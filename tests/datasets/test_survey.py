"""The sample of a ready table: what the generator promises, and how it comes through without a transaction."""

import json

import pandas as pd
import pytest

from seglib.datasets.survey import UNREADABLE, survey, write_survey
from seglib.errors import ParameterRefused
from seglib.ingest.shop import ingest
from seglib.report import check
from seglib.run.run import Run
from seglib.schema.records import VariableRecord
from seglib.schema.tables import TABLES


@pytest.fixture(scope="module")
def shop(root):
    return ingest(root / "data/sample/survey.csv", mapping=root / "params/mappings/survey.yaml")


def test_the_committed_file_is_what_the_generator_makes(root, tmp_path):
    made = write_survey(tmp_path / "survey.csv").read_bytes()
    assert made == (root / "data/sample/survey.csv").read_bytes()
    assert len(made) < 20_000


def test_same_seed_same_answers_and_another_seed_others():
    pd.testing.assert_frame_equal(survey(50, seed=1), survey(50, seed=1))
    assert not survey(50, seed=1).equals(survey(50, seed=2))


def test_the_answers_are_plausible():
    table = survey(2000)
    assert table["id"].is_unique
    assert {*table["gender"]} == {"Female", "Male"}
    age, income, score = (pd.to_numeric(table[name], errors="coerce") for name in ("age", "income", "score"))
    assert age.dropna().between(18, 90).all()
    assert score.dropna().between(1, 100).all()
    assert 10_000 < income.quantile(0.01) < income.quantile(0.99) < 110_000
    assert age.corr(score, method="spearman") < 0  # the groups are there, and they overlap
    assert table.drop(columns="id").isna().mean().max() < 0.1


@pytest.mark.parametrize(("options", "says"), [({"customers": 9}, "at least 10"), ({"out": "a.xlsx"}, r"\.csv")])
def test_an_impossible_survey_is_refused(tmp_path, options, says):
    out = tmp_path / options.pop("out", "a.csv")
    with pytest.raises(ParameterRefused, match=says):
        write_survey(out, **options)


# How it comes in ---------------------------------------------------------------------------------------------------


def test_it_comes_in_whole_and_what_cannot_be_read_is_told(shop, root, reconciles):
    reconciles(shop)
    assert not len(shop.quarantine)
    shop.require(max_reject_share=0.0)
    told = shop.findings.set_index("rule")
    assert set(told["severity"]) == {"warning"}
    raw = pd.read_csv(root / "data/sample/survey.csv")
    for name in ("age", "income", "member"):
        assert told.loc[f"customers.{name}.unreadable", "rows"] == len(UNREADABLE[name])
        assert told.loc[f"customers.{name}.missing", "rows"] == raw[name].isna().sum()
    assert "(forty)" in told.loc["customers.age.unreadable", "examples"]
    customers = shop.table("customers").set_index("customer_id")
    assert customers["age"].isna().sum() == raw["age"].isna().sum() + len(UNREADABLE["age"])
    assert set(customers["member"].dropna()) == {0.0, 1.0}
    yes = raw.set_index("id")["member"] == "yes"
    assert (customers["member"] == 1).equals(yes.rename_axis("customer_id"))


def test_without_transactions_there_is_no_day_and_every_table_is_there(shop, tmp_path):
    assert shop.as_of is None
    assert "customers.customer_id.no_transaction" not in set(shop.findings["rule"])
    run = Run("survey", base=tmp_path)
    shop.save(run)
    record = run.read("shop")
    assert (record.as_of, record.first_transaction, record.last_transaction) == (None, None, None)
    assert record.variables["income"] == VariableRecord("numeric", "EUR a year", log=True)
    assert {name: v.kind for name, v in record.variables.items()} == {
        "age": "numeric", "income": "numeric", "score": "numeric", "member": "binary", "gender": "nominal",
    }  # fmt: skip
    con = run.connect()
    assert con.table("transactions").columns == list(TABLES["transactions"].columns)
    assert con.table("transactions").shape[0] == con.table("unified").shape[0] == 0
    assert set(con.table("cities").df()["city_name"]) == set(shop.table("customers")["city_id"].dropna())


def test_the_check_says_the_same_in_every_form(shop):
    text, page, told = check.without_colours(check.as_text(shop)), check.as_html(shop), check.as_json(shop)
    for said in (text, page, json.dumps(told)):
        for rule in ("customers.age.unreadable", "customers.income.missing"):
            assert rule in said
    assert "no transactions, so no day to look from" in text
    assert "No transactions, so no day to look from" in page
    assert told["as_of"] is None
    assert told["passed"]


def test_a_day_to_look_from_is_refused_where_there_are_no_transactions(root):
    with pytest.raises(ParameterRefused, match="as_of 2024-01-01 does not apply: this source has no transactions"):
        ingest(root / "data/sample/survey.csv", mapping=root / "params/mappings/survey.yaml", as_of="2024-01-01")
