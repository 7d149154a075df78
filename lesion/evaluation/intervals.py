"""Intervals of every headline figure, 95% as a rule, by bootstrap over groups.

Images of one lesion resemble each other, so they are drawn together: a replicate draws whole groups with
replacement, as many of each class as there are. Drawing rows would pretend to more evidence than there is. The
intervals hold for data with this share of malignant groups, as in a split that was made to keep it.
"""

import functools
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from scipy.special import expit, logit
from scipy.stats import t as student

from lesion import config
from lesion.evaluation import figures
from lesion.evaluation.areas import rank
from lesion.records.common import Interval

CELLS = 2**18  # weights held at once: more of them do not fit into a processor's cache
ROUNDING = 1e-9  # standard errors, and distances from a limit, below this count as zero


def intervals(
    labels: np.ndarray, probabilities: np.ndarray, groups: np.ndarray, threshold: float
) -> dict[str, Interval]:
    """Return the interval of each headline figure of one model on one split; None if it has none.

    `labels` (N,) of 0 and 1, `probabilities` (N,) of malignancy in 0 to 1, `groups` (N,) integers; from `threshold`
    on the verdict is malignant. See `around` and `spread` for how an interval comes from the replicates.
    """
    order = rank(labels, probabilities)
    replicates = bootstrap(
        labels, groups, lambda weights: figures.weighted(labels, probabilities, threshold, order, weights)
    )
    return around(figures.values(labels, probabilities, threshold), replicates, labels, groups)


def around(
    values: Mapping[str, float], replicates: Mapping[str, np.ndarray], labels: np.ndarray, groups: np.ndarray
) -> dict[str, Interval]:
    """Return the interval around each of `values`, some of figures.HEADLINE, from their `replicates` (R,) each.

    It is `spread`, or `at_limit` for a value of figures.EXACT at a limit; None if there are too few lesions for it.
    """
    errors = reach(labels, groups)
    fewest = fewest_groups(labels, groups)
    bounds: dict[str, Interval] = {}
    for name, value in values.items():
        limits = figures.limits(name)
        steps = fewest * (len(np.unique(groups)) - fewest) if name in figures.PAIRED else len(labels)
        if fewest < figures.lesions_needed(name) or errors is None:
            bounds[name] = None
        elif name in figures.EXACT and value in limits:
            bounds[name] = at_limit(value, fewest)
        else:
            bounds[name] = spread(value, replicates[name], errors, limits, steps)
    return bounds


def bootstrap(
    labels: np.ndarray,
    groups: np.ndarray,
    measure: Callable[[np.ndarray], dict[str, np.ndarray]],
    replicates: int | None = None,
) -> dict[str, np.ndarray]:
    """Return the figures that `measure` gives for many weightings of the rows.

    `measure` gets weights (R, N), how often each row is drawn, and returns an array of R values, or of R rows of them,
    for each figure by name; those of all `replicates`, at most and by default config.STATISTICS.replicates, are
    returned. The same labels and groups give the same draws, so that two models' replicates are paired.
    """
    chunks = [measure(weights) for weights in _draws(labels, groups, replicates or config.STATISTICS.replicates)]
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}


def fewest_groups(labels: np.ndarray, groups: np.ndarray) -> int:
    """Return the number of groups of the rarer class; a group with both classes counts as malignant."""
    strata = _strata(labels, groups)
    return min(len(np.unique(groups[strata == stratum])) for stratum in (0, 1))


def reach(labels: np.ndarray, groups: np.ndarray, confidence: float | None = None) -> float | None:
    """Return by how many of the bootstrap's standard errors an interval of `confidence` reaches to either side.

    Student's t, since the error is estimated, times the root of n / (n - 1), since a bootstrap of n groups finds too
    small a spread (Efron and Tibshirani, 1993, chapter 5); n is the number of groups of the rarer class. None if it is
    below config.STATISTICS.minimum_groups. The confidence is by default config.STATISTICS.confidence.
    """
    fewest = fewest_groups(labels, groups)
    freedom = len(np.unique(groups)) - 2  # a mean of each class is estimated
    if fewest < config.STATISTICS.minimum_groups:
        return None
    confidence = confidence or config.STATISTICS.confidence
    return float(student.ppf((1 + confidence) / 2, freedom) * np.sqrt(fewest / (fewest - 1)))


