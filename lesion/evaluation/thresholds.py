"""Operating points: thresholds chosen on the validation split and frozen, and what they give on other rows."""

from typing import Any

import numpy as np
from sklearn import metrics as sk

from lesion import config
from lesion.errors import LesionError

ROUNDING = 1e-9  # sensitivities that differ by less are equal


def choose(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float | None]:
    """Choose the thresholds on the validation split; from a threshold on, the verdict is malignant.

    `labels` (N,) of 0 and 1, `probabilities` (N,) in 0 to 1. Returns `fixed`, the threshold of the configuration;
    `youden`, the greatest sensitivity + specificity - 1 (Youden, Cancer 3 (1950) 32); and `sensitive`, the highest
    threshold whose sensitivity is at least 95 %, since any lower one only loses specificity. Where several
    thresholds are equally good, the lowest is taken, which misses least. None where the wish has no answer: `youden`
    where a class is missing or no threshold does better than guessing, `sensitive` without malignant rows.

    Raises LesionError where a probability is not in 0 to 1.
    """
    if not np.all((probabilities >= 0) & (probabilities <= 1)):
        raise LesionError("a prediction is no probability in 0 to 1: run `invoke train --force`")
    chosen: dict[str, float | None] = {"fixed": config.DECISION.threshold, "youden": None, "sensitive": None}
    malignant, benign = np.sort(probabilities[labels == 1]), np.sort(probabilities[labels == 0])
    if len(malignant) == 0:
        return chosen
    thresholds = np.unique(probabilities)  # each stands for all thresholds down to the next lower probability
    sensitivity = 1 - np.searchsorted(malignant, thresholds) / len(malignant)
    chosen["sensitive"] = float(thresholds[sensitivity >= config.STATISTICS.screening_sensitivity - ROUNDING].max())
    if len(benign):
        youden = sensitivity + np.searchsorted(benign, thresholds) / len(benign) - 1
        if youden.max() > ROUNDING:
            chosen["youden"] = float(thresholds[youden >= youden.max() - ROUNDING].min())
    return chosen


def measure(labels: np.ndarray, probabilities: np.ndarray, threshold: float) -> dict[str, Any]:
    """Return what a frozen `threshold` gives on rows that did not choose it: plain values, None where undefined.

    `confusion` holds rows, true class by verdict, benign first. `prevalences` is a list, one entry each of
    config.STATISTICS.prevalences, with the predictive values to be expected there.
    """
    verdicts = probabilities >= threshold
    confusion = sk.confusion_matrix(labels, verdicts, labels=[0, 1])
    (passed, alarm), (missed, hit) = confusion.tolist()
    sensitivity, specificity = _ratio(hit, hit + missed), _ratio(passed, passed + alarm)
    both = sensitivity is not None and specificity is not None
    mixed = both and 0 < verdicts.sum() < len(verdicts)
    return {
        "threshold": float(threshold),
        "confusion": confusion.tolist(),
        "accuracy": _ratio(hit + passed, len(labels)),
        "sensitivity": sensitivity,
        "specificity": specificity,
        "balanced_accuracy": (sensitivity + specificity) / 2 if both else None,
        "mcc": float(sk.matthews_corrcoef(labels, verdicts)) if mixed else None,
        "prevalences": [
            {"prevalence": share, **predictive_values(sensitivity, specificity, share)}
            for share in config.STATISTICS.prevalences
        ],
    }


def predictive_values(
    sensitivity: float | None, specificity: float | None, prevalence: float
) -> dict[str, float | None]:
    """Return `ppv` and `npv`, the shares of malignant and benign verdicts that are right, where `prevalence` holds.

    All in 0 to 1, by Bayes' theorem. None where a rate is, or where no row would get the verdict.
    """
    if sensitivity is None or specificity is None:
        return {"ppv": None, "npv": None}
    hit, missed = sensitivity * prevalence, (1 - sensitivity) * prevalence
    passed, alarm = specificity * (1 - prevalence), (1 - specificity) * (1 - prevalence)
    return {"ppv": _ratio(hit, hit + alarm), "npv": _ratio(passed, passed + missed)}


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
