"""Write the dictionaries of data and of features, and the rules, into data/README.md: ``make dictionary``."""

import re
from pathlib import Path

from seglib.features import dictionary as feature_dictionary
from seglib.ingest import RULES, SEVERITIES
from seglib.schema.tables import TABLES, describe, needed

README = Path(__file__).parents[1] / "data" / "README.md"
COLUMNS = ["column", "kind", "needed", "may_be_empty", "unit", "values", "refers_to", "what"]


def table(header: list[str], rows: list[list[str]]) -> str:
    """Write a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def dictionary() -> str:
    """Write one section per canonical table, those that a shop needs first."""
    parts = []
    for name in sorted(TABLES, key=lambda name: not needed(name)):
        columns = describe(name)[COLUMNS]
        columns["column"] = "`" + columns["column"] + "`"
        note = "needed" if needed(name) else "optional"
        rows = table([column.replace("_", " ") for column in COLUMNS], columns.to_numpy().tolist())
        parts.append(f"### {name}\n\n{TABLES[name].description}; {note}.\n\n{rows}")
    return "\n\n".join(parts)


def rules() -> str:
    """Write one line per rule."""
    by_severity = sorted(RULES, key=lambda rule: SEVERITIES.index(rule.severity))
    return table(
        ["rule", "severity", "what it says", "what to do"],
        [[f"`{rule.id}`", rule.severity, rule.sentence, rule.remedy] for rule in by_severity],
    )


def features() -> str:
    """Write one line per feature."""
    features = feature_dictionary()
    features["name"] = "`" + features["name"] + "`"
    return table(list(features), features.to_numpy().tolist())


def replace_generated(text: str) -> str:
    """Return the text with its generated parts replaced."""
    for name, content in (("dictionary", dictionary()), ("rules", rules()), ("features", features())):
        begin, end = f"<!-- {name}: written by make dictionary -->", f"<!-- end of {name} -->"
        assert begin in text, f"data/README.md has no place for the {name}"
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", flags=re.S)
        text = pattern.sub(lambda _, b=begin, c=content, e=end: f"{b}\n{c}\n{e}", text)
    return text


if __name__ == "__main__":
    README.write_text(replace_generated(README.read_text(encoding="utf-8")), encoding="utf-8")
    print(README)
