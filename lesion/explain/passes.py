"""Passes over the test images: which images a test takes, and how they are changed on their way to the network."""

from collections.abc import Callable

import numpy as np

Change = Callable[[int, np.ndarray], np.ndarray]  # (position, S×S×3 uint8) -> image of the same shape


class Changed:
    """Stands in for an array of images (M×S×S×3 uint8) that are changed when they are read, each time anew.

    Only what is asked for is in memory. `change` must give the same for the same position: a pass may be repeated.
    """

    def __init__(self, images: np.ndarray, change: Change) -> None:
        self.images = images
        self.change = change
        self.shape = images.shape

    def __getitem__(self, wanted: int | np.ndarray) -> np.ndarray:
        """Return one image, or those at the positions `wanted` (B,)."""
        changed = [self.change(int(position), self.images[position]) for position in np.ravel(wanted)]
        return np.stack(changed) if np.ndim(wanted) else changed[0]


def some_of(positions: np.ndarray, groups: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Return all of `positions` (N,) if there are at most `most`; else those of lesions drawn at random, ascending.

    `groups` (N,) are the lesions of the positions. A lesion is taken with all of its images or not at all, so there can
    be a few images fewer than `most`.
    """
    if len(positions) <= most:
        return positions
    names, lesion_of_image, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    taken = order[np.cumsum(sizes[order]) <= most]
    return positions[np.isin(lesion_of_image, taken)]
