"""Names a model that has not learned or has collapsed as what it is, and leaves a good model on few images alone."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import norm

from lesion import config
from lesion.evaluation import comparison

CONSTANT = 1e-6  # probabilities that differ by less are equal


def judge(labels: np.ndarray, probabilities: np.ndarray, threshold: float, groups: np.ndarray) -> list[str]:
    """Say in plain sentences how a model's predictions of one split have collapsed; an empty list where they have not.

    `labels` (N,) of 0 and 1, `probabilities` (N,) of malignancy in 0 to 1, `groups` (N,) integers; from `threshold`
    on the verdict is malignant. Named are: predictions that are no numbers, constant predictions, one class for all
    images, and a ranking no better than guessing.
    """
    broken = int(np.sum(~np.isfinite(probabilities)))
    if broken:
        return [f"{broken:,} of {len(probabilities):,} probabilities are no numbers"]
    if np.ptp(probabilities) < CONSTANT:
        return [f"all {len(probabilities):,} probabilities are {probabilities[0]:.3f}"]
    return [
        sentence
        for sentence in (_one_class(labels, probabilities, threshold, groups), _guessing(labels, probabilities, groups))
        if sentence
    ]


def on_split(split: str, sentences: Sequence[str]) -> list[str]:
    """Return what `judge` says of a split as warnings that go after a model's name."""
    return [f"collapsed on the {split} split: {sentence}" for sentence in sentences]


def judge_losses(
    training: Sequence[float], validation: Sequence[float], malignant_share: float, finished: bool
) -> list[str]:
    """Say in plain sentences what is wrong with the losses of a training, epoch by epoch; empty where nothing is.

    Binary cross-entropy in nats, one value an epoch; `malignant_share` of the rows, in 0 to 1. A model that guesses
    has ln 2 = 0.693 when it always says 0.5, and less on uneven classes when it always says their share. Unless the
    training is `finished`, the first epochs are given to get under way.
    """
    for name, losses in (("training", training), ("validation", validation)):
        lost = [epoch for epoch, loss in enumerate(losses, 1) if not math.isfinite(loss)]
        if lost:
            return [f"has broken down: the {name} loss was no number in epoch {lost[0]}"]
    if not validation or not (finished or len(validation) >= config.COLLAPSE.epochs_to_start):
        return []
    guessing = _entropy(malignant_share)
    lowest, learned = min(validation), min(training)
    if lowest < config.COLLAPSE.stuck_loss * guessing:
        return []
    stands = f"the validation loss never fell below {lowest:.3f}, and guessing has {guessing:.3f}"
    if learned < config.COLLAPSE.stuck_loss * guessing:
        return [
            f"has learned nothing that holds for other images: the training loss fell to {learned:.3f}, but {stands}"
        ]
    return [f"has not learned: {stands}"]


def _one_class(labels: np.ndarray, probabilities: np.ndarray, threshold: float, groups: np.ndarray) -> str | None:
    """Name verdicts of one class, unless hardly any lesion of the other class is there to be found."""
    verdicts = probabilities >= threshold
    called = int(verdicts[0])
    if np.any(verdicts != verdicts[0]) or len(np.unique(groups[labels != called])) < config.COLLAPSE.overlooked:
        return None
    return f"all {len(verdicts):,} images are called {config.CLASSES[called]}"


def _guessing(labels: np.ndarray, probabilities: np.ndarray, groups: np.ndarray) -> str | None:
    """Name a ROC-AUC that is no better than guessing's where the rows suffice to exclude a useful one."""
    areas, covariance = comparison.roc_areas(labels, [probabilities], groups)
    area, error = float(areas[0]), math.sqrt(max(covariance[0, 0], 0.0))
    if np.isnan(error):
        return None
    low, high = (
        area + norm.ppf([(1 - config.STATISTICS.confidence) / 2, (1 + config.STATISTICS.confidence) / 2]) * error
    )
    if high >= config.COLLAPSE.useful_auc:
        return None
    found = f"ROC-AUC {area:.3f}, 95 % interval {max(low, 0):.3f} to {high:.3f}"
    if high < 0.5 - config.COLLAPSE.near_chance:
        return f"ranks the wrong way round, benign above malignant ({found}): are the classes in the right order?"
    if low <= 0.5 or area < 0.5 + config.COLLAPSE.near_chance:
        return f"ranks no better than guessing ({found})"
    return None


def _entropy(share: float) -> float:
    """Return the binary cross-entropy of always saying `share`, in nats."""
    return -sum(part * math.log(part) for part in (share, 1 - share) if part > 0)
