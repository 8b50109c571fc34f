"""A model that can be taken along: refused when it is not ours, and the same answer in every engine."""

import io
import json
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import parse_one

from seglib.campaign.arms import ControlGroup
from seglib.clustering.bootstrap import Bootstrap, bootstrap_models
from seglib.clustering.labels import lettered_by, order_values
from seglib.clustering.segmentation import customer_segments, segment
from seglib.datasets.shop import make_shop
from seglib.errors import InputRefused, ParameterRefused
from seglib.features.customers import customer_features
from seglib.ingest.shop import ingest
from seglib.preprocessing.baseline import baseline_matrix
from seglib.preprocessing.customer import customer_matrix
from seglib.run.run import Run
from seglib.schema.records import AuditRecord
from seglib.schema.tables import TABLES
from seglib.scoring import file as model_file
from seglib.scoring.file import load_model, save_model
from seglib.scoring.model import ModelVerdict, model_of
from seglib.scoring.score import score
from seglib.scoring.sql import NO_TRANSACTION, STARTS, scoring_sql
from seglib.sql.dialects import DIALECTS, translated
from seglib.study import Study

ROOT = Path(__file__).parents[2]

NASTY = [
    "O'Brien's",
    'a "quoted" town',
    "back\\slash \\n",
    "new\nline",
    "emoji 🛒",
    "=cmd|' /C calc'!A0",
    "100% -- $1 {x}",
]
"""Names of cities that a careless statement trips over."""


VERDICT = ModelVerdict("constructed", "not tested", "Constructed: nothing.")


def make_model(run, features, *, recipe="customer", k=3, names=None, scale_frequency=True, n_models=10, **options):
    """Cluster a shop that 01 took in, as 03 to 05 do, and return (model, what the matrix is made of, fit)."""
    if recipe == "baseline":
        rows = run.read("unified")
        matrix = baseline_matrix(rows, scale_frequency=scale_frequency)
    else:
        rows = features.table
        matrix = customer_matrix(
            rows,
            described=features.features,
            leave_out=features.missing,
            unreliable=features.unreliable,
            **options,
        )
    lettered = lettered_by(features.table, "n_burned", features.study)
    order = order_values(features.table, lettered, matrix.table.index)
    fit = segment(matrix.table, k=k, order_by=order, n_init=3)
    model = model_of(
        fit,
        matrix,
        bootstrap_models(matrix.table.to_numpy(), fit.centres.to_numpy(), n_models=n_models),
        run=run.name,
        features=features.table,
        recipe=matrix.record(features, AuditRecord()),
        described=features.features,
        shop=run.read("shop"),
        verdict=VERDICT,
    )
    return (model.completed(names) if names else model), rows, fit


@pytest.fixture(scope="module")
def of_sample(prepared):
    return make_model(*prepared("sample"), names={"A": "Buyers", "B": 'O\'Neil, "x"\n=1', "C": "🛒"})


@pytest.fixture
def saved(of_sample, tmp_path):
    save_model(of_sample[0], tmp_path / "model.skops")
    return tmp_path / "model.skops"


def on_duckdb(model, run, features, start):
    con = run.connect()
    con.register("features_given", features.reset_index())
    con.execute("CREATE OR REPLACE TEMP VIEW features AS SELECT * FROM features_given")
    return con.sql(scoring_sql(model, start=start)).df().set_index("customer_id")


def same_answer(answer, expected):
    """Hold a statement's answer to scikit-learn's, customer by customer."""
    answer = answer.reindex(expected.index)
    for column in ("segment", "second_segment"):
        left, right = (t[column].astype(object).where(t[column].notna(), None) for t in (answer, expected))
        assert left.tolist() == right.tolist(), column
    assert answer["confidence"].to_numpy(float) == pytest.approx(expected["margin"].to_numpy(), abs=2e-6)
    assert answer["outlier"].astype(bool).tolist() == expected["outlier"].tolist()


# The file -----------------------------------------------------------------------------------------------------------


