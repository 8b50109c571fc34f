"""Ordinary tweaks of an analyst go to the end: 06, the published report, the lists, SQL in DuckDB and `seglib score`.

================================================  =================================================================
what the analyst changes                          the test
================================================  =================================================================
another algorithm, in a cell of 05                `test_a_mixture_is_carried_to_the_end_and_leaves_nothing_of_kmeans`
an algorithm that leaves customers out as noise   `test_noise_of_dbscan_is_on_no_list_and_in_no_sql`
labels of an agency, a parameter of 05            `test_labels_of_an_agency_keep_their_names_and_are_...`
customers who are left out, in the mapping        `test_staff_is_left_out_and_other_features_and_another_k_...`
features, scale and k, parameters of 03 and 04    `test_staff_is_left_out_and_other_features_and_another_k_...`
order of the letters, a parameter of 05           `test_another_order_and_language_are_on_every_card`
names, words, currency and RFM, parameters of 06  `test_words_of_ones_own_are_on_every_page_and_list`
a language, a parameter of 06                     `test_another_order_and_language_are_on_every_card`
a chart or a section, cells of 06                 `test_words_of_ones_own_are_on_every_page_and_list`
a seventh notebook, a line of order.txt           `test_a_seventh_notebook_is_run_checked_and_linked`
================================================  =================================================================

Features from a SQL file, steps of the pipeline and metrics of one's own have tests beside what they change.
"""

import hashlib
import json
import os
import shutil

import nbformat
import pandas as pd
import pytest
from analyst import RUN, Analyst, analyse
from bs4 import BeautifulSoup
from nbclient import NotebookClient
from whole import ROOT, run_seglib

from seglib.run.run import Run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def analysed(tmp_path_factory):
    return analyse(tmp_path_factory.mktemp("analysed"))


@pytest.fixture
def analyst(analysed, tmp_path, monkeypatch):
    return Analyst(analysed, tmp_path, monkeypatch)


def own_algorithm(analyst, algorithm, *imports):
    """Write an algorithm into the cell of 05, in the place of the one before, and what it needs among the imports."""
    [line] = [
        line for line in analyst.source("05_clustering", "others-given").splitlines() if "own_algorithm = " in line
    ]
    analyst.change("05_clustering", "others-given", (line, f"own_algorithm = {algorithm}"))
    for needed in imports:
        analyst.change("05_clustering", "imports", ("import pandas as pd", f"import pandas as pd\n{needed}"))


MIXTURE = 'GaussianMixture(4, init_params="random_from_data", random_state=0)'
"""From these starts its groups are not those of the nearest centre: 92% of the customers."""


def test_a_mixture_is_carried_to_the_end_and_leaves_nothing_of_kmeans(analyst):
    published = analyst.listed["segment"]
    own_algorithm(analyst, MIXTURE, "from sklearn.mixture import GaussianMixture")
    analyst.run_by_hand("05_clustering")
    draft = analyst.home / "reports" / f"{RUN}.draft"
    assert not list(draft.glob("*.sql"))
    analyst.publish()
    analyst.check(has_model=False)
    assert (analyst.listed["segment"].nunique(), published.nunique()) == (4, 3)
    assert "There is no model that places new customers:" in analyst.page("06_interpretation.html")
    assert "made by GaussianMixture" in analyst.report.joinpath("audience/README.txt").read_text("utf-8")
    assert not [name for name in analyst.listed["segment_name"] if name.isdigit()]  # numbers of clusters are no names

    own_algorithm(analyst, "KMeans(2)")  # which the nearest centre does give back; k is 3 in 04
    analyst.run_from("05_clustering")
    analyst.check()
    assert analyst.listed["segment"].nunique() == 2


def test_noise_of_dbscan_is_on_no_list_and_in_no_sql(analyst):
    own_algorithm(analyst, "DBSCAN(eps=1.2)", "from sklearn.cluster import DBSCAN")
    before = len(analyst.listed)
    analyst.run_from("05_clustering")
    noise = analyst.run.read("clustering").labels.noise
    assert 0 < noise == before - len(analyst.listed)
    analyst.check(has_model=False)
    assert f"{noise} customers are noise (in no cluster, label -1)" in analyst.page("05_clustering.html")
    assert f"{noise} customers are noise there" in analyst.report.joinpath("audience/README.txt").read_text("utf-8")


