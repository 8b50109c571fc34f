"""One list of dependencies is the truth; environment.yml and the lock are held to it."""

import ast
import json
import re
import runpy
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
import yaml

from seglib.ingest.contract.rules import RULES
from seglib.schema.tables import TABLES

CONDA_NAMES = {
    "duckdb": "python-duckdb",
    "jupyter-client": "jupyter_client",
    "jupyter-core": "jupyter_core",
    "pandera": "pandera-pandas",
}


@pytest.fixture(scope="module")
def wanted(root):
    """Requirements of pyproject.toml by name."""
    project = tomllib.loads((root / "pyproject.toml").read_text())
    listed = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    return dict(re.fullmatch(r"([A-Za-z0-9-]+)(?:\[[a-z]+\])?(.*)", r).groups() for r in listed)


def test_environment_yml_lists_the_same_packages_and_floors(root, wanted):
    listed = yaml.safe_load((root / "environment.yml").read_text())["dependencies"]
    conda = dict(re.fullmatch(r"([A-Za-z0-9_-]+)(.*)", r).groups() for r in listed if isinstance(r, str))
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert conda.pop("python") == project["requires-python"]
    conda.pop("pip")
    assert conda == {CONDA_NAMES.get(name, name): floor for name, floor in wanted.items()}


def test_the_lock_has_every_package_with_hashes_and_at_least_its_floor(root, wanted):
    lock = (root / "requirements.lock").read_text()
    pins = dict(re.findall(r"^([a-z0-9-]+)==([0-9.]+)", lock, flags=re.M))
    for name, floor in wanted.items():
        assert name in pins, f"{name} is not locked: make lock"
        assert version(pins[name]) >= version(floor.removeprefix(">=")), f"{name} is locked too low: make lock"
    blocks = re.split(r"^(?=[a-z0-9-]+==)", lock, flags=re.M)[1:]
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in lock  # no address of one machine


def test_make_installs_uv_by_its_hash_and_nothing_else_by_pip_alone(root):
    recipe = subprocess.run(["make", "-nB", "env"], cwd=root, capture_output=True, text=True, check=True).stdout
    [cut] = [line for line in recipe.splitlines() if line.startswith("awk ")]
    command, file = cut.split(" > ")
    taken = subprocess.run(["sh", "-c", command], cwd=root, capture_output=True, text=True, check=True).stdout
    pin, *rest = taken.splitlines()
    assert re.fullmatch(r"uv==[0-9.]+ \\", pin)
    assert pin in (root / "requirements.lock").read_text()
    assert len(rest) > 1
    assert all(line.startswith(("    --hash=sha256:", "    #")) for line in rest)
    installs = [line for line in recipe.splitlines() if "pip install" in line]
    assert installs[0].endswith(f"-m pip install -qq --require-hashes --requirement {file}")
    assert len(installs) == 3  # uv, what is locked, and the package itself
    assert all(re.search(r"/uv pip install .*\|\| .* -m pip install", line) for line in installs[1:])
    assert "--require-hashes --requirement requirements.lock" in installs[1]


def test_every_extra_has_a_lock_of_its_own_and_is_known_to_make(root):
    extras = tomllib.loads((root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert re.search(r"^EXTRAS := (.*)", (root / "Makefile").read_text(), flags=re.M)[1].split() == list(extras)
    held = set(re.findall(r"^([a-z0-9-]+)==", (root / "requirements.lock").read_text(), flags=re.M))
    for extra, requirements in extras.items():
        lock = (root / f"requirements-{extra}.lock").read_text()
        pins = dict(re.findall(r"^([a-z0-9-]+)==([0-9.]+)", lock, flags=re.M))
        for requirement in requirements:
            name, floor = re.fullmatch(r"([A-Za-z0-9-]+)>=(.*)", requirement).groups()
            assert version(pins[name]) >= version(floor), f"{name} is locked too low: make lock"
        assert not pins.keys() & held, "an extra must not change what requirements.lock holds"
        blocks = re.split(r"^(?=[a-z0-9-]+==)", lock, flags=re.M)[1:]
        assert len(blocks) == len(pins)
        assert all("--hash=sha256:" in block for block in blocks)
        assert "://" not in lock


@pytest.mark.parametrize("folder", ["tests/browser", "docs/course_site"])
def test_what_npm_installs_is_locked_with_hashes_and_public_addresses(root, folder):
    wanted, lock = (json.loads((root / folder / name).read_text()) for name in ("package.json", "package-lock.json"))
    versions = wanted.get("dependencies", {}) | wanted.get("devDependencies", {})
    packages = {name.rpartition("node_modules/")[2]: held for name, held in lock["packages"].items() if name}
    assert versions
    assert {name: packages[name]["version"] for name in versions} == versions
    for name, held in packages.items():
        assert held["integrity"].startswith("sha512-"), name
        assert held["resolved"].startswith("https://registry.npmjs.org/"), name


def test_every_package_seglib_imports_is_one_of_its_dependencies(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    listed = {re.match(r"[A-Za-z0-9-]+", r)[0] for r in project["dependencies"]}
    home, imported = packages_distributions(), set()
    for path in (root / "seglib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            imported |= {name.split(".")[0] for name in names}
    for name in imported - set(sys.stdlib_module_names) - {"seglib"}:
        assert {d.lower().replace("_", "-") for d in home[name]} & listed, f"{name} is imported but not listed"


def version(text):
    return tuple(int(part) for part in text.split("."))


def test_version_is_the_same_everywhere(root):
    from seglib import __version__

    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((root / "CITATION.cff").read_text())
    assert project["version"] == __version__ == citation["version"]
    assert f"## {__version__}" in (root / "CHANGELOG.md").read_text()


def test_make_help_lists_every_target(root):
    printed = subprocess.run(["make", "-s", "help"], cwd=root, capture_output=True, text=True, check=True).stdout
    phony = re.search(r"^\.PHONY: (.*)", (root / "Makefile").read_text(), flags=re.M)[1].split()
    for target in phony:
        assert f"make {target} " in printed


def test_the_data_dictionary_is_that_of_the_contract(root):
    script = runpy.run_path(str(root / "docs" / "dictionary.py"))
    text = (root / "data" / "README.md").read_text(encoding="utf-8")
    assert script["replace_generated"](text) == text, "run make dictionary"
    for name, schema in TABLES.items():
        assert f"### {name}\n" in text
        assert all(f"| `{column}` |" in text for column in schema.columns)
    assert all(f"| `{rule.id}` | {rule.severity} |" in text for rule in RULES)


def test_nothing_generated_is_committed(root):
    files = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True)
    if files.returncode:
        pytest.skip("not a git checkout")
    tracked = files.stdout.split()
    assert not [f for f in tracked if f.startswith(("data/processed/", "reports/")) and not f.endswith("README.md")]
    assert not [f for f in tracked if f.endswith((".parquet", ".pkl", ".skops", ".html"))]
