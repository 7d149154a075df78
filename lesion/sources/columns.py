"""Data sets loaded by `datasets`: features checked, images left encoded, what else is said of them kept."""

import dataclasses
import glob
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lesion import config
from lesion.errors import LesionError, quoted
from lesion.sources import folders
from lesion.sources.hub import import_datasets, offline
from lesion.sources.hub_errors import short_reason
from lesion.sources.original import Original

if TYPE_CHECKING:  # slow to import
    import pandas as pd
    from datasets import Dataset

EXPECTED = (
    "expected are a column `image` (encoded bytes) and a column `label` "
    "(benign and malignant, or the integers 0 for benign and 1 for malignant)"
)
CARD, SETTINGS = "README.md", ".huggingface.yaml"  # where `datasets` looks for settings of a data set
MASK = "mask"  # column of the outlines: pictures like those of `image`, or paths below the folder
# What may be known of an image, and the columns that hold it, lower-case; the first one that is there counts.
FACTS = {
    "lesion": ("lesion_id",),
    "patient": ("patient_id",),
    "group": ("group",),
    "age": ("age", "age_approx"),
    "sex": ("sex",),
    "site": ("localization", "anatom_site_general"),
}


@dataclass(frozen=True)
class Split:
    """One published split of n rows.

    labels: (n,) int8.
    read: a function that yields the images of given rows, with their masks if there are any.
    names: the images' file names, with folders as far as they are known; "" for an image without a name.
    facts: the columns, n rows of text, in which the source itself says more of the images (see FACTS); None if it has
        none. "" is unknown.
    masked: it has a column of masks.
    """

    labels: np.ndarray
    read: Callable[[np.ndarray], Iterator[Original]]
    names: list[str]
    facts: "pd.DataFrame | None" = None
    masked: bool = False


def read_file(file: Path) -> Original:
    """Return the content of `file` as an image, or why it cannot be read."""
    try:
        return Original(file.read_bytes())
    except OSError as error:
        return Original(b"", problem=f"it cannot be read ({(error.strerror or str(error)).lower()})")


def read_below(path: str, base: Path | None) -> Original:
    """Return the content of the file that a table calls `path`, or why it is not read.

    A table is data: it names no file outside the folder `base`, by whatever way, and no address.
    """
    if base is not None and folders.contained(base / path, base):
        return read_file(base / path)
    if base is not None and not folders.is_below(base / path, base):
        return Original(b"", problem="the table names a file outside the folder of the images: put it there")
    return Original(b"", problem="the file that the table names is missing: put it there")


def load_folder(path: Path) -> Mapping[str, "Dataset"]:
    """Load a folder in one of the Hub's layouts; changes since the last time are noticed.

    Raises LesionError if `datasets` finds nothing to read in it, or a damaged file.
    """
    return _load(path, str(path), without_masks=any(path.rglob(folders.MASKS)))


def load_file(path: Path) -> Mapping[str, "Dataset"]:
    """Load a parquet file as the split `train`; raises LesionError if it is damaged."""
    return _load(path, "parquet", data_files=glob.escape(str(path)))


def _load(path: Path, *builder: str, without_masks: bool = False, **options: str) -> Mapping[str, "Dataset"]:
    try:
        datasets = import_datasets()
        if path.is_dir():
            _require_local(path)
        files = {"data_files": _files(path)} if without_masks else options
        with offline():
            return datasets.load_dataset(*builder, **files)
    except LesionError:
        raise
    except Exception as error:  # every reader below `datasets` raises its own kind
        raise LesionError(f"{path} cannot be read as a data set ({short_reason(error)}): {EXPECTED}") from error


def _require_local(folder: Path) -> None:
    """Raise LesionError if the settings of a data set in `folder` name data elsewhere: `datasets` would fetch it."""
    from huggingface_hub import metadata_load

    if (folder / SETTINGS).exists():
        raise LesionError(f"{folder} has a file {SETTINGS}, whose settings are not used: remove it")
    card = folder / CARD
    configs = (metadata_load(card) or {}).get("configs") if card.is_file() else None
    for name in _strings(configs):
        if ":" in name or name.startswith(("/", "~")) or ".." in Path(name).parts:
            raise LesionError(
                f"{card} names data that is not in the folder ({quoted(name)}): remove `configs` from its heading"
            )


