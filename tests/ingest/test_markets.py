"""Some cities only: exclusions that are counted, the same day for every market, and no row lost or twice."""

import pandas as pd
import pytest

from seglib.errors import InputRefused, ParameterRefused
from seglib.ingest.shop import ingest
from seglib.run.run import Run


def rows(shop, table):
    return shop.rows.set_index("table").loc[table].to_dict()


def ids(shop, table):
    return set(shop.table(table)[f"{table[:-1]}_id"])


def test_a_market_is_its_customers_and_what_they_did(tables, write_csv):
    shop = ingest(write_csv(tables), cities="Giza")
    assert shop.cities == ("Giza",)
    assert ids(shop, "customers") == {"2"}
    assert ids(shop, "transactions") == {"4", "5"}
    assert len(shop.unified.df()) == 2
    assert shop.record.cities == ("Giza",)
    assert ingest(write_csv(tables)).cities == ()


def test_everybody_else_is_excluded_counted_but_not_copied(tables, write_csv):
    shop = ingest(write_csv(tables), cities="Giza")
    for table in ("customers", "transactions"):
        counted = rows(shop, table)
        assert counted["rows_in"] == len(tables[table]) == counted["accepted"] + counted["quarantined"]
        assert counted["left_out"] == counted["quarantined"] > 0
    assert set(shop.findings.query("severity == 'exclusion'")["rule"]) == {
        "customers.city_id.not_asked_for",
        "transactions.customer_id.not_asked_for",
    }
    assert "not of Giza, as asked" in shop.text
    assert len(shop.quarantine) == 0
    shop.require(max_reject_share=0.0)  # nothing is broken


@pytest.mark.parametrize("cities", ["giza", "  GIZA ", "Giza,", "giza, Giza", '"Giza"'])
def test_case_and_blanks_do_not_matter(tables, write_csv, cities):
    assert ingest(write_csv(tables), cities=cities).cities == ("Giza",)


def test_a_name_with_a_comma_stands_in_quotes(tables, write_csv):
    tables["cities"] = tables["cities"].replace({"Giza": "Giza, West"})
    folder = write_csv(tables)
    assert ingest(folder, cities='"Giza, West", cairo').cities == ("Giza, West", "Cairo")
    with pytest.raises(ParameterRefused, match="no 'West'"):
        ingest(folder, cities="Cairo, West")


def test_all_ids_of_a_name_are_meant(tables, write_csv):
    tables["cities"] = tables["cities"].assign(city_name="Giza")
    shop = ingest(write_csv(tables), cities="giza")
    assert ids(shop, "customers") == {"1", "2", "3", "4"}


@pytest.mark.parametrize(
    ("cities", "message"),
    [
        ("Gizza", r"no 'Gizza' \(did you mean 'Giza'\?\); there are .*Cairo"),
        ("Giza, Rome, Oslo", "no 'Rome'.* and 'Oslo'"),
        ("", "no city is named"),
        (" , ", "no city is named"),
    ],
)
def test_a_city_that_is_not_there_is_refused(tables, write_csv, cities, message):
    with pytest.raises(ParameterRefused, match=message):
        ingest(write_csv(tables), cities=cities)


def test_a_long_list_of_cities_is_shortened(tables, write_csv):
    more = pd.DataFrame({"city_id": range(100, 150), "city_name": [f"Town {i}" for i in range(50)]})
    tables["cities"] = pd.concat([tables["cities"], more])
    folder = write_csv(tables)
    with pytest.raises(ParameterRefused, match=r"Town \d+ and 40 more$"):
        ingest(folder, cities="Atlantis")
    with pytest.raises(ParameterRefused, match="no customer lives in Town 7; most live in"):
        ingest(folder, cities="town 7")


def test_a_shop_that_knows_no_cities_is_refused(tables, write_csv):
    tables["customers"] = tables["customers"].drop(columns="city_id")
    with pytest.raises(ParameterRefused, match="have no city"):
        ingest(write_csv(tables), cities="Giza")


def test_where_no_table_names_them_ids_are_names(tables, write_csv):
    del tables["cities"]
    assert ids(ingest(write_csv(tables), cities="20"), "customers") == {"2"}


def test_all_markets_are_looked_at_on_the_last_day_of_the_shop(tables, write_csv):
    shop = ingest(write_csv(tables), cities="Giza")
    assert shop.record.last_transaction == "2024-03-01"
    assert shop.as_of == pd.Timestamp("2024-06-30")  # of a customer in Cairo


