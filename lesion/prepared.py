"""The prepared data on disk: one memory-mapped array of images and one index line for each."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lesion import config, store
from lesion.errors import LesionError

IMAGES = config.DATA / "images.npy"
INDEX = config.DATA / "index.csv"
MANIFEST = config.DATA / "manifest.json"
MADE_BY = "invoke prepare"


@dataclass(frozen=True)
class PreparedData:
    """Images (N×S×S×3 uint8, memory-mapped) and what the index says of each."""

    images: np.ndarray
    rows: np.ndarray  # (N,) int64, row numbers in the source
    labels: np.ndarray  # (N,) int8, 0 benign, 1 malignant
    splits: np.ndarray  # (N,) str
    groups: np.ndarray  # (N,) int64, rows of one number show one lesion
    manifest: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint of the prepared content."""
        return self.manifest["data"]

    @property
    def image_size(self) -> int:
        """Return the images' side in pixels."""
        return self.images.shape[1]

    def of_split(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """Return (positions in `images`, labels) of a split, in the order of the index."""
        positions = np.flatnonzero(self.splits == split)
        return positions, self.labels[positions]


def is_complete(fingerprint: str) -> bool:
    """Tell whether the data on disk is what the request with this fingerprint asks for."""
    return store.finished(MANIFEST, fingerprint) and IMAGES.exists() and INDEX.exists()


def read_manifest(folder: Path = config.DATA) -> dict[str, Any]:
    """Return what `prepare` wrote of its work into `folder`; raises LesionError when there is none."""
    return store.read_json(folder / MANIFEST.name, MADE_BY)


def open_data(folder: Path = config.DATA) -> PreparedData:
    """Open the prepared data of `folder`; raises LesionError when it is missing or its parts do not fit."""
    manifest = read_manifest(folder)
    index = store.read_table(folder / INDEX.name, MADE_BY)
    path = folder / IMAGES.name
    try:
        images = np.load(path, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise LesionError(f"{store.shown(path)} cannot be read ({error}): run `{MADE_BY} --force`") from None
    if not len(images) == len(index) == manifest["rows"]:
        raise LesionError(
            f"{store.shown(folder)} holds {len(images)} images, {len(index)} index lines and a manifest "
            f"of {manifest['rows']} rows: run `{MADE_BY} --force`"
        )
    return PreparedData(
        images=images,
        rows=np.array([int(line["row"]) for line in index]),
        labels=np.array([int(line["label"]) for line in index], dtype=np.int8),
        splits=np.array([line["split"] for line in index]),
        groups=np.array([int(line["group"]) for line in index]),
        manifest=manifest,
    )


@contextlib.contextmanager
def new_images(count: int, size: int, beside: int = 0) -> Iterator[Callable[[np.ndarray], None]]:
    """Yield a function that appends an image size×size×3 uint8; in the end `count` of them replace the old data.

    Written in order and not through a memory map: that would hold in memory what it has written, and kill the
    process where the disk is full. Raises LesionError when the disk has no room for them and for the `beside` bytes
    that other files take meanwhile.
    """
    store.require_space(config.DATA, count * size * size * config.CHANNELS + beside, "the prepared images")
    shape = (size, size, config.CHANNELS)
    with store.atomic(IMAGES) as path:
        with path.open("wb") as file:
            header = {"descr": np.dtype(np.uint8).str, "fortran_order": False, "shape": (count, *shape)}
            np.lib.format.write_array_header_2_0(file, header)

            def append(image: np.ndarray) -> None:
                file.write(image.astype(np.uint8, casting="no").reshape(shape).tobytes())

            yield append
        MANIFEST.unlink(missing_ok=True)  # from here on the old data is gone
