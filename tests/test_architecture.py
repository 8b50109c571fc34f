"""ARCHITECTURE.md is true, imports go one way, doors export what is used, and names are those of the field."""

import ast
import json
import re
import runpy

import pytest

DOORS = (
    "campaign",
    "clustering",
    "datasets",
    "display",
    "eda",
    "features",
    "ingest",
    "interpretation",
    "k_selection",
    "monitoring",
    "plots",
    "preprocessing",
    "scoring",
    "sql",
    "stats",
    "style",
)
"""Packages that others import by their door."""

SUB_DOORS = ("features.engines", "ingest.sources", "ingest.suggest")
"""Parts of the machine room with a door of their own."""

BY_FILE = ("schema", "runner", "report")
"""Packages whose door imports nothing, because it would cost time at the start; their files are imported."""

ANALYSIS = (
    "ingest",
    "eda",
    "features",
    "preprocessing",
    "k_selection",
    "clustering",
    "interpretation",
    "scoring",
    "campaign",
    "monitoring",
)

PRIVATE_WORDS = {"told", "found", "made", "own", "known", "said", "asked"}


@pytest.fixture(scope="module")
def drawing(root):
    """The functions that draw ARCHITECTURE.md."""
    return runpy.run_path(str(root / "docs" / "architecture.py"))


@pytest.fixture(scope="module")
def arrows(drawing):
    """For every package, the others that it imports."""
    return drawing["package_imports"]()


@pytest.fixture(scope="module")
def files(drawing):
    """Every module of the package with its syntax tree."""
    return {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in drawing["modules"]().items()}


