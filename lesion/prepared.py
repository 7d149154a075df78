"""data/: the prepared images, one memory-mapped array, and one line of the index for each."""

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lesion import config, store
from lesion.errors import LesionError
from lesion.integrity import seals
from lesion.records.lines import IndexLine
from lesion.records.preparation import PreparationRecord, PreprocessingShares
from lesion.tables import new_array, read_table

if TYPE_CHECKING:  # slow to import
    import pandas as pd

    from lesion.images.preprocess import Prepared

IMAGES = config.DATA / "images.npy"
OUTLINES = config.DATA / "outlines.npy"
INDEX = config.DATA / "index.csv"
MANIFEST = config.DATA / "manifest.json"
MADE_BY = "invoke prepare"
# What is kept of an image while the others are prepared: 68 bytes, so that hundreds of thousands fit in memory.
MEASURED = np.dtype(
    [
        ("readable", np.bool_),
        ("width", np.int32),
        ("height", np.int32),
        ("cropped", np.uint8),
        ("crop_left", np.int32),
        ("crop_top", np.int32),
        ("crop_right", np.int32),
        ("crop_bottom", np.int32),
        ("cleaned_share", np.float64),
        ("rim", np.bool_),  # it was cropped, and a dark rim is left
        ("squeezed", np.bool_),  # to a square, from clearly different sides
        ("file", "S32"),  # SHA-256 of the encoded image
    ]
)
Append = Callable[[np.ndarray, np.ndarray | None], None]  # of an image and its outline
COUNTED = ("readable", "rim", "squeezed", "file")  # but not in index.csv
WRITTEN = [name for name in MEASURED.names or () if name not in COUNTED]  # columns of index.csv


