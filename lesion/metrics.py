"""Numbers from predictions, and from nothing else."""

from typing import Any

import numpy as np
from sklearn import metrics as sk

from lesion import config

ROC_POINTS = 500  # at most; a curve of more corners looks the same


def score(labels: np.ndarray, probabilities: np.ndarray, threshold: float = config.THRESHOLD) -> dict[str, Any]:
    """Score one model's predictions of one split; malignant is the positive class.

    `labels` (N,) of 0 and 1, `probabilities` (N,) of malignancy in 0 to 1; from `threshold` on the verdict is
    malignant. Returns plain numbers; None stands where one is undefined: precision where nothing is called
    malignant, ROC-AUC where only one class is present, and so on.
    """
    verdicts = probabilities >= threshold
    both = np.unique(labels).size == 2
    confusion = sk.confusion_matrix(labels, verdicts, labels=[0, 1])
    (true_benign, false_malignant), (false_benign, true_malignant) = confusion.tolist()
    return {
        "rows": len(labels),
        "positives": int(np.sum(labels)),
        "accuracy": _ratio(true_benign + true_malignant, len(labels)),
        "precision": _ratio(true_malignant, true_malignant + false_malignant),
        "recall": _ratio(true_malignant, true_malignant + false_benign),
        "f1": _ratio(2 * true_malignant, 2 * true_malignant + false_malignant + false_benign),
        "specificity": _ratio(true_benign, true_benign + false_malignant),
        "roc_auc": float(sk.roc_auc_score(labels, probabilities)) if both else None,
        "log_loss": float(sk.log_loss(labels, probabilities, labels=[0, 1])),
        "confusion": confusion.tolist(),
        "per_class": per_class(labels, verdicts),
        "roc": roc_curve(labels, probabilities) if both else None,
        "collapsed": collapse(probabilities, verdicts),
    }


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


def collapse(probabilities: np.ndarray, verdicts: np.ndarray) -> str | None:
    """Say how the predictions have collapsed, to one value or to one class; None where they have not."""
    if np.ptp(probabilities) < 1e-6:
        return f"all {len(probabilities)} probabilities are {probabilities[0]:.3f}"
    if np.unique(verdicts).size == 1:
        return f"all {len(verdicts)} images are called {config.CLASSES[int(verdicts[0])]}"
    return None


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
