"""Numbers from predictions, and from nothing else."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn import metrics as sk

from lesion import config
from lesion.errors import LesionError
from lesion.evaluation import areas, calibration, collapse, comparison, intervals, thresholds, wording
from lesion.prepared import PreparedData

ROC_POINTS = 500  # at most; a curve of more corners looks the same


def score(
    labels: np.ndarray,
    probabilities: np.ndarray,
    groups: np.ndarray,
    validation: tuple[np.ndarray, np.ndarray],
    threshold: float = config.DECISION.threshold,
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
    points = operating_points(labels, probabilities, thresholds.choose(*validation))
    verdicts = probabilities >= threshold
    both = np.unique(labels).size == 2
    calibrated = calibration.before_and_after(validation, (labels, probabilities))
    at_threshold = thresholds.measure(labels, probabilities, threshold)
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
        "partial_auc": areas.partial_auc(labels, probabilities),
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
        "sentinel": collapse.judge(labels, probabilities, threshold, groups),
    }


def operating_points(
    labels: np.ndarray, probabilities: np.ndarray, chosen: Mapping[str, float | None]
) -> dict[str, dict[str, Any] | None]:
    """Return what each of the `chosen` thresholds gives (see `operating.measure`); None where there is no such threshold."""
    return {
        name: None if threshold is None else thresholds.measure(labels, probabilities, threshold)
        for name, threshold in chosen.items()
    }


def compare(
    labels: np.ndarray, models: Mapping[str, np.ndarray], groups: np.ndarray
) -> tuple[list[dict[str, Any]], list[str]]:
    """Compare each two of `models` on the same rows: the figures, and what they support in plain sentences.

    `labels` (N,) and `groups` (N,) as in `score`; `models` a key of config.NETWORKS to its probabilities (N,). Both
    lists are empty for a single model. See `comparison.compare_all` and `preference.sentences`.
    """
    found = comparison.compare_all(labels, models, groups, config.DECISION.threshold)
    return found, wording.sentences(found) if found else []


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


def subsets(splits: np.ndarray, groups: np.ndarray) -> dict[str, np.ndarray]:
    """Return the positions of the rows that are scored together, by name; without those that would be empty.

    `splits` (N,) names and `groups` (N,) integers of all rows. Beside the splits of config.SCORED there is
    config.EXTERNAL_NEW where some of the external rows, but not all, have a sibling among the rows that were split.
    """
    found = {split: np.flatnonzero(splits == split) for split in config.SCORED}
    external = found[config.EXTERNAL]
    new = external[~np.isin(groups[external], groups[np.isin(splits, list(config.SPLITS))])]
    if len(new) < len(external):
        found[config.EXTERNAL_NEW] = new
    return {name: positions for name, positions in found.items() if len(positions)}


def measure(data: PreparedData, probabilities: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Score and compare models on all subsets of the data.

    `probabilities`: a key of config.NETWORKS to (N,), one for each row of `data`, anything where a row is not scored.
    Returns `models` (model to subset to `metrics.score`), `comparisons` and `preference` (subset to what
    `metrics.compare` gives), and `failed` (model to the reason why it cannot be scored).
    """
    chosen = subsets(data.splits, data.groups)
    scored, failed = {}, {}
    for name, values in probabilities.items():
        try:
            scored[name] = _score(data, values, chosen)
        except LesionError as error:
            failed[name] = f"not measured: {error}"
    compared = {
        subset: compare(
            data.labels[positions], {name: probabilities[name][positions] for name in scored}, data.groups[positions]
        )
        for subset, positions in chosen.items()
    }
    return {
        "models": scored,
        "comparisons": {subset: found for subset, (found, _) in compared.items()},
        "preference": {subset: said for subset, (_, said) in compared.items()},
        "failed": failed,
    }


def _score(data: PreparedData, values: np.ndarray, chosen: Mapping[str, np.ndarray]) -> dict[str, Any]:
    validation = data.labels[chosen["validation"]], values[chosen["validation"]]
    return {
        subset: score(data.labels[positions], values[positions], data.groups[positions], validation)
        for subset, positions in chosen.items()
    }
