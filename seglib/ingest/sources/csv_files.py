"""CSV files: delimiter, encoding and header are found out and noted; values stay text until the contract reads them.

A file that is written in an unusual way (titles above the header, ``sep=;``, blanks between columns, a backslash before
quotes, single bytes of another encoding) is written again as plain CSV, aside, before it is read.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING

from seglib.errors import InputRefused
from seglib.ingest.sources.base import Loaded
from seglib.ingest.sources.headers import ROWS_LOOKED_AT, header_position, looks_like_data, usual_width
from seglib.ingest.sources.limits import LONGEST_HEADER, refuse_irregular, refuse_unfolding
from seglib.sql import exact_path, folder_aside, quoted, sql_literal

if TYPE_CHECKING:
    import duckdb

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz")
DELIMITERS = ",;\t|"
BLANKS = " "
"""The delimiter of a file whose columns stand apart by one blank or more."""
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", BLANKS: "blank"}

LONGEST_FIELD = 1 << 24
"""Signs in a field, at most."""

LONGEST_LINE = 1 << 22
"""Signs in a line, at most; DuckDB reads half as many."""


@dataclass(frozen=True)
class Encoding:
    """How the bytes of a file become text.

    Attributes
    ----------
    name : str
    strays : int
        Bytes that do not fit, and are read as cp1252.
    line : int
        Line of the first of them.
    backslash : bool
        Whether a backslash stands before a quotation mark somewhere.
    garbled : int
        Signs that an earlier program has spoiled: read in a wrong encoding, or replaced because it could not read them.
    """

    name: str
    strays: int = 0
    line: int = 0
    backslash: bool = False
    garbled: int = 0

    @property
    def errors(self) -> str:
        """What is done with bytes that do not fit."""
        return "seglib_stray" if self.strays else "strict"


@dataclass(frozen=True)
class Layout:
    """How the text of a file becomes a table.

    Attributes
    ----------
    delimiter : str
        One sign; `BLANKS` is one blank or more.
    names : tuple of str
    header : int
        Line of the header; 0: the file has none, and the columns are numbered.
    first : int
        Line with which the table begins, that of the header if there is one.
    backslash : bool
        Whether a backslash before a quotation mark makes it a part of the text.
    """

    delimiter: str
    names: tuple[str, ...]
    header: int
    first: int
    backslash: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether the file can be read as it is."""
        return self.header == self.first == 1 and not self.backslash and self.delimiter != BLANKS


def is_csv(path: Path) -> bool:
    """Say whether a file is a CSV file by its name."""
    return path.name.lower().endswith(SUFFIXES)


def stem(path: Path) -> str:
    """Return a file's name without its suffixes: ``shop.csv.gz`` is ``shop``."""
    name = path.name[:-3] if path.name.lower().endswith(".gz") else path.name
    return Path(name).stem


def load(
    con: duckdb.DuckDBPyConnection,
    target: str,
    *,
    path: Path,
    options: Mapping[str, str],
    header_rows: Mapping[str, int] | None = None,
) -> Loaded:
    """Read a CSV file into a table of texts.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    target : str
    path : Path
        May be compressed with gzip.
    options : mapping of str to str
        ``delimiter``, ``encoding`` and ``header_row`` (0: no line has names) where they are known.
    header_rows : mapping of str to int, optional
        ``header_row`` of single tables.

    Returns
    -------
    Loaded
        Its note tells delimiter and encoding, and what is unusual in the file.

    Raises
    ------
    InputRefused
        If it is empty, no text, has a column twice or no header, or a line with too many or too few fields.
    """
    import duckdb

    from seglib.ingest.sources.base import sha256

    refuse_unfolding(path)
    csv.field_size_limit(LONGEST_FIELD)
    given = (header_rows or {}).get(stem(path), options.get("header_row"))
    try:
        encoding = _encoding(path, options.get("encoding"))
        layout = _layout(path, encoding, options.get("delimiter"), None if given is None else int(given))
    except (OSError, EOFError) as error:
        raise InputRefused(f"'{path.name}' cannot be read as csv: {error or 'it is cut short'}") from None
    twice = [name for name, n in Counter(name.strip().casefold() for name in layout.names).items() if n > 1 and name]
    if twice:
        raise InputRefused(f"'{path.name}': column '{twice[0]}' is there more than once; keep one of them")
    with tempfile.TemporaryDirectory(dir=folder_aside(con)) as folder:
        is_plain = layout.is_plain and encoding.name in ("utf-8", "utf-8-sig") and not encoding.strays
        text = path if is_plain else _rewritten(path, encoding, layout, Path(folder))
        named = sql_literal(exact_path(con, text))
        sign = ("," if layout.delimiter == BLANKS else layout.delimiter).replace("'", "''")
        dialect = f"delim='{sign}', quote='\"', escape='\"', comment='', header=true, skip=0, hive_partitioning=false"
        try:  # read once, here, so that a malformed line is found now
            con.execute(f"CREATE TABLE {target} AS FROM read_csv({named}, {dialect}, all_varchar=true)")
        except duckdb.Error:
            fault = _fault(path, encoding, layout)
            if fault:
                raise InputRefused(f"'{path.name}' cannot be read as csv: {fault}") from None
            _load_line_by_line(con, target, path, encoding, layout, Path(folder))
    return Loaded(sha256((path,)), _note(path, encoding, layout))


