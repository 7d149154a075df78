"""The groups of images of one lesion, described: how large they are, and how a split divides them."""

import contextlib
from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from lesion import config
from lesion.errors import LesionError
from lesion.groups import join
from lesion.groups.find import Grouping
from lesion.groups.split import split_rows
from lesion.records.preparation import Groups, LargeGroup, PreparationSettings, Siblings

if TYPE_CHECKING:  # it takes half a second to import
    import pandas as pd


def describe(
    readable: "pd.DataFrame",
    origin: str,
    grouping: Grouping | None,
    settings: PreparationSettings,
    pictured: list[LargeGroup],
) -> Groups:
    """Describe the groups of the readable images, how they were found, and how the splits treat them.

    `readable` are their lines of index.csv. `origin` says who knows the groups; `grouping` is how they were found in
    the pixels, None if they were not looked for there.
    """
    splits = readable["split"].to_numpy(dtype=str)
    groups = readable["group"].to_numpy()
    return Groups(
        origin=origin,
        origins={name: count for name in join.ORIGINS if (count := int(np.sum(readable["group_origin"] == name)))},
        count=len(np.unique(groups)),
        sizes=sizes(groups),
        shared=shared(splits, groups),
        siblings=siblings(readable["label"].to_numpy(), splits, groups, settings.split, settings.seed),
        external=siblings_of_external(splits, groups),
        checked=grouping.checked if grouping else None,
        links=grouping.links if grouping else None,
        dropped=grouping.dropped if grouping else None,
        largest=pictured,
    )


def sizes(groups: np.ndarray) -> dict[str, int]:
    """Return the number of groups of each size: rows in a group -> groups; `groups` (N,) integers."""
    _, counts = np.unique(groups, return_counts=True)
    return {str(size): count for size, count in sorted(Counter(counts.tolist()).items())}


def shared(splits: np.ndarray, groups: np.ndarray) -> dict[str, int]:
    """Return the number of groups with rows in both of two splits, by "train/test" and so on; arrays (N,)."""
    return {
        f"{one}/{other}": len(np.intersect1d(groups[splits == one], groups[splits == other]))
        for one, other in combinations(config.SPLITS, 2)
    }


def siblings(
    labels: np.ndarray, splits: np.ndarray, groups: np.ndarray, kind: str, seed: int
) -> dict[str, Siblings | None]:
    """Return the siblings of the test rows (see `siblings_of_test`) for each of config.SPLIT_KINDS.

    `labels` (N,) of 0 and 1, `splits` (N,) as made by `split_rows(kind, ..., seed)` or config.EXTERNAL, `groups` (N,)
    integers. External rows do not count. None if there are too few groups for such a split.
    """
    own = splits != config.EXTERNAL
    siblings_by_kind: dict[str, Siblings | None] = dict.fromkeys(config.SPLIT_KINDS)
    for each in config.SPLIT_KINDS:
        with contextlib.suppress(LesionError):
            of_kind = splits[own] if each == kind else split_rows(each, labels[own], groups[own], seed)
            siblings_by_kind[each] = siblings_of_test(of_kind, groups[own])
    return siblings_by_kind


def siblings_of_test(splits: np.ndarray, groups: np.ndarray) -> Siblings:
    """Return the number of test rows, and of those that share a group with a training row; arrays (N,)."""
    return _with_sibling(groups[splits == "test"], groups[splits == "train"])


def siblings_of_external(splits: np.ndarray, groups: np.ndarray) -> Siblings | None:
    """Return the number of external rows, and of those that share a group with another split; None without any."""
    external = splits == config.EXTERNAL
    return _with_sibling(groups[external], groups[~external]) if external.any() else None


def _with_sibling(groups: np.ndarray, others: np.ndarray) -> Siblings:
    return Siblings(rows=len(groups), with_sibling=int(np.isin(groups, others).sum()))


def largest(splits: np.ndarray, groups: np.ndarray, count: int, rows: int) -> list[tuple[int, str, list[int]]]:
    """Return the `count` largest groups of more than one row: (size, its splits, positions of its first `rows` rows).

    `splits` and `groups` (N,); largest first, of equal ones the group with the smallest number.
    """
    numbers, counts = np.unique(groups, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:count]
    groups_of_many = []
    for number, size in zip(numbers[order], counts[order].tolist(), strict=True):
        members = np.flatnonzero(groups == number)
        names = [name for name in (*config.SPLITS, config.EXTERNAL) if name in splits[members]]
        if size > 1:
            groups_of_many.append((size, ", ".join(names), members[:rows].tolist()))
    return groups_of_many
