"""How things are written: numbers, shares, p-values, times, letters and colours of segments, and words in a sentence.

All pages, notebooks and terminals use these functions, so that the same thing looks the same everywhere. The package
only turns values into text; it computes nothing and displays nothing.

Start with `Wording`: what a transaction is called in this shop. A text that depends on it is a template with named
fields such as ``{coupons}``, and `Wording.of` fills it. A text from the data never is a template: it is put into a
sentence as a value, and goes through `escape_markdown` before it is shown as Markdown.
"""

from seglib.style.colours import PALETTE, colour
from seglib.style.escape import bullet_list, escape_markdown, show_controls, visible
from seglib.style.formats import duration, format_number, measured, moment, p_value, percent
from seglib.style.letters import letter, position
from seglib.style.vocabulary.checked import WordsRefused, vocabulary_of
from seglib.style.vocabulary.verdict import ADVICE, HEADLINES, MEANING, MONDAY
from seglib.style.vocabulary.vocabulary import ENGLISH, VerdictWords, Vocabulary
from seglib.style.wording import (
    COUPON,
    NO_TRANSACTIONS,
    PLAIN_RULE,
    PLAIN_RULE_MEANING,
    TRANSACTION,
    WORDINGS,
    Wording,
    did_you_mean,
    each,
    each_once,
    humanize,
    join_words,
    shortened,
)

__all__ = [
    "ADVICE",
    "COUPON",
    "ENGLISH",
    "HEADLINES",
    "MEANING",
    "MONDAY",
    "NO_TRANSACTIONS",
    "PALETTE",
    "PLAIN_RULE",
    "PLAIN_RULE_MEANING",
    "TRANSACTION",
    "WORDINGS",
    "VerdictWords",
    "Vocabulary",
    "Wording",
    "WordsRefused",
    "bullet_list",
    "colour",
    "did_you_mean",
    "duration",
    "each",
    "each_once",
    "escape_markdown",
    "format_number",
    "humanize",
    "join_words",
    "letter",
    "measured",
    "moment",
    "p_value",
    "percent",
    "position",
    "shortened",
    "show_controls",
    "visible",
    "vocabulary_of",
]
