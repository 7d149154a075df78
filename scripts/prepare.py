"""Fetch the images, clean them, split them, and put them on disk.

    python scripts/prepare.py --data sample

Reads the source that --data names; writes data/{images.npy, index.csv, manifest.json, preview/}.
"""

import argparse
import contextlib
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import stage

from lesion import config, prepared, preview, store
from lesion.console import duration, progress, say
from lesion.errors import LesionError
from lesion.groups import audit, keypoints, split
from lesion.groups.find import Grouping, find_groups
from lesion.groups.keypoints import KeypointStore
from lesion.images.preprocess import Prepared
from lesion.images.stream import prepare_images
from lesion.sources.source import Source, identity, open_source

EXAMPLES = 3  # before/after pictures of each kind
CLEARLY_CLEANED = 0.01  # share of painted pixels from which an image serves as an example


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="auto", help="auto, isic, sample, a folder, or a parquet file")
    parser.add_argument("--limit", type=int, default=0, help="rows, stratified (default: all, or the sample's profile)")
    parser.add_argument(
        "--image-size", type=int, default=options.AS_PROFILE, help="pixels (default: the data's profile)"
    )
    parser.add_argument("--seed", type=int, default=config.SEED, help="of the split, and of the drawn sample")
    parser.add_argument("--split", default="grouped", help="grouped (images of one lesion stay together) or random")
    parser.add_argument("--no-clean", action="store_true", help="leave hair and ruler marks in")
    parser.add_argument("--force", action="store_true", help="prepare again though it is done")
    return parser.parse_args()


def main() -> bool:
    """Prepare the data unless that is done."""
    given = options()
    _check(given)
    asked = {
        "data": given.data,
        "limit": given.limit,
        "image_size": given.image_size,
        "seed": given.seed,
        "split": given.split,
        "clean": not given.no_clean,
    }
    profiles = [(profile.image_size, profile.limit) for profile in (config.FULL, config.SAMPLE)]
    identified = {**asked, "data": identity(given.data)}
    fingerprint = store.fingerprint(stage="prepare", profiles=profiles, **identified)
    if not given.force and prepared.is_complete(fingerprint):
        say("prepare: the data is prepared already (--force prepares it again)")
    else:
        _prepare(asked, fingerprint)
    return True


def _check(given: argparse.Namespace) -> None:
    if given.image_size != options.AS_PROFILE and not 32 <= given.image_size <= 1024:
        raise LesionError(f"--image-size {given.image_size} does not work: give 32 to 1024 pixels, 224 is usual")
    if given.seed < 0:
        raise LesionError(f"--seed {given.seed} is negative: give 0 or more")
    if given.split not in config.SPLIT_KINDS:
        raise LesionError(f"--split {given.split!r} is not known: give {' or '.join(config.SPLIT_KINDS)}")


def _prepare(asked: dict[str, Any], fingerprint: str) -> None:
    begin = time.monotonic()
    source = open_source(asked["data"], asked["limit"], asked["seed"])
    profile = config.SAMPLE if source.name == "sample" else config.FULL
    size = profile.image_size if asked["image_size"] == options.AS_PROFILE else asked["image_size"]
    for line in filter(None, (source.replaced, source.description)):
        say(f"prepare: {line}")
    count, unknown = len(source.rows), source.groups is None
    with prepared.new_images(count, size, keypoints.bytes_needed(count) if unknown else 0) as append:
        folder = config.DATA / ".keypoints"
        with keypoints.temporary_store(folder, count) if unknown else contextlib.nullcontext() as found:
            stream = _stream(source, size, asked["clean"], append, found)
            grouping = _group(stream.index, found, asked["seed"]) if unknown else None
        _assign_splits(stream.index, asked["split"], asked["seed"])
    store.write_table(prepared.INDEX, stream.index)
    preview.clear()
    images = np.load(prepared.IMAGES, mmap_mode="r")
    manifest = {
        "stage": "prepare",
        "fingerprint": fingerprint,
        "data": store.fingerprint(images=stream.images_digest, index=stream.index),
        "settings": {**asked, "image_size": size},
        "source": {"name": source.name, "description": source.description, "replaced": source.replaced},
        **_description(stream),
        "groups": {
            **_groups(stream.index, grouping, asked["split"], asked["seed"]),
            "largest": preview.largest_groups(images, stream.index),
        },
        "examples": preview.examples(images, stream.index, stream.examples),
        "augmentation": preview.augmentation(images, stream.index, asked["seed"]),
        "warnings": [],
        "provenance": store.provenance(time.monotonic() - begin),
    }
    store.write_json(prepared.MANIFEST, manifest)
    say(f"prepare: {len(source.rows):,} images in {duration(time.monotonic() - begin)}")


@dataclass
class Stream:
    """What is known after all images went by."""

    index: list[dict[str, Any]] = field(default_factory=list)
    unreadable: list[dict[str, Any]] = field(default_factory=list)
    examples: dict[str, list[tuple[int, bytes]]] = field(default_factory=lambda: {"cropped": [], "cleaned": []})
    images_digest: str = ""


