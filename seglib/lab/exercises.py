"""What is right in each exercise of the lessons and of the mistake gallery, and what a wrong answer most likely did.

Every function takes the answer of a student, and what the exercise was about, and returns what is wrong, or an empty
text. It computes the right answer anew, from what it is given, and never says it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import yaml

from seglib.errors import SeglibError

CLOSE = {"rtol": 1e-6, "atol": 1e-9}


def _same(first: Any, second: Any) -> bool:
    """Return whether numbers are the same, but for rounding in the last digits of a computation."""
    return bool(np.allclose(np.asarray(first, dtype=float), np.asarray(second, dtype=float), **CLOSE))


def _number(answer: Any) -> float | None:
    """Return an answer as one number, or None if it is something else."""
    values = np.asarray(answer)
    if values.size != 1 or not np.issubdtype(values.dtype, np.number):
        return None
    return float(values.reshape(-1)[0])


def _series(answer: Any) -> pd.Series | None:
    """Return an answer as a Series: of a table with one column, that column; of a dictionary, its values by key."""
    if isinstance(answer, Mapping):
        return pd.Series(dict(answer))
    if isinstance(answer, pd.DataFrame):
        return answer.iloc[:, 0] if answer.shape[1] == 1 else None
    return answer if isinstance(answer, pd.Series) else None


def share_burned_by_gender(answer: Any, *, data: pd.DataFrame) -> str:
    """L0.1: the share of transactions that was burned, by the name of the gender."""
    shares = _series(answer)
    if shares is None:
        return "Give a pandas Series with one share for each gender."
    burned = data["transaction_status"] == "burned"
    right = burned.groupby(data["gender_name"]).mean()
    if set(shares.index) != set(right.index):
        return f"The index should hold the names of the genders: {', '.join(map(str, right.index))}."
    shares = shares.reindex(right.index)
    if _same(shares, right):
        return ""
    if _same(shares, 100 * right):
        return "These are per cent. A share is between 0 and 1."
    if _same(shares, 1 - right):
        return "These are the shares that were not burned."
    if _same(shares, burned.groupby(data["gender_name"]).sum()):
        return "These are numbers of coupons. A share is divided by all coupons of that gender."
    if np.isclose(shares.sum(), 1):
        return (
            "These add up to 1: they say how the burned coupons divide between the genders. The question is the "
            "other way round."
        )
    customers = burned.groupby([data["gender_name"], data["customer_id"]]).mean().groupby(level=0).mean()
    if _same(shares, customers):
        return "This is the mean over customers. The question is about transactions: each counts once."
    return (
        "The numbers are not right. For each gender: burned transactions, divided by all transactions of that gender."
    )


def one_row_a_customer(answer: Any, *, data: pd.DataFrame) -> str:
    """L0.2: coupons claimed and burned, one row a customer."""
    if not isinstance(answer, pd.DataFrame):
        return "Give a pandas DataFrame."
    table = answer.set_index("customer_id") if "customer_id" in answer.columns else answer
    missing = {"n_coupons", "n_burned"} - set(table.columns)
    if missing:
        return f"A column is missing: {', '.join(sorted(missing))}."
    if table.index.has_duplicates:
        return "A customer has more than one row."
    counts = data.groupby("customer_id").size()
    if set(table.index) != set(counts.index):
        few = len(set(counts.index) - set(table.index))
        return (
            f"{few:,} customers with a transaction are missing. Did a filter remove those who burned nothing?"
            if few
            else "The index should be customer_id: there are customers here that have no transaction."
        )
    table = table.reindex(counts.index)
    if not _same(table["n_coupons"], counts):
        return "n_coupons is not the number of transactions of each customer."
    burned = (data["transaction_status"] == "burned").groupby(data["customer_id"]).sum()
    if _same(table["n_burned"], counts):
        return "n_burned counts all transactions. Count those whose status is 'burned'."
    if _same(table["n_burned"], counts - burned):
        return "n_burned counts the transactions that were not burned."
    if _same(table["n_burned"], burned / counts):
        return "n_burned is a share. It should be a number of coupons."
    return (
        ""
        if _same(table["n_burned"], burned)
        else "n_burned is not the number of burned transactions of each customer."
    )


def honest_silhouette(answer: Any, *, X: pd.DataFrame, labels: np.ndarray, one_start: np.ndarray) -> str:
    """L1.1: the mean silhouette of the best partition, without a label among the columns."""
    from sklearn.metrics import silhouette_samples, silhouette_score

    value = _number(answer)
    if value is None:
        return "Give one number."
    widths = silhouette_samples(X, labels)
    if abs(value - widths.mean()) < 1e-4:
        return ""
    if not -1 <= value <= 1:
        return "A silhouette lies between -1 and 1."
    if abs(value - silhouette_score(X, one_start)) < 1e-4:
        return "This is the silhouette of the partition of one start. The question is about the best one."
    if abs(value - np.median(widths)) < 1e-4:
        return "This is the median of the rows. The mean silhouette was asked for."
    if value > widths.mean() and value < widths.mean() + 0.1:
        return "This is larger than it should be. Is a label among the columns?"
    return (
        "This is not the mean silhouette of `best` in the four columns of `X`. Were the columns changed, or "
        "only a sample taken?"
    )


def variance_shares(answer: Any, *, X: pd.DataFrame) -> str:
    """L1.2: the share of the total variance that each column holds."""
    shares = _series(answer)
    if shares is None:
        return "Give a pandas Series with one share for each column."
    if set(shares.index) != set(X.columns):
        return f"The index should hold the names of the columns: {', '.join(X.columns)}."
    shares, right = shares.reindex(X.columns), X.var() / X.var().sum()
    if np.allclose(shares, right, atol=5e-4):
        return ""
    if _same(shares, X.var()) or _same(shares, X.var(ddof=0)):
        return "These are variances. Divide them by their sum."
    if np.allclose(shares, 100 * right, atol=0.05):
        return "These are per cent. A share is between 0 and 1."
    if _same(shares, X.std() / X.std().sum()):
        return "These are shares of the standard deviations. Distances add up squares: take variances."
    if np.allclose(shares, 1 / X.shape[1], atol=1e-3):
        return "All shares are the same: were the columns scaled first? The question is about `X` as it was clustered."
    if _same(shares, X.mean() / X.mean().sum()):
        return "These are shares of the means. A constant column has a mean, and no say in any distance."
    return "The numbers are not right. For each column: its variance, divided by the sum of all variances."


def equal_distances(answer: Any) -> str:
    """L2.1: a matrix in which any two different names are equally far apart."""
    if not callable(answer):
        return "Give the function itself, without brackets behind its name."
    city = pd.Series(["Oslo", "Lima", "Oslo", "Cairo", "Accra", "Lima", "Quito", "Cairo"], name="city")
    matrix = answer(city.copy())
    matrix = np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix, dtype=float)
    if matrix.ndim == 1:
        return "This is one column of numbers. On a line, some cities are nearer to each other than others."
    if len(matrix) != len(city):
        return "The matrix should have one row for each name that was given."
    equal, different = [], []
    for first, second in combinations(range(len(city)), 2):
        distance = float(np.linalg.norm(matrix[first] - matrix[second]))
        (equal if city[first] == city[second] else different).append(distance)
    if not np.allclose(equal, 0):
        return "Two customers of the same city are not at distance 0."
    if np.isclose(min(different), 0):
        return "Two cities cannot be told apart: they have the same row."
    if not np.allclose(different, different[0]):
        ratio = max(different) / min(different)
        return (
            f"Some cities are {ratio:.2f} times as far apart as others. Is the first column dropped, or a number "
            "left in?"
        )
    return ""


def renumbered_cities(answer: Any) -> str:
    """L2.2: other numbers for the cities, not for the customers."""
    if not callable(answer):
        return "Give the function itself, without brackets behind its name."
    codes = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9] * 4)
    before, orders = codes.copy(), set()
    for seed in range(5):
        new = np.asarray(answer(codes, np.random.default_rng(seed)))
        if not np.array_equal(codes, before):
            return "The function changes the codes that it was given. Make new ones."
        if new.shape != codes.shape:
            return "One number for each customer should come back."
        pairs = set(zip(codes.tolist(), new.tolist(), strict=True))
        if len(pairs) > 10:
            return "Customers of one city have different numbers now: the customers were shuffled, not the cities."
        if len({number for _, number in pairs}) < 10:
            return "Two cities have the same number now."
        if {number for _, number in pairs} != set(range(10)):
            return "The numbers should be 0 to n - 1 again."
        orders.add(tuple(new.tolist()))
    if orders == {tuple(codes.tolist())}:
        return "The numbers are the same as before."
    if len(orders) == 1:
        return "Every generator gives the same order: use the one that is given."
    return ""


def silhouettes_of_null(answer: Any) -> str:
    """L3.1: the mean silhouettes of matrices that a null model draws, each clustered anew."""
    from sklearn.metrics import silhouette_score

    if not callable(answer):
        return "Give the function itself, without brackets behind its name."
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(60, 2)), columns=["a", "b"])
    drawn, expected = [], []
    for gap in (3.0, 6.0, 12.0, 24.0):  # two clumps, so far apart that every start of KMeans finds them
        first = rng.permutation(60) < 30
        matrix = rng.normal(size=(60, 2)) * 0.2 + np.where(first, 0.0, gap)[:, None]
        drawn.append(pd.DataFrame(matrix, columns=X.columns))
        expected.append(float(silhouette_score(matrix, first)))
    calls = iter(drawn * 3)
    values = answer(lambda _: next(calls), X.copy(), 2, 4)
    if _number(values) is not None and np.isclose(_number(values), np.mean(expected), atol=1e-6):
        return "This is the mean of the silhouettes. Return all of them, in a list: their spread is what we need."
    values = np.asarray(values, dtype=float).reshape(-1)
    if len(values) != 4:
        return f"n matrices should give n silhouettes; for n = 4 there came {len(values)}."
    if _same(values, expected):
        return ""
    if _same(values, values[0]):
        return "All values are the same. Draw a new matrix in each round, and compute the silhouette of that one."
    return (
        "These are not the silhouettes of the drawn matrices with clusters of their own. Cluster each matrix that was "
        "drawn, not X, and compute the silhouette in the same matrix."
    )


def permutation_p_value(answer: Any) -> str:
    """L3.2: the p-value of an observed value beside simulated ones."""
    if not callable(answer):
        return "Give the function itself, without brackets behind its name."
    cases = [(5.0, [1.0, 2.0, 3.0, 4.0]), (2.5, [1.0, 2.0, 3.0, 4.0]), (3.0, [1.0, 2.0, 3.0, 4.0]), (0.0, [1.0] * 19)]
    values = [_number(answer(observed, np.array(null))) for observed, null in cases]
    if None in values:
        return "Return one number."
    null_counts = [sum(x >= observed for x in null) for observed, null in cases]
    right = [(1 + n) / (1 + len(null)) for n, (_, null) in zip(null_counts, cases, strict=True)]
    if _same(values, right):
        return ""
    if values[0] == 0:
        return (
            "A p-value from simulated shops is never 0: the shop itself is one of the shops that could have come out."
        )
    if max(values) > 1:
        return "A p-value is not greater than 1."
    if _same(values, [(1 + sum(x > observed for x in null)) / (1 + len(null)) for observed, null in cases]):
        return "A simulated value that equals the observed one counts as well: it is as great."
    if _same(values, [(1 + sum(x <= observed for x in null)) / (1 + len(null)) for observed, null in cases]):
        return "This counts the simulated values that are smaller. Great values speak for groups: count those as great."
    return (
        "Count the simulated values that are at least as great as the observed one, add the observed one "
        "itself, and divide by how many there are in all."
    )


def jaccard_index(answer: Any) -> str:
    """L4.1: how far two sets of customers are the same."""
    if not callable(answer):
        return "Give the function itself, without brackets behind its name."
    cases = [({1, 2, 3, 4}, {3, 4, 5}), ({1, 2}, {1, 2}), ({1, 2}, {3}), ({1}, {1, 2, 3, 4, 5})]
    values = [_number(answer(set(a), set(b))) for a, b in cases]
    if None in values:
        return "Return one number."
    if _same(values, [len(a & b) / len(a | b) for a, b in cases]):
        return ""
    if _same(values, [len(a & b) for a, b in cases]):
        return "This is a number of customers. Divide it."
    if _same(values, [len(a & b) / len(a) for a, b in cases]) or _same(values, [len(a & b) / len(b) for a, b in cases]):
        return (
            "This divides by one of the two sets. A set that holds the other one as a small part would count as "
            "the same."
        )
    if _same(values, [2 * len(a & b) / (len(a) + len(b)) for a, b in cases]):
        return (
            "This is the index of Dice. That of Jaccard divides by the customers that are in at least one of the two."
        )
    if _same(values, [1 - len(a & b) / len(a | b) for a, b in cases]):
        return "This is a distance: 0 for two equal sets. The index is 1 there."
    return "Divide the customers that are in both sets by the customers that are in at least one."


def letters_by_mean(answer: Any) -> str:
    """L4.2: letters that do not depend on the numbers that KMeans happens to give."""
    if not callable(answer):
        return "Give the function itself, without brackets behind its name."
    labels = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2])
    values = pd.Series([1.0, 2.0, 3.0, 9.0, 8.0, 5.0, 4.0, 6.0, 5.0], name="n_burned")
    right = ["C", "C", "C", "A", "A", "B", "B", "B", "B"]
    results = []
    for numbers in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        result = answer(np.array(numbers)[labels], values.copy())
        results.append(list(np.asarray(result)))
        if len(results[-1]) != len(labels):
            return "One letter for each customer should come back."
    if all(result == right for result in results):
        return ""
    if any(result != results[0] for result in results[1:]):
        return "Other numbers of the same clusters give other letters."
    if results[0] == ["A", "A", "A", "C", "C", "B", "B", "B", "B"]:
        return "The smallest mean is A here. The greatest should be."
    if results[0] == ["B", "B", "B", "C", "C", "A", "A", "A", "A"]:
        return "These are in the order of size, or of the sum. Order them by the mean."
    return "A is the cluster with the greatest mean, B the one with the next, and so on."


def customers_per_arm(answer: Any) -> str:
    """L5.1: customers in each of two equal arms, for two shares to be told apart."""
    from scipy.stats import norm

    if not callable(answer):
        return "Give the function itself, without brackets behind its name."
    z = norm.ppf(0.975) + norm.ppf(0.8)
    cases = [(0.30, 0.40), (0.10, 0.12), (0.5, 0.6)]
    right = [z**2 * (p * (1 - p) + q * (1 - q)) / (q - p) ** 2 for p, q in cases]
    values = [_number(answer(p, q)) for p, q in cases]
    if None in values:
        return "Return one number."
    if all(abs(value - n) <= 1 + 0.02 * n for value, n in zip(values, right, strict=True)):
        return ""
    ratios = np.array(values) / right
    if np.allclose(ratios, 2, rtol=0.03):
        return "This is the number in both arms together. How many are needed in each?"
    if np.allclose(ratios, ((norm.ppf(0.95) + norm.ppf(0.8)) / z) ** 2, rtol=0.02):
        return "This is for a test that looks to one side only. Use 0.975, not 0.95, for the first quantile."
    if np.allclose(ratios, (norm.ppf(0.975) / z) ** 2, rtol=0.02):
        return (
            "The power is missing: with this number a true difference is found in one test of two. Add the "
            "quantile of 0.8."
        )
    if np.allclose(ratios, [q - p for p, q in cases], rtol=0.03):
        return "The difference of the two shares has to be squared."
    return "For each arm: (1.96 + 0.84) squared, times p(1 - p) + q(1 - q), divided by the square of q - p."


def difference_of_shares(answer: Any, *, outcomes: pd.DataFrame) -> str:
    """L5.2: what the offer changed: the share of those who got it less that of those who did not."""
    value = _number(answer)
    if value is None:
        return "Give one number."
    by_arm = outcomes.groupby("arm")["burned"]
    share, n = by_arm.mean(), by_arm.sum()
    right = share["offer"] - share["control"]
    if abs(value - right) < 1e-6:
        return ""
    if abs(value + right) < 1e-6:
        return "The sign is turned: an offer that helps has a positive effect."
    if abs(value - 100 * right) < 1e-4:
        return "This is in per cent. Shares lie between 0 and 1."
    if abs(value - (n["offer"] - n["control"])) < 1e-6:
        return "These are numbers of coupons. The arms are not equally large: compare shares."
    if abs(value - share["offer"]) < 1e-6:
        return "These are all who burned after the offer. Some of them would have burned without it."
    if (
        abs(value - share["offer"] / share["control"]) < 1e-6
        or abs(value - (share["offer"] / share["control"] - 1)) < 1e-6
    ):
        return "This is a ratio. The question is about the difference."
    return "For each arm the share that burned; then the arm with the offer less the control."


def mapping_of_invoices(answer: Any, *, source: Path, ingest: Callable[..., Any]) -> str:
    """L6.1: what the columns of the invoices are; judged by the shop that comes out, in whatever way it is said."""
    if not isinstance(answer, Mapping) or "tables" not in answer:
        return "Give a dictionary with the key 'tables'."
    with TemporaryDirectory() as folder:
        file = Path(folder) / "mapping.yaml"
        file.write_text(yaml.safe_dump(dict(answer), sort_keys=False), encoding="utf-8")
        try:
            transactions = ingest(source, mapping=file).table("transactions")
        except SeglibError as error:
            return f"The file cannot be read with this mapping: {error.message}"
    lines = pd.read_csv(source, dtype=str)
    kept = lines[~lines["Invoice"].str.startswith("C") & lines["Customer"].notna()]
    amount = (kept["Quantity"].astype(float) * kept["Unit price"].astype(float)).sum()
    if len(transactions) != kept["Invoice"].nunique():
        return (
            f"There are {len(transactions):,} transactions. One invoice is one transaction, and cancelled ones "
            "are none."
        )
    if "amount" not in transactions or transactions["amount"].isna().all():
        return "The amounts are missing."
    if not np.isclose(transactions["amount"].sum(), amount):
        return "The amounts do not add up to what the lines say: quantity times price, added up over an invoice."
    days = pd.to_datetime(kept["Date"], format="%d/%m/%Y %H:%M").dt.normalize()
    dates = pd.to_datetime(transactions["transaction_date"]).dt.normalize()
    if (dates.min(), dates.max()) != (days.min(), days.max()):
        return "First and last day are not those of the file. Which number of a date is the month?"
    if transactions["customer_id"].nunique() != kept["Customer"].nunique():
        return "The number of customers is not that of the file."
    return ""


def share_of_largest(answer: Any, *, transactions: pd.DataFrame) -> str:
    """L6.2: for each customer, the largest amount divided by the sum of all."""
    shares = _series(answer)
    if shares is None:
        return "Give a pandas Series with one share for each customer."
    amounts = transactions.groupby("customer_id")["amount"]
    right = amounts.max() / amounts.sum()
    if set(shares.index) != set(right.index):
        return "The index should be customer_id, and hold each customer with a transaction once."
    if shares.index.has_duplicates:
        return "A customer has more than one row."
    shares = shares.reindex(right.index)
    if _same(shares, right):
        return ""
    if _same(shares, 100 * right):
        return "These are per cent. A share is between 0 and 1."
    if _same(shares, amounts.max()):
        return "These are amounts. Divide them by all that the customer spent."
    if _same(shares, amounts.max() / transactions["amount"].sum()):
        return "This divides by the money of the whole shop. Divide by that of the customer."
    if _same(shares, amounts.mean() / amounts.sum()):
        return "This is the share of the average transaction. The largest one was asked for."
    if _same(shares, 1 / amounts.size()):
        return "This is one divided by the number of transactions: it counts them, and leaves their amounts out."
    return "For each customer: the largest amount, divided by the sum of all amounts."


def net_spending(answer: Any) -> str:
    """M1.1: what each customer spent less what was given back, from lines in which a refund is negative."""
    if not callable(answer):
        return "Give the function itself, without brackets behind its name."
    lines = pd.DataFrame(
        {"customer_id": [7, 7, 7, 3, 3, 5, 9, 9], "amount": [20.0, -20.0, 5.0, 8.0, -8.0, 4.0, 10.0, -2.5]}
    )
    amounts = _series(answer(lines.copy()))
    if amounts is None:
        return "Return a pandas Series with one amount for each customer."
    net = lines.groupby("customer_id")["amount"].sum()
    if set(net.index) - set(amounts.index):
        return "A customer is missing. Who gave everything back has spent 0, and stays in the table."
    if set(amounts.index) != set(net.index) or amounts.index.has_duplicates:
        return "The index should be customer_id, and hold each customer once."
    amounts = amounts.reindex(net.index)
    if _same(amounts, net):
        return ""
    positive = lines["amount"].clip(lower=0)
    wrong = {
        "The refunds are left out, and the sales that they cancel are still in.": positive,
        "A refund is added here as if it were a sale: its sign is lost.": lines["amount"].abs(),
    }
    for sentence, column in wrong.items():
        if _same(amounts, column.groupby(lines["customer_id"]).sum()):
            return sentence
    if _same(amounts, -net):
        return "The sign is turned: a sale is positive."
    if _same(amounts, lines.groupby("customer_id")["amount"].mean()):
        return "This is the mean of the lines of each customer. Add them up."
    return "For each customer: add up all amounts, each with its sign."


def supported_numbers(answer: Any) -> str:
    """M2.1: the numbers of clusters whose silhouette lies above those of all shops without groups."""
    if not callable(answer):
        return "Give the function itself, without brackets behind its name."
    null = pd.DataFrame({2: [0.30, 0.20, 0.25], 3: [0.28, 0.33, 0.31], 4: [0.20, 0.26, 0.22], 5: [0.2, 0.2, 0.2]})
    ks = list(null.columns)
    curves = [[0.35, 0.32, 0.27, 0.19], [0.22, 0.30, 0.24, 0.10], [0.26, 0.40, 0.21, 0.15], [0.30, 0.33, 0.26, 0.20]]
    right = [[2, 4], [], [3], []]
    values = []
    for curve in curves:
        result = answer(pd.Series(curve, index=ks), null.copy())
        if result is None or not isinstance(result, Iterable) or isinstance(result, str):
            return "Return a list. It may be empty: that no number is supported is an answer, too."
        values.append(sorted(np.asarray(list(result)).tolist()))
    if values == right:
        return ""
    if any(set(numbers) - set(ks) for numbers in values):
        return "Return numbers of clusters, such as 3: the index of the curve. These are something else."
    if values[3] and values[:3] == right[:3]:
        return "A silhouette that only equals the highest one without groups does not lie above it."
    beyond = [[k for k, value in zip(ks, curve, strict=True) if value > null[k].mean()] for curve in curves]
    if values == beyond:
        return "This compares with the mean of the shops without groups. Some of them lie above it: take the highest."
    if all(len(numbers) == 1 for numbers in values):
        return "This always names one number. Some of these curves support two, and some support none."
    overall = [[k for k, value in zip(ks, curve, strict=True) if value > null.to_numpy().max()] for curve in curves]
    if values == overall:
        return "This compares with the highest value at any k. Compare each k with the shops without groups at that k."
    return "Keep a k if the value of the curve at k is greater than each value of the column k of the table."


def gain_over_majority(answer: Any) -> str:
    """M3.1: the accuracy of predictions less that of always naming the most frequent class."""
    if not callable(answer):
        return "Give the function itself, without brackets behind its name."
    cases = [
        (["a"] * 7 + ["b"] * 3, ["a"] * 6 + ["b"] * 2 + ["a"] * 2),
        (["b", "b", "b", "a"], ["b", "b", "b", "b"]),
        (["a", "b", "c", "c"], ["a", "b", "c", "c"]),
        (["x", "y", "y", "y", "y"], ["x", "x", "x", "x", "x"]),
    ]
    values = [_number(answer(pd.Series(truth), pd.Series(predicted))) for truth, predicted in cases]
    if None in values:
        return "Return one number."
    pairs = [(pd.Series(truth), pd.Series(predicted)) for truth, predicted in cases]
    accuracy = np.array([(truth == predicted).mean() for truth, predicted in pairs])
    majority = np.array([truth.value_counts(normalize=True).max() for truth, _ in pairs])
    if _same(values, accuracy - majority):
        return ""
    if _same(values, majority - accuracy):
        return "The sign is turned: predictions that are better than the most frequent class have a positive gain."
    if _same(values, accuracy):
        return "This is the accuracy. How often would one be right who always names the most frequent class?"
    if _same(values, 100 * (accuracy - majority)):
        return "This is in per cent. Shares lie between 0 and 1."
    if _same(values, accuracy / majority) or _same(values, accuracy / majority - 1):
        return "This is a ratio. The question is about the difference."
    predicted_majority = np.array([predicted.value_counts(normalize=True).max() for _, predicted in pairs])
    if _same(values, accuracy - predicted_majority):
        return "The most frequent class is looked up among the predictions. Look it up in the truth."
    if _same(values, accuracy - np.array([1 / truth.nunique() for truth, _ in pairs])):
        return "This compares with a guess in which all classes are equally frequent. They are not."
    return "The share of right predictions, less the share of the most frequent class in the truth."


EXERCISES: dict[str, Callable[..., str]] = {
    "L0.1": share_burned_by_gender,
    "L0.2": one_row_a_customer,
    "L1.1": honest_silhouette,
    "L1.2": variance_shares,
    "L2.1": equal_distances,
    "L2.2": renumbered_cities,
    "L3.1": silhouettes_of_null,
    "L3.2": permutation_p_value,
    "L4.1": jaccard_index,
    "L4.2": letters_by_mean,
    "L5.1": customers_per_arm,
    "L5.2": difference_of_shares,
    "L6.1": mapping_of_invoices,
    "L6.2": share_of_largest,
    "M1.1": net_spending,
    "M2.1": supported_numbers,
    "M3.1": gain_over_majority,
}
"""By number of the exercise."""
