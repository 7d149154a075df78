"""Scores of the models on each subset of the rows, and how they compare."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import metrics as sk
from threadpoolctl import threadpool_limits

from lesion import config, store
from lesion.errors import LesionError
from lesion.evaluation import collapse, comparison, decisions, figures, intervals, lesions, subgroups, thresholds
from lesion.evaluation.calibration import temperature
from lesion.evaluation.words import headline
from lesion.prepared import PreparedData
from lesion.records.metrics import (
    ClassScores,
    Comparison,
    ModelScores,
    RocCurve,
    Scores,
    Subgroup,
    SubgroupDifference,
    SubsetSize,
)

ROC_POINTS = 500  # at most; a curve of more corners looks the same


@dataclass(frozen=True)
class Results:
    """All models on all subsets; the fields are those of MetricsRecord."""

    models: dict[str, ModelScores]
    sizes: dict[str, SubsetSize]
    comparisons: dict[str, list[Comparison]]
    against_colour: dict[str, list[Comparison]]
    subgroups: list[Subgroup]
    subgroup_differences: list[SubgroupDifference]
    preference: dict[str, list[str]]
    failed: dict[str, str]  # model -> why it cannot be scored


@threadpool_limits.wrap(limits=1, user_api="blas")  # many small products: threads take more time than they save
def measure(data: PreparedData, probabilities: Mapping[str, np.ndarray], digests: Mapping[str, str]) -> Results:
    """Score all models on all subsets of the data, compare the networks, and each of them with colour alone.

    `probabilities`: a key of config.NETWORKS or one of config.BASELINE_NAMES to (N,), one for each row of `data`, any
    value if a row is not scored; `digests`: the same keys to the digest of what made them. If several networks are
    scored, so are their `combinations`; these and the baselines take no part in the comparisons of the networks.
    """
    rows = subsets(data.splits, data.groups)
    scores, failed = _score_all(data, probabilities, digests, rows)
    usable = {name: values for name, values in probabilities.items() if name in scores}
    combined = combinations(usable)
    scores |= _score_all(data, combined, _digests(digests, usable), rows)[0]
    usable |= combined
    networks = {name: usable[name] for name in config.NETWORKS if name in usable}
    references = {name: usable[name] for name in config.REFERENCES if name in usable}
    comparisons = _compare(data, networks, rows)
    parts, differences = subgroups.subgroups(data, rows["test"], {**networks, **references})
    return Results(
        models={name: scores[name] for name in (*networks, *references)},
        sizes={subset: figures.size(data.labels[some], data.groups[some]) for subset, some in rows.items()},
        comparisons=comparisons,
        against_colour=_compare_with_colour(data, networks, references, rows),
        subgroups=parts,
        subgroup_differences=differences,
        preference={subset: _in_words(networks, scores, pairs, subset) for subset, pairs in comparisons.items()},
        failed=failed,
    )


def combinations(probabilities: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return what several models say together, by the name of the combination; the arrays have one shape, any.

    It is the mean logit of its `members`.
    """
    several = members(probabilities)
    return {name: figures.combine([probabilities[each] for each in own]) for name, own in several.items()}


def members(names: Collection[str]) -> dict[str, list[str]]:
    """Return which of the models `names` are in a combination, by its name; none if there is only one network.

    Each counts the same: on the validation images of 15 trainings of two networks the mean ROC-AUC was .853 without
    colour, .874, .875 and .873 if it counted a quarter, as much as a network, and half.
    """
    networks = [name for name in config.NETWORKS if name in names]
    if len(networks) < 2:
        return {}
    return {"together": networks} | ({"together_colour": [*networks, "colour"]} if "colour" in names else {})


