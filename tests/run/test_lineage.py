"""Artefacts know what they were made from: old ones are not read beside new ones, and the sentence says what to do."""

import json
import os
import shutil

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seglib.errors import InputRefused, ParameterRefused
from seglib.run.run import Run
from seglib.schema.files import find_file, looked_for_in

READS = {
    "unified": (),
    "homogeneity": ("unified",),
    "matrix": ("unified",),
    "k_scores": ("matrix", "homogeneity"),
    "assignments": ("matrix", "k_scores"),
    "profiles": ("assignments", "matrix"),
}
"""One artefact a notebook, in their order, and what it is made from."""

STEP = {name: f"{number:02d}" for number, name in enumerate(READS, start=1)}


def make(base, name, value):
    """Do as a notebook does: open the run, read, write."""
    run = Run("spring", base=base)
    for source in READS[name]:
        run.read(source)
    run.write(name, pd.DataFrame({"value": [value]}))


def make_all(base):
    for name in READS:
        make(base, name, 0)


def refusal(base, name):
    with pytest.raises(InputRefused) as refused:
        Run("spring", base=base).read(name)
    return str(refused.value)


def test_what_is_newer_and_what_to_run_is_said_in_one_sentence(tmp_path):
    make_all(tmp_path)
    make(tmp_path, "matrix", 1)
    assert refusal(tmp_path, "profiles") == "run 'spring': 03 is newer than 06: run 04, 05 and 06 first"
    assert refusal(tmp_path, "assignments") == "run 'spring': 03 is newer than 05: run 04 and 05 first"
    assert refusal(tmp_path, "k_scores") == "run 'spring': 03 is newer than 04: run 04 first"
    Run("spring", base=tmp_path).read("matrix")  # itself, and what does not depend on it, can be read
    Run("spring", base=tmp_path).read("homogeneity")


def test_a_notebook_that_writes_the_same_again_makes_nothing_old(tmp_path):
    make_all(tmp_path)
    for name in ("unified", "matrix"):
        make(tmp_path, name, 0)
    Run("spring", base=tmp_path).read("profiles")


@given(st.lists(st.tuples(st.sampled_from(list(READS)), st.integers(0, 2)), max_size=12))
@settings(max_examples=25, deadline=None)
def test_an_artefact_can_be_read_if_and_only_if_all_it_was_made_from_is_what_is_there(tmp_path_factory, events):
    base = tmp_path_factory.mktemp("run")
    make_all(base)
    content = dict.fromkeys(READS, 0)
    made_from = {name: dict.fromkeys(sources, 0) for name, sources in READS.items()}

    def fresh(name):
        return all(content[source] == value and fresh(source) for source, value in made_from[name].items())

    for name, value in events:
        if all(fresh(source) for source in READS[name]):
            make(base, name, value)
            content[name], made_from[name] = value, {source: content[source] for source in READS[name]}
        else:
            with pytest.raises(InputRefused):
                make(base, name, value)
    for name in READS:
        if fresh(name):
            assert Run("spring", base=base).read(name)["value"].tolist() == [content[name]]
        else:
            assert f"run {STEP[name]} first" in refusal(base, name) or f"and {STEP[name]} first" in refusal(base, name)


def test_what_was_read_before_it_changed_counts_as_it_was_read(tmp_path):
    """Two kernels: 05 has read the matrix, then 03 writes another one, then 05 writes."""
    make_all(tmp_path)
    kernel = Run("spring", base=tmp_path)
    kernel.read("matrix")
    make(tmp_path, "matrix", 1)
    kernel.write("assignments", pd.DataFrame({"value": [0]}))
    assert "03 is newer than 05" in refusal(tmp_path, "assignments")


def test_an_input_that_is_gone_is_named(tmp_path):
    make_all(tmp_path)
    Run("spring", base=tmp_path).path("matrix").unlink()
    sentence = refusal(tmp_path, "profiles")
    assert sentence == "run 'spring': matrix.parquet is not there any more: run 03, 04, 05 and 06 first"


def test_a_file_that_its_notebook_did_not_write_is_refused(tmp_path):
    make_all(tmp_path)
    pd.DataFrame({"value": [7]}).to_parquet(Run("spring", base=tmp_path).path("matrix"))
    assert "matrix.parquet is not what 03_preprocessing.ipynb wrote" in refusal(tmp_path, "matrix")


def test_a_canonical_table_is_an_input_too(tmp_path):
    run = Run("spring", base=tmp_path)
    run.write_table("customers", pd.DataFrame({"customer_id": ["1"]}))
    run.write("unified", pd.DataFrame({"value": [0]}))
    later = Run("spring", base=tmp_path)
    later.read_table("customers")
    later.write("homogeneity", pd.DataFrame({"value": [0]}))
    Run("spring", base=tmp_path).write_table("customers", pd.DataFrame({"customer_id": ["2"]}))
    assert "01 is newer than 02: run 02 first" in refusal(tmp_path, "homogeneity")


