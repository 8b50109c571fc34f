"""Criteria for the number of segments, computed from a matrix alone.

Fits of every k at once (`batch_kmeans`, `sweep`), internal indices such as the silhouette (`indices`), the gap
statistic (`gap`), stability under splits, bootstrap and restarts (`stability`), and the choice of k by what these say
(`choice`). All of it is computed in one thread (`threads`).
"""
