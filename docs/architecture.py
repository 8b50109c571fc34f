"""Draw the packages of seglib and their arrows into ARCHITECTURE.md, from the imports: `make architecture`.

Read from the source, file by file; nothing is imported. The test of the architecture uses the same functions.
"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "seglib"
DOCUMENT = ROOT / "ARCHITECTURE.md"


def modules() -> dict[str, Path]:
    """Return every module of the package with its file: ``seglib.stats.permutation``."""
    names = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def file_imports() -> dict[str, set[str]]:
    """Return, for every module, the modules of the package that it imports, at the top or inside a function."""
    known = modules()
    found = {}
    for name, path in known.items():
        imported = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "seglib":
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    imported.add(whole if whole in known else node.module)
            elif isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names if alias.name in known}
        found[name] = imported - {name}
    return found


def room(module: str) -> str:
    """Return the package or single file that a module belongs to: ``stats`` for ``seglib.stats.permutation``."""
    return module.split(".")[1] if "." in module else module


def package_imports() -> dict[str, set[str]]:
    """Return, for every package or single file of ``seglib/``, the others that it imports."""
    arrows: dict[str, set[str]] = {}
    for module, imported in file_imports().items():
        arrows.setdefault(room(module), set()).update(room(other) for other in imported)
    return {name: others - {name, "seglib"} for name, others in arrows.items() if name != "seglib"}


def floors(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Return packages by floor, the ground first: each imports only from lower floors.

    Raises
    ------
    ValueError
        If packages import each other in a circle.
    """
    left, levels = dict(arrows), []
    while left:
        free = sorted(name for name, others in left.items() if not others & left.keys())
        if not free:
            raise ValueError(f"circle among {sorted(left)}")
        levels.append(free)
        for name in free:
            del left[name]
    return levels


def direct(arrows: dict[str, set[str]]) -> dict[str, set[str]]:
    """Leave out every arrow that others already imply (the transitive reduction)."""

    def reached(start: str) -> set[str]:
        below = set(arrows[start])
        for name in arrows[start]:
            below |= reached(name)
        return below

    return {name: others - set().union(*map(reached, others)) for name, others in arrows.items()}


def picture() -> str:
    """Return the picture of the packages as Mermaid: the arrows that others do not imply."""
    arrows = package_imports()
    lines = ["```mermaid", "flowchart TD"]
    for name, others in sorted(direct(arrows).items()):
        lines += [f"    {name} --> {other}" for other in sorted(others)] or [f"    {name}"]
    return "\n".join([*lines, "```"])


def table() -> str:
    """Return all arrows as a table, the top floor first."""
    arrows = package_imports()
    rows = ["| floor | package | imports |", "|---|---|---|"]
    levels = floors(arrows)
    for floor in range(len(levels), 0, -1):
        for name in levels[floor - 1]:
            rows.append(f"| {floor} | `{name}` | {', '.join(sorted(arrows[name])) or 'nothing of seglib'} |")
    n_arrows = sum(map(len, arrows.values()))
    return "\n".join(
        [*rows, "", f"{len(arrows)} packages and files, {n_arrows} arrows, {len(levels)} floors, no circle."]
    )


def drawn(text: str) -> str:
    """Return the document with its picture and its table made anew."""
    for name, content in (("picture", picture()), ("table", table())):
        between = rf"(<!-- {name}: .*?-->\n).*?(\n<!-- end of {name} -->)"
        text = re.sub(between, lambda marks, content=content: f"{marks[1]}{content}{marks[2]}", text, flags=re.S)
    return text


if __name__ == "__main__":
    DOCUMENT.write_text(drawn(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
