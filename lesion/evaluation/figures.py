"""Headline figures of weighted rows: one formula for each, for the values and for every replicate of the bootstrap."""

from collections.abc import Sequence

import numpy as np
from scipy.special import expit, logit

from lesion import config
from lesion.evaluation.areas import Ranking, areas, rank
from lesion.records.metrics import SubsetSize

HEADLINE = (
    "accuracy", "precision", "recall", "f1", "specificity", "roc_auc", "average_precision", "partial_auc",
    "balanced_accuracy", "mcc", "brier",
)  # fmt: skip
EXACT = ("accuracy", "recall", "specificity", "balanced_accuracy", "roc_auc")  # have an interval at their limits too
PAIRED = ("roc_auc", "average_precision")  # move in steps of one pair of groups; all others in steps of one row
CLIP = 5e-9  # half of the last decimal that predictions.csv keeps: 0 and 1 stay the most extreme, and finite


def limits(name: str) -> tuple[float, float]:
    """Return the lowest and the highest value that a figure can take."""
    special = {"mcc": (-1.0, 1.0), "partial_auc": (0.0, 1 - config.STATISTICS.partial_auc_sensitivity)}
    return special.get(name, (0.0, 1.0))


def lesions_needed(name: str) -> int:
    """Return how many lesions of the rarer class a figure's interval needs: with fewer it misses too often."""
    statistics = config.STATISTICS
    special = {"partial_auc": statistics.partial_auc_lesions, "brier": statistics.brier_lesions}
    return special.get(name, statistics.minimum_groups)


def logits(probabilities: np.ndarray) -> np.ndarray:
    """Return the logits of `probabilities`, any shape, in 0 to 1; 0 and 1 become finite, and stay the extremes."""
    return logit(np.clip(probabilities, CLIP, 1 - CLIP))


def combine(several: Sequence[np.ndarray]) -> np.ndarray:
    """Return the probabilities (N,) whose logits are the mean of those of several probabilities of an image, each (N,).

    Each counts the same: of several models, or of one model that looks from several sides.
    """
    return expit(np.mean([logits(probabilities) for probabilities in several], axis=0))


def values(labels: np.ndarray, probabilities: np.ndarray, threshold: float) -> dict[str, float]:
    """Return each of HEADLINE of the rows, every row counted once; arguments and names as in `weighted`."""
    once = np.ones((1, len(labels)))
    by_name = weighted(labels, probabilities, threshold, rank(labels, probabilities), once)
    return {name: float(value[0]) for name, value in by_name.items()}


def weighted(
    labels: np.ndarray, probabilities: np.ndarray, threshold: float, order: Ranking, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Return each of HEADLINE (R,) of the rows as weighted by each row of `weights` (R, N); NaN if undefined.

    `labels` (N,) of 0 and 1, `probabilities` (N,) of malignancy in 0 to 1, `order` their ranking; from `threshold` on
    the verdict is malignant.
    """
    figures = {
        **rates(*outcomes(labels, probabilities >= threshold, weights)),
        **areas(order, weights),
        "brier": weights @ (probabilities - labels) ** 2 / weights.sum(axis=1),
    }
    return {name: figures[name] for name in HEADLINE}


def outcomes(labels: np.ndarray, verdicts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return (4, R): weights of hits, missed, false alarms and passed, for each row of `weights` (R, N).

    Malignant rows called malignant and benign, and benign rows called malignant and benign; `labels` (N,) of 0 and 1,
    `verdicts` (N,) true where malignant.
    """
    malignant = labels == 1
    kinds = [malignant & verdicts, malignant & ~verdicts, ~malignant & verdicts, ~malignant & ~verdicts]
    return (weights @ np.column_stack(kinds).astype(float)).T


def rates(hit: np.ndarray, missed: np.ndarray, alarm: np.ndarray, passed: np.ndarray) -> dict[str, np.ndarray]:
    """Return the figures that count verdicts, NaN if undefined; all four (R,), as `outcomes` returns them."""
    with np.errstate(invalid="ignore", divide="ignore"):
        recall = hit / (hit + missed)
        specificity = passed / (passed + alarm)
        product = (hit + missed) * (hit + alarm) * (passed + alarm) * (passed + missed)
        return {
            "accuracy": (hit + passed) / (hit + missed + alarm + passed),
            "precision": hit / (hit + alarm),
            "recall": recall,
            "f1": 2 * hit / (2 * hit + missed + alarm),
            "specificity": specificity,
            "balanced_accuracy": (recall + specificity) / 2,
            "mcc": (hit * passed - alarm * missed) / np.sqrt(product),
        }


def or_none(value: float | np.ndarray) -> float | None:
    """Return one figure as a plain number, or None if it is NaN, that is, undefined."""
    return None if np.isnan(value) else float(value)


def size(labels: np.ndarray, groups: np.ndarray) -> SubsetSize:
    """Return how many rows and lesions there are; a lesion with rows of both labels counts as malignant.

    `labels` (N,) of 0 and 1, `groups` (N,) integers, equal if rows show one lesion.
    """
    malignant = labels == 1
    return SubsetSize(
        rows=len(labels),
        malignant_rows=int(malignant.sum()),
        lesions=len(np.unique(groups)),
        malignant_lesions=len(np.unique(groups[malignant])),
    )
