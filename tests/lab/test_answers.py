"""Each check accepts the solution and other right answers, and rejects what people typically write instead."""

import nbformat
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_samples, silhouette_score
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from seglib.errors import ParameterRefused
from seglib.ingest.shop import ingest
from seglib.lab import check
from seglib.lab.exercises import EXERCISES

SHOP = {
    "customer_id": [1, 1, 1, 2, 2, 3, 4, 5, 5, 6],
    "gender_name": ["f", "f", "f", "m", "m", "f", "m", "f", "f", "m"],
    "burned": [1, 1, 0, 0, 1, 0, 0, 0, 0, 1],
}
DATA = pd.DataFrame(
    {
        "customer_id": SHOP["customer_id"],
        "gender_name": SHOP["gender_name"],
        "transaction_status": np.where(SHOP["burned"], "burned", "subscribed"),
        "transaction_id": range(10),
    }
)
BURNED = pd.Series(SHOP["burned"], dtype=float)
BY_CUSTOMER = pd.DataFrame(
    {"n_coupons": [3, 2, 1, 1, 2, 1], "n_burned": [2, 1, 0, 0, 0, 1]}, index=pd.Index(range(1, 7), name="customer_id")
)

RNG = np.random.default_rng(0)
X = pd.DataFrame({"city": RNG.integers(0, 12, 200), "status": RNG.integers(0, 2, 200), "coupons": RNG.poisson(4, 200)})
LABELS = KMeans(n_clusters=3, n_init=10, random_state=0).fit_predict(X)
ONE_START = KMeans(n_clusters=3, init="random", n_init=1, max_iter=2, random_state=0).fit_predict(X)
GIVEN_1_1 = {"X": X, "labels": LABELS, "one_start": ONE_START}
WIDTH = silhouette_score(X, LABELS)
VARIANCES = X.var()

OUTCOMES = pd.DataFrame(
    {"arm": ["offer"] * 8 + ["control"] * 5, "burned": [True] * 6 + [False] * 2 + [True] * 2 + [False] * 3}
)
LINES = pd.DataFrame({"customer_id": [1, 1, 1, 2, 3, 3], "amount": [10.0, 20.0, 70.0, 5.0, 3.0, 1.0]})
SHARES = pd.Series([0.7, 1.0, 0.75], index=pd.Index([1, 2, 3], name="customer_id"))


def one_hot(city):
    return OneHotEncoder(sparse_output=False).fit_transform(city.to_frame())


def renumber(codes, rng):
    return rng.permutation(codes.max() + 1)[codes]


def renumber_by_dictionary(codes, rng):
    cities = list(dict.fromkeys(codes.tolist()))
    new = dict(zip(cities, rng.permutation(len(cities)), strict=True))
    return [new[code] for code in codes]


def renumber_by_sorting(codes, rng):
    return rng.random(codes.max() + 1).argsort()[codes]


def fixed_order(codes, rng):
    return (codes + 3) % 10


def changed_in_place(codes, rng):
    codes[:] = rng.permutation(10)[codes]
    return codes


def silhouettes(draw, X, k, n, *, from_matrix=True, fit_on_drawn=True, again=True):
    values = []
    matrix = draw(X)
    for round_ in range(n):
        if round_ and again:
            matrix = draw(X)
        labels = KMeans(n_clusters=k, n_init=5, random_state=0).fit_predict(matrix if fit_on_drawn else X)
        values.append(silhouette_score(matrix if from_matrix else X, labels))
    return values


def by_comprehension(draw, X, k, n):
    return np.array(
        [silhouette_score(m, KMeans(k, n_init=2, random_state=1).fit(m).labels_) for m in (draw(X) for _ in range(n))]
    )


def letters(labels, values, *, smallest_first=False, by="mean"):
    order = values.groupby(labels).agg(by).sort_values(ascending=smallest_first).index
    return [dict(zip(order, "ABC", strict=True))[number] for number in labels]


def letters_by_rank(labels, values):
    ranks = values.groupby(labels).transform("mean").rank(method="dense", ascending=False).astype(int)
    return ranks.map(dict(enumerate("ABC", start=1)))


def letters_by_numpy(labels, values):
    means = np.array([values[labels == number].mean() for number in np.unique(labels)])
    return np.array(list("ABC"))[(-means).argsort().argsort()][labels]


