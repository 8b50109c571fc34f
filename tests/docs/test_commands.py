"""Every command of the documents can be given as it stands.

What is really run, in a folder of its own with the sample beside it: ``seglib check`` (also with ``--suggest``),
``seglib sample``, ``seglib course``, the ``seglib`` command behind ``make check`` and ``make course``, and
``python -c``. Where a document writes ``path/to/shop.xlsx``, a file of that name is there.

What takes whole runs is run for README.md (test_readme.py), and in other documents held against the parser only: the
options have to be there, and of ``seglib run`` the names and values of parameters too.

Every ``make`` target is made by ``make -n``, which prints and does nothing; the ``seglib`` command that it prints is
held against the parser as well. Of ``python -m pytest`` and of scripts, the files have to be there. ``git``, ``cd`` and
``rm`` are read only.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys

import click
import pytest
import typer
from documents import ROOT, blocks, commands_of, documents, write_project

from seglib.cli import app
from seglib.runner import parameters
from seglib.runner.batch import is_batch
from seglib.runner.steps import NOTEBOOKS, SIX, step_named

COMMANDS = [command for path in documents() for command in commands_of(path)]
READ_ONLY = {"git", "cd", "rm"}
CHEAP = {"check", "sample", "course"}
"""Commands of ``seglib`` that are run."""

TO_COME = ("07_lifetime", "L7_counting", "months=6", "07")
"""What a reader of docs/CONTRIBUTING.md adds before giving the command."""

KEY = "0123456789abcdef0123456789abcdef"
PARSER = typer.main.get_command(app)


def of_program(name):
    return [command for command in COMMANDS if command.words[0] == name]


def unique(commands):
    """The same command may stand in several documents: once is enough."""
    first = {}
    for command in commands:
        first.setdefault(command.words, command)
    return list(first.values())


def parsed(words):
    """Hold the words after ``seglib`` against the parser; return the name of the command and its values."""
    name, *arguments = words
    try:
        return name, PARSER.commands[name].make_context(name, list(arguments)).params
    except click.exceptions.Exit:  # --help
        return name, {}


def hold_to_the_notebooks(values):
    """Refuse a parameter that no notebook declares, or a value that does not fit."""
    settings = [setting for setting in values.get("settings") or [] if setting not in TO_COME]
    given = parameters.read_settings(settings)
    if values.get("params"):
        content = parameters.read_file(ROOT / values["params"])
        given = given if is_batch(content) else {**content, **given}
    given |= {name: values[name] for name in ("recipe", "engine") if values.get(name)}
    parameters.resolve({step: parameters.declared(NOTEBOOKS / f"{step}.ipynb") for step in SIX}, given, together=False)
    if values.get("start") not in (None, *TO_COME):
        step_named(values["start"])


def test_there_is_no_program_that_no_test_knows():
    programs = {*READ_ONLY, "make", ".venv/bin/seglib", ".venv/bin/python"}
    assert {command.words[0] for command in COMMANDS} <= programs
    assert len(commands_of(ROOT / "README.md")) >= 15


def test_commands_stand_in_blocks_that_are_tested():
    """A block without a language, or with another name of the shell, would escape."""
    for path in documents():
        for language in ("", "bash", "shell", "console"):
            for block in blocks(path.read_text("utf-8"), language):
                assert not re.search(r"^(make|git|\.venv/bin/)", block, flags=re.M), (path, block)


@pytest.mark.parametrize("command", unique(of_program(".venv/bin/seglib")), ids=str)
def test_seglib_takes_the_command(command):
    name, values = parsed(command.words[1:])
    if name == "run":
        hold_to_the_notebooks(values)


@pytest.mark.parametrize("command", unique(of_program("make")), ids=str)
def test_make_knows_the_target(command):
    for line in printed_by_make(command):
        if " -m seglib " in line:
            words = shlex.split(line.partition(" -m seglib ")[2])
            name, values = parsed(words)
            if name == "run":
                hold_to_the_notebooks(values)


def printed_by_make(command):
    """The lines that make would run."""
    words = [word for word in command.words[1:] if "://" not in word]  # a password comes from the environment
    environment = os.environ | {"MAKEFLAGS": ""}
    done = subprocess.run(["make", "-n", *words], cwd=ROOT, capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.replace("\\\n", " ").splitlines()


@pytest.mark.parametrize("command", unique(of_program(".venv/bin/python")), ids=str)
def test_scripts_and_tests_that_are_named_are_there(command):
    words = command.words[1:]
    if words[:2] == ("-m", "pytest"):
        files = [word for word in words[2:] if "/" in word]
        assert files
        for file in files:
            assert (ROOT / file).exists() or any(name in file for name in TO_COME), file
    elif words[0] == "-c":
        done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip()
    else:
        assert (ROOT / words[0]).is_file(), words


# Run ------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with what the commands read, as their reader has it."""
    folder = tmp_path_factory.mktemp("project")
    sample = write_project(folder)
    for name in ("new", "summer"):
        shutil.copy(sample / "shop.xlsx", folder / "path" / "to" / f"{name}.xlsx")
    shutil.copy(sample / "invoices.csv", folder / "path" / "to" / "export.csv")
    return folder


def cheap_commands():
    """The words after ``seglib`` of every command that is run, and where they stand."""
    cheap = []
    for command in unique(of_program(".venv/bin/seglib")):
        if command.words[1] in CHEAP:
            cheap.append(pytest.param(command.words[1:], id=str(command)))
    for command in unique(of_program("make")):
        if command.words[1] in CHEAP - {"sample"}:  # make sample writes over the sample
            [line] = [line for line in printed_by_make(command) if " -m seglib " in line]
            cheap.append(pytest.param(tuple(shlex.split(line.partition(" -m seglib ")[2])), id=str(command)))
    return cheap


@pytest.mark.slow
@pytest.mark.parametrize("words", cheap_commands())
def test_the_command_does_what_it_promises(words, project, command, monkeypatch):
    monkeypatch.chdir(project)
    words = [KEY if word == "KEY" else word for word in words]
    values = parsed(words)[1]
    out = project / str(values["out"]) if values.get("out") else None
    if out is not None and out.exists():  # of an earlier command
        shutil.rmtree(out) if out.is_dir() else out.unlink()
    mapping = values.get("mapping")
    if mapping and not (project / mapping).exists():  # the one that a command before writes
        shutil.copy(project / "params" / "mappings" / "invoices.yaml", project / mapping)
        renamed = (project / mapping).read_text("utf-8").replace("from: invoices", "from: export")
        (project / mapping).write_text(renamed, "utf-8")
    code, printed, errors = command(*words)
    assert code == 0, errors + printed[-500:]
    if out is not None:
        assert out.exists()
    else:
        assert printed.strip()
