"""Where the images come from: the Hub, a folder or parquet file, or the drawn sample.

    source = open_source("auto", limit=0, seed=0)
    for label, encoded in zip(source.labels, source.encoded()): ...

Images stay encoded bytes (JPEG, PNG, ...) and are streamed one by one: memory does not grow with their number.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from lesion import config, store
from lesion.errors import LesionError
from lesion.sources.columns import Split, load_file, load_folder, read_file, splits_of
from lesion.sources.hub import HubUnavailable, load_public

NAMES = ("auto", "isic", "sample")
SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"}
SAMPLE_BATCH = 64  # images drawn at a time
SAMPLE_QUALITY = 92  # of the JPEG: photographs are JPEG too, and none may be told by its lack of artefacts


@dataclass(frozen=True)
class Source:
    """The rows of one data set, in its own order.

    name: "isic", "folder", "parquet" or "sample".
    description: one line for a person: what, how many rows, from where.
    rows: (N,) int64, ascending: row numbers in the source, those that `limit` kept.
    labels: (N,) int8, 0 benign, 1 malignant.
    external: (N,) bool, rows that the source publishes as its `test` split, numbered on after `train`.
    groups: (N,) int64, rows of one group show one lesion; None where the source does not know.
    encoded: gives the images of `rows`, in their order, as encoded bytes; b"" stands for a missing one.
    replaced: where `auto` had to take the sample: one line with the reason and the consequence, else None.
    """

    name: str
    description: str
    rows: np.ndarray
    labels: np.ndarray
    external: np.ndarray
    groups: np.ndarray | None
    encoded: Callable[[], Iterator[bytes]]
    replaced: str | None = None


def open_source(data: str, limit: int, seed: int) -> Source:
    """Open the source that `data` names: auto, isic, sample, a folder or a parquet file.

    `limit` keeps that many rows (0: all; of the sample config.SAMPLE.limit), in the proportions of the classes,
    chosen by `seed`. Raises LesionError where the source does not exist, cannot be read or has other features.
    """
    path = _locate(data)
    if limit < 0:
        raise LesionError(f"--limit must be 0 (all rows) or a number of rows; got {limit}")
    if data == "sample":
        return _open_sample(limit, seed)
    if data in NAMES:
        return _open_public(limit, seed, strict=data == "isic")
    try:
        return _open_folder(path, limit, seed) if path.is_dir() else _open_file(path, limit, seed)
    except OSError as error:
        raise LesionError(f"{path} cannot be read ({error.strerror}): check its permissions") from error


def identity(data: str) -> str:
    """Return what `data` names right now: a word, or a path with a digest of its files' names, sizes and times.

    Opens no data set and no network connection. Raises LesionError where `data` names nothing.
    """
    path = _locate(data)
    if data in NAMES:
        return data
    try:
        files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
        states = [file.stat() for file in files]
    except OSError as error:
        raise LesionError(f"{path} cannot be read ({error.strerror}): check its permissions") from error
    stamps = [
        (str(file.relative_to(path)), state.st_size, state.st_mtime_ns)
        for file, state in zip(files, states, strict=True)
    ]
    return f"{path} {store.fingerprint(files=stamps)}"


def _locate(data: str) -> Path:
    try:
        path = Path(data).expanduser().resolve()
        known = path.is_dir() or (path.is_file() and path.suffix.lower() == ".parquet")
        exists = path.exists()
    except (OSError, RuntimeError, ValueError):  # too long, no such home folder, a NUL character
        path, known, exists = Path(), False, False
    if data in NAMES or known:
        return path
    found = "is neither a folder nor a .parquet file" if exists else "does not exist"
    raise LesionError(f"--data must be {', '.join(NAMES)}, a FOLDER or a FILE.parquet: {data!r} {found}")


def _open_public(limit: int, seed: int, strict: bool) -> Source:
    """Open the public data set or, unless `strict`, the drawn sample where it cannot be had."""
    try:
        loaded, origin = load_public()
    except HubUnavailable as error:
        if strict:
            advice = "try again with a better connection, or take --data sample, a FOLDER or a FILE.parquet"
            raise LesionError(f"{error}: {advice}") from error
        consequence = "the drawn sample took its place, and its figures say nothing about real lesions"
        return dataclasses.replace(_open_sample(limit, seed), replaced=f"{error}: {consequence}")
    return _assemble("isic", origin, splits_of(loaded, config.HUB_DATASET), limit, seed)


def _open_file(path: Path, limit: int, seed: int) -> Source:
    splits = splits_of(load_file(path), str(path), path.parent)
    return _assemble("parquet", f"the file {path}", splits, limit, seed)


def _open_folder(path: Path, limit: int, seed: int) -> Source:
    roots = {"train": path} if _class_folders(path) else _split_folders(path)
    if not roots:
        splits = splits_of(load_folder(path), str(path), path)
        return _assemble("folder", f"the folder {path}", splits, limit, seed)
    splits, ignored = {}, 0
    for name, root in roots.items():
        files, labels, others = _image_files(root)
        splits[name] = Split(np.array(labels, np.int8), partial(_read_files, files))
        ignored += others
    suffix = f", {ignored:,} files in it ignored that are no images" if ignored else ""
    return _assemble("folder", f"the folder {path}{suffix}", splits, limit, seed)


def _class_folders(root: Path) -> dict[str, Path]:
    folders = {folder.name.lower(): folder for folder in root.iterdir() if folder.is_dir()}
    return {name: folders[name] for name in config.CLASSES if name in folders}


def _split_folders(path: Path) -> dict[str, Path]:
    folders = sorted(folder for folder in path.iterdir() if folder.is_dir())
    return {folder.name.lower(): folder for folder in folders if _class_folders(folder)}


def _image_files(root: Path) -> tuple[list[Path], list[int], int]:
    """Return the image files in the class folders of `root`, their labels, and the number of other files."""
    classes = _class_folders(root)
    for folder in set(root.iterdir()) - set(classes.values()):
        if any(_is_image(file, root) for file in folder.rglob("*")):
            raise LesionError(
                f"the folder {root} has images in {folder.name!r} beside {' and '.join(classes)}: "
                "there are two classes, benign and malignant; move other images elsewhere"
            )
    files, labels, others = [], [], 0
    for label, name in enumerate(config.CLASSES):
        inside = [file for file in classes.get(name, root / name).rglob("*") if file.is_file()]
        images = sorted((file for file in inside if _is_image(file, root)), key=Path.as_posix)
        files += images
        labels += [label] * len(images)
        others += len(inside) - len(images)
    return files, labels, others


def _is_image(file: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(root).parts)  # `._x.jpg`, `.thumbnails/`
    return file.suffix.lower() in SUFFIXES and not hidden


def _read_files(files: list[Path], rows: np.ndarray) -> Iterator[bytes]:
    return (read_file(files[row]) for row in rows)


def _open_sample(limit: int, seed: int) -> Source:
    from lesion.sources.drawn import DrawnSample

    drawn = DrawnSample(limit or config.SAMPLE.limit, seed)
    split = Split(drawn.labels, partial(_encode_sample, drawn))
    origin = f"drawn by the project, not photographed (seed {seed})"
    source = _assemble("sample", origin, {"train": split}, limit=0, seed=seed)
    return dataclasses.replace(source, groups=drawn.groups)


def _encode_sample(drawn: Any, rows: np.ndarray) -> Iterator[bytes]:
    import cv2

    for start in range(0, len(rows), SAMPLE_BATCH):
        images, _ = drawn.draw(rows[start : start + SAMPLE_BATCH])
        for image in images:
            bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
            yield cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, SAMPLE_QUALITY])[1].tobytes()


def _assemble(name: str, origin: str, splits: Mapping[str, Split], limit: int, seed: int) -> Source:
    """Number the rows of `test` on after those of `train`, and keep `limit` of them."""
    if set(splits) - {"train", "test"} or "train" not in splits:
        found = ", ".join(splits)
        raise LesionError(f"{origin} has the splits {found}: expected are `train` and, if any, `test`")
    parts = [splits[split] for split in ("train", "test") if split in splits]
    first = len(parts[0].labels)
    labels = np.concatenate([part.labels for part in parts])
    for label, class_name in enumerate(config.CLASSES):
        if label not in parts[0].labels:
            rows = f"{first:,} training rows"
            raise LesionError(f"{origin} has no {class_name} image in its {rows}: both classes are needed")
    external = np.arange(len(labels)) >= first
    rows = _stratified(2 * external + labels, limit, seed)

    def encoded() -> Iterator[bytes]:
        inside = (rows[rows < first], rows[rows >= first] - first)
        return chain.from_iterable(part.read(some) for part, some in zip(parts, inside, strict=False))

    kept = f"{len(rows):,} of {len(labels):,}" if len(rows) < len(labels) else f"{len(labels):,}"
    outside = f", {external[rows].sum():,} of them published as test" if external.any() else ""
    return Source(name, f"{kept} rows{outside}: {origin}", rows, labels[rows], external[rows], None, encoded)


def _stratified(strata: np.ndarray, limit: int, seed: int) -> np.ndarray:
    """Return `limit` row numbers, ascending, in the proportions of `strata` (N,), one at least of each.

    0, or more than there are, takes all rows.
    """
    if limit == 0 or limit >= len(strata):
        return np.arange(len(strata))
    if limit < (least := len(np.unique(strata))):
        raise LesionError(f"--limit {limit} leaves a class without an image: take {least} or more")
    rng = np.random.default_rng(seed)
    place = np.zeros(len(strata))  # where a row stands in the shuffled order of its stratum, 0 to 1
    for stratum in np.unique(strata):
        members = rng.permutation(np.flatnonzero(strata == stratum))
        place[members[1:]] = (np.arange(1, len(members)) + 0.5) / len(members)  # the first one stays at 0
    return np.sort(np.argsort(place, kind="stable")[:limit])