def size(p, q, *, alpha=0.05, power=0.8, sides=2, factor=1.0):
    z = norm.ppf(1 - alpha / sides) + (norm.ppf(power) if power else 0)
    return factor * z**2 * (p * (1 - p) + q * (1 - q)) / (q - p) ** 2


def p_value(observed, null):
    return (1 + sum(value >= observed for value in null)) / (1 + len(null))


def jaccard(a, b):
    return len(a & b) / len(a | b)


def net(lines):
    return lines.groupby("customer_id")["amount"].sum()


def above_all(curve, null):
    return [k for k in curve.index if curve[k] > null[k].max()]


def gain(truth, predicted):
    return (truth == predicted).mean() - truth.value_counts(normalize=True).max()


RIGHT = {
    "L0.1": (
        {"data": DATA},
        [
            pd.Series({"f": 2 / 6, "m": 2 / 4}),
            pd.Series({"m": 0.5, "f": 1 / 3}),
            {"f": 1 / 3, "m": 0.5},
            pd.DataFrame({"share": {"f": 1 / 3, "m": 0.5}}),
        ],
    ),
    "L0.2": (
        {"data": DATA},
        [
            BY_CUSTOMER,
            BY_CUSTOMER.reset_index(),
            BY_CUSTOMER.iloc[::-1],
            BY_CUSTOMER.assign(share=BY_CUSTOMER["n_burned"] / BY_CUSTOMER["n_coupons"]).astype(float),
        ],
    ),
    "L1.1": (
        GIVEN_1_1,
        [WIDTH, float(WIDTH), np.array([WIDTH]), round(WIDTH, 4), silhouette_samples(X, LABELS).mean()],
    ),
    "L1.2": (
        {"X": X},
        [
            VARIANCES / VARIANCES.sum(),
            (X.var(ddof=0) / X.var(ddof=0).sum()).round(4),
            (VARIANCES / VARIANCES.sum()).to_dict(),
            (VARIANCES / VARIANCES.sum()).to_frame("share"),
        ],
    ),
    "L2.1": (
        {},
        [
            one_hot,
            pd.get_dummies,
            lambda city: OneHotEncoder().fit_transform(city.to_frame()),
            lambda city: 0.5 * one_hot(city),
            lambda city: (city.to_numpy()[:, None] == np.asarray(city.unique())[None, :]).astype(int),
        ],
    ),
    "L2.2": ({}, [renumber, renumber_by_dictionary, renumber_by_sorting, lambda c, rng: pd.Series(renumber(c, rng))]),
    "L3.1": (
        {},
        [
            silhouettes,
            by_comprehension,
            lambda *given: pd.Series(silhouettes(*given)),
            lambda *given: tuple(silhouettes(*given)),
        ],
    ),
    "L3.2": (
        {},
        [
            p_value,
            lambda x, null: (np.append(null, x) >= x).mean(),
            lambda x, null: (np.sum(np.asarray(null) >= x) + 1) / (len(null) + 1),
            lambda x, null: np.array([p_value(x, null)]),
        ],
    ),
    "L4.1": (
        {},
        [
            jaccard,
            lambda a, b: len(a.intersection(b)) / len(a.union(b)),
            lambda a, b: len(a & b) / (len(a) + len(b) - len(a & b)),
            lambda a, b: sum(x in b for x in a) / len({*a, *b}),
        ],
    ),
    "L4.2": ({}, [letters, letters_by_rank, letters_by_numpy, lambda *given: pd.Series(letters(*given))]),
    "L5.1": (
        {},
        [
            size,
            lambda p, q: np.ceil(size(p, q)),
            lambda p, q: (1.96 + 0.84) ** 2 * (p - p * p + q - q * q) / (p - q) ** 2,
            lambda p, q: int(size(p, q)) + 1,
        ],
    ),
    "L5.2": ({"outcomes": OUTCOMES}, [0.75 - 0.4, np.float64(0.35), np.array(0.35), pd.Series([0.35])]),
    "L6.2": (
        {"transactions": LINES},
        [SHARES, SHARES.iloc[::-1], SHARES.to_dict(), SHARES.to_frame("share")],
    ),
    "M1.1": (
        {},
        [
            net,
            lambda lines: lines.pivot_table(index="customer_id", values="amount", aggfunc="sum"),
            lambda lines: {c: lines.loc[lines["customer_id"] == c, "amount"].sum() for c in lines["customer_id"]},
            lambda lines: lines.set_index("customer_id")["amount"].groupby(level=0, sort=False).sum(),
        ],
    ),
    "M2.1": (
        {},
        [
            above_all,
            lambda curve, null: curve.index[curve > null.max()],
            lambda curve, null: {k for k in (5, 4, 3, 2) if (null[k] < curve[k]).all()},
            lambda curve, null: np.array(above_all(curve, null)),
        ],
    ),
    "M3.1": (
        {},
        [
            gain,
            lambda truth, predicted: np.mean(truth == predicted) - (truth == truth.mode()[0]).mean(),
            lambda truth, predicted: [gain(truth, predicted)],
            lambda truth, predicted: (
                sum(map(lambda a, b: a == b, truth, predicted)) / len(truth) - truth.value_counts().iloc[0] / len(truth)
            ),
        ],
    ),
}
"""By exercise: what it is about, and right answers."""

