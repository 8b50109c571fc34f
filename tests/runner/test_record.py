"""run.json: the same keys and values as ever, written and read by one class."""

import datetime as dt
import json

import pytest

from seglib.run.run import Run
from seglib.runner.record import PACKAGES, record_of
from seglib.runner.steps import STEPS
from seglib.schema.records import RunRecord


@pytest.fixture
def record(tmp_path, record_is_made_of) -> RunRecord:
    """The record of a run that is as small as can be."""
    run = Run("spring", base=tmp_path)
    for artefacts in record_is_made_of.values():
        for name, content in artefacts.items():
            run.write(name, content)
    steps = {step: {"parameters": {"run": "spring", "seed": 7}, "seconds": 1.5} for step in STEPS}
    return record_of(run, steps, started=dt.datetime(2026, 11, 24, 22, 39, tzinfo=dt.UTC), batch="markets")


def test_its_json_has_these_keys_and_values(record):
    content = json.loads(json.dumps(record.to_json()))
    assert list(content.pop("versions")) == ["seglib", "python", *PACKAGES[1:]]
    assert content == {
        "status": "done",
        "run": "spring",
        "recipe": "customer",
        "source": "s",
        "kind": "k",
        "as_of": "d",
        "seed": 7,
        "parameters": {step: {"run": "spring", "seed": 7} for step in STEPS},
        "inputs": [],
        "period": ["d", "d"],
        "customers": 1,
        "customers_without_transaction": 0,
        "rows": {"in": 1, "accepted": 1, "quarantined": 0},
        "findings": [],
        "notes": [],
        "audit": {"findings": [], "checks": 1},
        "labels": None,
        "k": 2,
        "k_reason": "r",
        "k_judged": "j",
        "inertia": 1.0,
        "silhouette": 0.5,
        "verdict": {
            "structure": "v",
            "useful": "v",
            "headline": "v",
            "claim": "v",
            "sentence": "v",
            "meaning": "v",
            "use": "v",
            "use_claim": "v",
            "use_lead": None,
            "advice": "v",
            "k_star": 2,
            "between": [],
            "k_range": [],
            "notes": [],
            "monday": "",
            "evidence": [],
            "keys": {},
            "two_kinds": [],
        },
        "glance": None,
        "audiences": ["A"],
        "segments": [
            {
                "segment": "A",
                "name": "n",
                "sentence": "s",
                "lead": "",
                "customers": 1,
                "share": 1.0,
                "beside": [],
                "notes": [{"kind": "use", "heading": "heading", "text": "text"}],
            }
        ],
        "overview": {
            "figures": [],
            "groups": [],
            "everybody": {
                "segment": "",
                "work_share": None,
                "used": None,
                "came_back": None,
                "smallest_change": None,
                "near_border": None,
                "then": None,
                "next": [],
                "rule": "",
                "story": "",
            },
            "lists": [{"segment": "A", "kind": "send", "customers": 1, "file": "spring_A_n_send", "excel": False}],
            "work": "",
            "used": "",
            "came_back": "",
            "cut": None,
            "thing": "",
            "wording": {},
            "words": {},
            "words_file": "",
        },
        "durations_s": dict.fromkeys(STEPS, 1.5),
        "started_utc": "2026-11-24T22:39:00+00:00",
        "batch": "markets",
    }


def test_what_was_written_is_read(record):
    assert RunRecord.from_json(json.loads(json.dumps(record.to_json()))) == record
    assert record.segments[0].to_try == ""  # the card of this run has another note only


def test_files_of_earlier_versions_are_read_with_defaults(record):
    content = record.to_json()
    for key in ("batch", "findings", "audit"):
        del content[key]
    del content["verdict"]["claim"]
    segment = content["segments"][0]
    segment["facts"] = {note["heading"]: note["text"] for note in segment.pop("notes")}
    old = RunRecord.from_json(content)
    assert (old.batch, old.findings, old.audit.checks, old.verdict.claim) == (None, (), 0, "")
    assert (old.segments[0].name, old.segments[0].to_try) == ("n", "")
    assert RunRecord.from_json({}) == RunRecord()
