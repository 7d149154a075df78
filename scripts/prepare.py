"""Fetch the images, clean them, split them, and put them on disk.

    python scripts/prepare.py --data sample

Reads the source that --data names; writes data/{images.npy, index.csv, manifest.json, preview/}.
"""

import argparse
import contextlib
import dataclasses
import hashlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np
import stage

from lesion import config, options, prepared, preview, store
from lesion.console import duration, progress, say
from lesion.errors import LesionError
from lesion.groups import audit, candidates, find, keypoints, matching, split
from lesion.groups.find import Grouping
from lesion.groups.keypoints import KeypointStore
from lesion.images import crop, hair, preprocess
from lesion.images.preprocess import Prepared
from lesion.images.stream import prepare_images
from lesion.records.common import Method
from lesion.records.preparation import (
    AugmentedExample,
    PreparationRecord,
    PreparationSettings,
    PreprocessingShares,
    Unreadable,
)
from lesion.sources.source import Source, identity, open_source

if TYPE_CHECKING:  # it takes half a second to import
    import pandas as pd


def main() -> bool:
    """Prepare the data unless that is done."""
    values = options.parse("prepare", __doc__)
    wanted = fingerprint(values)
    if not values.force and prepared.is_complete(wanted):
        say("prepare: the data is prepared already (--force prepares it again)")
    else:
        _prepare(values, wanted)
    return True


def method() -> Method:
    """Return the blocks of settings that the preparation uses."""
    return store.blocks(
        config.PREPARATION,
        config.AUGMENTATION,
        crop.CROPPING,
        hair.HAIR,
        preprocess.PREPROCESSING,
        keypoints.DETECTION,
        candidates.SIGNATURE,
        matching.MATCHING,
        find.LINKING,
        preview.PREVIEW,
    )


def fingerprint(values: argparse.Namespace) -> str:
    """Return the fingerprint of what the options of `prepare` ask for, and of the settings it would use."""
    asked = {**dataclasses.asdict(_settings(values, values.image_size)), "data": identity(values.data)}
    profiles = [(profile.image_size, profile.limit) for profile in (config.FULL, config.SAMPLE)]
    return store.fingerprint(stage="prepare", settings=asked, profiles=profiles, method=method())


def _settings(values: argparse.Namespace, image_size: int) -> PreparationSettings:
    return PreparationSettings(
        data=values.data,
        limit=values.limit,
        image_size=image_size,
        seed=values.seed,
        split=values.split,
        clean=not values.no_clean,
    )


@dataclass
class Stream:
    """What is known once all images have been read."""

    lines: list[dict[str, int | float | str]] = field(default_factory=list)  # of index.csv
    unreadable: list[Unreadable] = field(default_factory=list)
    examples: preview.Chosen = field(default_factory=dict)
    digest: str = ""  # of the readable images


def _prepare(values: argparse.Namespace, wanted: str) -> None:
    begin = time.monotonic()
    source = open_source(values.data, values.limit, values.seed)
    profile = config.SAMPLE if source.record.drawn else config.FULL
    settings = _settings(values, profile.image_size if values.image_size == options.AS_PROFILE else values.image_size)
    for line in filter(None, (source.record.replaced, source.record.description)):
        say(f"prepare: {line}")
    room = keypoints.bytes_needed(len(source.rows)) if source.groups is None else 0
    with prepared.new_images(len(source.rows), settings.image_size, room) as append, _keypoint_store(source) as points:
        stream = _read(source, settings, append, points)
        index = _table(stream)
        grouping = None if points is None else _find_groups(index, points, settings.seed)
        _assign_splits(index, settings.split, settings.seed)
    store.write_table(prepared.INDEX, index)
    record = _record(source, settings, stream, index, grouping, wanted, begin)
    store.write_record(prepared.MANIFEST, record)
    say(f"prepare: {len(index):,} images in {duration(time.monotonic() - begin)}")


def _keypoint_store(source: Source) -> AbstractContextManager[KeypointStore | None]:
    """Return a place for keypoints if the groups must be found, else None."""
    if source.groups is not None:
        return contextlib.nullcontext()
    return keypoints.temporary_store(config.DATA / ".keypoints", len(source.rows))


def _read(
    source: Source, settings: PreparationSettings, append: Callable[[np.ndarray], None], points: KeypointStore | None
) -> Stream:
    """Prepare every image of `source`, `append` it, and write its keypoints to `points`, if there is such a store.

    Raises LesionError if too many are unreadable.
    """
    cv2.setNumThreads(1)  # several images are prepared at a time already
    stream = Stream()
    digest = hashlib.sha256()
    size = settings.image_size
    describe = None if points is None else keypoints.describe
    photographs = prepare_images(source.encoded(), size, settings.clean, describe)
    for position, photograph in enumerate(progress(photographs, len(source.rows), "prepare")):
        result = photograph.prepared
        if points is not None and photograph.description is not None:
            points.write(position, photograph.description)
        if result is None:
            stream.unreadable.append(Unreadable(int(source.rows[position]), photograph.reason))
            append(np.zeros((size, size, config.CHANNELS), np.uint8))  # so that positions and rows agree
        else:
            append(result.image)
            digest.update(result.image.tobytes())
            preview.choose(stream.examples, position, photograph.encoded, result)
        stream.lines.append(_index_line(source, position, result))
    stream.digest = digest.hexdigest()
    _require_readable(stream.unreadable, len(source.rows))
    return stream


