"""The anatomy of the notebooks (DESIGN: question, claim, short cell, what we see), held by a test."""

import ast
import re

import nbformat
import pytest

from seglib.run.artefacts import ALONE as NOT_IN_EVERY_RUN
from seglib.run.artefacts import ARTEFACTS
from seglib.runner.parameters import declared
from seglib.runner.steps import ALONE, NOTEBOOKS, SIX, STEPS

NOTEBOOK_FILES = [NOTEBOOKS / f"{step}.ipynb" for step in (*SIX, *ALONE)]
"""Those of the package; a notebook that an analyst adds may look as the analyst likes."""


def read(path):
    return nbformat.read(path, as_version=4)


def code(nb):
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def prose(nb):
    return [cell for cell in nb.cells if cell.cell_type == "markdown"]


def tagged(nb, tag):
    return [cell for cell in nb.cells if tag in cell.metadata.get("tags", [])]


def test_the_steps_are_the_notebooks():
    assert list(STEPS)[: len(SIX)] == list(SIX)
    assert all(path.exists() for path in NOTEBOOK_FILES)
    assert set(ALONE) == set(NOT_IN_EVERY_RUN)


@pytest.fixture(params=NOTEBOOK_FILES, ids=lambda path: path.stem)
def path(request):
    return request.param


def test_it_starts_with_number_and_question(path):
    title, question = read(path).cells[0].source.splitlines()[:3:2]
    assert title.startswith(f"# {path.stem[:2]} · ")
    assert question == f"**{(STEPS | ALONE)[path.stem]}**"


def test_it_says_what_it_reads_and_writes_and_links_its_neighbours(path):
    links = read(path).cells[1].source
    steps = list(SIX)
    assert "Reads" in links
    if path.stem in ALONE:  # which are run after the last one, and by themselves
        neighbours = steps[-1:]
    else:
        here = steps.index(path.stem)
        neighbours = steps[max(0, here - 1) : here] + steps[here + 1 : here + 2]
    for neighbour in neighbours:
        assert f"({neighbour}.ipynb)" in links
    written = {a.file for a in ARTEFACTS.values() if a.step == path.stem}
    told = set(re.findall(r"`([^`]+)`", links.split("Writes")[1]))
    assert written <= told


def artefacts_of(source):
    """Return which artefacts the cells name when they write, and which when they read, by the calls of `Run`."""
    written, red = set(), set()
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        method = getattr(call.func, "attr", "")
        first = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
        if method == "write_all":
            written |= {keyword.arg for keyword in call.keywords}
        elif method in ("write", "path"):
            written |= {first}
        elif method in ("read", "existing"):
            red |= {first}
    return written, red


def test_it_writes_its_artefacts_and_reads_only_earlier_ones(path):
    written, red = artefacts_of(whole_source(path))
    if path.stem != "01_ingest":  # which writes through Shop.save, and reads nothing
        assert written == {name for name, a in ARTEFACTS.items() if a.step == path.stem}
        assert red
    assert all(ARTEFACTS[name].step < path.stem for name in red)


def test_one_cell_of_parameters_one_of_imports(path):
    nb = read(path)
    assert len(tagged(nb, "parameters")) == len(tagged(nb, "imports")) == 1
    outside = [cell for cell in code(nb) if "imports" not in cell.metadata.get("tags", [])]
    for cell in outside:
        assert not any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(ast.parse(cell.source)))


def test_every_parameter_is_declared_with_type_default_and_help(path):
    [cell] = tagged(read(path), "parameters")
    assigned = [node.target.id for node in ast.parse(cell.source).body if isinstance(node, ast.AnnAssign)]
    parameters = declared(path)
    assert len(assigned) == len(cell.source.splitlines())
    assert list(parameters) == assigned  # papermill sees every one of them
    assert all(p.help for p in parameters.values())


def test_a_shared_parameter_has_one_meaning():
    seen = {}
    for path in NOTEBOOK_FILES:
        for name, p in declared(path).items():
            assert seen.setdefault(name, (p.type, p.default)) == (p.type, p.default), f"{name} in {path.stem}"


def test_cells_are_few_short_and_plain(path):
    nb = read(path)
    assert len(code(nb)) <= 25
    for cell in code(nb):
        knobs = "parameters" in cell.metadata.get("tags", [])  # one a line: a list, no code
        assert len(cell.source.splitlines()) <= (16 if knobs else 12), cell.id
        tree = ast.parse(cell.source)  # also: no magics
        assert not any(
            isinstance(n, ast.FunctionDef | ast.ClassDef | ast.Lambda) for n in ast.walk(tree) if not _in_call(n)
        )
        assert not re.search(r"""["'](/|~|[A-Za-z]:\\)""", cell.source), f"absolute path in {cell.id}"


def _in_call(node):
    return isinstance(node, ast.Lambda)  # a lambda inside assign() is fine


LIMITS = {"visible calls": 40, "branches": 15, "share of lines that speak": 0.3, "lines": 520}
"""Of the six notebooks together: at least so many calls of the libraries, at most so many of everything else."""

