"""Comparison of two models on the same rows: differences, intervals and tests.

Rows of one group (images of one lesion) are not independent evidence, so the interval, the test of the ROC-AUC and the
test of the accuracy all count groups. If every group is one row they are the ordinary paired bootstrap, the test of
DeLong and the exact McNemar test.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from scipy.stats import binom, norm, rankdata

from lesion import config
from lesion.evaluation import intervals
from lesion.evaluation.areas import rank, roc_area
from lesion.evaluation.figures import or_none
from lesion.records.common import Interval
from lesion.records.metrics import AccuracyDifference, AreaDifference, Comparison

ROUNDING = 1e-15  # variances and differences below this count as zero


def compare_all(
    labels: np.ndarray, models: Mapping[str, np.ndarray], groups: np.ndarray, threshold: float, against: str = ""
) -> list[Comparison]:
    """Compare each two of `models`, name to probabilities (N,), as `compare` does.

    If one is named by `against`, each other is compared with this one alone. The p-values are corrected by Holm for
    the number of pairs, those of the ROC-AUC and of the accuracy apart.
    """
    chosen = [(name, against) for name in models if name != against] if against else combinations(models, 2)
    pairs = [
        compare(labels, {first: models[first], second: models[second]}, groups, threshold) for first, second in chosen
    ]
    areas = holm([pair.roc_auc.p for pair in pairs])
    accuracies = holm([pair.accuracy.p for pair in pairs])
    return [
        replace(
            pair,
            roc_auc=replace(pair.roc_auc, p_corrected=area),
            accuracy=replace(pair.accuracy, p_corrected=accuracy),
        )
        for pair, area, accuracy in zip(pairs, areas, accuracies, strict=True)
    ]


def compare(labels: np.ndarray, models: Mapping[str, np.ndarray], groups: np.ndarray, threshold: float) -> Comparison:
    """Compare two models' probabilities of malignancy on the same rows; a figure is None if it is undefined.

    `labels` (N,) of 0 and 1, `models` the two names to probabilities (N,) in 0 to 1, `groups` (N,) integers; from
    `threshold` on the verdict is malignant. The intervals of the differences are from a paired bootstrap over groups;
    the two-sided p-values are those of DeLong's test for grouped rows, and of the exact McNemar test over groups. They
    are not corrected for the number of comparisons.
    """
    (first, second), scores = models, list(models.values())
    areas, covariance = roc_areas(labels, scores, groups)
    first_right, second_right = ((each >= threshold) == (labels == 1) for each in scores)
    gained = first_right.astype(int) - second_right
    bounds = _difference_intervals(labels, scores, groups, gained)
    return Comparison(
        first=first,
        second=second,
        rows=len(labels),
        groups=len(np.unique(groups)),
        roc_auc=AreaDifference(
            first=or_none(areas[0]),
            second=or_none(areas[1]),
            difference=or_none(areas[0] - areas[1]),
            interval=bounds["roc_auc"],
            p=delong(areas, covariance),
            detectable=detectable(covariance) if bounds["roc_auc"] else None,
        ),
        accuracy=AccuracyDifference(
            first=float(first_right.mean()),
            second=float(second_right.mean()),
            difference=float(first_right.mean() - second_right.mean()),
            interval=bounds["accuracy"],
            only_first_right=int(np.sum(gained == 1)),
            only_second_right=int(np.sum(gained == -1)),
            p=mcnemar_of_groups(gained, groups),
        ),
    )


def roc_areas(labels: np.ndarray, models: Sequence[np.ndarray], groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ROC-AUC (K,) of K models' scores, each (N,), and the covariance (K, K) of these areas.

    Obuchowski, Biometrics 53 (1997) 567: rows of one group may depend on each other. If each group is one row, it is
    the covariance of DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837. The placement values come from
    mid-ranks (Sun and Xu, IEEE Signal Processing Letters 21 (2014) 1389). NaN if a class is missing, and for the
    covariance also if a class is in one group alone.
    """
    unknown = np.full((len(models), len(models)), np.nan)
    _, group_of_row = np.unique(groups, return_inverse=True)
    members = [labels == 1, labels == 0]
    sizes = [int(member.sum()) for member in members]
    if min(sizes) == 0:
        return np.full(len(models), np.nan), unknown
    placements = [_placements(scores, members) for scores in models]
    areas = np.array([malignant.mean() for malignant, _ in placements])
    # For each class, group and model: the sum of the group's deviations, divided by the size of the class.
    sums = np.zeros((2, group_of_row.max() + 1, len(models)))
    for model, pair in enumerate(placements):
        for side, (member, values) in enumerate(zip(members, pair, strict=True)):
            deviations = np.bincount(group_of_row[member], values - areas[model], sums.shape[1])
            sums[side, :, model] = deviations / sizes[side]
    counts = [len(np.unique(group_of_row[member])) for member in members]
    if min(counts) < 2:
        return areas, unknown
    within = sum(count / (count - 1) * own.T @ own for count, own in zip(counts, sums, strict=True))
    across = sums[0].T @ sums[1] * sums.shape[1] / (sums.shape[1] - 1)
    return areas, within + across + across.T


