"""Sources: what is opened, how it is read, and what is refused with a reason."""

import gzip
import hashlib
import re
import zipfile
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seglib.cli import main
from seglib.errors import InputRefused
from seglib.ingest.shop import ingest


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"customer_id,join_date\n1,2024-01-01\n", "not a workbook"),
        (b"", "empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "password"),
        (b"PK\x03\x04 cut short", "damaged"),
    ],
)
def test_a_file_that_only_claims_to_be_a_workbook_is_refused(tmp_path, content, reason):
    path = tmp_path / "shop.xlsx"
    path.write_bytes(content)
    with pytest.raises(InputRefused, match=reason):
        ingest(path)


def test_a_truncated_workbook_is_refused(tmp_path, root):
    path = tmp_path / "shop.xlsx"
    path.write_bytes((root / "data/sample/shop.xlsx").read_bytes()[:100_000])
    with pytest.raises(InputRefused, match="damaged"):
        ingest(path)


def test_a_zip_that_is_no_workbook_is_refused(tmp_path):
    path = tmp_path / "shop.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")
    with pytest.raises(InputRefused, match="not a workbook"):
        ingest(path)


def _write(folder, tables):
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


def _swapped(folder, tables):
    return _write(folder, {**tables, "customers": tables["transactions"], "transactions": tables["customers"]})


def _twice(folder, tables):
    _write(folder, tables)
    (folder / "cities.csv").write_text("city_id,city_name,City_ID\n10,Cairo,10\n")
    return folder


def _file(name, content):
    def make(folder, tables):
        _write(folder, tables)
        (folder / "cities.csv").unlink()
        (folder / name).write_bytes(content)
        return folder

    return make


def _gzip_cut_short(folder, tables):
    _write(folder, tables)
    (folder / "cities.csv").unlink()
    (folder / "cities.csv.gz").write_bytes(gzip.compress(b"city_id,city_name\n" * 2000)[:40])
    return folder


def _workbook(folder, tables, sheets=None, **cells):
    path = folder / "shop.xlsx"
    with pd.ExcelWriter(path) as writer:
        for name, frame in tables.items():
            frame.to_excel(writer, sheet_name=(sheets or {}).get(name, name), index=False, **cells.get(name, {}))
            if name in cells:
                writer.sheets[name].merge_range("A1:D1", "The customers of our shop")
    return path


def _merged_over_header(folder, tables):
    return _workbook(folder, tables, customers={"header": True})


def _header_twice(folder, tables):
    return _workbook(folder, {**tables, "cities": tables["cities"].rename(columns={"city_name": "city_id"})})


def _duckdb_damaged(folder, tables):
    path = folder / "shop.duckdb"
    path.write_bytes(b"\0" * 8 + b"DUCK" + b"\0" * 5000)
    return path


REFUSED = [
    # what is wrong, how to make it, what the one sentence says
    ("swapped tables", _swapped, "table transactions: column 'transaction_id' is missing; found: 'customer_id', 'join"),
    ("a header twice", _twice, r"'cities.csv': column 'city_id' is there more than once"),
    ("a header twice in a sheet", _header_twice, "sheet 'cities': column 'city_id' is there more than once"),
    ("an empty file", _file("cities.csv", b""), "'cities.csv' cannot be read as csv: it is empty"),
    ("bytes", _file("cities.csv", b"city_id,city_name\n1,\0\0\0"), "it is no text"),
    ("compressed, cut short", _gzip_cut_short, r"cities.csv.gz' cannot be read as csv"),
    ("no gzip", _file("cities.csv.gz", b"city_id,city_name\n"), "cannot be read as csv: Not a gzipped file"),
    ("empty Parquet", _file("cities.parquet", b""), "cannot be read as parquet"),
    ("Parquet cut short", _file("cities.parquet", b"PAR1" + b"\0" * 50), "cannot be read as parquet"),
    ("a merged header", _merged_over_header, "column 'customer_id' is missing"),
    ("damaged DuckDB", _duckdb_damaged, "'shop.duckdb' cannot be opened as a DuckDB file"),
]