def _strings(value: object) -> Iterator[str]:
    """Yield the strings in JSON-like values."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def _files(path: Path) -> dict[str, list[str]]:
    """Return the files of each split in a folder, as `datasets` finds them, without masks: it would take them in."""
    from datasets.data_files import DataFilesDict, get_data_patterns

    files = DataFilesDict.from_patterns(get_data_patterns(str(path)), base_path=str(path))
    kept = {split: [name for name in names if not folders.is_mask(Path(name), path)] for split, names in files.items()}
    return {str(split): names for split, names in kept.items() if names}


def splits_of(loaded: Mapping[str, "Dataset"], origin: str, base: Path | None = None) -> dict[str, Split]:
    """Check the features of the splits in `loaded` and return them; raises LesionError that begins with `origin`.

    `base` is the folder that image paths without bytes are relative to; None if there can be no such files.
    """
    from datasets import Image

    splits = {}
    for name, table in loaded.items():
        labels = _labels(table, f"{origin} ({name})")
        _require_image(table.features["image"], f"{origin} ({name})")
        masked = _has_masks(table.features)
        pictures = table.select_columns(["image", MASK] if masked else ["image"])
        for column in (name for name in pictures.column_names if _is_picture(table.features[name])):
            pictures = pictures.cast_column(column, Image(decode=False))
        read = partial(_read_rows, pictures, base)
        splits[name] = Split(labels, read, _names(pictures, base), _facts(table), masked)
    return splits


def _has_masks(features: Mapping[str, object]) -> bool:
    """Tell whether there is a column of masks, as pictures or as paths; another one of this name is left alone."""
    from datasets import Value

    column = features.get(MASK)
    return _is_picture(column) or (isinstance(column, Value) and column.dtype in ("string", "large_string"))


def _names(images: "Dataset", base: Path | None) -> list[str]:
    """Return the paths in the column `image`, relative to `base` if they are below it; no image is read."""
    column = images.data.column("image")
    paths = column.flatten()[column.type.get_field_index("path")]
    return [(path or "").removeprefix(f"{base}/") for path in paths.to_pylist()]


def _facts(table: "Dataset") -> "pd.DataFrame | None":
    """Return the columns of `table` that hold FACTS, as text."""
    from datasets import ClassLabel, Value

    known = {column for columns in FACTS.values() for column in columns}
    plain = {name: kind for name, kind in table.features.items() if isinstance(kind, ClassLabel | Value)}
    columns = [name for name in plain if name.lower() in known]
    if not columns:
        return None
    facts = table.select_columns(columns).to_pandas()
    for name in columns:
        kind = plain[name]
        words = dict(enumerate(kind.names)) if isinstance(kind, ClassLabel) else {}
        facts[name] = ["" if value != value or value is None else str(words.get(value, value)) for value in facts[name]]
    return facts


def _labels(table: "Dataset", origin: str) -> np.ndarray:
    """Return the labels of `table`, (n,) int8, whatever the order of its classes."""
    from datasets import ClassLabel, Value

    if missing := {"image", "label"} - set(table.column_names):
        columns = ", ".join(table.column_names)
        raise LesionError(f"{origin} has no column `{min(missing)}`, only {columns}: {EXPECTED}")
    feature = table.features["label"]
    if not isinstance(feature, ClassLabel | Value):
        raise LesionError(f"{origin} has a column `label` of the type {feature}: {EXPECTED}")
    if isinstance(feature, ClassLabel):
        names = [name.lower() for name in feature.names]
        if sorted(names) != sorted(config.CLASSES):
            raise LesionError(f"{origin} has the classes {', '.join(feature.names[:5])}: {EXPECTED}")
    values = table["label"][:]
    if strange := set(values) - {0, 1}:
        shown = ", ".join(sorted(map(repr, strange))[:3])
        raise LesionError(f"{origin} has the label {shown}: {EXPECTED}")
    if isinstance(feature, ClassLabel):
        values = [config.CLASSES.index(names[value]) for value in values]
    return np.array(values, np.int8)


def _require_image(feature: object, origin: str) -> None:
    if not _is_picture(feature):
        raise LesionError(f"{origin} has a column `image` of the type {feature}: {EXPECTED}")


def _is_picture(feature: object) -> bool:
    from datasets import Image, Value

    content = feature.get("bytes") if isinstance(feature, dict) else feature
    binary = isinstance(content, Value) and content.dtype in ("binary", "large_binary")
    return isinstance(feature, Image) or binary


def _read_rows(pictures: "Dataset", base: Path | None, rows: np.ndarray) -> Iterator[Original]:
    for row in pictures.select(rows):
        original = _read(row["image"], base)
        yield dataclasses.replace(original, mask=_read(row.get(MASK), base).encoded)


def _read(value: Mapping[str, bytes | str] | bytes | str | None, base: Path | None) -> Original:
    """Return a picture from a column: its bytes, or those of the file below `base` that it names."""
    content = value.get("bytes") if isinstance(value, Mapping) else value
    if isinstance(content, bytes):
        return Original(content)
    path = value.get("path") if isinstance(value, Mapping) else value
    return read_below(path, base) if isinstance(path, str) and path else Original(b"")
