"""The division of rows into training, validation and test: stratified, by seed, whole groups or single rows.

A group is the set of rows that show one lesion. In the grouped split all its rows are in one split.
"""

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

    `labels` (N,) of 0 and 1 and `groups` (N,) of any integers; returns (N,) strings, names of `config.SPLITS`. In each
    class the groups are put in random order, then by size, the largest first, and dealt in runs (see `_deal`): every
    group, however large, is in a split with that split's share as its chance, and all splits have groups of each size
    in proportion. A group with both labels counts by the label of most of its rows (ties: malignant).

    Raises LesionError if a split would be left without one of the classes.
    """
    _, group_of_row, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    label_of_group = np.bincount(group_of_row, weights=labels) * 2 >= sizes
    split_of_group = np.zeros(len(sizes), dtype=int)
    random = np.random.default_rng(seed)
    for label in (False, True):
        members = random.permutation(np.flatnonzero(label_of_group == label))
        members = members[np.argsort(-sizes[members], kind="stable")]
        for first in range(0, len(members), config.PREPARATION.run):
            run = members[first : first + config.PREPARATION.run]
            split_of_group[run] = _deal(len(run), random)
    splits = np.array(config.SPLITS)[split_of_group[group_of_row]]
    _require_both_classes(labels, splits)
    return splits


def _deal(count: int, random: np.random.Generator) -> np.ndarray:
    """Return the splits of `count` groups, numbers (count,) in random order, each split as often as its share says.

    What the shares leave over is rounded systematically (Madow, Annals of Mathematical Statistics 20 (1949) 333): one
    random number moves all limits, so that the mean number of groups in a split is its share, exactly.
    """
    shares = [getattr(config.PREPARATION, name) for name in config.SPLITS]
    limits = np.cumsum(shares) * count + random.random()
    ends = np.floor(limits + ROUNDING).astype(int)
    ends[-1] = count
    return random.permutation(np.repeat(np.arange(len(shares)), np.diff(ends, prepend=0)))


def _require_both_classes(labels: np.ndarray, splits: np.ndarray) -> None:
    for name in config.SPLITS:
        for label, class_name in enumerate(config.CLASSES):
            if not np.any((splits == name) & (labels == label)):
                raise LesionError(
                    f"{len(labels)} images are too few: no {class_name} image is left for the {name} split; "
                    "give more images, at least 10 different lesions of each class"
                )
