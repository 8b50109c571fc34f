"""The register of campaigns: which lists were made for each, with which salt, and what was read of it.

It lies beside the reports, in ``reports/campaigns.json``, because a campaign outlives the run that made its lists: the
same salt draws the same control group next month, also where the campaign or the run has another name by then. It holds
no customer.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from seglib.run.folders import home
from seglib.schema.campaign_records import CampaignRecord, ListsRecord


def register_file(base: Path | None = None) -> Path:
    """Return where the register lies; base: the folder of all runs, default: what `home` finds."""
    return (base or home()) / "reports" / "campaigns.json"


def read_campaigns(base: Path | None = None) -> list[CampaignRecord]:
    """Read the register; empty if there is none, or it cannot be read."""
    try:
        content = json.loads(register_file(base).read_text(encoding="utf-8"))
        return [CampaignRecord.from_json(entry) for entry in content["campaigns"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def made_lists(base: Path | None = None) -> list[ListsRecord]:
    """Return all lists that are in the register, those made last first, as ``lists.json`` of their runs had them."""
    lists = []
    for campaign in read_campaigns(base):
        for entry in campaign.lists:
            content = {"control_share": campaign.control_share, **entry}
            content |= {"campaign": campaign.campaign, "salt": campaign.salt}
            with suppress(KeyError, TypeError):  # a line that somebody changed
                lists.append(ListsRecord.from_json(content))
    return lists[::-1]


def campaign_of(run: str, name: str | None, last: ListsRecord | None, *, base: Path | None = None) -> tuple[str, str]:
    """Return the name and the salt of a campaign.

    Parameters
    ----------
    run : str
        The name of the run that makes lists.
    name : str or None
        Of the campaign; None: that of the run by which it was first used.
    last : ListsRecord or None
        The lists of the last finished run of that name.
    base : Path, optional
        The folder of all runs; default: what `home` finds.

    Returns
    -------
    (str, str)
        The salt of a campaign that is in the register is the one written there, else its name. Where no name is given,
        and the last lists are those of a campaign called after a run, that campaign goes on: the folders of the run
        were renamed since.
    """
    register = {record.campaign: record for record in read_campaigns(base)}
    if name is None:
        name = run
        if run not in register and last and last.campaign in register:
            first = register[last.campaign]
            name = first.campaign if first.first_run == first.campaign else run
    return name, register[name].salt if name in register else name