WRONG = {
    "L0.1": [
        pd.Series({"f": 33.33333333333333, "m": 50.0}),
        pd.Series({"f": 4 / 6, "m": 0.5}),
        pd.Series({"f": 2.0, "m": 2.0}),
        pd.Series({"f": 0.5, "m": 0.5}),
        pd.Series({"f": (2 / 3 + 0 + 0) / 3, "m": (0.5 + 0 + 1) / 3}),
        pd.Series({"F": 1 / 3, "M": 0.5}),
        pd.Series({"f": 1 / 3}),
        pd.Series({"f": 0.5, "m": 1 / 3}),
        0.4,
        "a third",
        DATA,
        pd.Series({"f": 0.2, "m": 0.2}),
    ],
    "L0.2": [
        DATA,
        BY_CUSTOMER.rename(columns={"n_burned": "burned"}),
        BY_CUSTOMER.assign(n_burned=BY_CUSTOMER["n_coupons"]),
        BY_CUSTOMER.assign(n_burned=BY_CUSTOMER["n_coupons"] - BY_CUSTOMER["n_burned"]),
        BY_CUSTOMER.assign(n_burned=BY_CUSTOMER["n_burned"] / BY_CUSTOMER["n_coupons"]),
        BY_CUSTOMER[BY_CUSTOMER["n_burned"] > 0],
        BY_CUSTOMER.reset_index(drop=True),
        pd.concat([BY_CUSTOMER, BY_CUSTOMER]),
        BY_CUSTOMER.assign(n_coupons=BY_CUSTOMER["n_burned"]),
        BY_CUSTOMER.assign(n_burned=1),
        BY_CUSTOMER["n_coupons"],
        6,
    ],
    "L1.1": [
        silhouette_score(X.assign(label=LABELS), LABELS),
        silhouette_score(X, ONE_START),
        silhouette_score((X - X.mean()) / X.std(), LABELS),
        silhouette_score(X[["city", "coupons"]], LABELS),
        float(np.median(silhouette_samples(X, LABELS))),
        100 * WIDTH,
        -WIDTH,
        silhouette_samples(X, LABELS),
        "0.41",
        silhouette_score(X.iloc[:50], LABELS[:50]),
    ],
    "L1.2": [
        VARIANCES,
        100 * VARIANCES / VARIANCES.sum(),
        X.std() / X.std().sum(),
        X.std(),
        X.mean() / X.mean().sum(),
        pd.Series(1 / 3, index=X.columns),
        (VARIANCES / VARIANCES.sum()).iloc[:2],
        pd.Series((VARIANCES / VARIANCES.sum()).to_numpy()),
        VARIANCES / VARIANCES.max(),
        float((VARIANCES / VARIANCES.sum()).iloc[0]),
        X.max() - X.min(),
    ],
    "L2.1": [
        lambda city: OrdinalEncoder().fit_transform(city.to_frame()),
        lambda city: pd.factorize(city)[0],
        lambda city: pd.factorize(city)[0].reshape(-1, 1),
        lambda city: pd.get_dummies(city, drop_first=True),
        lambda city: OneHotEncoder(drop="first", sparse_output=False).fit_transform(city.to_frame()),
        lambda city: one_hot(city)[:, :-1],
        lambda city: city.map(city.value_counts()).to_numpy().reshape(-1, 1),
        lambda city: np.column_stack([one_hot(city), pd.factorize(city)[0]]),
        lambda city: np.random.default_rng(0).normal(size=(len(city), 4)),
        lambda city: one_hot(city) * np.arange(1, 6),
        lambda city: np.zeros((len(city), 3)),
        lambda city: pd.get_dummies(city.drop_duplicates()),
        one_hot(pd.Series(["a", "b"], name="city")),
    ],
    "L2.2": [
        lambda codes, rng: rng.permutation(codes),
        lambda codes, rng: codes,
        lambda codes, rng: codes + 1,
        fixed_order,
        changed_in_place,
        lambda codes, rng: rng.integers(0, 10, len(codes)),
        lambda codes, rng: rng.integers(0, 10, 10)[codes],
        lambda codes, rng: rng.permutation(10),
        lambda codes, rng: np.random.default_rng(0).permutation(10)[codes],
        lambda codes, rng: rng.permutation(100)[:10][codes],
        lambda codes, rng: codes // 2,
        np.arange(40),
    ],
    "L3.1": [
        lambda draw, X, k, n: silhouettes(draw, X, k, n, from_matrix=False),
        lambda draw, X, k, n: silhouettes(draw, X, k, n, fit_on_drawn=False),
        lambda draw, X, k, n: silhouettes(draw, X, k, n, from_matrix=False, fit_on_drawn=False),
        lambda draw, X, k, n: silhouettes(draw, X, k, n, again=False),
        lambda *given: float(np.mean(silhouettes(*given))),
        lambda *given: max(silhouettes(*given)),
        lambda draw, X, k, n: silhouettes(draw, X, k, 1),
        lambda draw, X, k, n: silhouettes(draw, X, k, n - 1),
        lambda draw, X, k, n: silhouettes(draw, X, k + 1, n),
        lambda draw, X, k, n: [KMeans(k, n_init=2, random_state=0).fit(draw(X)).inertia_ for _ in range(n)],
        lambda draw, X, k, n: [],
        [0.5, 0.6],
    ],
    "L3.2": [
        lambda x, null: (null >= x).mean(),
        lambda x, null: (null > x).mean(),
        lambda x, null: (null < x).mean(),
        lambda x, null: (1 + (null > x).sum()) / (1 + len(null)),
        lambda x, null: (1 + (null <= x).sum()) / (1 + len(null)),
        lambda x, null: 1 - p_value(x, null),
        lambda x, null: (1 + (null >= x).sum()) / len(null),
        lambda x, null: (null >= x).sum() / (1 + len(null)),
        lambda x, null: 2 * p_value(x, null),
        lambda x, null: float(norm.sf((x - null.mean()) / (null.std() + 1))),
        lambda x, null: null >= x,
        0.05,
    ],
    "L4.1": [
        lambda a, b: len(a & b),
        lambda a, b: len(a & b) / len(a),
        lambda a, b: len(a & b) / len(b),
        lambda a, b: len(a & b) / min(len(a), len(b)),
        lambda a, b: len(a & b) / max(len(a), len(b)),
        lambda a, b: 2 * len(a & b) / (len(a) + len(b)),
        lambda a, b: len(a & b) / (len(a) + len(b)),
        lambda a, b: 1 - jaccard(a, b),
        lambda a, b: a & b,
        lambda a, b: len(a | b) / len(a & b),
        lambda a, b: a == b,
        0.4,
    ],
    "L4.2": [
        lambda labels, values: pd.Series(labels).map({0: "A", 1: "B", 2: "C"}),
        lambda labels, values: letters(labels, values, smallest_first=True),
        lambda labels, values: letters(labels, values, by="size"),
        lambda labels, values: letters(labels, values, by="sum"),
        lambda labels, values: letters(labels, values, by="min", smallest_first=True),
        lambda labels, values: values.groupby(labels).mean().rank(ascending=False).map({1: "A", 2: "B", 3: "C"}),
        lambda labels, values: pd.qcut(values, 3, labels=list("CBA")),
        lambda labels, values: [letter.lower() for letter in letters(labels, values)],
        lambda labels, values: pd.Series(labels).map(pd.Series(labels).value_counts().rank().map({1: "A", 2: "B"})),
        lambda labels, values: values.groupby(labels).transform("mean").rank(method="dense", ascending=False),
        lambda labels, values: labels,
        ["C"] * 9,
    ],
    "L5.1": [
        lambda p, q: size(p, q, factor=2),
        lambda p, q: size(p, q, factor=0.5),
        lambda p, q: size(p, q, sides=1),
        lambda p, q: size(p, q, power=0),
        lambda p, q: size(p, q) * (q - p),
        lambda p, q: size(p, q, power=0.9),
        lambda p, q: size(p, q, alpha=0.01),
        lambda p, q: size(p, p + 0.1),
        lambda p, q: (norm.ppf(0.975) + norm.ppf(0.8)) ** 2 * p * (1 - p) / (q - p) ** 2,
        lambda p, q: np.sqrt(size(p, q)),
        lambda p, q: 356,
        1000,
    ],
    "L5.2": [
        -0.35,
        35.0,
        0.75,
        0.4,
        0.75 / 0.4,
        0.75 / 0.4 - 1,
        6 - 2,
        8 / 13,
        pd.Series({"offer": 0.75, "control": 0.4}),
        "35 points",
        0.36,
    ],
    "L6.2": [
        pd.Series([70.0, 100.0, 75.0], index=[1, 2, 3]),
        pd.Series([70.0, 5.0, 3.0], index=[1, 2, 3]),
        pd.Series([70.0, 5.0, 3.0], index=[1, 2, 3]) / 109,
        pd.Series([1 / 3, 1.0, 1 / 2], index=[1, 2, 3]),
        pd.Series([10.0, 1.0, 0.25], index=[1, 2, 3]),
        pd.Series([0.7, 1.0, 0.75]),
        pd.Series([0.7, 0.75], index=[1, 3]),
        LINES.groupby("customer_id")["amount"].sum(),
        LINES,
        0.8,
        pd.Series([0.3, 0.0, 0.25], index=[1, 2, 3]),
    ],
    "M1.1": [
        lambda lines: net(lines[lines["amount"] > 0]),
        lambda lines: net(lines.assign(amount=lines["amount"].clip(lower=0))),
        lambda lines: net(lines.assign(amount=lines["amount"].abs())),
        lambda lines: net(lines)[net(lines) > 0],
        lambda lines: -net(lines),
        lambda lines: lines.groupby("customer_id")["amount"].mean(),
        lambda lines: lines.groupby("customer_id")["amount"].count(),
        lambda lines: lines.groupby("customer_id")["amount"].max(),
        lambda lines: net(lines).reset_index(drop=True),
        lambda lines: lines["amount"],
        lambda lines: net(lines).sum(),
        lambda lines: net(lines.drop_duplicates("customer_id")),
        pd.Series([0.0, 4.0, 5.0, 7.5], index=[3, 5, 7, 9]),
    ],
    "M2.1": [
        lambda curve, null: [curve.idxmax()],
        lambda curve, null: curve.idxmax(),
        lambda curve, null: [k for k in curve.index if curve[k] >= null[k].max()],
        lambda curve, null: [k for k in curve.index if curve[k] > null[k].mean()],
        lambda curve, null: [k for k in curve.index if curve[k] > null[k].min()],
        lambda curve, null: [k for k in curve.index if curve[k] > null.to_numpy().max()],
        lambda curve, null: [k for k in curve.index if curve[k] < null[k].max()],
        lambda curve, null: [curve[k] for k in above_all(curve, null)],
        lambda curve, null: curve > null.max(),
        lambda curve, null: above_all(curve, null)[:1],
        lambda curve, null: above_all(curve, null) or None,
        lambda curve, null: list(curve.index),
        lambda curve, null: [],
        [2, 4],
    ],
    "M3.1": [
        lambda truth, predicted: (truth == predicted).mean(),
        lambda truth, predicted: -gain(truth, predicted),
        lambda truth, predicted: 100 * gain(truth, predicted),
        lambda truth, predicted: (truth == predicted).mean() / truth.value_counts(normalize=True).max(),
        lambda truth, predicted: (truth == predicted).mean() / truth.value_counts(normalize=True).max() - 1,
        lambda truth, predicted: (truth == predicted).mean() - predicted.value_counts(normalize=True).max(),
        lambda truth, predicted: (truth == predicted).mean() - 1 / truth.nunique(),
        lambda truth, predicted: (truth == predicted).mean() - 0.5,
        lambda truth, predicted: (truth == predicted).sum() - truth.value_counts().max(),
        lambda truth, predicted: truth.value_counts(normalize=True).max(),
        lambda truth, predicted: truth == predicted,
        lambda truth, predicted: max(gain(truth, predicted), 0),
        0.1,
    ],
}
"""By exercise: what people write instead."""


