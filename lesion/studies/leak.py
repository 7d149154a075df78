"""The leak: by how much the figures of a model on random folds exceed those on grouped folds of the same images.

    lines = table(data, design, random, grouped)
    said = sentence(model, lines, differences(labels, groups, design, random, grouped))

With copies of one lesion on both sides of a split, a model is tested on what it has learned by heart. The difference of
its figures, all else equal, is what that is worth. It is a study of one model on two kinds of split.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from lesion import config
from lesion.evaluation.words.wording import METRIC_NAMES, interval_phrase, listed, title
from lesion.groups import audit
from lesion.prepared import PreparedData
from lesion.records.leak import LeakTrial, MeanDifference
from lesion.records.study import Design
from lesion.studies import design as designs
from lesion.studies import estimates, uncertainty
from lesion.studies.estimates import Figure, Scored, Weighted


def accuracy(labels: np.ndarray, probabilities: np.ndarray) -> Weighted:
    """Return the accuracy of a fold's rows as a function of their weights; arguments (n,)."""
    right = (probabilities >= config.DECISION.threshold) == (labels == 1)

    def weighted(weights: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return weights @ right / weights.sum(axis=1)

    return weighted


FIGURES: Mapping[str, Figure] = {"roc_auc": estimates.area, "accuracy": accuracy}  # by the names of METRIC_NAMES


def table(data: PreparedData, design: Design, random: Scored, grouped: Scored) -> list[LeakTrial]:
    """Return for each training its figures, the number of its test rows, and how many have a sibling in training.

    `random` and `grouped` have what the trainings on either kind of split say of the rows of `design.pool`. The lines
    come by partition, whose number counts as the seed, then fold, then kind.
    """
    labels = data.labels[designs.pool(data)]
    scored = {"grouped": grouped, "random": random}
    values = {
        kind: {metric: estimates.cells(labels, design, each, figure) for metric, figure in FIGURES.items()}
        for kind, each in scored.items()
    }
    lines = []
    for cell in designs.cells(design, [""]):  # the division is the same for every model
        siblings = audit.siblings_of_test(designs.divide(data, design, cell).splits, data.groups)
        lines.append(
            LeakTrial(
                seed=cell.repeat,
                split=cell.kind,
                roc_auc=float(values[cell.kind]["roc_auc"][cell.repeat, cell.fold]),
                accuracy=float(values[cell.kind]["accuracy"][cell.repeat, cell.fold]),
                rows=siblings.rows,
                with_sibling=siblings.with_sibling,
            )
        )
    return lines


def differences(
    labels: np.ndarray, groups: np.ndarray, design: Design, random: Scored, grouped: Scored
) -> dict[str, MeanDifference]:
    """Return by how much each figure is higher on random folds: the mean over the trainings with its interval.

    `labels` (P,) of 0 and 1, `groups` (P,) integers of the rows of `design.pool`. The interval is that of a study: see
    `uncertainty`. Where different lesions are tested in each partition it is on the safe side, since the variance over
    the partitions then holds that of the lesions as well. None if there are too few lesions or nothing varies.
    """
    by_metric = {}
    for metric, figure in FIGURES.items():
        measured = estimates.measure(labels, groups, design, {"random": random, "grouped": grouped}, figure)
        own = estimates.of_difference(measured, design, "random", "grouped")
        by_metric[metric] = MeanDifference(own.value, uncertainty.symmetric_interval(own))
    return by_metric


def sentence(model: str, lines: Sequence[LeakTrial], by_metric: Mapping[str, MeanDifference]) -> str:
    """Say in plain words what the trials of `model` show; `lines` from `table`, `by_metric` from `differences`."""
    amounts = [
        f"{METRIC_NAMES[metric]} by {interval_phrase(difference.mean, difference.interval, plus=True)}"
        for metric, difference in by_metric.items()
    ]
    seeds = len({line.seed for line in lines})
    random = [line for line in lines if line.split == "random"]
    share = sum(line.with_sibling for line in random) / sum(line.rows for line in random)
    return (
        f"{_claim(model, by_metric)}: against a split that keeps the images of one lesion together, it changes "
        f"{listed(amounts)}, on average over {seeds} seeds; {share:.0%} of its test images show a lesion that was "
        "trained on."
    )


def _claim(model: str, by_metric: Mapping[str, MeanDifference]) -> str:
    """Name the figures that a random split is shown to flatter: those whose interval is above 0."""
    shown = [
        METRIC_NAMES[metric]
        for metric, difference in by_metric.items()
        if difference.interval and difference.interval[0] > 0
    ]
    if not shown:
        return f"These runs do not show that a random split flatters {title(model)}"
    rest = "" if len(shown) == len(by_metric) else "; the other difference may be chance"
    return f"A random split flatters {title(model)} in {listed(shown)}{rest}"
