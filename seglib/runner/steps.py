"""The six notebooks in their order."""

from __future__ import annotations

from seglib.errors import ParameterRefused
from seglib.run import project_root

STEPS: dict[str, str] = {
    "01_ingest": "Can this data be trusted?",
    "02_eda": "Who are the customers, and do they differ at all?",
    "03_preprocessing": "What describes a customer, and how much does each thing weigh?",
    "04_k_selection": "Is there structure, and how many segments?",
    "05_clustering": "Who belongs where, and how surely?",
    "06_interpretation": "What is each segment, and what would you do with it?",
}
"""The notebooks in their order, each with the question it answers."""

ALONE: dict[str, str] = {"08_campaign": "Did it work, and for whom?"}
"""Notebooks that are run by themselves, when there is something to ask of a finished run."""


NOTEBOOKS = project_root() / "notebooks"


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
