"""04 Is there structure? Every criterion beside what shops without segments give, and a verdict in plain words."""

from seglib.structure.battery import AGAINST_ALL, SMALLER_IS_BETTER, STABILITY, Battery, compare
from seglib.structure.decision import at_a_glance, decision, judged
from seglib.structure.nulls import CopulaNull, Null, ProcessNull
from seglib.structure.shop import Comparison, Remake, comparison
from seglib.structure.verdict import ALPHA, SMALLEST, STABLE, Verdict, decide, evidence_by_k

__all__ = [
    "AGAINST_ALL",
    "ALPHA",
    "SMALLER_IS_BETTER",
    "SMALLEST",
    "STABILITY",
    "STABLE",
    "Battery",
    "Comparison",
    "CopulaNull",
    "Null",
    "ProcessNull",
    "Remake",
    "Verdict",
    "at_a_glance",
    "compare",
    "comparison",
    "decide",
    "decision",
    "evidence_by_k",
    "judged",
]