def test_labels_of_an_agency_keep_their_names_and_are_judged_delivered_and_recorded(analyst):
    table = analyst.listed["segment"].map({"A": "Stammgäste", "B": "Gelegenheit", "C": "Gelegenheit"})
    agency = analyst.home / "agency.csv"
    table.iloc[:-3].rename("segment").to_csv(agency, sep=";")
    analyst.run_from("05_clustering", labels=str(agency))
    analyst.check(exact=False)
    listed, record, judged = analyst.listed, analyst.run.read_record(), analyst.run.read("clustering").labels
    assert listed["segment_name"].to_dict() == table.iloc[:-3].to_dict()  # nobody was moved
    assert listed.groupby("segment")["segment_name"].nunique().eq(1).all()
    assert "Stammgäste" in analyst.page("index.html")
    assert "given by 'agency.csv'" in record["k_reason"]
    labels = record["labels"]
    assert (labels["file"], labels["sha256"]) == ("agency.csv", hashlib.sha256(agency.read_bytes()).hexdigest())
    assert (labels["without_label"], labels["without_customer"], labels["why_no_rule"]) == (3, 0, "")
    assert judged.verdict.structure == record["verdict"]["structure"]
    assert [each["name"] for each in record["segments"]] == list(labels["names"].values())
    assert {path.name.split("_")[1] for path in (analyst.report / "audience").glob("*.csv")} == set(labels["names"])
    assert "given by 'agency.csv'" in (analyst.report / "audience/README.txt").read_text("utf-8")
    text = analyst.page("05_clustering.html")
    assert "Adjusted Rand index" in text
    assert "no decision of theirs can be changed" in text


def test_staff_is_left_out_and_other_features_and_another_k_move_every_file(analyst):
    transactions = pd.read_parquet(analyst.shop / "transactions.parquet").astype({"customer_id": str})
    staff = list(analyst.listed.index[:7])
    (analyst.home / "staff.txt").write_text("\n".join(staff), encoding="utf-8")
    mapping = analyst.home / "mapping.yaml"
    mapping.write_text("tables: {customers: {leave_out: {staff: {file: staff.txt}}}}", encoding="utf-8")
    before = set(analyst.listed.index)
    features = {"segment_by": "burn_rate, recency_days", "scaling": "robust", "demographic_weight": 0.0}
    analyst.run_from("01_ingest", mapping=str(mapping), k=2, **features)
    analyst.check(score=("--mapping", mapping))

    assert set(analyst.listed.index) == before - set(staff)
    rows = analyst.run.read("quality").set_index("rule")["rows"]
    assert rows["customers.left_out.staff"] == 7
    assert rows["transactions.left_out.with_their_customers"] == transactions["customer_id"].isin(staff).sum() > 7
    for page in ("01_ingest.html", "01_ingest_business.html"):
        assert "the mapping leaves out the customer of the transaction" in analyst.page(page)
    checked = run_seglib("check", "--source", analyst.shop, "--mapping", mapping, home=analyst.home)
    assert checked.returncode == 0
    assert "transactions.left_out.with_their_customers" in checked.stdout

    assert sorted(set(analyst.listed["segment"])) == ["A", "B"]
    assert set(analyst.run.read("matrix")) == {"burn_rate", "recency_days"}
    assert not list(analyst.report.joinpath("audience").glob(f"{RUN}_C_*"))


def test_another_order_and_language_are_on_every_card(analyst):
    before = analyst.listed["segment"]
    analyst.run_from("05_clustering", order_by="recency_days", words_file=str(ROOT / "params/words/german.yaml"))
    analyst.check()
    after = analyst.listed["segment"]
    recency = analyst.run.read("features")["recency_days"].groupby(after).mean()
    assert recency.is_monotonic_decreasing
    assert pd.crosstab(before, after).gt(0).sum().sum() == before.nunique()  # only letters moved
    cards = analyst.run.read("cards")
    text = " ".join([card.sentence + card.name + " ".join(n.heading + n.text for n in card.notes) for card in cards])
    assert "Gutschein" in text
    english = {"coupon", "customers", "days", "months", "the", "They", "and", "other", "burned", "sure", "all"}
    assert not english & set(text.replace(",", " ").replace(".", " ").replace(":", " ").split())


