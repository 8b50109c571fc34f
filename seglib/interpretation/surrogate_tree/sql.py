"""What the rules are in SQL, by way of sqlglot: names and texts from the data are quoted by it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from seglib.interpretation.surrogate_tree.tree import Bounds

if TYPE_CHECKING:
    from sqlglot.expressions import Expression


def case_of(rules: Sequence[tuple[tuple, str]], features: pd.DataFrame) -> str:
    """Write the rules as CASE: the last one as ELSE. A value that is NULL goes where the tree sends it."""
    from sqlglot import exp

    case = exp.Case()
    *first, (_, last) = rules
    for path, segment in first:
        case = case.when(exp.and_(*_conditions(path, features)), exp.Literal.string(segment))
    otherwise = exp.Literal.string(last)
    return (case.else_(otherwise) if first else otherwise).sql(dialect="duckdb", pretty=True)


def _conditions(path: tuple, features: pd.DataFrame) -> list[Expression]:
    """Return what leads to a leaf, column by column in the order of the questions."""
    from sqlglot import exp

    made = []
    for name in dict.fromkeys(question.column for question, _ in path):
        own = [(q, answer) for q, answer in path if q.column == name]
        column = exp.column(name, quoted=True)
        unknown = exp.Is(this=column.copy(), expression=exp.Null())
        if own[0][0].kind == "nominal":
            sure = [(q, answer) for q, answer in own if answer] or own
            made += [_named(column, unknown, q.level, answer) for q, answer in sure]
            continue
        if pd.api.types.is_bool_dtype(features[name].dtype):
            column = exp.cast(column, "INTEGER")
        bounds = Bounds.of(own)
        sides = []
        if bounds.known and math.isfinite(bounds.least):
            sides.append(exp.GT(this=column.copy(), expression=literal(bounds.least)))
        if bounds.known and math.isfinite(bounds.most):
            sides.append(exp.LTE(this=column.copy(), expression=literal(bounds.most)))
        if not bounds.known:
            made.append(unknown if bounds.unknown else exp.false())
        elif not sides:
            made.append(exp.true() if bounds.unknown else exp.not_(unknown))
        elif bounds.unknown:
            made.append(exp.paren(exp.or_(exp.and_(*sides), unknown)))
        else:
            made += sides
    return made


def _named(column: Expression, unknown: Expression, level: Any, answer: bool) -> Expression:
    from sqlglot import exp

    if level is None:
        return unknown if answer else exp.not_(unknown)
    same = exp.EQ if answer else exp.NullSafeNEQ  # IS DISTINCT FROM: true where nothing is known
    return same(this=column.copy(), expression=literal(level))


def literal(value: Any) -> Expression:
    """Return a value as SQL: text quoted, and a number as the very float that it is."""
    from sqlglot import exp

    if isinstance(value, bool | np.bool_):
        return exp.Boolean(this=bool(value))
    if not isinstance(value, int | float | np.number):
        return exp.Literal.string(str(value))
    number = float(value)
    if number == int(number) and abs(number) < 1e15:
        digits = str(abs(int(number)))
    else:  # many digits would be read as a decimal, and rounded on the way to a float
        digits = repr(abs(number))
        digits += "e0" if len(digits) > 15 and "e" not in digits else ""
    made = exp.Literal.number(digits)
    return exp.Neg(this=made) if number < 0 else made