def notebook_code(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def imported(tree, inside=()):
    """Yield every import of the package: module, name, and the functions around it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "seglib":
            for alias in node.names:
                yield node.module, alias.name, inside
        around = (*inside, node.name) if isinstance(node, ast.FunctionDef | ast.ClassDef) else inside
        yield from imported(node, around)


def door_of(module):
    """Return the door by which outsiders import a module, or None if its files are imported."""
    parts = module.split(".")[1:]
    if not parts or parts[0] not in DOORS:
        return None
    sub = ".".join(parts[:2])
    return f"seglib.{sub if sub in SUB_DOORS else parts[0]}"


def test_no_file_imports_itself_by_way_of_others(drawing):
    arrows, done = drawing["file_imports"](), set()

    def walk(module, path):
        assert module not in path, f"circle: {' -> '.join([*path[path.index(module) :], module])}"
        if module not in done:
            for other in sorted(arrows.get(module, ())):
                walk(other, [*path, module])
            done.add(module)

    for module in arrows:
        walk(module, [])


def test_packages_import_in_one_direction_and_are_few(drawing, arrows):
    assert drawing["floors"](arrows)  # raises where there is a circle
    assert len(arrows) <= 26
    assert sum(map(len, arrows.values())) <= 113


def test_architecture_md_shows_the_packages_as_they_are(root, drawing, arrows):
    text = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert drawing["drawn"](text) == text, "ARCHITECTURE.md is out of date: make architecture"
    described = set(re.findall(r"^\| `(\w+)/?` \|", text.split("## The packages")[1].split("\n## ")[0], flags=re.M))
    assert described == arrows.keys()


def test_the_ground_floor_imports_nothing_of_the_package(arrows):
    for name in ("schema", "style", "stats", "errors"):
        assert not arrows[name], name
    assert arrows["plots"] <= {"style"}
    assert arrows["runner"] <= {"credentials", "errors", "report", "run", "schema", "style"}


def test_analysis_draws_only_when_a_result_is_asked_for_its_figure(files):
    for name, tree in files.items():
        if name.split(".")[1:2] and name.split(".")[1] in ANALYSIS:
            for module, _, inside in imported(tree):
                if module == "seglib":
                    continue
                assert module.split(".")[1] not in ("display", "report", "runner", "cli"), name
                if module.split(".")[1] == "plots":
                    assert inside[-1:] == ("figure",), f"{name} imports plots outside of figure()"


def test_outsiders_import_by_the_door_and_insiders_from_the_file(files):
    for name, tree in files.items():
        package = name.split(".")[1] if "." in name else ""
        for module, what, _ in imported(tree):
            parts = module.split(".")[1:]
            if not parts or parts[0] not in DOORS:
                continue
            if parts[0] == package:
                doors = {f"seglib.{package}", *(f"seglib.{sub}" for sub in SUB_DOORS)}
                assert module not in doors or f"{module}.{what}" in files, f"{name} imports {what} from its own door"
            elif name.count(".") or not name.endswith("__init__"):
                assert module == door_of(module), f"{name} imports {what} from {module}, not from its door"


def test_every_name_that_a_door_exports_is_used_outside(root, files):
    used = {}

    def note(module, what):
        used.setdefault(module, set()).add(what)

    trees = dict(files)
    for folder in ("studies", "benchmarks", "docs"):
        for path in (root / folder).rglob("*.py"):
            trees[f"{folder}.{path.relative_to(root / folder)}"] = ast.parse(path.read_text(encoding="utf-8"))
    for path in (root / "notebooks").rglob("*.ipynb"):
        if ".ipynb_checkpoints" not in path.parts:
            trees[f"notebooks.{path.stem}"] = ast.parse(notebook_code(path))
    for name, tree in trees.items():
        aliases = {}
        for module, what, _ in imported(tree):
            if not name.startswith(f"{module}."):
                note(module, what)
            aliases[what] = f"{module}.{what}"
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "seglib":
                aliases |= {alias.asname or alias.name: f"seglib.{alias.name}" for alias in node.names}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
                note(aliases[node.value.id], node.attr)
    for name in (*DOORS, *SUB_DOORS):
        tree = files[f"seglib.{name}"]
        exported = {what for _, what, _ in imported(tree)}
        assert exported <= used.get(f"seglib.{name}", set()), f"seglib.{name}: nobody outside uses these"


def test_doors_explain_their_package_and_some_import_nothing(files):
    for name, tree in files.items():
        if name.count(".") == 1 and name.split(".")[1] in (*DOORS, *BY_FILE):
            lines = (ast.get_docstring(tree) or "").splitlines()
            assert len(lines) >= 5, f"{name} says too little of itself"
            assert len(lines) <= 20, f"{name} says too much at its door"
    for name in BY_FILE:
        assert not [node for node in files[f"seglib.{name}"].body if isinstance(node, ast.Import | ast.ImportFrom)]


def test_tests_mirror_the_packages(root, arrows):
    packages = {name for name in arrows if (root / "seglib" / name).is_dir()}
    folders = {path.name for path in (root / "tests").iterdir() if path.is_dir() and any(path.glob("test_*.py"))}
    assert folders - {"browser", "docs", "studies"} <= packages
    assert packages - folders <= {"schema", "sql"}  # tested by what they are for: ingest, features and scoring


def test_names_are_not_private_words(files):
    for name, tree in files.items():
        fields = {
            id(line.target)  # the keys of a record are those of its JSON
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
            for line in node.body
            if isinstance(line, ast.AnnAssign)
        }
        words = {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in fields
        } & PRIVATE_WORDS
        assert not words, f"{name}: a variable is called what it holds, not {', '.join(sorted(words))}"


def test_code_has_no_tricks(root, files):
    def is_text(node):
        text = isinstance(node, ast.JoinedStr | ast.List)
        return text or (isinstance(node, ast.Constant) and isinstance(node.value, str))

    def is_condition(node):
        return isinstance(node, ast.Compare | ast.BoolOp) or (
            isinstance(node, ast.Call) and getattr(node.func, "id", "") == "bool"
        )

    for name, tree in files.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
                sides = (node.left, node.right)
                assert not (any(map(is_text, sides)) and any(map(is_condition, sides))), f"{name}:{node.lineno}"
            if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.NotEq):
                assert ast.dump(node.left) != ast.dump(node.comparators[0]), f"{name}:{node.lineno}"
    skips = sum(path.read_text(encoding="utf-8").count("# fmt: skip") for path in (root / "seglib").rglob("*.py"))
    assert skips <= 10
