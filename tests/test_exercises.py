"""Every exercise of the notebooks runs as it is written, and shows what it promises."""

import ast
import re
import shutil

import nbformat
import pytest
from in_process import Notebooks, enter

from seglib.errors import InputRefused
from seglib.runner.steps import NOTEBOOKS

pytestmark = pytest.mark.slow

QUICK = {"n_shuffles": 99, "sample_customers": 500}
"""Smaller numbers where an exercise names none: enough to see what it shows."""

SETTING = re.compile(r"`(\w+) = ([^`]+)`")
CHANGED = re.compile(r'`how="(\w+)"`')


@pytest.fixture(scope="module")
def notebooks(root, tmp_path_factory):
    """The notebooks, after 01 has read the sample; paths are relative to the folder of the notebooks."""
    project = tmp_path_factory.mktemp("project")
    shutil.copytree(root / "data" / "sample", project / "data" / "sample")
    shutil.copytree(root / "params" / "mappings", project / "params" / "mappings")
    with pytest.MonkeyPatch.context() as patch:
        enter(project, patch)
        made = Notebooks(project, QUICK)
        made.end("01_ingest")
        yield made


def exercise(step, number):
    """Return the text of an exercise, and the settings that it names, in order: pairs of name and value."""
    source = nbformat.read(NOTEBOOKS / f"{step}.ipynb", as_version=4).cells[-1].source
    [text] = re.findall(rf"^{number}\. (.*)$", source, flags=re.M)
    return text, [(name, ast.literal_eval(value)) for name, value in SETTING.findall(text)]


def furthest(names):
    """Return the largest distance from zero by number of the matrix."""
    matrix = names["matrix"]
    return matrix.table[matrix.numeric].abs().max()


def share(names):
    """Return the share of the variance by column."""
    return names["shares"].table.set_index("column")["share"]


def test_every_exercise_of_the_first_three_notebooks_is_tested():
    tested = {name for name in globals() if name.startswith("test_0")}
    for step in ("01_ingest", "02_eda", "03_preprocessing"):
        source = nbformat.read(NOTEBOOKS / f"{step}.ipynb", as_version=4).cells[-1].source
        for number in re.findall(r"^(\d)\. ", source, flags=re.M):
            assert [name for name in tested if name.startswith(f"test_{step[:2]}_{number}_")], (step, number)


def test_01_1_an_earlier_day_hides_what_came_later(notebooks):
    _, [setting] = exercise("01_ingest", 1)
    before, after = notebooks.end("01_ingest"), notebooks.end("01_ingest", run="earlier", **dict([setting]))
    rules = [set(names["shop"].findings["rule"]) for names in (before, after)]
    assert {rule for rule in rules[1] - rules[0] if rule.endswith("after_as_of")}
    assert not {rule for rule in rules[0] if rule.endswith("after_as_of")}
    day = after["shop"].day
    assert day.transactions == max(day.joins, day.transactions, day.burns) > 0
    assert before["shop"].row_counts.equals(after["shop"].row_counts)
    assert after["merged"].unified < before["merged"].unified / 2
    assert len(after["by_pandas"]) < len(before["by_pandas"]) / 2


def test_01_2_an_inner_merge_with_an_empty_table_leaves_nothing(notebooks):
    text, settings = exercise("01_ingest", 2)
    how = CHANGED.findall(text)[0]

    def rewrite(source):
        changed = re.sub(r'("genders".*)how="left"', rf'\1how="{how}"', source)
        assert changed != source
        return changed

    whole = notebooks.end("01_ingest", **dict(settings))
    assert len(whole["by_pandas"]) > 1000
    changed, error = notebooks.run("01_ingest", change={"merge-pandas": rewrite}, **dict(settings))
    assert "disagree" in str(error)
    assert len(changed["by_pandas"]) == 0
    assert changed["shop"].table("genders").empty
    assert changed["last_cell"] == "merge-check"
    only_sql = changed["rows_by_place"].set_index("found_in")["rows"]
    assert only_sql["left_only"] == len(whole["by_pandas"])


def test_01_3_without_its_exclusions_the_mapping_is_refused(notebooks):
    text, [(name, mapping)] = exercise("01_ingest", 3)
    assert name == "mapping"
    folder = notebooks.project / "params" / "mappings"
    lines = (folder / "invoices.yaml").read_text(encoding="utf-8").splitlines()
    [start] = [number for number, line in enumerate(lines) if line.strip().startswith("leave_out:")]
    removed = [line.split(":")[0].strip() for line in lines[start : start + 3]]
    assert all(f"`{word}`" in text for word in removed)
    kept = "\n".join(lines[:start] + lines[start + 3 :])
    (folder / "my_invoices.yaml").write_text(kept, encoding="utf-8")
    names, error = notebooks.run("01_ingest", source="../data/sample/invoices.csv", run="mine", mapping=mapping)
    assert isinstance(error, InputRefused)
    assert names["last_cell"] == "quarantine"
    assert "more than max_reject_share" in str(error)
    assert "transactions.customer_id.missing" in str(error)


