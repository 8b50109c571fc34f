"""Ordinary tweaks of an analyst go to the end: 06, the published report, the lists, SQL and `seglib score`."""

import numpy as np
import pandas as pd
import pytest
from analyst import Analyst, analyse
from sklearn.metrics import adjusted_rand_score


@pytest.fixture(scope="module")
def analysed(tmp_path_factory):
    return analyse(tmp_path_factory.mktemp("analysed"))


@pytest.fixture
def analyst(analysed, tmp_path, monkeypatch):
    return Analyst(analysed, tmp_path, monkeypatch)


def own_algorithm(analyst, source, *imports):
    analyst.change("05_clustering", "others-given", ("own_algorithm = None", f"own_algorithm = {source}"))
    lines = "".join(f"\n{line}" for line in imports)
    analyst.change("05_clustering", "imports", ("import pandas as pd", f"import pandas as pd{lines}"))


MIXTURE = ("GaussianMixture(4)", "from sklearn.mixture import GaussianMixture")


def test_a_mixture_is_carried_to_the_end_and_no_sql_pretends_to_be_one(analyst):
    own_algorithm(analyst, *MIXTURE)
    analyst.run_by_hand("05_clustering")
    analyst.publish()
    analyst.check(has_model=False)
    assert analyst.listed["segment"].nunique() == 4
    assert "no model that places new customers" in analyst.page("06_interpretation.html")
    assert "made by GaussianMixture" in (analyst.report / "audience" / "README.txt").read_text("utf-8")


@pytest.mark.parametrize(("algorithm", "has_model"), [
    ("AgglomerativeClustering(n_clusters=3)", None),
    ("AgglomerativeClustering(n_clusters=4, linkage='single')", None),
    ("DBSCAN(eps=1.0)", None),
    ("HDBSCAN(min_cluster_size=15)", None),
    ("KMeans(5)", None),
    ("Birch(n_clusters=4)", None),
    ("lambda X: (X.iloc[:, 0] > X.iloc[:, 0].median()).map({True: 'much', False: 'little'})", None),
    ])
def test_explore(analyst, algorithm, has_model):
    own_algorithm(analyst, algorithm, "from sklearn.cluster import DBSCAN, HDBSCAN, Birch")
    analyst.run_from("05_clustering")
    has = (analyst.report / "model.skops").exists()
    print(algorithm, has, analyst.listed["segment"].value_counts().to_dict(), analyst.run.read("clustering").labels)
    analyst.check(has_model=has)