@pytest.mark.parametrize(("make", "says"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_source_that_cannot_be_read_is_refused_with_one_sentence(tables, tmp_path, make, says, monkeypatch, capsys):
    source = make(tmp_path, tables)
    monkeypatch.setattr("sys.argv", ["seglib", "check", "--source", str(source)])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err
    assert ended.value.code == 1
    assert re.search(says, told, flags=re.S), told
    assert "Traceback" not in told


@pytest.mark.parametrize("source", ["nowhere.xlsx", "nowhere/"])
def test_a_missing_source_is_refused(source):
    with pytest.raises(InputRefused, match="does not exist"):
        ingest(source)


def test_another_kind_of_file_is_refused_with_what_would_do(tmp_path):
    path = tmp_path / "customers.pdf"
    path.write_text("%PDF-1.7")
    with pytest.raises(InputRefused, match=r"no workbook \(.xlsx\), CSV, Parquet, DuckDB or SQLite file"):
        ingest(path)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("5,2024-01-01,1,10,too,many,columns\n", "line 6 has 7 fields, the header has 4"),
        ("5,2024-01-01\n", "line 6 has 2 fields, the header has 4"),
        ('5,2024-01-01,"never closed,10\n', "line 6"),
    ],
)
def test_a_malformed_csv_is_refused_with_file_and_line(tables, write_csv, line, reason):
    folder = write_csv(tables)
    with (folder / "customers.csv").open("ab") as file:
        file.write(line.encode("latin-1"))
    with pytest.raises(InputRefused, match=rf"customers\.csv.*{reason}"):
        ingest(folder)


def test_other_delimiters_a_byte_order_mark_and_crlf_are_read(tables, tmp_path):
    for name, frame in tables.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False, sep=";", encoding="utf-8-sig", lineterminator="\r\n")
    shop = ingest(tmp_path)
    assert shop.rows["accepted"].sum() == sum(map(len, tables.values()))


def test_a_line_that_starts_with_a_hash_is_data(tables, write_csv):
    tables["customers"].loc[3, "customer_id"] = "#4"
    assert "#4" in set(ingest(write_csv(tables)).table("customers")["customer_id"])


def test_quoted_line_breaks_stay_in_their_cell(tables, write_csv):
    tables["cities"].loc[0, "city_name"] = 'New "Cairo",\nEast'
    assert ingest(write_csv(tables)).table("cities")["city_name"].iloc[0] == 'New "Cairo",\nEast'