def test_words_of_ones_own_are_on_every_page_and_list(analyst):
    names, words = analyst.home / "names.yaml", analyst.home / "words.yaml"
    names.write_text("A: The faithful\n", encoding="utf-8")
    words.write_text(
        'MONEY: "{amount} EUR"\n'
        "COUPON: {one: voucher, many: vouchers, claimed: picked up, claim: pick-up}\n"
        "WORDS: {burn_rate: [redeemers, hoarders]}\nCUSTOMERS: shoppers\n"
        'NOBODY_TRIED: "That vouchers work: nobody has tried."\n',
        encoding="utf-8",
    )
    chart = (
        "own = features.assign(segment=letters)\n"
        "ax = sns.barplot(own, x='segment', y='tenure_days', hue='segment', palette=plots.palette(letters))\n"
        "show(ax, alt='Mean tenure by segment.', caption='All customers.')"
    )
    analyst.add(
        "06_interpretation",
        "takeaways",
        nbformat.v4.new_markdown_cell("## How long have they been here?\n\nA question of our own.", id="own-section"),
        nbformat.v4.new_code_cell(chart, id="own-chart"),
    )
    given = {"names_file": str(names), "words_file": str(words), "rfm": "frequency n_burned, parts 3"}
    analyst.run_by_hand("06_interpretation", **given)
    analyst.publish()
    analyst.check()
    listed, cards = analyst.listed, analyst.run.read("cards")
    assert set(listed.loc[listed["segment"] == "A", "segment_name"]) == {"The faithful"}
    others = " ".join(card.name for card in cards if card.segment != "A")
    assert "redeemers" in others or "hoarders" in others
    assert "burners" not in others
    sentences = " ".join(card.sentence for card in cards)
    assert " EUR a month" in sentences
    assert "voucher" in sentences
    assert "coupon" not in sentences
    for page in ("index.html", "06_interpretation.html", "06_interpretation_business.html"):
        assert "The faithful" in analyst.page(page)
    pages = [analyst.page(f"06_interpretation{face}.html") for face in ("", "_business")]
    assert all("How long have they been here?" in page and "A question of our own." in page for page in pages)
    assert all("That vouchers work: nobody has tried." in page for page in pages)
    for face in ("", "_business"):
        soup = BeautifulSoup((analyst.report / f"06_interpretation{face}.html").read_text("utf-8"), "html.parser")
        assert "How long have they been here?" in [h2.get_text(strip=True).rstrip("¶") for h2 in soup.find_all("h2")]
        assert soup.find("img", alt="Mean tenure by segment.")
    assert all("In RFM, as set: frequency is n burned and each is cut into 3 classes." in page for page in pages)
    scores = analyst.run.read("outcomes")
    assert len(scores)


# A notebook of one's own -------------------------------------------------------------------------------------------

STEP = "07_lifetime"


def lifetime(best):
    """Return a notebook that writes an artefact and a list for people."""
    cells = [
        nbformat.v4.new_markdown_cell("# 07 · Lifetime value\n\n**What is a customer worth?**", id="title"),
        nbformat.v4.new_code_cell(
            f'run: str = "sample"  # name of the run\nbest: int = {best}  # customers on the list (at least 1)',
            id="parameters",
            metadata={"tags": ["parameters"]},
        ),
        nbformat.v4.new_code_cell(
            "from seglib.display import table\nfrom seglib.run import Run\n\nrun_folder = Run(run)\n"
            'features, segments = run_folder.read("features"), run_folder.read("segments")\n'
            'values = features[["spend"]].assign(segment=segments["segment"]).nlargest(best, "spend", keep="first")\n'
            f'run_folder.write("{STEP}/values", values)\n'
            f'run_folder.write("{STEP}/total.json", {{"spend": float(values["spend"].sum())}})\n'
            f'run_folder.write_csv("{STEP}/best", values.reset_index())\n'
            'table(values.head(), "The customers who spent most")',
            id="values",
        ),
    ]
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python"}})