@pytest.mark.parametrize(
    ("exercise", "number"), [(e, i) for e, (_, answers) in RIGHT.items() for i in range(len(answers))]
)
def test_right_answers_are_accepted(exercise, number):
    given, answers = RIGHT[exercise]
    checked = check(exercise, answers[number], **given)
    assert (checked.right, checked.text) == (True, "Right.")


@pytest.mark.parametrize(("exercise", "number"), [(e, i) for e, answers in WRONG.items() for i in range(len(answers))])
def test_wrong_answers_are_rejected_with_a_sentence(exercise, number):
    checked = check(exercise, WRONG[exercise][number], **RIGHT[exercise][0])
    assert not checked.right
    assert len(checked.text) > 15
    assert checked.text in checked._repr_html_() or "&" in checked._repr_html_()


def test_there_are_four_right_and_ten_wrong_answers_of_each():
    assert set(EXERCISES) == {*RIGHT, "L6.1"}
    assert all(len(answers) >= 4 for _, answers in RIGHT.values())
    assert all(len(answers) >= 10 for answers in WRONG.values())


@pytest.mark.parametrize("exercise", ["L0.1", "L1.2", "L5.2", "L6.2"])
def test_what_a_check_says_never_holds_the_right_numbers(exercise):
    given, answers = RIGHT[exercise]
    right = np.ravel(np.asarray(pd.Series(answers[0]), dtype=float))
    said = " ".join(check(exercise, wrong, **given).text for wrong in WRONG[exercise])
    assert not any(f"{number:.3g}" in said for number in right if number not in (0, 1))


