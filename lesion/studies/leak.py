"""How much a random split flatters: the same model trained and tested on the random and on the grouped split.

    random, grouped = (resplit(data, kind, seed=0) for kind in config.SPLIT_KINDS)

With copies of one lesion on both sides of a split, a model is tested on what it has learnt by heart. The difference of
its figures, all else equal, is what that is worth.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import t as student

from lesion import config, store
from lesion.evaluation import intervals
from lesion.evaluation.areas import rank, roc_area
from lesion.evaluation.wording import NAMES as METRICS
from lesion.groups import audit
from lesion.groups.split import split_rows
from lesion.prepared import PreparedData

NOTHING = 1e-12  # a variance below it is none


@dataclasses.dataclass(frozen=True)
class Run:
    """One training: its seed and split, and what the model says of its test rows."""

    seed: int
    split: str  # one of config.SPLIT_KINDS
    positions: np.ndarray  # (n,) of the test rows in the data
    probabilities: np.ndarray  # (n,) of malignancy


def resplit(data: PreparedData, kind: str, seed: int) -> PreparedData:
    """Return the same images split anew, `kind` one of config.SPLIT_KINDS, with a fingerprint of their own.

    External and unreadable rows stay what they are. Raises LesionError where there are too few groups to split.
    """
    own = np.isin(data.splits, list(config.SPLITS))
    splits = data.splits.copy()
    splits[own] = split_rows(kind, data.labels[own], data.groups[own], seed)
    fingerprint = store.fingerprint(data=data.fingerprint, split=kind, split_seed=seed)
    return dataclasses.replace(data, splits=splits, manifest={**data.manifest, "data": fingerprint})


@dataclasses.dataclass(frozen=True)
class Pool(PreparedData):
    """Prepared data whose every row that any split may hold stands for training and for validation."""

    def of_split(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """Return (positions in `images`, labels) of all these rows, whatever the split."""
        positions = np.flatnonzero(np.isin(self.splits, list(config.SPLITS)))
        return positions, self.labels[positions]


def pool(data: PreparedData) -> Pool:
    """Return the rows of `data` as one pool: what is frozen gives the same for them in whichever split they are."""
    return Pool(**{field.name: getattr(data, field.name) for field in dataclasses.fields(data)})


def figures(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Return the ROC-AUC and the accuracy of `probabilities` (n,) on `labels` (n,) of both classes."""
    found = _weighted(labels, probabilities, np.ones((1, len(labels))))
    return {name: float(value[0]) for name, value in found.items()}


