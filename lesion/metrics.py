"""Numbers from predictions, and from nothing else."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn import metrics as sk

from lesion import calibration, comparison, config, intervals, operating, preference, ranking, sentinel
from lesion.errors import LesionError

ROC_POINTS = 500  # at most; a curve of more corners looks the same


def score(
    labels: np.ndarray,
    probabilities: np.ndarray,
    groups: np.ndarray,
    validation: tuple[np.ndarray, np.ndarray],
    threshold: float = config.THRESHOLD,
) -> dict[str, Any]:
    """Score one model's predictions of one split; malignant is the positive class.

    `labels` (N,) of 0 and 1, `probabilities` (N,) of malignancy in 0 to 1, `groups` (N,) integers, equal where rows
    show one lesion; from `threshold` on the verdict is malignant. `validation`, (labels, probabilities) of the
    validation split, chooses the operating points and the temperature of the calibration. Returns plain numbers;
    None stands where one is undefined: precision where nothing is called malignant, ROC-AUC where only one class is
    present, an interval among too few groups, and so on. Raises LesionError where a probability is not in 0 to 1.
    """
    broken = np.sum(~((probabilities >= 0) & (probabilities <= 1)))
    if broken:
        raise LesionError(f"{broken:,} of {len(labels):,} predictions are no probability: run `invoke train --force`")
    points = operating_points(labels, probabilities, operating.choose(*validation))
    verdicts = probabilities >= threshold
    both = np.unique(labels).size == 2
    calibrated = calibration.before_and_after(validation, (labels, probabilities))
    at_threshold = operating.measure(labels, probabilities, threshold)
    (true_benign, false_malignant), (false_benign, true_malignant) = at_threshold["confusion"]
    return {
        "rows": len(labels),
        "groups": len(np.unique(groups)),
        "positives": int(np.sum(labels)),
        "accuracy": _ratio(true_benign + true_malignant, len(labels)),
        "precision": _ratio(true_malignant, true_malignant + false_malignant),
        "recall": _ratio(true_malignant, true_malignant + false_benign),
        "f1": _ratio(2 * true_malignant, 2 * true_malignant + false_malignant + false_benign),
        "specificity": _ratio(true_benign, true_benign + false_malignant),
        "roc_auc": float(sk.roc_auc_score(labels, probabilities)) if both else None,
        "average_precision": float(sk.average_precision_score(labels, probabilities)) if both else None,
        "partial_auc": ranking.partial_auc(labels, probabilities),
        "balanced_accuracy": at_threshold["balanced_accuracy"],
        "mcc": at_threshold["mcc"],
        "brier": calibrated["before"]["brier"],
        "log_loss": float(sk.log_loss(labels, probabilities, labels=[0, 1])),
        "intervals": intervals.intervals(labels, probabilities, groups, threshold).bounds,
        "confusion": at_threshold["confusion"],
        "per_class": per_class(labels, verdicts),
        "roc": roc_curve(labels, probabilities) if both else None,
        "operating": points,
        "calibration": calibrated,
        "sentinel": sentinel.judge(labels, probabilities, threshold, groups),
    }


def operating_points(
    labels: np.ndarray, probabilities: np.ndarray, thresholds: Mapping[str, float | None]
) -> dict[str, dict[str, Any] | None]:
    """Return what each of the `thresholds` gives (see `operating.measure`); None where there is no such threshold."""
    return {
        name: None if threshold is None else operating.measure(labels, probabilities, threshold)
        for name, threshold in thresholds.items()
    }


def compare(
    labels: np.ndarray, models: Mapping[str, np.ndarray], groups: np.ndarray
) -> tuple[list[dict[str, Any]], list[str]]:
    """Compare each two of `models` on the same rows: the figures, and what they support in plain sentences.

    `labels` (N,) and `groups` (N,) as in `score`; `models` a key of config.MODELS to its probabilities (N,). Both
    lists are empty for a single model. See `comparison.compare_all` and `preference.sentences`.
    """
    found = comparison.compare_all(labels, models, groups, config.THRESHOLD)
    return found, preference.sentences(found, config.NAMES) if found else []


def per_class(labels: np.ndarray, verdicts: np.ndarray) -> dict[str, dict[str, float | int | None]]:
    """Return precision, recall, F1 and support of each class and their macro and weighted averages.

    An average over an undefined figure is undefined (None).
    """
    figures = sk.precision_recall_fscore_support(labels, verdicts, labels=[0, 1], zero_division=np.nan)
    rows = {name: [column[label] for column in figures] for label, name in enumerate(config.CLASSES)}
    support = figures[3]
    for name, shares in {"macro average": [0.5, 0.5], "weighted average": support / support.sum()}.items():
        rows[name] = [float(np.dot(column, shares)) for column in figures[:3]] + [support.sum()]
    return {
        name: {
            **{key: _plain(value) for key, value in zip(("precision", "recall", "f1"), row[:3], strict=True)},
            "support": int(row[3]),
        }
        for name, row in rows.items()
    }


def roc_curve(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, list[float]]:
    """Return the corners of the ROC curve, thinned evenly to at most ROC_POINTS."""
    false_rate, true_rate, _ = sk.roc_curve(labels, probabilities)
    kept = np.unique(np.linspace(0, len(false_rate) - 1, ROC_POINTS).round().astype(int))
    return {
        "false_positive_rate": false_rate[kept].round(6).tolist(),
        "true_positive_rate": true_rate[kept].round(6).tolist(),
    }


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
