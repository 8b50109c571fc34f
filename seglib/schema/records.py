"""The records that one notebook hands on to the next as JSON: one frozen dataclass each, and its only owner.

A record knows how it is written (`Record.to_json`) and read (`Record.from_json`). Nobody else builds or reads the
dictionaries in between. A field whose key had another name in the last version is still read by that name; a key that
the class does not know is passed over.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any, Literal, Self, Union, get_args, get_origin, get_type_hints

from seglib.schema.renamed import RENAMED_PARAMETERS


class Record:
    """What a JSON artefact holds. Subclasses are frozen dataclasses of plain values, tuples, mappings and records."""

    def to_json(self) -> dict[str, Any]:
        """Return the record as a dictionary of what JSON has: texts, numbers, lists, dictionaries, None."""
        return {_key(f): _plain(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Read a record.

        Parameters
        ----------
        content : mapping of str to Any
            What `to_json` gave, also in the last version.

        Raises
        ------
        KeyError
            If a field without a default is missing; the error names the key.
        """
        hints, values = _hints(cls), {}
        for f in fields(cls):
            key = next((name for name in (_key(f), f.metadata.get("formerly")) if name in content), None)
            if key is not None:
                values[f.name] = _typed(hints[f.name], content[key])
            elif f.name in _required(cls):
                raise KeyError(_key(f))
        return cls(**values)


def _key(f: Any) -> str:
    return f.metadata.get("key", f.name)


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


@cache
def _required(cls: type) -> frozenset[str]:
    from dataclasses import MISSING

    return frozenset(f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING)


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_json()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _typed(hint: Any, value: Any) -> Any:
    """Give a value from JSON the type that a field declares."""
    origin, inner = get_origin(hint), get_args(hint)
    if value is None or hint is Any:
        return value
    if origin in (Union, types.UnionType):
        return _typed(next(arm for arm in inner if arm is not type(None)), value)
    if isinstance(hint, type) and issubclass(hint, Record):
        return hint.from_json(value)
    if origin is tuple:
        return tuple(_typed(inner[0], item) for item in value)
    if origin in (dict, Mapping) or (isinstance(origin, type) and issubclass(origin, Mapping)):
        return {key: _typed(inner[1], item) for key, item in value.items()}
    return value


# ---- 01 ----


@dataclass(frozen=True)
class VariableRecord(Record):
    """A column of the customers table that builds segments, because the mapping file says so.

    Attributes
    ----------
    kind : {"numeric", "binary", "nominal"}
        A binary variable is 0 or 1, a nominal one is a name.
    unit : str
        Empty where the mapping says none.
    log : bool
        Whether differences are judged on the scale of log(1 + x).
    weight : float
        How much it counts: differences are multiplied by it.
    scaling : {"standard", "robust", "none"} or None
        Its own scale; None: that of the run.
    """

    kind: Literal["numeric", "binary", "nominal"]
    unit: str = ""
    log: bool = False
    weight: float = 1.0
    scaling: Literal["standard", "robust", "none"] | None = None


@dataclass(frozen=True)
class InputRecord(Record):
    """A table that was read: its name, its rows, and the SHA-256 of what it was read from."""

    name: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class FindingRecord(Record):
    """A rule of the contract that found something, in how many rows, and how much money these hold.

    ``money`` is None where no amounts are recorded, or the rows are not set aside. ``rule`` is its id, such as
    ``transactions.burn_date.after_as_of``; empty in records of the last version.
    """

    severity: str
    table: str
    sentence: str
    rows: int
    money: float | None = None
    rule: str = ""


@dataclass(frozen=True)
class RowsRecord(Record):
    """Rows that came in, were accepted, and were set aside; the first is the sum of the others."""

    came: int = field(metadata={"key": "in"})
    accepted: int
    quarantined: int


@dataclass(frozen=True)
class DatabaseRecord(Record):
    """How the canonical tables can be had in the database that the source is, or why they cannot.

    Attributes
    ----------
    reason : str or None
        Why they cannot; None if they can.
    views : dict of str to str
        The SELECT of every canonical table, in PostgreSQL's dialect.
    fingerprints : dict of str to str
        By table: what tells its rows from any others.
    url : str or None
        The database, without its password.
    """

    reason: str | None = field(default=None, metadata={"formerly": "not"})
    views: dict[str, str] = field(default_factory=dict, metadata={"formerly": "prelude"})
    fingerprints: dict[str, Any] = field(default_factory=dict, metadata={"formerly": "prints"})
    url: str | None = None