def _weighted(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Return both figures (R,) for each weighting (R, n) of the rows."""
    right = (probabilities >= config.DECISION.threshold) == (labels == 1)
    with np.errstate(invalid="ignore"):
        accuracy = weights @ right / weights.sum(axis=1)
    return {"roc_auc": roc_area(rank(labels, probabilities), weights), "accuracy": accuracy}


def table(data: PreparedData, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return a line a run: its figures, its test rows, and how many of them have a sibling in training."""
    lines = []
    for run in runs:
        siblings = audit.siblings_of_test(resplit(data, run.split, run.seed).splits, data.groups)
        found = figures(data.labels[run.positions], run.probabilities)
        lines.append({"seed": run.seed, "split": run.split, **found, **siblings})
    return lines


def differences(labels: np.ndarray, groups: np.ndarray, runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
    """Return by how much each figure is higher on the random split: {"mean", "interval"} over the seeds.

    `labels` and `groups` (N,) of all rows; `runs` has both splits for each of two seeds or more. Two things make such
    a mean uncertain: which seed split and trained, and which lesions there are to test on. The squared standard error
    is the sum of both: the variance over the seeds divided by their number, and the variance of the mean when whole
    groups of test rows are drawn with replacement, the same draw for all runs. The sum is right where all seeds test
    the same rows, and on the safe side where they share none, since the variance over the seeds then holds that of
    the lesions as well. Student's t with the degrees of freedom of Welch and Satterthwaite makes it a 95 % interval;
    None where there are too few groups or nothing varies.
    """
    tested = np.unique(np.concatenate([run.positions for run in runs]))
    seeds = sorted({run.seed for run in runs})
    sign = {"random": 1, "grouped": -1}

    def by_seed(weights: np.ndarray) -> dict[str, np.ndarray]:
        """Return the differences (seeds, R) of each figure."""
        found = {metric: np.zeros((len(seeds), len(weights))) for metric in METRICS}
        for run in runs:
            chosen = weights[:, np.searchsorted(tested, run.positions)]
            for metric, values in _weighted(labels[run.positions], run.probabilities, chosen).items():
                found[metric][seeds.index(run.seed)] += sign[run.split] * values
        return found

    whole = by_seed(np.ones((1, len(tested))))
    replicates = intervals.bootstrap(
        labels[tested], groups[tested], lambda weights: {key: part.mean(0) for key, part in by_seed(weights).items()}
    )
    fewest = intervals.fewest_groups(labels[tested], groups[tested])
    count = len(np.unique(groups[tested]))
    return {
        metric: {
            "mean": float(whole[metric].mean()),
            "interval": interval(whole[metric][:, 0], replicates[metric], fewest, count),
        }
        for metric in METRICS
    }


def interval(by_seed: np.ndarray, replicates: np.ndarray, fewest: int, groups: int) -> list[float] | None:
    """Return the 95 % interval of the mean of `by_seed` (J,), as `differences` explains it.

    `replicates` (R,) of that mean, NaN where undefined; `fewest` groups of the rarer class among `groups` in all.
    """
    defined = replicates[~np.isnan(replicates)]
    if fewest < config.STATISTICS.minimum_groups or len(defined) < config.STATISTICS.defined_replicates * len(
        replicates
    ):
        return None
    seeds = np.var(by_seed, ddof=1) / len(by_seed)
    lesions = np.var(defined, ddof=1) * fewest / (fewest - 1)  # a bootstrap of few groups finds too small a spread
    if seeds + lesions < NOTHING:
        return None
    freedom = (seeds + lesions) ** 2 / (seeds**2 / (len(by_seed) - 1) + lesions**2 / (groups - 2))
    half = student.ppf((1 + config.STATISTICS.confidence) / 2, freedom) * np.sqrt(seeds + lesions)
    return np.clip(by_seed.mean() + np.array([-half, half]), -1, 1).tolist()


def sentence(model: str, lines: Sequence[Mapping[str, Any]], found: Mapping[str, Mapping[str, Any]]) -> str:
    """Say in plain words what the runs of `model` show; `lines` come from `table`, `found` from `differences`."""
    shown = [METRICS[name] for name, part in found.items() if part["interval"] and part["interval"][0] > 0]
    name, seeds = config.NETWORKS[model].title, len({line["seed"] for line in lines})
    if shown:
        claim = f"A random split flatters {name} in {' and '.join(shown)}"
        claim += "" if len(shown) == len(METRICS) else "; the other difference may be chance"
    else:
        claim = f"These runs do not show that a random split flatters {name}"
    amounts = " and ".join(f"{METRICS[name]} by {_amount(part)}" for name, part in found.items())
    random = [line for line in lines if line["split"] == "random"]
    share = sum(line["with_sibling"] for line in random) / sum(line["rows"] for line in random)
    return (
        f"{claim}: against a split that keeps the images of one lesion together, it changes {amounts}, on average over "
        f"{seeds} seeds; {share:.0%} of its test images show a lesion that was trained on."
    )


def _amount(part: Mapping[str, Any]) -> str:
    bounds = part["interval"]
    ends = f"{bounds[0]:+.3f} to {bounds[1]:+.3f}" if bounds else "undefined"
    return f"{part['mean']:+.3f} (95 % interval {ends})".replace("-", "−")