def test_what_the_connection_shows_is_an_input_but_not_what_its_own_notebook_wrote(tmp_path):
    run = Run("spring", base=tmp_path)
    run.write_table("customers", pd.DataFrame({"customer_id": ["1"]}))
    run.write("unified", pd.DataFrame({"value": [0]}))
    for value in (0, 1):  # 03 sees the features of its last time, and writes them anew
        kernel = Run("spring", base=tmp_path)
        kernel.connect().close()
        kernel.write("features", pd.DataFrame({"value": [value]}))
        kernel.write("matrix", pd.DataFrame({"value": [value]}))
    assert Run("spring", base=tmp_path).read("matrix")["value"].tolist() == [1]
    Run("spring", base=tmp_path).write("unified", pd.DataFrame({"value": [5]}))
    assert "01 is newer than 03: run 03 first" in refusal(tmp_path, "features")


def test_a_model_that_is_saved_by_its_path_is_written_down_with_the_others(tmp_path):
    make_all(tmp_path)
    kernel = Run("spring", base=tmp_path)
    kernel.read("matrix")
    kernel.path("model").write_bytes(b"a model")
    kernel.write("segments", pd.DataFrame({"value": [0]}))
    assert Run("spring", base=tmp_path).existing("model").read_bytes() == b"a model"
    kernel.path("model").write_bytes(b"another one")  # and the notebook stops here
    with pytest.raises(InputRefused, match=r"model\.skops is not what 05_clustering\.ipynb wrote"):
        Run("spring", base=tmp_path).existing("model")


def test_a_copy_of_a_run_is_still_up_to_date_and_touching_a_file_changes_nothing(tmp_path):
    make_all(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    os.utime(Run("spring", base=tmp_path / "b").path("unified"))
    Run("spring", base=tmp_path / "b").read("profiles")


def test_a_run_of_an_earlier_version_is_read_as_it_is(tmp_path):
    make_all(tmp_path)
    shutil.rmtree(tmp_path / "data/processed/spring/manifest")
    Run("spring", base=tmp_path).read("profiles")


def test_a_folder_of_lists_is_replaced_as_a_whole(tmp_path):
    run = Run("spring", base=tmp_path)
    for letters in ("ABC", "AB"):
        run.write_lists("audience", {letter: pd.DataFrame({"customer_id": [letter]}) for letter in letters})
        assert sorted(path.name for path in (run.report_dir / "audience").iterdir()) == [f"{x}.csv" for x in letters]
        run.write_text("audience/README.txt", "what the lists are")


def test_a_run_by_hand_writes_a_draft_beside_the_report(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SEGLIB_HOME", str(tmp_path))
    Run("spring", base=tmp_path).write_text("segments.csv", "published")
    by_hand = Run("spring")
    by_hand.write_text("segments.csv", "tried")
    by_hand.write_lists("audience", {})
    assert (tmp_path / "reports/spring/segments.csv").read_text() == "published"
    assert (tmp_path / "reports/spring.draft/segments.csv").read_text() == "tried"
    assert not (tmp_path / "reports/spring/audience").exists()
    printed = capsys.readouterr().out
    assert printed.count("seglib report --run spring") == 1
    monkeypatch.setenv("SEGLIB_FINISHED", str(tmp_path / "elsewhere"))  # as in a kernel of `seglib run`
    assert Run("spring").out_dir == Run("spring").report_dir


def test_a_wrong_name_lists_the_runs_there_are(tmp_path):
    for name in ("spring", "autumn"):
        Run(name, base=tmp_path).write("unified", pd.DataFrame({"value": [0]}))
    for ask in (
        lambda run: run.read("unified"),
        lambda run: run.read_table("customers"),
        lambda run: run.connect(),
        lambda run: run.existing("model"),
    ):
        with pytest.raises(
            ParameterRefused, match=r"no run 'sprng' \(did you mean 'spring'\?\); there are: autumn, sp"
        ):
            ask(Run("sprng", base=tmp_path))


def test_no_password_is_written_down(tmp_path, monkeypatch):
    """The whole URL is in the notebook; the manifest has what 01 says may be written down, or nothing."""
    from seglib.run import run as module
    from seglib.run.parameters import declared_in

    url = "postgresql://me:secret@host/shop"
    declared = declared_in('source: str = "sample"  # source\nrun: str = "x"  # run')
    monkeypatch.setattr(
        module, "notebook_parameters", lambda: {"source": (declared["source"], url), "run": (declared["run"], "x")}
    )
    for recorded, expected in ((None, None), ("postgresql://host/shop", "postgresql://host/shop")):
        run = Run("spring", base=tmp_path)
        run.source = recorded
        run.write("unified", pd.DataFrame({"value": [0]}))
        text = (run.data_dir / "manifest/01_ingest.json").read_text()
        assert json.loads(text)["unified"]["parameters"]["source"] == expected
        assert "secret" not in text


@pytest.mark.parametrize("folder", [".", "notebooks", "data"])
@pytest.mark.parametrize("path", ["data/sample/shop.xlsx", "../data/sample/shop.xlsx"])
def test_a_path_is_found_from_the_root_and_from_notebooks(root, monkeypatch, folder, path):
    monkeypatch.chdir(root / folder)
    assert find_file(path).resolve() == root / "data/sample/shop.xlsx"


def test_a_path_that_is_not_found_says_where_it_was_looked_for(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_file("data/nowhere.xlsx").as_posix() == "data/nowhere.xlsx"
    text = looked_for_in("data/nowhere.xlsx")
    assert str(tmp_path.resolve()) in text
    assert str(root) in text
