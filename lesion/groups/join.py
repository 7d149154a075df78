"""Groups joined from all that is known of them: by the source, a table, identical files and the pixels.

    groups, origins = join({"table": [lesions, patients]}, {"identical": files, "pixels": found}, count=N)

Links are (N,) int64: rows of one number belong to one group, and -1 joins nothing.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lesion.groups.find import Grouping

if TYPE_CHECKING:  # it takes half a second to import
    import pandas as pd

Said = Mapping[str, Sequence[np.ndarray]]  # origin (table, source) -> the links that it states
ALONE = "alone"  # origin of a row that nobody says anything about
ORIGINS = ("source", "table", "identical", "pixels", ALONE)


def join(said: Said, seen: Mapping[str, np.ndarray], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the group of each of `count` rows, the smallest position in it, (N,) int64, and who says so, (N,) str.

    A row with one of the links of `said` has that origin even if it is alone in its group;
    a later origin counts more. `seen`: origin -> links that were looked for. They are added in their order, and a row
    has that origin if it then shares its group with more rows than before.
    """
    origins = np.full(count, ALONE, dtype=object)
    links = [each for several in said.values() for each in several]
    for origin, several in said.items():
        for each in several:
            origins[each >= 0] = origin
    groups = components(links, count)
    for origin, each in seen.items():
        links.append(each)
        joined = components(links, count)
        origins[np.bincount(joined)[joined] > np.bincount(groups)[groups]] = origin
        groups = joined
    return groups, origins.astype(str)


def components(links: Sequence[np.ndarray], count: int) -> np.ndarray:
    """Return the group of each of `count` rows, (N,) int64: the smallest position of the rows that links join."""
    ones: list[np.ndarray] = []
    others: list[np.ndarray] = []
    for each in links:
        rows = np.flatnonzero(each >= 0)
        _, first, inverse = np.unique(each[rows], return_index=True, return_inverse=True)
        ones.append(rows)
        others.append(rows[first[inverse]])
    row, other = (np.concatenate([*ends, np.zeros(0, np.int64)]) for ends in (ones, others))
    graph = coo_array((np.ones(len(row), np.int8), (row, other)), shape=(count, count))
    _, component = connected_components(graph, directed=False)
    _, first, inverse = np.unique(component, return_index=True, return_inverse=True)
    return first[inverse].astype(np.int64)


def covers(said: Said, count: int) -> bool:
    """Tell whether each of `count` rows has a link that is stated."""
    known = np.zeros(count, bool)
    for several in said.values():
        for each in several:
            known |= each >= 0
    return bool(known.all())


def origin(said: Said, grouping: Grouping | None) -> str:
    """Return who knows the groups: source, table, pixels, or table and pixels."""
    if "source" in said:
        return "source"
    return " and ".join([*said, *(["pixels"] if grouping else [])])


def assign(index: "pd.DataFrame", said: Said, identical: np.ndarray, grouping: Grouping | None) -> None:
    """Fill in the columns `group`, the row number of the group's first image, and `group_origin` of the index.

    Groups are what `said` states, joined with identical files and with what was found in the pixels. `identical` (N,)
    are links: the same number for the same file.
    """
    seen = {"identical": identical}
    if grouping is not None:
        seen["pixels"] = grouping.groups
    groups, index["group_origin"] = join(said, seen, len(index))
    index["group"] = index["row"].to_numpy()[groups]


def sentence(index: "pd.DataFrame", said: Said, grouping: Grouping | None) -> str:
    """Return how many lesions the images of `index` show, and who says so."""
    authority = {
        "pixels": "as far as their pixels tell",
        "table": "as the table says (--search looks in the pixels as well)",
        "table and pixels": "as the table says and as far as their pixels tell",
    }[origin(said, grouping)]
    sizes = index["group"].value_counts()
    identical = int((index["group_origin"] == "identical").sum())
    joined = f"; {identical:,} are joined by identical files" if identical else ""
    return (
        f"{len(index):,} images show {len(sizes):,} lesions, {authority}{joined}; "
        f"the largest group has {sizes.iloc[0]:,}"
    )