def test_a_model_comes_back_as_it_was(of_sample, saved, tmp_path):
    model, rows, _ = of_sample
    back = load_model(saved)
    pd.testing.assert_frame_equal(back.describe(rows), model.describe(rows))
    assert back.text == model.text
    assert scoring_sql(back) == scoring_sql(model)
    assert back.recipe == model.recipe
    assert back.variables == model.variables
    for part in ("study", "training", "verdict", "inputs", "versions", "names", "views"):
        assert getattr(back, part) == getattr(model, part)
    save_model(back, tmp_path / "again.skops")
    assert (tmp_path / "again.skops").read_bytes() == saved.read_bytes()  # no clock, no address, no order by chance
    assert saved.stat().st_size < 100_000


def test_a_model_places_its_own_customers_as_the_run_did(of_sample):
    model, rows, fit = of_sample
    placed = model.describe(rows)
    pd.testing.assert_frame_equal(placed.drop(columns="agreement"), customer_segments(fit.table))
    assert placed["agreement"].between(0, 1).all()


def test_a_model_holds_no_customer(of_sample, saved):
    _, rows, _ = of_sample
    with zipfile.ZipFile(saved) as archive:
        held = b"".join(archive.read(name) for name in archive.namelist())
    assert b"customer_id" not in held
    content = skops.io.load(saved, trusted=sorted(skops.io.get_untrusted_types(file=saved)))
    training = json.loads(content["description"])["training"]
    assert training["customers"] == len(rows)
    size = rows["city_name"].value_counts()
    assert set(training["levels"]["city_name"]) == set(size[size >= 5].index)


class Trap:
    """Would leave a file behind if anything unpickled it."""

    def __init__(self, place):
        self.place = str(place)

    def __reduce__(self):
        return (open, (self.place, "w"))


