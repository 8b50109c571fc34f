"""The mistake gallery: every kind is shown, its links lead somewhere, and its numbers go the way they should."""

import ast
import re
from urllib.parse import unquote

import matplotlib as mpl
import nbformat
import numpy as np
import pandas as pd
import pytest

PARTS = ("mistakes_1_data", "mistakes_2_clusters", "mistakes_3_claims")

MET = {
    "Rows are not customers": 1,
    "Wrong unit": 4,
    "Refunds": 6,
    "Silent coercion": 4,
    "Present day as reference": 5,
    "Outliers removed": 7,
    "Never = worst": 2,
    "A cluster of one": 1,
    "Numbers as names": 5,
    "Id inside": 1,
    "Scaling absent or unused": 5,
    "Dummies make clusters": 3,
    "One thing said several times": 6,
    "No null": 30,
    "No stability": 28,
    "k is a constant": 13,
    "Picture as proof": 11,
    "No seed": 8,
    "Unlike silhouettes compared": 8,
    "Elbow by eye": 6,
    "Smallest k tried wins": 2,
    "Two components kept": 2,
    "Label inside": 3,
    "Leftover loop variable": 3,
    "Scoring is not fitting": 2,
    "Advice tied to raw numbers": 7,
    "Text contradicts its own output": 7,
    "Naming rules collide or fall through": 5,
    "Accuracy at base rate": 4,
    "Own labels as target": 5,
    "ANOVA on own variables": 3,
    "Ties cut by file order": 3,
    "First row or mode as description": 3,
    "Train and test slip": 2,
    "Does not run top to bottom": 6,
    "Pickles": 13,
}
"""In how many of the repositories each kind was met."""

OF_30 = {
    *("Scaling absent or unused", "Dummies make clusters", "No null", "No stability", "k is a constant"),
    *("Picture as proof", "No seed", "Elbow by eye", "Smallest k tried wins", "Two components kept"),
    *("Label inside", "Leftover loop variable"),
}
"""Kinds that only the thirty with a clustering can have."""

NOT_SHOWN = {"Figures without code": 3, "Customer rows committed": 15, "Personal paths": 6}


@pytest.fixture(scope="module")
def gallery(root):
    folder = root / "notebooks" / "lessons"
    return {name: nbformat.read(folder / f"{name}.ipynb", as_version=4) for name in PARTS}


def run(notebook):
    """Run the cells of a notebook; return by id of the cell what its last line gives, and the names at the end."""
    values, names = {}, {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            tree = ast.parse(cell.source)
            last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, cell.id, "exec"), names)
            if last:
                values[cell.id] = eval(compile(ast.Expression(last.value), cell.id, "eval"), names)
    return values, names


@pytest.fixture(scope="module")
def cells(gallery):
    """By part: what its cells show, and its names."""
    with mpl.rc_context({"backend": "agg"}):
        return {name: run(notebook) for name, notebook in gallery.items()}


@pytest.fixture(scope="module")
def data(cells):
    return cells["mistakes_1_data"][0]


@pytest.fixture(scope="module")
def clusters(cells):
    return cells["mistakes_2_clusters"][0]


@pytest.fixture(scope="module")
def claims(cells):
    return cells["mistakes_3_claims"][0]


def across(values, level):
    """Return a column for each value of one level of the index."""
    return pd.DataFrame({key: part.droplevel(level) for key, part in values.groupby(level=level)})


# What every part looks like -----------------------------------------------------------------------------------------


def kinds(notebook):
    """Return the cells of each kind, by its title."""
    sections, title = {}, None
    for cell in notebook.cells:
        heading = re.match(r"## (.+)\n", cell.source)
        if cell.cell_type == "markdown" and heading:
            title = heading[1]
        if title and cell.id != "end":
            sections.setdefault(title, []).append(cell)
    sections.pop("What to remember", None)
    return sections


def test_every_kind_is_shown_with_how_often_it_was_met(gallery):
    shown = {title: cells for notebook in gallery.values() for title, cells in kinds(notebook).items()}
    assert list(shown) == list(MET)
    for title, cells in shown.items():
        whole = "the 30 that cluster" if title in OF_30 else "40"
        assert cells[0].source == f"## {title}\n\n*Met in {MET[title]} of {whole}.*"