def _load_line_by_line(
    con: duckdb.DuckDBPyConnection, target: str, path: Path, encoding: Encoding, layout: Layout, folder: Path
) -> None:
    """Read a file whose lines form a table, and end in different ways: each is written again with one ending.

    Raises
    ------
    InputRefused
        If it still cannot be read.
    """
    import duckdb

    text = folder / "lines.csv"
    lines = islice(_lines(path, encoding), layout.first - 1, None)
    if layout.backslash:
        lines = map(_unescaped, lines)
    with text.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        if not layout.header:
            writer.writerow(layout.names)
        rows = csv.reader(lines, delimiter=layout.delimiter, skipinitialspace=layout.delimiter == BLANKS)
        writer.writerows([cell.removeprefix("\ufeff") for cell in row] for row in rows if row)
    named = sql_literal(exact_path(con, text))
    try:
        con.execute(
            f"CREATE OR REPLACE TABLE {target} AS FROM read_csv({named}, delim=',', quote='\"', escape='\"', "
            "comment='', header=true, skip=0, hive_partitioning=false, all_varchar=true)"
        )
    except duckdb.Error:
        raise InputRefused(
            f"'{path.name}' cannot be read as csv: its lines do not form a table; check quotes and delimiters"
        ) from None


def load_folder(
    con: duckdb.DuckDBPyConnection,
    target: str,
    *,
    folder: Path,
    parts: Sequence[Path],
    options: Mapping[str, str],
    header_rows: Mapping[str, int] | None = None,
) -> Loaded:
    """Read a folder of CSV files, one below the other, as one table; folders named ``column=value`` give a column.

    Raises
    ------
    InputRefused
        If one of them is a pipe or a device, cannot be read, or does not have the columns of the first.
    """
    from seglib.ingest.sources.base import sha256

    refuse_irregular(parts)
    given = (header_rows or {}).get(folder.name)
    options = options if given is None else {**options, "header_row": str(given)}
    notes: list[str] = []
    columns: dict[str, str] = {}
    for i, part in enumerate(parts):
        notes.append(load(con, "csv_part", path=part, options=options).note)
        there = {row[0].strip().casefold(): row[0] for row in con.sql("DESCRIBE csv_part").fetchall()}
        if i and (odd := sorted({*there} ^ {*columns})):
            lacks, has = (part, parts[0]) if odd[0] in columns else (parts[0], part)
            raise InputRefused(
                f"folder '{folder.name}': '{lacks.name}' has no column '{odd[0]}', which '{has.name}' has"
            )
        partition = [name.split("=", 1) for name in part.relative_to(folder).parent.parts if "=" in name]
        constants = "".join(
            f", {sql_literal(value)} AS {quoted(name)}" for name, value in partition if name.casefold() not in there
        )
        if not i:
            columns = there
            con.execute(f"CREATE TABLE {target} AS SELECT *{constants} FROM csv_part")
        else:
            con.execute(f"INSERT INTO {target} BY NAME SELECT *{constants} FROM csv_part")
        con.execute("DROP TABLE csv_part")
    note = f"the {len(parts)} files of folder '{folder.name}' lie one below the other"
    return Loaded(sha256(tuple(parts)), "; ".join([note, *dict.fromkeys(notes)]))


