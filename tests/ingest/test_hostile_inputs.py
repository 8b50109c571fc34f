"""Inputs that mean harm, or ask for too much: each ends in one sentence, in bounded memory and time, for real.

Every line of `REFUSED` is a file that is made, and a command that is run on it in a process of its own. What is
expected: the exit code, what the sentence says, no traceback, at most `MEMORY` and `SECONDS`.
"""

import gzip
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from seglib.ingest.shop import ingest
from seglib.sql.connect import exact_path, in_memory

ROOT = Path(__file__).parents[2]
SECONDS, MEMORY = 60, 1_600
"""Of one command: seconds on a busy machine, and megabytes."""
LONGEST = 25_000
SECRET = "nobody-may-read-this"


def run(*arguments, **environment):
    """Run a command in a process of its own; return (exit code, stdout, stderr, megabytes)."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment}
    process = subprocess.Popen(
        [sys.executable, "-m", "seglib", *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + SECONDS
    most = 0
    while process.poll() is None and time.monotonic() < end:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        most = max(most, *(int(kb) // 1024 for kb in re.findall(r"VmHWM:\s+(\d+)", status)), 0)
        if most > 2 * MEMORY:
            break
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    out, err = process.communicate()
    return process.returncode, out.decode(), err.decode(), most


def check(source, *more):
    return ("check", "--source", source, *more)


def table(folder, text="customer_id,x\n1,a\n2,b\n", name="customers.csv"):
    (folder / name).write_text(text)
    return folder / name


def mapped(folder, text):
    """A good table and a mapping file of a given text."""
    if isinstance(text, str):
        (folder / "map.yaml").write_text(text)
    return check(table(folder), "--mapping", folder / "map.yaml")


def by_colour(folder, source, *more):
    """Check a source whose customers are all there is, by a mapping file that says so."""
    (folder / "colour.yaml").write_text("tables: {customers: {segment_by: {x: nominal}}}")
    return check(source, *(more or ("--mapping", folder / "colour.yaml")))


# DuckDB and SQLite files of others -----------------------------------------------------------------------------------


def view(body):
    """A DuckDB file whose customers are a view; ``{secret}`` is a file beside it, ``{here}`` its folder."""

    def make(folder):
        (folder / "secret.csv").write_text(f"customer_id\n{SECRET}\n")
        with duckdb.connect(str(folder / "shop.duckdb")) as con:
            con.execute(f"CREATE VIEW customers AS {body.format(secret=folder / 'secret.csv', here=folder)}")
            con.execute(
                "CREATE TABLE transactions AS SELECT '1' AS transaction_id, '1' AS customer_id, "
                "DATE '2024-01-01' AS transaction_date"
            )
        return check(folder / "shop.duckdb")

    return make


def view_suggested(body):
    return lambda folder: (*view(body)(folder), "--suggest")


def sqlite_view(body):
    def make(folder):
        con = sqlite3.connect(folder / "shop.db")
        con.execute(f"CREATE VIEW customers AS {body}")
        con.execute("CREATE TABLE transactions (transaction_id, customer_id, transaction_date)")
        con.commit()
        con.close()
        return check(folder / "shop.db")

    return make


ENDLESS = "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r)"


# Files that are none -------------------------------------------------------------------------------------------------


def pipe(name, *more):
    def make(folder):
        os.mkfifo(folder / name)
        return check(folder / name, *more)

    return make


def device(name):
    def make(folder):
        (folder / name).symlink_to("/dev/zero")
        return check(folder / name)

    return make


def pipe_as_mapping(folder):
    os.mkfifo(folder / "map.yaml")
    return mapped(folder, None)


def device_as_mapping(folder):
    (folder / "map.yaml").symlink_to("/dev/zero")
    return mapped(folder, None)


def pipe_as_parameters(folder):
    os.mkfifo(folder / "params.yaml")
    return ("run", "--params", folder / "params.yaml")


def pipe_as_model(folder):
    os.mkfifo(folder / "model.skops")
    return ("score", "--model", folder / "model.skops", "--source", table(folder))


def pipe_in_folder(folder):
    os.mkfifo(folder / "customers.csv")
    return check(folder)


def pipe_as_part(suffix):
    def make(folder):
        (folder / "customers").mkdir()
        os.mkfifo(folder / "customers" / f"part.{suffix}")
        return by_colour(folder, folder)

    return make


# Too much ------------------------------------------------------------------------------------------------------------


def gzip_bomb(line, *more):
    def make(folder):
        block = gzip.compress(line * ((1 << 24) // len(line)), 9)
        with (folder / "customers.csv.gz").open("wb") as out:
            out.write(gzip.compress(b"customer_id,x\n"))
            for _ in range(300):  # 5 GB
                out.write(block)
        return by_colour(folder, folder / "customers.csv.gz", *more)

    return make


def far_cell(row, column, filled=20):
    def make(folder):
        book = xlsxwriter.Workbook(folder / "shop.xlsx")
        sheet = book.add_worksheet("customers")
        sheet.write_row(0, 0, ["customer_id", "x"])
        for i in range(1, filled):
            sheet.write_row(i, 0, [i, "a"])
        sheet.write(row, column, "stray")
        book.close()
        return check(folder / "shop.xlsx")

    return make


def workbook_bomb(member):
    def make(folder):
        book = xlsxwriter.Workbook(folder / "small.xlsx")
        book.add_worksheet("customers").write_row(0, 0, ["customer_id", "x"])
        book.close()
        with (
            zipfile.ZipFile(folder / "small.xlsx") as small,
            zipfile.ZipFile(folder / "shop.xlsx", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as large,
        ):
            for entry in small.infolist():
                if entry.filename != member:
                    large.writestr(entry.filename, small.read(entry))
                    continue
                with large.open(member, "w", force_zip64=True) as out:
                    out.write(b"<?xml version='1.0'?><x>")
                    for _ in range(1300):
                        out.write(b" " * (1 << 20))
                    out.write(b"</x>")
        return check(folder / "shop.xlsx")

    return make


def header(text, *more):
    return lambda folder: by_colour(folder, table(folder, text), *more)


# YAML ----------------------------------------------------------------------------------------------------------------

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
)


def parameters(text):
    def make(folder):
        (folder / "params.yaml").write_text(text)
        return ("run", "--params", folder / "params.yaml", "--source", table(folder))

    return make


def named(run_name):
    return lambda folder: ("run", "--source", table(folder), "--run", run_name)


def batch_called(name):
    def make(folder):
        (folder / f"{name}.yaml").write_text("runs: {all: {}}\n")
        return ("run", "--params", folder / f"{name}.yaml")

    return make


# Nothing in it -------------------------------------------------------------------------------------------------------


def empty_folder(folder):
    (folder / "shop").mkdir()
    return check(folder / "shop", "--suggest")


def parquet_without_columns(folder):
    pq.write_table(pa.table({}), folder / "customers.parquet")
    return check(folder / "customers.parquet", "--suggest")


def sheet_without_cells(folder):
    book = xlsxwriter.Workbook(folder / "shop.xlsx")
    book.add_worksheet("customers")
    book.close()
    return check(folder / "shop.xlsx", "--suggest")


OUTSIDE = "view 'customers' of 'shop.duckdb' reads something outside of its file"
LATE = "was not read to its end within 2 seconds"
NO_FILE = "is a pipe or a device, not a file"

REFUSED = {
    # what it is: (how it is made, exit code, what the sentence says)
    "view over a csv file": (view("SELECT * FROM read_csv('{secret}')"), 1, OUTSIDE),
    "view over a text": (view("SELECT content AS customer_id FROM read_text('{secret}')"), 1, OUTSIDE),
    "view over bytes": (view("SELECT content AS customer_id FROM read_blob('{secret}')"), 1, OUTSIDE),
    "view over a file by its name": (view("SELECT * FROM '{secret}'"), 1, OUTSIDE),
    "view over a folder": (view("SELECT file AS customer_id FROM glob('{here}/*')"), 1, OUTSIDE),
    "view over the system": (view("SELECT content AS customer_id FROM read_text('/proc/self/environ')"), 1, OUTSIDE),
    "view over a file, to suggest": (view_suggested("SELECT * FROM read_csv('{secret}')"), 0, OUTSIDE),
    "endless view": (view("SELECT i::VARCHAR AS customer_id FROM range(1000000000000000) r(i)"), 1, LATE),
    "endless recursion": (view(f"{ENDLESS} SELECT i::VARCHAR AS customer_id FROM r"), 1, LATE),
    "endless view without a row": (view(f"{ENDLESS} SELECT i::VARCHAR AS customer_id FROM r WHERE i < 0"), 1, LATE),
    "endless view, to suggest": (view_suggested(f"{ENDLESS} SELECT i::VARCHAR AS customer_id FROM r"), 0, LATE),
    "endless view of SQLite": (sqlite_view(f"{ENDLESS} SELECT i AS customer_id FROM r"), 1, LATE),
    "the same without a row": (sqlite_view(f"{ENDLESS} SELECT i AS customer_id FROM r WHERE i < 0"), 1, LATE),
    "a huge value of SQLite": (sqlite_view("SELECT hex(zeroblob(900000000)) AS customer_id"), 1, "too big|cannot be"),
    "a pipe": (pipe("customers.csv"), 1, NO_FILE),
    "a pipe, to suggest": (pipe("customers.csv", "--suggest"), 1, NO_FILE),
    "a pipe for a workbook": (pipe("shop.xlsx"), 1, NO_FILE),
    "a device": (device("customers.csv"), 1, NO_FILE),
    "a device for a database": (device("shop.duckdb"), 1, NO_FILE),
    "a pipe for a mapping file": (pipe_as_mapping, 2, NO_FILE),
    "a device for a mapping file": (device_as_mapping, 2, NO_FILE),
    "a pipe for a parameter file": (pipe_as_parameters, 2, NO_FILE),
    "a pipe for a model": (pipe_as_model, 1, "model '.*' does not exist"),
    "a pipe in a folder": (pipe_in_folder, 1, "no table 'customers'"),
    "a pipe for a part of a table": (pipe_as_part("parquet"), 1, NO_FILE),
    "a pipe for a part of a table of CSV": (pipe_as_part("csv"), 1, NO_FILE),
    "gigabytes of zeros": (gzip_bomb(b"\0"), 1, "unfolds to more than"),
    "gigabytes of one line": (gzip_bomb(b"a"), 1, "unfolds to more than"),
    "gigabytes of rows": (gzip_bomb(b"1,a\n"), 1, "unfolds to more than"),
    "gigabytes of rows, to suggest": (gzip_bomb(b"1,a\n", "--suggest"), 1, "unfolds to more than"),
    "a cell in the last row and column": (far_cell(1048575, 16383), 1, r"sheet 'customers'.*far.*XFD1048576"),
    "a cell in the last row and some column": (far_cell(1048575, 60), 1, r"sheet 'customers'.*far.*row 1,048,576"),
    "a sheet of gigabytes": (workbook_bomb("xl/worksheets/sheet1.xml"), 1, "unfolds to more than"),
    "styles of gigabytes": (workbook_bomb("xl/styles.xml"), 1, "unfolds to more than"),
    "a header of two megabytes": (header("customer_id," + "x" * 2_000_000 + "\n1,2\n"), 1, "its first line has more"),
    "the same, to suggest": (header("a" * 2_000_000 + "\n1\n", "--suggest"), 1, "its first line has more"),
    "a quote that never ends": (header('"customer_id,x\n' + "1,2\n" * 1_000_000), 1, "check quotes"),
    "many columns": (header(",".join(f"column{i}" for i in range(5000)) + "\n"), 1, "characters left out"),
    "a long name": (header("customer_no" + "x" * 900_000 + ",b\n1,2\n"), 1, "characters left out"),
    "a name that steers the terminal": (header("\x1b[2J\u202e,x\n1,2\n"), 1, r"'\\x1b\[2J\\u202e'"),
    "an empty folder, to suggest": (empty_folder, 1, "has no tables"),
    "a table without columns, to suggest": (parquet_without_columns, 1, "customers"),
    "a sheet without cells, to suggest": (sheet_without_cells, 1, "sheet 'customers' is empty"),
}


WRONG_WORDS = {
    "aliases without end": (lambda f: mapped(f, LAUGHS), 2, "'map.yaml' stands for more than"),
    "an alias of itself": (
        lambda f: mapped(f, "tables: &a {customers: *a}"),
        2,
        "'map.yaml'.*inside of what it",
    ),
    "deep nesting": (lambda f: mapped(f, "tables: " + "[" * 5000), 2, "'map.yaml' is nested more than"),
    "deep lines": (lambda f: mapped(f, "".join(f"{' ' * i}a:\n" for i in range(900))), 2, "'map.yaml'.*nested more"),
    "a huge word": (lambda f: mapped(f, "decimal: " + "x" * 400_000), 2, "'map.yaml'.*decimal"),
    "a huge file": (lambda f: mapped(f, "# " + "x" * 3_000_000), 2, "'map.yaml' has more than"),
    "a huge key": (lambda f: mapped(f, f"? {'x' * 400_000}\n: 1"), 2, "'map.yaml'.*unknown"),
    "a key that is a list": (lambda f: mapped(f, "? [a, b]\n: 1"), 2, "'map.yaml'"),
    "a tag": (lambda f: mapped(f, "tables: !!python/object/apply:os.system ['true']"), 2, "'map.yaml'"),
    "a zero": (lambda f: mapped(f, "tables: \0"), 2, "'map.yaml' is not valid YAML"),
    "aliases in parameters": (parameters(LAUGHS), 2, "params.yaml' stands for more than"),
    "a day that is none in parameters": (parameters("as_of: 2024-13-45"), 2, "params.yaml' is not valid YAML"),
    "a number without end in parameters": (parameters("k: " + "9" * 5000), 2, "params.yaml' is not valid YAML"),
    "a list in parameters": (parameters("k: [1, 2]"), 2, "parameter 'k' is a whole number, not a list"),
    "deep parameters": (parameters("k: " + "{a: " * 3000), 2, "params.yaml' is nested more than"),
    "a run called con": (named("con"), 2, "a run cannot be called 'con'"),
    "a run called NUL": (named("NUL"), 2, "a run cannot be called 'NUL'"),
    "a run that ends in a dot": (named("spring."), 2, "a run is named with letters"),
    "a run that ends in a line break": (named("spring\n"), 2, "a run is named with letters"),
    "a batch called index": (batch_called("index"), 2, "a batch cannot be called 'index'"),
    "a batch called aux": (batch_called("aux"), 2, "a batch cannot be called 'aux'"),
}


@pytest.mark.parametrize("what", WRONG_WORDS)
def test_wrong_words_get_one_sentence(tmp_path, what, command, monkeypatch):
    """As above, by the command line in this process, which is quicker."""
    make, code, sentence = WRONG_WORDS[what]
    monkeypatch.setenv("SEGLIB_HOME", str(tmp_path / "home"))
    result, _, err = command(*make(tmp_path))
    assert result == code
    assert re.search(sentence, err), err[-3000:]
    assert len(err) < LONGEST
    assert not list((tmp_path / "home").rglob("*.html"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is looked up as Linux has it")
@pytest.mark.parametrize("what", REFUSED)
def test_what_means_harm_gets_one_sentence(tmp_path, what):
    make, code, sentence = REFUSED[what]
    result, out, err, megabytes = run(*make(tmp_path), SEGLIB_VIEW_SECONDS="2", SEGLIB_HOME=str(tmp_path / "home"))
    assert (result, "Traceback" in err) == (code, False), err[-3000:]
    assert re.search(sentence, " ".join((out + err).split())), err[-3000:]
    assert SECRET not in out + err
    assert len(err) < LONGEST
    assert "\x1b" not in err
    assert megabytes < MEMORY
    assert not list((tmp_path / "home").rglob("*.html"))


# What is named is read, and nothing else -----------------------------------------------------------------------------

NAMES = ("y[1]", "sales*", "a{1,2}", "b?", "c[!x]", "**", "[", "x=1", "it's", "d[a-z]", "é ü", "#1", "100%", "~")
DECOYS = ("y1", "sales_1", "a1", "a2", "b1", "cy", "db")


@pytest.mark.parametrize("folder_name", ["plain", "p[1]", "{a,b}", "x=1", "s*r"])
@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet", "duckdb", "db", "xlsx"])
def test_a_name_is_no_pattern(tmp_path, kind, folder_name):
    folder = tmp_path / folder_name
    folder.mkdir()
    for number, name in enumerate((*DECOYS, *NAMES), start=100):
        path = folder / f"{name}.{kind}"
        frame = pd.DataFrame({"customer_id": [str(number), "2"], "colour": ["red", f"right{number}"]})
        if kind in ("csv", "csv.gz"):
            frame.to_csv(path, index=False)
        elif kind == "parquet":
            frame.to_parquet(path)
        elif kind == "xlsx":
            frame.to_excel(path, sheet_name=name.translate(dict.fromkeys(map(ord, "[]*?'"), "_")), index=False)
        elif kind == "db":
            with sqlite3.connect(path) as con:
                frame.to_sql(name, con, index=False)
        else:
            place = tmp_path / "made.duckdb"
            with duckdb.connect(str(place)) as con:
                con.register("frame", frame)
                con.execute(f'CREATE TABLE "{name}" AS FROM frame')
            place.rename(path)
    mapping = tmp_path / "map.yaml"
    for number, name in enumerate((*DECOYS, *NAMES), start=100):
        if name not in NAMES:
            continue
        sheet = name.translate(dict.fromkeys(map(ord, "[]*?'"), "_")) if kind == "xlsx" else name
        quoted = sheet.replace("'", "''")
        mapping.write_text(f"tables: {{customers: {{from: '{quoted}', segment_by: {{colour: nominal}}}}}}")
        shop = ingest(folder / f"{name}.{kind}", mapping=mapping)
        assert set(shop.table("customers")["customer_id"]) == {str(number), "2"}, name
        assert set(shop.table("customers")["colour"]) == {"red", f"right{number}"}, name


def test_a_folder_above_the_source_is_no_column(tmp_path, tables, write_csv):
    above = tmp_path / "city_id=99"
    above.mkdir()
    plain = write_csv(tables)
    expected = ingest(plain).table("customers")
    for kind in ("csv", "parquet"):
        folder = above / kind
        folder.mkdir()
        for name, frame in tables.items():
            getattr(frame, f"to_{kind}")(folder / f"{name}.{kind}", index=False)
        pd.testing.assert_frame_equal(ingest(folder).table("customers"), expected)


def test_a_folder_inside_the_table_is_a_column(tmp_path, tables):
    """Also below a folder that looks like one, and where its value has signs of a pattern."""
    shop = tmp_path / "city_id=99" / "s[1]"
    shop.mkdir(parents=True)
    customers = tables["customers"].assign(city_id=["1[0]", "2%200", "1[0]", "1[0]"])
    customers["gender_id"] = customers["gender_id"].fillna("1")
    for (city, gender), rows in customers.groupby(["city_id", "gender_id"]):
        part = shop / "customers" / f"city_id={city}" / f"gender_id={gender}"
        part.mkdir(parents=True)
        rows.drop(columns=["city_id", "gender_id"]).to_parquet(part / "part-0.parquet")
    for name in ("transactions", "genders"):
        tables[name].to_parquet(shop / f"{name}.parquet")
    pd.DataFrame({"city_id": ["1[0]", "2 0"], "city_name": ["Cairo", "Giza"]}).to_parquet(shop / "cities.parquet")
    read = ingest(shop).table("customers").set_index("customer_id")
    assert read["city_id"].to_dict() == {"1": "1[0]", "2": "2 0", "3": "1[0]", "4": "1[0]"}
    assert read["gender_id"].to_dict() == {"1": "1", "2": "2", "3": "2", "4": "1"}


# The engine reaches nothing else -------------------------------------------------------------------------------------


def test_only_one_place_opens_duckdb():
    """Every other one would have to be locked by itself; `schema` imports nothing of seglib, and locks its own."""
    calls = {
        str(path.relative_to(ROOT)): re.findall(r"duckdb\.(?:connect|sql|execute|query|read_\w+)\(.*", path.read_text())
        for path in (ROOT / "seglib").rglob("*.py")
    }
    calls = {path: lines for path, lines in calls.items() if lines}
    assert set(calls) == {"seglib/sql/connect.py", "seglib/schema/tables.py"}
    assert all("enable_external_access" in line for line in calls["seglib/schema/tables.py"])


REACHES = (
    "FROM read_text('{secret}')",
    "FROM read_csv('{secret}')",
    "FROM '{secret}'",
    "FROM glob('{folder}/*')",
    "COPY (SELECT 1) TO '{folder}/out.csv'",
    "ATTACH '{folder}/new.duckdb'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "FROM 'https://example.org/a.csv'",
    "SET enable_external_access = true",
    "SET allowed_directories = ['/']",
    "CREATE SECRET (TYPE s3)",
    "FROM read_csv('{link}')",
    "FROM read_csv('{allowed}/../secret.csv')",
    "EXPORT DATABASE '{folder}/exported'",
    "FROM frame",
)


@pytest.mark.parametrize("statement", REACHES)
def test_a_connection_reaches_nothing_else(tmp_path, statement):
    secret, allowed = table(tmp_path, f"a\n{SECRET}\n", "secret.csv"), tmp_path / "allowed"
    allowed.mkdir()
    inside = table(allowed, "a\n1\n", "in.csv")
    (tmp_path / "link.csv").symlink_to(secret)
    frame = pd.DataFrame({"a": [SECRET]})
    con = in_memory(reads=[allowed])
    assert con.execute(f"SELECT a FROM read_csv('{exact_path(con, inside)}')").fetchall() == [(1,)]
    values = {"secret": secret, "folder": tmp_path, "link": tmp_path / "link.csv", "allowed": allowed}
    with pytest.raises(duckdb.Error):
        assert SECRET not in str(con.execute(statement.format(**values)).fetchall()), len(frame)


# What looks hostile and is not ---------------------------------------------------------------------------------------


def test_a_view_that_stays_in_its_file_is_read(tmp_path):
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        con.execute("CREATE TABLE people AS SELECT * FROM (VALUES (1, 'a'), (2, 'b')) t(no, colour)")
        con.execute("CREATE VIEW customers AS SELECT no AS customer_id, upper(colour) AS colour FROM people")
    mapping = tmp_path / "map.yaml"
    mapping.write_text("tables: {customers: {segment_by: {colour: nominal}}}")
    customers = ingest(tmp_path / "shop.duckdb", mapping=mapping).table("customers")
    assert customers[["customer_id", "colour"]].to_numpy().tolist() == [["1", "A"], ["2", "B"]]


def test_moments_in_nanoseconds_are_read_as_those_in_microseconds(tmp_path, tables):
    """Near midnight in Rome the day differs from that in UTC."""
    mapping = tmp_path / "map.yaml"
    mapping.write_text("time_zone: Europe/Rome\n")
    moments = pd.to_datetime(tables["transactions"]["transaction_date"]) + pd.Timedelta("23h30min")
    for unit in ("ns", "us"):
        folder = tmp_path / unit
        folder.mkdir()
        for name, frame in tables.items():
            frame.to_parquet(folder / f"{name}.parquet")
        whole = pa.Table.from_pandas(tables["transactions"], preserve_index=False)
        place = whole.schema.get_field_index("transaction_date")
        stored = pa.array(moments.dt.tz_localize("Europe/Rome"), pa.timestamp(unit, "Europe/Rome"))
        pq.write_table(whole.set_column(place, "transaction_date", stored), folder / "transactions.parquet")
        days = ingest(folder, mapping=mapping).table("transactions")["transaction_date"]
        assert days.dt.strftime("%Y-%m-%d").tolist() == moments.dt.strftime("%Y-%m-%d").tolist()


def test_a_stray_value_far_below_is_told_and_costs_little(tmp_path):
    make = far_cell(1048575, 1)
    make(tmp_path)
    mapping = tmp_path / "map.yaml"
    mapping.write_text("tables: {customers: {segment_by: {x: nominal}}}")
    code, out, err, megabytes = run(*check(tmp_path / "shop.xlsx", "--mapping", mapping))
    assert "Traceback" not in err
    assert code == 1  # the stray value has no customer
    assert "1,048,555 rows without any value lie above row 1,048,576" in " ".join(out.split())
    assert megabytes < 700


def test_empty_tables_can_be_looked_at(tmp_path):
    for name, columns in {
        "customers": ["customer_id", "join_date", "city_id"],
        "transactions": ["transaction_id", "customer_id", "transaction_date", "transaction_status"],
    }.items():
        pd.DataFrame(columns=columns).to_csv(tmp_path / f"{name}.csv", index=False)
    for more in (("--suggest",), ()):
        code, out, err, _ = run(*check(tmp_path, *more))
        assert "Traceback" not in err
        assert code in (0, 1)
        assert out or err
