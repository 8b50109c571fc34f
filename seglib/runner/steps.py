"""The notebooks in their order: the six of the package, and those that an analyst adds."""

from __future__ import annotations

import re
from pathlib import Path

from seglib.errors import ParameterRefused
from seglib.run import project_root

NOTEBOOKS = project_root() / "notebooks"

ORDER = "order.txt"
"""The file beside the notebooks that lists them."""

SIX = ("01_ingest", "02_eda", "03_preprocessing", "04_k_selection", "05_clustering", "06_interpretation")
"""The notebooks of the package: none of them can be left out."""

ALONE: dict[str, str] = {
    "07_monitoring": "What has moved, and is it more than noise?",
    "08_campaign": "Did it work, and for whom?",
}
"""Notebooks that are run by themselves, when there is something to ask of a finished run."""

OWN = re.compile(r"\d\d_[a-z0-9][a-z0-9_]{0,60}")
"""What a notebook of an analyst's own is called, after those of the package."""


def read_order(path: Path) -> dict[str, str]:
    """Read the notebooks in their order, each with the question it answers.

    Parameters
    ----------
    path : Path
        Lines ``name: question``; empty lines and those that begin with # are passed over.

    Raises
    ------
    ParameterRefused
        If there is no such file, a line has another form, a name is no name of a notebook or not after the one before
        it, or one of the six is missing.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterRefused(f"'{path}', the list of the notebooks, cannot be read: {error}") from None
    steps: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, _, question = (part.strip() for part in line.partition(":"))
        last = next(reversed(steps), "")
        problem = ""
        if not question:
            problem = "a line is a name, a colon and a question, such as '07_lifetime: What is a customer worth?'"
        elif not OWN.fullmatch(name):
            problem = f"'{name}' is no name: two digits, then small letters, digits and _, such as 07_lifetime"
        elif name in ALONE:
            problem = f"{name} is run by itself, of a finished run: give your notebook another name"
        elif name <= last:
            problem = f"{name} comes before {last}: names are in the order of their numbers, each once"
        elif name not in SIX and last < SIX[-1]:
            problem = f"{name} stands before {SIX[-1]}: a notebook of your own comes after it"
        if problem:
            raise ParameterRefused(f"{path.parent.name}/{path.name}, line {number}: {problem}")
        steps[name] = question
    if missing := [name for name in SIX if name not in steps]:
        raise ParameterRefused(f"{path.parent.name}/{path.name} does not list {missing[0]}: later notebooks need it")
    return steps


STEPS: dict[str, str] = read_order(NOTEBOOKS / ORDER)
"""The notebooks in their order, each with the question it answers."""


def own_notebooks() -> list[str]:
    """Return the notebooks that an analyst added, in their order."""
    return [step for step in STEPS if step not in SIX]


def unlisted() -> list[str]:
    """Return the notebooks that have the name of one, but are not listed, and so are not run."""
    return sorted(
        path.stem
        for path in NOTEBOOKS.glob("[0-9]*.ipynb")
        if OWN.fullmatch(path.stem) and path.stem not in {**STEPS, **ALONE}
    )


def step_named(name: str) -> str:
    """Return the notebook that ``04``, ``4`` or ``04_k_selection`` stands for.

    Raises
    ------
    ParameterRefused
        If there is none.
    """
    stem = name.removesuffix(".ipynb")
    beginning = f"{int(stem):02d}_" if stem.isdigit() else None
    matches = [step for step in STEPS if step == stem or (beginning and step.startswith(beginning))]
    if not matches:
        raise ParameterRefused(f"there is no notebook '{name}'; there are {', '.join(STEPS)}", parameter="from")
    return matches[0]
