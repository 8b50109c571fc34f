"""08 A finished test, read: sizes of the arms first, then the effect on every outcome, and what may be said of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seglib.campaign import words
from seglib.campaign.cuped import cuped
from seglib.campaign.effects import ALL, EFFECT_COLUMNS, Effects, estimate_effects
from seglib.campaign.matching import ListedOutcomes
from seglib.campaign.planning import Baseline, Plan, joined_plans, plan
from seglib.campaign.sample_ratio import SampleRatio, sample_ratio
from seglib.campaign.words import Conclusion
from seglib.schema.campaign_records import EffectRecord, OutcomeEffectRecord, SegmentEffectRecord
from seglib.stats import holm
from seglib.style import each_once, escape_markdown

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class OutcomeReading:
    """What the test says of one outcome.

    Attributes
    ----------
    effects : Effects
        Judged as it is, or after CUPED where that was asked for.
    cuped : Effects or None
        The same after CUPED; None where nothing was known before.
    explained : float
        Share of the variance that CUPED took out.
    p_holm, q_p_holm : float
        After Holm over outcomes.
    conclusion : Conclusion
    """

    effects: Effects
    cuped: Effects | None
    explained: float
    p_holm: float
    q_p_holm: float
    conclusion: Conclusion

    @property
    def record(self) -> OutcomeEffectRecord:
        """As ``effect.json`` has it."""
        conclusion = self.conclusion
        return OutcomeEffectRecord(
            outcome=self.effects.outcome,
            kind=self.effects.kind,
            label=conclusion.label,
            claim=conclusion.claim,
            segments_claim=conclusion.segments_claim,
            next_step=conclusion.next_step,
            p=_or_none(self.effects.p),
            p_holm=_or_none(self.p_holm),
            q=_or_none(self.effects.heterogeneity.q),
            q_p_holm=_or_none(self.q_p_holm),
            margin=_or_none(conclusion.margin),
            effects=tuple(_effect_record(row) for row in self.effects.table.itertuples()),
            cuped=_effect_record(next(self.cuped.table.itertuples())) if self.cuped else None,
            evidence=conclusion.evidence,
        )


@dataclass(frozen=True)
class CampaignReading:
    """What a finished test says.

    Attributes
    ----------
    listed : ListedOutcomes
    ratio : SampleRatio
    readings : tuple of OutcomeReading
        One per outcome; empty where the reading stopped.
    plans : Plan
        What the next test needs, per outcome, of all together and per segment.
    margin : float
        What is as good as no effect, as a part of the value of the control group.
    stopped : str
        Why nothing was read; empty if it was.
    """

    listed: ListedOutcomes
    ratio: SampleRatio
    readings: tuple[OutcomeReading, ...]
    plans: Plan
    margin: float
    stopped: str = ""

    @property
    def table(self) -> pd.DataFrame:
        """One row per outcome and segment, all together first: `EFFECT_COLUMNS`."""
        tables = [reading.effects.table for reading in self.readings]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=EFFECT_COLUMNS)

    @property
    def summary(self) -> pd.DataFrame:
        """One row per outcome: outcome, conclusion, effect, low, high, p_holm, q, q_p_holm."""
        rows = [
            {
                "outcome": r.effects.outcome,
                "conclusion": r.conclusion.label,
                **r.effects.overall[["effect", "low", "high"]].to_dict(),
                "p_holm": r.p_holm,
                "q": r.effects.heterogeneity.q,
                "q_p_holm": r.q_p_holm,
            }
            for r in self.readings
        ]
        return pd.DataFrame(rows, columns=["outcome", "conclusion", "effect", "low", "high", "p_holm", "q", "q_p_holm"])

    @property
    def printed(self) -> pd.DataFrame:
        """The same for readers without statistics: what both sides did, and from where to where the effect may be."""
        rows = [words.row_of(r.effects.outcome, r.effects.kind, r.effects.overall, r.conclusion) for r in self.readings]
        return pd.DataFrame(rows, columns=words.PRINTED)

    @property
    def sharper(self) -> CupedEffects:
        """The overall effects after CUPED."""
        return CupedEffects(self.readings)

    @property
    def headline(self) -> str:
        """What the test says, in a sentence."""
        if self.stopped:
            return "Nothing is read from this test."
        return words.headline([(r.effects.outcome, r.conclusion.label) for r in self.readings])

    @property
    def text(self) -> str:
        """The headline, and why the reading stopped if it did."""
        return f"{self.headline} {self.stopped}".strip()

    @property
    def lead(self) -> str:
        """The same in Markdown, with the headline in bold."""
        return f"**{escape_markdown(self.headline)}** {escape_markdown(self.stopped)}".strip()

    @property
    def claims(self) -> list[str]:
        """One sentence or two per outcome: what was seen, and what it means."""
        return [f"{r.effects.outcome}: {r.conclusion.label}. {r.conclusion.claim}" for r in self.readings]

    @property
    def evidence(self) -> list[str]:
        """Per outcome, the tests behind the claim, for analysts."""
        return [f"{r.effects.outcome}: {r.conclusion.evidence}" for r in self.readings if r.conclusion.evidence]

    @property
    def on_segments(self) -> SegmentAnswers:
        """Whether segments answer differently."""
        return SegmentAnswers(self.readings)

    @property
    def next_steps(self) -> list[str]:
        """What to do and what it would cost to know more, by outcome."""
        if self.stopped:
            return ["Find out where customers got lost, or were added, and read the test again."]
        return each_once({r.effects.outcome: r.conclusion.next_step for r in self.readings})

    @property
    def alt(self) -> str:
        """What the figure shows; empty where there is nothing to draw."""
        drawn = [r for r in self.readings if not np.isnan(r.effects.overall["effect"])]
        if not drawn:
            return ""
        parts = [f"{r.effects.outcome}, {r.conclusion.label}" for r in drawn]
        return f"What the campaign changed, and from where to where: all together and per segment. {'; '.join(parts)}."

    caption = (
        "Marks: what those who were written to did more than the control group. Bars: from where to where the real "
        "effect may be; 19 of 20 such bars hold it. A bar that crosses the line shows no effect; among many bars some "
        "miss the line by chance."
    )

    def figure(self) -> Figure:
        """Draw a forest plot, a panel per outcome."""
        from seglib.plots import plot_effects

        kinds = {r.effects.outcome: r.effects.kind for r in self.readings}
        labels = {r.effects.outcome: r.conclusion.label for r in self.readings}
        lists = self.listed.lists.by_segment
        names = dict(zip(lists["segment"], lists["segment_name"], strict=True))
        return plot_effects(self.table.dropna(subset=["effect"]), kinds=kinds, labels=labels, names=names)

    def record(self, *, run: str) -> EffectRecord:
        """Return what is written to ``effect.json``.

        Parameters
        ----------
        run : str
            Whose lists these are.
        """
        lists = self.listed.lists
        control = int(lists.table["control"].sum())
        return EffectRecord(
            campaign=lists.record.campaign if lists.record else run,
            run=run,
            as_of=lists.as_of,
            outcomes_from=self.listed.name,
            customers=len(lists.table),
            control=control,
            sample_ratio_p=_or_none(self.ratio.p),
            stopped=self.stopped,
            headline=self.headline,
            outcomes=tuple(r.record for r in self.readings),
            notes=self.listed.notes,
        )


@dataclass(frozen=True)
class SegmentAnswers:
    """Whether segments answer differently.

    Attributes
    ----------
    readings : tuple of OutcomeReading
    """

    readings: tuple[OutcomeReading, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row per outcome and segment: `EFFECT_COLUMNS`."""
        tables = [reading.effects.by_segment for reading in self.readings]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=EFFECT_COLUMNS)

    @property
    def sentences(self) -> list[str]:
        """What is said of them, by outcome; empty where there is nothing to compare."""
        return each_once({r.effects.outcome: r.conclusion.segments_claim for r in self.readings})

    @property
    def applies(self) -> bool:
        """Whether there are several segments, with an outcome that varies."""
        return bool(self.sentences)

    @property
    def text(self) -> str:
        """The sentences."""
        return " ".join(self.sentences) or "There is nothing to compare between segments."


