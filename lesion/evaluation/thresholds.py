"""Operating points: thresholds that the validation split chooses, and what they give on other rows."""

import numpy as np
from sklearn import metrics as sk

from lesion import config
from lesion.errors import LesionError
from lesion.evaluation import figures
from lesion.records.metrics import OperatingPoint, PredictiveValues

ROUNDING = 1e-9  # sensitivities that differ by less are equal


def choose(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float | None]:
    """Choose two thresholds on the validation split; from a threshold on, the verdict is malignant.

    `labels` (N,) of 0 and 1, `probabilities` (N,) in 0 to 1. Returns `youden`, the greatest sensitivity + specificity
    - 1 (Youden, Cancer 3 (1950) 32); and `sensitive`, the highest threshold whose sensitivity is at least 95 %, since
    any lower one only loses specificity. If several thresholds are equally good, the lowest is taken, which misses
    least. None if no threshold qualifies: `youden` if a class is missing or no threshold does better than guessing,
    `sensitive` without malignant rows.

    Raises LesionError if a probability is not in 0 to 1.
    """
    if not np.all((probabilities >= 0) & (probabilities <= 1)):
        raise LesionError("a prediction is no probability in 0 to 1: run `invoke train --force`")
    chosen: dict[str, float | None] = {"youden": None, "sensitive": None}
    malignant = np.sort(probabilities[labels == 1])
    benign = np.sort(probabilities[labels == 0])
    if len(malignant) == 0:
        return chosen
    thresholds = np.unique(probabilities)  # each gives the same as all thresholds down to the next lower probability
    sensitivity = 1 - np.searchsorted(malignant, thresholds) / len(malignant)
    chosen["sensitive"] = float(thresholds[sensitivity >= config.STATISTICS.screening_sensitivity - ROUNDING].max())
    if len(benign):
        youden = sensitivity + np.searchsorted(benign, thresholds) / len(benign) - 1
        if youden.max() > ROUNDING:
            chosen["youden"] = float(thresholds[youden >= youden.max() - ROUNDING].min())
    return chosen


def measure(labels: np.ndarray, probabilities: np.ndarray, threshold: float) -> OperatingPoint:
    """Return what `threshold` gives on rows that did not choose it; a figure is None if it is undefined.

    `labels` (N,) of 0 and 1, `probabilities` (N,) in 0 to 1. The result holds one entry for each of
    config.STATISTICS.prevalences, with the predictive values to be expected there.
    """
    confusion = sk.confusion_matrix(labels, probabilities >= threshold, labels=[0, 1])
    (passed, alarm), (missed, hit) = confusion.astype(float)
    rates = figures.rates(hit, missed, alarm, passed)
    sensitivity = figures.or_none(rates["recall"])
    specificity = figures.or_none(rates["specificity"])
    return OperatingPoint(
        threshold=float(threshold),
        confusion=confusion.tolist(),
        accuracy=float(rates["accuracy"]),
        sensitivity=sensitivity,
        specificity=specificity,
        balanced_accuracy=figures.or_none(rates["balanced_accuracy"]),
        mcc=figures.or_none(rates["mcc"]),
        prevalences=[
            predictive_values(sensitivity, specificity, prevalence) for prevalence in config.STATISTICS.prevalences
        ],
    )


def predictive_values(sensitivity: float | None, specificity: float | None, prevalence: float) -> PredictiveValues:
    """Return the shares of malignant and of benign verdicts that are right at a `prevalence` of malignant rows.

    All in 0 to 1, by Bayes' theorem. None if a rate is None, or if no row would get the verdict.
    """
    if sensitivity is None or specificity is None:
        return PredictiveValues(prevalence, None, None)
    hit = sensitivity * prevalence
    missed = (1 - sensitivity) * prevalence
    passed = specificity * (1 - prevalence)
    alarm = (1 - specificity) * (1 - prevalence)
    return PredictiveValues(prevalence, ppv=_ratio(hit, hit + alarm), npv=_ratio(passed, passed + missed))


def _ratio(share: float, total: float) -> float | None:
    return share / total if total else None
