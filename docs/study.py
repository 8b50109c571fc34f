"""Write into README.md how often the verdict is right, from the committed study: ``python docs/study.py``."""

from pathlib import Path

import pandas as pd

from seglib.k_selection import track_record
from seglib.stats import wilson

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- study: written by python docs/study.py -->", "<!-- end of study -->"
HEAD = ["data", "without groups, called natural (95% interval)", "with groups, found", "of these, right number named"]
FORMS = {True: "shops with transactions", False: "tables with one row a customer"}


def share(part: int, whole: int) -> str:
    """Write a share and what it is of."""
    return f"{part / whole:.0%} of {whole:,}" if whole else "–"


def row(of: str, table: pd.DataFrame) -> list[str]:
    """Return the line of one form of data: what was called natural without groups, and what was found of groups."""
    without, planted = table[table["groups"] == 0], table[table["groups"] > 0]
    n, natural = int(without["draws"].sum()), int(without["natural"].sum())
    low, high = wilson(natural / n, n)
    n_found = int((planted["natural"] + planted["reproducible"]).sum())
    return [
        of,
        f"{share(natural, n)} ({low:.0%} to {high:.0%})",
        share(n_found, int(planted["draws"].sum())),
        f"{planted['right_k'].sum() / n_found:.0%}",
    ]


def worst(table: pd.DataFrame) -> str:
    """Name the kinds without groups that were called natural most often."""
    without = table[table["groups"] == 0].set_index("kind")
    natural = without["natural"] / without["draws"]
    kinds = [f"*{kind}*" for kind in natural.index[natural == natural.max()]]
    if not natural.max():
        return "No kind without groups was called natural."
    return f"The worst kind without groups: {' and '.join(kinds)}, called natural in {natural.max():.0%} of the draws."


def study() -> str:
    """Write the table and the sentence on the worst kind."""
    tables = {dated: track_record(dated=dated).table for dated in FORMS}
    lines = [HEAD, ["---"] * len(HEAD), *(row(FORMS[dated], table) for dated, table in tables.items())]
    drawn = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{drawn}\n\n{worst(pd.concat(tables.values()))}"


def with_study(text: str) -> str:
    """Return the README with this part made anew."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{study()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    README.write_text(with_study(README.read_text(encoding="utf-8")), encoding="utf-8")
    print(README)
