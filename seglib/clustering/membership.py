"""How sure is it that a customer belongs where they are put? A calibrated probability, and whether it keeps its word."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.special import expit, logit
from scipy.sparse import issparse
from threadpoolctl import threadpool_limits

from seglib.clustering.coupon_mixture import coupon_parts, draw_coupons, stands_for
from seglib.clustering.kmeans import SegmentKMeans
from seglib.clustering.mixture import Levels, Mixture, Normal, Part, fit_mixture, shrinkage_strength
from seglib.k_selection import Rows, best_starts, contingency

N_STEPS = 20
N_SIMULATED = 3000
FLOOR = 1e-4

@dataclass(frozen=True)
class Rows_:
    parts: dict
    numbers: list
    names: dict

def build(features, matrix, labels, k):
    parts = coupon_parts(features, matrix.sources)
    covered = stands_for(parts)
    X = matrix.table.to_numpy()
    numbers = []
    names = {}
    for source, places in zip(matrix.sources, matrix.places):
        if source in covered: continue
        if source in matrix.nominal:
            codes = X[:, places].argmax(axis=1); n=len(places)
            parts["name:"+source] = Levels(codes, np.bincount(codes, minlength=n)/len(codes)); names[source]=places
        else: numbers += places
    if numbers:
        values = X[:, numbers]
        parts["numbers"] = Normal(values, *shrinkage_strength(values, labels, k))
    return parts, numbers, names, covered

def simulate(features, matrix, parts, numbers, names, mix, posterior, shrinkage, rng):
    params = dict(zip(parts, mix.params))
    group = (rng.random(len(posterior))[:,None] > posterior.cumsum(axis=1)).sum(axis=1).clip(0, posterior.shape[1]-1)
    cp = {n:p for n,p in parts.items() if n in ("activity","burned","lag","spend")}
    new = draw_coupons(features, cp, params, group, shrinkage, rng) if cp else features
    if cp:
        X = matrix.pipeline.transform(new); X = np.asarray(X.todense() if issparse(X) else X, dtype=float).copy()
    else: X = matrix.table.to_numpy().copy()
    for s, places in names.items():
        lv = parts["name:"+s].draw(params["name:"+s], group, rng)
        size = X[:, places].max()
        X[:, places] = 0; X[np.arange(len(X)), np.array(places)[lv]] = size
    if numbers: X[:, numbers] = parts["numbers"].draw(params["numbers"], group, rng)
    return group, new, X
