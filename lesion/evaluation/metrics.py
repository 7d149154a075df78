"""Scores of the models on each subset of the rows, and how they compare."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import metrics as sk

from lesion import config
from lesion.errors import LesionError
from lesion.evaluation import calibration, collapse, comparison, figures, intervals, thresholds, wording
from lesion.prepared import PreparedData
from lesion.records.metrics import ClassScores, Comparison, ModelScores, RocCurve, Scores

ROC_POINTS = 500  # at most; a curve of more corners looks the same


@dataclass(frozen=True)
class Results:
    """All models on all subsets."""

    models: dict[str, ModelScores]
    comparisons: dict[str, list[Comparison]]  # subset -> every pair of models
    preference: dict[str, list[str]]  # subset -> the comparisons in words
    failed: dict[str, str]  # model -> why it cannot be scored


def measure(data: PreparedData, probabilities: Mapping[str, np.ndarray], digests: Mapping[str, str]) -> Results:
    """Score and compare models on all subsets of the data.

    `probabilities`: a key of config.NETWORKS to (N,), one for each row of `data`, any value if a row is not scored;
    `digests`: the same keys to the digest of the weights that made them.
    """
    rows = subsets(data.splits, data.groups)
    models = {}
    failed = {}
    for name, values in probabilities.items():
        try:
            models[name] = ModelScores(digest=digests[name], **_score_subsets(data, values, rows))
        except LesionError as error:
            failed[name] = f"not measured: {error}"
    comparisons = {}
    for subset, positions in rows.items():
        scored = {name: probabilities[name][positions] for name in models}
        labels, groups = data.labels[positions], data.groups[positions]
        comparisons[subset] = comparison.compare_all(labels, scored, groups, config.DECISION.threshold)
    preference = {subset: wording.sentences(pairs) for subset, pairs in comparisons.items()}
    return Results(models, comparisons, preference, failed)


def subsets(splits: np.ndarray, groups: np.ndarray) -> dict[str, np.ndarray]:
    """Return the positions of the rows that are scored together, by name; without those that would be empty.

    `splits` (N,) names and `groups` (N,) integers of all rows. Beside the splits of config.SCORED there is
    config.EXTERNAL_NEW if some of the external rows, but not all, have a sibling among the rows that were split.
    """
    rows = {split: np.flatnonzero(splits == split) for split in config.SCORED}
    external = rows[config.EXTERNAL]
    new = external[~np.isin(groups[external], groups[np.isin(splits, list(config.SPLITS))])]
    if len(new) < len(external):
        rows[config.EXTERNAL_NEW] = new
    return {name: positions for name, positions in rows.items() if len(positions)}


def _score_subsets(data: PreparedData, values: np.ndarray, rows: Mapping[str, np.ndarray]) -> dict[str, Scores]:
    validation = data.labels[rows["validation"]], values[rows["validation"]]
    return {
        subset: score(data.labels[positions], values[positions], data.groups[positions], validation)
        for subset, positions in rows.items()
    }


def score(
    labels: np.ndarray, probabilities: np.ndarray, groups: np.ndarray, validation: tuple[np.ndarray, np.ndarray]
) -> Scores:
    """Score one model's predictions of one subset; malignant is the positive class.

    `labels` (N,) of 0 and 1, `probabilities` (N,) of malignancy in 0 to 1, `groups` (N,) integers, equal if rows show
    one lesion; from config.DECISION.threshold on the verdict is malignant. `validation`, (labels, probabilities) of
    the validation split, chooses the operating points and the temperature of the calibration. A figure is None if it
    is undefined: precision if nothing is called malignant, ROC-AUC if only one class is present, an interval among too
    few groups, and so on. Raises LesionError if a probability is not in 0 to 1.
    """
    broken = np.sum(~((probabilities >= 0) & (probabilities <= 1)))
    if broken:
        raise LesionError(f"{broken:,} of {len(labels):,} predictions are no probability: run `invoke train --force`")
    threshold = config.DECISION.threshold
    # Any: a number, or None for those figures that Scores allows to be undefined.
    headline: dict[str, Any] = {
        name: figures.or_none(value) for name, value in figures.values(labels, probabilities, threshold).items()
    }
    fixed = thresholds.measure(labels, probabilities, threshold)
    chosen = {
        name: None if value is None else thresholds.measure(labels, probabilities, value)
        for name, value in thresholds.choose(*validation).items()
    }
    return Scores(
        rows=len(labels),
        groups=len(np.unique(groups)),
        **headline,
        intervals=intervals.intervals(labels, probabilities, groups, threshold),
        confusion=fixed.confusion,
        per_class=per_class(labels, probabilities >= threshold),
        roc=roc_curve(labels, probabilities),
        operating={"fixed": fixed, **chosen},
        calibration=calibration.before_and_after(validation, (labels, probabilities)),
        collapsed=collapse.judge(labels, probabilities, threshold, groups),
    )


def per_class(labels: np.ndarray, verdicts: np.ndarray) -> dict[str, ClassScores]:
    """Return precision, recall, F1 and support of each class and their macro and weighted averages.

    `labels` and `verdicts` (N,) of 0 and 1. An average over an undefined figure is undefined (None).
    """
    precision, recall, f1, support = sk.precision_recall_fscore_support(
        labels, verdicts, labels=[0, 1], zero_division=np.nan
    )
    scores = {
        name: _class_scores(precision[label], recall[label], f1[label], support[label])
        for label, name in enumerate(config.CLASSES)
    }
    for name, shares in {"macro average": [0.5, 0.5], "weighted average": support / support.sum()}.items():
        scores[name] = _class_scores(precision @ shares, recall @ shares, f1 @ shares, support.sum())
    return scores


def _class_scores(precision: float, recall: float, f1: float, support: int) -> ClassScores:
    return ClassScores(figures.or_none(precision), figures.or_none(recall), figures.or_none(f1), int(support))


def roc_curve(labels: np.ndarray, probabilities: np.ndarray) -> RocCurve | None:
    """Return the corners of the ROC curve, thinned evenly to at most ROC_POINTS; None for one class."""
    if np.unique(labels).size < 2:
        return None
    false_rate, true_rate, _ = sk.roc_curve(labels, probabilities)
    kept = np.unique(np.linspace(0, len(false_rate) - 1, ROC_POINTS).round().astype(int))
    return RocCurve(false_rate[kept].round(6).tolist(), true_rate[kept].round(6).tolist())
