"""CSV files: delimiter and encoding are detected and noted; values stay text until the contract reads them."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from seglib.errors import InputRefused
from seglib.ingest.sources.base import Loaded

if TYPE_CHECKING:
    import duckdb

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz")
DELIMITERS = ",;\t|"
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def is_csv(path: Path) -> bool:
    """Say whether a file is a CSV file by its name."""
    return path.name.lower().endswith(SUFFIXES)


def stem(path: Path) -> str:
    """Return a file's name without its suffixes: ``shop.csv.gz`` is ``shop``."""
    name = path.name[:-3] if path.name.lower().endswith(".gz") else path.name
    return Path(name).stem


def load(con: duckdb.DuckDBPyConnection, target: str, *, path: Path, options: Mapping[str, str]) -> Loaded:
    """Read a CSV file into a table of texts.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    target : str
    path : Path
        May be compressed with gzip.
    options : mapping of str to str
        ``delimiter`` and ``encoding`` where they are known.

    Returns
    -------
    Loaded
        Its note tells delimiter and encoding, and whether they were found out.

    Raises
    ------
    InputRefused
        If it is empty, no text, has a column twice, or a line with too many or too few fields.
    """
    import duckdb

    from seglib.ingest.sources.base import sha256

    try:
        encoding = _encoding(path, options.get("encoding"))
        header = _header(path, encoding)
    except (OSError, EOFError) as error:
        raise InputRefused(f"'{path.name}' cannot be read as csv: {error or 'it is cut short'}") from None
    if not header.strip():
        raise InputRefused(f"'{path.name}' cannot be read as csv: it is empty")
    delimiter = options.get("delimiter") or _delimiter(header)
    if len(delimiter) != 1:
        raise InputRefused(f"'{path.name}': a delimiter is one sign, not '{delimiter}'")
    columns = next(csv.reader(io.StringIO(header), delimiter=delimiter))
    twice = [name for name, n in Counter(name.strip().casefold() for name in columns).items() if n > 1 and name]
    if twice:
        raise InputRefused(f"'{path.name}': column '{twice[0]}' is there more than once; keep one of them")
    with tempfile.TemporaryDirectory() as folder:
        text = path if encoding in ("utf-8", "utf-8-sig") else _transcoded(path, encoding, Path(folder))
        named = str(text).replace("'", "''")
        sign = delimiter.replace("'", "''")
        dialect = f"delim='{sign}', quote='\"', escape='\"', comment='', header=true, skip=0"
        try:  # read once, here, so that a malformed line is found now
            con.execute(f"CREATE TABLE {target} AS FROM read_csv('{named}', {dialect}, all_varchar=true)")
        except duckdb.Error:
            fault = _fault(path, encoding, delimiter)
            raise InputRefused(f"'{path.name}' cannot be read as csv: {fault}") from None
    how = NAMES.get(delimiter, f"'{delimiter}'")
    shown = {"utf-8-sig": "utf-8"}.get(encoding, encoding)
    return Loaded(sha256((path,)), f"'{path.name}' was read with the delimiter {how} and the encoding {shown}")


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")


def _encoding(path: Path, given: str | None) -> str:
    """Return the encoding of a file: the one that was given, UTF-8 if every byte fits, else the likeliest."""
    if given:
        try:
            return codecs.lookup(given).name
        except LookupError:
            raise InputRefused(
                f"'{path.name}': there is no encoding '{given}'; write it like utf-8 or cp1252"
            ) from None
    decoder = codecs.getincrementaldecoder("utf-8")()
    with _open(path) as stream:
        head = stream.read(1 << 16)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        block = head
        try:
            while block:
                decoder.decode(block)
                block = stream.read(1 << 20)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return _likeliest(path, head + block)
    if b"\0" in head:
        raise InputRefused(f"'{path.name}' cannot be read as csv: it is no text")
    return "utf-8-sig" if head.startswith(codecs.BOM_UTF8) else "utf-8"


def _likeliest(path: Path, sample: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    if best is None or b"\0" in sample:
        raise InputRefused(f"'{path.name}' cannot be read as csv: it is no text; save it as 'CSV UTF-8'")
    # where a Western page of Windows is as likely as a rarer one, it is the one that spreadsheets write
    western = next((match for match in from_bytes(sample) if match.encoding == "cp1252"), None)
    return "cp1252" if western is not None and western.chaos <= best.chaos else best.encoding


def _header(path: Path, encoding: str) -> str:
    with _open(path) as stream:
        text = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="")
        record = text.readline().lstrip("\ufeff")
        while record.count('"') % 2 and (more := text.readline()):  # a name with a line break in quotes
            record += more
    return record


def _delimiter(header: str) -> str:
    """Return the delimiter that the header line uses most, outside of quotes; a comma if it uses none."""
    bare = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=bare.count)


def _transcoded(path: Path, encoding: str, folder: Path) -> Path:
    """Write a file again as UTF-8, aside."""
    transcoded = folder / f"{hashlib.sha256(path.name.encode()).hexdigest()[:8]}.csv"
    try:
        with _open(path) as stream, transcoded.open("w", encoding="utf-8", newline="") as out:
            shutil.copyfileobj(io.TextIOWrapper(stream, encoding=encoding, newline=""), out, 1 << 20)
    except UnicodeDecodeError as error:
        raise InputRefused(
            f"'{path.name}' is not written in {encoding}: {error.reason} at byte {error.start}"
        ) from None
    return transcoded


def _fault(path: Path, encoding: str, delimiter: str) -> str:
    """Say what is wrong with a CSV file that could not be read."""
    with _open(path) as stream:
        text = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="")
        rows = csv.reader(text, delimiter=delimiter)
        width = len(next(rows))
        try:
            for row in rows:
                if row and len(row) != width:
                    return f"line {rows.line_num} has {len(row)} fields, the header has {width}"
        except csv.Error as error:
            return f"line {rows.line_num}: {error}"
    return "its lines do not form a table; check quotes and delimiters"
