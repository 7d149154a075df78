"""Maps beside what knows nothing of the image: the spot, the outline itself, and the outline of another lesion."""

from dataclasses import dataclass

import numpy as np

from lesion.evaluation.localisation.fields import centred_spot
from lesion.evaluation.localisation.scores import SCORES
from lesion.evaluation.localisation.settings import LOCALISATION

ROLES = ("map", "spot", "ceiling", "other")  # whose scores there are; "other" is the map on another lesion's outline


@dataclass(frozen=True)
class Located:
    """One network's maps, scored image by image."""

    values: np.ndarray  # (N, scores, ROLES), in the order of SCORES
    areas: np.ndarray  # (N,) share of the image that the lesion covers
    verdicts: np.ndarray  # (N,) bool, True for malignant: what the maps explain


def located(maps: np.ndarray, shares: np.ndarray, groups: np.ndarray, verdicts: np.ndarray) -> Located:
    """Score maps (N, h, w), at least 0, against the lesion's `shares` (N, h, w) of their fields, none of them all 0.

    `groups` (N,) are the lesions' numbers, `verdicts` (N,) bool what the maps explain.
    """
    spots = np.broadcast_to(centred_spot(*maps.shape[1:]), maps.shape)
    compared = ((maps, shares), (spots, shares), (shares, shares), (maps, shares[others(groups)]))
    values = np.stack([[score(*pair) for pair in compared] for score in SCORES.values()])
    return Located(np.moveaxis(values, -1, 0), shares.mean(axis=(1, 2)), verdicts)


def others(groups: np.ndarray) -> np.ndarray:
    """Return for each image the position (N,) of one that stands in for it, each once; the same in every run.

    It shows another lesion, unless one lesion has more than half of the images: the images are put into a random order
    of their lesions (N,), and moved on by as many as the largest of them has.
    """
    _, group_of_image, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    places = np.random.default_rng(LOCALISATION.seed).permutation(len(sizes))
    order = np.argsort(places[group_of_image], kind="stable")
    positions = np.empty(len(groups), int)
    positions[order] = np.roll(order, -int(sizes.max()))
    return positions