@dataclass(frozen=True)
class PreparedData:
    """Images (N×S×S×3 uint8, memory-mapped) and what the index says of each."""

    images: np.ndarray
    rows: np.ndarray  # (N,) int64, row numbers in the source
    labels: np.ndarray  # (N,) int8, 0 benign, 1 malignant
    splits: np.ndarray  # (N,) str
    groups: np.ndarray  # (N,) int64, rows of one number show one lesion
    ages: np.ndarray  # (N,) float, years; nan is unknown
    sexes: np.ndarray  # (N,) str, female or male; "" is unknown
    sites: np.ndarray  # (N,) str, where on the body; "" is unknown
    cropped: np.ndarray  # (N,) bool, a dark frame was cut off
    cleaned_shares: np.ndarray  # (N,) float, share of the pixels that were painted over: 0 to 1
    record: PreparationRecord
    fingerprint: str  # of the prepared content
    # (N, ceil(S·S / 8)) uint8, memory-mapped: packed bits, all 0 for one that is not known; None if none is known
    outlines: np.ndarray | None = None
    outlines_digest: str = ""  # empty if none is known

    @property
    def image_size(self) -> int:
        """Return the images' side in pixels."""
        return self.images.shape[1]

    def of_split(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """Return (positions in `images`, labels) of a split, in the order of the index."""
        positions = np.flatnonzero(self.splits == split)
        return positions, self.labels[positions]

    def outline(self, position: int) -> np.ndarray | None:
        """Return the outline of a lesion, S×S bool, True on its visible pixels; None if it is not known.

        A line of zeros in `outlines` stands for that.
        """
        if self.outlines is None or not self.outlines[position].any():
            return None
        size = self.image_size
        return np.unpackbits(self.outlines[position], count=size * size).reshape(size, size).astype(bool)


def is_complete(fingerprint: str) -> bool:
    """Tell whether the data on disk is what the request with this fingerprint asks for, and as it was written."""
    return store.finished(MANIFEST, fingerprint)


def write_manifest(record: PreparationRecord, folder: Path) -> None:
    """Write what `prepare` did into `folder`, once all files are there that it describes; see `files`."""
    names = [*files(record), *pictures(record)]
    store.write_record(folder / MANIFEST.name, record, seals.of_files(folder, names))


def files(record: PreparationRecord) -> list[str]:
    """Return the names of the files that hold the data."""
    return [INDEX.name, IMAGES.name, *([OUTLINES.name] if record.source.outlines else [])]


def pictures(record: PreparationRecord) -> list[str]:
    """Return the paths below data/ of the pictures for the report."""
    examples = [path for one in record.examples for path in (one.before, one.after)]
    augmented = [path for one in record.augmentation for path in (one.original, one.augmented)]
    return [*examples, *augmented, *(path for group in record.groups.largest for path in group.pictures)]


def read_manifest(folder: Path = config.DATA) -> PreparationRecord:
    """Return what `prepare` wrote of its work into `folder`; raises LesionError if there is none."""
    return store.read_record(folder / MANIFEST.name, PreparationRecord, MADE_BY)


def open_data(folder: Path = config.DATA) -> PreparedData:
    """Open the prepared data of `folder`; raises LesionError if it is missing or not as it was written."""
    record = read_manifest(folder)
    store.require_intact(folder / MANIFEST.name, files(record), MADE_BY)
    sealed = store.sealed_files(folder / MANIFEST.name, MADE_BY)
    index = read_table(folder / INDEX.name, MADE_BY, IndexLine)
    images = _open_array(folder / IMAGES.name)
    outlines = _open_array(folder / OUTLINES.name) if record.source.outlines else None
    if not len(images) == len(index) == record.rows:
        raise LesionError(
            f"{store.shown(folder)} holds {len(images)} images, {len(index)} index lines and a manifest "
            f"of {record.rows} rows: run `{MADE_BY}`"
        )
    if outlines is not None and outlines.shape != (len(images), packed_bytes(images.shape[1])):
        path = store.shown(folder / OUTLINES.name)
        raise LesionError(f"{path} does not hold the outlines of {len(images)} images: run `{MADE_BY}`")
    return PreparedData(
        images=images,
        rows=index["row"].to_numpy(np.int64),
        labels=index["label"].to_numpy(np.int8),
        splits=index["split"].to_numpy(dtype=str),
        groups=index["group"].to_numpy(np.int64),
        ages=index["age"].to_numpy(np.float64),
        sexes=index["sex"].to_numpy(dtype=str),
        sites=index["site"].to_numpy(dtype=str),
        cropped=index["cropped"].to_numpy(bool),
        cleaned_shares=index["cleaned_share"].to_numpy(np.float64),
        record=record,
        fingerprint=record.data,
        outlines=outlines,
        outlines_digest="" if outlines is None else sealed[OUTLINES.name].digest,
    )


def _open_array(path: Path) -> np.ndarray:
    try:
        return np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise LesionError(f"{store.shown(path)} cannot be read ({error}): run `{MADE_BY}`") from None


def packed_bytes(size: int) -> int:
    """Return how many bytes an outline of `size` × `size` pixels takes, at one bit a pixel."""
    return -(-size * size // 8)


def measurements(encoded: bytes, result: "Prepared") -> tuple[bool | int | float | bytes, ...]:
    """Return what is kept of an image that could be read, in the order of MEASURED."""
    share = round(result.cleaned_share, 5)
    digest = hashlib.sha256(encoded).digest()
    sizes = (result.width, result.height, result.cropped, *result.box)
    return True, *sizes, share, result.rim, result.squeezed, digest


def new_index(rows: np.ndarray, labels: np.ndarray, external: np.ndarray, measured: np.ndarray) -> "pd.DataFrame":
    """Return the lines of index.csv of N images, without what is known of all images only.

    `rows` (N,) int64, `labels` (N,) int8 and `external` (N,) bool are those of a source; `measured` (N,) MEASURED is
    zero where an image cannot be read. Split, group, and what a table says, are filled in later.
    """
    import pandas as pd

    columns = {
        "row": rows,
        "label": labels,
        "split": np.select([~measured["readable"], external], [config.UNREADABLE, config.EXTERNAL], ""),
        "group": rows,
        **{name: measured[name] for name in WRITTEN},
        "group_origin": "",
        "age": np.nan,
        "sex": "",
        "site": "",
    }
    return pd.DataFrame(columns)


def identical(measured: np.ndarray) -> np.ndarray:
    """Return a number for each image, (N,) int64, the same for the same file; -1 where an image cannot be read."""
    _, numbers = np.unique(measured["file"], return_inverse=True)
    return np.where(measured["readable"], numbers, -1)


def readable(index: "pd.DataFrame") -> "pd.DataFrame":
    """Return the lines of the index whose images could be read."""
    return index[index["split"] != config.UNREADABLE]


def counts(readable: "pd.DataFrame") -> dict[str, dict[str, int]]:
    """Return the number of images of each class in each split that has any; `readable` are lines of the index."""
    numbers = {}
    for name in (*config.SPLITS, config.EXTERNAL):
        labels = readable.loc[readable["split"] == name, "label"].to_numpy()
        if len(labels):
            numbers[name] = {kind: int(np.sum(labels == label)) for label, kind in enumerate(config.CLASSES)}
    return numbers


def shares(measured: np.ndarray) -> PreprocessingShares:
    """Return how many of the readable images were cropped, cleaned and squeezed; `measured` is (N,) MEASURED."""
    images = measured[measured["readable"]]
    cropped = images[images["cropped"] == 1]
    cleaned = images["cleaned_share"]
    return PreprocessingShares(
        cropped_share=len(cropped) / len(images),
        cleaned_share=float(np.mean(cleaned > 0)),
        painted_pixels_share=float(cleaned.mean()),
        rim_share=float(cropped["rim"].mean()) if len(cropped) else None,
        squeezed_share=float(images["squeezed"].mean()),
    )


@contextlib.contextmanager
def new_images(count: int, size: int, beside: int = 0, outlined: bool = False) -> Iterator[Append]:
    """Yield a function that appends an image and an outline; in the end `count` of them replace the old data.

    An image is size×size×3 uint8; an outline, size×size bool, is kept if the images are `outlined`, and None is then
    one that is not known: its bits are all 0. Raises LesionError if the disk has no room for them and for the `beside`
    bytes that other files take meanwhile.
    """
    packed = packed_bytes(size) if outlined else 0
    store.require_space(config.DATA, count * (size * size * config.CHANNELS + packed) + beside, "the prepared images")
    shape = (count, size, size, config.CHANNELS)
    kind = np.dtype(np.uint8)
    nothing = np.zeros((size, size), bool)
    with contextlib.ExitStack() as files:
        append_image = files.enter_context(new_array(IMAGES, shape, kind))
        append_outline = files.enter_context(new_array(OUTLINES, (count, packed), kind)) if outlined else None

        def append(image: np.ndarray, outline: np.ndarray | None) -> None:
            append_image(image)
            if append_outline is not None:
                append_outline(np.packbits(nothing if outline is None else outline))

        yield append
        MANIFEST.unlink(missing_ok=True)  # from here on the old data is gone
        OUTLINES.unlink(missing_ok=True)