def _note(path: Path, encoding: Encoding, layout: Layout) -> str:
    """Say how a file was read."""
    how = NAMES.get(layout.delimiter, f"'{layout.delimiter}'")
    shown = {"utf-8-sig": "utf-8"}.get(encoding.name, encoding.name)
    note = f"'{path.name}' was read with the delimiter {how} and the encoding {shown}"
    if layout.header > 1:
        note += f"; its header is line {layout.header}"
    if not layout.header:
        note += "; it has no header: its columns are called column 1, column 2 and so on"
    if layout.backslash:
        note += "; a backslash before a quotation mark makes it a part of the text"
    if encoding.strays:
        bytes_ = "1 byte that is" if encoding.strays == 1 else f"{encoding.strays:,} bytes that are"
        note += f"; {bytes_} not utf-8 (the first in line {encoding.line:,}) was read as cp1252"
    if encoding.garbled:
        signs = "1 sign was" if encoding.garbled == 1 else f"{encoding.garbled:,} signs were"
        note += f"; {signs} spoiled by an earlier program, as in MÃ¼ller for Müller: export it again"
    return note


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")


def _read_strays(error: UnicodeError) -> tuple[str, int]:
    """Read the bytes that do not fit as cp1252, or, where that has no such sign, as latin-1."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    one = error.object[error.start : error.start + 1]
    try:
        return one.decode("cp1252"), error.start + 1
    except UnicodeDecodeError:
        return one.decode("latin-1"), error.start + 1


codecs.register_error("seglib_stray", _read_strays)


def _encoding(path: Path, given: str | None) -> Encoding:
    """Return the encoding of a file: the one that was given, UTF-8 if nearly every byte fits, else the likeliest."""
    with _open(path) as stream:
        head = stream.read(1 << 16)
    if given:
        try:
            name = codecs.lookup(given).name
        except LookupError:
            raise InputRefused(
                f"'{path.name}': there is no encoding '{given}'; write it like utf-8 or cp1252"
            ) from None
        backslash, _, strays, line, garbled = _scan(path)
        if strays and name in ("utf-8", "utf-8-sig"):
            raise InputRefused(f"'{path.name}' is not written in {name}: line {line:,} has a byte that does not fit")
        return Encoding(name, backslash=backslash, garbled=garbled)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Encoding("utf-16")
    if b"\0" in head:
        raise InputRefused(f"'{path.name}' cannot be read as csv: it is no text; save it as 'CSV UTF-8'")
    backslash, fitting, strays, line, garbled = _scan(path)
    name = "utf-8-sig" if head.startswith(codecs.BOM_UTF8) else "utf-8"
    if not strays:
        return Encoding(name, backslash=backslash, garbled=garbled)
    # In a text of another encoding, bytes that happen to fit together as UTF-8 are rare: where more signs fit than do
    # not, the file is UTF-8, and some cells were pasted from elsewhere.
    if fitting >= strays:
        return Encoding(name, strays, line, backslash, garbled)
    return Encoding(_likeliest(path), backslash=backslash)


_GARBLED = re.compile(
    "\u00c3[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u0192]|\u00e2\u20ac|\u00c2[\u00a0-\u00bf]|\ufffd"
)
"""Letters of UTF-8 that were read as cp1252 and written again, as in M\u00c3\u00bcller; and what could not be read."""


def _scan(path: Path) -> tuple[bool, int, int, int, int]:
    """Read a file as UTF-8 and count.

    Returns
    -------
    backslash : bool
        Whether a backslash stands before a quotation mark.
    fitting, strays : int
        Signs beyond ASCII that are UTF-8; bytes that are not.
    line : int
        Line of the first stray.
    garbled : int
        See `Encoding`.
    """
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    backslash, fitting, strays, line, lines, garbled = False, 0, 0, 0, 1, 0
    last = ""
    with _open(path) as stream:
        while block := stream.read(1 << 20):
            text = decoder.decode(block)
            backslash = backslash or '\\"' in last + text
            last = text[-1:]
            if not text.isascii():
                odd = [match.start() for match in re.finditer("[\udc80-\udcff]", text)]
                if odd and not strays:
                    line = lines + text.count("\n", 0, odd[0])
                strays += len(odd)
                fitting += sum(1 for _ in re.finditer("[^\0-\x7f\udc80-\udcff]", text))
                garbled += sum(1 for _ in _GARBLED.finditer(text))
            lines += text.count("\n")
    strays += len(decoder.decode(b"", final=True))
    return backslash, fitting, strays, line or lines, garbled


def _likeliest(path: Path) -> str:
    """Return the likeliest encoding of a file that is not UTF-8, by its lines that are not ASCII."""
    from charset_normalizer import from_bytes

    with _open(path) as stream:
        sample = b"".join(islice((line for line in stream if not line.isascii()), 5_000))[: 1 << 20]
    if _could_be_western(sample):
        return "cp1252"
    best = from_bytes(sample).best()
    if best is None or b"\0" in sample:
        raise InputRefused(f"'{path.name}' cannot be read as csv: it is no text; save it as 'CSV UTF-8'")
    # where a Western page of Windows is as likely as a rarer one, it is the one that spreadsheets write
    western = next((match for match in from_bytes(sample) if "cp1252" in match.could_be_from_charset), None)
    return "cp1252" if western is not None and western.chaos <= best.chaos else best.encoding


FEW_SIGNS = 40
"""Signs beyond ASCII of which a statistic of letters says little."""

_WESTERN = frozenset("ÄÖÜäöüßÀÁÂÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕØÙÚÛÝàáâãåæçèéêëìíîïñòóôõøùúûýÿŒœŸ€£§°–—’‘“”„…«»·©®½¿¡ªº\u00a0")


def _could_be_western(sample: bytes) -> bool:
    """Say whether a few bytes make sense in cp1252, what spreadsheets of the West write: letters, and most alone."""
    text = sample.decode("cp1252", errors="replace")
    signs = [sign for sign in text if not sign.isascii()]
    runs = re.findall(r"[^\W\d_\x00-\x7f]{3,}", text)
    return len(signs) <= FEW_SIGNS and set(signs) <= _WESTERN and not runs


def _lines(path: Path, encoding: Encoding, *, strict: bool = True) -> Iterator[str]:
    """Yield the lines of a file as text; a line feed, a carriage return and both end one.

    Raises
    ------
    InputRefused
        If one is longer than any line of a table.
    """
    errors = encoding.errors if strict or encoding.strays else "replace"
    with _open(path) as stream, io.TextIOWrapper(stream, encoding=encoding.name, errors=errors, newline="") as text:
        number, longest = 1, LONGEST_HEADER
        while line := text.readline(longest + 1):
            if len(line) > longest:
                which = "its first line" if number == 1 else f"line {number:,}"
                raise InputRefused(
                    f"'{path.name}' cannot be read as csv: {which} has more than {longest:,} characters; look at its "
                    "line ends and quotes"
                )
            yield line
            number, longest = number + 1, LONGEST_LINE


def _first_lines(path: Path, encoding: Encoding) -> list[str]:
    """Return the lines by which the layout of a file is found out."""
    lines, length = [], 0
    for line in islice(_lines(path, encoding, strict=False), 3 * ROWS_LOOKED_AT):
        lines.append(line)
        length += len(line)
        if length > 4 * LONGEST_LINE:
            break
    return lines


def _layout(path: Path, encoding: Encoding, delimiter: str | None, header_row: int | None) -> Layout:
    """Find out how the text of a file becomes a table.

    Raises
    ------
    InputRefused
        If it is empty, or its first line looks like data.
    """
    if delimiter and len(delimiter) != 1:
        raise InputRefused(f"'{path.name}': a delimiter is one sign, not '{delimiter}'")
    lines = _first_lines(path, encoding)
    if lines:
        lines[0] = lines[0].removeprefix("\ufeff")
    if not any(line.strip() for line in lines):
        raise InputRefused(f"'{path.name}' cannot be read as csv: it is empty")
    skipped = next(i for i, line in enumerate(lines) if line.strip())
    if separator := re.fullmatch(r'"?sep=(.)"?,*', lines[skipped].strip("\r\n ")):
        delimiter = delimiter or separator[1]
        skipped += 1
    lines = [*lines[skipped:]]
    if header_row:
        lines = lines[max(header_row - 1 - skipped, 0) :]
        skipped = max(header_row - 1, skipped)
        if not lines:
            raise InputRefused(f"'{path.name}' has no line {header_row}, which should be its header")
    delimiter = delimiter or _delimiter(lines)
    starts, rows = _records(lines, delimiter)
    if not rows:
        raise InputRefused(f"'{path.name}' cannot be read as csv: it is empty")
    place = 0 if header_row is not None else header_position(rows)
    row, first = rows[place], skipped + starts[place] + 1
    if header_row is None and looks_like_data(row, rows[place + 1 :]):
        raise InputRefused(
            f"'{path.name}': line {first} looks like values, not like names of columns "
            f"({', '.join(repr(cell) for cell in row[:4])}); write 'csv: {{header_row: none}}' in a mapping file if no "
            f"line has names (the columns are then called column 1, column 2 and so on), or "
            f"'csv: {{header_row: {first}}}' if these are names"
        )
    backslash = encoding.backslash and _escapes_by_backslash(path, encoding, delimiter, first)
    if header_row == 0:
        names = tuple(f"column {i}" for i in range(1, usual_width(rows) + 1))
        return Layout(delimiter, names, 0, first, backslash)
    return Layout(delimiter, tuple(row), first, first, backslash)


def _records(lines: Sequence[str], delimiter: str) -> tuple[list[int], list[list[str]]]:
    """Return the first rows of a text, and how many lines stand above each."""
    starts, rows = [], []
    reader = csv.reader(iter(lines), delimiter=delimiter, skipinitialspace=delimiter == BLANKS)
    try:
        start = 0
        for row in islice(reader, ROWS_LOOKED_AT):
            starts.append(start)
            rows.append([cell for cell in row if cell] if delimiter == BLANKS else row)
            start = reader.line_num
    except csv.Error:
        pass
    return starts, rows


def _delimiter(lines: Sequence[str]) -> str:
    """Return the delimiter by which most lines have equally many fields; a comma if there is none.

    Of several, it is the one that the header uses most.
    """
    best, most = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        _, rows = _records(lines, delimiter)
        width = usual_width([row for row in rows if len(row) > 1])
        filled = [row for row in rows if any(cell.strip() for cell in row)]
        if width > 1 and filled:
            share = sum(len(row) == width for row in filled) / len(filled)
            header = "".join("".join(lines[:1]).split('"')[::2]).count(delimiter)
            if (share, max(header, width)) > most:
                best, most = delimiter, (share, max(header, width))
    if most == (0.0, 0):
        _, rows = _records(lines, BLANKS)
        filled = [row for row in rows if row]
        width = usual_width(filled)
        # names and values in a single column have blanks too: only a table of three columns or more is one by blanks
        if width > 2 and len(filled) > 2 and all(len(row) == width for row in filled):
            return BLANKS
    return best


def _escapes_by_backslash(path: Path, encoding: Encoding, delimiter: str, first: int) -> bool:
    r"""Say whether ``\"`` in a file means a quotation mark: only then do its lines form a table."""

    def faults(lines: Iterator[str]) -> int:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        width, n = None, 0
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return n
            except csv.Error:
                n += 1
                continue
            width = len(row) if width is None else width
            n += bool(row) and len(row) != width

    lines = (islice(_lines(path, encoding, strict=False), first - 1, None) for _ in range(2))
    as_it_is, unescaped = next(lines), (_unescaped(line) for line in next(lines))
    return faults(unescaped) < faults(as_it_is)