def _digests(digests: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """Return a digest for each combination of the models `names`, from those of its members."""
    return {name: store.fingerprint(together=[digests[each] for each in own]) for name, own in members(names).items()}


def _score_all(
    data: PreparedData,
    probabilities: Mapping[str, np.ndarray],
    digests: Mapping[str, str],
    rows: Mapping[str, np.ndarray],
) -> tuple[dict[str, ModelScores], dict[str, str]]:
    """Return the scores of each model, and why others cannot be scored."""
    models = {}
    failed = {}
    for name, values in probabilities.items():
        try:
            models[name] = ModelScores(digest=digests[name], **_score_subsets(data, values, rows))
        except LesionError as error:
            failed[name] = f"not measured: {error}"
    return models, failed


def _compare(
    data: PreparedData, models: Mapping[str, np.ndarray], rows: Mapping[str, np.ndarray], against: str = ""
) -> dict[str, list[Comparison]]:
    """Return the comparisons of `models` on each subset, as `comparison.compare_all` makes them."""
    return {
        subset: comparison.compare_all(
            data.labels[positions],
            {name: values[positions] for name, values in models.items()},
            data.groups[positions],
            config.DECISION.threshold,
            against,
        )
        for subset, positions in rows.items()
    }


def _in_words(
    networks: Collection[str], models: Mapping[str, ModelScores], pairs: Sequence[Comparison], subset: str
) -> list[str]:
    """Return which of the networks did best on a subset, and how each two differ, in sentences."""
    scores = {name: own for name in networks if (own := models[name].of(subset))}
    return headline.sentences(scores, pairs, subset, config.DECISION.threshold)


def _compare_with_colour(
    data: PreparedData,
    networks: Mapping[str, np.ndarray],
    references: Mapping[str, np.ndarray],
    rows: Mapping[str, np.ndarray],
) -> dict[str, list[Comparison]]:
    """Compare each network, and all together, with colour alone on each subset; empty if colour is not measured."""
    if "colour" not in references:
        return {}
    compared = {name: references[name] for name in ("together", "colour") if name in references}
    return _compare(data, {**networks, **compared}, rows, against="colour")


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
    the validation split, chooses the operating points and the temperature of the calibration; its share of malignant
    rows is the one that the probabilities are taken to assume. A figure is None if it is undefined: precision if
    nothing is called malignant, ROC-AUC if only one class is present, an interval among too few groups, and so on.
    Raises LesionError if a probability is not in 0 to 1.
    """
    _require_probabilities(probabilities)
    threshold = config.DECISION.threshold
    # Any: a number, or None for those figures that Scores allows to be undefined.
    values: dict[str, Any] = {
        name: figures.or_none(value) for name, value in figures.values(labels, probabilities, threshold).items()
    }
    bounds = intervals.intervals(labels, probabilities, groups, threshold)
    fixed = thresholds.measure(labels, probabilities, threshold, groups)
    chosen = {
        name: None if value is None else thresholds.measure(labels, probabilities, value, groups)
        for name, value in thresholds.choose(*validation).items()
    }
    return Scores(
        rows=len(labels),
        groups=len(np.unique(groups)),
        **values,
        intervals=bounds,
        confusion=fixed.confusion,
        per_class=per_class(labels, probabilities >= threshold),
        roc=roc_curve(labels, probabilities),
        operating={"fixed": fixed, **chosen},
        calibration=temperature.before_and_after(validation, (labels, probabilities), groups),
        decision=decisions.curve(labels, probabilities, groups, share=float(np.mean(validation[0]))),
        lesions=lesions.score(labels, probabilities, groups, threshold),
        collapsed=collapse.judge(labels, probabilities, threshold, groups),
        cautions=collapse.cautions(values["roc_auc"], bounds["roc_auc"]),
    )


def _require_probabilities(values: np.ndarray) -> None:
    broken = np.sum(~((values >= 0) & (values <= 1)))
    if broken:
        remedy = "train it with a smaller --learning-rate"
        raise LesionError(f"{broken:,} of {len(values):,} predictions are no probability: {remedy}")


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
