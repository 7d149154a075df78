"""data/: the prepared images, one memory-mapped array, and one line of the index for each."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lesion import config, store
from lesion.errors import LesionError
from lesion.records.preparation import PreparationRecord

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
    record: PreparationRecord
    fingerprint: str  # of the prepared content

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


def read_manifest(folder: Path = config.DATA) -> PreparationRecord:
    """Return what `prepare` wrote of its work into `folder`; raises LesionError if there is none."""
    return store.read_record(folder / MANIFEST.name, PreparationRecord, MADE_BY)


def open_data(folder: Path = config.DATA) -> PreparedData:
    """Open the prepared data of `folder`; raises LesionError if it is missing or its parts do not fit."""
    record = read_manifest(folder)
    index = store.read_table(folder / INDEX.name, MADE_BY)
    path = folder / IMAGES.name
    try:
        images = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise LesionError(f"{store.shown(path)} cannot be read ({error}): run `{MADE_BY} --force`") from None
    if not len(images) == len(index) == record.rows:
        raise LesionError(
            f"{store.shown(folder)} holds {len(images)} images, {len(index)} index lines and a manifest "
            f"of {record.rows} rows: run `{MADE_BY} --force`"
        )
    return PreparedData(
        images=images,
        rows=index["row"].to_numpy(np.int64),
        labels=index["label"].to_numpy(np.int8),
        splits=index["split"].to_numpy(dtype=str),
        groups=index["group"].to_numpy(np.int64),
        record=record,
        fingerprint=record.data,
    )


@contextlib.contextmanager
def new_images(count: int, size: int, beside: int = 0) -> Iterator[Callable[[np.ndarray], None]]:
    """Yield a function that appends an image size×size×3 uint8; in the end `count` of them replace the old data.

    Raises LesionError if the disk has no room for them and for the `beside` bytes that other files take meanwhile.
    """
    store.require_space(config.DATA, count * size * size * config.CHANNELS + beside, "the prepared images")
    shape = (count, size, size, config.CHANNELS)
    with store.new_array(IMAGES, shape, np.dtype(np.uint8)) as append:
        yield append
        MANIFEST.unlink(missing_ok=True)  # from here on the old data is gone
