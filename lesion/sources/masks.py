"""Masks: pictures of where the lesion is, white on black, in a folder of their own; matched with the images by name.

    attached = attach("", "photographs", source)  # photographs/masks, if it is there
    attached = attach("HAM10000_segmentations", "auto", source)

A mask bears the name of its image, with any ending of an image file, or with `_segmentation` as HAM10000's have it. Its
folders count as far as the images' names have folders. It is read when its image is. No path leads out of the folder.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lesion import options
from lesion.errors import LesionError
from lesion.sources import match
from lesion.sources.columns import read_file
from lesion.sources.folders import MASKS, SUFFIXES, contained, digest
from lesion.sources.original import FROM_MASKS, Original
from lesion.sources.source import Source

SEGMENTATION = "_segmentation"  # HAM10000 (Tschandl et al., 2018) adds it to the image's name


@dataclass(frozen=True)
class Attached:
    """A source whose images come with their masks.

    source: as it was if there are no masks.
    others: files in the folder that are the mask of no image, or of one that has another mask already.
    problem: why the masks in the folder of the images are not used; empty if they are, or if there are none.
    """

    source: Source
    others: int = 0
    problem: str = ""


def identity(named: str) -> str:
    """Return a digest of the names, sizes and times of the files in the folder `named`, "" for no name.

    Raises LesionError if it cannot be read.
    """
    return digest(Path(named).expanduser().resolve()) if named else ""


def attach(named: str, data: str, source: Source) -> Attached:
    """Give the images of `source` the masks in the folder `named`, or in those called `masks` where `data` is a folder.

    Without either, masks that the source itself has in a column stay. Raises LesionError if the folder `named` has no
    mask of these images.
    """
    if named:
        folder = Path(named).expanduser().resolve()
        return _attach(_masks(folder, folder), str(named), source)
    files = _unasked(options.data_path(data))
    if not files:
        return Attached(source)
    try:
        return _attach(files, f"the folder {MASKS}", source)
    except LesionError as error:
        return Attached(source, problem=str(error))


def _unasked(path: Path | None) -> dict[str, Path]:
    """Return the masks in those folders of `path` that are called `masks`, by the image's name."""
    if path is None:
        return {}
    folders = [folder for pattern in (MASKS, f"*/{MASKS}", f"*/*/{MASKS}") for folder in sorted(path.glob(pattern))]
    return {name: file for folder in folders if folder.is_dir() for name, file in _masks(folder, path).items()}


def _masks(folder: Path, root: Path) -> dict[str, Path]:
    """Return the masks in `folder` by the image's name: with folders from `root` on, without the one called `masks`."""
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES and contained(file, folder))
    prefix = "" if folder == root else folder.parent.relative_to(root).as_posix() + "/"
    names: dict[str, Path] = {}
    for file in files:
        name = file.relative_to(folder).with_suffix("").as_posix().removesuffix(SEGMENTATION)
        names.setdefault(f"{prefix}{name}".removeprefix("./"), file)
    return names


def _attach(files: dict[str, Path], folder: str, source: Source) -> Attached:
    rows = match.rows_of_names(list(files), source)
    lines, _ = match.first_lines(rows, len(source.rows))
    if not (lines >= 0).any():
        images = next((name for name in source.names.tolist() if name), "")
        first = next(iter(files), "")
        reason = f"its first is {first!r}, the first image is {images!r}" if first and images else ""
        reason = reason or ("the images have no file names" if files else "it has no image files")
        raise LesionError(
            f"{folder} has no mask of the {len(source.rows):,} images ({reason}): give each mask the name of its image"
        )
    paths = list(files.values())
    chosen = [paths[line] if line >= 0 else None for line in lines.tolist()]

    def originals() -> Iterator[Original]:
        for original, path in zip(source.originals(), chosen, strict=True):
            yield dataclasses.replace(original, outline=None, mask=read_file(path).encoded if path else b"")

    record = dataclasses.replace(source.record, outlines=FROM_MASKS)
    others = len(paths) - int(np.sum(lines >= 0))
    return Attached(dataclasses.replace(source, record=record, originals=originals), others)
