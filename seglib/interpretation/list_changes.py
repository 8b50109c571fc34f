"""06 Who is new on the lists, and who is no longer there, since the lists of the last run of that name?

A platform that has the last lists needs the difference only. It is told of those who get the offer: the lists of the
control group are never uploaded.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from seglib.campaign import read_sent
from seglib.errors import InputRefused
from seglib.interpretation.audiences import ADDED, REMOVED, Audiences, list_name
from seglib.style import position

FOLDER = "changes"
"""Inside the folder of the lists: apart from them, so that an upload of all lists sends nothing to who was removed."""


def since_last(lists: Audiences, before: Path) -> Audiences:
    """Compare lists with those that were published last.

    Parameters
    ----------
    lists : Audiences
    before : Path
        The folder of the last lists. It need not be there.

    Returns
    -------
    Audiences
        The same where there were none, or nobody was added or removed. Else with `Audiences.changes`: by segment, who
        gets the offer now and did not (added, with all columns), and who does not any more (removed: customer_id,
        segment, segment_name); and with their numbers in the table. Segments are compared by their letters.
    """
    try:
        sent = read_sent(before)
    except InputRefused:
        return lists
    if sent is None:
        return lists
    now = {letter: members[~members["control"].astype(bool)] for letter, members in lists.tables.items()}
    names = {**sent.groupby("segment")["segment_name"].first(), **lists.table.set_index("segment")["segment_name"]}
    numbers: dict[str, tuple[int, int]] = {}
    changes: dict[str, pd.DataFrame] = {}
    for letter in sorted(names, key=position):
        then = sent[sent["segment"] == letter]
        present = now.get(letter, pd.DataFrame({"customer_id": []}, dtype=object))
        added = present[~present["customer_id"].isin(then["customer_id"])]
        removed = then[~then["customer_id"].isin(present["customer_id"])]
        numbers[letter] = len(added), len(removed)
        for kind, members in ((ADDED, added), (REMOVED, removed)):
            if len(members):
                file = list_name(lists.run, letter, str(names[letter]), kind)
                changes[f"{FOLDER}/{file}"] = members.reset_index(drop=True)
    if not changes:
        return lists
    columns = pd.DataFrame.from_dict(numbers, orient="index", columns=[ADDED, REMOVED]).reindex(lists.table["segment"])
    table = lists.table.assign(**{name: columns[name].to_numpy() for name in columns})
    table = table[[*table.columns.drop("list"), "list"]]
    return replace(lists, changes=changes, table=table)
