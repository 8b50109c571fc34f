"""Write the dictionaries of data and of features, and the rules, into data/README.md: ``make dictionary``."""

import re
from pathlib import Path

from seglib.features import dictionary as feature_dictionary
from seglib.ingest import RULES, SEVERITIES
from seglib.schema.tables import TABLES, describe, needed

README = Path(__file__).parents[1] / "data" / "README.md"
COLUMNS = {
    "column": "column", "kind": "kind", "needed": "needed", "may_be_empty": "may be empty", "unit": "unit",
    "values": "values", "refers_to": "refers to", "what": "what",
}  # fmt: skip


def table(header: list[str], rows: list[list[str]]) -> str:
    """Write a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def dictionary() -> str:
    """Write one section a canonical table, those that a shop needs first."""
    parts = []
    for name in sorted(TABLES, key=lambda name: not needed(name)):
        told = describe(name)[list(COLUMNS)]
        told["column"] = "`" + told["column"] + "`"
        note = "needed" if needed(name) else "optional"
        rows = table(list(COLUMNS.values()), told.to_numpy().tolist())
        parts.append(f"### {name}\n\n{TABLES[name].description}; {note}.\n\n{rows}")
    return "\n\n".join(parts)


def rules() -> str:
    """Write one line a rule."""
    told = sorted(RULES, key=lambda rule: SEVERITIES.index(rule.severity))
    return table(
        ["rule", "severity", "what it says", "what to do"],
        [[f"`{rule.id}`", rule.severity, rule.sentence, rule.remedy] for rule in told],
    )


def features() -> str:
    """Write one line a feature."""
    told = feature_dictionary()
    told["name"] = "`" + told["name"] + "`"
    return table(list(told), told.to_numpy().tolist())


def written(text: str) -> str:
    """Return the text with the generated parts in it anew."""
    for name, content in (("dictionary", dictionary()), ("rules", rules()), ("features", features())):
        begin, end = f"<!-- {name}: written by make dictionary -->", f"<!-- end of {name} -->"
        assert begin in text, f"data/README.md has no place for the {name}"
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", flags=re.S)
        text = pattern.sub(lambda _, b=begin, c=content, e=end: f"{b}\n{c}\n{e}", text)
    return text


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
    print(README)
