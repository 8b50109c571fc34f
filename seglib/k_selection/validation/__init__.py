"""The criteria of a shop beside those of shops without segments.

`null_models` simulates matrices without segments, `null_shops` finds the null models that fit a run, `benchmark`
computes every criterion for the data and for the simulated matrices, `verdict` and `recommendations` say what follows,
and `charts` shows it.
"""
