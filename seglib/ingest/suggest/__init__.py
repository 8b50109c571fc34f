"""A first mapping file for a source, for the analyst to correct: ``seglib check --suggest``.

The name says what a table or column may be, and its values must support it: a date must be read as one, a key must
tell rows apart, a reference must be found. What is sure becomes a line; what is not, a comment with the reason.
"""

from seglib.ingest.suggest.suggestion import suggest

__all__ = [
    "suggest",
]
