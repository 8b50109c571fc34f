"""Tell whether the answer to an exercise is right, and if not, why."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from seglib.errors import ParameterRefused
from seglib.lab.exercises import EXERCISES

NO_ANSWER = "No answer yet: write it into the cell above, run that cell, then run this one."


@dataclass(frozen=True)
class Checked:
    """What a check says.

    Attributes
    ----------
    right : bool
    text : str
        Why the answer is not right, without giving the right one; "Right." otherwise.
    """

    right: bool
    text: str

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        """Show the text with a mark and a colour; the words alone say as much."""
        mark, colour = ("✓", "#1b7837") if self.right else ("✗", "#a50026")
        style = f"border-left: .4em solid {colour}; padding: .3em .8em"
        return f'<div style="{style}"><b style="color: {colour}">{mark}</b> {html.escape(self.text)}</div>'


def check(exercise: str, answer: Any, **given: Any) -> Checked:
    """Tell whether an answer is right, and if not, why.

    Parameters
    ----------
    exercise : str
        Its number, such as "L2.1".
    answer : Any
        A number, a table, a function, as the exercise asks for.
    **given
        What the exercise was about, such as the data; the check cells of the lessons give it.

    Returns
    -------
    Checked

    Raises
    ------
    ParameterRefused
        If there is no such exercise.
    """
    if exercise not in EXERCISES:
        raise ParameterRefused(
            f"there is no exercise {exercise}; there are {', '.join(EXERCISES)}", parameter="exercise"
        )
    if answer is ... or answer is None:
        return Checked(False, NO_ANSWER)
    fault = _fault(EXERCISES[exercise], answer, given)
    return Checked(not fault, fault or "Right.")


def _fault(find: Callable[..., str], answer: Any, given: dict[str, Any]) -> str:
    """Return what is wrong with an answer; an answer of another kind than was asked for may raise anything."""
    try:
        return find(answer, **given)
    except NotImplementedError:
        return NO_ANSWER
    except Exception as error:
        return f"This could not be checked: {type(error).__name__}: {error}. Is it of the kind that was asked for?"
