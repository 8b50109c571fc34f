"""Temporal holdout: do the segments say what customers do next?

The shop is taken as it was known on an earlier day (``snapshot``), segmented by the recipe of the run, and compared
with what its customers did afterwards (``evaluate_holdout``). ``predictive_gain`` asks whether the segments predict
that better than tenure and RFM (``rfm``), out of sample; ``with_usefulness`` puts the answer into the verdict.
"""
