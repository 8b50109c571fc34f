"""06 For most customers, in plain words: a small decision tree in original units that nearly gives the segments.

KMeans puts a customer where the nearest centre is, which nobody can do in their head. A tree of a few questions gives
most customers the same segment; how many is its fidelity, and what it costs is its cost ratio.
"""

from seglib.decision_rules.rules import DecisionRules, decision_rules
from seglib.decision_rules.tree import readable

__all__ = ["DecisionRules", "decision_rules", "readable"]
