"""The documents of the project as tests read them: blocks of commands, headings with their anchors, links."""

import re
import runpy
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTENTS = runpy.run_path(str(ROOT / "docs" / "contents.py"))

FOLDERS = (".", "docs", "data", "reports", "studies", "benchmarks")
"""Where documents are."""

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", flags=re.M | re.S)
LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+)\)")


def documents() -> list[Path]:
    """Every document that is part of the project, by its path."""
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("*.md"))


def named(path: Path) -> str:
    """What a test is called by a document."""
    return path.relative_to(ROOT).as_posix()


def blocks(text: str, language: str) -> list[str]:
    """The blocks of a document that are in one language."""
    return [body for _, named_language, body in FENCE.findall(text) if named_language == language]


def write_project(folder: Path) -> Path:
    """Write what the commands read, as their reader has it: sample, parameters, names of a class, a shop of their own.

    Return the folder of the sample.
    """
    sample = shutil.copytree(ROOT / "data" / "sample", folder / "data" / "sample")
    shutil.copytree(ROOT / "params", folder / "params")
    (folder / "path" / "to").mkdir(parents=True)
    shutil.copy(sample / "shop.xlsx", folder / "path" / "to" / "shop.xlsx")
    (folder / "class.csv").write_text("name\nAnn\nBen\n")
    return sample


@dataclass(frozen=True)
class Command:
    """A command of a document: where it stands, and its words, without comments."""

    document: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.document}: {shlex.join(self.words)}"


def commands_of(path: Path) -> list[Command]:
    """The commands in the ``sh`` blocks of a document, one a line; ``&&`` divides a line."""
    lines = [line for block in blocks(path.read_text("utf-8"), "sh") for line in block.splitlines()]
    commands = []
    for line in lines:
        words = shlex.split(line.replace("<", "'<").replace(">", ">'"), comments=True)
        while words:
            end = words.index("&&") if "&&" in words else len(words)
            commands.append(Command(named(path), tuple(words[:end])))
            words = words[end + 1 :]
    return commands


def anchors(text: str) -> set[str]:
    """The anchors of the headings of a document, as GitHub gives them: a name that is used again gets a number."""
    seen: dict[str, int] = {}
    for _, title in CONTENTS["headings"](text):
        anchor = CONTENTS["anchor"](title)
        seen[anchor] = seen.get(anchor, -1) + 1
        if seen[anchor]:
            seen[f"{anchor}-{seen[anchor]}"] = 0
    return set(seen)


def links_of(text: str) -> list[str]:
    """The targets of all links and pictures outside of code."""
    prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))
    return LINK.findall(prose) + re.findall(r'<(?:img|a) [^>]*?(?:src|href)="([^"]+)"', prose)
