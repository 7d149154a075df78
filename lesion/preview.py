"""Pictures of the prepared data for the report, below data/preview: before and after, augmented, of one lesion.

Each function takes `images` (N×S×S×3 uint8) and `index`, the lines of index.csv as plain values, and returns what the
pictures show, with their paths below data/.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lesion import config
from lesion.groups import audit
from lesion.images import jpeg, preprocess

Index = Sequence[Mapping[str, Any]]
FOLDER = "preview"


@dataclass(frozen=True)
class Preview:
    """How many pictures the report gets of the prepared data."""

    examples: int = 3  # before and after pictures of each kind
    clearly_cleaned: float = 0.01  # share of painted pixels from which an image serves as an example
    pairs: int = 3  # of augmentation
    groups: int = 3  # the largest: if any has swallowed other lesions, it is among them
    group_rows: int = 6  # of each: enough to see whether they belong together


PREVIEW = Preview()


def clear() -> None:
    """Remove the pictures of earlier data."""
    shutil.rmtree(config.DATA / FOLDER, ignore_errors=True)


def examples(images: np.ndarray, index: Index, chosen: Mapping[str, Sequence[tuple[int, bytes]]]) -> list[dict]:
    """Write photographs before and after preprocessing; `chosen` has positions and encoded photographs by `what`."""
    shown = []
    for what, some in chosen.items():
        for position, encoded in some:
            pair = {"before": preprocess.decode(encoded), "after": images[position]}
            shown.append(
                {**_row_and_label(index, position), "what": what, **_write(what, index[position]["row"], pair)}
            )
    return shown


def augmentation(images: np.ndarray, index: Index, seed: int) -> list[dict[str, Any]]:
    """Write a few training images as they are and as training sees them."""
    from lesion.networks import batches

    training = [position for position, line in enumerate(index) if line["split"] == "train"]
    chosen = training[:: max(1, len(training) // PREVIEW.pairs)][: PREVIEW.pairs]
    shown = []
    for position, (original, augmented) in zip(chosen, batches.augmented_pairs(images, chosen, seed), strict=True):
        pair = {"original": original, "augmented": augmented}
        shown.append({**_row_and_label(index, position), **_write("augment", index[position]["row"], pair)})
    return shown


def largest_groups(images: np.ndarray, index: Index) -> list[dict[str, Any]]:
    """Write pictures of the largest groups of readable images; see `audit.largest`."""
    readable = [position for position, line in enumerate(index) if line["split"] != config.UNREADABLE]
    splits, groups = (np.array([index[position][key] for position in readable]) for key in ("split", "group"))
    shown = []
    for size, names, members in audit.largest(splits, groups, PREVIEW.groups, PREVIEW.group_rows):
        positions = [readable[member] for member in members]
        rows = [index[position]["row"] for position in positions]
        written = [_write("group", row, {"image": images[at]}) for row, at in zip(rows, positions, strict=True)]
        paths = [paths["image"] for paths in written]
        shown.append({"size": size, "split": names, "rows": rows, "pictures": paths})
    return shown


def _row_and_label(index: Index, position: int) -> dict[str, int]:
    return {key: index[position][key] for key in ("row", "label")}


def _write(what: str, row: int, shown: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Write the images of `shown`; return their paths below data/ under the same keys."""
    paths = {key: f"{FOLDER}/{what}_{row}_{key}.jpg" for key in shown}
    for key, image in shown.items():
        jpeg.write_jpeg(config.DATA / paths[key], image)
    return paths
