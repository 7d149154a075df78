"""Warnings about a model that has not learned or has collapsed; a good model on few images raises none."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import entropy

from lesion import config
from lesion.evaluation import intervals
from lesion.evaluation.areas import rank, roc_area
from lesion.evaluation.words.wording import METRIC_NAMES, bounds_phrase
from lesion.records.common import Interval

CONSTANT = 1e-6  # probabilities that differ by less are equal


def is_constant(probabilities: np.ndarray) -> bool:
    """Tell whether all `probabilities` (N,) are equal, up to rounding."""
    return bool(np.ptp(probabilities) < CONSTANT)


def judge(labels: np.ndarray, probabilities: np.ndarray, threshold: float, groups: np.ndarray) -> list[str]:
    """Say in plain sentences how a model's predictions of one split have collapsed; empty if they have not.

    `labels` (N,) of 0 and 1, `probabilities` (N,) of malignancy in 0 to 1, `groups` (N,) integers; from `threshold`
    on the verdict is malignant. Reports NaN predictions, constant predictions, one class for all images, and a ranking
    that is the wrong way round. What may be chance is none of these: see `cautions`.
    """
    broken = int(np.sum(~np.isfinite(probabilities)))
    if broken:
        return [f"{broken:,} of {len(probabilities):,} probabilities are no numbers"]
    if is_constant(probabilities):
        return [f"all {len(probabilities):,} probabilities are {probabilities[0]:.3f}"]
    sentences = (_one_class(labels, probabilities, threshold, groups), _reversed(labels, probabilities, groups))
    return [sentence for sentence in sentences if sentence]


def cautions(area: float | None, interval: Interval) -> list[str]:
    """Say in plain sentences if a ROC-AUC is hardly better than guessing's, or may be no better; empty if it is.

    `area` and `interval` as the table shows them. Too few images to exclude a useful model raise no caution.
    """
    if area is None or interval is None:
        return []
    low, high = interval
    figure = f"({METRIC_NAMES['roc_auc']} {area:.3f}, {bounds_phrase(interval)})"
    if low <= 0.5 <= high < config.COLLAPSE.useful_auc:
        return [f"cannot be told apart from guessing on these images {figure}"]
    if low > 0.5 and area < 0.5 + config.COLLAPSE.near_chance:
        return [f"is hardly better than guessing {figure}"]
    return []


def on_split(split: str, sentences: Sequence[str]) -> list[str]:
    """Return what `judge` says of a split as warnings that go after a model's name."""
    return [f"collapsed on the {split} split: {sentence}" for sentence in sentences]


def broken_down(training: Sequence[float], validation: Sequence[float]) -> list[str]:
    """Say in a plain sentence that a loss was no number, and in which epoch; empty if all of them were numbers."""
    for name, losses in (("training", training), ("validation", validation)):
        lost = [epoch for epoch, loss in enumerate(losses, 1) if not math.isfinite(loss)]
        if lost:
            return [f"has broken down: the {name} loss was no number in epoch {lost[0]}"]
    return []


def judge_losses(
    training: Sequence[float], validation: Sequence[float], area: float, malignant_share: float
) -> list[str]:
    """Say in plain sentences what is wrong with the losses of a training that has ended; empty if nothing is.

    Binary cross-entropy in nats, one value for each epoch; `area` is the validation ROC-AUC of the best epoch, and
    `malignant_share` that of the rows, both in 0 to 1. A model that ranks the images has learned, whatever its loss.
    """
    if broken := broken_down(training, validation):
        return broken
    guessing = _guessing(malignant_share)
    if not _stuck(validation, guessing) or area >= config.COLLAPSE.useful_auc:
        return []
    stuck = f"the validation loss never fell below {min(validation):.3f}, and guessing has {guessing:.3f}"
    if _stuck(training, guessing):
        return [f"has not learned: {stuck}"]
    return [
        f"has learned nothing that holds for other images: the training loss fell to {min(training):.3f}, but {stuck}"
    ]


def stuck_so_far(validation: Sequence[float], area: float, malignant_share: float, planned: int) -> str | None:
    """Say that a training which is going on is no better than guessing yet; None if it is, or if it is too early.

    `validation`: the loss of each epoch so far, of `planned`; `area`: the validation ROC-AUC of the latest epoch.
    """
    epochs = len(validation)
    enough = max(config.COLLAPSE.warning_epochs, math.ceil(config.COLLAPSE.warning_share * planned))
    guessing = _guessing(malignant_share)
    near_chance = area <= 0.5 + config.COLLAPSE.near_chance
    if epochs < enough or not near_chance or not _stuck(validation, guessing):
        return None
    return (
        f"so far no better than guessing, after {epochs} of {planned} epochs: validation loss {validation[-1]:.3f} "
        f"(guessing: {guessing:.3f}), validation AUC {area:.3f}"
    )


def has_recovered(validation: Sequence[float], area: float, malignant_share: float) -> bool:
    """Tell whether a training that `stuck_so_far` named has begun to learn; arguments as there."""
    return not _stuck(validation, _guessing(malignant_share)) or area >= config.COLLAPSE.useful_auc


def _guessing(malignant_share: float) -> float:
    """Return the loss of guessing: ln 2 = 0.693 by always saying 0.5, less on uneven classes by saying their share."""
    return float(entropy([malignant_share, 1 - malignant_share]))


def _stuck(losses: Sequence[float], guessing: float) -> bool:
    """Tell whether no loss is clearly below that of guessing."""
    return bool(losses) and min(losses) >= config.COLLAPSE.stuck_loss * guessing


def _one_class(labels: np.ndarray, probabilities: np.ndarray, threshold: float, groups: np.ndarray) -> str | None:
    """Report verdicts of one class, unless there are hardly any lesions of the other class to be found."""
    verdicts = probabilities >= threshold
    verdict = int(verdicts[0])
    other_lesions = len(np.unique(groups[labels != verdict]))
    if np.any(verdicts != verdict) or other_lesions < config.COLLAPSE.overlooked:
        return None
    return f"all {len(verdicts):,} images are called {config.CLASSES[verdict]}"


def _reversed(labels: np.ndarray, probabilities: np.ndarray, groups: np.ndarray) -> str | None:
    """Report a ranking that is worse than guessing's by its whole interval, the same as in the table."""
    order = rank(labels, probabilities)
    (area,) = roc_area(order, np.ones((1, len(labels))))
    if not area < 0.5:
        return None
    replicates = intervals.bootstrap(labels, groups, lambda weights: {"roc_auc": roc_area(order, weights)})
    interval = intervals.around({"roc_auc": area}, replicates, labels, groups)["roc_auc"]
    if interval is None or interval[1] >= 0.5:
        return None
    return (
        f"ranks the wrong way round, benign above malignant ({METRIC_NAMES['roc_auc']} "
        f"{area:.3f}, {bounds_phrase(interval)}): are the classes in the right order?"
    )
