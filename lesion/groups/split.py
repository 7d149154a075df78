"""The division of rows into training, validation and test, or into folds: stratified, by seed, whole groups or rows.

A group is the set of rows that show one lesion. In the grouped split all its rows are in one split.
"""

from collections.abc import Callable, Sequence

import numpy as np

from lesion import config
from lesion.errors import LesionError

ROUNDING = 1e-9  # more than the error of a sum of shares, or 17 of 20 groups could become 16


def split_rows(kind: str, labels: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """Assign each row to a split as `split_groups` does; if `kind` is random, as if each row were a group.

    `kind` is one of config.SPLIT_KINDS. The original work split at random, which puts copies of one lesion into both
    training and test.
    """
    return split_groups(labels, groups if kind == "grouped" else np.arange(len(labels)), seed)


def split_groups(labels: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """Assign each row to a split so that groups stay whole and classes keep their shares.

    `labels` (N,) of 0 and 1 and `groups` (N,) of any integers; returns (N,) strings, names of `config.SPLITS`. Dealt as
    `_deal_groups` explains: every group, however large, is in a split with that split's share as its chance.

    Raises LesionError if a split would be left without one of the classes.
    """
    shares = [getattr(config.PREPARATION, name) for name in config.SPLITS]
    random = np.random.default_rng(seed)
    numbers = _deal_groups(labels, groups, config.PREPARATION.run, lambda count: _deal(count, shares, random), random)
    splits = np.array(config.SPLITS)[numbers]
    require_both_classes(labels, splits)
    return splits


def folds(kind: str, labels: np.ndarray, groups: np.ndarray, count: int, seed: Sequence[int]) -> np.ndarray:
    """Return the fold (N,), 0 to `count` - 1, of each row: groups stay whole, and classes keep their shares.

    Arguments as those of `split_rows`. Of groups of about one size each fold gets as many as any other. Raises
    LesionError if a class has fewer groups than there are folds.
    """
    own = groups if kind == "grouped" else np.arange(len(labels))
    for label, name in enumerate(config.CLASSES):
        if (lesions := len(np.unique(own[labels == label]))) < count:
            raise LesionError(
                f"{count} folds need at least {count} {name} lesions, and there are {lesions}: "
                "prepare more images, or divide them into fewer folds"
            )
    random = np.random.default_rng(seed)
    return _deal_groups(labels, own, count, lambda size: random.permutation(count)[:size], random)


def hold_out(kind: str, labels: np.ndarray, groups: np.ndarray, share: float, seed: Sequence[int]) -> np.ndarray:
    """Return which rows (N,) bool are held out, about `share` of the groups; arguments as those of `split_rows`."""
    own = groups if kind == "grouped" else np.arange(len(labels))
    random = np.random.default_rng(seed)
    shares = [1 - share, share]
    return _deal_groups(labels, own, config.PREPARATION.run, lambda count: _deal(count, shares, random), random) == 1


def part(kind: str, labels: np.ndarray, groups: np.ndarray, share: float, seed: Sequence[int]) -> np.ndarray:
    """Return which rows (N,) bool belong to a part with about `share` of the groups of each class and size.

    Arguments as those of `split_rows`. With the same seed a smaller part lies in every larger one. The number of groups
    is rounded as by `_deal`.
    """
    own = groups if kind == "grouped" else np.arange(len(labels))
    random = np.random.default_rng(seed)

    def deal(count: int) -> np.ndarray:
        return (random.permutation(count) + random.random()) / count < share

    return _deal_groups(labels, own, config.PREPARATION.run, deal, random) == 1


def _deal_groups(
    labels: np.ndarray,
    groups: np.ndarray,
    run: int,
    deal: Callable[[int], np.ndarray],
    random: np.random.Generator,
) -> np.ndarray:
    """Return a number (N,) for each row, the same in a group; `deal` returns numbers for so many groups.

    In each class the groups are put in random order, then by size, the largest first, and dealt in runs of `run`: so
    all numbers have groups of each size in proportion. A group with both labels counts by the label of most of its rows
    (ties: malignant).
    """
    _, group_of_row, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    label_of_group = np.bincount(group_of_row, weights=labels) * 2 >= sizes
    numbers = np.zeros(len(sizes), dtype=int)
    for label in (False, True):
        members = random.permutation(np.flatnonzero(label_of_group == label))
        members = members[np.argsort(-sizes[members], kind="stable")]
        for first in range(0, len(members), run):
            dealt = members[first : first + run]
            numbers[dealt] = deal(len(dealt))
    return numbers[group_of_row]


def _deal(count: int, shares: Sequence[float], random: np.random.Generator) -> np.ndarray:
    """Return a number for each of `count` groups, in random order, each number as often as its share says.

    What the shares leave over is rounded systematically (Madow, Annals of Mathematical Statistics 20 (1949) 333): one
    random number moves all limits, so that the mean number of groups with a number is its share, exactly.
    """
    limits = np.cumsum(shares) * count + random.random()
    ends = np.floor(limits + ROUNDING).astype(int)
    ends[-1] = count
    return random.permutation(np.repeat(np.arange(len(shares)), np.diff(ends, prepend=0)))


def require_both_classes(labels: np.ndarray, splits: np.ndarray) -> None:
    """Raise LesionError unless each of config.SPLITS has rows of both classes; `labels` and `splits` (N,)."""
    for name in config.SPLITS:
        for label, class_name in enumerate(config.CLASSES):
            if not np.any((splits == name) & (labels == label)):
                raise LesionError(
                    f"{len(labels)} images are too few: no {class_name} image is left for the {name} split; "
                    "give more images, at least 10 different lesions of each class"
                )
