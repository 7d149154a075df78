"""Areas under curves, which tell how well scores rank malignant above benign, for one weighting of the rows or many.

Weights instead of copied rows make the bootstrap quick: the rows are sorted once, and every replicate is then a
row of weights. Rows of equal score move together, so that ties are exact.
"""

from dataclasses import dataclass

import numpy as np

from lesion import config


@dataclass(frozen=True)
class Ranking:
    """Rows in the order of their scores, lowest first, and where each series of equal scores begins."""

    order: np.ndarray  # (N,) positions of the rows
    malignant: np.ndarray  # (N,) 1 where malignant, in that order
    starts: np.ndarray  # (S,) first place of each of the S different scores


def rank(labels: np.ndarray, probabilities: np.ndarray) -> Ranking:
    """Sort the rows of `labels` (N,) of 0 and 1 and `probabilities` (N,), any scores, once for all weightings."""
    order = np.argsort(probabilities, kind="stable")
    starts = np.flatnonzero(np.diff(probabilities[order], prepend=-np.inf))
    return Ranking(order, labels[order].astype(float), starts)


def areas(ranking: Ranking, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Return `roc_auc`, `average_precision` and `partial_auc` of each weighting, NaN if a class has no weight.

    `weights` (R, N) at least 0, one column for each row of the data in its own order. Each figure is (R,):
    ROC-AUC in 0 to 1 (Mann and Whitney's share of pairs, half for ties), average precision in 0 to 1 (as scikit-learn
    defines it: no interpolation), partial ROC-AUC in 0 to 0.2: the area between the ROC curve and the line of 80 %
    sensitivity, the primary score of the ISIC 2024 challenge, not normalised, so that guessing scores 0.02. It is the
    area under specificity over the share of missed malignant rows, from 0 to 0.2, with straight lines between corners.
    """
    below = _weights_below(ranking, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        specificity, missed = below / below[:, :, -1:]
        at_least = below[:, :, -1:] - below[:, :, :-1]  # weight at each score and above
        precision = at_least[1] / at_least.sum(axis=0)
    precision[at_least.sum(axis=0) == 0] = 0  # no row there, so it counts nothing
    figures = {
        "roc_auc": _roc_area(below),
        "average_precision": np.sum(np.diff(missed, axis=1) * precision, axis=1),
        "partial_auc": _left_area(missed, specificity, 1 - config.STATISTICS.partial_auc_sensitivity),
    }
    one_class = (below[:, :, -1] == 0).any(axis=0)
    return {name: np.where(one_class, np.nan, figure) for name, figure in figures.items()}


def roc_area(ranking: Ranking, weights: np.ndarray) -> np.ndarray:
    """Return only the ROC-AUC (R,) of each weighting, the same as `areas`, in half the time."""
    return _roc_area(_weights_below(ranking, weights))


def _weights_below(ranking: Ranking, weights: np.ndarray) -> np.ndarray:
    """Return (2, R, S + 1): the weight of benign and of malignant rows up to each of the S scores, 0 before them."""
    below = np.zeros((2, len(weights), len(ranking.starts) + 1))
    taken = weights[:, ranking.order]
    for total, rows in zip(below, (taken * (1 - ranking.malignant), taken * ranking.malignant), strict=True):
        steps = rows if len(ranking.starts) == rows.shape[1] else np.add.reduceat(rows, ranking.starts, axis=1)
        np.cumsum(steps, axis=1, out=total[:, 1:])
    return below


def _roc_area(below: np.ndarray) -> np.ndarray:
    """Return the ROC-AUC (R,): exact for whole weights, since it divides only at the end."""
    benign, malignant = below
    pairs = np.sum(np.diff(malignant, axis=1) * (benign[:, 1:] + benign[:, :-1]), axis=1) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return pairs / (benign[:, -1] * malignant[:, -1])


def _left_area(x: np.ndarray, y: np.ndarray, end: float) -> np.ndarray:
    """Return the area (R,) under each of the curves `y` over rising `x`, both (R, K), from 0 to `end`."""
    left = x[:, :-1]
    right = np.minimum(x[:, 1:], end)
    width = np.diff(x, axis=1)
    reached = np.divide(right - left, width, out=np.zeros_like(width), where=width > 0)  # share of each piece to `end`
    height = y[:, :-1] + reached / 2 * np.diff(y, axis=1)
    return np.sum(np.where(left < end, (right - left) * height, 0), axis=1)