@dataclass(frozen=True)
class ShopRecord(Record):
    """``shop.json``: what 01 read, and on which day the shop is looked at.

    Attributes
    ----------
    source, kind : str
        Fit to be shown: no path, no credentials.
    as_of : str or None
        ISO date; None where there are no transactions.
    first_transaction, last_transaction : str or None
        ISO dates, up to ``as_of``.
    cities : tuple of str
        The only cities whose customers are looked at; empty: all.
    variables : dict of str to VariableRecord
        The columns of the customers table that build segments.
    inputs : tuple of InputRecord
    notes : tuple of str
    findings : tuple of FindingRecord
    rows : RowsRecord
    database : DatabaseRecord
    wording : {"coupon", "transaction", "none"} or None
        What a row of the table of transactions is called (`seglib.style.WORDINGS`); None in records of version 0.6.
    place : str
        What the place of a customer is: city, country, region, ...
    currency : str
        Of amounts; empty where neither the mapping nor the cells say it.
    """

    source: str
    kind: str
    as_of: str | None
    first_transaction: str | None
    last_transaction: str | None
    cities: tuple[str, ...]
    variables: dict[str, VariableRecord]
    inputs: tuple[InputRecord, ...]
    notes: tuple[str, ...]
    rows: RowsRecord
    database: DatabaseRecord
    findings: tuple[FindingRecord, ...] = ()
    wording: str | None = None
    place: str = "city"
    currency: str = ""


# ---- 03 ----


@dataclass(frozen=True)
class AuditCheckRecord(Record):
    """One check of the matrix: what was measured of which column, and whether that is a finding."""

    check: str
    column: str
    measured: float | None
    found: bool


@dataclass(frozen=True)
class AuditRecord(Record):
    """What the audit of the matrix found, as sentences, and every check that it made."""

    findings: tuple[str, ...] = ()
    checks: tuple[AuditCheckRecord, ...] = ()


@dataclass(frozen=True)
class OwnFeatureRecord(Record):
    """A feature that the analyst has added: a column of their statement.

    Attributes
    ----------
    name : str
    unit, meaning : str
    kind : {"numeric", "binary", "nominal"}
    role : {"segmentation", "descriptor"}
    log : bool
        Whether differences are judged on the scale of log(1 + x).
    words : tuple of str
        What a segment with much of it is called, and one with little; empty: "with high ..." and "with low ...".
    """

    name: str
    unit: str
    meaning: str
    kind: Literal["numeric", "binary", "nominal"] = "numeric"
    role: Literal["segmentation", "descriptor"] = "segmentation"
    log: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class OwnFeaturesRecord(Record):
    """The features that the analyst has added, with the statement that makes them.

    Attributes
    ----------
    sql : str
        One SELECT in DuckDB's dialect, with one row a customer: customer_id, and a column a feature
        (`seglib.sql.own_statement`).
    features : tuple of OwnFeatureRecord
    from_transactions : bool
        Whether the statement reads transactions, so that its features are other ones if transactions are.
    """

    sql: str
    features: tuple[OwnFeatureRecord, ...]
    from_transactions: bool = True

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of every feature."""
        return {feature.name: feature.kind for feature in self.features}


@dataclass(frozen=True)
class RecipeRecord(Record):
    """``recipe.json``: how the matrix was made, so that the same can be made of other rows.

    Attributes
    ----------
    name : {"customer", "baseline"}
    grain : {"customer", "transaction"}
        What a row of the matrix is.
    k_rule : {"structure", "elbow"}
        How k is chosen where the analyst does not say.
    options : dict
        Keyword arguments of `seglib.preprocessing.customer_matrix` or `seglib.preprocessing.baseline_matrix`.
    sources : tuple of str
        The columns that the matrix is made from.
    left_out : dict of str to str
        Columns that could have been in it, each with the reason.
    customers_without_transaction : int
    shrinkage : dict of str to float or None
        The numbers by which rates and means were shrunk; None where there was nothing to shrink.
    burn_window : int or None
        Days after which a coupon is old enough to judge; 0 if all are, None without a status.
    burns_dated : bool
        Whether days of burning are recorded.
    audit : AuditRecord
    own_features : OwnFeaturesRecord or None
        What the analyst has added to the features.
    """

    name: Literal["customer", "baseline"]
    grain: Literal["customer", "transaction"]
    k_rule: Literal["structure", "elbow"]
    options: dict[str, Any]
    sources: tuple[str, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    customers_without_transaction: int = 0
    shrinkage: dict[str, float | None] = field(default_factory=dict)
    burn_window: int | None = None
    burns_dated: bool = True
    audit: AuditRecord = field(default_factory=AuditRecord)
    own_features: OwnFeaturesRecord | None = None

    @property
    def mixes_columns(self) -> bool:
        """Whether the columns of the matrix are components, which are others in other rows."""
        return any(step["step"] == "PCA" for step in self.options.get("matrix_steps", ()))

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Read the record.

        Names of options that have changed since the last version become those of today; model files of the last
        version do not hold the rule for k, which follows from the name.
        """
        k_rule = "elbow" if content.get("name") == "baseline" else "structure"
        recipe = super().from_json({"k_rule": k_rule, **content})
        options = {RENAMED_PARAMETERS.get(name, name): value for name, value in recipe.options.items()}
        return replace(recipe, options=options)


