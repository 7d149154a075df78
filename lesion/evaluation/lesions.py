"""Scores per lesion: the mean logit of a lesion's images stands for all of them."""

import numpy as np
from scipy.special import expit

from lesion.evaluation import figures, intervals
from lesion.evaluation.areas import rank, roc_area
from lesion.records.metrics import Estimate, LesionScores

RATES = ("accuracy", "recall", "specificity")  # beside the ROC-AUC


def score(labels: np.ndarray, probabilities: np.ndarray, groups: np.ndarray, threshold: float) -> LesionScores | None:
    """Score lesions instead of images; None if every lesion has one image.

    `labels` (N,) of 0 and 1, `probabilities` (N,) of malignancy in 0 to 1, `groups` (N,) integers, equal if rows show
    one lesion. A lesion is malignant if one of its images is, and is called so if its mean logit belongs to a
    probability of `threshold` or more.
    """
    _, lesion_of_row, images = np.unique(groups, return_inverse=True, return_counts=True)
    if images.max() == 1:
        return None
    malignant = (np.bincount(lesion_of_row, weights=labels) > 0).astype(int)
    merged = expit(np.bincount(lesion_of_row, weights=figures.logits(probabilities)) / images)
    order = rank(malignant, merged)

    def measure(weights: np.ndarray) -> dict[str, np.ndarray]:
        rates = figures.rates(*figures.outcomes(malignant, merged >= threshold, weights))
        return {"roc_auc": roc_area(order, weights), **{name: rates[name] for name in RATES}}

    alone = np.arange(len(images))
    values = {name: float(value) for name, (value,) in measure(np.ones((1, len(images)))).items()}
    bounds = intervals.around(values, intervals.bootstrap(malignant, alone, measure), malignant, alone)
    estimates = {name: Estimate(figures.or_none(value), bounds[name]) for name, value in values.items()}
    return LesionScores(
        lesions=len(images),
        malignant=int(malignant.sum()),
        roc_auc=estimates["roc_auc"],
        accuracy=estimates["accuracy"],
        sensitivity=estimates["recall"],
        specificity=estimates["specificity"],
    )
