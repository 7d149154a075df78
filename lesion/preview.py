"""Pictures of the prepared data for the report, below data/preview: before and after, augmented, of one lesion.

`images` are N×S×S×3 uint8 and `index` is the table of index.csv, line by line the same rows. The paths in the records
are below data/.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lesion import config
from lesion.groups import audit
from lesion.images import jpeg, preprocess
from lesion.images.crop import black_border
from lesion.images.preprocess import Prepared
from lesion.images.resize import shrink
from lesion.records.preparation import AugmentedExample, Example, LargeGroup

if TYPE_CHECKING:  # it takes half a second to import
    import pandas as pd

FOLDER = "preview"
KINDS = ("cropped", "cleaned")  # of examples
Chosen = dict[str, list[tuple[int, bytes]]]  # kind of example -> position and encoded photograph


@dataclass(frozen=True)
class Preview:
    """How many pictures the report gets of the prepared data."""

    examples: int = 3  # before and after pictures of each kind
    clearly_cleaned: float = 0.01  # share of painted pixels from which an image serves as an example
    before: int = 192  # pixels, the longer side of a picture before preprocessing: it is shown at less
    pairs: int = 3  # of an image and its augmented version
    groups: int = 3  # the largest: if any of them swallowed other lesions, it is among these
    group_rows: int = 6  # of each: enough to see whether they belong together


PREVIEW = Preview()


def clear() -> None:
    """Remove the pictures of earlier data."""
    shutil.rmtree(config.DATA / FOLDER, ignore_errors=True)


def choose(chosen: Chosen, position: int, encoded: bytes, result: Prepared) -> None:
    """Add a photograph to `chosen` if preprocessing changed it clearly and examples of that kind are still missing."""
    applies = {"cropped": result.cropped, "cleaned": result.cleaned_share >= PREVIEW.clearly_cleaned}
    for what in KINDS:
        if applies[what] and len(chosen.setdefault(what, [])) < PREVIEW.examples:
            chosen[what].append((position, encoded))


def examples(images: np.ndarray, index: "pd.DataFrame", chosen: Chosen) -> list[Example]:
    """Write the chosen photographs before and after preprocessing."""
    written = []
    for what in KINDS:
        for position, encoded in chosen.get(what, []):
            row, label = _row_and_label(index, position)
            photograph = preprocess.decode(encoded)
            before = _write(f"{what}_{row}_before", shrink(photograph, PREVIEW.before))
            after = _write(f"{what}_{row}_after", images[position])
            written.append(Example(row, label, what, before, after, *_equal_scale(photograph)))
    return written


def _equal_scale(photograph: np.ndarray) -> tuple[float, float]:
    """Return the photograph's width and height, in units of the height that is left of it after cropping."""
    _, top, _, bottom = black_border(photograph)
    height, width = photograph.shape[:2]
    return width / (bottom - top), height / (bottom - top)


def augmented_positions(index: "pd.DataFrame") -> list[int]:
    """Return the positions of the training images that are shown with their augmented version."""
    training = np.flatnonzero(index["split"] == "train").tolist()
    return training[:: max(1, len(training) // PREVIEW.pairs)][: PREVIEW.pairs]


def augmentation(
    index: "pd.DataFrame", positions: Sequence[int], pairs: Sequence[tuple[np.ndarray, np.ndarray]]
) -> list[AugmentedExample]:
    """Write the images at `positions` as they are and as training sees them; `pairs` are both, S×S×3 uint8."""
    written = []
    for position, (original, augmented) in zip(positions, pairs, strict=True):
        row, label = _row_and_label(index, position)
        paths = _write(f"augment_{row}_original", original), _write(f"augment_{row}_augmented", augmented)
        written.append(AugmentedExample(row, label, *paths))
    return written


def largest_groups(images: np.ndarray, index: "pd.DataFrame") -> list[LargeGroup]:
    """Write pictures of the largest groups of readable images; see `audit.largest`."""
    readable = np.flatnonzero(index["split"] != config.UNREADABLE)
    splits = index["split"].to_numpy(dtype=str)[readable]
    groups = index["group"].to_numpy()[readable]
    written = []
    for size, names, members in audit.largest(splits, groups, PREVIEW.groups, PREVIEW.group_rows):
        positions = readable[members]
        rows = index["row"].to_numpy()[positions].tolist()
        pictures = [_write(f"group_{row}_image", image) for row, image in zip(rows, images[positions], strict=True)]
        written.append(LargeGroup(size, names, rows, pictures))
    return written


def _row_and_label(index: "pd.DataFrame", position: int) -> tuple[int, int]:
    return int(index.at[position, "row"]), int(index.at[position, "label"])


def _write(name: str, image: np.ndarray) -> str:
    """Write an image and return its path below data/."""
    path = f"{FOLDER}/{name}.jpg"
    jpeg.write_jpeg(config.DATA / path, image)
    return path