# ---- 04 ----


@dataclass(frozen=True)
class EvidenceRecord(Record):
    """One piece of evidence: what was found, what shops without segments give, and whether it holds.

    ``holds`` is None where it was not asked: that is no no.
    """

    evidence: str
    found: str
    without_segments: str
    holds: bool | None


@dataclass(frozen=True)
class VerdictRecord(Record):
    """Whether the segments are real, and, once 06 has asked, whether they are useful.

    Attributes
    ----------
    structure : {"natural", "reproducible", "constructed", "borderline"}
        The label; borderline where repeats with other seeds do not agree.
    useful : {"not tested", "useful", "not shown to be useful", "cannot be said"}
    headline : str
        The verdict in a few words, for a title.
    claim : str
        What is claimed, in a sentence or two, without numbers.
    sentence : str
        The same with its label and p-values.
    meaning, advice : str
        What the label means, and what follows from it.
    monday : str
        What to do first, in a short sentence; empty until 06 has asked whether the segments are useful.
    k_star : int or None
        The number of segments that the evidence speaks for.
    evidence : tuple of EvidenceRecord
    use : str or None
        Whether the segments are useful, with numbers; None until 06 has asked.
    use_claim : str or None
        The same without numbers.
    use_lead : str or None
        The first sentence of ``use_claim``.
    between : tuple of str
        The labels that the repeats give where the verdict is borderline, the stronger first.
    k_range : tuple of int
        The numbers of segments that the evidence does not tell apart.
    notes : tuple of str
        Remarks that change nothing in the label.
    keys : dict of str to str
        By headline, meaning, advice, monday and use: the key of its text in `seglib.style.vocabulary.verdict`, by which
        it is found in another language. Empty in records of the last version.
    two_kinds : tuple of str
        The features in which customers are of two kinds, for the headline that names them.
    """

    structure: str
    useful: str
    headline: str
    sentence: str
    meaning: str
    advice: str
    k_star: int | None
    evidence: tuple[EvidenceRecord, ...]
    claim: str = ""
    use: str | None = None
    use_claim: str | None = None
    use_lead: str | None = None
    between: tuple[str, ...] = ()
    k_range: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    monday: str = ""
    keys: dict[str, str] = field(default_factory=dict)
    two_kinds: tuple[str, ...] = ()

    @property
    def weakest(self) -> str:
        """The label, or where the verdict is borderline the weakest of those that the repeats give."""
        return self.between[-1] if self.between else self.structure


@dataclass(frozen=True)
class MeasureRecord(Record):
    """A measure of the chosen number of segments, and what 19 of 20 shops without segments do not go beyond."""

    metric: str
    value: float
    reached: float

    @property
    def beyond(self) -> bool:
        """Whether the shop goes beyond them."""
        return self.value > self.reached


@dataclass(frozen=True)
class GlanceRecord(Record):
    """The picture of the verdict: a few measures, the rows they are of, and the simulated shops of each kind."""

    measures: tuple[MeasureRecord, ...]
    rows: int
    simulated: int


