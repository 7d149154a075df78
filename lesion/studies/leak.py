"""The leak: by how much the figures of a model on a random split exceed those on a grouped split of the same images.

    random, grouped = (resplit(data, kind, seed=0) for kind in ("random", "grouped"))

With copies of one lesion on both sides of a split, a model is tested on what it has learned by heart. The difference of
its figures, all else equal, is what that is worth.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import t as student

from lesion import config, store
from lesion.evaluation import intervals
from lesion.evaluation.areas import rank, roc_area
from lesion.evaluation.wording import METRIC_NAMES, interval_phrase, listed, title
from lesion.groups import audit
from lesion.groups.split import split_rows
from lesion.prepared import PreparedData
from lesion.records.common import Interval
from lesion.records.leak import LeakTrial, MeanDifference

ROUNDING = 1e-12  # variances below this count as zero


@dataclass(frozen=True)
class Trial:
    """One training: its seed and split, and the probabilities that the model gives its test rows."""

    seed: int
    split: str  # one of config.SPLIT_KINDS
    positions: np.ndarray  # (n,) of the test rows in the data
    probabilities: np.ndarray  # (n,) of malignancy


def resplit(data: PreparedData, kind: str, seed: int) -> PreparedData:
    """Return the same images split anew, `kind` one of config.SPLIT_KINDS, with a fingerprint of their own.

    External and unreadable rows keep their split. Raises LesionError if there are too few groups to split.
    """
    own = pool(data)
    splits = data.splits.copy()
    splits[own] = split_rows(kind, data.labels[own], data.groups[own], seed)
    method = store.blocks(config.PREPARATION)
    fingerprint = store.fingerprint(data=data.fingerprint, split=kind, split_seed=seed, method=method)
    return replace(data, splits=splits, fingerprint=fingerprint)


def pool(data: PreparedData) -> np.ndarray:
    """Return the positions (n,) of the rows of all splits, without external and unreadable ones."""
    return np.flatnonzero(np.isin(data.splits, config.SPLITS))


def figures(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Return the ROC-AUC and the accuracy of `probabilities` (n,) on `labels` (n,) of both classes."""
    once = np.ones((1, len(labels)))
    return {metric: float(value[0]) for metric, value in _weighted(labels, probabilities, once).items()}


