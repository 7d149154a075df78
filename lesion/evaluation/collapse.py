"""Warnings about a model that has not learned or has collapsed; a good model on few images raises none."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import entropy, norm

from lesion import config
from lesion.evaluation import comparison
from lesion.evaluation.wording import METRIC_NAMES, bounds_phrase

CONSTANT = 1e-6  # probabilities that differ by less are equal


def is_constant(probabilities: np.ndarray) -> bool:
    """Tell whether all `probabilities` (N,) are equal, up to rounding."""
    return bool(np.ptp(probabilities) < CONSTANT)


def judge(labels: np.ndarray, probabilities: np.ndarray, threshold: float, groups: np.ndarray) -> list[str]:
    """Say in plain sentences how a model's predictions of one split have collapsed; empty if they have not.

    `labels` (N,) of 0 and 1, `probabilities` (N,) of malignancy in 0 to 1, `groups` (N,) integers; from `threshold`
    on the verdict is malignant. Reports NaN predictions, constant predictions, one class for all images, and a ranking
    no better than guessing.
    """
    broken = int(np.sum(~np.isfinite(probabilities)))
    if broken:
        return [f"{broken:,} of {len(probabilities):,} probabilities are no numbers"]
    if is_constant(probabilities):
        return [f"all {len(probabilities):,} probabilities are {probabilities[0]:.3f}"]
    sentences = (_one_class(labels, probabilities, threshold, groups), _guessing(labels, probabilities, groups))
    return [sentence for sentence in sentences if sentence]


def on_split(split: str, sentences: Sequence[str]) -> list[str]:
    """Return what `judge` says of a split as warnings that go after a model's name."""
    return [f"collapsed on the {split} split: {sentence}" for sentence in sentences]


def judge_losses(
    training: Sequence[float], validation: Sequence[float], malignant_share: float, finished: bool
) -> list[str]:
    """Say in plain sentences what is wrong with the losses of a training; empty if nothing is.

    Binary cross-entropy in nats, one value for each epoch; `malignant_share` of the rows, in 0 to 1. Guessing has
    ln 2 = 0.693 by always answering 0.5, and less on uneven classes by always answering their share. Unless the
    training is `finished`, the first epochs are given to get under way.
    """
    for name, losses in (("training", training), ("validation", validation)):
        lost = [epoch for epoch, loss in enumerate(losses, 1) if not math.isfinite(loss)]
        if lost:
            return [f"has broken down: the {name} loss was no number in epoch {lost[0]}"]
    if not validation or not (finished or len(validation) >= config.COLLAPSE.epochs_to_start):
        return []
    guessing = float(entropy([malignant_share, 1 - malignant_share]))
    if min(validation) < config.COLLAPSE.stuck_loss * guessing:
        return []
    stuck = f"the validation loss never fell below {min(validation):.3f}, and guessing has {guessing:.3f}"
    if min(training) >= config.COLLAPSE.stuck_loss * guessing:
        return [f"has not learned: {stuck}"]
    return [
        f"has learned nothing that holds for other images: the training loss fell to {min(training):.3f}, but {stuck}"
    ]


def _one_class(labels: np.ndarray, probabilities: np.ndarray, threshold: float, groups: np.ndarray) -> str | None:
    """Report verdicts of one class, unless there are hardly any lesions of the other class to be found."""
    verdicts = probabilities >= threshold
    verdict = int(verdicts[0])
    other_lesions = len(np.unique(groups[labels != verdict]))
    if np.any(verdicts != verdict) or other_lesions < config.COLLAPSE.overlooked:
        return None
    return f"all {len(verdicts):,} images are called {config.CLASSES[verdict]}"


def _guessing(labels: np.ndarray, probabilities: np.ndarray, groups: np.ndarray) -> str | None:
    """Report a ROC-AUC that is no better than guessing's if there are enough rows to exclude a useful one."""
    areas, covariance = comparison.roc_areas(labels, [probabilities], groups)
    area = float(areas[0])
    error = math.sqrt(max(covariance[0, 0], 0.0))
    if np.isnan(error):
        return None
    confidence = config.STATISTICS.confidence
    low, high = area + norm.ppf([(1 - confidence) / 2, (1 + confidence) / 2]) * error
    if high >= config.COLLAPSE.useful_auc:
        return None
    figure = f"{METRIC_NAMES['roc_auc']} {area:.3f}, {bounds_phrase([max(low, 0), high])}"
    if high < 0.5 - config.COLLAPSE.near_chance:
        return f"ranks the wrong way round, benign above malignant ({figure}): are the classes in the right order?"
    if low <= 0.5 or area < 0.5 + config.COLLAPSE.near_chance:
        return f"ranks no better than guessing ({figure})"
    return None