def test_every_kind_shows_its_number_before_it_explains_and_ends_with_so_what(gallery):
    for notebook in gallery.values():
        for title, cells in kinds(notebook).items():
            ids = [cell.id for cell in cells if "task" not in cell.id]
            stem = cells[0].id
            assert ids[0] == stem
            places = [next(i for i, name in enumerate(ids) if name.startswith(f"{stem}-{p}")) for p in ("bad", "why")]
            good = next(i for i, name in enumerate(ids) if name.startswith((f"{stem}-good", f"{stem}-model")))
            so_what = ids.index(f"{stem}-so-what")
            assert 1 <= places[0] < places[1] < good < so_what, title
            assert cells[so_what].source.startswith("**So what:** ")
            assert "\n" not in cells[so_what].source


def test_the_table_lists_all_kinds_and_says_of_the_rest_why_not(gallery):
    head = gallery["mistakes_1_data"].cells[0].source
    rows = re.findall(r"^\| (.+?) \| (\d+) of (\d+)(?: that cluster)? \| (.+?) \|$", head, flags=re.M)
    assert {kind: int(n) for kind, n, _, _ in rows} == MET | NOT_SHOWN
    assert {kind for kind, _, whole, _ in rows if whole == "30"} == OF_30
    for kind, _, _, where in rows:
        part = [name for name in PARTS if kind in kinds(gallery[name])]
        assert (f"({part[0]}.ipynb#{kind.replace(' ', '-')})" in where) if part else where == "not shown: see below"
    for kind, n in NOT_SHOWN.items():
        assert f"- *{kind}* ({n} of 40): " in head
    for notebook in gallery.values():
        assert "convenience sample" in notebook.cells[0].source


def test_links_lead_to_headings_that_are_there(gallery, root):
    folder = root / "notebooks" / "lessons"
    checked = 0
    for notebook in gallery.values():
        text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
        for file, anchor in re.findall(r"\]\(([\w.]+\.ipynb)(?:#([^)\s]+))?\)", text):
            target = nbformat.read(folder / file, as_version=4)
            prose = "\n".join(cell.source for cell in target.cells if cell.cell_type == "markdown")
            headings = {h.replace(" ", "-") for h in re.findall(r"^#+ (.+)$", prose, flags=re.M)}
            assert not anchor or unquote(anchor) in headings, (file, anchor)
            checked += bool(anchor)
    assert checked > 50


def test_prose_states_no_result(gallery):
    """Numbers come from the cells; what is typed would stay when a knob is turned."""
    allowed = {"0", "1", "2", "3", "4", "25", "30", "40"}  # of 40, part 2, 0 of 0 coupons, month 25
    for notebook in gallery.values():
        for cell in notebook.cells[1:]:
            if cell.cell_type == "markdown":
                text = re.sub(r"`[^`]*`|\[[^\]]*\]\([^)]*\)|\*Met in .*\*|M\d\.\d", "", cell.source)
                assert set(re.findall(r"\d[\d,.]*\d|\d", text)) <= allowed, cell.id


def test_cells_are_short(gallery):
    for notebook in gallery.values():
        for cell in notebook.cells:
            if cell.cell_type == "code":
                assert len(cell.source.splitlines()) <= 12, cell.id


# Part 1: which way the numbers go -----------------------------------------------------------------------------------


def test_rows_units_and_refunds(data):
    coupons, customers = data["rows-bad-2"], data["rows-good"]
    assert (coupons["mean coupons"] > customers["mean coupons"]).all()  # who claims more counts more often
    assert (coupons["standard error"] < customers["standard error"]).all()
    assert (data["unit-bad-2"]["orders"] > 12_000).all()
    assert (data["unit-good"]["orders"] == 12_000).all()
    assert (data["unit-bad-2"]["in a wrong fifth"] > 0.1).all()
    assert (data["unit-good"]["in a wrong fifth"] == 0).all()
    money = across(data["refunds-bad-2"]["too much"], "treat")
    assert (money["absolute"] > money["drop"]).all()  # a refund counted as a sale is wrong by twice its amount
    assert (money["drop"] > 0.05).all()
    assert (data["refunds-good"]["wrongly among the best"] == 0).all()
    assert (data["refunds-bad-2"]["wrongly among the best"] > 0).all()