def _unescaped(line: str) -> str:
    r"""Write ``\"`` as a quotation mark in CSV, and two backslashes as one."""
    return re.sub(r'\\(["\\])', lambda match: '""' if match[1] == '"' else "\\", line)


def _rewritten(path: Path, encoding: Encoding, layout: Layout, folder: Path) -> Path:
    """Write a file again as plain CSV in UTF-8, aside: from its header on."""
    rewritten = folder / "rewritten.csv"
    try:
        lines = islice(_lines(path, encoding), layout.first - 1, None)
        if layout.first == 1:
            lines = chain([next(lines).removeprefix("\ufeff")], lines)
        with rewritten.open("w", encoding="utf-8", newline="") as out:
            first = next(lines, "")
            lines = chain([first], lines)
            ending = first[len(first.rstrip("\r\n")) :] or "\n"  # one ending in all lines
            delimiter = "," if layout.delimiter == BLANKS else layout.delimiter
            writer = csv.writer(out, delimiter=delimiter, lineterminator=ending)
            if not layout.header:
                writer.writerow(layout.names)
            if layout.delimiter == BLANKS:
                for row in csv.reader(lines, delimiter=BLANKS, skipinitialspace=True):
                    writer.writerow([cell for cell in row if cell])
            elif layout.backslash:
                out.writelines(map(_unescaped, lines))
            else:
                out.writelines(lines)
    except UnicodeDecodeError as error:
        raise InputRefused(
            f"'{path.name}' is not written in {encoding.name}: {error.reason} at byte {error.start}"
        ) from None
    return rewritten


def _fault(path: Path, encoding: Encoding, layout: Layout) -> str:
    """Say what is wrong with a CSV file that could not be read; empty if its lines form a table."""
    lines = islice(_lines(path, encoding, strict=False), layout.first - 1, None)
    if layout.backslash:
        lines = map(_unescaped, lines)
    rows = csv.reader(lines, delimiter=layout.delimiter, skipinitialspace=layout.delimiter == BLANKS)
    width = len(layout.names)
    above = layout.first - 1
    try:
        for row in rows:
            fields = len([cell for cell in row if cell]) if layout.delimiter == BLANKS else len(row)
            if row and fields != width:
                where = "the header" if layout.header else f"line {layout.first}"
                return f"line {rows.line_num + above} has {fields} fields, {where} has {width}"
    except csv.Error as error:
        return f"line {rows.line_num + above}: {error}"
    return ""
