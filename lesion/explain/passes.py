"""Passes over the test images: which images a test takes, and how they are changed on their way to the network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lesion.prepared import PreparedData

Change = Callable[[int, np.ndarray], np.ndarray]  # (position, S×S×3 uint8) -> image of the same shape


class Changed:
    """Stands in for an array of images (M×S×S×3 uint8) that are changed when they are read, each time anew.

    Only what is asked for is in memory. `change` must give the same for the same position: a pass may be repeated.
    """

    def __init__(self, images: np.ndarray, change: Change) -> None:
        self.images = images
        self.change = change
        self.shape = images.shape

    def __getitem__(self, positions: np.ndarray) -> np.ndarray:
        """Return the images at the positions (B,)."""
        return np.stack([self.change(int(position), self.images[position]) for position in positions])


@dataclass(frozen=True)
class Pass:
    """One change of all images that it can be made of."""

    name: str
    places: np.ndarray  # of these images, among those that are tested
    change: Change


class Versions:
    """Stands in for an array of images, like Changed: those of several passes, one pass after the other."""

    def __init__(self, images: np.ndarray, positions: np.ndarray, passes: Sequence[Pass]) -> None:
        """Take the tested images, which are at `positions` (N,) of `images`."""
        self.images = images
        self.wanted = [(int(positions[place]), each.change) for each in passes for place in each.places]
        self.shape = (len(self.wanted), *images.shape[1:])

    def __getitem__(self, numbers: np.ndarray) -> np.ndarray:
        """Return the images of these numbers (B,)."""
        wanted = (self.wanted[number] for number in numbers)
        return np.stack([change(position, self.images[position]) for position, change in wanted])


Predict = Callable[[Versions, np.ndarray], np.ndarray]  # (images, rows (B,)) -> probabilities of malignancy (B,)


def predict_passes(
    predict: Predict, images: np.ndarray, positions: np.ndarray, passes: Sequence[Pass]
) -> dict[str, np.ndarray]:
    """Return what a network says of the images at `positions` (N,) after each change, (N,) by the pass's name.

    NaN where a change cannot be made. All passes go in one: to begin one costs as much as a hundred small images.
    """
    versions = Versions(images, positions, passes)
    predicted = predict(versions, np.arange(len(versions.wanted)))
    ends = np.cumsum([len(each.places) for each in passes])
    results = {}
    for each, values in zip(passes, np.split(predicted, ends[:-1]), strict=True):
        results[each.name] = np.full(len(positions), np.nan)
        results[each.name][each.places] = values
    return results


@dataclass(frozen=True)
class Chosen:
    """How many test images the stress test, sanity and faithfulness take, which cost some 60 passes together."""

    photographs: int = 200  # a share of changed verdicts is then known within 7 percentage points at worst
    drawn: int = 50  # within 14; they say nothing of real lesions, and their report must come within minutes
    seed: int = 0


CHOSEN = Chosen()


def chosen(data: PreparedData) -> np.ndarray:
    """Return the places of these images among all test images, ascending: all of them if they are few enough."""
    positions, _ = data.of_split("test")
    most = CHOSEN.drawn if data.record.source.drawn else CHOSEN.photographs
    return some_of(data.groups[positions], most, CHOSEN.seed)


def some_of(groups: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Return the places of all images if there are at most `most`; else those of lesions drawn at random, ascending.

    `groups` (N,) are the lesions of the images. A lesion is taken with all of its images or not at all, so there can be
    a few images fewer than `most`.
    """
    if len(groups) <= most:
        return np.arange(len(groups))
    names, lesion_of_image, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    taken = order[np.cumsum(sizes[order]) <= most]
    return np.flatnonzero(np.isin(lesion_of_image, taken))
