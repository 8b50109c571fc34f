"""What finished runs write into the register of campaigns (`seglib.run.register`)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from filelock import FileLock

from seglib.run.files import write_whole
from seglib.run.register import read_campaigns, register_file
from seglib.run.run import Run
from seglib.schema.campaign_records import CampaignRecord, EffectRecord

PATIENCE = 10
"""Seconds to wait for another process that writes the register at the same moment."""


def note_lists(run: Run) -> None:
    """Write the lists of a finished run into the register, if they are new to it."""
    if not run.path("lists").exists():
        return
    lists = run.read("lists")
    entry = {
        "run": run.name,
        "as_of": lists.as_of,
        "customers": lists.customers,
        "control": lists.control,
        "sha256": lists.sha256,
    }
    shares = {record.campaign: record.control_share for record in read_campaigns()}
    if lists.control_share != shares.get(lists.campaign, lists.control_share):
        entry["control_share"] = lists.control_share
    if lists.holdout_salt:
        entry |= {"holdout_share": lists.holdout_share, "holdout_salt": lists.holdout_salt}
    new = CampaignRecord(lists.campaign, lists.salt, lists.control_share, run.name)
    _note(new, "lists", entry)


def note_reading(run: Run, effect: EffectRecord) -> None:
    """Write what was read of a campaign into the register."""
    lists = run.read("lists")
    entry = {
        "run": run.name,
        "outcomes_from": effect.outcomes_from,
        "headline": effect.headline,
        "labels": {outcome.outcome: outcome.label for outcome in effect.outcomes},
    }
    new = CampaignRecord(effect.campaign, lists.salt, lists.control_share, run.name)
    _note(new, "read", entry)


def _note(new: CampaignRecord, column: str, entry: dict[str, Any]) -> None:
    """Add an entry to a campaign that may be new, as its last; one that is there already is not repeated."""
    file = register_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_name(".campaigns.lock"), timeout=PATIENCE):
        campaigns = {record.campaign: record for record in read_campaigns()}
        record = campaigns.get(new.campaign, new)
        earlier = [each for each in getattr(record, column) if each != entry]
        record = replace(record, **{column: (*earlier, entry)})
        campaigns[new.campaign] = record
        content = {"campaigns": [record.to_json() for record in campaigns.values()]}
        write_whole(file, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