def resealed(saved, change):
    """Change the table of contents of a model file, and put a mark on it that fits: what an attacker would do."""
    with zipfile.ZipFile(saved) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(members["schema.json"])
    change(schema, members)
    members["schema.json"] = json.dumps(schema).encode()
    with zipfile.ZipFile(saved, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.comment = f"seglib model 1 sha256 {model_file._digest(members)}".encode()


def first_node(schema, wanted):
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if node.get("__class__") == wanted:
                return node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    raise AssertionError(f"no {wanted}")


def of_another_type(schema, members):
    first_node(schema, "HennigLiaoScaler").update({"__module__": "os", "__class__": "system"})


def calling_a_method(schema, members):
    first_node(schema, "log_of_size").update(
        {"__module__": "builtins", "__class__": "eval", "__loader__": "FunctionNode"}
    )


def hidden_in_a_reduce(schema, members):
    first_node(schema, "StandardScaler").update(
        {"__loader__": "ReduceNode", "__reduce__": {"args": ["x"]}, "__class__": "x"}
    )


@pytest.mark.parametrize("change", [of_another_type, calling_a_method, hidden_in_a_reduce])
def test_a_file_that_names_what_no_model_of_ours_does_is_refused(saved, change):
    resealed(saved, change)
    with pytest.raises(InputRefused, match="which no model of seglib does"):
        load_model(saved)


def test_numbers_that_were_changed_and_sealed_again_do_not_pass_the_probe(saved):
    def other_centres(schema, members):
        where = schema["content"]["centres"]["file"]
        centres = np.load(io.BytesIO(members[where])) + 0.1
        held = io.BytesIO()
        np.save(held, centres)
        members[where] = held.getvalue()

    resealed(saved, other_centres)
    with pytest.raises(InputRefused, match="gives other numbers here"):
        load_model(saved)


def test_a_file_that_was_changed_is_refused(saved):
    content = saved.read_bytes()
    with zipfile.ZipFile(saved) as archive:
        members, mark = {name: archive.read(name) for name in archive.namelist()}, archive.comment
    members["schema.json"] = members["schema.json"].replace(b"sample", b"simple", 1)
    with zipfile.ZipFile(saved, "w") as archive:
        for name, held in members.items():
            archive.writestr(name, held)
        archive.comment = mark
    with pytest.raises(InputRefused, match="changed after it was written"):
        load_model(saved)
    for damaged in (content[: len(content) // 2], content[:-10], b"", b"PK\x03\x04" + content[4:200]):
        saved.write_bytes(damaged)
        with pytest.raises(InputRefused, match="is refused"):
            load_model(saved)


@given(st.integers(0, 10**6), st.integers(1, 255))
@settings(max_examples=25, deadline=None)
def test_no_flipped_byte_is_believed(of_sample, tmp_path_factory, place, flip):
    path = tmp_path_factory.mktemp("flipped") / "model.skops"
    save_model(of_sample[0], path)
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= flip
    path.write_bytes(content)
    try:
        model = load_model(path)
    except InputRefused:
        return
    assert model.text == of_sample[0].text  # a byte that carries nothing, such as a time stamp


def test_pickles_foreign_models_and_other_schemas_are_refused(saved, tmp_path, of_sample):
    place = tmp_path / "executed"
    pickled = tmp_path / "pickle.skops"
    pickled.write_bytes(pickle.dumps(Trap(place)))
    foreign = tmp_path / "foreign.skops"
    skops.io.dump({"pipeline": of_sample[0].pipeline}, foreign)
    inside = tmp_path / "inside.skops"
    with zipfile.ZipFile(inside, "w") as archive:
        archive.writestr("schema.json", pickle.dumps(Trap(place)))
        members = {"schema.json": pickle.dumps(Trap(place))}
        archive.comment = f"seglib model 1 sha256 {model_file._digest(members)}".encode()
    for path, why in ((pickled, "not a model file"), (foreign, "not a model file"), (inside, "no table of contents")):
        with pytest.raises(InputRefused, match=why):
            load_model(path)
    assert not place.exists()
    with zipfile.ZipFile(saved, "a") as archive:
        archive.comment = archive.comment.replace(b"model 1", b"model 2")
    with pytest.raises(InputRefused, match="its schema is 2, and this version of seglib knows 1"):
        load_model(saved)
    with pytest.raises(InputRefused, match="does not exist"):
        load_model(tmp_path / "nowhere.skops")


def test_a_file_that_would_fill_the_memory_is_refused(saved, monkeypatch):
    monkeypatch.setattr(model_file, "LARGEST", 1000)
    with pytest.raises(InputRefused, match="would unfold"):
        load_model(saved)


def of_version_0_6(schema, members):
    """Turn a file into what version 0.6 wrote: former names of types, of keys, and of an option."""
    content = schema["content"]
    content["reach"], content["told"] = content.pop("outlier_radius"), content.pop("description")
    text = json.loads(json.loads(content["told"]["content"]))
    text["made_of"], text["prelude"] = text.pop("inputs"), text.pop("views")
    text["recipe"] = {key: text["recipe"][key] for key in ("name", "grain", "sources", "options")}
    options = text["recipe"]["options"]
    if "drop_correlated" in options:
        options["drop_tied"] = options.pop("drop_correlated")
    content["told"]["content"] = json.dumps(json.dumps(text))
    for node in model_file._typed_nodes(schema):
        if node.get("__module__") == "seglib.preprocessing.encoders":
            node["__module__"] = "seglib.preprocessing.columns"
            if node["__class__"] == "HennigLiaoScaler":
                node["__class__"] = "HennigLiaoEncoder"


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["customer", "baseline"])
def test_a_file_of_the_last_version_is_still_read(prepared, tmp_path, recipe):
    model, rows, _ = make_model(*prepared("sample"), recipe=recipe)
    path = tmp_path / "model.skops"
    save_model(model, path)
    resealed(path, of_version_0_6)
    with zipfile.ZipFile(path) as archive:
        contents = archive.read("schema.json")
    assert b"reach" in contents
    assert b"outlier_radius" not in contents
    assert b"preprocessing.encoders" not in contents
    back = load_model(path)
    pd.testing.assert_frame_equal(back.describe(rows), model.describe(rows))
    assert scoring_sql(back) == scoring_sql(model)
    assert back.recipe.options == model.recipe.options
    assert back.recipe.k_rule == model.recipe.k_rule
    assert back.inputs == model.inputs


def test_a_former_type_that_was_not_ours_is_refused(saved):
    def former(schema, members):
        first_node(schema, "HennigLiaoScaler").update({"__module__": "seglib.preprocessing.columns"})

    resealed(saved, former)  # in version 0.6 that class had another name
    with pytest.raises(InputRefused, match=r"names seglib\.preprocessing\.columns\.HennigLiaoScaler"):
        load_model(saved)


# The statement ------------------------------------------------------------------------------------------------------

OPTIONS = {
    "as it comes": {},
    "yeo-johnson, robust": {"transform": "yeo-johnson", "scaling": "robust"},
    "rare levels": {"min_level_share": 0.09, "demographic_weight": 2.0},
    "no names": {"demographic_weight": 0.0, "transform": "none", "k": 5},
    "baseline": {"recipe": "baseline"},
    "baseline, as the original code had it": {"recipe": "baseline", "scale_frequency": False, "k": 4},
}


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_the_statement_says_what_scikit_learn_says(prepared, options, start):
    run, features = prepared("sample")
    model, rows, _ = make_model(run, features, **options)
    answer = on_duckdb(model, run, features.table, start)
    same_answer(answer, model.describe(rows))
    absent = set(features.absent["customer_id"])
    if start == "tables":
        assert set(answer.index[answer["remark"] == NO_TRANSACTION]) == absent
        assert answer.loc[list(absent), "segment"].isna().all()
    assert answer.loc[features.table.index, "remark"].isna().all()


@pytest.mark.parametrize("options", [{}, {"recipe": "baseline"}], ids=["customer", "baseline"])
def test_the_workbook_is_placed_alike(prepared, workbook, options):
    run, features = prepared(workbook)
    model, rows, _ = make_model(run, features, **options)
    for start in STARTS:
        same_answer(on_duckdb(model, run, features.table, start), model.describe(rows))


def test_a_shop_without_transactions_is_placed_by_its_variables(tmp_path):
    run = Run("survey", base=tmp_path)
    ingest(ROOT / "data/sample/survey.csv", mapping=ROOT / "params/mappings/survey.yaml").save(run)
    features = customer_features(run.connect(), run.study())
    model, rows, _ = make_model(run, features)
    assert set(model.sources.values()) >= {"numeric", "binary", "nominal"}
    for start in STARTS:
        same_answer(on_duckdb(model, run, features.table, start), model.describe(rows))


def test_weights_and_scales_of_variables_are_in_the_statement_and_in_the_file(tmp_path):
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(
        """tables:
  customers:
    from: survey
    columns: {customer_id: id}
    segment_by:
      age: {kind: numeric, scaling: none, weight: 0.1}
      score: {kind: numeric, scaling: robust, weight: 2}
      member: {kind: binary, scaling: none}
      gender: {kind: nominal, weight: 3}
""",
        encoding="utf-8",
    )
    run = Run("survey", base=tmp_path)
    ingest(ROOT / "data/sample/survey.csv", mapping=mapping).save(run)
    features = customer_features(run.connect(), run.study())
    model, rows, _ = make_model(run, features)
    assert model.sources == {"age": "numeric", "score": "numeric", "member": "numeric", "gender": "nominal"}
    for start in STARTS:
        same_answer(on_duckdb(model, run, features.table, start), model.describe(rows))
    save_model(model, tmp_path / "model.skops")
    pd.testing.assert_frame_equal(load_model(tmp_path / "model.skops").describe(rows), model.describe(rows))


@pytest.fixture(scope="module")
def nasty(tmp_path_factory):
    """A shop whose cities have names that trip statements up, and segments with such names too."""
    tables = make_shop(customers=300, transactions=2500, seed=5).tables
    cities = tables["cities"]
    names = [NASTY[i % len(NASTY)] + (str(i) if i >= len(NASTY) else "") for i in range(len(cities))]
    tables["cities"] = cities.assign(city_name=names)
    folder = tmp_path_factory.mktemp("nasty")
    for name, frame in tables.items():
        frame.astype({c: "str" for c in frame if c.endswith("_id")}).to_parquet(folder / f"{name}.parquet")
    run = Run("nasty", base=tmp_path_factory.mktemp("home"))
    ingest(folder, as_of="2026-06-30").save(run)
    features = customer_features(run.connect(), run.study())
    parts = make_model(run, features, names={"A": NASTY[0], "B": NASTY[2], "C": NASTY[3]})
    return run, features, *parts


@pytest.mark.parametrize("start", STARTS)
def test_names_of_any_kind_stay_what_they_are(nasty, start):
    run, features, model, rows, _ = nasty
    answer = on_duckdb(model, run, features.table, start)
    same_answer(answer, model.describe(rows))
    assert (answer["segment_name"].dropna() == answer["segment"].dropna().map(model.names)).all()


UNSEEN = {
    "a new city": ({"city_name": "Atlantis"}, "city_name not seen in training"),
    "no city": ({"city_name": None}, "city_name not known"),
    "no gender": ({"gender_name": None}, "gender_name not known"),
    "no burn rate": ({"burn_rate": None}, "burn_rate not known"),
    "nothing": (dict.fromkeys(["city_name", "gender_name", "burn_rate", "recency_days"]), "burn_rate not known"),
    "as far out as it gets": ({"coupons_per_month": 1e9, "recency_days": 1e7}, None),
}


@pytest.mark.parametrize(("changed", "remark"), UNSEEN.values(), ids=UNSEEN)
@pytest.mark.parametrize("options", [{}, {"min_level_share": 0.09}], ids=["no rare level", "rare levels"])
def test_customers_unlike_any_in_training_have_a_defined_result(prepared, changed, remark, options):
    run, features = prepared("sample")
    model, _, _ = make_model(run, features, **options)
    others = features.table.head(40).assign(**changed).set_axis([f"new {i}" for i in range(40)])
    others.index.name = "customer_id"
    others = others.astype({c: features.table[c].dtype for c in ("city_name", "gender_name")} | {"burn_rate": float})
    answer = on_duckdb(model, run, others, "features")
    same_answer(answer, model.describe(others))
    assert answer["remark"].dropna().unique().tolist() == ([remark] if remark else [])
    assert answer["segment"].isin(model.letters).all()
    if remark is None:
        assert answer["outlier"].all()


def test_a_transaction_with_a_new_name_has_a_defined_result(prepared):
    run, features = prepared("sample")
    model, rows, _ = make_model(run, features, recipe="baseline")
    other = rows.assign(city_name=rows["city_name"].where(rows["customer_id"] != "1", "Atlantis"))
    con = duckdb.connect()
    con.register("unified", other)
    answer = con.sql(scoring_sql(model)).df().set_index("customer_id")
    same_answer(answer, model.describe(other))
    assert answer["remark"].dropna().to_dict() == {"1": "city_name not seen in training"}


@pytest.mark.slow
@given(
    st.integers(2, 6),
    st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=1, max_size=30),
    st.integers(0, 10_000),
)
@settings(max_examples=30, deadline=None)
def test_any_centres_and_any_rows_are_compared_alike(of_sample, k, points, seed):
    rng = np.random.default_rng(seed)
    model, rows, _ = of_sample
    letters = pd.Index(list("ABCDEF")[:k], name="segment")
    model = replace(
        model,
        centres=pd.DataFrame(rng.normal(0, 3, (k, model.centres.shape[1])), letters, model.centres.columns),
        outlier_radius=pd.Series(rng.uniform(1, 9, k), letters),
        bootstrap=Bootstrap(np.zeros((1, k, model.centres.shape[1]))),
        names={},
    )
    some = rows.iloc[: len(points)].assign(recency_days=[a for a, _ in points], burn_rate=[b for _, b in points])
    con = duckdb.connect()
    con.register("features", some.reset_index())
    answer = con.sql(scoring_sql(model)).df().set_index("customer_id").reindex(some.index)
    distance = np.sort(model.clusterer.transform(model.matrix(some)), axis=1)
    expected = model.describe(some)
    clear = distance[:, 1] - distance[:, 0] > 1e-9
    assert (answer["segment"] == expected["segment"])[clear].all()


@pytest.mark.parametrize("options", [{}, {"recipe": "baseline"}], ids=["customer", "baseline"])
@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_can_be_written_and_read_again(prepared, dialect, start, options):
    import sqlglot

    model, _, _ = make_model(*prepared("sample"), n_models=1, **options)
    text = scoring_sql(model, dialect=dialect, start=start)
    tree = sqlglot.parse_one(text, dialect=dialect)
    columns = "customer_id segment segment_name confidence second_segment outlier remark"
    assert tree.named_selects == columns.split()
    assert "Constructed: nothing." in text


@pytest.mark.parametrize(
    ("arguments", "why"), [({"dialect": "sparc"}, "did you mean 'spark'"), ({"start": "raw"}, "start is one of")]
)
def test_what_cannot_be_written_is_refused(of_sample, arguments, why):
    with pytest.raises(ParameterRefused, match=why):
        scoring_sql(of_sample[0], **arguments)


# Other engines ------------------------------------------------------------------------------------------------------


@pytest.fixture
def shops(prepared, nasty, request):
    """Models to run elsewhere: the sample, names of any kind, transactions, and the workbook where it is at hand."""
    run, features = prepared("sample")
    models = [(run, features, *make_model(run, features, transform="yeo-johnson")), nasty]
    models.append((run, features, *make_model(run, features, recipe="baseline")))
    try:
        book = prepared(request.getfixturevalue("workbook"))
    except pytest.skip.Exception:
        return models
    return [*models, (*book, *make_model(*book))]


def test_postgresql_places_everybody_alike(server, shops):
    import psycopg

    for run, features, model, rows, _ in shops:
        grain = "unified" if model.recipe.name == "baseline" else "features"
        given = run.read("unified") if grain == "unified" else features.table.reset_index()
        with psycopg.connect(server) as connection:
            for name, frame in {grain: given, **canonical_of(run)}.items():
                in_postgres(connection, name, frame)
            for start in STARTS:
                cursor = connection.execute(scoring_sql(model, dialect="postgres", start=start), prepare=False)
                answer = pd.DataFrame(cursor.fetchall(), columns=[c.name for c in cursor.description])
                same_answer(answer.set_index("customer_id"), model.describe(rows))
            connection.rollback()


def canonical_of(run):
    return {name: run.read_table(name) for name in TABLES}


def in_postgres(connection, name, frame):
    """Put a table into a temporary table, by its own types."""

    def kind(column):
        if pd.api.types.is_datetime64_any_dtype(frame[column]) or column.endswith("_date"):
            return "date"
        return "double precision" if pd.api.types.is_numeric_dtype(frame[column]) else "text"

    listed = ", ".join(f'"{column}" {kind(column)}' for column in frame)
    connection.execute(f"CREATE TEMP TABLE {name} ({listed})")
    cells = frame.astype(object).where(frame.notna(), None)
    with connection.cursor().copy(f"COPY {name} FROM STDIN") as copy:
        for row in cells.itertuples(index=False):
            copy.write_row(row)


def test_spark_places_everybody_alike(spark, shops):
    from seglib.features.engines.open import open_engine

    for run, features, model, rows, _ in shops:
        session = open_engine("spark", run, run.connect()).session
        place = run.data_dir / "features_given.parquet"
        features.table.reset_index().to_parquet(place)
        session.read.parquet(f"file://{place}").createOrReplaceTempView("features")
        session.read.parquet(f"file://{run.path('unified')}").createOrReplaceTempView("unified")
        for start in STARTS if run is shops[0][0] else STARTS[:1]:  # Spark takes its time
            answer = session.sql(scoring_sql(model, dialect="spark", start=start)).toArrow().to_pandas()
            same_answer(answer.set_index("customer_id"), model.describe(rows))


SPRING = ControlGroup("spring", 0.3)


def same_arms(answer):
    assert answer["control"].astype(bool).tolist() == SPRING.contains(answer["customer_id"]).tolist()
    assert 0.2 < answer["control"].mean() < 0.4


@pytest.mark.parametrize("start", STARTS)
def test_the_statement_says_who_is_in_the_control_group(of_sample, prepared, start):
    model = of_sample[0]
    run, features = prepared("sample")
    con = run.connect()
    con.register("features", features.table.reset_index())
    answer = con.sql(scoring_sql(model, start=start, control=SPRING)).df()
    same_arms(answer)
    assert "control" not in con.sql(scoring_sql(model, start=start)).df()


def test_the_statement_says_who_gets_no_campaign_at_all(of_sample, prepared):
    model, both = of_sample[0], ControlGroup("spring", 0.3, holdout=ControlGroup("company", 0.1))
    run, features = prepared("sample")
    con = run.connect()
    con.register("features", features.table.reset_index())
    statement = scoring_sql(model, control=both)
    answer = con.sql(statement).df()
    same_arms(answer)
    assert answer["holdout"].astype(bool).tolist() == both.holds_out(answer["customer_id"]).tolist()
    assert 0 < answer["holdout"].mean() < 0.2
    assert "holdout: 10% of all, who get no campaign at all" in statement
    for dialect in DIALECTS:
        assert {"control", "holdout"} <= set(
            parse_one(scoring_sql(model, dialect=dialect, control=both), dialect=dialect).named_selects
        )


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_says_who_is_in_the_control_group(of_sample, dialect):
    text = scoring_sql(of_sample[0], dialect=dialect, start="tables", control=SPRING)
    tree = parse_one(text, dialect=dialect)
    assert "control" in tree.named_selects
    assert "spring|" in text


def test_postgresql_draws_the_same_control_group(server):
    import psycopg

    ids = pd.DataFrame({"customer_id": [*map(str, range(3000)), "007", "é", "ключ", "O'Brien", "x" * 200]})
    statement = translated(f"SELECT customer_id, {SPRING.sql()} AS control FROM arms", "postgres")
    with psycopg.connect(server) as connection:
        in_postgres(connection, "arms", ids)
        answer = pd.DataFrame(connection.execute(statement).fetchall(), columns=["customer_id", "control"])
        connection.rollback()
    same_arms(answer)


def test_spark_draws_the_same_control_group(spark, tmp_path):
    from pyspark.sql import SparkSession

    ids = pd.DataFrame({"customer_id": [*map(str, range(3000)), "007", "é", "ключ", "O'Brien", "x" * 200]})
    session = SparkSession.builder.master("local[1]").getOrCreate()
    ids.to_parquet(tmp_path / "arms.parquet")
    session.read.parquet(f"file://{tmp_path}/arms.parquet").createOrReplaceTempView("arms")
    statement = translated(f"SELECT customer_id, {SPRING.sql()} AS control FROM arms", "spark")
    same_arms(session.sql(statement).toArrow().to_pandas())


# The command --------------------------------------------------------------------------------------------------------


def test_new_files_are_scored(of_sample, saved, tmp_path, truth, command):
    code, _, output = command("score", "--model", saved, "--source", "sample", "--out", tmp_path / "s.csv")
    assert code == 0, output
    assert "1,353 customers have a segment as of 2026-06-30" in output
    assert "147 have no transaction" in output
    answer = pd.read_csv(tmp_path / "s.csv", dtype={"customer_id": str}).set_index("customer_id")
    model, rows, _ = of_sample
    assert answer.index.tolist() == truth.index.tolist()
    same_answer(answer, model.describe(rows))
    assert answer["segment_name"].dropna().unique().tolist() != []


def test_others_are_scored_on_another_day(of_sample, saved, generated):
    folder, _ = generated(customers=80, transactions=500, seed=77)
    scored = score(load_model(saved), folder, as_of="2026-03-01")
    assert len(scored.table) == 80
    assert "as of 2026-03-01" in scored.text
    later = score(load_model(saved), folder)
    assert (scored.table["segment"] != later.table["segment"]).any()


REFUSED = {
    "neither": ((), 2, "give --source"),
    "both": (("--source", "sample", "--dialect", "spark"), 2, "give --source"),
    "day of a statement": (("--dialect", "spark", "--as-of", "2024-01-01"), 2, "go with --source"),
    "no such dialect": (("--dialect", "sparc"), 2, "there is no dialect 'sparc'"),
    "no such source": (("--source", "nowhere.xlsx"), 1, "nowhere.xlsx"),
    "the model overwritten": (("--dialect", "spark", "--out", "model.skops"), 2, "is read here"),
}


@pytest.mark.parametrize(("arguments", "code", "why"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_is_said(saved, arguments, code, why, command, monkeypatch):
    monkeypatch.chdir(saved.parent)
    exit_code, _, output = command("score", "--model", saved, *arguments)
    assert exit_code == code
    assert why in output


@pytest.mark.slow
def test_a_source_that_lacks_what_the_model_is_made_of_is_refused(tmp_path, saved):
    run = Run("survey", base=tmp_path)
    source, mapping = ROOT / "data/sample/survey.csv", ROOT / "params/mappings/survey.yaml"
    ingest(source, mapping=mapping).save(run)
    features = customer_features(run.connect(), run.study())
    model, rows, _ = make_model(run, features)
    with pytest.raises(InputRefused, match="which the customers table of this source lacks"):
        score(model, "sample")
    with pytest.raises(InputRefused, match="this source has none"):
        score(load_model(saved), source, mapping=mapping)
    scored = score(model, source, mapping=mapping)
    assert scored.table.set_index("customer_id")["segment"].equals(model.describe(rows)["segment"].astype("str"))


def test_levels_and_features_of_a_model_are_those_of_the_run(of_sample):
    model, rows, _ = of_sample
    assert [line["name"] for line in model.dictionary] == [f.name for f in Study().describe(rows)]
    assert set(model.sources) == {
        "coupons_per_month",
        "burn_rate",
        "days_to_burn",
        "recency_days",
        "gender_name",
        "city_name",
    }


# A model file of somebody else's ------------------------------------------------------------------------------------

FORGED = "as_of, (SELECT content FROM read_text('/etc/passwd')) AS told"


def described(change):
    """Return a change of what a model file says in words; see `resealed`."""

    def apply(schema, members):
        words = (n for n in dict_nodes(schema) if isinstance(n.get("content"), str) and "study" in n["content"])
        node = next(words)
        text = json.loads(json.loads(node["content"]))
        change(text)
        node["content"] = json.dumps(json.dumps(text))

    return apply


def dict_nodes(node):
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from dict_nodes(value)
    elif isinstance(node, list):
        for value in node:
            yield from dict_nodes(value)


FORGERIES = {
    "a key of the study": lambda text: text["study"].update({FORGED: 1.0}),
    "a day": lambda text: text["study"].update(as_of="2024-01-01'; DROP TABLE customers --"),
    "a number that is a text": lambda text: text["study"].update(burn_mean="1e0) AS x --"),
    "a source": lambda text: (
        text["recipe"].update(sources=[*text["recipe"]["sources"], "1 AS x, (SELECT 1)"]),
        text["dictionary"].append({**text["dictionary"][0], "name": "1 AS x, (SELECT 1)"}),
    ),
    "a variable": lambda text: text["variables"].update({'x" FROM t --': {"kind": "numeric"}}),
    "a letter among the names": lambda text: text["names"].update({"A' THEN (SELECT 1) --": "x"}),
    "a view": lambda text: text["views"].update(customers="SELECT pg_read_file('/etc/passwd') AS customer_id"),
    "two statements": lambda text: text["views"].update(customers='SELECT 1 AS "x"; DROP TABLE customers'),
    "the name of a view": lambda text: text["views"].update({"x AS (SELECT 1), y": 'SELECT "a" FROM "b"'}),
    "a version": lambda text: text["versions"].update(seglib="1\nDROP TABLE customers"),
    "a package": lambda text: text["versions"].update({"\x1b[2J": "1"}),
    "a key beside the others": lambda text: text.update(more="x"),
    "another recipe": lambda text: text["recipe"].update(name="x"),
    "a kind": lambda text: text["dictionary"][0].update(kind="code"),
    "a shape": lambda text: text.update(study=[]),
    "no words": lambda text: text.update(names=None),
}


def test_a_file_that_was_sealed_again_without_a_forgery_is_read(of_sample, saved):
    """So that what follows is refused for what was forged."""
    resealed(saved, described(lambda text: None))
    assert load_model(saved).text == of_sample[0].text


@pytest.mark.parametrize("what", FORGERIES)
def test_what_was_forged_and_sealed_again_comes_nowhere_near_sql(saved, what, command):
    """The checksum has no key: whoever changes a file can compute it again, as it is done here."""
    resealed(saved, described(FORGERIES[what]))
    code, out, err = command("score", "--model", saved, "--source", "sample")
    assert code == 1
    assert "does not fit together" in err
    assert "Traceback" not in err
    assert out == ""


def test_a_day_far_from_the_data_is_told(of_sample, saved, generated):
    folder, _ = generated(customers=120, transactions=900, segments=2, seed=3)
    model = load_model(saved)
    last = score(model, folder).shop.as_of
    assert "Note" not in score(model, folder).text
    far = score(model, folder, as_of="2077-01-01")
    days = (pd.Timestamp("2077-01-01") - last).days
    assert f"2077-01-01 lies {days:,} days after the last transaction ({last:%Y-%m-%d})" in far.text
