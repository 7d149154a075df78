"""Lines of a table matched with the rows of a source: by row number, or by the image's file name.

rows = match.rows_of_names(["ISIC_0024306", "malignant/ISIC_0024310.jpg"], source)
lines, repeated = match.first_lines(rows, len(source.rows))
"""

from collections.abc import Iterable

import numpy as np

from lesion.sources.folders import SUFFIXES
from lesion.sources.source import Source


def rows_of_numbers(keys: list[str], source: Source) -> np.ndarray:
    """Return the position of the row that each key numbers, -1 if there is none."""
    positions = {str(row): position for position, row in enumerate(source.rows.tolist())}
    return np.array([positions.get(key.removesuffix(".0"), -1) for key in keys], np.int64)


def rows_of_names(keys: list[str], source: Source) -> np.ndarray:
    """Return the position of the image that each key names, -1 if there is none.

    Folders are compared as far as the keys have them, and not at all if no image would be known by them.
    """
    images = [_stem(name) for name in source.names.tolist()]
    full = [_stem(key) for key in keys]
    for names in (full, [name.rpartition("/")[2] for name in full]):
        known = _endings(images, {name.count("/") for name in names})
        positions = np.array([known.get(name, -1) for name in names], np.int64)
        if (positions >= 0).any():
            break
    return positions


def _stem(name: str) -> str:
    """Return a file name with slashes and without the ending of an image file."""
    name = name.replace("\\", "/").removeprefix("./")
    stem, dot, ending = name.rpartition(".")
    return stem if f"{dot}{ending}".lower() in SUFFIXES else name


def _endings(images: list[str], depths: Iterable[int]) -> dict[str, int]:
    """Return the last parts of images' names, with so many folders -> position; -1 if several images share them.

    A whole name counts more than the last part of another.
    """
    whole: dict[str, int] = {}
    ends: dict[str, int] = {}
    for position, image in enumerate(images):
        parts = image.split("/")
        whole[image] = -1 if image in whole else position
        for end in ("/".join(parts[-depth - 1 :]) for depth in depths if depth < len(parts)):
            ends[end] = -1 if end in ends else position
    return ends | whole | {"": -1}


def first_lines(positions: np.ndarray, count: int) -> tuple[np.ndarray, int]:
    """Return the first line of each of `count` rows, -1 without any, and how many lines repeat a row.

    `positions` are the rows of the lines, -1 for none.
    """
    known = np.flatnonzero(positions >= 0)
    rows, first = np.unique(positions[known], return_index=True)
    lines = np.full(count, -1)
    lines[rows] = known[first]
    return lines, len(known) - len(rows)


def no_match(column: str, numbers: bool, keys: list[str], source: Source) -> str:
    """Say why none of the `keys` in a `column` fits a row of `source`; with `numbers` they are row numbers."""
    problem = f"knows none of the {len(source.rows):,} images"
    if not keys:
        return f"{problem}: it has no lines below the names of its columns"
    if numbers:
        first, last = source.rows[[0, -1]]
        return f"{problem}: its first {column} is {keys[0][:60]!r}, and theirs go from {first} to {last}"
    names = [name for name in source.names.tolist() if name]
    if not names:
        return f"{problem}: these have no file names, so give a column `row` that numbers them from 0 on"
    return (
        f"{problem}: its first {column} is {keys[0][:60]!r}, and the first image is {names[0]!r}; "
        "names are compared without ending, and one that several images have cannot be used without its folder"
    )