def _index_line(source: Source, position: int, result: Prepared | None) -> dict[str, int | float | str]:
    """Return a line of index.csv; groups that the source does not know and splits are assigned later."""
    row = int(source.rows[position])
    left, top, right, bottom = result.box if result else (0, 0, 0, 0)
    return {
        "row": row,
        "label": int(source.labels[position]),
        "split": config.EXTERNAL if source.external[position] else "",
        "group": row if source.groups is None else int(source.groups[position]),
        "width": result.width if result else 0,
        "height": result.height if result else 0,
        "cropped": int(result.cropped) if result else 0,
        "crop_left": left,
        "crop_top": top,
        "crop_right": right,
        "crop_bottom": bottom,
        "cleaned_share": round(result.cleaned_share, 5) if result else 0.0,
    }


def _require_readable(unreadable: list[Unreadable], count: int) -> None:
    limit = config.PREPARATION.unreadable_limit
    if len(unreadable) > limit * count:
        raise LesionError(
            f"{len(unreadable):,} of {count:,} images cannot be read, more than {limit:.0%} "
            f"(the first is row {unreadable[0].row}: {unreadable[0].reason}): mend or remove them"
        )
    for image in unreadable:
        say(f"prepare: row {image.row} is left out: {image.reason}")


def _table(stream: Stream) -> "pd.DataFrame":
    import pandas as pd

    index = pd.DataFrame(stream.lines)
    index.loc[index["width"] == 0, "split"] = config.UNREADABLE
    return index


def _find_groups(index: "pd.DataFrame", points: KeypointStore, seed: int) -> Grouping:
    """Fill in the column `group`, the row number of the group's first image, from the keypoints."""
    begin = time.monotonic()
    grouping = find.find_groups(points, seed, progress)
    index["group"] = index["row"].to_numpy()[grouping.groups]
    say(
        f"prepare: {len(index):,} images show {len(grouping.sizes):,} lesions, as far as their pixels tell; "
        f"the largest group has {grouping.sizes[0]:,}; found in {duration(time.monotonic() - begin)}"
    )
    return grouping


def _assign_splits(index: "pd.DataFrame", kind: str, seed: int) -> None:
    """Fill in the column `split`; unreadable and external rows have theirs already."""
    own = index["split"] == ""
    labels = index.loc[own, "label"].to_numpy()
    groups = index.loc[own, "group"].to_numpy()
    index.loc[own, "split"] = split.split_rows(kind, labels, groups, seed)


def _record(
    source: Source,
    settings: PreparationSettings,
    stream: Stream,
    index: "pd.DataFrame",
    grouping: Grouping | None,
    wanted: str,
    begin: float,
) -> PreparationRecord:
    """Describe the prepared data, and write its pictures in place of the earlier ones."""
    preview.clear()
    images = np.load(prepared.IMAGES, mmap_mode="r")
    readable = index[index["split"] != config.UNREADABLE]
    return PreparationRecord(
        fingerprint=wanted,
        data=store.fingerprint(images=stream.digest, index=index.to_csv(index=False)),
        settings=settings,
        method=method(),
        source=source.record,
        classes=list(config.CLASSES),
        rows=len(index),
        counts=_counts(readable),
        unreadable=stream.unreadable,
        preprocessing=_shares(readable),
        groups=audit.describe(readable, grouping, settings, preview.largest_groups(images, index)),
        examples=preview.examples(images, index, stream.examples),
        augmentation=_augmentation(images, index, settings.seed),
        provenance=store.provenance(time.monotonic() - begin),
    )


def _counts(readable: "pd.DataFrame") -> dict[str, dict[str, int]]:
    """Return the number of images of each class in each split that has any."""
    counts = {}
    for name in (*config.SPLITS, config.EXTERNAL):
        labels = readable.loc[readable["split"] == name, "label"].to_numpy()
        if len(labels):
            counts[name] = {kind: int(np.sum(labels == label)) for label, kind in enumerate(config.CLASSES)}
    return counts


def _shares(readable: "pd.DataFrame") -> PreprocessingShares:
    cleaned = readable["cleaned_share"].to_numpy()
    return PreprocessingShares(
        cropped_share=float(readable["cropped"].to_numpy().mean()),
        cleaned_share=float(np.mean(cleaned > 0)),
        painted_pixels_share=float(cleaned.mean()),
    )


def _augmentation(images: np.ndarray, index: "pd.DataFrame", seed: int) -> list[AugmentedExample]:
    """Write a few training images as they are and as training sees them."""
    stage.import_tensorflow()
    from lesion.networks import batches

    positions = preview.augmented_positions(index)
    return preview.augmentation(index, positions, batches.augmented_pairs(images, positions, seed))


if __name__ == "__main__":
    stage.run("prepare", main)
