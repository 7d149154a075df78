"""The source of the images: the Hub, a folder or parquet file, or the drawn sample.

    source = open_source("auto", limit=0, seed=0)
    for label, original in zip(source.labels, source.originals()): ...

Images stay encoded bytes (JPEG, PNG, ...) and are streamed one by one: memory does not grow with their number.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lesion import config, options, store
from lesion.errors import LesionError
from lesion.records.preparation import SourceRecord
from lesion.sources import folders
from lesion.sources.columns import Split, load_file, load_folder, read_file, splits_of
from lesion.sources.hub import HubUnavailable, load_public
from lesion.sources.original import FROM_MASKS, Original

if TYPE_CHECKING:  # slow to import, and only the sample needs OpenCV
    import pandas as pd

    from lesion.sources.drawn import DrawnSample

WITHOUT_HUB = "--data sample, a FOLDER or a FILE.parquet"
SAMPLE_QUALITY = 92  # of the JPEG: photographs are JPEG too, so the sample must have traces of compression as well


@dataclass(frozen=True)
class Source:
    """The rows of one data set, in its own order.

    record: its name, one line about it (what, how many rows, from where), and what it replaces.
    rows: (N,) int64, ascending: row numbers in the source, those that `limit` kept.
    labels: (N,) int8, 0 benign, 1 malignant.
    external: (N,) bool, rows that the source publishes as its `test` split; their numbers follow those of `train`.
    groups: (N,) int64, rows of one group show one lesion; None if the source does not know.
    names: (N,) str, file names of the images, with folders as far as they are known; "" for an image without a name.
    facts: what else the source says of its images, N rows of text (see `columns.FACTS`); None if it says nothing.
    originals: returns the images of `rows`, in their order; with outlines if `record` says who knows them.
    """

    record: SourceRecord
    rows: np.ndarray
    labels: np.ndarray
    external: np.ndarray
    groups: np.ndarray | None
    names: np.ndarray
    facts: "pd.DataFrame | None"
    originals: Callable[[], Iterator[Original]]

    def encoded(self) -> Iterator[bytes]:
        """Return the images of `rows` as encoded bytes, in their order; a missing one is b""."""
        return (original.encoded for original in self.originals())


def open_source(data: str, limit: int, seed: int) -> Source:
    """Open the source that `data` names: auto, isic, sample, a folder or a parquet file.

    `limit` keeps that many rows (0: all; of the sample config.SAMPLE.limit), in the proportions of the classes,
    chosen by `seed`. Raises LesionError if the source does not exist, cannot be read or has other features.
    """
    path = options.data_path(data)
    if data == "sample":
        return _open_sample(limit, seed)
    if path is None:
        return _open_public(limit, seed, strict=data == "isic")
    try:
        return _open_folder(path, limit, seed) if path.is_dir() else _open_file(path, limit, seed)
    except OSError as error:
        raise folders.unreadable(error, path) from error


def identity(data: str) -> str:
    """Return what `data` names right now: a word, or a path with a digest of its files' names, sizes and times.

    The words that may mean the drawn sample come with a digest of the code that draws it. Opens neither a data set nor
    a network connection. Raises LesionError if `data` names nothing.
    """
    path = options.data_path(data)
    if data == "isic":
        return data
    if path is None:
        drawing = [Path(__file__).with_name(name).read_text() for name in ("drawn.py", "overlays.py")]
        return f"{data} {store.fingerprint(drawing=drawing)}"
    return f"{path} {folders.digest(path)}"


def _open_public(limit: int, seed: int, strict: bool) -> Source:
    """Open the public data set or, if it is not available and unless `strict`, the drawn sample."""
    try:
        loaded, origin = load_public()
    except HubUnavailable as error:
        if strict:
            raise LesionError(f"{error}: {error.advice}, or take {WITHOUT_HUB}") from error
        consequence = "this run uses drawn images instead, and its results say nothing about real lesions"
        sample = _open_sample(limit, seed)
        record = dataclasses.replace(sample.record, replaced=f"{error}: {consequence}")
        return dataclasses.replace(sample, record=record)
    return _assemble("isic", origin, splits_of(loaded, config.HUB_DATASET), limit, seed)


def _open_file(path: Path, limit: int, seed: int) -> Source:
    splits = splits_of(load_file(path), str(path), path.parent)
    return _assemble("parquet", f"the file {path}", splits, limit, seed)


def _open_folder(path: Path, limit: int, seed: int) -> Source:
    roots = {"train": path} if folders.class_folders(path) else folders.split_folders(path)
    if not roots:
        splits = splits_of(load_folder(path), str(path), path)
        return _assemble("folder", f"the folder {path}", splits, limit, seed)
    splits = {}
    ignored = 0
    for name, root in roots.items():
        files, labels, others = folders.image_files(root)
        names = [file.relative_to(path).as_posix() for file in files]
        splits[name] = Split(np.array(labels, np.int8), partial(_read_files, files), names)
        ignored += others
    suffix = f", {ignored:,} files in it ignored that are no images" if ignored else ""
    return _assemble("folder", f"the folder {path}{suffix}", splits, limit, seed)


def _read_files(files: list[Path], rows: np.ndarray) -> Iterator[Original]:
    return (read_file(files[row]) for row in rows)


def _open_sample(limit: int, seed: int) -> Source:
    from lesion.sources.drawn import DrawnSample

    drawn = DrawnSample(limit or config.SAMPLE.limit, seed)
    count = len(drawn.labels)
    origin = f"drawn by the project, not photographed (seed {seed})"
    _require_both_classes(drawn.labels, origin)
    return Source(
        record=SourceRecord("sample", f"{count:,} rows: {origin}", replaced=None, outlines="drawn"),
        rows=np.arange(count),
        labels=drawn.labels,
        external=np.zeros(count, bool),
        groups=drawn.groups,
        names=np.full(count, ""),
        facts=None,
        originals=partial(_draw, drawn),
    )


def _draw(drawn: "DrawnSample") -> Iterator[Original]:
    import cv2

    for row in range(len(drawn.labels)):
        (image,), (outline,) = drawn.draw(np.array([row]))
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, SAMPLE_QUALITY])[1].tobytes()
        yield Original(encoded, outline)


def _assemble(name: str, origin: str, splits: Mapping[str, Split], limit: int, seed: int) -> Source:
    """Return the source of these splits, rows of `test` numbered after those of `train`, `limit` of them kept."""
    if set(splits) - {"train", "test"} or "train" not in splits:
        names = ", ".join(splits)
        raise LesionError(f"{origin} has the splits {names}: expected are `train` and, if any, `test`")
    published = [splits[split] for split in ("train", "test") if split in splits]
    first = len(published[0].labels)
    labels = np.concatenate([split.labels for split in published])
    _require_both_classes(published[0].labels, origin)
    external = np.arange(len(labels)) >= first
    rows = _stratified(2 * external + labels, limit, seed)
    readers = [split.read for split in published]  # alone: the splits' names and facts would stay in memory twice

    def originals() -> Iterator[Original]:
        rows_of_split = (rows[rows < first], rows[rows >= first] - first)
        return chain.from_iterable(read(own) for read, own in zip(readers, rows_of_split, strict=False))

    kept = f"{len(rows):,} of {len(labels):,}" if len(rows) < len(labels) else f"{len(labels):,}"
    outside = f", {external[rows].sum():,} of them published as test" if external.any() else ""
    outlines = FROM_MASKS if any(split.masked for split in published) else ""
    record = SourceRecord(name, f"{kept} rows{outside}: {origin}", replaced=None, outlines=outlines)
    names = np.concatenate([split.names for split in published])[rows]
    return Source(record, rows, labels[rows], external[rows], None, names, _facts(published, rows), originals)


def _facts(published: list[Split], rows: np.ndarray) -> "pd.DataFrame | None":
    """Return what the splits themselves say of `rows`, numbered through all splits; None if nothing."""
    import pandas as pd

    facts = [pd.DataFrame(index=range(len(each.labels))) if each.facts is None else each.facts for each in published]
    together = pd.concat(facts, ignore_index=True).iloc[rows].fillna("")
    return together.reset_index(drop=True) if len(together.columns) else None


def _require_both_classes(labels: np.ndarray, origin: str) -> None:
    for label, name in enumerate(config.CLASSES):
        if label not in labels:
            raise LesionError(
                f"{origin} has no {name} image in its {len(labels):,} training rows: both classes are needed"
            )


def _stratified(strata: np.ndarray, limit: int, seed: int) -> np.ndarray:
    """Return `limit` row numbers, ascending, in the proportions of `strata` (N,), at least one of each.

    0, or more than there are, takes all rows. Raises LesionError if `limit` is smaller than the number of strata.
    """
    if limit == 0 or limit >= len(strata):
        return np.arange(len(strata))
    if limit < (least := len(np.unique(strata))):
        raise LesionError(f"--limit {limit} leaves a class without an image: take {least} or more")
    rng = np.random.default_rng(seed)
    place = np.zeros(len(strata))  # of a row in the shuffled order of its stratum, 0 to 1
    for stratum in np.unique(strata):
        members = rng.permutation(np.flatnonzero(strata == stratum))
        place[members[1:]] = (np.arange(1, len(members)) + 0.5) / len(members)  # the first one stays at 0
    return np.sort(np.argsort(place, kind="stable")[:limit])
