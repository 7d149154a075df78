"""95 % intervals of every headline metric by bootstrap over groups.

Images of one lesion resemble each other, so they are drawn together: a replicate draws whole groups with
replacement, as many of each class as there are. Drawing rows would pretend to more evidence than there is. The
intervals hold for data with this share of malignant groups, as in a split that was made to keep it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from scipy.stats import t as student

from lesion import config
from lesion.evaluation.areas import Ranking, areas, rank

EXACT = ("accuracy", "recall", "specificity", "balanced_accuracy", "roc_auc")  # have an interval at their limits too
PAIRED = ("roc_auc", "average_precision")  # move in steps of one pair of groups; all others in steps of one row
CELLS = 2**18  # weights held at once: more of them do not fit into a processor's cache
ROUNDING = 1e-9  # a standard error, or a distance from a limit, below it is none


@dataclass(frozen=True)
class Intervals:
    """What the bootstrap found."""

    bounds: dict[str, list[float] | None]  # metric -> [low, high]; None where no interval can be given
    left_out: dict[str, int]  # metric -> number of replicates in which it was undefined
    replicates: int
    groups: int


def intervals(labels: np.ndarray, probabilities: np.ndarray, groups: np.ndarray, threshold: float) -> Intervals:
    """Return the 95 % interval of each metric of one model on one split.

    `labels` (N,) of 0 and 1, `probabilities` (N,) of malignancy in 0 to 1, `groups` (N,) integers; from `threshold`
    on the verdict is malignant. See `spread` for how an interval comes from the replicates.
    """
    order = rank(labels, probabilities)

    def measure(weights: np.ndarray) -> dict[str, np.ndarray]:
        return _figures(labels, probabilities, threshold, order, weights)

    values = {name: float(value[0]) for name, value in measure(np.ones((1, len(labels)))).items()}
    replicates = bootstrap(labels, groups, measure)
    sides, fewest, bounds = reach(labels, groups), fewest_groups(labels, groups), {}
    for name, value in values.items():
        limits = RANGES.get(name, (0.0, 1.0))
        steps = fewest * (len(np.unique(groups)) - fewest) if name in PAIRED else len(labels)
        bounds[name] = spread(value, replicates[name], sides, limits, steps)
        if name in EXACT and value in limits and sides is not None:
            bounds[name] = at_limit(value, fewest)
    left_out = {name: int(np.isnan(found).sum()) for name, found in replicates.items()}
    return Intervals(bounds, left_out, config.STATISTICS.replicates, len(np.unique(groups)))


def bootstrap(
    labels: np.ndarray, groups: np.ndarray, measure: Callable[[np.ndarray], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Return what `measure` makes of many weightings of the rows, (config.STATISTICS.replicates,) for each of its names.

    `measure` gets weights (R, N), how often each row is drawn, and returns (R,) for each name. The same labels and
    groups give the same draws, so that two models' replicates are paired.
    """
    parts = [measure(weights) for weights in _draws(labels, groups)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def fewest_groups(labels: np.ndarray, groups: np.ndarray) -> int:
    """Return the number of groups of the rarer class; a group with both classes counts as malignant."""
    strata = _strata(labels, groups)
    return min(len(np.unique(groups[strata == stratum])) for stratum in (0, 1))


def reach(labels: np.ndarray, groups: np.ndarray) -> float | None:
    """Return by how many of the bootstrap's standard errors an interval reaches to either side.

    Student's t, since the error is estimated, times the root of n / (n - 1), by which a bootstrap of n groups finds
    too small a spread (Efron and Tibshirani, 1993, chapter 5); n is the number of groups of the rarer class. None
    where it is below config.STATISTICS.minimum_groups.
    """
    fewest, freedom = fewest_groups(labels, groups), len(np.unique(groups)) - 2  # a mean of each class is estimated
    if fewest < config.STATISTICS.minimum_groups:
        return None
    return float(student.ppf((1 + config.STATISTICS.confidence) / 2, freedom) * np.sqrt(fewest / (fewest - 1)))


def spread(
    value: float, replicates: np.ndarray, sides: float | None, limits: tuple[float, float], steps: int
) -> list[float] | None:
    """Return [low, high] around `value` from its replicates, within `limits`; `sides` as `reach` returns it.

    The interval is symmetric on the logit scale between the limits. Its standard error there is the larger of two:
    that of the replicates carried over by the delta method, which is too small where the logit bends, and that of
    the replicates' logits, which is too small where many are at a limit; they are kept off it by half of one of the
    `steps` in which the metric moves over its range. None where the metric is undefined, also in too many
    replicates, and where it is at a limit or does not vary, so that there is no error to measure.
    """
    low, high = limits
    share, drawn = ((values - low) / (high - low) for values in (value, replicates[~np.isnan(replicates)]))
    undefined = len(drawn) < config.STATISTICS.defined_replicates * len(replicates)
    if sides is None or undefined or not ROUNDING < share < 1 - ROUNDING:
        return None
    kept = np.clip(drawn, 1 / (2 * steps), 1 - 1 / (2 * steps))
    errors = np.std(drawn, ddof=1) / (share * (1 - share)), np.std(logit(kept), ddof=1)
    if errors[0] < ROUNDING:
        return None
    ends = expit(logit(share) + np.array([-1, 1]) * sides * max(errors))
    return (low + (high - low) * ends).tolist()


def at_limit(value: float, fewest: int) -> list[float]:
    """Return [low, high] of a rate or ROC-AUC of exactly 0 or 1, where a bootstrap finds no spread at all.

    Clopper and Pearson's exact interval of `fewest` independent trials that all had the same outcome. It is wide
    enough for each of EXACT: a ROC-AUC of 1 means that `fewest` pairs without a common group are all in order.
    """
    low = ((1 - config.STATISTICS.confidence) / 2) ** (1 / fewest)
    return [low, 1.0] if value == 1 else [0.0, 1 - low]


def _strata(labels: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the class of each row's group (N,): malignant where one of its rows is."""
    _, group_of_row = np.unique(groups, return_inverse=True)
    return (np.bincount(group_of_row, weights=labels) > 0).astype(int)[group_of_row]


def _draws(labels: np.ndarray, groups: np.ndarray) -> Iterator[np.ndarray]:
    """Yield weights (R, N), how often each row is drawn, config.STATISTICS.replicates in all."""
    _, group_of_row = np.unique(groups, return_inverse=True)
    count, strata = group_of_row.max() + 1, _strata(labels, groups)
    members = [np.unique(group_of_row[strata == stratum]) for stratum in np.unique(strata)]
    seeds = [[config.STATISTICS.seed, stratum] for stratum in range(len(members))]  # so that `size` is free
    randoms = [np.random.default_rng(seed) for seed in seeds]
    size = max(1, CELLS // len(groups))
    for begin in range(0, config.STATISTICS.replicates, size):
        shape = min(size, config.STATISTICS.replicates - begin)
        chosen = [
            part[random.integers(len(part), size=(shape, len(part)))]
            for part, random in zip(members, randoms, strict=True)
        ]
        drawn = np.concatenate(chosen, axis=1)
        drawn += np.arange(shape)[:, np.newaxis] * count
        times = np.bincount(drawn.ravel(), minlength=shape * count).reshape(shape, count)
        yield times[:, group_of_row].astype(float)


def _figures(
    labels: np.ndarray, probabilities: np.ndarray, threshold: float, order: Ranking, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Return each headline metric (R,) of the rows as weighted by each row of `weights` (R, N)."""
    verdicts, malignant = probabilities >= threshold, labels == 1
    kinds = [malignant & verdicts, malignant & ~verdicts, ~malignant & verdicts, ~malignant & ~verdicts]
    columns = np.column_stack([*kinds, (probabilities - labels) ** 2])
    hit, missed, alarm, passed, squares = (weights @ columns).T
    total = hit + missed + alarm + passed
    with np.errstate(invalid="ignore", divide="ignore"):
        recall, specificity = hit / (hit + missed), passed / (passed + alarm)
        product = (hit + missed) * (hit + alarm) * (passed + alarm) * (passed + missed)
        return {
            "accuracy": (hit + passed) / total,
            "precision": hit / (hit + alarm),
            "recall": recall,
            "f1": 2 * hit / (2 * hit + missed + alarm),
            "specificity": specificity,
            **areas(order, weights),
            "balanced_accuracy": (recall + specificity) / 2,
            "mcc": (hit * passed - alarm * missed) / np.sqrt(product),
            "brier": squares / total,
        }
