"""08 Who was on the lists, and in which arm? Lists as 06 wrote them, held against how their arms were drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from seglib.campaign.arms import ControlGroup
from seglib.errors import InputRefused
from seglib.schema.campaign_records import ListsRecord
from seglib.schema.files import find_file
from seglib.schema.formulas import unguarded
from seglib.style import ENGLISH, position

ID, SEGMENT, CONTROL, HOLDOUT = "customer_id", "segment", "control", "holdout"

SEND, KEPT_BACK = "_send", "_control"
"""Ends of the names of lists that hold one arm only."""

_YES, _NO = ("true", "1", "yes"), ("false", "0", "no")


@dataclass(frozen=True)
class CampaignLists:
    """The customers of a campaign.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per customer: customer_id, segment, segment_name, control.
    record : ListsRecord or None
        How the lists were made; None: they come from elsewhere, and their arms cannot be checked.
    """

    table: pd.DataFrame
    record: ListsRecord | None = None

    @property
    def by_segment(self) -> pd.DataFrame:
        """One row per segment: segment, segment_name, customers (written to), control."""
        return (
            self.table.groupby(SEGMENT, sort=False)
            .agg(segment_name=("segment_name", "first"), n=(ID, "size"), control=(CONTROL, "sum"))
            .assign(customers=lambda counts: counts["n"] - counts["control"])
            .drop(columns="n")[["segment_name", "customers", "control"]]
            .sort_index(key=lambda letters: letters.map(position))
            .reset_index()
        )

    @property
    def as_of(self) -> str | None:
        """The day the lists look from."""
        return self.record.as_of if self.record else None

    @property
    def control_share(self) -> float | None:
        """The share that was to be drawn; None where that is not known."""
        return self.record.control_share if self.record else None

    @property
    def text(self) -> str:
        """How many customers there are, and whether they are as they were drawn."""
        n, control = len(self.table), int(self.table[CONTROL].sum())
        lists = self.table[SEGMENT].nunique()
        sizes = f"{n:,} customers on {lists} list{'' if lists == 1 else 's'}, {control:,} of them in the control group."
        if self.record is None:
            return f"{sizes} How the control group was drawn is not known, so it cannot be checked."
        day = f", lists of {ENGLISH.day(self.record.as_of)}" if self.record.as_of else ""
        return f"Campaign {self.record.campaign}{day}: {sizes} Each is on the side that was drawn: nobody was moved."


def lists_of(table: pd.DataFrame, record: ListsRecord | None = None, *, compared: bool = True) -> CampaignLists:
    """Check lists that are at hand as a table.

    Parameters
    ----------
    table : pandas.DataFrame
        customer_id, segment, control (bool), and segment_name if there are names.
    record : ListsRecord, optional
        How they were made.
    compared : bool, default=True
        Whether both arms have to be there, because they are to be compared.

    Raises
    ------
    InputRefused
        If a customer is there twice, is in another arm than the id gives, the customers are others than those that
        were listed, or an arm is empty.
    """
    names = table["segment_name"] if "segment_name" in table else table[SEGMENT]
    rows = pd.DataFrame(
        {
            ID: table[ID].astype(str).to_numpy(dtype=object),
            SEGMENT: table[SEGMENT].astype(str).to_numpy(dtype=object),
            "segment_name": names.astype(str).to_numpy(dtype=object),
            CONTROL: table[CONTROL].to_numpy(dtype=bool),
        }
    )
    for problem in _problems(rows, record, compared=compared):
        raise InputRefused(f"the lists cannot be used: {problem}")
    return CampaignLists(rows, record)


def read_lists(
    place: str | Path, record: ListsRecord | Sequence[ListsRecord] | None = None, *, compared: bool = True
) -> CampaignLists:
    """Read the lists that were sent.

    Parameters
    ----------
    place : str or Path
        A folder of CSV files, such as ``audience/``, or one file, such as ``segments.csv``. Each has the columns
        customer_id and segment, and a column control, or a name that ends in ``_send`` or ``_control``.
    record : ListsRecord or sequence of ListsRecord, optional
        How they were made (``lists.json`` of the run); then they are held against it. Of several, the one whose
        customers, segments and arms they have: lists of an earlier campaign or month of the same run. If there is none,
        the one that draws most of them as they are.
    compared : bool, default=True
        As in `lists_of`.

    Raises
    ------
    InputRefused
        If there are none, a column is missing, or as in `lists_of`.
    """
    place = find_file(place)
    files = sorted(place.glob("*.csv")) if place.is_dir() else [place]
    if not files or not all(file.is_file() for file in files):
        raise InputRefused(f"there is no list in '{place.name}': give the folder audience/ of the run, or a copy of it")
    table = pd.concat([_read(file) for file in files], ignore_index=True)
    if record is not None and not isinstance(record, ListsRecord):
        record = _likeliest(table, record)
    return lists_of(table, record, compared=compared)


def _likeliest(table: pd.DataFrame, records: Sequence[ListsRecord]) -> ListsRecord | None:
    """Return the record that lists were made by, or else the first of those that explain their arms best."""
    digest = fingerprint(table)
    for record in records:
        if record.sha256 == digest:
            return record

    def moved(record: ListsRecord) -> int:
        drawn = ControlGroup(record.salt, record.control_share).contains(table[ID])
        return int((drawn != table[CONTROL]).sum())

    return min(records, key=moved, default=None)


def read_sent(folder: Path) -> pd.DataFrame | None:
    """Read the lists of those who get the offer, whoever is in the control group.

    Parameters
    ----------
    folder : Path
        Such as ``audience/`` of a run.

    Returns
    -------
    pandas.DataFrame or None
        customer_id, segment, segment_name; None where there is no such list.

    Raises
    ------
    InputRefused
        If one cannot be read.
    """
    files = sorted(folder.glob("*.csv"))
    if not files:
        return None
    rows = pd.concat([_read(file) for file in files], ignore_index=True)
    return rows.loc[~rows[CONTROL], [ID, SEGMENT, "segment_name"]].reset_index(drop=True)


def fingerprint(table: pd.DataFrame) -> str:
    """Return a digest of who is on the lists, in which segment and arm.

    It is the same whatever the order of the rows, the other columns, and how the file was saved.

    Examples
    --------
    >>> rows = pd.DataFrame({"customer_id": ["2", "1"], "segment": ["A", "B"], "control": [True, False]})
    >>> fingerprint(rows) == fingerprint(rows[::-1])
    True
    """
    rows = zip(table[ID], table[SEGMENT], table[CONTROL], strict=True)
    lines = sorted(f"{customer}\t{segment}\t{int(control)}\n" for customer, segment, control in rows)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def lists_record(table: pd.DataFrame, *, group: ControlGroup, as_of: str | None) -> ListsRecord:
    """Write down how lists were made.

    Parameters
    ----------
    table : pandas.DataFrame
        All customers on lists: customer_id, segment, control.
    group : ControlGroup
        How their arms were drawn.
    as_of : str or None
        The day they look from.
    """
    control = int(table[CONTROL].sum())
    holdout = (group.holdout.share, group.holdout.salt) if group.holdout else ()
    return ListsRecord(group.name, group.salt, group.share, as_of, len(table), control, fingerprint(table), *holdout)


def _problems(rows: pd.DataFrame, record: ListsRecord | None, *, compared: bool) -> Iterator[str]:
    """Yield what is wrong with the lists, the most telling first."""
    if rows.empty:
        yield "nobody is on them"
        return
    if len(twice := rows.loc[rows[ID].duplicated(), ID].unique()):
        customers = "customer is" if len(twice) == 1 else "customers are"
        yield f"{len(twice):,} {customers} there more than once, such as '{twice[0]}': give the lists of one run only"
    if record is not None:
        drawn = ControlGroup(record.salt, record.control_share).contains(rows[ID])
        if moved := int((drawn != rows[CONTROL]).sum()):
            are = "customer is" if moved == 1 else "customers are"
            yield (
                f"{moved:,} of {len(rows):,} {are} in another arm than the id gives (salt '{record.salt}', share "
                f"{record.control_share:.0%}), so the arms were changed, or the lists are those of another campaign: "
                "give them as they were written"
            )
        if record.holdout_salt:
            never = ControlGroup(record.holdout_salt, record.holdout_share).contains(rows[ID])
            if n_never := int(never.sum()):
                yield (
                    f"{n_never:,} of {len(rows):,} customers on them get no campaign at all (holdout, salt "
                    f"'{record.holdout_salt}'): they were added afterwards"
                )
        if record.sha256 != fingerprint(rows):
            yield (
                f"{len(rows):,} customers are on them, and {record.customers:,} were, or segments were changed: "
                "whoever "
                "takes customers out afterwards changes the comparison. Give the lists as they were written"
            )
    control = int(rows[CONTROL].sum())
    if compared and control == 0:
        yield "nobody is in the control group, so there is nothing to compare with"
    if compared and control == len(rows):
        yield "everybody is in the control group, so nobody was written to"


def _read(file: Path) -> pd.DataFrame:
    """Read one list: its ids as text, without the apostrophe that keeps a spreadsheet from taking one for a formula."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise InputRefused(f"list '{file.name}' cannot be read: it is no text in UTF-8") from None
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    try:
        table = pd.read_csv(file, sep=delimiter, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except ValueError as error:
        raise InputRefused(f"list '{file.name}' cannot be read: {error}") from None
    arm = {SEND: False, KEPT_BACK: True}.get(next((end for end in (SEND, KEPT_BACK) if file.stem.endswith(end)), ""))
    missing = [name for name in (ID, SEGMENT) if name not in table]
    if CONTROL not in table and arm is None:
        missing.append(CONTROL)
    if missing:
        raise InputRefused(
            f"list '{file.name}' has no column '{missing[0]}', so it is not one that this project writes"
        )
    if CONTROL in table:
        words = table[CONTROL].str.strip().str.lower()
        if not words.isin([*_YES, *_NO]).all():
            other = words[~words.isin([*_YES, *_NO])].iloc[0]
            raise InputRefused(f"list '{file.name}': control is True or False, not '{other}'")
        control = _is_yes(words)
    else:
        control = pd.Series(bool(arm), table.index)
    names = table.get("segment_name", table[SEGMENT])
    ids = table[ID].map(unguarded)
    listed = ~_is_yes(table[HOLDOUT]) if HOLDOUT in table else pd.Series(True, table.index)
    return pd.DataFrame({ID: ids, SEGMENT: table[SEGMENT], "segment_name": names, CONTROL: control})[listed]


def _is_yes(words: pd.Series) -> pd.Series:
    return words.str.strip().str.lower().isin(_YES)