def delong(areas: np.ndarray, covariance: np.ndarray) -> float | None:
    """Return the two-sided p of the difference of two ROC-AUCs (2,) with their covariance (2, 2).

    None if the covariance is unknown. If nothing varies (perfect scores against constant ones) p is 1 or 0 as the areas
    are equal or not; with few rows only the interval then tells how little that says.
    """
    difference = areas[0] - areas[1]
    variance = _variance_of_difference(covariance)
    if np.isnan(variance):
        return None
    if variance < ROUNDING:
        return float(abs(difference) < ROUNDING)
    return float(2 * norm.sf(abs(difference / np.sqrt(variance))))


def detectable(covariance: np.ndarray) -> float | None:
    """Return the difference of two ROC-AUCs that one DeLong test on these rows finds with config.STATISTICS.power.

    It is (z of 1 - significance / 2 + z of the power) times the test's own standard error, 2.8 times as a rule
    (Obuchowski and McClish, Statistics in Medicine 16 (1997) 1529), from `covariance` (2, 2). A correction for several
    comparisons makes it larger. None if the covariance is unknown or nothing varies.
    """
    variance = _variance_of_difference(covariance)
    if np.isnan(variance) or variance < ROUNDING:
        return None
    statistics = config.STATISTICS
    return float((norm.isf(statistics.significant / 2) + norm.ppf(statistics.power)) * np.sqrt(variance))


def mcnemar_of_groups(gained: np.ndarray, groups: np.ndarray) -> float:
    """Return the exact two-sided p that both models are right equally often.

    `gained` (N,): 1 where only the first model is right, -1 where only the second is, else 0. In truth equal models
    could be swapped in any group; p is the share of all such swaps that give a difference at least as large as the
    one observed. If each group is one row it is the exact McNemar test.
    """
    net = np.abs(np.bincount(np.unique(groups, return_inverse=True)[1], weights=gained)).astype(int)
    chances = np.ones(1)  # of each difference from -n to n, that is of each number of steps of 2 above -n
    for size, count in zip(*np.unique(net[net > 0], return_counts=True), strict=True):
        steps = np.zeros(size * count + 1)
        steps[::size] = binom.pmf(np.arange(count + 1), count, 0.5)
        chances = np.convolve(chances, steps)
    differences = 2 * np.arange(len(chances)) - (len(chances) - 1)
    return float(min(1.0, chances[np.abs(differences) >= abs(int(gained.sum()))].sum()))


def holm(values: Sequence[float | None]) -> list[float | None]:
    """Return p-values corrected by Holm's step-down method; None stays None and is not counted."""
    known = sorted((value, index) for index, value in enumerate(values) if value is not None)
    corrected = list(values)
    highest = 0.0
    for place, (value, index) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - place) * value))
        corrected[index] = highest
    return corrected


def _difference_intervals(
    labels: np.ndarray, models: Sequence[np.ndarray], groups: np.ndarray, gained: np.ndarray
) -> dict[str, Interval]:
    """Return the intervals of the differences, from the same replicates for both models; None if undefined."""
    orders = [rank(labels, scores) for scores in models]

    def measure(weights: np.ndarray) -> dict[str, np.ndarray]:
        areas = [roc_area(order, weights) for order in orders]
        return {"roc_auc": areas[0] - areas[1], "accuracy": weights @ gained / weights.sum(axis=1)}

    replicates = intervals.bootstrap(labels, groups, measure)
    errors = intervals.reach(labels, groups)
    if errors is None:
        return dict.fromkeys(replicates)
    bounds: dict[str, Interval] = {}
    for name, difference in measure(np.ones((1, len(labels)))).items():
        ends = difference[0] + np.array([-1, 1]) * errors * np.std(replicates[name], ddof=1)
        bounds[name] = np.clip(ends, -1, 1).tolist()
    return bounds


def _variance_of_difference(covariance: np.ndarray) -> float:
    return float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])


def _placements(scores: np.ndarray, members: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return each malignant row's share of benign rows below it, and each benign row's share of malignant above."""
    ranks = rankdata(scores)
    malignant, benign = (ranks[member] - rankdata(scores[member]) for member in members)
    return malignant / members[1].sum(), 1 - benign / members[0].sum()