@pytest.fixture
def project(analysed, tmp_path):
    """A copy of the project, with a seventh notebook that is dropped into its folder, and of the analysed shop."""
    folder = tmp_path / "project"
    for part in ("seglib", "notebooks", "params"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    shutil.copytree(analysed, tmp_path / "home")
    nbformat.write(lifetime(10), folder / "notebooks" / f"{STEP}.ipynb")
    return folder


def test_a_seventh_notebook_is_run_checked_and_linked(project):
    home, order = project.parent / "home", project / "notebooks" / "order.txt"
    report, run = home / "reports" / RUN, Run(RUN, base=home)
    environment = os.environ | {"PYTHONPATH": str(project), "SEGLIB_QUIET": "1"}

    def seglib(*arguments):
        return run_seglib(*arguments, home=home, environment=environment, cwd=project)

    unlisted = seglib("run", "--run", RUN, "--from", "07")
    assert unlisted.returncode == 2
    assert "there is no notebook '07'" in unlisted.stderr
    order.write_text(f"{order.read_text('utf-8')}{STEP}: What is a customer worth?\n", encoding="utf-8")

    done = seglib("run", "--run", RUN, "--from", "07")  # six are taken over, and the seventh is run
    assert done.returncode == 0, done.stderr
    values = run.read(f"{STEP}/values")
    spend = run.read("features")["spend"]
    assert values["spend"].tolist() == spend.nlargest(10).tolist()
    assert run.read(f"{STEP}/total.json") == {"spend": pytest.approx(spend.nlargest(10).sum())}
    run.refuse_unfit([STEP])
    inputs = run.lineage.entries(STEP)[f"{STEP}/values"].inputs
    assert inputs == {name: run.lineage.hash_of(name) for name in ("features", "segments")}
    index = BeautifulSoup((report / "index.html").read_text("utf-8"), "html.parser")
    links = {link["href"]: link.get_text() for link in index.find_all("a", href=True)}
    assert links[f"{STEP}_business.html"] == "What is a customer worth?"
    assert f"{STEP}/best.csv" in links
    assert (report / STEP / "best.csv").exists()
    assert json.loads((report / "run.json").read_text("utf-8"))["parameters"][STEP] == {"run": RUN, "best": 10}
    for face in ("", "_business"):
        page = BeautifulSoup((report / f"{STEP}{face}.html").read_text("utf-8"), "html.parser")
        assert "The customers who spent most" in page.get_text()
        assert "What is a customer worth?" in page.get_text()
    assert f"{STEP}.html" in (report / "06_interpretation.html").read_text("utf-8")

    path = project / "notebooks" / f"{STEP}.ipynb"  # changed, saved and run by hand, then published
    notebook = lifetime(4)
    notebook.cells[1].source = notebook.cells[1].source.replace('"sample"', f'"{RUN}"')
    nbformat.write(notebook, path)
    client = NotebookClient(nbformat.read(path, as_version=4), timeout=300, kernel_name="python3")
    client.execute(cwd=str(path.parent), env=environment | {"SEGLIB_HOME": str(home)})
    assert len(pd.read_csv(report / STEP / "best.csv")) == 10
    done = seglib("report", "--run", RUN)
    assert done.returncode == 0, done.stderr
    assert len(pd.read_csv(report / STEP / "best.csv")) == 4
    assert len(run.read(f"{STEP}/values")) == 4

    manifest = run.data_dir / STEP / "values.parquet"  # a file that the notebook did not write
    pd.DataFrame({"spend": [1.0]}).to_parquet(manifest)
    done = seglib("report", "--run", RUN)
    assert done.returncode == 1
    assert f"{STEP}/values.parquet is not what {STEP}.ipynb wrote" in done.stderr

    order.write_text(order.read_text("utf-8").replace(f"{STEP}:", f"# {STEP}:"), encoding="utf-8")
    done = seglib("run", "--run", RUN, "--from", "06")  # not listed any more: nothing of it stays
    assert done.returncode == 0, done.stderr
    assert f"notebooks/{STEP}.ipynb is not run" in done.stderr
    left = [path for folder in (report, run.data_dir) for path in folder.rglob(f"*{STEP}*")]
    assert left == []
