"""The rules in SQL, built with sqlglot, which quotes names and texts from the data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from seglib.interpretation.surrogate_tree.tree import Bounds, Question, TreePath, by_column

if TYPE_CHECKING:
    from sqlglot.expressions import Expression


def case_of(rules: Sequence[tuple[TreePath, str]], features: pd.DataFrame) -> str:
    """Write the rules as CASE: the last one as ELSE. A value that is NULL goes where the tree sends it."""
    from sqlglot import exp

    case = exp.Case()
    *first, (_, last) = rules
    for path, segment in first:
        case = case.when(exp.and_(*_conditions(path, features)), exp.Literal.string(segment))
    otherwise = exp.Literal.string(last)
    return (case.else_(otherwise) if first else otherwise).sql(dialect="duckdb", pretty=True)


def _conditions(path: TreePath, features: pd.DataFrame) -> list[Expression]:
    """Return what leads to a leaf, column by column in the order of the questions."""
    from sqlglot import exp

    expressions = []
    for name, questions in by_column(path).items():
        column = exp.column(name, quoted=True)
        if questions[0][0].kind == "nominal":
            expressions += _level_conditions(column, questions)
            continue
        boolean = pd.api.types.is_bool_dtype(features[name].dtype)
        number = exp.cast(column, "INTEGER") if boolean else column
        expressions += _number_conditions(column, number, Bounds.of(questions))
    return expressions


def _level_conditions(column: Expression, questions: Sequence[tuple[Question, bool]]) -> list[Expression]:
    """Return which level a name has; what it has not, only where no level is certain."""
    from sqlglot import exp

    answered_yes = [(question, answer) for question, answer in questions if answer]
    expressions = []
    for question, answer in answered_yes or questions:
        if question.level is None:
            is_null = exp.Is(this=column.copy(), expression=exp.Null())
            expressions.append(is_null if answer else exp.not_(is_null))
        elif answer:
            expressions.append(exp.EQ(this=column.copy(), expression=literal(question.level)))
        else:  # IS DISTINCT FROM: true for NULL as well
            expressions.append(exp.NullSafeNEQ(this=column.copy(), expression=literal(question.level)))
    return expressions


def _number_conditions(column: Expression, number: Expression, bounds: Bounds) -> list[Expression]:
    """Return between which bounds a column lies, read as a number, and whether it may be NULL."""
    from sqlglot import exp

    is_null = exp.Is(this=column.copy(), expression=exp.Null())
    if not bounds.possible:
        return [is_null if bounds.missing else exp.false()]
    sides = []
    if math.isfinite(bounds.least):
        sides.append(exp.GT(this=number.copy(), expression=literal(bounds.least)))
    if math.isfinite(bounds.most):
        sides.append(exp.LTE(this=number.copy(), expression=literal(bounds.most)))
    if not sides:
        return [exp.true() if bounds.missing else exp.not_(is_null)]
    return [exp.paren(exp.or_(exp.and_(*sides), is_null))] if bounds.missing else sides


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
        if len(digits) > 15 and "e" not in digits:
            digits += "e0"
    unsigned = exp.Literal.number(digits)
    return exp.Neg(this=unsigned) if number < 0 else unsigned
