"""Comparison of two models on the same rows: differences, intervals and tests.

Rows of one group (images of one lesion) are not independent evidence, so the interval, the test of the ROC-AUC and the
test of the accuracy all count groups. If every group is one row they are the ordinary paired bootstrap, the test of
DeLong and the exact McNemar test.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeVar

import numpy as np
from scipy.stats import binom, norm, rankdata

from lesion import config
from lesion.evaluation import correction, intervals
from lesion.evaluation.areas import rank, roc_area
from lesion.evaluation.figures import or_none
from lesion.records.common import Interval
from lesion.records.metrics import AccuracyDifference, AreaDifference, Comparison

ROUNDING = 1e-15  # variances and differences below this count as zero

Difference = TypeVar("Difference", AreaDifference, AccuracyDifference)
Reach = Callable[[float | None], float | None]  # confidence -> standard errors to either side


@dataclass(frozen=True)
class Spread:
    """A difference of two models and its standard deviation over the replicates of the bootstrap."""

    difference: float
    error: float


def compare_all(
    labels: np.ndarray, models: Mapping[str, np.ndarray], groups: np.ndarray, threshold: float, against: str = ""
) -> list[Comparison]:
    """Compare each two of `models`, name to probabilities (N,); if one is named by `against`, each other with this one.

    The rest is as in `compare_pairs`.
    """
    chosen = [(name, against) for name in models if name != against] if against else combinations(models, 2)
    pairs = [{first: models[first], second: models[second]} for first, second in chosen]
    return compare_pairs(labels, pairs, groups, threshold)


def compare_pairs(
    labels: np.ndarray, pairs: Sequence[Mapping[str, np.ndarray]], groups: np.ndarray, threshold: float
) -> list[Comparison]:
    """Compare the two models of each of `pairs`, name to probabilities (N,), as `compare` does.

    The p-values are corrected by Holm for the number of pairs, those of the ROC-AUC and of the accuracy apart, and so
    are the adjusted intervals, which are from the same bootstrap as the others: see `correction`.
    """
    compared = [_compare(labels, pair, groups, threshold) for pair in pairs]

    def reach(confidence: float | None) -> float | None:
        return None if confidence is None else intervals.reach(labels, groups, confidence)

    areas = _corrected([one.roc_auc for one, _ in compared], [each["roc_auc"] for _, each in compared], reach)
    accuracies = _corrected(
        [one.accuracy for one, _ in compared], [spread["accuracy"] for _, spread in compared], reach
    )
    return [
        replace(one, roc_auc=area, accuracy=accuracy)
        for (one, _), area, accuracy in zip(compared, areas, accuracies, strict=True)
    ]


def compare(labels: np.ndarray, models: Mapping[str, np.ndarray], groups: np.ndarray, threshold: float) -> Comparison:
    """Compare two models' probabilities of malignancy on the same rows; a figure is None if it is undefined.

    `labels` (N,) of 0 and 1, `models` the two names to probabilities (N,) in 0 to 1, `groups` (N,) integers; from
    `threshold` on the verdict is malignant. The intervals of the differences are from a paired bootstrap over groups;
    the two-sided p-values are those of DeLong's test for grouped rows, and of the exact McNemar test over groups. They
    are not corrected for the number of comparisons, and nothing is adjusted.
    """
    return _compare(labels, models, groups, threshold)[0]


def _compare(
    labels: np.ndarray, models: Mapping[str, np.ndarray], groups: np.ndarray, threshold: float
) -> tuple[Comparison, dict[str, Spread]]:
    """Return what `compare` does, and the spread of both differences."""
    (first, second), scores = models, list(models.values())
    areas, covariance = roc_areas(labels, scores, groups)
    first_right, second_right = ((each >= threshold) == (labels == 1) for each in scores)
    gained = first_right.astype(int) - second_right
    spreads = _spreads(labels, scores, groups, gained)
    errors = intervals.reach(labels, groups)
    comparison = Comparison(
        first=first,
        second=second,
        rows=len(labels),
        groups=len(np.unique(groups)),
        roc_auc=AreaDifference(
            first=or_none(areas[0]),
            second=or_none(areas[1]),
            difference=or_none(areas[0] - areas[1]),
            interval=_bounds(spreads["roc_auc"], errors),
            p=delong(areas, covariance),
            detectable=None if errors is None else detectable(covariance),
        ),
        accuracy=AccuracyDifference(
            first=float(first_right.mean()),
            second=float(second_right.mean()),
            difference=float(first_right.mean() - second_right.mean()),
            interval=_bounds(spreads["accuracy"], errors),
            only_first_right=int(np.sum(gained == 1)),
            only_second_right=int(np.sum(gained == -1)),
            p=mcnemar_of_groups(gained, groups),
        ),
    )
    return comparison, spreads


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


def _corrected(differences: Sequence[Difference], spreads: Sequence[Spread], reach: Reach) -> list[Difference]:
    """Return one figure's differences of several pairs, corrected for their number."""
    values = [each.p for each in differences]
    return [
        replace(each, p_corrected=p, adjusted=correction.adjusted(_bounds(spread, reach(confidence)), p))
        for each, spread, p, confidence in zip(
            differences, spreads, correction.holm(values), correction.confidences(values), strict=True
        )
    ]


def _spreads(
    labels: np.ndarray, models: Sequence[np.ndarray], groups: np.ndarray, gained: np.ndarray
) -> dict[str, Spread]:
    """Return the differences and their spread over the same replicates for both models."""
    orders = [rank(labels, scores) for scores in models]

    def measure(weights: np.ndarray) -> dict[str, np.ndarray]:
        areas = [roc_area(order, weights) for order in orders]
        return {"roc_auc": areas[0] - areas[1], "accuracy": weights @ gained / weights.sum(axis=1)}

    replicates = intervals.bootstrap(labels, groups, measure)
    return {
        name: Spread(float(difference[0]), float(np.std(replicates[name], ddof=1)))
        for name, difference in measure(np.ones((1, len(labels)))).items()
    }


def _bounds(spread: Spread, errors: float | None) -> Interval:
    """Return an interval that reaches `errors` standard errors to either side, within -1 to 1; None without any."""
    if errors is None:
        return None
    return np.clip(spread.difference + np.array([-1, 1]) * errors * spread.error, -1, 1).tolist()


def _variance_of_difference(covariance: np.ndarray) -> float:
    return float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])


def _placements(scores: np.ndarray, members: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return each malignant row's share of benign rows below it, and each benign row's share of malignant above."""
    ranks = rankdata(scores)
    malignant, benign = (ranks[member] - rankdata(scores[member]) for member in members)
    return malignant / members[1].sum(), 1 - benign / members[0].sum()