def test_moments_with_a_time_zone_are_read_as_their_day_in_utc(tables, tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    moments = pd.to_datetime(tables["transactions"]["transaction_date"]).dt.tz_localize("UTC") + pd.Timedelta(hours=23)
    tables["transactions"]["transaction_date"] = moments.dt.tz_convert("America/Lima")
    tables["transactions"]["burn_date"] = pd.to_datetime(tables["transactions"]["burn_date"]) + pd.Timedelta(hours=23)
    for name, frame in tables.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    dates = ingest(tmp_path).table("transactions")
    assert dates["transaction_date"].dt.strftime("%Y-%m-%d").tolist() == moments.dt.strftime("%Y-%m-%d").tolist()
    assert dates["burn_date"].iloc[0] == pd.Timestamp("2024-01-12")


def test_a_folder_of_parquet_parts_is_one_table(tables, tmp_path):
    for name, frame in tables.items():
        (tmp_path / name).mkdir()
        for part in range(2):
            frame.iloc[part::2].to_parquet(tmp_path / name / f"part-{part}.parquet")
    assert ingest(tmp_path).rows["accepted"].sum() == sum(map(len, tables.values()))


def test_a_table_given_twice_is_refused(tables, write_csv):
    folder = write_csv(tables)
    tables["customers"].to_parquet(folder / "customers.parquet")
    with pytest.raises(InputRefused, match="'customers' twice"):
        ingest(folder)


def test_numbers_with_gaps_and_dates_of_a_workbook_are_read(tables, tmp_path):
    tables["customers"] = tables["customers"].astype({"customer_id": int}).assign(gender_id=[1.0, 2.0, 2.0, np.nan])
    for table, column in (("customers", "join_date"), ("transactions", "transaction_date")):
        tables[table][column] = pd.to_datetime(tables[table][column])
    path = tmp_path / "shop.xlsx"
    with pd.ExcelWriter(path) as writer:
        for name, frame in tables.items():
            frame.to_excel(writer, sheet_name=name.upper(), index=False)
    shop = ingest(path)
    assert not len(shop.quarantine)
    assert shop.table("customers")["gender_id"].tolist()[:3] == ["1", "2", "2"]
    assert shop.table("transactions")["transaction_date"].iloc[0] == pd.Timestamp("2024-01-10")


def test_a_file_in_another_encoding_is_read_and_told(tables, write_csv):
    folder = write_csv(tables)
    words = "city_id,city_name\n10,Zürich – Altstadt\n20,Genève “Gare”\n"
    (folder / "cities.csv").write_bytes(words.encode("cp1252"))
    shop = ingest(folder)
    assert shop.table("cities")["city_name"].tolist() == ["Zürich – Altstadt", "Genève “Gare”"]
    assert "'cities.csv' was read with the delimiter comma and the encoding cp1252" in shop.notes


def test_utf_16_is_read(tables, write_csv):
    folder = write_csv(tables)
    (folder / "cities.csv").write_bytes("city_id\tcity_name\r\n10\tقاهرة\r\n20\tGiza 🎟️\r\n".encode("utf-16"))
    shop = ingest(folder)
    assert shop.table("cities")["city_name"].tolist() == ["قاهرة", "Giza 🎟️"]
    assert "'cities.csv' was read with the delimiter tab and the encoding utf-16" in shop.notes


def test_compressed_csv_and_commas_in_quoted_headers_are_read(tables, write_csv):
    folder = write_csv(tables)
    (folder / "cities.csv").unlink()
    with gzip.open(folder / "cities.csv.gz", "wt", encoding="utf-8") as file:
        file.write('city_id;city_name;"notes, more, and more"\n10;Cairo;x\n20;Giza;"a;b"\n')
    assert ingest(folder).table("cities")["city_name"].tolist() == ["Cairo", "Giza"]


def test_names_in_any_script_come_through(tables, write_csv):
    tables["cities"]["city_name"] = ["🎟️ Köln", "القاهرة"]
    assert ingest(write_csv(tables)).table("cities")["city_name"].tolist() == ["🎟️ Köln", "القاهرة"]


def test_exact_types_of_parquet_come_through(tables, tmp_path):
    big = [2**53 + 1, 2**53 + 2, 3, 4]
    tables["customers"] = tables["customers"].assign(customer_id=big, gender_id=[1.0, 2.0, 2.0, np.nan])
    of = dict(zip(["1", "2", "3"], big, strict=False))
    amounts = [Decimal("0.10"), Decimal("-2.35"), None, Decimal("3.00"), Decimal("4.40"), Decimal("5.00")]
    tables["transactions"] = tables["transactions"].assign(
        customer_id=tables["transactions"]["customer_id"].map(of), amount=pd.Series(amounts, dtype=object)
    )
    for name, frame in tables.items():
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / f"{name}.parquet")
    shop = ingest(tmp_path)
    assert not len(shop.quarantine)
    assert shop.table("customers")["customer_id"].tolist() == [str(n) for n in big]
    assert shop.table("transactions")["amount"].tolist()[:2] == [0.10, -2.35]
    found = shop.findings.set_index("rule")
    assert found.loc["transactions.amount.negative", "examples"] == "2 in row 2 (-2.35)"


def test_ids_that_are_nan_are_empty(tables, tmp_path):
    tables["transactions"]["customer_id"] = [1.0, np.nan, 1.0, 2.0, 2.0, 3.0]
    for name, frame in tables.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    found = ingest(tmp_path).quality.set_index("rule")["rows"]
    assert found["transactions.customer_id.missing"] == 1
    assert found["transactions.customer_id.unknown"] == 0


def test_merged_cells_lose_nothing_in_silence(tables, tmp_path, reconciles):
    path = tmp_path / "shop.xlsx"
    with pd.ExcelWriter(path) as writer:
        for name, frame in tables.items():
            frame.to_excel(writer, sheet_name=name, index=False)
        form = writer.book.add_format()
        writer.sheets["transactions"].merge_range("B2:B4", "1", form)  # one customer over three coupons
    shop = ingest(path)
    assert shop.quality.set_index("rule").loc["transactions.customer_id.missing", "rows"] == 2
    reconciles(shop)


