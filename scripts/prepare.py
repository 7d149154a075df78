"""Fetch the images, clean them, split them, and put them on disk.

    python scripts/prepare.py --data sample

Reads the source that --data names; writes data/{images.npy, index.csv, manifest.json, preview/},
and data/outlines.npy if the source, or a folder of masks, knows the outlines of the lesions.
"""

import argparse
import contextlib
import dataclasses
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import quick
import reading
import stage

from lesion import config, options, prepared, preview, store
from lesion.console import duration, progress, say
from lesion.groups import audit, candidates, find, join, keypoints, matching, split
from lesion.groups.find import Grouping
from lesion.groups.keypoints import KeypointStore
from lesion.images import crop, hair, preprocess
from lesion.options import profile
from lesion.records.common import Method
from lesion.records.preparation import (
    AugmentedExample,
    Groups,
    PreparationRecord,
    PreparationSettings,
)
from lesion.sources import masks, metadata
from lesion.sources.metadata import Metadata
from lesion.sources.original import FROM_MASKS
from lesion.sources.source import Source, identity, open_source
from lesion.tables import write_table

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
    settings = dataclasses.asdict(_settings(values, values.limit, values.image_size))
    named = {"metadata": metadata.identity(values.metadata), "masks": masks.identity(values.masks)}
    asked = {**settings, "data": identity(values.data), **named}
    if values.data != "sample":  # it has a profile of its own
        asked["profile"] = profile.effective(values.profile)
    profiles = [(each.image_size, each.limit) for each in (config.FULL, config.SAMPLE)]
    return store.fingerprint(
        stage="prepare", settings=asked, profiles=[*profiles, store.plain(config.QUICK)], method=method()
    )


def _settings(values: argparse.Namespace, limit: int, image_size: int) -> PreparationSettings:
    return PreparationSettings(
        data=values.data,
        limit=limit,
        image_size=image_size,
        seed=values.seed,
        split=values.split,
        clean=not values.no_clean,
        metadata=Path(values.metadata).name,
        search=values.search,
        masks=Path(values.masks).expanduser().resolve().name if values.masks else "",
    )


def _prepare(values: argparse.Namespace, wanted: str) -> None:
    begin = time.monotonic()
    limit = max(0, values.limit)  # 0 stands for all rows, also if it was left out
    opened = open_source(values.data, limit, values.seed)
    for line in filter(None, (opened.record.replaced, opened.record.description)):
        say(f"prepare: {line}")
    planned = quick.make(values, opened)
    if planned and planned.rows < planned.of:
        limit = planned.rows
        opened = open_source(values.data, limit, values.seed)
    attached = masks.attach(values.masks, values.data, opened)
    source = attached.source
    settings = _settings(values, limit, planned.image_size if planned else quick.usual_size(values, source))
    if attached.problem:
        say(f"prepare: left out the masks: {attached.problem}")
    known = _metadata(values, source)
    said = _said(source, known)
    search = settings.search or not join.covers(said, len(source.rows))
    room = keypoints.bytes_needed(len(source.rows)) if search else 0
    with (
        prepared.new_images(len(source.rows), settings.image_size, room, bool(source.record.outlines)) as append,
        _keypoint_store(len(source.rows), search) as points,
    ):
        stream = reading.read(source, settings, append, points)
        index = _table(source, stream, known)
        grouping = _assign_groups(index, said, prepared.identical(stream.measured), points, settings.seed)
        _assign_splits(index, settings.split, settings.seed)
    write_table(prepared.INDEX, index)
    preview.clear()
    pictured = preview.largest_groups(np.load(prepared.IMAGES, mmap_mode="r"), index)
    groups = audit.describe(prepared.readable(index), join.origin(said, grouping), grouping, settings, pictured)
    record = _record(source, settings, known, stream, index, groups, wanted, begin)
    if planned:
        record = dataclasses.replace(record, plan=planned)
    if source.record.outlines == FROM_MASKS:
        record = dataclasses.replace(record, masks=reading.mask_record(stream.mask_problems, attached.others))
    prepared.write_manifest(record, prepared.MANIFEST.parent)
    say(f"prepare: {len(index):,} images in {duration(time.monotonic() - begin)}")


def _metadata(values: argparse.Namespace, source: Source) -> Metadata | None:
    """Return what is known of the images, and print one line about it."""
    known, problem = metadata.find(values.metadata, values.data, source)
    if problem:
        say(f"prepare: left out {metadata.FILE}: {problem}")
    if known is not None:
        say(f"prepare: {known.sentence()}")
    return known


def _said(source: Source, known: Metadata | None) -> join.Said:
    """Return the links that the table and the source state."""
    said: dict[str, list[np.ndarray]] = {}
    if known is not None and known.links:
        said["table"] = list(known.links.values())
    if source.groups is not None:
        said["source"] = [source.groups]
    return said


def _keypoint_store(rows: int, search: bool) -> AbstractContextManager[KeypointStore | None]:
    """Return a place for keypoints if groups are to be found in the pixels, else None."""
    return keypoints.temporary_store(config.DATA / ".keypoints", rows) if search else contextlib.nullcontext()


def _table(source: Source, stream: reading.Stream, known: Metadata | None) -> "pd.DataFrame":
    """Return the index, without groups and splits."""
    index = prepared.new_index(source.rows, source.labels, source.external, stream.measured)
    if known is not None:
        index = index.assign(age=known.ages, sex=known.sexes, site=known.sites)
    return index


def _assign_groups(
    index: "pd.DataFrame", said: join.Said, identical: np.ndarray, points: KeypointStore | None, seed: int
) -> Grouping | None:
    """Fill in the columns `group` and `group_origin`; return how groups were found in the pixels, if they were."""
    begin = time.monotonic()
    grouping = None if points is None else find.find_groups(points, seed, progress)
    join.assign(index, said, identical, grouping)
    if "source" not in said:
        searched = f"; found in {duration(time.monotonic() - begin)}" if grouping else ""
        say(f"prepare: {join.sentence(index, said, grouping)}{searched}")
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
    known: Metadata | None,
    stream: reading.Stream,
    index: "pd.DataFrame",
    groups: Groups,
    wanted: str,
    begin: float,
) -> PreparationRecord:
    """Describe the prepared data, and write pictures of it."""
    images = np.load(prepared.IMAGES, mmap_mode="r")
    readable = prepared.readable(index)
    return PreparationRecord(
        fingerprint=wanted,
        data=store.fingerprint(images=stream.digest, index=index.to_csv(index=False)),
        settings=settings,
        method=method(),
        source=source.record,
        metadata=None if known is None else known.record,
        classes=list(config.CLASSES),
        rows=len(index),
        counts=prepared.counts(readable),
        unreadable=stream.unreadable,
        preprocessing=prepared.shares(stream.measured),
        groups=groups,
        examples=preview.examples(images, index, stream.examples),
        augmentation=_augmentation(images, index, settings.seed),
        provenance=store.provenance(time.monotonic() - begin),
    )


def _augmentation(images: np.ndarray, index: "pd.DataFrame", seed: int) -> list[AugmentedExample]:
    """Write a few training images as they are and as training sees them."""
    stage.import_tensorflow()
    from lesion.networks import batches

    positions = preview.augmented_positions(index)
    return preview.augmentation(index, positions, batches.augmented_pairs(images, positions, seed))


if __name__ == "__main__":
    stage.run("prepare", main)
