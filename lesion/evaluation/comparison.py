"""Whether one model is better than another on the same rows, and what the data support, in plain words.

Rows of one group (images of one lesion) are no independent evidence, so the interval, the test of the ROC-AUC and the
test of the accuracy all count groups. Where every group is one row they are the ordinary paired bootstrap, the test
of DeLong and the exact McNemar test.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from scipy.stats import binom, binomtest, norm, rankdata

from lesion.evaluation import intervals
from lesion.evaluation.areas import rank, roc_area

ROUNDING = 1e-15  # a variance, or a difference, below it is none


def compare(
    labels: np.ndarray, first: np.ndarray, second: np.ndarray, groups: np.ndarray, threshold: float
) -> dict[str, Any]:
    """Compare two models' probabilities of malignancy on the same rows; plain values, None where undefined.

    `labels` (N,) of 0 and 1, `first` and `second` (N,) in 0 to 1, `groups` (N,) integers; from `threshold` on the
    verdict is malignant. `roc_auc` and `accuracy` each hold both models' values, `difference` (first minus second),
    its 95 % `interval` by paired bootstrap over groups, and `p`, two-sided: of DeLong's test for grouped rows, and
    of the exact McNemar test over groups. `accuracy` also holds the discordant rows and `p_rows`, McNemar's test
    as if the rows were independent, which is too small where groups hold several rows.
    """
    areas, covariance = roc_areas(labels, [first, second], groups)
    right = [(scores >= threshold) == (labels == 1) for scores in (first, second)]
    gained = right[0].astype(int) - right[1]
    bounds = _difference_intervals(labels, [first, second], groups, gained)
    only_first, only_second = int(np.sum(gained == 1)), int(np.sum(gained == -1))
    discordant = only_first + only_second
    return {
        "rows": len(labels),
        "groups": len(np.unique(groups)),
        "roc_auc": {**_pair(*areas), "interval": bounds["roc_auc"], **delong(areas, covariance)},
        "accuracy": {
            **_pair(*(np.mean(row) for row in right)),
            "interval": bounds["accuracy"],
            "only_first_right": only_first,
            "only_second_right": only_second,
            "p": mcnemar_of_groups(gained, groups),
            "p_rows": float(binomtest(only_first, discordant).pvalue) if discordant else 1.0,
        },
    }


def compare_all(
    labels: np.ndarray, models: Mapping[str, np.ndarray], groups: np.ndarray, threshold: float
) -> list[dict[str, Any]]:
    """Compare each two of `models`, name to probabilities (N,), as `compare` does.

    Each comparison also holds `first` and `second`, the names, and `p_corrected` beside each `p`: corrected by Holm
    for the number of pairs, the ROC-AUC and the accuracy apart.
    """
    pairs = list(combinations(models, 2))
    found = [
        {"first": first, "second": second, **compare(labels, models[first], models[second], groups, threshold)}
        for first, second in pairs
    ]
    for metric in ("roc_auc", "accuracy"):
        corrected = holm([comparison[metric]["p"] for comparison in found])
        for comparison, p in zip(found, corrected, strict=True):
            comparison[metric]["p_corrected"] = p
    return found


def roc_areas(labels: np.ndarray, models: Sequence[np.ndarray], groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ROC-AUC (K,) of K models' scores, each (N,), and the covariance (K, K) of these areas.

    Obuchowski, Biometrics 53 (1997) 567: rows of one group may depend on each other. Where each group is one row,
    it is the covariance of DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837. The placement values come
    from mid-ranks (Sun and Xu, IEEE Signal Processing Letters 21 (2014) 1389). NaN where a class is missing or
    stands in one group alone.
    """
    _, group_of_row = np.unique(groups, return_inverse=True)
    members = [labels == 1, labels == 0]
    sizes = [int(member.sum()) for member in members]
    if min(sizes) == 0:
        return np.full(len(models), np.nan), np.full((len(models),) * 2, np.nan)
    placements = [_placements(scores, members) for scores in models]
    areas = np.array([malignant.mean() for malignant, _ in placements])
    sums = np.zeros((2, group_of_row.max() + 1, len(models)))  # of a group's deviations, over the size of the class
    for k, pair in enumerate(placements):
        for side, (member, values) in enumerate(zip(members, pair, strict=True)):
            sums[side, :, k] = np.bincount(group_of_row[member], values - areas[k], sums.shape[1]) / sizes[side]
    counts = [len(np.unique(group_of_row[member])) for member in members]
    if min(counts) < 2:
        return areas, np.full((len(models),) * 2, np.nan)
    own = sum(count / (count - 1) * part.T @ part for count, part in zip(counts, sums, strict=True))
    across = sums[0].T @ sums[1] * sums.shape[1] / (sums.shape[1] - 1)
    return areas, own + across + across.T