def spread(
    value: float, replicates: np.ndarray, errors: float | None, limits: tuple[float, float], steps: int
) -> Interval:
    """Return [low, high] around `value` from its replicates, within `limits`; `errors` as `reach` returns it.

    The interval is symmetric on the logit scale between the limits. Its standard error there is the larger of two:
    that of the replicates carried over by the delta method, which is too small where the logit bends, and that of
    the replicates' logits, which is too small if many are at a limit; they are kept off it by half of one of the
    `steps` in which the figure moves over its range. None if the figure is undefined, also in too many replicates,
    and if it is at a limit or does not vary, so that there is no error to measure.
    """
    low, high = limits
    share = (value - low) / (high - low)
    drawn = (replicates[~np.isnan(replicates)] - low) / (high - low)
    undefined = len(drawn) < config.STATISTICS.defined_replicates * len(replicates)
    if errors is None or undefined or not ROUNDING < share < 1 - ROUNDING:
        return None
    kept = np.clip(drawn, 1 / (2 * steps), 1 - 1 / (2 * steps))
    by_delta = np.std(drawn, ddof=1) / (share * (1 - share))
    if by_delta < ROUNDING:
        return None
    error = max(by_delta, np.std(logit(kept), ddof=1))
    ends = expit(logit(share) + np.array([-1, 1]) * errors * error)
    return (low + (high - low) * ends).tolist()


def symmetric(value: float, replicates: np.ndarray, errors: float | None, limits: tuple[float, float]) -> Interval:
    """Return [low, high] at equal distances from `value`, within `limits`; `errors` as `reach` returns it.

    For figures without natural ends, such as a difference or a slope. None if the value is undefined, also in too many
    of its `replicates` (R,), and if it does not vary.
    """
    drawn = replicates[~np.isnan(replicates)]
    undefined = len(drawn) < max(2, config.STATISTICS.defined_replicates * len(replicates))
    if errors is None or undefined or np.isnan(value) or np.std(drawn, ddof=1) < ROUNDING:
        return None
    return np.clip(value + np.array([-1, 1]) * errors * np.std(drawn, ddof=1), *limits).tolist()


def at_limit(value: float, fewest: int) -> list[float]:
    """Return [low, high] of a rate or ROC-AUC of exactly 0 or 1, where a bootstrap finds no spread at all.

    Clopper and Pearson's exact interval of `fewest` independent trials that all had the same outcome. It is wide
    enough for each of figures.EXACT: a ROC-AUC of 1 means that `fewest` pairs without a common group are all in order.
    """
    low = float(((1 - config.STATISTICS.confidence) / 2) ** (1 / fewest))
    return [low, 1.0] if value == 1 else [0.0, 1 - low]


def _strata(labels: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the class of each row's group (N,): malignant if one of its rows is."""
    _, group_of_row = np.unique(groups, return_inverse=True)
    return (np.bincount(group_of_row, weights=labels) > 0).astype(int)[group_of_row]


def _draws(labels: np.ndarray, groups: np.ndarray, replicates: int) -> Iterator[np.ndarray]:
    """Yield weights (R, N), how often each row is drawn, `replicates` in all; fewer are the first of more."""
    _, group_of_row = np.unique(groups, return_inverse=True)
    strata = np.zeros(group_of_row.max() + 1, int)
    strata[group_of_row] = _strata(labels, groups)
    times = _times(strata.tobytes(), config.STATISTICS.replicates, config.STATISTICS.seed)
    most = max(1, CELLS // len(groups))
    for begin in range(0, replicates, most):
        yield times[begin : min(begin + most, replicates), group_of_row].astype(float)


@functools.lru_cache(maxsize=4)
def _times(strata: bytes, replicates: int, seed: int) -> np.ndarray:
    """Return how often each group is drawn (replicates, G); kept, since all models and figures share the draws.

    `strata`: the bytes of the groups' classes (G,) int.
    """
    class_of_group = np.frombuffer(strata, int)
    count = len(class_of_group)
    times = np.zeros((replicates, count), np.uint16)
    for place, stratum in enumerate(np.unique(class_of_group)):
        members = np.flatnonzero(class_of_group == stratum)
        random = np.random.default_rng([seed, place])
        most = max(1, CELLS // len(members))
        for begin in range(0, replicates, most):
            size = min(most, replicates - begin)
            drawn = random.integers(len(members), size=(size, len(members)))
            drawn += np.arange(size)[:, np.newaxis] * len(members)
            counts = np.bincount(drawn.ravel(), minlength=size * len(members))
            times[begin : begin + size, members] = counts.reshape(size, len(members))
    return times