@dataclass(frozen=True)
class CupedEffects:
    """The overall effects with what was known before taken out.

    Attributes
    ----------
    readings : tuple of OutcomeReading
    """

    readings: tuple[OutcomeReading, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row per outcome: outcome, effect, low, high, p, explained, narrower (than without CUPED, a share)."""
        rows = []
        for r in self.readings:
            if r.cuped is not None:
                row, plain = r.cuped.overall, r.effects.overall
                width = (row["high"] - row["low"]) / (plain["high"] - plain["low"])
                rows.append(
                    (r.effects.outcome, row["effect"], row["low"], row["high"], row["p"], r.explained, 1 - width)
                )
        return pd.DataFrame(rows, columns=["outcome", "effect", "low", "high", "p", "explained", "narrower"])

    @property
    def text(self) -> str:
        """How much narrower the intervals became."""
        table = self.table
        if table.empty:
            return "No features from before the lists are at hand, so nothing can be taken out."
        parts = [f"{row.explained:.0%} of the variance of {row.outcome}" for row in table.itertuples()]
        return f"What was known before explains {', '.join(parts)}; so much of the noise is taken out."


def read_campaign(
    listed: ListedOutcomes,
    *,
    before: pd.DataFrame | None = None,
    before_day: str | None = None,
    control_share: float | None = None,
    margin: float = 0.1,
    use_cuped: bool = False,
    n_permutations: int = 4_999,
    seed: int = 0,
) -> CampaignReading:
    """Read a finished test.

    Parameters
    ----------
    listed : ListedOutcomes
        From `seglib.campaign.match`.
    before : pandas.DataFrame, optional
        Features known before the lists were made, indexed by customer_id.
    before_day : str, optional
        The day that the features look from, ISO format. Features of a later day than the lists are not used: they may
        hold what the campaign did.
    control_share : float, optional
        The share that was to be drawn as control group; default: as the lists say.
    margin : float, default=0.1
        What is as good as no effect, as a part of the value of the control group.
    use_cuped : bool, default=False
        Whether effects are judged after CUPED. Decide it before you look.
    n_permutations : int, default=4999
        Of the randomisation test. With 4,999, a p-value of .05 has a standard error of .004; with 499, of .014.
    seed : int, default=0

    Returns
    -------
    CampaignReading
        Without effects, and with the reason, if the arms do not have the sizes that they were drawn with.
    """
    ratio = sample_ratio(listed.lists, control_share=control_share)
    stopped = listed.stopped or ("" if ratio.passed else ratio.text)
    nothing = joined_plans([])
    if stopped:
        return CampaignReading(listed, ratio, (), nothing, margin, stopped)
    table = listed.lists.table
    control, segment = table["control"].to_numpy(), table["segment"]
    day = listed.lists.as_of
    is_later = before_day is not None and day is not None and before_day > day
    features = (
        pd.DataFrame(index=table.index)
        if before is None or is_later
        else before.reindex(table["customer_id"]).reset_index(drop=True)
    )
    estimated: list[tuple[Effects, Effects | None, float]] = []
    for outcome, kind in listed.kinds.items():
        values = listed.outcomes[outcome].to_numpy(dtype=float)
        options = {"n_permutations": n_permutations, "seed": seed}
        effects = estimate_effects(outcome, values, control, segment, kind=kind, **options)
        taken_out = None if effects.constant else cuped(values, features)
        adjusted = None
        if taken_out is not None:
            # values are no longer 0 and 1, so Welch's interval serves for shares too
            adjusted = estimate_effects(outcome, taken_out.adjusted, control, segment, kind="mean", **options)
        estimated.append((effects, adjusted, taken_out.explained if taken_out else float("nan")))
    judged = [adjusted if use_cuped and adjusted is not None else effects for effects, adjusted, _ in estimated]
    p = holm(pd.Series([effects.p for effects in judged], dtype=float))
    q_p = holm(pd.Series([effects.heterogeneity.p for effects in judged], dtype=float))
    plans = [_plans(effects, margin) for effects, _, _ in estimated]
    readings = []
    for place, (effects, adjusted, explained) in enumerate(estimated):
        chosen = _in_kind(judged[place], effects.kind)
        conclusion = _conclude(chosen, float(p[place]), float(q_p[place]), margin, plans[place])
        readings.append(OutcomeReading(chosen, adjusted, explained, float(p[place]), float(q_p[place]), conclusion))
    return CampaignReading(listed, ratio, tuple(readings), joined_plans(plans), margin)


def _in_kind(effects: Effects, kind: str) -> Effects:
    """Return effects of adjusted values as those of the outcome's own kind, for which words are chosen."""
    return replace(effects, kind=kind)


def _conclude(effects: Effects, p: float, q_p: float, margin: float, plans: Plan) -> Conclusion:
    if effects.constant:
        return words.nothing_varies(float(effects.overall["control_value"]), effects.kind)
    if math.isnan(effects.overall["effect"]) or math.isnan(p):
        return words.too_small()
    by_segment = effects.by_segment.assign(p_holm=holm(effects.by_segment["p"]))
    of_all = Plan(plans.table[plans.table["segment"] == ALL].reset_index(drop=True), plans.left_out)
    return words.conclude(
        effects.kind, effects.overall, by_segment, p=p, q=(effects.heterogeneity.q, q_p), margin=margin, plan=of_all
    )


def _plans(effects: Effects, margin: float) -> Plan:
    """Plan the next test of an outcome: of all together, and of every segment."""
    sd = max(effects.sd) if effects.kind == "mean" else None
    if effects.constant:
        return Plan(
            plan(effects.outcome, []).table, (f"No number for {effects.outcome}: everybody has the same value.",)
        )
    baselines = [
        Baseline(row.segment, row.customers, row.control, row.control_value, sd) for row in effects.table.itertuples()
    ]
    return plan(effects.outcome, baselines, lifts=[margin] if margin > 0 else [])


def _effect_record(row) -> SegmentEffectRecord:
    values = (row.treated_value, row.control_value, row.effect, row.low, row.high)
    return SegmentEffectRecord(row.segment, row.customers, row.control, *map(_or_none, values))


def _or_none(value: float) -> float | None:
    return None if value is None or math.isnan(value) else float(value)