def _workbook_that_hides(path, tables, hide, *, at=0):
    with pd.ExcelWriter(path) as writer:
        for name, frame in tables.items():
            frame.to_excel(writer, sheet_name=name, index=False, startrow=at, startcol=at)
        writer.sheets["customers"].activate()
        hide(writer.sheets["transactions"])
    return path


def _hidden_rows(*rows):
    return lambda sheet: [sheet.set_row(row - 1, None, None, {"level": 1, "hidden": True}) for row in rows]


@pytest.mark.parametrize(
    ("hide", "at", "what"),
    [
        (_hidden_rows(3), 0, "row 3"),
        (_hidden_rows(5, 6, 7), 0, "3 rows: 5, 6, 7"),
        (_hidden_rows(6, 7), 3, "2 rows: 6, 7"),  # names in row 4, as the spreadsheet counts
        (lambda sheet: sheet.set_column("B:B", None, None, {"hidden": True}), 0, "column customer_id"),
        (lambda sheet: sheet.set_column("E:E", None, None, {"hidden": True}), 3, "column customer_id"),
        (lambda sheet: sheet.hide(), 0, "the whole sheet"),
        (lambda sheet: sheet.very_hidden(), 0, "the whole sheet"),
    ],
)
def test_what_a_workbook_hides_is_read_and_told(tables, tmp_path, hide, at, what):
    assert list(tables["transactions"])[1] == "customer_id"
    shop = ingest(_workbook_that_hides(tmp_path / "shop.xlsx", tables, hide, at=at))
    [note] = [note for note in shop.notes if "hides" in note]
    assert f"'transactions' ({what})" in note
    assert len(shop.table("transactions")) == len(tables["transactions"])


@pytest.mark.parametrize("row", [40, 1])  # nothing stands there; the names do
def test_nothing_is_told_of_hidden_rows_that_hold_no_values(tables, tmp_path, row):
    shop = ingest(_workbook_that_hides(tmp_path / "shop.xlsx", tables, _hidden_rows(row)))
    assert not [note for note in shop.notes if "hides" in note]


def test_a_formula_cell_is_read_as_its_value(tables, tmp_path):
    path = tmp_path / "shop.xlsx"
    with pd.ExcelWriter(path) as writer:
        for name, frame in tables.items():
            frame.to_excel(writer, sheet_name=name, index=False)
        writer.sheets["cities"].write_formula("B2", '=UPPER("Cairo")', value="CAIRO")
    assert ingest(path).table("cities")["city_name"].tolist() == ["CAIRO", "Giza"]


def test_the_parts_of_a_partitioned_folder_give_their_column(tables, tmp_path):
    for name, frame in tables.items():
        if name != "customers":
            frame.to_parquet(tmp_path / f"{name}.parquet")
    for city, part in tables["customers"].groupby("city_id"):
        folder = tmp_path / "customers" / f"city_id={city}"
        folder.mkdir(parents=True)
        part.drop(columns="city_id").to_parquet(folder / "part-0.parquet")
    customers = ingest(tmp_path).table("customers").set_index("customer_id")
    assert customers["city_id"].to_dict() == {"1": "10", "2": "20", "3": "10", "4": "10"}


def test_a_duckdb_file_with_tables_and_views_is_read_and_not_written(tables, tmp_path):
    path = tmp_path / "it's a shop.duckdb"
    with duckdb.connect(str(path)) as con:
        for name, frame in tables.items():
            con.register("frame", frame)
            con.execute(f"CREATE TABLE t_{name} AS FROM frame")
            con.execute(f"CREATE VIEW {name} AS FROM t_{name}")
            con.unregister("frame")
    before = path.read_bytes()
    shop = ingest(path)
    assert shop.source.kind == "DuckDB file"
    assert shop.rows["accepted"].sum() == sum(map(len, tables.values()))
    assert path.read_bytes() == before


def test_the_hash_of_an_input_is_that_of_its_file(tables, write_csv):
    folder = write_csv(tables)
    inputs = {table.name: table.sha256 for table in ingest(folder).record.inputs}
    assert inputs["cities"] == hashlib.sha256((folder / "cities.csv").read_bytes()).hexdigest()
