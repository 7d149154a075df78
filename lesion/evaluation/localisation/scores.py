"""Three scores of a map against the outline of the lesion, each 0 to 1 and exact for the map's fields.

A map that is the same everywhere, and an empty one, which is the same everywhere too, have as energy and as rank
accuracy the share of the image that the lesion covers.
"""

from collections.abc import Callable

import numpy as np

Score = Callable[[np.ndarray, np.ndarray], np.ndarray]


def energy(maps: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the share of the evidence that lies on the lesion (N,).

    `maps` (N, h, w) at least 0, on any scale; `shares` (N, h, w) as `fields.shares` returns them, none of them all 0.
    The energy-based pointing game of Wang et al. (Score-CAM, 2020), and the relevance mass accuracy of Arras et al.
    (CLEVR-XAI, 2022). The evidence of a field that the outline cuts is divided by area.
    """
    weights = _flat(maps)
    totals = weights.sum(axis=1)
    even = totals == 0
    weights = np.where(even[:, np.newaxis], 1.0, weights)
    return (weights * _flat(shares)).sum(axis=1) / weights.sum(axis=1)


def rank_accuracy(maps: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return which share of the pixels with the most evidence, as many as the lesion has, lies on the lesion (N,).

    The relevance rank accuracy of Arras et al. (2022). The pixels of a field, and of fields of equal evidence, are
    tied: if only some of them are among the highest, they count by area, as if drawn at random. The arguments are as
    in `energy`.
    """
    values = _flat(maps)
    order = np.argsort(-values, axis=1, kind="stable")
    descending = np.take_along_axis(values, order, axis=1)
    inside = np.cumsum(np.take_along_axis(_flat(shares), order, axis=1), axis=1)
    inside = np.pad(inside, ((0, 0), (1, 0)))  # lesion within the first 0, 1, ... fields
    lesion = inside[:, -1]  # in fields
    images = np.arange(len(values))
    last = descending[images, np.clip(np.ceil(lesion).astype(int) - 1, 0, values.shape[1] - 1)][:, np.newaxis]
    before = (descending > last).sum(axis=1)  # fields that are taken whole
    tied = (descending == last).sum(axis=1)
    part = (lesion - before) / tied
    taken = (1 - part) * inside[images, before] + part * inside[images, before + tied]
    return taken / lesion


def pointing(maps: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return whether the strongest evidence lies on the lesion (N,): 1 if it does, 0 if not or if there is none.

    The pointing game of Zhang et al. (Excitation Backprop, 2018), without their tolerance of 15 pixels. A field is a
    peak as a whole: it counts by the share of it that lies on the lesion, and several peaks by their mean. The
    arguments are as in `energy`.
    """
    values = _flat(maps)
    highest = values.max(axis=1, keepdims=True)
    peaks = (values == highest) & (highest > 0)
    return (peaks * _flat(shares)).sum(axis=1) / np.maximum(1, peaks.sum(axis=1))


# Name in the records -> score, in the order of the report.
SCORES: dict[str, Score] = {"energy": energy, "rank_accuracy": rank_accuracy, "pointing": pointing}


def _flat(fields: np.ndarray) -> np.ndarray:
    return fields.reshape(len(fields), -1).astype(np.float64)
