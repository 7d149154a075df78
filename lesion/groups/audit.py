"""What the groups of images of one lesion mean for the splits: how large they are, and what a split tears apart."""

import contextlib
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from lesion import config
from lesion.errors import LesionError
from lesion.groups.split import split_rows


def audit(labels: np.ndarray, splits: np.ndarray, groups: np.ndarray, kind: str, seed: int) -> dict[str, Any]:
    """Describe the groups of the rows and how the splits treat them, as plain values.

    `labels` (N,) of 0 and 1, `splits` (N,) the keys of config.SPLITS or config.EXTERNAL, as made by
    `split_rows(kind, ..., seed)`, and `groups` (N,) integers, of the readable rows. Returns:

    count: number of groups; sizes: rows in a group -> number of such groups.
    shared: "train/test" and so on -> number of groups with rows in both splits.
    siblings: for each of config.SPLIT_KINDS, the rows of its test split and how many of them share a group with a
    row of its train split; None where there are too few groups for such a split.
    external: the external rows and how many of them share a group with any other split; None where there are none.
    """
    _, sizes = np.unique(groups, return_counts=True)
    external = splits == config.EXTERNAL
    return {
        "count": len(sizes),
        "sizes": {str(size): count for size, count in sorted(Counter(sizes.tolist()).items())},
        "shared": {
            f"{one}/{other}": len(np.intersect1d(groups[splits == one], groups[splits == other]))
            for one, other in combinations(config.SPLITS, 2)
        },
        "siblings": _siblings(labels[~external], splits[~external], groups[~external], kind, seed),
        "external": _with_sibling(groups[external], groups[~external]) if external.any() else None,
    }


def _siblings(labels: np.ndarray, splits: np.ndarray, groups: np.ndarray, kind: str, seed: int) -> dict[str, Any]:
    found: dict[str, Any] = dict.fromkeys(config.SPLIT_KINDS)
    for each in config.SPLIT_KINDS:
        with contextlib.suppress(LesionError):
            made = splits if each == kind else split_rows(each, labels, groups, seed)
            found[each] = siblings_of_test(made, groups)
    return found


def siblings_of_test(splits: np.ndarray, groups: np.ndarray) -> dict[str, int]:
    """Return the number of test rows, and of those that share a group with a training row; arrays (N,)."""
    return _with_sibling(groups[splits == "test"], groups[splits == "train"])


def _with_sibling(groups: np.ndarray, others: np.ndarray) -> dict[str, int]:
    return {"rows": len(groups), "with_sibling": int(np.isin(groups, others).sum())}


def largest(splits: np.ndarray, groups: np.ndarray, count: int, rows: int) -> list[tuple[int, str, Sequence[int]]]:
    """Return the `count` largest groups of more than one row, largest first: (size, its splits, its first `rows` positions).

    `splits` and `groups` (N,); of groups of equal size the one with the smallest number comes first.
    """
    numbers, sizes = np.unique(groups, return_counts=True)
    order = np.argsort(-sizes, kind="stable")[:count]
    found = []
    for number, size in zip(numbers[order], sizes[order].tolist(), strict=True):
        members = np.flatnonzero(groups == number)
        names = [name for name in (*config.SPLITS, config.EXTERNAL) if name in splits[members]]
        if size > 1:
            found.append((size, ", ".join(names), members[:rows].tolist()))
    return found