def test_no_answer_yet():
    def stub(codes, rng):
        raise NotImplementedError("write your answer here")

    assert check("L0.1", ..., data=DATA).text.startswith("No answer yet")
    assert check("L2.2", stub).text.startswith("No answer yet")


def test_an_exercise_that_is_not_there_is_refused():
    with pytest.raises(ParameterRefused, match=r"there is no exercise L2\.3"):
        check("L2.3", 1)


# The mapping of L6 --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mapping(root):
    notebook = nbformat.read(root / "notebooks" / "lessons" / "L6_do_it_yourself.ipynb", as_version=4)
    [cell] = [cell for cell in notebook.cells if cell.id == "solution-1"]
    names = {}
    exec(f"import yaml\n{cell.source}", names)
    return names["mapping"]


def changed(mapping, *path, to=None):
    """Return a mapping in which what stands at a path is other, or gone."""
    import copy

    mapping = copy.deepcopy(mapping)
    place = mapping
    for key in path[:-1]:
        place = place[key]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return mapping


def test_mappings_that_say_the_same_are_accepted(mapping, root):
    source = root / "data" / "sample" / "invoices.csv"
    transactions = mapping["tables"]["transactions"]
    two_steps = changed(
        mapping, "tables", "transactions", "leave_out", "nobody", to={"column": "Customer", "one_of": [""]}
    )
    without_places = changed(mapping, "tables", "cities")
    del without_places["tables"]["customers"]["columns"]["city_id"]
    for right in (mapping, without_places, {"tables": mapping["tables"], "date_format": "%d/%m/%Y %H:%M"}):
        assert check("L6.1", right, source=source, ingest=ingest).text == "Right."
    assert transactions["rows"] == "lines"
    assert isinstance(check("L6.1", two_steps, source=source, ingest=ingest).right, bool)


@pytest.mark.slow
def test_mappings_that_read_the_file_wrongly_are_rejected(mapping, root):
    source = root / "data" / "sample" / "invoices.csv"
    place = ("tables", "transactions")
    wrong = [
        changed(mapping, "date_format", to="%m/%d/%Y %H:%M"),
        changed(mapping, "date_format", to="%Y-%m-%d"),
        changed(mapping, *place, "rows"),
        changed(mapping, *place, "leave_out", "cancelled"),
        changed(mapping, *place, "columns", "amount"),
        changed(mapping, *place, "columns", "amount", to="Unit price"),
        changed(mapping, *place, "columns", "amount", to="Quantity"),
        changed(mapping, *place, "columns", "transaction_id", to="Product"),
        changed(mapping, *place, "columns", "customer_id", to="Country"),
        changed(mapping, *place, "columns", "customer_id", to="Client"),
        changed(mapping, *place, "from", to="lines"),
        {"transactions": mapping["tables"]["transactions"]},
        "invoices",
    ]
    for answer in wrong:
        checked = check("L6.1", answer, source=source, ingest=ingest)
        assert not checked.right, answer
        assert len(checked.text) > 15