def _weighted(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Return both figures (R,) for each weighting (R, n) of the rows."""
    right = (probabilities >= config.DECISION.threshold) == (labels == 1)
    with np.errstate(invalid="ignore"):
        accuracy = weights @ right / weights.sum(axis=1)
    return {"roc_auc": roc_area(rank(labels, probabilities), weights), "accuracy": accuracy}


def table(data: PreparedData, trials: Sequence[Trial]) -> list[LeakTrial]:
    """Return for each trial its figures, the number of its test rows, and how many have a sibling in training."""
    lines = []
    for trial in trials:
        siblings = audit.siblings_of_test(resplit(data, trial.split, trial.seed).splits, data.groups)
        values = figures(data.labels[trial.positions], trial.probabilities)
        lines.append(
            LeakTrial(
                seed=trial.seed,
                split=trial.split,
                roc_auc=values["roc_auc"],
                accuracy=values["accuracy"],
                rows=siblings.rows,
                with_sibling=siblings.with_sibling,
            )
        )
    return lines


def differences(labels: np.ndarray, groups: np.ndarray, trials: Sequence[Trial]) -> dict[str, MeanDifference]:
    """Return by how much each figure is higher on the random split: the mean over the seeds with its interval.

    `labels` and `groups` (N,) of all rows; `trials` has both splits for each of two seeds or more. Two things make such
    a mean uncertain: the seed of split and training, and the lesions that happen to be tested. The squared standard
    error is the sum of both: the variance over the seeds divided by their number, and the variance of the mean when
    whole groups of test rows are drawn with replacement, the same draw for all trials. The sum is right if all seeds
    test the same rows, and on the safe side if they share none, since the variance over the seeds then holds that of
    the lesions as well. Student's t with the degrees of freedom of Welch and Satterthwaite makes it an interval; None
    if there are too few groups or nothing varies.
    """
    tested = np.unique(np.concatenate([trial.positions for trial in trials]))

    def means(weights: np.ndarray) -> dict[str, np.ndarray]:
        by_seed = _by_seed(labels, tested, trials, weights)
        return {metric: values.mean(axis=0) for metric, values in by_seed.items()}

    replicates = intervals.bootstrap(labels[tested], groups[tested], means)
    fewest = intervals.fewest_groups(labels[tested], groups[tested])
    count = len(np.unique(groups[tested]))
    by_seed = _by_seed(labels, tested, trials, np.ones((1, len(tested))))
    return {
        metric: MeanDifference(
            mean=float(values.mean()), interval=interval(values[:, 0], replicates[metric], fewest, count)
        )
        for metric, values in by_seed.items()
    }


def _by_seed(
    labels: np.ndarray, tested: np.ndarray, trials: Sequence[Trial], weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the differences (seeds, R) of each figure, random minus grouped split.

    `tested` (n,) are the positions of the rows that `weights` (R, n) weigh, in rising order.
    """
    seeds = sorted({trial.seed for trial in trials})
    by_seed = {metric: np.zeros((len(seeds), len(weights))) for metric in METRIC_NAMES}
    for trial in trials:
        own = weights[:, np.searchsorted(tested, trial.positions)]
        sign = 1 if trial.split == "random" else -1
        for metric, values in _weighted(labels[trial.positions], trial.probabilities, own).items():
            by_seed[metric][seeds.index(trial.seed)] += sign * values
    return by_seed


def interval(by_seed: np.ndarray, replicates: np.ndarray, fewest: int, groups: int) -> Interval:
    """Return the interval of the mean of `by_seed` (J,), as `differences` explains it.

    `replicates` (R,) of that mean, NaN if undefined; `fewest` groups of the rarer class among `groups` in all.
    """
    defined = replicates[~np.isnan(replicates)]
    undefined = len(defined) < config.STATISTICS.defined_replicates * len(replicates)
    if undefined or fewest < config.STATISTICS.minimum_groups:
        return None
    seeds = np.var(by_seed, ddof=1) / len(by_seed)
    lesions = np.var(defined, ddof=1) * fewest / (fewest - 1)  # a bootstrap of few groups finds too small a spread
    if seeds + lesions < ROUNDING:
        return None
    freedom = (seeds + lesions) ** 2 / (seeds**2 / (len(by_seed) - 1) + lesions**2 / (groups - 2))
    half = student.ppf((1 + config.STATISTICS.confidence) / 2, freedom) * np.sqrt(seeds + lesions)
    return np.clip(by_seed.mean() + np.array([-half, half]), -1, 1).tolist()


def sentence(model: str, lines: Sequence[LeakTrial], by_metric: dict[str, MeanDifference]) -> str:
    """Say in plain words what the trials of `model` show; `lines` from `table`, `by_metric` from `differences`."""
    shown = [
        METRIC_NAMES[metric]
        for metric, difference in by_metric.items()
        if difference.interval and difference.interval[0] > 0
    ]
    if shown:
        claim = f"A random split flatters {title(model)} in {listed(shown)}"
        claim += "" if len(shown) == len(METRIC_NAMES) else "; the other difference may be chance"
    else:
        claim = f"These runs do not show that a random split flatters {title(model)}"
    amounts = [
        f"{METRIC_NAMES[metric]} by {interval_phrase(difference.mean, difference.interval, plus=True)}"
        for metric, difference in by_metric.items()
    ]
    seeds = len({line.seed for line in lines})
    random = [line for line in lines if line.split == "random"]
    share = sum(line.with_sibling for line in random) / sum(line.rows for line in random)
    return (
        f"{claim}: against a split that keeps the images of one lesion together, it changes {listed(amounts)}, on "
        f"average over {seeds} seeds; {share:.0%} of its test images show a lesion that was trained on."
    )
