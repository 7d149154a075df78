"""How much maps change: whether they rank their fields alike, and how widely their evidence is spread."""

import numpy as np
from scipy.stats import rankdata


def rank_correlations(maps: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return Spearman's rank correlation of the fields of each map with those of its counterpart (N,), -1 to 1.

    `maps` and `others` are (N, h, w), on any scale; fields of equal evidence share the mean of their ranks. A map that
    is the same everywhere, as an empty one is, ranks nothing: among `maps` it has no ranking that could be lost and
    gives NaN, among `others` nothing is left of the ranking, which gives 0.
    """
    ranks = _centred_ranks(maps)
    other_ranks = _centred_ranks(others)
    norms = np.linalg.norm(ranks, axis=1)
    other_norms = np.linalg.norm(other_ranks, axis=1)
    products = norms * other_norms
    correlations = np.divide((ranks * other_ranks).sum(axis=1), products, out=np.zeros(len(maps)), where=products > 0)
    return np.where(norms > 0, correlations, np.nan)


def _centred_ranks(maps: np.ndarray) -> np.ndarray:
    """Return the ranks of the fields (N, h·w), minus their mean."""
    ranks = rankdata(maps.reshape(len(maps), -1), axis=1)
    return ranks - ranks.mean(axis=1, keepdims=True)


def complexities(maps: np.ndarray) -> np.ndarray:
    """Return the entropy of how the evidence is spread over the fields (N,), in nats; NaN for an empty map.

    `maps` (N, h, w) at least 0, on any scale. It is 0 if one field has all the evidence, and ln(h·w) if all have the
    same: the complexity of an explanation of Bhatt et al. (2020). Hedström et al. take the entropy of the histogram of
    a map's values instead, for which a map of some dozen fields is too small.
    """
    evidence = maps.reshape(len(maps), -1).astype(np.float64)
    totals = evidence.sum(axis=1, keepdims=True)
    shares = np.divide(evidence, totals, out=np.full_like(evidence, np.nan), where=totals > 0)
    return np.abs(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(axis=1)
