"""What docs/SCHEDULED.md says to a job is so: its commands, its scripts, the codes and the keys that it names."""

import ast
import datetime as dt
import os
import re
import shlex
import subprocess

import pytest
import typer
import yaml
from documents import FENCE, ROOT, blocks

from seglib import errors
from seglib.cli import app
from seglib.monitoring.comparison import ADVICE, HEADLINES
from seglib.schema.comparison_records import ComparisonRecord
from seglib.schema.records import RunRecord, RunVerdictRecord

TEXT = (ROOT / "docs" / "SCHEDULED.md").read_text("utf-8")
COMMAND = re.compile(r'(?:\.venv/bin/seglib|\{seglib\}) ([^\n#]*?)(?=\n|"?,? *#|"\)|",\n|"$)')
PARSER = typer.main.get_command(app)


def commands():
    """The words after ``seglib`` in every block, whatever its language."""
    words = []
    for _, _, body in FENCE.findall(TEXT):
        words += [
            shlex.split(re.sub(r'"?\$\((?:[^()]|\([^()]*\))*\)"?', "2026-06-30", line))
            for line in COMMAND.findall(body)
        ]
    return words


def test_every_command_of_every_block_is_one():
    listed = commands()
    assert len(listed) >= 14
    for name, *arguments in listed:
        assert name in PARSER.commands, name
        PARSER.commands[name].make_context(name, list(arguments))


def test_the_script_looks_at_the_last_day_of_the_month_before_and_ends_with_the_code_of_the_run(tmp_path):
    [script] = blocks(TEXT, "posix")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    for program, code in ((".venv/bin/seglib", '[ "$1" = run ] && exit 3; exit 0'), ("mail", "cat > mailed")):
        file = tmp_path / program
        file.write_text(f'#!/bin/sh\necho "$@" >> {file.name}.log\n{code}\n')
        file.chmod(0o755)
    (tmp_path / "monthly.log").write_text("what the run said")
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 3, done.stderr
    run, runs = (tmp_path / "seglib.log").read_text().splitlines()
    day = dt.date.today().replace(day=1) - dt.timedelta(days=1)
    assert run.endswith(f"--as-of {day}")
    assert runs == "runs --keep 24 --named monthly-*"
    assert "exit code 3" in (tmp_path / "mail.log").read_text()
    assert (tmp_path / "mailed").read_text() == "what the run said"


def test_the_workflow_and_the_tasks_can_be_read():
    [workflow] = [yaml.safe_load(block) for block in blocks(TEXT, "yaml")]
    steps = workflow["jobs"]["monthly"]["steps"]
    assert any("seglib run --params params/monthly.yaml" in step.get("run", "") for step in steps)
    assert steps[-1]["if"] == "always()"
    [tasks] = [ast.parse(block) for block in blocks(TEXT, "python")]
    names = {node.name for node in ast.walk(tasks) if isinstance(node, ast.FunctionDef)}
    assert names == {"has_moved"}


@pytest.mark.parametrize(
    ("code", "error"),
    [(1, errors.InputRefused), (2, errors.ParameterRefused), (3, errors.NotebookFailed), (3, errors.MachineFailed)],
)
def test_the_codes_are_those_of_the_errors(code, error):
    assert error.exit_code == code
    assert f"\n| {code} | " in TEXT


def test_the_keys_are_those_that_are_written():
    rows = dict(re.findall(r"^\| `(?:reports/)?(?:RUN/)?([\w.]+)` \| (.*) \|$", TEXT, flags=re.M))
    named = set(re.findall(r"`([\w.]+)`", rows["run.json"]))
    fields = set(RunRecord.__dataclass_fields__) | {f"verdict.{name}" for name in RunVerdictRecord.__dataclass_fields__}
    assert named <= fields | {"status"}
    assert set(re.findall(r"`([\w.]+)`", rows["compare.json"])) <= set(ComparisonRecord.__dataclass_fields__)
    assert all(label in rows["compare.json"] for label in HEADLINES)
    assert all(advice in rows["compare.json"] for advice in ("keep", "watch", "refit"))
    assert {"keep", "watch", "refit"} <= ADVICE.keys()