@dataclass(frozen=True)
class ChoiceRecord(Record):
    """``choice.json``: the number of segments, what decided, and the verdict on structure.

    Attributes
    ----------
    k : int
    by : {"analyst", "evidence", "elbow", "silhouette"}
    reason : str
    scores : dict of str to float
        Criteria at k.
    criteria : dict of str to int or None
        What each criterion would choose.
    judged : str
        What the evidence says of k, whoever chose it.
    verdict : VerdictRecord
    glance : GlanceRecord or None
        What the picture of the verdict shows; None in records of the last version.
    """

    k: int
    by: str
    reason: str
    scores: dict[str, float]
    criteria: dict[str, int | None]
    judged: str
    verdict: VerdictRecord
    glance: GlanceRecord | None = None


# ---- 05 ----


@dataclass(frozen=True)
class LabelsRecord(Record):
    """Somebody else's segments: where they come from, and what can be said of them.

    Attributes
    ----------
    file, sha256 : str
        Name of the file without its folder, or of the algorithm, and the digest of its bytes, or of its labels.
    names : dict of str to str
        What each segment is called there, by letter.
    without_label, without_customer : int
        Customers of the run that the file does not name, and of the file that the run does not have.
    by_rule : float
        Share of the rows that the nearest centre gives the segment that they have.
    why_no_rule : str
        Why the nearest centre does not stand for the labels; empty if it does.
    why_no_model : str
        Why no model and no statement in SQL is handed out; empty if they are.
    noise : int
        Customers of the run that are in no cluster.
    algorithm : bool
        Whether an algorithm of the analyst's own made the labels, and no file has them.
    verdict : VerdictRecord or None
        Whether these segments are real.
    """

    file: str
    sha256: str
    names: dict[str, str] = field(default_factory=dict)
    without_label: int = 0
    without_customer: int = 0
    by_rule: float | None = None
    why_no_rule: str = ""
    why_no_model: str = ""
    noise: int = 0
    algorithm: bool = False
    verdict: VerdictRecord | None = None

    @property
    def origin(self) -> str:
        """Where the segments come from, as it goes on after "the segments were"."""
        return f"made by {self.file}" if self.algorithm else f"given by '{self.file}'"


@dataclass(frozen=True)
class ClusteringRecord(Record):
    """``clustering.json``: the final fit. ``rows`` is the number of rows of the matrix, ``sizes`` counts customers.

    ``labels`` is None where KMeans made the segments.
    """

    k: int
    rows: int
    inertia: float
    silhouette: float
    sizes: dict[str, int]
    labels: LabelsRecord | None = None

    @property
    def names(self) -> dict[str, str]:
        """What the segments are called by whoever gave them, by letter; empty where KMeans made them."""
        return self.labels.names if self.labels else {}


# ---- 06 ----


@dataclass(frozen=True)
class MarkerRecord(Record):
    """What marks a segment: its own value beside that of all customers; a level of a name has no difference."""

    what: str
    unit: str
    own: float | None
    all: float | None
    difference: float | None


@dataclass(frozen=True)
class BesideRecord(Record):
    """One comparison with all customers, as a card shows it."""

    what: str
    unit: str
    own: float
    all: float
    marker: bool
    own_text: str
    all_text: str


@dataclass(frozen=True)
class NoteRecord(Record):
    """What else to know of a segment.

    Attributes
    ----------
    kind : {"use", "last_seen", "certainty", "markers", "exemplar", "to_try", "test", "caution"}
        What it is about; pages choose notes by it.
    heading, text : str
    """

    kind: str
    heading: str
    text: str


@dataclass(frozen=True)
class CardRecord(Record):
    """What a marketer is told of a segment.

    Attributes
    ----------
    segment, name, sentence : str
    customers : int
    share : float
    notes : tuple of NoteRecord
        What else to know, in the order of the card.
    markers : tuple of MarkerRecord
    beside : tuple of BesideRecord
    lead : str
        The first sentence of ``sentence``; empty in records of the last version.
    """

    segment: str
    name: str
    sentence: str
    customers: int
    share: float
    notes: tuple[NoteRecord, ...]
    markers: tuple[MarkerRecord, ...]
    beside: tuple[BesideRecord, ...]
    lead: str = ""

    @property
    def to_try(self) -> str:
        """What a test could try with this segment; empty if nothing is said."""
        return next((note.text for note in self.notes if note.kind == "to_try"), "")