def test_02_1_in_a_young_shop_the_simple_share_is_too_small(notebooks):
    _, [as_of, run, again, window] = exercise("02_eda", 1)
    assert run == again
    notebooks.end("01_ingest", **dict([as_of, run]))
    whole, young = notebooks.end("02_eda"), notebooks.end("02_eda", **dict([run]))
    truth = whole["curve"].matured["share"]
    curve, simple = (young["curve"].matured[column] for column in ("share", "naive"))
    assert curve - simple > 0.05  # the lines are far apart
    assert abs(curve - truth) < abs(simple - truth) / 2
    short = notebooks.end("02_eda", **dict([run, window]))
    assert short["ages"].table["burned"].iloc[-1] < young["ages"].table["burned"].iloc[-1] - 0.02


def calm(notebooks):
    """Make the shop without segments of the second exercise of 02, and return how its run is called."""
    text, [source, run, again] = exercise("02_eda", 2)
    assert run == again
    [command] = re.findall(r"`(\.venv/bin/seglib [^`]+)`", text)
    if not (notebooks.project / "data" / "calm").exists():
        notebooks.command(command)
        notebooks.end("01_ingest", **dict([source, run]))
    return dict([run])


def test_02_2_in_a_shop_without_segments_nobody_is_loyal(notebooks):
    names = notebooks.end("02_eda", **calm(notebooks))
    counts = names["claimed"]["coupons"]
    assert counts.max() > 2 * counts.mean()  # there is a right end that looks loyal
    assert not names["tests"].table["differ"].any()


def test_02_3_more_shuffles_move_the_smallest_p_values_and_no_conclusion(notebooks):
    text, settings = exercise("02_eda", 3)
    [cell] = re.findall(r"`(tests\.[^`]+)`", text)
    whole = {"sample_customers": 2_500}  # as the notebook has it: a p-value depends on the number of customers
    few, many = (eval(cell, notebooks.end("02_eda", **whole, **{name: value})) for name, value in settings)
    change = (few["p"] / many["p"]).map(lambda ratio: max(ratio, 1 / ratio))
    assert (change > 1e6).sum() >= 2
    counted = few["p"] >= 1 / (dict(settings[:1])["n_shuffles"] + 1)  # others are read from the curve
    assert counted.sum() == 1
    assert change[counted].item() < 2
    assert (few["differ"] == many["differ"]).all()


def test_03_1_the_original_analysis_is_decided_by_the_city(notebooks):
    _, [setting] = exercise("03_preprocessing", 1)
    names = notebooks.end("03_preprocessing", **dict([setting]))
    assert share(names).idxmax() == "city_name"
    assert share(names).max() > 0.8
    checks = names["report"].table.set_index("check")
    agreement = checks.loc[["recoding"]].set_index("column").loc["city_name", "measured"]
    assert agreement < 0.5
    levels = sorted(set(names["features"]["city_name"]))
    assert levels.index("Naples") - levels.index("Genoa") > 1  # the sample has both, and others between them


def test_03_2_transforms_reach_differently_and_a_double_feature_weighs_double(notebooks):
    _, [none, power, log, segment_by, keep] = exercise("03_preprocessing", 2)
    plain = furthest(notebooks.end("03_preprocessing"))
    without, powered = (furthest(notebooks.end("03_preprocessing", **dict([setting]))) for setting in (none, power))
    grown = without - plain
    assert grown.idxmax() == "coupons_per_month"
    assert grown.max() > 0.3
    assert powered["recency_days"] < plain["recency_days"] - 0.3
    three = notebooks.end("03_preprocessing", **dict([log, segment_by]))
    assert "correlated" in three["matrix"].left_out["n_coupons"]
    assert "it has double weight" not in three["report"].text
    both = notebooks.end("03_preprocessing", **dict([log, segment_by, keep]))
    assert set(both["matrix"].left_out) == {"gender_name", "city_name"}  # which segment_by does not name
    assert "it has double weight" in both["report"].text


def test_03_3_noise_gets_full_weight_if_it_is_kept(notebooks):
    _, [run, keep] = exercise("03_preprocessing", 3)
    assert dict([run]) == calm(notebooks)
    without, noise = (notebooks.end("03_preprocessing", **dict(settings)) for settings in ([run], [run, keep]))
    come_in = share(noise).index.difference(share(without).index)
    assert list(come_in) == ["burn_rate", "days_to_burn"]
    assert share(noise)[come_in].sum() > 0.3
