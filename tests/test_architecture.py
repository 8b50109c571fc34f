"""ARCHITECTURE.md is true: the modules are those on disk, and imports go one way."""

import ast
import re

import pytest

STORY = (
    "schema",
    "rules",
    "sources",
    "mapping",
    "mapping_file",
    "intake",
    "reading",
    "contract",
    "market",
    "ingest",
    "chance",
    "explore",
    "features",
    "engines",
    "prelude",
    "shrinkage",
    "preprocessing",
    "selection",
    "structure",
    "clustering",
    "profiling",
    "cards",
    "facts",
    "decision_rules",
    "thinning",
    "outcomes",
    "audiences",
    "scoring",
    "check",
    "suggest",
    "invoices",
    "sample",
    "survey",
)
"""The modules of the analysis."""


@pytest.fixture(scope="module")
def modules(root):
    """Modules of the package with the modules of the package that each imports, at the top or inside a function."""
    found = {}
    for path in (root / "seglib").rglob("*.py"):
        parts = path.relative_to(root / "seglib").with_suffix("").parts
        name = parts[0]  # a package is one module: what is inside is its own business
        imported = found.setdefault(name, set())
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "seglib":
                rest = node.module.split(".")[1:]
                imported |= {rest[0]} if rest else {alias.name for alias in node.names}
    return {name: used - {name, "__version__"} for name, used in found.items() if not name.startswith("__")}


def test_architecture_md_names_every_module_and_no_other(root, modules):
    listed = (root / "ARCHITECTURE.md").read_text(encoding="utf-8").split("## The modules")[1].split("\n## ")[0]
    told = set(re.findall(r"^\| `(\w+)/?` \|", listed, flags=re.M))
    assert told == set(modules)


def test_imports_form_no_circle(modules):
    left = dict(modules)
    while left:
        free = [name for name, used in left.items() if not used & left.keys()]
        assert free, f"circle among {sorted(left)}"
        for name in free:
            del left[name]


def test_the_analysis_draws_nothing_and_runs_nothing(modules):
    for name in STORY:
        assert not modules[name] & {
            "plots",
            "notebook",
            "report",
            "pipeline",
            "cli",
            "staging",
            "progress",
            "parameters",
        }


def test_the_runner_knows_nothing_of_the_analysis(modules):
    for name in ("pipeline", "staging", "progress", "parameters", "report"):
        assert not modules[name] & {*STORY, "plots", "notebook"}


def test_figures_take_computed_tables(modules):
    assert modules["plots"] <= {"words", "colours"}


def test_every_module_is_one_idea(root):
    for path in (root / "seglib").rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= (500 if path.stem == "plots" else 360), path


def test_every_module_of_the_story_has_its_test(root):
    # these are tested through what they are for
    through = {
        "mapping_file": "mapping",
        "schema": "contract",
        "rules": "contract",
        "intake": "mapping",
        "reading": "mapping",
    }
    through |= {"invoices": "mapping", "shrinkage": "features", "prelude": "engines"}
    for name in STORY:
        assert (root / "tests" / f"test_{through.get(name, name)}.py").exists()