@dataclass(frozen=True)
class FigureRecord(Record):
    """A number of the first page.

    Attributes
    ----------
    kind : {"placed", "used", "came_back", "spend", "groups", "left_out"}
        By it, the same number of an earlier run is found.
    label, text : str
        What it is called, and how it is written.
    value : float
    unit : str
        As `seglib.style.in_words` takes it.
    note : str
        What else must be known of it; empty if nothing.
    """

    kind: str
    label: str
    value: float
    text: str
    unit: str = "number"
    note: str = ""


@dataclass(frozen=True)
class ListRecord(Record):
    """A list of customers: of which segment, for the offer or for comparison, how many, and its file without ending.

    Attributes
    ----------
    kind : {"send", "control"}
    file : str
        Inside ``audience/``; ``<file>.csv`` is there always, ``<file>.xlsx`` where ``excel`` is true.
    """

    segment: str
    kind: str
    customers: int
    file: str
    excel: bool = False


@dataclass(frozen=True)
class NextRecord(Record):
    """What the customers of a segment did after an earlier day, beside all customers of that day."""

    outcome: str
    what: str
    own_text: str
    all_text: str


@dataclass(frozen=True)
class GroupRecord(Record):
    """A segment as the first page and its own page show it.

    Attributes
    ----------
    segment : str
    work_share, used, came_back : float or None
        Its share of sales or coupons, the share of coupons used, the share that came back after the earlier day; None
        where it is not recorded.
    smallest_change : float or None
        The smallest change of ``used`` that a test with its lists shows, as a share.
    near_border : int or None
        Customers who may belong to another segment.
    then : int or None
        Customers of the segment on the earlier day.
    next : tuple of NextRecord
        Empty where the segments of the earlier day are others.
    rule : str
        How most of them are recognised without a list; empty where no rule leads to the segment.
    story : str
        A real customer who stands for them.
    """

    segment: str
    work_share: float | None = None
    used: float | None = None
    came_back: float | None = None
    smallest_change: float | None = None
    near_border: int | None = None
    then: int | None = None
    next: tuple[NextRecord, ...] = ()
    rule: str = ""
    story: str = ""


@dataclass(frozen=True)
class OverviewRecord(Record):
    """``overview.json``: the figures of all customers, and of every segment, that the first page shows.

    Attributes
    ----------
    figures : tuple of FigureRecord
    groups : tuple of GroupRecord
    everybody : GroupRecord
        The same of all customers with a segment.
    lists : tuple of ListRecord
    work, used, came_back : str
        What the columns of the groups are called; empty where nothing is recorded.
    cut : str or None
        The earlier day, ISO format.
    thing : str
        What a transaction is called, in the plural; empty where there are none.
    wording : dict of str to str
        What the fields of a text are filled with: what a transaction and the place of a customer are called
        (`seglib.style.Wording.words`).
    words : dict of str to Any
        The words that are not those of the package (`seglib.style.Vocabulary.record`).
    words_file : str
        Where they come from, without its folder; empty: from nowhere.
    """

    figures: tuple[FigureRecord, ...] = ()
    groups: tuple[GroupRecord, ...] = ()
    everybody: GroupRecord = field(default_factory=lambda: GroupRecord(""))
    lists: tuple[ListRecord, ...] = ()
    work: str = ""
    used: str = ""
    came_back: str = ""
    cut: str | None = None
    thing: str = ""
    wording: dict[str, str] = field(default_factory=dict)
    words: dict[str, Any] = field(default_factory=dict)
    words_file: str = ""

    def group(self, segment: str) -> GroupRecord:
        """Return what is shown of a segment; nothing but its letter where it is not known."""
        return next((group for group in self.groups if group.segment == segment), GroupRecord(segment))

    def lists_of(self, segment: str) -> tuple[ListRecord, ...]:
        """Return the lists of a segment, that for the offer first."""
        return tuple(entry for entry in self.lists if entry.segment == segment)

    def figure(self, kind: str) -> FigureRecord | None:
        """Return the figure of a kind; None where there is none."""
        return next((figure for figure in self.figures if figure.kind == kind), None)


@dataclass(frozen=True)
class RulesRecord(Record):
    """``rules.json``: a few questions that nearly give the segments, and how nearly."""

    fidelity: float
    fidelity_cv: float | None
    cost_ratio: float | None
    sentences: tuple[str, ...]
    sql: str
    text: str


# ---- the run ----


