"""A segmentation as one SQL statement: from features, or from the tables, to the segment of every customer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from sklearn.decomposition import PCA

from seglib.campaign import ControlGroup
from seglib.errors import ParameterRefused
from seglib.scoring.columns import added_by_level, codes, columns, component, dummy, number, stepped, unseen, value_of
from seglib.scoring.model import SegmentModel
from seglib.sql import (
    COUNTS_SQL,
    DIALECTS,
    FEATURES_SQL,
    UNIFIED_SQL,
    in_parts,
    own_parts,
    quoted,
    sql_literal,
    unordered,
)
from seglib.style import did_you_mean, join_words

Start = Literal["features", "tables"]
STARTS = get_args(Start)

NO_TRANSACTION = "no transaction"
"""The remark on a customer who has none by ``as_of``: such a customer has no segment."""

NOT_SEEN, NOT_KNOWN = "not seen in training", "not known"
"""Ends of remarks on a level that is new, and on a value that is missing."""

_INFINITY = "1e308"
"""Larger than any distance; not every dialect has a literal for infinity."""


def scoring_sql(
    model: SegmentModel, *, dialect: str = "duckdb", start: Start = "features", control: ControlGroup | None = None
) -> str:
    """Write the statement that places every customer.

    Parameters
    ----------
    model : SegmentModel
    dialect : str, default="duckdb"
        One of `seglib.sql.dialects.DIALECTS`.
    start : {"features", "tables"}
        ``features``: reads a table ``features`` with the columns of features.parquet; of recipe ``baseline``, a table
        ``unified`` with those of unified.parquet. ``tables``: reads the canonical tables; in PostgreSQL, where the
        run's source was such a database, the shop's own.
    control : ControlGroup, optional
        Of a campaign: a column control says who is in it, and a column holdout who gets no campaign at all, where there
        are such customers.

    Returns
    -------
    str
        One SELECT: customer_id, segment, segment_name, confidence, second_segment, outlier, remark (why a value had to
        be assumed, or why there is no segment; else null). What is not seen in training or not known is treated as
        `SegmentModel.describe` treats it. Of two centres as near, the earlier letter. No probability: see
        `seglib.scoring.score.Scored`.

    Raises
    ------
    ParameterRefused
        If there is no such dialect or start, or the dialect lacks words for something.
    """
    if dialect not in DIALECTS:
        raise ParameterRefused(
            f"there is no dialect '{dialect}'{did_you_mean(dialect, DIALECTS)}; there are: {join_words(DIALECTS)}",
            parameter="dialect",
        )
    if start not in STARTS:
        raise ParameterRefused(f"start is one of {join_words(STARTS)}, not '{start}'", parameter="start")
    parts = _Parts(model, control)
    named: dict[str, str] = {}
    if start == "tables":
        if model.views and dialect == "postgres":
            named |= model.views
        for name, select in parts.of_tables():
            named |= _translated(name, select, dialect)
    for name, select in parts.of_rows():
        named |= _translated(name, select, dialect)
    [(_, last)] = _translated("last", parts.last(whole=start == "tables"), dialect).items()
    # PostgreSQL inlines a common table expression into every place that reads it: the distances, which `_compared`
    # reads dozens of times, would be computed anew each time
    materialized = " MATERIALIZED" if dialect == "postgres" else ""
    body = ",\n\n".join(f"{name} AS{materialized} (\n{select}\n)" for name, select in named.items())
    return f"{_header(model, dialect, start, control)}WITH {body}\n\n{last}\n"


def beginning(statement: str, *, lines: int = 40) -> str:
    r"""Return the first lines of a statement in Markdown, and how many more there are.

    Examples
    --------
    >>> print(beginning("SELECT 1\nAS one\nFROM here", lines=2))
    ```sql
    SELECT 1
    AS one
    -- 1 more line
    ```
    """
    every = statement.strip().splitlines()
    rest = len(every) - lines
    note = [f"-- {rest:,} more line{'' if rest == 1 else 's'}"] if rest > 0 else []
    return "\n".join(["```sql", *every[:lines], *note, "```"])


def _translated(name: str, select: str, dialect: str) -> dict[str, str]:
    """Write a SELECT in another dialect; the named parts that it begins with come before it."""
    before, body = in_parts(select, dialect, pretty=True)
    return before | {name: body}


def _header(model: SegmentModel, dialect: str, start: Start, control: ControlGroup | None) -> str:
    """Say in comments what the statement is, what it reads, and what the model may claim."""
    table = "unified" if model.recipe.grain == "transaction" else "features"
    reads = {"features": f"a table {table} with the columns of {table}.parquet"}
    reads["tables"] = "the canonical tables (customers, transactions and so on) as 01_ingest writes them"
    if start == "tables" and model.views and dialect == "postgres":
        reads["tables"] = "the shop's own tables, as the mapping of the run reads them"
    lines = [
        f"Segments of run {model.run}, {dialect}; made by seglib {model.versions['seglib']}. Reads {reads[start]}.",
        "One row a customer: segment, confidence (0 on a border, 1 on a centre), the next segment, outlier, remark.",
        f"Verdict: {model.verdict.sentence}",
    ]
    if control:
        lines.append(
            f"control: the control group of campaign {control.name}, {control.share:.0%} of all; do not write to it."
        )
        if control.holdout:
            lines.append(f"holdout: {control.holdout.share:.0%} of all, who get no campaign at all.")
    if start == "tables" and model.observed:
        lines.append("The day that is looked from is as_of, in study: change it there.")
    return "".join(f"-- {' '.join(line.split())}\n" for line in lines)


@dataclass(frozen=True)
class _Parts:
    """The named parts of the statement, in DuckDB's dialect."""

    model: SegmentModel
    control: ControlGroup | None = None

    @property
    def by_transaction(self) -> bool:
        return self.model.recipe.grain == "transaction"

    def of_tables(self) -> Iterator[tuple[str, str]]:
        """From the canonical tables to features, or to the unified table."""
        model = self.model
        variables = [name for name in model.sources if name in model.variables]
        if not model.observed:
            more = "".join(f", c.{quoted(name)}" for name in variables)
            joins = "LEFT JOIN genders AS g ON g.gender_id = c.gender_id LEFT JOIN cities AS y ON y.city_id = c.city_id"
            if not self.own_kinds:
                yield "features", f"SELECT c.customer_id, g.gender_name, y.city_name{more} FROM customers AS c {joins}"
                return
            yield "study", _study(model)
            yield "described", f"SELECT c.customer_id, g.gender_name, y.city_name{more} FROM customers AS c {joins}"
            yield from self._with_own("described")
            return
        yield "study", _study(model)
        if self.by_transaction:
            yield "unified", unordered(UNIFIED_SQL)
            return
        yield "counts", COUNTS_SQL
        added = bool(self.own_kinds)
        yield ("described" if variables or added else "features"), unordered(FEATURES_SQL)
        if variables:
            more = "".join(f", c.{quoted(name)}" for name in variables)
            join = "INNER JOIN customers AS c ON c.customer_id = d.customer_id"
            yield ("enriched" if added else "features"), f"SELECT d.*{more} FROM described AS d {join}"
        if added:
            yield from self._with_own("enriched" if variables else "described")

    @property
    def own_kinds(self) -> dict[str, str]:
        """What the analyst has added to the features, if the model is made of any of it."""
        kinds = self.model.recipe.own_features.kinds if self.model.recipe.own_features else {}
        return kinds if any(name in kinds for name in self.model.sources) else {}

    def _with_own(self, described: str) -> Iterator[tuple[str, str]]:
        """Put the features that the analyst has added beside the others."""
        yield from own_parts(self.model.recipe.own_features.sql, self.own_kinds).items()
        more = "".join(f", o.{quoted(name)}" for name in self.own_kinds)
        join = "LEFT JOIN own_features AS o ON o.customer_id = d.customer_id"
        yield "features", f"SELECT d.*{more} FROM {described} AS d {join}"

    def of_rows(self) -> Iterator[tuple[str, str]]:
        """From features to one row per customer with its segment."""
        names = [name for name, kind in self.model.sources.items() if kind in ("binary", "nominal")]
        if self.model.matrix_steps:
            yield "prepared", self._prepared()
            yield from self._through_steps(names)
        else:
            for name in names:
                yield _levels_name(name, names), self._levels(name)
            yield "prepared", self._prepared()
            yield "distances", self._distances(names)
        yield from self._compared()
        if self.by_transaction:
            yield from self._by_customer()

    @property
    def _identity(self) -> list[str]:
        return ["customer_id", "transaction_id"] if self.by_transaction else ["customer_id"]

    def _levels(self, name: str) -> str:
        """Write what each level of a name adds to the squared distance from each centre."""
        levels, added = added_by_level(self.model, name)
        rows = ", ".join(
            f"({sql_literal(level)}, {', '.join(number(value) for value in row)})"
            for level, row in zip(levels, added[:-1], strict=True)
        )
        names = ", ".join(_column("from", letter) for letter in self.model.letters)
        return f"SELECT * FROM (VALUES {rows}) AS t(level, {names})"

    def _prepared(self) -> str:
        """Write the values as the matrix has them; of a name, its level."""
        cells = [f"f.{name}" for name in self._identity]
        for name, kind in self.model.sources.items():
            value = f"f.{self._cell(name)}"
            if kind == "numeric" and name == "coupon_usage_frequency":
                value = "CAST(count(*) OVER (PARTITION BY f.customer_id) AS DOUBLE)"
            cells.append(f"{value_of(self.model, name, kind, value)} AS {quoted(name)}")
        cells.append(f"{self._remark()} AS remark")
        return f"SELECT {', '.join(cells)} FROM {'unified' if self.by_transaction else 'features'} AS f"

    def _cell(self, name: str) -> str:
        """Write the name of a column of the features; what is not ours may be called what SQL cannot."""
        is_theirs = name in self.model.variables or name in self.own_kinds
        return quoted(name) if is_theirs else name

    def _remark(self) -> str:
        """Write what had to be assumed; the first that applies."""
        whens = []
        for name, kind in self.model.sources.items():
            if name == "coupon_usage_frequency":
                continue
            value = f"f.{self._cell(name)}"
            whens.append(f"WHEN {value} IS NULL THEN {sql_literal(f'{name} {NOT_KNOWN}')}")
            if kind == "code":
                levels = ", ".join(sql_literal(level) for level in codes(self.model, name))
                whens.append(f"WHEN {value} NOT IN ({levels}) THEN {sql_literal(f'{name} {NOT_SEEN}')}")
        return f"CASE {' '.join(whens)} END" if whens else "CAST(NULL AS VARCHAR)"

    def _distances(self, names: list[str]) -> str:
        """Write the Euclidean distance from every centre.

        It is the square root of the sum of squared differences, column by column, as `SegmentKMeans.transform` computes
        it. The expansion |x|^2 - 2xc + |c|^2 would be shorter, but it cancels digits close to a centre, and a customer
        near a border could then get another letter than from scikit-learn.

        A name is dozens of dummy columns of which one is not 0. Their sum of squared differences depends only on the
        level, so it is computed once (`added_by_level`) and joined as one number for each level and centre.

        Numbers are written with an exponent (`number`): without it, DuckDB and PostgreSQL take 0.25 for a DECIMAL, and
        would round what a DOUBLE does not.
        """
        model = self.model
        joins, unseen = "", ""
        for place, name in enumerate(names):
            joins += f" LEFT JOIN {_levels_name(name, names)} AS l{place} ON l{place}.level = p.{quoted(name)}"
            unseen += f" WHEN l{place}.level IS NULL THEN {sql_literal(f'{name} {NOT_SEEN}')}"
        cells = [f"p.{name}" for name in self._identity]
        for letter in model.letters:
            terms = []
            for name, places in columns(model).items():
                if name in names:
                    place = names.index(name)
                    unseen_level = number(added_by_level(model, name)[1][-1][model.letters.index(letter)])
                    terms.append(f"coalesce(l{place}.{_column('from', letter)}, {unseen_level})")
                else:
                    gap = f"(p.{quoted(name)} - {number(model.centres.loc[letter].iloc[places[0]])})"
                    terms.append(f"{gap} * {gap}")
            cells.append(f"sqrt({' + '.join(terms)}) AS {_column('to', letter)}")
        remark = f"coalesce(p.remark, CASE{unseen} END)" if unseen else "p.remark"
        return f"SELECT {', '.join(cells)}, {remark} AS remark FROM prepared AS p{joins}"

    def _through_steps(self, names: list[str]) -> Iterator[tuple[str, str]]:
        """Write the columns of the matrix, what the analyst's steps make of them, and the distances from the centres.

        Here a name is written as its dummy columns, because a step may mix them with others.
        """
        model, keys = self.model, ", ".join(f"p.{name}" for name in self._identity)
        cells, whens = {}, ""
        for name, places in columns(model).items():
            value = f"p.{quoted(name)}"
            for number_of, place in enumerate(places):
                cells[place] = dummy(model, name, number_of, value) if name in names else value
            if name in names:
                whens += f" WHEN {unseen(model, name, value)} THEN {sql_literal(f'{name} {NOT_SEEN}')}"
        remark = f"coalesce(p.remark, CASE{whens} END)" if whens else "p.remark"
        before, current = "prepared", [cells[place] for place in sorted(cells)]
        for number_of, step in enumerate([None, *model.matrix_steps]):
            if step is not None:
                before, remark = f"columns_{number_of - 1}", "p.remark"
                values = [f"p.c{place}" for place in range(len(current))]
                if isinstance(step, PCA):
                    current = [component(step, place, values) for place in range(step.n_components_)]
                else:
                    current = [stepped("the matrix", step, value, place) for place, value in enumerate(values)]
            selected = ", ".join(f"{cell} AS c{place}" for place, cell in enumerate(current))
            yield f"columns_{number_of}", f"SELECT {keys}, {selected}, {remark} AS remark FROM {before} AS p"
        to = []
        for letter in model.letters:
            gaps = [f"(p.c{place} - {number(centre)})" for place, centre in enumerate(model.centres.loc[letter])]
            to.append(f"sqrt({' + '.join(f'{gap} * {gap}' for gap in gaps)}) AS {_column('to', letter)}")
        last = f"columns_{len(model.matrix_steps)}"
        yield "distances", f"SELECT {keys}, {', '.join(to)}, p.remark AS remark FROM {last} AS p"

    def _compared(self) -> Iterator[tuple[str, str]]:
        """Write the nearest centre, the next one, the margin (its column is confidence), and who is an outlier."""
        # `to_x` is the distance to segment X; `but_x` is the same, but larger than any distance where X is the nearest.
        # So the least of all `but_x` is the distance to the next segment. Every dialect has `least`; few sort a row.
        letters = self.model.letters
        to, but = ([_column(prefix, s) for s in letters] for prefix in ("to", "but"))
        keys = ", ".join(f"s.{name}" for name in self._identity)
        yield "shortest", f"SELECT d.*, least({', '.join(to)}) AS shortest FROM distances AS d"
        whens = " ".join(f"WHEN s.{column} = s.shortest THEN '{s}'" for column, s in zip(to, letters, strict=True))
        yield "nearest", f"SELECT s.*, CASE {whens} END AS segment FROM shortest AS s"
        rest = ", ".join(
            f"CASE WHEN s.segment = '{s}' THEN {_INFINITY} ELSE s.{distance} END AS {other}"
            for s, distance, other in zip(letters, to, but, strict=True)
        )
        yield "others", f"SELECT {keys}, s.segment, s.shortest, s.remark, {rest} FROM nearest AS s"
        yield "longer", f"SELECT s.*, least({', '.join(but)}) AS longer FROM others AS s"
        whens = " ".join(f"WHEN s.{column} = s.longer THEN '{s}'" for column, s in zip(but, letters, strict=True))
        # rounded to six digits by hand: PostgreSQL has no round(x, 6) for a DOUBLE
        margin = "CASE WHEN s.longer > 0 THEN floor((1e0 - s.shortest / s.longer) * 1e6 + 0.5e0) / 1e6 ELSE 0e0 END"
        far = " OR ".join(
            f"(s.segment = '{s}' AND s.shortest > {number(self.model.outlier_radius[s])})" for s in letters
        )
        second = f"CASE {whens} END"
        yield (
            "placed",
            f"SELECT {keys}, s.segment, {margin} AS confidence, {second} AS second_segment, ({far}) AS outlier, "
            "s.remark FROM longer AS s",
        )

    def _by_customer(self) -> Iterator[tuple[str, str]]:
        """From transactions to customers: each goes to the segment that holds most of its transactions."""
        yield (
            "counted",
            "SELECT customer_id, segment, count(*) AS n, max(CASE WHEN outlier THEN 1 ELSE 0 END) AS far, "
            "min(remark) AS remark FROM placed GROUP BY customer_id, segment",
        )
        yield (
            "ranked",
            "SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY n DESC, segment) AS place, "
            "CAST(n AS DOUBLE) / sum(n) OVER (PARTITION BY customer_id) AS share FROM counted",
        )
        yield (
            "customer",
            "SELECT customer_id, max(CASE WHEN place = 1 THEN segment END) AS segment, "
            "floor(max(CASE WHEN place = 1 THEN share END) * 1e6 + 0.5e0) / 1e6 AS confidence, "
            "max(CASE WHEN place = 2 THEN segment END) AS second_segment, max(far) = 1 AS outlier, "
            "min(remark) AS remark FROM ranked GROUP BY customer_id",
        )

    def last(self, *, whole: bool) -> str:
        """Write the SELECT that gives the answer; where it starts from tables, for every customer there is."""
        model = self.model
        whens = " ".join(f"WHEN {sql_literal(s)} THEN {sql_literal(name)}" for s, name in model.names.items())
        name = f"CASE p.segment {whens} END" if whens else "CAST(NULL AS VARCHAR)"
        cells = f"p.segment, {name} AS segment_name, p.confidence, p.second_segment, p.outlier"
        placed = "customer" if self.by_transaction else "placed"
        if self.control:
            customer = "c.customer_id" if whole else "p.customer_id"
            cells += f", {self.control.sql(customer)} AS control"
            if self.control.holdout:
                cells += f", {self.control.holdout.sql(customer)} AS holdout"
        if not whole:
            return f"SELECT p.customer_id, {cells}, p.remark FROM {placed} AS p"
        remark = f"CASE WHEN p.customer_id IS NULL THEN {sql_literal(NO_TRANSACTION)} ELSE p.remark END AS remark"
        join = f"LEFT JOIN {placed} AS p ON p.customer_id = c.customer_id"
        return f"SELECT c.customer_id, {cells}, {remark} FROM customers AS c {join}"


def _study(model: SegmentModel) -> str:
    cells = []
    types = {"as_of": "DATE", "burn_window_days": "INTEGER", "burns_dated": "BOOLEAN"}
    for name, value in model.study.items():
        kind = types.get(name, "DOUBLE")
        literal = "NULL" if value is None else number(value) if kind == "DOUBLE" else sql_literal(str(value))
        cells.append(f"CAST({literal} AS {kind}) AS {name}")
    return f"SELECT {', '.join(cells)}"


def _column(prefix: str, letter: str) -> str:
    return f"{prefix}_{letter.lower()}"


def _levels_name(name: str, names: list[str]) -> str:
    """Name the part that holds the levels of a name; a variable of the shop may be called what SQL cannot."""
    return f"{name}_levels" if name in ("gender_name", "city_name", "never_burned") else f"levels_{names.index(name)}"