def test_a_day_before_a_market_began_is_refused(tables, write_csv):
    folder = write_csv(tables)
    assert ingest(folder, cities="Giza", as_of="2024-01-20").as_of == pd.Timestamp("2024-01-20")
    with pytest.raises(ParameterRefused, match="before the first transaction"):
        ingest(folder, cities="Giza", as_of="2024-01-15")


def test_markets_divide_the_shop_whatever_is_wrong_with_it(tables, write_csv):
    """Every row that the whole shop accepts is in one market, unless nobody knows the city; no other row is in any."""
    again = tables["customers"].head(1).assign(city_id="20")  # customer 1 of Cairo, once more in Giza
    tables["customers"] = pd.concat([tables["customers"], again])
    tables["customers"].iloc[2, 3] = None  # nobody knows where customer 3 lives
    tables["transactions"].loc[0, "customer_id"] = "99"  # nobody's
    tables["transactions"].loc[1, "transaction_status"] = "used"
    folder = write_csv(tables)
    whole, cairo, giza = ingest(folder), ingest(folder, cities="Cairo"), ingest(folder, cities="Giza")
    assert [ids(shop, "customers") for shop in (whole, cairo, giza)] == [{"1", "2", "3", "4"}, {"1", "4"}, {"2"}]
    assert [ids(shop, "transactions") for shop in (whole, cairo, giza)] == [{"3", "4", "5", "6"}, {"3"}, {"4", "5"}]
    for shop in (cairo, giza):
        for table in ("customers", "transactions"):
            counted = rows(shop, table)
            assert counted["rows_in"] == counted["accepted"] + counted["quarantined"]
    assert cairo.quarantine["rules"].tolist() == ["transactions.transaction_status.unknown"]
    assert giza.quarantine["rules"].tolist() == ["customers.customer_id.duplicate"]


def test_only_what_is_wrong_with_the_market_counts_as_damage(tables, write_csv):
    tables["transactions"].loc[:2, "transaction_status"] = "used"  # of customer 1, in Cairo
    folder = write_csv(tables)
    ingest(folder, cities="Giza").require(max_reject_share=0.0)
    for cities, counted in ((None, "3 of 6"), ("Cairo", "3 of 4")):
        with pytest.raises(InputRefused, match=f"{counted} rows"):
            ingest(folder, cities=cities).require(max_reject_share=0.05)


def test_what_the_mapping_leaves_out_stays_its_own(tables, write_csv, tmp_path):
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("tables: {customers: {leave_out: {staff: {column: customer_id, is: '1'}}}}", encoding="utf-8")
    shop = ingest(write_csv(tables), mapping=mapping, cities="Cairo, Giza")
    rows_by_rule = shop.quality.set_index("rule")["rows"]
    assert rows_by_rule["customers.left_out.staff"] == 1
    assert rows_by_rule["customers.city_id.not_asked_for"] == 0
    assert rows_by_rule["transactions.left_out.with_their_customers"] == 3
    assert rows_by_rule["transactions.customer_id.not_asked_for"] == 0
    assert (ids(shop, "customers"), ids(shop, "transactions")) == ({"2", "3", "4"}, {"4", "5", "6"})


def test_lines_of_invoices_can_be_of_one_market(root):
    source, mapping = root / "data/sample/invoices.csv", root / "params/mappings/invoices.yaml"
    whole = ingest(source, mapping=mapping)
    shop = ingest(source, mapping=mapping, cities=whole.table("cities")["city_name"].iloc[0])
    assert ids(shop, "transactions") < ids(whole, "transactions")
    counted = rows(shop, "transactions")
    assert counted["accepted"] > counted["rows_out"] > 0


def test_a_survey_can_be_of_one_market(root):
    shop = ingest(root / "data/sample/survey.csv", mapping=root / "params/mappings/survey.yaml", cities="porto")
    assert shop.as_of is None  # it has no transactions
    assert 0 < rows(shop, "customers")["accepted"] < 200
    shop.require(max_reject_share=0.0)


def test_a_market_is_saved_as_a_run(tables, write_csv, tmp_path):
    run = Run("market", base=tmp_path)
    ingest(write_csv(tables), cities="Giza").save(run)
    assert run.read("shop").cities == ("Giza",)
    assert run.read("shop").database.reason
    assert len(run.read("unified")) == 2