def test_dates(data):
    """Day and month change places where the day is at most 12, unless they are equal: 11 of about 30.4 days."""
    assert data["coercion-bad-2"]["wrong"].astype(float).between(0.3, 0.45).all()
    assert (data["coercion-bad-2"]["last day"] > data["coercion-good"]["last day"]).all()
    assert (data["coercion-good"]["wrong"] == 0).all()
    moved = across(data["clock-bad-2"]["another class"], "days later")
    assert (moved.diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    assert (data["clock-good"] == 0).all(axis=None)


def test_who_is_set_aside(data):
    gone = data["outliers-bad-2"]
    assert (gone["of the best tenth"] > 3 * gone["customers"]).all()
    never = data["never-bad-2"].loc["three groups"]
    assert 0 < never["of them, never claimed"] < never["never burn"]
    shrunk = data["never-good"]
    few, many = shrunk.iloc[0], shrunk.iloc[-1]
    assert abs(few["shrunk"] - few["plain"]) > abs(many["shrunk"] - many["plain"])
    one = data["one-bad-2"].loc[0.01]
    assert (one["smallest cluster"] <= 5).all()
    assert (one["silhouette"] > 0.4).all()
    assert (data["one-good"]["smallest"] > 100).all()


def test_what_is_in_the_matrix(data):
    """In each of these the wrong version has the higher silhouette in the shop without groups."""
    assert (data["names-bad-3"]["ARI with another order"] < 0.7).all()
    assert (data["names-bad-3"]["silhouette"] > 0.3).all()
    for wrong, right in (("id-bad-2", "id-good"), ("scaling-bad-2", "scaling-good"), ("dummies-bad-2", "dummies-good")):
        assert data[wrong].loc["no groups", "silhouette"] > data[right].loc["no groups", "silhouette"] + 0.2
    for wrong, right in (("id-bad-2", "id-good"), ("scaling-bad-2", "scaling-good")):
        assert data[wrong].loc["three groups", "silhouette"] > data[right].loc["three groups", "silhouette"]
    found = [data[name].loc["three groups", "ARI with the truth"] for name in ("scaling-bad-2", "scaling-good")]
    assert found[1] > found[0] + 0.3
    assert (data["dummies-bad-2"]["ARI with 2 x 2"] > 0.95).all()
    assert (data["dummies-good"]["ARI with 2 x 2"] < 0.1).all()
    ways = data["several-bad-2"]["ARI with the truth"].xs("three groups", level="shop")
    assert ways[4] < ways[2] < data["several-good"].loc["three groups", "ARI with the truth"]


# Part 2 -------------------------------------------------------------------------------------------------------------


def test_shops_without_groups_have_a_score_a_stability_and_an_elbow(clusters):
    score = across(clusters["null-bad-2"]["silhouette"], "shop")
    assert score.loc[2, "no groups"] > 0.3
    assert (score["no groups"].diff().dropna() < 0).all()  # fewer columns, higher score
    beside = clusters["null-good"]
    assert beside.loc["three groups", "best silhouette"] > beside.loc["three groups", "null, highest"] + 0.1
    assert beside.loc["no groups", "best silhouette"] <= beside.loc["no groups", "null, highest"]
    stable = across(clusters["stability-good-2"]["mean ARI"], "shop")
    assert stable.loc[3, "three groups"] == stable["three groups"].max()
    assert stable["no groups"].max() > 0.5
    assert (stable.loc[3, "three groups"] > stable["no groups"]).all()
    explained = across(clusters["constant-bad-2"]["explained"], "k")
    assert (explained.diff(axis=1).iloc[:, 1:] > 0).all(axis=None)
    elbow = across(clusters["elbow-bad-2"]["elbow"], "k_max")
    assert elbow.loc["no groups", 5] < elbow.loc["no groups", 20]


def test_bands_support_groups_only_where_they_are(cells):
    names = cells["mistakes_2_clusters"][1]
    supported = names["supported"]
    assert 3 in supported(names["curves"]["three groups"], names["nulls"]["three groups"])
    assert supported(names["curves"]["no groups"], names["nulls"]["no groups"]) == []
    above = cells["mistakes_2_clusters"][0]["smallest-good"]
    assert (above["no groups"] <= 0).all()


def test_pictures_seeds_and_ways_to_score(clusters):
    kept = clusters["picture-good-2"]
    assert (kept["neighbours kept"] < kept["variance kept"]).all()
    assert (clusters["seed-good"]["agreement"] > clusters["seed-bad-2"]["agreement"]).all()
    unlike, same = clusters["unlike-bad-2"], clusters["unlike-good-2"]
    assert (unlike["DBSCAN"] > unlike["KMeans"]).all()
    assert (same["DBSCAN"] < same["KMeans"]).all()
    assert unlike.loc["no groups", "left out"] > 0.8
    best = clusters["smallest-bad-2"]["best k"].xs("three groups", level="shop")
    assert (best == best.index).all()
    few, all_columns = clusters["few-bad-2"], clusters["few-good"]
    assert (few["in the components"] > all_columns["in the matrix"]).all()
    assert (few["in the matrix"] < few["in the components"]).all()
    assert np.allclose(all_columns["in the components"], all_columns["in the matrix"])


def test_labels_and_models(clusters):
    inside, out = clusters["label-bad-2"], clusters["label-good"]
    assert (inside["ARI with Ward"] == 1).all()
    assert (inside["silhouette"] > out["silhouette"] + 0.1).all()
    assert out.loc["no groups", "ARI with Ward"] < 0.6
    assert (clusters["loop-bad-2"]["labels in the table"] == 10).all()
    assert (clusters["loop-good-2"]["labels in the table"] == 3).all()
    assert clusters["scoring-bad-2"].loc["no groups", "in another cluster"] > 0.1
    assert (clusters["scoring-good"] == 0).all(axis=None)


# Part 3 -------------------------------------------------------------------------------------------------------------


def test_names_over_fifty_seeds(cells, claims):
    fits = cells["mistakes_3_claims"][1]["fits"]["three groups"]
    assert len(fits) == 50
    assert len({labels.tobytes() for labels in fits}) > 3
    kept = "customers with the same name"
    assert claims["numbers-bad-2"].loc["three groups", "ARI"] > 0.99
    assert claims["numbers-bad-2"].loc["three groups", kept] < 0.7
    assert claims["numbers-good"].loc["three groups", kept] > 0.99


def test_texts_and_names(cells, claims):
    burned = claims["text-bad-3"].xs("three groups", level="shop")
    assert burned.loc[1, "burned by those to remind"] < burned.loc[1, "burned by all"]
    assert burned.loc[0, "burned by those to remind"] > burned.loc[0, "burned by all"]
    names = cells["mistakes_3_claims"][1]
    for shop in names["shops"]:
        assert len(set(names["by_thresholds"](shop))) < 5
        assert len(set(names["by_difference"](shop))) == 5


def test_proofs(claims):
    honest = claims["base-good-2"]
    assert (honest["accuracy"] > 0.9).all()
    assert (honest["accuracy"] <= honest["most frequent class"]).all()
    assert honest["balanced"].between(0.45, 0.55).all()
    assert (claims["own-bad-2"]["accuracy"] > 0.9).all()
    own, other = (claims[name].astype(float) for name in ("anova-bad-2", "anova-good-2"))
    assert (own < 1e-20).all(axis=None)
    assert (other.loc["three groups"] < 1e-10).all()
    assert (other.loc["no groups", ["burned", "lag", "recency"]] > 0.05).all()
    assert other.loc["no groups", "coupons"] < 0.001  # exposure: a difference that is true, and no group
    assert (claims["slip-bad-2"]["R2"] > claims["slip-good"]["R2"]).all()
    assert claims["slip-bad-2"].loc["no groups", "R2"] > 0.1
    assert claims["slip-good"].loc["no groups", "R2"] < 0.02
    assert claims["slip-good"].loc["three groups", "R2"] > 0.2


def test_ties_descriptions_and_order_of_cells(claims):
    assert (claims["ties-bad-2"] > 0.05).all(axis=None)
    assert (claims["ties-good"] == 0).all(axis=None)
    called = claims["mode-bad-3"]
    assert called.loc[("mode", "no groups")].nunique() == 1  # the largest city is the most frequent one everywhere
    assert called.loc["first"].stack().nunique() > 2
    assert claims["run-bad-3"]["result"].str.contains("customers").all()
    assert claims["run-good"]["result"].str.contains("not defined").all()


def test_a_knob_changes_the_number(cells):
    """Each knob that a reader may turn is an argument that does something."""
    names = cells["mistakes_1_data"][1]
    trimmed = pd.DataFrame({t: names["trimmed"](names["tables"]["no groups"], tail=t) for t in (0.01, 0.05, 0.2)})
    assert (trimmed.diff(axis=1).iloc[:, 1:] > 0).all(axis=None)