def delong(areas: np.ndarray, covariance: np.ndarray) -> dict[str, float | None]:
    """Return z and the two-sided p of the difference of two ROC-AUCs (2,) with their covariance (2, 2).

    None where the covariance is unknown. Where nothing varies (perfect scores against constant ones) z is None, and
    p is 1 or 0 as the areas are equal or not; with few rows only the interval then tells how little that says.
    """
    difference = areas[0] - areas[1]
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    if np.isnan(variance):
        return {"z": None, "p": None}
    if variance < ROUNDING:
        return {"z": None, "p": float(abs(difference) < ROUNDING)}
    z = float(difference / np.sqrt(variance))
    return {"z": z, "p": float(2 * norm.sf(abs(z)))}


def mcnemar_of_groups(gained: np.ndarray, groups: np.ndarray) -> float:
    """Return the exact two-sided p that both models are right equally often.

    `gained` (N,): 1 where only the first model is right, -1 where only the second is, else 0. In truth equal models
    could be swapped in any group; p is the share of all such swaps that give a difference at least as large as the
    one found. Where each group is one row it is the exact McNemar test.
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
    """Return p-values corrected by Holm's step-down method for all that are not None."""
    known = [index for index, value in enumerate(values) if value is not None]
    corrected, highest = list(values), 0.0
    for place, index in enumerate(sorted(known, key=lambda index: values[index])):
        highest = max(highest, min(1.0, (len(known) - place) * values[index]))
        corrected[index] = highest
    return corrected


def _difference_intervals(
    labels: np.ndarray, models: Sequence[np.ndarray], groups: np.ndarray, gained: np.ndarray
) -> dict[str, list[float] | None]:
    """Return the 95 % intervals of the differences, the same replicates for both models; None where undefined."""
    orders = [rank(labels, scores) for scores in models]

    def measure(weights: np.ndarray) -> dict[str, np.ndarray]:
        areas = [roc_area(order, weights) for order in orders]
        return {"roc_auc": areas[0] - areas[1], "accuracy": weights @ gained / weights.sum(axis=1)}

    replicates = intervals.bootstrap(labels, groups, measure)
    sides = intervals.reach(labels, groups)
    if sides is None:
        return dict.fromkeys(replicates)
    whole = measure(np.ones((1, len(labels))))
    ends = {name: whole[name][0] + np.array([-1, 1]) * sides * np.std(replicates[name], ddof=1) for name in whole}
    return {name: np.clip(pair, -1, 1).tolist() for name, pair in ends.items()}


def _placements(scores: np.ndarray, members: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return each malignant row's share of benign rows below it, and each benign row's share of malignant above."""
    ranks = rankdata(scores)
    malignant, benign = (ranks[member] - rankdata(scores[member]) for member in members)
    return malignant / members[1].sum(), 1 - benign / members[0].sum()


def _pair(first: float, second: float) -> dict[str, float | None]:
    if np.isnan(first):
        return {"first": None, "second": None, "difference": None}
    return {"first": float(first), "second": float(second), "difference": float(first - second)}