def _stream(
    source: Source, size: int, clean: bool, append: Callable[[np.ndarray], None], found: KeypointStore | None
) -> Stream:
    """Prepare every image of `source`, `append` it, and write its keypoints to `found`, if that is there.

    Raises LesionError when too many are unreadable.
    """
    cv2.setNumThreads(1)  # the pipeline works on several images at a time already
    stream, digest, count = Stream(), hashlib.sha256(), len(source.rows)
    photographs = prepare_images(source.encoded(), size, clean, keypoints.describe if found is not None else None)
    for position, photograph in enumerate(progress(photographs, count, "prepare")):
        row, done = int(source.rows[position]), photograph.prepared
        if found is not None and photograph.description is not None:
            found.write(position, photograph.description)
        if done is None:
            stream.unreadable.append({"row": row, "reason": photograph.reason})
            append(np.zeros((size, size, config.CHANNELS), np.uint8))  # so that positions and rows agree
        else:
            append(done.image)
            digest.update(done.image.tobytes())
            for what, applies in {"cropped": done.cropped, "cleaned": done.cleaned_share >= CLEARLY_CLEANED}.items():
                if applies and len(stream.examples[what]) < EXAMPLES:
                    stream.examples[what].append((position, photograph.encoded))
        stream.index.append(_index_line(source, position, done))
    stream.images_digest = digest.hexdigest()
    _require_readable(stream.unreadable, count)
    return stream


def _index_line(source: Source, position: int, done: Prepared | None) -> dict[str, Any]:
    row = int(source.rows[position])
    left, top, right, bottom = done.box if done else (0, 0, 0, 0)
    return {
        "row": row,
        "label": int(source.labels[position]),
        "split": config.EXTERNAL if source.external[position] else "",
        "group": row if source.groups is None else int(source.groups[position]),
        "width": done.width if done else 0,
        "height": done.height if done else 0,
        "cropped": int(done.cropped) if done else 0,
        "crop_left": left,
        "crop_top": top,
        "crop_right": right,
        "crop_bottom": bottom,
        "cleaned_share": round(done.cleaned_share, 5) if done else 0,
    }


def _require_readable(unreadable: list[dict[str, Any]], count: int) -> None:
    if len(unreadable) > config.PREPARATION.unreadable_limit * count:
        raise LesionError(
            f"{len(unreadable):,} of {count:,} images cannot be read, more than {config.PREPARATION.unreadable_limit:.0%} "
            f"(the first is row {unreadable[0]['row']}: {unreadable[0]['reason']}): mend or remove them"
        )
    for image in unreadable:
        say(f"prepare: row {image['row']} is left out: {image['reason']}")


def _group(index: list[dict[str, Any]], found: KeypointStore, seed: int) -> Grouping:
    """Fill in the group of each index line, the row number of one of its images, from their keypoints."""
    begin = time.monotonic()
    grouping = find_groups(found, seed, progress)
    rows = [line["row"] for line in index]
    for line, position in zip(index, grouping.groups, strict=True):
        line["group"] = rows[position]
    sizes, seconds = grouping.sizes, time.monotonic() - begin
    say(
        f"prepare: {len(rows):,} images show {len(sizes):,} lesions, as far as their pixels tell; "
        f"the largest group has {sizes[0]:,}; found in {duration(seconds)}"
    )
    return grouping


def _assign_splits(index: list[dict[str, Any]], kind: str, seed: int) -> None:
    """Fill in the split of each index line; unreadable and external rows take no part in the division."""
    for line in index:
        if not line["width"]:
            line["split"] = config.UNREADABLE
    own = [line for line in index if not line["split"]]
    labels, groups = (np.array([line[key] for line in own]) for key in ("label", "group"))
    for line, name in zip(own, split.split_rows(kind, labels, groups, seed), strict=True):
        line["split"] = str(name)


def _description(stream: Stream) -> dict[str, Any]:
    """Describe the prepared data: its classes, counts, and what preprocessing did to it."""
    readable = _readable(stream.index)
    counts: dict[str, dict[str, int]] = {}
    for name in (*config.SPLITS, config.EXTERNAL):
        labels = [line["label"] for line in readable if line["split"] == name]
        if labels:
            counts[name] = {kind: labels.count(label) for label, kind in enumerate(config.CLASSES)}
    cleaned = [line["cleaned_share"] for line in readable]
    return {
        "classes": list(config.CLASSES),
        "rows": len(stream.index),
        "counts": counts,
        "unreadable": stream.unreadable,
        "preprocessing": {
            "cropped_share": float(np.mean([line["cropped"] for line in readable])),
            "cleaned_share": float(np.mean(np.array(cleaned) > 0)),
            "painted_pixels_share": float(np.mean(cleaned)),
        },
    }


def _readable(index: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in index if line["split"] != config.UNREADABLE]


def _groups(index: list[dict[str, Any]], grouping: Grouping | None, kind: str, seed: int) -> dict[str, Any]:
    """Describe the groups of readable images, how they were found, and how the splits treat them."""
    readable, columns = _readable(index), ("label", "split", "group")
    labels, splits, groups = (np.array([line[key] for line in readable]) for key in columns)
    found = {"origin": "pixels" if grouping else "source", **audit.audit(labels, splits, groups, kind, seed)}
    return found | {key: getattr(grouping, key, None) for key in ("checked", "links", "dropped")}


if __name__ == "__main__":
    stage.run("prepare", main)
