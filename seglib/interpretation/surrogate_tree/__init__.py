"""A small decision tree that nearly gives the segments (a surrogate of KMeans), to explain them in plain words.

`fit_surrogate_tree` fits it to features in original units. Its result has one rule per leaf, as a sentence and as SQL,
and says how many customers the rules put into their segment (fidelity) and how much wider their groups are (cost
ratio).
"""