LIBRARIES = ("pandas", "sklearn", "seaborn", "matplotlib")


def visible_calls(source):
    """Return of which library each call of a name is that the notebook imports from pandas, sklearn and so on."""
    tree, names = ast.parse(source), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {(alias.asname or alias.name).split(".")[0]: alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: node.module.split(".")[0] for alias in node.names}
    called = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            while isinstance(function, ast.Attribute):
                function = function.value
            if isinstance(function, ast.Name) and names.get(function.id) in LIBRARIES:
                called.append(names[function.id])
    return called


def test_visible_calls_are_counted_by_the_name_that_is_imported():
    source = "import pandas as pd\nimport seaborn as sns\nfrom sklearn.cluster import KMeans\nfrom seglib import eda"
    cells = "pd.merge(a, b).head()\nsns.set_theme()\nKMeans(3).fit(X)\neda.claims(c)\na.merge(b)\nprint(a)"
    assert sorted(visible_calls(f"{source}\n{cells}")) == ["pandas", "seaborn", "sklearn"]


def whole_source(path):
    return "\n".join(cell.source for cell in code(read(path)))


def test_cells_show_the_craft_themselves_and_leave_branches_to_results(path):
    """Three calls of scikit-learn or seaborn and more from 02 on, at most eight names of the package."""
    source = whole_source(path)
    tree = ast.parse(source)
    if not path.stem.startswith("01"):
        assert sum(library in ("sklearn", "seaborn") for library in visible_calls(source)) >= 3
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert len([a for node in imports if node.module.split(".")[0] == "seglib" for a in node.names]) <= 8


def test_the_six_notebooks_show_libraries_and_do_not_talk():
    calls, branches, speaking, lines = 0, 0, 0, 0
    for path in (NOTEBOOKS / f"{step}.ipynb" for step in STEPS):
        source = whole_source(path)
        tree = ast.parse(source)
        calls += len(visible_calls(source))
        branches += sum(isinstance(node, ast.If | ast.IfExp) for node in ast.walk(tree))
        lines += sum(bool(line.strip()) for line in source.splitlines())
        spoken = {
            line
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("say", "table", "show", "card")
            for line in range(node.lineno, node.end_lineno + 1)
        }
        speaking += len(spoken)
    assert calls >= LIMITS["visible calls"]
    assert branches <= LIMITS["branches"]
    assert lines <= LIMITS["lines"]
    assert speaking / lines <= LIMITS["share of lines that speak"]


def test_a_claim_comes_before_its_cell(path):
    """Between two headings there is prose, and a section starts with words, not with code."""
    nb = read(path)
    for before, cell in zip(nb.cells, nb.cells[1:], strict=False):
        if before.cell_type == "markdown" and before.source.startswith("## ") and before.source.count("\n") == 0:
            assert before.source in ("## Takeaways",)
            assert cell.cell_type == "code"


def test_it_ends_with_takeaways_and_exercises(path):
    nb = read(path)
    headings = [line for cell in prose(nb) for line in cell.source.splitlines() if line.startswith("## ")]
    assert headings[-2:] == ["## Takeaways", "## Try it"]
    exercises = re.findall(r"^\d\. ", nb.cells[-1].source, flags=re.M)
    assert 2 <= len(exercises) <= 3


def test_prose_holds_no_result(path):
    """Numbers come from code: what is typed in would stay when the data change."""
    for cell in prose(read(path)):
        if "analyst" in cell.metadata.get("tags", []):
            continue
        numbers = re.findall(r"(?<![\w./`-])\d[\d,.]*\d%?|\d+%", re.sub(r"`[^`]*`|\$\$?[^$]*\$", "", cell.source))
        allowed = {"01", "02", "03", "04", "05", "06", "07", "08", "95%", "100%", "007"}
        assert set(numbers) <= allowed, f"{cell.id}: {numbers}"


def test_a_drawing_of_the_cells_own_has_alt_text_and_caption(path):
    """A result brings both along; tests/runner holds every figure of a whole run to it."""
    for cell in code(read(path)):
        for call in ast.walk(ast.parse(cell.source)):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "show":
                names = {node.id for node in ast.walk(call.args[0]) if isinstance(node, ast.Name)}
                if names & {"plots", "plt", "sns", "ax", "figure"}:
                    assert {"alt", "caption"} <= {k.arg for k in call.keywords}, cell.id


def test_it_is_stripped_and_its_cells_have_names(path):
    nb = read(path)
    assert nb.metadata["kernelspec"]["name"] == "python3"
    ids = [cell.id for cell in nb.cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in ids)
    for cell in code(nb):
        assert cell.outputs == []
        assert cell.execution_count is None


def test_kmeans_is_seen_by_hand_before_shops_without_segments():
    cells = [cell.source for cell in code(read(NOTEBOOKS / "04_k_selection.ipynb"))]
    position = {
        what: next(i for i, source in enumerate(cells) if what in source)
        for what in ("KMeans(n_clusters=n", "sns.lineplot", "null_models_for", "k_selection.benchmark(")
    }
    assert list(position.values()) == sorted(position.values())