@dataclass(frozen=True)
class AuditCountRecord(Record):
    """What the audit of the matrix found, as sentences, and how many kinds of checks it made."""

    findings: tuple[str, ...] = ()
    checks: int = 0


@dataclass(frozen=True)
class RunVerdictRecord(Record):
    """The verdict as ``run.json`` has it: `VerdictRecord`, every field with a default."""

    structure: str = ""
    useful: str = ""
    headline: str = ""
    claim: str = ""
    sentence: str = ""
    meaning: str = ""
    use: str | None = None
    use_claim: str | None = None
    use_lead: str | None = None
    advice: str = ""
    k_star: int | None = None
    between: tuple[str, ...] = ()
    k_range: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    monday: str = ""
    evidence: tuple[EvidenceRecord, ...] = ()
    keys: dict[str, str] = field(default_factory=dict)
    two_kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunLabelsRecord(Record):
    """Somebody else's segments as ``run.json`` has them: `LabelsRecord`, without the verdict."""

    file: str = ""
    sha256: str = ""
    names: dict[str, str] = field(default_factory=dict)
    without_label: int = 0
    without_customer: int = 0
    by_rule: float | None = None
    why_no_rule: str = ""
    why_no_model: str = ""
    noise: int = 0
    algorithm: bool = False


@dataclass(frozen=True)
class RunSegmentRecord(Record):
    """A segment as ``run.json`` has it: its card, without the markers."""

    segment: str = ""
    name: str = ""
    sentence: str = ""
    lead: str = ""
    customers: int = 0
    share: float = 0.0
    beside: tuple[BesideRecord, ...] = ()
    notes: tuple[NoteRecord, ...] = ()

    @property
    def to_try(self) -> str:
        """What a test could try with this segment; empty if nothing is said."""
        return next((note.text for note in self.notes if note.kind == "to_try"), "")


@dataclass(frozen=True)
class RunRecord(Record):
    """``run.json``: a finished run for machines, and what the pages of its report are made of.

    Every field has a default, so that files of earlier versions can be read.

    Attributes
    ----------
    status : {"done"}
        Empty where the file holds something else.
    run, recipe, source, kind : str
    as_of : str or None
    seed : int or None
    parameters : dict of str to dict
        All of them, by notebook.
    inputs : tuple of InputRecord
    period : tuple of (str or None)
        First and last transaction.
    customers, customers_without_transaction : int
        Those with a segment, and those without.
    rows : RowsRecord
    findings : tuple of FindingRecord
        Of the contract.
    notes : tuple of str
        What else is worth knowing of the source.
    audit : AuditCountRecord
    labels : RunLabelsRecord or None
        Whose segments these are, where they were given.
    k : int
    k_reason, k_judged : str
    inertia, silhouette : float
    verdict : RunVerdictRecord
    glance : GlanceRecord or None
        The picture of the verdict; None where the segments were given.
    audiences : tuple of str
        Letters of the segments that have a list of their own.
    segments : tuple of RunSegmentRecord
    overview : OverviewRecord
        What the first page shows of all customers and of every segment.
    durations_s : dict of str to float
        By notebook.
    versions : dict of str to str
    started_utc : str
    batch : str or None
        The batch that the run belongs to.
    """

    status: str = ""
    run: str = ""
    recipe: str = ""
    source: str = ""
    kind: str = ""
    as_of: str | None = None
    seed: int | None = None
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    inputs: tuple[InputRecord, ...] = ()
    period: tuple[str | None, ...] = (None, None)
    customers: int = 0
    customers_without_transaction: int = 0
    rows: RowsRecord = field(default_factory=lambda: RowsRecord(0, 0, 0))
    findings: tuple[FindingRecord, ...] = ()
    notes: tuple[str, ...] = ()
    audit: AuditCountRecord = field(default_factory=AuditCountRecord)
    labels: RunLabelsRecord | None = None
    k: int = 0
    k_reason: str = ""
    k_judged: str = ""
    inertia: float = 0.0
    silhouette: float = 0.0
    verdict: RunVerdictRecord = field(default_factory=RunVerdictRecord)
    glance: GlanceRecord | None = None
    audiences: tuple[str, ...] = ()
    segments: tuple[RunSegmentRecord, ...] = ()
    overview: OverviewRecord = field(default_factory=OverviewRecord)
    durations_s: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    started_utc: str = ""
    batch: str | None = None
