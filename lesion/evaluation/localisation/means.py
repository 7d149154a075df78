"""Means over images, with intervals by bootstrap over lesions."""

import numpy as np

from lesion.evaluation import intervals
from lesion.evaluation.localisation.skill import reach
from lesion.records.metrics import Estimate


def mean(values: np.ndarray, labels: np.ndarray, groups: np.ndarray, limits: tuple[float, float]) -> Estimate:
    """Return the mean of `values` (N,), which lie within `limits`, with its interval; images without one are NaN.

    `labels` (N,) of 0 and 1 and `groups` (N,) as in `intervals.bootstrap`.
    """
    known = ~np.isnan(values)
    if not known.any():
        return Estimate(None, None)
    counted = np.where(known, values, 0.0)

    def weighted(weights: np.ndarray) -> dict[str, np.ndarray]:
        totals = weights @ known
        return {"mean": np.divide(weights @ counted, totals, out=np.full(len(weights), np.nan), where=totals > 0)}

    value = float(values[known].mean())
    replicates = intervals.bootstrap(labels, groups, weighted)["mean"]
    return Estimate(value, intervals.symmetric(value, replicates, reach(groups[known]), limits))
